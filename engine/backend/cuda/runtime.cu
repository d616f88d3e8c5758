// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/cuda/runtime.h"

#include <cstring>
#include <utility>

#include "engine/backend/cuda/errors.h"

namespace moe::cuda {
namespace {

// cuBLAS asks for 32 MiB on Hopper and later; with memory of its own per stream its results repeat.
constexpr std::size_t kWorkspace = std::size_t{32} << 20;
constexpr std::size_t kUpload = std::size_t{256} << 10, kDownload = std::size_t{64} << 10;
constexpr std::size_t kUploads = 32, kLater = std::size_t{1} << 20;

std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

/// The first device, or the sentence that says why there is none.
DeviceFacts find_device() {
  DeviceFacts facts;
  check(cudaRuntimeGetVersion(&facts.runtime), "asking for the CUDA runtime's version");
  if (cudaDriverGetVersion(&facts.driver) != cudaSuccess || facts.driver == 0)
    throw Error(ErrorKind::device, "no NVIDIA driver was found", "train.device",
                "a driver for CUDA " + version_text(facts.runtime) + " or later",
                "Install the driver, or train with --device cpu.");
  int count = 0;
  const cudaError_t counted = cudaGetDeviceCount(&count);
  if (counted == cudaErrorInsufficientDriver)
    throw Error(ErrorKind::device, "the NVIDIA driver is too old: it offers CUDA " + version_text(facts.driver),
                "train.device", "CUDA " + version_text(facts.runtime) + " or later",
                "Update the driver, or train with --device cpu.");
  if (counted == cudaErrorNoDevice || (counted == cudaSuccess && count == 0))
    throw Error(ErrorKind::device, "the NVIDIA driver finds no device", "train.device", "one CUDA device",
                "Check CUDA_VISIBLE_DEVICES, or train with --device cpu.");
  check(counted, "counting the devices");
  cudaDeviceProp properties;
  check(cudaGetDeviceProperties(&properties, 0), "asking what the device is");
  facts.name = properties.name;
  facts.major = properties.major, facts.minor = properties.minor;
  facts.processors = properties.multiProcessorCount;
  facts.memory = properties.totalGlobalMem;
  if (facts.major < 8)
    throw Error(ErrorKind::device,
                "the device " + facts.name + " has compute capability " + std::to_string(facts.major) + "." +
                    std::to_string(facts.minor),
                "train.device", "8.0 or later", "Train with --device cpu.");
  return facts;
}

}  // namespace

DeviceScratch::~DeviceScratch() { cudaFree(data_); }

void* DeviceScratch::reserve(std::size_t bytes) {
  if (bytes <= bytes_) return data_;
  check(cudaFree(data_), "freeing scratch memory");  // waits for the kernels that use it
  data_ = nullptr;
  bytes_ = 0;
  data_ = allocate_device(bytes);
  bytes_ = bytes;
  return data_;
}

Pinned::Pinned(std::size_t bytes) : bytes_(bytes) {
  check(cudaMallocHost(&data_, bytes), "taking pinned memory");
  check(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming), "making an event");
}

Pinned::Pinned(Pinned&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      bytes_(std::exchange(other.bytes_, 0)),
      event_(std::exchange(other.event_, nullptr)) {}

Pinned::~Pinned() {
  if (event_) cudaEventDestroy(event_);
  if (data_) cudaFreeHost(data_);
}

void Pinned::used(cudaStream_t stream) { check(cudaEventRecord(event_, stream), "recording an event"); }
void Pinned::wait() const { check(cudaEventSynchronize(event_), "waiting for the device"); }

void start_blas(cublasHandle_t* blas, cudaStream_t stream, DeviceScratch& workspace) {
  check(cublasCreate(blas), "starting cuBLAS");
  check(cublasSetStream(*blas, stream), "giving cuBLAS the stream");
  check(cublasSetWorkspace(*blas, workspace.get<char>(kWorkspace), kWorkspace), "giving cuBLAS its memory");
  // The default mode multiplies float32 as float32; TF32 and the emulated float32 of newer devices have to be asked
  // for, and are not. The pedantic mode would add nothing but slower kernels.
  check(cublasSetMathMode(*blas, CUBLAS_DEFAULT_MATH), "choosing cuBLAS' arithmetic");
}

Runtime::Runtime() : facts_(find_device()) {
  check(cudaSetDevice(0), "choosing the device");
  check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "making a stream");
  start_blas(&blas_, stream_, workspace_);
  check(cublasGetVersion(blas_, &facts_.blas), "asking for cuBLAS' version");
  uploads_.reserve(kUploads);
  for (std::size_t i = 0; i < kUploads; ++i) uploads_.emplace_back(kUpload);
  download_.emplace_back(kDownload);
  later_.emplace_back(kLater);
  host_scalars_.emplace_back(kScalars * sizeof(double));
  scalars_.get<double>(kScalars);
}

Runtime::~Runtime() {
  if (stream_) cudaStreamSynchronize(stream_);
  if (blas_) cublasDestroy(blas_);
  if (stream_) cudaStreamDestroy(stream_);
}

std::size_t Runtime::free_memory() const {
  std::size_t free = 0, total = 0;
  check(cudaMemGetInfo(&free, &total), "asking for the free memory");
  return free;
}

void* Runtime::allocate(std::size_t bytes) { return allocate_device(bytes); }
void Runtime::free(void* block) noexcept { cudaFree(block); }

void Runtime::upload(void* to, const void* from, std::size_t bytes) {
  if (bytes == 0) return;
  forget_offsets(to, bytes);
  if (bytes > kUpload) {
    check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, stream_), "copying to the device");
    return synchronize();
  }
  Pinned& slot = uploads_[next_upload_++ % kUploads];
  slot.wait();
  std::memcpy(slot.data(), from, bytes);
  check(cudaMemcpyAsync(to, slot.data(), bytes, cudaMemcpyHostToDevice, stream_), "copying to the device");
  slot.used(stream_);
}

void Runtime::download(void* to, const void* from, std::size_t bytes) {
  if (bytes == 0) return;
  void* const landing = bytes <= kDownload ? download_[0].data() : to;
  check(cudaMemcpyAsync(landing, from, bytes, cudaMemcpyDeviceToHost, stream_), "copying from the device");
  synchronize();
  if (landing != to) std::memcpy(to, landing, bytes);
}

void Runtime::download_later(void* to, const void* from, std::size_t bytes) {
  if (bytes == 0) return;
  if (bytes > kLater) return download(to, from, bytes);
  if (later_used_ + bytes > kLater) finish_downloads();
  check(
      cudaMemcpyAsync(static_cast<char*>(later_[0].data()) + later_used_, from, bytes, cudaMemcpyDeviceToHost, stream_),
      "copying from the device");
  landings_.push_back({to, later_used_, bytes});
  later_used_ += (bytes + 15) / 16 * 16;
}

void Runtime::finish_downloads() {
  if (!landings_.empty()) synchronize();
}

Scalar Runtime::send(const double* from) {
  const std::uint64_t ticket = scalars_issued_++;
  check(cudaMemcpyAsync(static_cast<double*>(host_scalars_[0].data()) + ticket % kScalars, from, sizeof *from,
                        cudaMemcpyDeviceToHost, stream_),
        "copying from the device");
  return Scalar(*this, ticket);
}

double Runtime::wait_for(std::uint64_t ticket) {
  if (ticket >= scalars_here_) synchronize();
  return static_cast<const double*>(host_scalars_[0].data())[ticket % kScalars];
}

void Runtime::zero(void* to, std::size_t bytes) {
  if (bytes == 0) return;
  forget_offsets(to, bytes);
  check(cudaMemsetAsync(to, 0, bytes, stream_), "clearing memory");
}

void Runtime::copy(void* to, const void* from, std::size_t bytes) {
  if (bytes == 0) return;
  forget_offsets(to, bytes);
  check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream_), "copying on the device");
}

void Runtime::synchronize() {
  check(cudaStreamSynchronize(stream_), "computing");
  scalars_here_ = scalars_issued_;
  for (const Landing& landing : landings_)
    std::memcpy(landing.to, static_cast<const char*>(later_[0].data()) + landing.offset, landing.bytes);
  landings_.clear();
  later_used_ = 0;
}

Runtime::Followed* Runtime::followed(const std::int32_t* offsets, std::int64_t count) {
  for (auto& one : followed_)
    if (one.offsets == offsets && one.count == count) return &one;
  return nullptr;
}

void Runtime::follow_offsets(const std::int32_t* offsets, std::int64_t count) {
  const auto bytes = static_cast<std::size_t>(count) * sizeof(std::int32_t);
  Followed* one = followed(offsets, count);
  if (!one) one = &followed_.emplace_back(Followed{offsets, count, Pinned(bytes), false});
  one->copy.wait();
  check(cudaMemcpyAsync(one->copy.data(), offsets, bytes, cudaMemcpyDeviceToHost, stream_), "copying the offsets");
  one->copy.used(stream_);
  one->valid = true;
}

const std::int32_t* Runtime::host_offsets(const std::int32_t* offsets, std::int64_t count) {
  if (const Followed* one = followed(offsets, count); !one || !one->valid) follow_offsets(offsets, count);
  const Followed* one = followed(offsets, count);
  one->copy.wait();
  return static_cast<const std::int32_t*>(one->copy.data());
}

void Runtime::forget_offsets(const void* begin, std::size_t bytes) {
  const auto* first = static_cast<const char*>(begin);
  for (auto& one : followed_) {
    const auto* at = reinterpret_cast<const char*>(one.offsets);
    if (at < first + bytes && first < at + one.count * static_cast<std::int64_t>(sizeof(std::int32_t)))
      one.valid = false;
  }
}

}  // namespace moe::cuda
