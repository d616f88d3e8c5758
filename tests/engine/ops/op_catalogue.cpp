// SPDX-License-Identifier: Apache-2.0
#include "tests/engine/ops/op_catalogue.h"

namespace moe::test {
namespace {

using Call = std::function<void(ops::Context&)>;

// Sums of n products of standard normal values: rounding grows like sqrt(n)·2^-24 of terms of size about sqrt(n).
constexpr Tolerance kSum{2e-5, 2e-5};
// The same over a vocabulary of 1030.
constexpr Tolerance kLongSum{2e-4, 2e-5};
// One rounding per operation, a handful of operations.
constexpr Tolerance kPointwise{2e-6, 4e-6};

AttentionShape attention_shape(const Sizes& s) {
  return {s.batch, s.context, s.heads, s.kv_heads, s.width / s.heads / 2 * 2};
}

Call attention_case(TestArrays& a, const Sizes& s, bool backward) {
  const AttentionShape shape = attention_shape(s);
  const int out_width = shape.heads * shape.head_dim;
  const View qkv = a.operand_in({s.tokens(), shape.qkv_width()}), out = a.operand_out({s.tokens(), out_width});
  if (!backward) {
    const View lse = a.out({s.batch, s.heads, s.context});
    return [=](ops::Context& c) { ops::attention_forward(c, out, lse, qkv, shape); };
  }
  const View lse = a.out({s.batch, s.heads, s.context});
  const View dout = a.in({s.tokens(), out_width}), dqkv = a.out({s.tokens(), shape.qkv_width()});
  return [=](ops::Context& c) {
    ops::attention_forward(c, out, lse, qkv, shape);
    ops::attention_backward(c, dqkv, dout, out, lse, qkv, shape);
  };
}

Call rope_case(TestArrays& a, const Sizes& s, bool backward) {
  const AttentionShape shape = attention_shape(s);
  const Shape rows{s.tokens(), shape.qkv_width()};
  const View in_place = a.inout(rows), x = a.in(rows), y = a.operand_out(rows);
  return [=](ops::Context& c) {
    const auto rope = backward ? ops::rope_backward : ops::rope_forward;
    rope(c, in_place, in_place, shape, 10000.0);
    rope(c, y, x, shape, 10000.0);
  };
}

Call norm_case(TestArrays& a, const Sizes& s, bool accumulate) {
  const Shape rows{s.tokens(), s.width};
  const View x = a.in(rows), dy = a.in(rows), w = a.in({s.width}, 0.3, 1.0), inv = a.in({s.tokens()}, 0.1, 1.0);
  const View dx = accumulate ? a.inout(rows) : a.out(rows), dw = a.inout({s.width});
  return [=](ops::Context& c) { ops::rms_norm_backward(c, dx, dw, dy, x, inv, w, accumulate); };
}

enum class Rows { as_they_are, weighted };

Call activation_case(TestArrays& a, const Sizes& s, Activation kind) {
  const Shape in{s.rows(), kind == Activation::swiglu ? 2 * s.hidden : s.hidden}, out{s.rows(), s.hidden};
  const View x = a.operand_in(in, 2.0), weights = a.in({s.rows()}, 0.3, 0.5);
  const View y = a.operand_out(out), weighted = a.operand_out(out);
  return [=, rows = s.rows()](ops::Context& c) {
    ops::activation_forward(c, y, x, kind, rows);
    ops::activation_forward(c, weighted, x, kind, rows, weights);
  };
}

Call activation_gradient_case(TestArrays& a, const Sizes& s, Activation kind, Rows what) {
  const Shape in{s.rows(), kind == Activation::swiglu ? 2 * s.hidden : s.hidden}, out{s.rows(), s.hidden};
  const View x = a.operand_in(in, 2.0), dy = a.operand_in(out), dx = a.operand_out(in);
  const bool weighted = what == Rows::weighted;
  const View weights = weighted ? a.in({s.rows()}, 0.3, 0.5) : View{}, dweights = weighted ? a.out({s.rows()}) : View{};
  return
      [=, rows = s.rows()](ops::Context& c) { ops::activation_backward(c, dx, dy, x, kind, rows, weights, dweights); };
}

Call cross_entropy_case(TestArrays& a, const Sizes& s) {
  const View logits = a.in({s.tokens(), s.vocabulary}, 3.0), loss = a.out({s.tokens()});
  const View dlogits = a.operand_out({s.tokens(), s.vocabulary});
  const View targets =
      a.ints({s.tokens()}, [v = s.vocabulary](std::int64_t i) { return i % 11 == 5 ? -1 : i * 7 % v; });
  return [=](ops::Context& c) { ops::cross_entropy(c, loss, dlogits, logits, targets, 0.25); };
}

Call adamw_case(TestArrays& a, const Sizes& s) {
  const Shape shape{s.vocabulary, s.width};
  const View w = a.inout(shape), g = a.inout(shape), m = a.inout(shape, 0.1),
             v = a.in(shape, [](std::int64_t i) { return 1e-3 * static_cast<double>(i % 17); });
  const View copy = a.operand_out(shape);
  return [=, rounds = a.operand() == DType::bf16](ops::Context& c) {
    ops::adamw_step(c, w, g, m, v, {1e-3, 0.9, 0.95, 1e-8, 0.1, 3, 0.5}, rounds ? copy : View{});
    if (!rounds) ops::copy(c, copy, w);
  };
}

std::vector<OpCase> matmul_ops() {
  return {
      {"matmul a·b",
       [](TestArrays& a, const Sizes& s) -> Call {
         const View x = a.operand_in({s.tokens(), s.width}), w = a.operand_in({s.width, s.hidden}),
                    c = a.out({s.tokens(), s.hidden});
         return [=](ops::Context& ctx) { ops::matmul(ctx, c, x, false, w, false); };
       },
       kSum, true, true},
      {"matmul aᵀ·bᵀ +=",
       [](TestArrays& a, const Sizes& s) -> Call {
         const View x = a.operand_in({s.width, s.tokens()}), w = a.operand_in({s.hidden, s.width}),
                    c = a.inout({s.tokens(), s.hidden});
         return [=](ops::Context& ctx) { ops::matmul(ctx, c, x, true, w, true, true); };
       },
       kSum, true, true},
      {"linear_forward",
       [](TestArrays& a, const Sizes& s) -> Call {
         const View x = a.operand_in({s.tokens(), s.width}), w = a.operand_in({s.hidden, s.width}),
                    y = a.out({s.tokens(), s.hidden}), narrow = a.operand_out({s.tokens(), s.hidden});
         return [=](ops::Context& c) {
           ops::linear_forward(c, y, x, w);
           ops::linear_forward(c, narrow, x, w);
         };
       },
       kSum, true, true},
      {"linear_backward",
       [](TestArrays& a, const Sizes& s) -> Call {
         const View x = a.operand_in({s.tokens(), s.width}), w = a.operand_in({s.hidden, s.width}),
                    dy = a.operand_in({s.tokens(), s.hidden});
         const View dx = a.out({s.tokens(), s.width}), dw = a.inout({s.hidden, s.width});
         const View narrow = a.operand_out({s.tokens(), s.width});
         return [=](ops::Context& c) {
           ops::linear_backward(c, dx, dw, dy, x, w);
           ops::linear_backward(c, narrow, {}, dy, x, w);
         };
       },
       kSum, true, true},
      {"linear_backward += dx",
       [](TestArrays& a, const Sizes& s) -> Call {
         const View x = a.operand_in({s.tokens(), s.width}), w = a.operand_in({s.vocabulary, s.width});
         const View dy = a.operand_in({s.tokens(), s.vocabulary}), dx = a.inout({s.tokens(), s.width});
         return [=](ops::Context& c) { ops::linear_backward(c, dx, {}, dy, x, w, true); };
       },
       kLongSum, true, true},
  };
}

std::vector<OpCase> activation_ops() {
  struct Named {
    const char *forward, *backward, *weighted;
    Activation kind;
  };
  static constexpr Named kAll[]{{"swiglu", "swiglu backward", "swiglu backward, weighted rows", Activation::swiglu},
                                {"relu", "relu backward", "relu backward, weighted rows", Activation::relu},
                                {"gelu", "gelu backward", "gelu backward, weighted rows", Activation::gelu}};
  std::vector<OpCase> cases;
  for (const Named& n : kAll) {
    const auto gradient = [kind = n.kind](Rows what) {
      return [=](TestArrays& a, const Sizes& s) { return activation_gradient_case(a, s, kind, what); };
    };
    cases.push_back({n.forward, [kind = n.kind](TestArrays& a, const Sizes& s) { return activation_case(a, s, kind); },
                     kPointwise, false, true});
    cases.push_back({n.backward, gradient(Rows::as_they_are), kPointwise, false, true});
    cases.push_back({n.weighted, gradient(Rows::weighted), kSum, false, true});
  }
  return cases;
}

}  // namespace

const std::vector<Sizes>& odd_sizes() {
  //                                  B   S   D  H  G  E   F  k    V
  static const std::vector<Sizes> all{{"one token", 1, 1, 8, 2, 1, 3, 5, 2, 7},
                                      {"seven tokens", 1, 7, 12, 2, 2, 4, 33, 1, 11},
                                      {"primes", 3, 11, 20, 2, 1, 7, 13, 3, 101},
                                      {"every expert", 1, 33, 16, 4, 2, 4, 8, 4, 30},
                                      {"many blocks", 2, 150, 68, 2, 1, 5, 130, 2, 1030}};
  return all;
}

const std::vector<OpCase>& op_catalogue() {
  static const std::vector<OpCase> all = [] {
    auto cases = matmul_ops();
    for (auto& part : {activation_ops(), dense_ops(), routing_ops()})
      cases.insert(cases.end(), part.begin(), part.end());
    return cases;
  }();
  return all;
}

std::vector<OpCase> dense_ops() {
  using A = TestArrays;
  using S = Sizes;
  return {
      {"rms_norm_forward",
       [](A& a, const S& s) -> Call {
         const View x = a.in({s.tokens(), s.width}), w = a.in({s.width}), y = a.operand_out({s.tokens(), s.width});
         const View inv = a.out({s.tokens()});
         return [=](ops::Context& c) { ops::rms_norm_forward(c, y, inv, x, w, 1e-5); };
       },
       kPointwise, false, true},
      {"add_rms_norm_forward",
       [](A& a, const S& s) -> Call {
         const Shape rows{s.tokens(), s.width};
         const View x = a.in(rows), delta = a.in(rows), w = a.in({s.width}), sum = a.out(rows), y = a.operand_out(rows);
         const View inv = a.out({s.tokens()});
         return [=](ops::Context& c) { ops::add_rms_norm_forward(c, sum, y, inv, x, delta, w, 1e-5); };
       },
       kPointwise, false, true},
      {"rms_norm_backward", [](A& a, const S& s) { return norm_case(a, s, false); }, kSum},
      {"rms_norm_backward += dx", [](A& a, const S& s) { return norm_case(a, s, true); }, kSum},
      {"rope_forward", [](A& a, const S& s) { return rope_case(a, s, false); }, kPointwise, false, true},
      {"rope_backward", [](A& a, const S& s) { return rope_case(a, s, true); }, kPointwise, false, true},
      {"attention_forward", [](A& a, const S& s) { return attention_case(a, s, false); }, kSum, false, true, true},
      {"attention_backward",
       [](A& a, const S& s) { return attention_case(a, s, true); },
       {1e-4, 1e-4},
       false,
       true,
       true},
      {"attention_rope_backward",
       [](A& a, const S& s) -> Call {
         const AttentionShape shape = attention_shape(s);
         const int out_width = shape.heads * shape.head_dim;
         const View qkv = a.operand_in({s.tokens(), shape.qkv_width()}), out = a.operand_out({s.tokens(), out_width});
         const View lse = a.out({s.batch, s.heads, s.context}), dout = a.in({s.tokens(), out_width});
         const View dqkv = a.in({s.tokens(), shape.qkv_width()}), dx = a.operand_out({s.tokens(), shape.qkv_width()});
         return [=](ops::Context& c) {
           ops::attention_forward(c, out, lse, qkv, shape);
           ops::attention_rope_backward(c, dx, dqkv, dout, out, lse, qkv, shape, 10000.0);
         };
       },
       {1e-4, 1e-4},
       false,
       true,
       true},
      {"add_scaled",
       [](A& a, const S& s) -> Call {
         const View x = a.in({s.tokens(), s.width}), y = a.inout({s.tokens(), s.width});
         return [=](ops::Context& c) { ops::add_scaled(c, y, x, 0.7); };
       },
       kPointwise},
      {"fill",
       [](A& a, const S& s) -> Call {
         const View y = a.out({s.tokens(), s.width}), n = a.out_ints({s.tokens()});
         return [=](ops::Context& c) { ops::fill(c, y, 0.5), ops::fill(c, n, -3); };
       },
       {0, 0}},
      {"copy",
       [](A& a, const S& s) -> Call {
         const View x = a.in({s.tokens(), s.width}), y = a.operand_out({s.tokens(), s.width});
         return [=](ops::Context& c) { ops::copy(c, y, x); };
       },
       {0, 0},
       false,
       true},
      {"embedding_forward",
       [](A& a, const S& s) -> Call {
         const View table = a.in({s.vocabulary, s.width}), y = a.out({s.tokens(), s.width});
         const View ids = a.ints({s.tokens()}, [v = s.vocabulary](std::int64_t i) { return i * 5 % v; });
         return [=](ops::Context& c) { ops::embedding_forward(c, y, table, ids); };
       },
       {0, 0}},
      {"embedding_backward",
       [](A& a, const S& s) -> Call {
         const View dtable = a.inout({s.vocabulary, s.width}), dy = a.in({s.tokens(), s.width});
         const View ids = a.ints({s.tokens()}, [](std::int64_t i) { return i * i % 5; });
         return [=](ops::Context& c) { ops::embedding_backward(c, dtable, dy, ids); };
       },
       kSum},
      {"cross_entropy", [](A& a, const S& s) { return cross_entropy_case(a, s); }, kPointwise, false, true},
      {"squared_error",
       [](A& a, const S& s) -> Call {
         const View y = a.in({s.tokens(), s.width}), targets = a.in({s.tokens(), s.width});
         const View loss = a.out({s.tokens()}), dy = a.out({s.tokens(), s.width});
         return [=](ops::Context& c) { ops::squared_error(c, loss, dy, y, targets, 0.25); };
       },
       kSum},
      {"adamw_step", [](A& a, const S& s) { return adamw_case(a, s); }, kPointwise, false, true},
      {"sums",
       [](A& a, const S& s) -> Call {
         const View x = a.in({s.vocabulary, s.width}), y = a.inout({2});
         return [=, &a](ops::Context& c) { a.set(y, {ops::sum_of_squares(c, x), ops::sum(c, x)}); };
       },
       {1e-3, 1e-6}},
  };
}

}  // namespace moe::test
