// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/bridge/engine_process.h"

#include <QCoreApplication>
#include <QFile>
#include <QFileInfo>
#include <QStandardPaths>
#include <utility>

#ifdef Q_OS_UNIX
#include <csignal>
#endif

namespace moe::ui {
namespace {

constexpr qint64 kSliceMs = 6;                // of one pass of the event loop
constexpr qsizetype kLongestLine = 17 << 20;  // the parser refuses more than 16 MiB
constexpr qsizetype kLogBytes = 16 << 10;

QString crashText(int code) {
#ifdef Q_OS_UNIX
  // On Unix the code of a crashed process is the signal's number.
  if (code == SIGKILL) return QObject::tr("it was killed from outside, or the system ran out of memory");
  if (code == SIGSEGV || code == SIGABRT || code == SIGBUS || code == SIGFPE)
    return QObject::tr("it crashed (signal %1)").arg(code);
  return QObject::tr("it was ended by signal %1").arg(code);
#else
  return QObject::tr("it crashed (code %1)").arg(code);
#endif
}

}  // namespace

QString findEngine(const QString& wanted) {
  if (!wanted.isEmpty()) return QFileInfo(wanted).isExecutable() ? QFileInfo(wanted).absoluteFilePath() : QString();
  const QFileInfo beside(QCoreApplication::applicationDirPath() + QStringLiteral("/moe-cli"));
  if (beside.isExecutable()) return beside.absoluteFilePath();
  return QStandardPaths::findExecutable(QStringLiteral("moe-cli"));
}

EngineProcess::EngineProcess(QObject* parent) : QObject(parent) {
  process_.setProcessChannelMode(QProcess::SeparateChannels);
  more_.setSingleShot(true);
  more_.setInterval(0);
  connect(&more_, &QTimer::timeout, this, &EngineProcess::readLines);
  connect(&process_, &QProcess::readyReadStandardOutput, this, [this] {
    if (!more_.isActive()) readLines();
  });
  connect(&process_, &QProcess::readyReadStandardError, this, [this] {
    log_ += process_.readAllStandardError();
    if (log_.size() > kLogBytes) log_ = log_.right(kLogBytes);
  });
  connect(&process_, &QProcess::finished, this, &EngineProcess::onFinished);
  connect(&process_, &QProcess::errorOccurred, this, [this](QProcess::ProcessError error) {
    if (error != QProcess::FailedToStart) return;
    failWaiting();
    emit died(tr("%1 could not be started").arg(process_.program()));
  });
}

EngineProcess::~EngineProcess() {
  disconnect(&process_, nullptr, this, nullptr);
  if (isRunning()) {
    wake();
    process_.kill();
    process_.waitForFinished(2000);
  }
}

void EngineProcess::start(const QString& program) {
  leaving_ = toldBadLine_ = false;
  buffer_.clear();
  log_.clear();
  read_ = 0;
  heard_.start();
  process_.start(program, {QStringLiteral("serve")});
}

bool EngineProcess::isRunning() const { return process_.state() != QProcess::NotRunning; }

void EngineProcess::send(const char* command, const nlohmann::ordered_json& fields, ReplyHandler handler) {
  const qint64 id = nextId_++;
  if (!isRunning()) {
    if (handler) handler({false, 0, {}, {"gone", "The engine is not running.", "", "", "", "", -1}});
    return;
  }
  nlohmann::ordered_json message{{"id", id}, {"cmd", command}};
  message.update(fields);
  waiting_[id] = std::move(handler);
  // A path or a text that is not UTF-8 must not throw here.
  const std::string line = message.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  process_.write(line.data(), static_cast<qint64>(line.size()));
}

void EngineProcess::readLines() {
  buffer_ += process_.readAllStandardOutput();
  QElapsedTimer slice;
  slice.start();
  while (true) {
    const qsizetype end = buffer_.indexOf('\n', read_);
    if (end < 0) break;
    if (slice.elapsed() >= kSliceMs) {
      more_.start();  // the window paints in between
      break;
    }
    const std::string line(buffer_.constData() + read_, static_cast<std::size_t>(end - read_));
    read_ = end + 1;
    heard_.start();
    if (!line.empty()) dispatch(line);
  }
  if (read_ > (1 << 20) || read_ == buffer_.size()) {
    buffer_.remove(0, read_);
    read_ = 0;
  }
  if (buffer_.size() - read_ > kLongestLine && buffer_.indexOf('\n', read_) < 0) {
    buffer_.clear();
    read_ = 0;
    if (!std::exchange(toldBadLine_, true)) emit badLine(tr("a line without an end"));
  }
}

void EngineProcess::dispatch(const std::string& line) {
  try {
    const nlohmann::json message = protocol::parse_line(line);
    if (const auto it = message.find("event"); it != message.end()) {
      emit eventArrived(QString::fromStdString(it->get<std::string>()), message);
      return;
    }
    Reply reply;
    const auto id = message.at("id").get<qint64>();
    reply.ok = message.at("ok").get<bool>();
    reply.step = message.value("step", qint64{0});
    if (const auto result = message.find("result"); result != message.end()) reply.result = *result;
    if (const auto error = message.find("error"); error != message.end())
      reply.error = protocol::error_from_json(*error);
    const auto waiting = waiting_.find(id);
    if (waiting == waiting_.end()) return;
    const ReplyHandler handler = std::move(waiting->second);
    waiting_.erase(waiting);
    if (handler) handler(reply);
  } catch (const std::exception& problem) {
    if (!std::exchange(toldBadLine_, true)) emit badLine(QString::fromUtf8(problem.what()));
  }
}

void EngineProcess::onFinished(int code, QProcess::ExitStatus status) {
  // What it said last still counts: parse the rest before the news of its end.
  more_.stop();
  buffer_ += process_.readAllStandardOutput();
  while (buffer_.indexOf('\n', read_) >= 0) readLines();
  more_.stop();
  log_ += process_.readAllStandardError();
  const bool asked = leaving_;
  failWaiting();
  if (asked) return;
  emit died(status == QProcess::CrashExit ? crashText(code) : tr("it ended with code %1").arg(code));
}

void EngineProcess::failWaiting() {
  const auto waiting = std::exchange(waiting_, {});
  for (const auto& [id, handler] : waiting)
    if (handler) handler({false, 0, {}, {"gone", "The engine ended before it answered.", "", "", "", "", -1}});
}

bool EngineProcess::shutDown(int milliseconds) {
  if (!isRunning()) return true;
  leaving_ = true;
  wake();
  send("shutdown");
  process_.closeWriteChannel();
  if (process_.waitForFinished(milliseconds)) return true;
  process_.kill();
  process_.waitForFinished(2000);
  return false;
}

void EngineProcess::kill() {
  if (!isRunning()) return;
  leaving_ = true;
  process_.kill();
  process_.waitForFinished(2000);
}

void EngineProcess::wake() {
#ifdef Q_OS_UNIX
  if (isRunning() && pid() > 0) ::kill(static_cast<pid_t>(pid()), SIGCONT);
#endif
}

bool EngineProcess::isStopped() const {
#ifdef Q_OS_LINUX
  QFile stat(QStringLiteral("/proc/%1/stat").arg(pid()));
  if (!isRunning() || !stat.open(QIODevice::ReadOnly)) return false;
  const QByteArray line = stat.readAll();
  const qsizetype name = line.lastIndexOf(')');  // the program's name may hold anything
  return name > 0 && name + 2 < line.size() && (line[name + 2] == 'T' || line[name + 2] == 't');
#else
  return false;
#endif
}

}  // namespace moe::ui
