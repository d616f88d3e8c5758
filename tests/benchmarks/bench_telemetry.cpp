// SPDX-License-Identifier: Apache-2.0
// What watching costs: CPU time per step of the trainer alone, of a session that reports every step, and of a session
// with its probes, evaluations and checkpoints, measured in turns. CPU time of the whole process, so that other
// programs on the machine matter little.
//
// usage: bench_telemetry [PRESET [STEPS [ROUNDS]]]
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <ctime>

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "engine/data/dataset.h"
#include "engine/protocol/line_writer.h"
#include "engine/train/session.h"
#include "engine/train/session_setup.h"
#include "engine/train/trainer.h"

namespace {

using namespace moe;
using Json = nlohmann::json;

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Preparation and the first steps are not counted.
class TrainerAlone {
 public:
  explicit TrainerAlone(const std::string& preset) : config_(train::make_config(preset, nullptr)) {
    data::DatasetOptions options;
    options.vocabulary = config_.model.vocabulary;
    options.context = config_.model.context;
    dataset_ = data::open_dataset(options);
    trainer_ = std::make_unique<train::Trainer>(config_, *dataset_);
  }
  /// CPU seconds of `steps` steps.
  double run(int steps) {
    const double start = cpu_seconds();
    for (int i = 0; i < steps; ++i) trainer_->step(report_);
    return cpu_seconds() - start;
  }

 private:
  Config config_;
  std::unique_ptr<data::Dataset> dataset_;
  std::unique_ptr<train::Trainer> trainer_;
  train::StepReport report_;
};

class WithSession {
 public:
  WithSession(const std::string& preset, const std::filesystem::path& run, bool looks)
      : null_(::open("/dev/null", O_WRONLY)),
        writer_(null_),
        session_([this](train::Outgoing out) { receive(std::move(out)); }) {
    Json settings = {{"train.steps", 100000000}, {"optim.schedule", "constant"}};
    if (!looks) settings.update({{"train.probe_every", 0}, {"train.eval_every", 0}, {"train.checkpoint_every", 0}});
    send({{"cmd", "new"}, {"preset", preset}, {"run", run.string()}, {"settings", settings}});
  }
  ~WithSession() { send({{"cmd", "stop"}, {"keep", false}}); }

  /// CPU seconds between two step events that are `steps` apart; what a pause saves and measures comes after.
  double run(int steps) {
    first_ = last_step_ + 1;
    end_ = first_ + steps;
    send({{"cmd", "run"}});
    std::unique_lock lock(mutex_);
    reached_.wait(lock, [this] { return last_step_ >= end_; });
    lock.unlock();
    send({{"cmd", "pause"}});
    return stop_ - start_;
  }

 private:
  void receive(train::Outgoing out) {
    if (out.droppable) {
      const std::lock_guard lock(mutex_);
      last_step_ = out.message["step"].get<std::int64_t>();
      if (last_step_ == first_) start_ = cpu_seconds();
      if (last_step_ == end_) stop_ = cpu_seconds();
      if (last_step_ >= end_) reached_.notify_all();
    }
    writer_.push(std::move(out.message), out.droppable, out.latest_of);
  }
  void send(Json command) {
    command["id"] = ++id_;
    session_.submit(command);
    session_.drain();
  }

  int null_, id_ = 0;
  std::mutex mutex_;
  std::condition_variable reached_;
  std::int64_t last_step_ = 0, first_ = 0, end_ = 0;
  double start_ = 0, stop_ = 0;
  protocol::LineWriter writer_;
  train::Session session_;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

int argument(int argc, char** argv, int index, int fallback) {
  int value = fallback;
  if (argc > index) std::from_chars(argv[index], argv[index] + std::string_view(argv[index]).size(), value);
  return std::max(1, value);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string preset = argc > 1 ? argv[1] : "text-tiny";
  const int steps = argument(argc, argv, 2, 500), rounds = argument(argc, argv, 3, 7);
  const auto folder = std::filesystem::temp_directory_path() / fmt::format("bench-telemetry-{}", ::getpid());
  std::filesystem::create_directories(folder);
  {
    TrainerAlone trainer(preset);
    WithSession reports(preset, folder / "reports", false), looks(preset, folder / "looks", true);
    std::vector<double> times[3];
    for (int round = -1; round < rounds; ++round) {
      const double seconds[3] = {trainer.run(steps), reports.run(steps), looks.run(steps)};
      for (int i = 0; round >= 0 && i < 3; ++i) times[i].push_back(1e3 * seconds[i] / steps);
    }
    const double alone = median(times[0]), told = median(times[1]), watched = median(times[2]);
    fmt::print(
        "{} CPU ms/step: trainer {:.3f}, session {:.3f} ({:+.1f} %), with probes, evaluations and checkpoints {:.3f} "
        "({:+.1f} %)\n",
        preset, alone, told, 100 * (told / alone - 1), watched, 100 * (watched / alone - 1));
  }
  std::filesystem::remove_all(folder);
}
