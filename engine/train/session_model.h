// SPDX-License-Identifier: Apache-2.0
// A run's model on and off the disk: checkpoints of a trainer, and a trained model loaded to be looked at.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/core/config.h"
#include "engine/data/dataset.h"
#include "engine/run/checkpoint.h"
#include "engine/run/run_folder.h"
#include "engine/run/store.h"
#include "engine/train/trainer.h"

namespace moe::train {

/// Saves the trainer's state, verified; `edits`: of the log, that have acted. Throws Error(resource | diverged);
/// nothing saved before is touched.
run::CheckpointInfo save_trainer(const Trainer& trainer, const data::TaskData& data, const run::RunFolder& folder,
                                 std::int64_t tokens, std::size_t edits);
/// Reads a checkpoint into a trainer built with the same shape; returns the tokens trained. Throws Error(bad_input).
std::int64_t load_trainer(Trainer& trainer, const run::CheckpointInfo& checkpoint);

/// The newest checkpoint that can be read; an info with step 0 and an empty path when none was ever written.
/// Throws Error(bad_input) when there are checkpoints but none can be read.
run::CheckpointInfo newest_checkpoint(const run::RunFolder& folder);

/// The settings a run was created with. Throws Error(bad_input).
Config recorded_config(const run::RunFolder& folder);
/// Opens the data of a run; the run folder holds its token cache and tokenizer, or points.csv: what was drawn, or the
/// copy of a file of points.
std::unique_ptr<data::TaskData> open_run_data(const Config& config, const run::RunFolder& folder,
                                              const data::ProgressFn& progress = {});
/// The points of the settings; `stored`: points.csv of a run, or empty: nothing is kept.
std::unique_ptr<data::TaskData> open_points(const Config& config, const std::filesystem::path& stored);
/// How many of the logged edits, in their order, a checkpoint already has in it: an edit of the very step it was saved
/// at came before or after. Throws Error(bad_input).
std::size_t edits_in(const run::CheckpointInfo& checkpoint, const std::vector<run::Edit>& edits);
/// Builds the trainer with the first `count` logged edits applied.
std::unique_ptr<Trainer> build_trainer(const Config& config, const data::TaskData& data,
                                       const std::vector<run::Edit>& edits, std::size_t count);

/// A trained model to look at; takes no lock, so a run may be training meanwhile.
struct LoadedModel {
  run::RunFolder folder;
  std::unique_ptr<data::TaskData> data;
  std::unique_ptr<Trainer> trainer;
  /// Throws Error(usage) when the run is about points; `what` needs text.
  const data::Dataset& text(const std::string& what) const { return data::text_of(*data, what); }
};
/// The newest readable checkpoint of the run at `path`. `threads` −1 and an empty `precision`: as recorded. Throws
/// Error(bad_input | …).
LoadedModel load_model(const std::filesystem::path& path, int threads = -1, const std::string& precision = {});

}  // namespace moe::train
