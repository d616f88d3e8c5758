// SPDX-License-Identifier: Apache-2.0
// Routing traces in the protocol's words, and text sampled from the model.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/data/tokenizer.h"
#include "engine/protocol/messages.h"
#include "engine/train/trainer.h"

namespace moe::train {

/// The first `limit` tokens of a trace as the protocol shows them. Router probabilities are sent when asked for and at
/// most 2^18 numbers.
protocol::Trace to_protocol(const RoutingTrace& trace, std::span<const std::int32_t> tokens,
                            const data::Tokenizer& tokenizer, int limit, bool with_probabilities);

/// Follows `tokens` through the model; longer text than the context is cut into pieces of the context, each read on its
/// own. Throws Error(usage) when there is no token, or more than 65,536.
protocol::Trace trace_tokens(const Trainer& trainer, const data::Tokenizer& tokenizer,
                             std::span<const std::int32_t> tokens);

struct Sampled {
  std::string text;                 // what was generated, without the prompt
  std::vector<std::int32_t> ids;    // [T]
  std::vector<std::string> pieces;  // [T]
  int layers = 0, top_k = 0;
  std::vector<std::int32_t> experts_of;  // [T, layers, top_k] of the position that predicted each token; −1 = none
};

/// Generates `count` tokens after the prompt from softmax(logits / temperature); temperature 0 takes the most probable
/// one. The text is a function of (weights, prompt, temperature, seed). Throws Error(usage).
Sampled sample_text(const Trainer& trainer, const data::Tokenizer& tokenizer, const std::string& prompt, int count,
                    double temperature, std::uint64_t seed);

}  // namespace moe::train
