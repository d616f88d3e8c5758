// SPDX-License-Identifier: Apache-2.0
// What every kernel file includes. The kernels compile with nvcc for a device and with a C++ compiler for the emulated
// device of the tests (which brings its own <cuda_runtime.h>): launches and shared memory are the two things that
// look different there.
#pragma once
#include <cublas_v2.h>
#include <cuda_runtime.h>

#include <cstdint>
#include <limits>
#include <type_traits>

#include "engine/core/tensor.h"

#ifdef MOE_CUDA_EMULATED
#define MOE_SHARED(T, name, count)   \
  static const char name##_site = 0; \
  emulation::SharedArray<T> name(count, &name##_site, #name)
#else
#define MOE_SHARED(T, name, count) __shared__ T name[count]
#endif

// The result of a function of CUDA's mathematical library, which may be off by `ulps` units in the last place (CUDA C++
// Programming Guide, mathematical functions): the emulated device is, so that no test hangs on the host's own bits.
// And an address that is read or written as a whole `type`.
#ifdef MOE_CUDA_EMULATED
#define MOE_LIBRARY(result, ulps) emulation::off_by(result, ulps)
#define MOE_WHOLE(type, address) emulation::aligned(address, alignof(type))
#else
#define MOE_LIBRARY(result, ulps) (result)
#define MOE_WHOLE(type, address) static_cast<void>(0)
#endif

namespace moe::cuda {

constexpr unsigned kWarp = 32, kWholeWarp = 0xffffffffu;

/// Calls f.template operator()<T>() with the floating-point type of `dtype`.
template <class F>
decltype(auto) with_real(DType dtype, F&& f) {
  if (dtype == DType::f64) return f.template operator()<double>();
  return f.template operator()<float>();
}

inline std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// Elementary functions in the type of their argument. Never the fast approximations: routing must agree with the CPU.
inline __device__ float exponential(float x) { return MOE_LIBRARY(expf(x), 1); }
inline __device__ double exponential(double x) { return MOE_LIBRARY(exp(x), 1); }
inline __device__ float logarithm(float x) { return MOE_LIBRARY(logf(x), 1); }
inline __device__ double logarithm(double x) { return MOE_LIBRARY(log(x), 1); }
inline __device__ double log_of_one_plus(double x) { return MOE_LIBRARY(log1p(x), 1); }
inline __device__ float error_function(float x) { return MOE_LIBRARY(erff(x), 2); }
inline __device__ double error_function(double x) { return MOE_LIBRARY(erf(x), 2); }
inline __device__ double error_complement(double x) { return MOE_LIBRARY(erfc(x), 5); }
inline __device__ double cosine(double x) { return MOE_LIBRARY(cos(x), 2); }
inline __device__ float square_root(float x) { return sqrtf(x); }
inline __device__ double square_root(double x) { return sqrt(x); }

template <class T>
inline __device__ T sigmoid(T x) {
  return T(1) / (T(1) + exponential(-x));
}

template <class T>
inline __device__ T minus_infinity() {
  return -static_cast<T>(HUGE_VAL);
}

/// A score for comparisons: NaN is the smallest, so that an order exists.
template <class T>
inline __device__ T ranked(T x) {
  return x != x ? minus_infinity<T>() : x;
}

/// Round to nearest even; NaN stays NaN. The bits of cpu::round_to_bf16.
inline __device__ std::uint16_t bf16_bits(float x) {
  union {
    float number;
    std::uint32_t bits;
  } both{x};
  const std::uint32_t bits = both.bits, rounded = (bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16;
  const bool nan = (bits & 0x7FFFFFFFu) > 0x7F800000u;
  return static_cast<std::uint16_t>(nan ? (bits >> 16) | 0x40u : rounded);
}

// A number as it is computed with, and as it is stored.
inline __device__ float number(float x) { return x; }
inline __device__ double number(double x) { return x; }
inline __device__ float number(bf16 x) {
  union {
    std::uint32_t bits;
    float number;
  } both{static_cast<std::uint32_t>(x.bits) << 16};
  return both.number;
}
inline __device__ void put(float* to, float x) { *to = x; }
inline __device__ void put(double* to, double x) { *to = x; }
inline __device__ void put(bf16* to, float x) { to->bits = bf16_bits(x); }

}  // namespace moe::cuda
