// SPDX-License-Identifier: Apache-2.0
#include "app/cli/profiling_backend.h"

#include "app/cli/profiling_routing.h"

namespace moe::cli {
namespace {

struct Matmul final : MatmulOps {
  Timer& t;
  MatmulOps& in;
  Matmul(Timer& timer, MatmulOps& inner) : t(timer), in(inner) {}
  void matmul(View c, ConstView a, bool ta, ConstView b, bool tb, bool accumulate, MatmulPrecision p) override {
    t("matmul", [&] { in.matmul(c, a, ta, b, tb, accumulate, p); });
  }
  void linear_backward(View dx, View dw, ConstView dy, ConstView x, ConstView w, bool accumulate,
                       MatmulPrecision p) override {
    t("linear_backward", [&] { in.linear_backward(dx, dw, dy, x, w, accumulate, p); });
  }
  void grouped_linear_forward(View y, ConstView x, ConstView w, ConstView offsets, MatmulPrecision p) override {
    t("grouped_linear_forward", [&] { in.grouped_linear_forward(y, x, w, offsets, p); });
  }
  void grouped_linear_backward(View dx, View dw, ConstView dy, ConstView x, ConstView w, ConstView offsets,
                               MatmulPrecision p) override {
    t("grouped_linear_backward", [&] { in.grouped_linear_backward(dx, dw, dy, x, w, offsets, p); });
  }
};

struct Norm final : NormOps {
  Timer& t;
  NormOps& in;
  Norm(Timer& timer, NormOps& inner) : t(timer), in(inner) {}
  void rms_norm_forward(View y, View inv_rms, ConstView x, ConstView w, double eps) override {
    t("rms_norm_forward", [&] { in.rms_norm_forward(y, inv_rms, x, w, eps); });
  }
  void add_rms_norm_forward(View sum, View y, View inv_rms, ConstView x, ConstView delta, ConstView w,
                            double eps) override {
    t("add_rms_norm_forward", [&] { in.add_rms_norm_forward(sum, y, inv_rms, x, delta, w, eps); });
  }
  void rms_norm_backward(View dx, View dw, ConstView dy, ConstView x, ConstView inv_rms, ConstView w,
                         bool accumulate) override {
    t("rms_norm_backward", [&] { in.rms_norm_backward(dx, dw, dy, x, inv_rms, w, accumulate); });
  }
};

struct Attention final : AttentionOps {
  Timer& t;
  AttentionOps& in;
  Attention(Timer& timer, AttentionOps& inner) : t(timer), in(inner) {}
  void rope_forward(View y, ConstView qkv, const AttentionShape& s, double theta) override {
    t("rope_forward", [&] { in.rope_forward(y, qkv, s, theta); });
  }
  void rope_backward(View dx, ConstView dqkv, const AttentionShape& s, double theta) override {
    t("rope_backward", [&] { in.rope_backward(dx, dqkv, s, theta); });
  }
  void attention_forward(View out, View lse, ConstView qkv, const AttentionShape& s) override {
    t("attention_forward", [&] { in.attention_forward(out, lse, qkv, s); });
  }
  void attention_backward(View dqkv, ConstView dout, ConstView out, ConstView lse, ConstView qkv,
                          const AttentionShape& s) override {
    t("attention_backward", [&] { in.attention_backward(dqkv, dout, out, lse, qkv, s); });
  }
  void attention_rope_backward(View dx, View dqkv, ConstView dout, ConstView out, ConstView lse, ConstView qkv,
                               const AttentionShape& s, double theta) override {
    t("attention_rope_backward", [&] { in.attention_rope_backward(dx, dqkv, dout, out, lse, qkv, s, theta); });
  }
};

struct Activations final : ActivationOps {
  Timer& t;
  ActivationOps& in;
  Activations(Timer& timer, ActivationOps& inner) : t(timer), in(inner) {}
  void activation_forward(View y, ConstView x, Activation kind, std::int64_t rows, ConstView weights) override {
    t("activation_forward", [&] { in.activation_forward(y, x, kind, rows, weights); });
  }
  void activation_backward(View dx, ConstView dy, ConstView x, Activation kind, std::int64_t rows, ConstView weights,
                           View dweights) override {
    t("activation_backward", [&] { in.activation_backward(dx, dy, x, kind, rows, weights, dweights); });
  }
  void add_scaled(View y, ConstView x, double alpha) override {
    t("add_scaled", [&] { in.add_scaled(y, x, alpha); });
  }
  void fill(View y, double value) override {
    t("fill", [&] { in.fill(y, value); });
  }
  void copy(View y, ConstView x) override {
    t("copy", [&] { in.copy(y, x); });
  }
};

struct Embedding final : EmbeddingOps {
  Timer& t;
  EmbeddingOps& in;
  Embedding(Timer& timer, EmbeddingOps& inner) : t(timer), in(inner) {}
  void embedding_forward(View y, ConstView table, ConstView ids) override {
    t("embedding_forward", [&] { in.embedding_forward(y, table, ids); });
  }
  void embedding_backward(View dtable, ConstView dy, ConstView ids) override {
    t("embedding_backward", [&] { in.embedding_backward(dtable, dy, ids); });
  }
};

struct Loss final : LossOps {
  Timer& t;
  LossOps& in;
  Loss(Timer& timer, LossOps& inner) : t(timer), in(inner) {}
  void cross_entropy(View loss, View dlogits, ConstView logits, ConstView targets, double scale) override {
    t("cross_entropy", [&] { in.cross_entropy(loss, dlogits, logits, targets, scale); });
  }
  void squared_error(View loss, View dy, ConstView y, ConstView targets, double scale) override {
    t("squared_error", [&] { in.squared_error(loss, dy, y, targets, scale); });
  }
};

struct Dispatch final : DispatchOps {
  Timer& t;
  DispatchOps& in;
  Dispatch(Timer& timer, DispatchOps& inner) : t(timer), in(inner) {}
  void plan_from_choices(Plan& plan, ConstView ids, ConstView weights, int experts) override {
    t("plan_from_choices", [&] { in.plan_from_choices(plan, ids, weights, experts); });
  }
  void permute(View x_sorted, ConstView x, const Plan& plan) override {
    t("permute", [&] { in.permute(x_sorted, x, plan); });
  }
  void unpermute(View x, ConstView x_sorted, const Plan& plan, bool accumulate) override {
    t("unpermute", [&] { in.unpermute(x, x_sorted, plan, accumulate); });
  }
  void choices_from_plan(View out, ConstView dweights, const Plan& plan) override {
    t("choices_from_plan", [&] { in.choices_from_plan(out, dweights, plan); });
  }
};

struct Optimizer final : OptimizerOps {
  Timer& t;
  OptimizerOps& in;
  Optimizer(Timer& timer, OptimizerOps& inner) : t(timer), in(inner) {}
  void adamw_step(View w, View g, View m, View v, View rounded, const AdamW& a) override {
    t("adamw_step", [&] { in.adamw_step(w, g, m, v, rounded, a); });
  }
  Scalar sum_of_squares(ConstView x) override {
    return t("sum_of_squares", [&] { return in.sum_of_squares(x); });
  }
  Scalar sum(ConstView x) override {
    return t("sum", [&] { return in.sum(x); });
  }
};

class ProfilingBackend final : public Backend {
 public:
  ProfilingBackend(std::unique_ptr<Backend> inner, OpTimes& times) : inner_(std::move(inner)), timer_(times, *inner_) {}

  void* allocate(std::size_t bytes) override { return inner_->allocate(bytes); }
  void free(void* block, std::size_t bytes) override { inner_->free(block, bytes); }
  const std::string& name() const override { return inner_->name(); }
  int threads() const override { return inner_->threads(); }
  bool bf16_pays() const override { return inner_->bf16_pays(); }
  bool stores_bf16() const override { return inner_->stores_bf16(); }
  std::string describe() const override { return inner_->describe(); }
  void copy_from_host(View target, const void* source) override {
    timer_("copy_from_host", [&] { inner_->copy_from_host(target, source); });
  }
  void copy_to_host_later(void* target, ConstView source) override {
    timer_("copy_to_host_later", [&] { inner_->copy_to_host_later(target, source); });
  }
  void finish_copies() override {
    timer_("finish_copies", [&] { inner_->finish_copies(); });
  }
  std::size_t free_memory() const override { return inner_->free_memory(); }
  bool shares_host_memory() const override { return inner_->shares_host_memory(); }
  void copy_to_host(void* target, ConstView source) override {
    timer_("copy_to_host", [&] { inner_->copy_to_host(target, source); });
  }
  void zero(View target) override {
    timer_("zero", [&] { inner_->zero(target); });
  }
  void synchronize() override { inner_->synchronize(); }
  MatmulOps& matmul() override { return matmul_; }
  NormOps& norm() override { return norm_; }
  AttentionOps& attention() override { return attention_; }
  ActivationOps& activation() override { return activation_; }
  EmbeddingOps& embedding() override { return embedding_; }
  LossOps& loss() override { return loss_; }
  RouterOps& router() override { return router_; }
  NoiseOps& noise() override { return noise_; }
  ChoiceOps& choice() override { return choice_; }
  SoftOps& soft() override { return soft_; }
  DispatchOps& dispatch() override { return dispatch_; }
  OptimizerOps& optimizer() override { return optimizer_; }

 private:
  std::unique_ptr<Backend> inner_;
  Timer timer_;
  Matmul matmul_{timer_, inner_->matmul()};
  Norm norm_{timer_, inner_->norm()};
  Attention attention_{timer_, inner_->attention()};
  Activations activation_{timer_, inner_->activation()};
  Embedding embedding_{timer_, inner_->embedding()};
  Loss loss_{timer_, inner_->loss()};
  Router router_{timer_, inner_->router()};
  Noise noise_{timer_, inner_->noise()};
  Choice choice_{timer_, inner_->choice()};
  Soft soft_{timer_, inner_->soft()};
  Dispatch dispatch_{timer_, inner_->dispatch()};
  Optimizer optimizer_{timer_, inner_->optimizer()};
};

}  // namespace

std::unique_ptr<Backend> make_profiling_backend(std::unique_ptr<Backend> inner, OpTimes& times) {
  return std::make_unique<ProfilingBackend>(std::move(inner), times);
}

}  // namespace moe::cli
