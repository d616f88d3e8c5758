// SPDX-License-Identifier: Apache-2.0
#include "engine/moe/moe_layer.h"

#include <algorithm>
#include <cstring>

#include "engine/core/error.h"
#include "engine/nn/host.h"
#include "engine/nn/initialisation.h"

namespace moe::routing {
namespace {

const Config& checked(const Config& config) {
  check_policy(config);
  return config;
}

std::vector<std::pair<RouterParameter, nn::ParameterId>> register_router(nn::ParameterSet& set,
                                                                         const RouterEntry& entry,
                                                                         const RouterShape& shape,
                                                                         const std::string& prefix) {
  std::vector<std::pair<RouterParameter, nn::ParameterId>> out;
  for (auto& p : entry.parameters(shape)) {
    nn::Part part = p.part;
    part.name = prefix + part.name;
    const nn::ParameterId id = set.add(p.kind, std::move(part));
    out.emplace_back(std::move(p), id);
  }
  return out;
}

// n un-gated shared experts of width F are one feed-forward of width n·F; the name follows DeepSeek's.
std::unique_ptr<nn::DenseFeedForward> make_shared_experts(nn::ParameterSet& set, const ModelConfig& model,
                                                          const std::string& prefix) {
  if (model.shared_experts == 0) return nullptr;
  const nn::DenseFeedForward::Shape shape{model.width, model.shared_experts * model.expert_width,
                                          nn::activation_of(model.activation), model.init_std, nn::residual_std(model)};
  const std::string name = prefix + "shared_experts.";
  return std::make_unique<nn::DenseFeedForward>(
      set, shape, nn::FeedForwardNames{name + "w1.weight", name + "w3.weight", name + "w2.weight"});
}

template <class T>
T number_at(const std::vector<std::byte>& bytes, std::size_t i) {
  T number;
  std::memcpy(&number, bytes.data() + i * sizeof number, sizeof number);
  return number;
}

}  // namespace

MoeLayer::MoeLayer(nn::ParameterSet& parameters, const Config& config, int layer, const std::string& prefix,
                   std::function<std::vector<double>()> token_frequency)
    : parameters_(parameters),
      config_(checked(config)),
      shape_{layer,
             config.model.width,
             config.model.experts,
             config.model.vocabulary,
             config.model.init_std,
             config.seed,
             config.router.slots_each,
             std::move(token_frequency)},
      router_parameters_(register_router(parameters, find_router(config.router.policy), shape_, prefix)),
      router_(find_router(config.router.policy).make(bind(find_router(config.router.policy)))),
      experts_(parameters, config.model, prefix),
      shared_(make_shared_experts(parameters, config.model, prefix)),
      host_counts_(static_cast<std::size_t>(config.model.experts)),
      host_kept_(host_counts_.size()) {}

View MoeLayer::forward(nn::Pass& pass, ConstView x) {
  x_ = x;
  decision_ = {};
  asked_.reset();
  router_->forward(input(pass), decision_);
  if (decision_.combine) return forward_soft(pass, x);
  const View x_sorted = dispatcher_.dispatch(pass, x, decision_, shape_.experts);
  const View y_sorted = pass.take_scratch_operand(x_sorted.shape);
  experts_.forward(pass, y_sorted, x_sorted, plan().offsets, plan().weights);
  View y = shared_ ? shared_->forward(pass, x) : pass.take(x.shape);
  dispatcher_.combine(pass, y, y_sorted, /*accumulate=*/shared_ != nullptr);
  return y;
}

// Slots instead of sorted assignments: those of one expert are neighbours, the same number for each.
View MoeLayer::forward_soft(nn::Pass& pass, ConstView x) {
  const std::int64_t slots = decision_.dispatch.dim(1) * pass.batch;
  std::vector<std::int32_t>& ends = host_offsets_;
  ends.resize(static_cast<std::size_t>(shape_.experts) + 1);
  for (std::size_t e = 0; e < ends.size(); ++e)
    ends[e] = static_cast<std::int32_t>(slots / shape_.experts * static_cast<std::int64_t>(e));
  soft_offsets_ = pass.arena.take(DType::i32, {shape_.experts + 1});
  pass.ctx.backend.copy_from_host(soft_offsets_, ends.data());
  View mixed = pass.take({slots, x.dim(1)});
  ops::mix_forward(pass.ctx, mixed, x, decision_.dispatch, pass.batch);
  soft_y_ = pass.take(mixed.shape);
  experts_.forward(pass, soft_y_, mixed, soft_offsets_);
  View y = shared_ ? shared_->forward(pass, x) : pass.take(x.shape);
  ops::unmix_forward(pass.ctx, y, soft_y_, decision_.combine, pass.batch, /*accumulate=*/shared_ != nullptr);
  return y;
}

View MoeLayer::backward_soft(nn::Pass& pass, ConstView dy) {
  View dslots = pass.take_scratch(soft_y_.shape), dsorted = pass.take_scratch(soft_y_.shape);
  View dmixed = pass.take_scratch(x_.shape);
  View ddispatch = pass.take_scratch(decision_.dispatch.shape), dcombine = pass.take_scratch(decision_.combine.shape);
  ops::unmix_backward(pass.ctx, dslots, dcombine, dy, soft_y_, decision_.combine, pass.batch);
  experts_.backward(pass, dsorted, dslots, soft_offsets_);
  ops::mix_backward(pass.ctx, dmixed, ddispatch, dsorted, x_, decision_.dispatch, pass.batch);
  View dx = shared_ ? shared_->backward(pass, dy) : dmixed;
  if (shared_) ops::add_scaled(pass.ctx, dx, dmixed, 1.0);
  router_->soft_backward(input(pass), decision_, ddispatch, dcombine, dx);
  return dx;
}

View MoeLayer::backward(nn::Pass& pass, ConstView dy) {
  if (decision_.combine) return backward_soft(pass, dy);
  const View dy_sorted = dispatcher_.combine_backward(pass, dy), dx_sorted = pass.take_scratch_operand(dy_sorted.shape);
  const View dweights = pass.take_scratch(plan().weights.shape);
  experts_.backward(pass, dx_sorted, dy_sorted, plan().offsets, dweights);
  View dx = shared_ ? shared_->backward(pass, dy) : pass.take_scratch(dy.shape);
  dispatcher_.dispatch_backward(pass, dx, dx_sorted, /*accumulate=*/shared_ != nullptr);
  router_->backward(input(pass), decision_, dispatcher_.by_choice(pass, dweights), dx);
  return dx;
}

void MoeLayer::ask(nn::Pass& pass) {
  const Decision& d = decision_;
  Asked& a = asked_.emplace();
  pass.ctx.backend.copy_to_host_later(host_counts_.data(), d.counts);
  if (d.kept_counts) pass.ctx.backend.copy_to_host_later(host_kept_.data(), d.kept_counts);
  host_mass_.resize(d.mass.bytes());
  pass.ctx.backend.copy_to_host_later(host_mass_.data(), d.mass);
  a.token_entropy = ops::mean_entropy(pass.ctx, d.probabilities);
  a.importance_cv2 = ops::squared_cv(pass.ctx, d.importance ? d.importance : d.mass);
  if (d.balance_counts)
    a.balance_loss = ops::balance_loss(pass.ctx, d.probabilities, d.balance_counts, d.balance_choices);
  if (d.log_sum_exp) a.squared_lse = ops::sum_of_squares(pass.ctx, d.log_sum_exp);
  if (d.load) a.load_cv2 = ops::squared_cv(pass.ctx, d.load);
}

LayerStatistics MoeLayer::collect(nn::Pass& pass, ExpertTally& tally) {
  if (!asked_) ask(pass);
  pass.ctx.backend.finish_copies();
  const Decision& d = decision_;
  const auto& kept = d.kept_counts ? host_kept_ : host_counts_;
  for (std::size_t e = 0; e < host_counts_.size(); ++e) {
    tally.counts[e] += host_counts_[e];
    tally.kept[e] += kept[e];
    tally.mass[e] += d.mass.dtype == DType::f64 ? number_at<double>(host_mass_, e)
                                                : static_cast<double>(number_at<float>(host_mass_, e));
  }
  tally.can_drop = tally.can_drop || d.kept_counts;

  LayerStatistics out;
  out.token_entropy = asked_->token_entropy;
  out.importance_cv2 = asked_->importance_cv2;
  if (d.balance_counts) out.balance_loss = d.balance_scale * asked_->balance_loss;
  if (d.log_sum_exp) out.z_loss = asked_->squared_lse / static_cast<double>(d.log_sum_exp.size());
  if (d.load) out.load_cv2 = asked_->load_cv2;
  asked_.reset();
  return out;
}

// The mean over the busy experts, tensor by tensor; both stored tensors hold one expert after another.
void MoeLayer::share_gradients(ops::Context& ctx, std::span<const std::int64_t> counts) {
  const double share = config_.remedy.idle_share;
  const auto idle = std::count(counts.begin(), counts.end(), 0);
  const auto experts = static_cast<std::ptrdiff_t>(counts.size());
  if (share <= 0 || idle == 0 || idle == experts) return;
  for (const nn::ParameterId id : {experts_.input_weights(), experts_.output_weights()}) {
    const View all = parameters_.gradient(id);
    const std::int64_t size = all.size() / experts;
    const View flat = all.reshaped({experts, size});
    if (!shared_gradient_ || shared_gradient_.view().size() < size)
      shared_gradient_ = Buffer(ctx.backend, all.dtype, {size});
    const View mean = shared_gradient_.view().rows(0, size);
    ops::fill(ctx, mean, 0.0);
    const auto of = [&](std::ptrdiff_t e) { return flat.rows(e, e + 1).reshaped({size}); };
    for (std::ptrdiff_t e = 0; e < experts; ++e)
      if (counts[static_cast<std::size_t>(e)] > 0)
        ops::add_scaled(ctx, mean, of(e), share / static_cast<double>(experts - idle));
    for (std::ptrdiff_t e = 0; e < experts; ++e)
      if (counts[static_cast<std::size_t>(e)] == 0) ops::add_scaled(ctx, of(e), mean, 1.0);
  }
}

RouterParameters MoeLayer::bind(const RouterEntry& entry) const {
  RouterParameters out{parameters_, {}};
  for (const auto& wanted : entry.parameters(shape_)) {
    const auto found = std::find_if(router_parameters_.begin(), router_parameters_.end(), [&](const auto& have) {
      return have.first.part.name == wanted.part.name && have.first.part.shape == wanted.part.shape;
    });
    if (found == router_parameters_.end())
      throw Error(ErrorKind::usage, "policy '" + entry.info.name + "' needs the tensor '" + wanted.part.name + "'",
                  "router.policy", "this model was built without it", "start a new run with this policy");
    out.ids.push_back(found->second);
  }
  return out;
}

void MoeLayer::read_bias(ops::Context& ctx, std::vector<double>& out) const {
  out.clear();
  for (const auto& [parameter, id] : router_parameters_) {
    if (parameter.kind != nn::ParameterKind::state) continue;
    out.resize(static_cast<std::size_t>(shape_.experts));
    nn::read(ctx, out, parameters_.value(id));
  }
}

bool MoeLayer::has_tensors_of(const std::string& policy) const {
  const auto wanted = find_router(policy).parameters(shape_);
  return wanted.size() == router_parameters_.size() &&
         std::equal(wanted.begin(), wanted.end(), router_parameters_.begin(), [](const auto& w, const auto& have) {
           return w.part.name == have.first.part.name && w.part.shape == have.first.part.shape;
         });
}

void MoeLayer::set_policy(const std::string& policy) {
  const RouterEntry& entry = find_router(policy);
  router_ = entry.make(bind(entry));
}

}  // namespace moe::routing
