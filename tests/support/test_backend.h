// SPDX-License-Identifier: Apache-2.0
// The backend that tests written for any backend run on: the CPU, or, when MOE_TEST_DEVICE says so, the CUDA backend on
// the emulated device ("emulated") or on a real one ("cuda"), with memory that the test may touch. A test program's
// main is DEVICE_TEST_MAIN, which skips the whole program aloud where the device is missing.
#pragma once
#include <memory>

#include "engine/backend/backend.h"

namespace moe::test {

std::unique_ptr<Backend> make_test_backend(int threads);

/// Empty, or why the device that MOE_TEST_DEVICE names cannot be used.
std::string missing_device();
/// The exit code CTest knows as "skipped"; says why, and that all of the program's tests are.
int skip_program(const std::string& why);

}  // namespace moe::test

#define DEVICE_TEST_MAIN(TestClass)                                                                             \
  int main(int argc, char** argv) {                                                                             \
    if (const std::string why = moe::test::missing_device(); !why.empty()) return moe::test::skip_program(why); \
    QCoreApplication app(argc, argv);                                                                           \
    TestClass tests;                                                                                            \
    return QTest::qExec(&tests, argc, argv);                                                                    \
  }
