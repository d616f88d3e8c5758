// SPDX-License-Identifier: Apache-2.0
#include "engine/core/knob_rows.h"

namespace moe::knob_rows {
namespace {

std::vector<Row> model_sizes() {
  return {
      fixed(model<&ModelConfig::experts>, "model.experts", "Experts",
            "Experts in every MoE layer; 1 makes the model dense.")
          .range(1, 4096)
          .slider(1, 128),
      fixed(model<&ModelConfig::layers>, "model.layers", "Layers", "Transformer blocks, one above the other.")
          .range(1, 512)
          .slider(1, 48),
      fixed(model<&ModelConfig::width>, "model.width", "Width", "Numbers that describe one token between the layers.")
          .range(2, 65536)
          .slider(16, 2048),
      fixed(model<&ModelConfig::expert_width>, "model.expert_width", "Expert width", "Hidden units of one expert.")
          .range(1, 262144)
          .slider(16, 8192),
      fixed(model<&ModelConfig::vocabulary>, "model.vocabulary", "Vocabulary",
            "Entries of the tokenizer; at least the 256 bytes, the special tokens and a few pieces.")
          .range(300, 1048576)
          .slider(300, 32768)
          .unit("tokens")
          .source("byte-fallback BPE; Kudo & Richardson 2018, arXiv:1808.06226"),
      fixed(model<&ModelConfig::context>, "model.context", "Context", "Tokens the model looks back on.")
          .range(8, 131072)
          .slider(16, 4096)
          .unit("tokens"),
      fixed(model<&ModelConfig::heads>, "model.heads", "Heads", "Attention heads; they share the width evenly.")
          .range(1, 1024)
          .slider(1, 32),
  };
}

std::vector<Row> model_details() {
  return {
      fixed(model<&ModelConfig::kv_heads>, "model.kv_heads", "KV heads",
            "Heads of keys and values; fewer than the heads means grouped-query attention.")
          .range(1, 1024)
          .slider(1, 32)
          .source("Ainslie et al. 2023, arXiv:2305.13245")
          .advanced(),
      fixed(model<&ModelConfig::shared_experts>, "model.shared_experts", "Shared experts",
            "Experts that every token visits besides its chosen ones.")
          .range(0, 64)
          .slider(0, 4)
          .source("Dai et al. 2024, arXiv:2401.06066")
          .advanced(),
      fixed(model<&ModelConfig::dense_every>, "model.dense_every", "Dense every",
            "Every n-th layer has one dense feed-forward in place of experts; 0 means none.")
          .range(0, 512)
          .slider(0, 8)
          .unit("layers")
          .advanced(),
      fixed(model<&ModelConfig::dense_first>, "model.dense_first", "Dense first",
            "The first n layers have one dense feed-forward in place of experts.")
          .range(0, 511)
          .slider(0, 4)
          .unit("layers")
          .source("DeepSeek-AI 2024, arXiv:2412.19437")
          .advanced(),
      fixed(model<&ModelConfig::dense_width>, "model.dense_width", "Dense width",
            "Hidden units of a dense feed-forward layer.")
          .range(1, 1048576)
          .slider(16, 16384)
          .advanced(),
      fixed(model<&ModelConfig::activation>, "model.activation", "Activation", "Non-linearity inside the experts.")
          .choices({"swiglu", "relu", "gelu"})
          .source("SwiGLU: Shazeer 2020, arXiv:2002.05202")
          .advanced(),
      fixed(model<&ModelConfig::tied_head>, "model.tied_head", "Tied head",
            "Use the embedding table as the output layer too.")
          .source("Press & Wolf 2017, arXiv:1608.05859")
          .advanced(),
      fixed(model<&ModelConfig::rope_theta>, "model.rope_theta", "RoPE base",
            "Base of the wavelengths of the rotary positions.")
          .range(1, 1e9)
          .log_slider(100, 1e7)
          .source("Su et al. 2021, arXiv:2104.09864")
          .advanced(),
      fixed(model<&ModelConfig::norm_eps>, "model.norm_eps", "Norm epsilon", "Added to the mean square in RMSNorm.")
          .range(1e-12, 0.1)
          .log_slider(1e-8, 1e-3)
          .source("Zhang & Sennrich 2019, arXiv:1910.07467")
          .advanced(),
      fixed(model<&ModelConfig::init_std>, "model.init_std", "Init spread",
            "Standard deviation of the initial weights.")
          .range(1e-6, 10)
          .log_slider(1e-3, 0.1)
          .advanced(),
  };
}

}  // namespace

std::vector<Row> model_rows() {
  std::vector<Row> rows = model_sizes();
  for (auto& row : model_details()) rows.push_back(std::move(row));
  return rows;
}

}  // namespace moe::knob_rows
