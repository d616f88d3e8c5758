// SPDX-License-Identifier: Apache-2.0
#include "tests/support/test_backend.h"

#include <cstdio>
#include <cstdlib>
#include <string>

#include "engine/backend/make_backend.h"
#include "tests/support/cuda_emulation/emulated_backend.h"
#include "tests/support/host_side_backend.h"

namespace moe::test {
namespace {

std::string wanted() {
  const char* device = std::getenv("MOE_TEST_DEVICE");
  return device ? device : "";
}

}  // namespace

std::unique_ptr<Backend> make_test_backend(int threads) {
  if (wanted() == "emulated") return make_host_side(make_emulated_backend());
  if (wanted() == "cuda") return make_host_side(make_backend("cuda", threads));
  return make_backend("cpu", threads);
}

std::string missing_device() {
  if (wanted() != "cuda") return {};
  const CudaState state = cuda_state();
  return state.usable ? std::string() : state.text;
}

int skip_program(const std::string& why) {
  constexpr int kSkipped = 77;
  std::printf("SKIP: all of this program's rows skipped: no CUDA device. %s\n", why.c_str());
  return kSkipped;
}

}  // namespace moe::test
