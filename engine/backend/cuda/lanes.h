// SPDX-License-Identifier: Apache-2.0
// Streams beside the main one, for products of which one alone does not fill a device: an expert's rows are a fraction
// of a batch, and its last tiles would leave most of the device idle. Each lane has a cuBLAS of its own, with memory of
// its own, so that a product's bits do not depend on what runs beside it.
#pragma once
#include <array>
#include <cstdint>

#include "engine/backend/cuda/runtime.h"

namespace moe::cuda {

class Lanes {
 public:
  static constexpr int kCount = 4;

  Lanes() = default;
  ~Lanes();
  Lanes(const Lanes&) = delete;
  Lanes& operator=(const Lanes&) = delete;

  /// From here on the lanes compute, after what the main stream was given before.
  void fork(Runtime& runtime);
  /// The lane with the least work since fork(), which gets `work` more.
  cublasHandle_t next(std::int64_t work);
  /// What the main stream is given from here on comes after what the lanes were given.
  void join(Runtime& runtime);

 private:
  struct Lane {
    cudaStream_t stream = nullptr;
    cublasHandle_t blas = nullptr;
    cudaEvent_t done = nullptr;
    DeviceScratch workspace;
    std::int64_t work = 0;
    bool used = false;
  };
  void start();

  std::array<Lane, kCount> lanes_;
  cudaEvent_t forked_ = nullptr;
};

}  // namespace moe::cuda
