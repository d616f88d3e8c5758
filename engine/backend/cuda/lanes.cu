// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/cuda/lanes.h"

#include <algorithm>

namespace moe::cuda {

Lanes::~Lanes() {
  for (Lane& lane : lanes_) {
    if (lane.stream) cudaStreamSynchronize(lane.stream);
    if (lane.blas) cublasDestroy(lane.blas);
    if (lane.done) cudaEventDestroy(lane.done);
    if (lane.stream) cudaStreamDestroy(lane.stream);
  }
  if (forked_) cudaEventDestroy(forked_);
}

// At the first use: a model without experts needs none of it.
void Lanes::start() {
  for (Lane& lane : lanes_) {
    check(cudaStreamCreateWithFlags(&lane.stream, cudaStreamNonBlocking), "making a stream");
    check(cudaEventCreateWithFlags(&lane.done, cudaEventDisableTiming), "making an event");
    start_blas(&lane.blas, lane.stream, lane.workspace);
  }
  check(cudaEventCreateWithFlags(&forked_, cudaEventDisableTiming), "making an event");
}

void Lanes::fork(Runtime& runtime) {
  if (!forked_) start();
  check(cudaEventRecord(forked_, runtime.stream()), "recording an event");
  for (Lane& lane : lanes_) lane.work = 0, lane.used = false;
}

cublasHandle_t Lanes::next(std::int64_t work) {
  Lane& lane =
      *std::min_element(lanes_.begin(), lanes_.end(), [](const Lane& a, const Lane& b) { return a.work < b.work; });
  if (!lane.used) check(cudaStreamWaitEvent(lane.stream, forked_, 0), "ordering streams");
  lane.used = true;
  lane.work += work;
  return lane.blas;
}

void Lanes::join(Runtime& runtime) {
  for (Lane& lane : lanes_) {
    if (!lane.used) continue;
    check(cudaEventRecord(lane.done, lane.stream), "recording an event");
    check(cudaStreamWaitEvent(runtime.stream(), lane.done, 0), "ordering streams");
  }
}

}  // namespace moe::cuda
