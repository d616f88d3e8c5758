// SPDX-License-Identifier: Apache-2.0
// Every policy once more, without noise: plain loops over one token after another, written from the papers and sharing
// nothing with the engine.
#pragma once
#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "engine/core/config.h"

namespace moe::test {

struct ReferenceChoice {
  int token = 0, expert = 0;
  double weight = 0;
};

struct ReferenceInput {
  const Config& config;
  int tokens = 0, experts = 0;
  std::vector<double> logits;  // [T,E]; empty for policies without a gate
  std::vector<double> bias;    // [E] or empty
};

inline std::vector<double> softmax_of(const std::vector<double>& s) {
  std::vector<double> p(s.size());
  double sum = 0;
  for (std::size_t i = 0; i < s.size(); ++i) sum += p[i] = std::exp(s[i] - *std::max_element(s.begin(), s.end()));
  for (double& x : p) x /= sum;
  return p;
}

inline std::vector<int> best_of(const std::vector<double>& scores, int k) {
  std::vector<int> order(scores.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
    return scores[static_cast<std::size_t>(a)] > scores[static_cast<std::size_t>(b)];
  });
  order.resize(static_cast<std::size_t>(k));
  return order;
}

/// The k experts of one token with their weights, for the policies that look at one token at a time.
inline std::vector<ReferenceChoice> choose_one(const ReferenceInput& in, int token) {
  const std::string& policy = in.config.router.policy;
  const auto experts = static_cast<std::size_t>(in.experts);
  const std::vector<double> s(in.logits.begin() + token * in.experts, in.logits.begin() + (token + 1) * in.experts);
  const int k = policy == "switch" ? 1 : policy == "gshard" ? std::min(2, in.experts) : in.config.router.top_k;
  std::vector<double> score = s, weight = softmax_of(s);
  bool divide = (policy == "softmax_top_k" || policy == "noisy_top_k") && in.config.router.renormalise && k > 1;
  divide = divide || (policy == "gshard" && k > 1);
  double scale = 1;
  if (policy == "sinkhorn" && k == 1)
    for (std::size_t e = 0; e < experts; ++e) weight[e] = 1 / (1 + std::exp(-s[e]));
  if (policy == "sigmoid_top_k") {
    for (std::size_t e = 0; e < experts; ++e) weight[e] = 1 / (1 + std::exp(-s[e])), score[e] = weight[e] + in.bias[e];
    divide = in.config.router.renormalise && k > 1;
    scale = in.config.router.scale;
    const auto groups = static_cast<std::size_t>(in.config.router.groups), size = experts / groups;
    std::vector<double> group(groups);
    for (std::size_t g = 0; g < groups; ++g) {
      std::vector<double> member(score.begin() + static_cast<std::ptrdiff_t>(g * size),
                                 score.begin() + static_cast<std::ptrdiff_t>((g + 1) * size));
      std::sort(member.rbegin(), member.rend());
      group[g] = member[0] + (size > 1 ? member[1] : 0);
    }
    const auto kept = best_of(group, in.config.router.group_top_k);
    for (std::size_t e = 0; e < experts; ++e)
      if (std::find(kept.begin(), kept.end(), static_cast<int>(e / size)) == kept.end()) score[e] = -1e300;
  }
  const double floor = policy == "gshard" ? 1e-9 : 0;
  double sum = 0;
  const auto best = best_of(score, k);
  for (const int e : best) sum += weight[static_cast<std::size_t>(e)];
  std::vector<ReferenceChoice> out;
  for (const int e : best)
    out.push_back({token, e, scale * weight[static_cast<std::size_t>(e)] / (divide ? sum + floor : 1)});
  return out;
}

/// What evaluation does, before capacity. Of hash and random routing only the weights are known beforehand.
inline std::vector<ReferenceChoice> choose_all(const ReferenceInput& in) {
  std::vector<ReferenceChoice> all;
  if (in.config.router.policy != "expert_choice") {
    for (int t = 0; t < in.tokens; ++t)
      for (const auto& c : choose_one(in, t)) all.push_back(c);
    return all;
  }
  const int capacity = std::min(in.tokens, (in.tokens * in.config.router.top_k + in.experts - 1) / in.experts);
  std::vector<std::vector<double>> columns(static_cast<std::size_t>(in.experts));
  for (int t = 0; t < in.tokens; ++t) {
    const auto p = softmax_of({in.logits.begin() + t * in.experts, in.logits.begin() + (t + 1) * in.experts});
    for (std::size_t e = 0; e < columns.size(); ++e) columns[e].push_back(p[e]);
  }
  for (int e = 0; e < in.experts; ++e)
    for (const int t : best_of(columns[static_cast<std::size_t>(e)], capacity))
      all.push_back({t, e, columns[static_cast<std::size_t>(e)][static_cast<std::size_t>(t)]});
  return all;
}

}  // namespace moe::test
