// SPDX-License-Identifier: Apache-2.0
#include "engine/train/transplant.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <span>
#include <string_view>

#include "engine/nn/host.h"

namespace moe::train {
namespace {

constexpr double kCloneNoise = 0.05, kSplit = 0.1;

/// The three arrays of one exposed tensor on the host; moments are empty for state.
struct Held {
  std::vector<double> value, first, second;
};

std::vector<double> to_host(ops::Context& ctx, ConstView v) {
  std::vector<double> out(v ? static_cast<std::size_t>(v.size()) : 0);
  if (v) nn::read(ctx, out, v);
  return out;
}

double root_mean_square(const double* x, std::size_t n) {
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += x[i] * x[i];
  return n ? std::sqrt(sum / static_cast<double>(n)) : 0;
}

/// "model.layers.3.block_sparse_moe.experts.5.w1.weight" taken apart.
struct Name {
  std::string prefix;  // up to and with "block_sparse_moe."
  int layer = -1, expert = -1;
  std::string rest;  // "w1.weight", or "gate.weight"
};

std::optional<int> take_number(std::string_view& text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

std::optional<Name> expert_name(const std::string& full) {
  constexpr std::string_view kLayers = "model.layers.", kMoe = ".block_sparse_moe.", kExperts = "experts.";
  std::string_view rest = full;
  if (rest.substr(0, kLayers.size()) != kLayers) return std::nullopt;
  rest.remove_prefix(kLayers.size());
  Name name;
  const auto layer = take_number(rest);
  if (!layer || rest.substr(0, kMoe.size()) != kMoe) return std::nullopt;
  rest.remove_prefix(kMoe.size());
  name.layer = *layer;
  name.prefix = full.substr(0, full.size() - rest.size());
  if (rest.substr(0, kExperts.size()) == kExperts) {
    rest.remove_prefix(kExperts.size());
    const auto expert = take_number(rest);
    if (!expert) return std::nullopt;
    name.expert = *expert;
    rest.remove_prefix(1);
  }
  name.rest = rest;
  return name;
}

class Surgeon {
 public:
  Surgeon(ops::Context& ctx, const nn::ParameterSet& old, std::span<const ExpertOrigin> origins, std::uint64_t seed,
          std::uint64_t step)
      : ctx_(ctx), seed_(seed), step_(step) {
    for (const auto& e : old.exposed()) old_.emplace(e.part->name, e);
    for (const auto& o : origins) origins_.emplace(o.layer, &o);
  }

  /// Whether bring() writes anything but what an unchanged model has there already.
  bool changes(const nn::ParameterSet::Exposed& to) const {
    const auto name = expert_name(to.part->name);
    const auto origin = name ? origins_.find(name->layer) : origins_.end();
    return origin != origins_.end() && (name->expert < 0 || is_clone(*origin->second, name->expert));
  }

  /// False when there is nothing to bring.
  bool bring(const nn::ParameterSet::Exposed& to) {
    const auto name = expert_name(to.part->name);
    const auto origin = name ? origins_.find(name->layer) : origins_.end();
    if (origin == origins_.end()) return copy(to.part->name, to);
    if (name->expert >= 0) return bring_expert(*name, *origin->second, to);
    return bring_rows(*name, *origin->second, to);
  }

 private:
  using Exposed = nn::ParameterSet::Exposed;

  Held hold(const Exposed& e) {
    return {to_host(ctx_, e.value), to_host(ctx_, e.first_moment), to_host(ctx_, e.second_moment)};
  }
  void put(const Exposed& to, const Held& held) {
    nn::write(ctx_, to.value, held.value);
    if (!to.first_moment) return;
    nn::write(ctx_, to.first_moment, held.first);
    nn::write(ctx_, to.second_moment, held.second);
  }
  bool copy(const std::string& from, const Exposed& to) {
    const auto found = old_.find(from);
    if (found == old_.end() || !(found->second.part->shape == to.part->shape)) return false;
    put(to, hold(found->second));
    return true;
  }
  RandomStream stream(int layer, int expert, std::uint32_t tensor) const {
    const auto lane = static_cast<std::uint32_t>(layer & 0xFF) << 16 | static_cast<std::uint32_t>(expert & 0xFFF) << 4;
    return RandomStream(seed_, Purpose::revive, step_, lane | (tensor & 0xF));
  }
  static bool is_clone(const ExpertOrigin& origin, int expert) {
    return std::find(origin.clones.begin(), origin.clones.end(), expert) != origin.clones.end();
  }

  bool bring_expert(const Name& name, const ExpertOrigin& origin, const Exposed& to) {
    const int from = origin.from[static_cast<std::size_t>(name.expert)];
    const auto found = old_.find(name.prefix + "experts." + std::to_string(from) + "." + name.rest);
    if (found == old_.end()) return false;
    Held held = hold(found->second);
    if (is_clone(origin, name.expert)) {
      const double size = kCloneNoise * root_mean_square(held.value.data(), held.value.size());
      const RandomStream noise = stream(name.layer, name.expert, static_cast<std::uint32_t>(name.rest[1] - '0'));
      for (std::size_t i = 0; i < held.value.size(); ++i) held.value[i] += size * noise.normal(i);
      std::fill(held.first.begin(), held.first.end(), 0.0);
      std::fill(held.second.begin(), held.second.end(), 0.0);
    }
    put(to, held);
    return true;
  }

  /// A tensor of the router with one row an expert: its rows follow their experts.
  bool bring_rows(const Name& name, const ExpertOrigin& origin, const Exposed& to) {
    const auto found = old_.find(to.part->name);
    if (found == old_.end()) return false;
    const std::size_t experts = origin.from.size();
    const auto fresh = static_cast<std::size_t>(to.part->shape.size());
    const auto before = static_cast<std::size_t>(found->second.part->shape.size());
    if (to.part->shape[0] != static_cast<std::int64_t>(experts) || before % origin.load.size() != 0)
      return copy(to.part->name, to);
    const std::size_t row = fresh / experts;
    Held held = hold(found->second);
    const bool is_gate = name.rest == "gate.weight";
    if (is_gate) fold(held.value, origin, row);
    const auto follow = [&](std::vector<double>& x) {
      if (x.empty()) return;
      std::vector<double> out(fresh);
      for (std::size_t e = 0; e < experts; ++e)
        std::copy_n(x.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(origin.from[e]) * row), row,
                    out.begin() + static_cast<std::ptrdiff_t>(e * row));
      x = std::move(out);
    };
    follow(held.value), follow(held.first), follow(held.second);
    for (const int clone : origin.clones) part(held, origin, clone, row, is_gate, name.layer, *to.part);
    put(to, held);
    return true;
  }

  void part(Held& held, const ExpertOrigin& origin, int clone, std::size_t row, bool split, int layer,
            const nn::Part& tensor) const {
    const auto mine = static_cast<std::size_t>(clone) * row;
    if (!held.first.empty()) {
      std::fill_n(held.first.begin() + static_cast<std::ptrdiff_t>(mine), row, 0.0);
      std::fill_n(held.second.begin() + static_cast<std::ptrdiff_t>(mine), row, 0.0);
    }
    if (!split) return;
    // The original keeps its place unless it is gone, in which case the copy alone moves.
    const int source = origin.from[static_cast<std::size_t>(clone)];
    std::size_t other = origin.from.size();
    for (std::size_t e = 0; e < origin.from.size(); ++e)
      if (origin.from[e] == source && !is_clone(origin, static_cast<int>(e))) other = e;
    const double size = kSplit * std::max(root_mean_square(&held.value[mine], row), tensor.scale);
    const RandomStream noise = stream(layer, clone, 0);
    for (std::size_t i = 0; i < row; ++i) {
      const double step = size * noise.normal(i);
      held.value[mine + i] += step;
      if (other < origin.from.size()) held.value[other * row + i] -= step;
    }
  }

  /// Removed rows into their nearest remaining ones, in the old layer's numbering.
  static void fold(std::vector<double>& rows, const ExpertOrigin& origin, std::size_t row) {
    const auto at = [&](int e) { return rows.data() + static_cast<std::size_t>(e) * row; };
    const auto dot = [&](int a, int b) {
      double sum = 0;
      for (std::size_t i = 0; i < row; ++i) sum += at(a)[i] * at(b)[i];
      return sum;
    };
    for (const int gone : origin.removed) {
      int nearest = -1;
      double best = 0;
      for (const int e : origin.from) {
        const double likeness = dot(gone, e) / std::sqrt(std::max(1e-300, dot(gone, gone) * dot(e, e)));
        if (nearest < 0 || likeness > best) nearest = e, best = likeness;
      }
      const double mine = origin.load[static_cast<std::size_t>(gone)],
                   its = origin.load[static_cast<std::size_t>(nearest)];
      const double share = mine + its > 0 ? mine / (mine + its) : 0.5;
      for (std::size_t i = 0; i < row; ++i) at(nearest)[i] += share * (at(gone)[i] - at(nearest)[i]);
    }
  }

  ops::Context& ctx_;
  std::uint64_t seed_, step_;
  std::map<std::string, Exposed> old_;
  std::map<int, const ExpertOrigin*> origins_;
};

}  // namespace

std::vector<std::string> transplant(ops::Context& ctx, const nn::ParameterSet& old, nn::ParameterSet& fresh,
                                    const std::vector<ExpertOrigin>& origins, std::uint64_t seed, std::uint64_t step) {
  Surgeon surgeon(ctx, old, origins, seed, step);
  std::vector<std::string> missing;
  for (const auto& e : fresh.exposed())
    if (!surgeon.bring(e)) missing.push_back(e.part->name);
  return missing;
}

void replace_experts(ops::Context& ctx, nn::ParameterSet& model, const ExpertOrigin& origin, std::uint64_t seed,
                     std::uint64_t step) {
  Surgeon surgeon(ctx, model, {&origin, 1}, seed, step);
  for (const auto& e : model.exposed())
    if (surgeon.changes(e)) surgeon.bring(e);
}

}  // namespace moe::train
