// SPDX-License-Identifier: Apache-2.0
// The shape of a network as a value: groups of equal layers, each a mixer of positions and a feed-forward part.
// Parameters, arithmetic and memory follow from it by one set of formulas, for our own models and for published ones.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/core/config.h"

namespace moe {

/// How positions exchange information. Matrices only; biases are left out. Attention of no heads is none.
///  attention  q[D, H·C], k and v[D, G·C], o[H·C, D]; H heads, G KV heads, C numbers per head
///  latent     multi-head latent attention of DeepSeek-V2 (arXiv:2405.04434): q through a low rank, k and v through a
///             shared one, and one rotated key of rope_dim numbers for all heads
///  lstm       eight matrices [D, D]
struct Mixer {
  enum class Kind { attention, latent, lstm };
  Kind kind = Kind::attention;
  std::int64_t heads = 0, kv_heads = 0, head_dim = 0;      // latent: head_dim without the rotated part
  std::int64_t query_rank = 0, kv_rank = 0, rope_dim = 0;  // latent
  std::int64_t norm_gains = 0;                             // norms inside: of queries and keys, of the low ranks
  bool causal = true;                                      // a position sees itself and those before it
};

/// Two matrices [D, F], [F, D], or three when gated; copied for each expert.
struct FeedForward {
  std::int64_t width = 0;  // F, hidden units of the dense layer or of one expert
  bool gated = false;
  std::int64_t experts = 0;  // E; 0 = dense, and a layer with neither width nor experts has no feed-forward part
  std::int64_t top_k = 0;    // experts that one token visits
  std::int64_t shared = 0;   // experts that every token visits besides them
  // Router: `router_matrices` of [D, E] (2 with learned noise). With groups (Shazeer 2017, appendix B): one router over
  // the groups and one inside each, of which a token asks those of its `groups_per_token` groups.
  std::int64_t router_matrices = 1, groups = 0, groups_per_token = 0;
  bool router_bias = false;  // one number per expert
};

enum class Stack { decoder, encoder };

struct LayerGroup {
  Stack stack = Stack::decoder;
  std::int64_t layers = 1;
  Mixer mixer = {};
  std::optional<Mixer> cross = {};  // attention of the decoder over the encoder's output
  FeedForward feed_forward = {};
};

struct Architecture {
  std::int64_t width = 0;  // D
  std::vector<LayerGroup> groups = {};
  std::int64_t input_vocabulary = 0, output_vocabulary = 0;  // rows of the embedding tables and of the head
  bool tied_head = false;                                    // the head is the embedding table
  bool norms = true;                     // one gain vector before each part of a layer, and one after each stack
  bool final_norm = true;                // that last one
  std::int64_t position_parameters = 0;  // learned tables of positions or distances
};

/// Numbers of parameters by their place.
struct ParameterCount {
  std::int64_t mixers = 0;   // attention or LSTM
  std::int64_t dense = 0;    // feed-forward parts without experts
  std::int64_t shared = 0;   // shared experts
  std::int64_t experts = 0;  // routed experts
  std::int64_t router = 0;
  std::int64_t embedding = 0;  // input tables
  std::int64_t head = 0;       // output table; 0 when tied
  std::int64_t small = 0;      // norms and tables of positions
  std::int64_t total() const { return mixers + dense + shared + experts + router + embedding + head + small; }
  bool operator==(const ParameterCount&) const = default;
};

/// Tokens of one sequence, on which attention's share of the arithmetic depends.
struct SequenceLength {
  std::int64_t decoder = 0, encoder = 0;
  std::int64_t tokens() const { return decoder + encoder; }
};

/// Floating-point operations of one sequence forward, multiply and add counted apart. Norms, softmax and the look-up of
/// embeddings are left out. Tokens of the encoder pass the encoder only, but the decoder's cross attention projects
/// them to keys and values.
struct ForwardFlops {
  double matrices = 0;  // mixers and feed-forward parts
  double router = 0;
  double scores = 0;  // q·k and p·v; causal attention counts (S+1)/2 positions per token on average
  double head = 0;
  double total() const { return matrices + router + scores + head; }
};

/// Every parameter.
ParameterCount count_parameters(const Architecture& architecture);
/// Those that one token can touch: all but the experts it does not visit (and the routers inside groups it does not
/// enter). Embedding and head count in full.
ParameterCount count_active(const Architecture& architecture);
ForwardFlops forward_flops(const Architecture& architecture, const SequenceLength& length);
/// Products of the backward pass cost twice the forward ones.
constexpr double kTrainingToForward = 3;
/// Numbers that decoding keeps per token of the decoder: keys and values of every layer, or their low rank.
std::int64_t cached_numbers_per_token(const Architecture& architecture);

/// Whether a layer (0-based) of our model is dense: all of them with one expert, else the first dense_first and
/// every dense_every-th.
bool is_dense(const ModelConfig& model, int layer);
/// What a routing policy adds to the shape (train/model_size.h knows it of every policy).
struct RouterSize {
  std::int64_t matrices = 1;  // of [D, E]
  std::int64_t top_k = 0;     // experts that work for a token; 0: config.router.top_k
};

/// Our model. `outputs`: numbers that a model of points gives for one; 0: data.classes.
Architecture architecture_of(const Config& config, const RouterSize& router = {}, int outputs = 0);

}  // namespace moe
