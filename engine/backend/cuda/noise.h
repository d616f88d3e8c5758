// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "engine/backend/cuda/runtime.h"
#include "engine/backend/families/noise.h"

namespace moe::cuda {

class CudaNoise final : public NoiseOps {
 public:
  explicit CudaNoise(Runtime& runtime) : runtime_(runtime) {}
  void add_normal(View x, const RandomStream& stream, double sigma) override;
  void add_uniform(View x, const RandomStream& stream, double half_width) override;
  void scale_uniform(View y, ConstView x, const RandomStream& stream, double epsilon, bool accumulate) override;
  void learned_noise_forward(View noisy, View sigma, ConstView clean, ConstView raw,
                             const RandomStream& stream) override;
  void learned_noise_backward(View draw, ConstView dnoisy, ConstView dsigma, ConstView raw,
                              const RandomStream& stream) override;
  void smooth_load_forward(View load, ConstView clean, ConstView noisy, ConstView sigma, int k,
                           LoadThreshold threshold) override;
  void smooth_load_backward(View dclean, View dnoisy, View dsigma, ConstView dload, ConstView clean, ConstView noisy,
                            ConstView sigma, int k, LoadThreshold threshold) override;

 private:
  Runtime& runtime_;
};

}  // namespace moe::cuda
