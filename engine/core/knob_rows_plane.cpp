// SPDX-License-Identifier: Apache-2.0
// Settings of the plane: points as tokens. Kind and default of a row are read from its field by the table.
#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "engine/core/knob_table.h"

namespace moe {
namespace {

template <auto Section, auto Member>
FieldRef in(Config& config) {
  return &((config.*Section).*Member);
}
template <auto Member>
constexpr auto data = in<&Config::data, Member>;
template <auto Member>
constexpr auto model = in<&Config::model, Member>;

// A row whose setters chain.
struct PlaneRow : Declaration {
  PlaneRow(FieldRef (*f)(Config&), const char* group, const char* key, const char* label, const char* help) {
    field = f;
    knob.group = group;
    knob.key = key;
    knob.label = label;
    knob.help = help;
    knob.when = KnobWhen::new_run;
  }
  PlaneRow& range(double minimum, double maximum, double slider_minimum, double slider_maximum) {
    knob.minimum = minimum;
    knob.maximum = maximum;
    knob.slider_minimum = slider_minimum;
    knob.slider_maximum = slider_maximum;
    return *this;
  }
  PlaneRow& log() { return knob.log_scale = true, *this; }
  PlaneRow& unit(const char* text) { return knob.unit = text, *this; }
  PlaneRow& choices(std::vector<std::string> list) { return knob.choices = std::move(list), *this; }
  PlaneRow& advanced() { return knob.advanced = true, *this; }
  PlaneRow& live() { return knob.when = KnobWhen::live, *this; }
};

std::vector<PlaneRow> data_rows() {
  return {
      PlaneRow(data<&DataConfig::task>, "Data", "data.task", "Task",
               "What a token is: a piece of text, or a point of the plane.")
          .choices({"text", "plane"}),
      PlaneRow(data<&DataConfig::points>, "Data", "data.points", "Points",
               "The set of points: one that is generated, your drawing, or the CSV file that Corpus names.")
          .choices({"blobs", "moons", "spirals", "checkerboard", "rings", "steps", "wave", "drawing", "file"}),
      PlaneRow(data<&DataConfig::count>, "Data", "data.count", "Count", "Points that are generated to train on.")
          .range(10, 1000000, 50, 4000)
          .log()
          .unit("points"),
      PlaneRow(data<&DataConfig::jitter>, "Data", "data.jitter", "Jitter",
               "Standard deviation of the noise: of both coordinates for classes, of the value for steps and wave; the "
               "plane is 2 wide.")
          .range(0, 1, 0, 0.3),
      PlaneRow(data<&DataConfig::classes>, "Data", "data.classes", "Classes",
               "Classes of blobs, spirals, rings and the checkerboard; moons are always two.")
          .range(2, 16, 2, 8),
      PlaneRow(data<&DataConfig::detail>, "Data", "data.detail", "Detail",
               "Turns of a spiral, cells on a side of the checkerboard, steps of the staircase or waves across the "
               "plane; 0 takes the set's own.")
          .range(0, 16, 0, 8)
          .advanced(),
      PlaneRow(data<&DataConfig::target>, "Data", "data.target", "Third column",
               "Whether the third column of a file is a class or a value; auto looks at its header, then at what is "
               "in it.")
          .choices({"auto", "label", "value"})
          .advanced(),
  };
}

std::vector<PlaneRow> model_rows() {
  return {
      PlaneRow(model<&ModelConfig::attention>, "Model", "model.attention", "Attention",
               "Whether blocks begin with attention; points need none, text without it sees one token at a time.")
          .advanced(),
      PlaneRow(model<&ModelConfig::norm>, "Model", "model.norm", "Norm",
               "What the input of attention and experts is scaled by: its root mean square, or nothing.")
          .choices({"rms", "none"})
          .advanced(),
      PlaneRow(in<&Config::train, &TrainConfig::only>, "Training", "train.only", "Train only",
               "The parameters that steps change; the others stand still, without decay or momentum.")
          .choices({"all", "router", "experts"})
          .live()
          .advanced(),
  };
}

}  // namespace

std::vector<Declaration> plane_declarations() {
  std::vector<Declaration> all;
  for (auto& row : data_rows()) all.push_back(std::move(row));
  for (auto& row : model_rows()) all.push_back(std::move(row));
  return all;
}

void mark_tasks(std::vector<Declaration>& all) {
  constexpr std::array<std::string_view, 6> kPlane{"data.points",  "data.count",  "data.jitter",
                                                   "data.classes", "data.detail", "data.target"};
  constexpr std::array<std::string_view, 5> kText{"model.vocabulary", "model.context", "model.tied_head",
                                                  "train.eval_windows", "train.probe_every"};
  for (auto& row : all) {
    if (std::find(kPlane.begin(), kPlane.end(), row.knob.key) != kPlane.end()) row.knob.task = "plane";
    if (std::find(kText.begin(), kText.end(), row.knob.key) != kText.end()) row.knob.task = "text";
  }
}

}  // namespace moe
