// SPDX-License-Identifier: Apache-2.0
#include "app/cli/cli.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cmath>

#include "engine/core/error.h"
#include "engine/core/printable.h"

namespace moe::cli {

void check_subcommand(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return;
  std::string known;
  for (const auto* command : app.get_subcommands(nullptr)) {
    if (command->get_name() == argv[1]) return;
    known += (known.empty() ? "" : ", ") + command->get_name();
  }
  throw Error(ErrorKind::usage, "There is no subcommand " + printable(argv[1]), "", "one of " + known,
              "Run moe-cli --help");
}

std::pair<std::string, std::string> key_and_value(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    throw Error(ErrorKind::usage, printable(text) + " is not a setting", "--set", "key=value, such as router.top_k=1",
                "Run moe-cli knobs for the keys");
  return {text.substr(0, equals), text.substr(equals + 1)};
}

void EditOptions::declare(CLI::App& command) {
  command.add_option("--set", set, "Change a setting: key=value; repeat for more (moe-cli knobs lists the keys)")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command
      .add_option("--at", at,
                  "Change a live setting after STEP finished steps: --at 500 router.top_k=1; repeat for more")
      ->type_name("STEP KEY=VALUE")
      ->allow_extra_args(false);
}

OrderedJson EditOptions::settings() const {
  OrderedJson object = OrderedJson::object();
  for (const std::string& text : set) {
    auto [key, value] = key_and_value(text);
    object[key] = std::move(value);
  }
  return object;
}

OrderedJson EditOptions::schedule() const {
  OrderedJson list = OrderedJson::array();
  for (const auto& [step_text, change] : at) {
    std::int64_t step = -1;
    const char* end = step_text.data() + step_text.size();
    const auto parsed = std::from_chars(step_text.data(), end, step);
    if (parsed.ec != std::errc() || parsed.ptr != end || step < 0)
      throw Error(ErrorKind::usage, printable(step_text) + " is not a step", "--at", "a whole number, 0 or more",
                  "Write --at 500 router.top_k=1");
    auto [key, value] = key_and_value(change);
    list.push_back({{"step", step}, {"key", key}, {"value", value}});
  }
  return list;
}

bool print(const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data() + done, text.size() - done);
    if (written > 0)
      done += static_cast<std::size_t>(written);
    else if (errno != EINTR)
      return false;
  }
  return true;
}

bool print(const OrderedJson& json) {
  return print(json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + '\n');
}

std::string human(double value) {
  if (!std::isfinite(value)) return "–";
  if (std::abs(value) < 10) return fmt::format("{:.2f}", value);
  std::string digits = fmt::format("{:.0f}", value);
  for (auto i = static_cast<std::ptrdiff_t>(digits.size()) - 3; i > (digits[0] == '-' ? 1 : 0); i -= 3)
    digits.insert(static_cast<std::size_t>(i), ",");
  return digits;
}

}  // namespace moe::cli
