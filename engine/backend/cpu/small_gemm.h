// SPDX-License-Identifier: Apache-2.0
// Products that fit in the first cache levels, as attention has them by the thousand: a library call per product would
// cost as much as the product. One register tile, the left operand read through any two strides.
#pragma once
#include <cstdint>

namespace moe::cpu {

#if defined(__AVX512F__)
constexpr int kVectorBytes = 64, kTileRows = 8;
#elif defined(__AVX__)
constexpr int kVectorBytes = 32, kTileRows = 4;
#else
constexpr int kVectorBytes = 16, kTileRows = 4;
#endif

template <class T>
struct VectorOf {
  typedef T type __attribute__((vector_size(kVectorBytes), aligned(alignof(T)), may_alias));
  static constexpr std::int64_t kLanes = kVectorBytes / static_cast<int>(sizeof(T));
};

/// n in whole vectors: the column count that b and c of a SmallGemm must be able to hold.
template <class T>
constexpr std::int64_t padded_columns(std::int64_t n) {
  return (n + VectorOf<T>::kLanes - 1) / VectorOf<T>::kLanes * VectorOf<T>::kLanes;
}

/// c[m,n] (+)= alpha·a[m,k]·b[k,n] with a(i,p) = a[i·a_row + p·a_column]. Columns up to padded_columns(n) are read from
/// b and written to c.
template <class T>
struct SmallGemm {
  std::int64_t m, n, k;
  const T* a;
  std::int64_t a_row, a_column;
  const T* b;
  std::int64_t ldb;
  T* c;
  std::int64_t ldc;
  bool accumulate = false;
  T alpha = 1;
};

template <int Rows, int Vectors, class T>
inline void gemm_tile(const SmallGemm<T>& g, std::int64_t row, std::int64_t column) {
  using Vector = typename VectorOf<T>::type;
  constexpr std::int64_t kLanes = VectorOf<T>::kLanes;
  Vector sums[Rows][Vectors] = {};
  const T *a = g.a + row * g.a_row, *b = g.b + column;
  for (std::int64_t p = 0; p < g.k; ++p, a += g.a_column, b += g.ldb) {
    Vector right[Vectors];
    for (int v = 0; v < Vectors; ++v) right[v] = *reinterpret_cast<const Vector*>(b + v * kLanes);
    for (int r = 0; r < Rows; ++r)
      for (int v = 0; v < Vectors; ++v) sums[r][v] += a[r * g.a_row] * right[v];
  }
  for (int r = 0; r < Rows; ++r)
    for (int v = 0; v < Vectors; ++v) {
      auto* to = reinterpret_cast<Vector*>(g.c + (row + r) * g.ldc + column + v * kLanes);
      *to = g.accumulate ? *to + g.alpha * sums[r][v] : g.alpha * sums[r][v];
    }
}

template <int Vectors, class T>
inline void gemm_columns(const SmallGemm<T>& g, std::int64_t column) {
  std::int64_t row = 0;
  for (; row + kTileRows <= g.m; row += kTileRows) gemm_tile<kTileRows, Vectors>(g, row, column);
  for (; row < g.m; ++row) gemm_tile<1, Vectors>(g, row, column);
}

template <class T>
void small_gemm(const SmallGemm<T>& g) {
  constexpr std::int64_t kLanes = VectorOf<T>::kLanes;
  std::int64_t column = 0;
  for (; column + kLanes < g.n; column += 2 * kLanes) gemm_columns<2>(g, column);
  if (column < g.n) gemm_columns<1>(g, column);
}

}  // namespace moe::cpu
