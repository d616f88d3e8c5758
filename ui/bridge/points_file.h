// SPDX-License-Identifier: GPL-3.0-or-later
// Tells a file of points from a text, for what is dropped on the window.
#pragma once
#include <QString>

namespace moe::ui {

/// Whether the first rows of the file are x, y and a class or a value, in columns that commas, semicolons or tabs
/// divide; the first row may be a header. The engine reads the file and judges every row.
bool looksLikePoints(const QString& file);

}  // namespace moe::ui
