// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/smoothing.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace moe::ui {
namespace {
constexpr int kGapBins = 4;                 // more empty bins in a row than this are shown as a gap
constexpr double kShareOfSteps = 1.0 / 20;  // of a growing half-life
constexpr double kLeast = 1e-12;            // values below count as this where logarithms are averaged
}  // namespace

double Smoothing::halfLifeAt(std::int64_t step) const {
  return growing ? std::min(halfLife, kShareOfSteps * static_cast<double>(std::max<std::int64_t>(step, 1))) : halfLife;
}

double Ema::add(std::int64_t step, double value) {
  const double halfLife = smoothing_.halfLifeAt(step);
  if (!std::isfinite(value) || halfLife <= 0) return value;
  if (smoothing_.logarithms) value = std::log(std::max(value, kLeast));
  const double decay = weight_ > 0 ? std::exp2(-static_cast<double>(std::max<std::int64_t>(step - last_, 1)) / halfLife)
                                   : std::exp2(-1 / halfLife);
  weight_ = weight_ * decay + (1 - decay);
  mean_ += (1 - decay) / weight_ * (value - mean_);  // incremental form: exact for constants
  last_ = step;
  return smoothing_.logarithms ? std::exp(mean_) : mean_;
}

void Ema::reset() {
  mean_ = weight_ = 0;
  last_ = 0;
}

void MinMaxBins::Bin::merge(const Bin& other) {
  if (other.broken) brokenStep = other.brokenStep;
  broken = broken || other.broken;
  if (!other.filled) return;
  if (!filled || other.low < low) {
    low = other.low;
    lowStep = other.lowStep;
  }
  if (!filled || other.high > high) {
    high = other.high;
    highStep = other.highStep;
  }
  filled = true;
}

bool MinMaxBins::setMostBins(int bins) {
  bins = std::max(bins, 8);
  if (bins == most_) return false;
  const bool finer = bins > most_ && width_ > 1;
  most_ = bins;
  if (finer) clear();
  while (static_cast<int>(bins_.size()) > most_) halve();
  return finer;
}

void MinMaxBins::clear() {
  bins_.clear();
  width_ = 1;
}

void MinMaxBins::halve() {
  const std::size_t half = (bins_.size() + 1) / 2;
  for (std::size_t i = 0; i < half; ++i) {
    Bin merged = bins_[2 * i];
    if (2 * i + 1 < bins_.size()) merged.merge(bins_[2 * i + 1]);
    bins_[i] = merged;
  }
  bins_.resize(half);
  width_ *= 2;
}

void MinMaxBins::add(std::int64_t step, double value) {
  if (step < 1) return;
  while ((step - 1) / width_ >= most_) {
    if (bins_.empty())
      width_ *= 2;
    else
      halve();
  }
  const auto index = static_cast<std::size_t>((step - 1) / width_);
  if (index >= bins_.size()) bins_.resize(index + 1);
  Bin one;
  one.filled = std::isfinite(value);
  one.broken = !one.filled;
  one.low = one.high = value;
  one.lowStep = one.highStep = one.brokenStep = step;
  bins_[index].merge(one);
}

std::vector<QPointF> MinMaxBins::points() const {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<QPointF> out;
  out.reserve(2 * bins_.size());
  int empty = 0;
  for (const Bin& bin : bins_) {
    if (bin.broken) out.emplace_back(static_cast<double>(bin.brokenStep), nan);
    if (!bin.filled) {
      ++empty;
      continue;
    }
    if (empty > kGapBins && !out.empty())
      out.emplace_back(static_cast<double>(std::min(bin.lowStep, bin.highStep)), nan);
    empty = 0;
    const QPointF low(static_cast<double>(bin.lowStep), bin.low), high(static_cast<double>(bin.highStep), bin.high);
    if (bin.lowStep == bin.highStep) {
      out.push_back(low);
    } else {
      out.push_back(bin.lowStep < bin.highStep ? low : high);
      out.push_back(bin.lowStep < bin.highStep ? high : low);
    }
  }
  return out;
}

}  // namespace moe::ui
