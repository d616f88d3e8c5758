// SPDX-License-Identifier: GPL-3.0-or-later
// Renders the window over the synthetic run, for looking at the layout: sample_window FILE.png WxH light|dark
// train|inspect [STEP|live] [TITLE OF A PANEL]
#include <QApplication>
#include <QTimer>

#include "tests/support/sample_run.h"
#include "ui/bridge/run_controller.h"
#include "ui/bridge/run_history.h"
#include "ui/bridge/selection.h"
#include "ui/main_window.h"
#include "ui/main_window_train.h"
#include "ui/widgets/panel.h"
#include "ui/widgets/theme.h"

int main(int argc, char** argv) {
  QApplication app(argc, argv);
  using namespace moe;
  const QStringList arguments = QApplication::arguments();
  ui::Theme::instance().apply(app, arguments.value(3) == "dark" ? ui::Theme::Dark : ui::Theme::Light);
  ui::RunHistory history;
  ui::Selection selection;
  ui::RunController controller(history);
  ui::MainWindow window(controller, selection, false);
  const QStringList size = arguments.value(2).split('x');
  window.resize(size.value(0).toInt(), size.value(1).toInt());
  controller.startEngine(QCoreApplication::applicationDirPath() + "/moe_fake_engine");
  QObject::connect(&controller, &ui::RunController::greeted, &app, [&] {
    test::fillSampleRun(history, {6, 16, 3000});
    history.setWindowSteps(4);
    if (arguments.value(4) == "inspect") window.setPerspective(ui::Perspective::inspect);
    window.show();
    selection.select(ui::ExpertRef{2, 10});
    selection.togglePin({1, 4});
    selection.togglePin({2, 3});
    selection.selectToken(ui::TokenRef{4, 12});
    if (const qint64 step = arguments.value(5).toLongLong(); step > 0) history.lookAt(step);
    for (ui::Panel* panel : window.trainPage()->panels())
      if (panel->title() == arguments.value(6)) window.trainPage()->reveal(panel);
    history.flush();
    emit controller.stateChanged();
  });
  QTimer::singleShot(2500, &app, [&] {
    window.grab().save(arguments.value(1));
    QApplication::quit();
  });
  return QApplication::exec();
}
