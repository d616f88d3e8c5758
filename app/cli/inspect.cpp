// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>

#include "app/cli/model_options.h"
#include "engine/core/error.h"
#include "engine/data/file_io.h"
#include "engine/data/text_reader.h"
#include "engine/protocol/messages.h"
#include "engine/train/session_trace.h"

namespace moe::cli {
namespace {

struct Options : ModelOptions {
  std::string text, file;
};

std::string read_text(const std::string& path) {
  data::TextReader reader(path);
  std::string text;
  while (reader.read(text))
    if (text.size() > (std::size_t{4} << 20))
      throw Error(ErrorKind::bad_input, "The file is too long to inspect", path, "4 MiB", "Give a part of it");
  if (text.empty())
    throw Error(ErrorKind::bad_input, "The file is empty", path, "at least one character", "Give a file with text");
  return text;
}

std::string visible(const std::string& piece) {
  std::string out;
  for (const char c : piece) out += c == ' ' ? "·" : c == '\n' ? "↵" : c == '\t' ? "⇥" : std::string(1, c);
  return out;
}

/// People read layers (by their place in the model) and experts counted from 1, as the studio names them; JSON counts
/// from 0.
std::string as_text(const protocol::Trace& trace, const std::vector<int>& layers) {
  std::string text = fmt::format("{} tokens, mean loss {:.4f}\n", trace.tokens(), trace.loss);
  for (int t = 0; t < trace.tokens(); ++t) {
    const double loss = trace.token_loss[static_cast<std::size_t>(t)];
    text += fmt::format("{:<16} {:>8}", visible(trace.pieces[static_cast<std::size_t>(t)]),
                        std::isnan(loss) ? "" : fmt::format("{:.4f}", loss));
    for (int l = 0; l < trace.layers; ++l) {
      text += ' ';
      for (int k = 0; k < trace.top_k; ++k) {
        const auto i = static_cast<std::size_t>(((std::int64_t{l} * trace.tokens()) + t) * trace.top_k + k);
        if (trace.experts_of[i] >= 0)
          text += fmt::format(" L{}·E{} {:.3f}", layers[static_cast<std::size_t>(l)] + 1, trace.experts_of[i] + 1,
                              trace.weights[i]);
      }
    }
    text += '\n';
  }
  return text;
}

int inspect(const Options& options) {
  const std::string text = options.file.empty() ? options.text : read_text(options.file);
  const train::LoadedModel model = options.load();
  const data::Tokenizer& tokenizer = model.text("inspect").tokenizer();
  const auto ids = tokenizer.encode(text);
  protocol::Trace trace = train::trace_tokens(*model.trainer, tokenizer, ids);
  trace.title = options.file.empty() ? "your text" : options.file;
  if (options.json) return print(protocol::to_json(trace)) ? 0 : 1;
  const std::int32_t first[] = {ids.front()};
  return print(as_text(trace, model.trainer->trace(first, false).layer_index)) ? 0 : 1;
}

}  // namespace

void add_inspect(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand(
      "inspect",
      "Every token of a text: its experts and weights in each layer, its loss. Text names layers and "
      "experts from 1 (L1·E1), as the studio does; --json counts from 0");
  auto options = std::make_shared<Options>();
  options->declare(*command);
  auto* source = command->add_option_group("text")->require_option(1);
  source->add_option("--text", options->text, "The text");
  source->add_option("--file", options->file, "A file with the text");
  command->callback([options, &program] { program.action = [options] { return inspect(*options); }; });
}

}  // namespace moe::cli
