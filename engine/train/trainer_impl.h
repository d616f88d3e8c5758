// SPDX-License-Identifier: Apache-2.0
// Inside of Trainer, shared by its files: trainer.cpp (steps), evaluation.cpp and tracing.cpp (passes without noise).
#pragma once
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/backend/make_backend.h"
#include "engine/data/prefetch.h"
#include "engine/train/expert_history.h"
#include "engine/train/layer_report.h"
#include "engine/train/model.h"
#include "engine/train/trainer.h"
#include "engine/train/transplant.h"

namespace moe::train {

struct Trainer::Impl {
  /// Without a backend: the one that the configuration names.
  Impl(const Config& config, const data::Dataset& dataset, std::unique_ptr<Backend> backend);

  /// A pass over `ids`[rows·context]; begins a new life of the arenas. Throws Error(bad_input) on an id outside [0, V).
  nn::Pass begin(std::span<const std::int32_t> ids, int rows, int context);
  View to_device(std::span<const std::int32_t> values);
  /// Task loss of every position of `targets` after model.forward, as doubles in `host_loss`.
  void read_loss(nn::Pass& pass, std::span<const std::int32_t> targets, bool with_gradient);

  const data::Batch& next_batch(int micro);
  double micro_batch(int micro);
  double check_gradients();
  void write_report(double loss, double norm, double lr, double seconds, StepReport& report);

  // ---- live changes (trainer_live.cpp)
  /// Reads config; call on a built configuration.
  std::unique_ptr<Model> build_model();
  /// Replaces the model by one of the configuration `next` and brings everything learned along; names of tensors that
  /// started anew. Throws Error(resource) and changes nothing.
  std::vector<std::string> rebuild(const Config& next, const std::vector<ExpertOrigin>& origins);
  std::string act(const Config& next, const std::string& key, const std::string& value);
  std::size_t moe_layer_at(int layer) const;
  std::string revive(std::size_t moe_layer, int expert);
  std::string change_experts(const Config& next);
  std::string change_policy(const Config& next);
  void revive_dead_experts();
  std::vector<double> count_tokens();

  Config config;
  const data::Dataset& dataset;
  std::unique_ptr<Backend> backend;
  DType dtype;
  ops::Context ctx;
  std::unique_ptr<Model> model;
  Arena arena, scratch;
  std::vector<LayerTally> tallies;             // one for each MoE layer
  std::vector<ExpertHistory> histories;        // one for each MoE layer
  std::vector<std::vector<int>> revived;       // [MoE layers] experts revived after the last step
  std::optional<data::Prefetcher> prefetcher;  // made anew when the number of micro-batches changes
  int prefetched_micros = 0;
  std::vector<double> host_loss;
  std::vector<std::vector<data::Window>> held_out;  // [domains], read once for held_out_count windows
  int held_out_count = -1;
  std::int64_t step = 0, tokens = 0;
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
};

}  // namespace moe::train
