// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/cpu/attention.h"

#include <cmath>

#include "engine/backend/cpu/rows.h"
#include "engine/backend/cpu/small_gemm.h"

namespace moe::cpu {
namespace {

/// Query rows handled at once: their scores [kBlock, S] are all that exists of the S×S matrix. Keys beyond the block's
/// last row are never touched, so small blocks save work; 32 rows still fill the register tile four times.
constexpr std::int64_t kBlock = 32;

/// Where the heads of one batch row lie in qkv[T, width] and out[T, H·C], and the padded sizes of packed copies.
template <class T>
struct Heads {
  Heads(const AttentionShape& s, std::int64_t batch_row)
      : context(s.context),
        dim(s.head_dim),
        width(s.qkv_width()),
        out_width(static_cast<std::int64_t>(s.heads) * s.head_dim),
        padded_dim(padded_columns<T>(s.head_dim)),
        padded_context(padded_columns<T>(s.context)),
        scale(T(1) / std::sqrt(static_cast<T>(s.head_dim))),
        first_row(batch_row * s.context),
        heads(s.heads),
        kv_heads(s.kv_heads) {}
  std::int64_t q(std::int64_t h) const { return first_row * width + h * dim; }
  std::int64_t k(std::int64_t g) const { return first_row * width + (heads + g) * dim; }
  std::int64_t v(std::int64_t g) const { return first_row * width + (heads + kv_heads + g) * dim; }
  std::int64_t out(std::int64_t h) const { return first_row * out_width + h * dim; }
  std::int64_t packed() const { return context * padded_dim; }      // size of a packed [S, C]
  std::int64_t transposed() const { return dim * padded_context; }  // size of a packed [C, S]
  std::int64_t context, dim, width, out_width, padded_dim, padded_context;
  T scale;
  std::int64_t first_row, heads, kv_heads;
};

template <class T>
void copy_row(T* to, const T* from, std::int64_t n) {  // rows of a head are too short for memmove
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) to[i] = from[i];
}

/// Asks for one head of a [T, ld] array ahead of its use: a few cache lines per row, too far apart for the processor to
/// foresee.
template <class T>
void prefetch(const T* from, std::int64_t ld, const Heads<T>& at) {
  constexpr std::int64_t kLine = 64 / sizeof(T);
  for (std::int64_t t = 0; t < at.context; ++t, from += ld)
    for (std::int64_t c = 0; c < at.dim; c += kLine) __builtin_prefetch(from + c);
}

/// to[S, padded C] = one head of a [T, ld] array.
template <class T>
void pack(T* to, const T* from, std::int64_t ld, const Heads<T>& at) {
  for (std::int64_t t = 0; t < at.context; ++t, to += at.padded_dim, from += ld) {
    copy_row(to, from, at.dim);
    for (std::int64_t c = at.dim; c < at.padded_dim; ++c) to[c] = T(0);
  }
}

/// to[C, padded S] = the transpose of one head, a few rows at a time: rows of qkv lie so far apart that a whole column
/// of them does not stay in the first cache level.
template <class T>
void pack_transposed(T* to, const T* from, std::int64_t ld, const Heads<T>& at) {
  constexpr std::int64_t kRows = 16;
  std::int64_t t = 0;
  for (; t + kRows <= at.context; t += kRows)
    for (std::int64_t c = 0; c < at.dim; ++c)
      for (std::int64_t i = 0; i < kRows; ++i) to[c * at.padded_context + t + i] = from[(t + i) * ld + c];
  for (; t < at.padded_context; ++t)
    for (std::int64_t c = 0; c < at.dim; ++c) to[c * at.padded_context + t] = t < at.context ? from[t * ld + c] : T(0);
}

/// Columns [0, C) of packed rows to a [T, ld] array.
template <class T>
void unpack(T* to, std::int64_t ld, const T* from, std::int64_t rows, const Heads<T>& at) {
  for (std::int64_t t = 0; t < rows; ++t) copy_row(to + t * ld, from + t * at.padded_dim, at.dim);
}

/// Scores of keys after row i, up to whole vectors, become −inf: their probability is 0 without a special case.
template <class T>
std::int64_t mask_future(T* scores, std::int64_t i, std::int64_t end) {
  const std::int64_t padded = padded_columns<T>(end);
  std::fill(scores + i + 1, scores + padded, -std::numeric_limits<T>::infinity());
  return padded;
}

/// Softmax of one block of causal rows in place: row i sees keys 0 … i. Zeros above the diagonal.
template <class T>
void causal_softmax(T* scores, T* lse, std::int64_t begin, std::int64_t end, const Heads<T>& at) {
  for (std::int64_t i = begin; i < end; ++i, scores += at.padded_context) {
    const std::int64_t n = mask_future(scores, i, end);
    const T largest = row_max(scores, n);
    const T sum = exp_row(scores, scores, largest, n);
    scale_row(scores, T(1) / sum, n);
    lse[i] = largest + std::log(sum);
  }
}

template <class T>
std::int64_t forward_scratch(const Heads<T>& at) {
  return at.transposed() + at.packed() + kBlock * (at.padded_context + at.padded_dim);
}

/// out and lse of one query head.
template <class T>
void forward_head(T* out, T* lse, const T* qkv, T* scratch, const Heads<T>& at, std::int64_t h) {
  const std::int64_t g = h / (at.heads / at.kv_heads);
  T *keys = scratch, *values = keys + at.transposed();
  T *scores = values + at.packed(), *block = scores + kBlock * at.padded_context;
  prefetch(qkv + at.k(g), at.width, at);
  prefetch(qkv + at.v(g), at.width, at);
  prefetch(qkv + at.q(h), at.width, at);
  pack_transposed(keys, qkv + at.k(g), at.width, at);
  pack(values, qkv + at.v(g), at.width, at);
  for (std::int64_t begin = 0; begin < at.context; begin += kBlock) {
    const std::int64_t end = std::min(at.context, begin + kBlock), rows = end - begin;
    small_gemm<T>({rows, end, at.dim, qkv + at.q(h) + begin * at.width, at.width, 1, keys, at.padded_context, scores,
                   at.padded_context, false, at.scale});
    causal_softmax(scores, lse, begin, end, at);
    small_gemm<T>({rows, at.dim, end, scores, at.padded_context, 1, values, at.padded_dim, block, at.padded_dim});
    unpack(out + at.out(h) + begin * at.out_width, at.out_width, block, rows, at);
  }
}

/// P from the scores and lse, then dS = P∘(dP − Σ P∘dP)·scale in place of dP; zeros above the diagonal in both. The sum
/// is ⟨dO, O⟩, taken from what is at hand instead of from O.
template <class T>
void causal_softmax_backward(T* p, T* ds, const T* lse, std::int64_t begin, std::int64_t end, const Heads<T>& at) {
  for (std::int64_t i = begin; i < end; ++i, p += at.padded_context, ds += at.padded_context) {
    const T shift = lse[i], scale = at.scale;
    const std::int64_t n = mask_future(p, i, end);
    T along = 0;
#pragma omp simd reduction(+ : along)
    for (std::int64_t j = 0; j < n; ++j) {
      const T e = fast_exp(p[j] - shift);
      p[j] = e;
      along += e * ds[j];
    }
#pragma omp simd
    for (std::int64_t j = 0; j < n; ++j) ds[j] = p[j] * (ds[j] - along) * scale;
  }
}

/// Packed operands of one key/value head, shared by the query heads of its group.
template <class T>
struct GroupScratch {
  GroupScratch(T* memory, const Heads<T>& at)
      : keys(memory),
        keys_t(keys + at.packed()),
        values_t(keys_t + at.transposed()),
        dkeys(values_t + at.transposed()),
        dvalues(dkeys + at.packed()),
        queries(dvalues + at.packed()),
        dout(queries + at.packed()),
        p(dout + at.packed()),
        ds(p + kBlock * at.padded_context),
        dqueries(ds + kBlock * at.padded_context) {}
  static std::int64_t size(const Heads<T>& at) {
    return 5 * at.packed() + 2 * at.transposed() + kBlock * (2 * at.padded_context + at.padded_dim);
  }
  T *keys, *keys_t, *values_t, *dkeys, *dvalues, *queries, *dout, *p, *ds, *dqueries;
};

/// dQ of head h is written; its share of dK and dV is added to the group's.
template <class T>
void backward_head(T* dqkv, const T* dout, const T* lse, const T* qkv, const GroupScratch<T>& s, const Heads<T>& at,
                   std::int64_t h) {
  const std::int64_t ldp = at.padded_context, ldc = at.padded_dim;
  prefetch(qkv + at.q(h), at.width, at);
  prefetch(dout + at.out(h), at.out_width, at);
  pack(s.queries, qkv + at.q(h), at.width, at);
  pack(s.dout, dout + at.out(h), at.out_width, at);
  for (std::int64_t begin = 0; begin < at.context; begin += kBlock) {
    const std::int64_t end = std::min(at.context, begin + kBlock), rows = end - begin;
    const T *queries = s.queries + begin * ldc, *dy = s.dout + begin * ldc;
    small_gemm<T>({rows, end, at.dim, queries, ldc, 1, s.keys_t, ldp, s.p, ldp, false, at.scale});
    small_gemm<T>({rows, end, at.dim, dy, ldc, 1, s.values_t, ldp, s.ds, ldp});
    causal_softmax_backward(s.p, s.ds, lse, begin, end, at);
    small_gemm<T>({end, at.dim, rows, s.p, 1, ldp, dy, ldc, s.dvalues, ldc, true});
    small_gemm<T>({end, at.dim, rows, s.ds, 1, ldp, queries, ldc, s.dkeys, ldc, true});
    small_gemm<T>({rows, at.dim, end, s.ds, ldp, 1, s.keys, ldc, s.dqueries, ldc});
    unpack(dqkv + at.q(h) + begin * at.width, at.width, s.dqueries, rows, at);
  }
}

/// dK and dV of key/value head g, dQ of every query head of its group.
template <class T>
void backward_group(T* dqkv, const T* dout, const T* lse, const T* qkv, T* scratch, const Heads<T>& at,
                    std::int64_t g) {
  const GroupScratch<T> s(scratch, at);
  prefetch(qkv + at.k(g), at.width, at);
  prefetch(qkv + at.v(g), at.width, at);
  pack(s.keys, qkv + at.k(g), at.width, at);
  pack_transposed(s.keys_t, qkv + at.k(g), at.width, at);
  pack_transposed(s.values_t, qkv + at.v(g), at.width, at);
  std::fill_n(s.dkeys, at.packed(), T(0));
  std::fill_n(s.dvalues, at.packed(), T(0));
  const std::int64_t group = at.heads / at.kv_heads;
  for (std::int64_t h = g * group; h < (g + 1) * group; ++h)
    backward_head(dqkv, dout, lse + h * at.context, qkv, s, at, h);
  unpack(dqkv + at.k(g), at.width, s.dkeys, at.context, at);
  unpack(dqkv + at.v(g), at.width, s.dvalues, at.context, at);
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

/// (a, b) of each pair (i, i + C/2) turned by direction·angle; values only change their place, if that.
template <class T>
void CpuAttention::rotate(View y, ConstView qkv, const AttentionShape& s, double theta, T direction) {
  const std::int64_t pairs = s.head_dim / 2, width = s.qkv_width(), heads = s.heads + s.kv_heads;
  const T* cosines = rotations<T>(s, theta);
  const T* sines = cosines + s.context * pairs;
  runtime_.for_ranges(qkv.dim(0), row_grain(width), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t t = begin; t < end; ++t) {
      const T *c = cosines + t % s.context * pairs, *sn = sines + t % s.context * pairs;
      for (std::int64_t h = 0; h < heads; ++h) {
        const T *a = qkv.as<T>() + t * width + h * s.head_dim, *b = a + pairs;
        T *to_a = y.as<T>() + t * width + h * s.head_dim, *to_b = to_a + pairs;
#pragma omp simd
        for (std::int64_t i = 0; i < pairs; ++i) {
          const T left = a[i], right = b[i], turn = direction * sn[i];
          to_a[i] = left * c[i] - right * turn;
          to_b[i] = right * c[i] + left * turn;
        }
      }
      const std::int64_t values = t * width + heads * s.head_dim;
      if (y.data != qkv.data) copy_row(y.as<T>() + values, qkv.as<T>() + values, (t + 1) * width - values);
    }
  });
}

void CpuAttention::rope_forward(View y, ConstView qkv, const AttentionShape& s, double theta) {
  with_real(qkv.dtype, [&]<class T>() { rotate<T>(y, qkv, s, theta, T(1)); });
}

void CpuAttention::rope_backward(View dx, ConstView dqkv, const AttentionShape& s, double theta) {
  with_real(dqkv.dtype, [&]<class T>() { rotate<T>(dx, dqkv, s, theta, T(-1)); });
}

// The products are small and stay in float32 whatever the precision: rounding them would cost more than it saves.
void CpuAttention::attention_forward(View out, View lse, ConstView qkv, const AttentionShape& s) {
  with_real(qkv.dtype, [&]<class T>() {
    runtime_.reserve_scratch<T>(0, forward_scratch(Heads<T>(s, 0)));
    runtime_.pool.parallel_for(std::int64_t{s.batch} * s.heads, [&](std::int64_t task) {
      const Heads<T> at(s, task / s.heads);
      forward_head(out.as<T>(), lse.as<T>() + task * s.context, qkv.as<T>(), runtime_.scratch<T>(0), at,
                   task % s.heads);
    });
  });
}

// One task per (batch row, key/value head): the query heads of a group add to the same dK and dV one after the other.
void CpuAttention::attention_backward(View dqkv, ConstView dout, ConstView, ConstView lse, ConstView qkv,
                                      const AttentionShape& s) {
  with_real(qkv.dtype, [&]<class T>() {
    runtime_.reserve_scratch<T>(0, GroupScratch<T>::size(Heads<T>(s, 0)));
    runtime_.pool.parallel_for(std::int64_t{s.batch} * s.kv_heads, [&](std::int64_t task) {
      const std::int64_t row = task / s.kv_heads;
      const Heads<T> at(s, row);
      backward_group(dqkv.as<T>(), dout.as<T>(), lse.as<T>() + row * s.heads * s.context, qkv.as<T>(),
                     runtime_.scratch<T>(0), at, task % s.kv_heads);
    });
  });
}

}  // namespace moe::cpu
