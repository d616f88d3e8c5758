// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/mode_rail.h"

#include <QAction>
#include <QPainter>
#include <QToolButton>

#include "ui/widgets/buttons.h"
#include "ui/widgets/labels.h"

namespace moe::ui {
namespace {

class ModeButton : public QToolButton {
 public:
  ModeButton(QAction* action, Icon icon, QWidget* parent) : QToolButton(parent), icon_(icon) {
    setDefaultAction(action);
    setFocusPolicy(Qt::TabFocus);
    setAccessibleName(QObject::tr("Perspective: %1").arg(action->text()));
    connect(&Theme::instance(), &Theme::changed, this, [this] { updateGeometry(); });
  }
  QSize sizeHint() const override { return {Theme::instance().px(56), Theme::instance().px(58)}; }

 protected:
  void paintEvent(QPaintEvent*) override {
    const Theme& theme = Theme::instance();
    QPainter p(this);
    const bool on = isChecked();
    if (underMouse() && !on) p.fillRect(rect(), theme.color(Role::hover));
    if (on) p.fillRect(QRect(0, theme.px(7), theme.px(3), height() - theme.px(14)), theme.color(Role::accent));
    const double side = theme.px(20);
    paintIcon(p, icon_, QRectF((width() - side) / 2, theme.px(11), side, side),
              theme.color(on ? Role::accent : Role::text2));
    QFont font = theme.font(Type::tick11);
    if (on) font.setWeight(QFont::DemiBold);
    p.setFont(font);
    p.setPen(theme.color(on ? Role::text : Role::text2));
    p.drawText(QRect(0, theme.px(34), width(), theme.px(16)), Qt::AlignCenter, text());
    if (hasFocus()) paintFocusRing(p, QRectF(rect()).adjusted(2, 2, -2, -2), theme.px(5));
  }

 private:
  Icon icon_;
};

}  // namespace

ModeRail::ModeRail(QWidget* parent) : QToolBar(tr("Perspectives"), parent) {
  setObjectName(QStringLiteral("modeRail"));
  setMovable(false);
  setFloatable(false);
  setContextMenuPolicy(Qt::PreventContextMenu);
  setGround(this, Role::rail);
  const auto fit = [this] { setFixedWidth(Theme::instance().px(56)); };
  fit();
  connect(&Theme::instance(), &Theme::changed, this, fit);
}

void ModeRail::addMode(QAction* action, Icon icon) { addWidget(new ModeButton(action, icon, this)); }

}  // namespace moe::ui
