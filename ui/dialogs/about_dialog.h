// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QDialog>

#include "ui/bridge/hello.h"

namespace moe::ui {

/// Versions, licences, and which engine is at work on what.
class AboutDialog : public QDialog {
  Q_OBJECT
 public:
  explicit AboutDialog(const Hello& hello, QWidget* parent = nullptr);
};

}  // namespace moe::ui
