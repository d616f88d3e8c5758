// SPDX-License-Identifier: GPL-3.0-or-later
// For window tests: settings in a scratch folder, any Qt warning is a failure, helpers to wait and to click.
#pragma once
#include <QApplication>
#include <QDir>
#include <QRegularExpression>
#include <QSettings>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>

#include "ui/widgets/theme.h"

namespace moe::test {

inline QString fakeEngine() { return QCoreApplication::applicationDirPath() + QStringLiteral("/moe_fake_engine"); }

/// moe-cli of this build, or empty.
inline QString realEngine() {
  const QString file = qEnvironmentVariable("MOE_BIN_DIR") + QStringLiteral("/moe-cli");
  return QFile::exists(file) ? file : QString();
}

/// Call in init(): every warning that Qt logs is a defect of the window. The offscreen platform says of itself what it
/// does not support (size hints, lists that grab the keyboard) and that there is no session folder; that is none of
/// ours.
inline void warningsAreFailures() {
  QTest::failOnWarning(QRegularExpression(QStringLiteral("^(?!.*(This plugin does not support|XDG_RUNTIME_DIR))")));
}

class Scratch {
 public:
  Scratch() {
    QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, folder_.filePath(QStringLiteral("config")));
    qputenv("XDG_DATA_HOME", folder_.filePath(QStringLiteral("data")).toUtf8());
    ui::Theme::instance().apply(*static_cast<QApplication*>(QApplication::instance()), ui::Theme::Light);
  }
  QString path(const QString& name) const { return folder_.filePath(name); }

 private:
  QTemporaryDir folder_;
};

/// main() of a test with widgets and scratch settings.
template <class Test>
int runScratchTest(int argc, char** argv) {
  QApplication app(argc, argv);
  Scratch scratch;
  Test test;
  return QTest::qExec(&test, argc, argv);
}

}  // namespace moe::test
