// SPDX-License-Identifier: Apache-2.0
// A model of a few thousand numbers, small enough for finite differences.
#pragma once
#include <memory>
#include <vector>

#include "engine/train/layer_report.h"
#include "engine/train/model.h"
#include "tests/support/fake_dataset.h"
#include "tests/support/test_backend.h"

namespace moe::test {

inline Config tiny_config() {
  Config c;
  c.model = {.layers = 2,
             .width = 16,
             .heads = 4,
             .kv_heads = 2,
             .experts = 4,
             .expert_width = 12,
             .dense_width = 20,
             .vocabulary = 31,
             .context = 8,
             .init_std = 0.3};
  c.router.z_coefficient = 0.001;
  c.balance.coefficient = 0.02;
  c.optim.warmup = 2;
  c.train.steps = 100;
  c.train.batch = 3;
  c.train.precision = "f64";
  c.train.threads = 1;
  return c;
}

/// A model outside of a trainer, with its losses and gradients in reach.
class ModelHarness {
 public:
  explicit ModelHarness(const Config& c)
      : config(c),
        backend(make_test_backend(1)),
        model(ctx, config, DType::f64, 0),
        arena_(*backend),
        scratch_(*backend) {
    FakeDataset(config.model.vocabulary).batch(5, 0, 0, config.train.batch, config.model.context, batch);
  }

  /// loss_scale·total of the batch in step 3; with gradients they are added up.
  double total(bool with_gradient, double loss_scale = 1.0) {
    arena_.reset();
    scratch_.reset();
    nn::Pass pass{ctx, arena_, scratch_,    DType::f64, config.train.batch, config.model.context,
                  {},  true,   config.seed, 3};
    pass.loss_scale = loss_scale;
    pass.token_ids = device(batch.inputs);
    model.forward(pass);
    const View loss = model.loss(pass, device(batch.targets), with_gradient);
    double sum = 0;
    for (std::int64_t t = 0; t < loss.size(); ++t) sum += loss.as<double>()[t];
    double value = sum / static_cast<double>(loss.size());
    for (auto* layer : model.moe_layers()) {
      const auto experts = static_cast<std::size_t>(config.model.experts);
      routing::ExpertTally tally{std::vector<std::int64_t>(experts), std::vector<std::int64_t>(experts),
                                 std::vector<double>(experts), false};
      const auto s = layer->collect(pass, tally);
      value += config.balance.coefficient * s.balance_loss + config.router.z_coefficient * s.z_loss;
    }
    if (with_gradient) model.backward(pass);
    return loss_scale * value;
  }

  Config config;
  std::unique_ptr<Backend> backend;
  ops::Context ctx{*backend};
  train::Model model;
  data::Batch batch;

 private:
  View device(const std::vector<std::int32_t>& values) {
    View v = arena_.take(DType::i32, {static_cast<std::int64_t>(values.size())});
    backend->copy_from_host(v, values.data());
    return v;
  }
  Arena arena_, scratch_;
};

}  // namespace moe::test
