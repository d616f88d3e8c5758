// SPDX-License-Identifier: GPL-3.0-or-later
// The only class that talks to Qt Charts: curves of one chart over the steps. Ticks, words, edits, playhead and
// cross-hair are painted around them.
#pragma once
#include <QtCharts/QChartView>
#include <optional>
#include <vector>

class QLineSeries;
class QValueAxis;

namespace moe::ui {

struct ChartLine {
  enum Style { raw, grey, dashed, ink };  // painted in this order
  Style style = ink;
  QString word;                 // at the end of the line; empty = none
  std::vector<QPointF> points;  // (step, value), ascending; NaN value = gap
};

/// Everything one tick shows.
struct ChartFrame {
  double firstStep = 0, lastStep = 1;
  std::vector<ChartLine> lines;
  std::vector<double> edits;       // steps
  std::vector<double> broken;      // steps whose value was not a number
  std::optional<double> playhead;  // looking back at this step
  double low = 0, high = 1;        // wanted range of values
  bool logarithmic = false;
  double reference = 0;  // a level to draw (fair, balanced); 0 = none
  QPointF wordAt;        // a word beside a curve, in (step, value)
  QString word;
};

class ChartView : public QChartView {
  Q_OBJECT
 public:
  explicit ChartView(QWidget* parent = nullptr);
  void setFrame(ChartFrame frame);
  const ChartFrame& frame() const { return frame_; }
  void setPlotMargins(double left, double right, double bottom);
  void setStepLabels(bool shown);
  void setCrosshair(std::optional<double> step);
  /// Takes the wanted range at once at the next frame: another run, another scale.
  void snapRange() { snap_ = true; }
  /// Still on its way inward.
  bool easing() const { return easing_; }
  std::pair<double, double> range() const { return {low_, high_}; }
  QRectF plot() const { return plot_; }
  QPointF toPixels(double step, double value) const;
  /// Box of this size beside the frame's `wordAt` where a word hides least of the curves.
  QRectF roomFor(QSizeF size) const;

 signals:
  void hovered(std::optional<double> step);

 protected:
  void drawBackground(QPainter* painter, const QRectF& rect) override;
  void drawForeground(QPainter* painter, const QRectF& rect) override;
  void resizeEvent(QResizeEvent*) override;
  void mouseMoveEvent(QMouseEvent*) override;
  void mousePressEvent(QMouseEvent*) override;
  void leaveEvent(QEvent*) override;
  void wheelEvent(QWheelEvent*) override;

 private:
  void ease();
  void place();
  void feed();
  void addSeries(ChartLine::Style style);
  void drawSteps(QPainter& painter);
  void drawWords(QPainter& painter);
  void drawMarks(QPainter& painter);
  std::vector<double> valueTicks() const;
  double scaled(double value) const;
  ChartFrame frame_;
  QRectF plot_;
  QValueAxis *x_, *y_;
  std::vector<QLineSeries*> pool_[4];  // by style
  double left_ = 30, right_ = 8, bottom_ = 18, low_ = 0, high_ = 1;
  bool stepLabels_ = true, snap_ = true, easing_ = false;
  std::optional<double> crosshair_;
};

}  // namespace moe::ui
