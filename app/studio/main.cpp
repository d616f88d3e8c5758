// SPDX-License-Identifier: GPL-3.0-or-later
#include <QApplication>
#include <QCommandLineParser>
#include <cstdio>

#include "ui/bridge/setup_file.h"
#include "ui/main_window_host.h"

int main(int argc, char** argv) {
  QApplication app(argc, argv);
  QApplication::setApplicationName("moe-studio");
  QApplication::setApplicationDisplayName("MoE Studio");
  QApplication::setApplicationVersion(MOE_VERSION);
  QApplication::setDesktopFileName("org.moestudio.Studio");
  QCommandLineParser parser;
  parser.setApplicationDescription("Trains Mixture-of-Experts models and shows their experts at work.");
  parser.addHelpOption();
  parser.addVersionOption();
  parser.addOptions({{"preset", "Start a new run of this preset.", "NAME"},
                     {"run", "Open this run.", "FOLDER"},
                     {"present", "Show it for a room: large type, light, the canvas and the chosen knobs."},
                     {"reduced-motion", "Nothing moves by itself: no run at the start, two pictures a second."},
                     {"welcome", "Show the Welcome, also when it is switched off."},
                     {"probe", "With --screenshot: place on the plane to probe, as 0.3,-0.5.", "X,Y"},
                     {"data", "Train on this file or folder of text.", "PATH"},
                     {"set", "Setting of the new run; may be repeated.", "KEY=VALUE"},
                     {"engine", "Use this moe-cli.", "FILE"},
                     {"theme", "light or dark.", "THEME"},
                     {"perspective", "train or inspect.", "NAME"},
                     {"size", "Size of the window, as 1366x768.", "WxH"},
                     {"after-steps", "With --screenshot: steps to train first.", "N"},
                     {"select", "With --screenshot: expert to select, as 3.11.", "LAYER.EXPERT"},
                     {"screenshot", "Train, save a picture of the window, and end.", "FILE.png"}});
  parser.addPositionalArgument("file", "A set-up (*.moesetup) or the folder of a run.", "[FILE]");
  parser.process(app);
  moe::ui::StudioOptions options;
  const auto wrong = [](const char* sentence) {
    std::fprintf(stderr, "moe-studio: %s\n", sentence);
    return 2;
  };
  options.preset = parser.value("preset");
  options.run = parser.value("run");
  options.data = parser.value("data");
  options.settings = parser.values("set");
  options.engine = parser.value("engine");
  options.screenshot = parser.value("screenshot");
  options.select = parser.value("select");
  options.theme = parser.value("theme");
  options.perspective = parser.value("perspective");
  options.present = parser.isSet("present");
  options.reducedMotion = parser.isSet("reduced-motion");
  options.welcome = parser.isSet("welcome");
  if (const QStringList files = parser.positionalArguments(); files.size() > 1)
    return wrong("only one set-up or run can be opened.");
  else if (!files.isEmpty())
    (moe::ui::isSetupFile(files.first()) ? options.setup : options.run) = files.first();
  if (options.run.endsWith("/run.json")) options.run.chop(9);  // what a double click on a run's file gives
  if (const QStringList place = parser.value("probe").split(','); parser.isSet("probe")) {
    bool x = false, y = false;
    options.probe = QPointF(place.value(0).toDouble(&x), place.value(1).toDouble(&y));
    if (!x || !y || place.size() != 2) return wrong("--probe needs X,Y from -1 to 1.");
  }
  bool counted = true;
  if (parser.isSet("after-steps")) options.afterSteps = parser.value("after-steps").toLongLong(&counted);
  if (!counted || options.afterSteps < 0) return wrong("--after-steps needs a whole number from 0.");
  if (const QStringList size = parser.value("size").split('x'); parser.isSet("size")) {
    options.size = QSize(size.value(0).toInt(), size.value(1).toInt());
    if (options.size.width() < 640 || options.size.height() < 480 || options.size.width() > 16384 ||
        options.size.height() > 16384)
      return wrong("--size needs WIDTHxHEIGHT from 640x480 to 16384x16384.");
  }
  if (!QStringList{"", "light", "dark"}.contains(options.theme)) return wrong("--theme is light or dark.");
  if (!QStringList{"", "train", "inspect"}.contains(options.perspective))
    return wrong("--perspective is train or inspect.");
  for (const QString& pair : options.settings)
    if (pair.indexOf('=') < 1) return wrong("--set needs KEY=VALUE.");
  moe::ui::Studio studio(options);
  const auto end = [](int code, const QString& sentence) {
    if (code != 0) std::fprintf(stderr, "moe-studio: %s\n", qPrintable(sentence));
    QApplication::exit(code);
  };
  // Queued: it may be over before the event loop has begun.
  QObject::connect(&studio, &moe::ui::Studio::finished, &app, end, Qt::QueuedConnection);
  studio.start();
  return QApplication::exec();
}
