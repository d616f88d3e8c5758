// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "engine/backend/backend.h"
#include "engine/backend/cpu/activation.h"
#include "engine/backend/cpu/attention.h"
#include "engine/backend/cpu/choice.h"
#include "engine/backend/cpu/dispatch.h"
#include "engine/backend/cpu/embedding.h"
#include "engine/backend/cpu/loss.h"
#include "engine/backend/cpu/matmul.h"
#include "engine/backend/cpu/noise.h"
#include "engine/backend/cpu/norm.h"
#include "engine/backend/cpu/optimizer.h"
#include "engine/backend/cpu/router.h"
#include "engine/backend/cpu/runtime.h"
#include "engine/backend/cpu/soft.h"

namespace moe::cpu {

/// The reference: float32, float64 and bfloat16 products, the same bits for any number of threads.
class CpuBackend final : public Backend {
 public:
  /// `threads`: 0 = all cores.
  explicit CpuBackend(int threads) : runtime_(threads) {}

  const std::string& name() const override { return name_; }
  int threads() const override { return runtime_.pool.threads(); }
  bool bf16_pays() const override { return bf16_is_native(); }
  std::string describe() const override { return describe_gemm(); }

  void* allocate(std::size_t bytes) override { return allocate_aligned(bytes); }
  void free(void* block, std::size_t bytes) override { free_aligned(block, bytes); }
  bool shares_host_memory() const override { return true; }
  void copy_from_host(View target, const void* source) override;
  void copy_to_host(void* target, ConstView source) override;
  void zero(View target) override;
  void synchronize() override {}

  MatmulOps& matmul() override { return matmul_; }
  NormOps& norm() override { return norm_; }
  AttentionOps& attention() override { return attention_; }
  ActivationOps& activation() override { return activation_; }
  EmbeddingOps& embedding() override { return embedding_; }
  LossOps& loss() override { return loss_; }
  RouterOps& router() override { return router_; }
  NoiseOps& noise() override { return noise_; }
  ChoiceOps& choice() override { return choice_; }
  DispatchOps& dispatch() override { return dispatch_; }
  SoftOps& soft() override { return soft_; }
  OptimizerOps& optimizer() override { return optimizer_; }

 private:
  std::string name_ = "cpu";
  Runtime runtime_;
  CpuMatmul matmul_{runtime_};
  CpuNorm norm_{runtime_};
  CpuAttention attention_{runtime_};
  CpuActivation activation_{runtime_};
  CpuEmbedding embedding_{runtime_};
  CpuLoss loss_{runtime_};
  CpuRouter router_{runtime_};
  CpuNoise noise_{runtime_};
  CpuChoice choice_{runtime_};
  CpuDispatch dispatch_{runtime_};
  CpuSoft soft_{runtime_};
  CpuOptimizer optimizer_{runtime_};
};

}  // namespace moe::cpu
