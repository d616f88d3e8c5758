// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QDialog>

namespace moe::ui {

/// Theme, display scale, reduced motion; each acts at once.
class PreferencesDialog : public QDialog {
  Q_OBJECT
 public:
  explicit PreferencesDialog(QWidget* parent = nullptr);

 signals:
  void darkChanged(bool dark);
  void scaleChanged(double scale);
};

}  // namespace moe::ui
