// SPDX-License-Identifier: Apache-2.0
#include "engine/train/session_probe.h"

#include <algorithm>
#include <memory>

#include "engine/analysis/co_activation.h"
#include "engine/analysis/specialization.h"
#include "engine/analysis/top_tokens.h"
#include "engine/train/session_trace.h"

namespace moe::train {
namespace {

constexpr int kTokensPerDomain = 512, kTokensInAll = 16384, kMaxWindows = 16;
constexpr int kStripTokens = 96, kShuffles = 20, kTopTokens = 12, kFellows = 8;
constexpr std::int64_t kTokenFloor = 8;  // a share of fewer occurrences is chance
constexpr double kShareOfTime = 0.03, kLongestGap = 5.0;

/// Everything that is counted in one layer.
struct LayerCounts {
  analysis::Specialization domains;
  analysis::CoActivation together;
  analysis::TopTokens words;
  std::int64_t tokens = 0;

  LayerCounts(int experts, int domain_count, int vocabulary)
      : domains(experts, domain_count), together(experts), words(experts, vocabulary) {}
  void add(int domain, const analysis::RoutedTokens& text) {
    domains.add(domain, text);
    together.add(text);
    words.add(text);
    tokens += static_cast<std::int64_t>(text.tokens());
  }
};

std::vector<protocol::TopToken> top_tokens(const LayerCounts& layer, int expert, const data::Tokenizer& tokenizer) {
  auto best = layer.words.by_share(expert, kTopTokens, kTokenFloor);
  if (best.empty()) best = layer.words.by_count(expert, kTopTokens);
  std::vector<protocol::TopToken> out;
  for (const auto& token : best)
    if (token.count > 0) out.push_back({tokenizer.piece(token.token), token.count});
  return out;
}

/// Other experts that work on the same tokens, by co-activation over what independent routing would give: N_j / N.
std::vector<protocol::Fellow> fellows(const LayerCounts& layer, int expert, int experts) {
  std::vector<protocol::Fellow> out;
  if (layer.together.tokens(expert) == 0) return out;
  for (int other = 0; other < experts; ++other) {
    const std::int64_t seen = layer.together.tokens(other);
    if (other == expert || seen == 0) continue;
    const double expected = static_cast<double>(seen) / static_cast<double>(layer.tokens);
    const double ratio = layer.together.share(expert, other) / expected;
    if (ratio > 0) out.push_back({other, ratio});
  }
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.ratio > b.ratio; });
  if (out.size() > kFellows) out.resize(kFellows);
  return out;
}

void summarise(const std::vector<LayerCounts>& layers, const data::Tokenizer& tokenizer, std::uint64_t seed,
               protocol::ProbeReport& report) {
  report.shuffles = kShuffles;
  for (const LayerCounts& layer : layers) {
    const auto score = layer.domains.score(kShuffles, seed);
    report.information.push_back(score.bits);
    report.baseline.push_back(score.shuffled_bits);
    for (int e = 0; e < report.experts; ++e) {
      for (int d = 0; d < layer.domains.domains(); ++d) report.counts.push_back(layer.domains.assignments(e, d));
      report.seen.push_back(layer.together.tokens(e));
      report.top_tokens.push_back(top_tokens(layer, e, tokenizer));
      report.fellows.push_back(fellows(layer, e, report.experts));
    }
  }
}

}  // namespace

Prober::Prober(const data::Dataset& dataset, int context, std::uint64_t seed)
    : dataset_(dataset), seed_(seed), context_(context) {
  const int domains = std::max<int>(1, static_cast<int>(dataset.domains().size()));
  const int tokens = std::min(kTokensPerDomain, kTokensInAll / domains);
  const int count = std::clamp(tokens / context, 1, kMaxWindows);
  for (int d = 0; d < static_cast<int>(dataset.domains().size()); ++d)
    for (data::Window& window : dataset.held_out(d, count, context))
      if (window.tokens.size() >= 2) windows_.push_back(std::move(window));
}

bool Prober::due(std::int64_t step, int every) const {
  if (every == 0 || windows_.empty() || step == last_step_) return false;
  if (last_step_ < 0) return true;
  const double idle = std::chrono::duration<double>(Clock::now() - last_end_).count();
  if (idle * kShareOfTime < seconds_ * (1 - kShareOfTime)) return false;
  return step - last_step_ >= every || idle >= kLongestGap;
}

protocol::ProbeReport Prober::measure(const Trainer& trainer) {
  const auto start = Clock::now();
  protocol::ProbeReport report;
  report.step = trainer.step_count();
  report.domains = dataset_.domains();
  const int domains = static_cast<int>(report.domains.size());
  std::vector<LayerCounts> layers;
  std::vector<bool> has_strip(report.domains.size());
  for (const data::Window& window : windows_) {
    const std::span<const std::int32_t> ids(window.tokens.data(),
                                            std::min(window.tokens.size(), static_cast<std::size_t>(context_)));
    const RoutingTrace trace = trainer.trace(ids, false);
    report.layers = trace.layers;
    report.experts = trace.experts;
    report.tokens += trace.tokens;
    while (static_cast<int>(layers.size()) < trace.layers)
      layers.emplace_back(trace.experts, domains, trainer.config().model.vocabulary);
    const auto per_layer = trace.experts_of.size() / static_cast<std::size_t>(std::max(1, trace.layers));
    for (std::size_t l = 0; l < layers.size(); ++l)
      layers[l].add(window.domain, {trace.top_k, std::span(trace.experts_of).subspan(l * per_layer, per_layer), ids});
    if (has_strip[static_cast<std::size_t>(window.domain)]) continue;
    has_strip[static_cast<std::size_t>(window.domain)] = true;
    report.strips.push_back(to_protocol(trace, ids, dataset_.tokenizer(), kStripTokens, false));
    report.strips.back().title = report.domains[static_cast<std::size_t>(window.domain)];
    report.strips.back().domain = window.domain;
    report.strips.back().document = window.document;
  }
  summarise(layers, dataset_.tokenizer(), seed_, report);
  last_step_ = report.step;
  last_end_ = Clock::now();
  seconds_ = std::chrono::duration<double>(last_end_ - start).count();
  return report;
}

}  // namespace moe::train
