// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/cuda/attention.h"

#include <cmath>
#include <initializer_list>
#include <string>
#include <vector>

#include "engine/backend/cuda/attention_kernels.h"
#include "engine/backend/cuda/attention_mma.h"
#include "engine/backend/cuda/attention_mma_backward.h"
#include "engine/backend/cuda/packs.h"
#include "engine/core/error.h"

namespace moe::cuda {
namespace {

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

/// f.template operator()<T, S>().
template <class F>
void with_arrays(DType real, DType stored, F&& f) {
  with_real(real, [&]<class T>() { with_stored<T>(stored, [&]<class S>() { f.template operator()<T, S>(); }); });
}

/// Whether rows of heads are whole chunks of at most 128 numbers, and the arrays aligned as copies want them.
bool fits_tensor_cores(const AttentionShape& s, std::initializer_list<ConstView> arrays) {
  for (const ConstView& x : arrays)
    if (reinterpret_cast<std::uintptr_t>(x.data) % sizeof(Chunk) != 0) return false;
  const bool counts_in_int = std::int64_t{s.batch} * s.heads * s.context <= 0x7fffffff;
  return s.head_dim % 8 == 0 && s.head_dim <= 128 && counts_in_int;
}

/// f.template operator()<Dim>() with the head dimension that the kernels pad to.
template <class F>
void with_padded(std::int64_t dim, F&& f) {
  if (dim <= 32) return f.template operator()<32>();
  if (dim <= 64) return f.template operator()<64>();
  f.template operator()<128>();
}

dim3 grid_of(int heads, const AttentionShape& s, int warps) {
  return dim3(static_cast<unsigned>(heads), static_cast<unsigned>(s.batch),
              static_cast<unsigned>(ceil_div(s.context, warps * mma::kOwn)));
}

void backward_on_tensor_cores(Runtime& runtime, const mma::Target& to, ConstView dout, ConstView out, ConstView lse,
                              ConstView qkv, const AttentionShape& s) {
  const Heads heads(s);
  auto* numbers = runtime.scratch(2).get<mma::RowNumbers>(lse.size());
  bf16* rounded = runtime.scratch(3).get<bf16>(dout.size());
  mma::prepare_rows(runtime, numbers, rounded, dout.as<float>(), out.as<bf16>(), lse.as<float>(), heads);
  const dim3 queries = grid_of(s.heads, s, mma::kWarps), keys = grid_of(s.kv_heads, s, mma::kKeyWarps);
  with_padded(s.head_dim, [&]<int Dim>() {
    launch(runtime, queries, mma::kWarps * kWarp, mma::queries_kernel<Dim>, to, rounded, numbers, qkv.as<bf16>(), heads,
           mma::Scale(s.head_dim));
    launch(runtime, keys, mma::kKeyWarps * kWarp, mma::keys_kernel<Dim>, to, rounded, numbers, qkv.as<bf16>(), heads,
           mma::Scale(s.head_dim));
  });
}

unsigned blocks_of(std::int64_t rows) { return static_cast<unsigned>(ceil_div(rows, kOwnRows)); }

/// Of row t of qkv: pairs of q and k turned, pairs of v as they are. A block for each row.
template <class T, class S>
__global__ void rotate_kernel(S* y, const T* qkv, const T* cosines, const T* sines, T direction, Heads at) {
  const unsigned pairs = static_cast<unsigned>(at.dim) / 2, turned = static_cast<unsigned>(at.heads + at.kv_heads);
  for (std::int64_t t = blockIdx.x; t < at.batch * at.context; t += gridDim.x) {
    const std::int64_t angles = t % at.context * pairs;
    for (unsigned i = threadIdx.x; i < static_cast<unsigned>(at.width) / 2; i += blockDim.x) {
      const unsigned pair = i % pairs, h = i / pairs;
      const std::int64_t a = t * at.width + h * (2 * pairs) + pair, b = a + pairs;
      const T left = qkv[a], right = qkv[b];
      if (h < turned) {
        const T cosine = cosines[angles + pair], turn = direction * sines[angles + pair];
        put(y + a, left * cosine - right * turn);
        put(y + b, right * cosine + left * turn);
      } else {
        put(y + a, left), put(y + b, right);
      }
    }
  }
}

template <class T>
void rotate(Runtime& runtime, View y, ConstView qkv, const T* cosines, T direction, const AttentionShape& s) {
  constexpr std::int64_t kMost = 65535;
  const std::int64_t rows = qkv.dim(0);
  const auto grid = static_cast<unsigned>(rows < kMost ? rows : kMost);
  const T* const sines = cosines + s.context * (s.head_dim / 2);
  with_stored<T>(y.dtype, [&]<class S>() {
    launch(runtime, grid, kThreads, rotate_kernel<T, S>, y.as<S>(), qkv.as<T>(), cosines, sines, direction, Heads(s));
  });
}

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

void CudaAttention::rope_forward(View y, ConstView qkv, const AttentionShape& s, double theta) {
  with_real(qkv.dtype, [&]<class T>() { rotate(runtime_, y, qkv, rotations<T>(s, theta), T(1), s); });
}

void CudaAttention::rope_backward(View dx, ConstView dqkv, const AttentionShape& s, double theta) {
  with_real(dqkv.dtype, [&]<class T>() { rotate(runtime_, dx, dqkv, rotations<T>(s, theta), T(-1), s); });
}

void CudaAttention::attention_forward(View out, View lse, ConstView qkv, const AttentionShape& s) {
  const Heads heads(s);
  if (qkv.dtype == DType::bf16 && fits_tensor_cores(s, {qkv, out})) {
    const dim3 grid = grid_of(s.heads, s, mma::kWarps);
    return with_padded(s.head_dim, [&]<int Dim>() {
      launch(runtime_, grid, mma::kWarps * kWarp, mma::forward_kernel<Dim>, out.as<bf16>(), lse.as<float>(),
             qkv.as<bf16>(), heads, mma::Scale(s.head_dim));
    });
  }
  with_columns(s.head_dim, [&]<int N>() {
    with_arrays(lse.dtype, qkv.dtype, [&]<class T, class S>() {
      const dim3 grid(blocks_of(s.context), static_cast<unsigned>(s.heads), static_cast<unsigned>(s.batch));
      launch(runtime_, grid, kThreads, forward_kernel<T, S, N>, out.as<S>(), lse.as<T>(), qkv.as<S>(), heads);
    });
  });
}

// First ⟨dO, O⟩ of every row, then dQ with a block per query tile, then dK and dV with a block per key tile: each
// number has one writer, so nothing is added in an order left to chance.
void CudaAttention::attention_backward(View dqkv, ConstView dout, ConstView out, ConstView lse, ConstView qkv,
                                       const AttentionShape& s) {
  const Heads heads(s);
  if (qkv.dtype == DType::bf16 && fits_tensor_cores(s, {qkv, out, dout, dqkv})) {
    return backward_on_tensor_cores(runtime_, {dqkv.as<float>(), nullptr, nullptr, nullptr}, dout, out, lse, qkv, s);
  }
  with_columns(s.head_dim, [&]<int N>() {
    with_arrays(lse.dtype, qkv.dtype, [&]<class T, class S>() {
      T* along = runtime_.scratch(2).get<T>(lse.size());
      row_products(runtime_, along, dout.as<T>(), out.as<S>(), heads);
      const dim3 queries(blocks_of(s.context), static_cast<unsigned>(s.heads), static_cast<unsigned>(s.batch));
      launch(runtime_, queries, kThreads, backward_queries_kernel<T, S, N>, dqkv.as<T>(), dout.as<T>(), lse.as<T>(),
             along, qkv.as<S>(), heads);
      const dim3 keys(blocks_of(s.context), static_cast<unsigned>(s.kv_heads), static_cast<unsigned>(s.batch));
      launch(runtime_, keys, kThreads, backward_keys_kernel<T, S, N>, dqkv.as<T>(), dout.as<T>(), lse.as<T>(), along,
             qkv.as<S>(), heads);
    });
  });
}

// Heads that fill the kernels' columns turn their gradients back while they still are in registers.
void CudaAttention::attention_rope_backward(View dx, View dqkv, ConstView dout, ConstView out, ConstView lse,
                                            ConstView qkv, const AttentionShape& s, double theta) {
  const bool fills = s.head_dim == 32 || s.head_dim == 64 || s.head_dim == 128;
  if (dx.dtype != DType::bf16 || !fills || qkv.dtype != DType::bf16 || !fits_tensor_cores(s, {qkv, out, dout, dx}))
    return AttentionOps::attention_rope_backward(dx, dqkv, dout, out, lse, qkv, s, theta);
  const float* cosines = rotations<float>(s, theta);
  const float* sines = cosines + std::int64_t{s.context} * (s.head_dim / 2);
  backward_on_tensor_cores(runtime_, {nullptr, dx.as<bf16>(), cosines, sines}, dout, out, lse, qkv, s);
}

}  // namespace moe::cuda
