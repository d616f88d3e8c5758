// SPDX-License-Identifier: Apache-2.0
#include "engine/train/session_trace.h"

#include <algorithm>
#include <cmath>

#include "engine/core/error.h"
#include "engine/core/random.h"

namespace moe::train {
namespace {

constexpr std::size_t kMaxProbabilities = std::size_t{1} << 18, kMaxTokens = 65536;
constexpr int kMaxSampled = 4096, kPredictions = 3;

/// Copies the first `rows` of `total` rows of each layer of a [layers, total, columns] array.
template <class T>
void append_rows(std::vector<T>& out, const std::vector<T>& in, int layers, int total, int rows, int columns) {
  for (int layer = 0; layer < layers; ++layer) {
    const auto begin = in.begin() + std::ptrdiff_t{layer} * total * columns;
    out.insert(out.end(), begin, begin + std::ptrdiff_t{rows} * columns);
  }
}

double mean_of_present(const std::vector<double>& values) {
  double sum = 0;
  int n = 0;
  for (const double value : values)
    if (!std::isnan(value)) {
      sum += value;
      ++n;
    }
  return n > 0 ? sum / n : kAbsent;
}

/// Joins arrays [layers, T, columns] along T.
template <class T>
std::vector<T> join(const std::vector<std::vector<T>>& parts, int layers) {
  std::vector<T> out;
  for (int layer = 0; layer < layers; ++layer)
    for (const auto& part : parts) {
      const auto rows = static_cast<std::ptrdiff_t>(part.size()) / layers;
      out.insert(out.end(), part.begin() + layer * rows, part.begin() + (layer + 1) * rows);
    }
  return out;
}

std::int32_t choose(std::span<const float> logits, double temperature, const RandomStream& random,
                    std::uint64_t index) {
  const auto best = std::max_element(logits.begin(), logits.end());
  if (temperature == 0) return static_cast<std::int32_t>(best - logits.begin());
  std::vector<double> weights(logits.size());
  double sum = 0;
  for (std::size_t i = 0; i < logits.size(); ++i)
    sum += weights[i] = std::exp((static_cast<double>(logits[i]) - static_cast<double>(*best)) / temperature);
  double left = random.uniform(index) * sum;
  for (std::size_t i = 0; i < weights.size(); ++i)
    if ((left -= weights[i]) < 0) return static_cast<std::int32_t>(i);
  return static_cast<std::int32_t>(best - logits.begin());
}

}  // namespace

protocol::Trace to_protocol(const RoutingTrace& trace, std::span<const std::int32_t> tokens,
                            const data::Tokenizer& tokenizer, int limit, bool with_probabilities) {
  const int rows = std::min(limit, trace.tokens);
  protocol::Trace out;
  out.layers = trace.layers;
  out.experts = trace.experts;
  out.top_k = trace.top_k;
  for (int t = 0; t < rows; ++t) {
    out.ids.push_back(tokens[static_cast<std::size_t>(t)]);
    out.pieces.push_back(tokenizer.piece(out.ids.back()));
    out.token_loss.push_back(trace.loss[static_cast<std::size_t>(t)]);
  }
  out.loss = mean_of_present(out.token_loss);
  append_rows(out.experts_of, trace.experts_of, trace.layers, trace.tokens, rows, trace.top_k);
  append_rows(out.weights, trace.weights, trace.layers, trace.tokens, rows, trace.top_k);
  if (with_probabilities && trace.probabilities.size() <= kMaxProbabilities)
    append_rows(out.probabilities, trace.probabilities, trace.layers, trace.tokens, rows, trace.experts);
  const auto predicted = static_cast<std::size_t>(rows) * kPredictions;
  for (std::size_t i = 0; i < predicted; ++i) {
    const std::int32_t id = trace.predicted[i];
    // A text with fewer pieces than model.vocabulary leaves ids without one.
    out.predicted.push_back(id < tokenizer.vocabulary() ? tokenizer.piece(id) : std::string());
  }
  out.predicted_share.assign(trace.predicted_share.begin(),
                             trace.predicted_share.begin() + static_cast<std::ptrdiff_t>(predicted));
  return out;
}

protocol::Trace trace_tokens(const Trainer& trainer, const data::Tokenizer& tokenizer,
                             std::span<const std::int32_t> tokens) {
  if (tokens.empty() || tokens.size() > kMaxTokens)
    throw Error(ErrorKind::usage, "The text has " + std::to_string(tokens.size()) + " tokens", "text",
                "1 to " + std::to_string(kMaxTokens) + " tokens", "Give a text of that length");
  const auto context = static_cast<std::size_t>(trainer.config().model.context);
  const bool small = tokens.size() * static_cast<std::size_t>(trainer.config().model.experts) *
                         static_cast<std::size_t>(trainer.config().model.layers) <=
                     kMaxProbabilities;
  protocol::Trace out;
  std::vector<std::vector<std::int32_t>> experts;
  std::vector<std::vector<float>> weights, probabilities;
  for (std::size_t begin = 0; begin < tokens.size(); begin += context) {
    const auto piece = tokens.subspan(begin, std::min(context, tokens.size() - begin));
    protocol::Trace part =
        to_protocol(trainer.trace(piece, false), piece, tokenizer, static_cast<int>(piece.size()), small);
    experts.push_back(std::move(part.experts_of));
    weights.push_back(std::move(part.weights));
    probabilities.push_back(std::move(part.probabilities));
    out.layers = part.layers;
    out.experts = part.experts;
    out.top_k = part.top_k;
    const auto append = [](auto& to, auto& from) { to.insert(to.end(), from.begin(), from.end()); };
    append(out.ids, part.ids);
    append(out.pieces, part.pieces);
    append(out.token_loss, part.token_loss);
    append(out.predicted, part.predicted);
    append(out.predicted_share, part.predicted_share);
  }
  out.experts_of = join(experts, out.layers);
  out.weights = join(weights, out.layers);
  out.probabilities = join(probabilities, out.layers);
  out.loss = mean_of_present(out.token_loss);
  return out;
}

Sampled sample_text(const Trainer& trainer, const data::Tokenizer& tokenizer, const std::string& prompt, int count,
                    double temperature, std::uint64_t seed) {
  if (count < 1 || count > kMaxSampled)
    throw Error(ErrorKind::usage, "Cannot generate " + std::to_string(count) + " tokens", "tokens",
                "1 to " + std::to_string(kMaxSampled), "Ask for fewer tokens");
  if (!std::isfinite(temperature) || temperature < 0 || temperature > 100)
    throw Error(ErrorKind::usage, "The temperature is out of range", "temperature", "0 to 100",
                "Use 1, or 0 for the most probable text");
  std::vector<std::int32_t> ids = tokenizer.encode(prompt);
  if (ids.empty()) ids.push_back(tokenizer.bos());
  const auto context = static_cast<std::size_t>(trainer.config().model.context);
  const RandomStream random(seed, Purpose::sample);
  Sampled out;
  for (int i = 0; i < count; ++i) {
    const auto window = std::span(ids).last(std::min(context, ids.size()));
    const RoutingTrace trace = trainer.trace(window, true);
    const std::size_t vocabulary = trace.logits.size() / window.size();
    const auto last = std::span(trace.logits).last(vocabulary);
    const auto spoken = last.first(std::min(vocabulary, static_cast<std::size_t>(tokenizer.vocabulary())));
    ids.push_back(choose(spoken, temperature, random, static_cast<std::uint64_t>(i)));
    out.layers = trace.layers;
    out.top_k = trace.top_k;
    for (int layer = 0; layer < trace.layers; ++layer) {
      const auto row =
          trace.experts_of.begin() + (std::ptrdiff_t{layer} * trace.tokens + trace.tokens - 1) * trace.top_k;
      out.experts_of.insert(out.experts_of.end(), row, row + trace.top_k);
    }
    out.ids.push_back(ids.back());
    out.pieces.push_back(tokenizer.piece(ids.back()));
  }
  out.text = tokenizer.decode(out.ids);
  return out;
}

}  // namespace moe::train
