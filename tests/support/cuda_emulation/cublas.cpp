// SPDX-License-Identifier: Apache-2.0
#include <cublas_v2.h>

#include <bit>
#include <type_traits>
#include <vector>

#include "tests/support/cuda_emulation/control.h"

struct EmulatedBlas {
  cudaStream_t stream = nullptr;
  bool own_workspace = false;
};

namespace {

template <class T>
T load(const void* from, cudaDataType_t type, std::int64_t i) {
  if (type == CUDA_R_16BF)
    return static_cast<T>(std::bit_cast<float>(std::uint32_t{static_cast<const std::uint16_t*>(from)[i]} << 16));
  return static_cast<const T*>(from)[i];
}

// To the nearest, ties to even; products of the tests have no NaN.
template <class T>
void store(void* to, cudaDataType_t type, std::int64_t i, T value) {
  if (type != CUDA_R_16BF) {
    static_cast<T*>(to)[i] = value;
    return;
  }
  const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(value));
  static_cast<std::uint16_t*>(to)[i] = static_cast<std::uint16_t>((bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16);
}

struct Product {
  cublasOperation_t transa, transb;
  int m, n, k;
  double alpha;
  const void* a;
  cudaDataType_t atype;
  int lda;
  const void* b;
  int ldb;
  double beta;
  void* c;
  cudaDataType_t ctype;
  int ldc;
};

template <class T>
void multiply(const Product& p) {
  std::vector<T> column(static_cast<std::size_t>(p.m));
  for (std::int64_t j = 0; j < p.n; ++j) {
    std::fill(column.begin(), column.end(), T(0));
    for (std::int64_t l = 0; l < p.k; ++l) {
      const T right = load<T>(p.b, p.atype, p.transb == CUBLAS_OP_N ? l + j * p.ldb : j + l * p.ldb);
      for (std::int64_t i = 0; i < p.m; ++i)
        column[static_cast<std::size_t>(i)] +=
            load<T>(p.a, p.atype, p.transa == CUBLAS_OP_N ? i + l * p.lda : l + i * p.lda) * right;
    }
    for (std::int64_t i = 0; i < p.m; ++i) {
      const std::int64_t at = i + j * p.ldc;
      const T sum = static_cast<T>(p.alpha) * column[static_cast<std::size_t>(i)];
      store(p.c, p.ctype, at, p.beta == 0 ? sum : sum + static_cast<T>(p.beta) * load<T>(p.c, p.ctype, at));
    }
  }
}

std::size_t size_of(cudaDataType_t type) { return type == CUDA_R_64F ? 8 : type == CUDA_R_16BF ? 2 : 4; }

const void* at(const void* matrix, cudaDataType_t type, long long elements) {
  return static_cast<const char*>(matrix) + elements * static_cast<long long>(size_of(type));
}

cublasStatus_t checked(const Product& p) {
  const int rows_a = p.transa == CUBLAS_OP_N ? p.m : p.k, rows_b = p.transb == CUBLAS_OP_N ? p.k : p.n;
  const bool good = p.m >= 0 && p.n >= 0 && p.k >= 0 && p.lda >= std::max(1, rows_a) && p.ldb >= std::max(1, rows_b) &&
                    p.ldc >= std::max(1, p.m);
  return good ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_INVALID_VALUE;
}

double scalar(const void* value, cublasComputeType_t compute, int i = 0) {
  return compute == CUBLAS_COMPUTE_64F ? static_cast<const double*>(value)[i]
                                       : static_cast<double>(static_cast<const float*>(value)[i]);
}

/// Whether all that a product reads or writes lies in memory of the device.
void require_on_device(const Product& p) {
  const auto bytes = [](cudaDataType_t type, std::int64_t rows, std::int64_t columns, std::int64_t ld) {
    const std::int64_t numbers = rows > 0 && columns > 0 ? (columns - 1) * ld + rows : 0;
    return static_cast<std::size_t>(numbers) * size_of(type);
  };
  const bool plain_a = p.transa == CUBLAS_OP_N, plain_b = p.transb == CUBLAS_OP_N;
  const bool there = emulation::on_device(p.a, bytes(p.atype, plain_a ? p.m : p.k, plain_a ? p.k : p.m, p.lda)) &&
                     emulation::on_device(p.b, bytes(p.atype, plain_b ? p.k : p.n, plain_b ? p.n : p.k, p.ldb)) &&
                     emulation::on_device(p.c, bytes(p.ctype, p.m, p.n, p.ldc));
  if (!there) throw emulation::KernelError("a product of matrices that are not whole in the device's memory");
}

/// "Not guaranteed when multiple CUDA streams are active … providing a separate workspace" helps (cuBLAS, Results
/// Reproducibility); and cublasSetStream takes the workspace away again.
void require_workspace(cublasHandle_t handle) {
  if (!handle->own_workspace) throw emulation::KernelError("a cuBLAS without a workspace of its own");
}

cublasStatus_t issue(cublasHandle_t handle, const Product& p, cublasComputeType_t compute) {
  require_workspace(handle);
  if (const cublasStatus_t status = checked(p); status != CUBLAS_STATUS_SUCCESS) return status;
  require_on_device(p);
  ++emulation::counters().products;
  emulation::enqueue(handle->stream, [=] {
    if (compute == CUBLAS_COMPUTE_64F)
      multiply<double>(p);
    else
      multiply<float>(p);
  });
  return CUBLAS_STATUS_SUCCESS;
}

bool types_fit(cudaDataType_t in, cudaDataType_t other, cudaDataType_t out, cublasComputeType_t compute, bool grouped) {
  if (in != other) return false;
  if (compute == CUBLAS_COMPUTE_64F) return in == CUDA_R_64F && out == CUDA_R_64F;
  if (in == CUDA_R_16BF) return out == CUDA_R_16BF || (!grouped && out == CUDA_R_32F);
  return in == CUDA_R_32F && out == CUDA_R_32F;
}

}  // namespace

const char* cublasGetStatusName(cublasStatus_t status) {
  return status == CUBLAS_STATUS_SUCCESS ? "CUBLAS_STATUS_SUCCESS" : "CUBLAS_STATUS_INVALID_VALUE";
}
cublasStatus_t cublasCreate(cublasHandle_t* handle) {
  *handle = new EmulatedBlas;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasDestroy(cublasHandle_t handle) {
  delete handle;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetStream(cublasHandle_t handle, cudaStream_t stream) {
  handle->stream = stream;
  handle->own_workspace = false;  // "unconditionally resets the workspace" (cuBLAS, cublasSetStream)
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetWorkspace(cublasHandle_t handle, void* workspace, std::size_t bytes) {
  if (reinterpret_cast<std::uintptr_t>(workspace) % 256 != 0 || !emulation::on_device(workspace, bytes))
    return CUBLAS_STATUS_INVALID_VALUE;
  handle->own_workspace = true;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetMathMode(cublasHandle_t, cublasMath_t) { return CUBLAS_STATUS_SUCCESS; }
cublasStatus_t cublasGetVersion(cublasHandle_t, int* version) {
  *version = 130000;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasGemmEx(cublasHandle_t handle, cublasOperation_t transa, cublasOperation_t transb, int m, int n,
                            int k, const void* alpha, const void* a, cudaDataType_t atype, int lda, const void* b,
                            cudaDataType_t btype, int ldb, const void* beta, void* c, cudaDataType_t ctype, int ldc,
                            cublasComputeType_t compute, cublasGemmAlgo_t) {
  if (!types_fit(atype, btype, ctype, compute, false)) return CUBLAS_STATUS_NOT_SUPPORTED;
  return issue(
      handle,
      {transa, transb, m, n, k, scalar(alpha, compute), a, atype, lda, b, ldb, scalar(beta, compute), c, ctype, ldc},
      compute);
}

cublasStatus_t cublasGemmStridedBatchedEx(cublasHandle_t handle, cublasOperation_t transa, cublasOperation_t transb,
                                          int m, int n, int k, const void* alpha, const void* a, cudaDataType_t atype,
                                          int lda, long long stridea, const void* b, cudaDataType_t btype, int ldb,
                                          long long strideb, const void* beta, void* c, cudaDataType_t ctype, int ldc,
                                          long long stridec, int count, cublasComputeType_t compute, cublasGemmAlgo_t) {
  if (!types_fit(atype, btype, ctype, compute, false)) return CUBLAS_STATUS_NOT_SUPPORTED;
  ++emulation::counters().batches;
  for (int i = 0; i < count; ++i) {
    const Product p{transa,
                    transb,
                    m,
                    n,
                    k,
                    scalar(alpha, compute),
                    at(a, atype, i * stridea),
                    atype,
                    lda,
                    at(b, btype, i * strideb),
                    ldb,
                    scalar(beta, compute),
                    const_cast<void*>(at(c, ctype, i * stridec)),
                    ctype,
                    ldc};
    if (const cublasStatus_t status = issue(handle, p, compute); status != CUBLAS_STATUS_SUCCESS) return status;
  }
  return CUBLAS_STATUS_SUCCESS;
}

// The arrays of pointers lie on the device and are read when the call runs; all others are the host's.
cublasStatus_t cublasGemmGroupedBatchedEx(cublasHandle_t handle, const cublasOperation_t transa[],
                                          const cublasOperation_t transb[], const int m[], const int n[], const int k[],
                                          const void* alpha, const void* const a[], cudaDataType_t atype,
                                          const int lda[], const void* const b[], cudaDataType_t btype, const int ldb[],
                                          const void* beta, void* const c[], cudaDataType_t ctype, const int ldc[],
                                          int groups, const int group_size[], cublasComputeType_t compute) {
  if (!types_fit(atype, btype, ctype, compute, true) || emulation::refuses_grouped_calls())
    return CUBLAS_STATUS_NOT_SUPPORTED;
  require_workspace(handle);
  ++emulation::counters().grouped_calls;
  int at = 0;
  for (int g = 0; g < groups; ++g) at += group_size[g];
  const std::size_t pointers = static_cast<std::size_t>(at) * sizeof(void*);
  if (!emulation::on_device(a, pointers) || !emulation::on_device(b, pointers) || !emulation::on_device(c, pointers) ||
      emulation::on_device(alpha, 1) || emulation::on_device(m, 1))
    throw emulation::KernelError("a grouped call's pointers lie on the device, and all its other arrays on the host");
  at = 0;
  for (int g = 0; g < groups; ++g)
    for (int i = 0; i < group_size[g]; ++i, ++at) {
      Product p{transa[g], transb[g], m[g],   n[g],    k[g],   scalar(alpha, compute, g),
                nullptr,   atype,     lda[g], nullptr, ldb[g], scalar(beta, compute, g),
                nullptr,   ctype,     ldc[g]};
      if (const cublasStatus_t status = checked(p); status != CUBLAS_STATUS_SUCCESS) return status;
      ++emulation::counters().products;
      emulation::enqueue(handle->stream, [=]() mutable {
        p.a = a[at], p.b = b[at], p.c = c[at];
        for (const void* pointer : {p.a, p.b, static_cast<const void*>(p.c)})
          if (reinterpret_cast<std::uintptr_t>(pointer) % 16 != 0)
            throw emulation::KernelError("a grouped call wants its matrices at multiples of 16 bytes");
        require_on_device(p);
        if (compute == CUBLAS_COMPUTE_64F)
          multiply<double>(p);
        else
          multiply<float>(p);
      });
    }
  return CUBLAS_STATUS_SUCCESS;
}
