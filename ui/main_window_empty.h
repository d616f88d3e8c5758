// SPDX-License-Identifier: GPL-3.0-or-later
// What the centre shows without a run: what to do, or how far the preparation is.
#pragma once
#include <QWidget>

class QProgressBar;
class QPushButton;

namespace moe::ui {

class RunController;
class TypeLabel;

class EmptyPage : public QWidget {
  Q_OBJECT
 public:
  explicit EmptyPage(RunController& controller, QWidget* parent = nullptr);
  QString headline() const;

 signals:
  void newRunWanted();
  void openRunWanted();

 private:
  void refresh();
  void showProgress(const QString& stage, double done, double total, qint64 documents);
  RunController& controller_;
  TypeLabel *headline_, *words_;
  QProgressBar* bar_;
  QPushButton *new_, *open_, *cancel_;
};

}  // namespace moe::ui
