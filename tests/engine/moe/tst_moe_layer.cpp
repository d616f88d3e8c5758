// SPDX-License-Identifier: Apache-2.0
// A whole MoE layer against golden vectors and against a second implementation that visits token by token.
#include "engine/core/error.h"
#include "tests/engine/moe/routing_bench.h"
#include "tests/support/golden_tensors.h"
#include "tests/support/test_backend.h"

#include <QtTest>
#include <numeric>

using namespace moe;
using namespace moe::routing;
using namespace moe::test;

namespace {

struct Layer {
  explicit Layer(Config c) : config(std::move(c)), layer(bench.set, config, 1, "") {
    bench.set.allocate(*bench.backend, DType::f64);
    bench.set.initialise(11);
  }
  const double* weights(const std::string& name) {
    for (const auto& e : bench.set.exposed())
      if (e.part->name == name) return e.value.as<double>();
    return nullptr;
  }
  RoutingBench bench;
  Config config;
  MoeLayer layer;
};

Config config_of(int width, int hidden, int experts, int k, bool renormalise) {
  Config c;
  c.model.width = width;
  c.model.expert_width = hidden;
  c.model.experts = experts;
  c.model.init_std = 0.7;
  c.router.top_k = k;
  c.router.renormalise = renormalise;
  c.balance.coefficient = 0;
  return c;
}

double activate(const std::string& kind, double x) {
  if (kind == "relu") return std::max(0.0, x);
  if (kind == "gelu") return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
  return x / (1 + std::exp(-x));
}

/// y += scale · down·f(gate·x, up·x), plain loops.
void expert(const std::string& kind, const double* gate, const double* up, const double* down, const double* x,
            int width, int hidden, double scale, double* y) {
  for (int f = 0; f < hidden; ++f) {
    const double g = std::inner_product(x, x + width, gate + f * width, 0.0);
    double h = activate(kind, g);
    if (kind == "swiglu") h *= std::inner_product(x, x + width, up + f * width, 0.0);
    for (int d = 0; d < width; ++d) y[d] += scale * down[d * hidden + f] * h;
  }
}

/// The layer, one token at a time.
std::vector<double> brute_force(Layer& l, const std::vector<double>& x) {
  const auto& m = l.config.model;
  const int experts = m.experts, k = l.config.router.top_k;
  std::vector<double> y(x.size());
  for (std::size_t t = 0; t < x.size() / static_cast<std::size_t>(m.width); ++t) {
    const double* xt = x.data() + t * static_cast<std::size_t>(m.width);
    double* yt = y.data() + t * static_cast<std::size_t>(m.width);
    std::vector<double> p(static_cast<std::size_t>(experts));
    for (int e = 0; e < experts; ++e)
      p[static_cast<std::size_t>(e)] =
          std::exp(std::inner_product(xt, xt + m.width, l.weights("gate.weight") + e * m.width, 0.0));
    const double norm = std::accumulate(p.begin(), p.end(), 0.0);
    std::vector<int> order(p.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](int a, int b) { return p[static_cast<std::size_t>(a)] > p[static_cast<std::size_t>(b)]; });
    double chosen = 0;
    for (int i = 0; i < k; ++i) chosen += p[static_cast<std::size_t>(order[static_cast<std::size_t>(i)])];
    for (int i = 0; i < k; ++i) {
      const int e = order[static_cast<std::size_t>(i)];
      const std::string name = "experts." + std::to_string(e);
      const double weight = p[static_cast<std::size_t>(e)] / (l.config.router.renormalise && k > 1 ? chosen : norm);
      expert(m.activation, l.weights(name + ".w1.weight"), l.weights(name + ".w3.weight"),
             l.weights(name + ".w2.weight"), xt, m.width, m.expert_width, weight, yt);
    }
    if (m.shared_experts > 0)
      expert(m.activation, l.weights("shared_experts.w1.weight"), l.weights("shared_experts.w3.weight"),
             l.weights("shared_experts.w2.weight"), xt, m.width, m.shared_experts * m.expert_width, 1, yt);
  }
  return y;
}

bool close(const double* got, const std::vector<double>& want, std::size_t offset, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i)
    if (std::abs(got[i] - want[offset + i]) > 1e-11 * (1 + std::abs(want[offset + i]))) return false;
  return true;
}

}  // namespace

class TestMoeLayer : public QObject {
  Q_OBJECT
 private slots:
  void golden();
  void token_by_token_data();
  void token_by_token();
  void statistics_add_up();
  void policies();
};

void TestMoeLayer::golden() {
  for (const auto& c : golden_cases("moe_layer.json")) {
    const auto& in = c.at("inputs");
    const int tokens = in.at("x").at("shape").at(0), width = in.at("x").at("shape").at(1);
    const int experts = in.at("w1").at("shape").at(0), hidden = in.at("w1").at("shape").at(1);
    Layer l(config_of(width, hidden, experts, c.at("params").at("k"), c.at("params").at("renormalise")));
    const auto size = static_cast<std::size_t>(width * hidden);
    l.bench.assign("gate.weight", numbers(in.at("gate")).data());
    for (int e = 0; e < experts; ++e)
      for (const char* w : {"w1", "w2", "w3"})
        l.bench.assign("experts." + std::to_string(e) + "." + w + ".weight",
                       numbers(in.at(w)).data() + static_cast<std::size_t>(e) * size);
    nn::Pass pass = l.bench.pass(tokens);
    const View x = l.bench.device(numbers(in.at("x")), {tokens, width});
    const View y = l.layer.forward(pass, x);
    QVERIFY(close(y.as<double>(), numbers(c.at("outputs").at("y")), 0, static_cast<std::size_t>(y.size())));
    QCOMPARE(host(l.layer.decision().counts), numbers(c.at("outputs").at("counts")));
    const auto& g = c.at("gradients");
    const View dx = l.layer.backward(pass, l.bench.device(numbers(g.at("d_y")), {tokens, width}));
    QVERIFY(close(dx.as<double>(), numbers(g.at("d_x")), 0, static_cast<std::size_t>(dx.size())));
    QVERIFY(
        close(l.bench.gradient("gate.weight"), numbers(g.at("d_gate")), 0, static_cast<std::size_t>(experts * width)));
    for (int e = 0; e < experts; ++e)
      for (const char* w : {"w1", "w2", "w3"})
        QVERIFY2(close(l.bench.gradient("experts." + std::to_string(e) + "." + w + ".weight"),
                       numbers(g.at(std::string("d_") + w)), static_cast<std::size_t>(e) * size, size),
                 w);
  }
}

void TestMoeLayer::token_by_token_data() {
  QTest::addColumn<int>("k");
  QTest::addColumn<bool>("renormalise");
  QTest::addColumn<int>("shared");
  QTest::addColumn<QString>("activation");
  for (const char* activation : {"swiglu", "relu", "gelu"})
    for (const int k : {1, 2, 6})
      for (const int shared : {0, 2})
        QTest::newRow(qPrintable(QString("%1 k%2 shared %3").arg(activation).arg(k).arg(shared)))
            << k << (k + shared != 4) << shared << QString(activation);
}

void TestMoeLayer::token_by_token() {
  QFETCH(int, k);
  QFETCH(bool, renormalise);
  QFETCH(int, shared);
  QFETCH(QString, activation);
  Config c = config_of(8, 10, 6, k, renormalise);
  c.model.shared_experts = shared;
  c.model.activation = activation.toStdString();
  Layer l(c);
  std::vector<double> values;
  for (int i = 0; i < 19 * 8; ++i) values.push_back(2 * std::sin(0.7 * i * i));
  nn::Pass pass = l.bench.pass(19);
  const View x = l.bench.device(values, {19, 8});
  const View y = l.layer.forward(pass, x);
  QVERIFY(close(y.as<double>(), brute_force(l, values), 0, values.size()));
}

void TestMoeLayer::statistics_add_up() {
  Layer l(config_of(8, 10, 6, 2, true));
  std::vector<double> values;
  for (int i = 0; i < 40 * 8; ++i) values.push_back(std::sin(1.3 * i * i));
  nn::Pass pass = l.bench.pass(40);
  const View x = l.bench.device(values, {40, 8});
  l.layer.forward(pass, x);
  ExpertTally tally{std::vector<std::int64_t>(6, 100), std::vector<std::int64_t>(6), std::vector<double>(6, 1.0),
                    false};
  const LayerStatistics s = l.layer.collect(pass, tally);
  const auto &counts = tally.counts, &kept = tally.kept;
  const auto& mass = tally.mass;
  QVERIFY(!tally.can_drop);
  QCOMPARE(std::accumulate(kept.begin(), kept.end(), std::int64_t{0}), std::int64_t{80});
  QCOMPARE(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}), std::int64_t{600 + 80});  // it adds
  QVERIFY(std::abs(std::accumulate(mass.begin(), mass.end(), 0.0) - (6 + 40)) < 1e-12);
  const auto p = host(l.layer.decision().probabilities);
  double balance = 0, z = 0, entropy = 0;
  for (std::size_t e = 0; e < 6; ++e) {
    double mean = 0;
    for (std::size_t t = 0; t < 40; ++t) mean += p[t * 6 + e] / 40;
    balance += 6 * static_cast<double>(counts[e] - 100) / 80 * mean;
  }
  const auto logits = host(l.layer.decision().logits);
  for (std::size_t t = 0; t < 40; ++t) {
    double sum = 0;
    for (std::size_t e = 0; e < 6; ++e)
      sum += std::exp(logits[t * 6 + e]), entropy -= p[t * 6 + e] * std::log(p[t * 6 + e]) / 40;
    z += std::log(sum) * std::log(sum) / 40;
  }
  QVERIFY(std::abs(s.balance_loss - balance) < 1e-12);
  QVERIFY(std::abs(s.z_loss - z) < 1e-12);
  QVERIFY(std::abs(s.token_entropy - entropy) < 1e-12);
}

void TestMoeLayer::policies() {
  Layer l(config_of(8, 10, 6, 2, true));
  QVERIFY(l.layer.has_tensors_of("softmax_top_k") && l.layer.has_tensors_of("switch"));
  QVERIFY(!l.layer.has_tensors_of("noisy_top_k") && !l.layer.has_tensors_of("hash"));
  l.layer.set_policy("switch");
  l.layer.set_policy("softmax_top_k");
  QVERIFY_EXCEPTION_THROWN(l.layer.set_policy("unknown"), Error);
}

DEVICE_TEST_MAIN(TestMoeLayer)
#include "tst_moe_layer.moc"
