// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QAction>
#include <QDialog>
#include <vector>

#include "ui/bridge/hello.h"
#include "ui/bridge/run_history.h"
#include "ui/bridge/selection.h"

class QLineEdit;
class QListWidget;

namespace moe::ui {

struct LocatorHit {
  enum Kind { Nothing, Command, Knob, Expert, Step };
  Kind kind = Nothing;
  QString words, key;
  QAction* action = nullptr;
  ExpertRef expert;
  qint64 step = 0;
};

/// One field for everything with a name: commands, settings, experts ("L2 E7", "2.7"), steps ("6900").
class Locator : public QDialog {
  Q_OBJECT
 public:
  Locator(const Hello& hello, const RunHistory& history, const QList<QAction*>& commands, QWidget* parent = nullptr);
  LocatorHit hit() const { return hit_; }
  std::vector<LocatorHit> find(const QString& words) const;
  QLineEdit* field() const { return field_; }

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void fill(const QString& words);
  void choose();
  std::vector<LocatorHit> all_, shown_;
  int layers_ = 0, experts_ = 0;
  qint64 newest_ = 0;
  LocatorHit hit_;
  QLineEdit* field_;
  QListWidget* list_;
};

}  // namespace moe::ui
