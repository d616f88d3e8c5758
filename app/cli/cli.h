// SPDX-License-Identifier: Apache-2.0
// What the subcommands of moe-cli share. Each one is a file with one add_… function, which declares its options and
// sets what runs.
#pragma once
#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace moe::cli {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

/// Throws Error(usage) that lists the subcommands when the first argument is the name of none.
void check_subcommand(const CLI::App& app, int argc, char** argv);

/// Options that every subcommand has, and the chosen action, which returns the exit code.
struct Program {
  std::string color = "auto";  // auto | always | never
  std::function<int()> action;
};

void add_presets(CLI::App& app, Program& program);
void add_knobs(CLI::App& app, Program& program);
void add_sheet(CLI::App& app, Program& program);
void add_doctor(CLI::App& app, Program& program);
void add_train(CLI::App& app, Program& program);
void add_resume(CLI::App& app, Program& program);
void add_eval(CLI::App& app, Program& program);
void add_inspect(CLI::App& app, Program& program);
void add_logits(CLI::App& app, Program& program);
void add_sample(CLI::App& app, Program& program);
void add_verify(CLI::App& app, Program& program);
void add_bench(CLI::App& app, Program& program);
void add_serve(CLI::App& app, Program& program);

/// Settings as they are given: --set key=value and --at STEP key=value.
struct EditOptions {
  std::vector<std::string> set;
  std::vector<std::pair<std::string, std::string>> at;
  void declare(CLI::App& command);
  OrderedJson settings() const;  // flat object. Throws Error(usage).
  OrderedJson schedule() const;  // list of step, key, value. Throws Error(usage).
};

/// "key=value" in two. Throws Error(usage).
std::pair<std::string, std::string> key_and_value(const std::string& text);

/// Writes to stdout; false when its reader has gone. Not for use beside print_interruptible.
bool print(const std::string& text);
bool print(const OrderedJson& json);
/// Two decimals below ten, thousands separated above: 0.31, 48,210.
std::string human(double value);

}  // namespace moe::cli
