// SPDX-License-Identifier: Apache-2.0
// Traces (token strips, `inspect`) and probes as JSON. Arrays are flat and row-major, as in messages.h; from_json
// checks that their lengths agree, so a reader may index without further checks.
#include "engine/protocol/json_fields.h"
#include "engine/protocol/messages.h"

namespace moe::protocol {
using namespace detail;

namespace {

std::size_t count_of(int value, const std::string& where) {
  if (value < 0) wrong_type(where, "a whole number that is not negative");
  return static_cast<std::size_t>(value);
}

// Empty, or exactly `expected` elements.
void expect_absent_or(std::size_t found, std::size_t expected, const std::string& where) {
  if (found != 0) expect_size(found, expected, where);
}

void check(const Trace& trace, const Fields& fields) {
  const std::size_t tokens = trace.pieces.size();
  const std::size_t layers = count_of(trace.layers, fields.where("layers"));
  const std::size_t chosen = layers * tokens * count_of(trace.top_k, fields.where("top_k"));
  const std::size_t all = layers * tokens * count_of(trace.experts, fields.where("experts"));
  expect_absent_or(trace.ids.size(), tokens, fields.where("ids"));
  expect_absent_or(trace.token_loss.size(), tokens, fields.where("token_loss"));
  expect_size(trace.experts_of.size(), chosen, fields.where("experts_of"));
  expect_size(trace.weights.size(), chosen, fields.where("weights"));
  expect_absent_or(trace.probabilities.size(), all, fields.where("probabilities"));
  expect_absent_or(trace.predicted.size(), tokens * 3, fields.where("predicted"));
  expect_size(trace.predicted_share.size(), trace.predicted.size(), fields.where("predicted_share"));
  for (const std::int32_t expert : trace.experts_of)
    if (expert < -1 || expert >= trace.experts)
      wrong_type(fields.where("experts_of"), "experts below `experts`, or -1");
}

void check(const ProbeReport& probe, const Fields& fields) {
  const std::size_t layers = count_of(probe.layers, fields.where("layers"));
  const std::size_t cells = layers * count_of(probe.experts, fields.where("experts"));
  expect_size(probe.counts.size(), cells * probe.domains.size(), fields.where("counts"));
  expect_absent_or(probe.information.size(), layers, fields.where("information"));
  expect_absent_or(probe.baseline.size(), layers, fields.where("baseline"));
  expect_absent_or(probe.seen.size(), cells, fields.where("seen"));
  expect_absent_or(probe.top_tokens.size(), cells, fields.where("top_tokens"));
  expect_absent_or(probe.fellows.size(), cells, fields.where("fellows"));
}

}  // namespace

// Found by argument-dependent lookup from detail::convert(vector).
static void convert(const Json& json, TopToken& out, const std::string& where) {
  Fields(json, where).read("piece", out.piece).read("count", out.count);
}
static void convert(const Json& json, Fellow& out, const std::string& where) {
  Fields(json, where).read("expert", out.expert).read("ratio", out.ratio);
}
static void convert(const Json& json, Trace& out, const std::string&) { out = trace_from_json(json); }

OrderedJson to_json(const Trace& trace) {
  return {{"title", trace.title},
          {"domain", trace.domain},
          {"document", trace.document},
          {"loss", number(trace.loss)},
          {"layers", trace.layers},
          {"experts", trace.experts},
          {"top_k", trace.top_k},
          {"pieces", trace.pieces},
          {"ids", trace.ids},
          {"token_loss", numbers(trace.token_loss)},
          {"experts_of", trace.experts_of},
          {"weights", numbers(trace.weights)},
          {"probabilities", numbers(trace.probabilities)},
          {"predicted", trace.predicted},
          {"predicted_share", numbers(trace.predicted_share)}};
}

Trace trace_from_json(const Json& json) {
  const Fields fields(json, "trace");
  Trace trace;
  fields.read("title", trace.title)
      .read("domain", trace.domain)
      .read("document", trace.document)
      .read("loss", trace.loss)
      .read("layers", trace.layers)
      .read("experts", trace.experts)
      .read("top_k", trace.top_k)
      .read("pieces", trace.pieces)
      .read("ids", trace.ids)
      .read("token_loss", trace.token_loss)
      .read("experts_of", trace.experts_of)
      .read("weights", trace.weights)
      .read("probabilities", trace.probabilities)
      .read("predicted", trace.predicted)
      .read("predicted_share", trace.predicted_share);
  check(trace, fields);
  return trace;
}

OrderedJson to_json(const ProbeReport& probe) {
  OrderedJson top_tokens = OrderedJson::array(), fellows = OrderedJson::array(), strips = OrderedJson::array();
  for (const auto& expert : probe.top_tokens) {
    OrderedJson list = OrderedJson::array();
    for (const TopToken& token : expert) list.push_back({{"piece", token.piece}, {"count", token.count}});
    top_tokens.push_back(std::move(list));
  }
  for (const auto& expert : probe.fellows) {
    OrderedJson list = OrderedJson::array();
    for (const Fellow& fellow : expert) list.push_back({{"expert", fellow.expert}, {"ratio", number(fellow.ratio)}});
    fellows.push_back(std::move(list));
  }
  for (const Trace& strip : probe.strips) strips.push_back(to_json(strip));
  return {{"step", probe.step},
          {"domains", probe.domains},
          {"layers", probe.layers},
          {"experts", probe.experts},
          {"tokens", probe.tokens},
          {"counts", probe.counts},
          {"information", numbers(probe.information)},
          {"baseline", numbers(probe.baseline)},
          {"shuffles", probe.shuffles},
          {"seen", probe.seen},
          {"top_tokens", std::move(top_tokens)},
          {"fellows", std::move(fellows)},
          {"strips", std::move(strips)}};
}

ProbeReport probe_from_json(const Json& json) {
  const Fields fields(json, "probe");
  ProbeReport probe;
  fields.read("step", probe.step)
      .read("domains", probe.domains)
      .read("layers", probe.layers)
      .read("experts", probe.experts)
      .read("tokens", probe.tokens)
      .read("counts", probe.counts)
      .read("information", probe.information)
      .read("baseline", probe.baseline)
      .read("shuffles", probe.shuffles)
      .read("seen", probe.seen)
      .read("top_tokens", probe.top_tokens)
      .read("fellows", probe.fellows)
      .read("strips", probe.strips);
  check(probe, fields);
  return probe;
}

}  // namespace moe::protocol
