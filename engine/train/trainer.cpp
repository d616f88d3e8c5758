// SPDX-License-Identifier: Apache-2.0
#include "engine/train/trainer.h"

#include <cmath>
#include <string>

#include "engine/core/error.h"
#include "engine/core/knob.h"
#include "engine/nn/host.h"
#include "engine/optim/adamw.h"
#include "engine/optim/clipping.h"
#include "engine/optim/schedule.h"
#include "engine/train/model_size.h"
#include "engine/train/trainer_impl.h"

namespace moe::train {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

MatmulPrecision precision_of(const Config& config, const Backend& backend) {
  const std::string& wanted = config.train.precision;
  const bool bf16 = wanted == "bf16" || (wanted == "auto" && backend.bf16_pays());
  return bf16 ? MatmulPrecision::bf16 : MatmulPrecision::native;
}

const Config& validated(const Config& config) {
  validate(config);
  return config;
}

Error diverged(std::int64_t step, const std::string& quantity, const std::string& found) {
  return Error(ErrorKind::diverged, "training diverged: " + quantity + " is " + found,
               "step " + std::to_string(step + 1),
               "a finite number; the weights are as after step " + std::to_string(step),
               "Lower optim.lr, or raise optim.warmup, and go on from here or from an earlier checkpoint.");
}

std::string in_words(double x) { return std::isnan(x) ? "not a number" : std::isinf(x) ? "infinite" : "too large"; }

}  // namespace

Trainer::Impl::Impl(const Config& c, const data::Dataset& d, std::unique_ptr<Backend> b)
    : config(validated(c)),
      dataset(d),
      backend(b ? std::move(b) : make_backend(config.train.device, config.train.threads)),
      dtype(config.train.precision == "f64" ? DType::f64 : DType::f32),
      ctx{*backend, precision_of(config, *backend)},
      model(build_model()),
      arena(*backend),
      scratch(*backend) {
  for (const auto* layer : model->moe_layers()) {
    tallies.emplace_back(layer->experts());
    histories.emplace_back(layer->experts());
  }
}

nn::Pass Trainer::Impl::begin(std::span<const std::int32_t> ids, int rows, int context) {
  for (const std::int32_t id : ids)
    if (id < 0 || id >= config.model.vocabulary)
      throw Error(ErrorKind::bad_input, "token id " + std::to_string(id) + " is outside the model's vocabulary",
                  "token ids", "0 to " + std::to_string(config.model.vocabulary - 1),
                  "Use the tokenizer that the model was made with, or raise model.vocabulary.");
  arena.reset();
  scratch.reset();
  nn::Pass pass{ctx, arena, scratch, dtype, rows, context, {}, false, config.seed};
  pass.token_ids = to_device(ids);
  return pass;
}

View Trainer::Impl::to_device(std::span<const std::int32_t> values) {
  View v = arena.take(DType::i32, {static_cast<std::int64_t>(values.size())});
  backend->copy_from_host(v, values.data());
  return v;
}

void Trainer::Impl::read_loss(nn::Pass& pass, std::span<const std::int32_t> targets, bool with_gradient) {
  const View loss = model->loss(pass, to_device(targets), with_gradient);
  host_loss.resize(targets.size());
  nn::read(ctx, host_loss, loss);
}

const data::Batch& Trainer::Impl::next_batch(int micro) {
  if (prefetched_micros != config.optim.accumulation) {
    prefetched_micros = config.optim.accumulation;
    prefetcher.emplace(dataset, config.seed, config.train.batch, config.model.context, prefetched_micros);
  }
  return prefetcher->get(static_cast<std::uint64_t>(step), micro);
}

/// Adds the gradient of one micro-batch; returns its mean task loss.
double Trainer::Impl::micro_batch(int micro) {
  const int rows = config.train.batch, context = config.model.context;
  const data::Batch& batch = next_batch(micro);
  nn::Pass pass = begin(batch.inputs, rows, context);
  pass.training = true;
  pass.step = static_cast<std::uint64_t>(step);
  pass.micro = micro;
  pass.loss_scale = 1.0 / config.optim.accumulation;
  model->forward(pass);
  read_loss(pass, batch.targets, /*with_gradient=*/true);
  double loss = 0;
  for (const double x : host_loss) loss += x;
  loss /= static_cast<double>(host_loss.size());
  if (!std::isfinite(loss)) throw diverged(step, "the loss", in_words(loss));
  model->backward(pass);
  for (std::size_t i = 0; i < tallies.size(); ++i) tallies[i].add(*model->moe_layers()[i], pass);
  return loss;
}

/// The gradient's norm. A float32 gradient whose square overflows would leave an infinite moment behind, so it counts
/// as diverged too.
double Trainer::Impl::check_gradients() {
  const double norm = optim::gradient_norm(ctx, model->parameters());
  const double limit = dtype == DType::f64 ? 1e150 : 1e18;
  if (norm * optim::clip_scale(norm, config.optim.clip) < limit) return norm;
  std::string name = "the gradient";
  for (const auto& e : model->parameters().exposed())
    if (e.gradient && !(ops::sum_of_squares(ctx, e.gradient) < limit * limit)) {
      name = "the gradient of " + e.part->name;
      break;
    }
  throw diverged(step, name, in_words(norm));
}

void Trainer::Impl::write_report(double loss, double norm, double lr, double elapsed, StepReport& report) {
  const std::int64_t count =
      static_cast<std::int64_t>(config.train.batch) * config.model.context * config.optim.accumulation;
  tokens += count;
  report.step = step;
  report.loss = loss;
  report.grad_norm = norm;
  report.lr = lr;
  report.tokens_per_second = static_cast<double>(count) / elapsed;
  report.seconds = seconds_since(started);
  report.tokens = tokens;
  report.top_k = config.router.top_k;
  report.layers.resize(tallies.size());
  for (std::size_t i = 0; i < tallies.size(); ++i) {
    tallies[i].write(model->moe_layers()[i]->layer(), report.layers[i]);
    model->moe_layers()[i]->read_bias(ctx, report.layers[i].bias);
  }
}

Trainer::Trainer(const Config& config, const data::Dataset& dataset) : Trainer(config, dataset, nullptr) {}
Trainer::Trainer(const Config& config, const data::Dataset& dataset, std::unique_ptr<Backend> backend)
    : impl_(std::make_unique<Impl>(config, dataset, std::move(backend))) {}
Trainer::~Trainer() = default;

const Config& Trainer::config() const { return impl_->config; }
std::int64_t Trainer::step_count() const { return impl_->step; }
std::int64_t Trainer::parameter_count() const { return model_size(impl_->config).parameters; }
std::int64_t Trainer::active_parameter_count() const { return model_size(impl_->config).active_parameters; }
double Trainer::flops_per_token() const { return model_size(impl_->config).flops_per_token; }
std::string Trainer::device() const { return impl_->backend->name(); }

std::string Trainer::precision() const {
  if (impl_->dtype == DType::f64) return "f64";
  return impl_->ctx.precision == MatmulPrecision::bf16 ? "bf16" : "f32";
}

StepReport Trainer::step() {
  StepReport report;
  step(report);
  return report;
}

void Trainer::step(StepReport& report) {
  Impl& self = *impl_;
  const auto start = Clock::now();
  const int micros = self.config.optim.accumulation;
  double loss = 0, norm = 0;
  for (auto& tally : self.tallies) tally.clear();
  try {
    for (int micro = 0; micro < micros; ++micro) loss += self.micro_batch(micro) / micros;
    for (std::size_t i = 0; i < self.tallies.size(); ++i)
      self.model->moe_layers()[i]->share_gradients(self.ctx, self.tallies[i].counts());
    norm = self.check_gradients();
  } catch (...) {
    self.backend->zero(self.model->parameters().all_gradients());  // so that the next attempt starts clean
    throw;
  }
  const double lr = optim::learning_rate(self.config.optim, self.step, self.config.train.steps);
  optim::adamw_step(self.ctx, self.model->parameters(), self.config.optim, lr, self.step + 1,
                    optim::clip_scale(norm, self.config.optim.clip));
  for (std::size_t i = 0; i < self.tallies.size(); ++i) {
    self.model->moe_layers()[i]->after_step(self.ctx, self.tallies[i].counts());
    self.histories[i].add(self.tallies[i].counts(), self.config.remedy.revive_after);
  }
  ++self.step;
  self.backend->synchronize();
  self.write_report(loss, norm, lr, seconds_since(start), report);
  self.revive_dead_experts();
  for (std::size_t i = 0; i < report.layers.size(); ++i) report.layers[i].revived = self.revived[i];
}

namespace {

template <class Tensor>
Tensor named(std::string name, const View& v) {
  Tensor t{std::move(name), {}, v.data, v.dtype == DType::f64};
  t.shape.assign(v.shape.dims.begin(), v.shape.dims.begin() + v.shape.rank);
  return t;
}

template <class Tensor>
std::vector<Tensor> parameter_tensors(const nn::ParameterSet& parameters) {
  std::vector<Tensor> out;
  for (const auto& e : parameters.exposed()) out.push_back(named<Tensor>(e.part->name, e.value));
  return out;
}

template <class Tensor>
std::vector<Tensor> moment_tensors(const nn::ParameterSet& parameters) {
  std::vector<Tensor> out;
  for (const auto& e : parameters.exposed()) {
    if (!e.first_moment) continue;
    out.push_back(named<Tensor>(e.part->name + ".exp_avg", e.first_moment));
    out.push_back(named<Tensor>(e.part->name + ".exp_avg_sq", e.second_moment));
  }
  return out;
}

}  // namespace

std::vector<NamedTensor> Trainer::parameters() const {
  return parameter_tensors<NamedTensor>(impl_->model->parameters());
}
std::vector<NamedTensor> Trainer::optimizer_state() const {
  return moment_tensors<NamedTensor>(impl_->model->parameters());
}
std::vector<MutableNamedTensor> Trainer::mutable_parameters() {
  return parameter_tensors<MutableNamedTensor>(impl_->model->parameters());
}
std::vector<MutableNamedTensor> Trainer::mutable_optimizer_state() {
  return moment_tensors<MutableNamedTensor>(impl_->model->parameters());
}

void Trainer::loaded(std::int64_t step, std::int64_t tokens) {
  impl_->step = step;
  impl_->tokens = tokens;
  impl_->started = Clock::now();
}

}  // namespace moe::train
