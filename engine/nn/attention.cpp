// SPDX-License-Identifier: Apache-2.0
#include "engine/nn/attention.h"

#include "engine/nn/initialisation.h"

namespace moe::nn {

Attention::Attention(ParameterSet& parameters, const ModelConfig& model, const std::string& prefix)
    : parameters_(parameters),
      width_(model.width),
      heads_(model.heads),
      kv_heads_(model.kv_heads),
      head_dim_(model.width / model.heads),
      rope_theta_(model.rope_theta) {
  const std::int64_t d = width_, q = static_cast<std::int64_t>(heads_) * head_dim_;
  const std::int64_t kv = static_cast<std::int64_t>(kv_heads_) * head_dim_;
  w_qkv_ = parameters.add({q + 2 * kv, d}, ParameterKind::matrix,
                          {{prefix + "q_proj.weight", {q, d}, Init::normal, model.init_std},
                           {prefix + "k_proj.weight", {kv, d}, Init::normal, model.init_std},
                           {prefix + "v_proj.weight", {kv, d}, Init::normal, model.init_std}});
  w_o_ = parameters.add(ParameterKind::matrix, {prefix + "o_proj.weight", {d, q}, Init::normal, residual_std(model)});
}

ops::AttentionShape Attention::shape_of(const Pass& pass) const {
  return {pass.batch, pass.context, heads_, kv_heads_, head_dim_};
}

View Attention::forward(Pass& pass, ConstView x) {
  const std::int64_t t = x.dim(0);
  const ops::AttentionShape shape = shape_of(pass);
  x_ = x;
  qkv_ = pass.take_operand({t, shape.qkv_width()});
  out_ = pass.take_operand({t, static_cast<std::int64_t>(heads_) * head_dim_});
  lse_ = pass.take({pass.batch, heads_, pass.context});
  View y = pass.take({t, width_});
  const View product = qkv_.dtype == pass.dtype ? qkv_ : pass.take_scratch(qkv_.shape);
  ops::linear_forward(pass.ctx, product, x, parameters_.operand(w_qkv_));
  ops::rope_forward(pass.ctx, qkv_, product, shape, rope_theta_);
  ops::attention_forward(pass.ctx, out_, lse_, qkv_, shape);
  ops::linear_forward(pass.ctx, y, out_, parameters_.operand(w_o_));
  return y;
}

View Attention::backward(Pass& pass, ConstView dy) {
  const ops::AttentionShape shape = shape_of(pass);
  View dout = pass.take_scratch(out_.shape), dqkv = pass.take_scratch(qkv_.shape), dx = pass.take_scratch(dy.shape);
  ops::linear_backward(pass.ctx, dout, parameters_.gradient(w_o_), dy, out_, parameters_.operand(w_o_));
  const View dproduct = pass.operand_dtype() == pass.dtype ? dqkv : pass.take_scratch_operand(qkv_.shape);
  ops::attention_rope_backward(pass.ctx, dproduct, dqkv, dout, out_, lse_, qkv_, shape, rope_theta_);
  ops::linear_backward(pass.ctx, dx, parameters_.gradient(w_qkv_), dproduct, x_, parameters_.operand(w_qkv_));
  return dx;
}

}  // namespace moe::nn
