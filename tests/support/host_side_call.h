// SPDX-License-Identifier: Apache-2.0
// One op on a device with arguments in host memory.
#pragma once
#include <map>
#include <tuple>
#include <type_traits>
#include <utility>

#include "engine/backend/backend.h"

namespace moe::test {

/// The device's twins of the arrays of one call, by host address; an array that is passed twice has one.
class Twins {
 public:
  explicit Twins(Backend& device) : device_(device) {}

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
      if (twin.written) device_.copy_to_host(address, twin.buffer.view());
  }

 private:
  struct Twin {
    Buffer buffer;
    bool written;
  };
  View twin(View host, bool written) {
    if (!host.data) return host;
    auto found = twins_.find(host.data);
    if (found == twins_.end()) {
      found = twins_.emplace(host.data, Twin{Buffer(device_, host.dtype, host.shape), false}).first;
      device_.copy_from_host(found->second.buffer.view(), host.data);
    }
    found->second.written = found->second.written || written;
    return View(found->second.buffer.view().data, host.dtype, host.shape);
  }
  Backend& device_;
  std::map<void*, Twin> twins_;
};

/// (family.*op)(arguments…) on the device.
template <class Family, class Result, class... Parameters, class... Arguments>
Result run(Backend& device, Family& family, Result (Family::*op)(Parameters...), Arguments&&... arguments) {
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
