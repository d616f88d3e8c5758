// SPDX-License-Identifier: GPL-3.0-or-later
// Smoothing and decimation of a value per step. Smoothing runs on every recorded value, before decimation, so that the
// curve is the same at every zoom.
#pragma once
#include <QPointF>
#include <cstdint>
#include <vector>

namespace moe::ui {

/// Exponential moving average whose weights halve every `halfLife` steps, corrected for its start as in Adam (Kingma &
/// Ba 2015, §3): after the first value it is that value, and a constant stays exactly that constant. 0 = no smoothing.
class Ema {
 public:
  explicit Ema(double halfLife = 0) : halfLife_(halfLife) {}
  /// Steps ascend and may have gaps; NaN is passed through and not averaged.
  double add(std::int64_t step, double value);
  void reset();

 private:
  double halfLife_, mean_ = 0, weight_ = 0;
  std::int64_t last_ = 0;
};

/// Smallest and largest value of every bin of 2ⁿ steps, anchored at step 1. Bins only ever merge in pairs, so points do
/// not move while a run grows.
class MinMaxBins {
 public:
  /// At most this many bins; asking for more than before forgets everything (finer bins cannot be had from coarse
  /// ones): returns true when the values have to be added again.
  bool setMostBins(int bins);
  void clear();
  void add(std::int64_t step, double value);
  std::int64_t stepsPerBin() const { return width_; }
  /// Points in order of steps, at most two per bin. A point with NaN stands for a gap: a value that was not finite, or
  /// steps that are missing.
  std::vector<QPointF> points() const;

 private:
  struct Bin {
    double low = 0, high = 0;
    std::int64_t lowStep = 0, highStep = 0, brokenStep = 0;
    bool filled = false, broken = false;
    void merge(const Bin& other);
  };
  void halve();
  std::vector<Bin> bins_;
  std::int64_t width_ = 1;
  int most_ = 512;
};

}  // namespace moe::ui
