// SPDX-License-Identifier: Apache-2.0
// The softmax top-k policy against golden vectors: with Wg = 1 the input is the logits, and the input's gradient
// theirs.
#include "engine/core/error.h"
#include "engine/moe/router.h"
#include "tests/engine/moe/routing_bench.h"
#include "tests/support/golden_tensors.h"
#include "tests/support/test_backend.h"

#include <QtTest>

using namespace moe;
using namespace moe::routing;
using namespace moe::test;

namespace {

/// Routes the given logits.
class Case {
 public:
  Case(const std::vector<double>& logits, int experts, Config c)
      : config(std::move(c)),
        shape_{3, experts, experts, 10, 0.02, 1, 1, {}},
        tokens_(static_cast<std::int64_t>(logits.size()) / experts),
        pass_(bench.pass(tokens_)) {
    const RouterEntry& entry = find_router("softmax_top_k");
    for (const auto& p : entry.parameters(shape_)) ids_.push_back(bench.set.add(p.kind, p.part));
    bench.set.allocate(*bench.backend, DType::f64);
    std::vector<double> unit(static_cast<std::size_t>(experts * experts));
    for (int e = 0; e < experts; ++e) unit[static_cast<std::size_t>(e * experts + e)] = 1;
    bench.assign("gate.weight", unit.data());
    router_ = entry.make({bench.set, ids_});
    x_ = bench.device(logits, {tokens_, experts});
  }
  Decision forward(bool training = true) {
    Decision d;
    pass_.training = training;
    router_->forward(input(), d);
    return d;
  }
  std::vector<double> backward(const Decision& d, const std::vector<double>& dweights) {
    View dx = bench.device(std::vector<double>(static_cast<std::size_t>(x_.size()), 0.0), x_.shape);
    router_->backward(input(), d, bench.device(dweights, {tokens_, d.choices}), dx);
    return host(dx);
  }
  nn::Pass& pass() { return pass_; }

  RoutingBench bench;
  Config config;

 private:
  RouterInput input() { return {pass_, x_, shape_, RouterSettings(config)}; }
  RouterShape shape_;
  std::int64_t tokens_;
  nn::Pass pass_;
  std::vector<nn::ParameterId> ids_;
  std::unique_ptr<Router> router_;
  View x_;
};

Config settings(int k, bool renormalise = true, double balance = 0, double z = 0) {
  Config c;
  c.router.top_k = k;
  c.router.renormalise = renormalise;
  c.router.z_coefficient = z;
  c.balance.coefficient = balance;
  return c;
}

double mean_square(const View& v) {
  double sum = 0;
  for (const double x : host(v)) sum += x * x;
  return sum / static_cast<double>(v.size());
}

bool close(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (std::abs(a[i] - b[i]) > 1e-12 * (1 + std::abs(b[i]))) return false;
  return true;
}

}  // namespace

class TestSoftmaxTopK : public QObject {
  Q_OBJECT
 private slots:
  void weights_and_their_gradient();
  void loss_gradients();
  void published_figures();
  void noise_moves_choices_but_not_the_losses();
  void single_choice_still_teaches_the_router();
  void registry();
};

void TestSoftmaxTopK::weights_and_their_gradient() {
  for (const auto& c : golden_cases("router_softmax_top_k.json")) {
    const auto& logits = c.at("inputs").at("logits");
    Case router(numbers(logits), logits.at("shape").at(1),
                settings(c.at("params").at("k"), c.at("params").at("renormalise")));
    const Decision d = router.forward();
    QVERIFY(close(host(d.ids), numbers(c.at("outputs").at("ids"))));
    QVERIFY(close(host(d.weights), numbers(c.at("outputs").at("weights"))));
    QVERIFY(close(host(d.probabilities), numbers(c.at("outputs").at("probabilities"))));
    QVERIFY(close(router.backward(d, numbers(c.at("gradients").at("d_weights"))),
                  numbers(c.at("gradients").at("d_logits"))));
  }
}

void TestSoftmaxTopK::loss_gradients() {
  for (const auto& c : golden_cases("router_losses.json")) {
    const auto& logits = c.at("inputs").at("logits");
    const int k = c.at("params").at("k"), experts = logits.at("shape").at(1);
    const std::size_t choices =
        numbers(logits).size() / static_cast<std::size_t>(experts) * static_cast<std::size_t>(k);
    for (const bool balance : {true, false}) {
      Case router(numbers(logits), experts, settings(k, true, balance ? 1 : 0, balance ? 0 : 1));
      const Decision d = router.forward();
      const auto gradient = router.backward(d, std::vector<double>(choices, 0.0));
      QVERIFY(
          close(gradient, numbers(c.at("gradients").at(balance ? "d_logits_of_balance_loss" : "d_logits_of_z_loss"))));
      QVERIFY(close(host(d.counts), numbers(c.at("inputs").at("counts"))));
      const double value = ops::balance_loss(router.bench.ctx, d.probabilities, d.balance_counts, d.balance_choices);
      QVERIFY(std::abs(value - numbers(c.at("outputs").at("balance_loss"))[0]) < 1e-12);
      QVERIFY(std::abs(mean_square(d.log_sum_exp) - numbers(c.at("outputs").at("z_loss"))[0]) < 1e-12);
    }
  }
}

void TestSoftmaxTopK::published_figures() {
  const auto figures = golden_json("routing_figures.json");
  for (const int k : {1, 2}) {
    Case router(numbers(figures.at("logits")), 4, settings(k));
    const Decision d = router.forward();
    const auto& want = figures.at(k == 1 ? "k1" : "k2");
    const auto counts = host(d.counts);
    const std::vector<std::int32_t> whole(counts.begin(), counts.end());
    QCOMPARE(whole, want.at("counts").get<std::vector<std::int32_t>>());
    const double value = ops::balance_loss(router.bench.ctx, d.probabilities, d.balance_counts, d.balance_choices);
    QVERIFY(std::abs(value - want.at("balance_loss").get<double>()) < 1e-12);
    QVERIFY(std::abs(mean_square(d.log_sum_exp) - figures.at("z_loss").get<double>()) < 1e-12);
  }
}

void TestSoftmaxTopK::noise_moves_choices_but_not_the_losses() {
  std::vector<double> logits(64 * 8);
  for (std::size_t i = 0; i < logits.size(); ++i) logits[i] = std::sin(static_cast<double>(i * i));
  Config noisy = settings(2, true, 0.1, 0.1);
  noisy.router.noise = 2;
  Case quiet(logits, 8, settings(2)), loud(logits, 8, noisy), again(logits, 8, noisy);
  const Decision a = quiet.forward(), b = loud.forward(), c = again.forward(),
                 evaluated = loud.forward(/*training=*/false);
  QVERIFY(host(a.ids) != host(b.ids));
  QCOMPARE(host(b.ids), host(c.ids));  // the same draw for the same seed, step, layer and micro-batch
  QCOMPARE(host(a.logits), host(b.logits));
  QCOMPARE(host(a.probabilities), host(b.probabilities));
  QCOMPARE(host(a.log_sum_exp), host(b.log_sum_exp));
  QCOMPARE(host(a.ids), host(evaluated.ids));
  QCOMPARE(host(a.weights), host(evaluated.weights));
  again.pass().micro = 1;
  QVERIFY(host(again.forward().ids) != host(b.ids));
  again.pass().micro = 0;
  again.pass().step = 1;
  QVERIFY(host(again.forward().ids) != host(b.ids));
}

void TestSoftmaxTopK::single_choice_still_teaches_the_router() {
  Case router({0.2, 0.1, 0.3, 0, 3, -1, 1, 2}, 4, settings(1, /*renormalise=*/true));
  const Decision d = router.forward();
  QVERIFY(host(d.weights)[0] < 0.5);  // the probability, not the quotient 1
  const auto gradient = router.backward(d, {1, 1});
  QVERIFY(std::abs(gradient[2]) > 1e-3 && std::abs(gradient[0]) > 1e-3);
}

void TestSoftmaxTopK::registry() {
  QVERIFY(!routers().empty());
  for (const auto& entry : routers()) {
    QVERIFY(!entry.info.label.empty() && !entry.info.help.empty() && !entry.info.source.empty());
    QCOMPARE(&find_router(entry.info.name), &entry);
  }
  try {
    find_router("soft_max");
    QFAIL("found");
  } catch (const Error& error) {
    QCOMPARE(error.kind(), ErrorKind::usage);
    QVERIFY(QString::fromStdString(error.limit()).contains("softmax_top_k"));
  }
}

DEVICE_TEST_MAIN(TestSoftmaxTopK)
#include "tst_softmax_top_k.moc"
