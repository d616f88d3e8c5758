// SPDX-License-Identifier: Apache-2.0
// The one list of everything a model keeps: parameters with gradients and Adam moments, and untrained state (a router's
// bias). Values, gradients and both moments lie in one slab each, matrices first, so that clipping and AdamW are a
// few long passes. What is stored fused (q, k and v; an expert's w1 and w3) is exposed under Hugging Face names.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "engine/core/arena.h"
#include "engine/core/tensor.h"
#include "engine/ops/ops.h"

namespace moe::nn {

enum class Init { normal, constant };

/// One exposed tensor: a contiguous piece of a stored one.
struct Part {
  std::string name;  // "model.layers.0.self_attn.q_proj.weight"
  Shape shape;
  Init init = Init::normal;
  double scale = 0;  // normal: standard deviation; constant: the value
};

/// matrix: decays. vector: norms, never decay. state: no gradient, kept in checkpoints.
enum class ParameterKind { matrix, vector, state };

using ParameterId = int;

class ParameterSet {
 public:
  /// Registers a stored tensor made of `parts` laid one after another; the sizes must add up. Before allocate().
  ParameterId add(const Shape& stored, ParameterKind kind, std::vector<Part> parts);
  /// A tensor stored as it is exposed.
  ParameterId add(ParameterKind kind, Part part);

  /// Reserves the slabs (zeros). `operands`: the dtype in which products read matrices, ops::operand_dtype(). Throws
  /// Error(resource) saying how much memory was asked for.
  void allocate(Backend& backend, DType dtype, DType operands);
  void allocate(Backend& backend, DType dtype) { allocate(backend, dtype, dtype); }
  /// Draws every part i from the stream (seed, initialise, lane i): independent of the order of storage.
  void initialise(std::uint64_t seed);

  View value(ParameterId id) const { return slice(values_, id); }
  /// What products read: the rounded copy of a matrix where there is one, else the value.
  ConstView operand(ParameterId id) const;
  /// Rounds the matrices again if their values may have changed since; before a pass.
  void refresh_operands(ops::Context& ctx);
  View gradient(ParameterId id) const { return slice(gradients_, id); }

  /// The tensors as checkpoints see them, in order of registration. Who holds them may write values: the next
  /// refresh_operands() rounds.
  struct Exposed {
    const Part* part;
    ParameterKind kind;
    View value, gradient, first_moment, second_moment;  // empty but for value when state
  };
  std::vector<Exposed> exposed() const;
  const Part* find(const std::string& name) const;

  /// A run of the slabs that shares one decay rule. Who changes values changes `rounded` with them, unless it is empty.
  struct Span {
    View value, gradient, first_moment, second_moment, rounded;
    bool decay;
  };
  const std::vector<Span>& spans() const { return spans_; }
  View all_gradients() const { return gradients_.view; }
  DType dtype() const { return dtype_; }
  std::int64_t count() const;  // trained numbers

 private:
  struct Stored {
    Shape shape;
    ParameterKind kind;
    std::vector<Part> parts;
    std::int64_t offset = 0;
  };
  struct Slab {
    Buffer memory;
    View view;
  };
  View slice(const Slab& slab, ParameterId id) const;
  Span span(std::int64_t begin, std::int64_t end, bool decay) const;
  std::int64_t lay_out(ParameterKind kind, std::int64_t offset);

  std::vector<Stored> stored_;
  std::vector<Span> spans_;
  Slab values_, gradients_, first_moments_, second_moments_;
  Slab rounded_;               // the matrices as bfloat16, or nothing
  mutable bool stale_ = true;  // rounded_ may differ from the values
  Backend* backend_ = nullptr;
  DType dtype_ = DType::f32;
};

}  // namespace moe::nn
