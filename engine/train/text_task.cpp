// SPDX-License-Identifier: Apache-2.0
#include "engine/train/text_task.h"

#include <algorithm>
#include <string>

#include "engine/core/error.h"

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

nn::Pass begin_text(Workbench& bench, std::span<const std::int32_t> ids, int rows, int context) {
  for (const std::int32_t id : ids)
    if (id < 0 || id >= bench.config.model.vocabulary)
      throw Error(ErrorKind::bad_input, "token id " + std::to_string(id) + " is outside the model's vocabulary",
                  "token ids", "0 to " + std::to_string(bench.config.model.vocabulary - 1),
                  "Use the tokenizer that the model was made with, or raise model.vocabulary.");
  nn::Pass pass = bench.begin(rows, context);
  pass.token_ids = bench.to_device(ids);
  return pass;
}

nn::Pass TextTask::begin(std::uint64_t step, int micro) {
  const Config& config = bench_.config;
  if (prefetched_micros_ != config.optim.accumulation) {
    prefetched_micros_ = config.optim.accumulation;
    prefetcher_.emplace(dataset_, config.seed, config.train.batch, config.model.context, prefetched_micros_);
  }
  batch_ = &prefetcher_->get(step, micro);
  return begin_text(bench_, batch_->inputs, config.train.batch, config.model.context);
}

void TextTask::read_loss(nn::Pass& pass, View) {
  bench_.read_loss(pass, bench_.to_device(batch_->targets), /*with_gradient=*/true);
}

EvalReport TextTask::evaluate(int windows) {
  const int context = bench_.config.model.context, domains = static_cast<int>(dataset_.domains().size());
  if (held_out_count_ != windows) {
    held_out_.clear();
    for (int d = 0; d < domains; ++d) held_out_.push_back(dataset_.held_out(d, windows, context));
    held_out_count_ = windows;
  }
  Sums sums{std::vector<double>(static_cast<std::size_t>(domains)),
            std::vector<std::int64_t>(static_cast<std::size_t>(domains))};
  Rows rows;
  const auto measure = [&] {
    if (rows.count() == 0) return;
    nn::Pass pass = begin_text(bench_, rows.inputs, rows.count(), context);
    bench_.model->forward(pass);
    bench_.read_loss(pass, bench_.to_device(rows.targets), /*with_gradient=*/false);
    for (std::size_t i = 0; i < rows.targets.size(); ++i) {
      if (rows.targets[i] < 0) continue;
      const auto domain = static_cast<std::size_t>(rows.domains[i / static_cast<std::size_t>(context)]);
      sums.loss[domain] += bench_.host_loss[i];
      ++sums.tokens[domain];
    }
    rows.clear();
  };
  for (const auto& domain : held_out_)
    for (const auto& window : domain) {
      if (window.tokens.size() < 2) continue;
      rows.add(window, context);
      if (rows.count() == bench_.config.train.batch) measure();
    }
  measure();

  EvalReport report;
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
