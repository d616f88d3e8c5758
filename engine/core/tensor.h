// SPDX-License-Identifier: Apache-2.0
// Views of dense row-major arrays on some device. A view never owns; owners are Buffer and Arena.
#pragma once
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <type_traits>

namespace moe {

enum class DType : std::uint8_t { f32, f64, bf16, i32 };
constexpr std::size_t size_of(DType d) { return d == DType::f64 ? 8 : d == DType::bf16 ? 2 : 4; }
const char* name_of(DType d);

/// bfloat16 as stored bits; arithmetic happens in float32.
struct bf16 {
  std::uint16_t bits;
};

template <class T>
struct dtype_of;
template <>
struct dtype_of<float> {
  static constexpr DType value = DType::f32;
};
template <>
struct dtype_of<double> {
  static constexpr DType value = DType::f64;
};
template <>
struct dtype_of<bf16> {
  static constexpr DType value = DType::bf16;
};
template <>
struct dtype_of<std::int32_t> {
  static constexpr DType value = DType::i32;
};

/// Up to four dimensions.
struct Shape {
  std::array<std::int64_t, 4> dims{};
  int rank = 0;
  Shape() = default;
  Shape(std::initializer_list<std::int64_t> d) {
    assert(d.size() <= 4);
    for (auto v : d) dims[static_cast<std::size_t>(rank++)] = v;
  }
  std::int64_t operator[](int i) const { return dims[static_cast<std::size_t>(i)]; }
  std::int64_t size() const {
    std::int64_t n = 1;
    for (int i = 0; i < rank; ++i) n *= (*this)[i];
    return n;
  }
  bool operator==(const Shape& o) const {
    if (rank != o.rank) return false;
    for (int i = 0; i < rank; ++i)
      if ((*this)[i] != o[i]) return false;
    return true;
  }
};

template <class Void>
struct BasicView {
  Void* data = nullptr;
  DType dtype = DType::f32;
  Shape shape;

  BasicView() = default;
  BasicView(Void* d, DType t, Shape s) : data(d), dtype(t), shape(s) {}
  template <class Other>
  BasicView(const BasicView<Other>& o) : data(o.data), dtype(o.dtype), shape(o.shape) {}

  explicit operator bool() const { return data != nullptr; }
  std::int64_t dim(int i) const { return shape[i]; }
  std::int64_t size() const { return shape.size(); }
  std::size_t bytes() const { return static_cast<std::size_t>(size()) * size_of(dtype); }
  /// Typed pointer; the caller has checked the dtype (ops:: does).
  template <class T>
  auto as() const {
    using P = std::conditional_t<std::is_const_v<Void>, const T, T>;
    assert(dtype == dtype_of<T>::value);
    return static_cast<P*>(data);
  }
  /// The same memory under another shape of the same size.
  BasicView reshaped(Shape s) const {
    assert(s.size() == size());
    return {data, dtype, s};
  }
  /// Rows [begin, end) of the first dimension.
  BasicView rows(std::int64_t begin, std::int64_t end) const {
    Shape s = shape;
    const std::int64_t row = s.size() / (s[0] ? s[0] : 1);
    s.dims[0] = end - begin;
    using Byte = std::conditional_t<std::is_const_v<Void>, const char, char>;
    return {static_cast<Byte*>(data) + static_cast<std::size_t>(begin * row) * size_of(dtype), dtype, s};
  }
};
using View = BasicView<void>;
using ConstView = BasicView<const void>;

}  // namespace moe
