// SPDX-License-Identifier: Apache-2.0
// Soft MoE (Puigcerver et al. 2023, 2308.00951): logits = scale·(x/|x|)·(φ/|φ|)ᵀ between tokens and slots; a slot is
// the sum of its sequence's tokens weighted by a softmax over tokens, a token's answer the sum of all slots' answers
// weighted by a softmax over slots. Everything is differentiable, nothing is dropped, no loss balances. Every token
// sees every other one, so it is refused where the next token is predicted; a point of the plane is a sequence of its
// own, and there this is the classic soft mixture (Jacobs et al. 1991).
#include "engine/moe/token_choice.h"
#include "engine/nn/host.h"

namespace moe::routing {
namespace {

class SoftMoe final : public Router {
 public:
  explicit SoftMoe(RouterParameters parameters) : parameters_(std::move(parameters)) {}
  void forward(const RouterInput& in, Decision& out) override;
  void backward(const RouterInput&, const Decision&, ConstView, View) override {}
  void soft_backward(const RouterInput& in, const Decision& decision, ConstView ddispatch, ConstView dcombine,
                     View dx) override;

 private:
  enum : std::size_t { kSlots, kScale };  // φ[M,D], scale[1]

  double scale(const RouterInput& in) const {
    auto exact = in.exact();
    double value = 0;
    nn::read(exact, {&value, 1}, parameters_.value(kScale));
    return value;
  }
  void share_out(const RouterInput& in, Decision& out) const;

  RouterParameters parameters_;
  View x_, x_norms_, slots_, slot_norms_;  // unit rows [T,D], [M,D] and their lengths
  View cosines_;                           // [T,M]
};

void SoftMoe::forward(const RouterInput& in, Decision& out) {
  auto exact = in.exact();
  const View phi = parameters_.value(kSlots);
  const std::int64_t tokens = in.tokens(), slots = phi.dim(0);
  x_ = in.take(in.x.shape), x_norms_ = in.take({tokens});
  slots_ = in.take(phi.shape), slot_norms_ = in.take({slots});
  ops::unit_rows_forward(exact, x_, x_norms_, in.x);
  ops::unit_rows_forward(exact, slots_, slot_norms_, phi);
  cosines_ = in.take({tokens, slots});
  ops::linear_forward(exact, cosines_, x_, slots_);
  const View logits = in.take({tokens, slots});
  write_scaled(exact, logits, cosines_, scale(in));
  leave_out(in, logits);
  out.dispatch = in.take({tokens, slots});
  out.combine = in.take({tokens, slots});
  ops::token_softmax_forward(exact, out.dispatch, logits, in.pass.batch);
  ops::softmax_forward(exact, out.combine, logits);
  share_out(in, out);
}

/// What statistics see: every token is with every expert, weighted by the expert's slots together.
void SoftMoe::share_out(const RouterInput& in, Decision& out) const {
  auto exact = in.exact();
  const std::int64_t tokens = in.tokens(), experts = in.shape.experts, each = out.combine.dim(1) / experts;
  out.choices = in.shape.experts;
  out.ranked = false;
  std::vector<std::int32_t> all(static_cast<std::size_t>(tokens * experts));
  for (std::size_t i = 0; i < all.size(); ++i)
    all[i] = static_cast<std::int32_t>(i % static_cast<std::size_t>(experts));
  out.ids = in.pass.arena.take(DType::i32, {tokens, experts});
  exact.backend.copy_from_host(out.ids, all.data());
  out.kept_ids = out.ids;
  std::vector<double> sums(static_cast<std::size_t>(experts * out.combine.dim(1)));
  for (std::int64_t m = 0; m < out.combine.dim(1); ++m)
    sums[static_cast<std::size_t>(m / each * out.combine.dim(1) + m)] = 1;
  const View members = in.take({experts, out.combine.dim(1)});
  nn::write(exact, members, sums);
  out.weights = in.take({tokens, experts});
  ops::linear_forward(exact, out.weights, out.combine, members);
  out.probabilities = out.weights;
  out.counts = in.pass.arena.take(DType::i32, {experts});
  out.mass = in.take({experts});
  ops::count_choices(exact, out.counts, out.mass, out.ids, out.weights);
}

void SoftMoe::soft_backward(const RouterInput& in, const Decision& d, ConstView ddispatch, ConstView dcombine,
                            View dx) {
  auto exact = in.exact();
  const View dlogits = in.take_scratch(cosines_.shape), dcosines = in.take_scratch(cosines_.shape);
  ops::softmax_backward(exact, dlogits, dcombine, d.combine, /*accumulate=*/false);
  ops::token_softmax_backward(exact, dlogits, ddispatch, d.dispatch, in.pass.batch);
  const Shape flat{1, cosines_.size()};
  ops::matmul(exact, parameters_.gradient(kScale).reshaped({1, 1}), dlogits.reshaped(flat), false,
              cosines_.reshaped(flat), true, /*accumulate=*/true);
  write_scaled(exact, dcosines, dlogits, scale(in));
  const View dx_unit = in.take_scratch(x_.shape), dslots = in.take_scratch(slots_.shape);
  const View through_x = in.take_scratch(x_.shape), through_slots = in.take_scratch(slots_.shape);
  ops::fill(exact, dslots, 0.0);
  ops::linear_backward(exact, dx_unit, dslots, dcosines, x_, slots_, /*accumulate_dx=*/false);
  ops::unit_rows_backward(exact, through_x, dx_unit, x_, x_norms_);
  ops::unit_rows_backward(exact, through_slots, dslots, slots_, slot_norms_);
  ops::add_scaled(exact, dx, through_x, 1.0);
  ops::add_scaled(exact, parameters_.gradient(kSlots), through_slots, 1.0);
}

std::vector<RouterParameter> parameters_of(const RouterShape& s) {
  return {
      {nn::ParameterKind::matrix, {"gate.slots", {s.experts * s.slots_each, s.width}, nn::Init::normal, s.init_std}},
      {nn::ParameterKind::vector, {"gate.scale", {1}, nn::Init::constant, 1.0}}};
}

}  // namespace

RouterEntry soft_moe_entry();
RouterEntry soft_moe_entry() {
  return {{"soft_moe",
           "Soft MoE",
           "Every expert answers weighted sums of all tokens, and every token takes a weighted sum of all answers.",
           "From Sparse to Soft Mixtures of Experts, Puigcerver et al. 2023 (2308.00951)",
           /*causal=*/false,
           /*fixed_top_k=*/0,
           /*mixes_tokens=*/true,
           {"router.policy", "router.slots"}},
          parameters_of,
          [](RouterParameters parameters) -> std::unique_ptr<Router> {
            return std::make_unique<SoftMoe>(std::move(parameters));
          }};
}

}  // namespace moe::routing
