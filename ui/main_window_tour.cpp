// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/main_window_tour.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QPainter>
#include <QPainterPath>
#include <QVBoxLayout>
#include <algorithm>

#include "ui/main_window.h"
#include "ui/main_window_plane.h"
#include "ui/main_window_train.h"
#include "ui/panels/plane_panel.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/header_bar.h"
#include "ui/widgets/knobs_panel.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/transport.h"

namespace moe::ui {
namespace {
constexpr int kTail = 9, kWidth = 320, kAway = 4;
}

TourBubble::TourBubble(const QList<TourStop>& stops, QWidget* window) : QWidget(window) {
  const Theme& theme = Theme::instance();
  setObjectName(QStringLiteral("tourBubble"));
  for (const TourStop& each : stops)
    if (each.target && each.target->isVisible() && stops_.size() < kMostStops) stops_ << each;
  const int pad = theme.px(kTail);
  setFixedWidth(theme.px(kWidth) + 2 * pad);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(pad + theme.px(18), pad + theme.px(14), pad + theme.px(18), pad + theme.px(12));
  column->setSpacing(theme.px(6));
  title_ = new TypeLabel(QString(), Type::card15, Role::text, this);
  words_ = new TypeLabel(QString(), Type::control13, Role::text2, this);
  for (TypeLabel* label : {title_, words_}) {
    label->setWordWrap(true);
    column->addWidget(label);
  }
  count_ = new TypeLabel(QString(), Type::caption12, Role::text2, this);
  skip_ = new LinkButton(tr("Skip"), Role::text2, this);
  next_ = new LinkButton(tr("Next"), Role::accent, this);
  auto* foot = new QHBoxLayout;
  foot->setSpacing(theme.px(14));
  foot->addWidget(count_, 1);
  foot->addWidget(skip_);
  foot->addWidget(next_);
  column->addSpacing(theme.px(4));
  column->addLayout(foot);
  connect(skip_, &LinkButton::clicked, this, &TourBubble::ended);
  connect(next_, &LinkButton::clicked, this, [this] { go(stop_ + 1); });
  window->installEventFilter(this);
  if (!stops_.isEmpty()) {
    go(0);
    show();
    raise();
    next_->setFocus(Qt::TabFocusReason);
  }
}

QString TourBubble::title() const { return title_->text(); }

void TourBubble::go(int stop) {
  if (stop >= stops_.size()) return emit ended();
  stop_ = stop;
  title_->setText(stops_[stop].title);
  words_->setText(stops_[stop].words);
  count_->setText(tr("%1 of %2").arg(stop + 1).arg(stops_.size()));
  const bool last = stop + 1 == stops_.size();
  next_->setText(last ? tr("Done") : tr("Next"));
  skip_->setVisible(!last);
  setAccessibleName(tr("Tour, %1: %2. %3").arg(count_->text(), title_->text(), words_->text()));
  layout()->invalidate();
  setFixedHeight(layout()->heightForWidth(width()));
  place();
}

/// Beside the target, inside the window: under it or over it where it is wide, else at its right or left.
void TourBubble::place() {
  if (!target() || !parentWidget()) return;
  const QRect room = parentWidget()->rect().adjusted(kAway, kAway, -kAway, -kAway);
  const QRect there(target()->mapTo(parentWidget(), QPoint()), target()->size());
  const QPoint centre = there.center();
  QPoint at;
  if (there.height() > height() && there.right() + width() < room.right()) {
    tail_ = Qt::LeftEdge;
    at = {there.right(), centre.y() - height() / 2};
  } else if (there.height() > height() && there.width() < room.width() / 3) {
    tail_ = Qt::RightEdge;
    at = {there.left() - width(), centre.y() - height() / 2};
  } else if (there.bottom() + height() < room.bottom()) {
    tail_ = Qt::TopEdge;
    at = {centre.x() - width() / 2, there.bottom()};
  } else {
    tail_ = Qt::BottomEdge;
    at = {centre.x() - width() / 2, std::max(there.top() - height(), room.top())};
  }
  at.setX(std::clamp(at.x(), room.left(), std::max(room.left(), room.right() - width())));
  at.setY(std::clamp(at.y(), room.top(), std::max(room.top(), room.bottom() - height())));
  move(at);
  const bool upright = tail_ == Qt::LeftEdge || tail_ == Qt::RightEdge;
  const double wanted = upright ? centre.y() - at.y() : centre.x() - at.x();
  const double least = 4 * kTail, most = (upright ? height() : width()) - 4 * kTail;
  tailAt_ = std::clamp(wanted, least, std::max(least, most));
  update();
}

bool TourBubble::eventFilter(QObject* watched, QEvent* event) {
  if (watched == parentWidget() && event->type() == QEvent::Resize) place();
  return QWidget::eventFilter(watched, event);
}

void TourBubble::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::instance();
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const double t = theme.px(kTail);
  const QRectF box = QRectF(rect()).adjusted(t, t, -t, -t);
  QPainterPath shape, tail;
  shape.addRoundedRect(box, theme.px(10), theme.px(10));
  switch (tail_) {
    case Qt::TopEdge:
      tail.addPolygon(QPolygonF{{tailAt_ - t, t + 1}, {tailAt_, 1}, {tailAt_ + t, t + 1}});
      break;
    case Qt::BottomEdge:
      tail.addPolygon(
          QPolygonF{{tailAt_ - t, height() - t - 1}, {tailAt_, height() - 1.0}, {tailAt_ + t, height() - t - 1}});
      break;
    case Qt::LeftEdge:
      tail.addPolygon(QPolygonF{{t + 1, tailAt_ - t}, {1, tailAt_}, {t + 1, tailAt_ + t}});
      break;
    case Qt::RightEdge:
      tail.addPolygon(
          QPolygonF{{width() - t - 1, tailAt_ - t}, {width() - 1.0, tailAt_}, {width() - t - 1, tailAt_ + t}});
      break;
  }
  tail.closeSubpath();
  painter.setPen(QPen(theme.color(Role::accent), 1.5));
  painter.setBrush(theme.color(Role::canvas));
  painter.drawPath(shape.united(tail));
}

void TourBubble::keyPressEvent(QKeyEvent* event) {
  if (event->key() == Qt::Key_Escape) return emit ended();
  if (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) return go(stop_ + 1);
  QWidget::keyPressEvent(event);
}

// ---- the window's stops -------------------------------------------------------------------------------------------

void MainWindow::startTour() {
  endTour();
  setPresent(false);
  dismissWelcome();
  setPerspective(Perspective::train);
  QWidget* picture = isPlane() ? static_cast<QWidget*>(plane_->canvas()) : train_->panels().front();
  const QString region = isPlane() ? tr("Each colour is one expert. Click anywhere to see how that point is answered; "
                                        "point at a small picture to see its expert alone.")
                                   : tr("Each square is one expert in one layer; its colour tells its share of the "
                                        "tokens. Click one to see what it does.");
  tour_ = new TourBubble({{header_->runButton(), tr("Run and pause"),
                           tr("Space does the same. The figures beside it tell the step and the speed.")},
                          {picture, isPlane() ? tr("Who does what") : tr("The routing map"), region},
                          {knobs_, tr("Knobs act while it trains"),
                           tr("Drag Balance or Noise and watch. A knob with a dot acts at the next step; the others "
                              "need a new run.")},
                          {transport_, tr("The whole run"),
                           tr("Every change leaves a flag here. Drag to look back; the run goes on meanwhile.")},
                          {header_->findField(), tr("Find anything"),
                           tr("Knobs, experts, commands: Ctrl+K. All keys are listed with F1.")}},
                         this);
  connect(tour_, &TourBubble::ended, this, &MainWindow::endTour);
}

void MainWindow::endTour() {
  if (!tour_) return;
  tour_->deleteLater();
  tour_ = nullptr;
  setFocus();
}

}  // namespace moe::ui
