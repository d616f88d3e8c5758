// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <sstream>
#include <utility>

#include "app/cli/cli.h"
#include "engine/analysis/model_sheet.h"
#include "engine/core/error.h"
#include "engine/protocol/model_sheet.h"
#include "engine/train/session_sheet.h"

namespace moe::cli {
namespace {

using protocol::ModelSheet;

struct Options {
  std::string name, preset, run;
  std::vector<std::string> set;
  bool json = false;
  bool ours() const { return !preset.empty() || !run.empty() || !set.empty(); }
};

/// Three figures and a unit: 46.7 B.
std::string brief(double value, const std::array<const char*, 5>& units) {
  std::size_t unit = 0;
  for (; value >= 999.5 && unit + 1 < units.size(); ++unit) value /= 1000;
  const int decimals = value >= 99.95 || (unit == 0 && value == std::floor(value)) ? 0 : value >= 9.995 ? 1 : 2;
  return fmt::format("{:.{}f}{}", value, decimals, units[unit]);
}
std::string count(double value) { return brief(value, {"", " k", " M", " B", " T"}); }
std::string flops(double value) { return brief(value, {"", " k", " M", " G", " T"}); }
std::string bytes(double value) { return brief(value, {" B", " kB", " MB", " GB", " TB"}); }

std::string percent(double deviation) {
  const std::string text = fmt::format("{:+.1f} %", 100 * deviation);
  return text == "-0.0 %" ? "+0.0 %" : text;
}

std::string experts(const ModelSheet& s) {
  if (s.experts == 0) return "none";
  const std::string shared = s.shared_experts > 0 ? fmt::format(" + {}", s.shared_experts) : "";
  return fmt::format("{}{} of {}", s.top_k, shared, s.experts < 10 ? std::to_string(s.experts) : human(s.experts));
}

std::string table(const std::vector<ModelSheet>& sheets) {
  constexpr const char* kRow = "{:<14} {:>10} {:>8} {:>11} {:>13} {:>11} {:>8}  {}\n";
  std::string text =
      fmt::format(kRow, "Name", "Parameters", "Active", "MoE layers", "Experts", "FLOPs/token", "bf16", "Published");
  for (const ModelSheet& s : sheets) {
    std::string published;  // the first, most exact figure of each kind
    for (const auto& [quantity, word] : {std::pair{"parameters", "total"}, {"active parameters", "active"}}) {
      const auto claim = std::ranges::find(s.claims, quantity, &protocol::SheetClaim::quantity);
      if (claim != s.claims.end())
        published += fmt::format("{}{} {} ({})", published.empty() ? "" : ", ", word, claim->printed,
                                 percent(claim->deviation()));
    }
    text += fmt::format(kRow, s.name, count(static_cast<double>(s.parameters)),
                        count(static_cast<double>(s.active_parameters)),
                        fmt::format("{} of {}", s.moe_layers, s.all_layers), experts(s), flops(s.forward_flops),
                        bytes(s.bytes_bf16), published);
  }
  return text +
         "\nFLOPs forward, mean over a sequence. In brackets: our count against the published one.\n"
         "moe-cli sheet NAME gives one in full, --preset, --run and --set your own.\n";
}

std::string parts(const ModelSheet& s) {
  std::string text = fmt::format("\n{:<28} {:>21} {:>18}\n", "Parameters", "all", "active per token");
  const auto row = [&](const std::string& name, std::int64_t all, std::int64_t active) {
    text += fmt::format("  {:<26} {:>21} {:>18}\n", name, human(static_cast<double>(all)),
                        human(static_cast<double>(active)));
  };
  for (const auto& part : s.parts) row(part.name, part.all, part.active);
  row("Total", s.parameters, s.active_parameters);
  return text + fmt::format("  Active: all but the experts a token does not visit, {:.1f} % of the total.\n",
                            100.0 * static_cast<double>(s.active_parameters) / static_cast<double>(s.parameters));
}

/// Lines of at most 96 signs behind an indent.
std::string wrapped(const std::string& words, const std::string& indent) {
  constexpr std::size_t kWidth = 96;
  std::string text, line;
  std::istringstream source(words);
  for (std::string word; source >> word;) {
    if (!line.empty() && line.size() + word.size() >= kWidth) text += indent + std::exchange(line, "") + '\n';
    line += (line.empty() ? "" : " ") + word;
  }
  return text + indent + line + '\n';
}

std::string in_unit(const protocol::SheetClaim& claim) {
  if (claim.unit == "bytes") return bytes(claim.computed);
  return claim.unit == "FLOPs" ? flops(claim.computed) : count(claim.computed);
}

std::string published(const ModelSheet& s) {
  if (s.claims.empty()) return {};
  std::string text = fmt::format("\n{:<32} {:>18} {:>11} {:>9}\n", "As published", "printed", "computed", "differs");
  for (const auto& claim : s.claims) {
    text += fmt::format("  {:<30} {:>18} {:>11} {:>9}  {}\n", claim.quantity, claim.printed, in_unit(claim),
                        percent(claim.deviation()), claim.source);
    if (!claim.counted.empty()) text += wrapped(claim.counted, "      ");
    if (!claim.remark.empty()) text += wrapped(claim.remark, "      ");
  }
  return text;
}

std::string full(const ModelSheet& s) {
  std::string text =
      s.title + (s.paper.empty() ? "" : fmt::format(" ({}, {})", s.paper, s.year)) + "\n" + s.summary + "\n";
  for (const std::string& line : s.layers) text += "  " + line + "\n";
  text += parts(s);
  text += fmt::format("\n{:<28} {}\n", "Arithmetic per token", "mean over " + s.sequence_note);
  text += fmt::format("  {:<26} {:>21}\n", "FLOPs forward", flops(s.forward_flops));
  text += fmt::format("  {:<26} {:>21}\n", "FLOPs in training", flops(s.training_flops));
  text += "\nMemory\n";
  text += fmt::format("  {:<26} {:>21}\n", "Weights, bf16", bytes(s.bytes_bf16));
  text += fmt::format("  {:<26} {:>21}\n", "Weights, float32", bytes(s.bytes_f32));
  text += fmt::format("  {:<26} {:>21}  float32 weights, gradients, two Adam moments; activations come on top\n",
                      "Training", bytes(s.training_bytes));
  if (s.cache_bytes > 0) text += fmt::format("  {:<26} {:>21}  bf16\n", "KV cache per token", bytes(s.cache_bytes));
  text += published(s);
  if (!s.notes.empty()) text += "\nNotes\n";
  for (const std::string& note : s.notes) text += wrapped(note, "  ");
  return text;
}

ModelSheet our_sheet(const Options& options) {
  OrderedJson settings = OrderedJson::object();
  for (const std::string& text : options.set) {
    auto [key, value] = key_and_value(text);
    settings[key] = std::move(value);
  }
  if (options.run.empty()) return train::requested_sheet({{"preset", options.preset}, {"settings", settings}});
  Config config = train::settings_of_run(options.run);
  for (const auto& [key, value] : settings.items()) set_text(config, key, value.get<std::string>());
  validate_fields(config);
  return train::sheet_of_own(config);
}

int sheet(const Options& options) {
  if (options.name.empty() && !options.ours()) {
    std::vector<ModelSheet> all;
    OrderedJson json = OrderedJson::array();
    for (const auto& model : analysis::published_models()) {
      all.push_back(analysis::sheet_of(model));
      json.push_back(protocol::to_json(all.back()));
    }
    return (options.json ? print(json) : print(table(all))) ? 0 : 1;
  }
  if (!options.name.empty() && options.ours())
    throw Error(ErrorKind::usage, "A published model has no settings of ours", options.name,
                "a name, or --preset, --run and --set", "Leave one of them out");
  const ModelSheet found = options.name.empty() ? our_sheet(options) : train::requested_sheet({{"name", options.name}});
  return (options.json ? print(protocol::to_json(found)) : print(full(found))) ? 0 : 1;
}

}  // namespace

void add_sheet(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand(
      "sheet", "What follows from a model's dimensions: parameters, arithmetic, memory; of published systems or yours");
  auto options = std::make_shared<Options>();
  command->add_option("name", options->name, "A published system; without it, a table of all")->type_name("NAME");
  auto* preset = command->add_option("--preset", options->preset, "Preset of yours (moe-cli presets), or a JSON file");
  command->add_option("--run", options->run, "Folder of a run of yours, with its edits")->excludes(preset);
  command
      ->add_option("--set", options->set, "Change a setting: key=value; repeat for more (moe-cli knobs lists the keys)")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command->add_flag("--json", options->json, "As JSON: engine/protocol/README.md, command sheet");
  command->callback([options, &program] { program.action = [options] { return sheet(*options); }; });
}

}  // namespace moe::cli
