// SPDX-License-Identifier: Apache-2.0
#include "engine/train/expert_history.h"

#include <algorithm>
#include <numeric>

#include "engine/core/error.h"
#include "engine/moe/routing_stats.h"

namespace moe::train {
namespace {

constexpr double kKeep = 0.95;

}  // namespace

ExpertHistory::ExpertHistory(int experts)
    : share_(static_cast<std::size_t>(experts), 1.0 / experts), window_(share_.size()) {}

void ExpertHistory::add(std::span<const std::int64_t> counts, int window) {
  const double total = static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}));
  for (std::size_t e = 0; e < share_.size() && total > 0; ++e)
    share_[e] = kKeep * share_[e] + (1 - kKeep) * static_cast<double>(counts[e]) / total;
  if (window == 0) return end_window();
  for (std::size_t e = 0; e < window_.size(); ++e) window_[e] += counts[e];
  ++steps_;
}

std::vector<int> ExpertHistory::dead(int window) const {
  std::vector<int> out;
  if (window == 0 || steps_ < window) return out;
  const std::int64_t total = std::accumulate(window_.begin(), window_.end(), std::int64_t{0});
  for (std::size_t e = 0; e < window_.size(); ++e)
    if (routing::is_dead(window_[e], total, static_cast<int>(window_.size()))) out.push_back(static_cast<int>(e));
  if (out.size() == window_.size()) out.clear();
  return out;
}

void ExpertHistory::end_window_after(int window) {
  if (window > 0 && steps_ >= window) end_window();
}

void ExpertHistory::end_window() {
  std::fill(window_.begin(), window_.end(), 0);
  steps_ = 0;
}

int ExpertHistory::busiest() const {
  return static_cast<int>(std::max_element(share_.begin(), share_.end()) - share_.begin());
}

std::vector<int> ExpertHistory::idlest(int n) const {
  std::vector<int> order(share_.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
    return share_[static_cast<std::size_t>(a)] < share_[static_cast<std::size_t>(b)];
  });
  order.resize(static_cast<std::size_t>(n));
  std::sort(order.begin(), order.end());
  return order;
}

void ExpertHistory::follow(const std::vector<int>& from) {
  bool same = from.size() == share_.size();
  for (std::size_t e = 0; e < from.size(); ++e) same = same && from[e] == static_cast<int>(e);
  if (same) return;
  std::vector<double> share;
  share.reserve(from.size());
  std::vector<int> copies(share_.size());
  for (const int f : from) ++copies[static_cast<std::size_t>(f)];
  for (const int f : from) share.push_back(share_[static_cast<std::size_t>(f)] / copies[static_cast<std::size_t>(f)]);
  const double total = std::accumulate(share.begin(), share.end(), 0.0);
  for (double& s : share) s = total > 0 ? s / total : 1.0 / static_cast<double>(share.size());
  share_ = std::move(share);
  window_.assign(share_.size(), 0);
  steps_ = 0;
}

nlohmann::json ExpertHistory::to_json() const {
  return {{"share", share_}, {"window", window_}, {"window_steps", steps_}};
}

void ExpertHistory::from_json(const nlohmann::json& json) {
  try {
    auto share = json.at("share").get<std::vector<double>>();
    auto window = json.at("window").get<std::vector<std::int64_t>>();
    if (share.size() == share_.size() && window.size() == window_.size()) {
      share_ = std::move(share);
      window_ = std::move(window);
      steps_ = json.at("window_steps").get<std::int64_t>();
      return;
    }
  } catch (const nlohmann::json::exception&) {
    // said below
  }
  throw Error(ErrorKind::bad_input, "The checkpoint's record of its experts does not fit the model", "experts",
              std::to_string(share_.size()) + " numbers a layer", "Use an older checkpoint");
}

}  // namespace moe::train
