// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/make_backend.h"

#include "engine/backend/cpu/cpu_backend.h"
#include "engine/core/error.h"

namespace moe {

std::unique_ptr<Backend> make_backend(const std::string& device, int threads) {
  constexpr int kMostThreads = 1024;
  if (threads < 0 || threads > kMostThreads)
    throw Error(ErrorKind::usage, "cannot compute with " + std::to_string(threads) + " threads", "train.threads",
                "0 to " + std::to_string(kMostThreads), "Use 0 for all cores.");
  if (device == "auto" || device == "cpu") return std::make_unique<cpu::CpuBackend>(threads);
  if (device == "cuda")
    throw Error(ErrorKind::device, "this build has no CUDA module", "train.device", "auto or cpu",
                "Train with --device cpu.");
  throw Error(ErrorKind::usage, "unknown device \"" + device + "\"", "train.device", "auto, cpu or cuda",
              "Use --device auto.");
}

}  // namespace moe
