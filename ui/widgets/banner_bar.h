// SPDX-License-Identifier: GPL-3.0-or-later
// Strips above the health line, one per cause and counted: what happened, what it means for the run, what to do.
#pragma once
#include <QWidget>
#include <map>

#include "ui/bridge/banner.h"

class QVBoxLayout;

namespace moe::ui {

class BannerStrip;

class BannerBar : public QWidget {
  Q_OBJECT
 public:
  explicit BannerBar(QWidget* parent = nullptr);
  void show(const Banner& banner);
  void remove(const QString& cause);
  /// Text of the strip of a cause, or empty.
  QString text(const QString& cause) const;
  int count(const QString& cause) const;
  /// Presses the strip's button of an action; false when there is none.
  bool press(const QString& cause, BannerAction action);

 signals:
  void triggered(moe::ui::BannerAction action);

 private:
  std::map<QString, BannerStrip*> strips_;
  QVBoxLayout* column_;
};

}  // namespace moe::ui
