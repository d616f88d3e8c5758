// SPDX-License-Identifier: Apache-2.0
// Held-out loss and token traces: exact, free of noise, and refusing what does not fit.
#include "engine/core/error.h"
#include "engine/train/trainer.h"
#include "tests/engine/train/tiny_model.h"

#include <QtTest>
#include <cmath>
#include <set>

using namespace moe;

class TestTrainerEvaluation : public QObject {
  Q_OBJECT
 private slots:
  void noise_is_off();
  void evaluation_is_the_mean_of_traces();
  void trace_fits_together();
  void prefixes_agree();
  void trace_refuses();
};

void TestTrainerEvaluation::noise_is_off() {
  const test::FakeDataset dataset(31);
  Config config = test::tiny_config();
  const train::Trainer quiet(config, dataset);
  config.router.noise = 5;
  const train::Trainer noisy(config, dataset);
  const std::vector<std::int32_t> text{3, 1, 4, 1, 5, 9, 2, 6};
  QCOMPARE(noisy.evaluate(3).loss, quiet.evaluate(3).loss);
  const auto a = noisy.trace(text, true), b = quiet.trace(text, true);
  QCOMPARE(a.experts_of, b.experts_of);
  QCOMPARE(a.weights, b.weights);
  QCOMPARE(a.logits, b.logits);
  train::Trainer q(quiet.config(), dataset), n(config, dataset);
  QVERIFY(q.step().grad_norm != n.step().grad_norm);  // while training it is on
}

void TestTrainerEvaluation::evaluation_is_the_mean_of_traces() {
  const test::FakeDataset dataset(31);
  const train::Trainer trainer(test::tiny_config(), dataset);
  const auto report = trainer.evaluate(4);
  QCOMPARE(report.domain_loss.size(), dataset.domains().size());
  double total = 0;
  std::int64_t tokens = 0;
  for (int domain = 0; domain < 3; ++domain) {
    double sum = 0;
    std::int64_t n = 0;
    for (const auto& window : dataset.held_out(domain, 4, 8)) {
      const std::span<const std::int32_t> ids(window.tokens);
      const std::size_t used = std::min<std::size_t>(8, ids.size() - 1);
      const auto trace = trainer.trace(ids.first(used), true);
      for (std::size_t t = 0; t < used; ++t) {
        double norm = 0;
        for (int v = 0; v < 31; ++v)
          norm += std::exp(static_cast<double>(trace.logits[t * 31 + static_cast<std::size_t>(v)]));
        sum += std::log(norm) - static_cast<double>(trace.logits[t * 31 + static_cast<std::size_t>(ids[t + 1])]);
        ++n;
      }
    }
    QVERIFY(std::abs(report.domain_loss[static_cast<std::size_t>(domain)] - sum / static_cast<double>(n)) < 1e-6);
    total += sum;
    tokens += n;
  }
  QCOMPARE(report.tokens, tokens);
  QVERIFY(std::abs(report.loss - total / static_cast<double>(tokens)) < 1e-6);
}

void TestTrainerEvaluation::trace_fits_together() {
  const test::FakeDataset dataset(31);
  const train::Trainer trainer(test::tiny_config(), dataset);
  const std::vector<std::int32_t> text{3, 1, 4, 1, 5};
  const auto trace = trainer.trace(text, true);
  QCOMPARE(trace.tokens, 5);
  QCOMPARE(trace.layers, 2);
  QCOMPARE(trace.experts, 4);
  QCOMPARE(trace.layer_index, (std::vector<int>{0, 1}));
  QCOMPARE(trace.experts_of.size(), std::size_t{2 * 5 * 2});
  QCOMPARE(trace.probabilities.size(), std::size_t{2 * 5 * 4});
  for (std::size_t row = 0; row < 10; ++row) {
    const float* p = &trace.probabilities[row * 4];
    const auto first = static_cast<std::size_t>(trace.experts_of[row * 2]),
               second = static_cast<std::size_t>(trace.experts_of[row * 2 + 1]);
    QVERIFY(first != second && p[first] >= p[second]);
    for (std::size_t e = 0; e < 4; ++e) QVERIFY(e == first || e == second || p[e] <= p[second]);
    QVERIFY(std::abs(trace.weights[row * 2] - p[first] / (p[first] + p[second])) < 1e-6F);
  }
  QVERIFY(std::isnan(trace.loss.back()));
  for (std::size_t t = 0; t < 5; ++t) {
    const float* logits = &trace.logits[t * 31];
    QCOMPARE(trace.predicted[t * 3], static_cast<std::int32_t>(std::max_element(logits, logits + 31) - logits));
    QVERIFY(trace.predicted_share[t * 3] >= trace.predicted_share[t * 3 + 1]);
    double norm = 0;
    for (int v = 0; v < 31; ++v) norm += std::exp(static_cast<double>(logits[v]));
    const double share = std::exp(static_cast<double>(logits[trace.predicted[t * 3 + 2]])) / norm;
    QVERIFY(std::abs(static_cast<double>(trace.predicted_share[t * 3 + 2]) - share) < 1e-6);
    if (t < 4)
      QVERIFY(std::abs(static_cast<double>(trace.loss[t]) - std::log(norm) + static_cast<double>(logits[text[t + 1]])) <
              1e-5);
  }
  QVERIFY(trainer.trace(text, false).logits.empty());
}

void TestTrainerEvaluation::prefixes_agree() {
  const test::FakeDataset dataset(31);
  const train::Trainer trainer(test::tiny_config(), dataset);
  const std::vector<std::int32_t> text{3, 1, 4, 1, 5, 9, 2, 6};
  const auto whole = trainer.trace(text, true);
  const auto part = trainer.trace(std::span(text).first(4), true);
  for (std::size_t i = 0; i < part.logits.size(); ++i)
    QVERIFY(std::abs(whole.logits[i] - part.logits[i]) < 1e-5F);  // causal
}

void TestTrainerEvaluation::trace_refuses() {
  const test::FakeDataset dataset(31);
  const train::Trainer trainer(test::tiny_config(), dataset);
  const std::vector<std::int32_t> empty, longer(9, 1), foreign{1, 31}, negative{-1};
  QVERIFY_EXCEPTION_THROWN(trainer.trace(empty, false), Error);
  QVERIFY_EXCEPTION_THROWN(trainer.trace(longer, false), Error);
  QVERIFY_EXCEPTION_THROWN(trainer.trace(foreign, false), Error);
  QVERIFY_EXCEPTION_THROWN(trainer.trace(negative, false), Error);
  QCOMPARE(trainer.trace(std::vector<std::int32_t>{30}, false).tokens, 1);
}

QTEST_GUILESS_MAIN(TestTrainerEvaluation)
#include "tst_trainer_evaluation.moc"
