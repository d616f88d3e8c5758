// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/expert_thumbs_panel.h"

#include <QFontMetricsF>
#include <QKeyEvent>
#include <QLayout>
#include <QMouseEvent>
#include <QPainter>
#include <algorithm>
#include <cmath>

#include "ui/bridge/plane_history.h"
#include "ui/bridge/run_history.h"
#include "ui/bridge/selection.h"
#include "ui/panels/marks.h"
#include "ui/panels/plane_paint.h"
#include "ui/panels/view_kit.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/theme.h"

namespace moe::ui {
namespace {

constexpr qint64 kThumbsMs = 200;
constexpr double kGap = 13, kFoot = 29, kMargin = 2;

double shareOfPoints(const protocol::PlanePicture& picture, int expert) {
  const auto e = static_cast<std::size_t>(expert);
  return e < picture.points.size() ? picture.points[e] : std::nan("");
}

}  // namespace

ExpertThumbs::ExpertThumbs(RunHistory& history, PlaneHistory& plane, Selection& selection, QWidget* parent)
    : QWidget(parent), history_(history), plane_(plane), selection_(selection) {
  setObjectName(QStringLiteral("expertThumbs"));
  setFocusPolicy(Qt::StrongFocus);
  setMouseTracking(true);
  QSizePolicy policy(QSizePolicy::Expanding, QSizePolicy::Preferred);
  policy.setHeightForWidth(true);
  setSizePolicy(policy);
  connect(&selection, &Selection::primaryChanged, this, [this] {
    speak();
    update();
  });
  connect(&selection, &Selection::hoverChanged, this, [this] { update(); });
  speak();
}

int ExpertThumbs::experts() const {
  const auto picture = plane_.picture();
  return picture ? picture->experts : history_.info().experts;
}

/// The column count that makes the pictures largest in the room there is; a person compares neighbours, so ties go to
/// fewer columns.
int ExpertThumbs::columns() const {
  const int count = std::max(experts(), 1);
  int best = std::min(2, count);
  double most = 0;
  for (int c = best; c <= std::min(count, 8); ++c) {
    const double fit = sideFor(c);
    if (fit <= most + 1) continue;
    most = fit;
    best = c;
  }
  return best;
}

/// Side of a picture with so many columns in this widget.
double ExpertThumbs::sideFor(int columns) const {
  const Theme& theme = Theme::instance();
  const int rows = (std::max(experts(), 1) + columns - 1) / columns;
  const double across = (width() - 2 * theme.px(kMargin) - (columns - 1) * theme.px(kGap)) / double(columns);
  const double down = (height() - theme.px(kMargin)) / double(rows) - theme.px(kFoot);
  return std::max(8.0, std::min(across, down));
}

double ExpertThumbs::side() const { return sideFor(columns()); }

int ExpertThumbs::heightForWidth(int width) const {
  const int count = std::max(experts(), 1);
  return heightOf(count <= 6 ? std::min(2, count) : count <= 9 ? 3 : 4, width);
}

int ExpertThumbs::heightOf(int columns, int width) const {
  const Theme& theme = Theme::instance();
  const int rows = (std::max(experts(), 1) + columns - 1) / columns;
  const double each = (width - 2 * theme.px(kMargin) - (columns - 1) * theme.px(kGap)) / double(columns);
  return static_cast<int>(std::ceil(rows * (each + theme.px(kFoot)))) + theme.px(kMargin);
}

QSize ExpertThumbs::sizeHint() const {
  const int width = Theme::instance().px(190);
  return {width, heightForWidth(width)};
}

QRectF ExpertThumbs::thumbBox(int expert) const {
  const Theme& theme = Theme::instance();
  // Where the height is the limit they spread over the width.
  const double spread = columns() > 1 ? (width() - 2 * theme.px(kMargin) - side()) / (columns() - 1) : 0;
  const double least = side() + theme.px(kGap), step = std::clamp(spread, least, std::max(least, side() * 1.8));
  const int row = expert / columns(), column = expert % columns();
  return {theme.px(kMargin) + column * step, theme.px(kMargin) + row * (side() + theme.px(kFoot)), side(), side()};
}

int ExpertThumbs::expertAt(QPointF pixel) const {
  for (int e = 0; e < experts(); ++e)
    if (thumbBox(e).adjusted(0, 0, 0, Theme::instance().px(20)).contains(pixel)) return e;
  return -1;
}

void ExpertThumbs::paintOne(QPainter& painter, const protocol::PlanePicture& picture, int expert) {
  const Theme& theme = Theme::instance();
  const QRectF box = thumbBox(expert);
  const auto points = plane_.points();
  painter.save();
  QPainterPath rounded;
  rounded.addRoundedRect(box, 2, 2);
  painter.setClipPath(rounded);
  painter.setRenderHint(QPainter::SmoothPixmapTransform);
  const QImage image = expertImage(picture, expert, points ? points->value_low : -1, points ? points->value_high : 1);
  if (!image.isNull()) painter.drawImage(box, image);
  drawLines(painter, box, expertAnswerLines(picture, expert), QPen(theme.color(Role::text), 0.8));
  painter.restore();
  const double share = shareOfPoints(picture, expert);
  const bool idle = share == 0;
  if (idle) drawDead(painter, box, devicePixelRatioF());
  painter.setBrush(Qt::NoBrush);
  const auto primary = selection_.primary();
  const bool selected = primary && primary->expert == expert;
  const auto hovered = selection_.hovered();
  if (selected)
    drawOutline(painter, box, theme.color(Role::selection), 2.5);
  else if (hovered && hovered->expert == expert)
    drawOutline(painter, box, theme.color(Role::edge), 1.5);
  const double foot = box.bottom() + theme.px(6), line = theme.px(14);
  painter.setPen(Qt::NoPen);
  painter.setBrush(planeHue(expert));
  painter.drawRoundedRect(QRectF(box.left(), foot + theme.px(2), theme.px(10), theme.px(10)), 2, 2);
  QFont bold = theme.font(Type::caption12);
  bold.setWeight(QFont::DemiBold);
  painter.setFont(bold);
  painter.setPen(theme.color(Role::text));
  const QRectF words(box.left() + theme.px(15), foot, box.width() - theme.px(15), line);
  painter.drawText(words, Qt::AlignLeft | Qt::AlignVCenter, QStringLiteral("E%1").arg(expert + 1));
  painter.setFont(theme.font(Type::caption12));
  painter.setPen(theme.color(idle ? Role::flagText : Role::text2));
  const QString figure = idle ? tr("none") : formatPercent(share, 0);
  if (QFontMetricsF(painter.font()).horizontalAdvance(figure) + theme.px(24) < words.width())
    painter.drawText(words, Qt::AlignRight | Qt::AlignVCenter, figure);
}

void ExpertThumbs::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const auto picture = plane_.picture();
  if (picture)
    for (int e = 0; e < picture->experts; ++e) paintOne(painter, *picture, e);
  if (hasFocus()) paintFocusRing(painter, QRectF(rect()), 3);
}

void ExpertThumbs::mouseMoveEvent(QMouseEvent* event) {
  const int expert = expertAt(event->position());
  selection_.hover(expert < 0 ? std::nullopt : std::optional(ExpertRef{0, expert}));
}

void ExpertThumbs::mousePressEvent(QMouseEvent* event) {
  if (const int expert = expertAt(event->position()); expert >= 0) selection_.select(ExpertRef{0, expert});
}

void ExpertThumbs::leaveEvent(QEvent*) { selection_.hover(std::nullopt); }
void ExpertThumbs::focusOutEvent(QFocusEvent* event) {
  selection_.hover(std::nullopt);
  QWidget::focusOutEvent(event);
}

void ExpertThumbs::keyPressEvent(QKeyEvent* event) {
  const int now = selection_.primary() ? selection_.primary()->expert : -1, last = experts() - 1;
  const auto choose = [&](int expert) {
    const int wanted = std::clamp(expert, 0, std::max(last, 0));
    if (last >= 0) selection_.select(ExpertRef{0, wanted});
  };
  switch (event->key()) {
    case Qt::Key_Right:
      return choose(now + 1);
    case Qt::Key_Left:
      return choose(now - 1);
    case Qt::Key_Down:
      return choose(now < 0 ? 0 : now + columns() <= last ? now + columns() : now);
    case Qt::Key_Up:
      return choose(now - columns() >= 0 ? now - columns() : now);
    case Qt::Key_Return:
    case Qt::Key_Enter: {  // what pointing at it does
      const auto shown = selection_.hovered();
      return selection_.hover(shown || now < 0 ? std::nullopt : std::optional(ExpertRef{0, now}));
    }
    case Qt::Key_P:
      if (now >= 0) selection_.togglePin(ExpertRef{0, now});
      return;
    case Qt::Key_Escape:
      if (!selection_.hovered()) break;
      return selection_.hover(std::nullopt);
    default:
      break;
  }
  QWidget::keyPressEvent(event);
}

void ExpertThumbs::speak() {
  QString name = tr("Experts, one picture each; arrow keys select, Enter shows one large");
  const auto picture = plane_.picture();
  if (const auto primary = selection_.primary(); primary && picture && primary->expert < picture->experts) {
    const auto e = static_cast<std::size_t>(primary->expert);
    name = tr("Expert E%1: %2 of points, %3 of the plane")
               .arg(primary->expert + 1)
               .arg(formatPercent(shareOfPoints(*picture, primary->expert), 0),
                    e < picture->area.size() ? formatPercent(picture->area[e], 0) : QStringLiteral("–"));
  }
  if (accessibleName() != name) setAccessibleName(name);
}

ExpertThumbsPanel::ExpertThumbsPanel(RunHistory& history, PlaneHistory& plane, Selection& selection, QWidget* parent)
    : Panel(tr("Experts"), history, selection, parent), plane_(plane) {
  setSubtitle(tr("share of points"));
  thumbs_ = new ExpertThumbs(history, plane, selection);
  setBody(thumbs_);
  connect(&plane, &PlaneHistory::updated, this, [this] {
    if (isVisible()) refresh();
  });
}

int ExpertThumbsPanel::heightFor(int width) const {
  const QMargins edge = layout()->contentsMargins();
  return edge.top() + edge.bottom() + Theme::instance().px(28 + 4) +
         thumbs_->heightForWidth(width - edge.left() - edge.right());
}

/// Five times a second while it trains: they are glanced at, the canvas is watched.
void ExpertThumbsPanel::refresh() {
  const auto picture = plane_.picture();
  if (picture == shown_) return;
  const bool calm = !picture || picture->still || !history_.isLive() || !since_.isValid();
  if (!calm && since_.elapsed() < kThumbsMs) return;
  shown_ = picture;
  since_.start();
  thumbs_->update();
}

PanelTable ExpertThumbsPanel::table() const {
  PanelTable out;
  out.columns = {"step", "expert", "share_of_points", "share_of_plane", "scored_at_step", "score", "score_without"};
  const auto picture = plane_.picture(), scored = plane_.scored();
  if (!picture) return out;
  for (std::size_t e = 0; e < picture->points.size(); ++e) {
    QStringList row{QString::number(picture->step), QString::number(e + 1), csvNumber(picture->points[e]),
                    e < picture->area.size() ? csvNumber(picture->area[e]) : QString()};
    if (scored && e < scored->without.size())
      row << QString::number(scored->step) << csvNumber(scored->score) << csvNumber(scored->without[e]);
    else
      row << QString() << QString() << QString();
    out.rows.push_back(std::move(row));
  }
  return out;
}

}  // namespace moe::ui
