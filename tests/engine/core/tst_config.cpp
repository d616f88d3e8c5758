// SPDX-License-Identifier: Apache-2.0
#include <QtTest>
#include <algorithm>
#include <clocale>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/core/config.h"
#include "engine/core/error.h"
#include "engine/core/knob.h"

using moe::Config;
using moe::Error;
using nlohmann::json;

namespace {

// The error of `action`, or a failure of the test.
template <class Action>
Error error_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  return Error(moe::ErrorKind::failure, "nothing was thrown");
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

class TestConfig : public QObject {
  Q_OBJECT
 private slots:
  void every_knob_is_complete();
  void every_default_is_accepted();
  void every_key_round_trips_as_text_and_json();
  void limits_are_inclusive();
  void bad_text_data();
  void bad_text();
  void bad_json_data();
  void bad_json();
  void good_text_data();
  void good_text();
  void whole_floats_count_as_integers();
  void refused_values_change_nothing();
  void unknown_keys_name_the_nearest_data();
  void unknown_keys_name_the_nearest();
  void flat_object_round_trips();
  void live_and_new_run();
  void comma_locale_changes_nothing();
};

void TestConfig::every_knob_is_complete() {
  std::set<std::string> keys;
  for (const auto& knob : moe::knobs()) {
    const QByteArray key = QByteArray::fromStdString(knob.key);
    QVERIFY2(keys.insert(knob.key).second, key);
    QVERIFY2(!knob.label.empty() && knob.label.size() <= 20, key);
    QVERIFY2(knob.help.size() > 10 && knob.help.back() == '.', key);
    QVERIFY2(!knob.group.empty(), key);
    if (knob.kind == moe::KnobKind::integer || knob.kind == moe::KnobKind::real) {
      QVERIFY2(knob.minimum < knob.maximum, key);
      QVERIFY2(knob.minimum <= knob.slider_minimum && knob.slider_minimum < knob.slider_maximum, key);
      QVERIFY2(knob.slider_maximum <= knob.maximum, key);
      QVERIFY2(!knob.log_scale || knob.slider_minimum > 0, key);
    }
    if (knob.kind == moe::KnobKind::choice)
      QVERIFY2(std::count(knob.choices.begin(), knob.choices.end(), knob.fallback.get<std::string>()) == 1, key);
    QCOMPARE(moe::find_knob(knob.key), &knob);
    QCOMPARE(moe::to_json(knob)["default"], nlohmann::ordered_json(knob.fallback));
  }
  QCOMPARE(moe::find_knob("router.topk"), nullptr);
  // Every field is declared: a struct that grows no longer decomposes into this many names, and fails to compile.
  const Config config;
  [[maybe_unused]] const auto& [preset, seed, model, router, balance, capacity, remedy, optim, train, data] = config;
  [[maybe_unused]] const auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19] =
      model;
  [[maybe_unused]] const auto& [r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12, r13, r14] = router;
  [[maybe_unused]] const auto& [b1, b2, b3, b4, b5] = balance;
  [[maybe_unused]] const auto& [c1, c2, c3] = capacity;
  [[maybe_unused]] const auto& [y1, y2, y3, y4] = remedy;
  [[maybe_unused]] const auto& [o1, o2, o3, o4, o5, o6, o7, o8, o9, o10] = optim;
  [[maybe_unused]] const auto& [t1, t2, t3, t4, t5, t6, t7, t8, t9, t10, t11] = train;
  [[maybe_unused]] const auto& [d1, d2, d3, d4, d5, d6, d7, d8, d9] = data;
  QCOMPARE(keys.size(), std::size_t{1 + 19 + 14 + 5 + 3 + 4 + 10 + 11 + 9});
}

void TestConfig::every_default_is_accepted() {
  Config config;
  for (const auto& knob : moe::knobs()) moe::set_value(config, knob.key, knob.fallback);
  moe::validate(config);
  QCOMPARE(moe::to_json(config), moe::to_json(Config{}));
}

void TestConfig::every_key_round_trips_as_text_and_json() {
  Config config;
  config.optim.lr = 0.1 + 0.2;  // 17 digits
  config.train.steps = 999'999'999'999;
  config.seed = 9007199254740991;
  config.data.path = "/a/Ünïcode/ 100% #1";
  for (const auto& knob : moe::knobs()) {
    Config text, value;
    moe::set_text(text, knob.key, moe::get_text(config, knob.key));
    moe::set_value(value, knob.key, moe::get_value(config, knob.key));
    QCOMPARE(moe::get_value(text, knob.key), moe::get_value(config, knob.key));
    QCOMPARE(moe::get_value(value, knob.key), moe::get_value(config, knob.key));
  }
}

void TestConfig::limits_are_inclusive() {
  for (const auto& knob : moe::knobs()) {
    if (knob.kind != moe::KnobKind::integer && knob.kind != moe::KnobKind::real) continue;
    Config config;
    for (const double limit : {knob.minimum, knob.maximum}) {
      const double beyond = limit == knob.minimum ? -1 : 1;
      if (knob.kind == moe::KnobKind::integer) {
        const auto whole = static_cast<std::int64_t>(limit);
        moe::set_value(config, knob.key, whole);
        QCOMPARE(moe::get_value(config, knob.key), json(whole));
        QVERIFY_EXCEPTION_THROWN(moe::set_value(config, knob.key, whole + static_cast<std::int64_t>(beyond)), Error);
      } else {
        moe::set_value(config, knob.key, limit);
        QCOMPARE(moe::get_value(config, knob.key).get<double>(), limit);
        const double next = std::nextafter(limit, beyond * std::numeric_limits<double>::infinity());
        QVERIFY_EXCEPTION_THROWN(moe::set_value(config, knob.key, next), Error);
      }
    }
  }
}

void TestConfig::bad_text_data() {
  QTest::addColumn<QByteArray>("key");
  QTest::addColumn<QByteArray>("text");
  QTest::addColumn<QByteArray>("says");
  const char* integer = "router.top_k";
  const char* real = "optim.lr";
  for (const char* text : {"", " ", "3.7", "2x", "x", "0x10", "+2", " 2", "2 ", "1e1", "2,0", "-", "--2",
                           "99999999999999999999", "-99999999999999999999", "nan", "true", "2\n3"})
    QTest::addRow("integer '%s'", text) << QByteArray(integer) << QByteArray(text)
                                        << QByteArray("is not a whole number");
  QTest::newRow("integer with NUL") << QByteArray(integer) << QByteArray("2\0", 2)
                                    << QByteArray("is not a whole number");
  for (const char* text : {"0", "-1", "-9223372036854775808"})
    QTest::addRow("integer %s", text) << QByteArray(integer) << QByteArray(text) << QByteArray("is too small");
  for (const char* text : {"4097", "1000000", "9223372036854775807"})
    QTest::addRow("integer %s", text) << QByteArray(integer) << QByteArray(text) << QByteArray("is too large");
  for (const char* text : {"", "nan", "NaN", "inf", "-inf", "infinity", "1e999", "-1e999", "1e-999", "0,001", "1.5.2",
                           "0x1p3", "1e", ".", "1 e-3", "+0.1", "0.1f", "1_000"})
    QTest::addRow("real '%s'", text) << QByteArray(real) << QByteArray(text) << QByteArray("is not a finite number");
  for (const char* text : {"0", "-0.0", "-0.001", "1e-300"})
    QTest::addRow("real %s", text) << QByteArray(real) << QByteArray(text) << QByteArray("is too small");
  for (const char* text : {"1.0000001", "1e9"})
    QTest::addRow("real %s", text) << QByteArray(real) << QByteArray(text) << QByteArray("is too large");
  for (const char* text : {"", "maybe", "TRUE", "2", "truee"})
    QTest::addRow("boolean '%s'", text) << QByteArray("router.renormalise") << QByteArray(text)
                                        << QByteArray("neither true nor false");
  for (const char* text : {"", "Cosine", "cos", "cosine "})
    QTest::addRow("choice '%s'", text) << QByteArray("optim.schedule") << QByteArray(text)
                                       << QByteArray("constant, linear, cosine");
  QTest::newRow("path not UTF-8") << QByteArray("data.path") << QByteArray("\xff\xfe") << QByteArray("is not UTF-8");
  QTest::newRow("path with NUL") << QByteArray("data.path") << QByteArray("a\0b", 3) << QByteArray("NUL");
  QTest::newRow("path too long") << QByteArray("data.path") << QByteArray(5000, 'a') << QByteArray("too long");
  QTest::newRow("beta1 1") << QByteArray("optim.beta1") << QByteArray("1") << QByteArray("is too large");
  QTest::newRow("vocabulary 299") << QByteArray("model.vocabulary") << QByteArray("299") << QByteArray("is too small");
  QTest::newRow("context 7") << QByteArray("model.context") << QByteArray("7") << QByteArray("is too small");
  QTest::newRow("seed 2^53") << QByteArray("seed") << QByteArray("9007199254740992") << QByteArray("is too large");
  QTest::newRow("keep 1") << QByteArray("train.keep_checkpoints") << QByteArray("1") << QByteArray("is too small");
}

void TestConfig::bad_text() {
  QFETCH(QByteArray, key);
  QFETCH(QByteArray, text);
  QFETCH(QByteArray, says);
  Config config;
  const Error error = error_of([&] { moe::set_text(config, key.toStdString(), text.toStdString()); });
  QVERIFY2(error.kind() == moe::ErrorKind::usage, error.what());
  QCOMPARE(error.where(), key.toStdString());
  QVERIFY2(contains(error.what(), says.toStdString()), error.what());
  QVERIFY(!error.limit().empty() && !error.action().empty());
  QVERIFY(std::string(error.what()).size() < 400);
  QCOMPARE(json(error.what()).dump().empty(), false);  // valid UTF-8 whatever was given
}

void TestConfig::bad_json_data() {
  QTest::addColumn<QByteArray>("key");
  QTest::addColumn<QByteArray>("value");
  for (const char* value : {"null", "true", "\"2\"", "[2]", "{}", "2.5", "0", "-1", "1e300", "18446744073709551615",
                            "-9223372036854775808"})
    QTest::addRow("integer %s", value) << QByteArray("model.experts") << QByteArray(value);
  for (const char* value : {"null", "false", "\"0.1\"", "[0.1]", "{\"a\":1}", "-0.1", "101"})
    QTest::addRow("real %s", value) << QByteArray("balance.coefficient") << QByteArray(value);
  for (const char* value : {"null", "1", "\"true\"", "[]"})
    QTest::addRow("boolean %s", value) << QByteArray("model.tied_head") << QByteArray(value);
  for (const char* value : {"null", "1", "\"no_such\"", "[\"cpu\"]"})
    QTest::addRow("choice %s", value) << QByteArray("train.device") << QByteArray(value);
  for (const char* value : {"null", "1", "false"})
    QTest::addRow("text %s", value) << QByteArray("data.path") << QByteArray(value);
}

void TestConfig::bad_json() {
  QFETCH(QByteArray, key);
  QFETCH(QByteArray, value);
  Config config;
  const Error error = error_of([&] { moe::set_value(config, key.toStdString(), json::parse(value.toStdString())); });
  QVERIFY2(error.kind() == moe::ErrorKind::usage, error.what());
  QCOMPARE(error.where(), key.toStdString());
  for (const double number :
       {std::nan(""), std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()})
    QVERIFY_EXCEPTION_THROWN(moe::set_value(config, "optim.lr", number), Error);
}

void TestConfig::good_text_data() {
  QTest::addColumn<QByteArray>("key");
  QTest::addColumn<QByteArray>("text");
  QTest::addColumn<QByteArray>("value");
  QTest::newRow("integer") << QByteArray("router.top_k") << QByteArray("4") << QByteArray("4");
  QTest::newRow("leading zero") << QByteArray("router.top_k") << QByteArray("04") << QByteArray("4");
  QTest::newRow("exponent") << QByteArray("optim.lr") << QByteArray("3e-4") << QByteArray("0.0003");
  QTest::newRow("plain real") << QByteArray("router.noise") << QByteArray("1") << QByteArray("1.0");
  QTest::newRow("on") << QByteArray("model.tied_head") << QByteArray("on") << QByteArray("true");
  QTest::newRow("0") << QByteArray("router.renormalise") << QByteArray("0") << QByteArray("false");
  QTest::newRow("choice") << QByteArray("optim.schedule") << QByteArray("linear") << QByteArray("\"linear\"");
  QTest::newRow("empty path") << QByteArray("data.path") << QByteArray("") << QByteArray("\"\"");
}

void TestConfig::good_text() {
  QFETCH(QByteArray, key);
  QFETCH(QByteArray, text);
  QFETCH(QByteArray, value);
  Config config;
  moe::set_text(config, key.toStdString(), text.toStdString());
  QCOMPARE(moe::get_value(config, key.toStdString()), json::parse(value.toStdString()));
}

void TestConfig::whole_floats_count_as_integers() {
  Config config;
  moe::set_value(config, "router.top_k", json::parse("3.0"));  // some JSON writers know only doubles
  QCOMPARE(config.router.top_k, 3);
}

void TestConfig::refused_values_change_nothing() {
  Config config;
  const auto before = moe::to_json(config);
  for (const auto& knob : moe::knobs())
    QVERIFY_EXCEPTION_THROWN(moe::set_value(config, knob.key, json::array()), Error);
  QVERIFY(moe::to_json(config) == before);
}

void TestConfig::unknown_keys_name_the_nearest_data() {
  QTest::addColumn<QByteArray>("key");
  QTest::addColumn<QByteArray>("nearest");
  QTest::newRow("typo") << QByteArray("router.topk") << QByteArray("router.top_k");
  QTest::newRow("last word") << QByteArray("top_k") << QByteArray("router.top_k");
  QTest::newRow("lr") << QByteArray("lr") << QByteArray("optim.lr");
  QTest::newRow("section") << QByteArray("model.top_k") << QByteArray("router.top_k");
  QTest::newRow("American") << QByteArray("router.renormalize") << QByteArray("router.renormalise");
  QTest::newRow("case") << QByteArray("Seed") << QByteArray("seed");
}

void TestConfig::unknown_keys_name_the_nearest() {
  QFETCH(QByteArray, key);
  QFETCH(QByteArray, nearest);
  Config config;
  const Error error = error_of([&] { moe::set_text(config, key.toStdString(), "1"); });
  QVERIFY2(error.kind() == moe::ErrorKind::usage, error.what());
  QCOMPARE(error.action(), "Did you mean " + nearest.toStdString() + "?");
  QVERIFY_EXCEPTION_THROWN(moe::get_value(config, key.toStdString()), Error);
  for (const char* odd :
       {"", ".", "\xff", "a very long key that nobody would ever write down in earnest, and then some more of it"})
    QVERIFY(!error_of([&] { moe::set_text(config, odd, "1"); }).action().empty());
}

void TestConfig::flat_object_round_trips() {
  Config config;
  config.preset = "text-small";
  config.model.experts = 16;
  config.optim.lr = 3e-4;
  config.router.renormalise = false;
  const auto flat = moe::to_json(config);
  QCOMPARE(flat.begin().key(), std::string("preset"));
  QCOMPARE(flat.size(), moe::knobs().size() + 1);
  QVERIFY(moe::to_json(moe::config_from_json(json::parse(flat.dump()))) == flat);
  QCOMPARE(moe::config_from_json(json::parse(R"({"router.top_k": 3})")).router.top_k, 3);
  QVERIFY_EXCEPTION_THROWN(moe::config_from_json(json::parse(R"({"router.topk": 3})")), Error);
  QVERIFY_EXCEPTION_THROWN(moe::config_from_json(json::parse(R"({"preset": 3})")), Error);
  QVERIFY_EXCEPTION_THROWN(moe::config_from_json(json::parse("[]")), Error);
}

void TestConfig::live_and_new_run() {
  for (const auto& knob : moe::knobs()) {
    const bool fixed = knob.key.starts_with("model.") || knob.key.starts_with("data.") || knob.key == "seed" ||
                       knob.key == "train.batch" || knob.key == "train.precision" || knob.key == "train.device" ||
                       knob.key == "train.threads" || knob.key == "router.slots";
    QCOMPARE(knob.when == moe::KnobWhen::new_run, fixed);
  }
}

void TestConfig::comma_locale_changes_nothing() {
  if (!std::setlocale(LC_ALL, "de_DE.UTF-8") && !std::setlocale(LC_ALL, "fr_FR.UTF-8"))
    QSKIP("no locale with a decimal comma is installed");
  Config config;
  moe::set_text(config, "optim.lr", "0.25");
  QCOMPARE(config.optim.lr, 0.25);
  QCOMPARE(moe::get_text(config, "optim.lr"), std::string("0.25"));
  QVERIFY(contains(error_of([&] { moe::set_text(config, "router.noise", "100.5"); }).what(), "0 to 100"));
  QVERIFY_EXCEPTION_THROWN(moe::set_text(config, "optim.lr", "0,25"), Error);
  std::setlocale(LC_ALL, "C");
}

QTEST_GUILESS_MAIN(TestConfig)
#include "tst_config.moc"
