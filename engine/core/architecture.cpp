// SPDX-License-Identifier: Apache-2.0
#include "engine/core/architecture.h"

#include <algorithm>

namespace moe {
namespace {

struct Sides {
  std::int64_t query = 0, key_value = 0;  // matrices on the tokens that ask, and on those that are asked
  std::int64_t both() const { return query + key_value; }
};

Sides mixer_matrices(const Mixer& m, std::int64_t width) {
  switch (m.kind) {
    case Mixer::Kind::attention:
      return {2 * width * m.heads * m.head_dim, 2 * width * m.kv_heads * m.head_dim};
    case Mixer::Kind::latent:
      return {m.query_rank * (width + m.heads * (m.head_dim + m.rope_dim)) + m.heads * m.head_dim * width,
              width * (m.kv_rank + m.rope_dim) + m.kv_rank * m.heads * 2 * m.head_dim};
    case Mixer::Kind::lstm:
      return {8 * width * width, 0};
  }
  return {};
}

// Operations of q·k and p·v for one pair of positions.
double pair_flops(const Mixer& m) {
  if (m.kind == Mixer::Kind::lstm) return 0;
  return 2.0 * static_cast<double>(m.heads * (2 * m.head_dim + m.rope_dim));
}

std::int64_t one_expert(const FeedForward& f, std::int64_t width) { return (f.gated ? 3 : 2) * width * f.width; }

std::int64_t router_rows(const FeedForward& f, bool active) {
  if (f.experts == 0) return 0;
  if (f.groups == 0) return f.experts;
  return f.groups + (active ? f.groups_per_token * f.experts / f.groups : f.experts);
}

void add_feed_forward(const FeedForward& f, std::int64_t width, std::int64_t layers, bool active, ParameterCount& out) {
  const std::int64_t expert = one_expert(f, width);
  if (f.experts == 0) {
    out.dense += layers * expert;
    return;
  }
  out.shared += layers * f.shared * expert;
  out.experts += layers * (active ? f.top_k : f.experts) * expert;
  out.router += layers * (f.router_matrices * width * router_rows(f, active) + (f.router_bias ? f.experts : 0));
}

bool has_encoder(const Architecture& a) {
  return std::ranges::any_of(a.groups, [](const LayerGroup& g) { return g.stack == Stack::encoder; });
}

ParameterCount count(const Architecture& a, bool active) {
  ParameterCount out;
  for (const LayerGroup& group : a.groups) {
    const bool feeds = group.feed_forward.width > 0;
    const bool mixes = group.mixer.kind != Mixer::Kind::attention || group.mixer.heads > 0;
    const std::int64_t parts = (mixes ? 1 : 0) + (group.cross ? 1 : 0) + (feeds ? 1 : 0);
    std::int64_t small = group.mixer.norm_gains + (a.norms ? parts * a.width : 0);
    out.mixers += group.layers * mixer_matrices(group.mixer, a.width).both();
    if (group.cross) {
      out.mixers += group.layers * mixer_matrices(*group.cross, a.width).both();
      small += group.cross->norm_gains;
    }
    out.small += group.layers * small;
    if (feeds) add_feed_forward(group.feed_forward, a.width, group.layers, active, out);
  }
  out.embedding = a.width * a.input_vocabulary;
  out.head = a.tied_head ? 0 : a.width * a.output_vocabulary;
  out.small += a.position_parameters + (a.norms && a.final_norm ? (has_encoder(a) ? 2 : 1) * a.width : 0);
  return out;
}

}  // namespace

ParameterCount count_parameters(const Architecture& architecture) { return count(architecture, false); }
ParameterCount count_active(const Architecture& architecture) { return count(architecture, true); }

ForwardFlops forward_flops(const Architecture& a, const SequenceLength& length) {
  ForwardFlops out;
  const auto real = [](std::int64_t n) { return static_cast<double>(n); };
  for (const LayerGroup& group : a.groups) {
    const double tokens = real(group.stack == Stack::encoder ? length.encoder : length.decoder);
    const double layers = real(group.layers), encoded = real(length.encoder);
    const double seen = group.mixer.causal ? (tokens + 1) / 2 : tokens;
    ParameterCount work;
    add_feed_forward(group.feed_forward, a.width, 1, true, work);
    const double matrices = real(mixer_matrices(group.mixer, a.width).both() + work.dense + work.shared + work.experts);
    out.matrices += 2 * layers * tokens * matrices;
    out.router += 2 * layers * tokens * real(work.router);
    out.scores += layers * tokens * seen * pair_flops(group.mixer);
    if (!group.cross) continue;
    const Sides cross = mixer_matrices(*group.cross, a.width);
    out.matrices += 2 * layers * (tokens * real(cross.query) + encoded * real(cross.key_value));
    out.scores += layers * tokens * encoded * pair_flops(*group.cross);
  }
  out.head = 2 * real(length.decoder) * real(a.width * a.output_vocabulary);
  return out;
}

std::int64_t cached_numbers_per_token(const Architecture& a) {
  std::int64_t numbers = 0;
  for (const LayerGroup& group : a.groups) {
    if (group.stack == Stack::encoder) continue;
    const Mixer& m = group.mixer;
    if (m.kind == Mixer::Kind::attention) numbers += group.layers * 2 * m.kv_heads * m.head_dim;
    if (m.kind == Mixer::Kind::latent) numbers += group.layers * (m.kv_rank + m.rope_dim);
  }
  return numbers;
}

bool is_dense(const ModelConfig& model, int layer) {
  return model.experts == 1 || layer < model.dense_first ||
         (model.dense_every > 0 && (layer + 1) % model.dense_every == 0);
}

Architecture architecture_of(const Config& config, const RouterSize& router, int outputs) {
  const ModelConfig& m = config.model;
  LayerGroup dense, sparse;
  dense.layers = sparse.layers = 0;
  for (int layer = 0; layer < m.layers; ++layer) ++(is_dense(m, layer) ? dense : sparse).layers;
  const bool gated = m.activation == "swiglu";
  if (m.attention)
    dense.mixer = sparse.mixer = {.heads = m.heads, .kv_heads = m.kv_heads, .head_dim = m.width / m.heads};
  // A dense model keeps the width that its one expert and the shared ones have together.
  dense.feed_forward = {.width = m.experts == 1 ? std::int64_t{m.expert_width} * (1 + m.shared_experts) : m.dense_width,
                        .gated = gated};
  sparse.feed_forward = {
      .width = m.expert_width,
      .gated = gated,
      .experts = m.experts,
      .top_k = std::min<std::int64_t>(router.top_k > 0 ? router.top_k : config.router.top_k, m.experts),
      .shared = m.shared_experts,
      .router_matrices = router.matrices};
  Architecture out{
      .width = m.width, .input_vocabulary = m.vocabulary, .output_vocabulary = m.vocabulary, .tied_head = m.tied_head};
  out.norms = m.norm != "none";
  if (is_plane(config)) {  // a point is three numbers; the head has no norm
    out.input_vocabulary = 3;
    out.output_vocabulary = outputs > 0 ? outputs : config.data.classes;
    out.tied_head = out.final_norm = false;
  }
  for (const LayerGroup& group : {sparse, dense})
    if (group.layers > 0) out.groups.push_back(group);
  return out;
}

}  // namespace moe
