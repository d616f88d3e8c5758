// SPDX-License-Identifier: GPL-3.0-or-later
// Painted parts of the expert card.
#pragma once
#include <QColor>
#include <QString>
#include <QWidget>
#include <vector>

#include "ui/bridge/selection.h"
#include "ui/panels/expert_trend.h"

namespace moe::ui {

/// Curve of ratios with a dotted line at the fair share and a dot at its end.
void drawSparkline(QPainter& painter, const QRectF& box, const std::vector<SharePoint>& points, QColor colour,
                   double width);

class Sparkline : public QWidget {
  Q_OBJECT
 public:
  explicit Sparkline(QWidget* parent = nullptr) : QWidget(parent) {}
  void setPoints(std::vector<SharePoint> points);
  QSize sizeHint() const override;

 protected:
  void paintEvent(QPaintEvent*) override;

 private:
  std::vector<SharePoint> points_;
};

/// "Domains it serves          tick: share of corpus".
class SectionTitle : public QWidget {
  Q_OBJECT
 public:
  explicit SectionTitle(const QString& title, QWidget* parent = nullptr) : QWidget(parent), title_(title) {}
  void setNote(const QString& note);
  QSize sizeHint() const override;

 protected:
  void paintEvent(QPaintEvent*) override;

 private:
  QString title_, note_;
};

/// Domain, bar with a tick, share, ratio; strongest first.
class DomainBars : public QWidget {
  Q_OBJECT
 public:
  struct Row {
    QString name;
    double share = 0, tick = 0;
  };
  explicit DomainBars(QWidget* parent = nullptr) : QWidget(parent) {}
  void setRows(std::vector<Row> rows);
  const std::vector<Row>& rows() const { return rows_; }
  QSize sizeHint() const override;

 protected:
  void paintEvent(QPaintEvent*) override;

 private:
  std::vector<Row> rows_;
};

/// Chips that wrap: a word and a figure each; with `clickable` a click tells which.
class ChipFlow : public QWidget {
  Q_OBJECT
 public:
  struct Chip {
    QString word, figure;
  };
  ChipFlow(bool mono, bool clickable, QWidget* parent = nullptr);
  void setChips(std::vector<Chip> chips);
  const std::vector<Chip>& chips() const { return chips_; }
  QRectF chipBox(int index) const;
  QSize sizeHint() const override;
  bool hasHeightForWidth() const override { return true; }
  int heightForWidth(int width) const override;

 signals:
  void clicked(int index);

 protected:
  void paintEvent(QPaintEvent*) override;
  void mousePressEvent(QMouseEvent*) override;
  void keyPressEvent(QKeyEvent*) override;

 private:
  std::vector<QRectF> boxes(double width) const;
  QFont wordFont() const;
  std::vector<Chip> chips_;
  bool mono_, clickable_;
  int current_ = 0;
};

/// Pinned experts: shape, name, sparkline in the pin's hue, ratio. A click selects.
class PinnedList : public QWidget {
  Q_OBJECT
 public:
  struct Row {
    int pin = 0;
    ExpertRef ref;
    double ratio = 0;
    std::vector<SharePoint> points;
  };
  explicit PinnedList(QWidget* parent = nullptr);
  void setRows(std::vector<Row> rows);
  const std::vector<Row>& rows() const { return rows_; }
  QSize sizeHint() const override;

 signals:
  void clicked(const moe::ui::ExpertRef& ref);

 protected:
  void paintEvent(QPaintEvent*) override;
  void mousePressEvent(QMouseEvent*) override;

 private:
  std::vector<Row> rows_;
};

}  // namespace moe::ui
