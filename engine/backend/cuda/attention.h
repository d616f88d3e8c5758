// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "engine/backend/cuda/runtime.h"
#include "engine/backend/families/attention.h"

namespace moe::cuda {

class CudaAttention final : public AttentionOps {
 public:
  explicit CudaAttention(Runtime& runtime) : runtime_(runtime) {}
  void rope_forward(View y, ConstView qkv, const AttentionShape& s, double theta) override;
  void rope_backward(View dx, ConstView dqkv, const AttentionShape& s, double theta) override;
  void attention_forward(View out, View lse, ConstView qkv, const AttentionShape& s) override;
  void attention_backward(View dqkv, ConstView dout, ConstView out, ConstView lse, ConstView qkv,
                          const AttentionShape& s) override;
  void attention_rope_backward(View dx, View dqkv, ConstView dout, ConstView out, ConstView lse, ConstView qkv,
                               const AttentionShape& s, double theta) override;

 private:
  /// cos, then sin, of every (position, pair): [S, C/2] each on the device, kept until the shape or theta changes.
  template <class T>
  const T* rotations(const AttentionShape& s, double theta);

  Runtime& runtime_;
  DeviceScratch rotations_;
  int table_context_ = 0, table_dim_ = 0;
  double table_theta_ = 0;
  DType table_dtype_ = DType::f32;
};

}  // namespace moe::cuda
