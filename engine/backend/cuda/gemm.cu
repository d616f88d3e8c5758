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
  const std::size_t size = size_of_type(p.result);
  for (std::int64_t r = 0; !p.accumulate && r < p.m; ++r)
    runtime.zero(static_cast<char*>(p.c) + static_cast<std::size_t>(r * p.ldc) * size,
                 static_cast<std::size_t>(p.n) * size);
  return true;
}

/// The products as one call, each a group of its own. Returns what cuBLAS says of it before it begins.
template <class T>
cublasStatus_t grouped_call(Runtime& runtime, const std::vector<Product>& products, DeviceScratch& pointers) {
  // Row-major c is column-major cᵀ = op(b)ᵀ·op(a)ᵀ.
  const std::size_t count = products.size();
  std::vector<cublasOperation_t> transa, transb;
  std::vector<int> m, n, k, lda, ldb, ldc;
  std::vector<T> beta;
  std::vector<const void*> matrices(3 * count);
  for (std::size_t i = 0; i < count; ++i) {
    const Product& p = products[i];
    transa.push_back(operation(p.transpose_b)), transb.push_back(operation(p.transpose_a));
    m.push_back(narrow(p.n)), n.push_back(narrow(p.m)), k.push_back(narrow(p.k));
    lda.push_back(narrow(p.b.columns)), ldb.push_back(narrow(p.a.columns)), ldc.push_back(narrow(p.ldc));
    beta.push_back(T(p.accumulate ? 1 : 0));
    matrices[i] = p.b.data, matrices[count + i] = p.a.data, matrices[2 * count + i] = p.c;
  }
  const std::vector<T> alpha(count, T(1));
  const std::vector<int> one(count, 1);
  auto* device = pointers.get<const void*>(static_cast<std::int64_t>(3 * count));
  runtime.upload(device, matrices.data(), 3 * count * sizeof(void*));
  const cudaDataType_t type = products.front().a.type;
  return cublasGemmGroupedBatchedEx(
      runtime.blas(), transa.data(), transb.data(), m.data(), n.data(), k.data(), alpha.data(), device, type,
      lda.data(), device + count, type, ldb.data(), beta.data(),
      const_cast<void* const*>(reinterpret_cast<const void* const*>(device + 2 * count)), type, ldc.data(),
      static_cast<int>(count), one.data(), type == CUDA_R_64F ? CUBLAS_COMPUTE_64F : CUBLAS_COMPUTE_32F);
}

/// What cuBLAS reads alpha and beta from.
struct Factors {
  explicit Factors(const Product& p)
      : wide(p.a.type == CUDA_R_64F), keep(p.accumulate ? 1 : 0), keep_f(p.accumulate ? 1.f : 0.f) {}
  const void* alpha() const { return wide ? static_cast<const void*>(&one) : &one_f; }
  const void* beta() const { return wide ? static_cast<const void*>(&keep) : &keep_f; }
  cublasComputeType_t compute() const { return wide ? CUBLAS_COMPUTE_64F : CUBLAS_COMPUTE_32F; }
  bool wide;
  double one = 1, keep;
  float one_f = 1, keep_f;
};

void multiply(Runtime& runtime, cublasHandle_t blas, const Product& p) {
  if (p.m == 0 || p.n == 0 || empty_sum(runtime, p)) return;
  const Factors f(p);
  check(cublasGemmEx(blas, operation(p.transpose_b), operation(p.transpose_a), narrow(p.n), narrow(p.m), narrow(p.k),
                     f.alpha(), p.b.data, p.b.type, narrow(p.b.columns), p.a.data, p.a.type, narrow(p.a.columns),
                     f.beta(), p.c, p.result, narrow(p.ldc), f.compute(), CUBLAS_GEMM_DEFAULT),
        "multiplying matrices");
}

std::int64_t distance(const void* from, const void* to) {
  return static_cast<std::int64_t>(reinterpret_cast<std::intptr_t>(to) - reinterpret_cast<std::intptr_t>(from));
}

/// Whether the products differ in nothing but where they lie, at equal distances: experts of one fixed capacity.
bool evenly_spaced(const std::vector<Product>& products) {
  if (products.size() < 2 || products[0].m == 0 || products[0].k == 0) return false;
  const Product &first = products[0], &second = products[1];
  for (std::size_t i = 1; i < products.size(); ++i) {
    const Product &before = products[i - 1], &p = products[i];
    if (p.m != first.m || p.n != first.n || p.k != first.k) return false;
    if (distance(before.a.data, p.a.data) != distance(first.a.data, second.a.data) ||
        distance(before.b.data, p.b.data) != distance(first.b.data, second.b.data) ||
        distance(before.c, p.c) != distance(first.c, second.c))
      return false;
  }
  return true;
}

void multiply_evenly_spaced(Runtime& runtime, const std::vector<Product>& products) {
  const Product &p = products[0], &next = products[1];
  const Factors f(p);
  const auto size = static_cast<std::int64_t>(size_of_type(p.a.type));
  const auto result = static_cast<std::int64_t>(size_of_type(p.result));
  check(cublasGemmStridedBatchedEx(runtime.blas(), operation(p.transpose_b), operation(p.transpose_a), narrow(p.n),
                                   narrow(p.m), narrow(p.k), f.alpha(), p.b.data, p.b.type, narrow(p.b.columns),
                                   distance(p.b.data, next.b.data) / size, p.a.data, p.a.type, narrow(p.a.columns),
                                   distance(p.a.data, next.a.data) / size, f.beta(), p.c, p.result, narrow(p.ldc),
                                   distance(p.c, next.c) / result, narrow(static_cast<std::int64_t>(products.size())),
                                   f.compute(), CUBLAS_GEMM_DEFAULT),
        "multiplying the experts' rows");
}

/// Whether every row begins at a multiple of 16 bytes, which cuBLAS asks of grouped calls for some shapes.
bool is_aligned(const Product& p) {
  const auto size = static_cast<std::int64_t>(size_of_type(p.a.type));
  return distance(nullptr, p.a.data) % 16 == 0 && distance(nullptr, p.b.data) % 16 == 0 &&
         distance(nullptr, p.c) % 16 == 0 && p.a.columns * size % 16 == 0 && p.b.columns * size % 16 == 0 &&
         p.ldc * size % 16 == 0;
}

std::int64_t work_of(const Product& p) { return p.m * p.n * p.k; }

// Below 2^29 multiplications a device is done before the streams would be in order. The sizes alone decide, and a
// product has the same bits in every stream.
void multiply_in_lanes(Runtime& runtime, const std::vector<Product>& products, Lanes& lanes) {
  std::int64_t work = 0;
  for (const Product& p : products) work += work_of(p);
  if (work < std::int64_t{1} << 29) {
    for (const Product& p : products) multiply(runtime, runtime.blas(), p);
    return;
  }
  lanes.fork(runtime);
  for (const Product& p : products)
    if (work_of(p) > 0)
      multiply(runtime, lanes.next(work_of(p)), p);
    else
      multiply(runtime, runtime.blas(), p);
  lanes.join(runtime);
}

}  // namespace

Operand Operand::rows(std::int64_t first) const {
  return {static_cast<const char*>(data) + static_cast<std::size_t>(first * columns) * size_of_type(type), type,
          columns};
}

void multiply(Runtime& runtime, const Product& p) { multiply(runtime, runtime.blas(), p); }

void multiply(Runtime& runtime, const std::vector<Product>& products, DeviceScratch& pointers, Lanes& lanes,
              Grouping grouping) {
  if (products.empty()) return;
  const cudaDataType_t type = products.front().a.type;
  if (evenly_spaced(products)) return multiply_evenly_spaced(runtime, products);
  if (type == CUDA_R_16BF && (grouping == Grouping::lanes || products.front().result != CUDA_R_16BF))
    return multiply_in_lanes(runtime, products, lanes);
  std::vector<Product> together;
  for (const Product& p : products)
    if (p.m == 0 || p.n == 0 || empty_sum(runtime, p))
      continue;
    else if (is_aligned(p))
      together.push_back(p);
    else
      multiply(runtime, p);
  if (together.empty()) return;
  const cublasStatus_t status = type == CUDA_R_64F ? grouped_call<double>(runtime, together, pointers)
                                                   : grouped_call<float>(runtime, together, pointers);
  // A cuBLAS that has no grouped kernel for this device says so before it begins.
  if (status != CUBLAS_STATUS_NOT_SUPPORTED && status != CUBLAS_STATUS_ARCH_MISMATCH)
    return check(status, "multiplying the experts' rows");
  for (const Product& p : together) multiply(runtime, p);
}

}  // namespace moe::cuda
