// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/knob_slider.h"

#include <QDateTime>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <algorithm>
#include <cmath>

#include "ui/widgets/buttons.h"
#include "ui/widgets/theme.h"

namespace moe::ui {
namespace {

constexpr int kTicks = 1000;        // of the accessible value
constexpr double kZeroZone = 0.04;  // left end of a log slider whose minimum is 0
constexpr qint64 kBurstMs = 800;

int nextSession() {
  static int session = 0;
  return ++session;
}

double rounded(double value, int significant) {
  if (value == 0 || !std::isfinite(value)) return value;
  const double scale = std::pow(10.0, significant - 1 - std::floor(std::log10(std::abs(value))));
  return std::round(value * scale) / scale;
}

}  // namespace

KnobSlider::KnobSlider(const KnobSpec& spec, QWidget* parent) : QAbstractSlider(parent), spec_(spec) {
  setOrientation(Qt::Horizontal);
  setRange(0, kTicks);
  setSingleStep(kTicks / 50);
  setPageStep(kTicks / 10);
  setFocusPolicy(Qt::StrongFocus);
  setAttribute(Qt::WA_Hover);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  setAccessibleName(spec.label);
  setAccessibleDescription(spec.help);
  setToolTip(spec.help);
  connect(&Theme::instance(), &Theme::changed, this, [this] {
    updateGeometry();
    update();
  });
}

QSize KnobSlider::sizeHint() const { return {Theme::instance().px(80), Theme::instance().px(20)}; }

double KnobSlider::position(double value) const {
  const double low = spec_.sliderMinimum, high = spec_.sliderMaximum;
  if (!std::isfinite(value) || high <= low) return 0;
  if (!spec_.logScale) return std::clamp((value - low) / (high - low), 0.0, 1.0);
  const bool zero = spec_.minimum <= 0;
  if (value <= 0) return 0;
  const double t = std::clamp(std::log(value / low) / std::log(high / low), 0.0, 1.0);
  return zero ? kZeroZone + t * (1 - kZeroZone) : t;
}

double KnobSlider::valueAt(double at) const {
  const double low = spec_.sliderMinimum, high = spec_.sliderMaximum;
  const double t = std::clamp(at, 0.0, 1.0);
  double value = low + t * (high - low);
  if (spec_.logScale) {
    const bool zero = spec_.minimum <= 0;
    if (zero && t < kZeroZone / 2) return 0;
    const double u = zero ? std::max(0.0, (t - kZeroZone) / (1 - kZeroZone)) : t;
    value = low * std::pow(high / low, u);
  }
  if (spec_.kind == KnobSpec::Integer) return std::round(spec_.logScale ? rounded(value, 2) : value);
  return std::clamp(rounded(value, spec_.logScale ? 2 : 3), std::min(low, spec_.minimum), high);
}

void KnobSlider::setKnobValue(double value) {
  knob_ = value;
  at_ = position(value);
  const QSignalBlocker quiet(this);
  setSliderPosition(static_cast<int>(std::lround(at_ * kTicks)));
  update();
}

void KnobSlider::edit(double at) {
  at_ = std::clamp(at, 0.0, 1.0);
  const double value = valueAt(at_);
  {
    const QSignalBlocker quiet(this);
    setSliderPosition(static_cast<int>(std::lround(at_ * kTicks)));
  }
  update();
  if (value == knob_) return;
  knob_ = value;
  emit edited(knob_, session_);
}

double KnobSlider::left() const { return Theme::instance().px(7); }
double KnobSlider::groove() const { return std::max(1.0, width() - 2 * left()); }
double KnobSlider::handleX() const { return left() + at_ * groove(); }

void KnobSlider::mousePressEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton) return event->ignore();
  session_ = nextSession();
  dragging_ = true;
  const double x = event->position().x();
  const bool onHandle = std::abs(x - handleX()) <= Theme::instance().px(9);
  if (!onHandle) edit((x - left()) / groove());
  grabbedX_ = x;
  grabbedAt_ = at_;
  setSliderDown(true);
  update();
}

void KnobSlider::mouseMoveEvent(QMouseEvent* event) {
  if (!dragging_) return;
  const double moved = (event->position().x() - grabbedX_) / groove();
  edit(grabbedAt_ + moved * (event->modifiers() & Qt::ControlModifier ? 0.1 : 1.0));
}

void KnobSlider::mouseReleaseEvent(QMouseEvent*) {
  dragging_ = false;
  setSliderDown(false);
  update();
}

void KnobSlider::mouseDoubleClickEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton) return;
  const double standard = numberOf(spec_.fallback);
  if (!std::isfinite(standard)) return;
  session_ = nextSession();
  knob_ = std::numeric_limits<double>::quiet_NaN();  // the first click of the two may have moved it
  edit(position(standard));
}

void KnobSlider::nudge(double steps) {
  const qint64 now = QDateTime::currentMSecsSinceEpoch();
  if (now - lastKey_ > kBurstMs) session_ = nextSession();
  lastKey_ = now;
  const double before = knob_;
  const bool integer = spec_.kind == KnobSpec::Integer && !spec_.logScale;
  const double by = integer ? steps / std::max(1.0, spec_.sliderMaximum - spec_.sliderMinimum) : steps * 0.02;
  double at = at_ + by;
  // Rounding must not swallow a key press.
  for (int i = 0; i < 20 && valueAt(at) == before && at > 0 && at < 1; ++i) at += by / 2;
  edit(at);
}

void KnobSlider::keyPressEvent(QKeyEvent* event) {
  switch (event->key()) {
    case Qt::Key_Left:
    case Qt::Key_Down:
      return nudge(-1);
    case Qt::Key_Right:
    case Qt::Key_Up:
      return nudge(1);
    case Qt::Key_PageDown:
      return nudge(-5);
    case Qt::Key_PageUp:
      return nudge(5);
    case Qt::Key_Home:
      session_ = nextSession();
      return edit(0);
    case Qt::Key_End:
      session_ = nextSession();
      return edit(1);
    default:
      QAbstractSlider::keyPressEvent(event);
  }
}

void KnobSlider::wheelEvent(QWheelEvent* event) {
  if (!hasFocus() || event->angleDelta().y() == 0) return event->ignore();  // the form scrolls
  nudge(event->angleDelta().y() > 0 ? 1 : -1);
  event->accept();
}

void KnobSlider::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::instance();
  QPainter p(this);
  p.setRenderHint(QPainter::Antialiasing);
  const double y = height() / 2.0 - theme.px(1), thick = theme.px(4), x = handleX();
  const bool lit = hasFocus() || dragging_;
  p.setPen(Qt::NoPen);
  p.setBrush(theme.color(Role::soft));
  p.drawRoundedRect(QRectF(0, y - thick / 2, width(), thick), thick / 2, thick / 2);
  p.setBrush(theme.color(!isEnabled() ? Role::soft : lit ? Role::accentFill : Role::text2));
  p.drawRoundedRect(QRectF(0, y - thick / 2, x, thick), thick / 2, thick / 2);
  const double standard = numberOf(spec_.fallback);
  if (std::isfinite(standard)) {
    p.setBrush(theme.color(Role::edge));
    p.drawRect(QRectF(left() + position(standard) * groove() - 0.5, y + theme.px(5), 1, theme.px(4)));
  }
  const double radius = theme.px(7);
  if (lit) {
    p.setBrush(theme.color(Role::accentWash));
    p.drawEllipse(QPointF(x, y), radius + theme.px(2), radius + theme.px(2));
  }
  p.setPen(QPen(theme.color(lit ? Role::accent : Role::edge), 1.5));
  p.setBrush(theme.color(theme.dark() && !lit ? Role::text2 : Role::canvas));
  p.drawEllipse(QPointF(x, y), radius - 0.75, radius - 0.75);
}

}  // namespace moe::ui
