// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/card_parts.h"

#include <QFontMetricsF>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <algorithm>
#include <cmath>

#include "ui/panels/marks.h"
#include "ui/panels/view_kit.h"
#include "ui/widgets/theme.h"

namespace moe::ui {
namespace {
constexpr double kDomainRow = 20, kPinRow = 30;
}

void drawSparkline(QPainter& painter, const QRectF& box, const std::vector<SharePoint>& points, QColor colour,
                   double width) {
  const Theme& theme = Theme::instance();
  double low = 1, high = 1;
  for (const SharePoint& p : points) {
    low = std::min(low, p.ratio);
    high = std::max(high, p.ratio);
  }
  const double span = std::max(high - low, 0.5);  // a calm expert stays a calm line
  const double middle = (high + low) / 2;
  const QRectF inner = box.adjusted(1, 4, -5, -4);
  const auto y = [&](double ratio) { return inner.center().y() - (ratio - middle) / span * inner.height(); };
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing);
  QPen fair(theme.color(Role::soft), 1);
  fair.setDashPattern({2, 3});
  painter.setPen(fair);
  painter.drawLine(QPointF(box.left(), y(1)), QPointF(box.right(), y(1)));
  if (!points.empty()) {
    const double first = points.front().step, range = std::max(1.0, points.back().step - first);
    QPolygonF line;
    for (const SharePoint& p : points)
      line << QPointF(inner.left() + (p.step - first) / range * inner.width(), y(p.ratio));
    painter.setPen(QPen(colour, width, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    painter.drawPolyline(line);
    painter.setPen(Qt::NoPen);
    painter.setBrush(colour);
    painter.drawEllipse(line.back(), 2.5, 2.5);
  }
  painter.restore();
}

void Sparkline::setPoints(std::vector<SharePoint> points) {
  points_ = std::move(points);
  update();
}

QSize Sparkline::sizeHint() const { return {Theme::instance().px(200), Theme::instance().px(54)}; }

void Sparkline::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::instance();
  QPainter painter(this);
  const double line = theme.px(14);
  drawSparkline(painter, QRectF(0, 0, width(), height() - line), points_, theme.color(Role::accent), 1.5);
  painter.setFont(theme.font(Type::tick11));
  painter.setPen(theme.color(Role::text3));
  painter.drawText(QRectF(0, height() - line, width(), line), Qt::AlignLeft | Qt::AlignVCenter,
                   tr("dotted: 1× fair share"));
}

void SectionTitle::setNote(const QString& note) {
  note_ = note;
  update();
}

QSize SectionTitle::sizeHint() const { return {Theme::instance().px(200), Theme::instance().px(20)}; }

void SectionTitle::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::instance();
  QPainter painter(this);
  QFont bold = theme.font(Type::figure12);
  bold.setWeight(QFont::DemiBold);
  painter.setFont(bold);
  painter.setPen(theme.color(Role::text));
  painter.drawText(rect(), Qt::AlignLeft | Qt::AlignVCenter, title_);
  const double used = QFontMetricsF(bold).horizontalAdvance(title_) + 10;
  painter.setFont(theme.font(Type::tick11));
  painter.setPen(theme.color(Role::text3));
  painter.drawText(rect(), Qt::AlignRight | Qt::AlignVCenter,
                   QFontMetricsF(painter.font()).elidedText(note_, Qt::ElideRight, width() - used));
}

void DomainBars::setRows(std::vector<Row> rows) {
  rows_ = std::move(rows);
  updateGeometry();
  update();
}

QSize DomainBars::sizeHint() const {
  return {Theme::instance().px(200),
          static_cast<int>(Theme::instance().px(kDomainRow) * static_cast<double>(rows_.size()))};
}

void DomainBars::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::instance();
  QPainter painter(this);
  const QFont plain = theme.font(Type::caption12), figure = theme.font(Type::figure12);
  const QFontMetricsF metrics(plain);
  const double pitch = theme.px(kDomainRow), ratio = theme.px(40), share = theme.px(42), name = theme.px(72);
  const double bar = std::max(10.0, width() - name - ratio - share);
  double most = 0.1;
  for (const Row& row : rows_) most = std::max({most, row.share, row.tick});
  most = std::min(1.0, most * 1.15);
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const Row& row = rows_[i];
    const double top = static_cast<double>(i) * pitch, middle = top + pitch / 2;
    painter.setFont(plain);
    painter.setPen(theme.color(Role::text));
    painter.drawText(QRectF(0, top, name - 6, pitch), Qt::AlignVCenter,
                     metrics.elidedText(row.name, Qt::ElideRight, name - 6));
    drawTrackBar(painter, QRectF(name, middle - 3, bar, 6), row.share / most, theme.color(Role::edge));
    painter.fillRect(QRectF(std::round(name + row.tick / most * bar), middle - 6, 1, 12), theme.color(Role::text));
    painter.setFont(figure);
    painter.setPen(theme.color(Role::text));
    painter.drawText(QRectF(name + bar, top, share, pitch), Qt::AlignRight | Qt::AlignVCenter,
                     formatPercent(row.share, 0));
    painter.setFont(plain);
    painter.setPen(theme.color(Role::text3));
    const QString times = row.tick > 0 ? formatFixed(row.share / row.tick, 1) + QChar(0x00D7) : QString();
    painter.drawText(QRectF(width() - ratio, top, ratio, pitch), Qt::AlignRight | Qt::AlignVCenter, times);
  }
}

ChipFlow::ChipFlow(bool mono, bool clickable, QWidget* parent) : QWidget(parent), mono_(mono), clickable_(clickable) {
  QSizePolicy policy(QSizePolicy::Preferred, QSizePolicy::Fixed);
  policy.setHeightForWidth(true);
  setSizePolicy(policy);
  if (!clickable) return;
  setFocusPolicy(Qt::StrongFocus);
  setCursor(Qt::PointingHandCursor);
}

void ChipFlow::setChips(std::vector<Chip> chips) {
  chips_ = std::move(chips);
  current_ = std::clamp(current_, 0, std::max(0, static_cast<int>(chips_.size()) - 1));
  QStringList names;
  for (const Chip& chip : chips_) names << chip.word + QLatin1Char(' ') + chip.figure;
  setAccessibleDescription(names.join(QStringLiteral(", ")));
  updateGeometry();
  update();
}

QFont ChipFlow::wordFont() const {
  const Theme& theme = Theme::instance();
  return mono_ ? theme.mono(12) : theme.font(Type::figure12);
}

std::vector<QRectF> ChipFlow::boxes(double width) const {
  const Theme& theme = Theme::instance();
  const QFontMetricsF word(wordFont()), figure(theme.font(Type::tick11));
  std::vector<QRectF> out;
  double x = 0, y = 0;
  const double height = theme.px(20), gap = theme.px(6);
  for (const Chip& chip : chips_) {
    const double w = word.horizontalAdvance(chip.word) + figure.horizontalAdvance(chip.figure) + theme.px(18);
    if (x > 0 && x + w > width) {
      x = 0;
      y += height + gap;
    }
    out.emplace_back(x, y, w, height);
    x += w + gap;
  }
  return out;
}

QRectF ChipFlow::chipBox(int index) const { return boxes(width())[static_cast<std::size_t>(index)]; }

int ChipFlow::heightForWidth(int width) const {
  const auto all = boxes(width);
  return all.empty() ? 0 : static_cast<int>(std::ceil(all.back().bottom()));
}

QSize ChipFlow::sizeHint() const {
  return {Theme::instance().px(200), heightForWidth(std::max(width(), Theme::instance().px(200)))};
}

void ChipFlow::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::instance();
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const auto all = boxes(width());
  const QFontMetricsF metrics(wordFont());
  for (std::size_t i = 0; i < all.size(); ++i) {
    const QRectF& box = all[i];
    painter.setPen(clickable_ && hasFocus() && static_cast<int>(i) == current_ ? QPen(theme.color(Role::accent), 2)
                                                                               : QPen(Qt::NoPen));
    painter.setBrush(theme.color(Role::sunken));
    painter.drawRoundedRect(box.adjusted(1, 0, -1, 0), 3, 3);
    painter.setFont(wordFont());
    painter.setPen(theme.color(Role::text));
    const QRectF inner = box.adjusted(theme.px(6), 0, -theme.px(6), 0);
    painter.drawText(inner, Qt::AlignLeft | Qt::AlignVCenter, chips_[i].word);
    painter.setFont(theme.font(Type::tick11));
    painter.setPen(theme.color(Role::text2));
    painter.drawText(inner, Qt::AlignRight | Qt::AlignVCenter, chips_[i].figure);
  }
}

void ChipFlow::mousePressEvent(QMouseEvent* event) {
  if (!clickable_) return QWidget::mousePressEvent(event);
  const auto all = boxes(width());
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!all[i].contains(event->position())) continue;
    current_ = static_cast<int>(i);
    emit clicked(current_);
    return;
  }
}

void ChipFlow::keyPressEvent(QKeyEvent* event) {
  const int last = static_cast<int>(chips_.size()) - 1;
  if (!clickable_ || last < 0) return QWidget::keyPressEvent(event);
  switch (event->key()) {
    case Qt::Key_Left:
      current_ = std::max(0, current_ - 1);
      break;
    case Qt::Key_Right:
      current_ = std::min(last, current_ + 1);
      break;
    case Qt::Key_Return:
    case Qt::Key_Enter:
      emit clicked(current_);
      return;
    default:
      return QWidget::keyPressEvent(event);
  }
  update();
}

PinnedList::PinnedList(QWidget* parent) : QWidget(parent) { setCursor(Qt::PointingHandCursor); }

void PinnedList::setRows(std::vector<Row> rows) {
  rows_ = std::move(rows);
  QStringList names;
  for (const Row& row : rows_) names << expertName(row.ref) + QLatin1Char(' ') + formatRatio(row.ratio);
  setAccessibleName(names.join(QStringLiteral(", ")));
  updateGeometry();
  update();
}

QSize PinnedList::sizeHint() const {
  return {Theme::instance().px(200),
          static_cast<int>(Theme::instance().px(kPinRow) * static_cast<double>(rows_.size()))};
}

void PinnedList::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::instance();
  QPainter painter(this);
  const double pitch = theme.px(kPinRow), name = theme.px(72), figure = theme.px(48);
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const Row& row = rows_[i];
    const double top = static_cast<double>(i) * pitch;
    drawPin(painter, row.pin, QPointF(theme.px(6), top + pitch / 2), theme.px(10));
    painter.setFont(theme.font(Type::control13));
    painter.setPen(theme.color(Role::text));
    painter.drawText(QRectF(theme.px(19), top, name, pitch), Qt::AlignVCenter, expertName(row.ref));
    drawSparkline(
        painter,
        QRectF(theme.px(19) + name, top + 2, std::max(10.0, width() - theme.px(19) - name - figure), pitch - 4),
        row.points, theme.pinStroke(row.pin), 1.5);
    painter.setFont(theme.font(Type::control13));
    painter.setPen(theme.color(Role::text));
    painter.drawText(QRectF(width() - figure, top, figure, pitch), Qt::AlignRight | Qt::AlignVCenter,
                     formatRatio(row.ratio));
  }
}

void PinnedList::mousePressEvent(QMouseEvent* event) {
  const auto row = static_cast<std::size_t>(std::max(0.0, event->position().y() / Theme::instance().px(kPinRow)));
  if (row < rows_.size()) emit clicked(rows_[row].ref);
}

}  // namespace moe::ui
