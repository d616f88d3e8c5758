// SPDX-License-Identifier: Apache-2.0
// Scores without one expert against sums made here, first choices under noise against the normal distribution, and
// that looking changes nothing.
#include <QtTest>
#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <span>

#include "engine/core/error.h"
#include "engine/moe/router.h"
#include "engine/train/session_picture.h"
#include "tests/engine/train/plane_fixture.h"

using namespace moe;
using moe::test::plane_config;
using moe::test::plane_data;

namespace {

Config one_layer(const std::string& points, int experts, int top_k) {
  Config c = plane_config(points);
  c.model.layers = 1;
  c.model.experts = experts;
  c.router.top_k = top_k;
  c.train.batch = 64;
  c.optim.lr = 0.02;
  return c;
}

/// Accuracy or R² without an expert, in double from what every expert says: a softmax over the others, the k best.
double expected(const train::PointTrace& t, const data::PointSet& held, int without, bool renormalise) {
  const auto n = static_cast<std::size_t>(t.points), experts = static_cast<std::size_t>(t.experts),
             outputs = static_cast<std::size_t>(t.outputs);
  double right = 0, error = 0, sum = 0, squares = 0;
  for (std::size_t i = 0; i < n; ++i) {
    std::vector<std::size_t> others;
    for (std::size_t e = 0; e < experts; ++e)
      if (static_cast<int>(e) != without) others.push_back(e);
    const float* logits = t.logits.data() + i * experts;
    std::stable_sort(others.begin(), others.end(), [&](auto a, auto b) { return logits[a] > logits[b]; });
    double all = 0;
    for (const auto e : others) all += std::exp(double(logits[e]) - double(logits[others[0]]));
    const auto k = std::min(others.size(), static_cast<std::size_t>(t.top_k));
    std::vector<double> weights;
    for (std::size_t j = 0; j < k; ++j)
      weights.push_back(std::exp(double(logits[others[j]]) - double(logits[others[0]])) / all);
    const double kept = std::accumulate(weights.begin(), weights.end(), 0.0);
    std::vector<double> out(t.base.begin() + static_cast<std::ptrdiff_t>(i * outputs),
                            t.base.begin() + static_cast<std::ptrdiff_t>((i + 1) * outputs));
    for (std::size_t j = 0; j < k; ++j)
      for (std::size_t c = 0; c < outputs; ++c)
        out[c] += weights[j] / (renormalise ? kept : 1) * double(t.answers[(others[j] * n + i) * outputs + c]);
    if (held.has_classes()) {
      right += std::max_element(out.begin(), out.end()) - out.begin() == held.labels[i];
      continue;
    }
    const double value = double(held.values[i]);
    error += (out[0] - value) * (out[0] - value), sum += value, squares += value * value;
  }
  const double points = static_cast<double>(n);
  return held.has_classes() ? right / points : 1 - error / (squares - sum * sum / points);
}

}  // namespace

class TestPlaneMeasures : public QObject {
  Q_OBJECT
 private slots:
  void with_everybody_it_is_the_evaluation_data();
  void with_everybody_it_is_the_evaluation();
  void without_an_expert_data();
  void without_an_expert();
  void every_policy_leaves_out_or_says_so();
  void noise_flips_as_often_as_it_must();
  void without_noise_nothing_flips();
  void pictures_and_probes_carry_them();
  void the_first_choice_weighs_most();
  void noise_is_what_was_added();
  void looking_changes_nothing();
};

void TestPlaneMeasures::with_everybody_it_is_the_evaluation_data() {
  QTest::addColumn<QString>("points");
  QTest::newRow("classes") << "spirals";
  QTest::newRow("values") << "wave";
}

void TestPlaneMeasures::with_everybody_it_is_the_evaluation() {
  QFETCH(QString, points);
  const Config config = one_layer(points.toStdString(), 3, 2);
  const auto data = plane_data(config);
  train::Trainer trainer(config, data);
  for (int i = 0; i < 40; ++i) trainer.step();
  const train::EvalReport report = trainer.evaluate(1);
  const double score = trainer.held_out_score(0, -1, data.held_out().size());
  const double known = points == "wave" ? report.r2 : report.accuracy;
  QVERIFY2(std::abs(score - known) < 1e-5, qPrintable(QString("%1, %2").arg(score).arg(known)));
  // On a part, spread over all, it is about the same.
  QVERIFY(std::abs(trainer.held_out_score(0, -1, 1000) - known) < 0.08);
}

void TestPlaneMeasures::without_an_expert_data() {
  QTest::addColumn<QString>("points");
  QTest::addColumn<int>("top_k");
  QTest::addColumn<bool>("renormalise");
  QTest::newRow("top-1") << "spirals" << 1 << true;
  QTest::newRow("top-2") << "spirals" << 2 << true;
  QTest::newRow("top-2, as they are") << "blobs" << 2 << false;
  QTest::newRow("all four of four") << "blobs" << 4 << true;
  QTest::newRow("values") << "wave" << 2 << true;
}

void TestPlaneMeasures::without_an_expert() {
  QFETCH(QString, points);
  QFETCH(int, top_k);
  QFETCH(bool, renormalise);
  Config config = one_layer(points.toStdString(), 4, top_k);
  config.router.renormalise = renormalise;
  const auto data = plane_data(config);
  train::Trainer trainer(config, data);
  for (int i = 0; i < 80; ++i) trainer.step();
  const auto& held = data.held_out();
  const auto trace = trainer.trace_points(held.xy, 0, true);
  bool matters = false;
  for (int e = 0; e < 4; ++e) {
    const double found = trainer.held_out_score(0, e, held.size()),
                 known = expected(trace, held, e, renormalise && top_k > 1);
    // The parts are floats and the model's sums are doubles: a point on a border may fall to the other side.
    QVERIFY2(std::abs(found - known) < 1.5e-3 * std::max(1.0, std::abs(known)),
             qPrintable(QString("E%1: %2, expected %3").arg(e + 1).arg(found).arg(known)));
    matters |= std::abs(found - trainer.held_out_score(0, -1, held.size())) > 0.01;
  }
  QVERIFY(matters);
  QVERIFY_EXCEPTION_THROWN(trainer.held_out_score(0, 4, 100), Error);
}

void TestPlaneMeasures::every_policy_leaves_out_or_says_so() {
  int measured = 0, absent = 0;
  for (const routing::RouterEntry& entry : routing::routers()) {
    Config config = one_layer("blobs", 4, entry.info.fixed_top_k > 0 ? entry.info.fixed_top_k : 2);
    config.router.policy = entry.info.name;
    config.balance.coefficient = 0;
    try {
      validate(config);
    } catch (const Error&) {
      continue;
    }
    const auto data = plane_data(config);
    train::Trainer trainer(config, data);
    for (int i = 0; i < 30; ++i) trainer.step();
    const bool gated = entry.info.name != "hash" && entry.info.name != "random";
    for (int e = 0; e < 4; ++e) {
      const double score = trainer.held_out_score(0, e, 500);
      QVERIFY2(std::isfinite(score) == gated, entry.info.name.c_str());
    }
    QVERIFY(std::isfinite(trainer.held_out_score(0, -1, 500)));
    (gated ? measured : absent) += 1;
  }
  QVERIFY2(measured >= 8, qPrintable(QString::number(measured)));
  QVERIFY(absent >= 1);
  // With a single expert nobody would be left.
  const Config config = one_layer("blobs", 1, 1);
  const auto data = plane_data(config);
  const train::Trainer alone(config, data);
  if (!alone.moe_layers().empty()) QVERIFY(std::isnan(alone.held_out_score(0, 0, 100)));
}

/// Two experts, Gaussian noise of width σ on both logits: the choice flips with probability Φ(−|Δ|/(σ√2)).
void TestPlaneMeasures::noise_flips_as_often_as_it_must() {
  Config config = one_layer("moons", 2, 1);
  config.router.noise = 0.7;
  const auto data = plane_data(config);
  const train::Trainer trainer(config, data);
  int far_from_half = 0;
  for (const auto& [x, y] : {std::pair{0.1f, 0.2f}, {0.8f, -0.6f}, {-0.9f, 0.9f}, {-0.4f, -0.7f}}) {
    constexpr int kCopies = 2000, kDraws = 4;
    std::vector<float> xy;
    for (int i = 0; i < kCopies; ++i) xy.insert(xy.end(), {x, y});
    const auto clean = trainer.first_choices(xy, 0, -1);
    int flips = 0;
    for (int draw = 0; draw < kDraws; ++draw) {
      const auto noisy = trainer.first_choices(xy, 0, draw);
      for (std::size_t i = 0; i < noisy.size(); ++i) flips += noisy[i] != clean[i];
    }
    const auto trace = trainer.trace_points(std::vector<float>{x, y}, 0, false);
    QCOMPARE(clean[0], trace.experts_of[0]);
    const double gap = std::abs(double(trace.logits[0]) - double(trace.logits[1]));
    const double p = 0.5 * std::erfc(gap / (0.7 * std::sqrt(2.0)) / std::sqrt(2.0));
    const double n = kCopies * kDraws, sd = std::sqrt(n * p * (1 - p));
    QVERIFY2(std::abs(flips - n * p) < 4.5 * sd + 1, qPrintable(QString("%1 of %2, p = %3").arg(flips).arg(n).arg(p)));
    far_from_half += std::abs(p - 0.5) > 0.05;
  }
  QVERIFY(far_from_half > 0);
}

void TestPlaneMeasures::without_noise_nothing_flips() {
  const Config config = one_layer("spirals", 4, 2);
  const auto data = plane_data(config);
  const train::Trainer trainer(config, data);
  const auto xy = std::span(data.train().xy).first(200);
  const auto clean = trainer.first_choices(xy, 0, -1);
  QCOMPARE(clean.size(), std::size_t{100});
  for (int draw = 0; draw < 3; ++draw) QCOMPARE(trainer.first_choices(xy, 0, draw), clean);
  Config jittery = config;
  jittery.router.jitter = 0.5;
  const train::Trainer other(jittery, data);
  QVERIFY(other.first_choices(xy, 0, 0) != other.first_choices(xy, 0, -1));
  QVERIFY(other.first_choices(xy, 0, 0) != other.first_choices(xy, 0, 1));
  QCOMPARE(other.first_choices(xy, 0, 1), other.first_choices(xy, 0, 1));
}

void TestPlaneMeasures::pictures_and_probes_carry_them() {
  Config config = one_layer("spirals", 4, 1);
  config.router.noise = 1;
  const auto data = plane_data(config);
  const train::Trainer trainer(config, data);
  const protocol::PlanePicture plain = train::paint(trainer, data, {0, 32, 8});
  QVERIFY(plain.flips.empty() && plain.flip_grid == 0 && plain.without.empty() && std::isnan(plain.score));
  const protocol::PlanePicture full = train::paint(trainer, data, {0, 32, 8, 12, true});
  QCOMPARE(full.flip_grid, 16);
  QCOMPARE(full.flip_draws, 12);
  QCOMPARE(full.flips.size(), std::size_t{256});
  int flipped = 0;
  for (std::size_t i = 0; i < full.flips.size(); ++i) {
    QCOMPARE(full.flips[i] == 0, full.flip_to[i] == 255);
    flipped += full.flips[i] > 0;
  }
  QVERIFY(flipped > 20);
  QCOMPARE(full.without.size(), std::size_t{4});
  QCOMPARE(full.score, trainer.held_out_score(0, -1, 2000));
  QCOMPARE(full.without[2], trainer.held_out_score(0, 2, 2000));
  QVERIFY(full.scored > 0 && full.scored <= 2000);
  QVERIFY(full.owner == plain.owner && full.winner == plain.winner);
  const protocol::PlaneProbe probe = train::probe_point(trainer, data, 0.1f, 0.1f, 0, 32);
  QCOMPARE(probe.flip_draws, 32);
  QVERIFY(probe.flips >= 0 && probe.flips <= 32);
  QCOMPARE(train::probe_point(trainer, data, 0.1f, 0.1f, 0).flip_draws, 0);
  config.router.noise = 0;  // nothing to draw
  const train::Trainer calm(config, data);
  QCOMPARE(train::paint(calm, data, {0, 32, 8, 12}).flip_grid, 0);
  QCOMPARE(train::probe_point(calm, data, 0.1f, 0.1f, 0, 32).flip_draws, 0);
}

/// Policies whose choices have a column for each expert: the owner is who weighs most, not who stands first.
void TestPlaneMeasures::the_first_choice_weighs_most() {
  for (const char* policy : {"expert_choice", "soft_moe"}) {
    Config config = one_layer("blobs", 4, 2);
    config.router.policy = policy;
    config.balance.coefficient = 0;
    const auto data = plane_data(config);
    const train::Trainer trainer(config, data);
    const auto& xy = data.held_out().xy;
    const train::PointTrace trace = trainer.trace_points(std::span(xy).first(2 * 64), 0, true);
    QCOMPARE(trace.top_k, 4);
    std::set<std::int32_t> first;
    for (std::size_t i = 0; i < 64; ++i) {
      const std::int32_t* ids = trace.experts_of.data() + 4 * i;
      const float *weights = trace.weights.data() + 4 * i, *p = trace.probabilities.data() + 4 * i;
      std::int32_t most = -1;
      for (std::size_t k = 0; k < 4; ++k) {
        if (ids[k] < 0) continue;
        QCOMPARE(weights[k], p[ids[k]]);  // still its own
        if (most < 0 || p[ids[k]] > p[most]) most = ids[k];
      }
      QCOMPARE(ids[0], most);
      first.insert(most);
    }
    QVERIFY2(first.size() >= 3, policy);
    const protocol::PlanePicture picture = train::paint(trainer, data, {0, 16, 0});
    QVERIFY(std::set<int>(picture.owner.begin(), picture.owner.end()).size() >= 3);
  }
}

/// What a step's stages call noise is what was added to the logits, whatever else a policy makes of them.
void TestPlaneMeasures::noise_is_what_was_added() {
  int quiet = 0;
  for (const routing::RouterEntry& entry : routing::routers()) {
    for (const double noise : {0.0, 1.0}) {
      Config config = one_layer("blobs", 4, entry.info.fixed_top_k > 0 ? entry.info.fixed_top_k : 2);
      config.router.policy = entry.info.name;
      config.router.learned_noise = false;
      config.router.noise = noise;
      config.balance.coefficient = 0;
      try {
        validate(config);
      } catch (const Error&) {
        continue;
      }
      if (entry.info.fixed_noise || (noise > 0 && !entry.info.reads("router.noise"))) continue;
      const auto data = plane_data(config);
      const train::BatchTrace batch = train::Trainer(config, data).trace_batch(0);
      quiet += noise == 0;
      QVERIFY2(batch.scores.empty() == (noise == 0), entry.info.name.c_str());
      double squares = 0;
      for (std::size_t i = 0; i < batch.scores.size(); ++i)
        squares += std::pow(double(batch.scores[i]) - double(batch.trace.logits[i]), 2);
      const double sd = std::sqrt(squares / static_cast<double>(std::max<std::size_t>(1, batch.scores.size())));
      QVERIFY2(std::abs(sd - noise) < 0.25, entry.info.name.c_str());  // of 256 draws
    }
  }
  QVERIFY2(quiet >= 8, qPrintable(QString::number(quiet)));
}

void TestPlaneMeasures::looking_changes_nothing() {
  Config config = one_layer("spirals", 4, 2);
  config.router.noise = 0.5;
  config.balance.scope = "global_batch";
  const auto data = plane_data(config);
  train::Trainer trainer(config, data), undisturbed(config, data);
  for (int step = 0; step < 6; ++step) {
    (void)train::paint(trainer, data, {0, 16, 8, 3, true});
    QCOMPARE(trainer.step().loss, undisturbed.step().loss);
  }
}

QTEST_GUILESS_MAIN(TestPlaneMeasures)
#include "tst_plane_measures.moc"
