// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/header_bar.h"

#include <QHBoxLayout>
#include <QMenuBar>
#include <QPainter>
#include <QVBoxLayout>
#include <cmath>

#include "ui/bridge/run_controller.h"
#include "ui/bridge/run_history.h"
#include "ui/bridge/slow_motion.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/segment.h"

namespace moe::ui {
namespace {

/// The mark: a routing map of nine cells with two busy ones.
class Mark : public QWidget {
 public:
  explicit Mark(QWidget* parent) : QWidget(parent) { setFixedSize(Theme::instance().px(20), Theme::instance().px(20)); }

 protected:
  void paintEvent(QPaintEvent*) override {
    const Theme& theme = Theme::instance();
    QPainter p(this);
    p.setRenderHint(QPainter::Antialiasing);
    p.setPen(Qt::NoPen);
    static constexpr int kBusy[9] = {0, 0, 2, 1, 2, 0, 0, 0, 1};
    const double cell = width() / 3.0, gap = theme.px(1.5);
    for (int i = 0; i < 9; ++i) {
      const int row = i / 3, column = i % 3;
      p.setBrush(theme.color(kBusy[i] == 2 ? Role::accent : kBusy[i] == 1 ? Role::edge : Role::soft));
      p.drawRoundedRect(QRectF(column * cell, row * cell, cell - gap, cell - gap), 1.5, 1.5);
    }
  }
};

/// Looks like a field, opens the locator.
class FindField : public QAbstractButton {
 public:
  explicit FindField(QWidget* parent) : QAbstractButton(parent) {
    setText(QObject::tr("Find"));
    setAccessibleName(QObject::tr("Find an expert, a setting, a step or a command (Ctrl+K)"));
    setToolTip(accessibleName());
    setFocusPolicy(Qt::TabFocus);
    setAttribute(Qt::WA_Hover);
  }
  QSize sizeHint() const override { return {Theme::instance().px(152), Theme::instance().px(28)}; }

 protected:
  void paintEvent(QPaintEvent*) override {
    const Theme& theme = Theme::instance();
    QPainter p(this);
    p.setRenderHint(QPainter::Antialiasing);
    p.setPen(Qt::NoPen);
    p.setBrush(theme.color(underMouse() ? Role::hover : Role::sunken));
    p.drawRoundedRect(rect(), theme.px(5), theme.px(5));
    const int side = theme.px(18);
    paintIcon(p, Icon::find, QRectF(theme.px(9), (height() - side) / 2.0, side, side), theme.color(Role::text2));
    p.setPen(theme.color(Role::text2));
    p.setFont(theme.font(Type::control13));
    p.drawText(rect().adjusted(theme.px(32), 0, 0, 0), Qt::AlignVCenter | Qt::AlignLeft, text());
    p.setFont(theme.font(Type::tick11));
    p.drawText(rect().adjusted(0, 0, -theme.px(10), 0), Qt::AlignVCenter | Qt::AlignRight, QStringLiteral("Ctrl K"));
    if (hasFocus()) paintFocusRing(p, rect(), theme.px(5));
  }
};

}  // namespace

Counter::Counter(bool large, const QString& widest, const QString& name, QWidget* parent) : QWidget(parent) {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  figure_ = new TypeLabel(QString(), large ? Type::counter20 : Type::title13, Role::text, this);
  figure_->reserve(widest);
  words_ = new TypeLabel(QString(), Type::tick11, Role::text2, this);
  column->addStretch(1);
  column->addWidget(figure_);
  column->addWidget(words_);
  column->addStretch(1);
  setAccessibleName(name);
}

void Counter::put(const QString& figure, const QString& words) {
  if (figure_->text() != figure) figure_->setText(figure);
  if (words_->text() != words) words_->setText(words);
}

QString Counter::figure() const { return figure_->text(); }
QString Counter::words() const { return words_->text(); }

HeaderBar::HeaderBar(RunController& controller, QWidget* parent) : QWidget(parent), controller_(controller) {
  const Theme& theme = Theme::instance();
  setObjectName(QStringLiteral("headerBar"));
  setFixedHeight(theme.px(48));
  setGround(this, Role::canvas);
  leftPart_ = new QWidget(this);
  menu_ = new QMenuBar(leftPart_);
  menu_->setNativeMenuBar(false);
  menu_->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
  auto* left = new QHBoxLayout(leftPart_);
  left->setContentsMargins(theme.px(18), 0, 0, 0);
  left->setSpacing(theme.px(14));
  left->addWidget(new Mark(leftPart_));
  left->addWidget(menu_, 1, Qt::AlignVCenter);
  run_ = new RunButton(this);
  step_ = new IconButton(Icon::step, tr("Train single steps ( . )"), this);
  restart_ = new IconButton(Icon::restart, tr("Start over with the same seed (Ctrl+R)"), this);
  stop_ = new IconButton(Icon::stop, tr("Stop the run"), this);
  more_ = new SmallButton(QStringLiteral("+1,000"), tr("Train 1,000 more steps"), this);
  counter_ = new Counter(true, QStringLiteral("888,888"), tr("Steps trained"), this);
  rate_ = new Counter(false, QStringLiteral("888.8 k tokens/s"), tr("Speed"), this);
  left_ = new Counter(false, QStringLiteral("88 min 88 s"), tr("Time left"), this);
  live_ = new LiveChip(this);
  speed_ = new Segment({tr("Slow"), tr("Watch"), tr("Full")}, this);
  speed_->setAccessibleName(tr("Speed of training"));
  speed_->setToolTip(tr("Slow shows each step in eight stages, Watch trains %1 steps a second, Full as many as go")
                         .arg(RunController::kWatchPace));
  speed_->setCurrent(kFull);
  speed_->hide();
  auto* find = new FindField(this);
  find_ = find;
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(0, 0, theme.px(16), 1);
  row->setSpacing(theme.px(4));
  row->addWidget(leftPart_);
  row->addWidget(run_);
  row->addSpacing(theme.px(8));
  for (QWidget* button : std::initializer_list<QWidget*>{step_, restart_, stop_, more_}) row->addWidget(button);
  row->addSpacing(theme.px(18));
  row->addWidget(counter_);
  row->addSpacing(theme.px(14));
  row->addWidget(rate_);
  row->addSpacing(theme.px(14));
  row->addWidget(left_);
  row->addSpacing(theme.px(14));
  row->addStretch(1);
  row->addWidget(live_);
  row->addSpacing(theme.px(12));
  row->addWidget(speed_);
  row->addSpacing(theme.px(4));
  row->addWidget(find_);
  connect(find, &QAbstractButton::clicked, this, &HeaderBar::findWanted);
  connect(live_, &LiveChip::clicked, this, [this] { controller_.history().backToLive(); });
  connect(&controller, &RunController::stateChanged, this, &HeaderBar::refreshState);
  connect(&controller, &RunController::greeted, this, &HeaderBar::refreshState);
  connect(&controller, &RunController::busyChanged, this, [this](const QString& words) {
    busy_ = words;
    refresh();
  });
  connect(&controller.history(), &RunHistory::viewStepChanged, this,
          [this](qint64 step, bool isLive) { live_->setView(isLive, step); });
  connect(&controller.history(), &RunHistory::runChanged, this, &HeaderBar::refreshState);
  connect(&Theme::instance(), &Theme::changed, this, [this] { setFixedHeight(Theme::instance().px(48)); });
  clock_.setInterval(200);  // figures are read, not watched
  connect(&clock_, &QTimer::timeout, this, &HeaderBar::refresh);
  clock_.start();
  refreshState();
}

void HeaderBar::setSlowMotion(SlowMotion* slow) {
  slow_ = slow;
  connect(speed_, &Segment::chosen, slow, [this, slow](int index) {
    // The pace first: what ran before goes on as soon as slow motion ends.
    if (index != kSlow) controller_.setPace(index == kWatch ? RunController::kWatchPace : 0);
    slow->setOn(index == kSlow);
  });
  connect(slow, &SlowMotion::changed, this, &HeaderBar::refreshState);
}

void HeaderBar::setRunX(int pixels) {
  leftPart_->setFixedWidth(std::max(0, pixels - static_cast<int>(layout()->spacing())));
}

void HeaderBar::setMenus(QMenu* step, QMenu* stop) {
  step_->setMenu(step);
  step_->setPopupMode(QToolButton::MenuButtonPopup);
  stop_->setMenu(stop);
  stop_->setPopupMode(QToolButton::InstantPopup);
}

void HeaderBar::refreshState() {
  const bool can = controller_.canRun(), running = controller_.isRunning();
  const RunHistory& history = controller_.history();
  const QString state = history.state();
  if (controller_.isBusyOpening() || state == QLatin1String("preparing"))
    run_->setState(RunButton::NoRun, tr("The run is being prepared."));
  else if (!controller_.ready())
    run_->setState(RunButton::NoRun, tr("There is no engine to train with."));
  else if (!history.hasRun())
    run_->setState(RunButton::NoRun, tr("No run is open. Make or open one in the File menu."));
  else if (state == QLatin1String("failed"))
    run_->setState(RunButton::NoRun, tr("The run has stopped. The banner says how to go on."));
  else if (history.info().read_only)
    run_->setState(RunButton::NoRun, tr("Another program trains this run; it is open for looking only."));
  else if (controller_.isPausing())
    run_->setState(RunButton::Waiting, tr("The step in flight is being finished."));
  else
    run_->setState(
        running || (slow_ && slow_->isPlaying()) ? RunButton::Running : RunButton::Idle,
        state == QLatin1String("finished") ? tr("All steps are done; Run trains 1,000 more (Space).") : QString());
  const bool idle = can && state != QLatin1String("failed");
  step_->setEnabled(idle && !running);
  restart_->setEnabled(can);
  stop_->setEnabled(can);
  more_->setEnabled(idle);
  live_->setView(history.isLive(), history.viewStep());
  live_->setVisible(history.hasRun());
  speed_->setVisible(controller_.plane().active() && !history.info().read_only);
  speed_->setEnabled(idle);
  {
    const QSignalBlocker quiet(speed_);
    speed_->setCurrent(slow_ && slow_->isOn() ? kSlow : controller_.pace() > 0 ? kWatch : kFull);
  }
  refresh();
}

void HeaderBar::refresh() {
  const RunHistory& history = controller_.history();
  if (!history.hasRun()) {
    counter_->put(QStringLiteral("–"), tr("no run"));
    rate_->put({}, {});
    left_->put({}, {});
    return;
  }
  counter_->put(formatCount(history.liveStep()), tr("step"));
  if (!busy_.isEmpty()) {
    const qsizetype bracket = busy_.indexOf(QLatin1Char('('));
    rate_->put(busy_.left(bracket).trimmed(), busy_.mid(bracket + 1).chopped(1));
    left_->put({}, {});
    return;
  }
  if (slow_ && slow_->isOn()) {
    rate_->put(tr("slow motion"), slow_->isPlaying() ? tr("a step in 8 stages") : tr("standing still"));
    left_->put({}, {});
    return;
  }
  if (controller_.isRunning() && std::isfinite(controller_.stepsPerSecond())) {
    const double steps = controller_.stepsPerSecond();
    const bool points = controller_.plane().active();
    rate_->put((points ? tr("%1 points/s") : tr("%1 tokens/s")).arg(formatShort(controller_.tokensPerSecond())),
               tr("%1 steps/s").arg(formatFixed(steps, steps < 1 ? 3 : 1)));
    left_->put(formatDuration(controller_.secondsLeft()), tr("left to %1").arg(formatCount(history.until())));
  } else {
    const QString state = history.state();
    rate_->put(state == QLatin1String("running")     ? tr("starting")
               : state == QLatin1String("finished")  ? tr("finished")
               : state == QLatin1String("failed")    ? tr("stopped")
               : state == QLatin1String("preparing") ? tr("preparing")
                                                     : tr("paused"),
               tr("of %1 steps").arg(formatCount(std::max<qint64>(history.until(), history.info().horizon))));
    left_->put({}, {});
  }
}

QSize HeaderBar::minimumSizeHint() const { return {Theme::instance().px(900), Theme::instance().px(48)}; }

void HeaderBar::resizeEvent(QResizeEvent*) {
  // Narrow windows lose the least important figure first; nothing is squeezed.
  left_->setVisible(width() >= Theme::instance().px(1240));
  find_->setVisible(width() >= Theme::instance().px(1160));
}

void HeaderBar::paintEvent(QPaintEvent*) {
  QPainter(this).fillRect(QRect(0, height() - 1, width(), 1), Theme::instance().color(Role::line));
}

}  // namespace moe::ui
