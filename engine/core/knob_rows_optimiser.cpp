// SPDX-License-Identifier: Apache-2.0
#include "engine/core/knob_rows.h"

namespace moe::knob_rows {

std::vector<Row> optimiser_rows() {
  return {
      live(optim<&OptimConfig::lr>, "optim.lr", "Learning rate", "Step size of AdamW at the top of the schedule.")
          .range(1e-9, 1)
          .log_slider(1e-5, 0.1)
          .source("Loshchilov & Hutter 2019, arXiv:1711.05101"),
      live(optim<&OptimConfig::schedule>, "optim.schedule", "Schedule",
           "How the learning rate falls between warm-up and the last step.")
          .choices({"constant", "linear", "cosine"})
          .source("cosine: Loshchilov & Hutter 2017, arXiv:1608.03983"),
      live(optim<&OptimConfig::warmup>, "optim.warmup", "Warm-up",
           "Steps over which the learning rate rises from zero.")
          .range(0, 1e9)
          .slider(0, 2000)
          .unit("steps"),
      live(optim<&OptimConfig::min_lr_ratio>, "optim.min_lr_ratio", "Final rate",
           "Learning rate at the last step as a share of its top.")
          .range(0, 1)
          .advanced(),
      live(optim<&OptimConfig::clip>, "optim.clip", "Clip",
           "Largest global norm of the gradient; 0 turns clipping off.")
          .range(0, 1e6)
          .log_slider(0.01, 100)
          .source("Pascanu et al. 2013, arXiv:1211.5063"),
      live(optim<&OptimConfig::weight_decay>, "optim.weight_decay", "Weight decay",
           "Decoupled shrinking of the weight matrices; norms are left alone.")
          .range(0, 10)
          .log_slider(1e-3, 1)
          .source("w ← w − lr · λ · w; arXiv:1711.05101"),
      live(optim<&OptimConfig::beta1>, "optim.beta1", "Beta 1", "Decay of the running mean of the gradient.")
          .range(0, 0.9999)
          .slider(0.5, 0.99)
          .source("Kingma & Ba 2015, arXiv:1412.6980")
          .advanced(),
      live(optim<&OptimConfig::beta2>, "optim.beta2", "Beta 2", "Decay of the running mean of the squared gradient.")
          .range(0, 0.999999)
          .slider(0.8, 0.9999)
          .source("arXiv:1412.6980")
          .advanced(),
      live(optim<&OptimConfig::eps>, "optim.eps", "Epsilon", "Added to the root of the second moment in AdamW.")
          .range(1e-15, 0.1)
          .log_slider(1e-10, 1e-4)
          .source("arXiv:1412.6980")
          .advanced(),
      live(optim<&OptimConfig::accumulation>, "optim.accumulation", "Accumulation",
           "Micro-batches whose gradients are added up before one optimiser step.")
          .range(1, 65536)
          .slider(1, 32)
          .unit("batches")
          .advanced(),
  };
}

}  // namespace moe::knob_rows
