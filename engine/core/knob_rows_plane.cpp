// SPDX-License-Identifier: Apache-2.0
// Settings of the plane: points as tokens, and those of the model and of training that came with them.
#include <algorithm>
#include <array>
#include <string_view>

#include "engine/core/knob_rows.h"

namespace moe {
namespace knob_rows {

std::vector<Row> plane_data_rows() {
  return {
      fixed(at<&Config::data, &DataConfig::task>, "data.task", "Task",
            "What a token is: a piece of text, or a point of the plane.")
          .choices({"text", "plane"}),
      fixed(at<&Config::data, &DataConfig::points>, "data.points", "Points",
            "The set of points: one that is generated, your drawing, or the CSV file that Corpus names.")
          .choices({"blobs", "moons", "spirals", "checkerboard", "rings", "steps", "wave", "drawing", "file"}),
      fixed(at<&Config::data, &DataConfig::count>, "data.count", "Count", "Points that are generated to train on.")
          .range(10, 1000000)
          .log_slider(50, 4000)
          .unit("points"),
      fixed(at<&Config::data, &DataConfig::jitter>, "data.jitter", "Jitter",
            "Standard deviation of the noise: of both coordinates for classes, of the value for steps and wave; the "
            "plane is 2 wide.")
          .range(0, 1)
          .slider(0, 0.3),
      fixed(at<&Config::data, &DataConfig::classes>, "data.classes", "Classes",
            "Classes of blobs, spirals, rings and the checkerboard; moons are always two.")
          .range(2, 16)
          .slider(2, 8),
      fixed(at<&Config::data, &DataConfig::detail>, "data.detail", "Detail",
            "Turns of a spiral, cells on a side of the checkerboard, steps of the staircase or waves across the "
            "plane; 0 takes the set's own.")
          .range(0, 16)
          .slider(0, 8)
          .advanced(),
      fixed(at<&Config::data, &DataConfig::target>, "data.target", "Third column",
            "Whether the third column of a file is a class or a value; auto looks at its header, then at what is "
            "in it.")
          .choices({"auto", "label", "value"})
          .advanced(),
  };
}

std::vector<Row> plane_model_rows() {
  return {
      fixed(model<&ModelConfig::attention>, "model.attention", "Attention",
            "Whether blocks begin with attention; points need none, text without it sees one token at a time.")
          .advanced(),
      fixed(model<&ModelConfig::norm>, "model.norm", "Norm",
            "What the input of attention and experts is scaled by: its root mean square, or nothing.")
          .choices({"rms", "none"})
          .advanced(),
  };
}

std::vector<Row> plane_training_rows() {
  return {
      live(train<&TrainConfig::only>, "train.only", "Train only",
           "The parameters that steps change; the others stand still, without decay or momentum.")
          .choices({"all", "router", "experts"})
          .advanced(),
  };
}

}  // namespace knob_rows

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
