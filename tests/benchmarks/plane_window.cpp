// SPDX-License-Identifier: GPL-3.0-or-later
// What the canvas costs: time from start to the first frame, to the first step and to the first picture of the plane;
// milliseconds per paint; steps a second with the canvas shown and hidden, in turns.
//   plane_window [SECONDS PER TURN = 4] [TURNS = 6] [PRESET = plane-spirals]
#include <QApplication>
#include <QElapsedTimer>
#include <QTest>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "ui/bridge/run_controller.h"
#include "ui/bridge/run_history.h"
#include "ui/bridge/selection.h"
#include "ui/main_window.h"
#include "ui/main_window_plane.h"
#include "ui/main_window_welcome.h"
#include "ui/panels/plane_panel.h"
#include "ui/widgets/theme.h"

namespace {

using namespace moe::ui;

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return n == 0 ? std::nan("") : n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

/// Notes when a widget has painted for the first time.
class FirstPaint : public QObject {
 public:
  FirstPaint(QElapsedTimer& clock, double& at) : clock_(clock), at_(at) {}
  bool eventFilter(QObject*, QEvent* event) override {
    if (event->type() == QEvent::Paint && at_ < 0)
      QMetaObject::invokeMethod(
          this,
          [this] {
            if (at_ < 0) at_ = double(clock_.elapsed());
          },
          Qt::QueuedConnection);
    return false;
  }

 private:
  QElapsedTimer& clock_;
  double& at_;
};

double rate(RunHistory& history, int milliseconds) {
  QElapsedTimer time;
  const qint64 before = history.liveStep();
  time.start();
  QTest::qWait(milliseconds);
  return double(history.liveStep() - before) * 1000.0 / double(time.elapsed());
}

}  // namespace

int main(int argc, char** argv) {
  QElapsedTimer clock;
  clock.start();
  QApplication app(argc, argv);
  const QStringList arguments = QApplication::arguments();
  const int turn = arguments.value(1, QStringLiteral("4")).toInt() * 1000,
            turns = arguments.value(2, QStringLiteral("6")).toInt();
  Theme::instance().apply(app, Theme::Light);
  RunHistory history;
  Selection selection;
  RunController controller(history);
  MainWindow window(controller, selection, false);
  window.resize(1366, 768);
  double frame = -1, step = -1, picture = -1;
  FirstPaint first(clock, frame);
  window.installEventFilter(&first);
  QObject::connect(&history, &RunHistory::updated, &app, [&] {
    if (step < 0 && history.liveStep() > 0) step = double(clock.elapsed());
  });
  QObject::connect(&controller.plane(), &PlaneHistory::updated, &app, [&] {
    if (picture < 0 && controller.plane().picture() && controller.plane().picture()->step > 0)
      picture = double(clock.elapsed());
  });
  window.show();
  controller.startEngine();
  window.showWelcome({}, true);
  if (!QTest::qWaitFor([&] { return picture > 0; }, 30'000)) {
    std::fprintf(stderr, "plane_window: no picture came within 30 s. Build moe-cli first.\n");
    return 1;
  }
  std::printf("first frame %.0f ms, first step %.0f ms, first learned picture %.0f ms after the start\n", frame, step,
              picture);
  QTest::keyClick(window.welcome(), Qt::Key_Escape);

  NewRunRequest request;
  request.preset = arguments.value(3, QStringLiteral("plane-spirals"));
  request.settings["train.steps"] = 10'000'000;
  request.settings["optim.schedule"] = "constant";
  controller.stop(false);
  controller.setPace(0);  // Welcome's runs go at a pace to watch
  window.startRun(request);
  const auto learning = [&] { return history.hasRun() && history.liveStep() > 200 && window.planePage()->isVisible(); };
  if (!QTest::qWaitFor(learning, 60'000)) {
    std::fprintf(stderr, "plane_window: the run did not begin within a minute.\n");
    return 1;
  }
  PlaneView* view = window.planePage()->canvas()->view();
  std::vector<double> paints;
  for (int i = 0; i < 40; ++i) {
    QElapsedTimer paint;
    paint.start();
    view->repaint();
    paints.push_back(double(paint.nsecsElapsed()) / 1e6);
    QTest::qWait(20);
  }
  std::printf("one paint of the canvas (%d px): %.2f ms\n", static_cast<int>(view->area().width()), median(paints));
  std::vector<double> shown, hidden, ratio, frames, share;
  for (int i = 0; i < turns; ++i) {
    // Hidden: the window is there, the canvas is not.
    window.planePage()->canvas()->setVisible(i % 2 == 0);
    QTest::qWait(500);
    const double a = rate(history, turn);
    frames.push_back(controller.plane().framesPerSecond());
    window.planePage()->canvas()->setVisible(i % 2 != 0);
    QTest::qWait(500);
    const double b = rate(history, turn);
    if (i % 2 != 0) frames.back() = controller.plane().framesPerSecond();
    share.push_back(controller.plane().share());
    shown.push_back(i % 2 == 0 ? a : b);
    hidden.push_back(i % 2 == 0 ? b : a);
    ratio.push_back(shown.back() / hidden.back());
  }
  std::printf("steps/s: shown %.0f, hidden %.0f, shown/hidden %.3f (median of %d pairs, %d s each)\n", median(shown),
              median(hidden), median(ratio), turns, turn / 1000);
  std::printf("frames/s %.1f, share of the painting thread %.1f %%\n", median(frames), 100 * median(share));
  controller.stop(false);
  controller.shutDown();
  return 0;
}
