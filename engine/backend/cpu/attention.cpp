// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/cpu/attention.h"

#include <cmath>

#include "engine/backend/cpu/gemm.h"
#include "engine/backend/cpu/rows.h"

namespace moe::cpu {
namespace {

/// Query rows handled at once: their scores [kBlock, S] are all that exists of the S×S matrix.
constexpr std::int64_t kBlock = 64;

/// Where the heads of one batch row lie in qkv[T, width] and out[T, H·C].
template <class T>
struct Heads {
  Heads(const AttentionShape& s, std::int64_t batch_row)
      : context(s.context),
        dim(s.head_dim),
        width(s.qkv_width()),
        out_width(static_cast<std::int64_t>(s.heads) * s.head_dim),
        first_row(batch_row * s.context),
        heads(s.heads),
        kv_heads(s.kv_heads) {}
  std::int64_t q(std::int64_t h) const { return first_row * width + h * dim; }
  std::int64_t k(std::int64_t g) const { return first_row * width + (heads + g) * dim; }
  std::int64_t v(std::int64_t g) const { return first_row * width + (heads + kv_heads + g) * dim; }
  std::int64_t out(std::int64_t h) const { return first_row * out_width + h * dim; }
  T scale() const { return T(1) / std::sqrt(static_cast<T>(dim)); }
  std::int64_t context, dim, width, out_width, first_row, heads, kv_heads;
};

/// Softmax of one block of causal rows in place: row i sees keys 0 … begin + i. Zeros above the diagonal.
template <class T>
void causal_softmax(T* scores, T* lse, std::int64_t begin, std::int64_t end) {
  for (std::int64_t i = begin; i < end; ++i) {
    T* row = scores + (i - begin) * end;
    const T largest = row_max(row, i + 1);
    const T sum = exp_row(row, row, largest, i + 1);
    scale_row(row, T(1) / sum, i + 1);
    std::fill(row + i + 1, row + end, T(0));
    lse[i] = largest + std::log(sum);
  }
}

template <class T>
void forward_head(T* out, T* lse, const T* qkv, T* scores, const Heads<T>& at, std::int64_t h) {
  const std::int64_t g = h / (at.heads / at.kv_heads);
  const T *q = qkv + at.q(h), *k = qkv + at.k(g), *v = qkv + at.v(g);
  T* o = out + at.out(h);
  for (std::int64_t begin = 0; begin < at.context; begin += kBlock) {
    const std::int64_t end = std::min(at.context, begin + kBlock), rows = end - begin;
    gemm(Gemm<T>{rows, end, at.dim, q + begin * at.width, at.width, false, k, at.width, true, scores, end, false,
                 at.scale()});
    causal_softmax(scores, lse, begin, end);
    gemm(Gemm<T>{rows, at.dim, end, scores, end, false, v, at.width, false, o + begin * at.out_width, at.out_width});
  }
}

/// P from the scores and lse, then dS = P∘(dP − ⟨dO, O⟩)·scale in place of dP; zeros above the diagonal in both.
template <class T>
void causal_softmax_backward(T* p, T* ds, const T* dout, const T* out, const T* lse, const Heads<T>& at,
                             std::int64_t begin, std::int64_t end) {
  const T scale = at.scale();
  for (std::int64_t i = begin; i < end; ++i) {
    T *prob = p + (i - begin) * end, *gradient = ds + (i - begin) * end;
    const T along = dot_row(dout + i * at.out_width, out + i * at.out_width, at.dim);
    const T shift = lse[i];
#pragma omp simd
    for (std::int64_t j = 0; j <= i; ++j) {
      const T e = fast_exp(prob[j] - shift);
      prob[j] = e;
      gradient[j] = e * (gradient[j] - along) * scale;
    }
    std::fill(prob + i + 1, prob + end, T(0));
    std::fill(gradient + i + 1, gradient + end, T(0));
  }
}

/// dQ of head h is written; dK and dV of its group are written by the first head and added to by the others.
template <class T>
void backward_head(T* dqkv, const T* dout, const T* out, const T* lse, const T* qkv, T* scratch, const Heads<T>& at,
                   std::int64_t h) {
  const std::int64_t group = at.heads / at.kv_heads, g = h / group;
  const T *q = qkv + at.q(h), *k = qkv + at.k(g), *v = qkv + at.v(g);
  const T *dy = dout + at.out(h), *y = out + at.out(h);
  T *p = scratch, *ds = scratch + kBlock * at.context;
  // The last block first: it reaches every key, so it can write what the others add to.
  for (std::int64_t begin = (at.context - 1) / kBlock * kBlock; begin >= 0; begin -= kBlock) {
    const std::int64_t end = std::min(at.context, begin + kBlock), rows = end - begin;
    const bool add = h % group != 0 || end != at.context;
    const T *q_block = q + begin * at.width, *dy_block = dy + begin * at.out_width;
    gemm(Gemm<T>{rows, end, at.dim, q_block, at.width, false, k, at.width, true, p, end, false, at.scale()});
    gemm(Gemm<T>{rows, end, at.dim, dy_block, at.out_width, false, v, at.width, true, ds, end});
    causal_softmax_backward(p, ds, dy, y, lse, at, begin, end);
    gemm(Gemm<T>{end, at.dim, rows, p, end, true, dy_block, at.out_width, false, dqkv + at.v(g), at.width, add});
    gemm(Gemm<T>{rows, at.dim, end, ds, end, false, k, at.width, false, dqkv + at.q(h) + begin * at.width, at.width});
    gemm(Gemm<T>{end, at.dim, rows, ds, end, true, q_block, at.width, false, dqkv + at.k(g), at.width, add});
  }
}

}  // namespace

template <class T>
const T* CpuAttention::rotations(const AttentionShape& s, double theta) {
  const std::int64_t pairs = s.head_dim / 2, size = s.context * pairs;
  T* table = rotations_.get<T>(2 * size);
  const bool current = table_context_ == s.context && table_dim_ == s.head_dim && table_theta_ == theta &&
                       table_dtype_ == dtype_of<T>::value;
  if (current) return table;
  for (std::int64_t t = 0; t < s.context; ++t)
    for (std::int64_t i = 0; i < pairs; ++i) {
      const double angle =
          static_cast<double>(t) * std::pow(theta, -2.0 * static_cast<double>(i) / static_cast<double>(s.head_dim));
      table[t * pairs + i] = static_cast<T>(std::cos(angle));
      table[size + t * pairs + i] = static_cast<T>(std::sin(angle));
    }
  table_context_ = s.context, table_dim_ = s.head_dim, table_theta_ = theta, table_dtype_ = dtype_of<T>::value;
  return table;
}

/// (a, b) of each pair (i, i + C/2) turned by direction·angle.
template <class T>
void CpuAttention::rotate(View qkv, const AttentionShape& s, double theta, T direction) {
  const std::int64_t pairs = s.head_dim / 2, width = s.qkv_width(), heads = s.heads + s.kv_heads;
  const T* cosines = rotations<T>(s, theta);
  const T* sines = cosines + s.context * pairs;
  runtime_.for_ranges(qkv.dim(0), row_grain(width), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t t = begin; t < end; ++t) {
      const T *c = cosines + t % s.context * pairs, *sn = sines + t % s.context * pairs;
      for (std::int64_t h = 0; h < heads; ++h) {
        T *a = qkv.as<T>() + t * width + h * s.head_dim, *b = a + pairs;
#pragma omp simd
        for (std::int64_t i = 0; i < pairs; ++i) {
          const T x = a[i], y = b[i], turn = direction * sn[i];
          a[i] = x * c[i] - y * turn;
          b[i] = y * c[i] + x * turn;
        }
      }
    }
  });
}

void CpuAttention::rope_forward(View qkv, const AttentionShape& s, double theta) {
  with_real(qkv.dtype, [&]<class T>() { rotate<T>(qkv, s, theta, T(1)); });
}

void CpuAttention::rope_backward(View dqkv, const AttentionShape& s, double theta) {
  with_real(dqkv.dtype, [&]<class T>() { rotate<T>(dqkv, s, theta, T(-1)); });
}

void CpuAttention::attention_forward(View out, View lse, ConstView qkv, const AttentionShape& s, MatmulPrecision) {
  const OneGemmThread guard;
  with_real(qkv.dtype, [&]<class T>() {
    runtime_.pool.parallel_for(std::int64_t{s.batch} * s.heads, [&](std::int64_t task) {
      T* scores = runtime_.scratch<T>(0, kBlock * s.context);
      const Heads<T> at(s, task / s.heads);
      forward_head(out.as<T>(), lse.as<T>() + task * s.context, qkv.as<T>(), scores, at, task % s.heads);
    });
  });
}

// One task per (batch row, key/value head): the query heads of a group add to the same dK and dV one after the other.
void CpuAttention::attention_backward(View dqkv, ConstView dout, ConstView out, ConstView lse, ConstView qkv,
                                      const AttentionShape& s, MatmulPrecision) {
  const OneGemmThread guard;
  with_real(qkv.dtype, [&]<class T>() {
    const std::int64_t group = s.heads / s.kv_heads;
    runtime_.pool.parallel_for(std::int64_t{s.batch} * s.kv_heads, [&](std::int64_t task) {
      T* scratch = runtime_.scratch<T>(0, 2 * kBlock * s.context);
      const std::int64_t row = task / s.kv_heads, g = task % s.kv_heads;
      const Heads<T> at(s, row);
      for (std::int64_t h = g * group; h < (g + 1) * group; ++h)
        backward_head(dqkv.as<T>(), dout.as<T>(), out.as<T>(), lse.as<T>() + (row * s.heads + h) * s.context,
                      qkv.as<T>(), scratch, at, h);
    });
  });
}

}  // namespace moe::cpu
