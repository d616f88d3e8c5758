// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/cuda/embedding.h"

#include "engine/backend/cuda/packs.h"
#include "engine/backend/cuda/sort.h"

namespace moe::cuda {
namespace {

template <int N, class T>
void forward(Runtime& runtime, T* y, const T* table, const std::int32_t* ids, std::int64_t tokens, std::int64_t d) {
  for_cells<N>(runtime, tokens, d, [=] __device__(std::int64_t t, std::int64_t c, auto width) {
    store(y + t * d + c, load<decltype(width)::value>(table + ids[t] * d + c));
  });
}

/// Tokens sorted by id, stable; the first of each run of one id adds the whole run to the table's row, in the order of
/// the tokens: no two threads write one element, and no order is left to chance.
template <class T>
void backward(Runtime& runtime, T* dtable, const T* dy, const std::int32_t* ids, std::int64_t tokens, std::int64_t d,
              std::int64_t vocabulary) {
  const std::int32_t* order = order_by_key(runtime, ids, tokens, vocabulary);
  for_rows(runtime, tokens, d, [=] __device__(std::int64_t at, auto group) {
    const std::int32_t id = ids[order[at]];
    if (at > 0 && ids[order[at - 1]] == id) return;
    for (std::int64_t i = group.lane; i < d; i += group.size) {
      T sum = dtable[id * d + i];
      for (std::int64_t run = at; run < tokens && ids[order[run]] == id; ++run) sum += dy[order[run] * d + i];
      dtable[id * d + i] = sum;
    }
  });
}

}  // namespace

void CudaEmbedding::embedding_forward(View y, ConstView table, ConstView ids) {
  with_real(y.dtype, [&]<class T>() {
    T* to = y.as<T>();
    const T* from = table.as<T>();
    with_width(
        y.dim(1), [&]<int N>() { forward<N>(runtime_, to, from, ids.as<std::int32_t>(), y.dim(0), y.dim(1)); }, to,
        from);
  });
}

void CudaEmbedding::embedding_backward(View dtable, ConstView dy, ConstView ids) {
  with_real(dy.dtype, [&]<class T>() {
    backward(runtime_, dtable.as<T>(), dy.as<T>(), ids.as<std::int32_t>(), dy.dim(0), dy.dim(1), dtable.dim(0));
  });
}

}  // namespace moe::cuda
