// SPDX-License-Identifier: Apache-2.0
#include "engine/data/task_data.h"

#include "engine/core/error.h"

namespace moe::data {

const Dataset& text_of(const TaskData& data, const std::string& what) {
  if (const Dataset* text = data.text()) return *text;
  throw Error(ErrorKind::usage, what + " needs a model of text, and this run classifies or measures points", "",
              "runs with data.task = text", "Use eval for its held-out points, or a run of text");
}

const PlaneData& plane_of(const TaskData& data, const std::string& what) {
  if (const PlaneData* plane = data.plane()) return *plane;
  throw Error(ErrorKind::usage, what + " needs a model of points, and this run is about text", "",
              "runs with data.task = plane", "Start one of the plane presets");
}

}  // namespace moe::data
