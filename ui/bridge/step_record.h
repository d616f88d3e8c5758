// SPDX-License-Identifier: GPL-3.0-or-later
// Words for what the window asks of a step's report.
#pragma once
#include <vector>

#include "engine/protocol/messages.h"

namespace moe::ui {

using StepRecord = protocol::StepReport;

/// Experts of the layer during this step; they may change while a run goes on.
int expertsOf(const StepRecord& record, std::size_t layer = 0);
/// Share of the layer's assignments that were dropped; NaN when nothing can drop.
double droppedShare(const StepRecord& record, std::size_t layer);
/// Over all layers that can drop.
double droppedShare(const StepRecord& record);

}  // namespace moe::ui
