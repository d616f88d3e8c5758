// SPDX-License-Identifier: Apache-2.0
// Commands of the plane, and those that came with it: data, plane, probe_point, stages, watch, step with `only`.
#include <cmath>

#include "engine/core/error.h"
#include "engine/core/printable.h"
#include "engine/data/plane/points_csv.h"
#include "engine/train/session_fields.h"
#include "engine/train/session_impl.h"
#include "engine/train/session_plane.h"
#include "engine/train/session_stages.h"

namespace moe::train {
namespace {

int layer_field(const Json& command) { return static_cast<int>(integer_field(command, "layer", 0, 0, 4095)); }

double within(const Json& command, const char* key, double fallback, double low, double high) {
  const double value = real_field(command, key, fallback);
  if (!(value >= low && value <= high))
    throw Error(ErrorKind::usage, "A field of the command is out of range", key,
                std::to_string(low) + " to " + std::to_string(high), "Send it as engine/protocol/README.md says");
  return value;
}

PictureRequest picture_fields(const Json& command) {
  return {layer_field(command), static_cast<int>(integer_field(command, "grid", 96, 8, kMostGrid)),
          static_cast<int>(integer_field(command, "thumb", 32, 0, kMostThumb)),
          static_cast<int>(integer_field(command, "draws", 0, 0, kMostDraws)), bool_field(command, "scores", false)};
}

[[noreturn]] void refuse_point(std::size_t index, const std::string& what) {
  throw Error(ErrorKind::bad_input, what, "points[" + std::to_string(index) + "]",
              "[x, y, class or value] with x and y from −1 to 1", "Send points on the canvas");
}

}  // namespace

std::string drawing_csv(const Json& points) {
  if (points.is_null()) return {};
  if (!points.is_array())
    throw Error(ErrorKind::usage, "The points are not a list", "points", "[[x, y, class or value], …]",
                "Send such a list");
  std::string text;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const Json& p = points[i];
    if (!p.is_array() || p.size() != 3 || !p[0].is_number() || !p[1].is_number() ||
        !(p[2].is_number() || p[2].is_string()))
      refuse_point(i, "The point is not two numbers and a class or value");
    for (const int axis : {0, 1})
      if (!(std::abs(p[static_cast<std::size_t>(axis)].get<double>()) <= 1))
        refuse_point(i, "The point is off the canvas");
    std::string third = p[2].is_string() ? p[2].get<std::string>() : p[2].dump();
    if (third.find_first_of("\"\r\n") != std::string::npos)
      refuse_point(i, "The name of the class " + printable(third) + " holds a quote or a line break");
    text += p[0].dump() + ',' + p[1].dump() + ",\"" + third + "\"\n";
  }
  return data::points_csv(data::parse_points(text, "auto", "the drawing"));
}

std::optional<OrderedJson> Session::Impl::answer_plane(const std::string& name, const Json& command) {
  if (name == "watch") return watch(command);
  if (name == "pace") {
    pace_ = within(command, "steps_per_second", 0, 0, 1e6);
    cadence_ = {};
    return OrderedJson({{"steps_per_second", pace_}});
  }
  if (name == "stages") return stages(command);
  if (name != "data" && name != "plane" && name != "probe_point") return std::nullopt;
  const Run& run = open_run();
  const data::PlaneData& points = data::plane_of(run.data(), name);
  if (name == "data") return protocol::to_json(points_of(points, run.trainer().config().data.points));
  if (name == "plane") {
    const auto start = std::chrono::steady_clock::now();
    protocol::PlanePicture picture = paint(run.trainer(), points, picture_fields(command));
    picture.still = state_ != State::running;
    picture.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return protocol::to_json(picture);
  }
  const double x = within(command, "x", 0, -1e6, 1e6), y = within(command, "y", 0, -1e6, 1e6);
  return protocol::to_json(probe_point(run.trainer(), points, static_cast<float>(x), static_cast<float>(y),
                                       layer_field(command),
                                       static_cast<int>(integer_field(command, "draws", 0, 0, kMostDraws))));
}

// Waits for the next step's time, or for a command: that is answered first, and the rest of the wait follows it.
bool Session::Impl::keep_pace() {
  if (pace_ <= 0) return true;
  {
    std::unique_lock lock(mutex_);
    if (wake_.wait_until(lock, cadence_.due(), [this] { return closing_ || !queue_.empty(); })) return false;
  }
  cadence_.done(Cadence::Clock::now(), pace_);
  return true;
}

OrderedJson Session::Impl::watch(const Json& command) {
  const std::string what = text_field(command, "what");
  if (what == "steps") {
    step_hz_ = within(command, "hz", 0, 0, 100000);
    if (run_) run_->set_step_events(step_hz_);
    return nullptr;
  }
  if (what != "plane")
    throw Error(ErrorKind::usage, "There is nothing to watch named " + printable(what), "what", "plane, steps",
                "Send one of these");
  PlaneWatch watch;
  watch.live = picture_fields(command);
  watch.hz = within(command, "hz", 20, 0, 60);
  watch.still_grid = static_cast<int>(integer_field(command, "still_grid", 192, 8, kMostGrid));
  watch.budget = within(command, "budget", 0.1, 0.001, 1);
  if (run_ && watch.hz > 0) {
    const data::PlaneData& points = data::plane_of(run_->data(), "watch plane");
    (void)paint(run_->trainer(), points, {watch.live.moe_layer, 8, 0});  // refuses a layer that is not there
  }
  painter_.watch(watch);
  return nullptr;
}

OrderedJson Session::Impl::stages(const Json& command) {
  Run& run = open_run();
  data::plane_of(run.data(), "stages");
  const std::string only = only_field(command);
  const int layer = layer_field(command);
  if (state_ == State::running) set_state(State::paused);
  if (run.step_count() >= run.horizon())
    throw Error(ErrorKind::usage, "The run has done its " + std::to_string(run.horizon()) + " steps", "train.steps", "",
                "Raise train.steps, or start a new run");
  if (!only.empty()) run.train_only(only, 1);
  const protocol::PlaneStages taken = take_apart(run, layer);
  step_ = run.step_count();
  settle(true);
  set_state(step_ >= run.horizon() ? State::finished : State::paused);
  return protocol::to_json(taken);
}

std::string only_field(const Json& command) {
  std::string only = text_field(command, "only", "");
  if (only.empty() || only == "router" || only == "experts" || only == "all") return only;
  throw Error(ErrorKind::usage, "A step cannot change only " + printable(only), "only", "router, experts, all",
              "Send one of these, or leave it out");
}

}  // namespace moe::train
