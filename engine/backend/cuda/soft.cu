// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/cuda/soft.h"

#include "engine/backend/cuda/rows.h"

namespace moe::cuda {
namespace {

constexpr double kFloor = 1e-12;

/// Rows and columns of tokens mixed into slots.
struct Sizes {
  std::int64_t batch, each, slots, width;  // sequences, tokens of one, slots of one, D
  Sizes(ConstView by_token, ConstView weights, int b)
      : batch(b), each(by_token.dim(0) / b), slots(weights.dim(1)), width(by_token.dim(1)) {}
  std::int64_t tokens() const { return batch * each; }
  __device__ std::int64_t slot_row(std::int64_t m, std::int64_t token) const { return m * batch + token / each; }
};

/// to[t] (+)= Σ_m weights[t,m]·slots of t's sequence.
template <class T>
void to_tokens(Runtime& runtime, const Sizes& s, T* to, const T* slots, const T* weights, bool accumulate) {
  for_elements(runtime, s.tokens() * s.width, [=] __device__(std::int64_t i) {
    const std::int64_t t = i / s.width, c = i % s.width;
    T sum = accumulate ? to[i] : T(0);
    for (std::int64_t m = 0; m < s.slots; ++m) sum += weights[t * s.slots + m] * slots[s.slot_row(m, t) * s.width + c];
    to[i] = sum;
  });
}

/// to's slot m of b = Σ over the tokens of b of weights[t,m]·x[t].
template <class T>
void to_slots(Runtime& runtime, const Sizes& s, T* to, const T* x, const T* weights) {
  for_elements(runtime, s.batch * s.slots * s.width, [=] __device__(std::int64_t i) {
    const std::int64_t row = i / s.width, c = i % s.width, m = row / s.batch, b = row % s.batch;
    T sum = 0;
    for (std::int64_t t = b * s.each; t < (b + 1) * s.each; ++t) sum += weights[t * s.slots + m] * x[t * s.width + c];
    to[i] = sum;
  });
}

/// dweights[t,m] = ⟨by_token[t], slot m of t's sequence⟩.
template <class T>
void products(Runtime& runtime, const Sizes& s, T* dweights, const T* by_token, const T* slots) {
  for_rows(runtime, s.tokens() * s.slots, s.width, [=] __device__(std::int64_t i, auto group) {
    const std::int64_t t = i / s.slots;
    const T *x = by_token + t * s.width, *slot = slots + s.slot_row(i % s.slots, t) * s.width;
    T dot = 0;
    for (std::int64_t c = group.lane; c < s.width; c += group.size) dot += x[c] * slot[c];
    dot = group.sum(dot);
    if (group.lane == 0) dweights[i] = dot;
  });
}

template <class T>
void unit_rows(Runtime& runtime, T* y, T* norms, const T* x, std::int64_t rows, std::int64_t n) {
  for_rows(runtime, rows, n, [=] __device__(std::int64_t r, auto group) {
    T squares = 0;
    for (std::int64_t i = r * n + group.lane; i < (r + 1) * n; i += group.size) squares += x[i] * x[i];
    const T norm = square_root(group.sum(squares)) + static_cast<T>(kFloor);
    for (std::int64_t i = r * n + group.lane; i < (r + 1) * n; i += group.size) y[i] = x[i] / norm;
    if (group.lane == 0) norms[r] = norm;
  });
}

template <class T>
void unit_rows_gradient(Runtime& runtime, T* dx, const T* dy, const T* y, const T* norms, std::int64_t rows,
                        std::int64_t n) {
  for_rows(runtime, rows, n, [=] __device__(std::int64_t r, auto group) {
    T along = 0;
    for (std::int64_t i = r * n + group.lane; i < (r + 1) * n; i += group.size) along += y[i] * dy[i];
    along = group.sum(along);
    const T scale = T(1) / norms[r];
    for (std::int64_t i = r * n + group.lane; i < (r + 1) * n; i += group.size) dx[i] = scale * (dy[i] - along * y[i]);
  });
}

/// One group of threads per sequence and slot, over the sequence's tokens.
template <class T>
void token_softmax(Runtime& runtime, T* p, const T* s, std::int64_t batch, std::int64_t each, std::int64_t n) {
  for_rows(runtime, batch * n, each, [=] __device__(std::int64_t task, auto group) {
    const std::int64_t first = task / n * each * n + task % n;
    T largest = minus_infinity<T>(), sum = 0;
    for (std::int64_t t = group.lane; t < each; t += group.size) {
      const T x = s[first + t * n];
      largest = x > largest ? x : largest;
    }
    largest = group.largest(largest);
    for (std::int64_t t = group.lane; t < each; t += group.size) {
      const T e = exponential(s[first + t * n] - largest);
      p[first + t * n] = e;
      sum += e;
    }
    sum = group.sum(sum);
    for (std::int64_t t = group.lane; t < each; t += group.size) p[first + t * n] /= sum;
  });
}

template <class T>
void token_softmax_gradient(Runtime& runtime, T* ds, const T* dp, const T* p, std::int64_t batch, std::int64_t each,
                            std::int64_t n) {
  for_rows(runtime, batch * n, each, [=] __device__(std::int64_t task, auto group) {
    const std::int64_t first = task / n * each * n + task % n;
    T dot = 0;
    for (std::int64_t t = group.lane; t < each; t += group.size) dot += p[first + t * n] * dp[first + t * n];
    dot = group.sum(dot);
    for (std::int64_t t = group.lane; t < each; t += group.size) {
      const std::int64_t i = first + t * n;
      ds[i] += p[i] * (dp[i] - dot);
    }
  });
}

}  // namespace

void CudaSoft::unit_rows_forward(View y, View norms, ConstView x) {
  with_real(x.dtype, [&]<class T>() { unit_rows(runtime_, y.as<T>(), norms.as<T>(), x.as<T>(), x.dim(0), x.dim(1)); });
}

void CudaSoft::unit_rows_backward(View dx, ConstView dy, ConstView y, ConstView norms) {
  with_real(y.dtype, [&]<class T>() {
    unit_rows_gradient(runtime_, dx.as<T>(), dy.as<T>(), y.as<T>(), norms.as<T>(), y.dim(0), y.dim(1));
  });
}

void CudaSoft::token_softmax_forward(View p, ConstView s, int batch) {
  with_real(s.dtype,
            [&]<class T>() { token_softmax(runtime_, p.as<T>(), s.as<T>(), batch, s.dim(0) / batch, s.dim(1)); });
}

void CudaSoft::token_softmax_backward(View ds, ConstView dp, ConstView p, int batch) {
  with_real(p.dtype, [&]<class T>() {
    token_softmax_gradient(runtime_, ds.as<T>(), dp.as<T>(), p.as<T>(), batch, p.dim(0) / batch, p.dim(1));
  });
}

void CudaSoft::mix_forward(View slots, ConstView x, ConstView weights, int batch) {
  with_real(x.dtype, [&]<class T>() {
    to_slots(runtime_, Sizes(x, weights, batch), slots.as<T>(), x.as<T>(), weights.as<T>());
  });
}

void CudaSoft::mix_backward(View dx, View dweights, ConstView dslots, ConstView x, ConstView weights, int batch) {
  with_real(x.dtype, [&]<class T>() {
    const Sizes sizes(x, weights, batch);
    to_tokens(runtime_, sizes, dx.as<T>(), dslots.as<T>(), weights.as<T>(), false);
    products(runtime_, sizes, dweights.as<T>(), x.as<T>(), dslots.as<T>());
  });
}

void CudaSoft::unmix_forward(View y, ConstView slots, ConstView weights, int batch, bool accumulate) {
  with_real(y.dtype, [&]<class T>() {
    to_tokens(runtime_, Sizes(y, weights, batch), y.as<T>(), slots.as<T>(), weights.as<T>(), accumulate);
  });
}

void CudaSoft::unmix_backward(View dslots, View dweights, ConstView dy, ConstView slots, ConstView weights, int batch) {
  with_real(dy.dtype, [&]<class T>() {
    const Sizes sizes(dy, weights, batch);
    to_slots(runtime_, sizes, dslots.as<T>(), dy.as<T>(), weights.as<T>());
    products(runtime_, sizes, dweights.as<T>(), dy.as<T>(), slots.as<T>());
  });
}

}  // namespace moe::cuda
