// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/make_backend.h"

#include "engine/backend/cpu/cpu_backend.h"
#include "engine/backend/cuda_module.h"
#include "engine/core/error.h"

namespace moe {
namespace {

std::unique_ptr<Backend> make_cuda(int threads) { return std::unique_ptr<Backend>(cuda_module().make(threads)); }

}  // namespace

std::unique_ptr<Backend> make_backend(const std::string& device, int threads) {
  constexpr int kMostThreads = 1024;
  if (threads < 0 || threads > kMostThreads)
    throw Error(ErrorKind::usage, "cannot compute with " + std::to_string(threads) + " threads", "train.threads",
                "0 to " + std::to_string(kMostThreads), "Use 0 for all cores.");
  if (device == "cuda") return make_cuda(threads);
  if (device == "auto") {
    try {
      return make_cuda(threads);
    } catch (const Error&) {  // cuda_state() says why
      return std::make_unique<cpu::CpuBackend>(threads);
    }
  }
  if (device == "cpu") return std::make_unique<cpu::CpuBackend>(threads);
  throw Error(ErrorKind::usage, "unknown device \"" + device + "\"", "train.device", "auto, cpu or cuda",
              "Use --device auto.");
}

CudaState cuda_state() {
  try {
    return {true, make_cuda(1)->describe()};
  } catch (const Error& error) {
    return {false, error.what()};
  }
}

}  // namespace moe
