// SPDX-License-Identifier: GPL-3.0-or-later
// Two sheets side by side as rows of words and figures: what the model sheet paints, and its table.
#pragma once
#include <QString>
#include <QStringList>
#include <optional>
#include <vector>

#include "engine/protocol/model_sheet.h"

namespace moe::ui {

/// One model's entry in a row.
struct SheetCell {
  QString figure;              // "45.1 B"; empty: the model has no such thing
  QString note;                // small and grey: "96.6 %"
  double all = 0, active = 0;  // shares of all parameters for the bar; 0 without a bar
};

struct SheetRow {
  enum Kind {
    Section,  // a title, with small words in the columns
    Part,     // with bars
    Figure,   // a figure each
    Total,    // a figure each, in strong type
    Words,    // wrapped small words below the row before
  };
  Kind kind = Figure;
  QString label;
  SheetCell ours, theirs;
  QString words;  // of Words
};

/// `ours` is absent while no run is open.
std::vector<SheetRow> sheetRows(const std::optional<protocol::ModelSheet>& ours,
                                const std::optional<protocol::ModelSheet>& theirs);

/// Three figures and a unit: 46.7 B, 1.23 M, 812; operations with G in place of B; bytes with kB, MB …
QString sheetCount(double value);
QString sheetFlops(double value);
QString sheetBytes(double value);

}  // namespace moe::ui
