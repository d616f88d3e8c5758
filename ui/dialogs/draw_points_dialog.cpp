// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dialogs/draw_points_dialog.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QPushButton>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

#include "ui/widgets/buttons.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/segment.h"

namespace moe::ui {
namespace {
constexpr double kApart = 0.035, kKeyStep = 0.05;  // of the canvas' [−1,1]
constexpr std::size_t kMostUndo = 100;
}  // namespace

DrawCanvas::DrawCanvas(QWidget* parent) : QWidget(parent) {
  setObjectName(QStringLiteral("drawCanvas"));
  setFocusPolicy(Qt::StrongFocus);
  setCursor(Qt::CrossCursor);
  setMinimumSize(Theme::instance().px(240), Theme::instance().px(240));
  setAccessibleName(tr("Canvas to draw points on"));
  setAccessibleDescription(tr("Arrow keys move the pen, Space sets a point, 1 and 2 choose the class"));
}

QSize DrawCanvas::sizeHint() const { return {Theme::instance().px(440), Theme::instance().px(440)}; }

QRectF DrawCanvas::area() const {
  const double side = std::min(width(), height()) - 2;
  return QRectF((width() - side) / 2, (height() - side) / 2, side, side);
}

QPointF DrawCanvas::placeAt(QPointF pixel) const {
  const QRectF a = area();
  return {std::clamp(2 * (pixel.x() - a.x()) / a.width() - 1, -1.0, 1.0),
          std::clamp(1 - 2 * (pixel.y() - a.y()) / a.height(), -1.0, 1.0)};
}

QPointF DrawCanvas::pixelOf(QPointF place) const {
  const QRectF a = area();
  return {a.x() + (place.x() + 1) / 2 * a.width(), a.y() + (1 - place.y()) / 2 * a.height()};
}

void DrawCanvas::setLabel(int label) { label_ = std::clamp(label, 0, 1); }

void DrawCanvas::setPoints(std::vector<DrawnPoint> points) {
  points_ = std::move(points);
  update();
  emit changed();
}

void DrawCanvas::undo() {
  if (past_.empty()) return;
  points_ = std::move(past_.back());
  past_.pop_back();
  update();
  emit changed();
}

void DrawCanvas::clear() {
  if (points_.empty()) return;
  past_.push_back(points_);
  setPoints({});
}

void DrawCanvas::add(QPointF place, int label) {
  if (points_.size() >= DrawPointsDialog::kMost) return;
  points_.push_back({place, label});
  update();
  emit changed();
}

void DrawCanvas::mousePressEvent(QMouseEvent* event) {
  if (!area().contains(event->position())) return;
  past_.push_back(points_);
  if (past_.size() > kMostUndo) past_.erase(past_.begin());
  const bool other = event->button() == Qt::RightButton || (event->modifiers() & Qt::ShiftModifier);
  strokeLabel_ = other ? 1 - label_ : label_;
  pen_ = placeAt(event->position());
  add(pen_, strokeLabel_);
}

void DrawCanvas::mouseMoveEvent(QMouseEvent* event) {
  if (event->buttons() == Qt::NoButton || points_.empty()) return;
  const QPointF place = placeAt(event->position()), way = place - points_.back().at;
  if (std::hypot(way.x(), way.y()) < kApart) return;
  pen_ = place;
  add(place, strokeLabel_);
}

void DrawCanvas::keyPressEvent(QKeyEvent* event) {
  const auto move = [&](double dx, double dy) {
    pen_ = {std::clamp(pen_.x() + dx * kKeyStep, -1.0, 1.0), std::clamp(pen_.y() + dy * kKeyStep, -1.0, 1.0)};
    update();
  };
  switch (event->key()) {
    case Qt::Key_Left:
      return move(-1, 0);
    case Qt::Key_Right:
      return move(1, 0);
    case Qt::Key_Up:
      return move(0, 1);
    case Qt::Key_Down:
      return move(0, -1);
    case Qt::Key_Space:
      past_.push_back(points_);
      return add(pen_, label_);
    case Qt::Key_1:
    case Qt::Key_2:
      return emit labelWanted(event->key() - Qt::Key_1);
    default:
      if (event->matches(QKeySequence::Undo)) return undo();
      QWidget::keyPressEvent(event);
  }
}

void DrawCanvas::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::instance();
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const QRectF a = area();
  painter.fillRect(a, theme.color(Role::canvas));
  painter.setPen(QPen(theme.color(Role::grid), 1));
  for (int i = 1; i < 8; ++i) {
    painter.drawLine(QPointF(a.x() + a.width() * i / 8, a.y()), QPointF(a.x() + a.width() * i / 8, a.bottom()));
    painter.drawLine(QPointF(a.x(), a.y() + a.height() * i / 8), QPointF(a.right(), a.y() + a.height() * i / 8));
  }
  painter.setPen(QPen(theme.color(Role::edge), 1));
  painter.setBrush(Qt::NoBrush);
  painter.drawRect(a);
  const double radius = theme.px(3.4);
  for (const DrawnPoint& point : points_) {
    const bool first = point.label == 0;
    painter.setPen(QPen(theme.color(first ? Role::canvas : Role::text), first ? 1 : 1.5));
    painter.setBrush(theme.color(first ? Role::text : Role::canvas));
    painter.drawEllipse(pixelOf(point.at), radius, radius);
  }
  if (!hasFocus()) return;
  painter.setPen(QPen(theme.color(Role::accent), 2));
  const QPointF at = pixelOf(pen_);
  painter.drawLine(at - QPointF(8, 0), at + QPointF(8, 0));
  painter.drawLine(at - QPointF(0, 8), at + QPointF(0, 8));
  paintFocusRing(painter, a, 2);
}

// ---- dialog -----------------------------------------------------------------------------------------------------

DrawPointsDialog::DrawPointsDialog(QWidget* parent) : QDialog(parent) {
  const Theme& theme = Theme::instance();
  setObjectName(QStringLiteral("drawPointsDialog"));
  setWindowTitle(tr("Draw your own points"));
  canvas_ = new DrawCanvas(this);
  class_ = new Segment({tr("● class A"), tr("○ class B")}, this);
  class_->setAccessibleName(tr("Class of the next points"));
  words_ = new TypeLabel(QString(), Type::caption12, Role::text2, this);
  words_->setWordWrap(true);
  auto* undo = new QPushButton(tr("Undo"), this);
  auto* clear = new QPushButton(tr("Clear"), this);
  auto* cancel = new QPushButton(tr("Cancel"), this);
  train_ = new QPushButton(tr("Train on this"), this);
  train_->setObjectName(QStringLiteral("trainOnThis"));
  for (QPushButton* button : {undo, clear, cancel, train_}) button->setAutoDefault(false);
  auto* head = new QHBoxLayout;
  head->setSpacing(theme.px(8));
  head->addWidget(class_);
  head->addStretch(1);
  head->addWidget(undo);
  head->addWidget(clear);
  auto* foot = new QHBoxLayout;
  foot->setSpacing(theme.px(8));
  foot->addWidget(words_, 1);
  foot->addWidget(cancel);
  foot->addWidget(train_);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(theme.px(20), theme.px(16), theme.px(20), theme.px(16));
  column->setSpacing(theme.px(12));
  column->addLayout(head);
  column->addWidget(canvas_, 1);
  column->addLayout(foot);
  connect(class_, &Segment::chosen, canvas_, &DrawCanvas::setLabel);
  connect(canvas_, &DrawCanvas::labelWanted, class_, &Segment::setCurrent);
  connect(canvas_, &DrawCanvas::changed, this, &DrawPointsDialog::refresh);
  connect(undo, &QPushButton::clicked, canvas_, &DrawCanvas::undo);
  connect(clear, &QPushButton::clicked, canvas_, &DrawCanvas::clear);
  connect(cancel, &QPushButton::clicked, this, &QDialog::reject);
  connect(train_, &QPushButton::clicked, this, &QDialog::accept);
  resize(theme.px(520), theme.px(580));
  canvas_->setFocus();
  refresh();
}

QString DrawPointsDialog::words() const { return words_->text(); }

void DrawPointsDialog::refresh() {
  const auto& points = canvas_->points();
  const auto first = std::count_if(points.begin(), points.end(), [](const auto& p) { return p.label == 0; });
  const auto total = static_cast<qint64>(points.size());
  QString words = tr("%1 of class A, %2 of class B.").arg(first).arg(total - first);
  const bool both = first > 0 && first < total, enough = total >= kLeast;
  if (points.empty())
    words = tr("Press and drag to set points; the right button sets the other class.");
  else if (!enough)
    words += tr(" At least %1 points are needed.").arg(kLeast);
  else if (!both)
    words += tr(" Draw some of the other class too.");
  words_->setText(words);
  train_->setEnabled(enough && both);
}

nlohmann::ordered_json DrawPointsDialog::points() const {
  auto out = nlohmann::ordered_json::array();
  for (const DrawnPoint& point : canvas_->points()) out.push_back({point.at.x(), point.at.y(), point.label});
  return out;
}

}  // namespace moe::ui
