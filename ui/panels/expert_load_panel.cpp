// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/expert_load_panel.h"

#include <QPainter>
#include <algorithm>
#include <cmath>
#include <vector>

#include "ui/charts/step_ticks.h"
#include "ui/panels/colour_scale.h"
#include "ui/panels/expert_words.h"
#include "ui/panels/marks.h"
#include "ui/panels/view_kit.h"
#include "ui/widgets/theme.h"

namespace moe::ui {
namespace {
constexpr double kHeader = 22;
}

ExpertLoadView::ExpertLoadView(RunHistory& history, Selection& selection, QWidget* parent)
    : ExpertColumnView(history, selection, parent) {
  setAccessibleDescription(tr("Share of choices of each expert of one layer. Arrow keys move between experts."));
}

ExpertAxis ExpertLoadView::axis() const {
  const auto l = static_cast<std::size_t>(layer());
  const int experts = l < loads_.layers.size() ? static_cast<int>(loads_.layers[l].load.size()) : expertCount(history_);
  return ExpertAxis::of(*this, experts);
}

QRectF ExpertLoadView::body() const {
  const ExpertAxis columns = axis();
  const double top = Theme::instance().px(kHeader);
  return {columns.left, top, columns.right - columns.left, std::max(1.0, height() - top - 8)};
}

double ExpertLoadView::yOf(double share) const {
  const QRectF area = body();
  return area.bottom() - share / top_ * area.height();
}

double ExpertLoadView::share(int expert) const { return loads_.ratio(layer(), expert) / std::max(1, axis().experts); }

void ExpertLoadView::refresh() {
  loads_ = history_.window();
  const int experts = std::max(1, axis().experts);
  // At least twice the fair share, then in halves of it, so that the scale does not creep with every batch.
  double most = 2.0 / experts;
  for (int e = 0; e < experts; ++e) {
    const double s = share(e);
    if (std::isfinite(s)) most = std::max(most, s * 1.12);
  }
  const double grain = 0.5 / experts;
  top_ = std::min(std::ceil(most / grain) * grain, std::max(1.0, most));
  update();
  say();
}

QSize ExpertLoadView::sizeHint() const { return {Theme::instance().px(740), Theme::instance().px(190)}; }
QSize ExpertLoadView::minimumSizeHint() const { return {Theme::instance().px(320), Theme::instance().px(80)}; }

QString ExpertLoadView::describe(int expert, QPointF) const {
  if (loads_.layers.empty()) return {};
  return expertSentence(history_, loads_, {layer(), expert}, false).plain();
}

void ExpertLoadView::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  if (axis().experts == 0) {
    drawEmptyText(painter, rect(), tr("No run is open."));
    return;
  }
  drawExpertLabels(painter, axis(), 0, Theme::instance().px(kHeader) - 4, strongColumn());
  paintScale(painter);
  if (loads_.layers.empty()) {
    drawEmptyText(painter, body().toRect(),
                  tr("Press <b>Space</b> to train. Each bar will be one expert's share of the layer's tokens."));
    return;
  }
  paintBars(painter);
  paintColumnMarks(painter, 0, body().top());
  paintFocus(painter);
}

void ExpertLoadView::paintScale(QPainter& painter) {
  const Theme& theme = Theme::instance();
  const QRectF area = body();
  const double fair = 1.0 / axis().experts, line = theme.px(14);
  const double band = noiseBand(loads_.noise()) * fair;
  if (band > 0)
    painter.fillRect(
        QRectF(QPointF(area.left(), yOf(fair + band)), QPointF(area.right(), yOf(std::max(0.0, fair - band)))),
        theme.color(Role::sunken));
  painter.setFont(theme.font(Type::tick11));
  for (const double tick : roundTicks(0, top_, std::max(2, static_cast<int>(area.height() / theme.px(36))))) {
    const double y = std::round(yOf(tick));
    painter.fillRect(QRectF(area.left(), y, area.width(), 1), theme.color(tick == 0 ? Role::soft : Role::grid));
    painter.setPen(theme.color(Role::text2));
    painter.drawText(QRectF(0, std::max(area.top() - 4, y - line / 2), area.left() - 8, line),
                     Qt::AlignRight | Qt::AlignVCenter, formatPercent(tick, top_ < 0.05 ? 1 : 0));
  }
  const double y = std::round(yOf(fair)) + 0.5, column = axis().rightColumn();
  painter.setPen(QPen(theme.color(Role::text2), 1));
  painter.drawLine(QPointF(area.right(), y), QPointF(area.right() + 8, y));
  painter.setPen(theme.color(Role::text));
  painter.drawText(QRectF(column, y - line, width() - column, line), Qt::AlignVCenter,
                   tr("fair share %1").arg(formatPercent(fair)));
  painter.setPen(theme.color(Role::text2));
  if (band > 0)
    painter.drawText(QRectF(column, y, width() - column, line), Qt::AlignVCenter,
                     tr("noise ±%1").arg(formatPercent(band)));
  const double dropped = loads_.dropped(layer());
  if (!(dropped > 0)) return;
  const QRectF words(column + theme.px(14), std::min(y + line + 4, area.bottom() - line), width() - column, line);
  painter.drawText(words, Qt::AlignVCenter, tr("%1 dropped").arg(formatPercent(dropped, dropped < 0.0995 ? 1 : 0)));
  paintDropped(painter, QRectF(column, words.top() + 2, theme.px(10), line - 4), 1);
}

void ExpertLoadView::paintBars(QPainter& painter) {
  const Theme& theme = Theme::instance();
  const ShareScale& scale = ShareScale::of(theme.dark());
  const ExpertAxis columns = axis();
  const QRectF area = body();
  const double noise = loads_.noise(), line = theme.px(14);
  const bool numbers = columns.pitch() >= theme.px(26);
  for (int e = 0; e < columns.experts; ++e) {
    if (loads_.isDead(layer(), e)) {
      drawDead(painter, columns.cell(e, area.bottom() - theme.px(18), theme.px(18)), devicePixelRatioF());
      continue;
    }
    const double value = share(e), ratio = loads_.ratio(layer(), e);
    const QRectF bar = columns.cell(e, yOf(value), area.bottom() - yOf(value));
    painter.fillRect(bar, QColor(scale.colour(ratio, noise)));
    if (const double dropped = loads_.dropped(layer(), e); dropped > 0) paintDropped(painter, bar, dropped);
    painter.fillRect(QRectF(bar.left(), bar.top(), bar.width(), 1.5), theme.color(Role::text3));
    if (!numbers || !worthPrinting(ratio, noise)) continue;
    painter.setFont(theme.font(Type::figure12));
    painter.setPen(theme.color(Role::text));
    // A number never sits on the line of the fair share.
    const double fair = yOf(1.0 / columns.experts), lowest = bar.top() - 1;
    const double foot = lowest > fair - 1 && lowest - line < fair ? fair - 1 : lowest;
    painter.drawText(QRectF(bar.center().x() - columns.pitch(), foot - line, 2 * columns.pitch(), line),
                     Qt::AlignCenter, formatFixed(ratio, 1) + QChar(0x00D7));
  }
  // The fair share again over the bars: it is what they are measured against.
  QPen dash(theme.color(Role::text2), 1);
  dash.setDashPattern({3, 3});
  painter.setPen(dash);
  const double y = std::round(yOf(1.0 / columns.experts)) + 0.5;
  painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y));
}

/// What found the expert full: the upper part of the bar, hatched and outlined, so that it needs no colour.
void ExpertLoadView::paintDropped(QPainter& painter, const QRectF& bar, double share) const {
  const double height = std::max(2.0, std::round(bar.height() * share));
  const QRectF part(bar.left(), bar.top(), bar.width(), std::min(height, bar.height()));
  painter.setBrushOrigin(part.topLeft());
  painter.fillRect(part, hatchBrush(devicePixelRatioF()));
  painter.setPen(QPen(Theme::instance().color(Role::edge), 1));
  painter.setBrush(Qt::NoBrush);
  painter.drawRect(part.adjusted(0.5, 0.5, -0.5, -0.5));
}

ExpertLoadPanel::ExpertLoadPanel(RunHistory& history, Selection& selection, QWidget* parent)
    : Panel(tr("Expert load"), history, selection, parent), view_(new ExpertLoadView(history, selection)) {
  setBody(view_);
  connect(view_, &ExpertLoadView::wordsChanged, this, &ExpertLoadPanel::title);
  connect(&selection, &Selection::primaryChanged, this, &ExpertLoadPanel::refresh);
  title();
}

// A view that loses focus while it is deleted still speaks: not to a panel that is gone.
ExpertLoadPanel::~ExpertLoadPanel() { view_->disconnect(this); }

void ExpertLoadPanel::title() {
  const QString words = view_->words();
  setSubtitle(words.isEmpty() ? tr("layer %1, share of choices in the last %2")
                                    .arg(layerNumber(selection_.layer()))
                                    .arg(batches(history_.windowSteps()))
                              : words);
}

void ExpertLoadPanel::refresh() {
  view_->refresh();
  title();
}

PanelTable ExpertLoadPanel::table() const {
  PanelTable out;
  out.columns = {"layer", "expert", "from_step", "to_step", "assignments", "share", "ratio", "noise_sd", "kept"};
  const WindowLoads loads = history_.window();
  const int layer = selection_.layer();
  if (static_cast<std::size_t>(layer) >= loads.layers.size()) return out;
  const auto& load = loads.layers[static_cast<std::size_t>(layer)].load;
  const auto& kept = loads.layers[static_cast<std::size_t>(layer)].kept;
  for (std::size_t e = 0; e < load.size(); ++e) {
    const double ratio = loads.ratio(layer, static_cast<int>(e));
    out.rows.push_back({QString::number(layerNumber(layer)), QString::number(e + 1), QString::number(loads.from + 1),
                        QString::number(loads.to), QString::number(load[e]),
                        csvNumber(ratio / static_cast<double>(load.size())), csvNumber(ratio), csvNumber(loads.noise()),
                        kept.empty() ? QString() : QString::number(kept[e])});
  }
  return out;
}

}  // namespace moe::ui
