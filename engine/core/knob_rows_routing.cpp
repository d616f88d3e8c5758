// SPDX-License-Identifier: Apache-2.0
// How tokens are assigned, what balances the experts, what happens to a full or an idle one.
#include "engine/core/knob_rows.h"

namespace moe::knob_rows {
namespace {

/// The policies in the order of the list in engine/moe/CMakeLists.txt, which writes the included file.
std::vector<std::string> policies() {
  return {
#define MOE_ROUTER(name) #name,
#include "engine/core/router_list.inc"
#undef MOE_ROUTER
  };
}

std::vector<Row> noises() {
  return {
      live(router<&RouterConfig::jitter>, "router.jitter", "Input jitter",
           "While training, the router's input is multiplied by numbers between 1 − ε and 1 + ε; the experts see it as "
           "it is.")
          .range(0, 1)
          .log_slider(1e-3, 1)
          .source("x · U[1 − ε, 1 + ε]; Fedus et al. 2021, arXiv:2101.03961")
          .advanced(),
      live(router<&RouterConfig::uniform_noise>, "router.uniform_noise", "Uniform noise",
           "Half width of the uniform noise added to the router's logits while training.")
          .range(0, 100)
          .log_slider(0.01, 10)
          .source("s + U[−a, a]; as FastMoE's Switch gate, He et al. 2021, arXiv:2103.13262")
          .advanced(),
      live(router<&RouterConfig::learned_noise>, "router.learned_noise", "Learned noise",
           "Noisy top-k only: add Gaussian noise while training whose width the router learns for every token and "
           "expert.")
          .source("N(0,1) · (softplus(x·Wn) + 0.01); Shazeer et al. 2017, arXiv:1701.06538")
          .advanced(),
  };
}

std::vector<Row> policy_details() {
  return {
      live(router<&RouterConfig::random_second>, "router.random_second", "Random second",
           "GShard only: while training keep the second expert with twice its weight as probability, else drop it.")
          .source("Lepikhin et al. 2020, arXiv:2006.16668")
          .advanced(),
      live(router<&RouterConfig::groups>, "router.groups", "Expert groups",
           "Sigmoid top-k only: groups of neighbouring experts; a token uses the best few of them.")
          .range(1, 4096)
          .slider(1, 16)
          .unit("groups")
          .source("DeepSeek-AI 2024, arXiv:2412.19437")
          .advanced(),
      live(router<&RouterConfig::group_top_k>, "router.group_top_k", "Groups a token",
           "Sigmoid top-k only: groups whose experts a token may use.")
          .range(1, 4096)
          .slider(1, 16)
          .unit("groups")
          .source("arXiv:2412.19437")
          .advanced(),
      live(
          router<&RouterConfig::scale>, "router.scale", "Weight scale",
          "Sigmoid top-k only: factor of the normalised weights, so that routed and shared experts speak equally loud.")
          .range(0.01, 100)
          .log_slider(0.1, 10)
          .source("arXiv:2412.19437")
          .advanced(),
      fixed(router<&RouterConfig::slots_each>, "router.slots", "Slots",
            "Soft MoE only: slots of every expert; a slot is a weighted sum of all tokens of a sequence.")
          .range(1, 4096)
          .slider(1, 16)
          .unit("slots")
          .source("Puigcerver et al. 2023, arXiv:2308.00951")
          .advanced(),
      live(router<&RouterConfig::hash>, "router.hash", "Hash",
           "Hash routing only: a random table from token to expert, or one that evens out how often tokens occur.")
          .choices({"random", "balanced"})
          .source("Roller et al. 2021, arXiv:2106.04426")
          .advanced(),
  };
}

}  // namespace

std::vector<Row> routing_rows() {
  std::vector<Row> rows = {
      live(router<&RouterConfig::top_k>, "router.top_k", "Top-k", "Experts that each token visits in every MoE layer.")
          .range(1, 4096)
          .slider(1, 16)
          .unit("experts")
          .source("Shazeer et al. 2017, arXiv:1701.06538"),
      live(router<&RouterConfig::noise>, "router.noise", "Noise",
           "Standard deviation of the Gaussian added to the router's logits while training, so that tokens try other "
           "experts.")
          .range(0, 100)
          .log_slider(0.01, 10)
          .source("s + N(0, σ²); Riquelme et al. 2021, arXiv:2106.05974"),
      live(balance<&BalanceConfig::coefficient>, "balance.coefficient", "Balance",
           "Weight of the loss that pulls the experts towards equal load; 0 lets them drift apart.")
          .range(0, 100)
          .log_slider(1e-4, 1)
          .source("c · E · Σᵢ fᵢPᵢ per layer with f ÷ k, layers summed; Fedus et al. 2021, arXiv:2101.03961"),
      live(router<&RouterConfig::z_coefficient>, "router.z_coefficient", "z-loss",
           "Weight of the loss that keeps the router's logits small.")
          .range(0, 10)
          .log_slider(1e-5, 0.1)
          .source("c · mean (log Σᵢ exp sᵢ)²; Zoph et al. 2022, arXiv:2202.08906"),
      live(router<&RouterConfig::policy>, "router.policy", "Router", "How tokens are assigned to experts.")
          .choices(policies()),
      live(router<&RouterConfig::renormalise>, "router.renormalise", "Renormalise",
           "Scale the weights of the chosen experts to sum to one; with top-k 1 the weight is always the full softmax "
           "probability.")
          .source("Jiang et al. 2024, arXiv:2401.04088"),
  };
  for (auto& row : noises()) rows.push_back(std::move(row));
  for (auto& row : policy_details()) rows.push_back(std::move(row));
  return rows;
}

std::vector<Row> balance_rows() {
  return {
      live(balance<&BalanceConfig::scope>, "balance.scope", "Balance over",
           "What the balance loss counts over: each micro-batch, each sequence by itself, or all micro-batches of a "
           "step.")
          .choices({"micro_batch", "sequence", "global_batch"})
          .source("sequence: arXiv:2412.19437; global batch: Qiu et al. 2025, arXiv:2501.11873")
          .advanced(),
      live(balance<&BalanceConfig::importance>, "balance.importance", "Importance loss",
           "Weight of the loss that evens out the sum of every expert's gate weights.")
          .range(0, 100)
          .log_slider(1e-4, 1)
          .source("c · CV²(Σₜ gₜ); Shazeer et al. 2017, arXiv:1701.06538")
          .advanced(),
      live(balance<&BalanceConfig::load>, "balance.load", "Load loss",
           "Weight of the loss that evens out every expert's chance of being chosen under another draw of the noise.")
          .range(0, 100)
          .log_slider(1e-4, 1)
          .source("c · CV²(Σₜ Φ((s − threshold)/σ)); arXiv:1701.06538")
          .advanced(),
      live(balance<&BalanceConfig::bias_step>, "balance.bias_step", "Bias step",
           "Sigmoid top-k only: after each step every expert's bias moves by this towards the mean load; the bias "
           "chooses and never weighs.")
          .range(0, 1)
          .log_slider(1e-5, 0.1)
          .source("b ← b + u · sign(c̄ − c); Wang et al. 2024, arXiv:2408.15664")
          .advanced(),
  };
}

std::vector<Row> capacity_rows() {
  return {
      live(
          capacity<&CapacityConfig::factor>, "capacity.factor", "Capacity",
          "Places of each expert while training, as a multiple of its fair share; tokens beyond them skip the experts. "
          "0 drops nothing.")
          .range(0, 4096)
          .slider(0, 4)
          .source("ceil(T·k/E · factor); Lepikhin et al. 2020, arXiv:2006.16668")
          .advanced(),
      live(capacity<&CapacityConfig::eval_factor>, "capacity.eval_factor", "Eval capacity",
           "The same where the model is evaluated and inspected; 0 drops nothing.")
          .range(0, 4096)
          .slider(0, 4)
          .advanced(),
      live(capacity<&CapacityConfig::drop>, "capacity.drop", "Who keeps a place",
           "Earlier tokens, or those with the larger weight; all first choices come before any second one.")
          .choices({"position", "probability"})
          .source("position: arXiv:2101.03961; probability: Riquelme et al. 2021, arXiv:2106.05974")
          .advanced(),
  };
}

std::vector<Row> remedy_rows() {
  return {
      live(remedy<&RemedyConfig::random_fraction>, "remedy.random_fraction", "Random routing",
           "Share of the tokens that go to random experts while training, weighted as the router weighs them.")
          .range(0, 1)
          .advanced(),
      live(remedy<&RemedyConfig::min_tokens>, "remedy.min_tokens", "Guaranteed tokens",
           "Tokens that every expert gets in a micro-batch: an idle one takes over the last choice of those that rate "
           "it highest.")
          .range(0, 1e6)
          .slider(0, 64)
          .unit("tokens")
          .advanced(),
      live(remedy<&RemedyConfig::idle_share>, "remedy.idle_share", "Idle share",
           "An expert without a token in a step receives this share of the busy experts' mean gradient; AdamW scales "
           "by its own history, so the direction counts more than the size.")
          .range(0, 1)
          .advanced(),
      live(
          remedy<&RemedyConfig::revive_after>, "remedy.revive_after", "Revive after",
          "Steps of a window; an expert that is dead in it becomes a copy of the busiest one with noise. 0 never does.")
          .range(0, 1e6)
          .slider(0, 1000)
          .unit("steps")
          .advanced(),
  };
}

}  // namespace moe::knob_rows
