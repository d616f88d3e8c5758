// SPDX-License-Identifier: Apache-2.0
// Held-out loss by domain.
#include <algorithm>

#include "engine/train/trainer_impl.h"

namespace moe::train {
namespace {

/// Windows side by side, right-padded to the context; a padded position has target −1 and counts for nothing. Attention
/// is causal, so padding on the right changes no other position.
struct Rows {
  std::vector<std::int32_t> inputs, targets;
  std::vector<int> domains;

  void clear() {
    inputs.clear();
    targets.clear();
    domains.clear();
  }
  void add(const data::Window& window, int context) {
    const auto used =
        static_cast<std::ptrdiff_t>(std::min<std::size_t>(window.tokens.size() - 1, static_cast<std::size_t>(context)));
    domains.push_back(window.domain);
    inputs.insert(inputs.end(), window.tokens.begin(), window.tokens.begin() + used);
    targets.insert(targets.end(), window.tokens.begin() + 1, window.tokens.begin() + 1 + used);
    const std::size_t end = domains.size() * static_cast<std::size_t>(context);
    inputs.resize(end, 0);
    targets.resize(end, -1);
  }
  int count() const { return static_cast<int>(domains.size()); }
};

struct Sums {
  std::vector<double> loss;
  std::vector<std::int64_t> tokens;
};

double ratio(double sum, std::int64_t n) { return n > 0 ? sum / static_cast<double>(n) : kAbsent; }

}  // namespace

EvalReport Trainer::evaluate(int windows_per_domain) const {
  Impl& self = *impl_;
  const int context = self.config.model.context, domains = static_cast<int>(self.dataset.domains().size());
  if (self.held_out_count != windows_per_domain) {
    self.held_out.clear();
    for (int d = 0; d < domains; ++d) self.held_out.push_back(self.dataset.held_out(d, windows_per_domain, context));
    self.held_out_count = windows_per_domain;
  }
  Sums sums{std::vector<double>(static_cast<std::size_t>(domains)),
            std::vector<std::int64_t>(static_cast<std::size_t>(domains))};
  Rows rows;
  const auto measure = [&] {
    if (rows.count() == 0) return;
    nn::Pass pass = self.begin(rows.inputs, rows.count(), context);
    self.model->forward(pass);
    self.read_loss(pass, rows.targets, /*with_gradient=*/false);
    for (std::size_t i = 0; i < rows.targets.size(); ++i) {
      if (rows.targets[i] < 0) continue;
      const auto domain = static_cast<std::size_t>(rows.domains[i / static_cast<std::size_t>(context)]);
      sums.loss[domain] += self.host_loss[i];
      ++sums.tokens[domain];
    }
    rows.clear();
  };
  for (const auto& windows : self.held_out)
    for (const auto& window : windows) {
      if (window.tokens.size() < 2) continue;
      rows.add(window, context);
      if (rows.count() == self.config.train.batch) measure();
    }
  measure();

  EvalReport report;
  report.step = self.step;
  double total = 0;
  for (std::size_t d = 0; d < sums.loss.size(); ++d) {
    report.domain_loss.push_back(ratio(sums.loss[d], sums.tokens[d]));
    total += sums.loss[d];
    report.tokens += sums.tokens[d];
  }
  report.loss = ratio(total, report.tokens);
  return report;
}

}  // namespace moe::train
