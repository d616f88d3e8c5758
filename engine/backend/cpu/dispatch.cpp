// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/cpu/dispatch.h"

#include "engine/backend/cpu/rows.h"

namespace moe::cpu {
namespace {

std::int64_t assignments(const Plan& plan) { return plan.offsets.as<std::int32_t>()[plan.offsets.size() - 1]; }

}  // namespace

// A stable counting sort by expert, in one thread: three passes over T·K small integers.
void CpuDispatch::plan_from_choices(Plan& plan, ConstView ids, ConstView weights, int experts) {
  const std::int64_t tokens = ids.dim(0), k = ids.dim(1);
  const auto* id = ids.as<std::int32_t>();
  auto* offsets = plan.offsets.as<std::int32_t>();
  std::fill_n(offsets, experts + 1, 0);
  for (std::int64_t i = 0; i < tokens * k; ++i)
    if (id[i] >= 0) ++offsets[id[i] + 1];
  for (int e = 0; e < experts; ++e) offsets[e + 1] += offsets[e];

  runtime_.reserve_scratch<std::int32_t>(0, experts);
  auto* next = runtime_.scratch<std::int32_t>(0);
  std::copy_n(offsets, experts, next);
  auto* first = plan.token_offsets.as<std::int32_t>();
  auto* row_of = plan.token_rows.as<std::int32_t>();
  std::int32_t used = 0;
  with_real(weights.dtype, [&]<class T>() {
    for (std::int64_t t = 0; t < tokens; ++t) {
      first[t] = used;
      for (std::int64_t i = t * k; i < (t + 1) * k; ++i) {
        if (id[i] < 0) continue;
        const std::int32_t row = next[id[i]]++;
        plan.token_ids.as<std::int32_t>()[row] = static_cast<std::int32_t>(t);
        plan.choices.as<std::int32_t>()[row] = static_cast<std::int32_t>(i);
        plan.weights.as<T>()[row] = weights.as<T>()[i];
        row_of[used++] = row;
      }
    }
  });
  first[tokens] = used;
}

void CpuDispatch::permute(View x_sorted, ConstView x, const Plan& plan) {
  with_real(x.dtype, [&]<class T>() {
    const std::int64_t d = x.dim(1);
    const auto* token = plan.token_ids.as<std::int32_t>();
    runtime_.for_ranges(assignments(plan), row_grain(d), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r) std::copy_n(x.as<T>() + token[r] * d, d, x_sorted.as<T>() + r * d);
    });
  });
}

void CpuDispatch::unpermute(View x, ConstView x_sorted, const Plan& plan, bool accumulate) {
  with_real(x.dtype, [&]<class T>() {
    const std::int64_t d = x.dim(1);
    const auto* first = plan.token_offsets.as<std::int32_t>();
    const auto* row_of = plan.token_rows.as<std::int32_t>();
    runtime_.for_ranges(x.dim(0), row_grain(d), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t t = begin; t < end; ++t) {
        T* to = x.as<T>() + t * d;
        if (!accumulate) std::fill(to, to + d, T(0));
        for (std::int32_t i = first[t]; i < first[t + 1]; ++i) {
          const T* row = x_sorted.as<T>() + row_of[i] * d;
#pragma omp simd
          for (std::int64_t c = 0; c < d; ++c) to[c] += row[c];
        }
      }
    });
  });
}

void CpuDispatch::choices_from_plan(View out, ConstView dweights, const Plan& plan) {
  with_real(out.dtype, [&]<class T>() {
    std::fill_n(out.as<T>(), out.size(), T(0));
    const auto* choice = plan.choices.as<std::int32_t>();
    const std::int64_t rows = assignments(plan);
    for (std::int64_t r = 0; r < rows; ++r) out.as<T>()[choice[r]] = dweights.as<T>()[r];
  });
}

}  // namespace moe::cpu
