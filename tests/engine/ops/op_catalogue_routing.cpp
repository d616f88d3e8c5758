// SPDX-License-Identifier: Apache-2.0
#include "tests/engine/ops/op_catalogue.h"

namespace moe::test {
namespace {

using Call = std::function<void(ops::Context&)>;
using A = TestArrays;
using S = Sizes;

constexpr Tolerance kPointwise{2e-6, 4e-6};
constexpr Tolerance kSum{2e-5, 2e-5};
constexpr Tolerance kExact{0, 0};

/// Assignments in proportion 0, 1, 2, … so that one expert is empty and the last takes the most.
View uneven_offsets(A& a, const S& s) {
  const int total = s.experts * (s.experts - 1) / 2;
  return a.ints({s.experts + 1}, [s, total](std::int64_t e) {
    return e == s.experts ? s.rows() : s.rows() * e * (e - 1) / 2 / std::max(total, 1);
  });
}

View choices(A& a, const S& s) {
  return a.ints({s.tokens(), s.choices}, [s](std::int64_t i) {
    const std::int64_t t = i / s.choices, j = i % s.choices;
    return t % 6 == 4 ? -1 : (t * t + j) % s.experts;  // distinct within a token; some tokens have none
  });
}

struct Routed {
  View ids, weights;
  Plan plan;
};

/// A plan that the returned call fills first, so that every case is one closed call.
Routed routed(A& a, const S& s) {
  Routed r{choices(a, s), a.in({s.tokens(), s.choices}, 0.2, 0.5), {}};
  const auto zero = [](std::int64_t) { return 0; };
  r.plan = {a.ints({s.rows()}, zero),    a.ints({s.rows()}, zero),     a.in({s.rows()}),
            a.out_ints({s.experts + 1}), a.out_ints({s.tokens() + 1}), a.ints({s.rows()}, zero)};
  return r;
}

Call with_plan(const Routed& r, int experts, std::function<void(ops::Context&, const Plan&)> then) {
  return [=, plan = r.plan](ops::Context& c) mutable {
    ops::plan_from_choices(c, plan, r.ids, r.weights, experts);
    then(c, plan);
  };
}

Call grouped(A& a, const S& s, bool backward) {
  const View x = a.operand_in({s.rows(), s.width}), w = a.operand_in({s.experts, s.hidden, s.width}),
             offsets = uneven_offsets(a, s);
  if (!backward) {
    const View y = a.out({s.rows(), s.hidden}), narrow = a.operand_out({s.rows(), s.hidden});
    return [=](ops::Context& c) {
      ops::grouped_linear_forward(c, y, x, w, offsets);
      ops::grouped_linear_forward(c, narrow, x, w, offsets);
    };
  }
  const View dy = a.operand_in({s.rows(), s.hidden}), dx = a.out({s.rows(), s.width}),
             dw = a.inout({s.experts, s.hidden, s.width}), narrow = a.operand_out({s.rows(), s.width});
  return [=](ops::Context& c) {
    ops::grouped_linear_backward(c, dx, dw, dy, x, w, offsets);
    ops::grouped_linear_backward(c, narrow, {}, dy, x, w, offsets);
  };
}

std::vector<OpCase> dispatch_ops() {
  return {
      {"plan_from_choices",
       [](A& a, const S& s) -> Call { return with_plan(routed(a, s), s.experts, [](ops::Context&, const Plan&) {}); },
       kExact},
      {"permute",
       [](A& a, const S& s) -> Call {
         const View x = a.in({s.tokens(), s.width}), sorted = a.operand_inout({s.rows(), s.width});
         return with_plan(routed(a, s), s.experts,
                          [=](ops::Context& c, const Plan& p) { ops::permute(c, sorted, x, p); });
       },
       kExact, false, true},
      {"unpermute",
       [](A& a, const S& s) -> Call {
         const View y = a.out({s.tokens(), s.width}), sum = a.inout({s.tokens(), s.width});
         const View sorted = a.operand_in({s.rows(), s.width});
         return with_plan(routed(a, s), s.experts, [=](ops::Context& c, const Plan& p) {
           ops::unpermute(c, y, sorted, p, false);
           ops::unpermute(c, sum, sorted, p, true);
         });
       },
       kPointwise, false, true},
      {"choices_from_plan",
       [](A& a, const S& s) -> Call {
         const View by_row = a.in({s.rows()}), by_choice = a.out({s.tokens(), s.choices});
         return with_plan(routed(a, s), s.experts,
                          [=](ops::Context& c, const Plan& p) { ops::choices_from_plan(c, by_choice, by_row, p); });
       },
       kExact},
  };
}

}  // namespace

std::vector<OpCase> routing_ops() {
  std::vector<OpCase> cases{
      {"grouped_linear_forward", [](A& a, const S& s) { return grouped(a, s, false); }, kSum, true, true},
      {"grouped_linear_backward", [](A& a, const S& s) { return grouped(a, s, true); }, {1e-4, 2e-5}, true, true},
      {"softmax_forward",
       [](A& a, const S& s) -> Call {
         const View x = a.in({s.tokens(), s.experts}, 3.0), p = a.out({s.tokens(), s.experts});
         return [=](ops::Context& c) { ops::softmax_forward(c, p, x); };
       },
       kPointwise},
      {"softmax_backward",
       [](A& a, const S& s) -> Call {
         const Shape shape{s.tokens(), s.experts};
         const View p = a.in(shape, 0.1, 0.3), dp = a.in(shape), ds = a.inout(shape);
         return [=](ops::Context& c) { ops::softmax_backward(c, ds, dp, p, true); };
       },
       kPointwise},
      {"top_k",
       [](A& a, const S& s) -> Call {
         const View scores = a.in({s.tokens(), s.experts}), ids = a.out_ints({s.tokens(), s.choices});
         return [=, k = s.choices](ops::Context& c) { ops::top_k(c, ids, scores, k); };
       },
       kExact},
      {"take_forward",
       [](A& a, const S& s) -> Call {
         const View ids = choices(a, s), x = a.in({s.tokens(), s.experts}), y = a.out({s.tokens(), s.choices});
         return [=](ops::Context& c) { ops::take_forward(c, y, x, ids); };
       },
       kExact},
      {"take_backward",
       [](A& a, const S& s) -> Call {
         const View ids = choices(a, s), dy = a.in({s.tokens(), s.choices}), dx = a.inout({s.tokens(), s.experts});
         return [=](ops::Context& c) { ops::take_backward(c, dx, dy, ids); };
       },
       kPointwise},
      {"renormalise_forward",
       [](A& a, const S& s) -> Call {
         const View y = a.in({s.tokens(), s.choices}, 0.05, 0.4), w = a.out({s.tokens(), s.choices});
         return [=](ops::Context& c) { ops::renormalise_forward(c, w, y, 1e-9); };
       },
       kPointwise},
      {"renormalise_backward",
       [](A& a, const S& s) -> Call {
         const Shape shape{s.tokens(), s.choices};
         const View y = a.in(shape, 0.05, 0.4), dw = a.in(shape), dy = a.out(shape);
         return [=](ops::Context& c) { ops::renormalise_backward(c, dy, dw, y, 1e-9); };
       },
       kPointwise},
      {"count_choices",
       [](A& a, const S& s) -> Call {
         const View ids = choices(a, s), weights = a.in({s.tokens(), s.choices}, 0.2, 0.5);
         const View counts = a.out_ints({s.experts}), mass = a.out({s.experts});
         return [=](ops::Context& c) { ops::count_choices(c, counts, mass, ids, weights); };
       },
       kSum},
      {"column_mean",
       [](A& a, const S& s) -> Call {
         const View p = a.in({s.tokens(), s.experts}), mean = a.out({s.experts});
         return [=](ops::Context& c) { ops::column_mean(c, mean, p); };
       },
       kPointwise},
      {"balance_loss_backward",
       [](A& a, const S& s) -> Call {
         const View p = a.in({s.tokens(), s.experts}, 0.05, 0.2), ds = a.inout({s.tokens(), s.experts});
         const View counts = a.ints({s.experts}, [](std::int64_t e) { return 3 * e; });
         return [=, k = s.choices](ops::Context& c) { ops::balance_loss_backward(c, ds, p, counts, k, 0.01); };
       },
       kPointwise},
      {"balance_loss_backward, sequences",
       [](A& a, const S& s) -> Call {
         const View p = a.in({s.tokens(), s.experts}, 0.05, 0.2), ds = a.inout({s.tokens(), s.experts});
         const View counts = a.ints({s.batch, s.experts}, [](std::int64_t e) { return e % 7; });
         return [=, k = s.choices](ops::Context& c) { ops::balance_loss_backward(c, ds, p, counts, k, 0.01); };
       },
       kPointwise},
      {"balance_gradient",
       [](A& a, const S& s) -> Call {
         const View dp = a.inout({s.tokens(), s.experts});
         const View counts = a.ints({s.batch, s.experts}, [](std::int64_t e) { return e % 7; });
         return [=, k = s.choices](ops::Context& c) { ops::balance_gradient(c, dp, counts, k, 0.3); };
       },
       kPointwise},
      {"balance_loss",
       [](A& a, const S& s) -> Call {
         const View p = a.in({s.tokens(), s.experts}, 0.05, 0.2), y = a.inout({1});
         const View counts = a.ints({s.batch, s.experts}, [](std::int64_t e) { return e % 7; });
         return [=, k = s.choices, &a](ops::Context& c) { a.set(y, {ops::balance_loss(c, p, counts, k)}); };
       },
       kSum},
      {"sigmoid_forward",
       [](A& a, const S& s) -> Call {
         const View x = a.in({s.tokens(), s.experts}, 3.0), y = a.out({s.tokens(), s.experts});
         return [=](ops::Context& c) { ops::sigmoid_forward(c, y, x); };
       },
       kPointwise},
      {"sigmoid_backward",
       [](A& a, const S& s) -> Call {
         const Shape shape{s.tokens(), s.experts};
         const View y = a.in(shape, 0.1, 0.5), dy = a.in(shape), dx = a.inout(shape);
         return [=](ops::Context& c) { ops::sigmoid_backward(c, dx, dy, y, true); };
       },
       kPointwise},
      {"add_row",
       [](A& a, const S& s) -> Call {
         const View y = a.inout({s.tokens(), s.experts}), row = a.in({s.experts});
         return [=](ops::Context& c) { ops::add_row(c, y, row, 0.7); };
       },
       kPointwise},
      {"squared_cv",
       [](A& a, const S& s) -> Call {
         const View x = a.in({s.experts}, 0.2, 1.0), dx = a.out({s.experts}), y = a.inout({1});
         return [=, &a](ops::Context& c) {
           a.set(y, {ops::squared_cv(c, x)});
           ops::squared_cv_backward(c, dx, x, 0.3);
         };
       },
       kPointwise},
      {"log_sum_exp",
       [](A& a, const S& s) -> Call {
         const View x = a.in({s.tokens(), s.experts}, 3.0), lse = a.out({s.tokens()});
         return [=](ops::Context& c) { ops::log_sum_exp(c, lse, x); };
       },
       kPointwise},
      {"z_loss_backward",
       [](A& a, const S& s) -> Call {
         const Shape shape{s.tokens(), s.experts};
         const View p = a.in(shape, 0.05, 0.2), lse = a.in({s.tokens()}), ds = a.inout(shape);
         return [=](ops::Context& c) { ops::z_loss_backward(c, ds, p, lse, 0.001); };
       },
       kPointwise},
      {"mean_entropy",
       [](A& a, const S& s) -> Call {
         const View p =
             a.in({s.tokens(), s.experts}, [](std::int64_t i) { return 0.01 * static_cast<double>(i % 90); });
         const View y = a.inout({1});
         return [=, &a](ops::Context& c) { a.set(y, {ops::mean_entropy(c, p)}); };
       },
       kPointwise},
  };
  for (const auto& more : {dispatch_ops(), choosing_ops()}) cases.insert(cases.end(), more.begin(), more.end());
  return cases;
}

}  // namespace moe::test
