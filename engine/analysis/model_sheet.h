// SPDX-License-Identifier: Apache-2.0
// The sheet of a model: parameters by place, arithmetic per token and memory, computed from its dimensions by the
// formulas of core/architecture.h; of a published model also how far that is from the figures its authors print.
#pragma once
#include "engine/analysis/published_models.h"
#include "engine/protocol/model_sheet.h"

namespace moe::analysis {

protocol::ModelSheet sheet_of(const PublishedModel& model);
/// A model of ours at its context, with config.router.top_k experts at work.
protocol::ModelSheet sheet_of(const Config& config, const RouterSize& router = {});
/// What a figure of this kind is when it is computed.
double computed_figure(const PublishedModel& model, Quantity quantity);

}  // namespace moe::analysis
