// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/cpu/embedding.h"

namespace moe::cpu {

void CpuEmbedding::embedding_forward(View y, ConstView table, ConstView ids) {
  with_real(y.dtype, [&]<class T>() {
    const std::int64_t d = y.dim(1);
    runtime_.for_ranges(y.dim(0), row_grain(d), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t t = begin; t < end; ++t) {
        const T* from = table.as<T>() + ids.as<std::int32_t>()[t] * d;
        std::copy(from, from + d, y.as<T>() + t * d);
      }
    });
  });
}

void CpuEmbedding::embedding_backward(View dtable, ConstView dy, ConstView ids) {
  // Each task owns the table rows of one residue class and meets its tokens in order: no two tasks write one row.
  constexpr std::int32_t kTasks = 16;
  with_real(dy.dtype, [&]<class T>() {
    const std::int64_t d = dy.dim(1), tokens = dy.dim(0);
    runtime_.pool.parallel_for(kTasks, [&](std::int64_t task) {
      for (std::int64_t t = 0; t < tokens; ++t) {
        const std::int32_t id = ids.as<std::int32_t>()[t];
        if (id % kTasks != task) continue;
        T* to = dtable.as<T>() + id * d;
        const T* from = dy.as<T>() + t * d;
#pragma omp simd
        for (std::int64_t i = 0; i < d; ++i) to[i] += from[i];
      }
    });
  });
}

}  // namespace moe::cpu
