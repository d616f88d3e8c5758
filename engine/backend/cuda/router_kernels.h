// SPDX-License-Identifier: Apache-2.0
// The kernels of the router family; the meaning of each is in engine/ops/router.h.
#pragma once
#include "engine/backend/cuda/rows.h"

namespace moe::cuda {

template <class T>
void softmax(Runtime& runtime, T* p, const T* s, std::int64_t rows, std::int64_t n) {
  for_rows(runtime, rows, n, [=] __device__(std::int64_t t, auto group) {
    const T largest = group.largest(s + t * n, n);
    T sum = 0;
    for (std::int64_t i = t * n + group.lane; i < (t + 1) * n; i += group.size) {
      const T e = exponential(s[i] - largest);
      p[i] = e;
      sum += e;
    }
    const T factor = T(1) / group.sum(sum);
    for (std::int64_t i = t * n + group.lane; i < (t + 1) * n; i += group.size) p[i] *= factor;
  });
}

template <class T>
void softmax_gradient(Runtime& runtime, T* ds, const T* dp, const T* p, bool accumulate, std::int64_t rows,
                      std::int64_t n) {
  for_rows(runtime, rows, n, [=] __device__(std::int64_t t, auto group) {
    T dot = 0;
    for (std::int64_t i = t * n + group.lane; i < (t + 1) * n; i += group.size) dot += p[i] * dp[i];
    dot = group.sum(dot);
    for (std::int64_t i = t * n + group.lane; i < (t + 1) * n; i += group.size) {
      const T gradient = p[i] * (dp[i] - dot);
      ds[i] = accumulate ? ds[i] + gradient : gradient;
    }
  });
}

/// The best element of a row among those after `previous` in the order "larger first, then lower index"; all lanes of
/// the warp get it. index −1: none is left.
template <class T>
struct Pick {
  T score;
  std::int32_t index;
  __device__ bool before(T other_score, std::int32_t other_index) const {
    return score > other_score || (score == other_score && index < other_index);
  }
};

template <class T>
__device__ Pick<T> best_of_warp(Pick<T> best) {
  for (int lanes = 16; lanes > 0; lanes /= 2) {
    const T x = __shfl_xor_sync(kWholeWarp, best.score, lanes);
    const std::int32_t at = __shfl_xor_sync(kWholeWarp, best.index, lanes);
    if (at >= 0 && (best.index < 0 || x > best.score || (x == best.score && at < best.index))) best = {x, at};
  }
  return best;
}

template <class T, class Score>
__device__ Pick<T> next_pick(const Pick<T>& previous, std::int64_t n, int lane, Score score) {
  Pick<T> best{minus_infinity<T>(), -1};
  for (std::int64_t i = lane; i < n; i += 32) {
    const T x = ranked(score(i));
    const auto at = static_cast<std::int32_t>(i);
    if (previous.index >= 0 && !previous.before(x, at)) continue;
    if (best.index < 0 || x > best.score) best = {x, at};  // ascending i: ties stay with the lower index
  }
  return best_of_warp(best);
}

/// ids[T,k]: one warp per row picks one after the other.
template <class T>
void choose(Runtime& runtime, std::int32_t* ids, const T* scores, std::int64_t k, std::int64_t rows, std::int64_t n) {
  for_warp_rows(runtime, rows, [=] __device__(std::int64_t t, auto group) {
    Pick<T> pick{minus_infinity<T>(), -1};
    for (std::int64_t j = 0; j < k; ++j) {
      pick = next_pick(pick, n, group.lane, [=](std::int64_t i) { return scores[t * n + i]; });
      if (group.lane == 0) ids[t * k + j] = pick.index;
    }
  });
}

template <class T>
void take(Runtime& runtime, T* y, const T* x, const std::int32_t* ids, std::int64_t rows, std::int64_t k,
          std::int64_t n) {
  for_elements(runtime, rows * k, [=] __device__(std::int64_t i) {
    const std::int32_t id = ids[i];
    y[i] = id < 0 ? T(0) : x[i / k * n + id];
  });
}

template <class T>
void take_gradient(Runtime& runtime, T* dx, const T* dy, const std::int32_t* ids, std::int64_t rows, std::int64_t k,
                   std::int64_t n) {
  for_elements(runtime, rows, [=] __device__(std::int64_t t) {
    for (std::int64_t i = t * k; i < (t + 1) * k; ++i)
      if (ids[i] >= 0) dx[t * n + ids[i]] += dy[i];
  });
}

template <class T>
void renormalise(Runtime& runtime, T* w, const T* y, T eps, std::int64_t rows, std::int64_t k) {
  for_elements(runtime, rows, [=] __device__(std::int64_t t) {
    T sum = eps;
    for (std::int64_t i = t * k; i < (t + 1) * k; ++i) sum += y[i];
    for (std::int64_t i = t * k; i < (t + 1) * k; ++i) w[i] = y[i] / sum;
  });
}

template <class T>
void renormalise_gradient(Runtime& runtime, T* dy, const T* dw, const T* y, T eps, std::int64_t rows, std::int64_t k) {
  for_elements(runtime, rows, [=] __device__(std::int64_t t) {
    T sum = eps, dot = 0;
    for (std::int64_t i = t * k; i < (t + 1) * k; ++i) {
      sum += y[i];
      dot += dw[i] * y[i];
    }
    for (std::int64_t i = t * k; i < (t + 1) * k; ++i) dy[i] = (dw[i] - dot / sum) / sum;
  });
}

/// One group of threads per expert reads all choices: no atomics, so the sums of weights repeat bit for bit.
template <class T>
void count(Runtime& runtime, std::int32_t* counts, T* mass, const std::int32_t* ids, const T* weights,
           std::int64_t choices, std::int64_t experts) {
  for_rows(runtime, experts, choices, [=] __device__(std::int64_t e, auto group) {
    std::int32_t found = 0;
    T sum = 0;
    for (std::int64_t i = group.lane; i < choices; i += group.size)
      if (ids[i] == e) {
        ++found;
        sum += weights[i];
      }
    found = group.sum(found);
    sum = group.sum(sum);
    if (group.lane == 0) {
      counts[e] = found;
      mass[e] = sum;
    }
  });
}

template <class T>
void mean_of_columns(Runtime& runtime, T* mean, const T* p, std::int64_t rows, std::int64_t n) {
  const T share = rows ? T(1) / static_cast<T>(rows) : T(0);
  sum_columns(
      runtime, rows, n, mean, [=] __device__(std::int64_t t, std::int64_t e) { return p[t * n + e]; },
      [=] __device__(T, T sum) { return sum * share; });
}

template <class T>
void balance_of_scores(Runtime& runtime, T* ds, const T* p, const std::int32_t* counts, T share, T factor,
                       std::int64_t rows, std::int64_t n, std::int64_t tokens) {
  for_rows(runtime, rows, n, [=] __device__(std::int64_t t, auto group) {
    const std::int32_t* of_group = counts + t / tokens * n;
    T expected = 0;
    for (std::int64_t e = group.lane; e < n; e += group.size)
      expected += static_cast<T>(of_group[e]) * share * p[t * n + e];
    expected = group.sum(expected);
    for (std::int64_t e = group.lane; e < n; e += group.size)
      ds[t * n + e] += factor * p[t * n + e] * (static_cast<T>(of_group[e]) * share - expected);
  });
}

template <class T>
void balance_of_rows(Runtime& runtime, T* dp, const std::int32_t* counts, T factor, std::int64_t rows, std::int64_t n,
                     std::int64_t tokens) {
  for_elements(runtime, rows * n, [=] __device__(std::int64_t i) {
    dp[i] += factor * static_cast<T>(counts[i / n / tokens * n + i % n]);
  });
}

template <class T>
void weighted_sum(Runtime& runtime, double* out, const T* p, const std::int32_t* counts, double factor,
                  std::int64_t rows, std::int64_t n, std::int64_t tokens) {
  sum_on_device(
      runtime, rows * n, out,
      [=] __device__(std::int64_t i) {
        return static_cast<double>(counts[i / n / tokens * n + i % n]) * static_cast<double>(p[i]);
      },
      [=] __device__(double sum) { return factor * sum; });
}

template <class T>
void sigmoids(Runtime& runtime, T* y, const T* x, std::int64_t n) {
  for_elements(runtime, n, [=] __device__(std::int64_t i) { y[i] = sigmoid(x[i]); });
}

template <class T>
void sigmoid_gradient(Runtime& runtime, T* dx, const T* dy, const T* y, bool accumulate, std::int64_t n) {
  for_elements(runtime, n, [=] __device__(std::int64_t i) {
    const T gradient = dy[i] * y[i] * (T(1) - y[i]);
    dx[i] = accumulate ? dx[i] + gradient : gradient;
  });
}

template <class T>
void add_to_rows(Runtime& runtime, T* y, const T* row, T alpha, std::int64_t size, std::int64_t n) {
  for_elements(runtime, size, [=] __device__(std::int64_t i) { y[i] += alpha * row[i % n]; });
}

constexpr double kSpreadFloor = 1e-10;  // under the squared mean, as in 1701.06538's code

template <class T, class G>
__device__ void spread_of(const T* x, std::int64_t n, const G& group, double& mean, double& variance) {
  double sum = 0, squares = 0;
  for (std::int64_t i = group.lane; i < n; i += group.size) sum += static_cast<double>(x[i]) / static_cast<double>(n);
  mean = group.sum(sum);
  for (std::int64_t i = group.lane; i < n; i += group.size) {
    const double gap = static_cast<double>(x[i]) - mean;
    squares += gap * gap / static_cast<double>(n);
  }
  variance = group.sum(squares);
}

template <class T>
void spread(Runtime& runtime, double* out, const T* x, std::int64_t n) {
  for_rows(runtime, 1, n, [=] __device__(std::int64_t, auto group) {
    double mean, variance;
    spread_of(x, n, group, mean, variance);
    if (group.lane == 0) *out = variance / (mean * mean + kSpreadFloor);
  });
}

template <class T>
void spread_gradient(Runtime& runtime, T* dx, const T* x, double coefficient, std::int64_t n) {
  for_rows(runtime, 1, n, [=] __device__(std::int64_t, auto group) {
    double mean, variance;
    spread_of(x, n, group, mean, variance);
    const double floor = mean * mean + kSpreadFloor, count = static_cast<double>(n);
    for (std::int64_t i = group.lane; i < n; i += group.size)
      dx[i] = static_cast<T>(coefficient * 2 / count *
                             ((static_cast<double>(x[i]) - mean) / floor - variance * mean / (floor * floor)));
  });
}

template <class T>
void log_sums(Runtime& runtime, T* lse, const T* s, std::int64_t rows, std::int64_t n) {
  for_rows(runtime, rows, n, [=] __device__(std::int64_t t, auto group) {
    const T largest = group.largest(s + t * n, n);
    T sum = 0;
    for (std::int64_t i = t * n + group.lane; i < (t + 1) * n; i += group.size) sum += exponential(s[i] - largest);
    sum = group.sum(sum);
    if (group.lane == 0) lse[t] = largest + logarithm(sum);
  });
}

template <class T>
void z_gradient(Runtime& runtime, T* ds, const T* p, const T* lse, T factor, std::int64_t size, std::int64_t n) {
  for_elements(runtime, size, [=] __device__(std::int64_t i) { ds[i] += factor * lse[i / n] * p[i]; });
}

template <class T>
void entropy(Runtime& runtime, double* out, const T* p, double rows, std::int64_t n) {
  sum_on_device(
      runtime, n, out,
      [=] __device__(std::int64_t i) {
        const T q = p[i];
        return static_cast<double>(q == T(0) ? T(0) : -q * logarithm(q));  // 0·ln 0 = 0; NaN goes through
      },
      [=] __device__(double sum) { return sum / rows; });
}

}  // namespace moe::cuda
