// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "engine/backend/cpu/runtime.h"
#include "engine/backend/families/attention.h"

namespace moe::cpu {

class CpuAttention final : public AttentionOps {
 public:
  explicit CpuAttention(Runtime& runtime) : runtime_(runtime) {}
  void rope_forward(View y, ConstView qkv, const AttentionShape& s, double theta) override;
  void rope_backward(View dx, ConstView dqkv, const AttentionShape& s, double theta) override;
  void attention_forward(View out, View lse, ConstView qkv, const AttentionShape& s) override;
  void attention_backward(View dqkv, ConstView dout, ConstView out, ConstView lse, ConstView qkv,
                          const AttentionShape& s) override;

 private:
  /// cos and sin of every (position, pair): [S, C/2] each, kept until the shape or theta changes.
  template <class T>
  const T* rotations(const AttentionShape& s, double theta);
  template <class T>
  void rotate(View y, ConstView qkv, const AttentionShape& s, double theta, T direction);

  Runtime& runtime_;
  Scratch rotations_;
  int table_context_ = 0, table_dim_ = 0;
  double table_theta_ = 0;
  DType table_dtype_ = DType::f32;
};

}  // namespace moe::cpu
