// SPDX-License-Identifier: GPL-3.0-or-later
// Counts the paint events of a widget it is installed on as an event filter.
#pragma once
#include <QEvent>
#include <QObject>

namespace moe::test {

struct PaintCounter : QObject {
  int paints = 0;
  bool eventFilter(QObject*, QEvent* event) override {
    paints += event->type() == QEvent::Paint;
    return false;
  }
};

}  // namespace moe::test
