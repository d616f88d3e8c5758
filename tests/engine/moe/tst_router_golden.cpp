// SPDX-License-Identifier: Apache-2.0
// Every router against vectors computed without the engine (tests/golden/golden_routers.py, golden_sources.py: the
// formulas of the papers and classes of transformers). With an identity gate the input is the logits.
#include "engine/moe/moe_layer.h"
#include "tests/engine/moe/routing_bench.h"
#include "tests/support/golden_tensors.h"
#include "tests/support/test_backend.h"

#include <QtTest>
#include <functional>
#include <set>

using namespace moe;
using namespace moe::routing;
using namespace moe::test;
using nlohmann::json;

namespace {

/// A router on `width` inputs of which the first E are its logits and the next E those of a learned noise.
class Subject {
 public:
  Subject(Config c, int experts, int width, int layer)
      : config(std::move(c)), experts_(experts), width_(width), shape_{layer, width, experts, 10, 0.02, 1, 1, {}} {
    const RouterEntry& entry = find_router(config.router.policy);
    for (const auto& p : entry.parameters(shape_)) ids_.push_back(bench.set.add(p.kind, p.part));
    bench.set.allocate(*bench.backend, DType::f64);
    bench.assign("gate.weight", identity(0).data());
    bench.assign("gate.noise_weight", identity(experts).data());
    router = entry.make({bench.set, ids_});
  }
  /// x[T,width] in `batch` rows. What the last call returned is gone afterwards.
  nn::Pass& enter(const std::vector<double>& x, int batch = 1, bool training = true) {
    bench.arena.reset(), bench.scratch.reset();
    const auto tokens = static_cast<std::int64_t>(x.size()) / width_;
    pass.context = static_cast<int>(tokens / batch), pass.batch = batch;
    pass.training = training;
    x_ = bench.device(x, {tokens, width_});
    return pass;
  }
  Decision forward() {
    Decision d;
    router->forward({pass, x_, shape_, RouterSettings(config)}, d);
    return d;
  }
  std::vector<double> backward(const Decision& d, const std::vector<double>& dweights) {
    const View dx = bench.device(std::vector<double>(static_cast<std::size_t>(x_.size())), x_.shape);
    const View dw = bench.device(dweights, {x_.dim(0), d.choices});
    router->backward({pass, x_, shape_, RouterSettings(config)}, d, dw, dx);
    return host(dx);
  }

  RoutingBench bench;
  Config config;
  std::unique_ptr<Router> router;
  nn::Pass pass = bench.pass(1);

 private:
  std::vector<double> identity(int first) const {
    std::vector<double> out(static_cast<std::size_t>(experts_ * width_));
    for (int e = 0; e < experts_ && first + e < width_; ++e) out[static_cast<std::size_t>(e * width_ + first + e)] = 1;
    return out;
  }
  int experts_, width_;
  RouterShape shape_;
  std::vector<nn::ParameterId> ids_;
  View x_;
};

Config config_of(const json& settings) {
  Config c;
  for (const auto& [key, value] : settings.items()) set_value(c, key, value);
  return c;
}

/// Empty when they agree to tolerance·(1 + |b|).
QString difference_of(const char* what, const std::vector<double>& a, const std::vector<double>& b, double tolerance) {
  if (a.size() != b.size()) return QString("%1: %2 numbers, not %3").arg(what).arg(a.size()).arg(b.size());
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!(std::abs(a[i] - b[i]) <= tolerance * (1 + std::abs(b[i]))))
      return QString("%1[%2] = %3, not %4").arg(what).arg(i).arg(a[i], 0, 'g', 17).arg(b[i], 0, 'g', 17);
  return {};
}

/// [T,E] weights of what is kept.
std::vector<double> combine_of(const Decision& d, std::size_t experts) {
  const auto ids = host(d.kept_ids), weights = host(d.weights);
  const auto choices = static_cast<std::size_t>(d.choices);
  std::vector<double> out(ids.size() / choices * experts);
  for (std::size_t i = 0; i < ids.size(); ++i)
    if (ids[i] >= 0) out[i / choices * experts + static_cast<std::size_t>(ids[i])] += weights[i];
  return out;
}

/// The reverse for gradients: d_combine[T,E] at the kept choices, 0 elsewhere.
std::vector<double> at_choices(const Decision& d, const std::vector<double>& dcombine, std::size_t experts) {
  auto ids = host(d.kept_ids);
  for (std::size_t i = 0; i < ids.size(); ++i)
    ids[i] =
        ids[i] < 0 ? 0 : dcombine[i / static_cast<std::size_t>(d.choices) * experts + static_cast<std::size_t>(ids[i])];
  return ids;
}

double value_of(ops::Context& ctx, const Decision& d, const std::string& loss) {
  if (loss == "balance_loss")
    return d.balance_scale * ops::balance_loss(ctx, d.probabilities, d.balance_counts, d.balance_choices);
  if (loss == "z_loss") return ops::sum_of_squares(ctx, d.log_sum_exp) / static_cast<double>(d.log_sum_exp.size());
  if (loss == "importance_cv2") return ops::squared_cv(ctx, d.importance ? d.importance : d.mass);
  if (loss == "load_cv2") return ops::squared_cv(ctx, d.load);
  return std::nan("");
}

/// Every row divided by its sum.
std::vector<double> by_row(std::vector<double> x, std::size_t experts) {
  for (std::size_t t = 0; t < x.size(); t += experts) {
    double sum = 0;
    for (std::size_t e = 0; e < experts; ++e) sum += x[t + e];
    for (std::size_t e = 0; e < experts; ++e) x[t + e] /= sum;
  }
  return x;
}

}  // namespace

class TestRouterGolden : public QObject {
  Q_OBJECT
 private slots:
  void routers_data() { cases(); }
  void routers();
  void every_policy_has_vectors();
  void balance_scopes();
  void loss_of_mixtral();
  void bias_step();
  void hash_tables();
  void random_choices();
  void soft_moe();
  void draws();

 private:
  void cases() {
    QTest::addColumn<QByteArray>("text");
    for (const char* file : {"routers.json", "routers_of_transformers.json"})
      for (const auto& c : golden_cases(file))
        QTest::newRow(c.at("name").get<std::string>().c_str()) << QByteArray::fromStdString(c.dump());
  }
};

void TestRouterGolden::routers() {
  QFETCH(QByteArray, text);
  const json c = json::parse(text.constData());
  const auto& inputs = c.at("inputs");
  const auto experts = inputs.at("x").at("shape").at(1).get<std::size_t>();
  const double tolerance = c.at("tolerance");
  auto x = numbers(inputs.at("x"));
  const bool learned = inputs.contains("raw");
  if (learned) {
    const auto logits = x, raw = numbers(inputs.at("raw"));
    x.clear();
    for (std::size_t t = 0; t < logits.size(); t += experts) {
      x.insert(x.end(), logits.begin() + static_cast<std::ptrdiff_t>(t),
               logits.begin() + static_cast<std::ptrdiff_t>(t + experts));
      x.insert(x.end(), raw.begin() + static_cast<std::ptrdiff_t>(t),
               raw.begin() + static_cast<std::ptrdiff_t>(t + experts));
    }
  }
  Subject s(config_of(c.at("settings")), static_cast<int>(experts), static_cast<int>(experts) * (learned ? 2 : 1),
            c.at("layer"));
  if (inputs.contains("bias")) s.bench.assign("gate.e_score_correction_bias", numbers(inputs.at("bias")).data());
  nn::Pass& pass = s.enter(x, c.at("batch"), c.at("training"));
  pass.seed = c.at("seed"), pass.step = c.at("step"), pass.micro = c.at("micro");
  const Decision d = s.forward();

  const std::map<std::string, std::function<std::vector<double>()>> found{
      {"combine", [&] { return combine_of(d, experts); }},
      {"ids", [&] { return host(d.ids); }},
      {"kept_ids", [&] { return host(d.kept_ids); }},
      {"logits", [&] { return host(d.logits); }},
      {"load", [&] { return host(d.load); }},
      {"probabilities", [&] { return host(d.probabilities); }},
      {"plan_by_row", [&] { return by_row(host(d.scores), experts); }},
  };
  for (const auto& [name, want] : c.at("outputs").items()) {
    const QString wrong = difference_of(name.c_str(), found.at(name)(), numbers(want), tolerance);
    QVERIFY2(wrong.isEmpty(), qPrintable(wrong));
  }
  for (const auto& [name, want] : c.at("losses").items()) {
    const QString wrong = difference_of(name.c_str(), {value_of(s.bench.ctx, d, name)}, {want.get<double>()}, 1e-11);
    QVERIFY2(wrong.isEmpty(), qPrintable(wrong));
  }
  const auto& gradients = c.at("gradients");
  const auto dx = s.backward(d, at_choices(d, numbers(gradients.at("d_combine")), experts));
  auto expected = numbers(gradients.at("d_x"));
  if (learned) {
    const auto dlogits = expected, draw = numbers(gradients.at("d_raw"));
    expected.assign(dx.size(), 0);
    for (std::size_t i = 0; i < dx.size(); ++i) {
      const std::size_t t = i / (2 * experts), e = i % (2 * experts);
      expected[i] = e < experts ? dlogits[t * experts + e] : draw[t * experts + e - experts];
    }
  }
  const QString wrong = difference_of("d_x", dx, expected, std::max(tolerance, 1e-11));
  QVERIFY2(wrong.isEmpty(), qPrintable(wrong));
}

// A policy added later is noticed here; these three have no logits of the usual kind and tests of their own.
void TestRouterGolden::every_policy_has_vectors() {
  std::set<std::string> covered{"hash", "random", "soft_moe"};
  for (const char* file : {"routers.json", "routers_of_transformers.json"})
    for (const auto& c : golden_cases(file)) covered.insert(c.at("settings").at("router.policy"));
  for (const auto& entry : moe::routing::routers()) QVERIFY2(covered.count(entry.info.name), entry.info.name.c_str());
}

void TestRouterGolden::balance_scopes() {
  for (const auto& c : golden_cases("router_balance.json", "scopes")) {
    const int experts = c.at("micro_batches").at(0).at("x").at("shape").at(1);
    Subject s(config_of(c.at("settings")), experts, experts, 0);
    int micro = 0;
    for (const auto& m : c.at("micro_batches")) {
      nn::Pass& pass = s.enter(numbers(m.at("x")), c.at("batch"));
      pass.micro = micro++, pass.loss_scale = c.at("loss_scale");
      const Decision d = s.forward();
      QString wrong =
          difference_of("balance", {value_of(s.bench.ctx, d, "balance_loss")}, {m.at("balance_loss")}, 1e-12);
      QVERIFY2(wrong.isEmpty(), qPrintable(wrong));
      const auto dx = s.backward(d, std::vector<double>(static_cast<std::size_t>(d.ids.size())));
      wrong = difference_of("d_x", dx, numbers(m.at("d_x")), 1e-12);
      QVERIFY2(wrong.isEmpty(), qPrintable(QString::fromStdString(c.at("name")) + " " + wrong));
    }
  }
}

// transformers' value is k times the engine's in one layer; of several layers it pools f and P before multiplying.
void TestRouterGolden::loss_of_mixtral() {
  for (const auto& c : golden_cases("routers_of_transformers.json", "mixtral_loss")) {
    const int k = c.at("k");
    const auto experts = c.at("layers").at(0).at("shape").at(1).get<std::size_t>();
    std::vector<double> f(experts), p(experts);
    std::size_t tokens = 0;
    for (std::size_t l = 0; l < c.at("layers").size(); ++l) {
      Config config;
      config.router.top_k = k, config.balance.coefficient = 1;
      Subject s(config, static_cast<int>(experts), static_cast<int>(experts), static_cast<int>(l));
      s.enter(numbers(c.at("layers").at(l)));
      const Decision d = s.forward();
      const double value = k * value_of(s.bench.ctx, d, "balance_loss");
      QString wrong = difference_of("balance", {value}, {c.at("single").at(l)}, 1e-12);
      QVERIFY2(wrong.isEmpty(), qPrintable(wrong));
      auto dx = s.backward(d, std::vector<double>(static_cast<std::size_t>(d.ids.size())));
      for (double& g : dx) g *= k;
      wrong = difference_of("d_x", dx, numbers(c.at("d_single").at(l)), 1e-12);
      QVERIFY2(wrong.isEmpty(), qPrintable(wrong));
      const auto counts = host(d.balance_counts), probabilities = host(d.probabilities);
      for (std::size_t e = 0; e < experts; ++e) f[e] += counts[e];
      for (std::size_t i = 0; i < probabilities.size(); ++i) p[i % experts] += probabilities[i];
      tokens += probabilities.size() / experts;
    }
    double pooled = 0;
    const auto rows = static_cast<double>(tokens);
    for (std::size_t e = 0; e < experts; ++e) pooled += static_cast<double>(experts) * (f[e] / rows) * (p[e] / rows);
    QVERIFY(std::abs(pooled - c.at("pooled").get<double>()) < 1e-12);
  }
}

void TestRouterGolden::bias_step() {
  for (const auto& c : golden_cases("router_balance.json", "bias")) {
    Config config;
    config.router.policy = "sigmoid_top_k";
    config.balance.bias_step = c.at("bias_step");
    const auto experts = static_cast<int>(c.at("steps").at(0).at("bias").size());
    Subject s(config, experts, experts, 0);
    for (const auto& step : c.at("steps")) {
      s.router->after_step(s.bench.ctx, RouterSettings(s.config), step.at("counts").get<std::vector<std::int64_t>>());
      std::vector<double> bias;
      for (const auto& e : s.bench.set.exposed())
        if (e.part->name == "gate.e_score_correction_bias") bias = host(e.value);
      const QString wrong = difference_of("bias", bias, step.at("bias").get<std::vector<double>>(), 1e-15);
      QVERIFY2(wrong.isEmpty(), qPrintable(wrong));
    }
  }
}

void TestRouterGolden::hash_tables() {
  for (const auto& c : golden_cases("router_balance.json", "hash")) {
    const auto frequency = c.at("frequency").get<std::vector<double>>();
    const auto tokens = static_cast<std::int64_t>(frequency.size());
    Config config;
    config.router.policy = "hash";
    config.router.top_k = 1;
    config.router.hash = c.at("kind");
    const RouterShape shape{c.at("layer"), 1, c.at("experts"),          static_cast<int>(tokens), 0.02,
                            c.at("seed"),  1, [&] { return frequency; }};
    RoutingBench bench;
    const auto router = find_router("hash").make({bench.set, {}});
    nn::Pass pass = bench.pass(tokens);
    const View ids = bench.arena.take(DType::i32, {tokens});
    for (std::int64_t t = 0; t < tokens; ++t) ids.as<std::int32_t>()[t] = static_cast<std::int32_t>(t);
    pass.token_ids = ids;
    const View x = bench.device(std::vector<double>(frequency.size()), {tokens, 1});
    Decision d;
    router->forward({pass, x, shape, RouterSettings(config)}, d);
    QCOMPARE(host(d.ids), c.at("table").get<std::vector<double>>());
    QCOMPARE(host(d.weights), std::vector<double>(frequency.size(), 1.0));
  }
}

void TestRouterGolden::random_choices() {
  for (const auto& c : golden_cases("router_balance.json", "random")) {
    Config config;
    config.router.policy = "random";
    config.router.top_k = c.at("k");
    const int experts = c.at("experts"), tokens = c.at("ids").at("shape").at(0);
    Subject s(config, experts, 1, c.at("layer"));
    nn::Pass& pass = s.enter(std::vector<double>(static_cast<std::size_t>(tokens)));
    pass.seed = c.at("seed"), pass.step = c.at("step"), pass.micro = c.at("micro");
    const Decision d = s.forward();
    QCOMPARE(host(d.ids), numbers(c.at("ids")));
    QCOMPARE(host(d.weights), std::vector<double>(static_cast<std::size_t>(d.ids.size()), 1.0 / config.router.top_k));
  }
}

// The engine adds 1e-12 to the lengths it divides by, hence the tolerance.
void TestRouterGolden::soft_moe() {
  for (const auto& c : golden_cases("router_balance.json", "soft")) {
    const auto& inputs = c.at("inputs");
    const auto dimension = [&](const char* name, int i) { return inputs.at(name).at("shape").at(i).get<int>(); };
    Config config;
    config.data.task = "plane";
    config.router.policy = "soft_moe", config.router.slots_each = c.at("params").at("slots");
    config.model.experts = dimension("w1", 0), config.model.expert_width = dimension("w1", 1);
    config.model.width = dimension("x", 1);
    RoutingBench bench;
    MoeLayer layer(bench.set, config, 0, "");
    bench.set.allocate(*bench.backend, DType::f64);
    const std::map<std::string, std::string> names{{"gate.slots", "slots"}, {"gate.scale", "scale"}};
    const auto part_of = [&](const std::string& name, const json& tensors, const std::string& prefix) {
      if (names.count(name)) return numbers(tensors.at(prefix + names.at(name)));
      // experts.2.w1.weight
      const auto all = numbers(tensors.at(prefix + name.substr(name.find(".w") + 1, 2)));
      const auto size = all.size() / static_cast<std::size_t>(config.model.experts);
      const auto first = all.begin() + static_cast<std::ptrdiff_t>(size) * std::stoi(name.substr(8));
      return std::vector<double>(first, first + static_cast<std::ptrdiff_t>(size));
    };
    for (const auto& e : bench.set.exposed()) bench.assign(e.part->name, part_of(e.part->name, inputs, "").data());
    const auto tokens = static_cast<std::int64_t>(dimension("x", 0));
    const int batch = c.at("params").at("batch");
    nn::Pass pass = bench.pass(tokens / batch);
    pass.batch = batch;
    const Shape shape{tokens, config.model.width};
    const auto y = host(layer.forward(pass, bench.device(numbers(inputs.at("x")), shape)));
    QString wrong = difference_of("y", y, numbers(c.at("outputs").at("y")), 1e-10);
    QVERIFY2(wrong.isEmpty(), qPrintable(wrong));
    bench.backend->zero(bench.set.all_gradients());
    const auto& gradients = c.at("gradients");
    const auto dx = host(layer.backward(pass, bench.device(numbers(gradients.at("d_y")), shape)));
    wrong = difference_of("d_x", dx, numbers(gradients.at("d_x")), 1e-10);
    QVERIFY2(wrong.isEmpty(), qPrintable(wrong));
    for (const auto& e : bench.set.exposed()) {
      wrong = difference_of(e.part->name.c_str(), host(e.gradient), part_of(e.part->name, gradients, "d_"), 1e-10);
      QVERIFY2(wrong.isEmpty(), qPrintable(wrong));
    }
  }
}

void TestRouterGolden::draws() {
  for (const auto& c : golden_cases("router_balance.json", "draws")) {
    const auto lane = c.at("layer").get<std::uint32_t>() | c.at("micro").get<std::uint32_t>() << 16;
    const RandomStream stream(std::stoull(c.at("seed").get<std::string>()),
                              static_cast<Purpose>(c.at("purpose").get<int>()), c.at("step"), lane);
    for (std::size_t i = 0; i < c.at("normal").size(); ++i) {
      QCOMPARE(stream.uniform(i), c.at("uniform").at(i).get<double>());
      QCOMPARE(stream.below(i, 7), c.at("below_7").at(i).get<std::uint64_t>());
      QVERIFY(std::abs(stream.normal(i) - c.at("normal").at(i).get<double>()) < 1e-14);
    }
  }
}

DEVICE_TEST_MAIN(TestRouterGolden)
#include "tst_router_golden.moc"
