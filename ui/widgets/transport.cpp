// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/transport.h"

#include <QHBoxLayout>
#include <QVBoxLayout>
#include <algorithm>

#include "ui/bridge/run_controller.h"
#include "ui/bridge/run_history.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/timeline.h"

namespace moe::ui {

Transport::Transport(RunController& controller, QWidget* parent)
    : QWidget(parent), controller_(controller), history_(controller.history()) {
  const Theme& theme = Theme::instance();
  controls_ = new QWidget(this);
  back_ = new IconButton(Icon::first, tr("One recorded step back ( , )"), controls_);
  play_ = new IconButton(Icon::run, tr("Play back the recorded steps"), controls_);
  forward_ = new IconButton(Icon::last, tr("One recorded step on"), controls_);
  saved_ = new TypeLabel(QString(), Type::tick11, Role::text2, controls_);
  saved_->setObjectName(QStringLiteral("savedLabel"));
  saved_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
  timeline_ = new TimelineView(history_, this);
  auto* buttons = new QHBoxLayout;
  buttons->setSpacing(theme.px(4));
  for (IconButton* button : {back_, play_, forward_}) buttons->addWidget(button);
  buttons->addStretch(1);
  auto* column = new QVBoxLayout(controls_);
  column->setContentsMargins(theme.px(12), theme.px(8), theme.px(8), theme.px(8));
  column->setSpacing(theme.px(4));
  column->addLayout(buttons);
  column->addWidget(saved_);
  column->addStretch(1);
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(0, 0, 0, 0);
  row->setSpacing(0);
  row->addWidget(controls_);
  row->addWidget(timeline_, 1);
  setGround(this, Role::dock);
  playing_.setInterval(33);
  clock_.setInterval(1000);
  clock_.start();
  connect(back_, &IconButton::clicked, this, [this] { timeline_->moveBy(-1); });
  connect(forward_, &IconButton::clicked, this, [this] { timeline_->moveBy(1); });
  connect(play_, &IconButton::clicked, this, &Transport::togglePlay);
  connect(&playing_, &QTimer::timeout, this, &Transport::tick);
  connect(&clock_, &QTimer::timeout, this, &Transport::refresh);
  connect(&history_, &RunHistory::updated, this, &Transport::refresh);
  connect(&history_, &RunHistory::runChanged, this, &Transport::refresh);
  refresh();
}

void Transport::setLeftWidth(int pixels) { controls_->setFixedWidth(std::max(pixels, Theme::instance().px(132))); }

void Transport::togglePlay() {
  if (playing_.isActive()) {
    playing_.stop();
  } else if (history_.liveStep() > 1) {
    if (history_.isLive()) history_.lookAt(1);
    playing_.start(Theme::instance().reducedMotion() ? 500 : 33);
  }
  play_->setIconKind(playing_.isActive() ? Icon::pause : Icon::run);
}

void Transport::tick() {
  // A long run plays in about twenty seconds; a short one step by step.
  const qint64 stride = std::max<qint64>(1, history_.liveStep() * playing_.interval() / 20'000);
  if (history_.isLive() || history_.viewStep() + stride >= history_.liveStep()) {
    history_.backToLive();
    togglePlay();
    return;
  }
  history_.lookAt(history_.viewStep() + stride);
}

QString Transport::savedWords() const {
  if (!history_.hasRun()) return {};
  const qint64 safe = controller_.safeStep();
  if (safe < 0) return tr("No checkpoint yet");
  const double ago = controller_.secondsSinceSave();
  const QString step = tr("Checkpoint %1 saved").arg(formatCount(safe));
  return ago < 0 ? step
         : ago < 2
             ? tr("%1 just now").arg(step)
             : tr("%1 %2 ago").arg(step, ago < 10 ? tr("%1 s").arg(std::floor(ago)) : formatDuration(std::floor(ago)));
}

void Transport::refresh() {
  const QString words = savedWords();
  const QString line = words.isEmpty() ? QString() : QStringLiteral("◆ ") + words;
  if (saved_->text() != line) saved_->setText(line);
  const bool some = history_.hasRun() && history_.liveStep() > 1;
  back_->setEnabled(some);
  play_->setEnabled(some);
  forward_->setEnabled(some && !history_.isLive());
  if (!some && playing_.isActive()) togglePlay();
}

}  // namespace moe::ui
