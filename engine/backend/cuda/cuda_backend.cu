// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/cuda/cuda_backend.h"

#include "engine/backend/cuda/module.h"

namespace moe::cuda {
namespace {

std::string dotted(int version, int thousands) {
  return std::to_string(version / thousands) + "." + std::to_string(version % thousands / (thousands / 100));
}

}  // namespace

std::string CudaBackend::describe() const {
  const DeviceFacts& f = runtime_.facts();
  return f.name + ", compute capability " + std::to_string(f.major) + "." + std::to_string(f.minor) + ", " +
         std::to_string(f.memory >> 20) + " MiB, cuBLAS " + std::to_string(f.blas / 10000) + "." +
         std::to_string(f.blas % 10000 / 100) + ", CUDA " + dotted(f.runtime, 1000) + ", driver for CUDA " +
         dotted(f.driver, 1000);
}

}  // namespace moe::cuda

namespace {

moe::Backend* make(int threads) { return new moe::cuda::CudaBackend(threads); }

}  // namespace

extern "C" __attribute__((visibility("default"))) const moe::cuda::Module* moe_cuda_module() {
  static const moe::cuda::Module module{moe::cuda::kModuleVersion, make};
  return &module;
}
