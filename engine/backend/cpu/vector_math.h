// SPDX-License-Identifier: Apache-2.0
// Elementary functions written so that loops over them vectorise. The double overloads are the standard library's.
#pragma once
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace moe::cpu {

/// e^x within 2 ulp over the whole float range, denormal results and infinities included; NaN gives NaN.
/// Cody-Waite reduction x = n·ln 2 + r, |r| <= ln 2 / 2, then the Taylor series of e^r to the 7th power.
inline float fast_exp(float x) {
  constexpr float kLog2e = 1.44269504f, kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;
  constexpr float kRound = 12582912.f;  // 1.5·2^23: adding it rounds to an integer held in the low bits
  x = x > 89.f ? 89.f : x;              // e^89 overflows and e^-104 underflows to 0; NaN passes both comparisons
  x = x < -104.f ? -104.f : x;
  const float shifted = x * kLog2e + kRound;
  const float n = shifted - kRound;
  const float r = (x - n * kLn2High) - n * kLn2Low;
  float p = 1.f / 5040.f;
  p = p * r + 1.f / 720.f;
  p = p * r + 1.f / 120.f;
  p = p * r + 1.f / 24.f;
  p = p * r + 1.f / 6.f;
  p = p * r + 0.5f;
  p = (p * r) * r + r + 1.f;
  // 2^n in two factors, so that n = 128 and denormals work.
  const std::int32_t whole = std::bit_cast<std::int32_t>(shifted) - std::bit_cast<std::int32_t>(kRound);
  const std::int32_t half = whole >> 1;
  const auto power = [](std::int32_t e) { return std::bit_cast<float>((e + 127) << 23); };
  return p * power(half) * power(whole - half);
}
inline double fast_exp(double x) { return std::exp(x); }

/// The error function within 3 ulp: x·P(x²) below 1, 1 − e^Q(|x|) above; P and Q are minimax fits of degree 6 and 7.
inline float fast_erf(float x) {
  const float t = std::fabs(x), s = x * x;
  float p = 7.889119297e-05f;
  p = p * s - 8.020841051e-04f;
  p = p * s + 5.189535208e-03f;
  p = p * s - 2.685444430e-02f;
  p = p * s + 1.128360033e-01f;
  p = p * s - 3.761262596e-01f;
  p = p * s + 1.128379107e+00f;
  const float u = t > 4.f ? 4.f : t;  // erf(4) is 1 to float32
  float q = -2.168651008e-05f;
  q = q * u + 4.413324059e-04f;
  q = q * u - 4.204542376e-03f;
  q = q * u + 2.520820498e-02f;
  q = q * u - 1.084184945e-01f;
  q = q * u - 6.332199574e-01f;
  q = q * u - 1.129578352e+00f;
  q = q * u + 1.880319323e-04f;
  const float large = std::copysign(1.f - fast_exp(q), x);
  return t < 1.f ? x * p : (t >= 1.f ? large : x);  // NaN stays
}
inline double fast_erf(double x) { return std::erf(x); }

/// ln x within 2 ulp, denormals included; 0 gives −inf, a negative number or NaN gives NaN. x = m·2^e with m in
/// [sqrt(1/2), sqrt(2)), then the minimax polynomial of ln m that Cephes' logf uses (S. Moshier, netlib).
inline float fast_log(float x) {
  constexpr float kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f, kInf = std::numeric_limits<float>::infinity();
  constexpr std::uint32_t kRootHalf = 0x3F3504F3;
  const bool tiny = x < std::numeric_limits<float>::min();
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(tiny ? x * 8388608.f : x);  // 2^23 makes denormals normal
  const std::int32_t whole = static_cast<std::int32_t>(bits - kRootHalf) >> 23;
  const float e = static_cast<float>(whole - (tiny ? 23 : 0));
  const float r = std::bit_cast<float>(bits - (static_cast<std::uint32_t>(whole) << 23)) - 1.f, s = r * r;
  float p = 7.0376836292e-2f;
  p = p * r - 1.1514610310e-1f;
  p = p * r + 1.1676998740e-1f;
  p = p * r - 1.2420140846e-1f;
  p = p * r + 1.4249322787e-1f;
  p = p * r - 1.6668057665e-1f;
  p = p * r + 2.0000714765e-1f;
  p = p * r - 2.4999993993e-1f;
  p = p * r + 3.3333331174e-1f;
  const float y = (r + ((p * r * s + e * kLn2Low) - 0.5f * s)) + e * kLn2High;
  const float edge = x == 0.f ? -kInf : (x > 0.f ? x : std::numeric_limits<float>::quiet_NaN());  // +inf stays
  return x > 0.f && x < kInf ? y : edge;
}
inline double fast_log(double x) { return std::log(x); }

template <class T>
inline T sigmoid(T x) {
  return T(1) / (T(1) + fast_exp(-x));
}

}  // namespace moe::cpu
