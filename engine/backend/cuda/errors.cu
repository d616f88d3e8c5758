// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/cuda/errors.h"

namespace moe::cuda {
namespace {

std::string mib(std::size_t bytes) { return std::to_string((bytes + (std::size_t{1} << 20) - 1) >> 20) + " MiB"; }

std::string in_words(cudaError_t status) {
  return std::string(cudaGetErrorName(status)) + ", " + cudaGetErrorString(status);
}

}  // namespace

bool needs_relaunch(cudaError_t status) {
  switch (status) {
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchTimeout:
    case cudaErrorAssert:
    case cudaErrorHardwareStackError:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorLaunchFailure:
    case cudaErrorECCUncorrectable:
    case cudaErrorContained:
    case cudaErrorTensorMemoryLeak:
    case cudaErrorMpsClientTerminated:
    case cudaErrorExternalDevice:
      return true;
    default:
      return false;
  }
}

void* allocate_device(std::size_t bytes) {
  void* block = nullptr;
  const cudaError_t status = cudaMalloc(&block, bytes > 0 ? bytes : 1);
  if (status == cudaSuccess) return block;
  if (status != cudaErrorMemoryAllocation) check(status, "taking device memory");
  cudaGetLastError();  // memory is asked for again after a smaller setting: the error must not linger
  std::size_t free = 0, total = 0;
  const bool known = cudaMemGetInfo(&free, &total) == cudaSuccess;
  if (!known) cudaGetLastError();
  throw Error(ErrorKind::resource, "the device is out of memory: " + mib(bytes) + " more are needed", "train.batch",
              known ? mib(free) + " of " + mib(total) + " are free" : "",
              "Make train.batch smaller and raise optim.accumulation by as much, or shorten model.context.");
}

void check(cudaError_t status, const char* doing) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // said here, and not once more by the next launch, which may be fine
  if (status == cudaErrorMemoryAllocation)
    throw Error(ErrorKind::resource, std::string("out of memory while ") + doing, "train.batch", "",
                "Make train.batch smaller and raise optim.accumulation by as much, or shorten model.context.");
  if (needs_relaunch(status))
    throw DeviceLost(std::string("the device failed while ") + doing + ": " + in_words(status), "cuda",
                     "the engine has to be started again after this error", "Go on from the last checkpoint.");
  throw Error(ErrorKind::device, std::string("CUDA failed while ") + doing + ": " + in_words(status), "cuda", "",
              "Train with --device cpu, or go on from the last checkpoint.");
}

void check(cublasStatus_t status, const char* doing) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  throw Error(status == CUBLAS_STATUS_ALLOC_FAILED ? ErrorKind::resource : ErrorKind::device,
              std::string("cuBLAS failed while ") + doing + ": " + cublasGetStatusName(status), "cuda", "",
              "Train with --device cpu, or go on from the last checkpoint.");
}

}  // namespace moe::cuda
