// SPDX-License-Identifier: GPL-3.0-or-later
// Sentences about experts, the same in the fixed lines, in accessible names and in tests.
#pragma once
#include <QString>
#include <QStringList>

#include "ui/bridge/run_history.h"
#include "ui/bridge/selection.h"

namespace moe::ui {

struct ExpertSentence {
  QString name;        // "Layer 3 · Expert 11"
  QString statement;   // ": 2.41× fair share (15.1 % of choices), rising"
  QStringList tokens;  // commonest in the newest probe, most frequent first; may be empty
  QString plain() const;
};

/// What is measured of one expert in the window; before the first step only its name.
ExpertSentence expertSentence(const RunHistory& history, const WindowLoads& loads, const ExpertRef& ref, bool byMass);

/// "batch" or "4 batches".
QString batches(int count);

/// Top tokens with a fair base: below this many seen tokens nothing is said of them.
constexpr int kFairSample = 200;

}  // namespace moe::ui
