// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/cuda/gemm.h"

#include "engine/core/error.h"

namespace moe::cuda {
namespace {

std::size_t size_of_type(cudaDataType_t type) { return type == CUDA_R_64F ? 8 : type == CUDA_R_16BF ? 2 : 4; }

/// cuBLAS counts in int; a model that large does not fit a device yet, but a wrong product must not follow.
int narrow(std::int64_t x) {
  if (x > 0x7fffffff)
    throw Error(ErrorKind::resource, "a matrix has " + std::to_string(x) + " rows or columns", "train.batch",
                "at most 2147483647", "Make train.batch or the model smaller.");
  return static_cast<int>(x);
}

cublasOperation_t operation(bool transpose) { return transpose ? CUBLAS_OP_T : CUBLAS_OP_N; }

/// m·n numbers that no product would write: a sum of nothing.
bool empty_sum(Runtime& runtime, const Product& p) {
  if (p.k > 0) return false;
  const std::size_t size = p.a.type == CUDA_R_64F ? 8 : 4;
  for (std::int64_t r = 0; !p.accumulate && r < p.m; ++r)
    runtime.zero(static_cast<char*>(p.c) + static_cast<std::size_t>(r * p.ldc) * size,
                 static_cast<std::size_t>(p.n) * size);
  return true;
}

/// One float32 or float64 call per group of one product. bfloat16 operands with a float32 result are no grouped call
/// of cuBLAS.
class GroupedCall {
 public:
  void add(const Product& p) {
    // Row-major c is column-major cᵀ = op(b)ᵀ·op(a)ᵀ.
    transa_.push_back(operation(p.transpose_b)), transb_.push_back(operation(p.transpose_a));
    m_.push_back(narrow(p.n)), n_.push_back(narrow(p.m)), k_.push_back(narrow(p.k));
    lda_.push_back(narrow(p.b.columns)), ldb_.push_back(narrow(p.a.columns)), ldc_.push_back(narrow(p.ldc));
    left_.push_back(p.b.data), right_.push_back(p.a.data), result_.push_back(p.c);
    accumulate_.push_back(p.accumulate);
    one_.push_back(1);
  }
  bool empty() const { return m_.empty(); }

  template <class T>
  void run(Runtime& runtime, cudaDataType_t type, DeviceScratch& pointers) {
    const std::size_t n = m_.size();
    const std::vector<T> alpha(n, T(1));
    const std::vector<T> beta(accumulate_.begin(), accumulate_.end());
    std::vector<const void*> all(left_);
    all.insert(all.end(), right_.begin(), right_.end());
    all.insert(all.end(), result_.begin(), result_.end());
    auto* device = pointers.get<const void*>(static_cast<std::int64_t>(3 * n));
    runtime.upload(device, all.data(), 3 * n * sizeof(void*));
    check(cublasGemmGroupedBatchedEx(
              runtime.blas(), transa_.data(), transb_.data(), m_.data(), n_.data(), k_.data(), alpha.data(), device,
              type, lda_.data(), device + n, type, ldb_.data(), beta.data(),
              const_cast<void* const*>(reinterpret_cast<const void* const*>(device + 2 * n)), type, ldc_.data(),
              static_cast<int>(n), one_.data(), type == CUDA_R_64F ? CUBLAS_COMPUTE_64F : CUBLAS_COMPUTE_32F),
          "multiplying the experts' rows");
  }

 private:
  std::vector<cublasOperation_t> transa_, transb_;
  std::vector<int> m_, n_, k_, lda_, ldb_, ldc_, one_;
  std::vector<const void*> left_, right_, result_;
  std::vector<char> accumulate_;
};

}  // namespace

Operand Operand::rows(std::int64_t first) const {
  return {static_cast<const char*>(data) + static_cast<std::size_t>(first * columns) * size_of_type(type), type,
          columns};
}

void multiply(Runtime& runtime, const Product& p) {
  if (p.m == 0 || p.n == 0 || empty_sum(runtime, p)) return;
  const bool wide = p.a.type == CUDA_R_64F;
  const double alpha = 1, beta = p.accumulate ? 1 : 0;
  const float alpha_f = 1, beta_f = p.accumulate ? 1.f : 0.f;
  const void *one = &alpha_f, *keep = &beta_f;
  if (wide) one = &alpha, keep = &beta;
  check(cublasGemmEx(runtime.blas(), operation(p.transpose_b), operation(p.transpose_a), narrow(p.n), narrow(p.m),
                     narrow(p.k), one, p.b.data, p.b.type, narrow(p.b.columns), p.a.data, p.a.type, narrow(p.a.columns),
                     keep, p.c, wide ? CUDA_R_64F : CUDA_R_32F, narrow(p.ldc),
                     wide ? CUBLAS_COMPUTE_64F : CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT),
        "multiplying matrices");
}

void multiply(Runtime& runtime, const std::vector<Product>& products, DeviceScratch& pointers) {
  if (products.empty()) return;
  const cudaDataType_t type = products.front().a.type;
  if (type == CUDA_R_16BF) {
    for (const Product& p : products) multiply(runtime, p);
    return;
  }
  GroupedCall call;
  for (const Product& p : products)
    if (p.m > 0 && p.n > 0 && !empty_sum(runtime, p)) call.add(p);
  if (call.empty()) return;
  if (type == CUDA_R_64F)
    call.run<double>(runtime, type, pointers);
  else
    call.run<float>(runtime, type, pointers);
}

}  // namespace moe::cuda
