// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/segment.h"

#include <QFontMetricsF>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <array>
#include <cmath>

#include "ui/widgets/theme.h"

namespace moe::ui {
namespace {
constexpr std::array kWindows = {1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 40, 50, 70, 100};
}

Segment::Segment(const QStringList& words, QWidget* parent) : QWidget(parent), words_(words) {
  setFocusPolicy(Qt::StrongFocus);
  setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
  describe();
}

void Segment::describe() {
  setAccessibleDescription(tr("%1 chosen of: %2").arg(words_.value(current_), words_.join(", ")));
}

void Segment::setCurrent(int index) {
  if (index < 0 || index >= words_.size() || index == current_) return;
  current_ = index;
  describe();
  update();
  emit chosen(index);
}

double Segment::cellWidth(int index) const {
  const Theme& theme = Theme::instance();
  return std::ceil(QFontMetricsF(theme.font(Type::figure12)).horizontalAdvance(words_[index])) + theme.px(16);
}

QSize Segment::sizeHint() const {
  double width = 4;
  for (int i = 0; i < words_.size(); ++i) width += cellWidth(i);
  return {static_cast<int>(width), Theme::instance().px(24)};
}

void Segment::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::instance();
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(Qt::NoPen);
  painter.setBrush(theme.color(Role::sunken));
  painter.drawRoundedRect(rect(), 6, 6);
  double x = 2;
  for (int i = 0; i < words_.size(); ++i) {
    const QRectF box(x, 2, cellWidth(i), height() - 4);
    const bool on = i == current_;
    if (on) {
      painter.setPen(Qt::NoPen);
      painter.setBrush(theme.color(Role::canvas));
      painter.drawRoundedRect(box, 4, 4);
    }
    painter.setFont(theme.font(on ? Type::figure12 : Type::caption12));
    painter.setPen(theme.color(on ? Role::text : Role::text2));
    painter.drawText(box, Qt::AlignCenter, words_[i]);
    x += box.width();
  }
  if (hasFocus()) {
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(theme.color(Role::accent), 2));
    painter.drawRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1), 5, 5);
  }
}

void Segment::mousePressEvent(QMouseEvent* event) {
  double x = 2;
  for (int i = 0; i < words_.size(); ++i) {
    x += cellWidth(i);
    if (event->position().x() < x) return setCurrent(i);
  }
}

void Segment::keyPressEvent(QKeyEvent* event) {
  if (event->key() == Qt::Key_Left || event->key() == Qt::Key_Up)
    setCurrent(current_ - 1);
  else if (event->key() == Qt::Key_Right || event->key() == Qt::Key_Down)
    setCurrent(current_ + 1);
  else
    QWidget::keyPressEvent(event);
}

WindowSlider::WindowSlider(QWidget* parent) : QSlider(Qt::Horizontal, parent) {
  setRange(0, static_cast<int>(kWindows.size()) - 1);
  setPageStep(3);
  setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
  setFocusPolicy(Qt::StrongFocus);
  connect(this, &QSlider::valueChanged, this, [this] { emit batchesChanged(batches()); });
}

int WindowSlider::batches() const { return kWindows[static_cast<std::size_t>(value())]; }

void WindowSlider::setBatches(int count) {
  int nearest = 0;
  for (int i = 0; i < static_cast<int>(kWindows.size()); ++i) {
    if (std::abs(kWindows[static_cast<std::size_t>(i)] - count) <
        std::abs(kWindows[static_cast<std::size_t>(nearest)] - count))
      nearest = i;
  }
  setValue(nearest);
}

QSize WindowSlider::sizeHint() const { return {Theme::instance().px(64), Theme::instance().px(20)}; }

void WindowSlider::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::instance();
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const double radius = theme.px(14) / 2.0 - 1, y = height() / 2.0;
  const double span = width() - 2 * radius - 2, x = radius + 1 + span * value() / std::max(1, maximum());
  const QColor ink = theme.color(hasFocus() ? Role::accent : Role::text3);
  painter.setPen(Qt::NoPen);
  painter.setBrush(theme.color(Role::soft));
  painter.drawRoundedRect(QRectF(0, y - 2, width(), 4), 2, 2);
  painter.setBrush(ink);
  painter.drawRoundedRect(QRectF(0, y - 2, x, 4), 2, 2);
  if (hasFocus()) {
    QColor halo = theme.color(Role::accent);
    halo.setAlphaF(0.25F);
    painter.setBrush(halo);
    painter.drawEllipse(QPointF(x, y), radius + 2.5, radius + 2.5);
  }
  painter.setPen(QPen(hasFocus() ? ink : theme.color(Role::edge), 2));
  painter.setBrush(theme.color(Role::canvas));
  painter.drawEllipse(QPointF(x, y), radius - 0.5, radius - 0.5);
}

}  // namespace moe::ui
