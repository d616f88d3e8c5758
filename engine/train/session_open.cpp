// SPDX-License-Identifier: Apache-2.0
// Making a run and going on with one.
#include <sys/utsname.h>

#include <algorithm>
#include <ctime>
#include <thread>

#include "engine/core/error.h"
#include "engine/interop/hf_config.h"
#include "engine/train/session_model.h"
#include "engine/train/session_run.h"

namespace moe::train {
namespace {

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

nlohmann::ordered_json machine() {
  utsname name{};
  if (uname(&name) != 0) return nullptr;
  return {{"host", name.nodename}, {"system", name.sysname}, {"release", name.release}, {"machine", name.machine}};
}

bool is_logged(const ScheduledEdit& edit, const std::vector<run::Edit>& logged) {
  return std::any_of(logged.begin(), logged.end(), [&](const run::Edit& e) {
    return e.step == edit.step && e.key == edit.key && e.after == edit.value;
  });
}

std::vector<run::Edit> edits_by_step(const run::Store& store) {
  std::vector<run::Edit> edits = store.edits();
  std::stable_sort(edits.begin(), edits.end(), [](const auto& a, const auto& b) { return a.step < b.step; });
  return edits;
}

}  // namespace

Run::Run(run::RunFolder folder, run::Lock lock, const Emitter& emit)
    : folder_(std::move(folder)), lock_(std::move(lock)), emit_(emit) {}
Run::~Run() = default;

std::unique_ptr<Run> Run::create(const NewRun& request, const Emitter& emit, const data::ProgressFn& progress) {
  Config config = request.config;
  if (!config.data.path.empty())
    config.data.path = std::filesystem::absolute(config.data.path).lexically_normal().string();
  const auto wanted = request.folder.empty() ? run::default_run_path(config.preset) : request.folder;
  const run::RunFolder folder = run::create_run(wanted);
  try {
    std::unique_ptr<Run> run(new Run(folder, run::Lock::acquire(folder.path), emit));
    run->created_here_ = true;
    run->store_ = run::Store::create(folder.store());
    run->merge_schedule(request.schedule, {});
    run->record(config);
    if (!request.drawing.empty()) run::write_file_atomically(folder.path / "points.csv", request.drawing);
    run->data_ = open_run_data(config, folder, progress);
    run->trainer_ = std::make_unique<Trainer>(config, *run->data_);
    run->complete_record(config);
    return run;
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove_all(folder.path, ignored);
    throw;
  }
}

void Run::complete_record(const Config& config) {
  if (const data::Dataset* text = data_->text(); text && !std::filesystem::exists(folder_.tokenizer()))
    run::write_file_atomically(folder_.tokenizer(), text->tokenizer().bytes());
  measure_facts();
  record(config);
}

// Written twice: first what was asked, so that a program killed while it reads a corpus leaves a run that can be
// resumed; then with what was found. The settings carry the precision in force, so that another machine goes on with
// the same arithmetic.
void Run::record(Config config) {
  const auto old = std::filesystem::exists(folder_.run_json()) ? run::read_run_json(folder_) : nlohmann::json();
  if (trainer_) config.train.precision = trainer_->precision();
  const nlohmann::ordered_json settings = to_json(config);
  nlohmann::ordered_json record = {{"app_version", MOE_VERSION},
                                   {"preset", config.preset},
                                   {"seed", config.seed},
                                   {"created", old.is_object() ? old.value("created", utc_now()) : utc_now()},
                                   {"machine", machine()}};
  if (trainer_) {
    record["device"] = trainer_->device();
    record["precision"] = trainer_->precision();
    record["parameters"] = trainer_->parameter_count();
    record["data"] = data_->description();
    record["domains"] = data_->domains();
    record["notes"] = data_->notes();
    store_->set_meta("run_info", protocol::to_json(info()));
  }
  record["config"] = settings;
  store_->set_meta("config", settings);
  store_->set_meta("seed", config.seed);
  store_->set_meta("versions", {{"moe_studio", MOE_VERSION}, {"protocol", protocol::kVersion}});
  run::write_run_json(folder_, record);
}

std::unique_ptr<Run> Run::open(const OpenRun& request, const Emitter& emit, const data::ProgressFn& progress) {
  const run::RunFolder folder = run::open_run(request.folder);
  std::unique_ptr<Run> run(new Run(folder, run::Lock::acquire(folder.path), emit));
  run->resume(request, progress);
  return run;
}

void Run::resume(const OpenRun& request, const data::ProgressFn& progress) {
  Config config = recorded_config(folder_);
  if (request.threads >= 0) config.train.threads = request.threads;
  if (!request.device.empty()) config.train.device = request.device;
  const run::CheckpointInfo checkpoint = newest_checkpoint(folder_);
  store_ = run::Store::create(folder_.store());
  data_ = open_run_data(config, folder_, progress);
  const std::vector<run::Edit> edits = edits_by_step(*store_);
  applied_edits_ = edits_in(checkpoint, edits);
  trainer_ = build_trainer(config, *data_, edits, applied_edits_);
  if (!checkpoint.path.empty()) {
    tokens_ = load_trainer(*trainer_, checkpoint);
    safe_step_ = checkpoint.step;
  }
  // What was changed at the very step of the checkpoint, after it was saved.
  for (; applied_edits_ < edits.size() && edits[applied_edits_].step <= checkpoint.step; ++applied_edits_)
    trainer_->apply(edits[applied_edits_].key, edits[applied_edits_].after);
  const auto more = parse_schedule(request.schedule, trainer_->config(), checkpoint.step);
  store_->truncate_after(checkpoint.step, !request.forget_edits);
  if (!request.forget_edits)
    std::copy_if(edits.begin(), edits.end(), std::back_inserter(replay_),
                 [&](const run::Edit& edit) { return edit.step > checkpoint.step; });
  else
    store_->set_meta("scheduled", nlohmann::json::array());
  if (store_->meta("run_info"))
    measure_facts();
  else
    complete_record(config);  // the program that made the run was killed while it prepared
  for (const auto& other : run::list_checkpoints(folder_.checkpoints(), true))
    if (!other.valid) facts_.notes.push_back(other.path.filename().string() + " cannot be loaded: " + other.problem);
  merge_schedule(more, edits);
}

// What was scheduled before and is still to come, and what this command adds; durable, so that a resume needs no
// reminder.
void Run::merge_schedule(const std::vector<ScheduledEdit>& more, const std::vector<run::Edit>& logged) {
  const auto stored = store_->meta("scheduled");
  const std::int64_t done = trainer_ ? step_count() : 0;
  std::vector<ScheduledEdit> all;
  if (stored && stored->is_array())
    for (const auto& item : *stored)
      all.push_back({item.at("step").get<std::int64_t>(), item.at("key").get<std::string>(),
                     item.at("value").get<std::string>()});
  const std::size_t known = all.size();
  for (const ScheduledEdit& edit : more)
    if (std::find(all.begin(), all.end(), edit) == all.end()) all.push_back(edit);
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.step < b.step; });
  if (all.size() != known) store_->set_meta("scheduled", schedule_json(all));
  for (const ScheduledEdit& edit : all)
    if (edit.step >= done && !is_logged(edit, logged)) schedule_.push_back(edit);
}

void Run::measure_facts() {
  const Config& config = trainer_->config();
  const data::Dataset* text = data_->text();
  if (text) prober_ = std::make_unique<Prober>(*text, config.model.context, config.seed);
  facts_.path = folder_.path.string();
  facts_.name = folder_.path.filename().string();
  facts_.preset = config.preset;
  facts_.seed = config.seed;
  facts_.layers = config.model.layers;
  facts_.experts = config.model.experts;
  facts_.task = config.data.task;
  facts_.vocabulary = text ? config.model.vocabulary : 0;
  facts_.context = positions_per_row(config);
  facts_.batch = config.train.batch;
  facts_.moe_layers = trainer_->moe_layers();
  facts_.domains = data_->domains();
  facts_.corpus_share = data_->corpus_share();
  facts_.unigram_loss.clear();
  for (std::size_t d = 0; text && d < facts_.domains.size(); ++d)
    facts_.unigram_loss.push_back(text->unigram_loss(static_cast<int>(d)));
  facts_.device = trainer_->device();
  facts_.precision = trainer_->precision();
  facts_.threads =
      config.train.threads > 0 ? config.train.threads : static_cast<int>(std::thread::hardware_concurrency());
  facts_.parameters = trainer_->parameter_count();
  facts_.data = data_->description();
  facts_.notes = data_->notes();
  facts_.mixtral = interop::why_not_mixtral(config);
}

void Run::discard(std::unique_ptr<Run> run) {
  const std::filesystem::path path = run->path();
  run.reset();
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error)
    throw Error(ErrorKind::resource, "The run could not be deleted: " + error.message(), path.string(), "",
                "Delete the folder by hand");
}

}  // namespace moe::train
