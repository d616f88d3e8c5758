// SPDX-License-Identifier: Apache-2.0
// How training goes, on stderr: a bar on a terminal, else a line every few seconds.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>

#include "engine/protocol/messages.h"

namespace moe::cli {

class ProgressView {
 public:
  /// `color`: auto, always or never; NO_COLOR and TERM=dumb count in auto.
  explicit ProgressView(const std::string& color);
  ~ProgressView() { finish(); }

  void start(std::int64_t step, std::int64_t until);
  void step(const protocol::StepReport& report);
  void preparing(const std::string& stage, std::uint64_t done, std::uint64_t total);
  /// Leaves the bar where it is and goes to the next line.
  void finish();
  /// A line that stays.
  void message(const std::string& text);
  bool is_bar() const { return bar_; }

 private:
  using Clock = std::chrono::steady_clock;
  std::string line(const protocol::StepReport& report) const;
  std::string dim(const std::string& text) const;
  void clear();
  void show(const std::string& text);
  bool due();

  bool bar_ = false, color_ = false, drawn_ = false;
  std::int64_t first_ = 0, until_ = 0;
  std::int64_t first_tokens_ = -1;
  Clock::time_point start_ = Clock::now(), last_{};
};

}  // namespace moe::cli
