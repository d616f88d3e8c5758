// SPDX-License-Identifier: GPL-3.0-or-later
// Smoothing and decimation of a value per step. Smoothing runs on every recorded value, before decimation, so that the
// curve is the same at every zoom.
#pragma once
#include <QPointF>
#include <cstdint>
#include <vector>

namespace moe::ui {

/// How a curve is smoothed.
struct Smoothing {
  double halfLife = 0;  // steps; 0 = not at all
  /// A half-life of 50 lags by some 70 steps: most of the picture while a run is that young, and there the loss falls
  /// fastest. A growing one is a twentieth of the steps so far until it has reached its length.
  bool growing = false;
  /// Means of logarithms. A logarithmic axis shows these in the middle of the raw line, where a mean of the values
  /// themselves runs along its highest peaks.
  bool logarithms = false;
  double halfLifeAt(std::int64_t step) const;
  bool operator==(const Smoothing&) const = default;
};

/// Exponential moving average whose weights halve every half-life, corrected for its start as in Adam (Kingma & Ba
/// 2015, §3): after the first value it is that value, and a constant stays exactly that constant (of logarithms: but
/// for rounding).
class Ema {
 public:
  explicit Ema(double halfLife = 0) : Ema(Smoothing{halfLife}) {}
  explicit Ema(const Smoothing& smoothing) : smoothing_(smoothing) {}
  /// Steps ascend and may have gaps; NaN is passed through and not averaged.
  double add(std::int64_t step, double value);
  void reset();

 private:
  Smoothing smoothing_;
  double mean_ = 0, weight_ = 0;
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
