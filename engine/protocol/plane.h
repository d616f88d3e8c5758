// SPDX-License-Identifier: Apache-2.0
// Value types of the plane (README.md here) and their JSON: points, pictures, a probed point, a step in stages. Large
// arrays travel as base64 of little-endian numbers; a missing one is null and comes back empty.
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/protocol/telemetry.h"

namespace moe::protocol {

/// The points of a run: the reply to `data`.
struct PlanePoints {
  struct Sample {
    std::vector<float> xy;            // [n,2] on the canvas [-1,1]², x then y, y upwards
    std::vector<std::uint8_t> label;  // [n] classes
    std::vector<float> value;         // [n] values
    int size() const { return static_cast<int>(xy.size() / 2); }
  };
  std::string set;                       // data.points
  int classes = 0;                       // 0: values
  std::vector<std::string> class_names;  // [classes]
  Sample train, held_out;
  double centre_x = 0, centre_y = 0, scale_x = 1, scale_y = 1;  // of a file: its unit = centre + scale·canvas
  double value_centre = 0, value_scale = 1;
  double value_low = 0, value_high = 0;  // of the training values, on the canvas's scale
};

/// What the model does over the canvas with the weights of `step`, without noise. Cell (row, column) of a grid of n
/// stands for the point x = −1 + (column + ½)·2/n, y = 1 − (row + ½)·2/n: row 0 is the top.
struct PlanePicture {
  std::int64_t step = 0;
  bool still = false;  // training stands; the grid is paused_grid
  int layer = -1;      // 0-based index of the layer in the model; −1: no layer has a router
  int experts = 0, top_k = 0, classes = 0;
  int grid = 0, thumb = 0;
  std::vector<std::uint8_t> winner;      // [grid²] most probable class
  std::vector<std::uint8_t> confidence;  // [grid²] its probability · 255
  std::vector<std::uint8_t> margin;  // [grid²] probability less the second's · 255: 0 on the border of two classes
  std::vector<float> value;          // [grid²] of a regression
  std::vector<std::uint8_t> owner;   // [grid²] first choice of the layer
  std::vector<std::uint8_t> gate;    // [grid²] (g1 − g2) · 255, g the router's probabilities: 0 on a seam
  // One thumbnail for each expert, [experts, thumb²].
  std::vector<std::uint8_t> expert_gate;        // probability of the expert · 255
  std::vector<std::uint8_t> expert_winner;      // what the output would be were this expert alone asked, with weight 1
  std::vector<std::uint8_t> expert_confidence;  // its probability · 255
  std::vector<float> expert_value;              // the same of a regression
  std::vector<double> area;                     // [experts] share of the canvas where it is the first choice
  std::vector<double> points;                   // [experts] share of the training points
  // What the router's noise does, when asked for and when it has some: over `flip_draws` draws of the noise of
  // training.
  int flip_grid = 0, flip_draws = 0;
  std::vector<std::uint8_t> flips;    // [flip_grid²] share of the draws with another first choice · 255
  std::vector<std::uint8_t> flip_to;  // [flip_grid²] the most frequent of those; 255: none
  // Measured on `scored` held-out points, when asked for: accuracy, or R² of values.
  int scored = 0;
  double score = train::kAbsent;
  std::vector<double> without;  // [experts] the same with that expert taken out of the gate
  // The cost: processor time of the thread that paints, which is not the one that trains.
  double seconds = 0;                // of this picture
  double share = train::kAbsent;     // of that thread's time since the picture before
  double budget = train::kAbsent;    // the most that `watch` allows
  double interval = train::kAbsent;  // seconds since the picture before
};

/// One point's way through the layer: the reply to `probe_point`.
struct PlaneProbe {
  std::int64_t step = 0;
  double x = 0, y = 0;
  int layer = -1, experts = 0, top_k = 0, classes = 0;
  std::vector<float> logits, probabilities;  // [experts] of the router
  std::vector<std::int32_t> chosen;          // [top_k]
  std::vector<float> weights;                // [top_k]
  std::vector<float> answers;              // [experts, outputs] what each expert would add to the output with weight 1
  std::vector<float> base;                 // [outputs] everything else: output − Σ weight·answer
  std::vector<float> output;               // [outputs] logits of the classes, or the value
  std::vector<float> class_probabilities;  // [classes]
  int winner = -1;                         // most probable class
  int flips = 0, flip_draws = 0;           // draws of the router's noise here, and those with another first choice
};

/// One training step taken apart: the reply to `stages`. T points of the batch are sent, the first `shown`.
struct PlaneStages {
  std::int64_t step = 0;  // finished steps with this one
  std::string only;       // what it changed: all, router, experts
  int layer = -1, experts = 0, top_k = 0, classes = 0;
  int batch = 0, shown = 0;
  std::vector<float> xy;             // [T,2]
  std::vector<std::uint8_t> label;   // [T]
  std::vector<float> value;          // [T]
  std::vector<float> logits;         // [T,experts] 1 scores
  std::vector<float> noise;          // [T,experts] 2 what was added to them; empty: nothing, or the router keeps it
  std::vector<float> probabilities;  // [T,experts]   softmax without noise
  std::vector<std::int32_t> chosen;  // [T,top_k]   3 −1 = dropped
  std::vector<float> weights;        // [T,top_k]
  std::vector<std::int64_t> counts;  // [experts]   4 assignments of the whole batch
  std::vector<float> answers;        // [T,top_k,outputs] 5 of the chosen experts, weight 1
  std::vector<float> base, output;   // [T,outputs] 6 output = base + Σ weight·answer
  std::vector<float> loss;           // [T]         7 task loss
  double task_loss = train::kAbsent, balance_loss = train::kAbsent, z_loss = train::kAbsent;  // of the whole batch
  double balance_coefficient = 0, z_coefficient = 0;
  double grad_norm = train::kAbsent, lr = train::kAbsent;
  struct Update {       // 8
    std::string group;  // router, expert, other: the first two of this layer
    int expert = -1;
    double norm = 0, change = 0;  // Euclidean norms: of the weights before, of what the step added
  };
  std::vector<Update> updates;
  train::StepReport report;
};

nlohmann::ordered_json to_json(const PlanePoints&);
nlohmann::ordered_json to_json(const PlanePicture&);  // event "plane" without the "event" field, reply to `plane`
nlohmann::ordered_json to_json(const PlaneProbe&);
nlohmann::ordered_json to_json(const PlaneStages&);
/// The reverse. A wrong type, base64 that is none, or arrays whose lengths disagree: Error(bad_input) naming the field.
PlanePoints plane_points_from_json(const nlohmann::json&);
PlanePicture plane_picture_from_json(const nlohmann::json&);
PlaneProbe plane_probe_from_json(const nlohmann::json&);
PlaneStages plane_stages_from_json(const nlohmann::json&);

/// RFC 4648 with padding.
std::string to_base64(const void* data, std::size_t bytes);
/// Throws Error(bad_input) naming `where`.
std::string from_base64(const std::string& text, const std::string& where);

}  // namespace moe::protocol
