// SPDX-License-Identifier: Apache-2.0
// Noise, and who goes where once scores are known.
#include "tests/engine/ops/op_catalogue.h"

namespace moe::test {
namespace {

using A = TestArrays;
using S = Sizes;
using Call = std::function<void(ops::Context&)>;

constexpr Tolerance kExact{0, 0}, kPointwise{1e-5, 1e-5}, kSum{1e-4, 1e-4};

RandomStream stream() { return RandomStream(3, Purpose::router_noise, 2, 1); }
Shape all(const S& s) { return {s.tokens(), s.experts}; }
/// Distinct choices, some of them none.
View some_ids(A& a, const S& s) {
  const View ids = a.out_ints({s.tokens(), s.choices});
  std::vector<double> values;
  for (int i = 0; i < s.rows(); ++i)
    values.push_back(i % 11 == 3 ? -1 : (i / s.choices * 5 + i % s.choices) % s.experts);
  a.set(ids, values);
  return ids;
}

std::vector<OpCase> noise_ops() {
  return {
      {"add_normal",
       [](A& a, const S& s) -> Call {
         const View x = a.inout(all(s));
         return [=](ops::Context& c) { ops::add_normal(c, x, stream(), 0.5); };
       },
       kPointwise},
      {"add_uniform",
       [](A& a, const S& s) -> Call {
         const View x = a.inout(all(s));
         return [=](ops::Context& c) { ops::add_uniform(c, x, stream(), 0.5); };
       },
       kPointwise},
      {"scale_uniform",
       [](A& a, const S& s) -> Call {
         const View x = a.in(all(s)), y = a.inout(all(s));
         return [=](ops::Context& c) { ops::scale_uniform(c, y, x, stream(), 0.1, true); };
       },
       kPointwise},
      {"learned_noise_forward",
       [](A& a, const S& s) -> Call {
         const View clean = a.in(all(s)), raw = a.in(all(s)), noisy = a.out(all(s)), sigma = a.out(all(s));
         return [=](ops::Context& c) { ops::learned_noise_forward(c, noisy, sigma, clean, raw, stream()); };
       },
       kPointwise},
      {"learned_noise_backward",
       [](A& a, const S& s) -> Call {
         const View dnoisy = a.in(all(s)), dsigma = a.in(all(s)), raw = a.in(all(s)), draw = a.out(all(s));
         return [=](ops::Context& c) { ops::learned_noise_backward(c, draw, dnoisy, dsigma, raw, stream()); };
       },
       kPointwise},
      {"smooth_load_forward",
       [](A& a, const S& s) -> Call {
         const View clean = a.in(all(s)), noisy = a.in(all(s)), sigma = a.in(all(s), 0.02, 0.5),
                    load = a.out({s.experts});
         return [=, k = s.choices](ops::Context& c) {
           ops::smooth_load_forward(c, load, clean, noisy, sigma, k, LoadThreshold::own);
         };
       },
       kSum},
      {"smooth_load_backward",
       [](A& a, const S& s) -> Call {
         const View clean = a.in(all(s)), noisy = a.in(all(s)), sigma = a.in(all(s), 0.02, 0.5),
                    dload = a.in({s.experts});
         const View dclean = a.inout(all(s)), dnoisy = a.inout(all(s)), dsigma = a.inout(all(s));
         return [=, k = s.choices](ops::Context& c) {
           ops::smooth_load_backward(c, dclean, dnoisy, dsigma, dload, clean, noisy, sigma, k,
                                     LoadThreshold::last_chosen);
         };
       },
       {1e-4, 1e-4}},
  };
}

std::vector<OpCase> assignment_ops() {
  return {
      {"mask_groups",
       [](A& a, const S& s) -> Call {
         const int groups = s.experts % 2 == 0 ? 2 : 1;
         const View x = a.in(all(s)), masked = a.in(all(s)), ids = a.out_ints({s.tokens(), 1});
         return [=](ops::Context& c) {
           ops::mask_groups(c, masked, x, groups, 1);
           ops::top_k(c, ids, masked, 1);
         };
       },
       kExact},
      {"sinkhorn",
       [](A& a, const S& s) -> Call {
         const View x = a.in(all(s)), plan = a.out(all(s));
         return [=](ops::Context& c) { ops::sinkhorn(c, plan, x, 1e-4, 50); };
       },
       kPointwise},
      {"random_choices",
       [](A& a, const S& s) -> Call {
         const View ids = some_ids(a, s);
         return [=, experts = s.experts](ops::Context& c) { ops::random_choices(c, ids, stream(), 0.5, experts); };
       },
       kExact},
      {"table_choices",
       [](A& a, const S& s) -> Call {
         const View ids = a.out_ints({s.tokens(), s.choices});
         const View table = a.ints({s.vocabulary}, [&](std::int64_t v) { return v * 3 % s.experts; });
         const View tokens = a.ints({s.tokens()}, [&](std::int64_t t) { return t * 7 % s.vocabulary; });
         return [=, experts = s.experts](ops::Context& c) { ops::table_choices(c, ids, table, tokens, experts); };
       },
       kExact},
      {"expert_choices",
       [](A& a, const S& s) -> Call {
         const View scores = a.in(all(s)), ids = a.out_ints(all(s));
         return [=, n = s.tokens() / 2](ops::Context& c) { ops::expert_choices(c, ids, scores, n); };
       },
       kExact},
      {"guarantee_minimum",
       [](A& a, const S& s) -> Call {
         const View ids = some_ids(a, s), scores = a.in(all(s));
         return [=](ops::Context& c) { ops::guarantee_minimum(c, ids, scores, 1); };
       },
       kExact},
      {"limit_capacity",
       [](A& a, const S& s) -> Call {
         const View ids = some_ids(a, s), kept = a.out_ints(ids.shape), weights = a.in(ids.shape);
         return [=](ops::Context& c) {
           ops::limit_capacity(c, kept, ids, weights, s.experts, s.rows() / s.experts / 2 + 1, true);
         };
       },
       kExact},
      {"count_groups",
       [](A& a, const S& s) -> Call {
         const View ids = some_ids(a, s), counts = a.out_ints({s.batch, s.experts});
         return [=](ops::Context& c) { ops::count_groups(c, counts, ids); };
       },
       kExact},
  };
}

}  // namespace

std::vector<OpCase> choosing_ops() {
  std::vector<OpCase> cases = noise_ops();
  const auto more = assignment_ops();
  cases.insert(cases.end(), more.begin(), more.end());
  return cases;
}

}  // namespace moe::test
