// SPDX-License-Identifier: Apache-2.0
#include "engine/train/trainer.h"

#include <cmath>
#include <string>
#include <type_traits>

#include "engine/core/error.h"
#include "engine/core/knob.h"
#include "engine/data/plane/plane_data.h"
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

Error diverged(std::int64_t step, const std::string& quantity, const std::string& found) {
  return Error(ErrorKind::diverged, "training diverged: " + quantity + " is " + found,
               "step " + std::to_string(step + 1),
               "a finite number; the weights are as after step " + std::to_string(step),
               "Lower optim.lr, or raise optim.warmup, and go on from here or from an earlier checkpoint.");
}

std::string in_words(double x) { return std::isnan(x) ? "not a number" : std::isinf(x) ? "infinite" : "too large"; }

/// Whether train.only names the parameter's group. A layer's router is all of its block that is no expert.
bool trains(const std::string& only, const std::string& name) {
  const bool moe = name.find(".block_sparse_moe.") != std::string::npos;
  const bool expert = name.find(".experts.") != std::string::npos || name.find(".shared_experts.") != std::string::npos;
  return only == "router" ? moe && !expert : moe && expert;
}

}  // namespace

Trainer::Impl::Impl(const Config& c, const data::TaskData& d, std::unique_ptr<Backend> b)
    : Workbench(c, std::move(b), d.plane() ? d.plane()->classes() : 0), data(d), task(make_task(*this, d)) {
  if (const data::Dataset* text = d.text()) count_tokens = [this, text] { return count_of_tokens(config, *text); };
  for (const auto* layer : model->moe_layers()) {
    tallies.emplace_back(layer->experts());
    histories.emplace_back(layer->experts());
  }
}

/// Adds the gradient of one micro-batch; returns its mean task loss.
double Trainer::Impl::micro_batch(int micro) {
  nn::Pass pass = task->begin(static_cast<std::uint64_t>(step), micro);
  pass.training = true;
  pass.step = static_cast<std::uint64_t>(step);
  pass.micro = micro;
  pass.loss_scale = 1.0 / config.optim.accumulation;
  const View output = model->forward(pass);
  for (auto* layer : model->moe_layers()) layer->ask(pass);  // arrives with the loss
  task->read_loss(pass, output);
  double loss = 0;
  for (const double x : host_loss) loss += x;
  loss /= static_cast<double>(host_loss.size());
  if (!std::isfinite(loss)) throw diverged(step, "the loss", in_words(loss));
  model->backward(pass);
  for (std::size_t i = 0; i < tallies.size(); ++i) tallies[i].add(*model->moe_layers()[i], pass);
  return loss;
}

/// With train.only, the gradients of all other parameters are forgotten: they count for nothing in the norm.
void Trainer::Impl::keep_still() {
  if (config.train.only == "all") return;
  for (const auto& e : model->parameters().exposed())
    if (e.gradient && !trains(config.train.only, e.part->name)) backend->zero(e.gradient);
}

/// AdamW on everything, or on the parameters that train.only names and nothing else: no decay, no momentum.
void Trainer::Impl::update(double norm, double lr) {
  const double scale = optim::clip_scale(norm, config.optim.clip);
  if (config.train.only == "all") return optim::adamw_step(ctx, model->parameters(), config.optim, lr, step + 1, scale);
  for (const auto& e : model->parameters().exposed()) {
    if (!e.first_moment || !trains(config.train.only, e.part->name)) continue;
    const double decay = e.kind == nn::ParameterKind::matrix ? config.optim.weight_decay : 0.0;
    ops::adamw_step(ctx, e.value, e.gradient, e.first_moment, e.second_moment,
                    {lr, config.optim.beta1, config.optim.beta2, config.optim.eps, decay, step + 1, scale});
  }
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
      static_cast<std::int64_t>(config.train.batch) * positions_per_row(config) * config.optim.accumulation;
  tokens += count;
  report.step = step;
  report.loss = loss;
  report.grad_norm = norm;
  report.lr = lr;
  report.tokens_per_second = static_cast<double>(count) / elapsed;
  report.seconds = seconds_since(started);
  report.tokens = tokens;
  report.top_k = config.router.top_k;
  task->score(report);
  report.layers.resize(tallies.size());
  for (std::size_t i = 0; i < tallies.size(); ++i) {
    tallies[i].write(model->moe_layers()[i]->layer(), report.layers[i]);
    model->moe_layers()[i]->read_bias(ctx, report.layers[i].bias);
  }
}

Trainer::Trainer(const Config& config, const data::TaskData& data) : Trainer(config, data, nullptr) {}
Trainer::Trainer(const Config& config, const data::TaskData& data, std::unique_ptr<Backend> backend)
    : impl_(std::make_unique<Impl>(config, data, std::move(backend))) {}
Trainer::~Trainer() = default;

const Config& Trainer::config() const { return impl_->config; }
std::int64_t Trainer::step_count() const { return impl_->step; }
std::int64_t Trainer::parameter_count() const { return impl_->model->parameters().count(); }
std::int64_t Trainer::active_parameter_count() const { return impl_->size().active_parameters; }
double Trainer::flops_per_token() const { return impl_->size().flops_per_token; }
EvalReport Trainer::evaluate(int windows_per_domain) const {
  EvalReport report = impl_->task->evaluate(windows_per_domain);
  report.step = impl_->step;
  return report;
}

std::vector<int> Trainer::moe_layers() const {
  std::vector<int> layers;
  for (const auto* layer : impl_->model->moe_layers()) layers.push_back(layer->layer());
  return layers;
}
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
    self.keep_still();
    norm = self.check_gradients();
  } catch (...) {
    self.backend->zero(self.model->parameters().all_gradients());  // so that the next attempt starts clean
    self.backend->finish_copies();                                 // to layers that may be gone by the next wait
    throw;
  }
  const double lr = optim::learning_rate(self.config.optim, self.step, self.config.train.steps);
  self.update(norm, lr);
  for (std::size_t i = 0; i < self.tallies.size(); ++i) {
    if (self.config.train.only != "experts")
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
Tensor named(std::string name, const View& v, HostTensors& host, Backend& backend) {
  Tensor t{std::move(name),
           {},
           host.read(backend, v, !std::is_const_v<std::remove_pointer_t<decltype(Tensor::data)>>),
           v.dtype == DType::f64};
  t.shape.assign(v.shape.dims.begin(), v.shape.dims.begin() + v.shape.rank);
  return t;
}

template <class Tensor>
std::vector<Tensor> parameter_tensors(const nn::ParameterSet& parameters, HostTensors& host, Backend& backend) {
  std::vector<Tensor> out;
  for (const auto& e : parameters.exposed()) out.push_back(named<Tensor>(e.part->name, e.value, host, backend));
  return out;
}

template <class Tensor>
std::vector<Tensor> moment_tensors(const nn::ParameterSet& parameters, HostTensors& host, Backend& backend) {
  std::vector<Tensor> out;
  for (const auto& e : parameters.exposed()) {
    if (!e.first_moment) continue;
    out.push_back(named<Tensor>(e.part->name + ".exp_avg", e.first_moment, host, backend));
    out.push_back(named<Tensor>(e.part->name + ".exp_avg_sq", e.second_moment, host, backend));
  }
  return out;
}

}  // namespace

std::vector<NamedTensor> Trainer::parameters() const {
  return parameter_tensors<NamedTensor>(impl_->model->parameters(), impl_->host_tensors, *impl_->backend);
}
std::vector<NamedTensor> Trainer::optimizer_state() const {
  return moment_tensors<NamedTensor>(impl_->model->parameters(), impl_->host_tensors, *impl_->backend);
}
std::vector<MutableNamedTensor> Trainer::mutable_parameters() {
  return parameter_tensors<MutableNamedTensor>(impl_->model->parameters(), impl_->host_tensors, *impl_->backend);
}
std::vector<MutableNamedTensor> Trainer::mutable_optimizer_state() {
  return moment_tensors<MutableNamedTensor>(impl_->model->parameters(), impl_->host_tensors, *impl_->backend);
}

void Trainer::loaded(std::int64_t step, std::int64_t tokens) {
  impl_->host_tensors.write_back(*impl_->backend);
  impl_->step = step;
  impl_->tokens = tokens;
  impl_->started = Clock::now();
}

}  // namespace moe::train
