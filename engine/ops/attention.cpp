// SPDX-License-Identifier: Apache-2.0
#include "engine/ops/attention.h"

#include "engine/ops/check.h"

namespace moe::ops {
namespace {

void check_qkv(const char* op, ConstView qkv, const AttentionShape& s) {
  require(s.batch > 0 && s.context > 0 && s.heads > 0 && s.kv_heads > 0 && s.head_dim > 0, op, "positive sizes");
  require(s.heads % s.kv_heads == 0, op, "kv_heads divides heads");
  require(is_real(qkv) && qkv.shape == Shape({std::int64_t{s.batch} * s.context, s.qkv_width()}), op,
          "qkv[B*S, (H+2G)*C]");
}

void check_rope(const char* op, ConstView qkv, const AttentionShape& s, double theta) {
  check_qkv(op, qkv, s);
  require(s.head_dim % 2 == 0 && theta > 0, op, "an even head dimension and theta > 0");
}

void check_attention(const char* op, ConstView qkv, ConstView out, ConstView lse, const AttentionShape& s) {
  check_qkv(op, qkv, s);
  require(same_real({qkv, out, lse}), op, "one floating-point dtype");
  require(out.shape == Shape({qkv.dim(0), std::int64_t{s.heads} * s.head_dim}), op, "out[B*S, H*C]");
  require(lse.shape == Shape({s.batch, s.heads, s.context}), op, "lse[B,H,S]");
}

}  // namespace

void rope_forward(Context& ctx, View qkv, const AttentionShape& s, double theta) {
  check_rope("rope_forward", qkv, s, theta);
  ctx.backend.attention().rope_forward(qkv, s, theta);
}

void rope_backward(Context& ctx, View dqkv, const AttentionShape& s, double theta) {
  check_rope("rope_backward", dqkv, s, theta);
  ctx.backend.attention().rope_backward(dqkv, s, theta);
}

void attention_forward(Context& ctx, View out, View lse, ConstView qkv, const AttentionShape& s) {
  check_attention("attention_forward", qkv, out, lse, s);
  ctx.backend.attention().attention_forward(out, lse, qkv, s, ctx.precision);
}

void attention_backward(Context& ctx, View dqkv, ConstView dout, ConstView out, ConstView lse, ConstView qkv,
                        const AttentionShape& s) {
  constexpr auto kOp = "attention_backward";
  check_attention(kOp, qkv, out, lse, s);
  require(same_real({qkv, dqkv, dout}) && dqkv.shape == qkv.shape && dout.shape == out.shape, kOp,
          "dqkv like qkv, dout like out");
  ctx.backend.attention().attention_backward(dqkv, dout, out, lse, qkv, s, ctx.precision);
}

}  // namespace moe::ops
