// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/cpu/cpu_backend.h"

#include <cstring>

namespace moe::cpu {

void CpuBackend::copy_from_host(View target, const void* source) {
  if (target.bytes()) std::memcpy(target.data, source, target.bytes());
}

void CpuBackend::copy_to_host(void* target, ConstView source) {
  if (source.bytes()) std::memcpy(target, source.data, source.bytes());
}

void CpuBackend::zero(View target) {
  const auto bytes = static_cast<std::int64_t>(target.bytes());
  runtime_.for_ranges(bytes, kElementGrain * 4, [&](std::int64_t begin, std::int64_t end) {
    std::memset(static_cast<char*>(target.data) + begin, 0, static_cast<std::size_t>(end - begin));
  });
}

}  // namespace moe::cpu
