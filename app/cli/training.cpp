// SPDX-License-Identifier: Apache-2.0
#include "app/cli/training.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>

#include "app/cli/driver.h"
#include "app/cli/progress.h"
#include "app/cli/signals.h"

namespace moe::cli {
namespace {

/// Standard output that a signal can get away from: a reader that has stopped holds training back, as a pipe does, but
/// not the end of the program.
class Output {
 public:
  explicit Output(const SignalWatcher& signals) : signals_(signals) {}
  bool closed() const { return closed_; }
  void line(const OrderedJson& json) {
    const std::string text = json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + '\n';
    for (std::size_t done = 0; done < text.size() && !closed_;) {
      pollfd wait{STDOUT_FILENO, POLLOUT, 0};
      const int ready = ::poll(&wait, 1, 100);
      if (ready == 0 && signals_.caught()) return;
      if (ready <= 0) continue;
      const auto written =
          ::write(STDOUT_FILENO, text.data() + done, std::min<std::size_t>(text.size() - done, PIPE_BUF));
      if (written > 0)
        done += static_cast<std::size_t>(written);
      else if (errno != EINTR && errno != EAGAIN)
        closed_ = true;
    }
  }

 private:
  const SignalWatcher& signals_;
  std::atomic<bool> closed_{false};
};

/// Shows events as they come.
class Listener {
 public:
  Listener(const TrainingRequest& request, const SignalWatcher& signals)
      : json_(request.json), output_(signals), view_(request.color) {}

  void operator()(const OrderedJson& event) {
    const std::string name = event.at("event");
    if (name == "step") step(event);
    if (name == "state" && event.at("state") == "running") view_.start(event.at("step"), event.at("until"));
    if (name == "progress") view_.preparing(event.at("stage"), event.at("done"), event.at("total"));
    if (name == "edit" && announced_)
      view_.message(fmt::format("step {}: {} {} -> {}", event.at("step").get<std::int64_t>(),
                                event.at("key").get<std::string>(), event.at("before").get<std::string>(),
                                event.at("after").get<std::string>()));
    if (name == "eval") eval_ = event;
    if (name == "error") view_.message("moe-cli: " + event.at("message").get<std::string>());
  }
  void message(const std::string& text) { view_.message(text); }
  void finish() { view_.finish(); }
  void set_announced() { announced_ = true; }
  bool closed() const { return output_.closed(); }
  const OrderedJson& eval() const { return eval_; }
  std::int64_t last_step() const { return last_step_; }

 private:
  void step(const OrderedJson& event) {
    last_step_ = event.at("step");
    if (json_) {
      OrderedJson line = event;
      line.erase("event");
      output_.line(line);
    }
    if (!json_ || view_.is_bar()) view_.step(protocol::step_from_json(event));
  }

  const bool json_;
  Output output_;
  ProgressView view_;
  std::atomic<bool> announced_{false};
  std::atomic<std::int64_t> last_step_{0};
  OrderedJson eval_;  // read when the session is idle
};

std::string score_text(const OrderedJson& report) {
  if (report.contains("accuracy")) return fmt::format(", accuracy {:.2f} %", 100 * report.at("accuracy").get<double>());
  if (report.contains("r2")) return fmt::format(", R² {:.4f}", report.at("r2").get<double>());
  return {};
}

void summarise(const TrainingRequest& request, Listener& listener, const protocol::RunInfo& info) {
  listener.finish();
  const OrderedJson& eval = listener.eval();
  std::string text;
  if (eval.is_object() && eval.at("loss").is_number())
    text = fmt::format("held-out loss {:.4f}{} at step {}\n", eval.at("loss").get<double>(), score_text(eval),
                       eval.at("step").get<std::int64_t>());
  text += "run: " + info.path;
  if (request.json)
    listener.message(text);
  else
    print(text + '\n');
}

/// To the end, or to a signal, a closed output or trouble.
int train_to_end(const TrainingRequest& request, Driver& driver, Listener& listener, const SignalWatcher& signals) {
  const protocol::RunInfo info = protocol::run_info_from_json(driver.ask(request.open));
  for (const std::string& note : info.notes) listener.message("note: " + note);
  if (!info.mixtral.empty() && info.task == "text")
    listener.message("note: checkpoints are not in Mixtral layout: " + info.mixtral);
  listener.message("run: " + info.path);
  listener.set_announced();
  for (const auto& [key, value] : request.edits.items()) driver.ask({{"cmd", "set"}, {"key", key}, {"value", value}});
  Json run = {{"cmd", "run"}};
  if (request.until) run["until"] = *request.until;
  driver.ask(run);
  driver.wait_until_idle();
  if (signals.caught()) return 128 + signals.caught();
  if (const auto trouble = driver.trouble()) return exit_code(to_error(*trouble).kind());
  driver.ask({{"cmd", "stop"}, {"keep", true}});
  if (listener.closed()) {
    listener.message("moe-cli: standard output was closed at step " + std::to_string(listener.last_step()) +
                     "; the run is saved");
    return 1;
  }
  summarise(request, listener, info);
  return 0;
}

}  // namespace

int run_training(const TrainingRequest& request) {
  SignalWatcher signals;  // before the session's threads
  Listener listener(request, signals);
  Driver* self = nullptr;
  bool asked_to_pause = false;  // the session's thread alone
  Driver driver([&](const OrderedJson& event) {
    listener(event);
    if (!listener.closed() || asked_to_pause) return;
    asked_to_pause = true;
    self->send({{"cmd", "pause"}});
  });
  self = &driver;
  signals.on_signal([&driver] { driver.send({{"cmd", "stop"}, {"keep", true}}); });
  struct Disarm {
    SignalWatcher& signals;
    ~Disarm() { signals.on_signal({}); }
  } disarm{signals};
  try {
    return train_to_end(request, driver, listener, signals);
  } catch (const Error& error) {
    if (!signals.caught()) throw;
    driver.wait_until_idle();
    return 128 + signals.caught();
  }
}

}  // namespace moe::cli
