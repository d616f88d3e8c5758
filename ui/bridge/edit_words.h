// SPDX-License-Identifier: GPL-3.0-or-later
// What an edit is called on the timeline, beside the waterfall and in tooltips.
#pragma once
#include <QString>

#include "engine/protocol/messages.h"

namespace moe::ui {

class RunHistory;

struct EditWords {
  QString what, values;  // "Balance", "0.01 → 0"; either may be empty
  QString whyNotUndone;  // empty: the edit can be taken back
  QString plain() const;
};

/// Both parts are empty for an edit that another flag of the same step already tells: adding an expert is logged as a
/// command and as a new number of experts.
EditWords editWords(const RunHistory& history, const protocol::EditEvent& edit);

/// "balance.coefficient" → the declared label, else "Coefficient".
QString settingWord(const RunHistory& history, const QString& key);

/// "L2E4", as commands about experts write it, → "L2·E4"; anything else stays.
QString expertFromCommand(const QString& words);

/// Commands that travel as live edits but are no settings.
constexpr auto kRevive = "experts.revive", kAddExpert = "experts.add", kRemoveExpert = "experts.remove";
bool isExpertCommand(const QString& key);

}  // namespace moe::ui
