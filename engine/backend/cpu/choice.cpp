// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/cpu/choice.h"

#include <cmath>
#include <numeric>
#include <utility>

#include "engine/backend/cpu/rows.h"

namespace moe::cpu {
namespace {

std::uint64_t index(std::int64_t i) { return static_cast<std::uint64_t>(i); }

/// A score for comparisons: NaN is the smallest, so that an order exists.
template <class T>
T ranked(T x) {
  return std::isnan(x) ? -std::numeric_limits<T>::infinity() : x;
}

/// Sorts 0 … n − 1 so that score(i) falls; ties keep the lower index first.
template <class Score>
void order_by(std::int32_t* order, std::int64_t n, Score&& score) {
  std::iota(order, order + n, 0);
  std::sort(order, order + n, [&](std::int32_t a, std::int32_t b) {
    const auto x = ranked(score(a)), y = ranked(score(b));
    return x != y ? x > y : a < b;
  });
}

/// The r-th expert that is not among the n taken ones (ascending), and keeps them so.
std::int32_t take_free(std::int32_t* taken, int n, std::int32_t r) {
  int at = 0;
  for (; at < n && taken[at] <= r; ++at) ++r;
  for (int i = n; i > at; --i) taken[i] = taken[i - 1];
  return taken[at] = r;
}

/// The sum of the two largest.
template <class T>
T group_score(const T* x, std::int64_t n) {
  T first = -std::numeric_limits<T>::infinity(), second = first;
  for (std::int64_t i = 0; i < n; ++i) {
    const T value = ranked(x[i]);
    if (value > first)
      second = std::exchange(first, value);
    else
      second = std::max(second, value);
  }
  return n > 1 ? first + second : first;
}

}  // namespace

void CpuChoice::mask_groups(View y, ConstView x, int groups, int keep) {
  with_real(x.dtype, [&]<class T>() {
    const std::int64_t n = x.dim(1), size = n / groups;
    runtime_.reserve_scratch<T>(0, 2 * groups);
    runtime_.reserve_scratch<std::int32_t>(1, groups);
    runtime_.for_ranges(x.dim(0), row_grain(n), [&](std::int64_t begin, std::int64_t end) {
      T* scores = runtime_.scratch<T>(0);
      auto* best = runtime_.scratch<std::int32_t>(1);
      for (std::int64_t t = begin; t < end; ++t) {
        for (int g = 0; g < groups; ++g) scores[g] = group_score(x.as<T>() + t * n + g * size, size);
        top_k_row(best, scores + groups, scores, groups, static_cast<std::int32_t>(keep));
        std::fill_n(y.as<T>() + t * n, n, -std::numeric_limits<T>::infinity());
        for (int j = 0; j < keep; ++j)
          std::copy_n(x.as<T>() + t * n + best[j] * size, size, y.as<T>() + t * n + best[j] * size);
      }
    });
  });
}

// The largest logit of each row is taken out of the exponential: d0 absorbs it, and nothing overflows.
void CpuChoice::sinkhorn(View plan, ConstView s, double tolerance, int most_iterations) {
  with_real(s.dtype, [&]<class T>() {
    const std::int64_t rows = s.dim(0), n = s.dim(1);
    T *d1 = columns_.get<T>(2 * n), *sums = d1 + n, *cost = plan.as<T>();
    runtime_.for_ranges(rows, row_grain(n), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t t = begin; t < end; ++t)
        exp_row(cost + t * n, s.as<T>() + t * n, row_max(s.as<T>() + t * n, n), n);
    });
    const auto row_factor = [&](std::int64_t t) {
      return T(1) / static_cast<T>(rows) / (dot_row(cost + t * n, d1, n) + T(1e-8));
    };
    std::fill_n(d1, n, T(1));
    for (int i = 0; i < most_iterations; ++i) {
      runtime_.reduce_rows(rows, n, false, sums, [&](std::int64_t begin, std::int64_t end, T* partial) {
        for (std::int64_t t = begin; t < end; ++t) {
          const T d0 = row_factor(t);
          for (std::int64_t e = 0; e < n; ++e) partial[e] += cost[t * n + e] * d0;
        }
      });
      double change = 0;
      for (std::int64_t e = 0; e < n; ++e) {
        const T next = T(1) / static_cast<T>(n) / (sums[e] + T(1e-8));
        change += std::abs(static_cast<double>(next - std::exchange(d1[e], next)));
      }
      if (!(change / static_cast<double>(n) >= tolerance)) break;
    }
    runtime_.for_ranges(rows, row_grain(n), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t t = begin; t < end; ++t) {
        const T d0 = row_factor(t);
        for (std::int64_t e = 0; e < n; ++e) cost[t * n + e] *= d0 * d1[e];
      }
    });
  });
}

void CpuChoice::random_choices(View ids, const RandomStream& stream, double fraction, int experts) {
  const std::int64_t k = ids.dim(1);
  runtime_.reserve_scratch<std::int32_t>(0, k + 1);
  runtime_.for_ranges(ids.dim(0), 256, [&](std::int64_t begin, std::int64_t end) {
    auto* taken = runtime_.scratch<std::int32_t>(0);
    for (std::int64_t t = begin; t < end; ++t) {
      if (fraction < 1 && stream.uniform(index(t * (k + 1))) >= fraction) continue;
      for (std::int64_t j = 0; j < k; ++j) {
        const auto r = stream.below(index(t * (k + 1) + 1 + j), static_cast<std::uint64_t>(experts - j));
        ids.as<std::int32_t>()[t * k + j] = take_free(taken, static_cast<int>(j), static_cast<std::int32_t>(r));
      }
    }
  });
}

void CpuChoice::table_choices(View ids, ConstView table, ConstView token_ids, int experts) {
  const std::int64_t k = ids.dim(1);
  for (std::int64_t t = 0; t < ids.dim(0); ++t)
    for (std::int64_t j = 0; j < k; ++j)
      ids.as<std::int32_t>()[t * k + j] =
          static_cast<std::int32_t>((table.as<std::int32_t>()[token_ids.as<std::int32_t>()[t]] + j) % experts);
}

void CpuChoice::expert_choices(View ids, ConstView scores, std::int64_t capacity) {
  with_real(scores.dtype, [&]<class T>() {
    const std::int64_t tokens = scores.dim(0), n = scores.dim(1);
    runtime_.reserve_scratch<std::int32_t>(0, tokens);
    runtime_.pool.parallel_for(n, [&](std::int64_t e) {
      auto* order = runtime_.scratch<std::int32_t>(0);
      const T* column = scores.as<T>() + e;
      auto* to = ids.as<std::int32_t>() + e;
      order_by(order, tokens, [&](std::int32_t t) { return column[t * n]; });
      for (std::int64_t t = 0; t < tokens; ++t) to[t * n] = -1;
      for (std::int64_t i = 0; i < capacity; ++i) to[order[i] * n] = static_cast<std::int32_t>(e);
    });
  });
}

void CpuChoice::keep_second(View ids, ConstView weights, const RandomStream& stream) {
  with_real(weights.dtype, [&]<class T>() {
    for (std::int64_t t = 0; t < ids.dim(0); ++t)
      if (!(2 * static_cast<double>(weights.as<T>()[2 * t + 1]) > stream.uniform(index(t))))
        ids.as<std::int32_t>()[2 * t + 1] = -1;
  });
}

// In one thread: experts in order, so that the result does not depend on who comes first.
void CpuChoice::guarantee_minimum(View ids, ConstView scores, std::int64_t minimum) {
  with_real(scores.dtype, [&]<class T>() {
    const std::int64_t tokens = ids.dim(0), k = ids.dim(1), n = scores.dim(1);
    auto* id = ids.as<std::int32_t>();
    runtime_.reserve_scratch<std::int32_t>(0, n);
    runtime_.reserve_scratch<std::int32_t>(1, tokens);
    auto* counts = runtime_.scratch<std::int32_t>(0);
    std::fill_n(counts, n, 0);
    for (std::int64_t i = 0; i < tokens * k; ++i)
      if (id[i] >= 0) ++counts[id[i]];
    auto* order = runtime_.scratch<std::int32_t>(1);
    for (std::int64_t e = 0; e < n; ++e) {
      if (counts[e] >= minimum) continue;
      order_by(order, tokens, [&](std::int32_t t) { return scores.as<T>()[t * n + e]; });
      for (std::int64_t i = 0; i < tokens && counts[e] < minimum; ++i) {
        std::int32_t* mine = id + order[i] * k;
        std::int32_t& last = mine[k - 1];
        if (std::find(mine, mine + k, static_cast<std::int32_t>(e)) != mine + k) continue;
        if (last >= 0 && counts[last] <= minimum) continue;
        if (last >= 0) --counts[last];
        last = static_cast<std::int32_t>(e);
        ++counts[e];
      }
    }
  });
}

void CpuChoice::limit_capacity(View kept, ConstView ids, ConstView weights, int experts, std::int64_t capacity,
                               bool by_weight) {
  with_real(weights.dtype, [&]<class T>() {
    const std::int64_t tokens = ids.dim(0), k = ids.dim(1);
    runtime_.reserve_scratch<std::int32_t>(0, experts);
    runtime_.reserve_scratch<std::int32_t>(1, tokens);
    auto* used = runtime_.scratch<std::int32_t>(0);
    auto* order = runtime_.scratch<std::int32_t>(1);
    std::fill_n(used, experts, 0);
    std::iota(order, order + tokens, 0);
    for (std::int64_t j = 0; j < k; ++j) {
      if (by_weight) order_by(order, tokens, [&](std::int32_t t) { return weights.as<T>()[t * k + j]; });
      for (std::int64_t i = 0; i < tokens; ++i) {
        const std::int64_t at = order[i] * k + j;
        const std::int32_t e = ids.as<std::int32_t>()[at];
        kept.as<std::int32_t>()[at] = e >= 0 && used[e] < capacity ? (++used[e], e) : -1;
      }
    }
  });
}

void CpuChoice::count_groups(View counts, ConstView ids) {
  const std::int64_t groups = counts.dim(0), n = counts.dim(1), each = ids.size() / std::max<std::int64_t>(groups, 1);
  auto* to = counts.as<std::int32_t>();
  std::fill_n(to, counts.size(), 0);
  for (std::int64_t i = 0; i < ids.size(); ++i)
    if (const std::int32_t e = ids.as<std::int32_t>()[i]; e >= 0) ++to[i / each * n + e];
}

}  // namespace moe::cpu
