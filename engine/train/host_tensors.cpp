// SPDX-License-Identifier: Apache-2.0
#include "engine/train/host_tensors.h"

namespace moe::train {

void* HostTensors::read(Backend& backend, const View& v, bool write) {
  if (backend.shares_host_memory()) return v.data;
  Copy& copy = copies_[v.data];
  copy.view = v;
  copy.bytes.resize(v.bytes());
  copy.write = copy.write || write;
  backend.copy_to_host(copy.bytes.data(), v);
  return copy.bytes.data();
}

void HostTensors::write_back(Backend& backend) {
  for (auto& [address, copy] : copies_) {
    if (!copy.write) continue;
    backend.copy_from_host(copy.view, copy.bytes.data());
    copy.write = false;
  }
}

}  // namespace moe::train
