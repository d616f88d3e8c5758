// SPDX-License-Identifier: Apache-2.0
#include <QtTest>

#include "engine/interop/hf_config.h"

using moe::Config;
using moe::interop::mixtral_config;
using moe::interop::why_not_mixtral;
using nlohmann::json;

class TestHfConfig : public QObject {
  Q_OBJECT
 private slots:
  void fields_of_the_default();
  void balance_is_converted();
  void reasons_data();
  void reasons();
};

void TestHfConfig::fields_of_the_default() {
  Config config;
  config.model.kv_heads = 2;
  config.model.experts = 16;
  config.model.rope_theta = 5000;
  QCOMPARE(why_not_mixtral(config), std::string());
  const json hf = mixtral_config(config);
  const json expected = json::parse(R"({
    "architectures": ["MixtralForCausalLM"], "model_type": "mixtral", "vocab_size": 1024, "hidden_size": 128,
    "intermediate_size": 256, "num_hidden_layers": 4, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 32,
    "num_local_experts": 16, "num_experts_per_tok": 2, "hidden_act": "silu", "max_position_embeddings": 128,
    "rope_theta": 5000.0, "rope_parameters": {"rope_theta": 5000.0, "rope_type": "default"}, "rms_norm_eps": 1e-5,
    "initializer_range": 0.02, "attention_dropout": 0.0, "sliding_window": null, "router_aux_loss_coef": 0.02,
    "router_jitter_noise": 0.0, "output_router_logits": false, "bos_token_id": 1, "eos_token_id": 2,
    "tie_word_embeddings": false, "use_cache": true, "torch_dtype": "float32"})");
  QVERIFY2(hf == expected, json::diff(hf, expected).dump().c_str());
}

void TestHfConfig::balance_is_converted() {
  // Mixtral's own 0.001 (k = 2, L = 32) is 6.25e-5 in our units.
  Config config;
  config.model.layers = 32;
  config.balance.coefficient = 6.25e-5;
  QCOMPARE(mixtral_config(config)["router_aux_loss_coef"].get<double>(), 0.001);
}

void TestHfConfig::reasons_data() {
  QTest::addColumn<QByteArray>("key");
  QTest::addColumn<QByteArray>("value");
  QTest::addColumn<QByteArray>("word");
  QTest::newRow("shared") << QByteArray("model.shared_experts") << QByteArray("1") << QByteArray("shared");
  QTest::newRow("dense layers") << QByteArray("model.dense_every") << QByteArray("2") << QByteArray("dense");
  QTest::newRow("relu") << QByteArray("model.activation") << QByteArray("relu") << QByteArray("relu");
  QTest::newRow("gelu") << QByteArray("model.activation") << QByteArray("gelu") << QByteArray("gelu");
  QTest::newRow("k = 1") << QByteArray("router.top_k") << QByteArray("1") << QByteArray("top_k");
  QTest::newRow("not renormalised") << QByteArray("router.renormalise") << QByteArray("false")
                                    << QByteArray("renormalised");
  QTest::newRow("E = 1") << QByteArray("model.experts") << QByteArray("1") << QByteArray("dense");
}

void TestHfConfig::reasons() {
  QFETCH(QByteArray, key);
  QFETCH(QByteArray, value);
  QFETCH(QByteArray, word);
  Config config;
  moe::set_text(config, key.toStdString(), value.toStdString());
  const std::string reason = why_not_mixtral(config);
  QVERIFY2(QByteArray::fromStdString(reason).contains(word), reason.c_str());
  const auto object = mixtral_config(config);
  QCOMPARE(object["reason"].get<std::string>(), reason);
  QVERIFY(object["model_type"] != "mixtral");  // transformers must not open it as one
}

QTEST_GUILESS_MAIN(TestHfConfig)
#include "tst_hf_config.moc"
