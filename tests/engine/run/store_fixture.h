// SPDX-License-Identifier: Apache-2.0
// Step reports whose numbers follow from the step.
#pragma once
#include "engine/run/store.h"

namespace moe::run::test {

inline train::StepReport report_of(std::int64_t step, int layers = 4, int experts = 8) {
  train::StepReport report;
  report.step = step;
  report.loss = 7.0 / static_cast<double>(step + 1) + 0.1;
  report.grad_norm = 0.1 * static_cast<double>(step);
  report.lr = 1e-3 / 3.0;
  report.tokens_per_second = 12345.678;
  report.seconds = 0.05 * static_cast<double>(step);
  report.tokens = step * 2048;
  report.top_k = 2;
  for (int layer = 0; layer < layers; ++layer) {
    train::LayerReport l;
    l.layer = layer;
    for (int expert = 0; expert < experts; ++expert) {
      const bool idle = expert == 1 && step % 2 == 1;  // without a token in odd steps
      l.load.push_back(idle ? 0 : step * 131 % 977 + expert * (layer + 1));
      l.mass.push_back(static_cast<double>(static_cast<float>(l.load.back()) * 0.5f));
      if (idle) ++l.dead;
    }
    l.balance_loss = 1.0 + 1.0 / static_cast<double>(step);
    if (layer != 2) l.z_loss = 3.25;
    l.entropy = 0.97;
    l.token_entropy = 0.5;
    l.load_cv = 0.1 * layer;
    l.max_violation = 0.2;
    report.layers.push_back(l);
  }
  return report;
}

inline bool same(double a, double b) { return (a != a && b != b) || a == b; }

inline bool same(const train::LayerReport& a, const train::LayerReport& b) {
  return a.layer == b.layer && a.load == b.load && a.mass == b.mass && a.dead == b.dead &&
         same(a.balance_loss, b.balance_loss) && same(a.z_loss, b.z_loss) && same(a.entropy, b.entropy) &&
         same(a.token_entropy, b.token_entropy) && same(a.load_cv, b.load_cv) && same(a.max_violation, b.max_violation);
}

inline bool same(const train::StepReport& a, const train::StepReport& b) {
  if (a.layers.size() != b.layers.size()) return false;
  for (std::size_t i = 0; i < a.layers.size(); ++i)
    if (!same(a.layers[i], b.layers[i])) return false;
  return a.step == b.step && same(a.loss, b.loss) && same(a.grad_norm, b.grad_norm) && same(a.lr, b.lr) &&
         same(a.tokens_per_second, b.tokens_per_second) && same(a.seconds, b.seconds) && a.tokens == b.tokens &&
         a.top_k == b.top_k;
}

}  // namespace moe::run::test
