// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <thread>

#include "engine/backend/backend.h"
#include "engine/backend/cuda/activation.h"
#include "engine/backend/cuda/attention.h"
#include "engine/backend/cuda/choice.h"
#include "engine/backend/cuda/dispatch.h"
#include "engine/backend/cuda/embedding.h"
#include "engine/backend/cuda/loss.h"
#include "engine/backend/cuda/matmul.h"
#include "engine/backend/cuda/noise.h"
#include "engine/backend/cuda/norm.h"
#include "engine/backend/cuda/optimizer.h"
#include "engine/backend/cuda/router.h"
#include "engine/backend/cuda/runtime.h"
#include "engine/backend/cuda/soft.h"

namespace moe::cuda {

/// One device, one stream: float32, float64 and bfloat16 products, the same bits on every run.
class CudaBackend final : public Backend {
 public:
  /// `threads`: what the host does its own part with, as drawing start values; 0 = all cores. The device does not care.
  explicit CudaBackend(int threads)
      : threads_(std::max(1, threads > 0 ? threads : static_cast<int>(std::thread::hardware_concurrency()))) {}

  const std::string& name() const override { return name_; }
  int threads() const override { return threads_; }
  bool bf16_pays() const override { return true; }  // compute capability 8.0 has the tensor cores for it
  bool stores_bf16() const override { return true; }
  std::string describe() const override;

  void* allocate(std::size_t bytes) override { return runtime_.allocate(bytes); }
  void free(void* block, std::size_t) override { runtime_.free(block); }
  bool shares_host_memory() const override { return false; }
  std::size_t free_memory() const override { return runtime_.free_memory(); }
  void copy_from_host(View target, const void* source) override {
    runtime_.upload(target.data, source, target.bytes());
  }
  void copy_to_host(void* target, ConstView source) override { runtime_.download(target, source.data, source.bytes()); }
  void copy_to_host_later(void* target, ConstView source) override {
    runtime_.download_later(target, source.data, source.bytes());
  }
  void finish_copies() override { runtime_.finish_downloads(); }
  void zero(View target) override { runtime_.zero(target.data, target.bytes()); }
  void synchronize() override { runtime_.synchronize(); }

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
  std::string name_ = "cuda";
  int threads_;
  Runtime runtime_;
  CudaMatmul matmul_{runtime_};
  CudaNorm norm_{runtime_};
  CudaAttention attention_{runtime_};
  CudaActivation activation_{runtime_};
  CudaEmbedding embedding_{runtime_};
  CudaLoss loss_{runtime_};
  CudaRouter router_{runtime_};
  CudaNoise noise_{runtime_};
  CudaChoice choice_{runtime_};
  CudaDispatch dispatch_{runtime_};
  CudaSoft soft_{runtime_};
  CudaOptimizer optimizer_{runtime_};
};

}  // namespace moe::cuda
