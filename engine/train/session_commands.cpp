// SPDX-License-Identifier: Apache-2.0
// What each command of the protocol does; all of it on the session's thread, between steps.
#include <map>
#include <set>

#include "engine/analysis/model_sheet.h"
#include "engine/core/live_change.h"
#include "engine/core/printable.h"
#include "engine/train/session_fields.h"
#include "engine/train/session_impl.h"
#include "engine/train/session_plane.h"
#include "engine/train/session_sheet.h"
#include "engine/train/session_trace.h"

namespace moe::train {
namespace {

constexpr int kMaxThreads = 1024;

OrderedJson saved_json(const Saved& saved) {
  return {{"path", saved.info.path.string()}, {"step", saved.info.step}, {"seconds", saved.seconds}};
}

}  // namespace

void Session::Impl::execute(const Json& command) {
  const Json& id = command.at("id");
  try {
    answer(command.at("cmd").get<std::string>(), command);
  } catch (...) {
    emit_.refuse(id, step_, describe(std::current_exception(), run_ ? run_->safe_step() : -1));
  }
}

void Session::Impl::answer(const std::string& name, const Json& command) {
  const Json& id = command.at("id");
  if (name == "new") return start_new(command);
  if (name == "open") return open(command);
  if (name == "pause") return pause(id);
  if (name == "stop") return reply(id, stop(bool_field(command, "keep", true)));
  if (name == "shutdown") return reply(id, stop(true));
  if (name == "checkpoint") return reply(id, saved_json(open_run().checkpoint()));
  if (name == "inspect") return reply(id, inspect(command));
  if (name == "sample") return reply(id, sample(command));
  if (name == "sheet") return reply(id, protocol::to_json(sheet_of_own(open_run().trainer().config())));
  if (name == "run") {
    const Run& run = open_run();
    const auto until = integer_field(command, "until", -1, 0);
    const auto goal = until < 0 ? run.horizon() : until;
    if (goal <= run.step_count())
      throw Error(ErrorKind::usage, "The run has already done " + std::to_string(run.step_count()) + " steps", "until",
                  "more than " + std::to_string(run.step_count()), "Ask for a later step, or raise train.steps");
    go(until < 0 ? std::nullopt : std::optional(until), false);
    return reply(id, nullptr);
  }
  if (name == "step") {
    const auto count = integer_field(command, "count", 1, 1, std::int64_t{1} << 40);
    const std::string only = only_field(command);
    if (Run& run = open_run(); !only.empty()) run.train_only(only, count);
    go(open_run().step_count() + count, true);
    return reply(id, nullptr);
  }
  if (auto result = answer_plane(name, command)) return reply(id, std::move(*result));
  throw Error(
      ErrorKind::usage, "There is no command " + printable(name), "cmd",
      "hello new open run pause step set checkpoint stop inspect sample sheet history at export shutdown data plane "
      "probe_point stages watch pace",
      "Send one of these");
}

Run& Session::Impl::open_run() const {
  if (run_) return *run_;
  if (read_only_)
    throw Error(ErrorKind::usage, "The run is open for reading only", "", "", "Open it without read_only");
  throw Error(ErrorKind::usage, "No run is open", "", "", "Send new or open first");
}

// ---- opening and closing --------------------------------------------------------------------------------------

void Session::Impl::start_new(const Json& command) {
  NewRun request;
  request.config = make_config(text_field(command, "preset", ""), command.value("settings", Json()));
  request.folder = text_field(command, "run", "");
  request.schedule = parse_schedule(command.value("at", Json()), request.config, 0);
  request.drawing = drawing_csv(command.value("points", Json()));
  if (!request.drawing.empty() && !(is_plane(request.config) && request.config.data.points == "drawing"))
    throw Error(ErrorKind::usage, "Points were sent, but the run is not about a drawing", "points",
                "data.task = plane and data.points = drawing", "Set both, or send no points");
  stop(true);
  set_state(State::preparing);
  try {
    run_ = Run::create(request, emit_, [this](const data::Progress& p) { return keep_preparing(p); });
  } catch (...) {
    set_state(State::empty);
    throw;
  }
  opened(command.at("id"), command);
}

void Session::Impl::open(const Json& command) {
  OpenRun request;
  request.folder = text_field(command, "run");
  request.schedule = command.value("at", Json());
  request.threads = static_cast<int>(integer_field(command, "threads", -1, 0, kMaxThreads));
  request.device = text_field(command, "device", "");
  request.forget_edits = bool_field(command, "forget_edits", false);
  stop(true);
  if (bool_field(command, "read_only", false)) return open_read_only(request.folder, command.at("id"));
  set_state(State::preparing);
  try {
    run_ = Run::open(request, emit_, [this](const data::Progress& p) { return keep_preparing(p); });
  } catch (...) {
    set_state(State::empty);
    throw;
  }
  opened(command.at("id"), command);
}

void Session::Impl::opened(const Json& id, const Json& command) {
  step_ = run_->step_count();
  run_->set_step_events(step_hz_);
  reader_.set_store(run_->store_file());
  reply(id, protocol::to_json(run_->info()));
  set_state(step_ >= run_->horizon() ? State::finished : State::paused);
  try {
    run_->announce();
    if (bool_field(command, "start", false) && step_ < run_->horizon()) go(std::nullopt, false);
  } catch (...) {
    trouble(std::current_exception());
  }
}

// What the store says of the run; training may go on in another process.
void Session::Impl::open_read_only(const std::filesystem::path& path, const Json& id) {
  const run::RunFolder folder = run::open_run(path);
  const run::Store store = run::Store::open_read_only(folder.store());
  const auto stored = store.meta("run_info");
  if (!stored)
    throw Error(ErrorKind::bad_input, "The run does not describe itself", folder.store().string(), "",
                "Open it for training once");
  protocol::RunInfo info = protocol::run_info_from_json(*stored);
  info.path = folder.path.string();
  info.name = folder.path.filename().string();
  info.step = store.last_step();
  info.probes = store.probe_steps();
  for (const auto& checkpoint : run::list_checkpoints(folder.checkpoints(), false))
    if (checkpoint.valid) info.checkpoints.push_back(checkpoint.step);
  info.read_only = read_only_ = true;
  step_ = info.step;
  reader_.set_store(folder.store());
  reply(id, protocol::to_json(info));
  set_state(State::paused);
  for (const run::Edit& edit : store.edits())
    emit_.event("edit", protocol::to_json(protocol::EditEvent{edit.step, edit.key, edit.before, edit.after, {}}));
  for (const EvalReport& eval : store.evals()) emit_.event("eval", protocol::to_json(eval));
  if (const auto probe = store.probe_at(info.step)) emit_.probe(OrderedJson::parse(probe->second));
}

// Saves before it closes; when saving fails the run stays open, paused, so that nothing is lost.
OrderedJson Session::Impl::stop(bool keep) {
  if (run_ && keep && state_ != State::failed && run_->unsaved()) {
    if (state_ == State::running) set_state(State::paused);
    run_->checkpoint();
  }
  const bool was_open = run_ || read_only_;
  painter_.forget();
  reader_.set_store({});
  if (run_ && !keep && run_->created_here()) Run::discard(std::move(run_));
  run_.reset();
  read_only_ = false;
  until_.reset();
  step_ = 0;
  if (was_open) set_state(State::empty);
  return nullptr;
}

// ---- running --------------------------------------------------------------------------------------------------

void Session::Impl::go(std::optional<std::int64_t> until, bool single_steps) {
  run_->commit();  // rows that a full disk has held back
  until_ = until;
  single_steps_ = single_steps;
  set_state(State::running);
}

void Session::Impl::pause(const Json& id) {
  open_run();
  const bool was_running = state_ == State::running;
  if (was_running) set_state(State::paused);
  reply(id, nullptr);
  if (!was_running) return;
  try {
    settle(false);
  } catch (...) {
    trouble(std::current_exception());
  }
}

// Consecutive changes of one boundary: each is checked and replied to, and of those that could act the last one of a
// key does; a slider that sends a thousand values a second costs one logged edit per step.
void Session::Impl::execute_sets() {
  struct Change {
    Json id;
    std::string key, value;
    std::string slot;  // changes of one slot are merged: the key, but every action stands alone
  };
  std::vector<Change> changes;
  std::map<std::string, std::size_t> last;
  for (; !batch_.empty() && batch_.front().at("cmd") == "set"; batch_.pop_front()) {
    const Json& command = batch_.front();
    try {
      Change change{command.at("id"), text_field(command, "key"), {}, {}};
      const auto value = command.find("value");
      if (value == command.end()) throw Error(ErrorKind::usage, "The command has no value", "value", "", "Send one");
      change.value = value_text(*value, change.key);
      open_run().check(change.key, change.value);
      change.slot = find_action(change.key) ? change.key + ' ' + std::to_string(changes.size()) : change.key;
      last[change.slot] = changes.size();
      changes.push_back(std::move(change));
    } catch (...) {
      emit_.refuse(command.at("id"), step_, describe(std::current_exception()));
    }
  }
  std::map<std::string, OrderedJson> results;
  std::map<std::string, protocol::ErrorInfo> refusals;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    if (last[changes[i].slot] != i) continue;
    try {
      const auto edit = run_->edit(changes[i].key, changes[i].value);
      OrderedJson& result = results[changes[i].slot];
      result = {{"key", edit.key}, {"before", edit.before}, {"after", edit.after}, {"applied_at", edit.step}};
      if (!edit.note.empty()) result["note"] = edit.note;
    } catch (...) {
      refusals[changes[i].slot] = describe(std::current_exception(), run_->safe_step());
    }
  }
  for (const Change& change : changes) {
    if (const auto refusal = refusals.find(change.slot); refusal != refusals.end())
      emit_.refuse(change.id, step_, refusal->second);
    else
      reply(change.id, results[change.slot]);
  }
}

// ---- looking --------------------------------------------------------------------------------------------------

OrderedJson Session::Impl::inspect(const Json& command) const {
  const Run& run = open_run();
  const data::Tokenizer& tokenizer = data::text_of(run.data(), "inspect").tokenizer();
  std::vector<std::int32_t> tokens;
  if (const auto ids = command.find("tokens"); ids != command.end()) {
    const auto wrong = [] {
      return Error(ErrorKind::usage, "The tokens are not a list of token ids", "tokens", "", "Send [1, 2, 3]");
    };
    if (!ids->is_array()) throw wrong();
    for (const Json& id : *ids) {
      if (!id.is_number_integer() || id < 0 || id > std::numeric_limits<std::int32_t>::max()) throw wrong();
      tokens.push_back(id.get<std::int32_t>());
    }
  } else {
    tokens = tokenizer.encode(text_field(command, "text"));
  }
  for (const std::int32_t id : tokens)
    if (id >= tokenizer.vocabulary())
      throw Error(ErrorKind::usage, "Token id " + std::to_string(id) + " is outside the vocabulary", "tokens",
                  "0 to " + std::to_string(tokenizer.vocabulary() - 1), "Use ids of this run's tokenizer");
  protocol::Trace trace = trace_tokens(run.trainer(), tokenizer, tokens);
  trace.title = "your text";
  return protocol::to_json(trace);
}

OrderedJson Session::Impl::sample(const Json& command) const {
  const Run& run = open_run();
  const auto count = static_cast<int>(integer_field(command, "tokens", 64, 1, 4096));
  const Sampled sampled = sample_text(run.trainer(), data::text_of(run.data(), "sample").tokenizer(),
                                      text_field(command, "prompt", ""), count, real_field(command, "temperature", 0.8),
                                      static_cast<std::uint64_t>(integer_field(command, "seed", 1, 0)));
  return {{"text", sampled.text},
          {"pieces", sampled.pieces},
          {"layers", sampled.layers},
          {"top_k", sampled.top_k},
          {"experts", sampled.experts_of}};
}

}  // namespace moe::train
