// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/timeline.h"

#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QPainterPath>
#include <QToolTip>
#include <algorithm>
#include <cmath>
#include <utility>

#include "ui/bridge/edit_words.h"
#include "ui/bridge/run_history.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/theme.h"

namespace moe::ui {
namespace {

QColor tone(Role role) { return Theme::instance().color(role); }
constexpr int kPaceMs = 400;
double dp(double pixels) { return Theme::instance().px(pixels); }

/// 1, 2 or 5 times a power of ten, so that about `count` ticks fit.
qint64 niceStep(qint64 span, int count) {
  const double raw = static_cast<double>(std::max<qint64>(span, 1)) / std::max(count, 1);
  const double power = std::pow(10.0, std::floor(std::log10(raw)));
  for (const double factor : {1.0, 2.0, 5.0, 10.0})
    if (factor * power >= raw) return std::max<qint64>(1, std::llround(factor * power));
  return std::max<qint64>(1, std::llround(10 * power));
}

}  // namespace

TimelineView::TimelineView(RunHistory& history, QWidget* parent) : QWidget(parent), history_(history) {
  setObjectName(QStringLiteral("timeline"));
  setFocusPolicy(Qt::StrongFocus);
  setMouseTracking(true);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
  connect(&history, &RunHistory::updated, this, &TimelineView::refresh);
  connect(&history, &RunHistory::runChanged, this, [this] {
    pace_.stop();
    refresh();
  });
  pace_.setSingleShot(true);
  pace_.setInterval(kPaceMs);
  connect(&pace_, &QTimer::timeout, this, [this] {
    if (std::exchange(waits_, false)) refresh();
  });
  connect(&history, &RunHistory::viewStepChanged, this, [this] {
    const bool stayedLive = std::exchange(wasLive_, history_.isLive()) && history_.isLive();
    if (stayedLive) return refresh();
    announce();
    update();
  });
  connect(&Theme::instance(), &Theme::changed, this, qOverload<>(&QWidget::update));
  announce();
}

QSize TimelineView::sizeHint() const { return {400, Theme::instance().px(80)}; }
QSize TimelineView::minimumSizeHint() const { return {160, Theme::instance().px(72)}; }

double TimelineView::left() const { return dp(16); }
double TimelineView::right() const { return std::max(left(), width() - dp(16)); }

double TimelineView::xOf(qint64 step) const {
  const auto live = static_cast<double>(std::max<qint64>(history_.liveStep(), 1));
  return left() + (right() - left()) * static_cast<double>(step) / live;
}

qint64 TimelineView::stepAt(double x) const {
  const auto live = static_cast<double>(std::max<qint64>(history_.liveStep(), 1));
  return std::llround(std::clamp((x - left()) / std::max(1.0, right() - left()), 0.0, 1.0) * live);
}

void TimelineView::announce() {
  const QString where =
      !history_.hasRun()  ? tr("no run")
      : history_.isLive() ? tr("live at step %1").arg(formatCount(history_.liveStep()))
                          : tr("step %1 of %2").arg(formatCount(history_.viewStep()), formatCount(history_.liveStep()));
  setAccessibleName(tr("Timeline: %1").arg(where));
}

void TimelineView::refresh() {
  announce();
  // The hill costs a pass over all steps and, painted at every step, an eighth of the window's work. Live, the playhead
  // stands at the right edge: a picture every 0.4 s is plenty. What is scrubbed is painted at once.
  if (!pace_.isActive()) {
    measureHill();
    pace_.start();
    update();
    return;
  }
  waits_ = true;
  if (!history_.isLive()) update();
}

void TimelineView::measureHill() {
  const auto columns = static_cast<std::size_t>(std::max(1.0, right() - left()));
  hill_.assign(columns, std::numeric_limits<float>::quiet_NaN());
  float top = 0.5f;
  const auto live = static_cast<double>(std::max<qint64>(history_.liveStep(), 1));
  for (const auto& report : history_.steps()) {
    float worst = std::numeric_limits<float>::quiet_NaN();
    for (const auto& layer : report.layers)
      if (std::isfinite(layer.load_cv)) worst = std::fmax(worst, static_cast<float>(layer.load_cv));
    const auto at = std::min(columns - 1, static_cast<std::size_t>(static_cast<double>(report.step) / live *
                                                                   static_cast<double>(columns - 1)));
    hill_[at] = std::fmax(hill_[at], worst);
    if (std::isfinite(worst)) top = std::max(top, worst);
  }
  hillTop_ = top;
}

void TimelineView::resizeEvent(QResizeEvent*) { measureHill(); }

// ---- painting -------------------------------------------------------------------------------------------------

void TimelineView::paintHill(QPainter& p) const {
  const double floor = height() - dp(21), top = dp(28);
  QPolygonF ridge;
  for (std::size_t i = 0; i < hill_.size(); ++i)
    if (std::isfinite(hill_[i]))
      ridge << QPointF(left() + static_cast<double>(i),
                       floor - (floor - top) * static_cast<double>(hill_[i] / hillTop_));
  if (ridge.size() > 1) {
    QPolygonF area = ridge;
    area << QPointF(ridge.last().x(), floor) << QPointF(ridge.first().x(), floor);
    p.setPen(Qt::NoPen);
    p.setBrush(tone(Role::sunken));
    p.drawPolygon(area);
    p.setPen(QPen(tone(Role::edge), 1));
    p.drawPolyline(ridge);
  }
  p.setFont(Theme::instance().font(Type::tick11));
  p.setPen(tone(Role::text3));
  const QString words = tr("worst layer’s load CV, up to %1").arg(formatFixed(static_cast<double>(hillTop_), 1));
  if (!ridge.isEmpty()) p.drawText(QPointF(left() + dp(4), dp(20)), words);
}

void TimelineView::paintAxis(QPainter& p) const {
  const Theme& theme = Theme::instance();
  const double floor = height() - dp(21);
  p.setPen(QPen(tone(Role::soft), 1));
  p.drawLine(QPointF(left(), std::round(floor) + 0.5), QPointF(right(), std::round(floor) + 0.5));
  double last = -100;
  p.setBrush(tone(Role::canvas));
  p.setPen(QPen(tone(Role::edge), 1));
  for (const CheckpointMark& mark : history_.checkpoints()) {
    const double x = xOf(mark.step), r = dp(3);
    if (x - last < dp(8) || mark.step > history_.liveStep()) continue;
    last = x;
    p.drawPolygon(QPolygonF{{x, floor - r}, {x + r, floor}, {x, floor + r}, {x - r, floor}});
  }
  const qint64 live = history_.liveStep();
  if (!history_.hasRun() || live < 1) return;
  p.setFont(theme.font(Type::tick11));
  p.setPen(tone(Role::text2));
  const QFontMetricsF metrics(p.font());
  const double head = xOf(history_.viewStep());
  const qint64 every = niceStep(live, static_cast<int>((right() - left()) / dp(150)));
  for (qint64 step = 0; step <= live; step += every) {
    const QString words = formatCount(step);
    const double x = xOf(step), w = metrics.horizontalAdvance(words);
    if (std::abs(x - head) < w + dp(28)) continue;
    p.drawText(QRectF(std::clamp(x - w / 2, left(), std::max(left(), right() - w)), floor + dp(5), w + 1, dp(14)),
               Qt::AlignCenter, words);
  }
}

QString TimelineView::flagWords(std::size_t index) const {
  return editWords(history_, history_.edits()[index]).plain();
}

void TimelineView::paintFlags(QPainter& p) const {
  const Theme& theme = Theme::instance();
  const QFont font = theme.font(Type::tick11);
  QFont bold = font;
  bold.setWeight(QFont::DemiBold);
  const QFontMetricsF metrics(font), boldMetrics(bold);
  const double floor = height() - dp(21), top = dp(6), tall = dp(17);
  struct Flag {
    double x, what, width;  // position; width of the bold part; of the whole pennant
    EditWords words;
  };
  std::vector<Flag> flags;
  for (const auto& edit : history_.edits()) {
    EditWords words = editWords(history_, edit);
    if (words.plain().isEmpty()) continue;
    const double gap = words.what.isEmpty() || words.values.isEmpty() ? 0 : dp(4);
    const double what = boldMetrics.horizontalAdvance(words.what) + gap;
    const double width = what + metrics.horizontalAdvance(words.values) + dp(18);
    flags.push_back({std::round(xOf(edit.step)) + 0.5, what, width, std::move(words)});
  }
  double taken = left() - 1;
  for (std::size_t i = 0; i < flags.size(); ++i) {
    const auto& [x, what, w, words] = flags[i];
    const double next = i + 1 < flags.size() ? flags[i + 1].x : right() + dp(8);
    const bool fitsRight = x >= taken && x + w <= next - dp(2), fitsLeft = x - w >= taken;
    p.setPen(QPen(tone(Role::flag), 1.2));
    p.drawLine(QPointF(x, top), QPointF(x, floor));
    const double side = fitsRight || !fitsLeft ? 1 : -1;
    const bool whole = fitsRight || fitsLeft;
    const double reach = x + side * (whole ? w : dp(7)), notch = reach - side * dp(whole ? 5 : 3);
    p.setBrush(whole ? tone(Role::flagGround) : tone(Role::flag));
    p.drawPolygon(QPolygonF{{x, top},
                            {reach, top},
                            {notch, top + (whole ? tall : dp(8)) / 2},
                            {reach, top + (whole ? tall : dp(8))},
                            {x, top + (whole ? tall : dp(8))}});
    if (whole) {
      p.setPen(tone(Role::flagText));
      const double textLeft = side > 0 ? x + dp(6) : reach + dp(9);
      p.setFont(bold);
      p.drawText(QRectF(textLeft, top, w, tall), Qt::AlignVCenter | Qt::AlignLeft, words.what);
      p.setFont(font);
      p.drawText(QRectF(textLeft + what, top, w, tall), Qt::AlignVCenter | Qt::AlignLeft, words.values);
    }
    taken = std::max(taken, std::max(x, reach) + dp(2));
  }
}

void TimelineView::paintPlayhead(QPainter& p) const {
  const Theme& theme = Theme::instance();
  if (!history_.hasRun() || history_.liveStep() < 1) return;
  const double floor = height() - dp(21);
  if (hoverX_ >= 0) {
    p.setPen(QPen(tone(Role::soft), 1));
    p.drawLine(QPointF(hoverX_, dp(4)), QPointF(hoverX_, floor));
  }
  const double x = std::round(xOf(history_.viewStep()));
  const QColor ink = tone(history_.isLive() ? Role::accent : Role::flag);
  p.setPen(QPen(ink, 2));
  p.drawLine(QPointF(x, dp(6)), QPointF(x, floor + dp(3)));
  p.setPen(Qt::NoPen);
  p.setBrush(ink);
  const double r = dp(6);
  p.drawPolygon(QPolygonF{{x - r, dp(3)}, {x + r, dp(3)}, {x + r, dp(9)}, {x, dp(14)}, {x - r, dp(9)}});
  QFont font = theme.font(Type::tick11);
  font.setWeight(QFont::DemiBold);
  p.setFont(font);
  const qint64 shown = hoverX_ >= 0 ? stepAt(hoverX_) : history_.viewStep();
  const QString words = formatCount(shown);
  const double w = QFontMetricsF(font).horizontalAdvance(words), at = hoverX_ >= 0 ? hoverX_ : x;
  const QRectF box(std::clamp(at - w / 2, left(), std::max(left(), right() - w)), floor + dp(5), w + 1, dp(14));
  p.fillRect(box.adjusted(-dp(4), 0, dp(4), 0), tone(Role::dock));
  p.setPen(hoverX_ >= 0 ? tone(Role::text) : tone(history_.isLive() ? Role::accent : Role::flagText));
  p.drawText(box, Qt::AlignCenter, words);
}

void TimelineView::paintEvent(QPaintEvent*) {
  QPainter p(this);
  p.setRenderHint(QPainter::Antialiasing);
  if (!history_.hasRun()) {
    p.setFont(Theme::instance().font(Type::caption12));
    p.setPen(tone(Role::text3));
    p.drawText(rect(), Qt::AlignCenter, tr("The whole run appears here, step by step."));
  }
  paintHill(p);
  paintAxis(p);
  paintFlags(p);
  paintPlayhead(p);
  if (hasFocus()) paintFocusRing(p, QRectF(rect()).adjusted(2, 2, -2, -2), dp(5));
}

// ---- moving ---------------------------------------------------------------------------------------------------

void TimelineView::scrub(double x) {
  if (x >= right() - 1)
    history_.backToLive();
  else
    history_.lookAt(stepAt(x));
}

void TimelineView::moveBy(qint64 steps) {
  const qint64 to = history_.viewStep() + steps;
  if (history_.isLive() && steps > 0) return;
  if (to >= history_.liveStep() && steps > 0)
    history_.backToLive();
  else
    history_.lookAt(to);
}

void TimelineView::moveToFlag(int direction) {
  const qint64 here = history_.viewStep();
  const auto& edits = history_.edits();
  if (direction > 0) {
    for (const auto& edit : edits)
      if (edit.step > here) return history_.lookAt(edit.step);
    return history_.backToLive();
  }
  for (auto it = edits.rbegin(); it != edits.rend(); ++it)
    if (it->step < here) return history_.lookAt(it->step);
  history_.lookAt(1);
}

void TimelineView::mousePressEvent(QMouseEvent* event) {
  if (event->button() == Qt::LeftButton) scrub(event->position().x());
}

void TimelineView::mouseMoveEvent(QMouseEvent* event) {
  hoverX_ = std::clamp(event->position().x(), left(), right());
  if (event->buttons() & Qt::LeftButton) scrub(event->position().x());
  update();
}

void TimelineView::leaveEvent(QEvent*) {
  hoverX_ = -1;
  update();
}

void TimelineView::keyPressEvent(QKeyEvent* event) {
  const bool flags = event->modifiers() & Qt::ControlModifier;
  const qint64 far = event->modifiers() & Qt::ShiftModifier ? 10 : 1;
  switch (event->key()) {
    case Qt::Key_Left:
      return flags ? moveToFlag(-1) : moveBy(-far);
    case Qt::Key_Right:
      return flags ? moveToFlag(1) : moveBy(far);
    case Qt::Key_PageUp:
      return moveBy(-std::max<qint64>(1, history_.liveStep() / 10));
    case Qt::Key_PageDown:
      return moveBy(std::max<qint64>(1, history_.liveStep() / 10));
    case Qt::Key_Home:
      return history_.lookAt(1);
    case Qt::Key_End:
      return history_.backToLive();
    default:
      QWidget::keyPressEvent(event);
  }
}

bool TimelineView::event(QEvent* event) {
  if (event->type() != QEvent::ToolTip) return QWidget::event(event);
  const auto* help = static_cast<QHelpEvent*>(event);
  QStringList near;
  const auto& edits = history_.edits();
  for (const auto& edit : edits) {
    const EditWords words = editWords(history_, edit);
    if (words.plain().isEmpty() || std::abs(xOf(edit.step) - help->pos().x()) >= dp(6)) continue;
    near << tr("%1 at step %2").arg(words.plain(), formatCount(edit.step));
    if (!edit.note.empty()) near << QString::fromStdString(edit.note);
    if (!words.whyNotUndone.isEmpty()) near << words.whyNotUndone;
  }
  if (near.isEmpty())
    QToolTip::hideText();
  else
    QToolTip::showText(help->globalPos(), near.join(QLatin1Char('\n')), this);
  return true;
}

}  // namespace moe::ui
