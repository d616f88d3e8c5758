// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/model_sheet_view.h"

#include <QFontMetricsF>
#include <QPainter>
#include <algorithm>

#include "ui/panels/view_kit.h"
#include "ui/widgets/theme.h"

namespace moe::ui {
namespace {

constexpr double kLabel = 190, kGap = 28, kRow = 20, kSection = 32, kHead = 46, kFigure = 76, kBar = 0.42;

QRectF strip(const QRectF& column, const QRectF& row) {
  return {column.left(), row.top(), column.width(), row.height()};
}

}  // namespace

ModelSheetView::ModelSheetView(QWidget* parent) : QWidget(parent) {
  setAccessibleName(tr("Model sheet"));
  setAccessibleDescription(tr("Sizes of your model and of a published one. Show as table reads them out."));
  QSizePolicy policy(QSizePolicy::Preferred, QSizePolicy::Minimum);
  policy.setHeightForWidth(true);
  setSizePolicy(policy);
}

void ModelSheetView::setSheets(const std::optional<protocol::ModelSheet>& ours,
                               const std::optional<protocol::ModelSheet>& theirs, const QString& missing) {
  rows_ = sheetRows(ours, theirs);
  missing_ = missing;
  const auto text = [](const std::string& words) { return QString::fromStdString(words); };
  ourTitle_ = ours ? text(ours->title) : QString();
  ourLine_ = ours ? tr("your model") : QString();
  theirTitle_ = theirs ? text(theirs->title) : QString();
  theirLine_ = theirs ? tr("%1, %2").arg(text(theirs->paper), text(theirs->year)) : QString();
  updateGeometry();
  update();
}

QSize ModelSheetView::sizeHint() const {
  const int width = Theme::instance().px(820);
  return {width, heightForWidth(width)};
}

int ModelSheetView::heightForWidth(int width) const {
  double height = headHeight() + Theme::instance().px(12);
  for (const SheetRow& row : rows_) height += rowHeight(row, width);
  return static_cast<int>(std::ceil(height));
}

double ModelSheetView::headHeight() const { return Theme::instance().px(kHead); }

ModelSheetView::Columns ModelSheetView::columns(double width) const {
  const Theme& theme = Theme::instance();
  const double label = theme.px(kLabel), gap = theme.px(kGap);
  const double each = std::max(1.0, (width - label - 2 * gap) / 2);
  return {QRectF(0, 0, label, 0), QRectF(label + gap, 0, each, 0), QRectF(label + 2 * gap + each, 0, each, 0)};
}

double ModelSheetView::rowHeight(const SheetRow& row, double width) const {
  const Theme& theme = Theme::instance();
  if (row.kind == SheetRow::Section) return theme.px(kSection);
  if (row.kind != SheetRow::Words) return theme.px(kRow);
  const QFontMetricsF metrics(theme.font(Type::tick11));
  const QRectF room(0, 0, columns(width).words().width(), 10000);
  return metrics.boundingRect(room, Qt::TextWordWrap | Qt::AlignLeft, row.words).height() + theme.px(8);
}

void ModelSheetView::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  const Theme& theme = Theme::instance();
  if (rows_.empty()) return drawEmptyText(painter, rect(), missing_);
  const Columns at = columns(width());
  paintHead(painter, at);
  double y = headHeight();
  for (const SheetRow& row : rows_) {
    const QRectF box(0, y, width(), rowHeight(row, width()));
    paintRow(painter, row, box, at);
    y += box.height();
  }
  if (!ourTitle_.isEmpty()) return;
  // The empty column says in the middle of its part of the sheet why it is empty.
  const QRectF room = at.ours.adjusted(0, headHeight() + theme.px(kSection), 0, headHeight() + theme.px(240));
  drawEmptyText(painter, room.toRect(), missing_);
}

void ModelSheetView::paintHead(QPainter& painter, const Columns& at) const {
  const Theme& theme = Theme::instance();
  const auto head = [&](const QRectF& column, const QString& title, const QString& line) {
    painter.setFont(theme.font(Type::card15));
    painter.setPen(theme.color(Role::text));
    painter.drawText(QRectF(column.left(), theme.px(4), column.width(), theme.px(20)), Qt::AlignLeft | Qt::AlignVCenter,
                     QFontMetricsF(painter.font()).elidedText(title, Qt::ElideRight, column.width()));
    painter.setFont(theme.font(Type::tick11));
    painter.setPen(theme.color(Role::text2));
    painter.drawText(QRectF(column.left(), theme.px(25), column.width(), theme.px(16)),
                     Qt::AlignLeft | Qt::AlignVCenter,
                     QFontMetricsF(painter.font()).elidedText(line, Qt::ElideRight, column.width()));
  };
  head(at.ours, ourTitle_.isEmpty() ? tr("Your model") : ourTitle_, ourLine_);
  head(at.theirs, theirTitle_, theirLine_);
}

void ModelSheetView::paintRow(QPainter& painter, const SheetRow& row, const QRectF& box, const Columns& at) const {
  const Theme& theme = Theme::instance();
  if (row.kind == SheetRow::Section) {
    painter.fillRect(QRectF(0, std::round(box.top() + theme.px(6)), width(), 1), theme.color(Role::line));
    painter.setFont(theme.font(Type::title13));
    painter.setPen(theme.color(Role::text));
    painter.drawText(box.adjusted(0, theme.px(10), 0, 0), Qt::AlignLeft | Qt::AlignVCenter, row.label);
    painter.setFont(theme.font(Type::tick11));
    painter.setPen(theme.color(Role::text3));
    for (const auto& [column, note] : {std::pair{at.ours, row.ours.note}, {at.theirs, row.theirs.note}})
      painter.drawText(strip(column, box).adjusted(0, theme.px(10), 0, 0), Qt::AlignLeft | Qt::AlignVCenter,
                       QFontMetricsF(painter.font()).elidedText(note, Qt::ElideRight, column.width()));
    return;
  }
  if (row.kind == SheetRow::Words) {
    painter.setFont(theme.font(Type::tick11));
    painter.setPen(theme.color(Role::text3));
    painter.drawText(strip(at.words(), box), Qt::TextWordWrap | Qt::AlignLeft | Qt::AlignTop, row.words);
    return;
  }
  const bool total = row.kind == SheetRow::Total;
  painter.setFont(theme.font(total ? Type::figure12 : Type::caption12));
  painter.setPen(theme.color(total ? Role::text : Role::text2));
  painter.drawText(strip(at.label, box), Qt::AlignLeft | Qt::AlignVCenter,
                   QFontMetricsF(painter.font()).elidedText(row.label, Qt::ElideRight, at.label.width()));
  paintCell(painter, row.ours, row.kind, strip(at.ours, box));
  paintCell(painter, row.theirs, row.kind, strip(at.theirs, box));
}

// Figures end on one line down the column, notes begin right of it, bars fill what is left of it.
void ModelSheetView::paintCell(QPainter& painter, const SheetCell& cell, SheetRow::Kind kind, const QRectF& box) const {
  if (cell.figure.isEmpty()) return;
  const Theme& theme = Theme::instance();
  const double figures = theme.px(kFigure), bar = std::max(0.0, box.width() * kBar - theme.px(8));
  double x = box.left();
  if (kind == SheetRow::Part) {
    // The track is the whole model; the pale part what it has of this kind, the dark one what a token touches.
    const QRectF track(x, std::round(box.center().y()) - theme.px(4), bar, theme.px(8));
    drawTrackBar(painter, track, cell.all, theme.color(Role::soft));
    const double active = track.width() * std::clamp(cell.active, 0.0, 1.0);
    if (active > 0)
      painter.fillRect(QRectF(track.left(), track.top(), std::max(1.0, active), track.height()),
                       theme.color(Role::text2));
  }
  x += bar + theme.px(8);
  painter.setFont(theme.font(kind == SheetRow::Total ? Type::title13 : Type::figure12));
  painter.setPen(theme.color(Role::text));
  painter.drawText(QRectF(x, box.top(), figures, box.height()), Qt::AlignRight | Qt::AlignVCenter, cell.figure);
  painter.setFont(theme.font(Type::tick11));
  painter.setPen(theme.color(Role::text3));
  const double left = x + figures + theme.px(10), room = box.right() - left;
  painter.drawText(QRectF(left, box.top(), room, box.height()), Qt::AlignLeft | Qt::AlignVCenter,
                   QFontMetricsF(painter.font()).elidedText(cell.note, Qt::ElideRight, room));
}

}  // namespace moe::ui
