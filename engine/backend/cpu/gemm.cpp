// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/cpu/gemm.h"

#include <Eigen/Core>

#include "engine/core/error.h"

#ifdef MOE_HAVE_ONEDNN
#include <omp.h>
#include <oneapi/dnnl/dnnl.hpp>
#endif

namespace moe::cpu {
namespace {

template <class T>
using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class T>
using ConstMap = Eigen::Map<const Matrix<T>, Eigen::Unaligned, Eigen::OuterStride<>>;

/// A stored matrix whose op() is rows × cols.
template <class T>
ConstMap<T> stored(const T* data, std::int64_t rows, std::int64_t cols, std::int64_t ld, bool transposed) {
  return {data, transposed ? cols : rows, transposed ? rows : cols, Eigen::OuterStride<>(ld)};
}

template <class T>
void eigen_gemm(const Gemm<T>& g) {
  const auto a = stored(g.a, g.m, g.k, g.lda, g.transpose_a);
  const auto b = stored(g.b, g.k, g.n, g.ldb, g.transpose_b);
  Eigen::Map<Matrix<T>, Eigen::Unaligned, Eigen::OuterStride<>> c(g.c, g.m, g.n, Eigen::OuterStride<>(g.ldc));
  if (!g.accumulate) c.setZero();
  if (g.transpose_a && g.transpose_b)
    c.noalias() += g.alpha * a.transpose() * b.transpose();
  else if (g.transpose_a)
    c.noalias() += g.alpha * a.transpose() * b;
  else if (g.transpose_b)
    c.noalias() += g.alpha * a * b.transpose();
  else
    c.noalias() += g.alpha * a * b;
}

}  // namespace

void gemm(const Gemm<double>& g) { eigen_gemm(g); }

#ifdef MOE_HAVE_ONEDNN

void gemm(const Gemm<float>& g) {
  if (g.m == 0 || g.n == 0) return;
  if (g.k == 0) return empty_sum(g);
  const auto status = dnnl_sgemm(g.transpose_a ? 'T' : 'N', g.transpose_b ? 'T' : 'N', g.m, g.n, g.k, g.alpha, g.a,
                                 g.lda, g.b, g.ldb, g.accumulate ? 1.f : 0.f, g.c, g.ldc);
  if (status != dnnl_success)
    throw Error(ErrorKind::failure, "oneDNN refused a float32 product", "matmul", "status " + std::to_string(status));
}

void use_one_gemm_thread() { omp_set_num_threads(1); }
OneGemmThread::OneGemmThread() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
OneGemmThread::~OneGemmThread() { omp_set_num_threads(before_); }

#else

void gemm(const Gemm<float>& g) { eigen_gemm(g); }
void use_one_gemm_thread() {}
OneGemmThread::OneGemmThread() = default;
OneGemmThread::~OneGemmThread() = default;

#endif

}  // namespace moe::cpu
