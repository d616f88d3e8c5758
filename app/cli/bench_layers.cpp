// SPDX-License-Identifier: Apache-2.0
#include "app/cli/bench_layers.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "app/cli/bench_timing.h"
#include "engine/backend/make_backend.h"
#include "engine/core/architecture.h"
#include "engine/core/random.h"
#include "engine/moe/moe_layer.h"
#include "engine/nn/initialisation.h"
#include "engine/train/model_size.h"

namespace moe::cli {
namespace {

constexpr int kWarmUpTurns = 3, kLeastTurns = 5, kMostTurns = 1000;
constexpr int kMostLayers = 4;  // all are alike, and three stacks of a large model's do not fit beside each other

/// Experts' rows that one token becomes.
int rows_per_token(const Config& config) {
  const routing::RouterInfo& info = routing::find_router(config.router.policy).info;
  const int experts = config.model.experts;
  if (info.mixes_tokens) return experts * config.router.slots_each;  // a point is a sequence of its own
  return std::min(experts, info.fixed_top_k > 0 ? info.fixed_top_k : config.router.top_k);
}

/// Layers with what their passes need.
struct Stack {
  Stack(ops::Context& ctx, const Config& config, DType dtype)
      : arena(ctx.backend),
        scratch(ctx.backend),
        pass{ctx, arena, scratch, dtype, config.train.batch, positions_per_row(config), {}} {
    pass.training = true, pass.seed = config.seed, pass.loss_scale = 1.0 / config.optim.accumulation;
  }
  nn::ParameterSet parameters;
  Arena arena, scratch;
  nn::Pass pass;
};

class Comparison {
 public:
  Comparison(const Config& config, const std::string& precision);
  void turn();
  void forget() { moe_.clear(), experts_.clear(), dense_.clear(); }
  OrderedJson result() const;

 private:
  struct Layer {
    std::unique_ptr<routing::MoeLayer> moe;
    std::unique_ptr<nn::DenseFeedForward> dense;
    Buffer x;        // [T,D] that both are given
    Buffer operand;  // the same as the norm before a dense layer stores it; nothing where that is x
    ConstView dense_x() const { return operand ? operand.view() : x.view(); }
  };
  Buffer normal(const Shape& shape);
  /// x as products alone read it; nothing where that is x itself.
  Buffer as_operand(const Buffer& x);
  void prepare_experts();
  void run_moe();
  void run_experts();
  void run_dense();
  template <class Work>
  double seconds_of(Work work) {
    backend_->synchronize();
    const auto start = Clock::now();
    work();
    backend_->synchronize();
    return seconds_since(start);
  }
  double busiest_expert() const;

  Config config_;
  std::unique_ptr<Backend> backend_;
  ops::Context ctx_;
  DType dtype_;
  std::uint32_t lane_ = 0;
  int hidden_;
  Stack sparse_, alone_, equal_;  // whole expert layers, their experts, dense layers
  std::vector<Layer> layers_;
  Buffer dy_, token_ids_, sorted_, dsorted_, slot_offsets_;  // sorted_: rows for the experts alone
  std::vector<double> moe_, experts_, dense_;                // seconds of every turn
};

Comparison::Comparison(const Config& config, const std::string& precision)
    : config_(config),
      backend_(make_backend(config.train.device, config.train.threads)),
      ctx_{*backend_, precision == "bf16" ? MatmulPrecision::bf16 : MatmulPrecision::native},
      dtype_(precision == "f64" ? DType::f64 : DType::f32),
      hidden_((rows_per_token(config) + config.model.shared_experts) * config.model.expert_width),
      sparse_(ctx_, config, dtype_),
      alone_(ctx_, config, dtype_),
      equal_(ctx_, config, dtype_) {
  const ModelConfig& model = config_.model;
  const std::int64_t tokens = sparse_.pass.tokens();
  const nn::DenseFeedForward::Shape shape{model.width, hidden_, nn::activation_of(model.activation), model.init_std,
                                          nn::residual_std(model)};
  for (int i = 0; i < model.layers && layers_.size() < kMostLayers; ++i) {
    if (is_dense(model, i)) continue;
    const std::string name = std::to_string(i) + ".";
    layers_.push_back({std::make_unique<routing::MoeLayer>(sparse_.parameters, config_, i, name),
                       std::make_unique<nn::DenseFeedForward>(
                           equal_.parameters, shape, nn::FeedForwardNames{name + "gate", name + "up", name + "down"}),
                       normal({tokens, model.width}),
                       {}});
    layers_.back().operand = as_operand(layers_.back().x);
  }
  for (Stack* stack : {&sparse_, &equal_}) {
    stack->parameters.allocate(*backend_, dtype_, ops::operand_dtype(ctx_, dtype_));
    stack->parameters.initialise(config_.seed);
    stack->parameters.refresh_operands(ctx_);
  }
  dy_ = normal({tokens, model.width});
  const RandomStream stream(config_.seed, Purpose::sample);
  std::vector<std::int32_t> ids(static_cast<std::size_t>(tokens));  // for routers that go by the token's id
  for (std::size_t t = 0; t < ids.size(); ++t)
    ids[t] = static_cast<std::int32_t>(stream.below(t, static_cast<std::uint64_t>(model.vocabulary)));
  token_ids_ = Buffer(*backend_, DType::i32, {tokens});
  backend_->copy_from_host(token_ids_.view(), ids.data());
  sparse_.pass.token_ids = token_ids_.view();
  run_moe();
  prepare_experts();
}

Buffer Comparison::normal(const Shape& shape) {
  Buffer buffer(*backend_, dtype_, shape);
  backend_->zero(buffer.view());
  ops::add_normal(ctx_, buffer.view(), RandomStream(config_.seed, Purpose::sample, 1, lane_++), 1.0);
  return buffer;
}

Buffer Comparison::as_operand(const Buffer& x) {
  const DType stored = ops::operand_dtype(ctx_, dtype_);
  if (stored == dtype_) return {};
  Buffer buffer(*backend_, stored, x.view().shape);
  ops::copy(ctx_, buffer.view(), x.view());
  return buffer;
}

/// Rows as many as the layers have room for, and where a soft mixture's experts begin: at equal distances.
void Comparison::prepare_experts() {
  const routing::MoeLayer& first = *layers_.front().moe;
  const routing::Decision& d = first.decision();
  const std::int64_t slots = d.combine ? d.combine.dim(1) * sparse_.pass.batch : 0;
  const std::int64_t rows = d.combine ? slots : first.plan().token_ids.dim(0);
  for (Buffer* buffer : {&sorted_, &dsorted_}) {
    *buffer = normal({rows, config_.model.width});
    if (Buffer stored = as_operand(*buffer)) *buffer = std::move(stored);
  }
  if (!d.combine) return;
  std::vector<std::int32_t> ends(static_cast<std::size_t>(config_.model.experts) + 1);
  for (std::size_t e = 0; e < ends.size(); ++e)
    ends[e] = static_cast<std::int32_t>(slots / config_.model.experts * static_cast<std::int64_t>(e));
  slot_offsets_ = Buffer(*backend_, DType::i32, {static_cast<std::int64_t>(ends.size())});
  backend_->copy_from_host(slot_offsets_.view(), ends.data());
}

// As a block does: what a pass leaves in scratch ends with it.
void Comparison::run_moe() {
  sparse_.arena.reset();
  for (Layer& layer : layers_) {
    layer.moe->forward(sparse_.pass, layer.x.view());
    sparse_.scratch.reset();
  }
  for (auto layer = layers_.rbegin(); layer != layers_.rend(); ++layer) {
    layer->moe->backward(sparse_.pass, dy_.view());
    sparse_.scratch.reset();
  }
}

void Comparison::run_dense() {
  equal_.arena.reset();
  for (Layer& layer : layers_) layer.dense->forward(equal_.pass, layer.dense_x());
  for (auto layer = layers_.rbegin(); layer != layers_.rend(); ++layer) {
    layer->dense->backward(equal_.pass, dy_.view());
    equal_.scratch.reset();
  }
}

// By the plans of the turn's run_moe, which lie in its arena.
void Comparison::run_experts() {
  const auto offsets = [&](const Layer& layer) {
    return slot_offsets_ ? slot_offsets_.view() : layer.moe->plan().offsets;
  };
  const auto weights = [&](const Layer& layer) { return slot_offsets_ ? View() : layer.moe->plan().weights; };
  nn::Pass& pass = alone_.pass;
  alone_.arena.reset();
  for (Layer& layer : layers_) {
    layer.moe->grouped().forward(pass, pass.take_scratch_operand(sorted_.view().shape), sorted_.view(), offsets(layer),
                                 weights(layer));
    if (nn::FeedForward* shared = layer.moe->shared()) shared->forward(pass, layer.x.view());
    alone_.scratch.reset();
  }
  for (auto layer = layers_.rbegin(); layer != layers_.rend(); ++layer) {
    const View dweights = weights(*layer) ? pass.take_scratch(weights(*layer).shape) : View();
    layer->moe->grouped().backward(pass, pass.take_scratch_operand(dsorted_.view().shape), dsorted_.view(),
                                   offsets(*layer), dweights);
    if (nn::FeedForward* shared = layer->moe->shared()) shared->backward(pass, dy_.view());
    alone_.scratch.reset();
  }
}

void Comparison::turn() {
  moe_.push_back(seconds_of([&] { run_moe(); }));
  experts_.push_back(seconds_of([&] { run_experts(); }));
  dense_.push_back(seconds_of([&] { run_dense(); }));
}

double Comparison::busiest_expert() const {
  double most = 0;
  std::vector<std::int32_t> counts(static_cast<std::size_t>(config_.model.experts));
  for (const Layer& layer : layers_) {
    backend_->copy_to_host(counts.data(), layer.moe->decision().counts);
    double sum = 0;
    for (const std::int32_t n : counts) sum += n;
    most = std::max(most, *std::max_element(counts.begin(), counts.end()) * static_cast<double>(counts.size()) / sum);
  }
  return most;
}

OrderedJson Comparison::result() const {
  const double moe = median(moe_), experts = median(experts_), dense = median(dense_);
  return {{"ratio", moe / dense},
          {"experts_ratio", experts / dense},
          {"moe_milliseconds", 1e3 * moe},
          {"experts_milliseconds", 1e3 * experts},
          {"dense_milliseconds", 1e3 * dense},
          {"repetitions", moe_.size()},
          {"layers", layers_.size()},
          {"tokens", sparse_.pass.tokens()},
          {"dense_hidden", hidden_},
          {"busiest_expert", busiest_expert()}};
}

}  // namespace

OrderedJson compare_with_dense(const Config& config, const std::string& precision, double seconds) {
  bool any = false;
  for (int i = 0; i < config.model.layers; ++i) any = any || !is_dense(config.model, i);
  if (!any) return {{"ratio", nullptr}, {"reason", "this model has no expert layers to compare with dense ones"}};
  Comparison comparison(config, precision);
  for (int i = 0; i < kWarmUpTurns; ++i) comparison.turn();
  comparison.forget();
  const auto start = Clock::now();
  for (int i = 0; i < kLeastTurns || (i < kMostTurns && seconds_since(start) < seconds); ++i) comparison.turn();
  return comparison.result();
}

std::string dense_ratio_text(const OrderedJson& c) {
  if (c.at("ratio").is_null()) return "expert layers: " + c.at("reason").get<std::string>() + "\n";
  return fmt::format(
      "expert layers: {:.2f} × a dense layer of the same active FLOPs, of which {:.2f} the experts' products\n"
      "  {:.3f}, {:.3f} and {:.3f} ms forward and backward of {} tokens through {} layer{}; dense with {} hidden "
      "units;\n"
      "  random rows, busiest expert {:.2f} × its fair share; medians of {} turns\n",
      c.at("ratio").get<double>(), c.at("experts_ratio").get<double>(), c.at("moe_milliseconds").get<double>(),
      c.at("experts_milliseconds").get<double>(), c.at("dense_milliseconds").get<double>(),
      human(c.at("tokens").get<double>()), c.at("layers").get<int>(), c.at("layers").get<int>() == 1 ? "" : "s",
      human(c.at("dense_hidden").get<double>()), c.at("busiest_expert").get<double>(), c.at("repetitions").get<int>());
}

}  // namespace moe::cli
