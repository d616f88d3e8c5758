// SPDX-License-Identifier: Apache-2.0
// Changes between steps: settings, another router, revived, added and removed experts.
#include <algorithm>

#include "engine/core/error.h"
#include "engine/core/live_change.h"
#include "engine/data/dataset.h"
#include "engine/train/trainer_impl.h"

namespace moe::train {
namespace {

constexpr int kFrequencyBatches = 64;

std::string list_of(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

/// "model.layers.0.block_sparse_moe.gate.noise_weight" of every layer once: "gate.noise_weight".
std::vector<std::string> short_names(const std::vector<std::string>& names) {
  std::vector<std::string> out;
  for (const auto& name : names) {
    constexpr std::string_view kMoe = "block_sparse_moe.";
    const auto at = name.find(kMoe);
    const std::string tail = at == std::string::npos ? name : name.substr(at + kMoe.size());
    if (std::find(out.begin(), out.end(), tail) == out.end()) out.push_back(tail);
  }
  return out;
}

ExpertOrigin unchanged(const routing::MoeLayer& layer, const ExpertHistory& history) {
  ExpertOrigin origin;
  origin.layer = layer.layer();
  for (int e = 0; e < layer.experts(); ++e) origin.from.push_back(e);
  origin.load = history.share();
  return origin;
}

}  // namespace

std::vector<double> count_of_tokens(const Config& config, const data::Dataset& text) {
  std::vector<double> counts(static_cast<std::size_t>(config.model.vocabulary));
  data::Batch batch;
  for (int i = 0; i < kFrequencyBatches; ++i) {
    text.batch(config.seed, static_cast<std::uint64_t>(i), 0, config.train.batch, config.model.context, batch);
    for (const std::int32_t id : batch.inputs)
      if (id >= 0 && id < config.model.vocabulary) ++counts[static_cast<std::size_t>(id)];
  }
  return counts;
}

std::vector<std::string> Trainer::Impl::rebuild(const Config& next, const std::vector<ExpertOrigin>& origins) {
  const Config before = config;
  config = next;
  std::vector<std::string> missing;
  try {
    auto fresh = build_model();
    missing = transplant(ctx, model->parameters(), fresh->parameters(), origins, config.seed,
                         static_cast<std::uint64_t>(step));
    model = std::move(fresh);
    host_tensors = {};
  } catch (...) {
    config = before;
    throw;
  }
  tallies.clear();
  for (const auto* layer : model->moe_layers()) tallies.emplace_back(layer->experts());
  for (std::size_t i = 0; i < origins.size() && i < histories.size(); ++i) histories[i].follow(origins[i].from);
  return missing;
}

std::string Trainer::Impl::revive(std::size_t at, int expert) {
  ExpertOrigin origin = unchanged(*model->moe_layers()[at], histories[at]);
  int source = histories[at].busiest();
  if (source == expert) source = expert == 0 ? 1 : 0;  // the only busy one cannot be its own original
  origin.from[static_cast<std::size_t>(expert)] = source;
  origin.clones = {expert};
  replace_experts(ctx, model->parameters(), origin, config.seed, static_cast<std::uint64_t>(step));
  histories[at].follow(origin.from);
  return "a copy of " + expert_name({origin.layer, source});
}

std::string Trainer::Impl::change_experts(const Config& next) {
  std::vector<ExpertOrigin> origins;
  const int change = next.model.experts - config.model.experts;
  for (std::size_t i = 0; i < histories.size(); ++i) {
    ExpertOrigin origin = unchanged(*model->moe_layers()[i], histories[i]);
    if (change > 0) {
      // One after another, each from the expert that is the busiest once its copies have taken their part.
      std::vector<double> share = histories[i].share();
      for (int n = 0; n < change; ++n) {
        const auto busiest = std::max_element(share.begin(), share.end());
        origin.clones.push_back(static_cast<int>(origin.from.size()));
        origin.from.push_back(static_cast<int>(busiest - share.begin()));
        *busiest /= 2;
      }
    } else {
      origin.removed = histories[i].idlest(-change);
      for (const int gone : origin.removed) std::erase(origin.from, gone);
    }
    origins.push_back(std::move(origin));
  }
  const std::string before = std::to_string(config.model.experts);
  rebuild(next, origins);
  return before + " → " + std::to_string(next.model.experts) + " experts in every MoE layer";
}

std::string Trainer::Impl::change_policy(const Config& next) {
  const auto& layers = model->moe_layers();
  if (std::all_of(layers.begin(), layers.end(), [&](auto* l) { return l->has_tensors_of(next.router.policy); })) {
    config = next;
    for (auto* layer : layers) layer->set_policy(next.router.policy);
    return {};
  }
  std::vector<ExpertOrigin> origins;
  for (std::size_t i = 0; i < histories.size(); ++i) origins.push_back(unchanged(*layers[i], histories[i]));
  const auto fresh = short_names(rebuild(next, origins));
  return fresh.empty() ? std::string() : "new weights, just initialised: " + list_of(fresh);
}

std::string Trainer::Impl::act(const Config& next, const std::string& key, const std::string& value) {
  if (key != "experts.revive") return change_experts(next);
  const ExpertPlace place = parse_expert(value);
  const auto& layers = model->moe_layers();
  const auto at = std::find_if(layers.begin(), layers.end(), [&](auto* l) { return l->layer() == place.layer; });
  return revive(static_cast<std::size_t>(at - layers.begin()), place.expert);
}

void Trainer::Impl::revive_dead_experts() {
  revived.resize(histories.size());
  for (std::size_t i = 0; i < histories.size(); ++i) {
    revived[i] = histories[i].dead(config.remedy.revive_after);
    histories[i].end_window_after(config.remedy.revive_after);
  }
  for (std::size_t i = 0; i < histories.size(); ++i)
    for (const int expert : revived[i]) revive(i, expert);
}

void Trainer::check(const std::string& key, const std::string& value) const {
  routing::check_policy(with_live_change(impl_->config, key, value));
}

std::string Trainer::apply(const std::string& key, const std::string& value) {
  check(key, value);
  Impl& self = *impl_;
  const Config next = with_live_change(self.config, key, value);
  if (find_action(key)) return self.act(next, key, value);
  if (next.router.policy != self.config.router.policy) return self.change_policy(next);
  self.config = next;
  return {};
}

nlohmann::json Trainer::experts_state() const {
  nlohmann::json all = nlohmann::json::array();
  for (const auto& history : impl_->histories) all.push_back(history.to_json());
  return all;
}

void Trainer::load_experts_state(const nlohmann::json& state) {
  if (!state.is_array() || state.size() != impl_->histories.size()) return;  // a checkpoint from before it was kept
  for (std::size_t i = 0; i < impl_->histories.size(); ++i) impl_->histories[i].from_json(state[i]);
}

}  // namespace moe::train
