// SPDX-License-Identifier: GPL-3.0-or-later
#include <QFontMetricsF>
#include <QKeyEvent>
#include <QPainter>
#include <algorithm>
#include <cmath>
#include <limits>

#include "ui/panels/colour_scale.h"
#include "ui/panels/marks.h"
#include "ui/panels/specialization_panel.h"
#include "ui/panels/view_kit.h"
#include "ui/widgets/theme.h"

namespace moe::ui {
namespace {
constexpr double kHeader = 22, kTallestRow = 48;
}

DomainShares DomainShares::of(const protocol::ProbeReport& probe, int layer) {
  DomainShares out;
  out.domains = static_cast<int>(probe.domains.size());
  out.experts = probe.experts;
  const auto experts = static_cast<std::size_t>(out.experts), domains = static_cast<std::size_t>(out.domains);
  const std::size_t base = static_cast<std::size_t>(std::max(layer, 0)) * experts * domains;
  if (layer < 0 || probe.counts.size() < base + experts * domains || experts * domains == 0) return {};
  std::vector<double> byExpert(experts), byDomain(domains);
  double total = 0;
  const auto count = [&](std::size_t e, std::size_t d) {
    return static_cast<double>(probe.counts[base + e * domains + d]);
  };
  for (std::size_t e = 0; e < experts; ++e) {
    for (std::size_t d = 0; d < domains; ++d) {
      byExpert[e] += count(e, d);
      byDomain[d] += count(e, d);
      total += count(e, d);
    }
  }
  out.ratio.assign(experts * domains, std::numeric_limits<double>::quiet_NaN());
  out.noise.assign(experts * domains, 0);
  out.used.assign(experts, false);
  for (std::size_t e = 0; e < experts; ++e) {
    out.used[e] = byExpert[e] > 0;
    for (std::size_t d = 0; d < domains; ++d) {
      const double expected = total > 0 ? byExpert[e] * byDomain[d] / total : 0;
      if (expected <= 0) continue;
      out.ratio[d * experts + e] = count(e, d) / expected;
      out.noise[d * experts + e] = 1 / std::sqrt(expected);
    }
  }
  return out;
}

SpecializationView::SpecializationView(RunHistory& history, Selection& selection, QWidget* parent)
    : ExpertColumnView(history, selection, parent) {
  setAccessibleDescription(tr("Domains by experts of one layer. Arrow keys move."));
}

ExpertAxis SpecializationView::axis() const {
  return ExpertAxis::of(*this, shares_.experts > 0 ? shares_.experts : expertCount(history_));
}

QRectF SpecializationView::body() const { return grid_.bounds(); }

QStringList SpecializationView::domainNames() const {
  QStringList names;
  for (const auto& name : probe_ ? probe_->domains : history_.info().domains) names << QString::fromStdString(name);
  return names;
}

void SpecializationView::refresh() {
  probe_ = history_.probe();
  shares_ = probe_ ? DomainShares::of(*probe_, layer()) : DomainShares{};
  layOut();
  const ShareScale& scale = ShareScale::of(Theme::instance().dark());
  image_ = QImage(std::max(1, axis().experts), std::max(1, grid_.rows()), QImage::Format_RGB32);
  image_.fill(scale.neutral());
  for (int d = 0; d < shares_.domains; ++d) {
    auto* line = reinterpret_cast<QRgb*>(image_.scanLine(d));
    for (int e = 0; e < shares_.experts; ++e)
      line[e] = scale.colour(shares_.ratio[shares_.index(d, e)], shares_.noise[shares_.index(d, e)]);
  }
  update();
  say();
}

void SpecializationView::layOut() {
  const int rows = shares_.domains > 0 ? shares_.domains : static_cast<int>(domainNames().size());
  const double top = Theme::instance().px(kHeader), room = std::max(1.0, height() - top - 3);
  const double pitch = rows > 0 ? std::min(room / rows, kTallestRow * Theme::instance().scale()) : 1;
  grid_.setGeometry(axis(), top, pitch, rows);
  row_ = std::clamp(row_, 0, std::max(0, rows - 1));
}

QSize SpecializationView::sizeHint() const { return {Theme::instance().px(740), Theme::instance().px(210)}; }
QSize SpecializationView::minimumSizeHint() const { return {Theme::instance().px(320), Theme::instance().px(90)}; }

QString SpecializationView::describe(int expert, QPointF point) const {
  const int row = pointing() ? grid_.rowAt(point.y()) : row_;
  if (shares_.domains == 0 || row < 0 || row >= shares_.domains) return {};
  const double ratio = shares_.ratio[shares_.index(row, expert)];
  const QString name = expertName({layer(), expert}), domain = domainNames().value(row);
  if (std::isnan(ratio)) return tr("%1: no token in the held-out text").arg(name);
  return tr("%1 on %2: %3 its average share, noise ±%4")
      .arg(name, domain, formatRatio(ratio), formatFixed(noiseBand(shares_.noise[shares_.index(row, expert)]), 2));
}

void SpecializationView::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  if (axis().experts == 0 || grid_.rows() == 0) {
    drawEmptyText(painter, rect(),
                  history_.hasRun() ? tr("The data of this run have no domains, so there is nothing to specialize in.")
                                    : tr("No run is open."));
    return;
  }
  drawExpertLabels(painter, axis(), 0, Theme::instance().px(kHeader) - 4, strongColumn());
  paintLabels(painter);
  paintCells(painter);
  if (shares_.domains == 0) {
    drawEmptyText(painter, grid_.bounds().toRect(),
                  tr("Domains are measured on held-out text at the first probe. Press <b>Space</b> to train."));
    return;
  }
  paintColumns(painter);
  paintScore(painter);
}

void SpecializationView::paintLabels(QPainter& painter) {
  const Theme& theme = Theme::instance();
  // Rows of a low panel carry smaller names before they lose every other one.
  const bool small = grid_.pitch() < theme.px(15);
  painter.setFont(theme.font(small ? Type::tick11 : Type::caption12));
  painter.setPen(theme.color(Role::text2));
  const QFontMetricsF metrics(painter.font());
  const double line = theme.px(small ? 11 : 15);
  const QStringList names = domainNames();
  const int step = grid_.rowLabelStep(line);
  for (int d = 0; d < grid_.rows() && d < names.size(); d += step) {
    const double room = axis().left - 8;
    painter.drawText(QRectF(0, grid_.cell(d, 0).center().y() - line / 2, room, line), Qt::AlignRight | Qt::AlignVCenter,
                     metrics.elidedText(names[d], Qt::ElideRight, room));
  }
}

void SpecializationView::paintCells(QPainter& painter) {
  grid_.paint(painter, image_);
  const bool numbers = grid_.roomForNumbers();
  for (int e = 0; e < shares_.experts; ++e) {
    for (int d = 0; d < shares_.domains; ++d) {
      if (!shares_.used[static_cast<std::size_t>(e)]) {
        drawDead(painter, grid_.cell(d, e), devicePixelRatioF());
        continue;
      }
      const double ratio = shares_.ratio[shares_.index(d, e)];
      if (numbers && worthPrinting(ratio, shares_.noise[shares_.index(d, e)]))
        drawCellNumber(painter, grid_.cell(d, e), ratio, image_.pixel(e, d));
    }
  }
}

void SpecializationView::paintColumns(QPainter& painter) {
  const Theme& theme = Theme::instance();
  const auto column = [&](int e) { return axis().cell(e, grid_.top(), grid_.bottom() - grid_.top()); };
  const auto& pins = selection_.pins();
  for (std::size_t i = 0; i < pins.size(); ++i) {
    if (!pins[i] || pins[i]->layer != layer() || pins[i]->expert >= axis().experts) continue;
    const QRectF box = column(pins[i]->expert);
    painter.fillRect(QRectF(box.left(), box.top() - 5, box.width(), 3), theme.pinStroke(static_cast<int>(i)));
    if (axis().pitch() >= theme.px(30))
      drawPin(painter, static_cast<int>(i), QPointF(box.left() + 4, box.top() - 11), theme.px(8));
  }
  if (const auto primary = selection_.primary();
      primary && primary->layer == layer() && primary->expert < axis().experts)
    drawOutline(painter, column(primary->expert), theme.color(Role::selection), 2);
  if (hasFocus()) {
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(theme.color(Role::accent), 2));
    painter.drawRoundedRect(
        grid_.cell(row_, std::clamp(this->ExpertColumnView::column(), 0, axis().experts - 1)).adjusted(-3, -3, 3, 3), 5,
        5);
  }
}

void SpecializationView::paintScore(QPainter& painter) {
  const Theme& theme = Theme::instance();
  const auto l = static_cast<std::size_t>(layer());
  if (!probe_ || l >= probe_->information.size()) return;
  const double x = axis().rightColumn(), room = std::max(0.0, width() - x);
  double y = grid_.top() - theme.px(4);
  const auto words = [&](const QString& text, Type type, Role role, double height) {
    painter.setFont(theme.font(type));
    painter.setPen(theme.color(role));
    const QRectF box(x, y, room, height);
    painter.drawText(box, Qt::AlignLeft | Qt::AlignTop | Qt::TextWordWrap, text);
    y += painter.boundingRect(box, Qt::AlignLeft | Qt::TextWordWrap, text).height();
  };
  const bool low = height() < theme.px(150);
  words(tr("%1 bit").arg(formatFixed(probe_->information[l], 2)), Type::counter20, Role::text, theme.px(24));
  words(low ? tr("mutual information") : tr("mutual information of expert and domain"), Type::tick11, Role::text2,
        theme.px(44));
  if (l >= probe_->baseline.size() || probe_->shuffles == 0) return;
  y += theme.px(low ? 4 : 8);
  words(tr("%1 bit").arg(formatFixed(probe_->baseline[l], 2)), Type::figure12, Role::text, theme.px(16));
  words(tr("with shuffled labels, mean of %1").arg(probe_->shuffles), Type::tick11, Role::text2, theme.px(44));
}

void SpecializationView::resizeEvent(QResizeEvent*) { layOut(); }

void SpecializationView::keyPressEvent(QKeyEvent* event) {
  const int step = event->key() == Qt::Key_Down ? 1 : event->key() == Qt::Key_Up ? -1 : 0;
  if (step == 0) return ExpertColumnView::keyPressEvent(event);
  row_ = std::clamp(row_ + step, 0, std::max(0, grid_.rows() - 1));
  update();
  say();
}

}  // namespace moe::ui
