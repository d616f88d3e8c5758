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

constexpr std::int64_t kTokens = 32;  // of a tile

/// The tokens in order of their ids, in tiles; a run of one id may reach over several.
struct Sorted {
  const std::int32_t *order, *ids;
  std::int64_t tokens;
  __device__ std::int32_t id(std::int64_t at) const { return ids[order[at]]; }
  __device__ std::int64_t begin(std::int64_t tile) const { return tile * kTokens; }
  __device__ std::int64_t end(std::int64_t tile) const {
    return begin(tile) + kTokens < tokens ? begin(tile) + kTokens : tokens;
  }
  /// Whether the id at `at` is also that of the token before.
  __device__ bool continues(std::int64_t at) const { return at > 0 && id(at - 1) == id(at); }
};

/// Sums of the runs in each tile: those that begin there go to the table, what continues one goes to partials[tile].
template <int N, class T>
void add_runs(Runtime& runtime, T* dtable, T* partials, const T* dy, const Sorted& s, std::int64_t d) {
  for_cells<N>(runtime, ceil_div(s.tokens, kTokens), d, [=] __device__(std::int64_t tile, std::int64_t c, auto width) {
    constexpr int kWidth = decltype(width)::value;
    std::int64_t at = s.begin(tile);
    const std::int64_t end = s.end(tile);
    while (at < end) {
      const std::int32_t id = s.id(at);
      const bool continued = s.continues(at);
      Pack<T, kWidth> sum{};
      if (!continued) sum = load<kWidth>(dtable + id * d + c);
      for (; at < end && s.id(at) == id; ++at) {
        const auto row = load<kWidth>(dy + s.order[at] * d + c);
        for (int i = 0; i < kWidth; ++i) sum.at[i] += row.at[i];
      }
      store(continued ? partials + tile * d + c : dtable + id * d + c, sum);
    }
  });
}

/// The tile where a run begins that reaches over its end adds what the tiles after it have of that run.
template <int N, class T>
void add_rest(Runtime& runtime, T* dtable, const T* partials, const Sorted& s, std::int64_t d) {
  const std::int64_t tiles = ceil_div(s.tokens, kTokens);
  for_cells<N>(runtime, tiles - 1, d, [=] __device__(std::int64_t tile, std::int64_t c, auto width) {
    constexpr int kWidth = decltype(width)::value;
    const std::int64_t end = s.end(tile);
    if (!s.continues(end)) return;
    const std::int32_t id = s.id(end);
    if (s.id(s.begin(tile)) == id && s.continues(s.begin(tile))) return;  // began before this tile
    auto sum = load<kWidth>(dtable + id * d + c);
    for (std::int64_t t = tile + 1; t < tiles && s.id(s.begin(t)) == id; ++t) {
      const auto part = load<kWidth>(partials + t * d + c);
      for (int i = 0; i < kWidth; ++i) sum.at[i] += part.at[i];
    }
    store(dtable + id * d + c, sum);
  });
}

/// No two threads write one element at a time, and no order is left to chance.
template <int N, class T>
void backward(Runtime& runtime, T* dtable, const T* dy, const Sorted& s, std::int64_t d) {
  T* const partials = runtime.partials<T>(ceil_div(s.tokens, kTokens) * d);
  add_runs<N>(runtime, dtable, partials, dy, s, d);
  add_rest<N>(runtime, dtable, static_cast<const T*>(partials), s, d);
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
    const Sorted sorted{order_by_key(runtime_, ids.as<std::int32_t>(), dy.dim(0), dtable.dim(0)),
                        ids.as<std::int32_t>(), dy.dim(0)};
    T* to = dtable.as<T>();
    const T* from = dy.as<T>();
    with_width(
        dy.dim(1), [&]<int N>() { backward<N>(runtime_, to, from, sorted, dy.dim(1)); }, to, from);
  });
}

}  // namespace moe::cuda
