// SPDX-License-Identifier: GPL-3.0-or-later
// The run as the window drives it: commands out, events in, the history filled at 30 Hz, watchdog and restart.
#pragma once
#include <QElapsedTimer>
#include <QObject>
#include <QTimer>
#include <deque>
#include <optional>

#include "ui/bridge/banner.h"
#include "ui/bridge/engine_process.h"
#include "ui/bridge/hello.h"
#include "ui/bridge/plane_history.h"
#include "ui/bridge/selection.h"

namespace moe::ui {

class RunHistory;

struct NewRunRequest {
  QString preset;
  nlohmann::ordered_json settings = nlohmann::ordered_json::object();  // flat; only what differs from the preset
  QString folder;                                                      // empty: the default place
  bool start = true;
  nlohmann::ordered_json points{};  // a drawing: [[x, y, class], …] on [−1,1]²; null: none
};

class RunController : public QObject {
  Q_OBJECT
 public:
  explicit RunController(RunHistory& history, QObject* parent = nullptr);
  ~RunController() override;

  /// Finds and starts the engine and greets it. Without one: a banner, and everything else is refused.
  void startEngine(const QString& wanted = {});
  bool ready() const { return ready_; }
  const QString& program() const { return program_; }  // the engine's
  const Hello& hello() const { return hello_; }
  EngineProcess& engine() { return engine_; }
  RunHistory& history() { return history_; }
  PlaneHistory& plane() { return plane_; }

  void newRun(const NewRunRequest& request, ReplyHandler handler = {});
  /// A run that another program trains is refused, unless for reading; the banner offers that.
  void openRun(const QString& folder, bool start, ReplyHandler handler = {}, bool readOnly = false);
  void openLockedForReading();
  void run();                  // until the horizon; of a finished run: 1,000 more
  void runMore(qint64 steps);  // until the present step + steps
  void pause();
  void toggleRun();
  void step(int count);
  /// Steps a second that one can watch: a picture of the plane for most of them.
  static constexpr double kWatchPace = 30;
  void setPace(double stepsPerSecond);  // 0: as many as the machine does; holds for later runs
  double pace() const { return pace_; }
  void stepOnly(const QString& only);  // of a run of points: "router" or "experts" alone
  void restartRun();                   // same preset, settings and seed in a new folder
  void checkpoint();
  void cancelPreparing();  // a `new` or `open` on its way; nothing is left behind
  void stop(bool keep);
  void setKnob(const QString& key, const nlohmann::json& value, ReplyHandler handler = {});
  /// One after the other: of several values of a key that wait for a step the engine applies only the last.
  void revive(std::vector<ExpertRef> experts);
  void addExpert();
  void removeIdlestExpert();
  /// Why experts cannot be revived, added or removed now; empty: they can.
  QString whyNoExpertEdit() const;
  void inspect(const QString& text, const ReplyHandler& handler = {});
  void exportMetrics(const QString& file, ReplyHandler handler);
  /// Ends the engine, starts it again and opens the run from its newest checkpoint.
  void restartEngine(bool halveRate = false);
  void startAgain();  // nothing was saved: the same new run once more
  /// Checkpoint through `shutdown`, bounded wait, kill. True when it went by itself.
  bool shutDown(int milliseconds = 10'000);

  bool isRunning() const;  // state "running"
  bool isPausing() const { return pausing_; }
  bool isBusyOpening() const { return opening_; }
  bool canRun() const;  // a run is open and the engine answers
  const std::optional<NewRunRequest>& lastRequest() const { return request_; }
  qint64 safeStep() const;  // newest checkpoint, −1 = none
  /// Seconds since the newest checkpoint was reported in this session; negative = not yet.
  double secondsSinceSave() const;
  double tokensPerSecond() const;
  double stepsPerSecond() const;
  double secondsLeft() const;  // to until(); NaN when unknown

 signals:
  void greeted();
  void stateChanged();
  void runOpened();
  void progress(const QString& stage, double done, double total, qint64 documents);
  void banner(const moe::ui::Banner& banner);
  void bannerGone(const QString& cause);
  void busyChanged(const QString& words);  // "engine busy (step 12,481, 2.3 s)"; empty = no longer
  void knobApplied(const QString& key, const QString& before, const QString& after, qint64 step);
  void notice(const QString& sentence);  // a refused command that has no field of its own

 private:
  void onEvent(const QString& name, const nlohmann::json& message);
  void onState(const nlohmann::json& message);
  void onError(const protocol::ErrorInfo& error);
  void onDied(const QString& how);
  void onHello(const Reply& reply);
  void opened(const Reply& reply, const ReplyHandler& handler);
  void sendNew(const NewRunRequest& request, const ReplyHandler& handler);
  void whenReady(std::function<void()> next, const ReplyHandler& handler);
  void fetchHistory(qint64 from, qint64 to);
  void fetchProbe(qint64 step);
  void watch();
  void noticeIfRefused(const Reply& reply);
  void tellLocked(const QString& folder, const protocol::ErrorInfo& error);
  QString safeSentence() const;

  struct RatePoint {
    double seconds;
    qint64 step, tokens;
  };
  RunHistory& history_;
  EngineProcess engine_;
  PlaneHistory plane_;
  Hello hello_;
  QString program_, locked_;  // folder of the run that another program holds
  QTimer flush_, watch_;
  std::optional<NewRunRequest> request_;
  std::function<void()> onceReady_;
  std::deque<RatePoint> rate_;
  QElapsedTimer saved_;
  qint64 savedStep_ = -1;
  double pace_ = 0;
  bool ready_ = false, pausing_ = false, opening_ = false, wasRunning_ = false, hangTold_ = false;
  QString busy_;
};

}  // namespace moe::ui
