// SPDX-License-Identifier: GPL-3.0-or-later
#include <QEvent>
#include <QFontMetricsF>
#include <QPainter>
#include <algorithm>
#include <cmath>

#include "ui/bridge/edit_words.h"
#include "ui/charts/step_ticks.h"
#include "ui/panels/colour_scale.h"
#include "ui/panels/expert_words.h"
#include "ui/panels/marks.h"
#include "ui/panels/view_kit.h"
#include "ui/panels/waterfall_panel.h"
#include "ui/widgets/theme.h"

namespace moe::ui {
namespace {
constexpr double kHeader = 22, kTallestRow = 6;  // early rows are not stretched beyond this
constexpr int kDeadRows = 3;                     // silent for fewer rows only flickers
}  // namespace

WaterfallView::WaterfallView(RunHistory& history, Selection& selection, QWidget* parent)
    : ExpertColumnView(history, selection, parent) {
  setAccessibleDescription(tr("Share of each expert of one layer over the steps, oldest at the top."));
  connect(&history, &RunHistory::runChanged, this, [this] { bins_.invalidate(); });
}

ExpertAxis WaterfallView::axis() const {
  return ExpertAxis::of(*this, bins_.experts() > 0 ? bins_.experts() : expertCount(history_));
}

QRectF WaterfallView::body() const {
  const ExpertAxis columns = axis();
  const double top = Theme::instance().px(kHeader);
  return {columns.left, top, columns.right - columns.left, std::max(1.0, height() - top - 4)};
}

qint64 WaterfallView::lastStep() const { return std::max<qint64>(1, bins_.rows() * bins_.stepsPerRow()); }

double WaterfallView::yOf(double step) const {
  const QRectF area = body();
  const double rowHeight = std::min(area.height() / std::max(1, bins_.rows()), kTallestRow * Theme::instance().scale());
  return area.top() + step / static_cast<double>(bins_.stepsPerRow()) * rowHeight;
}

QSize WaterfallView::sizeHint() const { return {Theme::instance().px(740), Theme::instance().px(190)}; }
QSize WaterfallView::minimumSizeHint() const { return {Theme::instance().px(320), Theme::instance().px(80)}; }

void WaterfallView::refresh() {
  bins_.setup(layer(), static_cast<int>(body().height() * devicePixelRatioF()));
  const int rowsBefore = image_.height();
  int first = bins_.update(history_);
  const bool dark = Theme::instance().dark();
  if (dark != dark_ || image_.width() != bins_.experts() || rowsBefore > bins_.rows()) first = 0;
  dark_ = dark;
  recolour(first);
  update();
  say();
}

void WaterfallView::recolour(int firstRow) {
  const int rows = bins_.rows(), experts = bins_.experts();
  if (rows == 0) {
    image_ = {};
    return;
  }
  if (image_.width() != experts || image_.height() != rows) {
    QImage next(experts, rows, QImage::Format_RGB32);
    const int kept = image_.width() == experts ? std::min({firstRow, image_.height(), rows}) : 0;
    for (int r = 0; r < kept; ++r)
      std::copy_n(reinterpret_cast<const QRgb*>(image_.constScanLine(r)), experts,
                  reinterpret_cast<QRgb*>(next.scanLine(r)));
    firstRow = kept;
    image_ = next;
  }
  const ShareScale& scale = ShareScale::of(dark_);
  const QRgb nothing = Theme::instance().color(Role::canvas).rgb();
  for (int r = firstRow; r < rows; ++r) {
    auto* line = reinterpret_cast<QRgb*>(image_.scanLine(r));
    const double noise = bins_.noise(r);
    for (int e = 0; e < experts; ++e) {
      const double ratio = bins_.ratio(r, e);
      line[e] = std::isnan(ratio) ? nothing : scale.colour(ratio, noise);
    }
  }
}

QString WaterfallView::describe(int expert, QPointF point) const {
  if (bins_.rows() == 0) return {};
  const double perRow = static_cast<double>(bins_.stepsPerRow());
  const double rowHeight = yOf(perRow) - yOf(0);
  const int row = static_cast<int>((point.y() - body().top()) / rowHeight);
  const int shown = std::clamp(row, 0, bins_.rows() - 1);
  const double ratio = bins_.ratio(shown, expert);
  const qint64 from = shown * bins_.stepsPerRow() + 1, to = from + bins_.stepsPerRow() - 1;
  const QString when =
      from == to ? tr("step %1").arg(formatCount(from))
                 : tr("steps %1 to %2").arg(formatCount(from), formatCount(std::min(to, history_.liveStep())));
  if (std::isnan(ratio))
    return bins_.recorded(shown) ? tr("%1 did not exist in %2").arg(expertName({layer(), expert}), when)
                                 : tr("Steps not loaded yet");
  return tr("%1: %2 fair share, %3").arg(expertName({layer(), expert}), formatRatio(ratio), when);
}

void WaterfallView::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  if (axis().experts == 0) {
    drawEmptyText(painter, rect(), tr("No run is open."));
    return;
  }
  drawExpertLabels(painter, axis(), 0, Theme::instance().px(kHeader) - 4, strongColumn());
  if (bins_.rows() == 0) {
    painter.fillRect(body(), QColor(ShareScale::of(Theme::instance().dark()).neutral()));
    drawEmptyText(painter, body().toRect(),
                  tr("Press <b>Space</b> to train. Every step adds a row: one layer, seen over time."));
    return;
  }
  paintColumns(painter);
  paintDead(painter);
  paintSteps(painter);
  paintEdits(painter);
  paintPlayhead(painter);
  paintColumnMarks(painter, 0, body().top());
  paintFocus(painter);
}

void WaterfallView::paintColumns(QPainter& painter) {
  const QRectF area = body();
  const double bottom = std::round(yOf(static_cast<double>(lastStep())) * devicePixelRatioF()) / devicePixelRatioF();
  const QRectF target(area.left(), area.top(), area.width(), bottom - area.top());
  painter.setRenderHint(QPainter::SmoothPixmapTransform, false);
  painter.drawImage(target, image_);
  const ExpertAxis columns = axis();
  const QColor canvas = Theme::instance().color(Role::canvas);
  for (int e = 1; columns.gap > 0 && e < columns.experts; ++e)
    painter.fillRect(
        QRectF(columns.cellRight(e - 1), area.top(), columns.cellLeft(e) - columns.cellRight(e - 1), target.height()),
        canvas);
}

void WaterfallView::paintDead(QPainter& painter) {
  const ExpertAxis columns = axis();
  const QBrush hatch = hatchBrush(devicePixelRatioF());
  const auto perRow = static_cast<double>(bins_.stepsPerRow());
  painter.setBrushOrigin(body().topLeft());
  for (int e = 0; e < columns.experts; ++e) {
    int run = 0;
    for (int r = 0; r <= bins_.rows(); ++r) {
      if (r < bins_.rows() && bins_.silent(r, e)) {
        ++run;
        continue;
      }
      if (run >= kDeadRows) {
        const double y0 = yOf((r - run) * perRow), y1 = yOf(r * perRow);
        painter.fillRect(columns.cell(e, y0, y1 - y0), hatch);
      }
      run = 0;
    }
  }
}

void WaterfallView::paintSteps(QPainter& painter) {
  const Theme& theme = Theme::instance();
  painter.setFont(theme.font(Type::tick11));
  painter.setPen(theme.color(Role::text2));
  const double line = theme.px(14), right = axis().left - 8;
  const double span = yOf(static_cast<double>(lastStep())) - yOf(0);
  const int most = std::max(1, static_cast<int>(span / theme.px(30)));
  for (const double step : stepTicks(0, static_cast<double>(lastStep()), most)) {
    const double y = std::clamp(yOf(step) - line / 2, body().top(), std::max(body().top(), body().bottom() - line));
    painter.drawText(QRectF(0, y, right, line), Qt::AlignRight | Qt::AlignVCenter, stepWord(step));
  }
}

void WaterfallView::paintEdits(QPainter& painter) {
  const Theme& theme = Theme::instance();
  const double column = axis().rightColumn(), line = theme.px(15), end = axis().right;
  struct Flag {
    double y, words;
    QString key, values;
  };
  std::vector<Flag> flags;
  for (const auto& edit : history_.edits()) {
    if (edit.step > lastStep()) continue;
    const double y = yOf(static_cast<double>(edit.step));
    const EditWords words = editWords(history_, edit);
    if (!words.plain().isEmpty()) flags.push_back({y, y, words.what, words.values});
  }
  // Words move apart downwards, then the tail is pushed back up into the picture.
  for (std::size_t i = 1; i < flags.size(); ++i) flags[i].words = std::max(flags[i].words, flags[i - 1].words + line);
  double limit = height() - line / 2;
  for (std::size_t i = flags.size(); i-- > 0; limit -= line) flags[i].words = std::min(flags[i].words, limit);
  painter.setRenderHint(QPainter::Antialiasing);
  QFont bold = theme.font(Type::tick11), plain = theme.font(Type::tick11);
  bold.setWeight(QFont::DemiBold);
  const QFontMetricsF metrics(plain), boldMetrics(bold);
  for (const Flag& flag : flags) {
    painter.setPen(QPen(theme.color(Role::flag), 1));
    const double y = std::floor(flag.y) + 0.5;
    painter.drawLine(QPointF(axis().left, y), QPointF(end + 2, y));
    if (flag.words < body().top() - line) continue;  // more edits than lines of words
    painter.drawPolyline(QPolygonF({{end + 2, y}, {end + 6, y}, {column - 6, flag.words}, {column - 3, flag.words}}));
    painter.setPen(theme.color(Role::flagText));
    painter.setFont(bold);
    const double base = flag.words + (metrics.ascent() - metrics.descent()) / 2;
    const QString key = boldMetrics.elidedText(flag.key, Qt::ElideRight, width() - column);
    const double x =
        drawRun(painter, column, base, key) + (key.isEmpty() ? 0 : metrics.horizontalAdvance(QLatin1Char(' ')));
    painter.setFont(plain);
    if (x + 12 < width())
      painter.drawText(QPointF(x, base), metrics.elidedText(flag.values, Qt::ElideRight, width() - x));
  }
}

void WaterfallView::paintPlayhead(QPainter& painter) {
  if (history_.isLive()) return;
  const Theme& theme = Theme::instance();
  const double y = yOf(static_cast<double>(history_.viewStep())), bottom = yOf(static_cast<double>(lastStep()));
  QColor veil = theme.color(Role::canvas);
  veil.setAlphaF(0.7F);
  painter.fillRect(QRectF(axis().left, y, axis().right - axis().left, std::max(0.0, bottom - y)), veil);
  painter.fillRect(QRectF(axis().left - 6, std::round(y) - 1, axis().right - axis().left + 12, 2),
                   theme.color(Role::accent));
}

void WaterfallView::resizeEvent(QResizeEvent*) { refresh(); }

void WaterfallView::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::PaletteChange) refresh();
}

}  // namespace moe::ui
