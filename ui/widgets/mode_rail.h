// SPDX-License-Identifier: GPL-3.0-or-later
// Strip of the perspectives: icon over a word; the chosen one has an accent bar.
#pragma once
#include <QToolBar>

namespace moe::ui {

enum class Icon;

class ModeRail : public QToolBar {
  Q_OBJECT
 public:
  explicit ModeRail(QWidget* parent = nullptr);
  void addMode(QAction* action, Icon icon);
};

}  // namespace moe::ui
