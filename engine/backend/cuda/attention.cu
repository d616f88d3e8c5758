// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/cuda/attention.h"

#include <cmath>
#include <string>
#include <vector>

#include "engine/backend/cuda/attention_kernels.h"
#include "engine/core/error.h"

namespace moe::cuda {
namespace {

template <class T>
void rotate(Runtime& runtime, T* qkv, const T* cosines, const T* sines, T direction, const AttentionShape& s) {
  const std::int64_t pairs = s.head_dim / 2, heads = s.heads + s.kv_heads, context = s.context;
  const std::int64_t width = s.qkv_width(), dim = s.head_dim;
  for_elements(runtime, s.batch * context * heads * pairs, [=] __device__(std::int64_t i) {
    const std::int64_t pair = i % pairs, h = i / pairs % heads, t = i / pairs / heads;
    const std::int64_t angle = t % context * pairs + pair;
    T *a = qkv + t * width + h * dim + pair, *b = a + pairs;
    const T x = *a, y = *b, turn = direction * sines[angle];
    *a = x * cosines[angle] - y * turn;
    *b = y * cosines[angle] + x * turn;
  });
}

/// f.template operator()<N>() with N·32 >= the head dimension.
template <class F>
void with_columns(std::int64_t dim, F&& f) {
  if (dim <= 64) return f.template operator()<2>();
  if (dim <= 128) return f.template operator()<4>();
  if (dim <= 256) return f.template operator()<8>();
  if (dim <= 1024) return f.template operator()<32>();
  throw Error(ErrorKind::usage, "attention heads of " + std::to_string(dim) + " numbers do not run on CUDA",
              "model.heads", "at most 1024 numbers a head", "Raise model.heads, or train with --device cpu.");
}

unsigned blocks_of(std::int64_t rows) { return static_cast<unsigned>(ceil_div(rows, kOwnRows)); }

}  // namespace

// The CPU's own table, so that both turn by the same numbers.
template <class T>
const T* CudaAttention::rotations(const AttentionShape& s, double theta) {
  const std::int64_t pairs = s.head_dim / 2, size = s.context * pairs;
  const bool current = table_context_ == s.context && table_dim_ == s.head_dim && table_theta_ == theta &&
                       table_dtype_ == dtype_of<T>::value;
  T* table = rotations_.get<T>(2 * size);
  if (current) return table;
  std::vector<T> host(static_cast<std::size_t>(2 * size));
  for (std::int64_t t = 0; t < s.context; ++t)
    for (std::int64_t i = 0; i < pairs; ++i) {
      const double angle =
          static_cast<double>(t) * std::pow(theta, -2.0 * static_cast<double>(i) / static_cast<double>(s.head_dim));
      host[static_cast<std::size_t>(t * pairs + i)] = static_cast<T>(std::cos(angle));
      host[static_cast<std::size_t>(size + t * pairs + i)] = static_cast<T>(std::sin(angle));
    }
  runtime_.upload(table, host.data(), host.size() * sizeof(T));
  table_context_ = s.context, table_dim_ = s.head_dim, table_theta_ = theta, table_dtype_ = dtype_of<T>::value;
  return table;
}

void CudaAttention::rope_forward(View qkv, const AttentionShape& s, double theta) {
  with_real(qkv.dtype, [&]<class T>() {
    const T* cosines = rotations<T>(s, theta);
    rotate(runtime_, qkv.as<T>(), cosines, cosines + s.context * (s.head_dim / 2), T(1), s);
  });
}

void CudaAttention::rope_backward(View dqkv, const AttentionShape& s, double theta) {
  with_real(dqkv.dtype, [&]<class T>() {
    const T* cosines = rotations<T>(s, theta);
    rotate(runtime_, dqkv.as<T>(), cosines, cosines + s.context * (s.head_dim / 2), T(-1), s);
  });
}

// The products stay in the dtype of qkv whatever the precision, as on the CPU.
void CudaAttention::attention_forward(View out, View lse, ConstView qkv, const AttentionShape& s, MatmulPrecision) {
  const Heads heads(s);
  with_columns(s.head_dim, [&]<int N>() {
    with_real(qkv.dtype, [&]<class T>() {
      const dim3 grid(blocks_of(s.context), static_cast<unsigned>(s.heads), static_cast<unsigned>(s.batch));
      launch(runtime_, grid, kThreads, forward_kernel<T, N>, out.as<T>(), lse.as<T>(), qkv.as<T>(), heads);
    });
  });
}

// First ⟨dO, O⟩ of every row, then dQ with a block per query tile, then dK and dV with a block per key tile: each
// number has one writer, so nothing is added in an order left to chance.
void CudaAttention::attention_backward(View dqkv, ConstView dout, ConstView out, ConstView lse, ConstView qkv,
                                       const AttentionShape& s, MatmulPrecision) {
  const Heads heads(s);
  with_columns(s.head_dim, [&]<int N>() {
    with_real(qkv.dtype, [&]<class T>() {
      T* along = runtime_.scratch(2).get<T>(lse.size());
      row_products(runtime_, along, dout.as<T>(), out.as<T>(), heads);
      const dim3 queries(blocks_of(s.context), static_cast<unsigned>(s.heads), static_cast<unsigned>(s.batch));
      launch(runtime_, queries, kThreads, backward_queries_kernel<T, N>, dqkv.as<T>(), dout.as<T>(), lse.as<T>(), along,
             qkv.as<T>(), heads);
      const dim3 keys(blocks_of(s.context), static_cast<unsigned>(s.kv_heads), static_cast<unsigned>(s.batch));
      launch(runtime_, keys, kThreads, backward_keys_kernel<T, N>, dqkv.as<T>(), dout.as<T>(), lse.as<T>(), along,
             qkv.as<T>(), heads);
    });
  });
}

}  // namespace moe::cuda
