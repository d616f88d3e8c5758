// SPDX-License-Identifier: Apache-2.0
// Tensors as checkpoints and tools see them: in host memory, wherever the model computes.
#pragma once
#include <cstddef>
#include <map>
#include <vector>

#include "engine/backend/backend.h"

namespace moe::train {

class HostTensors {
 public:
  /// The numbers of v: v's own memory where the backend shares the host's, else a copy of them as they are now.
  /// `write`: write_back() shall take what the caller leaves there.
  void* read(Backend& backend, const View& v, bool write);
  /// Copies to the device what was handed out for writing.
  void write_back(Backend& backend);

 private:
  struct Copy {
    View view;
    std::vector<std::byte> bytes;
    bool write = false;
  };
  std::map<const void*, Copy> copies_;  // by address on the device
};

}  // namespace moe::train
