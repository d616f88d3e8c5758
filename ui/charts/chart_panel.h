// SPDX-License-Identifier: GPL-3.0-or-later
// One chart of the run with its title, current figure and note.
#pragma once
#include <QWidget>
#include <optional>

#include "ui/charts/chart_series.h"

class QLabel;

namespace moe::ui {

class ChartView;
class WordButton;

/// Half-life that suits a run of this length: a two-hundredth of it, rounded to 1, 2 or 5 times a power of ten, from 2
/// to 50 steps. A longer one lags visibly behind the first fall of the loss; this one grows to its length, see
/// Smoothing.
int automaticHalfLife(qint64 horizon);
constexpr int kAutomatic = -1;  // in halfLifeChosen(): the half-life above

/// What a chart shows; `layer` figures give one grey line per layer and their mean in ink.
struct ChartSpec {
  QString title, wideTitle;                                // the second where there is room; empty = the first
  QString note;                                            // fixed words under the title
  QString word;                                            // at the end of the main line, in wide charts
  StepFigure figure;                                       // of the main line
  std::function<double(const train::LayerReport&)> layer;  // empty = no lines of layers
  int decimals = 2;
  bool lowerIsBetter = true;
  bool showBest = false, validation = false, logarithm = false;
  bool hideWarmUp = false;  // the first tenth may run out of the picture
  double reference = 0;     // level drawn as a dotted line
  double floorSpan = 0;     // the range is never narrower than this
  double least = -1e300;    // the range never begins below this
};

class ChartPanel : public QWidget {
  Q_OBJECT
 public:
  ChartPanel(ChartSpec spec, RunHistory& history, QWidget* parent = nullptr);
  /// Reads new steps and repaints; call at most ten times a second. True while the range still eases.
  bool refresh();
  void forget();  // another run
  void setHalfLife(int steps, bool automatic = false);
  void setCompact(bool compact);
  void setStepLabels(bool shown);
  void setCrosshair(std::optional<double> step);
  void setLogarithmic(bool on);
  const ChartSpec& spec() const { return spec_; }
  /// Other words and another range for the same line.
  void setSpec(ChartSpec spec);
  ChartView* view() const { return view_; }
  const ChartSeries& series() const { return main_; }
  QString figureText() const;
  /// `brief`: without the step of the best value, where there is little room.
  QString noteText(bool brief = false) const;

 signals:
  void hovered(std::optional<double> step);
  void halfLifeChosen(int steps);  // or kAutomatic

 protected:
  void resizeEvent(QResizeEvent*) override;

 private:
  void dress();
  void words();
  Smoothing smoothing() const;
  void smoothAll();
  QString valueText(double value) const;
  void readSeries();
  void range(double& low, double& high, const std::vector<std::vector<QPointF>>& lines) const;
  void layerLines(struct ChartFrame& frame);
  int bins() const;
  ChartSpec spec_;
  RunHistory& history_;
  ChartSeries main_;
  std::vector<ChartSeries> layers_;
  int halfLife_ = 10;
  bool compact_ = true, logarithmic_ = false, automatic_ = true;
  std::optional<double> crosshair_;
  QLabel *title_, *figure_, *note_;
  WordButton *smooth_, *log_;
  ChartView* view_;
};

}  // namespace moe::ui
