// SPDX-License-Identifier: Apache-2.0
// One battery over every registered router: the same answers as a separately written one, gradients by differences,
// counts and capacities, ties, NaN, and the same decisions for the same seed.
#include "engine/core/knob.h"
#include "engine/moe/moe_layer.h"
#include "tests/engine/moe/reference_routing.h"
#include "tests/engine/moe/routing_bench.h"
#include "tests/support/test_backend.h"

#include <QtTest>
#include <functional>
#include <set>

using namespace moe;
using namespace moe::routing;
using namespace moe::test;

namespace {

constexpr int kTokens = 24, kWidth = 6, kHidden = 5, kExperts = 6, kVocabulary = 13;

Config config_of(const std::string& policy, int k) {
  Config c;
  c.model.width = kWidth;
  c.model.expert_width = kHidden;
  c.model.experts = kExperts;
  c.model.vocabulary = kVocabulary;
  c.model.init_std = 0.6;
  c.router.policy = policy;
  c.router.top_k = k;
  c.balance.coefficient = 0;
  return c;
}

struct Layer {
  explicit Layer(Config c)
      : config(std::move(c)), layer(bench.set, config, 1, "", [] { return std::vector<double>(kVocabulary, 1.0); }) {
    bench.set.allocate(*bench.backend, DType::f64);
    bench.set.initialise(11);
    // Zero-initialised tensors would tie everything.
    std::uint32_t lane = 40;
    for (const auto& e : bench.set.exposed()) {
      const RandomStream stream(3, Purpose::sample, 0, lane++);
      if (e.part->name.rfind("gate.", 0) != 0) continue;
      for (std::int64_t i = 0; i < e.value.size(); ++i)
        e.value.as<double>()[i] = 0.5 * stream.normal(static_cast<std::uint64_t>(i));
    }
    for (int i = 0; i < kTokens * kWidth; ++i) x.push_back(1.5 * std::sin(0.7 * i * i + 0.1 * i));
    for (int t = 0; t < kTokens; ++t) ids.push_back((t * 7) % kVocabulary);
  }
  nn::Pass pass(bool training) {
    bench.arena.reset(), bench.scratch.reset();
    nn::Pass p = bench.pass(kTokens / 2, training);
    p.batch = 2;
    p.step = 5;
    const View tokens = bench.arena.take(DType::i32, {kTokens});
    std::copy(ids.begin(), ids.end(), tokens.as<std::int32_t>());
    p.token_ids = tokens;
    return p;
  }
  std::vector<double> forward(bool training) {
    nn::Pass p = pass(training);
    return host(layer.forward(p, bench.device(x, {kTokens, kWidth})));
  }
  View parameter(const std::string& name) {
    for (const auto& e : bench.set.exposed())
      if (e.part->name == name) return e.value;
    return {};
  }
  std::vector<int> chosen(const View& v) {
    const auto wide = host(v);
    return {wide.begin(), wide.end()};
  }

  RoutingBench bench;
  Config config;
  MoeLayer layer;
  std::vector<double> x;
  std::vector<std::int32_t> ids;
};

/// weight·expert(x) of SwiGLU experts, one assignment at a time.
void add_expert(Layer& l, const ReferenceChoice& c, std::vector<double>& y) {
  const std::string name = "experts." + std::to_string(c.expert);
  const double *w1 = l.parameter(name + ".w1.weight").as<double>(), *w3 = l.parameter(name + ".w3.weight").as<double>(),
               *w2 = l.parameter(name + ".w2.weight").as<double>(), *x = l.x.data() + c.token * kWidth;
  for (int f = 0; f < kHidden; ++f) {
    const double gate = std::inner_product(x, x + kWidth, w1 + f * kWidth, 0.0);
    const double h = gate / (1 + std::exp(-gate)) * std::inner_product(x, x + kWidth, w3 + f * kWidth, 0.0);
    for (int d = 0; d < kWidth; ++d)
      y[static_cast<std::size_t>(c.token * kWidth + d)] += c.weight * w2[d * kHidden + f] * h;
  }
}

ReferenceInput reference(Layer& l) {
  ReferenceInput in{l.config, kTokens, kExperts, {}, {}};
  if (const View gate = l.parameter("gate.weight"))
    for (int t = 0; t < kTokens; ++t)
      for (int e = 0; e < kExperts; ++e)
        in.logits.push_back(std::inner_product(l.x.begin() + t * kWidth, l.x.begin() + (t + 1) * kWidth,
                                               gate.as<double>() + e * kWidth, 0.0));
  if (const View bias = l.parameter("gate.e_score_correction_bias")) in.bias = host(bias);
  return in;
}

bool close(const std::vector<double>& a, const std::vector<double>& b) {
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!(std::abs(a[i] - b[i]) <= 1e-10 * (1 + std::abs(b[i])))) return false;
  return a.size() == b.size();
}

/// Everything that can pull on the router at once.
Config with_losses(Config c) {
  c.balance.coefficient = 0.3, c.balance.importance = 0.2, c.balance.load = 0.1;
  c.router.z_coefficient = 0.05, c.router.noise = 0.2, c.router.jitter = 0.1, c.router.uniform_noise = 0.1;
  return c;
}

/// All that send a token to some experts; a soft mixture has a test of its own (tst_soft_moe).
std::vector<RouterEntry> sparse_routers() {
  std::vector<RouterEntry> out;
  for (const auto& entry : routers())
    if (!entry.info.mixes_tokens) out.push_back(entry);
  return out;
}

std::vector<std::string> policies_with_tensors(bool with) {
  std::vector<std::string> out;
  for (const auto& entry : routers())
    if ((entry.parameters({0, kWidth, kExperts, kVocabulary, 0.1, 1, 1, {}}).empty()) != with)
      out.push_back(entry.info.name);
  return out;
}

}  // namespace

class TestRouterBattery : public QObject {
  Q_OBJECT
 private slots:
  void brute_force_data() { policies(); }
  void brute_force();
  void gradients_data();
  void gradients();
  void capacity_data() { policies(); }
  void capacity();
  void ties_go_to_the_lower_index_data() { policies(); }
  void ties_go_to_the_lower_index();
  void nan_logits_data() { policies(); }
  void nan_logits();
  void the_same_draw_twice_data() { policies(); }
  void the_same_draw_twice();
  void evaluation_is_quiet_data() { policies(); }
  void evaluation_is_quiet();
  void every_setting_named_exists();

 private:
  void policies() {
    QTest::addColumn<QString>("policy");
    QTest::addColumn<int>("k");
    for (const auto& entry : sparse_routers())
      for (const int k : {1, 2, kExperts})
        QTest::addRow("%s k = %d", entry.info.name.c_str(), k) << QString::fromStdString(entry.info.name) << k;
  }
};

void TestRouterBattery::brute_force() {
  QFETCH(QString, policy);
  QFETCH(int, k);
  for (const int groups : {1, 2}) {
    if (groups == 2 && k > kExperts / 2) continue;
    Config c = config_of(policy.toStdString(), k);
    c.router.groups = groups, c.router.scale = 1.7;
    Layer l(c);
    const auto y = l.forward(/*training=*/false);
    std::vector<ReferenceChoice> choices;
    if (const auto in = reference(l); !in.logits.empty()) {
      choices = choose_all(in);
      std::multiset<std::pair<int, int>> want, got;
      for (const auto& choice : choices) want.insert({choice.token, choice.expert});
      const auto ids = l.chosen(l.layer.decision().kept_ids);
      for (std::size_t i = 0; i < ids.size(); ++i)
        if (ids[i] >= 0) got.insert({static_cast<int>(i) / l.layer.decision().choices, ids[i]});
      QVERIFY(want == got);
    } else {
      const auto ids = l.chosen(l.layer.decision().ids);
      for (std::size_t i = 0; i < ids.size(); ++i) choices.push_back({static_cast<int>(i) / k, ids[i], 1.0 / k});
    }
    std::vector<double> expected(y.size());
    for (const auto& choice : choices) add_expert(l, choice, expected);
    QVERIFY(close(y, expected));
  }
}

void TestRouterBattery::gradients_data() {
  QTest::addColumn<QString>("policy");
  QTest::addColumn<int>("k");
  QTest::addColumn<QString>("scope");
  for (const auto& entry : sparse_routers())
    for (const int k : {1, 2})
      for (const char* scope : {"micro_batch", "sequence", "global_batch"})
        QTest::addRow("%s k = %d %s", entry.info.name.c_str(), k, scope)
            << QString::fromStdString(entry.info.name) << k << QString(scope);
}

// Noise is a function of the step, so it is the same in every evaluation; choices and counts are constants nearly
// everywhere, and a point where one would flip is not met with these numbers.
void TestRouterBattery::gradients() {
  QFETCH(QString, policy);
  QFETCH(int, k);
  QFETCH(QString, scope);
  Config c = with_losses(config_of(policy.toStdString(), k));
  c.balance.scope = scope.toStdString();
  c.capacity.factor = 0.9;
  Layer l(c);
  const RandomStream stream(9, Purpose::sample);
  const RouterInfo& info = find_router(c.router.policy).info;
  const auto loss = [&] {
    double total = 0;
    const auto y = l.forward(/*training=*/true);
    for (std::size_t i = 0; i < y.size(); ++i) total += stream.normal(i) * y[i];
    nn::Pass pass = l.bench.pass(kTokens / 2);
    ExpertTally tally{std::vector<std::int64_t>(kExperts), std::vector<std::int64_t>(kExperts),
                      std::vector<double>(kExperts), false};
    const LayerStatistics s = l.layer.collect(pass, tally);
    const auto add = [&](const char* key, double coefficient, double value) {
      if (info.reads(key) && !std::isnan(value)) total += coefficient * value;
    };
    add("balance.coefficient", c.balance.coefficient, s.balance_loss);
    add("router.z_coefficient", c.router.z_coefficient, s.z_loss);
    add("balance.importance", c.balance.importance, s.importance_cv2);
    add("balance.load", c.balance.load, s.load_cv2);
    return total;
  };
  loss();
  nn::Pass pass = l.pass(true);
  const View x = l.bench.device(l.x, {kTokens, kWidth});
  l.layer.forward(pass, x);
  std::vector<double> dy;
  for (std::size_t i = 0; i < l.x.size(); ++i) dy.push_back(stream.normal(i));
  l.bench.backend->zero(l.bench.set.all_gradients());
  const auto dx = host(l.layer.backward(pass, l.bench.device(dy, {kTokens, kWidth})));
  const auto check = [&](double& value, double given) {
    constexpr double kStep = 1e-6;
    const double before = value;
    value = before + kStep;
    const double up = loss();
    value = before - kStep;
    const double down = loss();
    value = before;
    const double numeric = (up - down) / (2 * kStep);
    return std::abs(given - numeric) <= 1e-5 * (1 + std::abs(numeric));
  };
  for (std::size_t i = 0; i < l.x.size(); i += 5) QVERIFY2(check(l.x[i], dx[i]), qPrintable(QString("x %1").arg(i)));
  for (const auto& e : l.bench.set.exposed()) {
    if (!e.gradient) continue;
    const auto gradient = host(e.gradient);
    const std::int64_t stride = e.part->name.rfind("gate", 0) == 0 ? 1 : 11;
    for (std::int64_t i = 0; i < e.value.size(); i += stride)
      QVERIFY2(check(e.value.as<double>()[i], gradient[static_cast<std::size_t>(i)]),
               qPrintable(QString::fromStdString(e.part->name) + QString(" %1").arg(i)));
  }
}

void TestRouterBattery::capacity() {
  QFETCH(QString, policy);
  QFETCH(int, k);
  for (const char* drop : {"position", "probability"}) {
    Config c = config_of(policy.toStdString(), k);
    c.capacity.factor = c.capacity.eval_factor = 0.6;
    c.capacity.drop = drop;
    Layer l(c);
    const auto y = l.forward(false);
    const Decision& d = l.layer.decision();
    const auto ids = l.chosen(d.ids), kept = l.chosen(d.kept_ids), counts = l.chosen(d.counts);
    std::vector<int> before(kExperts), after(kExperts);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (ids[i] >= 0) ++before[static_cast<std::size_t>(ids[i])];
      if (kept[i] >= 0) ++after[static_cast<std::size_t>(kept[i])];
      QVERIFY(kept[i] == ids[i] || kept[i] == -1);
    }
    QCOMPARE(counts, before);
    if (!d.kept_counts) {  // expert choice fills its places exactly
      QCOMPARE(policy, QString("expert_choice"));
      continue;
    }
    QCOMPARE(l.chosen(d.kept_counts), after);
    const int places = static_cast<int>(std::ceil(0.6 * kTokens * d.choices / kExperts));
    const auto weights = host(d.weights);
    for (int e = 0; e < kExperts; ++e) {
      QCOMPARE(after[static_cast<std::size_t>(e)], std::min(places, before[static_cast<std::size_t>(e)]));
      // Whoever was dropped came later: in a later choice, or in the same one further back or with less weight.
      for (std::size_t i = 0; i < ids.size(); ++i)
        for (std::size_t j = 0; j < ids.size() && ids[i] == e && kept[i] < 0; ++j) {
          if (kept[j] != e) continue;
          const auto columns = static_cast<std::size_t>(d.choices);
          const auto rank = [&](std::size_t n) {
            const double within = QString(drop) == "position" ? static_cast<double>(n / columns) : -weights[n];
            return std::pair(n % columns, within);
          };
          QVERIFY(rank(j) <= rank(i));
        }
    }
    for (int t = 0; t < kTokens; ++t) {
      const auto row = kept.begin() + t * d.choices;
      if (std::any_of(row, row + d.choices, [](int id) { return id >= 0; })) continue;
      for (int i = 0; i < kWidth; ++i) QCOMPARE(y[static_cast<std::size_t>(t * kWidth + i)], 0.0);
    }
  }
}

void TestRouterBattery::ties_go_to_the_lower_index() {
  QFETCH(QString, policy);
  QFETCH(int, k);
  const auto without = policies_with_tensors(false);
  if (std::find(without.begin(), without.end(), policy.toStdString()) != without.end()) return;  // nothing can tie
  Layer l(config_of(policy.toStdString(), k));
  for (const auto& e : l.bench.set.exposed())
    if (e.part->name.rfind("gate", 0) == 0) std::fill_n(e.value.as<double>(), e.value.size(), 0.0);
  l.forward(false);
  const Decision& d = l.layer.decision();
  const auto ids = l.chosen(d.ids);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const int token = static_cast<int>(i) / d.choices, column = static_cast<int>(i) % d.choices;
    if (policy == "expert_choice")
      QCOMPARE(ids[i], token < (kTokens * k + kExperts - 1) / kExperts ? column : -1);
    else
      QCOMPARE(ids[i], column);
  }
}

void TestRouterBattery::nan_logits() {
  QFETCH(QString, policy);
  QFETCH(int, k);
  for (const bool training : {false, true}) {
    Layer l(with_losses(config_of(policy.toStdString(), k)));
    l.x[7] = std::nan("");  // the logits of token 1 are NaN
    l.forward(training);
    const Decision& d = l.layer.decision();
    const auto ids = l.chosen(d.ids);
    for (int t = 0; t < kTokens; ++t) {
      std::set<int> seen;
      for (int j = 0; j < d.choices; ++j) {
        const int id = ids[static_cast<std::size_t>(t * d.choices + j)];
        QVERIFY(id >= -1 && id < kExperts);
        if (id >= 0) QVERIFY(seen.insert(id).second);
      }
    }
    const auto counts = l.chosen(d.counts);
    QCOMPARE(std::accumulate(counts.begin(), counts.end(), 0),
             static_cast<int>(std::count_if(ids.begin(), ids.end(), [](int id) { return id >= 0; })));
  }
}

void TestRouterBattery::the_same_draw_twice() {
  QFETCH(QString, policy);
  QFETCH(int, k);
  Config c = with_losses(config_of(policy.toStdString(), k));
  c.remedy.random_fraction = 0.3, c.remedy.min_tokens = 1;
  Layer a(c), b(c);
  QCOMPARE(a.forward(true), b.forward(true));
  QCOMPARE(a.forward(true), b.forward(true));
}

void TestRouterBattery::evaluation_is_quiet() {
  QFETCH(QString, policy);
  QFETCH(int, k);
  Config loud = with_losses(config_of(policy.toStdString(), k));
  loud.remedy.random_fraction = 0.7, loud.remedy.min_tokens = 2;
  Layer a(config_of(policy.toStdString(), k)), b(loud);
  QCOMPARE(a.forward(false), b.forward(false));
}

void TestRouterBattery::every_setting_named_exists() {
  for (const auto& entry : routers())
    for (const auto& key : entry.info.settings) QVERIFY2(find_knob(key), key.c_str());
}

DEVICE_TEST_MAIN(TestRouterBattery)
#include "tst_router_battery.moc"
