// SPDX-License-Identifier: Apache-2.0
// The CUDA backend as tests meet it: on the emulated device, always; on a real one, where there is one. MOE_TEST_DEVICE
// chooses: "emulated" (default) or "cuda". What a machine without a device cannot run is skipped with a sentence, and
// counted in the test's last line.
#pragma once
#include <QtTest>

#include <cstdio>
#include <memory>

#include "engine/backend/make_backend.h"
#include "engine/core/error.h"
#include "tests/support/cuda_emulation/emulated_backend.h"

namespace moe::test {

inline bool on_device() { return qgetenv("MOE_TEST_DEVICE") == "cuda"; }

/// Null without a device; `problem` then says what is missing.
inline std::unique_ptr<Backend> make_cuda(std::string* problem = nullptr) {
  if (!on_device()) return make_emulated_backend();
  try {
    return make_backend("cuda", 1);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::device) throw;
    if (problem) *problem = error.what();
    return nullptr;
  }
}

/// A test class's backend, and how many of its rows had none.
class CudaBench {
 public:
  CudaBench() : backend_(make_cuda(&problem_)) {}
  ~CudaBench() {
    if (rows_ > 0) std::printf("%d of %d rows skipped: %s\n", skipped_, rows_, skipped_ ? problem_.c_str() : "none");
  }
  Backend& operator*() { return *backend_; }
  Backend* operator->() { return backend_.get(); }
  /// Called at the start of every row: empty, or why it cannot run.
  std::string missing() {
    ++rows_;
    if (backend_) return {};
    ++skipped_;
    return "no CUDA device: " + problem_;
  }

 private:
  std::string problem_;
  std::unique_ptr<Backend> backend_;
  int rows_ = 0, skipped_ = 0;
};

#define SKIP_WITHOUT_DEVICE(bench) \
  if (const std::string why = (bench).missing(); !why.empty()) QSKIP(why.c_str())

}  // namespace moe::test
