// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>

#include "app/cli/model_options.h"
#include "engine/core/error.h"
#include "engine/data/corpus_scan.h"
#include "engine/data/text_reader.h"

namespace moe::cli {
namespace {

struct Options : ModelOptions {
  std::string data;
  int windows = 16;
};

struct DomainLoss {
  std::string name;
  double loss = 0, unigram = train::kAbsent;  // nats per token
  std::int64_t tokens = -1;                   // −1: not counted apart
};

struct Result {
  double loss = train::kAbsent;
  std::int64_t tokens = 0;
  std::vector<DomainLoss> domains;
  std::vector<std::string> notes;
  bool points = false;
  double accuracy = train::kAbsent, r2 = train::kAbsent;  // of points
};

/// The run's own held-out text or points.
Result evaluate_held_out(const train::LoadedModel& model, int windows) {
  const train::EvalReport report = model.trainer->evaluate(windows);
  const data::Dataset* text = model.data->text();
  Result result{report.loss, report.tokens, {}, {}, !text, report.accuracy, report.r2};
  for (std::size_t d = 0; d < report.domain_loss.size(); ++d)
    result.domains.push_back({model.data->domains()[d], report.domain_loss[d],
                              text ? text->unigram_loss(static_cast<int>(d)) : train::kAbsent, -1});
  return result;
}

/// Other text, with the run's tokenizer: the first `windows` windows of the context of each domain, in order of files.
Result evaluate_files(const train::LoadedModel& model, const std::string& path, int windows) {
  const data::Tokenizer& tokenizer = model.text("eval --data").tokenizer();
  const auto context = static_cast<std::size_t>(model.trainer->config().model.context);
  const data::CorpusFiles corpus = data::scan_corpus(path, {}, {});
  std::vector<double> sums(corpus.domains.size());
  std::vector<std::int64_t> tokens(corpus.domains.size());
  std::vector<int> taken(corpus.domains.size());
  for (const data::SourceFile& file : corpus.files) {
    const auto domain = static_cast<std::size_t>(file.domain);
    data::DocumentReader reader(corpus.full_path(file));
    for (std::string document; taken[domain] < windows && reader.next(document);) {
      const std::vector<std::int32_t> ids = tokenizer.encode(document);
      for (std::size_t begin = 0; begin + 1 < ids.size() && taken[domain] < windows;
           begin += context, ++taken[domain]) {
        const auto window = std::span(ids).subspan(begin, std::min(context, ids.size() - begin));
        for (const float loss : model.trainer->trace(window, false).loss)
          if (!std::isnan(loss)) {
            sums[domain] += static_cast<double>(loss);
            ++tokens[domain];
          }
      }
    }
  }
  Result result;
  double total = 0;
  for (std::size_t d = 0; d < sums.size(); ++d) {
    if (tokens[d] == 0) continue;
    result.domains.push_back({corpus.domains[d], sums[d] / static_cast<double>(tokens[d]), train::kAbsent, tokens[d]});
    total += sums[d];
    result.tokens += tokens[d];
  }
  if (result.tokens == 0)
    throw Error(ErrorKind::bad_input, "No document has two tokens", path, "at least 2 tokens", "Give more text");
  result.loss = total / static_cast<double>(result.tokens);
  result.notes = corpus.notes.list();
  return result;
}

OrderedJson number(double value) { return std::isfinite(value) ? OrderedJson(value) : OrderedJson(nullptr); }

// Of points: no perplexity, which belongs to sequences.
OrderedJson points_json(const Result& result, std::int64_t step) {
  OrderedJson out = {{"step", step}, {"loss", number(result.loss)}};
  if (!std::isnan(result.accuracy)) out["accuracy"] = result.accuracy;
  if (!std::isnan(result.r2)) out["r2"] = result.r2;
  out["points"] = result.tokens;
  if (result.domains.empty()) return out;
  out["classes"] = OrderedJson::array();
  for (const DomainLoss& d : result.domains) out["classes"].push_back({{"name", d.name}, {"loss", number(d.loss)}});
  return out;
}

std::string points_text(const Result& result, std::int64_t step) {
  std::string text = fmt::format("step {}: loss {:.4f}", step, result.loss);
  if (!std::isnan(result.accuracy)) text += fmt::format(", accuracy {:.2f} %", 100 * result.accuracy);
  if (!std::isnan(result.r2)) text += fmt::format(", R² {:.4f}", result.r2);
  text += fmt::format(", {} held-out points\n", result.tokens);
  for (const DomainLoss& d : result.domains) text += fmt::format("class {:<18} loss {:.4f}\n", d.name, d.loss);
  return text;
}

OrderedJson as_json(const Result& result, std::int64_t step) {
  if (result.points) return points_json(result, step);
  OrderedJson domains = OrderedJson::array();
  for (const DomainLoss& d : result.domains) {
    OrderedJson entry = {{"name", d.name}, {"loss", number(d.loss)}, {"perplexity", number(std::exp(d.loss))}};
    if (!std::isnan(d.unigram)) entry["unigram_loss"] = d.unigram;
    if (d.tokens >= 0) entry["tokens"] = d.tokens;
    domains.push_back(std::move(entry));
  }
  return {{"step", step},
          {"loss", number(result.loss)},
          {"perplexity", number(std::exp(result.loss))},
          {"tokens", result.tokens},
          {"domains", std::move(domains)}};
}

std::string as_text(const Result& result, std::int64_t step) {
  if (result.points) return points_text(result, step);
  std::string text = fmt::format("step {}: loss {:.4f} nats per token, perplexity {:.3f}, {} tokens\n", step,
                                 result.loss, std::exp(result.loss), result.tokens);
  text += fmt::format("{:<24} {:>8} {:>11}  {}\n", "domain", "loss", "perplexity", "unigram");
  for (const DomainLoss& d : result.domains)
    text += fmt::format("{:<24} {:>8.4f} {:>11.3f}  {}\n", d.name, d.loss, std::exp(d.loss),
                        std::isnan(d.unigram) ? "" : fmt::format("{:.4f}", d.unigram));
  return text;
}

int eval(const Options& options) {
  const train::LoadedModel model = options.load();
  const Result result = options.data.empty() ? evaluate_held_out(model, options.windows)
                                             : evaluate_files(model, options.data, options.windows);
  for (const std::string& note : result.notes) fmt::print(stderr, "note: {}\n", note);
  const std::int64_t step = model.trainer->step_count();
  return (options.json ? print(as_json(result, step)) : print(as_text(result, step))) ? 0 : 1;
}

}  // namespace

void add_eval(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand("eval", "Loss and perplexity, per domain too");
  auto options = std::make_shared<Options>();
  options->declare(*command);
  command->add_option("--data", options->data, "File or folder of text; without it, the run's held-out text");
  command->add_option("--windows", options->windows, "Windows of the context measured in each domain")
      ->capture_default_str()
      ->check(CLI::Range(1, 65536));
  command->callback([options, &program] { program.action = [options] { return eval(*options); }; });
}

}  // namespace moe::cli
