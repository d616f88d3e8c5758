// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/welcome_tile.h"

#include <QFontMetricsF>
#include <QPainter>
#include <QPainterPath>
#include <algorithm>
#include <cmath>

#include "ui/panels/colour_scale.h"
#include "ui/panels/marks.h"
#include "ui/panels/plane_paint.h"
#include "ui/panels/view_kit.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/theme.h"

namespace moe::ui {
namespace {
constexpr double kNothing = 0.05;  // of the fair share: dead
constexpr int kRing = 4;           // room for the focus ring around the tile
}  // namespace

WelcomeTile::WelcomeTile(Kind kind, const QString& title, const QString& line, QWidget* parent)
    : QAbstractButton(parent), kind_(kind), line_(line) {
  setText(title);
  setAccessibleName(title);
  setAccessibleDescription(line);
  setFocusPolicy(Qt::StrongFocus);
  setAttribute(Qt::WA_Hover);
  connect(&Theme::instance(), &Theme::changed, this, [this] { update(); });
}

QSize WelcomeTile::sizeHint() const {
  return {Theme::instance().px(202 + 2 * kRing), Theme::instance().px(150 + 2 * kRing)};
}

void WelcomeTile::setPictures(const TilePictures& pictures) {
  pictures_ = pictures;
  update();
}

void WelcomeTile::setCurrent(bool current) {
  current_ = current;
  update();
}

bool WelcomeTile::hasPicture() const {
  switch (kind_) {
    case Plane:
      return pictures_.plane != nullptr;
    case Collapse:
      return !pictures_.collapse.empty();
    case Language:
      return pictures_.text != nullptr;
    default:
      return true;
  }
}

void WelcomeTile::paintCollapse(QPainter& painter, const QRectF& box) const {
  const auto& rows = pictures_.collapse;
  const std::size_t experts = rows.front().size();
  QImage image(static_cast<int>(experts), static_cast<int>(rows.size()), QImage::Format_RGB32);
  const auto at = [&](std::size_t r, std::size_t e) { return e < rows[r].size() ? rows[r][e] : 0.0; };
  for (std::size_t r = 0; r < rows.size(); ++r)
    for (std::size_t e = 0; e < experts; ++e)
      image.setPixelColor(static_cast<int>(e), static_cast<int>(r),
                          QColor(ShareScale::of(Theme::instance().dark()).colour(at(r, e))));
  painter.drawImage(box, image);
  const double width = box.width() / static_cast<double>(experts), height = box.height() / double(rows.size());
  // As in the waterfall: who gets nothing for a while is hatched, a single empty row is chance.
  constexpr std::size_t kWhile = 3;
  for (std::size_t e = 0; e < experts; ++e)
    for (std::size_t r = 0, end; r < rows.size(); r = end + 1) {
      for (end = r; end < rows.size() && at(end, e) < kNothing; ++end) {
      }
      if (end - r < kWhile) continue;
      const QRectF dead(box.x() + static_cast<double>(e) * width, box.y() + static_cast<double>(r) * height, width,
                        static_cast<double>(end - r) * height);
      painter.fillRect(dead, Theme::instance().color(Role::sunken));
      drawDead(painter, dead, devicePixelRatioF());
    }
  painter.setPen(QPen(Theme::instance().color(Role::canvas), 2));
  for (std::size_t e = 1; e < experts; ++e) {
    const double x = box.x() + width * static_cast<double>(e);
    painter.drawLine(QPointF(x, box.top()), QPointF(x, box.bottom()));
  }
  if (pictures_.repaired >= 1) return;
  painter.setPen(QPen(Theme::instance().color(Role::flag), 2));
  const double y = std::round(box.y() + box.height() * pictures_.repaired);
  painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y));
}

/// Tokens of a held-out text; the foot's hue is the first choice in the first layer.
void WelcomeTile::paintText(QPainter& painter, const QRectF& box) const {
  const Theme& theme = Theme::instance();
  const protocol::Trace& trace = *pictures_.text;
  painter.setFont(theme.mono(11.5));
  const QFontMetricsF metrics(painter.font());
  const double line = theme.px(17), left = box.left() + theme.px(10), right = box.right() - theme.px(8);
  double x = left, y = box.top() + theme.px(8);
  for (int t = 0; t < trace.tokens(); ++t) {
    const auto i = static_cast<std::size_t>(t);
    QString piece = QString::fromStdString(trace.pieces[i]);
    const bool end = piece.contains(QLatin1Char('\n'));
    piece.remove(QLatin1Char('\n'));
    piece.replace(QChar(0x2581), QLatin1Char(' '));
    const double width = metrics.horizontalAdvance(piece);
    if (x + width > right || end) {
      x = left;
      y += line;
    }
    if (y + line > box.bottom()) return;
    const std::size_t at = i * static_cast<std::size_t>(trace.top_k);
    const int expert = at < trace.experts_of.size() ? trace.experts_of[at] : -1;
    if (expert >= 0 && !piece.trimmed().isEmpty()) {
      QColor wash = planeHue(expert);
      wash.setAlphaF(0.20F);
      painter.fillRect(QRectF(x, y, width, line - 2), wash);
      painter.fillRect(QRectF(x, y + line - 4, width, 2), planeHue(expert));
    }
    painter.setPen(theme.color(Role::text));
    painter.drawText(QPointF(x, y + metrics.ascent()), piece);
    x += width;
  }
}

void WelcomeTile::paintFolder(QPainter& painter, const QRectF& box) const {
  const Theme& theme = Theme::instance();
  const QRectF inner = box.adjusted(theme.px(22), theme.px(16), -theme.px(22), -theme.px(16));
  painter.setPen(QPen(theme.color(Role::edge), 1, Qt::DashLine));
  painter.setBrush(Qt::NoBrush);
  painter.drawRoundedRect(inner, 4, 4);
  const double side = theme.px(22);
  const double top = inner.center().y() - side * 0.9;
  if (kind_ == OwnPoints) {
    for (int i = 0; i < 3; ++i)
      drawClassPoint(painter, {inner.center().x() + (i - 1) * theme.px(14), top + side / 2}, i % 2, theme.px(4));
  } else {
    paintIcon(painter, kind_ == OpenRun ? Icon::checkpoint : Icon::folder,
              QRectF(inner.center().x() - side / 2, top, side, side), theme.color(Role::text2));
  }
  painter.setFont(theme.font(Type::caption12));
  painter.setPen(theme.color(Role::text2));
  const QString words = kind_ == OpenRun   ? tr("a folder of a run")
                        : kind_ == OwnText ? tr("txt · md · a folder")
                                           : tr("mouse or CSV");
  painter.drawText(QRectF(inner.left(), inner.center().y() + theme.px(2), inner.width(), theme.px(18)), Qt::AlignCenter,
                   words);
}

void WelcomeTile::paintPicture(QPainter& painter, const QRectF& box) const {
  const Theme& theme = Theme::instance();
  painter.fillRect(box, theme.color(kind_ == Plane || kind_ == Collapse ? Role::canvas : Role::dock));
  if (!hasPicture()) {
    painter.setFont(theme.font(Type::tick11));
    painter.setPen(theme.color(Role::text2));
    painter.drawText(box, Qt::AlignCenter, tr("picture is being measured …"));
    return;
  }
  switch (kind_) {
    case Plane: {
      painter.setRenderHint(QPainter::SmoothPixmapTransform);
      const QImage image = planeImage(*pictures_.plane, {}, -1, 1);
      // The middle of the plane in the tile's shape.
      const double high = image.width() * box.height() / box.width();
      painter.drawImage(box, image, QRectF(0, (image.height() - high) / 2, image.width(), high));
      const QRectF whole(box.left(), box.center().y() - box.width() / 2, box.width(), box.width());
      drawLines(painter, whole, borderLines(pictures_.plane->grid, pictures_.plane->owner, pictures_.plane->gate),
                QPen(theme.color(Role::canvas), 2));
      drawLines(painter, whole, answerLines(*pictures_.plane, -1, 1), QPen(theme.color(Role::text), 1));
      return;
    }
    case Collapse:
      return paintCollapse(painter, box);
    case Language:
      return paintText(painter, box);
    default:
      return paintFolder(painter, box);
  }
}

void WelcomeTile::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::instance();
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const double ring = theme.px(kRing) + 0.5;
  const QRectF frame = QRectF(rect()).adjusted(ring, ring, -ring, -ring);
  QPainterPath shape;
  shape.addRoundedRect(frame, theme.px(6), theme.px(6));
  painter.fillPath(shape, theme.color(underMouse() ? Role::hover : Role::canvas));
  painter.save();
  painter.setClipPath(shape);
  const QRectF picture(frame.left(), frame.top(), frame.width(), frame.height() - theme.px(52));
  painter.setClipRect(picture, Qt::IntersectClip);
  paintPicture(painter, picture);
  painter.restore();
  painter.setPen(QPen(theme.color(Role::line), 1));
  painter.drawLine(picture.bottomLeft(), picture.bottomRight());
  painter.setBrush(Qt::NoBrush);
  painter.setPen(QPen(theme.color(current_ ? Role::accent : Role::soft), current_ ? 2 : 1));
  painter.drawPath(shape);
  if (hasFocus()) paintFocusRing(painter, QRectF(rect()), theme.px(6 + kRing));
  const double left = frame.left() + theme.px(10), width = frame.width() - theme.px(16);
  painter.setFont(theme.font(Type::title13));
  painter.setPen(theme.color(Role::text));
  painter.drawText(QRectF(left, picture.bottom() + theme.px(8), width, theme.px(18)), Qt::AlignLeft | Qt::AlignVCenter,
                   text());
  painter.setFont(theme.font(Type::caption12));
  painter.setPen(theme.color(Role::text2));
  painter.drawText(QRectF(left, picture.bottom() + theme.px(27), width, theme.px(16)), Qt::AlignLeft | Qt::AlignVCenter,
                   QFontMetricsF(painter.font()).elidedText(line_, Qt::ElideRight, width));
}

}  // namespace moe::ui
