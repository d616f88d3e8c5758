// SPDX-License-Identifier: Apache-2.0
#include "engine/analysis/model_sheet.h"

#include <fmt/format.h>

#include <algorithm>

namespace moe::analysis {
namespace {

constexpr double kBf16 = 2, kF32 = 4;

std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number);
  for (auto i = static_cast<std::ptrdiff_t>(digits.size()) - 3; i > 0; i -= 3)
    digits.insert(static_cast<std::size_t>(i), 1, ',');
  return digits;
}

std::string words(const Mixer& m, std::int64_t width) {
  switch (m.kind) {
    case Mixer::Kind::lstm:
      return fmt::format("LSTM of {} units", grouped(width));
    case Mixer::Kind::latent:
      return fmt::format("{} heads of {} + {} over ranks {} and {}", m.heads, m.head_dim, m.rope_dim,
                         grouped(m.query_rank), grouped(m.kv_rank));
    case Mixer::Kind::attention:
      break;
  }
  std::string text = fmt::format("{} head{} of {}", m.heads, m.heads == 1 ? "" : "s", m.head_dim);
  if (m.kv_heads != m.heads) text += fmt::format(", {} for keys and values", m.kv_heads);
  return text;
}

std::string words(const FeedForward& f) {
  const char* form = f.gated ? "gated" : "plain";
  if (f.experts == 0) return fmt::format("dense feed-forward of {}, {}", grouped(f.width), form);
  std::string text = fmt::format("{} of {} experts of {}, {}", f.top_k, grouped(f.experts), grouped(f.width), form);
  if (f.shared > 0) text += fmt::format(", {} shared", f.shared);
  return text;
}

std::string words(const LayerGroup& group, const Architecture& a) {
  const bool two = std::ranges::any_of(a.groups, [](const auto& g) { return g.stack == Stack::encoder; });
  const char* stack = !two ? "" : group.stack == Stack::encoder ? " of the encoder" : " of the decoder";
  std::string text =
      fmt::format("{} layer{}{}: {}", group.layers, group.layers == 1 ? "" : "s", stack, words(group.mixer, a.width));
  if (group.cross) text += ", cross attention";
  if (group.feed_forward.width > 0) text += "; " + words(group.feed_forward);
  return text;
}

std::vector<protocol::SheetPart> parts_of(const Architecture& a) {
  const ParameterCount all = count_parameters(a), active = count_active(a);
  const bool recurrent = std::ranges::all_of(a.groups, [](const auto& g) { return g.mixer.kind == Mixer::Kind::lstm; });
  std::vector<protocol::SheetPart> parts{
      {a.tied_head ? "Embedding and head (tied)" : "Embedding", all.embedding, active.embedding},
      {recurrent ? "LSTM" : "Attention", all.mixers, active.mixers},
      {"Dense feed-forward", all.dense, active.dense},
      {"Routed experts", all.experts, active.experts},
      {"Shared experts", all.shared, active.shared},
      {"Router", all.router, active.router},
      {"Norms and positions", all.small, active.small},
      {"Output head", all.head, active.head}};
  std::erase_if(parts, [](const auto& part) { return part.all == 0; });
  return parts;
}

// Everything that follows from the dimensions alone.
protocol::ModelSheet computed(const Architecture& a, const SequenceLength& length) {
  protocol::ModelSheet sheet;
  for (const LayerGroup& group : a.groups) {
    sheet.layers.push_back(words(group, a));
    sheet.all_layers += static_cast<int>(group.layers);
    const FeedForward& f = group.feed_forward;
    if (f.experts == 0) continue;
    sheet.moe_layers += static_cast<int>(group.layers);
    sheet.experts = static_cast<int>(f.experts);
    sheet.top_k = static_cast<int>(f.top_k);
    sheet.shared_experts = static_cast<int>(f.shared);
  }
  sheet.parts = parts_of(a);
  sheet.parameters = count_parameters(a).total();
  sheet.active_parameters = count_active(a).total();
  sheet.sequence = length.tokens();
  sheet.forward_flops = forward_flops(a, length).total() / static_cast<double>(length.tokens());
  sheet.training_flops = kTrainingToForward * sheet.forward_flops;
  const auto parameters = static_cast<double>(sheet.parameters);
  sheet.bytes_bf16 = kBf16 * parameters;
  sheet.bytes_f32 = kF32 * parameters;
  sheet.training_bytes = 4 * kF32 * parameters;
  sheet.cache_bytes = kBf16 * static_cast<double>(cached_numbers_per_token(a));
  return sheet;
}

struct QuantityWords {
  const char *name, *unit, *counted;
};

QuantityWords words(Quantity quantity) {
  switch (quantity) {
    case Quantity::parameters:
      return {"parameters", "parameters", ""};
    case Quantity::parameters_of_layers:
      return {"parameters of the layers", "parameters", "without embedding and head"};
    case Quantity::active_parameters:
      return {"active parameters", "parameters", "embedding and head included"};
    case Quantity::active_without_lookup:
      return {"active parameters, no look-up", "parameters", "without the input embedding"};
    case Quantity::active_of_layers:
      return {"active parameters of the layers", "parameters", "without embedding and head"};
    case Quantity::forward_flops:
      return {"FLOPs per token, forward", "FLOPs", ""};
    case Quantity::training_flops:
      return {"FLOPs per token, training", "FLOPs", "forward and backward, causal attention"};
    case Quantity::layer_multiply_adds:
      return {"operations per token, forward", "operations", "multiply-adds of the layers, without the head"};
    case Quantity::sequence_flops:
      return {"FLOPs per sequence, forward", "FLOPs", ""};
    case Quantity::cache_bytes:
      return {"KV cache per token", "bytes", "bf16"};
  }
  return {"", "", ""};
}

}  // namespace

double computed_figure(const PublishedModel& model, Quantity quantity) {
  const Architecture& a = model.architecture;
  const ParameterCount all = count_parameters(a), active = count_active(a);
  const ForwardFlops flops = forward_flops(a, model.sequence);
  const auto tokens = static_cast<double>(model.sequence.tokens());
  const auto real = [](std::int64_t n) { return static_cast<double>(n); };
  switch (quantity) {
    case Quantity::parameters:
      return real(all.total());
    case Quantity::parameters_of_layers:
      return real(all.total() - all.embedding - all.head);
    case Quantity::active_parameters:
      return real(active.total());
    case Quantity::active_without_lookup:
      return real(active.total() - (a.tied_head ? 0 : active.embedding));
    case Quantity::active_of_layers:
      return real(active.total() - active.embedding - active.head);
    case Quantity::forward_flops:
      return flops.total() / tokens;
    case Quantity::training_flops:
      return kTrainingToForward * flops.total() / tokens;
    case Quantity::layer_multiply_adds:
      return (flops.matrices + flops.router + flops.scores) / 2 / tokens;
    case Quantity::sequence_flops:
      return flops.total();
    case Quantity::cache_bytes:
      return kBf16 * real(cached_numbers_per_token(a));
  }
  return 0;
}

protocol::ModelSheet sheet_of(const PublishedModel& model) {
  protocol::ModelSheet sheet = computed(model.architecture, model.sequence);
  sheet.name = model.name;
  sheet.title = model.title;
  sheet.paper = model.paper;
  sheet.year = model.year;
  sheet.summary = model.summary;
  sheet.sequence_note = model.sequence_note;
  sheet.notes = model.notes;
  for (const PublishedFigure& figure : model.figures) {
    const QuantityWords name = words(figure.quantity);
    sheet.claims.push_back({.quantity = name.name,
                            .unit = name.unit,
                            .printed = figure.printed,
                            .published = figure.value,
                            .computed = computed_figure(model, figure.quantity),
                            .source = figure.source,
                            .counted = name.counted,
                            .remark = figure.remark});
  }
  return sheet;
}

protocol::ModelSheet sheet_of(const Config& config, const RouterSize& router) {
  protocol::ModelSheet sheet = computed(architecture_of(config, router), {.decoder = config.model.context});
  sheet.title = config.preset.empty() ? "Your model" : config.preset;
  sheet.summary = sheet.experts == 0 ? "A dense decoder."
                                     : fmt::format("A decoder with {} of {} experts per token in {} of its {} layers.",
                                                   sheet.top_k, sheet.experts, sheet.moe_layers, sheet.all_layers);
  sheet.sequence_note = fmt::format("{} tokens, its context", grouped(config.model.context));
  return sheet;
}

}  // namespace moe::analysis
