// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/cuda/dispatch.h"

#include "engine/backend/cuda/packs.h"
#include "engine/backend/cuda/sort.h"

namespace moe::cuda {
namespace {

/// The parts of a plan as kernels take them. How many rows are in use is known on the device alone: offsets[experts].
struct Rows {
  std::int32_t *tokens, *choices, *offsets, *first, *row_of;
  std::int64_t experts, most;
  explicit Rows(const Plan& plan)
      : tokens(plan.token_ids.as<std::int32_t>()),
        choices(plan.choices.as<std::int32_t>()),
        offsets(plan.offsets.as<std::int32_t>()),
        first(plan.token_offsets.as<std::int32_t>()),
        row_of(plan.token_rows.as<std::int32_t>()),
        experts(plan.offsets.size() - 1),
        most(plan.token_ids.size()) {}
  __device__ std::int64_t used() const { return offsets[experts]; }
};

/// Choices sorted by expert (none: after all experts) are the rows; ties keep the order of tokens and choices.
template <class T>
void plan_rows(Runtime& runtime, const Rows& rows, T* row_weights, const std::int32_t* ids, const T* weights,
               std::int64_t tokens, std::int64_t k) {
  const std::int64_t n = tokens * k, experts = rows.experts;
  const std::int32_t* order = sorted_order(runtime, n, bits_of(experts + 1), [=] __device__(std::int32_t i) {
    return static_cast<std::uint32_t>(ids[i] < 0 ? static_cast<std::int32_t>(experts) : ids[i]);
  });
  std::int32_t* row_of_choice = runtime.scratch(2).get<std::int32_t>(n > 0 ? n : 1);
  // Where the expert changes, the offsets in between begin.
  for_elements(runtime, n + 1, [=] __device__(std::int64_t r) {
    const auto expert_at = [=](std::int64_t at) {
      const std::int32_t id = ids[order[at]];
      return id < 0 ? experts : static_cast<std::int64_t>(id);
    };
    const std::int64_t before = r == 0 ? -1 : expert_at(r - 1), here = r == n ? experts : expert_at(r);
    for (std::int64_t e = before + 1; e <= here; ++e) rows.offsets[e] = static_cast<std::int32_t>(r);
    if (r == n || here == experts) return;
    const std::int32_t choice = order[r];
    rows.tokens[r] = static_cast<std::int32_t>(choice / k);
    rows.choices[r] = choice;
    row_weights[r] = weights[choice];
    row_of_choice[choice] = static_cast<std::int32_t>(r);
  });
  for_elements(runtime, tokens, [=] __device__(std::int64_t t) {
    std::int32_t taken = 0;
    for (std::int64_t i = t * k; i < (t + 1) * k; ++i) taken += ids[i] >= 0 ? 1 : 0;
    rows.first[t] = taken;
  });
  exclusive_sum(runtime, rows.first, tokens);
  for_elements(runtime, tokens, [=] __device__(std::int64_t t) {
    std::int32_t at = rows.first[t];
    for (std::int64_t i = t * k; i < (t + 1) * k; ++i)
      if (ids[i] >= 0) rows.row_of[at++] = row_of_choice[i];
  });
}

template <int N, class T, class S>
void permute_rows(Runtime& runtime, const Rows& rows, S* sorted, const T* x, std::int64_t d) {
  for_cells<N>(runtime, rows.most, d, [=] __device__(std::int64_t r, std::int64_t c, auto width) {
    if (r < rows.used()) store(sorted + r * d + c, load<decltype(width)::value>(x + rows.tokens[r] * d + c));
  });
}

template <int N, class T, class S>
void unpermute_rows(Runtime& runtime, const Rows& rows, T* x, const S* sorted, bool accumulate, std::int64_t tokens,
                    std::int64_t d) {
  for_cells<N>(runtime, tokens, d, [=] __device__(std::int64_t t, std::int64_t c, auto width) {
    constexpr int kWidth = decltype(width)::value;
    Pack<T, kWidth> sum{};
    if (accumulate) sum = load<kWidth>(x + t * d + c);
    for (std::int32_t at = rows.first[t]; at < rows.first[t + 1]; ++at) {
      const auto term = load<kWidth>(sorted + rows.row_of[at] * d + c);
      for (int i = 0; i < kWidth; ++i) sum.at[i] += term.at[i];
    }
    store(x + t * d + c, sum);
  });
}

template <class T>
void scatter(Runtime& runtime, const Rows& rows, T* out, const T* dweights, std::int64_t choices) {
  for_elements(runtime, choices, [=] __device__(std::int64_t i) { out[i] = T(0); });
  for_elements(runtime, rows.most, [=] __device__(std::int64_t r) {
    if (r < rows.used()) out[rows.choices[r]] = dweights[r];
  });
}

}  // namespace

void CudaDispatch::plan_from_choices(Plan& plan, ConstView ids, ConstView weights, int) {
  with_real(weights.dtype, [&]<class T>() {
    plan_rows(runtime_, Rows(plan), plan.weights.as<T>(), ids.as<std::int32_t>(), weights.as<T>(), ids.dim(0),
              ids.dim(1));
  });
  runtime_.follow_offsets(plan.offsets.as<std::int32_t>(), plan.offsets.size());
}

void CudaDispatch::permute(View x_sorted, ConstView x, const Plan& plan) {
  with_real(x.dtype, [&]<class T>() {
    with_stored<T>(x_sorted.dtype, [&]<class S>() {
      S* to = x_sorted.as<S>();
      const T* from = x.as<T>();
      with_width(
          x.dim(1), [&]<int N>() { permute_rows<N>(runtime_, Rows(plan), to, from, x.dim(1)); }, to, from);
    });
  });
}

void CudaDispatch::unpermute(View x, ConstView x_sorted, const Plan& plan, bool accumulate) {
  with_real(x.dtype, [&]<class T>() {
    with_stored<T>(x_sorted.dtype, [&]<class S>() {
      T* to = x.as<T>();
      const S* from = x_sorted.as<S>();
      with_width(
          x.dim(1), [&]<int N>() { unpermute_rows<N>(runtime_, Rows(plan), to, from, accumulate, x.dim(0), x.dim(1)); },
          to, from);
    });
  });
}

void CudaDispatch::choices_from_plan(View out, ConstView dweights, const Plan& plan) {
  with_real(out.dtype, [&]<class T>() { scatter(runtime_, Rows(plan), out.as<T>(), dweights.as<T>(), out.size()); });
}

}  // namespace moe::cuda
