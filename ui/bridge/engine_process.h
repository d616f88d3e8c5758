// SPDX-License-Identifier: GPL-3.0-or-later
// `moe-cli serve` as a child process: starts it, frames its JSON lines, matches replies to commands, notices when it
// dies or stands still. Knows nothing of runs.
#pragma once
#include <QElapsedTimer>
#include <QObject>
#include <QPointer>
#include <QProcess>
#include <QString>
#include <QTimer>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "engine/protocol/messages.h"

namespace moe::ui {

/// Answer to one command. `ok` false: `error` says why; kind "gone" means that the engine ended before it answered.
struct Reply {
  bool ok = false;
  qint64 step = 0;
  nlohmann::json result;
  protocol::ErrorInfo error;
};
using ReplyHandler = std::function<void(const Reply&)>;

/// A handler that is dropped when `owner` is gone: a window may be closed or made anew before the answer comes.
template <class F>
ReplyHandler ifAlive(QObject* owner, F handler) {
  return [owner = QPointer<QObject>(owner), handler = std::move(handler)](const Reply& reply) {
    if (owner) handler(reply);
  };
}

/// --engine, else moe-cli beside this program, else in PATH; empty when there is none.
QString findEngine(const QString& wanted);

class EngineProcess : public QObject {
  Q_OBJECT
 public:
  explicit EngineProcess(QObject* parent = nullptr);
  ~EngineProcess() override;

  /// Starts `program serve`. Failure is told by died().
  void start(const QString& program);
  bool isRunning() const;
  qint64 pid() const { return process_.processId(); }
  /// Sends a command; the handler runs once, in this thread. `fields` must not hold "id" or "cmd".
  void send(const char* command, const nlohmann::ordered_json& fields = nlohmann::ordered_json::object(),
            ReplyHandler handler = {});
  /// Polite end: `shutdown`, then at most `milliseconds` of waiting, then kill. Returns true when it went by itself.
  bool shutDown(int milliseconds);
  void kill();
  /// Sends SIGCONT to a stopped engine.
  void wake();

  /// Milliseconds since the last message.
  qint64 silence() const { return heard_.isValid() ? heard_.elapsed() : 0; }
  /// True while commands wait for their reply.
  bool owesReply() const { return !waiting_.empty(); }
  /// The operating system holds the process (SIGSTOP, debugger); known on Linux only.
  bool isStopped() const;
  /// Last lines of stderr, for "Details".
  QString log() const { return QString::fromUtf8(log_); }

 signals:
  void eventArrived(const QString& name, const nlohmann::json& message);
  /// The process is gone without having been asked. `how` is half a sentence: "it was killed (signal 9)".
  void died(const QString& how);
  /// A line that is no message of the protocol; told once per process.
  void badLine(const QString& why);

 private:
  void readLines();
  void dispatch(const std::string& line);
  void onFinished(int code, QProcess::ExitStatus status);
  void failWaiting();

  QProcess process_;
  QTimer more_;
  QByteArray buffer_, log_;
  qsizetype read_ = 0;  // bytes of buffer_ already handled
  std::map<qint64, ReplyHandler> waiting_;
  qint64 nextId_ = 1;
  QElapsedTimer heard_;
  bool leaving_ = false, toldBadLine_ = false;
};

}  // namespace moe::ui
