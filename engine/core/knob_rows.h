// SPDX-License-Identifier: Apache-2.0
// Rows of the table of all settings, one file of rows per group (knob_rows_*.cpp). A row binds a knob to its Config
// field; kind and default are read from that field.
#pragma once
#include <utility>

#include "engine/core/knob_table.h"

namespace moe::knob_rows {

using Field = FieldRef (*)(Config&);

template <auto Section, auto Member>
FieldRef at(Config& config) {
  return &((config.*Section).*Member);
}
template <auto Member>
FieldRef at(Config& config) {
  return &(config.*Member);
}

template <auto Member>
constexpr Field model = at<&Config::model, Member>;
template <auto Member>
constexpr Field router = at<&Config::router, Member>;
template <auto Member>
constexpr Field balance = at<&Config::balance, Member>;
template <auto Member>
constexpr Field capacity = at<&Config::capacity, Member>;
template <auto Member>
constexpr Field remedy = at<&Config::remedy, Member>;
template <auto Member>
constexpr Field optim = at<&Config::optim, Member>;
template <auto Member>
constexpr Field train = at<&Config::train, Member>;

// Row of the table; the setters chain.
struct Row : Declaration {
  Row(KnobWhen when, Field f, const char* key, const char* label, const char* help) {
    field = f;
    knob.when = when;
    knob.key = key;
    knob.label = label;
    knob.help = help;
  }
  Row& range(double minimum, double maximum) {
    knob.minimum = knob.slider_minimum = minimum;
    knob.maximum = knob.slider_maximum = maximum;
    return *this;
  }
  Row& slider(double minimum, double maximum) {
    knob.slider_minimum = minimum;
    knob.slider_maximum = maximum;
    return *this;
  }
  Row& log_slider(double minimum, double maximum) {
    knob.log_scale = true;
    return slider(minimum, maximum);
  }
  Row& unit(const char* text) { return knob.unit = text, *this; }
  Row& source(const char* text) { return knob.source = text, *this; }
  Row& choices(std::vector<std::string> list) { return knob.choices = std::move(list), *this; }
  Row& advanced() { return knob.advanced = true, *this; }
};

inline Row live(Field f, const char* key, const char* label, const char* help) {
  return {KnobWhen::live, f, key, label, help};
}
inline Row fixed(Field f, const char* key, const char* label, const char* help) {
  return {KnobWhen::new_run, f, key, label, help};
}

// The groups, in the order of the form.
std::vector<Row> routing_rows();
std::vector<Row> balance_rows();
std::vector<Row> capacity_rows();
std::vector<Row> remedy_rows();
std::vector<Row> optimiser_rows();
std::vector<Row> model_rows();
std::vector<Row> training_rows();
std::vector<Row> data_rows();
std::vector<Row> plane_data_rows();
std::vector<Row> plane_model_rows();
std::vector<Row> plane_training_rows();

}  // namespace moe::knob_rows
