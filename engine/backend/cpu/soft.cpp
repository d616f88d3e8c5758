// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/cpu/soft.h"

#include <cmath>

#include "engine/backend/cpu/rows.h"

namespace moe::cpu {
namespace {

constexpr double kFloor = 1e-12;

template <class T>
void add_scaled_row(T* to, const T* from, T factor, std::int64_t n) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) to[i] += factor * from[i];
}

/// Rows and columns of tokens mixed into slots.
struct Sizes {
  std::int64_t batch, each, slots, width;  // sequences, tokens of one, slots of one, D
  Sizes(ConstView by_token, ConstView weights, int b)
      : batch(b), each(by_token.dim(0) / b), slots(weights.dim(1)), width(by_token.dim(1)) {}
  std::int64_t slot_row(std::int64_t m, std::int64_t token) const { return (m * batch + token / each) * width; }
};

/// to[t] (+)= Σ_m weights[t,m]·slots of t's sequence.
template <class T>
void to_tokens(Runtime& runtime, const Sizes& s, T* to, const T* slots, const T* weights, bool accumulate) {
  runtime.for_ranges(s.batch * s.each, row_grain(s.width * s.slots), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t t = begin; t < end; ++t) {
      T* row = to + t * s.width;
      if (!accumulate) std::fill_n(row, s.width, T(0));
      for (std::int64_t m = 0; m < s.slots; ++m)
        add_scaled_row(row, slots + s.slot_row(m, t), weights[t * s.slots + m], s.width);
    }
  });
}

/// to's slot m of b = Σ over the tokens of b of weights[t,m]·x[t].
template <class T>
void to_slots(Runtime& runtime, const Sizes& s, T* to, const T* x, const T* weights) {
  runtime.pool.parallel_for(s.batch * s.slots, [&](std::int64_t task) {
    const std::int64_t m = task / s.batch, b = task % s.batch;
    T* row = to + task * s.width;
    std::fill_n(row, s.width, T(0));
    for (std::int64_t t = b * s.each; t < (b + 1) * s.each; ++t)
      add_scaled_row(row, x + t * s.width, weights[t * s.slots + m], s.width);
  });
}

/// dweights[t,m] = ⟨by_token[t], slot m of t's sequence⟩.
template <class T>
void products(Runtime& runtime, const Sizes& s, T* dweights, const T* by_token, const T* slots) {
  runtime.for_ranges(s.batch * s.each, row_grain(s.width * s.slots), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t t = begin; t < end; ++t)
      for (std::int64_t m = 0; m < s.slots; ++m)
        dweights[t * s.slots + m] = dot_row(by_token + t * s.width, slots + s.slot_row(m, t), s.width);
  });
}

}  // namespace

void CpuSoft::unit_rows_forward(View y, View norms, ConstView x) {
  with_real(x.dtype, [&]<class T>() {
    const std::int64_t n = x.dim(1);
    runtime_.for_ranges(x.dim(0), row_grain(n), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r) {
        const T* from = x.as<T>() + r * n;
        const T norm = std::sqrt(dot_row(from, from, n)) + static_cast<T>(kFloor);
        norms.as<T>()[r] = norm;
        for (std::int64_t i = 0; i < n; ++i) y.as<T>()[r * n + i] = from[i] / norm;
      }
    });
  });
}

// Of a unit row: dx = (dy − y·⟨dy, y⟩)/|x|.
void CpuSoft::unit_rows_backward(View dx, ConstView dy, ConstView y, ConstView norms) {
  with_real(y.dtype, [&]<class T>() {
    const std::int64_t n = y.dim(1);
    runtime_.for_ranges(y.dim(0), row_grain(n), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r) {
        const T *unit = y.as<T>() + r * n, *gradient = dy.as<T>() + r * n;
        const T along = dot_row(unit, gradient, n), scale = T(1) / norms.as<T>()[r];
        for (std::int64_t i = 0; i < n; ++i) dx.as<T>()[r * n + i] = scale * (gradient[i] - along * unit[i]);
      }
    });
  });
}

void CpuSoft::token_softmax_forward(View p, ConstView s, int batch) {
  with_real(s.dtype, [&]<class T>() {
    const std::int64_t each = s.dim(0) / batch, n = s.dim(1);
    runtime_.pool.parallel_for(batch * n, [&](std::int64_t task) {
      const std::int64_t first = task / n * each * n + task % n;
      const T* from = s.as<T>() + first;
      T *to = p.as<T>() + first, largest = -std::numeric_limits<T>::infinity(), sum = 0;
      for (std::int64_t t = 0; t < each; ++t) largest = std::max(largest, from[t * n]);
      for (std::int64_t t = 0; t < each; ++t) sum += to[t * n] = std::exp(from[t * n] - largest);
      for (std::int64_t t = 0; t < each; ++t) to[t * n] /= sum;
    });
  });
}

void CpuSoft::token_softmax_backward(View ds, ConstView dp, ConstView p, int batch) {
  with_real(p.dtype, [&]<class T>() {
    const std::int64_t each = p.dim(0) / batch, n = p.dim(1);
    runtime_.pool.parallel_for(batch * n, [&](std::int64_t task) {
      const std::int64_t first = task / n * each * n + task % n;
      const T *prob = p.as<T>() + first, *gradient = dp.as<T>() + first;
      T dot = 0;
      for (std::int64_t t = 0; t < each; ++t) dot += prob[t * n] * gradient[t * n];
      for (std::int64_t t = 0; t < each; ++t) ds.as<T>()[first + t * n] += prob[t * n] * (gradient[t * n] - dot);
    });
  });
}

void CpuSoft::mix_forward(View slots, ConstView x, ConstView weights, int batch) {
  with_real(x.dtype, [&]<class T>() {
    to_slots(runtime_, Sizes(x, weights, batch), slots.as<T>(), x.as<T>(), weights.as<T>());
  });
}

void CpuSoft::mix_backward(View dx, View dweights, ConstView dslots, ConstView x, ConstView weights, int batch) {
  with_real(x.dtype, [&]<class T>() {
    const Sizes sizes(x, weights, batch);
    to_tokens(runtime_, sizes, dx.as<T>(), dslots.as<T>(), weights.as<T>(), false);
    products(runtime_, sizes, dweights.as<T>(), x.as<T>(), dslots.as<T>());
  });
}

void CpuSoft::unmix_forward(View y, ConstView slots, ConstView weights, int batch, bool accumulate) {
  with_real(y.dtype, [&]<class T>() {
    to_tokens(runtime_, Sizes(y, weights, batch), y.as<T>(), slots.as<T>(), weights.as<T>(), accumulate);
  });
}

void CpuSoft::unmix_backward(View dslots, View dweights, ConstView dy, ConstView slots, ConstView weights, int batch) {
  with_real(dy.dtype, [&]<class T>() {
    const Sizes sizes(dy, weights, batch);
    to_slots(runtime_, sizes, dslots.as<T>(), dy.as<T>(), weights.as<T>());
    products(runtime_, sizes, dweights.as<T>(), dy.as<T>(), slots.as<T>());
  });
}

}  // namespace moe::cpu
