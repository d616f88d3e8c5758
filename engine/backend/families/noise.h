// SPDX-License-Identifier: Apache-2.0
// Noise in routers; the meaning of every function is in engine/ops/noise.h under the same name.
#pragma once
#include "engine/core/random.h"
#include "engine/core/tensor.h"

namespace moe {

/// Which noisy logit an expert has to beat in the smooth load: `own` the (k+1)-th largest for the chosen ones and the
/// k-th for the others (Shazeer 2017), `last_chosen` the k-th for all (V-MoE).
enum class LoadThreshold { own, last_chosen };

struct NoiseOps {
  virtual ~NoiseOps() = default;
  virtual void add_normal(View x, const RandomStream& stream, double sigma) = 0;
  virtual void add_uniform(View x, const RandomStream& stream, double half_width) = 0;
  virtual void scale_uniform(View y, ConstView x, const RandomStream& stream, double epsilon, bool accumulate) = 0;
  virtual void learned_noise_forward(View noisy, View sigma, ConstView clean, ConstView raw,
                                     const RandomStream& stream) = 0;
  virtual void learned_noise_backward(View draw, ConstView dnoisy, ConstView dsigma, ConstView raw,
                                      const RandomStream& stream) = 0;
  virtual void smooth_load_forward(View load, ConstView clean, ConstView noisy, ConstView sigma, int k,
                                   LoadThreshold threshold) = 0;
  virtual void smooth_load_backward(View dclean, View dnoisy, View dsigma, ConstView dload, ConstView clean,
                                    ConstView noisy, ConstView sigma, int k, LoadThreshold threshold) = 0;
};

}  // namespace moe
