// SPDX-License-Identifier: Apache-2.0
#include "engine/train/session_model.h"

#include <algorithm>

#include "engine/core/error.h"
#include "engine/data/plane/plane_data.h"
#include "engine/interop/hf_config.h"
#include "engine/protocol/messages.h"

namespace moe::train {
namespace {

std::vector<interop::TensorRef> references(const std::vector<NamedTensor>& tensors) {
  std::vector<interop::TensorRef> out;
  out.reserve(tensors.size());
  for (const auto& t : tensors)
    out.push_back({t.name, t.shape, t.is_f64 ? interop::TensorType::f64 : interop::TensorType::f32, t.data});
  return out;
}

std::vector<interop::TensorTarget> targets(const std::vector<MutableNamedTensor>& tensors) {
  std::vector<interop::TensorTarget> out;
  out.reserve(tensors.size());
  for (const auto& t : tensors)
    out.push_back({t.name, t.shape, t.is_f64 ? interop::TensorType::f64 : interop::TensorType::f32, t.data});
  return out;
}

}  // namespace

run::CheckpointInfo save_trainer(const Trainer& trainer, const data::TaskData& data, const run::RunFolder& folder,
                                 std::int64_t tokens, std::size_t edits) {
  run::CheckpointContent content;
  content.step = trainer.step_count();
  content.tokens = tokens;
  content.parameters = references(trainer.parameters());
  content.optimizer = references(trainer.optimizer_state());
  content.config = to_json(trainer.config());
  const std::string why_not = interop::why_not_mixtral(trainer.config());
  if (why_not.empty())
    content.hf_config = interop::mixtral_config(trainer.config());
  else
    content.hf_config = {{"not_representable", why_not}};
  content.state = {{"step", content.step},   {"tokens", tokens}, {"precision", trainer.precision()},
                   {"version", MOE_VERSION}, {"edits", edits},   {"experts", trainer.experts_state()}};
  if (const data::Dataset* text = data.text()) content.tokenizer = text->tokenizer().bytes();
  return run::save_checkpoint(folder.checkpoints(), content);
}

std::int64_t load_trainer(Trainer& trainer, const run::CheckpointInfo& checkpoint) {
  const nlohmann::json state = run::load_checkpoint(checkpoint.path, targets(trainer.mutable_parameters()),
                                                    targets(trainer.mutable_optimizer_state()));
  const auto tokens = state.find("tokens");
  if (!state.is_object() || tokens == state.end() || !tokens->is_number_integer())
    throw Error(ErrorKind::bad_input, "The checkpoint does not say how many tokens it has seen",
                (checkpoint.path / "state.json").string(), "a whole number \"tokens\"", "Use an older checkpoint");
  if (const auto kept = state.find("state"); kept != state.end() && kept->is_object() && kept->contains("experts"))
    trainer.load_experts_state(kept->at("experts"));
  trainer.loaded(checkpoint.step, tokens->get<std::int64_t>());
  return tokens->get<std::int64_t>();
}

run::CheckpointInfo newest_checkpoint(const run::RunFolder& folder) {
  run::CheckpointInfo newest = run::newest_valid(folder.checkpoints());
  if (newest.valid) return newest;
  const auto all = run::list_checkpoints(folder.checkpoints(), false);
  if (all.empty()) return {};
  throw Error(ErrorKind::bad_input,
              "None of the " + std::to_string(all.size()) + " checkpoints can be loaded: " + newest.problem,
              folder.checkpoints().string(), "",
              "Run moe-cli verify on the run; move the checkpoints folder away to train again from the first step");
}

Config recorded_config(const run::RunFolder& folder) {
  const nlohmann::json record = run::read_run_json(folder);
  const auto config = record.find("config");
  if (!record.is_object() || config == record.end())
    throw Error(ErrorKind::bad_input, "The run does not record its settings", folder.run_json().string(),
                "an object \"config\"", "Restore run.json from a copy");
  Config read = config_from_json(*config);
  validate(read);
  if (const auto preset = record.find("preset"); preset != record.end() && preset->is_string())
    read.preset = preset->get<std::string>();
  return read;
}

std::unique_ptr<data::TaskData> open_points(const Config& config, const std::filesystem::path& stored) {
  const DataConfig& d = config.data;
  data::PlaneOptions options;
  options.generated = {d.points, config.seed, d.count, d.jitter, d.classes, d.detail};
  options.file = d.path;
  options.target = d.target;
  options.held_out_share = d.validation_fraction;
  options.stored = stored;
  return std::make_unique<data::PlaneData>(options);
}

std::unique_ptr<data::TaskData> open_run_data(const Config& config, const run::RunFolder& folder,
                                              const data::ProgressFn& progress) {
  if (is_plane(config)) return open_points(config, folder.path / "points.csv");
  data::DatasetOptions options;
  options.path = config.data.path;
  options.cache_dir = folder.path;
  options.vocabulary = config.model.vocabulary;
  options.context = config.model.context;
  options.validation_fraction = config.data.validation_fraction;
  options.seed = config.seed;
  return data::open_dataset(options, progress);
}

std::size_t edits_in(const run::CheckpointInfo& checkpoint, const std::vector<run::Edit>& edits) {
  if (checkpoint.path.empty()) return 0;
  const nlohmann::json state = run::checkpoint_state(checkpoint.path).value("state", nlohmann::json::object());
  if (const auto count = state.find("edits"); count != state.end() && count->is_number_unsigned())
    return std::min(count->get<std::size_t>(), edits.size());
  return static_cast<std::size_t>(  // saved before it was counted
      std::count_if(edits.begin(), edits.end(), [&](const run::Edit& edit) { return edit.step <= checkpoint.step; }));
}

std::unique_ptr<Trainer> build_trainer(const Config& config, const data::TaskData& data,
                                       const std::vector<run::Edit>& edits, std::size_t count) {
  auto trainer = std::make_unique<Trainer>(config, data);
  for (std::size_t i = 0; i < count; ++i) trainer->apply(edits[i].key, edits[i].after);
  return trainer;
}

LoadedModel load_model(const std::filesystem::path& path, int threads, const std::string& precision) {
  LoadedModel model{run::open_run(path), nullptr, nullptr};
  const run::CheckpointInfo checkpoint = newest_checkpoint(model.folder);
  if (checkpoint.path.empty())
    throw Error(ErrorKind::bad_input, "The run has no checkpoint yet", model.folder.checkpoints().string(), "",
                "Train it with moe-cli resume first");
  Config config = recorded_config(model.folder);
  if (threads >= 0) config.train.threads = threads;
  if (!precision.empty()) config.train.precision = precision;
  std::vector<run::Edit> edits = run::Store::open_read_only(model.folder.store()).edits();
  std::stable_sort(edits.begin(), edits.end(), [](const auto& a, const auto& b) { return a.step < b.step; });
  model.data = open_run_data(config, model.folder);
  model.trainer = build_trainer(config, *model.data, edits, edits_in(checkpoint, edits));
  load_trainer(*model.trainer, checkpoint);
  return model;
}

}  // namespace moe::train
