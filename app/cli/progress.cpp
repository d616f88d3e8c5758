// SPDX-License-Identifier: Apache-2.0
#include "app/cli/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string_view>

#include "app/cli/cli.h"

namespace moe::cli {
namespace {

constexpr double kBarSeconds = 0.1, kLineSeconds = 5.0;
constexpr int kBarCells = 24;

bool is_set(const char* name) {
  const char* value = std::getenv(name);
  return value && *value;
}

void write_stderr(const std::string& text) {
  [[maybe_unused]] const auto ignored = ::write(STDERR_FILENO, text.data(), text.size());  // nowhere left to report to
}

int columns() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string time_left(double seconds) {
  const auto s = static_cast<std::int64_t>(std::max(0.0, seconds));
  if (s >= 3600) return fmt::format("{} h {:02d} min", s / 3600, s / 60 % 60);
  return s >= 60 ? fmt::format("{} min {:02d} s", s / 60, s % 60) : fmt::format("{} s", s);
}

}  // namespace

ProgressView::ProgressView(const std::string& color) {
  const char* term = std::getenv("TERM");
  const bool dumb = term && std::string_view(term) == "dumb";
  const bool terminal = ::isatty(STDERR_FILENO) != 0;
  bar_ = terminal && !dumb;
  color_ = color == "always" || (color == "auto" && bar_ && !is_set("NO_COLOR"));
}

void ProgressView::finish() {
  if (drawn_) write_stderr("\n");
  drawn_ = false;
}

void ProgressView::clear() {
  if (drawn_) write_stderr("\r\033[K");
  drawn_ = false;
}

void ProgressView::show(const std::string& text) {
  if (!bar_) return write_stderr(text + '\n');
  write_stderr("\r\033[K" + text);
  drawn_ = true;
}

bool ProgressView::due() {
  const auto now = Clock::now();
  if (std::chrono::duration<double>(now - last_).count() < (bar_ ? kBarSeconds : kLineSeconds)) return false;
  last_ = now;
  return true;
}

std::string ProgressView::dim(const std::string& text) const { return color_ ? "\033[2m" + text + "\033[0m" : text; }

void ProgressView::start(std::int64_t step, std::int64_t until) {
  first_ = step;
  until_ = until;
  first_tokens_ = -1;
}

void ProgressView::message(const std::string& text) {
  clear();
  write_stderr(text + '\n');
}

void ProgressView::preparing(const std::string& stage, std::uint64_t done, std::uint64_t total) {
  if (!due()) return;
  const std::string share =
      total > 0 ? fmt::format(" {:.0f} %", 100.0 * static_cast<double>(done) / static_cast<double>(total)) : "";
  show(fmt::format("{}:{} {} MB", stage, share, done >> 20));
}

std::string ProgressView::line(const protocol::StepReport& report) const {
  const double elapsed = std::chrono::duration<double>(Clock::now() - start_).count();
  const std::int64_t done = report.step - first_, left = until_ - report.step;
  const std::string eta =
      done > 1 ? time_left(elapsed * static_cast<double>(left) / static_cast<double>(done - 1)) + " left" : "";
  const double rate =
      elapsed > 0 && done > 1 ? static_cast<double>(report.tokens - first_tokens_) / elapsed : report.tokens_per_second;
  const bool points = !std::isnan(report.accuracy) || !std::isnan(report.r2);
  std::string score;
  if (!std::isnan(report.accuracy)) score = fmt::format("  accuracy {:.1f} %", 100 * report.accuracy);
  if (!std::isnan(report.r2)) score = fmt::format("  R² {:.3f}", report.r2);
  std::string text = fmt::format("step {}/{}  loss {:.3f}{}  {} {}/s  {}", report.step, until_, report.loss, score,
                                 human(rate), points ? "points" : "tokens", eta);
  if (!bar_ || until_ <= first_) return text;
  const int cells = static_cast<int>(kBarCells * done / std::max<std::int64_t>(1, until_ - first_));
  const int room = columns() - kBarCells - 4;
  if (static_cast<int>(text.size()) > room)
    return text.substr(0, static_cast<std::size_t>(std::max(10, columns() - 1)));
  std::string full, rest;
  for (int i = 0; i < kBarCells; ++i) (i < cells ? full : rest) += i < cells ? "━" : "─";
  return (color_ ? "\033[36m" + full + "\033[0m" : full) + dim(rest) + "  " + text;
}

void ProgressView::step(const protocol::StepReport& report) {
  if (first_tokens_ < 0) {
    first_tokens_ = report.tokens;
    start_ = Clock::now();
  }
  if (due() || report.step == until_) show(line(report));
}

}  // namespace moe::cli
