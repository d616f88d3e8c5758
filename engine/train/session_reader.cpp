// SPDX-License-Identifier: Apache-2.0
#include "engine/train/session_reader.h"

#include <unistd.h>

#include <algorithm>
#include <limits>

#include "engine/backend/make_backend.h"
#include "engine/core/knob.h"
#include "engine/core/live_change.h"
#include "engine/moe/router.h"
#include "engine/moe/routing_stats.h"
#include "engine/protocol/presets.h"
#include "engine/run/store.h"
#include "engine/train/session_export.h"
#include "engine/train/session_fields.h"
#include "engine/train/session_sheet.h"

namespace moe::train {
namespace {

constexpr std::int64_t kMaxRows = 100000;

OrderedJson history(const run::Store& store, const Json& command) {
  const std::int64_t from = integer_field(command, "from", 0, 0);
  const std::int64_t to = integer_field(command, "to", std::numeric_limits<std::int64_t>::max(), 0);
  const std::int64_t rows = integer_field(command, "max_rows", 10000, 1, kMaxRows);
  OrderedJson steps = OrderedJson::array();
  std::int64_t previous = -1, stride = 1;
  for (const StepReport& report : store.steps(from, to, static_cast<std::size_t>(rows))) {
    if (previous >= 0 && steps.size() == 1) stride = report.step - previous;
    previous = report.step;
    steps.push_back(protocol::to_json(report));
  }
  return {{"steps", std::move(steps)}, {"stride", stride}};
}

// The layers of a window in the form of a step report: its columns, over the summed loads.
OrderedJson at(const run::Store& store, const Json& command) {
  const std::int64_t step = integer_field(command, "step", 0, 0);
  const std::int64_t window = integer_field(command, "window", 1, 1);
  StepReport summed;
  summed.step = step;
  summed.layers = store.window(std::max<std::int64_t>(0, step - window), step);
  for (LayerReport& layer : summed.layers) {
    const auto stats = routing::load_stats(layer.load);
    layer.entropy = stats.entropy;
    layer.load_cv = stats.cv;
    layer.max_violation = stats.max_violation;
  }
  OrderedJson probe, probe_step;
  if (const auto stored = store.probe_at(step)) {
    probe_step = stored->first;
    probe = OrderedJson::parse(stored->second);
  }
  return {{"step", step},
          {"layers", protocol::to_json(summed)},
          {"probe", std::move(probe)},
          {"probe_step", std::move(probe_step)}};
}

OrderedJson export_metrics(const run::Store& store, const Json& command) {
  const std::string file = text_field(command, "file");
  return {{"file", file}, {"rows", export_csv(store, file)}};
}

}  // namespace

OrderedJson hello() {
  const auto backend = make_backend("auto", 0);
  OrderedJson all_knobs = OrderedJson::array(), all_presets = OrderedJson::array(), all_routers = OrderedJson::array(),
              all_actions = OrderedJson::array(), devices = {"cpu"};
  // A second backend on a device would be made only to describe it.
  const CudaState cuda = backend->name() == "cuda" ? CudaState{true, backend->describe()} : cuda_state();
  if (cuda.usable) devices.push_back("cuda");
  for (const Knob& knob : knobs()) all_knobs.push_back(to_json(knob));
  for (const auto& entry : routing::routers())
    all_routers.push_back({{"name", entry.info.name},
                           {"label", entry.info.label},
                           {"help", entry.info.help},
                           {"source", entry.info.source},
                           {"causal", entry.info.causal},
                           {"settings", entry.info.settings}});
  for (const Action& action : actions())
    all_actions.push_back(
        {{"key", action.key}, {"label", action.label}, {"help", action.help}, {"value", action.value}});
  for (const auto& preset : protocol::presets()) all_presets.push_back(protocol::to_json(preset));
  return {{"version", MOE_VERSION},
          {"protocol", protocol::kVersion},
          {"device", backend->name()},
          {"device_description", backend->describe()},
          {"devices", std::move(devices)},
          {"cuda", {{"usable", cuda.usable}, {"text", cuda.text}}},
          {"threads", backend->threads()},
          {"bf16_pays", backend->bf16_pays()},
          {"knobs", std::move(all_knobs)},
          {"presets", std::move(all_presets)},
          {"routers", std::move(all_routers)},
          {"actions", std::move(all_actions)},
          {"sheets", published_list()},
          {"pid", ::getpid()}};
}

StoreReader::StoreReader(const Emitter& emit, std::function<std::int64_t()> step)
    : emit_(emit), step_(std::move(step)), thread_([this] { work(); }) {}

StoreReader::~StoreReader() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

bool StoreReader::takes(const std::string& name, const Json& command) {
  if (name == "sheet") return names_a_model(command);
  return name == "hello" || name == "history" || name == "at" || name == "export";
}

void StoreReader::submit(const Json& id, const Json& command) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back({id, command});
  }
  wake_.notify_all();
}

void StoreReader::set_store(const std::filesystem::path& file) {
  const std::lock_guard lock(mutex_);
  store_ = file;
}

bool StoreReader::idle() const {
  const std::lock_guard lock(mutex_);
  return queue_.empty() && !busy_;
}

OrderedJson StoreReader::answer(const Json& command) {
  const std::string name = command.at("cmd").get<std::string>();
  if (name == "hello") {
    const std::int64_t version = integer_field(command, "protocol", protocol::kVersion, 0);
    if (version != protocol::kVersion)
      throw Error(ErrorKind::usage, "The other side speaks protocol " + std::to_string(version), "protocol",
                  "this program speaks " + std::to_string(protocol::kVersion), "Use programs of the same version");
    return hello();
  }
  if (name == "sheet") return protocol::to_json(requested_sheet(command));
  std::filesystem::path file;
  {
    const std::lock_guard lock(mutex_);
    file = store_;
  }
  if (file.empty()) throw Error(ErrorKind::usage, "No run is open", name, "", "Send new or open first");
  const run::Store store = run::Store::open_read_only(file);
  if (name == "history") return history(store, command);
  if (name == "at") return at(store, command);
  return export_metrics(store, command);
}

void StoreReader::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return closing_ || !queue_.empty(); });
    if (queue_.empty()) return;
    const Request request = std::move(queue_.front());
    queue_.pop_front();
    busy_ = true;
    lock.unlock();
    try {
      emit_.reply(request.id, step_(), answer(request.command));
    } catch (...) {
      emit_.refuse(request.id, step_(), describe(std::current_exception()));
    }
    lock.lock();
    busy_ = false;
    lock.unlock();
    if (answered_) answered_();
    lock.lock();
  }
}

}  // namespace moe::train
