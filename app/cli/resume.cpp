// SPDX-License-Identifier: Apache-2.0
#include "app/cli/training.h"
#include "engine/core/error.h"

namespace moe::cli {
namespace {

struct Options {
  std::string run, device;
  EditOptions edits;
  std::int64_t steps = -1;
  int threads = -1;
  bool json = false, forget_edits = false;
};

int resume(const Options& options, const Program& program) {
  TrainingRequest request;
  request.json = options.json;
  request.color = program.color;
  request.edits = options.edits.settings();
  if (options.steps >= 0) request.until = options.steps;
  request.open = {
      {"cmd", "open"}, {"run", options.run}, {"at", options.edits.schedule()}, {"forget_edits", options.forget_edits}};
  if (!options.device.empty()) request.open["device"] = options.device;
  if (options.threads >= 0) request.open["threads"] = options.threads;
  return run_training(request);
}

}  // namespace

void add_resume(CLI::App& app, Program& program) {
  auto* command =
      app.add_subcommand("resume", "Go on with a run from its newest checkpoint; logged edits are replayed");
  auto options = std::make_shared<Options>();
  command->add_option("run", options->run, "Folder of the run")->required()->type_name("RUN");
  options->edits.declare(*command);
  command->add_option("--steps", options->steps, "Stop after this many steps in all; without it, after train.steps")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 40));
  command->add_option("--threads", options->threads, "CPU threads, 0 = all cores; the numbers are the same")
      ->check(CLI::Range(0, 1024));
  command->add_option("--device", options->device, "Where to train")->check(CLI::IsMember({"auto", "cpu", "cuda"}));
  command->add_flag("--forget-edits", options->forget_edits,
                    "Drop the logged edits after the checkpoint instead of replaying them");
  command->add_flag("--json", options->json, "One JSON object per step on stdout");
  command->callback(
      [options, &program] { program.action = [options, &program] { return resume(*options, program); }; });
}

}  // namespace moe::cli
