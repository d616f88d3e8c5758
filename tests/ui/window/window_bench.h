// SPDX-License-Identifier: GPL-3.0-or-later
// A whole studio over the scripted engine (or another one), and what the window tests do again and again.
#pragma once
#include <QAction>
#include <QLineEdit>

#include "tests/support/studio_fixture.h"
#include "ui/bridge/run_controller.h"
#include "ui/bridge/run_history.h"
#include "ui/bridge/selection.h"
#include "ui/main_window.h"
#include "ui/widgets/banner_bar.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/header_bar.h"
#include "ui/widgets/knob_field.h"
#include "ui/widgets/knob_row.h"
#include "ui/widgets/knobs_panel.h"

namespace moe::test {

struct WindowBench {
  ui::RunHistory history;
  ui::Selection selection;
  ui::RunController controller{history};
  std::unique_ptr<ui::MainWindow> window;

  explicit WindowBench(const char* script = "", bool remember = false, const QString& engine = fakeEngine()) {
    qputenv("MOE_FAKE", script);
    window = std::make_unique<ui::MainWindow>(controller, selection, remember);
    window->show();
    controller.startEngine(engine);
  }
  ~WindowBench() {
    window.reset();
    controller.shutDown(3000);
  }
  bool ready() {
    return QTest::qWaitForWindowExposed(window.get()) && QTest::qWaitFor([this] { return controller.ready(); }, 15'000);
  }
  bool training(qint64 step, const QString& preset = QStringLiteral("text-small")) {
    ui::NewRunRequest request;
    request.preset = preset;
    window->startRun(request);
    return reached(step);
  }
  bool reached(qint64 step, int milliseconds = 30'000) {
    return QTest::qWaitFor([&] { return history.hasRun() && history.liveStep() >= step; }, milliseconds);
  }
  bool state(const char* name) {
    return QTest::qWaitFor([&] { return history.state() == QLatin1String(name); }, 15'000);
  }
  void click(QWidget* widget) { QTest::mouseClick(widget, Qt::LeftButton); }
  void type(const QString& key, const QString& text) {
    auto* line = window->knobs()->row(key)->findChild<QLineEdit*>();
    line->setFocus();
    line->selectAll();
    QTest::keyClicks(line, text);
    QTest::keyClick(line, Qt::Key_Return);
  }
};

}  // namespace moe::test
