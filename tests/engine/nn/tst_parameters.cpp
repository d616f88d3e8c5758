// SPDX-License-Identifier: Apache-2.0
// The parameter list: layout, names, start values.
#include "engine/backend/make_backend.h"
#include "engine/nn/attention.h"
#include "engine/nn/initialisation.h"

#include <QtTest>
#include <cmath>

using namespace moe;
using namespace moe::nn;

class TestParameters : public QObject {
  Q_OBJECT
 private slots:
  void parts_are_pieces_of_what_is_stored();
  void spans_follow_decay();
  void start_values();
  void start_values_depend_on_seed_and_name_order_only();
  void start_values_by_any_number_of_threads();
};

void TestParameters::parts_are_pieces_of_what_is_stored() {
  auto backend = make_backend("cpu", 1);
  ParameterSet set;
  ModelConfig model;
  model.width = 16, model.heads = 4, model.kv_heads = 2;
  const Attention attention(set, model, "self_attn.");
  set.allocate(*backend, DType::f32);
  const auto parts = set.exposed();
  QCOMPARE(parts.size(), std::size_t{4});
  QCOMPARE(QString::fromStdString(parts[1].part->name), QString("self_attn.k_proj.weight"));
  QVERIFY(parts[1].part->shape == Shape({8, 16}));
  const float* stored = set.value(0).as<float>();
  QVERIFY(set.value(0).shape == Shape({32, 16}));
  QVERIFY(parts[0].value.as<float>() == stored);
  QVERIFY(parts[1].value.as<float>() == stored + 16 * 16);
  QVERIFY(parts[2].value.as<float>() == stored + 24 * 16);
  QVERIFY(parts[2].gradient.as<float>() == set.gradient(0).as<float>() + 24 * 16);
  QVERIFY(set.find("self_attn.o_proj.weight") != nullptr);
  QVERIFY(set.find("self_attn.x_proj.weight") == nullptr);
  QCOMPARE(set.count(), std::int64_t{32 * 16 + 16 * 16});
}

void TestParameters::spans_follow_decay() {
  auto backend = make_backend("cpu", 1);
  ParameterSet set;
  const auto norm = set.add(ParameterKind::vector, {"norm", {3}, Init::constant, 1.0});
  const auto matrix = set.add(ParameterKind::matrix, {"matrix", {3, 3}, Init::normal, 0.1});
  set.add(ParameterKind::state, {"bias", {3}, Init::constant, 0.0});
  set.allocate(*backend, DType::f32);
  QCOMPARE(set.spans().size(), std::size_t{2});
  const auto within = [](const View& v, const View& span) {
    const auto* begin = static_cast<const char*>(span.data);
    const auto* p = static_cast<const char*>(v.data);
    return p >= begin && p + v.bytes() <= begin + span.bytes();
  };
  QVERIFY(set.spans()[0].decay && within(set.value(matrix), set.spans()[0].value));
  QVERIFY(!set.spans()[1].decay && within(set.value(norm), set.spans()[1].value));
  const auto exposed = set.exposed();  // in order of registration
  QCOMPARE(QString::fromStdString(exposed[0].part->name), QString("norm"));
  QVERIFY(exposed[2].value && !exposed[2].gradient);
  QCOMPARE(set.count(), std::int64_t{12});
}

void TestParameters::start_values() {
  auto backend = make_backend("cpu", 1);
  ParameterSet set;
  ModelConfig model;
  model.width = 64, model.heads = 4, model.kv_heads = 4, model.layers = 8, model.init_std = 0.02;
  const Attention attention(set, model, "");
  set.allocate(*backend, DType::f64);
  set.initialise(3);
  for (const auto& e : set.exposed()) {
    const double wanted = e.part->name == "o_proj.weight" ? 0.02 / 4 : 0.02;  // sqrt(2·8 layers) = 4
    double sum = 0, squares = 0;
    for (std::int64_t i = 0; i < e.value.size(); ++i) {
      sum += e.value.as<double>()[i];
      squares += e.value.as<double>()[i] * e.value.as<double>()[i];
    }
    const double n = static_cast<double>(e.value.size());
    QVERIFY(std::abs(sum / n) < 5 * wanted / std::sqrt(n));
    QVERIFY(std::abs(std::sqrt(squares / n) / wanted - 1) < 5 / std::sqrt(2 * n));
  }
}

void TestParameters::start_values_depend_on_seed_and_name_order_only() {
  auto backend = make_backend("cpu", 1);
  const auto first_of = [&](bool fused, std::uint64_t seed) {
    ParameterSet set;
    const Part a{"a", {2, 4}, Init::normal, 1.0}, b{"b", {3, 4}, Init::normal, 1.0};
    if (fused)
      set.add({5, 4}, ParameterKind::matrix, {a, b});
    else
      set.add(ParameterKind::matrix, a), set.add(ParameterKind::matrix, b);
    set.allocate(*backend, DType::f32);
    set.initialise(seed);
    std::vector<float> out;
    for (const auto& e : set.exposed())
      out.insert(out.end(), e.value.as<float>(), e.value.as<float>() + e.value.size());
    return out;
  };
  QCOMPARE(first_of(true, 1), first_of(false, 1));
  QVERIFY(first_of(true, 1) != first_of(true, 2));
}

void TestParameters::start_values_by_any_number_of_threads() {
  const auto drawn = [](int threads) {
    auto backend = make_backend("cpu", threads);
    ParameterSet set;
    const auto id = set.add(ParameterKind::matrix, {"large", {300, 333}, Init::normal, 1.0});
    set.allocate(*backend, DType::f32);
    set.initialise(5);
    const float* values = set.value(id).as<float>();
    return std::vector<float>(values, values + 300 * 333);
  };
  QVERIFY(drawn(1) == drawn(3));
}

QTEST_GUILESS_MAIN(TestParameters)
#include "tst_parameters.moc"
