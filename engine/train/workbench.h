// SPDX-License-Identifier: Apache-2.0
// What every task works with: the settings in force, the model, its backend and the memory of one pass.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "engine/backend/make_backend.h"
#include "engine/train/model.h"

namespace moe::train {

struct Workbench {
  /// Without a backend: the one that the configuration names. `classes`: see Model.
  Workbench(const Config& config, std::unique_ptr<Backend> backend, int classes);

  /// A pass over rows·context positions without input yet; begins a new life of the arenas.
  nn::Pass begin(int rows, int context);
  View to_device(std::span<const std::int32_t> values);
  /// The same of numbers, in the dtype of activations.
  View to_device(std::span<const float> values, const Shape& shape);
  /// Task loss of every position after model.forward, as doubles in `host_loss`.
  void read_loss(nn::Pass& pass, View targets, bool with_gradient);

  Config config;
  std::unique_ptr<Backend> backend;
  DType dtype;
  ops::Context ctx;
  std::unique_ptr<Model> model;
  Arena arena, scratch;
  std::vector<double> host_loss;
  std::function<std::vector<double>()> count_tokens;  // of the training text, see routing::RouterShape; may be empty

  /// A fresh model of the settings in force.
  std::unique_ptr<Model> build_model();

 private:
  int classes_;
  std::vector<double> wide_;
};

}  // namespace moe::train
