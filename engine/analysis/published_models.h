// SPDX-License-Identifier: Apache-2.0
// The named systems of the literature at full size: their dimensions as the papers give them, and the figures the
// papers print. Nothing here is computed; model_sheet.h does that.
#pragma once
#include <string>
#include <vector>

#include "engine/core/architecture.h"

namespace moe::analysis {

/// What a published figure counts.
enum class Quantity {
  parameters,
  parameters_of_layers,   // without embedding and head
  active_parameters,      // embedding and head included
  active_without_lookup,  // without the input embedding, which is looked up and not multiplied
  active_of_layers,       // without embedding and head
  forward_flops,          // per token
  training_flops,         // per token, forward and backward
  layer_multiply_adds,    // per token forward, without the head; a multiply-add is one operation
  sequence_flops,         // of one sequence forward
  cache_bytes,            // keys and values per token, bf16
};

struct PublishedFigure {
  Quantity quantity = Quantity::parameters;
  double value = 0;
  std::string printed;  // as its authors write it
  std::string source;
  std::string remark;  // why our count differs by more than 2 %
};

struct PublishedModel {
  std::string name = {}, title = {}, paper = {}, year = {}, summary = {};
  Architecture architecture = {};
  SequenceLength sequence = {};
  std::string sequence_note = {};
  std::vector<PublishedFigure> figures = {};
  std::vector<std::string> notes = {};
};

/// In order of appearance.
const std::vector<PublishedModel>& published_models();
/// Throws Error(usage) that names the nearest known one.
const PublishedModel& find_published(const std::string& name);

}  // namespace moe::analysis
