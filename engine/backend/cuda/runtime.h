// SPDX-License-Identifier: Apache-2.0
// What all CUDA kernels share: the device, one stream, cuBLAS with a workspace of its own, scratch memory, the two
// ways between host and device, and errors in words.
#pragma once
#include <string>
#include <vector>

#include "engine/backend/cuda/device.h"
#include "engine/backend/families/scalar.h"

namespace moe::cuda {

/// Throws what a failed call means: Error(resource) for memory, Error(device) for the rest.
void check(cudaError_t status, const char* doing);
void check(cublasStatus_t status, const char* doing);

/// Device memory that grows to the largest request and then stays. Contents do not survive a larger request.
class DeviceScratch {
 public:
  DeviceScratch() = default;
  ~DeviceScratch();
  DeviceScratch(const DeviceScratch&) = delete;
  DeviceScratch& operator=(const DeviceScratch&) = delete;
  template <class T>
  T* get(std::int64_t count) {
    return static_cast<T*>(reserve(static_cast<std::size_t>(count) * sizeof(T)));
  }

 private:
  void* reserve(std::size_t bytes);
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

/// Host memory the device copies from or to by itself, with the event that ends its last use.
class Pinned {
 public:
  explicit Pinned(std::size_t bytes);
  ~Pinned();
  Pinned(Pinned&& other) noexcept;
  Pinned& operator=(Pinned&&) = delete;
  void* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }
  void used(cudaStream_t stream);  // by what was issued so far
  void wait() const;               // until that is over

 private:
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
  cudaEvent_t event_ = nullptr;
};

/// A cuBLAS in `stream`, with memory of its own, that multiplies float32 as float32.
void start_blas(cublasHandle_t* blas, cudaStream_t stream, DeviceScratch& workspace);

struct DeviceFacts {
  std::string name;
  int major = 0, minor = 0, processors = 0, driver = 0, runtime = 0, blas = 0;
  std::size_t memory = 0;
};

class Runtime final : public Scalar::Source {
 public:
  /// On the first device. Throws Error(device) without a driver, a device, or one of compute capability 8.0.
  Runtime();
  ~Runtime() override;
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  const DeviceFacts& facts() const { return facts_; }
  cudaStream_t stream() const { return stream_; }
  cublasHandle_t blas() const { return blas_; }

  std::size_t free_memory() const;
  void* allocate(std::size_t bytes);
  void free(void* block) noexcept;

  /// The source may be changed as soon as this returns.
  void upload(void* to, const void* from, std::size_t bytes);
  /// Waits for everything issued before.
  void download(void* to, const void* from, std::size_t bytes);
  /// `to` is filled when finish_downloads() returns, or earlier.
  void download_later(void* to, const void* from, std::size_t bytes);
  void finish_downloads();
  void zero(void* to, std::size_t bytes);
  void copy(void* to, const void* from, std::size_t bytes);
  void synchronize();

  /// Partial sums of the kernel being issued; two kernels in a row may share them, the stream keeps their order.
  template <class T>
  T* partials(std::int64_t count) {
    return partials_.get<T>(count);
  }
  /// `compute(out)` issues kernels that leave one float64 at `out` on the device; it comes to the host by itself.
  template <class Compute>
  Scalar scalar(Compute&& compute) {
    double* const out = scalars_.get<double>(kScalars) + scalars_issued_ % kScalars;
    compute(out);
    return send(out);
  }
  double wait_for(std::uint64_t ticket) override;
  DeviceScratch& scratch(int use) { return scratch_[use]; }

  /// Offsets of experts, on the host. `follow_offsets` starts their way there as soon as they are known, so that
  /// `host_offsets` need not wait for what was issued later. Valid until the next call of either.
  void follow_offsets(const std::int32_t* offsets, std::int64_t count);
  const std::int32_t* host_offsets(const std::int32_t* offsets, std::int64_t count);
  /// The memory was written by other means: what was followed there no longer counts.
  void forget_offsets(const void* begin, std::size_t bytes);

 private:
  struct Followed {
    const std::int32_t* offsets;
    std::int64_t count;
    Pinned copy;
    bool valid;
  };
  struct Landing {
    void* to;
    std::size_t offset, bytes;
  };
  static constexpr std::uint64_t kScalars = 4096;
  Scalar send(const double* from);
  Followed* followed(const std::int32_t* offsets, std::int64_t count);

  DeviceFacts facts_;
  cudaStream_t stream_ = nullptr;
  cublasHandle_t blas_ = nullptr;
  DeviceScratch workspace_, partials_, scalars_, scratch_[6];
  std::vector<Pinned> uploads_;
  std::size_t next_upload_ = 0;
  std::vector<Pinned> download_, later_, host_scalars_;  // one each, once there is a stream
  std::vector<Landing> landings_;                        // in later_, not yet with those who asked
  std::size_t later_used_ = 0;
  std::uint64_t scalars_issued_ = 0, scalars_here_ = 0;
  std::vector<Followed> followed_;
};

/// kernel<<<grid, block>>>(arguments…) in the runtime's stream; block is a multiple of a warp.
template <class... Parameters, class... Arguments>
void launch(Runtime& runtime, dim3 grid, unsigned block, void (*kernel)(Parameters...), Arguments... arguments) {
#ifdef MOE_CUDA_EMULATED
  emulation::launch(runtime.stream(), grid, dim3(block), kernel, static_cast<Parameters>(arguments)...);
#else
  // It does not know the three brackets.
  // clang-format off
  kernel<<<grid, block, 0, runtime.stream()>>>(static_cast<Parameters>(arguments)...);
  // clang-format on
#endif
  check(cudaGetLastError(), "starting a kernel");
}

}  // namespace moe::cuda
