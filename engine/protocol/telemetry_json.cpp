// SPDX-License-Identifier: Apache-2.0
// Step, evaluation, edit and error reports as JSON. Layers are columns: "load" is an array over layers of arrays over
// experts, "load_cv" an array over layers.
#include <algorithm>
#include <cmath>

#include "engine/protocol/json_fields.h"
#include "engine/protocol/messages.h"

namespace moe::protocol {
using namespace detail;
using train::LayerReport;

namespace {

template <class T>
OrderedJson column(const std::vector<LayerReport>& layers, T LayerReport::*field) {
  OrderedJson array = OrderedJson::array();
  for (const LayerReport& layer : layers) {
    if constexpr (std::is_same_v<T, double>)
      array.push_back(number(layer.*field));
    else if constexpr (std::is_same_v<T, int>)
      array.push_back(layer.*field);
    else
      array.push_back(numbers(layer.*field));
  }
  return array;
}

template <class T>
void read_column(const Fields& fields, const char* key, std::vector<LayerReport>& layers, T LayerReport::*field) {
  std::vector<T> values;
  fields.read(key, values);
  if (!fields.find(key)) return;
  expect_size(values.size(), layers.size(), fields.where(key));
  for (std::size_t i = 0; i < layers.size(); ++i) layers[i].*field = std::move(values[i]);
}

/// A column that most runs do not have is left out when no layer has it.
template <class T>
void add_optional(OrderedJson& json, const char* key, const std::vector<LayerReport>& layers, T LayerReport::*field) {
  const bool any = std::any_of(layers.begin(), layers.end(), [&](const LayerReport& layer) {
    if constexpr (std::is_same_v<T, double>)
      return !std::isnan(layer.*field);
    else
      return !(layer.*field).empty();
  });
  if (any) json[key] = column(layers, field);
}

/// Text has neither, and its reports keep their form.
void put_score(OrderedJson& json, double accuracy, double r2) {
  if (!std::isnan(accuracy)) json["accuracy"] = number(accuracy);
  if (!std::isnan(r2)) json["r2"] = number(r2);
}

}  // namespace

OrderedJson to_json(const StepReport& report) {
  const auto& layers = report.layers;
  OrderedJson json{{"step", report.step}, {"loss", number(report.loss)}};
  put_score(json, report.accuracy, report.r2);
  json.update({{"grad_norm", number(report.grad_norm)},
               {"lr", number(report.lr)},
               {"tokens_per_second", number(report.tokens_per_second)},
               {"seconds", number(report.seconds)},
               {"tokens", report.tokens},
               {"top_k", report.top_k},
               {"layer", column(layers, &LayerReport::layer)},
               {"balance_loss", column(layers, &LayerReport::balance_loss)},
               {"z_loss", column(layers, &LayerReport::z_loss)},
               {"entropy", column(layers, &LayerReport::entropy)},
               {"token_entropy", column(layers, &LayerReport::token_entropy)},
               {"load_cv", column(layers, &LayerReport::load_cv)},
               {"max_violation", column(layers, &LayerReport::max_violation)},
               {"dead", column(layers, &LayerReport::dead)},
               {"load", column(layers, &LayerReport::load)},
               {"mass", column(layers, &LayerReport::mass)}});
  add_optional(json, "kept", layers, &LayerReport::kept);
  if (json.contains("kept")) {
    OrderedJson dropped = OrderedJson::array();
    for (const LayerReport& layer : layers) dropped.push_back(layer.dropped());
    json["dropped"] = std::move(dropped);
  }
  add_optional(json, "importance_cv2", layers, &LayerReport::importance_cv2);
  add_optional(json, "load_cv2", layers, &LayerReport::load_cv2);
  add_optional(json, "bias", layers, &LayerReport::bias);
  add_optional(json, "revived", layers, &LayerReport::revived);
  return json;
}

StepReport step_from_json(const Json& json) {
  const Fields fields(json, "step");
  StepReport report;
  fields.read("step", report.step)
      .read("loss", report.loss)
      .read("accuracy", report.accuracy)
      .read("r2", report.r2)
      .read("grad_norm", report.grad_norm)
      .read("lr", report.lr)
      .read("tokens_per_second", report.tokens_per_second)
      .read("seconds", report.seconds)
      .read("tokens", report.tokens)
      .read("top_k", report.top_k);
  auto& layers = report.layers;
  if (const Json* index = fields.find("layer"); index && index->is_array()) layers.resize(index->size());
  read_column(fields, "layer", layers, &LayerReport::layer);
  read_column(fields, "balance_loss", layers, &LayerReport::balance_loss);
  read_column(fields, "z_loss", layers, &LayerReport::z_loss);
  read_column(fields, "entropy", layers, &LayerReport::entropy);
  read_column(fields, "token_entropy", layers, &LayerReport::token_entropy);
  read_column(fields, "load_cv", layers, &LayerReport::load_cv);
  read_column(fields, "max_violation", layers, &LayerReport::max_violation);
  read_column(fields, "dead", layers, &LayerReport::dead);
  read_column(fields, "load", layers, &LayerReport::load);
  read_column(fields, "mass", layers, &LayerReport::mass);
  read_column(fields, "kept", layers, &LayerReport::kept);
  for (const LayerReport& layer : layers)
    if (!layer.kept.empty()) expect_size(layer.kept.size(), layer.load.size(), fields.where("kept"));
  read_column(fields, "importance_cv2", layers, &LayerReport::importance_cv2);
  read_column(fields, "load_cv2", layers, &LayerReport::load_cv2);
  read_column(fields, "bias", layers, &LayerReport::bias);
  read_column(fields, "revived", layers, &LayerReport::revived);
  return report;
}

OrderedJson to_json(const EvalReport& report) {
  OrderedJson json{{"step", report.step}, {"loss", number(report.loss)}};
  put_score(json, report.accuracy, report.r2);
  json["domain_loss"] = numbers(report.domain_loss);
  json["tokens"] = report.tokens;
  return json;
}

EvalReport eval_from_json(const Json& json) {
  EvalReport report;
  Fields(json, "eval")
      .read("step", report.step)
      .read("loss", report.loss)
      .read("accuracy", report.accuracy)
      .read("r2", report.r2)
      .read("domain_loss", report.domain_loss)
      .read("tokens", report.tokens);
  return report;
}

OrderedJson to_json(const EditEvent& edit) {
  OrderedJson json = {{"step", edit.step}, {"key", edit.key}, {"before", edit.before}, {"after", edit.after}};
  if (!edit.note.empty()) json["note"] = edit.note;
  return json;
}

EditEvent edit_from_json(const Json& json) {
  EditEvent edit;
  Fields(json, "edit")
      .read("step", edit.step)
      .read("key", edit.key)
      .read("before", edit.before)
      .read("after", edit.after)
      .read("note", edit.note);
  return edit;
}

OrderedJson to_json(const ErrorInfo& error) {
  return {{"kind", error.kind},   {"message", error.message}, {"what", error.what},          {"where", error.where},
          {"limit", error.limit}, {"action", error.action},   {"safe_step", error.safe_step}};
}

ErrorInfo error_from_json(const Json& json) {
  ErrorInfo error;
  Fields(json, "error")
      .read("kind", error.kind)
      .read("message", error.message)
      .read("what", error.what)
      .read("where", error.where)
      .read("limit", error.limit)
      .read("action", error.action)
      .read("safe_step", error.safe_step);
  return error;
}

}  // namespace moe::protocol
