// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/main_window_host.h"

#include <QApplication>
#include <QDir>
#include <QFileInfo>
#include <QPixmap>
#include <QSettings>
#include <QTemporaryDir>
#include <QTimer>
#include <cmath>

#include "ui/main_window_welcome.h"
#include "ui/panels/coach_bubble.h"
#include "ui/panels/expert_card.h"
#include "ui/widgets/banner_bar.h"
#include "ui/widgets/theme.h"

namespace moe::ui {
namespace {

constexpr auto kFirstPreset = "text-small";
constexpr int kSettleMs = 700;  // the last probe, charts (10 Hz) and card (2 Hz) after the last step

}  // namespace

Studio::Studio(StudioOptions options, QObject* parent)
    : QObject(parent), options_(std::move(options)), controller_(history_) {
  connect(&controller_, &RunController::greeted, this, &Studio::begin, Qt::SingleShotConnection);
  connect(&controller_, &RunController::banner, this, [this](const Banner& banner) {
    if (taking() && banner.tone == Banner::Error) emit finished(1, banner.text);
  });
  connect(&history_, &RunHistory::updated, this, &Studio::watchSteps);
  connect(&controller_, &RunController::stateChanged, this, &Studio::watchSteps);
}

Studio::~Studio() {
  window_.reset();
  controller_.shutDown();
}

void Studio::start() {
  auto& app = *static_cast<QApplication*>(QApplication::instance());
  bool dark = options_.theme == QLatin1String("dark");
  if (!taking()) {
    const std::unique_ptr<QSettings> settings(openSettings(nullptr));
    if (options_.theme.isEmpty()) dark = settings->value(QStringLiteral("theme")).toString() == QLatin1String("dark");
    Theme::instance().setScale(settings->value(QStringLiteral("scale"), 1.0).toDouble());
  }
  const std::unique_ptr<QSettings> settings(openSettings(nullptr));
  const bool calm = options_.reducedMotion || qEnvironmentVariableIntValue("MOE_REDUCED_MOTION") > 0 ||
                    settings->value(QStringLiteral("reducedMotion")).toBool();
  Theme::instance().setReducedMotion(calm);
  if (calm) controller_.plane().setFramesPerSecond(PlaneHistory::kCalmFrames);
  Theme::instance().apply(app, dark ? Theme::Dark : Theme::Light);
  makeWindow();
  if (options_.perspective == QLatin1String("inspect")) window_->setPerspective(Perspective::inspect);
  controller_.startEngine(options_.engine);
  if (wantsWelcome()) window_->showWelcome(controller_.program(), !calm);
}

/// At a start without anything to open; a picture of it on request.
bool Studio::wantsWelcome() const {
  if (taking()) return options_.welcome;
  const bool asked = !options_.preset.isEmpty() || !options_.data.isEmpty() || !options_.settings.isEmpty() ||
                     !options_.run.isEmpty() || !options_.setup.isEmpty() || options_.present;
  return !asked && (options_.welcome || MainWindow::wantsWelcome());
}

void Studio::makeWindow() {
  window_ = std::make_unique<MainWindow>(controller_, selection_, !taking());
  if (options_.size.isValid()) window_->resize(options_.size);
  connect(window_.get(), &MainWindow::remakeWanted, this, &Studio::makeWindow, Qt::QueuedConnection);
  window_->show();
}

NewRunRequest Studio::requested() const {
  NewRunRequest request;
  request.preset = options_.preset;
  if (request.preset.isEmpty()) {
    const auto& presets = controller_.hello().presets;
    const bool known = controller_.hello().preset(QLatin1String(kFirstPreset)) || presets.empty();
    request.preset = known ? QString::fromLatin1(kFirstPreset) : presets.front().name;
  }
  if (!options_.data.isEmpty())
    request.settings["data.path"] = QFileInfo(options_.data).absoluteFilePath().toStdString();
  for (const QString& pair : options_.settings) {
    const qsizetype equals = pair.indexOf(QLatin1Char('='));
    request.settings[pair.left(equals).toStdString()] = valueFromText(pair.mid(equals + 1).toStdString());
  }
  if (taking()) request.folder = folder_->filePath(QStringLiteral("run"));
  request.start = !taking();
  return request;
}

void Studio::begin() {
  if (taking()) folder_ = std::make_unique<QTemporaryDir>();
  if (wantsWelcome()) {
    if (taking()) shootWelcome(0);
    return;
  }
  openOrMake();
}

void Studio::openOrMake() {
  const auto opened = [this](const Reply& reply) {
    if (!window_) return;  // the studio is ending
    const QString sentence = QString::fromStdString(reply.error.message);
    if (!reply.ok && taking()) return emit finished(1, sentence);
    // The engine's end and a run that is held elsewhere have banners of their own, with a way out.
    if (!reply.ok && (reply.error.kind == "gone" || reply.error.kind == "locked")) return;
    if (!reply.ok) return window_->banners()->show({Banner::Error, QStringLiteral("run"), sentence, {}, {}});
    if (options_.present) window_->setPresent(true);
    if (!taking()) return;
    target_ = history_.liveStep() + options_.afterSteps;
    if (options_.afterSteps > 0)
      controller_.runMore(options_.afterSteps);
    else
      watchSteps();
  };
  if (!options_.setup.isEmpty() && !taking()) return window_->openSetup(options_.setup);
  if (!options_.run.isEmpty()) return controller_.openRun(QFileInfo(options_.run).absoluteFilePath(), false, opened);
  const bool asked = !options_.preset.isEmpty() || !options_.data.isEmpty() || !options_.settings.isEmpty() || taking();
  const std::unique_ptr<QSettings> settings(openSettings(nullptr));
  const QString last = asked ? QString() : settings->value(QStringLiteral("recent")).toStringList().value(0);
  if (last.isEmpty() || !QFileInfo::exists(last)) return controller_.newRun(requested(), opened);
  // Back where the user left, paused; when that run cannot be opened the default one shows what the program does.
  controller_.openRun(last, false, [this, opened](const Reply& reply) {
    if (reply.ok || reply.error.kind == "gone" || !window_) return;
    opened(reply);
    controller_.newRun(requested(), opened);
  });
}

void Studio::watchSteps() {
  if (!taking() || shot_ || target_ < 0 || !history_.hasRun()) return;
  if (history_.liveStep() < target_ || controller_.isRunning()) return;
  shot_ = true;
  QTimer::singleShot(kSettleMs, this, &Studio::shoot);
}

void Studio::shoot() {
  // Something selected shows the expert card at work: what was asked for, else the busiest expert.
  const QStringList parts = options_.select.split(QLatin1Char('.'));
  if (parts.size() == 2)
    selection_.select(ExpertRef{parts[0].toInt() - 1, parts[1].toInt() - 1});
  else if (const auto busiest = ExpertCard::busiest(history_.window()))
    selection_.select(*busiest);
  if (window_->perspective() == Perspective::inspect && history_.probe() && !history_.probe()->strips.empty())
    selection_.selectToken(TokenRef{0, std::min(20, history_.probe()->strips[0].tokens() / 2)});
  if (options_.probe) controller_.plane().probeAt(*options_.probe);
  QTimer::singleShot(kSettleMs, this, &Studio::save);
}

/// Once the coach has spoken and the tiles are measured; a tile that cannot be measured is not waited for for ever.
void Studio::shootWelcome(int waited) {
  constexpr int kEveryMs = 500, kMostMs = 120'000;
  const WelcomePage* welcome = window_->welcome();
  const bool ready =
      welcome && welcome->coach()->isVisible() && const_cast<WelcomePage*>(welcome)->tileMaker().pictures().complete();
  if (ready || waited > kMostMs) return save();
  QTimer::singleShot(kEveryMs, this, [this, waited] { shootWelcome(waited + kEveryMs); });
}

void Studio::save() {
  const QPixmap picture = window_->grab();
  if (!picture.save(options_.screenshot, "PNG"))
    return emit finished(1, tr("Couldn't write %1. Choose a folder that can be written to.").arg(options_.screenshot));
  emit finished(0, {});
}

}  // namespace moe::ui
