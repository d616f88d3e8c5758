// SPDX-License-Identifier: Apache-2.0
// One op on a device with arguments in host memory.
#pragma once
#include <cstddef>
#include <map>
#include <tuple>
#include <type_traits>
#include <utility>

#include "engine/backend/backend.h"

namespace moe::test {

/// A device, and the blocks that twins of earlier calls had: a device takes longer to find memory than for most calls.
struct TwinMemory {
  explicit TwinMemory(Backend& device) : backend(device) {}
  ~TwinMemory() {
    for (const auto& [bytes, block] : spare) backend.free(block, bytes);
  }
  TwinMemory(const TwinMemory&) = delete;
  TwinMemory& operator=(const TwinMemory&) = delete;
  void* take(std::size_t bytes) {
    const auto found = spare.find(bytes);
    if (found == spare.end()) return backend.allocate(bytes);
    void* const block = found->second;
    spare.erase(found);
    return block;
  }
  void give_back(void* block, std::size_t bytes) { spare.emplace(bytes, block); }
  Backend& backend;
  std::multimap<std::size_t, void*> spare;
};

/// The device's twins of the arrays of one call, by host address; an array that is passed twice has one.
class Twins {
 public:
  explicit Twins(TwinMemory& memory) : memory_(memory) {}
  ~Twins() {
    for (const auto& [address, twin] : twins_) memory_.give_back(twin.view.data, twin.view.bytes());
  }
  Twins(const Twins&) = delete;
  Twins& operator=(const Twins&) = delete;

  View of(View host) { return twin(host, true); }
  ConstView of(ConstView host) { return twin(View(const_cast<void*>(host.data), host.dtype, host.shape), false); }
  Plan of(const Plan& host) {
    return {of(host.token_ids), of(host.choices),       of(host.weights),
            of(host.offsets),   of(host.token_offsets), of(host.token_rows)};
  }
  template <class T>
  const T& of(const T& other) {
    return other;
  }
  void bring_back() {
    for (auto& [address, twin] : twins_)
      if (twin.written) memory_.backend.copy_to_host(address, twin.view);
  }

 private:
  struct Twin {
    View view;
    bool written;
  };
  View twin(View host, bool written) {
    if (!host.data) return host;
    auto found = twins_.find(host.data);
    if (found == twins_.end()) {
      const View there(memory_.take(host.bytes()), host.dtype, host.shape);
      found = twins_.emplace(host.data, Twin{there, false}).first;
      memory_.backend.copy_from_host(there, host.data);
    }
    found->second.written = found->second.written || written;
    return View(found->second.view.data, host.dtype, host.shape);
  }
  TwinMemory& memory_;
  std::map<void*, Twin> twins_;
};

/// (family.*op)(arguments…) on the device.
template <class Family, class Result, class... Parameters, class... Arguments>
Result run(TwinMemory& device, Family& family, Result (Family::*op)(Parameters...), Arguments&&... arguments) {
  Twins twins(device);
  std::tuple<std::decay_t<Parameters>...> there{twins.of(arguments)...};
  return std::apply(
      [&](auto&... mapped) {
        if constexpr (std::is_void_v<Result>) {
          (family.*op)(mapped...);
          twins.bring_back();
        } else {
          const Result result = (family.*op)(mapped...);
          twins.bring_back();
          return result;
        }
      },
      there);
}

}  // namespace moe::test
