// SPDX-License-Identifier: Apache-2.0
#include "engine/ops/attention.h"

#include "engine/ops/check.h"

namespace moe::ops {
namespace {

constexpr auto kDTypes = "one floating-point dtype; qkv and out of the same or both stored rounded";

void check_qkv(const char* op, ConstView qkv, const AttentionShape& s) {
  require(s.batch > 0 && s.context > 0 && s.heads > 0 && s.kv_heads > 0 && s.head_dim > 0, op, "positive sizes");
  require(s.heads % s.kv_heads == 0, op, "kv_heads divides heads");
  require(qkv.shape == Shape({std::int64_t{s.batch} * s.context, s.qkv_width()}), op, "qkv[B*S, (H+2G)*C]");
}

void check_rope(const Context& ctx, const char* op, ConstView y, ConstView qkv, const AttentionShape& s, double theta) {
  check_qkv(op, qkv, s);
  require(is_real(qkv) && is_operand(ctx, y, qkv.dtype), op, "qkv of a floating-point dtype, y of it or rounded");
  require(y.shape == qkv.shape && (y.data != qkv.data || y.dtype == qkv.dtype), op, "y like qkv");
  require(s.head_dim % 2 == 0 && theta > 0, op, "an even head dimension and theta > 0");
}

void check_attention(const Context& ctx, const char* op, ConstView qkv, ConstView out, ConstView lse,
                     const AttentionShape& s) {
  check_qkv(op, qkv, s);
  require(is_real(lse) && is_operand(ctx, qkv, lse.dtype) && out.dtype == qkv.dtype, op, kDTypes);
  require(out.shape == Shape({qkv.dim(0), std::int64_t{s.heads} * s.head_dim}), op, "out[B*S, H*C]");
  require(lse.shape == Shape({s.batch, s.heads, s.context}), op, "lse[B,H,S]");
}

}  // namespace

void rope_forward(Context& ctx, View y, ConstView qkv, const AttentionShape& s, double theta) {
  check_rope(ctx, "rope_forward", y, qkv, s, theta);
  ctx.backend.attention().rope_forward(y, qkv, s, theta);
}

void rope_backward(Context& ctx, View dx, ConstView dqkv, const AttentionShape& s, double theta) {
  check_rope(ctx, "rope_backward", dx, dqkv, s, theta);
  ctx.backend.attention().rope_backward(dx, dqkv, s, theta);
}

void attention_forward(Context& ctx, View out, View lse, ConstView qkv, const AttentionShape& s) {
  check_attention(ctx, "attention_forward", qkv, out, lse, s);
  ctx.backend.attention().attention_forward(out, lse, qkv, s);
}

namespace {

void check_backward(const Context& ctx, const char* op, ConstView dqkv, ConstView dout, ConstView out, ConstView lse,
                    ConstView qkv, const AttentionShape& s) {
  check_attention(ctx, op, qkv, out, lse, s);
  require(same_real({lse, dqkv, dout}) && dqkv.shape == qkv.shape && dout.shape == out.shape, op,
          "dqkv[T,qkv_width] and dout[T,H*C] of the dtype of lse");
}

}  // namespace

void attention_backward(Context& ctx, View dqkv, ConstView dout, ConstView out, ConstView lse, ConstView qkv,
                        const AttentionShape& s) {
  check_backward(ctx, "attention_backward", dqkv, dout, out, lse, qkv, s);
  ctx.backend.attention().attention_backward(dqkv, dout, out, lse, qkv, s);
}

void attention_rope_backward(Context& ctx, View dx, View dqkv, ConstView dout, ConstView out, ConstView lse,
                             ConstView qkv, const AttentionShape& s, double theta) {
  constexpr auto kOp = "attention_rope_backward";
  check_backward(ctx, kOp, dqkv, dout, out, lse, qkv, s);
  check_rope(ctx, kOp, dx, dqkv, s, theta);
  ctx.backend.attention().attention_rope_backward(dx, dqkv, dout, out, lse, qkv, s, theta);
}

}  // namespace moe::ops
