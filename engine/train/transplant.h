// SPDX-License-Identifier: Apache-2.0
// Moves what a model has learned into a newly built one: with another number of experts, other router tensors, or an
// expert that starts anew as a copy. Values and both Adam moments go along.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "engine/nn/parameters.h"

namespace moe::train {

/// Where the experts of one MoE layer come from.
struct ExpertOrigin {
  int layer = 0;             // index in the model
  std::vector<int> from;     // [E new] expert of the old layer
  std::vector<int> clones;   // new experts that are copies: they get noise, a split router row and fresh moments
  std::vector<int> removed;  // old experts that are gone
  std::vector<double> load;  // [E old] recent share of the assignments, weighs the folded router rows
};

/// Tensors are matched by name; layers without an origin keep their experts. A clone's weights get Gaussian noise of 5
/// % of their root mean square; its router row and its original's move apart by 10 % of theirs, so that between them
/// they share the original's tokens; its moments are zero. A removed expert's router row is averaged into that of the
/// remaining expert with the most similar row (cosine), weighted by load. Tensors that `old` lacks keep their fresh
/// initial values; their names are returned. A pure function of its arguments.
std::vector<std::string> transplant(ops::Context& ctx, const nn::ParameterSet& old, nn::ParameterSet& fresh,
                                    const std::vector<ExpertOrigin>& origins, std::uint64_t seed, std::uint64_t step);

/// The same for clones that replace experts of their own model: `origin.from` has as many experts as before. Only what
/// they change is written, so that a model of any size needs no memory for a second one.
void replace_experts(ops::Context& ctx, nn::ParameterSet& model, const ExpertOrigin& origin, std::uint64_t seed,
                     std::uint64_t step);

}  // namespace moe::train
