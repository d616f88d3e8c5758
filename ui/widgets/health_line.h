// SPDX-License-Identifier: GPL-3.0-or-later
// 36 px above the map: figures first, then one orange sentence with its action.
#pragma once
#include <QWidget>

#include "ui/widgets/health.h"

namespace moe::ui {

class LinkButton;
class TypeLabel;

class HealthLine : public QWidget {
  Q_OBJECT
 public:
  HealthLine(RunHistory& history, Selection& selection, QWidget* parent = nullptr);
  QString sentence() const;
  const Health& health() const { return health_; }
  /// Whether dead experts can be revived now; `offered`: this engine can do it at all.
  void setRevive(bool offered, const QString& whyNot);
  QString droppedWords() const;
  QString qualityWords() const;  // "99.9 % accuracy on 4,000 held-out points" of a run of points
  /// Figures that a narrow line leaves out take no part in its smallest width.
  QSize minimumSizeHint() const override;

 signals:
  void reviveWanted(const std::vector<moe::ui::ExpertRef>& experts);

 protected:
  void resizeEvent(QResizeEvent*) override;
  void paintEvent(QPaintEvent*) override;

 private:
  struct Figure {
    TypeLabel *value, *word;
  };
  Figure addFigure(const QString& word, const QString& widest, const QString& help);
  void refresh();
  void fit();
  void showQuality();
  int widthOf(const Figure& figure) const;
  RunHistory& history_;
  Selection& selection_;
  Health health_;
  Figure dead_, cv_, vio_, entropy_, balance_, dropped_, quality_;
  QWidget* mark_;
  TypeLabel* sentence_;
  LinkButton *show_, *revive_;
  bool reviveOffered_ = false;
  QString qualityWord_, qualityBrief_;  // the second where there is little room
  qint64 refreshedAt_ = 0;
};

}  // namespace moe::ui
