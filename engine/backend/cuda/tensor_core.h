// SPDX-License-Identifier: Apache-2.0
// The tensor cores' product of bfloat16 matrices, and the two ways that feed them: matrices of 8 × 8 out of shared
// memory, and copies from global to shared memory that run beside the arithmetic. Compute capability 8.0; names and
// fragments as in the PTX ISA, chapters mma, ldmatrix and cp.async. Lane 4·g + t of a warp holds
//   of A[16,16], row-major: words of rows g, g+8 at columns 2t, then of rows g, g+8 at columns 8+2t;
//   of B[16,8]: words of column g at rows 2t, then 8+2t;
//   of C[16,8]: two numbers of row g at columns 2t, then two of row g+8.
// A word is two bfloat16, the first in its low half.
#pragma once
#include "engine/backend/cuda/device.h"

// Before loops over fragments: those are registers, and registers have no index. And before loops that stay loops, as
// all their steps at once would need too many registers.
#ifdef MOE_CUDA_EMULATED
#define MOE_UNROLL
#define MOE_LOOP
#else
#define MOE_UNROLL _Pragma("unroll")
#define MOE_LOOP _Pragma("unroll 1")
#endif

namespace moe::cuda {

/// Eight bfloat16: what one copy moves, and one row of an 8 × 8 matrix.
struct alignas(16) Chunk {
  std::uint32_t words[4];
};

#ifdef MOE_CUDA_EMULATED

using Where = std::source_location;

inline void mma_bf16(float (&acc)[4], const std::uint32_t (&a)[4], std::uint32_t b0, std::uint32_t b1,
                     Where where = Where::current()) {
  emulation::mma_bf16(acc, a, b0, b1, where);
}
template <class Tile>
void load_matrices(std::uint32_t (&words)[4], const Tile& tile, int at, Where where = Where::current()) {
  emulation::load_matrices(words, static_cast<Chunk>(tile[at]), false, where);
}
template <class Tile>
void load_transposed(std::uint32_t (&words)[4], const Tile& tile, int at, Where where = Where::current()) {
  emulation::load_matrices(words, static_cast<Chunk>(tile[at]), true, where);
}
template <class Tile>
void copy_async(Tile& tile, int at, const bf16* from, bool inside) {
  tile.copy_later(at, inside ? reinterpret_cast<const Chunk*>(from) : nullptr);
}
inline void commit_copies() { emulation::Block::current().commit_copies(); }
template <int Left>
void wait_copies() {
  emulation::Block::current().wait_copies(Left);
}
inline std::uint32_t pack_bf16(float low, float high) {
  return bf16_bits(low) | static_cast<std::uint32_t>(bf16_bits(high)) << 16;
}
inline float power_of_two(float x) { return MOE_LIBRARY(exp2f(x), 2); }

#else

/// acc += A·B in float32. Volatile although it only computes: the whole warp has to reach it together, so that nobody
/// may move it to where its result is used, behind a condition of single lanes.
__device__ __forceinline__ void mma_bf16(float (&acc)[4], const std::uint32_t (&a)[4], std::uint32_t b0,
                                         std::uint32_t b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(acc[0]), "+f"(acc[1]), "+f"(acc[2]), "+f"(acc[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

__device__ __forceinline__ std::uint32_t shared_address(const Chunk& chunk) {
  return static_cast<std::uint32_t>(__cvta_generic_to_shared(&chunk));
}

/// Four 8 × 8 matrices, row r of the i-th being the chunk that lane 8·i + r names; words[i] is this lane's of the i-th:
/// row g, columns 2t and 2t+1.
template <class Tile>
__device__ __forceinline__ void load_matrices(std::uint32_t (&words)[4], const Tile& tile, int at) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
               : "r"(shared_address(tile[at]))
               : "memory");
}

/// The same of the transposed matrices: rows 2t and 2t+1, column g.
template <class Tile>
__device__ __forceinline__ void load_transposed(std::uint32_t (&words)[4], const Tile& tile, int at) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
               : "r"(shared_address(tile[at]))
               : "memory");
}

/// tile[at] = eight numbers at `from` (aligned to 16 bytes), or zeros; not there before wait_copies.
template <class Tile>
__device__ __forceinline__ void copy_async(Tile& tile, int at, const bf16* from, bool inside) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(tile[at])), "l"(from),
               "r"(inside ? 16 : 0)
               : "memory");
}

/// The thread's copies since the last call are a group.
__device__ __forceinline__ void commit_copies() { asm volatile("cp.async.commit_group;" ::: "memory"); }

/// Waits for all groups of this thread but the last `Left`; a barrier makes them seen by others.
template <int Left>
__device__ __forceinline__ void wait_copies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(Left) : "memory");
}

/// Two numbers to the nearest bfloat16, ties to even.
__device__ __forceinline__ std::uint32_t pack_bf16(float low, float high) {
  std::uint32_t word;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(word) : "f"(high), "f"(low));
  return word;
}

/// 2^x to 22 bits: it is rounded to 8 afterwards.
__device__ __forceinline__ float power_of_two(float x) {
  float power;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(power) : "f"(x));
  return power;
}

#endif

}  // namespace moe::cuda
