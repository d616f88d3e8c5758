// SPDX-License-Identifier: Apache-2.0
// The seam between the engine and a device. A backend owns memory and runs the op families; it checks nothing (ops::
// has checked), and its kernels never allocate after the first calls of a shape.
#pragma once
#include <cstddef>
#include <string>

#include "engine/backend/families/activation.h"
#include "engine/backend/families/attention.h"
#include "engine/backend/families/choice.h"
#include "engine/backend/families/dispatch.h"
#include "engine/backend/families/embedding.h"
#include "engine/backend/families/loss.h"
#include "engine/backend/families/matmul.h"
#include "engine/backend/families/noise.h"
#include "engine/backend/families/norm.h"
#include "engine/backend/families/optimizer.h"
#include "engine/backend/families/router.h"
#include "engine/backend/families/soft.h"
#include "engine/core/arena.h"
#include "engine/core/tensor.h"

namespace moe {

/// Used by one thread at a time. Work is ordered as it was issued; only synchronize() and the functions that bring
/// something to the host wait for it.
class Backend : public Allocator {
 public:
  virtual const std::string& name() const = 0;  // "cpu"
  virtual int threads() const = 0;              // host threads for what the host computes
  /// Whether products in MatmulPrecision::bf16 are faster here than native ones; decides `precision auto`.
  virtual bool bf16_pays() const = 0;
  /// Whether arrays that products alone read may be bfloat16 under MatmulPrecision::bf16. A product rounds its operands
  /// anyway, so that the op before may store them rounded: the same bits for half the bytes.
  virtual bool stores_bf16() const { return false; }
  /// One line on what computes: library and instruction set. For `doctor` and for a run's record.
  virtual std::string describe() const = 0;

  /// Whether the host may read and write views itself, without the copies below.
  virtual bool shares_host_memory() const = 0;

  /// Bytes that allocate() could still give; 0 where that is the host's memory, which validate() knows about.
  virtual std::size_t free_memory() const { return 0; }

  virtual void copy_from_host(View target, const void* source) = 0;  // target.bytes()
  virtual void copy_to_host(void* target, ConstView source) = 0;     // source.bytes()
  /// Begins copy_to_host without waiting: `target` is filled when finish_copies() returns, and keeps its place until
  /// then.
  virtual void copy_to_host_later(void* target, ConstView source) { copy_to_host(target, source); }
  virtual void finish_copies() {}
  virtual void zero(View target) = 0;
  virtual void synchronize() = 0;

  virtual MatmulOps& matmul() = 0;
  virtual NormOps& norm() = 0;
  virtual AttentionOps& attention() = 0;
  virtual ActivationOps& activation() = 0;
  virtual EmbeddingOps& embedding() = 0;
  virtual LossOps& loss() = 0;
  virtual RouterOps& router() = 0;
  virtual NoiseOps& noise() = 0;
  virtual ChoiceOps& choice() = 0;
  virtual DispatchOps& dispatch() = 0;
  virtual SoftOps& soft() = 0;
  virtual OptimizerOps& optimizer() = 0;
};

}  // namespace moe
