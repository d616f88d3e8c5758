// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <charconv>
#include <iterator>

#include "app/cli/model_options.h"
#include "engine/core/error.h"
#include "engine/core/printable.h"

namespace moe::cli {
namespace {

struct Options : ModelOptions {
  std::string tokens;
};

std::vector<std::int32_t> parse_tokens(const std::string& text) {
  std::vector<std::int32_t> ids;
  const char* at = text.data();
  const char* end = at + text.size();
  while (at != end) {
    std::int32_t id = -1;
    const auto parsed = std::from_chars(at, end, id);
    if (parsed.ec != std::errc() || id < 0 || (parsed.ptr != end && (*parsed.ptr != ',' || parsed.ptr + 1 == end)))
      throw Error(ErrorKind::usage, printable(text) + " is not a list of token ids", "--tokens",
                  "whole numbers with commas", "Write --tokens 1,2,3");
    ids.push_back(id);
    at = parsed.ptr == end ? end : parsed.ptr + 1;
  }
  return ids;
}

// Rows of numbers, written by hand: a million of them through a JSON tree would take long.
void append_row(std::string& out, std::span<const float> row, const char* separator) {
  for (std::size_t i = 0; i < row.size(); ++i)
    fmt::format_to(std::back_inserter(out), "{}{}", i ? separator : "", row[i]);
}

int logits(const Options& options) {
  const auto ids = parse_tokens(options.tokens);
  const train::LoadedModel model = options.load("f32");
  model.text("logits");
  for (const std::int32_t id : ids)
    if (id >= model.trainer->config().model.vocabulary)
      throw Error(ErrorKind::usage, "Token id " + std::to_string(id) + " is outside the vocabulary", "--tokens",
                  "0 to " + std::to_string(model.trainer->config().model.vocabulary - 1),
                  "Use ids of this run's tokenizer");
  const train::RoutingTrace trace = model.trainer->trace(ids, true);
  const std::size_t vocabulary = trace.logits.size() / ids.size();
  std::string out;
  if (options.json)
    out = fmt::format("{{\"step\":{},\"vocabulary\":{},\"tokens\":[{}],\"logits\":[", model.trainer->step_count(),
                      vocabulary, fmt::join(ids, ","));
  for (std::size_t t = 0; t < ids.size(); ++t) {
    const auto row = std::span(trace.logits).subspan(t * vocabulary, vocabulary);
    if (options.json) out += t ? ",[" : "[";
    append_row(out, row, options.json ? "," : " ");
    out += options.json ? "]" : "\n";
  }
  if (options.json) out += "]}\n";
  return print(out) ? 0 : 1;
}

}  // namespace

void add_logits(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand("logits", "float32 logits of each position");
  auto options = std::make_shared<Options>();
  options->declare(*command);
  command->add_option("--tokens", options->tokens, "Token ids: 1,2,3")->required();
  command->callback([options, &program] { program.action = [options] { return logits(*options); }; });
}

}  // namespace moe::cli
