// SPDX-License-Identifier: Apache-2.0
// Limits between settings, and the memory a model needs at least.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "engine/core/architecture.h"
#include "engine/core/config.h"
#include "engine/core/error.h"

namespace moe {
namespace {

[[noreturn]] void refuse(const char* key, const std::string& what, const std::string& limit,
                         const std::string& action) {
  throw Error(ErrorKind::usage, what, key, limit, action);
}

void check_plane(const Config& c) {
  const DataConfig& d = c.data;
  if (d.points == "file" && d.path.empty())
    refuse("data.path", "no file of points is named", "a CSV file of x, y and a class or value",
           "Give its path, or choose another set in data.points");
  if (d.points != "file" && !d.path.empty())
    refuse("data.path", fmt::format("a file is named, but data.points is {}", d.points),
           "a file is read when data.points is file", "Set data.points to file, or leave data.path empty");
  if (d.points == "moons" && d.classes != 2)
    refuse("data.classes", fmt::format("moons cannot have {} classes", d.classes), "2: each moon is a class",
           "Set data.classes to 2, or choose spirals or rings");
  if (c.train.precision == "bf16")
    refuse("train.precision", "bf16 keeps 8 bits of a coordinate, too few to draw a border", "auto, f32 or f64",
           "Set train.precision to auto");
}

void check_attention(const ModelConfig& m) {
  if (m.width % m.heads != 0)
    refuse("model.heads", fmt::format("{} heads do not divide model.width = {}", m.heads, m.width),
           "width ÷ heads is a whole, even number",
           fmt::format("Set model.width to {} or change model.heads", (m.width / m.heads + 1) * m.heads));
  if (m.width / m.heads % 2 != 0)
    refuse(
        "model.heads",
        fmt::format("{} heads over model.width = {} give each an odd {} numbers", m.heads, m.width, m.width / m.heads),
        "rotary positions need an even number per head",
        fmt::format("Set model.width to a multiple of {}", 2 * m.heads));
  if (m.kv_heads > m.heads || m.heads % m.kv_heads != 0)
    refuse("model.kv_heads", fmt::format("{} KV heads do not divide model.heads = {}", m.kv_heads, m.heads),
           "each KV head serves the same number of heads",
           fmt::format("Set model.kv_heads to {} or to a divisor of it", m.heads));
}

void check_experts(const Config& c) {
  if (c.router.top_k > c.model.experts)
    refuse(
        "router.top_k",
        fmt::format("{} experts per token are more than model.experts = {}", c.router.top_k, c.model.experts),
        "top-k is at most the number of experts",
        fmt::format("Set router.top_k to {} or less, or model.experts to {} or more", c.model.experts, c.router.top_k));
  if (c.model.dense_first >= c.model.layers && c.model.experts > 1)
    refuse("model.dense_first",
           fmt::format("{} dense layers leave none of {} with experts", c.model.dense_first, c.model.layers),
           "fewer than model.layers", "Use model.experts = 1 for a dense model");
  if (c.model.dense_every == 1)
    refuse("model.dense_every", "1 would leave no layer with experts", "0 for none, or 2 and more",
           "Use model.experts = 1 for a dense model");
}

void check_groups(const Config& c) {
  const int groups = c.router.groups, used = c.router.group_top_k, experts = c.model.experts;
  if (experts % groups != 0)
    refuse("router.groups", fmt::format("{} groups do not divide model.experts = {}", groups, experts),
           "each group holds the same number of experts",
           fmt::format("Set router.groups to 1 or to a divisor of {}", experts));
  if (used > groups)
    refuse("router.group_top_k", fmt::format("{} groups a token are more than router.groups = {}", used, groups),
           "at most router.groups", fmt::format("Set router.group_top_k to {} or less", groups));
  if (groups > 1 && c.router.top_k > experts / groups * used)
    refuse("router.top_k",
           fmt::format("{} experts a token are more than {} groups of {} hold", c.router.top_k, used, experts / groups),
           "top-k is at most the experts in the groups a token may use",
           "Raise router.group_top_k or lower router.top_k");
}

void check_remedies(const Config& c) {
  const double given = 1.0 * c.remedy.min_tokens * c.model.experts;
  const double there = 1.0 * c.train.batch * positions_per_row(c) * c.router.top_k;
  if (given > there)
    refuse("remedy.min_tokens",
           fmt::format("{} tokens for each of {} experts are more than the {} assignments of a micro-batch",
                       c.remedy.min_tokens, c.model.experts, there),
           fmt::format("at most {}", static_cast<std::int64_t>(there / c.model.experts)),
           "Lower it or use a larger batch");
}

void check_schedule(const Config& c) {
  if (c.optim.warmup > c.train.steps)
    refuse("optim.warmup",
           fmt::format("{} steps of warm-up are more than train.steps = {}", c.optim.warmup, c.train.steps),
           "warm-up is at most the number of steps", fmt::format("Set optim.warmup to {} or less", c.train.steps));
  const double tokens = 1.0 * c.train.batch * positions_per_row(c);
  if (tokens > 1e9)
    refuse("train.batch",
           fmt::format("{} sequences of model.context = {} are {:.3g} tokens in one batch", c.train.batch,
                       c.model.context, tokens),
           "at most 1e9 tokens", "Use a smaller batch with optim.accumulation");
}

double physical_memory() {
  return static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

}  // namespace

bool is_plane(const Config& config) { return config.data.task == "plane"; }
int positions_per_row(const Config& config) { return is_plane(config) ? 1 : config.model.context; }

double parameter_count(const Config& config) {
  return static_cast<double>(count_parameters(architecture_of(config)).total());
}

double training_bytes(const Config& config) {
  const ModelConfig& m = config.model;
  const double scalar = config.train.precision == "f64" ? 8 : 4;
  const double tokens = 1.0 * config.train.batch * positions_per_row(config);
  // Backward needs, of every token and layer, at least the inputs of attention and feed-forward and the experts'
  // hidden values; of the head, one row of logits.
  const double hidden = 1.0 * std::min(config.router.top_k, m.experts) * m.expert_width;
  const double activations = tokens * (m.layers * (2.0 * m.width + hidden) + m.width);
  return scalar * (4 * parameter_count(config) + activations);  // weight, gradient and two moments
}

void validate_fields(const Config& config) {
  if (config.model.attention) check_attention(config.model);
  if (is_plane(config)) check_plane(config);
  check_experts(config);
  check_groups(config);
  check_remedies(config);
  check_schedule(config);
}

void validate_memory(const Config& config) {
  const double need = training_bytes(config), have = physical_memory();
  if (config.train.device != "cuda" && need > have) {
    constexpr double gib = 1024.0 * 1024.0 * 1024.0;
    throw Error(ErrorKind::resource,
                fmt::format("{:.3g} parameters need at least {:.1f} GiB to train", parameter_count(config), need / gib),
                "model", fmt::format("this machine has {:.1f} GiB", have / gib),
                "Make model.experts, model.expert_width, model.width or train.batch smaller");
  }
}

void validate(const Config& config) {
  validate_fields(config);
  validate_memory(config);
}

}  // namespace moe
