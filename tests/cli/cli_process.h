// SPDX-License-Identifier: Apache-2.0
// Runs the built moe-cli as a process.
#pragma once
#include <QByteArray>
#include <QDir>
#include <QElapsedTimer>
#include <QFile>
#include <QProcess>
#include <QString>
#include <QStringList>
#include <QTemporaryDir>
#include <nlohmann/json.hpp>
#include <vector>

namespace moe::test {

inline QString program() { return qEnvironmentVariable("MOE_BIN_DIR") + "/moe-cli"; }

struct Result {
  int code = -1;
  QByteArray out, err;
  nlohmann::json json() const { return nlohmann::json::parse(out.toStdString()); }
  std::vector<nlohmann::json> lines() const {
    std::vector<nlohmann::json> all;
    for (const QByteArray& line : out.split('\n'))
      if (!line.isEmpty()) all.push_back(nlohmann::json::parse(line.toStdString()));
    return all;
  }
  /// For the message of a failed check.
  QByteArray text() const { return "exit " + QByteArray::number(code) + "\n" + out.left(2000) + "\n" + err.left(4000); }
};

/// Waits up to two minutes. `environment`: NAME=value, added.
inline Result run_cli(const QStringList& arguments, const QStringList& environment = {}) {
  QProcess process;
  QProcessEnvironment env = QProcessEnvironment::systemEnvironment();
  for (const QString& pair : environment) env.insert(pair.section('=', 0, 0), pair.section('=', 1));
  process.setProcessEnvironment(env);
  process.setStandardInputFile(QProcess::nullDevice());
  process.start(program(), arguments);
  if (!process.waitForFinished(120000)) {
    process.kill();
    process.waitForFinished();
    return {-1, process.readAllStandardOutput(), "timed out: " + process.readAllStandardError()};
  }
  const int code = process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -2;
  return {code, process.readAllStandardOutput(), process.readAllStandardError()};
}

/// A model of a few thousand parameters: about a millisecond a step.
inline QStringList tiny_model() {
  QStringList list{"--preset", "text-tiny"};
  for (const char* setting :
       {"model.layers=2", "model.width=16", "model.heads=2", "model.kv_heads=2", "model.experts=4",
        "model.expert_width=16", "model.vocabulary=320", "model.context=16", "train.batch=2", "train.eval_windows=1"})
    list << "--set" << setting;
  return list;
}

inline QStringList train_tiny(const QString& out, const QStringList& more = {}) {
  return QStringList{"train"} + tiny_model() + QStringList{"--out", out} + more;
}

inline QByteArray read_file(const QString& path) {
  QFile file(path);
  return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

inline void write_file(const QString& path, const QByteArray& bytes) {
  QDir().mkpath(QFileInfo(path).path());
  QFile file(path);
  if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size())
    qFatal("cannot write %s", qPrintable(path));
}

/// Folders step-… of a run, oldest first.
inline QStringList checkpoints(const QString& run) {
  return QDir(run + "/checkpoints").entryList({"step-????????*"}, QDir::Dirs | QDir::NoDotAndDotDot, QDir::Name);
}

inline QString checkpoint_file(const QString& run, const QString& checkpoint, const QString& name) {
  return run + "/checkpoints/" + checkpoint + '/' + name;
}

}  // namespace moe::test
