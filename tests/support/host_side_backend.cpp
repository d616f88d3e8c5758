// SPDX-License-Identifier: Apache-2.0
#include "tests/support/host_side_backend.h"

#include <utility>

#include "engine/backend/make_backend.h"
#include "tests/support/host_side_call.h"

namespace moe::test {
namespace {

struct ActivationThere final : ActivationOps {
  TwinMemory& device;
  ActivationOps& in;
  explicit ActivationThere(TwinMemory& d) : device(d), in(d.backend.activation()) {}
  void activation_forward(View y, ConstView x, Activation kind, std::int64_t rows, ConstView weights) override {
    return run(device, in, &ActivationOps::activation_forward, y, x, kind, rows, weights);
  }
  void activation_backward(View dx, ConstView dy, ConstView x, Activation kind, std::int64_t rows, ConstView weights,
                           View dweights) override {
    return run(device, in, &ActivationOps::activation_backward, dx, dy, x, kind, rows, weights, dweights);
  }
  void add_scaled(View y, ConstView x, double alpha) override {
    return run(device, in, &ActivationOps::add_scaled, y, x, alpha);
  }
  void fill(View y, double value) override { return run(device, in, &ActivationOps::fill, y, value); }
  void copy(View y, ConstView x) override { return run(device, in, &ActivationOps::copy, y, x); }
};

struct AttentionThere final : AttentionOps {
  TwinMemory& device;
  AttentionOps& in;
  explicit AttentionThere(TwinMemory& d) : device(d), in(d.backend.attention()) {}
  void rope_forward(View y, ConstView qkv, const AttentionShape& s, double theta) override {
    return run(device, in, &AttentionOps::rope_forward, y, qkv, s, theta);
  }
  void rope_backward(View dx, ConstView dqkv, const AttentionShape& s, double theta) override {
    return run(device, in, &AttentionOps::rope_backward, dx, dqkv, s, theta);
  }
  void attention_forward(View out, View lse, ConstView qkv, const AttentionShape& s) override {
    return run(device, in, &AttentionOps::attention_forward, out, lse, qkv, s);
  }
  void attention_backward(View dqkv, ConstView dout, ConstView out, ConstView lse, ConstView qkv,
                          const AttentionShape& s) override {
    return run(device, in, &AttentionOps::attention_backward, dqkv, dout, out, lse, qkv, s);
  }
  void attention_rope_backward(View dx, View dqkv, ConstView dout, ConstView out, ConstView lse, ConstView qkv,
                               const AttentionShape& s, double theta) override {
    return run(device, in, &AttentionOps::attention_rope_backward, dx, dqkv, dout, out, lse, qkv, s, theta);
  }
};

struct ChoiceThere final : ChoiceOps {
  TwinMemory& device;
  ChoiceOps& in;
  explicit ChoiceThere(TwinMemory& d) : device(d), in(d.backend.choice()) {}
  void mask_groups(View y, ConstView x, int groups, int keep) override {
    return run(device, in, &ChoiceOps::mask_groups, y, x, groups, keep);
  }
  void sinkhorn(View plan, ConstView s, double tolerance, int most_iterations) override {
    return run(device, in, &ChoiceOps::sinkhorn, plan, s, tolerance, most_iterations);
  }
  void random_choices(View ids, const RandomStream& stream, double fraction, int experts) override {
    return run(device, in, &ChoiceOps::random_choices, ids, stream, fraction, experts);
  }
  void table_choices(View ids, ConstView table, ConstView token_ids, int experts) override {
    return run(device, in, &ChoiceOps::table_choices, ids, table, token_ids, experts);
  }
  void expert_choices(View ids, ConstView scores, std::int64_t capacity) override {
    return run(device, in, &ChoiceOps::expert_choices, ids, scores, capacity);
  }
  void keep_second(View ids, ConstView weights, const RandomStream& stream) override {
    return run(device, in, &ChoiceOps::keep_second, ids, weights, stream);
  }
  void guarantee_minimum(View ids, ConstView scores, std::int64_t minimum) override {
    return run(device, in, &ChoiceOps::guarantee_minimum, ids, scores, minimum);
  }
  void limit_capacity(View kept, ConstView ids, ConstView weights, int experts, std::int64_t capacity,
                      bool by_weight) override {
    return run(device, in, &ChoiceOps::limit_capacity, kept, ids, weights, experts, capacity, by_weight);
  }
  void count_groups(View counts, ConstView ids) override {
    return run(device, in, &ChoiceOps::count_groups, counts, ids);
  }
};

struct DispatchThere final : DispatchOps {
  TwinMemory& device;
  DispatchOps& in;
  explicit DispatchThere(TwinMemory& d) : device(d), in(d.backend.dispatch()) {}
  void plan_from_choices(Plan& plan, ConstView ids, ConstView weights, int experts) override {
    return run(device, in, &DispatchOps::plan_from_choices, plan, ids, weights, experts);
  }
  void permute(View x_sorted, ConstView x, const Plan& plan) override {
    return run(device, in, &DispatchOps::permute, x_sorted, x, plan);
  }
  void unpermute(View x, ConstView x_sorted, const Plan& plan, bool accumulate) override {
    return run(device, in, &DispatchOps::unpermute, x, x_sorted, plan, accumulate);
  }
  void choices_from_plan(View out, ConstView dweights, const Plan& plan) override {
    return run(device, in, &DispatchOps::choices_from_plan, out, dweights, plan);
  }
};

struct EmbeddingThere final : EmbeddingOps {
  TwinMemory& device;
  EmbeddingOps& in;
  explicit EmbeddingThere(TwinMemory& d) : device(d), in(d.backend.embedding()) {}
  void embedding_forward(View y, ConstView table, ConstView ids) override {
    return run(device, in, &EmbeddingOps::embedding_forward, y, table, ids);
  }
  void embedding_backward(View dtable, ConstView dy, ConstView ids) override {
    return run(device, in, &EmbeddingOps::embedding_backward, dtable, dy, ids);
  }
};

struct LossThere final : LossOps {
  TwinMemory& device;
  LossOps& in;
  explicit LossThere(TwinMemory& d) : device(d), in(d.backend.loss()) {}
  void cross_entropy(View loss, View dlogits, ConstView logits, ConstView targets, double scale) override {
    return run(device, in, &LossOps::cross_entropy, loss, dlogits, logits, targets, scale);
  }
  void squared_error(View loss, View dy, ConstView y, ConstView targets, double scale) override {
    return run(device, in, &LossOps::squared_error, loss, dy, y, targets, scale);
  }
};

struct MatmulThere final : MatmulOps {
  TwinMemory& device;
  MatmulOps& in;
  explicit MatmulThere(TwinMemory& d) : device(d), in(d.backend.matmul()) {}
  void matmul(View c, ConstView a, bool transpose_a, ConstView b, bool transpose_b, bool accumulate,
              MatmulPrecision precision) override {
    return run(device, in, &MatmulOps::matmul, c, a, transpose_a, b, transpose_b, accumulate, precision);
  }
  void linear_backward(View dx, View dw, ConstView dy, ConstView x, ConstView w, bool accumulate_dx,
                       MatmulPrecision precision) override {
    return run(device, in, &MatmulOps::linear_backward, dx, dw, dy, x, w, accumulate_dx, precision);
  }
  void grouped_linear_forward(View y, ConstView x, ConstView w, ConstView offsets, MatmulPrecision precision) override {
    return run(device, in, &MatmulOps::grouped_linear_forward, y, x, w, offsets, precision);
  }
  void grouped_linear_backward(View dx, View dw, ConstView dy, ConstView x, ConstView w, ConstView offsets,
                               MatmulPrecision precision) override {
    return run(device, in, &MatmulOps::grouped_linear_backward, dx, dw, dy, x, w, offsets, precision);
  }
};

struct NoiseThere final : NoiseOps {
  TwinMemory& device;
  NoiseOps& in;
  explicit NoiseThere(TwinMemory& d) : device(d), in(d.backend.noise()) {}
  void add_normal(View x, const RandomStream& stream, double sigma) override {
    return run(device, in, &NoiseOps::add_normal, x, stream, sigma);
  }
  void add_uniform(View x, const RandomStream& stream, double half_width) override {
    return run(device, in, &NoiseOps::add_uniform, x, stream, half_width);
  }
  void scale_uniform(View y, ConstView x, const RandomStream& stream, double epsilon, bool accumulate) override {
    return run(device, in, &NoiseOps::scale_uniform, y, x, stream, epsilon, accumulate);
  }
  void learned_noise_forward(View noisy, View sigma, ConstView clean, ConstView raw,
                             const RandomStream& stream) override {
    return run(device, in, &NoiseOps::learned_noise_forward, noisy, sigma, clean, raw, stream);
  }
  void learned_noise_backward(View draw, ConstView dnoisy, ConstView dsigma, ConstView raw,
                              const RandomStream& stream) override {
    return run(device, in, &NoiseOps::learned_noise_backward, draw, dnoisy, dsigma, raw, stream);
  }
  void smooth_load_forward(View load, ConstView clean, ConstView noisy, ConstView sigma, int k,
                           LoadThreshold threshold) override {
    return run(device, in, &NoiseOps::smooth_load_forward, load, clean, noisy, sigma, k, threshold);
  }
  void smooth_load_backward(View dclean, View dnoisy, View dsigma, ConstView dload, ConstView clean, ConstView noisy,
                            ConstView sigma, int k, LoadThreshold threshold) override {
    return run(device, in, &NoiseOps::smooth_load_backward, dclean, dnoisy, dsigma, dload, clean, noisy, sigma, k,
               threshold);
  }
};

struct NormThere final : NormOps {
  TwinMemory& device;
  NormOps& in;
  explicit NormThere(TwinMemory& d) : device(d), in(d.backend.norm()) {}
  void rms_norm_forward(View y, View inv_rms, ConstView x, ConstView w, double eps) override {
    return run(device, in, &NormOps::rms_norm_forward, y, inv_rms, x, w, eps);
  }
  void add_rms_norm_forward(View sum, View y, View inv_rms, ConstView x, ConstView delta, ConstView w,
                            double eps) override {
    return run(device, in, &NormOps::add_rms_norm_forward, sum, y, inv_rms, x, delta, w, eps);
  }
  void rms_norm_backward(View dx, View dw, ConstView dy, ConstView x, ConstView inv_rms, ConstView w,
                         bool accumulate_dx) override {
    return run(device, in, &NormOps::rms_norm_backward, dx, dw, dy, x, inv_rms, w, accumulate_dx);
  }
};

struct OptimizerThere final : OptimizerOps {
  TwinMemory& device;
  OptimizerOps& in;
  explicit OptimizerThere(TwinMemory& d) : device(d), in(d.backend.optimizer()) {}
  void adamw_step(View w, View g, View m, View v, View rounded, const AdamW& a) override {
    return run(device, in, &OptimizerOps::adamw_step, w, g, m, v, rounded, a);
  }
  Scalar sum_of_squares(ConstView x) override { return run(device, in, &OptimizerOps::sum_of_squares, x); }
  Scalar sum(ConstView x) override { return run(device, in, &OptimizerOps::sum, x); }
};

struct RouterThere final : RouterOps {
  TwinMemory& device;
  RouterOps& in;
  explicit RouterThere(TwinMemory& d) : device(d), in(d.backend.router()) {}
  void softmax_forward(View p, ConstView s) override { return run(device, in, &RouterOps::softmax_forward, p, s); }
  void softmax_backward(View ds, ConstView dp, ConstView p, bool accumulate) override {
    return run(device, in, &RouterOps::softmax_backward, ds, dp, p, accumulate);
  }
  void top_k(View ids, ConstView scores, int k) override { return run(device, in, &RouterOps::top_k, ids, scores, k); }
  void take_forward(View y, ConstView x, ConstView ids) override {
    return run(device, in, &RouterOps::take_forward, y, x, ids);
  }
  void take_backward(View dx, ConstView dy, ConstView ids) override {
    return run(device, in, &RouterOps::take_backward, dx, dy, ids);
  }
  void renormalise_forward(View w, ConstView y, double eps) override {
    return run(device, in, &RouterOps::renormalise_forward, w, y, eps);
  }
  void renormalise_backward(View dy, ConstView dw, ConstView y, double eps) override {
    return run(device, in, &RouterOps::renormalise_backward, dy, dw, y, eps);
  }
  void count_choices(View counts, View mass, ConstView ids, ConstView weights) override {
    return run(device, in, &RouterOps::count_choices, counts, mass, ids, weights);
  }
  void column_mean(View mean, ConstView p) override { return run(device, in, &RouterOps::column_mean, mean, p); }
  void balance_loss_backward(View ds, ConstView p, ConstView counts, int k, double coefficient) override {
    return run(device, in, &RouterOps::balance_loss_backward, ds, p, counts, k, coefficient);
  }
  void balance_gradient(View dp, ConstView counts, int k, double coefficient) override {
    return run(device, in, &RouterOps::balance_gradient, dp, counts, k, coefficient);
  }
  Scalar balance_loss(ConstView p, ConstView counts, int k) override {
    return run(device, in, &RouterOps::balance_loss, p, counts, k);
  }
  void log_sum_exp(View lse, ConstView s) override { return run(device, in, &RouterOps::log_sum_exp, lse, s); }
  void z_loss_backward(View ds, ConstView p, ConstView lse, double coefficient) override {
    return run(device, in, &RouterOps::z_loss_backward, ds, p, lse, coefficient);
  }
  Scalar mean_entropy(ConstView p) override { return run(device, in, &RouterOps::mean_entropy, p); }
  void sigmoid_forward(View y, ConstView x) override { return run(device, in, &RouterOps::sigmoid_forward, y, x); }
  void sigmoid_backward(View dx, ConstView dy, ConstView y, bool accumulate) override {
    return run(device, in, &RouterOps::sigmoid_backward, dx, dy, y, accumulate);
  }
  void add_row(View y, ConstView row, double alpha) override {
    return run(device, in, &RouterOps::add_row, y, row, alpha);
  }
  Scalar squared_cv(ConstView x) override { return run(device, in, &RouterOps::squared_cv, x); }
  void squared_cv_backward(View dx, ConstView x, double coefficient) override {
    return run(device, in, &RouterOps::squared_cv_backward, dx, x, coefficient);
  }
};

struct SoftThere final : SoftOps {
  TwinMemory& device;
  SoftOps& in;
  explicit SoftThere(TwinMemory& d) : device(d), in(d.backend.soft()) {}
  void unit_rows_forward(View y, View norms, ConstView x) override {
    return run(device, in, &SoftOps::unit_rows_forward, y, norms, x);
  }
  void unit_rows_backward(View dx, ConstView dy, ConstView y, ConstView norms) override {
    return run(device, in, &SoftOps::unit_rows_backward, dx, dy, y, norms);
  }
  void token_softmax_forward(View p, ConstView s, int batch) override {
    return run(device, in, &SoftOps::token_softmax_forward, p, s, batch);
  }
  void token_softmax_backward(View ds, ConstView dp, ConstView p, int batch) override {
    return run(device, in, &SoftOps::token_softmax_backward, ds, dp, p, batch);
  }
  void mix_forward(View mixed, ConstView x, ConstView weights, int batch) override {
    return run(device, in, &SoftOps::mix_forward, mixed, x, weights, batch);
  }
  void mix_backward(View dx, View dweights, ConstView dslots, ConstView x, ConstView weights, int batch) override {
    return run(device, in, &SoftOps::mix_backward, dx, dweights, dslots, x, weights, batch);
  }
  void unmix_forward(View y, ConstView mixed, ConstView weights, int batch, bool accumulate) override {
    return run(device, in, &SoftOps::unmix_forward, y, mixed, weights, batch, accumulate);
  }
  void unmix_backward(View dslots, View dweights, ConstView dy, ConstView mixed, ConstView weights,
                      int batch) override {
    return run(device, in, &SoftOps::unmix_backward, dslots, dweights, dy, mixed, weights, batch);
  }
};

class HostSide final : public Backend {
 public:
  HostSide(std::unique_ptr<Backend> device, std::unique_ptr<Backend> memory)
      : device_(std::move(device)), memory_(std::move(memory)) {}
  const std::string& name() const override { return device_->name(); }
  int threads() const override { return device_->threads(); }
  bool bf16_pays() const override { return device_->bf16_pays(); }
  bool stores_bf16() const override { return device_->stores_bf16(); }
  std::string describe() const override { return device_->describe(); }
  void* allocate(std::size_t bytes) override { return memory_->allocate(bytes); }
  void free(void* block, std::size_t bytes) override { memory_->free(block, bytes); }
  bool shares_host_memory() const override { return true; }
  void copy_from_host(View target, const void* source) override { memory_->copy_from_host(target, source); }
  void copy_to_host(void* target, ConstView source) override { memory_->copy_to_host(target, source); }
  void zero(View target) override { memory_->zero(target); }
  void synchronize() override { device_->synchronize(); }
  ActivationOps& activation() override { return activation_; }
  AttentionOps& attention() override { return attention_; }
  ChoiceOps& choice() override { return choice_; }
  DispatchOps& dispatch() override { return dispatch_; }
  EmbeddingOps& embedding() override { return embedding_; }
  LossOps& loss() override { return loss_; }
  MatmulOps& matmul() override { return matmul_; }
  NoiseOps& noise() override { return noise_; }
  NormOps& norm() override { return norm_; }
  OptimizerOps& optimizer() override { return optimizer_; }
  RouterOps& router() override { return router_; }
  SoftOps& soft() override { return soft_; }

 private:
  std::unique_ptr<Backend> device_, memory_;
  TwinMemory twins_{*device_};
  ActivationThere activation_{twins_};
  AttentionThere attention_{twins_};
  ChoiceThere choice_{twins_};
  DispatchThere dispatch_{twins_};
  EmbeddingThere embedding_{twins_};
  LossThere loss_{twins_};
  MatmulThere matmul_{twins_};
  NoiseThere noise_{twins_};
  NormThere norm_{twins_};
  OptimizerThere optimizer_{twins_};
  RouterThere router_{twins_};
  SoftThere soft_{twins_};
};

}  // namespace

std::unique_ptr<Backend> make_host_side(std::unique_ptr<Backend> device) {
  return std::make_unique<HostSide>(std::move(device), make_backend("cpu", 1));
}

}  // namespace moe::test
