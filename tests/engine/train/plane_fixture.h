// SPDX-License-Identifier: Apache-2.0
// Small models of points.
#pragma once
#include "engine/data/plane/plane_data.h"
#include "engine/train/trainer.h"

namespace moe::test {

inline data::PlaneData plane_data(const Config& c) {
  data::PlaneOptions options;
  options.generated = {c.data.points, c.seed, c.data.count, c.data.jitter, c.data.classes, c.data.detail};
  return data::PlaneData(options);
}

inline Config plane_config(const std::string& points = "spirals") {
  Config c;
  c.model = {.layers = 2,
             .width = 7,
             .experts = 3,
             .expert_width = 5,
             .activation = "swiglu",
             .init_std = 0.4,
             .attention = false,
             .norm = "none"};
  c.router.top_k = 2;
  c.router.z_coefficient = 0.001;
  c.balance.coefficient = 0.02;
  c.optim.warmup = 2;
  c.train.steps = 100;
  c.train.batch = 9;
  c.train.precision = "f64";
  c.train.threads = 1;
  c.data.task = "plane";
  c.data.points = points;
  c.data.classes = points == "moons" ? 2 : 3;
  return c;
}

}  // namespace moe::test
