// SPDX-License-Identifier: Apache-2.0
// One optimizer step at a time: batch → forward → losses → backward → finite check → clip → AdamW → report.
// Single-threaded to its caller; Session owns the thread.
#pragma once
#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "engine/core/config.h"
#include "engine/data/task_data.h"
#include "engine/protocol/telemetry.h"

namespace moe {
class Backend;
}

namespace moe::train {

/// A named tensor of the model or optimizer as checkpoints see it: float32 (float64 models: float64) on the host.
struct NamedTensor {
  std::string name;  // Hugging Face Mixtral name where one exists, e.g. "model.layers.0.block_sparse_moe.gate.weight"
  std::vector<std::int64_t> shape;
  const void* data = nullptr;  // row-major
  bool is_f64 = false;
};
struct MutableNamedTensor {
  std::string name;
  std::vector<std::int64_t> shape;
  void* data = nullptr;
  bool is_f64 = false;
};

/// Every token's way through the model: for `inspect`, token strips and specialization.
struct RoutingTrace {
  int tokens = 0, layers = 0, experts = 0, top_k = 0;  // layers: MoE layers
  std::vector<int> layer_index;                        // [layers] index in the model
  std::vector<std::int32_t> experts_of;                // [layers, tokens, top_k], −1 = none
  std::vector<float> weights;                          // [layers, tokens, top_k]
  std::vector<float> probabilities;                    // [layers, tokens, experts], full softmax
  std::vector<float> loss;                             // [tokens] next-token loss, NaN at the last position
  std::vector<float> logits;                           // [tokens, V] when asked for
  std::vector<std::int32_t> predicted;                 // [tokens, 3] most probable next ids
  std::vector<float> predicted_share;                  // [tokens, 3] their probabilities
};

/// Points of the plane on their way through the model and one of its MoE layers.
struct PointTrace {
  int points = 0, outputs = 0, experts = 0, top_k = 0;  // experts 0: no layer has a router
  int layer = -1;                                       // its index in the model
  std::vector<float> output;                            // [points, outputs] logits of the classes, or the value
  std::vector<float> logits, probabilities;             // [points, experts] of the router, without noise
  std::vector<std::int32_t> experts_of;                 // [points, top_k] in order of choice, −1 = none
  std::vector<float> weights;                           // [points, top_k]
  std::vector<float> answers;  // [experts, points, outputs] what an expert adds to the output with weight 1
  std::vector<float> base;     // [points, outputs] everything else: output − Σ weight·answer
};

/// The batch that the next step will train on, and what that step will do with it before it changes anything.
struct BatchTrace {
  PointTrace trace;
  std::vector<float> xy;             // [points,2]
  std::vector<std::int32_t> labels;  // [points], of classes
  std::vector<float> values;         // [points], of values
  std::vector<float> scores;         // [points, experts] logits with the step's noise; empty when none was added
  std::vector<std::int64_t> counts;  // [experts] assignments
  std::vector<float> loss;           // [points]
  double balance_loss = kAbsent, z_loss = kAbsent;
};

class Trainer {
 public:
  /// Builds and initialises the model: a pure function of (config, config.seed). Throws Error(usage | resource).
  Trainer(const Config& config, const data::TaskData& data);
  /// The same on a given backend, whatever config.train.device says: moe-cli bench times every op this way.
  Trainer(const Config& config, const data::TaskData& data, std::unique_ptr<Backend> backend);
  ~Trainer();

  const Config& config() const;
  std::int64_t step_count() const;              // finished steps
  std::int64_t parameter_count() const;         // all
  std::int64_t active_parameter_count() const;  // touched by one token at the current top_k
  double flops_per_token() const;               // forward + backward, at the current top_k
  std::vector<int> moe_layers() const;          // 0-based indices of the layers with a router
  std::string precision() const;                // in force: "f32", "bf16", "f64"
  std::string device() const;                   // "cpu", ...

  /// Checks a live change without applying it. Throws Error(usage).
  void check(const std::string& key, const std::string& value) const;
  /// Applies a live change or an action (core/live_change.h); call between steps. Returns what happened besides, such
  /// as the tensors that a new router brought, or nothing. Throws Error(usage | resource) and changes nothing when it
  /// cannot.
  std::string apply(const std::string& key, const std::string& value);

  /// One step. Throws Error(diverged) before any weight is touched when the loss or a gradient is not finite.
  StepReport step();
  /// The same into a report whose vectors are reused: after warm-up a step allocates nothing.
  void step(StepReport& report);

  /// Held-out loss (and accuracy or R² of points), without noise. Never changes weights or random state.
  EvalReport evaluate(int windows_per_domain) const;
  /// Forward pass of one token sequence (≤ context), without noise.
  RoutingTrace trace(std::span<const std::int32_t> tokens, bool with_logits) const;

  /// Forward pass of points xy[T,2], without noise; `moe_layer` counts the layers with a router from 0 (ignored when
  /// there is none). Throws Error(usage): the model is of text, or has no such layer.
  PointTrace trace_points(std::span<const float> xy, int moe_layer, bool with_answers) const;
  /// What the model would score on held-out points were one expert of a layer not there: accuracy, or R² of values.
  /// `without`: its index, −1: nobody is missing. Without noise, on at most `most` points spread over all. kAbsent when
  /// the policy has no gate that could leave it out (hashing), or nobody else is there. Throws as trace_points.
  double held_out_score(int moe_layer, int without, std::size_t most) const;
  /// First choices of points xy[T,2]: −1 as draw: without noise, else with the noise of training, another draw of it
  /// for each number from 0 to 1023. Empty when no layer has a router, or the policy has no scores. Changes no weight
  /// and no random state. Throws as trace_points.
  std::vector<std::int32_t> first_choices(std::span<const float> xy, int moe_layer, int draw) const;
  /// The first micro-batch of the next step with that step's noise. Changes no weight and no random state. Throws as
  /// trace_points.
  BatchTrace trace_batch(int moe_layer) const;

  /// Parameters and optimizer moments, stable order: the memory of the model itself, or copies of a device's that later
  /// calls of the four bring up to date. Moments are "<name>.exp_avg" and "<name>.exp_avg_sq".
  std::vector<NamedTensor> parameters() const;
  std::vector<NamedTensor> optimizer_state() const;
  /// For loading: same names and shapes, writable. After writing call loaded(step).
  std::vector<MutableNamedTensor> mutable_parameters();
  std::vector<MutableNamedTensor> mutable_optimizer_state();
  void loaded(std::int64_t step, std::int64_t tokens);
  /// How the experts have fared lately, for checkpoints: what automatic revival goes by.
  nlohmann::json experts_state() const;
  /// Throws Error(bad_input) when it belongs to another model; an older checkpoint has none.
  void load_experts_state(const nlohmann::json& state);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace moe::train
