// SPDX-License-Identifier: Apache-2.0
#include "engine/interop/hf_config.h"

#include <fmt/format.h>

namespace moe::interop {

std::string why_not_mixtral(const Config& config) {
  const ModelConfig& m = config.model;
  if (is_plane(config)) return "it is a model of points, not of text";
  if (!m.attention) return "its blocks have no attention";
  if (m.norm != "rms") return "its inputs are not normalised";
  if (m.experts == 1) return "the model is dense: model.experts is 1";
  if (m.shared_experts > 0) return fmt::format("it has {} shared experts", m.shared_experts);
  if (m.dense_every > 0 && m.dense_every <= m.layers)
    return fmt::format("every {}-th layer has a dense feed-forward", m.dense_every);
  if (m.dense_first > 0) return fmt::format("its first {} layers are dense", m.dense_first);
  if (m.activation != "swiglu") return "its experts are " + m.activation + ", Mixtral's are swiglu";
  if (config.router.policy != "softmax_top_k") return "its router is " + config.router.policy;
  if (config.router.top_k == 1)
    return "router.top_k is 1: the weight is the full softmax probability, where Mixtral's would always be 1";
  if (config.capacity.eval_factor > 0) return "it drops tokens in evaluation: capacity.eval_factor is not 0";
  if (!config.router.renormalise) return "the weights of the chosen experts are not renormalised";
  return {};
}

nlohmann::ordered_json mixtral_config(const Config& config) {
  if (const std::string reason = why_not_mixtral(config); !reason.empty())
    return {{"model_type", "moe_studio"}, {"not_representable_as", "mixtral"}, {"reason", reason}};
  const ModelConfig& m = config.model;
  // Hugging Face concatenates all layers and does not divide f by k: c_ours = c_hf · k / L.
  const double aux = config.balance.coefficient * m.layers / config.router.top_k;
  return {{"architectures", nlohmann::ordered_json::array({"MixtralForCausalLM"})},
          {"model_type", "mixtral"},
          {"vocab_size", m.vocabulary},
          {"hidden_size", m.width},
          {"intermediate_size", m.expert_width},
          {"num_hidden_layers", m.layers},
          {"num_attention_heads", m.heads},
          {"num_key_value_heads", m.kv_heads},
          {"head_dim", m.width / m.heads},
          {"num_local_experts", m.experts},
          {"num_experts_per_tok", config.router.top_k},
          {"hidden_act", "silu"},
          {"max_position_embeddings", m.context},
          {"rope_theta", m.rope_theta},
          {"rope_parameters", {{"rope_theta", m.rope_theta}, {"rope_type", "default"}}},
          {"rms_norm_eps", m.norm_eps},
          {"initializer_range", m.init_std},
          {"attention_dropout", 0.0},
          {"sliding_window", nullptr},
          {"router_aux_loss_coef", aux},
          {"router_jitter_noise", 0.0},
          {"output_router_logits", false},
          {"bos_token_id", 1},
          {"eos_token_id", 2},
          {"tie_word_embeddings", m.tied_head},
          {"use_cache", true},
          {"torch_dtype", config.train.precision == "f64" ? "float64" : "float32"}};
}

}  // namespace moe::interop
