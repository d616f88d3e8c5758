// SPDX-License-Identifier: GPL-3.0-or-later
// Icons as painter paths on a 20-px grid, stroke 1.5, round caps, in the colour of the text beside them.
#pragma once
#include <QColor>
#include <QIcon>
#include <QRectF>

class QPainter;

namespace moe::ui {

enum class Icon {
  run,
  pause,
  step,
  restart,
  stop,
  back,
  forward,
  first,
  last,
  find,
  undo,
  pennant,
  warning,
  pin,
  close,
  more,
  train,
  inspect,
  reset,
  checkpoint,
  file,
  folder,
};

void paintIcon(QPainter& painter, Icon icon, const QRectF& rect, const QColor& ink);
/// Rendered at 1×, 2× and 3×; disabled in text3.
QIcon makeIcon(Icon icon, const QColor& ink, const QColor& disabled);

}  // namespace moe::ui
