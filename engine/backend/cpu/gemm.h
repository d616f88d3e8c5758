// SPDX-License-Identifier: Apache-2.0
// One matrix product on the calling thread: oneDNN where it was found, Eigen otherwise and for float64.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "engine/backend/cpu/runtime.h"
#include "engine/core/tensor.h"

namespace moe::cpu {

/// c[m,n] (+)= alpha·op(a)[m,k]·op(b)[k,n]; row-major, ld* are the row strides as stored.
template <class In, class Out = In, class Left = In>
struct Gemm {
  std::int64_t m, n, k;
  const Left* a;
  std::int64_t lda;
  bool transpose_a;
  const In* b;
  std::int64_t ldb;
  bool transpose_b;
  Out* c;
  std::int64_t ldc;
  bool accumulate = false;
  Out alpha = 1;
};

/// c of an empty sum (k = 0): zero, or as it was. oneDNN does neither.
template <class In, class Out>
void empty_sum(const Gemm<In, Out>& g) {
  for (std::int64_t r = 0; !g.accumulate && r < g.m; ++r) std::fill_n(g.c + r * g.ldc, g.n, Out(0));
}

void gemm(const Gemm<float>& g);
void gemm(const Gemm<double>& g);

/// Products of bfloat16 operands into float32. Holds what the library prepares for a shape. alpha must be 1.
class Bf16Gemm {
 public:
  explicit Bf16Gemm(Runtime& runtime);
  ~Bf16Gemm();
  /// Makes all threads of the pool ready for the shape and strides of g; nothing to do when they are. Called while no
  /// product runs, so that products look up without a lock and never build or allocate, whichever thread runs them.
  void prepare(const Gemm<bf16, float>& g);
  /// In any thread of the pool, after prepare() of the same shape and strides.
  void operator()(const Gemm<bf16, float>& g) const;

 private:
  struct Cache;
  Runtime& runtime_;
  std::unique_ptr<Cache> cache_;
};

/// Whether the processor multiplies bfloat16 natively and the library knows how.
bool bf16_is_native();
/// Library and instruction set, as in "oneDNN 2.6.3, avx512_core_bf16".
std::string describe_gemm();

/// Makes the library compute in the calling thread alone; run in every thread of a pool.
void use_one_gemm_thread();

/// The same for the thread that calls the pool, put back afterwards.
class OneGemmThread {
 public:
  OneGemmThread();
  ~OneGemmThread();
  OneGemmThread(const OneGemmThread&) = delete;
  OneGemmThread& operator=(const OneGemmThread&) = delete;

 private:
  int before_ = 0;
};

}  // namespace moe::cpu
