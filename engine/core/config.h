// SPDX-License-Identifier: Apache-2.0
// Everything a run depends on besides its seed and edit log. Each field is declared once as a knob (knob.h).
#pragma once
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace moe {

struct ModelConfig {
  int layers = 4;
  int width = 128;                    // D
  int heads = 4;                      // width / heads = head dimension, even
  int kv_heads = 4;                   // divides heads
  int experts = 8;                    // E; 1 = dense
  int expert_width = 256;             // F
  int shared_experts = 0;             // always on, each of expert_width
  int dense_every = 0;                // every n-th layer has a dense feed-forward instead (0 = none)
  int dense_first = 0;                // so do the first n layers
  int dense_width = 512;              // hidden width of those
  std::string activation = "swiglu";  // swiglu | relu | gelu
  int vocabulary = 1024;              // V
  int context = 128;                  // S
  bool tied_head = false;
  double rope_theta = 10000.0;
  double norm_eps = 1e-5;
  double init_std = 0.02;
  bool attention = true;     // false: blocks are feed-forward only
  std::string norm = "rms";  // rms | none: before each half of a block
};

struct RouterConfig {
  std::string policy = "softmax_top_k";
  int top_k = 2;
  bool renormalise = true;  // k = 1 always uses the full-softmax probability
  // Four kinds of noise, training only; they add up.
  double noise = 0.0;          // Gaussian on the logits, standard deviation
  double uniform_noise = 0.0;  // uniform on the logits, half width
  double jitter = 0.0;         // router input × U[1 − ε, 1 + ε]
  bool learned_noise = true;   // Gaussian whose width the noisy top-k router learns
  double z_coefficient = 0.0;
  bool random_second = true;    // GShard keeps its second expert with probability 2·g₂
  int groups = 1;               // groups of experts, of which a sigmoid router uses only the best
  int group_top_k = 1;          // groups that a token may use
  double scale = 1.0;           // of a sigmoid router's normalised weights
  std::string hash = "random";  // random | balanced
  int slots_each = 1;           // of each expert in a soft mixture
};

struct BalanceConfig {
  double coefficient = 0.01;          // Megatron units: per layer, f divided by k, layers summed; 1.0 = balanced
  std::string scope = "micro_batch";  // micro_batch | sequence | global_batch: what f and P are taken over
  double importance = 0.0;            // coefficient of CV²(Σ_t gate weight)
  double load = 0.0;                  // coefficient of CV²(smooth load)
  double bias_step = 0.001;           // of the loss-free bias, after each step
};

struct CapacityConfig {
  double factor = 0.0;            // training: ceil(T·k/E·factor) tokens an expert; 0 = dropless
  double eval_factor = 0.0;       // the same in evaluation and probes
  std::string drop = "position";  // position | probability: who keeps a place
};

struct RemedyConfig {
  double random_fraction = 0.0;  // share of the tokens that are routed at random
  int min_tokens = 0;            // assignments that every expert gets in a micro-batch
  double idle_share = 0.0;       // share of the busy experts' mean gradient that an idle expert receives
  int revive_after = 0;          // steps of the window after which a dead expert is revived; 0 = never
};

struct OptimConfig {
  double lr = 1e-3;
  std::string schedule = "cosine";  // constant | linear | cosine
  int warmup = 100;                 // steps
  double min_lr_ratio = 0.1;
  double beta1 = 0.9, beta2 = 0.95, eps = 1e-8;
  double weight_decay = 0.1;  // decoupled; on matrices, not on norms
  double clip = 1.0;          // global norm; 0 = off
  int accumulation = 1;       // micro-batches per step
};

struct TrainConfig {
  std::int64_t steps = 2000;       // horizon of the schedule and of `train`
  int batch = 16;                  // rows per micro-batch
  std::string precision = "auto";  // auto | f32 | bf16 | f64
  std::string device = "auto";     // auto | cpu | cuda
  int threads = 0;                 // 0 = all cores
  int eval_every = 100;            // steps between held-out evaluations; 0 = never
  int eval_windows = 4;            // held-out windows per domain
  int probe_every = 50;            // steps between probes (specialization, token strips); 0 = never
  int checkpoint_every = 200;      // 0 = only at the end
  int keep_checkpoints = 2;        // the newest ones, besides every 10th
  std::string only = "all";        // all | router | experts: the parameters that steps change
};

struct DataConfig {
  std::string path;  // empty: the embedded generator
  double validation_fraction = 0.05;
  std::string task = "text";       // text | plane
  std::string points = "spirals";  // plane: a generated set, "drawing" or "file" (data.path)
  int count = 500;                 // plane: points that train
  double jitter = 0.02;            // plane: standard deviation of the noise
  int classes = 2;                 // plane, generated classes
  double detail = 0;               // plane: turns, cells, rings, waves; 0 = the set's own
  std::string target = "auto";     // plane, file: auto | label | value
};

struct Config {
  std::string preset;  // the preset it started from, for display
  std::uint64_t seed = 1;
  ModelConfig model;
  RouterConfig router;
  BalanceConfig balance;
  CapacityConfig capacity;
  RemedyConfig remedy;
  OptimConfig optim;
  TrainConfig train;
  DataConfig data;
};

/// Whether the tokens are points of the plane; then the context is one token and there is no vocabulary.
bool is_plane(const Config& config);
/// Tokens of one row of a batch: the context, or one point.
int positions_per_row(const Config& config);

/// Sets one key ("router.top_k") from a JSON value or from text ("2"), checked against the knob's type and range.
/// Throws Error(usage) with the key, the value and the range; unknown keys name the nearest known one.
void set_value(Config& config, const std::string& key, const nlohmann::json& value);
void set_text(Config& config, const std::string& key, const std::string& text);
nlohmann::json get_value(const Config& config, const std::string& key);
/// The value as set_text reads it back, exactly: the form of the edit log.
std::string get_text(const Config& config, const std::string& key);

/// Limits between fields: k <= E, heads divide the width, kv_heads divide heads ... Throws Error(usage).
void validate_fields(const Config& config);
/// Throws Error(resource) when training_bytes exceeds the memory of this machine (not asked of device "cuda").
void validate_memory(const Config& config);
/// Both.
void validate(const Config& config);

/// Parameters of the model; a double, so that absurd settings give a number rather than an overflow.
double parameter_count(const Config& config);
/// Lower bound of the memory of training: weights, gradients, two moments and the activations that backward needs.
double training_bytes(const Config& config);

/// Flat object of "preset" and every key with its value, in declaration order.
nlohmann::ordered_json to_json(const Config& config);
/// The reverse, each value checked by itself (not validate()); unknown keys are an Error(usage), missing ones keep
/// their default.
Config config_from_json(const nlohmann::json& json);

}  // namespace moe
