// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/cuda/choice.h"

#include "engine/backend/cuda/random.h"
#include "engine/backend/cuda/router_kernels.h"
#include "engine/backend/cuda/sinkhorn.h"
#include "engine/backend/cuda/sort.h"

namespace moe::cuda {
namespace {

template <class T>
constexpr int kScoreBits = static_cast<int>(sizeof(T)) * 8;

template <class T>
void keep_best_groups(Runtime& runtime, T* y, const T* x, std::int64_t groups, std::int64_t keep, std::int64_t rows,
                      std::int64_t n) {
  const std::int64_t size = n / groups;
  T* scores = runtime.scratch(2).get<T>(rows * groups);
  for_elements(runtime, rows * groups, [=] __device__(std::int64_t i) {
    T first = minus_infinity<T>(), second = first;  // the sum of the two largest
    for (std::int64_t e = i * size; e < (i + 1) * size; ++e) {
      const T value = ranked(x[e]);
      if (value > first) {
        second = first;
        first = value;
      } else if (value > second) {
        second = value;
      }
    }
    scores[i] = ranked(size > 1 ? first + second : first);
  });
  for_elements(runtime, rows * n, [=] __device__(std::int64_t i) {
    const T* of_row = scores + i / n * groups;
    const std::int64_t own = i % n / size;
    std::int64_t better = 0;
    for (std::int64_t g = 0; g < groups; ++g)
      better += of_row[g] > of_row[own] || (of_row[g] == of_row[own] && g < own) ? 1 : 0;
    y[i] = better < keep ? x[i] : minus_infinity<T>();
  });
}

/// As the CPU draws: the r-th expert that the token has not taken yet, its experts kept in ascending order meanwhile.
void draw_choices(Runtime& runtime, std::int32_t* ids, DeviceStream stream, double fraction, std::int64_t experts,
                  std::int64_t rows, std::int64_t k) {
  std::int32_t* all = runtime.scratch(2).get<std::int32_t>(rows * k);
  for_elements(runtime, rows, [=] __device__(std::int64_t t) {
    const auto block = static_cast<std::uint64_t>(t * (k + 1));
    if (fraction < 1 && stream.uniform(block) >= fraction) return;
    std::int32_t* taken = all + t * k;
    for (std::int64_t j = 0; j < k; ++j) {
      auto r = static_cast<std::int32_t>(
          stream.below(block + 1 + static_cast<std::uint64_t>(j), static_cast<std::uint64_t>(experts - j)));
      std::int64_t at = 0;
      for (; at < j && taken[at] <= r; ++at) ++r;
      for (std::int64_t i = j; i > at; --i) taken[i] = taken[i - 1];
      taken[at] = r;
      ids[t * k + j] = r;
    }
  });
}

void look_up(Runtime& runtime, std::int32_t* ids, const std::int32_t* table, const std::int32_t* tokens,
             std::int64_t experts, std::int64_t rows, std::int64_t k) {
  for_elements(runtime, rows * k, [=] __device__(std::int64_t i) {
    ids[i] = static_cast<std::int32_t>((table[tokens[i / k]] + i % k) % experts);
  });
}

/// All columns sorted at once: by score, then, stable, by column.
template <class T>
void best_tokens(Runtime& runtime, std::int32_t* ids, const T* scores, std::int64_t capacity, std::int64_t tokens,
                 std::int64_t n) {
  const auto column = [=] __device__(std::int32_t i) { return static_cast<std::uint32_t>(i / tokens); };
  const std::int32_t* order = sorted_order(runtime, tokens * n, kScoreBits<T>, [=] __device__(std::int32_t i) {
    return descending_key(scores[i % tokens * n + i / tokens]);
  });
  order = sorted_order(runtime, tokens * n, bits_of(n), column, order);
  for_elements(runtime, tokens * n, [=] __device__(std::int64_t at) {
    const std::int64_t e = at / tokens, t = order[at] % tokens;
    ids[t * n + e] = at % tokens < capacity ? static_cast<std::int32_t>(e) : -1;
  });
}

template <class T>
void draw_second(Runtime& runtime, std::int32_t* ids, const T* weights, DeviceStream stream, std::int64_t rows) {
  for_elements(runtime, rows, [=] __device__(std::int64_t t) {
    if (!(2 * static_cast<double>(weights[2 * t + 1]) > stream.uniform(static_cast<std::uint64_t>(t))))
      ids[2 * t + 1] = -1;
  });
}

/// Experts one after the other, in one warp. A token that may not move stays so while this expert is filled (counts of
/// the others only fall), so each pick is the best of those that may.
template <class T>
void fill_experts(Runtime& runtime, std::int32_t* ids, const T* scores, std::int64_t minimum, std::int64_t tokens,
                  std::int64_t k, std::int64_t n) {
  std::int32_t* counts = runtime.scratch(2).get<std::int32_t>(n);
  for_rows(runtime, n, tokens * k, [=] __device__(std::int64_t e, auto group) {
    std::int32_t found = 0;
    for (std::int64_t i = group.lane; i < tokens * k; i += group.size) found += ids[i] == e ? 1 : 0;
    found = group.sum(found);
    if (group.lane == 0) counts[e] = found;
  });
  launch(runtime, 1u, kWarp, fill_experts_kernel<T>, ids, scores, counts, minimum, tokens, k, n);
}

/// An expert's places go to its choices in the order of (j, weight or token): sorted that way and then, stable, by
/// expert, a choice is kept when it is among the first `capacity` of its expert.
template <class T>
void keep_capacity(Runtime& runtime, std::int32_t* kept, const std::int32_t* ids, const T* weights,
                   std::int64_t experts, std::int64_t capacity, bool by_weight, std::int64_t tokens, std::int64_t k) {
  const std::int64_t n = tokens * k;  // item j·T + t is choice t·K + j
  const auto choice_of = [=] __device__(std::int32_t i) { return i % tokens * k + i / tokens; };
  const auto expert_of = [=] __device__(std::int32_t i) {
    const std::int32_t e = ids[i % tokens * k + i / tokens];
    return static_cast<std::uint32_t>(e < 0 ? static_cast<std::int32_t>(experts) : e);
  };
  const std::int32_t* order = nullptr;
  if (by_weight) {
    order = sorted_order(runtime, n, kScoreBits<T>, [=] __device__(std::int32_t i) {
      return descending_key(weights[i % tokens * k + i / tokens]);
    });
    order = sorted_order(
        runtime, n, bits_of(k), [=] __device__(std::int32_t i) { return static_cast<std::uint32_t>(i / tokens); },
        order);
  }
  order = sorted_order(runtime, n, bits_of(experts + 1), expert_of, order);
  for_elements(runtime, n, [=] __device__(std::int64_t at) {
    const std::uint32_t e = expert_of(order[at]);
    // The expert's first item lies at or before at − capacity exactly when `capacity` of its items came earlier.
    const bool full = capacity <= 0 || (at >= capacity && expert_of(order[at - capacity]) == e);
    kept[choice_of(order[at])] = e < static_cast<std::uint32_t>(experts) && !full ? static_cast<std::int32_t>(e) : -1;
  });
}

void count_runs(Runtime& runtime, std::int32_t* counts, const std::int32_t* ids, std::int64_t groups, std::int64_t n,
                std::int64_t each) {
  for_rows(runtime, groups * n, each, [=] __device__(std::int64_t row, auto group) {
    const std::int64_t first = row / n * each, e = row % n;
    std::int32_t found = 0;
    for (std::int64_t i = first + group.lane; i < first + each; i += group.size) found += ids[i] == e ? 1 : 0;
    found = group.sum(found);
    if (group.lane == 0) counts[row] = found;
  });
}

}  // namespace

void CudaChoice::mask_groups(View y, ConstView x, int groups, int keep) {
  with_real(x.dtype,
            [&]<class T>() { keep_best_groups(runtime_, y.as<T>(), x.as<T>(), groups, keep, x.dim(0), x.dim(1)); });
}

void CudaChoice::sinkhorn(View plan, ConstView s, double tolerance, int most_iterations) {
  with_real(s.dtype, [&]<class T>() {
    balance_plan(runtime_, plan.as<T>(), s.as<T>(), tolerance, most_iterations, s.dim(0), s.dim(1));
  });
}

void CudaChoice::random_choices(View ids, const RandomStream& stream, double fraction, int experts) {
  draw_choices(runtime_, ids.as<std::int32_t>(), DeviceStream(stream), fraction, experts, ids.dim(0), ids.dim(1));
}

void CudaChoice::table_choices(View ids, ConstView table, ConstView token_ids, int experts) {
  look_up(runtime_, ids.as<std::int32_t>(), table.as<std::int32_t>(), token_ids.as<std::int32_t>(), experts, ids.dim(0),
          ids.dim(1));
}

void CudaChoice::expert_choices(View ids, ConstView scores, std::int64_t capacity) {
  with_real(scores.dtype, [&]<class T>() {
    best_tokens(runtime_, ids.as<std::int32_t>(), scores.as<T>(), capacity, scores.dim(0), scores.dim(1));
  });
}

void CudaChoice::keep_second(View ids, ConstView weights, const RandomStream& stream) {
  with_real(weights.dtype, [&]<class T>() {
    draw_second(runtime_, ids.as<std::int32_t>(), weights.as<T>(), DeviceStream(stream), ids.dim(0));
  });
}

void CudaChoice::guarantee_minimum(View ids, ConstView scores, std::int64_t minimum) {
  with_real(scores.dtype, [&]<class T>() {
    fill_experts(runtime_, ids.as<std::int32_t>(), scores.as<T>(), minimum, ids.dim(0), ids.dim(1), scores.dim(1));
  });
}

void CudaChoice::limit_capacity(View kept, ConstView ids, ConstView weights, int experts, std::int64_t capacity,
                                bool by_weight) {
  with_real(weights.dtype, [&]<class T>() {
    keep_capacity(runtime_, kept.as<std::int32_t>(), ids.as<std::int32_t>(), weights.as<T>(), experts, capacity,
                  by_weight, ids.dim(0), ids.dim(1));
  });
}

void CudaChoice::count_groups(View counts, ConstView ids) {
  const std::int64_t groups = counts.dim(0);
  count_runs(runtime_, counts.as<std::int32_t>(), ids.as<std::int32_t>(), groups, counts.dim(1),
             ids.size() / (groups > 0 ? groups : 1));
}

}  // namespace moe::cuda
