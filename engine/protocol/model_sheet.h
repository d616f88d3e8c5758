// SPDX-License-Identifier: Apache-2.0
// The sheet of a model: what follows from its dimensions, and what was published of it. Result of the command `sheet`.
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace moe::protocol {

/// One kind of parameters.
struct SheetPart {
  std::string name;                  // "Routed experts"
  std::int64_t all = 0, active = 0;  // active: that one token can touch
};

/// A figure as its authors print it, beside ours.
struct SheetClaim {
  std::string quantity;  // "parameters"
  std::string unit;      // parameters | FLOPs | operations | bytes
  std::string printed;   // "1.2 T"
  double published = 0;  // 1.2e12
  double computed = 0;   // from the dimensions, counted as the claim counts
  std::string source;    // "arXiv:2112.06905, table 4"
  std::string counted;   // what the figure includes; empty when the name says it
  std::string remark;    // why it differs by more than 2 %; empty when it does not
  /// computed ÷ published − 1.
  double deviation() const { return computed / published - 1; }
};

struct ModelSheet {
  std::string name;                 // "mixtral"; empty: a model of ours
  std::string title, paper, year;   // "Mixtral 8x7B", "arXiv:2401.04088", "2024"
  std::string summary;              // one sentence
  std::vector<std::string> layers;  // one line per group of equal layers
  int experts = 0, top_k = 0, shared_experts = 0, moe_layers = 0, all_layers = 0;
  std::vector<SheetPart> parts;  // those that are not zero, in the order of the data
  std::int64_t parameters = 0, active_parameters = 0;
  double forward_flops = 0, training_flops = 0;  // per token, mean over the sequence
  std::int64_t sequence = 0;                     // tokens in the sequence that the arithmetic assumes
  std::string sequence_note;                     // "512 read and 114 written, as T5 trains"
  double bytes_bf16 = 0, bytes_f32 = 0;          // weights
  double training_bytes = 0;                     // float32 weights, gradients and two Adam moments; no activations
  double cache_bytes = 0;                        // keys and values per token of the decoder in bf16; 0 = keeps none
  std::vector<SheetClaim> claims;
  std::vector<std::string> notes;
};

/// Numbers are written as they are; `deviation` is added to each claim.
nlohmann::ordered_json to_json(const ModelSheet& sheet);
/// The reverse. Throws Error(bad_input) naming the field.
ModelSheet model_sheet_from_json(const nlohmann::json& json);

}  // namespace moe::protocol
