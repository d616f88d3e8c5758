// SPDX-License-Identifier: Apache-2.0
// The formulas against small networks counted by hand, against our own models' tensors, and against what the papers
// print of theirs.
#include <QtTest>

#include "engine/analysis/model_sheet.h"
#include "engine/backend/make_backend.h"
#include "engine/core/error.h"
#include "engine/core/nearest.h"
#include "engine/train/model.h"

using namespace moe;
using analysis::Quantity;

class TestModelSheet : public QObject {
  Q_OBJECT
 private slots:
  void published_figures_data();
  void published_figures();
  void exact_counts_data();
  void exact_counts();
  void every_named_system_is_there();
  void the_nearest_name_is_offered();
  void attention_by_hand();
  void latent_attention_by_hand();
  void hierarchical_router_by_hand();
  void encoder_and_decoder_by_hand();
  void flops_by_hand();
  void our_model_has_as_many_data();
  void our_model_has_as_many();
  void our_sheet();
  void an_absurd_model_has_a_sheet();
  void json_there_and_back();
};

namespace {

// Figures whose authors round so coarsely, or say so little of what they count, that 2 % cannot be asked. Each has a
// remark in the sheet; the deviation is asserted so that a change of a formula is noticed.
struct Outlier {
  const char *model, *printed;
  double deviation;
};
constexpr Outlier kOutliers[] = {{"gshard", "600 B", 0.0323},
                                 {"switch", "890 B per sequence", 0.2308},
                                 {"glam", "1.2 T", -0.0319},
                                 {"glam", "180 G", 0.0853}};

const Outlier* outlier(const std::string& model, const std::string& printed) {
  for (const Outlier& o : kOutliers)
    if (model == o.model && printed == o.printed) return &o;
  return nullptr;
}

Config changed(const char* settings, Config config = {}) {
  const nlohmann::json values = nlohmann::json::parse(settings);
  for (const auto& [key, value] : values.items()) set_value(config, key, value);
  return config;
}

/// Trained numbers of a model as it is really built, without the experts from `idle_from` on.
std::int64_t tensors_of(const Config& config, int idle_from) {
  const auto backend = make_backend("cpu", 1);
  ops::Context ctx{*backend};
  const train::Model model(ctx, config, DType::f32);
  const std::string marker = ".experts.";
  std::int64_t sum = 0;
  for (const auto& tensor : model.parameters().exposed()) {
    if (tensor.kind == nn::ParameterKind::state) continue;
    const auto at = tensor.part->name.find(marker);
    if (at != std::string::npos && std::stoi(tensor.part->name.substr(at + marker.size())) >= idle_from) continue;
    sum += tensor.value.size();
  }
  return sum;
}

}  // namespace

void TestModelSheet::published_figures_data() {
  QTest::addColumn<QString>("model");
  QTest::addColumn<int>("figure");
  for (const auto& model : analysis::published_models())
    for (std::size_t i = 0; i < model.figures.size(); ++i)
      QTest::newRow(qPrintable(QString::fromStdString(model.name + ' ' + model.figures[i].printed)))
          << QString::fromStdString(model.name) << static_cast<int>(i);
}

void TestModelSheet::published_figures() {
  QFETCH(QString, model);
  QFETCH(int, figure);
  const protocol::ModelSheet sheet = analysis::sheet_of(analysis::find_published(model.toStdString()));
  const auto& claim = sheet.claims.at(static_cast<std::size_t>(figure));
  QVERIFY2(!claim.source.empty() && claim.published > 0, claim.printed.c_str());
  if (const Outlier* known = outlier(sheet.name, claim.printed)) {
    QVERIFY2(!claim.remark.empty(), "a figure that is not met says why");
    QVERIFY2(std::abs(claim.deviation() - known->deviation) < 1e-3, qPrintable(QString::number(claim.deviation())));
    return;
  }
  QVERIFY2(std::abs(claim.deviation()) <= 0.02, qPrintable(QString::number(claim.deviation())));
  QVERIFY2(claim.remark.empty(), "a figure that is met needs no excuse");
}

void TestModelSheet::exact_counts_data() {
  QTest::addColumn<QString>("model");
  QTest::addColumn<qint64>("parameters");
  // Sums of the tensors in the released weights.
  QTest::newRow("mixtral") << "mixtral" << qint64{46'702'792'704};
  QTest::newRow("olmoe") << "olmoe" << qint64{6'919'161'856};
}

void TestModelSheet::exact_counts() {
  QFETCH(QString, model);
  QFETCH(qint64, parameters);
  QCOMPARE(analysis::sheet_of(analysis::find_published(model.toStdString())).parameters, parameters);
}

void TestModelSheet::every_named_system_is_there() {
  for (const char* name :
       {"shazeer-2017", "switch", "gshard", "glam", "mixtral", "olmoe", "deepseek-v3", "expert-choice"}) {
    const protocol::ModelSheet sheet = analysis::sheet_of(analysis::find_published(name));
    QVERIFY2(!sheet.title.empty() && !sheet.paper.empty() && !sheet.claims.empty(), name);
    std::int64_t all = 0, active = 0;
    for (const auto& part : sheet.parts) {
      QVERIFY2(part.active <= part.all, part.name.c_str());
      all += part.all;
      active += part.active;
    }
    QCOMPARE(all, sheet.parameters);
    QCOMPARE(active, sheet.active_parameters);
  }
}

void TestModelSheet::the_nearest_name_is_offered() {
  try {
    (void)analysis::find_published("mixtrall");
    QFAIL("accepted");
  } catch (const Error& error) {
    QCOMPARE(error.kind(), ErrorKind::usage);
    QVERIFY2(error.action() == "Did you mean mixtral?", error.what());
    QVERIFY2(error.limit().find("deepseek-v3") != std::string::npos, error.what());
  }
  QCOMPARE(nearest_word("gshrd", {"glam", "gshard", "switch"}), std::string("gshard"));
  QCOMPARE(nearest_word("x", {}), std::string());
}

// D = 6; 2 heads of 4, 1 KV head: q 6·8, k and v 6·4 each, o 8·6 = 144. Experts 3·6·5 = 90, four of them, router 6·4.
void TestModelSheet::attention_by_hand() {
  const Mixer mixer{.heads = 2, .kv_heads = 1, .head_dim = 4, .norm_gains = 8};
  Architecture a{.width = 6,
                 .groups = {{.layers = 3,
                             .mixer = mixer,
                             .feed_forward = {.width = 5, .gated = true, .experts = 4, .top_k = 2, .shared = 1}},
                            {.layers = 1, .mixer = mixer, .feed_forward = {.width = 7}}},
                 .input_vocabulary = 11,
                 .output_vocabulary = 10};
  const ParameterCount all = count_parameters(a), active = count_active(a);
  QCOMPARE(all.mixers, std::int64_t{4} * 144);
  QCOMPARE(all.experts, std::int64_t{3} * 4 * 90);
  QCOMPARE(active.experts, std::int64_t{3} * 2 * 90);
  QCOMPARE(all.shared, std::int64_t{3} * 90);
  QCOMPARE(all.router, std::int64_t{3} * 24);
  QCOMPARE(all.dense, std::int64_t{2} * 6 * 7);
  QCOMPARE(all.embedding, std::int64_t{66});
  QCOMPARE(all.head, std::int64_t{60});
  QCOMPARE(all.small, std::int64_t{4} * (8 + 2 * 6) + 6);
  QCOMPARE(all.total() - active.total(), std::int64_t{3} * 2 * 90);
  QCOMPARE(cached_numbers_per_token(a), std::int64_t{4} * 2 * 4);
  a.tied_head = true;
  QCOMPARE(count_parameters(a).head, std::int64_t{0});
}

// D = 10, 3 heads of 4 + 2, ranks 5 and 7: q 10·5 + 5·3·6, k and v 10·(7+2) + 7·3·8, o 3·4·10.
void TestModelSheet::latent_attention_by_hand() {
  const Mixer mixer{.kind = Mixer::Kind::latent,
                    .heads = 3,
                    .head_dim = 4,
                    .query_rank = 5,
                    .kv_rank = 7,
                    .rope_dim = 2,
                    .norm_gains = 12};
  const Architecture a{.width = 10, .groups = {{.layers = 2, .mixer = mixer}}};
  QCOMPARE(count_parameters(a).mixers, std::int64_t{2} * (50 + 90 + 90 + 168 + 120));
  QCOMPARE(count_parameters(a).small, std::int64_t{2} * (12 + 10) + 10);
  QCOMPARE(cached_numbers_per_token(a), std::int64_t{2} * 9);
  // One pair of positions: a dot product over 4 + 2 numbers and one over 4, for 3 heads.
  const ForwardFlops flops = forward_flops(a, {.decoder = 5});
  QCOMPARE(flops.scores, 2.0 * 5 * 3 * 2 * 3 * 10);
}

// Two groups of three experts: routers 2·D·(2 + 6), of which a token asks those of one group: 2·D·(2 + 3).
void TestModelSheet::hierarchical_router_by_hand() {
  const FeedForward experts{
      .width = 2, .experts = 6, .top_k = 1, .router_matrices = 2, .groups = 2, .groups_per_token = 1};
  const Architecture a{
      .width = 4, .groups = {{.mixer = {.kind = Mixer::Kind::lstm}, .feed_forward = experts}}, .norms = false};
  QCOMPARE(count_parameters(a).router, std::int64_t{2} * 4 * 8);
  QCOMPARE(count_active(a).router, std::int64_t{2} * 4 * 5);
  QCOMPARE(count_parameters(a).mixers, std::int64_t{8} * 4 * 4);
  QCOMPARE(count_parameters(a).small, std::int64_t{0});
  QCOMPARE(cached_numbers_per_token(a), std::int64_t{0});
}

void TestModelSheet::encoder_and_decoder_by_hand() {
  const Mixer reads{.heads = 1, .kv_heads = 1, .head_dim = 2, .causal = false},
      writes{.heads = 1, .kv_heads = 1, .head_dim = 2};
  const FeedForward dense{.width = 3};
  const Architecture a{.width = 2,
                       .groups = {{.stack = Stack::encoder, .layers = 2, .mixer = reads, .feed_forward = dense},
                                  {.layers = 1, .mixer = writes, .cross = reads, .feed_forward = dense}},
                       .input_vocabulary = 5,
                       .output_vocabulary = 5,
                       .position_parameters = 9};
  const ParameterCount all = count_parameters(a);
  QCOMPARE(all.mixers, std::int64_t{4} * 16);  // two encoder layers, and self and cross attention
  QCOMPARE(all.dense, std::int64_t{3} * 12);
  QCOMPARE(all.small, std::int64_t{2} * 2 * 2 + 3 * 2 + 2 * 2 + 9);
  // Four tokens read, three written. Matrices: 2 flops a weight; cross attention asks with 3 tokens (8 weights) and is
  // asked with 4. Scores: 8 flops a pair; 16 pairs in each encoder layer, 6 causal ones, 12 across.
  const ForwardFlops flops = forward_flops(a, {.decoder = 3, .encoder = 4});
  QCOMPARE(flops.matrices, 2.0 * (2 * 4 * 28 + 3 * 28 + 3 * 8 + 4 * 8));
  QCOMPARE(flops.scores, 8.0 * (2 * 16 + 6 + 12));
  QCOMPARE(flops.head, 2.0 * 3 * 10);
  QCOMPARE(cached_numbers_per_token(a), std::int64_t{4});
}

void TestModelSheet::flops_by_hand() {
  const Mixer mixer{.heads = 2, .kv_heads = 2, .head_dim = 3};
  const Architecture a{
      .width = 6,
      .groups = {{.mixer = mixer,
                  .feed_forward = {.width = 4, .experts = 8, .top_k = 2, .shared = 1, .router_bias = true}}},
      .input_vocabulary = 7,
      .output_vocabulary = 7,
      .tied_head = true};
  const ForwardFlops flops = forward_flops(a, {.decoder = 10});
  QCOMPARE(flops.matrices, 2.0 * 10 * (4 * 36 + 3 * 48));
  QCOMPARE(flops.scores, 55.0 * 2 * 2 * 6);  // 55 pairs, two products, two heads of three
  QCOMPARE(flops.head, 2.0 * 10 * 42);       // tied or not, the head multiplies
  QCOMPARE(flops.router, 2.0 * 10 * 56);
}

void TestModelSheet::our_model_has_as_many_data() {
  QTest::addColumn<QByteArray>("settings");
  const auto row = [](const char* name, const char* settings) { QTest::newRow(name) << QByteArray(settings); };
  row("defaults", "{}");
  row("dense every second", R"({"model.dense_every": 2, "model.dense_width": 40})");
  row("dense every third of five", R"({"model.dense_every": 3, "model.layers": 5, "model.dense_width": 24})");
  row("shared experts", R"({"model.shared_experts": 2})");
  row("relu experts", R"({"model.activation": "relu"})");
  row("gelu, shared, tied", R"({"model.activation": "gelu", "model.shared_experts": 1, "model.tied_head": true})");
  row("tied head", R"({"model.tied_head": true})");
  row("grouped queries", R"({"model.kv_heads": 1})");
  row("k = 1", R"({"router.top_k": 1})");
  row("k = E", R"({"router.top_k": 6})");
  row("dense model", R"({"model.experts": 1, "router.top_k": 1, "model.shared_experts": 2})");
}

void TestModelSheet::our_model_has_as_many() {
  QFETCH(QByteArray, settings);
  const Config config =
      changed(settings.constData(), changed(R"({"model.layers": 3, "model.width": 24, "model.heads": 4,
      "model.kv_heads": 2, "model.experts": 6, "model.expert_width": 20, "model.context": 16, "model.vocabulary": 320})"));
  validate(config);
  const protocol::ModelSheet sheet = analysis::sheet_of(config);
  QCOMPARE(sheet.parameters, tensors_of(config, 1 << 20));
  QCOMPARE(sheet.active_parameters, tensors_of(config, std::min(config.router.top_k, config.model.experts)));
  QCOMPARE(static_cast<double>(sheet.parameters), parameter_count(config));
  QCOMPARE(sheet.moe_layers > 0, config.model.experts > 1);
}

void TestModelSheet::our_sheet() {
  Config config;
  config.preset = "text-small";
  config.model.dense_every = 2;
  const protocol::ModelSheet sheet = analysis::sheet_of(config);
  QCOMPARE(sheet.title, std::string("text-small"));
  QVERIFY(sheet.name.empty() && sheet.claims.empty());
  QCOMPARE(sheet.all_layers, 4);
  QCOMPARE(sheet.moe_layers, 2);
  QCOMPARE(sheet.sequence, std::int64_t{128});
  QCOMPARE(sheet.training_bytes, 16.0 * static_cast<double>(sheet.parameters));
  QCOMPARE(sheet.cache_bytes, 4.0 * 2 * 128 * 2);
  QCOMPARE(sheet.training_flops, 3 * sheet.forward_flops);
}

void TestModelSheet::an_absurd_model_has_a_sheet() {
  const Config config = changed(R"({"model.experts": 4096, "model.expert_width": 262144, "model.width": 65536,
                                    "model.layers": 512, "model.shared_experts": 64})");
  const protocol::ModelSheet sheet = analysis::sheet_of(config);
  QVERIFY(static_cast<double>(sheet.parameters) > 1e17);  // no overflow at the ends of the ranges
  QVERIFY(sheet.training_bytes > 1e18);
}

void TestModelSheet::json_there_and_back() {
  const protocol::ModelSheet sheet = analysis::sheet_of(analysis::find_published("deepseek-v3"));
  const nlohmann::json json = protocol::to_json(sheet);
  QVERIFY(std::abs(json.at("claims").at(0).at("deviation").get<double>()) < 1e-3);
  const protocol::ModelSheet read = protocol::model_sheet_from_json(json);
  QCOMPARE(nlohmann::json(protocol::to_json(read)), json);
  nlohmann::json wrong = json;
  wrong["parts"][1]["all"] = "many";
  try {
    (void)protocol::model_sheet_from_json(wrong);
    QFAIL("accepted");
  } catch (const Error& error) {
    QVERIFY2(error.where() == "sheet.parts[1].all", error.what());
  }
}

QTEST_GUILESS_MAIN(TestModelSheet)
#include "tst_model_sheet.moc"
