// SPDX-License-Identifier: GPL-3.0-or-later
// Small things every painted view needs.
#pragma once
#include <QColor>
#include <QRectF>
#include <QString>

class QEvent;
class QPainter;

namespace moe::ui {

/// A sentence in the middle of an empty picture, on a canvas-coloured plate; <b> is allowed.
void drawEmptyText(QPainter& painter, const QRect& area, const QString& html);

/// 4-px bar on its track; `share` is clamped to [0, 1].
void drawTrackBar(QPainter& painter, const QRectF& track, double share, QColor colour);

/// Text in runs that alternate weight: draws `text` at x in the current font and returns the x after it.
double drawRun(QPainter& painter, double x, double baseline, const QString& text);

/// Space as ·, newline as ↵, tab as ⇥; the word-boundary mark ▁ of tokenizers counts as a space.
QString visibleToken(const QString& piece);

/// "L3" names: index among the layers with a router, 1-based.
QString layerName(int layer);

/// Accepts a ShortcutOverride of an arrow, Home, End or P, so that they belong to a view's cursor even where the window
/// has shortcuts on them; says whether it did.
bool keepsCursorKeys(QEvent* event);

/// Shortest figure that reads back to the same value, with a point; empty when not finite.
QString csvNumber(double value);

}  // namespace moe::ui
