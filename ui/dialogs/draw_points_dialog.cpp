// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dialogs/draw_points_dialog.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QPushButton>
#include <QVBoxLayout>
#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "ui/widgets/arrow_keys.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/class_mark.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/segment.h"

namespace moe::ui {
namespace {
constexpr double kApart = 0.035, kKeyStep = 0.05;  // of the canvas' [−1,1]
constexpr std::size_t kMostUndo = 100;
constexpr QStringView kMarks = u"●○▲△■□◆◇";  // as drawClassPoint() draws them

QChar letter(int label) { return QChar(u'A' + label); }
}  // namespace

DrawCanvas::DrawCanvas(QWidget* parent) : QWidget(parent) {
  setObjectName(QStringLiteral("drawCanvas"));
  setFocusPolicy(Qt::StrongFocus);
  setCursor(Qt::CrossCursor);
  setMinimumSize(Theme::instance().px(240), Theme::instance().px(240));
  setAccessibleName(tr("Canvas to draw points on"));
  setAccessibleDescription(tr("Arrow keys move the pen, Space sets a point, 1 to 8 choose the class"));
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

void DrawCanvas::setLabel(int label) {
  const int wanted = std::clamp(label, 0, DrawPointsDialog::kMostClasses - 1);
  if (wanted == label_) return;
  before_ = std::exchange(label_, wanted);
}

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
  strokeLabel_ = other ? before_ : label_;
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
  if (const auto arrow = arrowDirection(event->key())) {
    const QPointF to = pen_ + *arrow * kKeyStep;
    pen_ = {std::clamp(to.x(), -1.0, 1.0), std::clamp(to.y(), -1.0, 1.0)};
    return update();
  }
  switch (event->key()) {
    case Qt::Key_Space:
      past_.push_back(points_);
      return add(pen_, label_);
    default:
      if (event->key() >= Qt::Key_1 && event->key() < Qt::Key_1 + DrawPointsDialog::kMostClasses)
        return emit labelWanted(event->key() - Qt::Key_1);
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
  for (const DrawnPoint& point : points_) drawClassPoint(painter, pixelOf(point.at), point.label, radius);
  painter.setBrush(Qt::NoBrush);
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
  QStringList classes;
  for (int c = 0; c < kMostClasses; ++c) classes << QStringLiteral("%1 %2").arg(kMarks[c]).arg(letter(c));
  class_ = new Segment(classes, this);
  class_->setAccessibleName(tr("Class of the next points"));
  class_->setToolTip(tr("Class of the next points; two are enough, eight are possible (keys 1 to 8)"));
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
  std::array<int, kMostClasses> counts{};
  for (const DrawnPoint& point : points) ++counts[static_cast<std::size_t>(point.label)];
  QStringList parts;
  for (int c = 0; c < kMostClasses; ++c)
    if (const int count = counts[static_cast<std::size_t>(c)]; count > 0)
      parts << tr("%1 of class %2").arg(count).arg(letter(c));
  QString words = parts.join(QStringLiteral(", ")) + QLatin1Char('.');
  const bool both = parts.size() > 1, enough = points.size() >= kLeast;
  if (points.empty())
    words = tr("Press and drag to set points; the right button sets the class chosen before.");
  else if (!enough)
    words += tr(" At least %1 points are needed.").arg(kLeast);
  else if (!both)
    words += tr(" Draw some of another class too.");
  words_->setText(words);
  train_->setEnabled(enough && both);
}

nlohmann::ordered_json DrawPointsDialog::points() const {
  auto out = nlohmann::ordered_json::array();
  for (const DrawnPoint& point : canvas_->points())
    out.push_back({point.at.x(), point.at.y(), std::string(1, static_cast<char>('A' + point.label))});
  return out;
}

}  // namespace moe::ui
