// SPDX-License-Identifier: Apache-2.0
// Value types of the protocol (README.md here) and their JSON. Shared by the engine and the studio.
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/error.h"  // what the readers below throw
#include "engine/protocol/telemetry.h"

namespace moe::protocol {

using train::EvalReport;
using train::LayerReport;
using train::StepReport;
constexpr int kVersion = 1;

/// A run as the studio needs to know it once.
struct RunInfo {
  std::string path, preset, name;
  std::string task = "text";           // or "plane": tokens are points, domains their classes
  std::int64_t step = 0, horizon = 0;  // finished steps; train.steps
  std::uint64_t seed = 0;
  int layers = 0, experts = 0, top_k = 0, vocabulary = 0, context = 0, batch = 0;
  std::vector<int> moe_layers;  // 0-based indices of the layers with a router
  std::vector<std::string> domains;
  std::vector<double> corpus_share;  // per domain
  std::vector<double> unigram_loss;  // per domain, nats per token
  std::string device, precision;     // in force
  int threads = 0;
  std::int64_t parameters = 0, active_parameters = 0;
  double flops_per_token = 0;
  std::string data;                       // one sentence: source, documents, tokens
  std::vector<std::string> notes;         // files skipped or converted, with reasons
  std::string mixtral;                    // empty: representable in Mixtral layout; else why not
  nlohmann::ordered_json config;          // every knob with its value now
  std::vector<std::int64_t> checkpoints;  // steps of valid ones
  std::vector<std::int64_t> probes;       // steps with a stored probe
  bool read_only = false;
};

struct EditEvent {
  std::int64_t step = 0;
  std::string key, before, after;
  std::string note{};  // what happened besides: new tensors, which expert was copied; may be empty
};

/// One sequence of tokens with its way through the MoE layers; also the reply to `inspect`.
struct Trace {
  std::string title;  // domain, or "your text"
  int domain = -1;
  std::uint64_t document = 0;
  double loss = train::kAbsent;  // mean, nats per token
  int layers = 0, experts = 0, top_k = 0;
  std::vector<std::string> pieces;       // [T] text of each token
  std::vector<std::int32_t> ids;         // [T]
  std::vector<double> token_loss;        // [T] NaN where there is no next token
  std::vector<std::int32_t> experts_of;  // [layers, T, top_k], −1 = none
  std::vector<float> weights;            // [layers, T, top_k]
  std::vector<float> probabilities;      // [layers, T, experts], or empty when too large to send
  std::vector<std::string> predicted;    // [T*3] most probable next tokens
  std::vector<float> predicted_share;    // [T*3]
  int tokens() const { return static_cast<int>(pieces.size()); }
};

struct TopToken {
  std::string piece;
  std::int64_t count = 0;
};
struct Fellow {
  int expert = 0;
  double ratio = 0;
};  // co-activation ÷ what independence would give

/// Measured on held-out text with the weights of `step`, without noise.
struct ProbeReport {
  std::int64_t step = 0;
  std::vector<std::string> domains;
  int layers = 0, experts = 0;
  std::int64_t tokens = 0;
  std::vector<std::int64_t> counts;           // [layers, experts, domains] assignments
  std::vector<double> information, baseline;  // [layers] bits: I(expert; domain), and with shuffled labels (mean of n)
  int shuffles = 0;
  std::vector<std::int64_t> seen;                 // [layers, experts] tokens that reached the expert
  std::vector<std::vector<TopToken>> top_tokens;  // [layers*experts]
  std::vector<std::vector<Fellow>> fellows;       // [layers*experts], strongest first
  std::vector<Trace> strips;                      // one per domain
};

struct ErrorInfo {
  std::string kind, message, what, where, limit, action;
  std::int64_t safe_step = -1;  // newest verified checkpoint, −1 = none
};

nlohmann::ordered_json to_json(const StepReport&);  // event "step" without the "event" field
nlohmann::ordered_json to_json(const EvalReport&);
nlohmann::ordered_json to_json(const RunInfo&);
nlohmann::ordered_json to_json(const EditEvent&);
nlohmann::ordered_json to_json(const Trace&);
nlohmann::ordered_json to_json(const ProbeReport&);
nlohmann::ordered_json to_json(const ErrorInfo&);
/// The reverse; absent or null numbers become NaN; a wrong type throws Error(bad_input) naming the field.
StepReport step_from_json(const nlohmann::json&);
EvalReport eval_from_json(const nlohmann::json&);
RunInfo run_info_from_json(const nlohmann::json&);
EditEvent edit_from_json(const nlohmann::json&);
Trace trace_from_json(const nlohmann::json&);
ProbeReport probe_from_json(const nlohmann::json&);
ErrorInfo error_from_json(const nlohmann::json&);

/// Parses one line with depth ≤ 64 and no duplicate keys. Throws Error(bad_input).
nlohmann::json parse_line(const std::string& line);

}  // namespace moe::protocol
