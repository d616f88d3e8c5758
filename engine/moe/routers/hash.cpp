// SPDX-License-Identifier: Apache-2.0
// Hash routing (Roller et al. 2021, 2106.04426): a fixed table from token id to expert, made before training. No
// weights, no losses: the control that shows what learning to route is worth. `balanced` gives the most frequent token
// to the least loaded expert, one after another. With k > 1 the next k − 1 experts follow, each weighing 1/k.
#include <algorithm>
#include <numeric>

#include "engine/moe/token_choice.h"

namespace moe::routing {
namespace {

std::vector<std::int32_t> random_table(const RouterShape& s) {
  const RandomStream stream(s.seed, Purpose::router_choice, 0, static_cast<std::uint32_t>(s.layer));
  std::vector<std::int32_t> table(static_cast<std::size_t>(s.vocabulary));
  for (std::size_t v = 0; v < table.size(); ++v)
    table[v] = static_cast<std::int32_t>(stream.below(v, static_cast<std::uint64_t>(s.experts)));
  return table;
}

std::vector<std::int32_t> balanced_table(const RouterShape& s) {
  std::vector<double> frequency = s.token_frequency ? s.token_frequency() : std::vector<double>();
  frequency.resize(static_cast<std::size_t>(s.vocabulary));
  std::vector<std::size_t> order(frequency.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return frequency[a] > frequency[b]; });
  std::vector<double> load(static_cast<std::size_t>(s.experts));
  std::vector<std::int32_t> table(frequency.size());
  for (const std::size_t v : order) {
    const auto least = std::min_element(load.begin(), load.end());
    table[v] = static_cast<std::int32_t>(least - load.begin());
    *least += std::max(frequency[v], 1e-9);  // so that tokens never seen spread too
  }
  return table;
}

class Hash final : public Router {
 public:
  explicit Hash(const RouterParameters&) {}
  void forward(const RouterInput& in, Decision& out) override {
    auto exact = in.exact();
    refresh(in);
    out.choices = in.settings.router.top_k;
    out.ids = in.pass.arena.take(DType::i32, {in.tokens(), out.choices});
    ops::table_choices(exact, out.ids, table_.view(), in.pass.token_ids, in.shape.experts);
    move_choices(in, no_scores(in), out.ids);
    out.weights = in.take(out.ids.shape);
    ops::fill(exact, out.weights, 1.0 / out.choices);
    settle(in, out);
    out.probabilities = probabilities_of_weights(in, out);
  }
  void backward(const RouterInput&, const Decision&, ConstView, View) override {}

 private:
  void refresh(const RouterInput& in) {
    const std::string& kind = in.settings.router.hash;
    if (kind == kind_) return;
    const auto table = kind == "balanced" ? balanced_table(in.shape) : random_table(in.shape);
    table_ = Buffer(in.pass.ctx.backend, DType::i32, {in.shape.vocabulary});
    in.pass.ctx.backend.copy_from_host(table_.view(), table.data());
    kind_ = kind;
  }
  static View no_scores(const RouterInput& in) {
    auto exact = in.exact();
    const View zero = in.take({in.tokens(), in.shape.experts});
    ops::fill(exact, zero, 0.0);
    return zero;
  }

  std::string kind_;
  Buffer table_;  // [V]
};

}  // namespace

RouterEntry hash_entry();
RouterEntry hash_entry() {
  return {{"hash", "Hash", "A fixed table sends each token of the vocabulary to its expert; nothing is learned.",
           "Hash Layers, Roller et al. 2021 (2106.04426)", /*causal=*/true, /*fixed_top_k=*/0, /*mixes_tokens=*/false,
           common_settings({"router.top_k", "router.hash"})},
          [](const RouterShape&) { return std::vector<RouterParameter>{}; },
          [](RouterParameters parameters) -> std::unique_ptr<Router> {
            return std::make_unique<Hash>(std::move(parameters));
          }};
}

}  // namespace moe::routing
