// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "app/cli/cli.h"
#include "engine/core/error.h"
#include "engine/data/tokenizer.h"
#include "engine/run/checkpoint.h"
#include "engine/run/run_folder.h"
#include "engine/run/store.h"

namespace moe::cli {
namespace {

struct Options {
  std::string run;
  bool json = false;
};

/// Runs a check; returns what is wrong, or nothing.
std::string problem_of(const std::function<void()>& check) {
  try {
    check();
    return {};
  } catch (const Error& error) {
    return error.what();
  }
}

int verify(const Options& options) {
  const run::RunFolder folder = run::open_run(options.run);
  const auto checkpoints = run::list_checkpoints(folder.checkpoints(), true);
  const std::string store = problem_of([&] { run::Store::open_read_only(folder.store()).verify(); });
  const Json record = run::read_run_json(folder).value("config", Json::object());
  const bool points = record.is_object() && record.value("data.task", Json()) == "plane";  // they need no tokenizer
  const std::string tokenizer =
      points ? std::string() : problem_of([&] { (void)data::Tokenizer::load(folder.tokenizer()); });
  bool loadable = false, damaged = !store.empty() || !tokenizer.empty();
  OrderedJson list = OrderedJson::array();
  std::string text;
  for (const auto& checkpoint : checkpoints) {
    loadable |= checkpoint.valid;
    damaged |= !checkpoint.valid;
    list.push_back({{"step", checkpoint.step},
                    {"path", checkpoint.path.string()},
                    {"bytes", checkpoint.bytes},
                    {"valid", checkpoint.valid},
                    {"problem", checkpoint.problem}});
    text += fmt::format(
        "{:<16} {}\n", checkpoint.path.filename().string(),
        checkpoint.valid ? fmt::format("valid, {} bytes", checkpoint.bytes) : "NOT loadable: " + checkpoint.problem);
  }
  if (checkpoints.empty()) text += "checkpoints      none\n";
  const auto state = [](const std::string& problem) {
    return problem.empty() ? std::string("valid") : "NOT readable: " + problem;
  };
  text += "metrics.sqlite   " + state(store) + '\n';
  if (!points) text += "tokenizer.model  " + state(tokenizer) + '\n';
  const OrderedJson json = {{"run", folder.path.string()},
                            {"loadable", loadable},
                            {"checkpoints", std::move(list)},
                            {"store", {{"valid", store.empty()}, {"problem", store}}},
                            {"tokenizer", {{"valid", tokenizer.empty()}, {"problem", tokenizer}}}};
  if (!(options.json ? print(json) : print(text))) return 1;
  return !loadable ? exit_code(ErrorKind::bad_input) : damaged ? exit_code(ErrorKind::failure) : 0;
}

}  // namespace

void add_verify(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand("verify", "Check manifests and checksums: what can be loaded, and why not");
  auto options = std::make_shared<Options>();
  command->add_option("run", options->run, "Folder of the run")->required()->type_name("RUN");
  command->add_flag("--json", options->json, "As JSON");
  command->footer("Exit code 0: all is well; 1: something is damaged, but a checkpoint can be loaded; 3: none can.");
  command->callback([options, &program] { program.action = [options] { return verify(*options); }; });
}

}  // namespace moe::cli
