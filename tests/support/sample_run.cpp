// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/sample_run.h"

#include "ui/bridge/hello.h"

#include <QRegularExpression>
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace moe::test {
namespace {

constexpr int kTokens = 2'048;
const std::array<const char*, 8> kDomains{"prose", "verse", "dialogue", "arithmetic", "code", "JSON", "logs", "tables"};
const std::array<const char*, 8> kTexts{
    "The river turned south below the mill, and the old road followed it as far as the bridge.\nNobody had mended the "
    "rail.",
    "O wanderer, where the willows lean\nand all the river runs to green,\nthe moon has left a silver seam\nalong the "
    "edge of every dream.",
    "\"Have you the key?\" she asked.\n\"No,\" he said, \"but the door is open.\"\n\"Then who has been here?\"",
    "48 + 17 = 65\n12 * 9 = 108\n340 - 128 = 212\n96 / 8 = 12\n7 * (3 + 5) = 56",
    "def merge(left, right):\n    out = []\n    while left and right:\n        src = left if left[0] <= right[0] else "
    "right\n        out.append(src.pop(0))\n    return out + left + right",
    "{\"id\": 4813, \"kind\": \"sensor\",\n \"unit\": \"kPa\", \"value\": 101.3},\n{\"id\": 4814, \"kind\": \"valve\"}",
    "09:14:07 WARN pump[3] pressure=101.9 over=1.2\n09:14:08 INFO valve[1] open=false\n09:14:11 INFO pump[3] ok",
    "| name | qty | price |\n| bolt | 120 | 0.08 |\n| gasket | 16 | 1.95 |\n| hose | 4 | 12.40 |"};
const std::array<double, 8> kShare{0.19, 0.12, 0.13, 0.12, 0.16, 0.11, 0.09, 0.08};
const std::array<double, 8> kUnigram{5.1, 5.3, 4.9, 3.2, 4.6, 3.9, 4.1, 3.7};
const std::array<double, 8> kLoss{2.61, 2.74, 2.22, 1.18, 1.31, 0.98, 1.02, 1.44};

/// Uniform in [0, 1), a function of its arguments alone (SplitMix64).
double unit(std::uint64_t a, std::uint64_t b = 0, std::uint64_t c = 0, std::uint64_t d = 0) {
  std::uint64_t x =
      a * 0x9E3779B97F4A7C15ULL + b * 0xBF58476D1CE4E5B9ULL + c * 0x94D049BB133111EBULL + d + 0x1234567ULL;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return static_cast<double>((x ^ (x >> 31)) >> 11) * 0x1.0p-53;
}

/// FNV-1a; qHash differs between processors.
std::uint64_t textKey(const std::string& text) {
  std::uint64_t key = 0xCBF29CE484222325ULL;
  for (const char c : text) key = (key ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  return key;
}

std::uint64_t u(qint64 v) { return static_cast<std::uint64_t>(v); }

/// 0 before `a`, 1 after `b`, smooth between.
double ramp(double x, double a, double b) {
  const double t = std::clamp((x - a) / (b - a), 0.0, 1.0);
  return t * t * (3 - 2 * t);
}

/// How far layer `l` has collapsed at `progress` of the run, 0 … 1.
double collapse(int l, double progress) {
  if (l == 1) return ramp(progress, 0.25, 0.38) * (1 - ramp(progress, 0.45, 0.62));
  return 0.12 * ramp(progress, 0.27, 0.4) * (1 - ramp(progress, 0.5, 0.6)) * unit(u(l), 91);
}

std::vector<double> shares(const SampleShape& shape, int l, qint64 step, double progress) {
  const auto experts = static_cast<std::size_t>(shape.experts);
  std::vector<double> p(experts);
  const double grown = 0.25 + 0.75 * ramp(progress, 0.0, 0.15);
  for (std::size_t e = 0; e < experts; ++e) {
    const double lasting = (unit(u(l), e, 3) - 0.5) * 1.9 * grown;
    p[e] = std::exp(lasting + 0.10 * (unit(u(l), e, u(step), 7) - 0.5));
  }
  if (l == std::min(2, shape.layers - 1) && shape.experts > 10) p[10] = 2.4 * ramp(progress, 0.5, 1.0) + 0.9;
  const double c = collapse(l, progress);
  const std::size_t winner = std::min<std::size_t>(4, experts - 1);
  for (std::size_t e = 0; e < experts; ++e)
    if (e != winner) p[e] *= std::pow(1 - c, 1.0 + 3.0 * unit(u(l), e, 17));
  p[winner] *= 1 + 4 * c;
  if (progress > 0.4 && l == 1 && shape.experts > 13) p[13] = 0;
  if (progress > 0.6 && l == 4 && shape.experts > 6) p[6] = 0;
  const double total = std::accumulate(p.begin(), p.end(), 0.0);
  for (double& v : p) v /= total;
  return p;
}

void describe(protocol::LayerReport& layer, const std::vector<double>& p) {
  const auto experts = static_cast<double>(p.size());
  const double total = static_cast<double>(std::accumulate(layer.load.begin(), layer.load.end(), std::int64_t{0}));
  const double mean = total / experts;
  double squares = 0, entropy = 0, balance = 0, most = 0;
  for (std::size_t e = 0; e < p.size(); ++e) {
    const auto load = static_cast<double>(layer.load[e]);
    squares += (load - mean) * (load - mean);
    if (load > 0) entropy -= load / total * std::log(load / total);
    balance += load / total * p[e];
    most = std::max(most, load);
  }
  layer.load_cv = std::sqrt(squares / experts) / mean;
  layer.max_violation = (most - mean) / mean;
  layer.entropy = entropy / std::log(experts);
  layer.token_entropy = 0.62 * layer.entropy;
  layer.balance_loss = balance * experts;
  layer.z_loss = 3.1 + 0.4 * layer.load_cv;
  layer.dead = static_cast<int>(std::count(layer.load.begin(), layer.load.end(), 0));
}

std::vector<std::string> split(const QString& text) {
  static const QRegularExpression word(QStringLiteral("\\n| {2,}| ?\\p{L}{1,6}| ?\\p{N}{1,2}| ?[^\\s]|\\s"));
  std::vector<std::string> pieces;
  for (auto it = word.globalMatch(text); it.hasNext();) pieces.push_back(it.next().captured().toStdString());
  return pieces;
}

void route(protocol::Trace& trace, const SampleShape& shape) {
  const auto experts = static_cast<std::size_t>(shape.experts);
  for (int l = 0; l < shape.layers; ++l)
    for (std::size_t t = 0; t < trace.pieces.size(); ++t) {
      std::vector<double> p(experts);
      const std::uint64_t kind = textKey(QString::fromStdString(trace.pieces[t]).trimmed().toStdString());
      for (std::size_t e = 0; e < experts; ++e)
        p[e] =
            std::exp(4.2 * unit(kind, u(l), e) + 1.2 * unit(u(trace.domain), u(l), e, 31) + 0.8 * unit(t, u(l), e, 3));
      if (l == 1 && experts > 13) p[13] = 1e-9;
      const double total = std::accumulate(p.begin(), p.end(), 0.0);
      for (double& v : p) v /= total;
      std::vector<std::size_t> order(experts);
      std::iota(order.begin(), order.end(), std::size_t{0});
      std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] > p[b]; });
      double kept = 0;
      for (int k = 0; k < trace.top_k; ++k) kept += p[order[static_cast<std::size_t>(k)]];
      for (int k = 0; k < trace.top_k; ++k) {
        trace.experts_of.push_back(static_cast<std::int32_t>(order[static_cast<std::size_t>(k)]));
        trace.weights.push_back(static_cast<float>(p[order[static_cast<std::size_t>(k)]] / kept));
      }
      for (const double v : p) trace.probabilities.push_back(static_cast<float>(v));
    }
}

}  // namespace

protocol::RunInfo sampleInfo(const SampleShape& shape) {
  protocol::RunInfo info;
  info.path = "/runs/sample";
  info.preset = "text-small";
  info.name = "sample";
  info.horizon = shape.steps * 8 / 5;
  info.seed = 1;
  info.layers = shape.layers;
  info.experts = shape.experts;
  info.top_k = 2;
  info.vocabulary = 1024;
  info.context = 128;
  info.batch = 16;
  for (int l = 0; l < shape.layers; ++l) info.moe_layers.push_back(l);
  for (std::size_t d = 0; d < kDomains.size(); ++d) {
    info.domains.emplace_back(kDomains[d]);
    info.corpus_share.push_back(kShare[d]);
    info.unigram_loss.push_back(kUnigram[d]);
  }
  info.device = "CPU, 2 threads";
  info.precision = "f32";
  info.threads = 2;
  info.data = "built-in text, 8 domains";
  info.config = {{"router.policy", "softmax_top_k"},
                 {"router.top_k", 2},
                 {"router.noise", 0.3},
                 {"balance.coefficient", 0.02},
                 {"router.z_coefficient", 0.001},
                 {"optim.lr", 3e-4},
                 {"model.experts", shape.experts},
                 {"model.layers", shape.layers}};
  return info;
}

protocol::StepReport sampleStep(const SampleShape& shape, qint64 step) {
  protocol::StepReport report;
  const double progress = static_cast<double>(step) / static_cast<double>(shape.steps);
  report.step = step;
  report.top_k = progress > 0.75 ? 2 : 1;
  report.loss = 1.95 + 3.4 * std::exp(-progress * 14) + 0.75 * std::exp(-progress * 2.2) -
                0.05 * ramp(progress, 0.75, 0.85) + 0.11 * (unit(u(step), 1) + unit(u(step), 2) - 1) +
                0.08 * collapse(1, progress);
  report.grad_norm = 0.6 + 1.5 * std::exp(-progress * 9) + 0.1 * unit(u(step), 4);
  report.lr = 3e-4 * std::min(1.0, progress * 20);
  report.tokens_per_second =
      1000 * ((progress > 0.75 ? 41 : 45.5) + 2 * (unit(u(step), 5) - 0.5) + std::sin(progress * 40));
  report.seconds = static_cast<double>(step) / 20.0;
  report.tokens = step * kTokens;
  for (int l = 0; l < shape.layers; ++l) {
    protocol::LayerReport layer;
    layer.layer = l;
    const std::vector<double> p = shares(shape, l, step, progress);
    const double assignments = static_cast<double>(kTokens) * report.top_k;
    for (std::size_t e = 0; e < p.size(); ++e) {
      const double mean = p[e] * assignments;
      const double spread = (unit(u(step), u(l), e, 8) + unit(u(step), u(l), e, 9) - 1) * 2.4 * std::sqrt(mean);
      layer.load.push_back(std::max<std::int64_t>(0, std::llround(mean + spread)));
      layer.mass.push_back(static_cast<double>(layer.load.back()) / report.top_k * (0.9 + 0.2 * unit(u(l), e, 12)));
    }
    describe(layer, p);
    report.layers.push_back(std::move(layer));
  }
  return report;
}

protocol::StepReport withCapacity(protocol::StepReport report, double factor) {
  for (auto& layer : report.layers) {
    const auto all = static_cast<double>(std::accumulate(layer.load.begin(), layer.load.end(), std::int64_t{0}));
    const auto room = static_cast<std::int64_t>(std::ceil(factor * all / static_cast<double>(layer.load.size())));
    for (const std::int64_t load : layer.load) layer.kept.push_back(std::min(load, room));
  }
  return report;
}

protocol::Trace sampleTrace(const SampleShape& shape, const QString& text, const QString& title, int domain) {
  protocol::Trace trace;
  trace.title = title.toStdString();
  trace.domain = domain;
  trace.document = 214;
  trace.layers = shape.layers;
  trace.experts = shape.experts;
  trace.top_k = std::min(2, shape.experts);
  trace.pieces = split(text);
  double sum = 0;
  for (std::size_t t = 0; t < trace.pieces.size(); ++t) {
    trace.ids.push_back(static_cast<std::int32_t>(textKey(trace.pieces[t]) % 1024));
    const bool last = t + 1 == trace.pieces.size();
    const double base = domain >= 0 ? kLoss[static_cast<std::size_t>(domain)] : 1.8;
    trace.token_loss.push_back(last ? train::kAbsent : base * (0.2 + 1.6 * unit(t, u(domain + 1), 77)));
    if (!last) sum += trace.token_loss.back();
    for (int k = 0; k < 3; ++k) {
      trace.predicted.push_back(last ? "" : trace.pieces[(t + 1 + static_cast<std::size_t>(k)) % trace.pieces.size()]);
      trace.predicted_share.push_back(last ? 0.f : static_cast<float>(0.6 / (1 << k)));
    }
  }
  trace.loss = trace.pieces.size() > 1 ? sum / static_cast<double>(trace.pieces.size() - 1) : train::kAbsent;
  route(trace, shape);
  return trace;
}

std::shared_ptr<const protocol::ProbeReport> sampleProbe(const SampleShape& shape, qint64 step) {
  auto probe = std::make_shared<protocol::ProbeReport>();
  probe->step = step;
  probe->layers = shape.layers;
  probe->experts = shape.experts;
  probe->shuffles = 20;
  for (std::size_t d = 0; d < kDomains.size(); ++d) {
    probe->domains.emplace_back(kDomains[d]);
    probe->strips.push_back(
        sampleTrace(shape, QString::fromUtf8(kTexts[d]), QString::fromLatin1(kDomains[d]), static_cast<int>(d)));
  }
  probe->tokens = 16'384;
  const double sharp = 0.6 + 1.6 * std::min(1.0, static_cast<double>(step) / static_cast<double>(shape.steps));
  for (int l = 0; l < shape.layers; ++l) {
    probe->information.push_back(0.08 + 0.23 * unit(u(l), 55) * sharp);
    probe->baseline.push_back(0.015 + 0.01 * unit(u(l), 56));
    for (int e = 0; e < shape.experts; ++e) {
      const bool dead = (l == 1 && e == 13) || (l == 4 && e == 6);
      std::int64_t seen = 0;
      for (std::size_t d = 0; d < kDomains.size(); ++d) {
        const double taste = std::exp(sharp * 1.7 * (unit(u(l), u(e), d, 61) - 0.5));
        const auto count = dead ? 0 : std::llround(2 * 16'384.0 / shape.experts * kShare[d] * taste);
        probe->counts.push_back(count);
        seen += count;
      }
      probe->seen.push_back(seen);
      const protocol::Trace& source = probe->strips[static_cast<std::size_t>(unit(u(l), u(e), 62) * 8)];
      std::vector<protocol::TopToken> tokens;
      for (std::size_t t = 0; t < 10 && t < source.pieces.size() && !dead; ++t)
        tokens.push_back({source.pieces[t], static_cast<std::int64_t>(412 / (t + 1) + 20)});
      probe->top_tokens.push_back(std::move(tokens));
      std::vector<protocol::Fellow> fellows;
      for (int k = 0; k < 3 && !dead; ++k) fellows.push_back({(e + 3 * k + 4) % shape.experts, 1.9 - 0.3 * k});
      probe->fellows.push_back(std::move(fellows));
    }
  }
  return probe;
}

namespace {

ui::KnobSpec labelled(const char* key, const char* label) {
  ui::KnobSpec spec;
  spec.key = QString::fromLatin1(key);
  spec.label = QString::fromLatin1(label);
  return spec;
}

}  // namespace

std::vector<ui::KnobSpec> sampleKnobs() {
  return {labelled("balance.coefficient", "Balance"), labelled("router.noise", "Noise"),
          labelled("router.top_k", "Top-k"), labelled("capacity.factor", "Capacity")};
}

void fillSampleRun(ui::RunHistory& history, const SampleShape& shape) {
  history.setKnobs(sampleKnobs());
  history.reset(sampleInfo(shape));
  history.setState(QStringLiteral("running"), shape.steps * 8 / 5);
  std::vector<ui::StepRecord> reports;
  for (qint64 step = 1; step <= shape.steps; ++step) reports.push_back(sampleStep(shape, step));
  history.addMany(std::move(reports));
  const auto at = [&](double share) { return static_cast<std::int64_t>(share * static_cast<double>(shape.steps)); };
  history.add(protocol::EditEvent{at(0.25), "balance.coefficient", "0.01", "0", {}});
  history.add(protocol::EditEvent{at(0.45), "router.noise", "0", "0.3", {}});
  history.add(protocol::EditEvent{at(0.52), "balance.coefficient", "0", "0.02", {}});
  history.add(protocol::EditEvent{at(0.75), "router.top_k", "1", "2", {}});
  for (int i = 1; i <= 50; ++i) {
    protocol::EvalReport eval;
    eval.step = at(i / 50.0);
    const double progress = i / 50.0;
    eval.loss = 2.02 + 3.3 * std::exp(-progress * 14) + 0.75 * std::exp(-progress * 2.2);
    for (std::size_t d = 0; d < kDomains.size(); ++d)
      eval.domain_loss.push_back(kLoss[d] + 2.5 * std::exp(-progress * 6));
    eval.tokens = 16'384;
    history.add(eval);
    if (i % 5 == 0) history.add(sampleProbe(shape, eval.step));
  }
  for (int i = 1; i <= 20; ++i)
    history.add(
        ui::CheckpointMark{at(i / 20.0 - 0.007), "/runs/sample/checkpoints", static_cast<double>(at(i / 20.0)) / 20.0});
  history.flush();
}

}  // namespace moe::test
