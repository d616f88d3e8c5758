// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/routing_map_view.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <algorithm>
#include <cmath>

#include "ui/panels/colour_scale.h"
#include "ui/panels/marks.h"
#include "ui/panels/view_kit.h"
#include "ui/widgets/theme.h"

namespace moe::ui {
namespace {
constexpr double kHeader = 22, kTallestRow = 84, kCvBar = 52;
}

RoutingMapView::RoutingMapView(RunHistory& history, Selection& selection, QWidget* parent)
    : QWidget(parent), history_(history), selection_(selection) {
  setMouseTracking(true);
  if (selection.primary()) cursor_ = *selection.primary();
  setFocusPolicy(Qt::StrongFocus);
  setAccessibleDescription(tr("Layers by experts. Arrow keys move, Enter opens the expert, P pins it."));
  const auto speak = [this] {
    update();
    emit spokenChanged();
  };
  connect(&selection, &Selection::hoverChanged, this, speak);
  connect(&selection, &Selection::primaryChanged, this, [this, speak] {
    if (const auto primary = selection_.primary()) cursor_ = *primary;
    speak();
  });
  connect(&selection, &Selection::pinsChanged, this, speak);
}

void RoutingMapView::refresh() {
  loads_ = history_.window();
  const int layers = loads_.layers.empty() ? history_.info().layers : static_cast<int>(loads_.layers.size());
  const int experts = loads_.layers.empty() ? history_.info().experts : static_cast<int>(loads_.layers[0].load.size());
  // Before the first step the model's layers with a router are known from the run.
  const bool known = loads_.layers.empty() && !history_.info().moe_layers.empty();
  const int rows = known ? static_cast<int>(history_.info().moe_layers.size()) : layers;
  if (rows != layers_ || experts != experts_) {
    layers_ = rows;
    experts_ = experts;
    cursor_ = {std::clamp(cursor_.layer, 0, std::max(0, layers_ - 1)),
               std::clamp(cursor_.expert, 0, std::max(0, experts_ - 1))};
  }
  layOut();
  recolour();
  update();
  emit spokenChanged();
}

void RoutingMapView::setByMass(bool byMass) {
  if (byMass == byMass_) return;
  byMass_ = byMass;
  recolour();
  update();
  emit spokenChanged();
}

void RoutingMapView::setRoomy(bool roomy) {
  roomy_ = roomy;
  layOut();
  update();
}

double RoutingMapView::tallestRow() const {
  const double tallest = kTallestRow * Theme::instance().scale();
  return roomy_ && experts_ > 0 ? std::max(tallest, 2 * ExpertAxis::of(*this, experts_).pitch()) : tallest;
}

int RoutingMapView::fullHeight() const {
  return static_cast<int>(std::ceil(Theme::instance().px(kHeader + 2) + layers_ * tallestRow()));
}

void RoutingMapView::layOut() {
  const Theme& theme = Theme::instance();
  const double top = theme.px(kHeader);
  const double room = std::max(1.0, height() - top - theme.px(2));  // the outline of the last row reaches out
  const double pitch = layers_ > 0 ? std::min(room / layers_, tallestRow()) : 1;
  grid_.setGeometry(ExpertAxis::of(*this, experts_), top, pitch, layers_);
}

void RoutingMapView::recolour() {
  const ShareScale& scale = ShareScale::of(Theme::instance().dark());
  image_ = QImage(std::max(1, experts_), std::max(1, layers_), QImage::Format_RGB32);
  image_.fill(scale.neutral());
  const double noise = loads_.noise();
  for (int l = 0; l < layers_; ++l) {
    // Totals once per row: WindowLoads::ratio adds the whole row up for every cell.
    if (static_cast<std::size_t>(l) >= loads_.layers.size()) break;
    const auto& layer = loads_.layers[static_cast<std::size_t>(l)];
    double total = 0;
    const auto value = [&](std::size_t e) {
      return byMass_ ? (e < layer.mass.size() ? layer.mass[e] : 0.0) : static_cast<double>(layer.load[e]);
    };
    for (std::size_t e = 0; e < layer.load.size(); ++e) total += value(e);
    if (total <= 0) continue;
    auto* line = reinterpret_cast<QRgb*>(image_.scanLine(l));
    for (int e = 0; e < experts_; ++e)
      line[e] = scale.colour(value(static_cast<std::size_t>(e)) * experts_ / total, noise);
  }
}

std::optional<ExpertRef> RoutingMapView::spoken() const {
  if (selection_.hovered()) return selection_.hovered();
  if (hasFocus() && layers_ > 0) return cursor_;
  return selection_.primary();
}

QSize RoutingMapView::sizeHint() const {
  const Theme& theme = Theme::instance();
  return {theme.px(740), theme.px(kHeader + 30.0 * std::clamp(layers_, 2, 8))};
}

QSize RoutingMapView::minimumSizeHint() const {
  const Theme& theme = Theme::instance();
  return {theme.px(320), theme.px(kHeader + 48)};
}

void RoutingMapView::paintEvent(QPaintEvent*) {
  if (layers_ == 0 || experts_ == 0) {
    QPainter painter(this);
    drawEmptyText(painter, rect(),
                  tr("No run is open. Start one, or open a run folder, to see which expert takes which tokens."));
    return;
  }
  QPainter painter(this);
  paintLabels(painter);
  paintCells(painter);
  if (loads_.layers.empty())
    paintEmpty(painter);
  else
    paintOutlines(painter);
}

void RoutingMapView::paintLabels(QPainter& painter) {
  const Theme& theme = Theme::instance();
  const auto strong = spoken();
  drawExpertLabels(painter, grid_.axis(), 0, theme.px(kHeader) - 2, strong ? strong->expert : -1);
  const bool figures = !loads_.layers.empty();
  const double column = grid_.axis().rightColumn();
  painter.setFont(theme.font(Type::caption12));
  painter.setPen(theme.color(Role::text3));
  if (figures)
    painter.drawText(QRectF(column, 0, width() - column, theme.px(kHeader) - 2), Qt::AlignVCenter, tr("load CV"));
  const double line = theme.px(16);
  const int step = grid_.rowLabelStep(line);
  double worst = 1;
  for (const auto& layer : loads_.layers) worst = std::isfinite(layer.load_cv) ? std::max(worst, layer.load_cv) : worst;
  for (int l = 0; l < layers_; ++l) {
    const bool isStrong = strong && strong->layer == l;
    const QRectF cellBox = grid_.cell(l, 0);
    if (!isStrong && (l % step != 0 || (strong && std::abs(l - strong->layer) < step))) continue;
    const QRectF box(0, cellBox.center().y() - line / 2, grid_.axis().left - 8, line);
    QFont font = theme.font(Type::caption12);
    if (isStrong) font.setWeight(QFont::DemiBold);
    painter.setFont(font);
    painter.setPen(theme.color(isStrong ? Role::text : Role::text2));
    painter.drawText(box, Qt::AlignVCenter | Qt::AlignLeft, QStringLiteral("L%1").arg(layerNumber(l)));
    if (!figures || static_cast<std::size_t>(l) >= loads_.layers.size()) continue;
    const double cv = loads_.layers[static_cast<std::size_t>(l)].load_cv;
    drawTrackBar(painter, QRectF(column, box.center().y() - 2, theme.px(kCvBar), 4), std::isfinite(cv) ? cv / worst : 0,
                 theme.color(Role::text3));
    painter.setPen(theme.color(isStrong ? Role::text : Role::text2));
    painter.drawText(QRectF(column + theme.px(kCvBar + 10), box.top(), theme.px(46), line), Qt::AlignVCenter,
                     formatFixed(cv, 2));
  }
}

void RoutingMapView::paintCells(QPainter& painter) {
  grid_.paint(painter, image_);
  if (loads_.layers.empty()) return;
  const bool numbers = grid_.roomForNumbers();
  const double noise = loads_.noise();
  for (int l = 0; l < layers_; ++l) {
    const auto* colours = reinterpret_cast<const QRgb*>(image_.constScanLine(l));
    const auto& load = loads_.layers[static_cast<std::size_t>(l)].load;
    for (int e = 0; e < experts_; ++e) {
      if (load[static_cast<std::size_t>(e)] == 0) {
        if (loads_.assignmentsPerLayer > 0) drawDead(painter, grid_.cell(l, e), devicePixelRatioF());
        continue;
      }
      if (!numbers) continue;
      const double ratio = loads_.ratio(l, e, byMass_);
      if (worthPrinting(ratio, noise)) drawCellNumber(painter, grid_.cell(l, e), ratio, colours[e]);
    }
  }
}

void RoutingMapView::paintOutlines(QPainter& painter) {
  const Theme& theme = Theme::instance();
  const double small = std::min(1.0, std::min(grid_.axis().pitch(), grid_.pitch()) / 14);
  const auto inGrid = [this](const ExpertRef& ref) {
    return ref.layer >= 0 && ref.layer < layers_ && ref.expert >= 0 && ref.expert < experts_;
  };
  const auto& pins = selection_.pins();
  for (std::size_t i = 0; i < pins.size(); ++i) {
    if (!pins[i] || !inGrid(*pins[i])) continue;
    const QRectF box = grid_.cell(pins[i]->layer, pins[i]->expert);
    drawOutline(painter, box, theme.pinStroke(static_cast<int>(i)), 2 * std::max(0.6, small));
    drawPin(painter, static_cast<int>(i), box.topLeft(), theme.px(10) * std::max(0.7, small));
  }
  if (const auto hovered = selection_.hovered(); hovered && inGrid(*hovered)) {
    painter.setPen(QPen(theme.color(Role::text2), 1));
    painter.setBrush(Qt::NoBrush);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.drawRoundedRect(grid_.cell(hovered->layer, hovered->expert).adjusted(0.5, 0.5, -0.5, -0.5), 2, 2);
  }
  if (const auto primary = selection_.primary(); primary && inGrid(*primary))
    drawOutline(painter, grid_.cell(primary->layer, primary->expert), theme.color(Role::selection), 2.5);
  if (hasFocus()) {
    const QRectF box = grid_.cell(cursor_.layer, cursor_.expert);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(theme.color(Role::accent), 2));
    painter.drawRoundedRect(box.adjusted(-4, -4, 4, 4), 6, 6);
  }
}

void RoutingMapView::paintEmpty(QPainter& painter) {
  drawEmptyText(
      painter, grid_.bounds().toRect(),
      tr("Press <b>Space</b> to train. Each square is one expert in one layer; colour will show its share of tokens."));
}

std::optional<ExpertRef> RoutingMapView::at(QPointF point) const {
  const int layer = grid_.rowAt(point.y()), expert = grid_.axis().expertAt(point.x());
  if (layer < 0 || expert < 0) return std::nullopt;
  return ExpertRef{layer, expert};
}

void RoutingMapView::resizeEvent(QResizeEvent*) { layOut(); }

void RoutingMapView::mouseMoveEvent(QMouseEvent* event) { selection_.hover(at(event->position())); }

void RoutingMapView::leaveEvent(QEvent*) { selection_.hover(std::nullopt); }

void RoutingMapView::mousePressEvent(QMouseEvent* event) {
  const auto ref = at(event->position());
  if (event->button() != Qt::LeftButton || !ref) return QWidget::mousePressEvent(event);
  cursor_ = *ref;
  if (event->modifiers() & Qt::ControlModifier)
    selection_.togglePin(*ref);
  else
    selection_.select(ref);
}

void RoutingMapView::moveCursor(int layers, int experts) {
  if (layers_ == 0) return;
  cursor_ = {std::clamp(cursor_.layer + layers, 0, layers_ - 1), std::clamp(cursor_.expert + experts, 0, experts_ - 1)};
  selection_.hover(std::nullopt);  // the keyboard took over from the mouse
  update();
  emit spokenChanged();
}

void RoutingMapView::keyPressEvent(QKeyEvent* event) {
  if (event->modifiers() & ~Qt::KeypadModifier) return QWidget::keyPressEvent(event);
  switch (event->key()) {
    case Qt::Key_Left:
      return moveCursor(0, -1);
    case Qt::Key_Right:
      return moveCursor(0, 1);
    case Qt::Key_Up:
      return moveCursor(-1, 0);
    case Qt::Key_Down:
      return moveCursor(1, 0);
    case Qt::Key_Home:
      return moveCursor(0, -experts_);
    case Qt::Key_End:
      return moveCursor(0, experts_);
    case Qt::Key_Return:
    case Qt::Key_Enter:
      if (layers_ > 0) selection_.select(cursor_);
      return;
    case Qt::Key_P:
      if (layers_ > 0) selection_.togglePin(cursor_);
      return;
    default:
      QWidget::keyPressEvent(event);
  }
}

void RoutingMapView::focusInEvent(QFocusEvent* event) {
  QWidget::focusInEvent(event);
  emit spokenChanged();
}

void RoutingMapView::focusOutEvent(QFocusEvent* event) {
  QWidget::focusOutEvent(event);
  emit spokenChanged();
}

bool RoutingMapView::event(QEvent* event) { return keepsCursorKeys(event) || QWidget::event(event); }

}  // namespace moe::ui
