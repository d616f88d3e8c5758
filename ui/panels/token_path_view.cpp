// SPDX-License-Identifier: GPL-3.0-or-later
#include <QFontMetricsF>
#include <QMouseEvent>
#include <QPainter>
#include <QPainterPath>
#include <algorithm>
#include <cmath>

#include "ui/panels/marks.h"
#include "ui/panels/token_path_panel.h"
#include "ui/panels/view_kit.h"
#include "ui/widgets/theme.h"

namespace moe::ui {
namespace {

constexpr double kHeader = 22, kLowestPitch = 40, kHighestPitch = 88;
constexpr double kRibbonBase = 1.5, kRibbonPerWeight = 7;

/// ".71"; a lone expert has weight "1".
QString weightFigure(double weight) {
  const QString text = formatFixed(weight, 2);
  return text.startsWith(QLatin1String("0.")) ? text.mid(1) : weight >= 0.995 ? QStringLiteral("1") : text;
}

void ribbon(QPainter& painter, QPointF from, QPointF to, double weight, QColor colour) {
  QPainterPath path(from);
  const double reach = (to.y() - from.y()) * 0.62;
  path.cubicTo(from + QPointF(0, reach), to - QPointF(0, reach), to);
  painter.setPen(QPen(colour, kRibbonBase + kRibbonPerWeight * weight, Qt::SolidLine, Qt::FlatCap));
  painter.drawPath(path);
}

}  // namespace

std::vector<LayerChoice> choicesOf(const protocol::Trace& trace, int token) {
  std::vector<LayerChoice> out;
  if (token < 0 || token >= trace.tokens()) return out;
  const auto tokens = trace.pieces.size(), t = static_cast<std::size_t>(token);
  const auto k = static_cast<std::size_t>(std::max(trace.top_k, 0)),
             experts = static_cast<std::size_t>(std::max(trace.experts, 0));
  for (std::size_t l = 0; l < static_cast<std::size_t>(std::max(trace.layers, 0)); ++l) {
    LayerChoice choice;
    std::vector<bool> chosen(experts, false);
    for (std::size_t c = 0; c < k; ++c) {
      const std::size_t at = (l * tokens + t) * k + c;
      if (at >= trace.experts_of.size() || trace.experts_of[at] < 0) continue;
      const int expert = trace.experts_of[at];
      choice.picks.push_back(
          {expert, at < trace.weights.size() ? static_cast<double>(trace.weights[at]) : std::nan("")});
      if (static_cast<std::size_t>(expert) < experts) chosen[static_cast<std::size_t>(expert)] = true;
    }
    const std::size_t base = (l * tokens + t) * experts;
    if (base + experts <= trace.probabilities.size()) {
      for (std::size_t e = 0; e < experts; ++e) {
        choice.probabilities.push_back(static_cast<double>(trace.probabilities[base + e]));
        const bool better =
            choice.next < 0 || choice.probabilities[e] > choice.probabilities[static_cast<std::size_t>(choice.next)];
        if (!chosen[e] && better) choice.next = static_cast<int>(e);
      }
    }
    out.push_back(std::move(choice));
  }
  return out;
}

TokenPathView::TokenPathView(RunHistory& history, Selection& selection, QWidget* parent)
    : QWidget(parent), history_(history), selection_(selection) {
  setMouseTracking(true);
  setFocusPolicy(Qt::StrongFocus);
  if (selection.primary()) cursor_ = *selection.primary();
  setAccessibleDescription(tr("Layers by experts. Arrow keys move, Enter opens the expert, P pins it."));
  const auto repaint = [this] {
    update();
    emit wordsChanged();
  };
  connect(&selection, &Selection::hoverChanged, this, repaint);
  connect(&selection, &Selection::primaryChanged, this, [this, repaint] {
    if (const auto primary = selection_.primary()) cursor_ = *primary;
    repaint();
  });
  connect(&selection, &Selection::pinsChanged, this, repaint);
}

void TokenPathView::refresh() {
  trace_.reset();
  token_ = -1;
  const auto token = selection_.token();
  const auto probe = history_.probe();
  if (token && token->strip < 0)
    trace_ = history_.ownTrace();
  else if (token && probe && static_cast<std::size_t>(token->strip) < probe->strips.size())
    trace_ = {probe, &probe->strips[static_cast<std::size_t>(token->strip)]};
  if (trace_ && token->position < trace_->tokens())
    token_ = token->position;
  else
    trace_.reset();
  choices_ = trace_ ? choicesOf(*trace_, token_) : std::vector<LayerChoice>{};
  loads_ = history_.window();
  moveCursor(0, 0);
  updateGeometry();
  update();
}

ExpertAxis TokenPathView::axis() const { return ExpertAxis::of(*this, trace_ ? trace_->experts : 0); }

double TokenPathView::pitch() const {
  const Theme& theme = Theme::instance();
  const auto layers = static_cast<double>(std::max<std::size_t>(choices_.size(), 1));
  return std::clamp((height() - theme.px(kHeader)) / layers, theme.px(kLowestPitch) * 1.0,
                    theme.px(kHighestPitch) * 1.0);
}

double TokenPathView::cellHeight() const { return std::round(pitch() * 0.54); }

QRectF TokenPathView::cell(int layer, int expert) const {
  return axis().cell(expert, std::round(Theme::instance().px(kHeader) + layer * pitch()), cellHeight());
}

QPointF TokenPathView::residual(int layer) const {
  const auto& picks = choices_[static_cast<std::size_t>(layer)].picks;
  double x = 0, total = 0;
  for (const auto& pick : picks) {
    const double w = std::isfinite(pick.weight) ? std::max(pick.weight, 1e-6) : 1;
    x += w * axis().centre(pick.expert);
    total += w;
  }
  const double y = cell(layer, 0).bottom() + (pitch() - cellHeight()) / 2;
  return {total > 0 ? x / total : (axis().left + axis().right) / 2, y};
}

QSize TokenPathView::sizeHint() const {
  return {
      Theme::instance().px(740),
      Theme::instance().px(kHeader + kHighestPitch * static_cast<double>(std::max<std::size_t>(choices_.size(), 4)))};
}

QSize TokenPathView::minimumSizeHint() const {
  return {
      Theme::instance().px(320),
      Theme::instance().px(kHeader + kLowestPitch * static_cast<double>(std::max<std::size_t>(choices_.size(), 2)))};
}

void TokenPathView::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::instance();
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  if (!trace_ || choices_.empty()) {
    drawEmptyText(painter, rect(),
                  history_.probe() || history_.ownTrace()
                      ? tr("Click a token to see its way through the layers.")
                      : tr("Held-out text appears at the first probe; then click a token to see its way."));
    return;
  }
  const auto hovered = selection_.hovered();
  const auto strong = hovered ? hovered : selection_.primary();
  drawExpertLabels(painter, axis(), 0, theme.px(kHeader) - 4, strong ? strong->expert : -1);
  painter.setFont(theme.font(Type::caption12));
  painter.setPen(theme.color(Role::text3));
  painter.drawText(QRectF(axis().rightColumn(), 0, width() - axis().rightColumn(), theme.px(kHeader) - 4),
                   Qt::AlignVCenter, tr("weights"));
  const int layers = static_cast<int>(choices_.size());
  for (int l = 0; l < layers; ++l) paintRibbons(painter, l);
  for (int l = 0; l + 1 < layers; ++l) {
    painter.setPen(QPen(theme.color(Role::text2), 1.5));
    painter.setBrush(theme.color(Role::canvas));
    painter.drawEllipse(residual(l), 3.5, 3.5);
  }
  for (int l = 0; l < layers; ++l) {
    paintRow(painter, l);
    paintWeights(painter, l);
  }
  paintCursor(painter);
}

void TokenPathView::paintCursor(QPainter& painter) {
  if (!hasFocus()) return;
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setBrush(Qt::NoBrush);
  painter.setPen(QPen(Theme::instance().color(Role::accent), 2));
  painter.drawRoundedRect(cell(cursor_.layer, cursor_.expert).adjusted(-4, -4, 4, 4), 6, 6);
}

void TokenPathView::paintRibbons(QPainter& painter, int layer) {
  const Theme& theme = Theme::instance();
  const auto& picks = choices_[static_cast<std::size_t>(layer)].picks;
  const bool last = layer + 1 == static_cast<int>(choices_.size());
  painter.setBrush(Qt::NoBrush);
  for (const auto& pick : picks) {
    const Holder holder = holderOf(selection_, {layer, pick.expert});
    QColor colour = holder ? holder.fill() : theme.color(Role::soft);
    if (holder) colour.setAlphaF(0.6F);
    const QRectF box = cell(layer, pick.expert);
    const double weight = std::isfinite(pick.weight) ? std::clamp(pick.weight, 0.0, 1.0) : 0.5;
    if (layer > 0) ribbon(painter, residual(layer - 1), {box.center().x(), box.top()}, weight, colour);
    if (!last) ribbon(painter, {box.center().x(), box.bottom()}, residual(layer), weight, colour);
  }
}

void TokenPathView::paintRow(QPainter& painter, int layer) {
  const Theme& theme = Theme::instance();
  const LayerChoice& choice = choices_[static_cast<std::size_t>(layer)];
  const ExpertAxis columns = axis();
  const QRectF first = cell(layer, 0);
  const bool strong = selection_.primary() ? selection_.primary()->layer == layer : selection_.layer() == layer;
  QFont label = theme.font(Type::caption12);
  if (strong) label.setWeight(QFont::DemiBold);
  painter.setFont(label);
  painter.setPen(theme.color(strong ? Role::text : Role::text2));
  painter.drawText(QRectF(0, first.top(), columns.left - 8, first.height()), Qt::AlignVCenter, layerName(layer));
  painter.setRenderHint(QPainter::Antialiasing, false);
  for (int e = 0; e < columns.experts; ++e) {
    const QRectF box = cell(layer, e);
    if (loads_.isDead(layer, e)) {
      painter.setBrushOrigin(box.topLeft());
      painter.fillRect(box, hatchBrush(devicePixelRatioF()));
      continue;
    }
    painter.fillRect(box, theme.color(Role::grid));
    const auto at = static_cast<std::size_t>(e);
    const double p = at < choice.probabilities.size() ? choice.probabilities[at] : 0;
    const double bar = std::max(1.0, std::round(box.height() * std::clamp(p, 0.0, 1.0)));
    painter.fillRect(QRectF(box.left(), box.bottom() - bar, box.width(), bar), theme.color(Role::soft));
  }
  painter.setRenderHint(QPainter::Antialiasing);
  for (const auto& pick : choice.picks) {
    const QRectF box = cell(layer, pick.expert);
    const Holder holder = holderOf(selection_, {layer, pick.expert});
    const auto at = static_cast<std::size_t>(pick.expert);
    const bool known = at < choice.probabilities.size();
    const double p = known ? choice.probabilities[at] : 1;
    QColor wash = holder ? holder.fill() : theme.color(Role::edge);
    wash.setAlphaF(holder ? 0.25F : 0.3F);
    painter.fillRect(box, wash);
    wash.setAlphaF(holder ? 0.45F : 0.5F);
    const double bar = std::round(box.height() * std::clamp(p, 0.0, 1.0));
    painter.fillRect(QRectF(box.left(), box.bottom() - bar, box.width(), bar), wash);
    if (holder) drawOutline(painter, box, holder.stroke(), holder.selected ? 2.5 : 2);
    if (holder.pin >= 0) drawPin(painter, holder.pin, box.topLeft(), theme.px(9));
    if (columns.pitch() < theme.px(22)) continue;
    QFont bold = theme.font(Type::figure12);
    bold.setWeight(QFont::DemiBold);
    painter.setFont(bold);
    painter.setPen(theme.color(Role::text));
    painter.drawText(box, Qt::AlignCenter, weightFigure(pick.weight));
  }
}

void TokenPathView::paintWeights(QPainter& painter, int layer) {
  const Theme& theme = Theme::instance();
  const LayerChoice& choice = choices_[static_cast<std::size_t>(layer)];
  const double column = axis().rightColumn(), line = theme.px(15);
  const QRectF first = cell(layer, 0);
  const QFontMetricsF metrics(theme.font(Type::caption12));
  double y = first.center().y() - line + (line + metrics.ascent() - metrics.descent()) / 2;
  double x = column;
  for (const auto& pick : choice.picks) {
    const QString name = QStringLiteral("E%1").arg(pick.expert + 1), figure = formatFixed(pick.weight, 2);
    if (x > column && x + metrics.horizontalAdvance(name + figure) + theme.px(4) > width() + 1) {
      painter.drawText(QPointF(x, y), QStringLiteral("…"));
      break;
    }
    QFont bold = theme.font(Type::figure12);
    bold.setWeight(QFont::DemiBold);
    painter.setFont(bold);
    painter.setPen(theme.color(Role::text));
    x = drawRun(painter, x, y, name) + theme.px(3);
    painter.setFont(theme.font(Type::caption12));
    x = drawRun(painter, x, y, figure) + theme.px(7);
  }
  if (choice.picks.empty()) {
    painter.setFont(theme.font(Type::caption12));
    painter.setPen(theme.color(Role::text2));
    painter.drawText(QPointF(column, y), tr("no expert"));
  }
  if (choice.next < 0) return;
  painter.setFont(theme.font(Type::tick11));
  painter.setPen(theme.color(Role::text2));
  painter.drawText(QPointF(column, y + line),
                   tr("next E%1, %2")
                       .arg(choice.next + 1)
                       .arg(formatPercent(choice.probabilities[static_cast<std::size_t>(choice.next)], 0)));
}

std::optional<ExpertRef> TokenPathView::at(QPointF point) const {
  const int expert = axis().expertAt(point.x());
  for (int l = 0; expert >= 0 && l < static_cast<int>(choices_.size()); ++l) {
    if (cell(l, expert).contains(point)) return ExpertRef{l, expert};
  }
  return std::nullopt;
}

void TokenPathView::mouseMoveEvent(QMouseEvent* event) { selection_.hover(at(event->position())); }

void TokenPathView::mousePressEvent(QMouseEvent* event) {
  const auto ref = at(event->position());
  if (event->button() != Qt::LeftButton || !ref) return QWidget::mousePressEvent(event);
  if (event->modifiers() & Qt::ControlModifier)
    selection_.togglePin(*ref);
  else
    selection_.select(ref);
}

void TokenPathView::leaveEvent(QEvent*) { selection_.hover(std::nullopt); }

}  // namespace moe::ui
