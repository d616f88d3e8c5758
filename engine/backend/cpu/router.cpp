// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/cpu/router.h"

#include <cmath>

#include "engine/backend/cpu/rows.h"

namespace moe::cpu {
namespace {

/// e[rows,n] = e^(s − max of the row). The exponentials run over all rows at once: a row of a few experts is shorter
/// than a vector.
template <class T>
void exp_rows(T* e, const T* s, std::int64_t rows, std::int64_t n) {
  for (std::int64_t t = 0; t < rows; ++t) {
    const T largest = row_max(s + t * n, n);
    for (std::int64_t i = t * n; i < (t + 1) * n; ++i) e[i] = s[i] - largest;
  }
#pragma omp simd
  for (std::int64_t i = 0; i < rows * n; ++i) e[i] = fast_exp(e[i]);
}

constexpr double kSpreadFloor = 1e-10;  // under the squared mean, as in 1701.06538's code

struct Spread {
  double mean = 0, variance = 0;  // population
};

template <class T>
Spread spread_of(const T* x, std::int64_t n) {
  Spread out;
  for (std::int64_t i = 0; i < n; ++i) out.mean += static_cast<double>(x[i]) / static_cast<double>(n);
  for (std::int64_t i = 0; i < n; ++i) {
    const double gap = static_cast<double>(x[i]) - out.mean;
    out.variance += gap * gap / static_cast<double>(n);
  }
  return out;
}

template <class T>
T row_sum(const T* x, std::int64_t n) {
  T sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += x[i];
  return sum;
}

}  // namespace

void CpuRouter::softmax_forward(View p, ConstView s) {
  with_real(s.dtype, [&]<class T>() {
    const std::int64_t n = s.dim(1);
    runtime_.for_ranges(s.dim(0), row_grain(n), [&](std::int64_t begin, std::int64_t end) {
      T* to = p.as<T>() + begin * n;
      exp_rows(to, s.as<T>() + begin * n, end - begin, n);
      for (std::int64_t t = 0; t < end - begin; ++t) scale_row(to + t * n, T(1) / row_sum(to + t * n, n), n);
    });
  });
}

void CpuRouter::softmax_backward(View ds, ConstView dp, ConstView p, bool accumulate) {
  with_real(p.dtype, [&]<class T>() {
    const std::int64_t n = p.dim(1);
    for_rows(p.dim(0), n, [&](std::int64_t t) {
      const T *prob = p.as<T>() + t * n, *gradient = dp.as<T>() + t * n;
      T* to = ds.as<T>() + t * n;
      const T dot = dot_row(prob, gradient, n);
      for (std::int64_t i = 0; i < n; ++i) to[i] = (accumulate ? to[i] : T(0)) + prob[i] * (gradient[i] - dot);
    });
  });
}

void CpuRouter::top_k(View ids, ConstView scores, int k) {
  with_real(scores.dtype, [&]<class T>() {
    const std::int64_t n = scores.dim(1);
    runtime_.reserve_scratch<T>(0, k);
    for_rows(scores.dim(0), n * k, [&](std::int64_t t) {
      top_k_row(ids.as<std::int32_t>() + t * k, runtime_.scratch<T>(0), scores.as<T>() + t * n, n, k);
    });
  });
}

void CpuRouter::take_forward(View y, ConstView x, ConstView ids) {
  with_real(x.dtype, [&]<class T>() {
    const std::int64_t n = x.dim(1), k = ids.dim(1);
    for_rows(ids.dim(0), k, [&](std::int64_t t) {
      for (std::int64_t i = t * k; i < (t + 1) * k; ++i) {
        const std::int32_t id = ids.as<std::int32_t>()[i];
        y.as<T>()[i] = id < 0 ? T(0) : x.as<T>()[t * n + id];
      }
    });
  });
}

void CpuRouter::take_backward(View dx, ConstView dy, ConstView ids) {
  with_real(dx.dtype, [&]<class T>() {
    const std::int64_t n = dx.dim(1), k = ids.dim(1);
    for_rows(ids.dim(0), k, [&](std::int64_t t) {
      for (std::int64_t i = t * k; i < (t + 1) * k; ++i) {
        const std::int32_t id = ids.as<std::int32_t>()[i];
        if (id >= 0) dx.as<T>()[t * n + id] += dy.as<T>()[i];
      }
    });
  });
}

void CpuRouter::renormalise_forward(View w, ConstView y, double eps) {
  with_real(y.dtype, [&]<class T>() {
    const std::int64_t k = y.dim(1);
    for_rows(y.dim(0), k, [&](std::int64_t t) {
      const T* from = y.as<T>() + t * k;
      T sum = static_cast<T>(eps);
      for (std::int64_t i = 0; i < k; ++i) sum += from[i];
      for (std::int64_t i = 0; i < k; ++i) w.as<T>()[t * k + i] = from[i] / sum;
    });
  });
}

// w_i = y_i / s, s = Σ y + eps: dy_j = (dw_j − Σ_i dw_i·w_i) / s.
void CpuRouter::renormalise_backward(View dy, ConstView dw, ConstView y, double eps) {
  with_real(y.dtype, [&]<class T>() {
    const std::int64_t k = y.dim(1);
    for_rows(y.dim(0), k, [&](std::int64_t t) {
      const T *from = y.as<T>() + t * k, *gradient = dw.as<T>() + t * k;
      T sum = static_cast<T>(eps), dot = 0;
      for (std::int64_t i = 0; i < k; ++i) {
        sum += from[i];
        dot += gradient[i] * from[i];
      }
      for (std::int64_t i = 0; i < k; ++i) dy.as<T>()[t * k + i] = (gradient[i] - dot / sum) / sum;
    });
  });
}

// One pass in one thread: T·K additions whose order is the order of the tokens.
void CpuRouter::count_choices(View counts, View mass, ConstView ids, ConstView weights) {
  with_real(weights.dtype, [&]<class T>() {
    std::fill_n(counts.as<std::int32_t>(), counts.size(), 0);
    std::fill_n(mass.as<T>(), mass.size(), T(0));
    for (std::int64_t i = 0; i < ids.size(); ++i) {
      const std::int32_t id = ids.as<std::int32_t>()[i];
      if (id < 0) continue;
      ++counts.as<std::int32_t>()[id];
      mass.as<T>()[id] += weights.as<T>()[i];
    }
  });
}

void CpuRouter::column_mean(View mean, ConstView p) {
  with_real(p.dtype, [&]<class T>() {
    const std::int64_t rows = p.dim(0), n = p.dim(1);
    runtime_.reduce_rows(rows, n, false, mean.as<T>(), [&](std::int64_t begin, std::int64_t end, T* partial) {
      for (std::int64_t t = begin; t < end; ++t)
        for (std::int64_t e = 0; e < n; ++e) partial[e] += p.as<T>()[t * n + e];
    });
    scale_row(mean.as<T>(), rows ? T(1) / static_cast<T>(rows) : T(0), n);
  });
}

void CpuRouter::balance_loss_backward(View ds, ConstView p, ConstView counts, int k, double coefficient) {
  with_real(p.dtype, [&]<class T>() {
    const std::int64_t rows = p.dim(0), n = p.dim(1), group = rows / std::max<std::int64_t>(counts.size() / n, 1);
    const T share = T(1) / (static_cast<T>(group) * static_cast<T>(k));
    const T factor = static_cast<T>(coefficient * static_cast<double>(n) / static_cast<double>(rows));
    for_rows(rows, n, [&](std::int64_t t) {
      const std::int32_t* count = counts.as<std::int32_t>() + t / group * n;
      const T* prob = p.as<T>() + t * n;
      T* to = ds.as<T>() + t * n;
      T expected = 0;
#pragma omp simd reduction(+ : expected)
      for (std::int64_t e = 0; e < n; ++e) expected += static_cast<T>(count[e]) * share * prob[e];
#pragma omp simd
      for (std::int64_t e = 0; e < n; ++e) to[e] += factor * prob[e] * (static_cast<T>(count[e]) * share - expected);
    });
  });
}

void CpuRouter::balance_gradient(View dp, ConstView counts, int k, double coefficient) {
  with_real(dp.dtype, [&]<class T>() {
    const std::int64_t rows = dp.dim(0), n = dp.dim(1), group = rows / std::max<std::int64_t>(counts.size() / n, 1);
    const T factor = static_cast<T>(coefficient * static_cast<double>(n) / static_cast<double>(rows) /
                                    (static_cast<double>(group) * k));
    for_rows(rows, n, [&](std::int64_t t) {
      const std::int32_t* count = counts.as<std::int32_t>() + t / group * n;
      for (std::int64_t e = 0; e < n; ++e) dp.as<T>()[t * n + e] += factor * static_cast<T>(count[e]);
    });
  });
}

// Σ_t f_{g(t)}·p_t over all tokens: the mean over groups of E·Σ f·P, since P_g is a mean over equally many tokens.
Scalar CpuRouter::balance_loss(ConstView p, ConstView counts, int k) {
  return with_real(p.dtype, [&]<class T>() {
    const std::int64_t rows = p.dim(0), n = p.dim(1), group = rows / std::max<std::int64_t>(counts.size() / n, 1);
    const double total = runtime_.reduce(rows, row_grain(n), [&](std::int64_t begin, std::int64_t end) {
      double sum = 0;
      for (std::int64_t t = begin; t < end; ++t) {
        const std::int32_t* count = counts.as<std::int32_t>() + t / group * n;
        for (std::int64_t e = 0; e < n; ++e) sum += count[e] * static_cast<double>(p.as<T>()[t * n + e]);
      }
      return sum;
    });
    return rows ? static_cast<double>(n) * total / static_cast<double>(rows) / (static_cast<double>(group) * k) : 0.0;
  });
}

void CpuRouter::sigmoid_forward(View y, ConstView x) {
  with_real(x.dtype, [&]<class T>() {
    runtime_.for_ranges(x.size(), kElementGrain, [&](std::int64_t begin, std::int64_t end) {
      const T* from = x.as<T>();
      T* to = y.as<T>();
#pragma omp simd
      for (std::int64_t i = begin; i < end; ++i) to[i] = T(1) / (T(1) + fast_exp(-from[i]));
    });
  });
}

void CpuRouter::sigmoid_backward(View dx, ConstView dy, ConstView y, bool accumulate) {
  with_real(y.dtype, [&]<class T>() {
    runtime_.for_ranges(y.size(), kElementGrain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        const T value = y.as<T>()[i];
        dx.as<T>()[i] = (accumulate ? dx.as<T>()[i] : T(0)) + dy.as<T>()[i] * value * (T(1) - value);
      }
    });
  });
}

void CpuRouter::add_row(View y, ConstView row, double alpha) {
  with_real(y.dtype, [&]<class T>() {
    const std::int64_t n = y.dim(1);
    for_rows(y.dim(0), n, [&](std::int64_t t) {
      for (std::int64_t e = 0; e < n; ++e) y.as<T>()[t * n + e] += static_cast<T>(alpha) * row.as<T>()[e];
    });
  });
}

void CpuRouter::squared_cv_backward(View dx, ConstView x, double coefficient) {
  with_real(x.dtype, [&]<class T>() {
    const std::int64_t n = x.size();
    const Spread spread = spread_of(x.as<T>(), n);
    const double mean = spread.mean, floor = mean * mean + kSpreadFloor, count = static_cast<double>(n);
    for (std::int64_t i = 0; i < n; ++i)
      dx.as<T>()[i] = static_cast<T>(
          coefficient * 2 / count *
          ((static_cast<double>(x.as<T>()[i]) - mean) / floor - spread.variance * mean / (floor * floor)));
  });
}

Scalar CpuRouter::squared_cv(ConstView x) {
  return with_real(x.dtype, [&]<class T>() {
    const Spread spread = spread_of(x.as<T>(), x.size());
    return spread.variance / (spread.mean * spread.mean + kSpreadFloor);
  });
}

void CpuRouter::log_sum_exp(View lse, ConstView s) {
  with_real(s.dtype, [&]<class T>() {
    const std::int64_t n = s.dim(1), grain = row_grain(n);
    runtime_.reserve_scratch<T>(0, grain * n);
    runtime_.for_ranges(s.dim(0), grain, [&](std::int64_t begin, std::int64_t end) {
      const T* from = s.as<T>() + begin * n;
      T* e = runtime_.scratch<T>(0);
      exp_rows(e, from, end - begin, n);
      for (std::int64_t t = 0; t < end - begin; ++t)
        lse.as<T>()[begin + t] = row_max(from + t * n, n) + std::log(row_sum(e + t * n, n));
    });
  });
}

void CpuRouter::z_loss_backward(View ds, ConstView p, ConstView lse, double coefficient) {
  with_real(p.dtype, [&]<class T>() {
    const std::int64_t rows = p.dim(0), n = p.dim(1);
    const T factor = static_cast<T>(2 * coefficient / static_cast<double>(rows));
    for_rows(rows, n, [&](std::int64_t t) {
      const T* prob = p.as<T>() + t * n;
      T* to = ds.as<T>() + t * n;
      const T slope = factor * lse.as<T>()[t];
#pragma omp simd
      for (std::int64_t e = 0; e < n; ++e) to[e] += slope * prob[e];
    });
  });
}

Scalar CpuRouter::mean_entropy(ConstView p) {
  return with_real(p.dtype, [&]<class T>() {
    const std::int64_t rows = p.dim(0), n = p.dim(1);
    const double total = runtime_.reduce(rows, row_grain(n), [&](std::int64_t begin, std::int64_t end) {
      double sum = 0;
      const T* probability = p.as<T>();
#pragma omp simd reduction(- : sum)
      for (std::int64_t i = begin * n; i < end * n; ++i) {
        const T q = probability[i], term = q * fast_log(q);
        sum -= static_cast<double>(q == T(0) ? T(0) : term);  // 0·ln 0 = 0; NaN goes through
      }
      return sum;
    });
    return rows ? total / static_cast<double>(rows) : 0.0;
  });
}

}  // namespace moe::cpu
