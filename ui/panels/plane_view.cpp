// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/plane_view.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <algorithm>
#include <cmath>
#include <utility>

#include "ui/bridge/plane_history.h"
#include "ui/bridge/run_history.h"
#include "ui/bridge/selection.h"
#include "ui/panels/plane_stage_paint.h"
#include "ui/panels/view_kit.h"
#include "ui/widgets/arrow_keys.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/theme.h"

namespace moe::ui {
namespace {

constexpr int kMostPoints = 1'500;
constexpr double kKeyStep = 0.02, kKeyLeap = 0.2;

}  // namespace

PlaneView::PlaneView(RunHistory& history, PlaneHistory& plane, Selection& selection, QWidget* parent)
    : QWidget(parent), history_(history), plane_(plane), selection_(selection) {
  setObjectName(QStringLiteral("planeView"));
  setFocusPolicy(Qt::StrongFocus);
  setCursor(Qt::CrossCursor);
  setMinimumSize(Theme::instance().px(160), Theme::instance().px(160));
  setAccessibleName(tr("Plane: who owns which region"));
  setAccessibleDescription(
      tr("Arrow keys move a probe, with Shift in large steps; Enter selects the expert that owns "
         "the place; Escape takes the probe away"));
  connect(&plane, &PlaneHistory::updated, this, &PlaneView::refresh);
  connect(&plane, &PlaneHistory::stageChanged, this, [this] { update(); });
  connect(&plane, &PlaneHistory::probeChanged, this, [this] {
    speak();
    update();
  });
  connect(&selection, &Selection::hoverChanged, this, &PlaneView::promote);
  connect(&selection, &Selection::primaryChanged, this, [this] { update(); });
  connect(&Theme::instance(), &Theme::changed, this, [this] {
    picture_.reset();
    pointMarks_ = {};
    refresh();
  });
}

PlaneView::~PlaneView() { plane_.watch(this, false); }

QSize PlaneView::sizeHint() const { return {Theme::instance().px(528), Theme::instance().px(528)}; }

void PlaneView::setLayers(const PlaneLayers& layers) {
  if (layers == layers_) return;
  layers_ = layers;
  plane_.setNoise(layers.noise);
  picture_.reset();
  refresh();
}

void PlaneView::setCovered(const std::vector<QRectF>& boxes) {
  covered_.clear();
  const QRectF a = area();
  if (a.isEmpty()) return;
  for (const QRectF& box : boxes)
    covered_.emplace_back((box.x() - a.x()) / a.width(), (box.y() - a.y()) / a.height(), box.width() / a.width(),
                          box.height() / a.height());
  picture_.reset();
  refresh();
}

void PlaneView::setFilling(bool filling) {
  filling_ = filling;
  pointMarks_ = {};
  update();
}

void PlaneView::setMagnification(double factor) {
  magnification_ = factor;
  pointMarks_ = {};
  update();
}

QRectF PlaneView::area() const {
  if (filling_) return rect();
  const int side = std::min(width(), height());
  return QRectF(0, 0, side, side);
}

QPointF PlaneView::placeAt(QPointF pixel) const {
  const QRectF a = area();
  return {std::clamp(2 * (pixel.x() - a.x()) / a.width() - 1, -1.0, 1.0),
          std::clamp(1 - 2 * (pixel.y() - a.y()) / a.height(), -1.0, 1.0)};
}

QPointF PlaneView::pixelOf(QPointF place) const {
  const QRectF a = area();
  return {a.x() + (place.x() + 1) / 2 * a.width(), a.y() + (1 - place.y()) / 2 * a.height()};
}

// ---- what is shown ----------------------------------------------------------------------------------------------

void PlaneView::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  plane_.watch(this, true);
  refresh();
}

void PlaneView::hideEvent(QHideEvent* event) {
  QWidget::hideEvent(event);
  plane_.watch(this, false);
}

void PlaneView::resizeEvent(QResizeEvent*) { pointMarks_ = {}; }

void PlaneView::refresh() {
  if (!isVisible()) return;
  const auto now = plane_.picture();
  const auto points = plane_.points();
  if (now && now == picture_ && points == points_) return;  // nothing to paint anew
  if (points != points_) pointMarks_ = {};
  points_ = points;
  picture_ = now;
  rebuild();
  speak();
  update();
}

void PlaneView::promote() {
  const auto hovered = selection_.hovered();
  const int wanted = hovered && picture_ && hovered->expert < picture_->experts ? hovered->expert : -1;
  if (std::exchange(promoted_, wanted) == wanted) return;
  rebuild();
  update();
  emit promotedChanged(promoted_);
}

void PlaneView::rebuild() {
  image_ = grain_ = {};
  lines_.clear();
  seams_.clear();
  if (!picture_) {
    labels_.clear();
    promoted_ = -1;
    return;
  }
  const auto points = plane_.points();
  const double low = points ? points->value_low : -1, high = points ? points->value_high : 1;
  if (promoted_ >= picture_->experts) promoted_ = -1;
  if (promoted_ >= 0) {
    image_ = expertImage(*picture_, promoted_, low, high);
    if (layers_.decision) lines_ = expertAnswerLines(*picture_, promoted_);
    return;
  }
  image_ = planeImage(*picture_, layers_, low, high);
  if (layers_.noise) grain_ = noiseImage(*picture_);
  if (layers_.decision) lines_ = answerLines(*picture_, low, high);
  if (layers_.owner) {
    seams_ = borderLines(picture_->grid, picture_->owner, picture_->gate);
    // A run that comes to rest gets the best places, whatever it showed on its way there.
    if (std::exchange(labelledStill_, picture_->still) != picture_->still) labels_.clear();
    labels_ =
        covered_.empty() ? regionLabels(*picture_, labels_) : regionLabels(uncovered(*picture_, covered_), labels_);
  } else {
    labels_.clear();
  }
}

void PlaneView::speak() {
  QString name = tr("Plane: who owns which region");
  if (const auto probe = plane_.probe(); probe && probing_) name = probeSentence(plane_, *probe);
  if (accessibleName() != name) setAccessibleName(name);
}

// ---- paint ------------------------------------------------------------------------------------------------------

void PlaneView::paintPoints() {
  const auto points = plane_.points();
  const qreal ratio = devicePixelRatioF();
  pointMarks_ = QPixmap(size() * ratio);
  pointMarks_.setDevicePixelRatio(ratio);
  pointMarks_.fill(Qt::transparent);
  QPainter painter(&pointMarks_);
  painter.setRenderHint(QPainter::Antialiasing);
  const double side = std::min(area().width(), area().height());
  const double radius = magnification_ * Theme::instance().scale() * std::clamp(side / 165, 1.8, 3.4);
  const auto& sample = points->train;
  drawn_ = std::min(sample.size(), kMostPoints);
  for (int i = 0; i < drawn_; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const QPointF place = pixelOf({sample.xy[2 * at], sample.xy[2 * at + 1]});
    if (points->classes > 0)
      drawClassPoint(painter, place, sample.label[at], radius);
    else
      drawValuePoint(painter, place,
                     (sample.value[at] - points->value_low) / std::max(1e-12, points->value_high - points->value_low),
                     radius);
  }
}

void PlaneView::paintEmpty(QPainter& painter) const {
  const Theme& theme = Theme::instance();
  painter.setPen(QPen(theme.color(Role::grid), 1));
  const QRectF a = area();
  for (int i = 1; i < 8; ++i) {
    painter.drawLine(QPointF(a.x() + a.width() * i / 8, a.y()), QPointF(a.x() + a.width() * i / 8, a.bottom()));
    painter.drawLine(QPointF(a.x(), a.y() + a.height() * i / 8), QPointF(a.right(), a.y() + a.height() * i / 8));
  }
}

void PlaneView::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::instance();
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const QRectF a = area();
  const double unit = magnification_ * theme.scale();
  if (image_.isNull()) {
    paintEmpty(painter);
    drawEmptyText(painter, a.toRect(),
                  history_.hasRun() ? tr("The plane is painted as soon as the engine has a picture of it. Press "
                                         "<b>Space</b> to train.")
                                    : tr("No run is open."));
    return;
  }
  painter.save();
  painter.setClipRect(a);
  painter.setRenderHint(QPainter::SmoothPixmapTransform);
  painter.drawImage(a, image_);
  if (!grain_.isNull()) {
    painter.setRenderHint(QPainter::SmoothPixmapTransform, false);
    painter.drawImage(a, grain_);
  }
  const QColor canvas = theme.color(Role::canvas);
  drawLines(painter, a, seams_, QPen(canvas, 2.5 * unit, Qt::SolidLine, Qt::RoundCap));
  drawLines(painter, a, lines_, QPen(theme.color(Role::text), 1.5 * unit, Qt::SolidLine, Qt::RoundCap));
  const bool staged = plane_.stage() >= 0 && plane_.stages();
  if (layers_.data && plane_.points() && !staged) {
    if (pointMarks_.isNull()) paintPoints();
    painter.drawPixmap(0, 0, pointMarks_);
  }
  if (staged) drawStage(painter, a, *plane_.stages(), plane_.stage(), unit);
  if (promoted_ < 0 && layers_.owner) {
    QFont font = theme.font(Type::title13);
    font.setPixelSize(static_cast<int>(std::lround(14 * unit)));
    painter.setFont(font);
    for (const RegionLabel& label : labels_)
      drawHaloText(painter, {a.x() + label.at.x() * a.width(), a.y() + label.at.y() * a.height()},
                   QStringLiteral("E%1").arg(label.expert + 1), planeInk(label.expert), 2 * unit);
  }
  painter.restore();
  if (probing_) paintProbe(painter);
  if (hasFocus() && probing_) paintFocusRing(painter, a, 2);
}

void PlaneView::paintProbe(QPainter& painter) const {
  const auto place = plane_.probePlace();
  if (!place) return;
  const double unit = magnification_ * Theme::instance().scale();
  const QPointF at = pixelOf(*place);
  const double inner = 4 * unit, ring = 7.5 * unit, outer = 15 * unit;
  for (const auto& [colour, width] : {std::pair{Theme::instance().color(Role::canvas), 4.5 * unit},
                                      std::pair{Theme::instance().color(Role::accent), 2.0 * unit}}) {
    painter.setPen(QPen(colour, width));
    painter.setBrush(Qt::NoBrush);
    painter.drawEllipse(at, ring, ring);
    for (const QPointF& way : {QPointF(1, 0), QPointF(-1, 0), QPointF(0, 1), QPointF(0, -1)})
      painter.drawLine(at + way * inner, at + way * outer);
  }
}

// ---- mouse and keys ---------------------------------------------------------------------------------------------

void PlaneView::mousePressEvent(QMouseEvent* event) {
  if (!probing_ || event->button() != Qt::LeftButton || !area().contains(event->position()))
    return QWidget::mousePressEvent(event);
  plane_.probeAt(placeAt(event->position()));
}

void PlaneView::mouseMoveEvent(QMouseEvent* event) {
  if (probing_ && (event->buttons() & Qt::LeftButton)) plane_.probeAt(placeAt(event->position()));
}

void PlaneView::keyPressEvent(QKeyEvent* event) {
  if (!probing_) return QWidget::keyPressEvent(event);
  const double step = event->modifiers() & Qt::ShiftModifier ? kKeyLeap : kKeyStep;
  const QPointF here = plane_.probePlace().value_or(QPointF(0, 0));
  if (const auto arrow = arrowDirection(event->key())) return plane_.probeAt(here + *arrow * step);
  switch (event->key()) {
    case Qt::Key_Return:
    case Qt::Key_Enter:
      if (const auto probe = plane_.probe(); probe && !probe->chosen.empty())
        selection_.select(ExpertRef{0, probe->chosen.front()});
      return;
    case Qt::Key_Escape:
      if (!plane_.probePlace()) break;
      return plane_.clearProbe();
    default:
      break;
  }
  QWidget::keyPressEvent(event);
}

// ---- words ------------------------------------------------------------------------------------------------------

QString seamSentence(const protocol::PlaneProbe& probe) {
  constexpr double kTie = 0.5;  // a lead of the first over the second below this is "near the seam"
  if (probe.probabilities.size() < 2) return {};
  std::size_t first = 0, second = 1;
  if (probe.probabilities[1] > probe.probabilities[0]) std::swap(first, second);
  for (std::size_t e = 2; e < probe.probabilities.size(); ++e) {
    if (probe.probabilities[e] > probe.probabilities[first])
      second = std::exchange(first, e);
    else if (probe.probabilities[e] > probe.probabilities[second])
      second = e;
  }
  if (probe.probabilities[first] - probe.probabilities[second] >= kTie) return {};
  const bool both = probe.chosen.size() > 1;
  return QObject::tr("Near the seam of E%1 and E%2: %3.")
      .arg(first + 1)
      .arg(second + 1)
      .arg(both ? QObject::tr("both are asked") : QObject::tr("E%1 alone is asked").arg(first + 1));
}

QString probeSentence(const PlaneHistory& plane, const protocol::PlaneProbe& probe) {
  QString out = QObject::tr("Point x %1, y %2").arg(formatFixed(probe.x, 2), formatFixed(probe.y, 2));
  if (!probe.chosen.empty() && probe.chosen.front() >= 0)
    out += QObject::tr(": E%1 with %2")
               .arg(probe.chosen.front() + 1)
               .arg(formatPercent(probe.probabilities[static_cast<std::size_t>(probe.chosen.front())], 0));
  if (probe.winner >= 0)
    out += QObject::tr(", class %1 with %2")
               .arg(plane.className(probe.winner),
                    formatPercent(probe.class_probabilities[static_cast<std::size_t>(probe.winner)]));
  else if (!probe.output.empty())
    out += QObject::tr(", value %1").arg(formatFixed(probe.output.front(), 3));
  const QString seam = seamSentence(probe);
  return seam.isEmpty() ? out + QLatin1Char('.') : out + QStringLiteral(". ") + seam;
}

}  // namespace moe::ui
