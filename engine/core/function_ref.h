// SPDX-License-Identifier: Apache-2.0
// A non-owning reference to a callable: two pointers, never an allocation. The callable must outlive the call.
#pragma once
#include <memory>
#include <type_traits>
#include <utility>

namespace moe {

template <class Signature>
class FunctionRef;

template <class R, class... Args>
class FunctionRef<R(Args...)> {
 public:
  FunctionRef() = default;
  template <class F>
  // NOLINTNEXTLINE(bugprone-forwarding-reference-overload): `requires` keeps copies apart, unseen by clang-tidy 14
  requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionRef>) FunctionRef(F&& f)
      : object_(const_cast<void*>(static_cast<const void*>(std::addressof(f)))),
        call_([](void* object, Args... args) -> R {
          return (*static_cast<std::remove_reference_t<F>*>(object))(std::forward<Args>(args)...);
        }) {}

  R operator()(Args... args) const { return call_(object_, std::forward<Args>(args)...); }

 private:
  void* object_ = nullptr;
  R (*call_)(void*, Args...) = nullptr;
};

}  // namespace moe
