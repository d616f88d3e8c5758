// SPDX-License-Identifier: Apache-2.0
#include "engine/train/workbench.h"

#include <fmt/format.h>

#include "engine/core/error.h"
#include "engine/nn/host.h"
#include "engine/train/training_memory.h"

namespace moe::train {
namespace {

const Config& validated(const Config& config) {
  validate(config);
  return config;
}

// A point's two coordinates need all their bits, and products this small gain nothing from fewer.
MatmulPrecision precision_of(const Config& config, const Backend& backend) {
  const std::string& wanted = config.train.precision;
  const bool bf16 = wanted == "bf16" || (wanted == "auto" && !is_plane(config) && backend.bf16_pays());
  return bf16 ? MatmulPrecision::bf16 : MatmulPrecision::native;
}

/// Before a run starts, so that it does not end in its first step; with the setting that would fit.
void require_memory(const Config& config, const ops::Context& ctx, DType dtype) {
  const auto have = static_cast<double>(ctx.backend.free_memory());
  const TrainingMemory memory = training_memory(config, dtype, ops::operand_dtype(ctx, dtype));
  const double need = memory.total(config);
  if (have <= 0 || need <= have) return;
  const auto words = [](double bytes) {
    const double mib = bytes / (1024.0 * 1024.0);
    return mib < 1024 ? fmt::format("{:.0f} MiB", mib) : fmt::format("{:.1f} GiB", mib / 1024);
  };
  // What the lower bound leaves out, and what a first step takes before its blocks become one (Arena).
  constexpr double kMore = 1.4;
  const auto rows = static_cast<std::int64_t>((have - memory.parameters) / (memory.row * kMore));
  throw Error(ErrorKind::resource, "training needs at least " + words(need) + " of the device's memory",
              rows > 0 ? "train.batch" : "model.experts",
              words(have) + " are free; parameters, gradients and moments alone take " + words(memory.parameters),
              rows > 0 ? fmt::format("Set train.batch to {} and raise optim.accumulation by as much.", rows)
                       : "Make model.experts or model.expert_width smaller.");
}

}  // namespace

Workbench::Workbench(const Config& c, std::unique_ptr<Backend> b, int classes)
    : config(validated(c)),
      backend(b ? std::move(b) : make_backend(config.train.device, config.train.threads)),
      dtype(config.train.precision == "f64" ? DType::f64 : DType::f32),
      ctx{*backend, precision_of(config, *backend)},
      arena(*backend),
      scratch(*backend),
      classes_(classes) {
  require_memory(config, ctx, dtype);
  model = build_model();
}

std::unique_ptr<Model> Workbench::build_model() {
  return std::make_unique<Model>(ctx, config, dtype, classes_,
                                 [this] { return count_tokens ? count_tokens() : std::vector<double>(); });
}

nn::Pass Workbench::begin(int rows, int context) {
  arena.reset();
  scratch.reset();
  model->parameters().refresh_operands(ctx);
  return nn::Pass{ctx, arena, scratch, dtype, rows, context, {}, false, config.seed};
}

View Workbench::to_device(std::span<const std::int32_t> values) {
  View v = arena.take(DType::i32, {static_cast<std::int64_t>(values.size())});
  backend->copy_from_host(v, values.data());
  return v;
}

View Workbench::to_device(std::span<const float> values, const Shape& shape) {
  View v = arena.take(dtype, shape);
  if (dtype == DType::f32) {
    backend->copy_from_host(v, values.data());
    return v;
  }
  wide_.assign(values.begin(), values.end());
  backend->copy_from_host(v, wide_.data());
  return v;
}

void Workbench::read_loss(nn::Pass& pass, View targets, bool with_gradient) {
  const View loss = model->loss(pass, targets, with_gradient);
  host_loss.resize(static_cast<std::size_t>(loss.size()));
  nn::read(ctx, host_loss, loss);
}

}  // namespace moe::train
