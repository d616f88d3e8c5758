// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "engine/backend/cpu/runtime.h"
#include "engine/backend/families/noise.h"

namespace moe::cpu {

class CpuNoise final : public NoiseOps {
 public:
  explicit CpuNoise(Runtime& runtime) : runtime_(runtime) {}
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
  /// body(i) for every element, in tasks of a fixed size.
  template <class Body>
  void for_elements(std::int64_t n, Body&& body) {
    runtime_.for_ranges(n, 1024, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) body(i);
    });
  }
  Runtime& runtime_;
};

}  // namespace moe::cpu
