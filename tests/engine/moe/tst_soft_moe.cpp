// SPDX-License-Identifier: Apache-2.0
// Soft MoE against the paper's formulas in plain loops, its gradients, and its refusal in a decoder.
#include "engine/core/error.h"
#include "engine/moe/moe_layer.h"
#include "tests/engine/moe/routing_bench.h"
#include "tests/support/gradient_check.h"
#include "tests/support/test_backend.h"

#include <QtTest>
#include <numeric>

using namespace moe;
using namespace moe::routing;
using namespace moe::test;

namespace {

constexpr int kBatch = 3, kEach = 4, kTokens = kBatch * kEach, kWidth = 5, kHidden = 4, kExperts = 3;

Config config_of(int each, int shared) {
  Config c;
  c.data.task = "plane";
  c.model.width = kWidth, c.model.expert_width = kHidden, c.model.experts = kExperts, c.model.shared_experts = shared;
  c.model.init_std = 0.7;
  c.router.policy = "soft_moe", c.router.slots_each = each;
  return c;
}

struct Layer {
  Layer(int each, int shared) : config(config_of(each, shared)), layer(bench.set, config, 0, "") {
    bench.set.allocate(*bench.backend, DType::f64);
    bench.set.initialise(5);
    parameter("gate.scale").as<double>()[0] = 1.7;
    for (int i = 0; i < kTokens * kWidth; ++i) x.push_back(std::sin(0.9 * i * i + 0.3));
  }
  View parameter(const std::string& name) {
    for (const auto& e : bench.set.exposed())
      if (e.part->name == name) return e.value;
    return {};
  }
  nn::Pass pass() {
    bench.arena.reset(), bench.scratch.reset();
    nn::Pass p = bench.pass(kEach);
    p.batch = kBatch;
    return p;
  }
  std::vector<double> forward() {
    nn::Pass p = pass();
    return host(layer.forward(p, bench.device(x, {kTokens, kWidth})));
  }
  RoutingBench bench;
  Config config;
  MoeLayer layer;
  std::vector<double> x;
};

using Row = std::vector<double>;

Row expert(Layer& l, int e, const Row& x) {
  const std::string name = "experts." + std::to_string(e);
  const double *w1 = l.parameter(name + ".w1.weight").as<double>(), *w3 = l.parameter(name + ".w3.weight").as<double>(),
               *w2 = l.parameter(name + ".w2.weight").as<double>();
  Row y(kWidth);
  for (int f = 0; f < kHidden; ++f) {
    const double g = std::inner_product(x.begin(), x.end(), w1 + f * kWidth, 0.0);
    const double h = g / (1 + std::exp(-g)) * std::inner_product(x.begin(), x.end(), w3 + f * kWidth, 0.0);
    for (std::size_t d = 0; d < kWidth; ++d) y[d] += w2[d * kHidden + static_cast<std::size_t>(f)] * h;
  }
  return y;
}

double cosine(const double* a, const double* b) {
  return std::inner_product(a, a + kWidth, b, 0.0) /
         std::sqrt(std::inner_product(a, a + kWidth, a, 0.0) * std::inner_product(b, b + kWidth, b, 0.0));
}

}  // namespace

class TestSoftMoe : public QObject {
  Q_OBJECT
 private slots:
  void paper_data();
  void paper();
  void gradients_data() { paper_data(); }
  void gradients();
  void one_token_a_sequence_is_the_classic_mixture();
  void refused_where_the_next_token_is_predicted();
};

void TestSoftMoe::paper_data() {
  QTest::addColumn<int>("each");
  QTest::addColumn<int>("shared");
  QTest::newRow("one slot") << 1 << 0;
  QTest::newRow("three slots") << 3 << 0;
  QTest::newRow("shared") << 2 << 1;
}

void TestSoftMoe::paper() {
  QFETCH(int, each);
  QFETCH(int, shared);
  Layer l(each, 0);
  const auto y = l.forward();
  const int m_all = each * kExperts;
  const double* phi = l.parameter("gate.slots").as<double>();
  for (int b = 0; b < kBatch; ++b) {
    std::vector<Row> logits(kEach, Row(static_cast<std::size_t>(m_all)));
    for (int t = 0; t < kEach; ++t)
      for (int m = 0; m < m_all; ++m)
        logits[std::size_t(t)][std::size_t(m)] = 1.7 * cosine(l.x.data() + (b * kEach + t) * kWidth, phi + m * kWidth);
    std::vector<Row> answers;
    for (int m = 0; m < m_all; ++m) {
      Row mixed(kWidth);
      double sum = 0;
      for (int t = 0; t < kEach; ++t) sum += std::exp(logits[std::size_t(t)][std::size_t(m)]);
      for (int t = 0; t < kEach; ++t)
        for (std::size_t d = 0; d < kWidth; ++d)
          mixed[d] +=
              std::exp(logits[std::size_t(t)][std::size_t(m)]) / sum * l.x[std::size_t((b * kEach + t) * kWidth) + d];
      answers.push_back(expert(l, m / each, mixed));
    }
    for (int t = 0; t < kEach; ++t) {
      double sum = 0;
      for (const double s : logits[std::size_t(t)]) sum += std::exp(s);
      for (std::size_t d = 0; d < kWidth; ++d) {
        double want = 0;
        for (std::size_t m = 0; m < answers.size(); ++m)
          want += std::exp(logits[std::size_t(t)][m]) / sum * answers[m][d];
        QVERIFY(std::abs(y[std::size_t((b * kEach + t) * kWidth) + d] - want) < 1e-11);
      }
    }
  }
  Q_UNUSED(shared);
}

void TestSoftMoe::gradients() {
  QFETCH(int, each);
  QFETCH(int, shared);
  Layer l(each, shared);
  const RandomStream stream(9, Purpose::sample);
  const auto loss = [&] {
    double total = 0;
    const auto y = l.forward();
    for (std::size_t i = 0; i < y.size(); ++i) total += stream.normal(i) * y[i];
    return total;
  };
  nn::Pass pass = l.pass();
  l.layer.forward(pass, l.bench.device(l.x, {kTokens, kWidth}));
  std::vector<double> dy;
  for (std::size_t i = 0; i < l.x.size(); ++i) dy.push_back(stream.normal(i));
  l.bench.backend->zero(l.bench.set.all_gradients());
  const auto dx = host(l.layer.backward(pass, l.bench.device(dy, {kTokens, kWidth})));
  const auto check = [&](double& value, double given) {
    const double before = value;
    value = before + 1e-6;
    const double up = loss();
    value = before - 1e-6;
    const double down = loss();
    value = before;
    return std::abs(given - (up - down) / 2e-6) <= 1e-6 * (1 + std::abs(given));
  };
  for (std::size_t i = 0; i < l.x.size(); ++i) QVERIFY2(check(l.x[i], dx[i]), qPrintable(QString("x %1").arg(i)));
  for (const auto& e : l.bench.set.exposed()) {
    const auto gradient = host(e.gradient);
    for (std::int64_t i = 0; i < e.value.size(); ++i)
      QVERIFY2(check(e.value.as<double>()[i], gradient[static_cast<std::size_t>(i)]), e.part->name.c_str());
  }
}

void TestSoftMoe::one_token_a_sequence_is_the_classic_mixture() {
  Layer l(1, 0);
  nn::Pass p = l.bench.pass(1);
  p.batch = kTokens;
  const auto y = host(l.layer.forward(p, l.bench.device(l.x, {kTokens, kWidth})));
  const auto gate = host(l.layer.decision().combine);
  for (int t = 0; t < kTokens; ++t) {
    const Row x(l.x.begin() + t * kWidth, l.x.begin() + (t + 1) * kWidth);
    Row want(kWidth);
    for (int e = 0; e < kExperts; ++e) {
      const Row answer = expert(l, e, x);
      for (std::size_t d = 0; d < kWidth; ++d) want[d] += gate[std::size_t(t * kExperts + e)] * answer[d];
    }
    for (std::size_t d = 0; d < kWidth; ++d) QVERIFY(std::abs(y[std::size_t(t * kWidth) + d] - want[d]) < 1e-11);
  }
  const auto counts = host(l.layer.decision().counts);
  for (const double c : counts) QCOMPARE(c, double(kTokens));
}

void TestSoftMoe::refused_where_the_next_token_is_predicted() {
  Config c = config_of(1, 0);
  c.data.task = "text";
  try {
    check_policy(c);
    QFAIL("accepted");
  } catch (const Error& error) {
    QCOMPARE(error.kind(), ErrorKind::usage);
    QVERIFY(!error.action().empty() && !error.limit().empty());
  }
}

DEVICE_TEST_MAIN(TestSoftMoe)
#include "tst_soft_moe.moc"
