// SPDX-License-Identifier: Apache-2.0
// Options of the subcommands that look at a trained model.
#pragma once
#include "app/cli/cli.h"
#include "engine/train/session_model.h"

namespace moe::cli {

struct ModelOptions {
  std::string run;
  int threads = -1;
  bool json = false;
  void declare(CLI::App& command) {
    command.add_option("run", run, "Folder of the run; its newest readable checkpoint is used")
        ->required()
        ->type_name("RUN");
    command.add_option("--threads", threads, "CPU threads, 0 = all cores")->check(CLI::Range(0, 1024));
    command.add_flag("--json", json, "As JSON");
  }
  train::LoadedModel load(const std::string& precision = {}) const {
    return train::load_model(run, threads, precision);
  }
};

}  // namespace moe::cli
