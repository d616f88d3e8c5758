// SPDX-License-Identifier: GPL-3.0-or-later
// The coach: what was measured, and the one knob to drag.
#pragma once
#include <QWidget>
#include <vector>

#include "engine/protocol/plane.h"
#include "ui/bridge/hello.h"

namespace moe::ui {

class KnobRow;
class PlaneHistory;
class RunController;
class ShareStrip;
class TypeLabel;

/// What the coach says of a picture; every figure in it is the picture's.
struct CoachWords {
  QString evidence, advice, knob;  // knob: key of the setting to drag
};
CoachWords coachWords(const protocol::PlanePicture& picture, const KnobSpec* balance);

class CoachBubble : public QWidget {
  Q_OBJECT
 public:
  explicit CoachBubble(RunController& controller, QWidget* parent = nullptr);
  /// Takes its words from the newest picture and stands at the parent's lower right corner. False: nothing measured
  /// yet.
  bool speak();
  QString evidence() const;
  QString advice() const;
  KnobRow* knob() const { return row_; }
  void place();

 signals:
  void edited(const QString& key, const nlohmann::json& value, int session);
  void closed();

 protected:
  void paintEvent(QPaintEvent*) override;
  void keyPressEvent(QKeyEvent*) override;
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void follow();
  RunController& controller_;
  TypeLabel *evidence_, *advice_;
  ShareStrip* strip_;
  KnobRow* row_ = nullptr;
};

/// One bar cut into the experts' shares of the points.
class ShareStrip : public QWidget {
  Q_OBJECT
 public:
  explicit ShareStrip(QWidget* parent = nullptr) : QWidget(parent) {}
  void setShares(std::vector<double> shares);
  QSize sizeHint() const override;

 protected:
  void paintEvent(QPaintEvent*) override;

 private:
  std::vector<double> shares_;
};

}  // namespace moe::ui
