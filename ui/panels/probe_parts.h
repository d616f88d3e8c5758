// SPDX-License-Identifier: GPL-3.0-or-later
// Painted parts of the probe card: the router's bars, each expert's answer on one scale, the weighted sum.
#pragma once
#include <QWidget>
#include <memory>
#include <optional>

#include "engine/protocol/plane.h"

namespace moe::ui {

/// The training or held-out point nearest to a place.
struct NearestPoint {
  double distance = 0;  // on the canvas, which is 2 wide
  int label = -1;       // −1: of values
  double value = 0;
};
/// Points farther away than this say nothing of a place.
constexpr double kNear = 0.15;
/// Empty when no point is near.
std::optional<NearestPoint> nearestPoint(const protocol::PlanePoints& points, double x, double y);

using ProbeRef = std::shared_ptr<const protocol::PlaneProbe>;

/// One figure that a person can compare: class A − class B of two classes, the value, or of more classes the logit of
/// the answer given.
double probeFigure(const protocol::PlaneProbe& probe, const std::vector<float>& values, std::size_t base);
/// Weight of an expert in the sum; 0 when it is not asked.
double probeWeight(const protocol::PlaneProbe& probe, int expert);

/// Rows of a probe: E1 … in the order of the experts, at most 16.
class ProbePart : public QWidget {
  Q_OBJECT
 public:
  using QWidget::QWidget;
  void setProbe(ProbeRef probe);
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override { return {80, sizeHint().height()}; }

 protected:
  virtual int rows() const = 0;
  void paintHead(QPainter& painter, double y, int expert, bool asked) const;
  double rowHeight() const;
  ProbeRef probe_;
};

class ProbeBars : public ProbePart {
  Q_OBJECT
 public:
  using ProbePart::ProbePart;

 protected:
  int rows() const override;
  void paintEvent(QPaintEvent*) override;
};

class ProbeAnswers : public ProbePart {
  Q_OBJECT
 public:
  using ProbePart::ProbePart;

 protected:
  int rows() const override;
  void paintEvent(QPaintEvent*) override;
};

/// weight × answer = part, for each asked expert; the rest of the model; the sum.
class ProbeSum : public ProbePart {
  Q_OBJECT
 public:
  using ProbePart::ProbePart;
  static double sum(const protocol::PlaneProbe& probe);

 protected:
  int rows() const override;
  void paintEvent(QPaintEvent*) override;
};

}  // namespace moe::ui
