// SPDX-License-Identifier: Apache-2.0
#include "engine/ops/noise.h"

#include "engine/ops/check.h"

namespace moe::ops {
namespace {

void check_same(const char* op, ConstView x, std::initializer_list<ConstView> others) {
  require(is_real(x) && x.shape.rank == 2, op, "matrices of a floating-point dtype");
  for (const auto& other : others)
    require(!other || (other.dtype == x.dtype && other.shape == x.shape), op, "arrays of one shape and dtype");
}

void check_load(const char* op, ConstView load, ConstView clean, ConstView noisy, ConstView sigma, int k) {
  check_same(op, clean, {noisy, sigma});
  require(noisy && sigma && load.dtype == clean.dtype && load.shape == Shape{clean.dim(1)}, op, "load[E] beside [T,E]");
  require(k >= 1 && k <= clean.dim(1), op, "1 <= k <= E");
}

}  // namespace

void add_normal(Context& ctx, View x, const RandomStream& stream, double sigma) {
  require(is_real(x), "add_normal", "a floating-point dtype");
  ctx.backend.noise().add_normal(x, stream, sigma);
}

void add_uniform(Context& ctx, View x, const RandomStream& stream, double half_width) {
  require(is_real(x), "add_uniform", "a floating-point dtype");
  ctx.backend.noise().add_uniform(x, stream, half_width);
}

void scale_uniform(Context& ctx, View y, ConstView x, const RandomStream& stream, double epsilon, bool accumulate) {
  check_same("scale_uniform", x, {y});
  ctx.backend.noise().scale_uniform(y, x, stream, epsilon, accumulate);
}

void learned_noise_forward(Context& ctx, View noisy, View sigma, ConstView clean, ConstView raw,
                           const RandomStream& stream) {
  check_same("learned_noise_forward", clean, {noisy, sigma, raw});
  ctx.backend.noise().learned_noise_forward(noisy, sigma, clean, raw, stream);
}

void learned_noise_backward(Context& ctx, View draw, ConstView dnoisy, ConstView dsigma, ConstView raw,
                            const RandomStream& stream) {
  check_same("learned_noise_backward", raw, {draw, dnoisy, dsigma});
  ctx.backend.noise().learned_noise_backward(draw, dnoisy, dsigma, raw, stream);
}

void smooth_load_forward(Context& ctx, View load, ConstView clean, ConstView noisy, ConstView sigma, int k,
                         LoadThreshold threshold) {
  check_load("smooth_load_forward", load, clean, noisy, sigma, k);
  ctx.backend.noise().smooth_load_forward(load, clean, noisy, sigma, k, threshold);
}

void smooth_load_backward(Context& ctx, View dclean, View dnoisy, View dsigma, ConstView dload, ConstView clean,
                          ConstView noisy, ConstView sigma, int k, LoadThreshold threshold) {
  constexpr auto kOp = "smooth_load_backward";
  check_load(kOp, dload, clean, noisy, sigma, k);
  check_same(kOp, clean, {dclean, dnoisy, dsigma});
  ctx.backend.noise().smooth_load_backward(dclean, dnoisy, dsigma, dload, clean, noisy, sigma, k, threshold);
}

}  // namespace moe::ops
