// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/cuda/router.h"

#include "engine/backend/cuda/router_kernels.h"

namespace moe::cuda {
namespace {

std::int64_t tokens_of_group(ConstView p, ConstView counts) {
  const std::int64_t groups = counts.size() / p.dim(1);
  return p.dim(0) / (groups > 1 ? groups : 1);
}

}  // namespace

void CudaRouter::softmax_forward(View p, ConstView s) {
  with_real(s.dtype, [&]<class T>() { softmax(runtime_, p.as<T>(), s.as<T>(), s.dim(0), s.dim(1)); });
}

void CudaRouter::softmax_backward(View ds, ConstView dp, ConstView p, bool accumulate) {
  with_real(p.dtype, [&]<class T>() {
    softmax_gradient(runtime_, ds.as<T>(), dp.as<T>(), p.as<T>(), accumulate, p.dim(0), p.dim(1));
  });
}

void CudaRouter::top_k(View ids, ConstView scores, int k) {
  with_real(scores.dtype, [&]<class T>() {
    choose(runtime_, ids.as<std::int32_t>(), scores.as<T>(), k, scores.dim(0), scores.dim(1));
  });
}

void CudaRouter::take_forward(View y, ConstView x, ConstView ids) {
  with_real(x.dtype, [&]<class T>() {
    take(runtime_, y.as<T>(), x.as<T>(), ids.as<std::int32_t>(), ids.dim(0), ids.dim(1), x.dim(1));
  });
}

void CudaRouter::take_backward(View dx, ConstView dy, ConstView ids) {
  with_real(dx.dtype, [&]<class T>() {
    take_gradient(runtime_, dx.as<T>(), dy.as<T>(), ids.as<std::int32_t>(), ids.dim(0), ids.dim(1), dx.dim(1));
  });
}

void CudaRouter::renormalise_forward(View w, ConstView y, double eps) {
  with_real(y.dtype,
            [&]<class T>() { renormalise(runtime_, w.as<T>(), y.as<T>(), static_cast<T>(eps), y.dim(0), y.dim(1)); });
}

void CudaRouter::renormalise_backward(View dy, ConstView dw, ConstView y, double eps) {
  with_real(y.dtype, [&]<class T>() {
    renormalise_gradient(runtime_, dy.as<T>(), dw.as<T>(), y.as<T>(), static_cast<T>(eps), y.dim(0), y.dim(1));
  });
}

void CudaRouter::count_choices(View counts, View mass, ConstView ids, ConstView weights) {
  with_real(weights.dtype, [&]<class T>() {
    count(runtime_, counts.as<std::int32_t>(), mass.as<T>(), ids.as<std::int32_t>(), weights.as<T>(), ids.size(),
          counts.size());
  });
}

void CudaRouter::column_mean(View mean, ConstView p) {
  with_real(p.dtype, [&]<class T>() { mean_of_columns(runtime_, mean.as<T>(), p.as<T>(), p.dim(0), p.dim(1)); });
}

void CudaRouter::balance_loss_backward(View ds, ConstView p, ConstView counts, int k, double coefficient) {
  with_real(p.dtype, [&]<class T>() {
    const std::int64_t rows = p.dim(0), n = p.dim(1), group = tokens_of_group(p, counts);
    const T share = T(1) / (static_cast<T>(group) * static_cast<T>(k));
    const T factor = static_cast<T>(coefficient * static_cast<double>(n) / static_cast<double>(rows));
    balance_of_scores(runtime_, ds.as<T>(), p.as<T>(), counts.as<std::int32_t>(), share, factor, rows, n, group);
  });
}

void CudaRouter::balance_gradient(View dp, ConstView counts, int k, double coefficient) {
  with_real(dp.dtype, [&]<class T>() {
    const std::int64_t rows = dp.dim(0), n = dp.dim(1), group = tokens_of_group(dp, counts);
    const T factor = static_cast<T>(coefficient * static_cast<double>(n) / static_cast<double>(rows) /
                                    (static_cast<double>(group) * k));
    balance_of_rows(runtime_, dp.as<T>(), counts.as<std::int32_t>(), factor, rows, n, group);
  });
}

Scalar CudaRouter::balance_loss(ConstView p, ConstView counts, int k) {
  const std::int64_t rows = p.dim(0), n = p.dim(1), group = tokens_of_group(p, counts);
  if (rows == 0) return 0.0;
  const double factor = static_cast<double>(n) / static_cast<double>(rows) / (static_cast<double>(group) * k);
  return runtime_.scalar([&](double* out) {
    with_real(p.dtype, [&]<class T>() {
      weighted_sum(runtime_, out, p.as<T>(), counts.as<std::int32_t>(), factor, rows, n, group);
    });
  });
}

void CudaRouter::sigmoid_forward(View y, ConstView x) {
  with_real(x.dtype, [&]<class T>() { sigmoids(runtime_, y.as<T>(), x.as<T>(), x.size()); });
}

void CudaRouter::sigmoid_backward(View dx, ConstView dy, ConstView y, bool accumulate) {
  with_real(y.dtype,
            [&]<class T>() { sigmoid_gradient(runtime_, dx.as<T>(), dy.as<T>(), y.as<T>(), accumulate, y.size()); });
}

void CudaRouter::add_row(View y, ConstView row, double alpha) {
  with_real(y.dtype, [&]<class T>() {
    add_to_rows(runtime_, y.as<T>(), row.as<T>(), static_cast<T>(alpha), y.size(), y.dim(1));
  });
}

Scalar CudaRouter::squared_cv(ConstView x) {
  return runtime_.scalar(
      [&](double* out) { with_real(x.dtype, [&]<class T>() { spread(runtime_, out, x.as<T>(), x.size()); }); });
}

void CudaRouter::squared_cv_backward(View dx, ConstView x, double coefficient) {
  with_real(x.dtype, [&]<class T>() { spread_gradient(runtime_, dx.as<T>(), x.as<T>(), coefficient, x.size()); });
}

void CudaRouter::log_sum_exp(View lse, ConstView s) {
  with_real(s.dtype, [&]<class T>() { log_sums(runtime_, lse.as<T>(), s.as<T>(), s.dim(0), s.dim(1)); });
}

void CudaRouter::z_loss_backward(View ds, ConstView p, ConstView lse, double coefficient) {
  with_real(p.dtype, [&]<class T>() {
    const T factor = static_cast<T>(2 * coefficient / static_cast<double>(p.dim(0)));
    z_gradient(runtime_, ds.as<T>(), p.as<T>(), lse.as<T>(), factor, p.size(), p.dim(1));
  });
}

Scalar CudaRouter::mean_entropy(ConstView p) {
  if (p.dim(0) == 0) return 0.0;
  return runtime_.scalar([&](double* out) {
    with_real(p.dtype, [&]<class T>() { entropy(runtime_, out, p.as<T>(), static_cast<double>(p.dim(0)), p.size()); });
  });
}

}  // namespace moe::cuda
