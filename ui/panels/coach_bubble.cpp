// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/coach_bubble.h"

#include <QEvent>
#include <QFontMetricsF>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QPainter>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

#include "ui/bridge/run_controller.h"
#include "ui/bridge/run_history.h"
#include "ui/panels/plane_paint.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/knob_row.h"
#include "ui/widgets/labels.h"

namespace moe::ui {
namespace {
constexpr double kUneven = 1.4;  // of the fair share
constexpr auto kBalance = "balance.coefficient", kNoise = "router.noise";
}  // namespace

void ShareStrip::setShares(std::vector<double> shares) {
  shares_ = std::move(shares);
  update();
}

QSize ShareStrip::sizeHint() const { return {Theme::instance().px(280), Theme::instance().px(28)}; }

void ShareStrip::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::instance();
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  QFont font = theme.font(Type::caption12);
  font.setWeight(QFont::DemiBold);
  painter.setFont(font);
  double x = 0;
  for (std::size_t e = 0; e < shares_.size(); ++e) {
    const double width = shares_[e] * this->width();
    if (width < 0.5) continue;
    painter.setPen(Qt::NoPen);
    painter.setBrush(planeHue(static_cast<int>(e)));
    painter.drawRoundedRect(QRectF(x, 0, std::max(1.0, width - 2), theme.px(8)), 2, 2);
    const QString words = QStringLiteral("E%1 %2").arg(e + 1).arg(formatPercent(shares_[e], 0));
    const QString brief = QStringLiteral("E%1").arg(e + 1);
    const QFontMetricsF metrics(font);
    painter.setPen(planeInk(static_cast<int>(e)));
    for (const QString& each : {words, brief})
      if (metrics.horizontalAdvance(each) + 4 <= width) {
        painter.drawText(QPointF(x, height() - metrics.descent() - 1), each);
        break;
      }
    x += width;
  }
}

namespace {

/// " E3, E4 and 2 more get none."
QString idleWords(const std::vector<double>& shares) {
  QStringList idle;
  for (std::size_t e = 0; e < shares.size(); ++e)
    if (shares[e] == 0) idle << QStringLiteral("E%1").arg(e + 1);
  if (idle.isEmpty()) return {};
  if (idle.size() == 1) return CoachBubble::tr(" %1 gets none.").arg(idle[0]);
  if (idle.size() == 2) return CoachBubble::tr(" %1 and %2 get none.").arg(idle[0], idle[1]);
  if (idle.size() == 3) return CoachBubble::tr(" %1, %2 and %3 get none.").arg(idle[0], idle[1], idle[2]);
  return CoachBubble::tr(" %1, %2 and %3 more get none.").arg(idle[0], idle[1]).arg(idle.size() - 2);
}

}  // namespace

CoachWords coachWords(const protocol::PlanePicture& picture, const KnobSpec* balance) {
  CoachWords out;
  if (picture.points.empty()) return out;
  const auto most = std::max_element(picture.points.begin(), picture.points.end());
  const auto experts = static_cast<double>(picture.points.size());
  const auto busiest = static_cast<int>(most - picture.points.begin()) + 1;
  if (*most * experts >= kUneven && balance) {
    out.evidence = CoachBubble::tr("Expert %1 takes %2 of the points.").arg(busiest).arg(formatPercent(*most, 0));
    out.evidence += idleWords(picture.points);
    out.advice = CoachBubble::tr("Drag Balance to the right and watch it let go.");
    out.knob = QLatin1String(kBalance);
  } else {
    out.evidence = CoachBubble::tr("Each colour is one expert; the largest, E%1, takes %2 of the points.")
                       .arg(busiest)
                       .arg(formatPercent(*most, 0));
    out.advice = CoachBubble::tr("Drag Noise to the right and watch the seams move.");
    out.knob = QLatin1String(kNoise);
  }
  return out;
}

CoachBubble::CoachBubble(RunController& controller, QWidget* parent) : QWidget(parent), controller_(controller) {
  const Theme& theme = Theme::instance();
  setObjectName(QStringLiteral("coachBubble"));
  setFixedWidth(theme.px(330));
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(theme.px(20), theme.px(16), theme.px(20), theme.px(14));
  column->setSpacing(theme.px(8));
  evidence_ = new TypeLabel(QString(), Type::card15, Role::text, this);
  evidence_->setWordWrap(true);
  strip_ = new ShareStrip(this);
  advice_ = new TypeLabel(QString(), Type::control13, Role::text2, this);
  advice_->setWordWrap(true);
  for (QWidget* part : std::initializer_list<QWidget*>{evidence_, strip_, advice_}) column->addWidget(part);
  auto* close = new LinkButton(tr("Got it"), Role::accent, this);
  auto* foot = new QHBoxLayout;
  foot->addStretch(1);
  foot->addWidget(close);
  column->addLayout(foot);
  connect(close, &LinkButton::clicked, this, &CoachBubble::closed);
  connect(&controller.plane(), &PlaneHistory::updated, this, &CoachBubble::follow);
  connect(&controller, &RunController::knobApplied, this,
          [this](const QString& key, const QString&, const QString& after, qint64) {
            if (row_ && row_->spec().key == key) row_->setValue(valueFromText(after.toStdString()));
          });
  if (parent) parent->installEventFilter(this);
  hide();
}

QString CoachBubble::evidence() const { return evidence_->text(); }
QString CoachBubble::advice() const { return advice_->text(); }

bool CoachBubble::speak() {
  const auto picture = controller_.plane().picture();
  if (!picture || picture->points.empty()) return false;
  const CoachWords words = coachWords(*picture, controller_.hello().knob(QLatin1String(kBalance)));
  evidence_->setText(words.evidence);
  advice_->setText(words.advice);
  setAccessibleName(words.evidence + QLatin1Char(' ') + words.advice);
  delete row_;
  row_ = nullptr;
  if (const KnobSpec* spec = controller_.hello().knob(words.knob)) {
    row_ = new KnobRow(*spec, this);
    const auto& config = controller_.history().info().config;
    const auto now = config.is_object() ? config.find(words.knob.toStdString()) : config.end();
    row_->setValue(now != config.end() ? nlohmann::json(*now) : spec->fallback);
    static_cast<QVBoxLayout*>(layout())->insertWidget(3, row_);
    row_->show();  // a bubble that speaks again is open: the layout would show the row, and count it, only later
    connect(row_, &KnobRow::edited, this, &CoachBubble::edited);
  }
  show();
  follow();
  adjustSize();
  place();
  raise();
  return true;
}

/// Bar and evidence follow the run; the advice stays what it was when the coach spoke.
void CoachBubble::follow() {
  const auto picture = controller_.plane().picture();
  if (!picture || !isVisible()) return;
  strip_->setShares(picture->points);
  const CoachWords words = coachWords(*picture, controller_.hello().knob(QLatin1String(kBalance)));
  if (!row_ || row_->spec().key != words.knob || evidence_->text() == words.evidence) return;
  evidence_->setText(words.evidence);
  adjustSize();  // more idle experts, another line
  place();
}

void CoachBubble::place() {
  if (!parentWidget()) return;
  const int margin = Theme::instance().px(30);
  move(parentWidget()->width() - width() - margin, parentWidget()->height() - height() - margin);
}

bool CoachBubble::eventFilter(QObject* watched, QEvent* event) {
  if (watched == parentWidget() && event->type() == QEvent::Resize && isVisible()) place();
  return QWidget::eventFilter(watched, event);
}

void CoachBubble::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::instance();
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(QPen(theme.color(Role::accent), 1.5));
  painter.setBrush(theme.color(Role::canvas));
  painter.drawRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1), theme.px(10), theme.px(10));
}

void CoachBubble::keyPressEvent(QKeyEvent* event) {
  if (event->key() == Qt::Key_Escape) return emit closed();
  QWidget::keyPressEvent(event);
}

}  // namespace moe::ui
