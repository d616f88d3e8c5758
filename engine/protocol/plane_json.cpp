// SPDX-License-Identifier: Apache-2.0
// The plane's value types as JSON.
#include "engine/protocol/plane.h"

#include <bit>
#include <cstring>
#include <span>

#include "engine/protocol/json_fields.h"
#include "engine/protocol/messages.h"

static_assert(std::endian::native == std::endian::little, "arrays are little-endian");

namespace moe::protocol {
using namespace detail;

namespace {

/// Numbers of one type as base64; null when there are none.
template <class T>
OrderedJson packed(const std::vector<T>& values) {
  if (values.empty()) return nullptr;
  return to_base64(values.data(), values.size() * sizeof(T));
}

template <class T>
void unpack(const Fields& fields, const char* key, std::vector<T>& out) {
  out.clear();
  const Json* field = fields.find(key);
  if (!field || field->is_null()) return;
  const std::string where = fields.where(key);
  if (!field->is_string()) wrong_type(where, "base64 or null");
  const std::string bytes = from_base64(field->get_ref<const std::string&>(), where);
  if (bytes.size() % sizeof(T) != 0) wrong_type(where, "a whole number of elements");
  out.resize(bytes.size() / sizeof(T));
  if (!out.empty()) std::memcpy(out.data(), bytes.data(), bytes.size());
}

/// An array that is absent or has `expected` elements.
template <class T>
void expect(const std::vector<T>& values, std::int64_t expected, const Fields& fields, const char* key) {
  if (!values.empty()) expect_size(values.size(), static_cast<std::size_t>(expected), fields.where(key));
}

/// An array without which another, of as many elements, says nothing.
template <class T, class U>
void expect_beside(const std::vector<T>& values, const std::vector<U>& other, const Fields& fields, const char* key) {
  if (!other.empty()) expect_size(values.size(), other.size(), fields.where(key));
}

/// Indices of things, −1 for none.
void expect_indices(std::span<const std::int32_t> values, int things, const Fields& fields, const char* key) {
  for (const std::int32_t value : values)
    if (value < -1 || value >= things) wrong_type(fields.where(key), "indices of what there is, or -1");
}

void expect_range(int value, int low, int high, const Fields& fields, const char* key) {
  if (value < low || value > high) wrong_type(fields.where(key), "a size that is possible");
}

constexpr int kMostExperts = 4096, kMostCells = 4096, kMostOutputs = 256, kMostPoints = 1 << 20;

OrderedJson sample_json(const PlanePoints::Sample& s) {
  return {{"n", s.size()}, {"xy", packed(s.xy)}, {"label", packed(s.label)}, {"value", packed(s.value)}};
}

PlanePoints::Sample sample_from(const Fields& points, const char* key, bool classes) {
  PlanePoints::Sample s;
  const Json* json = points.find(key);
  if (!json) return s;
  const Fields fields(*json, points.where(key));
  unpack(fields, "xy", s.xy);
  unpack(fields, "label", s.label);
  unpack(fields, "value", s.value);
  if (s.xy.size() % 2 != 0) wrong_type(fields.where("xy"), "two numbers a point");
  expect(s.label, s.size(), fields, "label");
  expect(s.value, s.size(), fields, "value");
  if (s.size() > 0)
    expect_size(classes ? s.label.size() : s.value.size(), static_cast<std::size_t>(s.size()),
                fields.where(classes ? "label" : "value"));
  return s;
}

}  // namespace

OrderedJson to_json(const PlanePoints& p) {
  return {{"set", p.set},
          {"classes", p.classes},
          {"class_names", p.class_names},
          {"train", sample_json(p.train)},
          {"held_out", sample_json(p.held_out)},
          {"centre_x", number(p.centre_x)},
          {"centre_y", number(p.centre_y)},
          {"scale_x", number(p.scale_x)},
          {"scale_y", number(p.scale_y)},
          {"value_centre", number(p.value_centre)},
          {"value_scale", number(p.value_scale)},
          {"value_low", number(p.value_low)},
          {"value_high", number(p.value_high)}};
}

PlanePoints plane_points_from_json(const Json& json) {
  const Fields fields(json, "data");
  PlanePoints p;
  fields.read("set", p.set).read("classes", p.classes).read("class_names", p.class_names);
  fields.read("centre_x", p.centre_x).read("centre_y", p.centre_y).read("scale_x", p.scale_x);
  fields.read("scale_y", p.scale_y).read("value_centre", p.value_centre).read("value_scale", p.value_scale);
  fields.read("value_low", p.value_low).read("value_high", p.value_high);
  p.train = sample_from(fields, "train", p.classes > 0);
  p.held_out = sample_from(fields, "held_out", p.classes > 0);
  expect(p.class_names, p.classes, fields, "class_names");
  return p;
}

OrderedJson to_json(const PlanePicture& p) {
  return {{"step", p.step},
          {"still", p.still},
          {"layer", p.layer},
          {"experts", p.experts},
          {"top_k", p.top_k},
          {"classes", p.classes},
          {"grid", p.grid},
          {"thumb", p.thumb},
          {"winner", packed(p.winner)},
          {"confidence", packed(p.confidence)},
          {"margin", packed(p.margin)},
          {"value", packed(p.value)},
          {"owner", packed(p.owner)},
          {"gate", packed(p.gate)},
          {"expert_gate", packed(p.expert_gate)},
          {"expert_winner", packed(p.expert_winner)},
          {"expert_confidence", packed(p.expert_confidence)},
          {"expert_value", packed(p.expert_value)},
          {"area", numbers(p.area)},
          {"points", numbers(p.points)},
          {"flip_grid", p.flip_grid},
          {"flip_draws", p.flip_draws},
          {"flips", packed(p.flips)},
          {"flip_to", packed(p.flip_to)},
          {"scored", p.scored},
          {"score", number(p.score)},
          {"without", numbers(p.without)},
          {"seconds", number(p.seconds)},
          {"share", number(p.share)},
          {"budget", number(p.budget)},
          {"interval", number(p.interval)}};
}

PlanePicture plane_picture_from_json(const Json& json) {
  const Fields fields(json, "plane");
  PlanePicture p;
  fields.read("step", p.step).read("still", p.still).read("layer", p.layer).read("experts", p.experts);
  fields.read("top_k", p.top_k).read("classes", p.classes).read("grid", p.grid).read("thumb", p.thumb);
  expect_range(p.experts, 0, kMostExperts, fields, "experts");
  expect_range(p.grid, 0, kMostCells, fields, "grid");
  expect_range(p.thumb, 0, kMostCells, fields, "thumb");
  const std::int64_t cells = std::int64_t{p.grid} * p.grid, small = std::int64_t{p.thumb} * p.thumb * p.experts;
  const auto read = [&](const char* key, auto& out, std::int64_t size) {
    unpack(fields, key, out);
    expect(out, size, fields, key);
  };
  read("winner", p.winner, cells);
  read("confidence", p.confidence, cells);
  read("margin", p.margin, cells);
  read("value", p.value, cells);
  read("owner", p.owner, cells);
  read("gate", p.gate, cells);
  read("expert_gate", p.expert_gate, small);
  read("expert_winner", p.expert_winner, small);
  read("expert_confidence", p.expert_confidence, small);
  read("expert_value", p.expert_value, small);
  expect_beside(p.confidence, p.winner, fields, "confidence");
  expect_beside(p.margin, p.winner, fields, "margin");
  expect_beside(p.gate, p.owner, fields, "gate");
  expect_beside(p.expert_confidence, p.expert_winner, fields, "expert_confidence");
  fields.read("area", p.area).read("points", p.points);
  expect(p.area, p.experts, fields, "area");
  expect(p.points, p.experts, fields, "points");
  fields.read("flip_grid", p.flip_grid).read("flip_draws", p.flip_draws).read("scored", p.scored);
  expect_range(p.flip_grid, 0, kMostCells, fields, "flip_grid");
  read("flips", p.flips, std::int64_t{p.flip_grid} * p.flip_grid);
  read("flip_to", p.flip_to, std::int64_t{p.flip_grid} * p.flip_grid);
  fields.read("score", p.score).read("without", p.without);
  expect(p.without, p.experts, fields, "without");
  fields.read("seconds", p.seconds).read("share", p.share).read("budget", p.budget).read("interval", p.interval);
  return p;
}

OrderedJson to_json(const PlaneProbe& p) {
  return {{"step", p.step},
          {"x", number(p.x)},
          {"y", number(p.y)},
          {"layer", p.layer},
          {"experts", p.experts},
          {"top_k", p.top_k},
          {"classes", p.classes},
          {"logits", numbers(p.logits)},
          {"probabilities", numbers(p.probabilities)},
          {"chosen", p.chosen},
          {"weights", numbers(p.weights)},
          {"answers", numbers(p.answers)},
          {"base", numbers(p.base)},
          {"output", numbers(p.output)},
          {"class_probabilities", numbers(p.class_probabilities)},
          {"winner", p.winner},
          {"flips", p.flips},
          {"flip_draws", p.flip_draws}};
}

PlaneProbe plane_probe_from_json(const Json& json) {
  const Fields fields(json, "probe_point");
  PlaneProbe p;
  fields.read("step", p.step).read("x", p.x).read("y", p.y).read("layer", p.layer).read("experts", p.experts);
  fields.read("top_k", p.top_k).read("classes", p.classes).read("logits", p.logits);
  fields.read("probabilities", p.probabilities).read("chosen", p.chosen).read("weights", p.weights);
  fields.read("answers", p.answers).read("base", p.base).read("output", p.output);
  fields.read("class_probabilities", p.class_probabilities).read("winner", p.winner);
  fields.read("flips", p.flips).read("flip_draws", p.flip_draws);
  expect_range(p.experts, 0, kMostExperts, fields, "experts");
  expect_range(p.classes, 0, kMostOutputs, fields, "classes");
  const std::int64_t outputs = p.classes > 0 ? p.classes : 1;
  expect(p.logits, p.experts, fields, "logits");
  expect(p.probabilities, p.experts, fields, "probabilities");
  expect(p.weights, static_cast<std::int64_t>(p.chosen.size()), fields, "weights");
  expect(p.answers, p.experts * outputs, fields, "answers");
  expect(p.base, outputs, fields, "base");
  expect(p.output, outputs, fields, "output");
  expect(p.class_probabilities, p.classes, fields, "class_probabilities");
  expect_indices(p.chosen, p.experts, fields, "chosen");
  expect_beside(p.weights, p.chosen, fields, "weights");
  if (p.experts > 0) {
    expect_size(p.probabilities.size(), static_cast<std::size_t>(p.experts), fields.where("probabilities"));
    if (p.chosen.empty()) wrong_type(fields.where("chosen"), "one choice or more");
  }
  expect_indices(std::span(&p.winner, 1), p.classes, fields, "winner");
  if (p.winner >= 0)
    expect_size(p.class_probabilities.size(), static_cast<std::size_t>(p.classes), fields.where("class_probabilities"));
  return p;
}

OrderedJson to_json(const PlaneStages& s) {
  OrderedJson updates = OrderedJson::array();
  for (const auto& u : s.updates)
    updates.push_back(
        {{"group", u.group}, {"expert", u.expert}, {"norm", number(u.norm)}, {"change", number(u.change)}});
  return {{"step", s.step},
          {"only", s.only},
          {"layer", s.layer},
          {"experts", s.experts},
          {"top_k", s.top_k},
          {"classes", s.classes},
          {"batch", s.batch},
          {"shown", s.shown},
          {"xy", packed(s.xy)},
          {"label", packed(s.label)},
          {"value", packed(s.value)},
          {"logits", packed(s.logits)},
          {"noise", packed(s.noise)},
          {"probabilities", packed(s.probabilities)},
          {"chosen", packed(s.chosen)},
          {"weights", packed(s.weights)},
          {"counts", s.counts},
          {"answers", packed(s.answers)},
          {"base", packed(s.base)},
          {"output", packed(s.output)},
          {"loss", packed(s.loss)},
          {"task_loss", number(s.task_loss)},
          {"balance_loss", number(s.balance_loss)},
          {"z_loss", number(s.z_loss)},
          {"balance_coefficient", number(s.balance_coefficient)},
          {"z_coefficient", number(s.z_coefficient)},
          {"grad_norm", number(s.grad_norm)},
          {"lr", number(s.lr)},
          {"updates", std::move(updates)},
          {"report", to_json(s.report)}};
}

namespace {

void read_updates(const Fields& fields, PlaneStages& s) {
  const Json* list = fields.find("updates");
  if (!list) return;
  if (!list->is_array()) wrong_type(fields.where("updates"), "an array");
  for (const Json& item : *list) {
    PlaneStages::Update u;
    Fields(item, fields.where("updates"))
        .read("group", u.group)
        .read("expert", u.expert)
        .read("norm", u.norm)
        .read("change", u.change);
    s.updates.push_back(std::move(u));
  }
}

}  // namespace

PlaneStages plane_stages_from_json(const Json& json) {
  const Fields fields(json, "stages");
  PlaneStages s;
  fields.read("step", s.step).read("only", s.only).read("layer", s.layer).read("experts", s.experts);
  fields.read("top_k", s.top_k).read("classes", s.classes).read("batch", s.batch).read("shown", s.shown);
  expect_range(s.experts, 0, kMostExperts, fields, "experts");
  expect_range(s.top_k, 0, kMostExperts, fields, "top_k");
  expect_range(s.classes, 0, kMostOutputs, fields, "classes");
  expect_range(s.shown, 0, kMostPoints, fields, "shown");
  const std::int64_t t = s.shown, outputs = s.classes > 0 ? s.classes : 1;
  const auto read = [&](const char* key, auto& out, std::int64_t size) {
    unpack(fields, key, out);
    expect(out, size, fields, key);
  };
  read("xy", s.xy, 2 * t);
  read("label", s.label, t);
  read("value", s.value, t);
  read("logits", s.logits, t * s.experts);
  read("noise", s.noise, t * s.experts);
  read("probabilities", s.probabilities, t * s.experts);
  read("chosen", s.chosen, t * s.top_k);
  read("weights", s.weights, t * s.top_k);
  read("answers", s.answers, t * s.top_k * outputs);
  read("base", s.base, t * outputs);
  read("output", s.output, t * outputs);
  read("loss", s.loss, t);
  fields.read("counts", s.counts).read("task_loss", s.task_loss).read("balance_loss", s.balance_loss);
  fields.read("z_loss", s.z_loss).read("balance_coefficient", s.balance_coefficient);
  fields.read("z_coefficient", s.z_coefficient).read("grad_norm", s.grad_norm).read("lr", s.lr);
  expect(s.counts, s.experts, fields, "counts");
  expect_indices(s.chosen, s.experts, fields, "chosen");
  read_updates(fields, s);
  if (const Json* report = fields.find("report")) s.report = step_from_json(*report);
  return s;
}

}  // namespace moe::protocol
