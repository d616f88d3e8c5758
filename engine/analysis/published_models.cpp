// SPDX-License-Identifier: Apache-2.0
#include "engine/analysis/published_models.h"

#include "engine/core/error.h"
#include "engine/core/nearest.h"
#include "engine/core/printable.h"

namespace moe::analysis {
namespace {

using enum Quantity;

Mixer attention(std::int64_t heads, std::int64_t head_dim, bool causal = true) {
  return {.heads = heads, .kv_heads = heads, .head_dim = head_dim, .causal = causal};
}

// Noisy top-k gating between two LSTMs; the largest model of the one-billion-word experiments with a public table.
PublishedModel shazeer_2017() {
  const Mixer lstm{.kind = Mixer::Kind::lstm};
  PublishedModel m{.name = "shazeer-2017",
                   .title = "MoE-4096-h",
                   .paper = "arXiv:1701.06538",
                   .year = "2017",
                   .summary = "A language model of two LSTMs with one hierarchical MoE layer between them."};
  m.architecture = {.width = 512,
                    .groups = {{.mixer = lstm,
                                .feed_forward = {.width = 1024,
                                                 .experts = 4096,
                                                 .top_k = 4,
                                                 .router_matrices = 2,  // scores and the scale of their noise
                                                 .groups = 16,
                                                 .groups_per_token = 2}},
                               {.mixer = lstm}},
                    .input_vocabulary = 793471,
                    .output_vocabulary = 793471,
                    .norms = false};
  m.sequence = {.decoder = 20};
  m.sequence_note = "an LSTM costs the same at every length";
  const std::string table = "arXiv:1701.06538, table 7";
  m.figures = {{parameters, 5.1e9, "5.1 B", table, {}},
               {parameters_of_layers, 4303.4e6, "4,303.4 M", table, {}},
               {layer_multiply_adds, 8.9e6, "8.9 M", table, {}}};
  m.notes = {"Two of 16 groups, and two of 256 experts in each: four experts per token (appendix B).",
             "Operations per time step are multiply-adds without the softmax, as the paper counts them."};
  return m;
}

PublishedModel gshard() {
  const FeedForward dense{.width = 8192}, sparse{.width = 8192, .experts = 2048, .top_k = 2};
  const Mixer reads = attention(16, 128, false), writes = attention(16, 128);
  PublishedModel m{.name = "gshard",
                   .title = "GShard MoE(2048E, 36L)",
                   .paper = "arXiv:2006.16668",
                   .year = "2020",
                   .summary = "A translation model, encoder and decoder, with MoE in every other layer."};
  m.architecture = {.width = 1024,
                    .groups = {{.stack = Stack::encoder, .layers = 9, .mixer = reads, .feed_forward = dense},
                               {.stack = Stack::encoder, .layers = 9, .mixer = reads, .feed_forward = sparse},
                               {.layers = 9, .mixer = writes, .cross = reads, .feed_forward = dense},
                               {.layers = 9, .mixer = writes, .cross = reads, .feed_forward = sparse}},
                    .input_vocabulary = 64000 + 32000,  // source and target
                    .output_vocabulary = 32000};
  m.sequence = {.decoder = 128, .encoder = 128};
  m.sequence_note = "128 read and 128 written; the paper names no length, and at this size it hardly matters";
  m.figures = {
      {parameters, 600e9, "600 B", "arXiv:2006.16668, table 1",
       "Eighteen MoE layers of 2,048 experts (2 × 1,024 × 8,192 each, appendix A.2) are 618.5 B by themselves. The "
       "abstract says “beyond 600 billion”, and every size of table 1 is about 3 % below its own count of experts: the "
       "figures are rounded down."}};
  m.notes = {"36 layers are 18 of the encoder and 18 of the decoder; the 12-layer models are 6 and 6 (section 4.4)."};
  return m;
}

PublishedModel switch_c() {
  const FeedForward sparse{.width = 6144, .experts = 2048, .top_k = 1};
  const Mixer reads = attention(32, 64, false), writes = attention(32, 64);
  PublishedModel m{.name = "switch",
                   .title = "Switch-C",
                   .paper = "arXiv:2101.03961",
                   .year = "2021",
                   .summary = "T5's encoder and decoder with one of 2,048 experts per token in every layer."};
  m.architecture = {.width = 2080,
                    .groups = {{.stack = Stack::encoder, .layers = 15, .mixer = reads, .feed_forward = sparse},
                               {.layers = 15, .mixer = writes, .cross = reads, .feed_forward = sparse}},
                    .input_vocabulary = 32128,
                    .output_vocabulary = 32128,
                    .position_parameters = std::int64_t{2} * 32 * 32};  // 32 distances for 32 heads, once per stack
  m.sequence = {.decoder = 114, .encoder = 512};
  m.sequence_note = "512 read and 114 written, as T5 is trained";
  const std::string table = "arXiv:2101.03961, table 9";
  m.figures = {
      {parameters, 1571e9, "1,571 B", table, {}},
      {parameters, 1.6e12, "1.6 T", "arXiv:2101.03961, abstract", {}},
      {sequence_flops, 890e9, "890 B per sequence", table,
       "The paper does not say what it counts. It gives T5-Base and Switch-Base the same figure, so the router "
       "is not in it; our count has the router (80 B) and projects the keys and values of cross attention once "
       "per token read (131 B)."}};
  m.notes = {"The checkpoint released later has 30 heads in place of table 9's 32, a difference of 0.003 %."};
  return m;
}

// The decoder of GLaM, which expert choice uses as well: GLU in the dense layers, plain experts in every other one.
Architecture glam_decoder(std::int64_t width, std::int64_t layers, std::int64_t hidden, std::int64_t heads) {
  const Mixer mixer = attention(heads, 128);
  return {
      .width = width,
      .groups = {{.layers = layers / 2, .mixer = mixer, .feed_forward = {.width = hidden, .gated = true}},
                 {.layers = layers / 2, .mixer = mixer, .feed_forward = {.width = hidden, .experts = 64, .top_k = 2}}},
      .input_vocabulary = 256000,
      .output_vocabulary = 256000,
      .tied_head = true,
      .position_parameters = layers * 32 * heads};  // 32 distances for each head of every layer
}

PublishedModel glam() {
  PublishedModel m{.name = "glam",
                   .title = "GLaM 64B/64E",
                   .paper = "arXiv:2112.06905",
                   .year = "2021",
                   .summary = "A decoder with two of 64 experts per token in every other layer."};
  m.architecture = glam_decoder(8192, 64, 32768, 128);
  m.sequence = {.decoder = 1024};
  m.sequence_note = "1,024 tokens, as trained";
  const std::string table = "arXiv:2112.06905, table 4";
  m.figures = {
      {parameters, 1.2e12, "1.2 T", table,
       "The figure is printed with two digits: the dimensions of table 4 give 1.16 T, which rounds to it."},
      {active_parameters, 96.6e9, "96.6 B", table, {}},
      {forward_flops, 180e9, "180 G", "arXiv:2112.06905, table 1",
       "The paper's own 96.6 B active parameters are 193 G multiplications and additions; it does not say what the "
       "180 G leave out."}};
  m.notes = {"The dense layers have a gated feed-forward part, the experts do not (section 4)."};
  return m;
}

PublishedModel expert_choice() {
  PublishedModel m{
      .name = "expert-choice",
      .title = "Expert choice 8B/64E",
      .paper = "arXiv:2202.09368",
      .year = "2022",
      .summary = "GLaM's decoder at 8 B, where each expert takes its tokens: two experts per token on average."};
  m.architecture = glam_decoder(4096, 32, 16384, 32);
  m.sequence = {.decoder = 1024};
  m.sequence_note = "1,024 tokens, as trained";
  const std::string table = "arXiv:2202.09368, table 1";
  m.figures = {{parameters, 143e9, "143 B", table, {}}, {active_of_layers, 9.8e9, "9.8 B", table, {}}};
  m.notes = {"A token gets between none and many experts; “active” is the mean at capacity factor 2."};
  return m;
}

PublishedModel mixtral() {
  PublishedModel m{.name = "mixtral",
                   .title = "Mixtral 8x7B",
                   .paper = "arXiv:2401.04088",
                   .year = "2024",
                   .summary = "A decoder with two of eight gated experts per token in every layer."};
  m.architecture = {.width = 4096,
                    .groups = {{.layers = 32,
                                .mixer = {.heads = 32, .kv_heads = 8, .head_dim = 128},
                                .feed_forward = {.width = 14336, .gated = true, .experts = 8, .top_k = 2}}},
                    .input_vocabulary = 32000,
                    .output_vocabulary = 32000};
  m.sequence = {.decoder = 32768};
  m.sequence_note = "32,768 tokens, its context";
  const std::string announcement = "mistral.ai, announcement of 11 December 2023";
  m.figures = {{parameters, 46.7e9, "46.7 B", announcement, {}},
               {parameters, 47e9, "47 B", "arXiv:2401.04088, section 1", {}},
               {active_parameters, 12.9e9, "12.9 B", announcement, {}},
               {active_parameters, 13e9, "13 B", "arXiv:2401.04088, section 1", {}}};
  return m;
}

PublishedModel olmoe() {
  PublishedModel m{.name = "olmoe",
                   .title = "OLMoE-1B-7B",
                   .paper = "arXiv:2409.02060",
                   .year = "2024",
                   .summary = "A decoder with eight of 64 small experts per token in every layer, without dropping."};
  Mixer mixer = attention(16, 128);
  mixer.norm_gains = std::int64_t{2} * 2048;  // of queries and keys, before the split into heads
  m.architecture = {.width = 2048,
                    .groups = {{.layers = 16,
                                .mixer = mixer,
                                .feed_forward = {.width = 1024, .gated = true, .experts = 64, .top_k = 8}}},
                    .input_vocabulary = 50304,
                    .output_vocabulary = 50304};
  m.sequence = {.decoder = 4096};
  m.sequence_note = "4,096 tokens, as trained";
  const std::string section = "arXiv:2409.02060, section 2";
  m.figures = {{parameters, 6.9e9, "6.9 B", section, {}}, {active_parameters, 1.3e9, "1.3 B", section, {}}};
  return m;
}

PublishedModel deepseek_v3() {
  const Mixer mixer{.kind = Mixer::Kind::latent,
                    .heads = 128,
                    .head_dim = 128,
                    .query_rank = 1536,
                    .kv_rank = 512,
                    .rope_dim = 64,
                    .norm_gains = 1536 + 512};
  PublishedModel m{.name = "deepseek-v3",
                   .title = "DeepSeek-V3",
                   .paper = "arXiv:2412.19437",
                   .year = "2024",
                   .summary =
                       "A decoder with latent attention; eight of 256 fine experts and a shared one per token, the "
                       "first three layers dense."};
  m.architecture = {
      .width = 7168,
      .groups = {{.layers = 3, .mixer = mixer, .feed_forward = {.width = 18432, .gated = true}},
                 {.layers = 58,
                  .mixer = mixer,
                  .feed_forward =
                      {.width = 2048, .gated = true, .experts = 256, .top_k = 8, .shared = 1, .router_bias = true}}},
      .input_vocabulary = 129280,
      .output_vocabulary = 129280};
  m.sequence = {.decoder = 4096};
  m.sequence_note = "4,096 tokens, as pre-trained";
  const std::string hardware = "arXiv:2505.09343, tables 1 and 2";
  m.figures = {{parameters, 671e9, "671 B", "arXiv:2412.19437, abstract", {}},
               {active_parameters, 37e9, "37 B", "arXiv:2412.19437, abstract", {}},
               {active_without_lookup, 36.6e9, "36.6 B", "README_WEIGHTS.md of the released model", {}},
               {training_flops, 250e9, "250 G", hardware, {}},
               {cache_bytes, 70272, "70.272 kB", hardware, {}}};
  m.notes = {
      "Without the module for multi-token prediction, which the published 671 B leave out as well; it is 11.5 B "
      "more."};
  return m;
}

}  // namespace

const std::vector<PublishedModel>& published_models() {
  static const std::vector<PublishedModel> all{shazeer_2017(),  gshard(),  switch_c(), glam(),
                                               expert_choice(), mixtral(), olmoe(),    deepseek_v3()};
  return all;
}

const PublishedModel& find_published(const std::string& name) {
  std::vector<std::string> known;
  std::string list;
  for (const PublishedModel& model : published_models()) {
    if (model.name == name) return model;
    known.push_back(model.name);
    list += (list.empty() ? "" : ", ") + model.name;
  }
  throw Error(ErrorKind::usage, "There is no sheet named " + printable(name), "name", "known: " + list,
              "Did you mean " + nearest_word(name, known) + "?");
}

}  // namespace moe::analysis
