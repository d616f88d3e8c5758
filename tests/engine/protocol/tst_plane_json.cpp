// SPDX-License-Identifier: Apache-2.0
// The plane's messages: back as they went, wrong types and lengths refused with the field's name.
#include <QtTest>
#include <cmath>
#include <functional>

#include "engine/core/error.h"
#include "engine/protocol/plane.h"

using namespace moe;
using namespace moe::protocol;
using nlohmann::json;

namespace {

PlanePicture picture() {
  PlanePicture p;
  p.step = 12;
  p.still = true;
  p.layer = 2;
  p.experts = 2;
  p.top_k = 1;
  p.classes = 2;
  p.grid = 2;
  p.thumb = 1;
  p.winner = {0, 1, 1, 0};
  p.confidence = {255, 128, 200, 0};
  p.margin = {1, 2, 3, 4};
  p.owner = {0, 1, 255, 1};
  p.gate = {9, 8, 7, 6};
  p.expert_gate = {100, 155};
  p.expert_winner = {1, 0};
  p.expert_confidence = {250, 3};
  p.area = {0.25, 0.5};
  p.points = {0.1, 0.9};
  p.flip_grid = 1;
  p.flip_draws = 16;
  p.flips = {64};
  p.flip_to = {1};
  p.scored = 2000;
  p.score = 0.995;
  p.without = {0.75, 0.5};
  p.seconds = 0.003;
  p.budget = 0.1;
  return p;
}

PlaneStages stages() {
  PlaneStages s;
  s.step = 3;
  s.only = "router";
  s.layer = 0;
  s.experts = 2;
  s.top_k = 1;
  s.batch = 256;
  s.shown = 1;
  s.xy = {0.5f, -0.25f};
  s.value = {1.5f};
  s.logits = {1, 2};
  s.probabilities = {0.25f, 0.75f};
  s.chosen = {1};
  s.weights = {0.75f};
  s.counts = {100, 156};
  s.answers = {3};
  s.base = {0.5f};
  s.output = {2.75f};
  s.loss = {1.5625f};
  s.task_loss = 1.5;
  s.updates = {{"router", -1, 1.5, 0.01}, {"expert", 1, 2.5, 0}};
  s.report.step = 3;
  return s;
}

/// A change of a message, and the field that the refusal names.
struct Bad {
  const char* name;
  std::function<void(json&)> change;
  std::string field;
};

}  // namespace

class TestPlaneJson : public QObject {
  Q_OBJECT
 private slots:
  void base64();
  void pictures_come_back();
  void points_come_back();
  void stages_and_probes_come_back();
  void wrong_pictures_are_refused();
  void wrong_others_are_refused();
};

void TestPlaneJson::base64() {
  // RFC 4648, section 10.
  const std::vector<std::pair<std::string, std::string>> known{{"", ""},
                                                               {"f", "Zg=="},
                                                               {"fo", "Zm8="},
                                                               {"foo", "Zm9v"},
                                                               {"foob", "Zm9vYg=="},
                                                               {"fooba", "Zm9vYmE="},
                                                               {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : known) {
    QCOMPARE(to_base64(plain.data(), plain.size()), coded);
    QCOMPARE(from_base64(coded, "x"), plain);
  }
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  QCOMPARE(from_base64(to_base64(all.data(), all.size()), "x"), all);
  for (const char* bad : {"Z", "Zm9", "Zm9v!===", "====", "Zg==Zg==", "Zm\xC3\xA4=", "Z==="})
    QVERIFY_EXCEPTION_THROWN(from_base64(bad, "x"), Error);
}

void TestPlaneJson::pictures_come_back() {
  const PlanePicture p = picture();
  const json sent = json::parse(to_json(p).dump());
  const PlanePicture back = plane_picture_from_json(sent);
  QCOMPARE(json(to_json(back)), sent);
  QVERIFY(back.owner == p.owner && back.expert_confidence == p.expert_confidence && back.area == p.area);
  QVERIFY(back.flips == p.flips && back.flip_to == p.flip_to && back.without == p.without && back.score == p.score);
  QVERIFY(back.value.empty() && std::isnan(back.share) && back.still);
  QCOMPARE(sent.at("winner"), json("AAEBAA=="));
  json nothing = sent;  // a text without a byte is an array without an element
  nothing["flips"] = "";
  QVERIFY(plane_picture_from_json(nothing).flips.empty());
  PlanePicture values = p;
  values.classes = 0;
  values.winner = values.confidence = values.margin = {};
  values.value = {0.5f, -1, 1e-9f, 4};
  QVERIFY(plane_picture_from_json(json::parse(to_json(values).dump())).value == values.value);
}

void TestPlaneJson::points_come_back() {
  PlanePoints p;
  p.set = "file";
  p.classes = 2;
  p.class_names = {"A", "ä"};
  p.train.xy = {0.5f, -1, 0.25f, 1};
  p.train.label = {0, 1};
  p.held_out.xy = {0, 0};
  p.held_out.label = {1};
  p.scale_x = 3;
  const json sent = json::parse(to_json(p).dump());
  const PlanePoints back = plane_points_from_json(sent);
  QCOMPARE(json(to_json(back)), sent);
  QVERIFY(back.train.xy == p.train.xy && back.held_out.label == p.held_out.label);
  json wrong = sent;
  wrong["train"]["label"] = "AAEB";
  QVERIFY_EXCEPTION_THROWN(plane_points_from_json(wrong), Error);
  wrong = sent;
  wrong["train"]["xy"] = "AAAAAA==";
  QVERIFY_EXCEPTION_THROWN(plane_points_from_json(wrong), Error);
  wrong = sent;
  wrong["held_out"]["label"] = nullptr;
  QVERIFY_EXCEPTION_THROWN(plane_points_from_json(wrong), Error);
}

void TestPlaneJson::stages_and_probes_come_back() {
  const json sent = json::parse(to_json(stages()).dump());
  const PlaneStages back = plane_stages_from_json(sent);
  QCOMPARE(json(to_json(back)), sent);
  QVERIFY(back.chosen == stages().chosen && back.updates.size() == 2 && back.noise.empty());
  PlaneProbe p;
  p.x = 0.5;
  p.experts = 2;
  p.top_k = 1;
  p.classes = 2;
  p.probabilities = {0.25f, 0.75f};
  p.chosen = {1};
  p.weights = {0.75f};
  p.answers = {1, 2, 3, 4};
  p.base = {0, 0};
  p.output = {2.25f, 3};
  p.class_probabilities = {0.25f, 0.75f};
  p.winner = 1;
  const json probe = json::parse(to_json(p).dump());
  QCOMPARE(json(to_json(plane_probe_from_json(probe))), probe);
  // What the window counts on.
  const std::vector<Bad> all{
      {"third of two", [](json& j) { j["chosen"] = {2}; }, "probe_point.chosen"},
      {"nobody", [](json& j) { j["chosen"] = j["weights"] = json::array(); }, "probe_point.chosen"},
      {"no weight", [](json& j) { j["weights"] = json::array(); }, "probe_point.weights"},
      {"no share", [](json& j) { j["probabilities"] = json::array(); }, "probe_point.probabilities"},
      {"class 3 of 2", [](json& j) { j["winner"] = 2; }, "probe_point.winner"},
      {"a class without a share", [](json& j) { j["class_probabilities"] = json::array(); },
       "probe_point.class_probabilities"}};
  for (const Bad& bad : all) {
    json j = probe;
    bad.change(j);
    try {
      (void)plane_probe_from_json(j);
      QFAIL(bad.name);
    } catch (const Error& error) {
      QCOMPARE(error.where(), bad.field);
    }
  }
}

void TestPlaneJson::wrong_pictures_are_refused() {
  const std::vector<Bad> all{
      {"number for text", [](json& j) { j["owner"] = 7; }, "plane.owner"},
      {"not base64", [](json& j) { j["owner"] = "?"; }, "plane.owner"},
      {"too long", [](json& j) { j["gate"] = "AAAAAAAA"; }, "plane.gate"},
      {"owner without gate", [](json& j) { j["gate"] = nullptr; }, "plane.gate"},
      {"class without share", [](json& j) { j["confidence"] = nullptr; }, "plane.confidence"},
      {"class without lead", [](json& j) { j["margin"] = nullptr; }, "plane.margin"},
      {"expert's class without share", [](json& j) { j["expert_confidence"] = nullptr; }, "plane.expert_confidence"},
      {"broken float", [](json& j) { j["value"] = "AAAA"; }, "plane.value"},
      {"huge grid", [](json& j) { j["grid"] = 1 << 30; }, "plane.grid"},
      {"negative experts", [](json& j) { j["experts"] = -1; }, "plane.experts"},
      {"a share missing", [](json& j) { j["area"] = {1.0}; }, "plane.area"},
      {"a score missing", [](json& j) { j["without"] = {0.5}; }, "plane.without"},
      {"flips of another grid", [](json& j) { j["flip_grid"] = 3; }, "plane.flips"},
      {"thumbnails of other experts", [](json& j) { j["experts"] = 3; }, "plane.expert_gate"},
      {"text for a number", [](json& j) { j["step"] = "1"; }, "plane.step"}};
  for (const Bad& bad : all) {
    json j = json::parse(to_json(picture()).dump());
    bad.change(j);
    try {
      (void)plane_picture_from_json(j);
      QFAIL(bad.name);
    } catch (const Error& error) {
      QCOMPARE(error.kind(), ErrorKind::bad_input);
      QCOMPARE(error.where(), bad.field);
    }
  }
  QVERIFY_EXCEPTION_THROWN(plane_picture_from_json(json::array()), Error);
}

void TestPlaneJson::wrong_others_are_refused() {
  const std::vector<Bad> all{{"short", [](json& j) { j["logits"] = "AAAAAA=="; }, "stages.logits"},
                             {"no list", [](json& j) { j["updates"] = 1; }, "stages.updates"},
                             {"expert 6 of 2", [](json& j) { j["chosen"] = "BQAAAA=="; }, "stages.chosen"},
                             {"counts", [](json& j) { j["counts"] = {1}; }, "stages.counts"},
                             {"answers", [](json& j) { j["classes"] = 3; }, "stages.answers"}};
  for (const Bad& bad : all) {
    json j = json::parse(to_json(stages()).dump());
    bad.change(j);
    try {
      (void)plane_stages_from_json(j);
      QFAIL(bad.name);
    } catch (const Error& error) {
      QCOMPARE(error.where(), bad.field);
    }
  }
}

QTEST_GUILESS_MAIN(TestPlaneJson)
#include "tst_plane_json.moc"
