// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "app/cli/model_options.h"
#include "engine/train/session_trace.h"

namespace moe::cli {
namespace {

struct Options : ModelOptions {
  std::string prompt;
  int tokens = 64;
  double temperature = 0.8;
  std::uint64_t seed = 1;
  bool experts = false;
};

/// Layers and experts counted from 1, as the studio names them.
std::string expert_table(const train::Sampled& sampled, const std::vector<int>& layers) {
  std::string text = "\n";
  std::size_t i = 0;
  for (const std::string& piece : sampled.pieces) {
    text += fmt::format("{:<16}", Json(piece).dump(-1, ' ', false, Json::error_handler_t::replace));
    for (int layer = 0; layer < sampled.layers; ++layer) {
      text += ' ';
      for (int k = 0; k < sampled.top_k; ++k, ++i)
        if (sampled.experts_of[i] >= 0)
          text += fmt::format(" L{}·E{}", layers[static_cast<std::size_t>(layer)] + 1, sampled.experts_of[i] + 1);
    }
    text += '\n';
  }
  return text;
}

int sample(const Options& options) {
  const train::LoadedModel model = options.load();
  const train::Sampled sampled = train::sample_text(*model.trainer, model.text("sample").tokenizer(), options.prompt,
                                                    options.tokens, options.temperature, options.seed);
  if (options.json) {
    OrderedJson out = {
        {"prompt", options.prompt}, {"text", sampled.text}, {"ids", sampled.ids}, {"pieces", sampled.pieces}};
    if (options.experts) {
      OrderedJson tokens = OrderedJson::array();
      std::size_t i = 0;
      for (std::size_t t = 0; t < sampled.ids.size(); ++t) {
        OrderedJson layers = OrderedJson::array();
        for (int layer = 0; layer < sampled.layers; ++layer, i += static_cast<std::size_t>(sampled.top_k))
          layers.push_back(
              std::vector<std::int32_t>(sampled.experts_of.begin() + static_cast<std::ptrdiff_t>(i),
                                        sampled.experts_of.begin() + static_cast<std::ptrdiff_t>(i) + sampled.top_k));
        tokens.push_back(std::move(layers));
      }
      out["experts"] = std::move(tokens);
    }
    return print(out) ? 0 : 1;
  }
  std::string table;
  if (options.experts && !sampled.ids.empty()) {
    const std::int32_t first[] = {sampled.ids.front()};
    table = expert_table(sampled, model.trainer->trace(first, false).layer_index);
  }
  return print(options.prompt + sampled.text + '\n' + table) ? 0 : 1;
}

}  // namespace

void add_sample(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand("sample", "Generate text");
  auto options = std::make_shared<Options>();
  options->declare(*command);
  command->add_option("--prompt", options->prompt, "Text to go on from")->required();
  command->add_option("--tokens", options->tokens, "Tokens to generate")
      ->capture_default_str()
      ->check(CLI::Range(1, 4096));
  command->add_option("--temperature", options->temperature, "0 takes the most probable token")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 100.0));
  command->add_option("--seed", options->seed, "Another seed gives another text")->capture_default_str();
  command->add_flag(
      "--experts", options->experts,
      "Also show the experts that predicted each token, layer by layer, counted from 1 (L1·E1); --json counts "
      "from 0");
  command->callback([options, &program] { program.action = [options] { return sample(*options); }; });
}

}  // namespace moe::cli
