// SPDX-License-Identifier: Apache-2.0
#include <QFile>
#include <QTemporaryDir>
#include <QtTest>

#include "engine/core/config.h"
#include "engine/core/error.h"
#include "engine/protocol/presets.h"

using namespace moe;

class TestPresets : public QObject {
  Q_OBJECT
 private slots:
  void every_preset_is_a_valid_config() {
    QVERIFY(protocol::presets().size() >= 4);
    for (const auto& preset : protocol::presets()) {
      Config config;
      for (const auto& [key, value] : preset.settings.items()) set_value(config, key, value);
      validate(config);
      QVERIFY(!preset.title.empty() && !preset.summary.empty());
    }
  }
  void named_systems_name_their_paper() {
    for (const char* name :
         {"shazeer-2017", "switch", "gshard", "glam", "mixtral", "olmoe", "deepseek-v3", "hash", "expert-choice"})
      QVERIFY2(protocol::find_preset(name).source.find("arXiv:") != std::string::npos, name);
  }
  void text_small_is_the_documented_shape() {
    Config config;
    const protocol::Preset preset = protocol::find_preset("text-small");
    for (const auto& [key, value] : preset.settings.items()) set_value(config, key, value);
    QCOMPARE(config.model.layers, 4);
    QCOMPARE(config.model.width, 128);
    QCOMPARE(config.model.heads, 4);
    QCOMPARE(config.model.experts, 8);
    QCOMPARE(config.model.expert_width, 256);
    QCOMPARE(config.router.top_k, 2);
    QCOMPARE(config.model.vocabulary, 1024);
    QCOMPARE(config.model.context, 128);
    QCOMPARE(config.train.batch, 16);
  }
  void unknown_presets_name_the_known_ones() {
    try {
      protocol::find_preset("text-smal");
      QFAIL("accepted");
    } catch (const Error& error) {
      QCOMPARE(error.kind(), ErrorKind::usage);
      QVERIFY(error.limit().find("text-small") != std::string::npos);
    }
  }
  void a_file_is_a_preset_too() {
    const QTemporaryDir folder;
    const auto write = [&](const char* name, const QByteArray& text) {
      QFile file(folder.filePath(name));
      if (!file.open(QIODevice::WriteOnly)) qFatal("open");
      file.write(text);
      return file.fileName().toStdString();
    };
    const std::string good = write("p.json", R"({"name":"n","title":"t","summary":"s","settings":{"router.top_k":1}})");
    QCOMPARE(protocol::find_preset(good).settings.at("router.top_k").get<int>(), 1);
    for (const std::string& bad : {write("a.json", "{}"), write("b.json", "no"),
                                   write("c.json", R"({"name":"n","title":"t","summary":"s","settings":[]})"),
                                   folder.filePath("missing.json").toStdString()})
      QVERIFY_EXCEPTION_THROWN(protocol::find_preset(bad), Error);
  }
};

QTEST_GUILESS_MAIN(TestPresets)
#include "tst_presets.moc"
