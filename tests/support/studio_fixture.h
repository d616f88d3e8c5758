// SPDX-License-Identifier: GPL-3.0-or-later
// For window tests: settings in a scratch folder, any Qt warning is a failure, helpers to wait and to click.
#pragma once
#include <QApplication>
#include <QDir>
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

/// Every warning that Qt logs is a defect of the window. What a test expects it announces with QTest::ignoreMessage.
inline QStringList& warnings() {
  static QStringList list;
  return list;
}

inline void collectWarnings(QtMsgType type, const QMessageLogContext&, const QString& text) {
  // The offscreen platform has no session bus and no compositor; it says so once, which is no defect of ours.
  static const QStringList kHarmless{QStringLiteral("This plugin does not support"),
                                     QStringLiteral("propagateSizeHints")};
  for (const QString& each : kHarmless)
    if (text.contains(each)) return;
  if (type == QtWarningMsg || type == QtCriticalMsg || type == QtFatalMsg) warnings() << text;
}

class Scratch {
 public:
  Scratch() {
    QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, folder_.filePath(QStringLiteral("config")));
    qputenv("XDG_DATA_HOME", folder_.filePath(QStringLiteral("data")).toUtf8());
    previous_ = qInstallMessageHandler(collectWarnings);
    ui::Theme::instance().apply(*static_cast<QApplication*>(QApplication::instance()), ui::Theme::Light);
  }
  ~Scratch() { qInstallMessageHandler(previous_); }
  QString path(const QString& name) const { return folder_.filePath(name); }

 private:
  QTemporaryDir folder_;
  QtMessageHandler previous_ = nullptr;
};

}  // namespace moe::test
