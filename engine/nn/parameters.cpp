// SPDX-License-Identifier: Apache-2.0
#include "engine/nn/parameters.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "engine/core/random.h"
#include "engine/core/thread_pool.h"

namespace moe::nn {
namespace {

// Every stored tensor starts on a cache line of its slab; the gap stays zero and takes part in nothing.
std::int64_t aligned(std::int64_t elements) { return (elements + 15) / 16 * 16; }

[[maybe_unused]] std::int64_t total_size(const std::vector<Part>& parts) {
  std::int64_t n = 0;
  for (const auto& p : parts) n += p.shape.size();
  return n;
}

/// A number depends on its place alone, so that several threads draw the billions of a large model.
template <class T>
void initialise_part(Backend& backend, ThreadPool& pool, View target, const Part& part, const RandomStream& stream) {
  constexpr std::int64_t kGrain = 1 << 14;
  std::vector<T> host(static_cast<std::size_t>(target.size()));
  pool.parallel_for((target.size() + kGrain - 1) / kGrain, [&](std::int64_t task) {
    const auto begin = static_cast<std::size_t>(task * kGrain), end = std::min(host.size(), begin + kGrain);
    for (std::size_t i = begin; i < end; ++i)
      host[i] = static_cast<T>(part.init == Init::constant ? part.scale : part.scale * stream.normal(i));
  });
  backend.copy_from_host(target, host.data());
}

View piece(const View& slab, std::int64_t offset, const Shape& shape) {
  if (!slab) return {};
  return {static_cast<char*>(slab.data) + static_cast<std::size_t>(offset) * size_of(slab.dtype), slab.dtype, shape};
}

}  // namespace

ParameterId ParameterSet::add(const Shape& stored, ParameterKind kind, std::vector<Part> parts) {
  assert(stored.size() == total_size(parts) && !values_.view);
  stored_.push_back({stored, kind, std::move(parts)});
  return static_cast<ParameterId>(stored_.size()) - 1;
}

ParameterId ParameterSet::add(ParameterKind kind, Part part) {
  const Shape shape = part.shape;
  std::vector<Part> parts;
  parts.push_back(std::move(part));
  return add(shape, kind, std::move(parts));
}

std::int64_t ParameterSet::lay_out(ParameterKind kind, std::int64_t offset) {
  for (auto& s : stored_) {
    if (s.kind != kind) continue;
    s.offset = offset;
    offset += aligned(s.shape.size());
  }
  return offset;
}

void ParameterSet::allocate(Backend& backend, DType dtype, DType operands) {
  const std::int64_t matrices = lay_out(ParameterKind::matrix, 0);
  const std::int64_t trained = lay_out(ParameterKind::vector, matrices);
  const std::int64_t all = lay_out(ParameterKind::state, trained);
  backend_ = &backend;
  dtype_ = dtype;
  const auto reserve = [&](Slab& slab, std::int64_t n, DType stored) {
    slab.memory = Buffer(backend, stored, {n});
    slab.view = slab.memory.view();
    backend.zero(slab.view);
  };
  reserve(values_, all, dtype);
  reserve(gradients_, trained, dtype);
  reserve(first_moments_, trained, dtype);
  reserve(second_moments_, trained, dtype);
  if (operands != dtype && matrices > 0) reserve(rounded_, matrices, operands);
  spans_.clear();
  if (matrices > 0) spans_.push_back(span(0, matrices, true));
  if (trained > matrices) spans_.push_back(span(matrices, trained, false));
}

ParameterSet::Span ParameterSet::span(std::int64_t begin, std::int64_t end, bool decay) const {
  const Shape n{end - begin};
  return {piece(values_.view, begin, n),
          piece(gradients_.view, begin, n),
          piece(first_moments_.view, begin, n),
          piece(second_moments_.view, begin, n),
          decay ? piece(rounded_.view, begin, n) : View{},
          decay};
}

ConstView ParameterSet::operand(ParameterId id) const {
  const bool rounded = rounded_.view && stored_[static_cast<std::size_t>(id)].kind == ParameterKind::matrix;
  return slice(rounded ? rounded_ : values_, id);
}

void ParameterSet::refresh_operands(ops::Context& ctx) {
  if (!stale_) return;
  stale_ = false;
  if (rounded_.view) ops::copy(ctx, rounded_.view, piece(values_.view, 0, rounded_.view.shape));
}

void ParameterSet::initialise(std::uint64_t seed) {
  ThreadPool pool(backend_->threads());
  std::uint32_t lane = 0;
  for (const auto& e : exposed()) {
    const RandomStream stream(seed, Purpose::initialise, 0, lane++);
    if (dtype_ == DType::f64)
      initialise_part<double>(*backend_, pool, e.value, *e.part, stream);
    else
      initialise_part<float>(*backend_, pool, e.value, *e.part, stream);
  }
}

View ParameterSet::slice(const Slab& slab, ParameterId id) const {
  const auto& s = stored_[static_cast<std::size_t>(id)];
  return piece(slab.view, s.offset, s.shape);
}

std::vector<ParameterSet::Exposed> ParameterSet::exposed() const {
  stale_ = true;
  std::vector<Exposed> out;
  for (const auto& s : stored_) {
    std::int64_t offset = s.offset;
    const bool trained = s.kind != ParameterKind::state;
    for (const auto& p : s.parts) {
      const auto of = [&](const Slab& slab) { return trained ? piece(slab.view, offset, p.shape) : View{}; };
      out.push_back(
          {&p, s.kind, piece(values_.view, offset, p.shape), of(gradients_), of(first_moments_), of(second_moments_)});
      offset += p.shape.size();
    }
  }
  return out;
}

const Part* ParameterSet::find(const std::string& name) const {
  for (const auto& s : stored_)
    for (const auto& p : s.parts)
      if (p.name == name) return &p;
  return nullptr;
}

std::int64_t ParameterSet::count() const {
  std::int64_t n = 0;
  for (const auto& s : stored_)
    if (s.kind != ParameterKind::state) n += s.shape.size();
  return n;
}

}  // namespace moe::nn
