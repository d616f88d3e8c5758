// SPDX-License-Identifier: Apache-2.0
#include "app/cli/training.h"
#include "engine/core/error.h"
#include "engine/protocol/presets.h"

namespace moe::cli {
namespace {

struct Options {
  std::string preset = "text-small", data, device, precision, out;
  EditOptions edits;
  std::int64_t steps = -1, seed = -1;
  int threads = -1;
  bool json = false;
};

/// Whether the run will be about points of the plane.
bool names_points(const std::string& preset, const OrderedJson& settings) {
  const OrderedJson task = settings.contains("data.task")
                               ? settings.at("data.task")
                               : protocol::find_preset(preset).settings.value("data.task", OrderedJson("text"));
  return task == "plane";
}

int train(const Options& options, const Program& program) {
  OrderedJson settings = options.edits.settings();
  if (!options.data.empty()) settings["data.path"] = options.data;
  if (!options.data.empty() && !settings.contains("data.points") && names_points(options.preset, settings))
    settings["data.points"] = "file";
  if (!options.device.empty()) settings["train.device"] = options.device;
  if (!options.precision.empty()) settings["train.precision"] = options.precision;
  if (options.seed >= 0) settings["seed"] = options.seed;
  if (options.threads >= 0) settings["train.threads"] = options.threads;
  TrainingRequest request;
  request.json = options.json;
  request.color = program.color;
  if (options.steps >= 0) {
    // The schedule keeps its own horizon, so that stopping early and going on later is the same run; asking for more
    // steps than the preset has makes it longer.
    request.until = options.steps;
    const auto preset = protocol::find_preset(options.preset).settings.value("train.steps", std::int64_t{2000});
    if (!settings.contains("train.steps") && options.steps > preset) settings["train.steps"] = options.steps;
  }
  request.open = {{"cmd", "new"}, {"preset", options.preset}, {"settings", settings}, {"at", options.edits.schedule()}};
  if (!options.out.empty()) request.open["run"] = options.out;
  return run_training(request);
}

}  // namespace

void add_train(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand("train", "Train a new model");
  auto options = std::make_shared<Options>();
  command->add_option("--preset", options->preset, "Preset to start from (moe-cli presets), or a JSON file")
      ->capture_default_str();
  command->add_option("--data", options->data,
                      "File or folder of text, or a CSV file of points; without it, what is generated");
  options->edits.declare(*command);
  command
      ->add_option("--steps", options->steps,
                   "Stop after this many steps; the schedule keeps train.steps as its length")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 40));
  command->add_option("--seed", options->seed, "Start of all randomness")->check(CLI::NonNegativeNumber);
  command->add_option("--threads", options->threads, "CPU threads, 0 = all cores; the numbers are the same")
      ->check(CLI::Range(0, 1024));
  command->add_option("--device", options->device, "Where to train")->check(CLI::IsMember({"auto", "cpu", "cuda"}));
  command->add_option("--precision", options->precision, "Of matrix products")
      ->check(CLI::IsMember({"auto", "f32", "bf16", "f64"}));
  command->add_option("--out", options->out, "Folder of the run; without it, a new one in the default place");
  command->add_flag("--json", options->json, "One JSON object per step on stdout");
  command->callback([options, &program] { program.action = [options, &program] { return train(*options, program); }; });
}

}  // namespace moe::cli
