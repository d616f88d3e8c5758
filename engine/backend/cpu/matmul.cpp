// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/cpu/matmul.h"

namespace moe::cpu {
namespace {

/// The rows of expert e among rows sorted by expert.
struct Groups {
  const std::int32_t* offsets;
  std::int64_t count;
  std::int64_t begin(std::int64_t e) const { return offsets[e]; }
  std::int64_t rows(std::int64_t e) const { return offsets[e + 1] - offsets[e]; }
  std::int64_t padded_total() const {
    std::int64_t n = 0;
    for (std::int64_t e = 0; e < count; ++e) n += round_up(rows(e), Rounding::kRows);
    return n;
  }
};

Groups groups_of(ConstView offsets) { return {offsets.as<std::int32_t>(), offsets.dim(0) - 1}; }

}  // namespace

/// Native products read the views themselves.
template <class In>
class CpuMatmul::RightOperands {
 public:
  explicit RightOperands(CpuMatmul&) {}
  const In* whole(int, ConstView x) { return x.as<In>(); }
  const In* sorted(int, ConstView x, const Groups&) { return x.as<In>(); }
  static std::int64_t row(const Groups& groups, std::int64_t e) { return groups.begin(e); }
  void ready() {}
};

/// bfloat16 products read rounded copies; every group starts at a padded row.
template <>
class CpuMatmul::RightOperands<bf16> {
 public:
  explicit RightOperands(CpuMatmul& owner) : owner_(owner) { owner_.rounding_.clear(); }
  const bf16* whole(int slot, ConstView x) {
    const std::int64_t cols = x.dim(x.shape.rank - 1), rows = cols ? x.size() / cols : 0;
    bf16* to = owner_.rounded_[slot].get<bf16>(round_up(rows, Rounding::kRows) * cols);
    owner_.rounding_.add(x.as<float>(), to, rows, cols);
    return to;
  }
  const bf16* sorted(int slot, ConstView x, const Groups& groups) {
    const std::int64_t cols = x.dim(1);
    bf16* const base = owner_.rounded_[slot].get<bf16>(groups.padded_total() * cols);
    bf16* to = base;
    for (std::int64_t e = 0; e < groups.count; ++e) {
      owner_.rounding_.add(x.as<float>() + groups.begin(e) * cols, to, groups.rows(e), cols);
      to += round_up(groups.rows(e), Rounding::kRows) * cols;
    }
    return base;
  }
  static std::int64_t row(const Groups& groups, std::int64_t e) { return Groups{groups.offsets, e}.padded_total(); }
  void ready() { owner_.rounding_.run(owner_.runtime_.pool); }

 private:
  CpuMatmul& owner_;
};

template <>
ProductBatch<float>& CpuMatmul::batch<float, float>() {
  return float_products_;
}
template <>
ProductBatch<double>& CpuMatmul::batch<double, double>() {
  return double_products_;
}
template <>
ProductBatch<bf16, float, float>& CpuMatmul::batch<bf16, float>() {
  return bf16_products_;
}

template <class In, class Out>
void CpuMatmul::run(ProductBatch<In, Out, Out>& products) {
  const OneGemmThread guard;
  if constexpr (std::is_same_v<In, bf16>) {
    products.for_each([this](const Gemm<bf16, float, float>& g) { prepare(g); });
    products.run(runtime_.pool, [this](const Gemm<bf16, float, float>& g) {
      if (g.transpose_a)
        run_long_sum(g);
      else
        run_block(g);
    });
  } else {
    products.run(runtime_.pool, [](const Gemm<In, Out>& g) { gemm(g); });
  }
}

namespace {

/// The library's share of a block of rows: a from `left`, padded to a multiple of Rounding::kRows, so that the rows per
/// expert make few shapes. The results of a padded block go to `padded_c`.
Gemm<bf16, float> padded_block(const Gemm<bf16, float, float>& g, const bf16* left, float* padded_c) {
  const std::int64_t rows = round_up(g.m, Rounding::kRows);
  if (rows == g.m) return {g.m, g.n, g.k, left, g.k, false, g.b, g.ldb, g.transpose_b, g.c, g.ldc, g.accumulate};
  return {rows, g.n, g.k, left, g.k, false, g.b, g.ldb, g.transpose_b, padded_c, g.n, false};
}

constexpr std::int64_t kDepth = 512;

/// The piece of a long sum that starts at term `begin`, aᵀ from `left`. Both operands end with zero rows up to a
/// multiple of Rounding::kRows, so the tokens per expert make few shapes too. With b transposed its padding is
/// elsewhere and k is taken as it is.
Gemm<bf16, float> piece_of_sum(const Gemm<bf16, float, float>& g, std::int64_t begin, const bf16* left) {
  const std::int64_t depth = std::min(kDepth, g.k - begin);
  return {g.m,
          g.n,
          g.transpose_b ? depth : round_up(depth, Rounding::kRows),
          left,
          g.m,
          true,
          g.b + (g.transpose_b ? begin : begin * g.ldb),
          g.ldb,
          g.transpose_b,
          g.c,
          g.ldc,
          g.accumulate || begin > 0};
}

}  // namespace

/// Scratch and library for one block, in all threads.
void CpuMatmul::prepare(const Gemm<bf16, float, float>& g) {
  const auto ready = [this](const Gemm<bf16, float>& call) {
    runtime_.reserve_scratch<bf16>(1, call.m * call.k);
    bf16_gemm_.prepare(call);
  };
  if (g.transpose_a) {
    for (std::int64_t begin = 0; begin < g.k; begin += kDepth) ready(piece_of_sum(g, begin, nullptr));
  } else {
    const Gemm<bf16, float> block = padded_block(g, nullptr, nullptr);
    if (block.m != g.m) runtime_.reserve_scratch<float>(0, block.m * block.n);
    ready(block);
  }
}

/// A block of rows of a, rounded into scratch; what a padded block computes is taken from scratch, without the padding.
void CpuMatmul::run_block(const Gemm<bf16, float, float>& g) {
  bf16* left = runtime_.scratch<bf16>(1);
  const Gemm<bf16, float> block = padded_block(g, left, runtime_.scratch<float>(0));
  for (std::int64_t r = 0; r < g.m; ++r) round_row(left + r * g.k, g.a + r * g.lda, g.k);
  std::fill(left + g.m * g.k, left + block.m * g.k, bf16{0});
  bf16_gemm_(block);
  if (block.m == g.m) return;
  for (std::int64_t r = 0; r < g.m; ++r) {
    const float* from = block.c + r * g.n;
    float* to = g.c + r * g.ldc;
    if (!g.accumulate)
      std::copy(from, from + g.n, to);
    else
      for (std::int64_t i = 0; i < g.n; ++i) to[i] += from[i];
  }
}

/// aᵀ·b, a sum over tokens: in pieces that stay in cache.
void CpuMatmul::run_long_sum(const Gemm<bf16, float, float>& g) {
  constexpr std::int64_t kAhead = 16;
  bf16* left = runtime_.scratch<bf16>(1);
  for (std::int64_t begin = 0; begin < std::max<std::int64_t>(g.k, 1); begin += kDepth) {
    const std::int64_t depth = std::min(kDepth, g.k - begin);
    const Gemm<bf16, float> piece = piece_of_sum(g, begin, left);
    for (std::int64_t p = 0; p < depth; ++p) {
      const float* row = g.a + (begin + p) * g.lda;
      // Pieces of rows: too short and too far apart for the processor to read ahead.
      for (std::int64_t i = 0; i < g.m; i += 16) __builtin_prefetch(row + kAhead * g.lda + i);
      round_row(left + p * g.m, row, g.m);
    }
    std::fill(left + depth * g.m, left + piece.k * g.m, bf16{0});
    bf16_gemm_(piece);
  }
}

template <class F>
void CpuMatmul::with_types(DType dtype, MatmulPrecision precision, F&& f) {
  if (dtype == DType::f64)
    f.template operator()<double, double>();
  else if (precision == MatmulPrecision::bf16)
    f.template operator()<bf16, float>();
  else
    f.template operator()<float, float>();
}

void CpuMatmul::matmul(View c, ConstView a, bool transpose_a, ConstView b, bool transpose_b, bool accumulate,
                       MatmulPrecision precision) {
  const std::int64_t k = transpose_a ? a.dim(0) : a.dim(1);
  with_types(c.dtype, precision, [&]<class In, class Out>() {
    RightOperands<In> operands(*this);
    const In* right = operands.whole(0, b);
    operands.ready();
    auto& products = batch<In, Out>();
    products.clear();
    products.add({c.dim(0), c.dim(1), k, a.as<Out>(), a.dim(1), transpose_a, right, b.dim(1), transpose_b, c.as<Out>(),
                  c.dim(1), accumulate});
    run(products);
  });
}

void CpuMatmul::linear_backward(View dx, View dw, ConstView dy, ConstView x, ConstView w, bool accumulate_dx,
                                MatmulPrecision precision) {
  const std::int64_t t = dy.dim(0), n = dy.dim(1);
  with_types(dy.dtype, precision, [&]<class In, class Out>() {
    RightOperands<In> operands(*this);
    const Out* left = dy.as<Out>();
    const In* inputs = dw ? operands.whole(0, x) : nullptr;
    const In* weights = dx ? operands.whole(1, w) : nullptr;
    operands.ready();
    auto& products = batch<In, Out>();
    products.clear();
    // dw first: its tasks are the longest.
    if (dw) products.add({n, x.dim(1), t, left, n, true, inputs, x.dim(1), false, dw.as<Out>(), x.dim(1), true});
    if (dx)
      products.add({t, w.dim(1), n, left, n, false, weights, w.dim(1), false, dx.as<Out>(), w.dim(1), accumulate_dx});
    run(products);
  });
}

void CpuMatmul::grouped_linear_forward(View y, ConstView x, ConstView w, ConstView offsets, MatmulPrecision precision) {
  const Groups groups = groups_of(offsets);
  const std::int64_t n = w.dim(1), k = w.dim(2);
  with_types(y.dtype, precision, [&]<class In, class Out>() {
    RightOperands<In> operands(*this);
    const In* weights = operands.whole(0, w);
    operands.ready();
    auto& products = batch<In, Out>();
    products.clear();
    for (std::int64_t e = 0; e < groups.count; ++e)
      products.add({groups.rows(e), n, k, x.as<Out>() + groups.begin(e) * k, k, false, weights + e * n * k, k, true,
                    y.as<Out>() + groups.begin(e) * n, n});
    run(products);
  });
}

void CpuMatmul::grouped_linear_backward(View dx, View dw, ConstView dy, ConstView x, ConstView w, ConstView offsets,
                                        MatmulPrecision precision) {
  const Groups groups = groups_of(offsets);
  const std::int64_t n = w.dim(1), k = w.dim(2);
  with_types(dy.dtype, precision, [&]<class In, class Out>() {
    RightOperands<In> operands(*this);
    const Out* left = dy.as<Out>();
    const In* inputs = dw ? operands.sorted(0, x, groups) : nullptr;
    const In* weights = dx ? operands.whole(1, w) : nullptr;
    operands.ready();
    auto& products = batch<In, Out>();
    products.clear();
    for (std::int64_t e = 0; dw && e < groups.count; ++e)
      if (groups.rows(e))
        products.add({n, k, groups.rows(e), left + groups.begin(e) * n, n, true, inputs + operands.row(groups, e) * k,
                      k, false, dw.as<Out>() + e * n * k, k, true});
    for (std::int64_t e = 0; dx && e < groups.count; ++e)
      products.add({groups.rows(e), k, n, left + groups.begin(e) * n, n, false, weights + e * n * k, k, false,
                    dx.as<Out>() + groups.begin(e) * k, k});
    run(products);
  });
}

}  // namespace moe::cpu
