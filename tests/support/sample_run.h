// SPDX-License-Identifier: GPL-3.0-or-later
// A deterministic synthetic run for panel tests and layout screenshots. Test-only: no figure of it is a result.
#pragma once
#include <memory>

#include "ui/bridge/run_history.h"

namespace moe::test {

struct SampleShape {
  int layers = 6, experts = 16;
  qint64 steps = 3'000;  // one report for each
};

/// Story: balance goes to 0 at 25 % of the steps and layer 2 collapses onto expert 5, with others dying; noise 0.30 at
/// 45 % and balance 0.02 at 52 % bring it back; top-k goes 1 → 2 at 75 %. L2·E14 and L5·E7 stay dead at the end.
/// Checkpoints every 5 %, evals every 2 %, probes (with a strip for each of 8 domains) every 10 %. Calls flush() at the
/// end.
void fillSampleRun(ui::RunHistory& history, const SampleShape& shape = {});

/// Labels of the settings that the story changes.
std::vector<ui::KnobSpec> sampleKnobs();
protocol::RunInfo sampleInfo(const SampleShape& shape = {});
/// Report of one step (1-based).
protocol::StepReport sampleStep(const SampleShape& shape, qint64 step);
/// The same step with a capacity of `factor` times the fair share: what is above it was dropped.
protocol::StepReport withCapacity(protocol::StepReport report, double factor);
std::shared_ptr<const protocol::ProbeReport> sampleProbe(const SampleShape& shape, qint64 step);
/// Way of a text through the layers, words and single signs as tokens; `title` as in Trace.
protocol::Trace sampleTrace(const SampleShape& shape, const QString& text, const QString& title, int domain);

}  // namespace moe::test
