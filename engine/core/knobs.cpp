// SPDX-License-Identifier: Apache-2.0
// The table of all settings. A row binds a knob to its Config field; kind and default are read from that field.
#include <algorithm>
#include <utility>

#include "engine/core/knob_table.h"

namespace moe {
namespace {

using Field = FieldRef (*)(Config&);

template <auto Section, auto Member>
FieldRef at(Config& config) {
  return &((config.*Section).*Member);
}
template <auto Member>
FieldRef at(Config& config) {
  return &(config.*Member);
}

template <auto Member>
constexpr Field model = at<&Config::model, Member>;
template <auto Member>
constexpr Field router = at<&Config::router, Member>;
template <auto Member>
constexpr Field optim = at<&Config::optim, Member>;
template <auto Member>
constexpr Field train = at<&Config::train, Member>;

// Row of the table; the setters chain.
struct Row : Declaration {
  Row(KnobWhen when, Field f, const char* key, const char* label, const char* help) {
    field = f;
    knob.when = when;
    knob.key = key;
    knob.label = label;
    knob.help = help;
  }
  Row& range(double minimum, double maximum) {
    knob.minimum = knob.slider_minimum = minimum;
    knob.maximum = knob.slider_maximum = maximum;
    return *this;
  }
  Row& slider(double minimum, double maximum) {
    knob.slider_minimum = minimum;
    knob.slider_maximum = maximum;
    return *this;
  }
  Row& log_slider(double minimum, double maximum) {
    knob.log_scale = true;
    return slider(minimum, maximum);
  }
  Row& unit(const char* text) { return knob.unit = text, *this; }
  Row& source(const char* text) { return knob.source = text, *this; }
  Row& choices(std::vector<std::string> list) { return knob.choices = std::move(list), *this; }
  Row& advanced() { return knob.advanced = true, *this; }
};

Row live(Field f, const char* key, const char* label, const char* help) {
  return {KnobWhen::live, f, key, label, help};
}
Row fixed(Field f, const char* key, const char* label, const char* help) {
  return {KnobWhen::new_run, f, key, label, help};
}

std::vector<Row> routing() {
  return {
      live(router<&RouterConfig::top_k>, "router.top_k", "Top-k", "Experts that each token visits in every MoE layer.")
          .range(1, 4096)
          .slider(1, 16)
          .unit("experts")
          .source("Shazeer et al. 2017, arXiv:1701.06538"),
      live(router<&RouterConfig::noise>, "router.noise", "Noise",
           "Standard deviation of the Gaussian added to the router's logits while training, so that tokens try other "
           "experts.")
          .range(0, 100)
          .log_slider(0.01, 10)
          .source("s + N(0, σ²); Riquelme et al. 2021, arXiv:2106.05974"),
      live(at<&Config::balance, &BalanceConfig::coefficient>, "balance.coefficient", "Balance",
           "Weight of the loss that pulls the experts towards equal load; 0 lets them drift apart.")
          .range(0, 100)
          .log_slider(1e-4, 1)
          .source("c · E · Σᵢ fᵢPᵢ per layer with f ÷ k, layers summed; Fedus et al. 2021, arXiv:2101.03961"),
      live(router<&RouterConfig::z_coefficient>, "router.z_coefficient", "z-loss",
           "Weight of the loss that keeps the router's logits small.")
          .range(0, 10)
          .log_slider(1e-5, 0.1)
          .source("c · mean (log Σᵢ exp sᵢ)²; Zoph et al. 2022, arXiv:2202.08906"),
      live(router<&RouterConfig::policy>, "router.policy", "Router", "How tokens are assigned to experts.")
          .choices({"softmax_top_k"}),
      live(router<&RouterConfig::renormalise>, "router.renormalise", "Renormalise",
           "Scale the weights of the chosen experts to sum to one; with top-k 1 the weight is always the full softmax "
           "probability.")
          .source("Jiang et al. 2024, arXiv:2401.04088"),
  };
}

std::vector<Row> optimiser() {
  return {
      live(optim<&OptimConfig::lr>, "optim.lr", "Learning rate", "Step size of AdamW at the top of the schedule.")
          .range(1e-9, 1)
          .log_slider(1e-5, 0.1)
          .source("Loshchilov & Hutter 2019, arXiv:1711.05101"),
      live(optim<&OptimConfig::schedule>, "optim.schedule", "Schedule",
           "How the learning rate falls between warm-up and the last step.")
          .choices({"constant", "linear", "cosine"})
          .source("cosine: Loshchilov & Hutter 2017, arXiv:1608.03983"),
      live(optim<&OptimConfig::warmup>, "optim.warmup", "Warm-up",
           "Steps over which the learning rate rises from zero.")
          .range(0, 1e9)
          .slider(0, 2000)
          .unit("steps"),
      live(optim<&OptimConfig::min_lr_ratio>, "optim.min_lr_ratio", "Final rate",
           "Learning rate at the last step as a share of its top.")
          .range(0, 1)
          .advanced(),
      live(optim<&OptimConfig::clip>, "optim.clip", "Clip",
           "Largest global norm of the gradient; 0 turns clipping off.")
          .range(0, 1e6)
          .log_slider(0.01, 100)
          .source("Pascanu et al. 2013, arXiv:1211.5063"),
      live(optim<&OptimConfig::weight_decay>, "optim.weight_decay", "Weight decay",
           "Decoupled shrinking of the weight matrices; norms are left alone.")
          .range(0, 10)
          .log_slider(1e-3, 1)
          .source("w ← w − lr · λ · w; arXiv:1711.05101"),
      live(optim<&OptimConfig::beta1>, "optim.beta1", "Beta 1", "Decay of the running mean of the gradient.")
          .range(0, 0.9999)
          .slider(0.5, 0.99)
          .source("Kingma & Ba 2015, arXiv:1412.6980")
          .advanced(),
      live(optim<&OptimConfig::beta2>, "optim.beta2", "Beta 2", "Decay of the running mean of the squared gradient.")
          .range(0, 0.999999)
          .slider(0.8, 0.9999)
          .source("arXiv:1412.6980")
          .advanced(),
      live(optim<&OptimConfig::eps>, "optim.eps", "Epsilon", "Added to the root of the second moment in AdamW.")
          .range(1e-15, 0.1)
          .log_slider(1e-10, 1e-4)
          .source("arXiv:1412.6980")
          .advanced(),
      live(optim<&OptimConfig::accumulation>, "optim.accumulation", "Accumulation",
           "Micro-batches whose gradients are added up before one optimiser step.")
          .range(1, 65536)
          .slider(1, 32)
          .unit("batches")
          .advanced(),
  };
}

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

std::vector<Row> training() {
  return {
      live(train<&TrainConfig::steps>, "train.steps", "Steps",
           "Last step of the training and of the learning-rate schedule.")
          .range(1, 1e12)
          .log_slider(10, 1e6)
          .unit("steps"),
      fixed(train<&TrainConfig::batch>, "train.batch", "Batch", "Sequences in one micro-batch.")
          .range(1, 65536)
          .slider(1, 256)
          .unit("sequences"),
      fixed(at<&Config::seed>, "seed", "Seed",
            "Start of all randomness: the same seed gives the same run, bit for bit.")
          .range(0, 9007199254740991.0)
          .slider(0, 1000),  // 2^53 − 1: exact in every JSON reader
      fixed(train<&TrainConfig::precision>, "train.precision", "Precision",
            "Numbers the matrix products are computed in; master weights and router stay float32.")
          .choices({"auto", "f32", "bf16", "f64"})
          .advanced(),
      fixed(train<&TrainConfig::device>, "train.device", "Device", "Where the model is trained.")
          .choices({"auto", "cpu", "cuda"})
          .advanced(),
      fixed(train<&TrainConfig::threads>, "train.threads", "Threads",
            "CPU threads; 0 uses all cores, and the numbers are the same.")
          .range(0, 1024)
          .slider(0, 64)
          .advanced(),
  };
}

std::vector<Row> cadence() {
  return {
      live(train<&TrainConfig::eval_every>, "train.eval_every", "Evaluate every",
           "Steps between measurements of the held-out loss; 0 means never.")
          .range(0, 1e9)
          .slider(0, 1000)
          .unit("steps")
          .advanced(),
      live(train<&TrainConfig::eval_windows>, "train.eval_windows", "Evaluation windows",
           "Held-out windows measured in each domain.")
          .range(1, 65536)
          .slider(1, 64)
          .unit("windows")
          .advanced(),
      live(train<&TrainConfig::probe_every>, "train.probe_every", "Probe every",
           "Steps between the probes behind specialization and token strips; 0 means never.")
          .range(0, 1e9)
          .slider(0, 1000)
          .unit("steps")
          .advanced(),
      live(train<&TrainConfig::checkpoint_every>, "train.checkpoint_every", "Save every",
           "Steps between checkpoints; 0 saves only at the end.")
          .range(0, 1e9)
          .slider(0, 2000)
          .unit("steps")
          .advanced(),
      live(train<&TrainConfig::keep_checkpoints>, "train.keep_checkpoints", "Keep checkpoints",
           "Newest checkpoints that are kept, besides every tenth.")
          .range(2, 1e6)
          .slider(2, 20)
          .unit("checkpoints")
          .advanced(),
  };
}

std::vector<Row> data() {
  return {
      fixed(at<&Config::data, &DataConfig::path>, "data.path", "Corpus",
            "File or folder of text, its first folder level naming the domain; empty uses the built-in generator."),
      fixed(at<&Config::data, &DataConfig::validation_fraction>, "data.validation_fraction", "Held out",
            "Share of the documents that is kept from training and measures the held-out loss.")
          .range(0.001, 0.5)
          .slider(0.01, 0.3)
          .advanced(),
  };
}

KnobKind kind_of(const FieldRef& field, bool has_choices) {
  if (std::holds_alternative<double*>(field)) return KnobKind::real;
  if (std::holds_alternative<bool*>(field)) return KnobKind::boolean;
  if (std::holds_alternative<std::string*>(field)) return has_choices ? KnobKind::choice : KnobKind::text;
  return KnobKind::integer;
}

std::vector<Declaration> assemble() {
  std::vector<Declaration> all;
  Config defaults;
  const auto add = [&](const char* group, std::vector<Row> rows) {
    for (auto& row : rows) {
      const FieldRef field = row.field(defaults);
      row.knob.group = group;
      row.knob.kind = kind_of(field, !row.knob.choices.empty());
      row.knob.fallback = field_value(field);
      all.push_back(std::move(row));
    }
  };
  add("Routing", routing());
  add("Optimiser", optimiser());
  add("Model", model_sizes());
  add("Model", model_details());
  add("Training", training());
  add("Training", cadence());
  add("Data", data());
  for (auto& row : plane_declarations()) {
    const FieldRef field = row.field(defaults);
    row.knob.kind = kind_of(field, !row.knob.choices.empty());
    row.knob.fallback = field_value(field);
    all.push_back(std::move(row));
  }
  mark_tasks(all);
  return all;
}

}  // namespace

const std::vector<Declaration>& declarations() {
  static const std::vector<Declaration> all = assemble();
  return all;
}

const Declaration* find_declaration(const std::string& key) {
  const auto& all = declarations();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Declaration& d) { return d.knob.key == key; });
  return found == all.end() ? nullptr : &*found;
}

nlohmann::json field_value(const FieldRef& field) {
  return std::visit([](auto* value) { return nlohmann::json(*value); }, field);
}

}  // namespace moe
