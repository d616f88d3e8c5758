// SPDX-License-Identifier: Apache-2.0
// Arrays of a test on any backend: filled from a counter-based stream, with sentinels on both sides that show a kernel
// writing outside its output.
#pragma once
#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <vector>

#include "engine/backend/backend.h"
#include "engine/core/random.h"

namespace moe::test {

class TestArrays {
 public:
  /// `real`: the dtype of the arrays made by in, out and inout.
  TestArrays(Backend& backend, DType real, std::uint64_t seed = 7)
      : backend_(backend), real_(real), operand_(real), seed_(seed) {}
  /// Arrays of operand_in and operand_out hold numbers rounded to bfloat16, `stored` as bfloat16 or in the real dtype.
  void round_operands(bool stored) {
    rounds_ = true;
    if (stored) operand_ = DType::bf16;
  }

  DType real() const { return real_; }
  DType operand() const { return operand_; }

  /// Normal values times `scale` plus `offset`; float32 values, so that every dtype computes from the same numbers.
  View in(const Shape& shape, double scale = 1.0, double offset = 0.0) {
    const RandomStream stream(seed_, Purpose::sample, arrays_.size());
    return in(shape, [&](std::int64_t i) { return offset + scale * stream.normal(static_cast<std::uint64_t>(i)); });
  }
  View in(const Shape& shape, const std::function<double(std::int64_t)>& value) {
    return add(real_, shape, value, false);
  }
  /// An array the op must write completely: it starts as NaN.
  View out(const Shape& shape) {
    return add(
        real_, shape, [](std::int64_t) { return std::numeric_limits<double>::quiet_NaN(); }, true);
  }
  /// An array the op adds to, or changes in place.
  View inout(const Shape& shape, double scale = 1.0) {
    const View view = in(shape, scale);
    arrays_.back().output = true;
    return view;
  }
  /// What products alone read.
  View operand_in(const Shape& shape, double scale = 1.0) {
    const RandomStream stream(seed_, Purpose::sample, arrays_.size());
    return add(
        operand_, shape,
        [&](std::int64_t i) {
          const double value = scale * stream.normal(static_cast<std::uint64_t>(i));
          return rounds_ ? rounded(value) : value;
        },
        false);
  }
  View operand_inout(const Shape& shape) {
    const View view = operand_in(shape);
    arrays_.back().output = true;
    return view;
  }
  View operand_out(const Shape& shape) {
    return add(
        operand_, shape, [](std::int64_t) { return std::numeric_limits<double>::quiet_NaN(); }, true);
  }
  /// To the nearest bfloat16, ties to even.
  static double rounded(double value) { return from_bf16(bf16_of(static_cast<float>(value))); }
  View ints(const Shape& shape, const std::function<std::int64_t(std::int64_t)>& value) {
    return add(
        DType::i32, shape, [&](std::int64_t i) { return static_cast<double>(value(i)); }, false);
  }
  View out_ints(const Shape& shape) {
    return add(
        DType::i32, shape, [](std::int64_t) { return -12345.0; }, true);
  }
  void set(View view, const std::vector<double>& values) {
    std::vector<char> bytes(view.bytes());
    for (std::size_t i = 0; i < values.size(); ++i) store(bytes.data(), view.dtype, i, values[i]);
    backend_.copy_from_host(view, bytes.data());
  }
  std::vector<double> get(ConstView view) const {
    std::vector<char> bytes(view.bytes());
    backend_.copy_to_host(bytes.data(), view);
    std::vector<double> values(static_cast<std::size_t>(view.size()));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = load(bytes.data(), view.dtype, i);
    return values;
  }
  std::vector<char> bytes(ConstView view) const {
    std::vector<char> bytes(view.bytes());
    backend_.copy_to_host(bytes.data(), view);
    return bytes;
  }
  /// Views of all out and inout arrays, in the order they were made.
  std::vector<View> outputs() const {
    std::vector<View> views;
    for (const auto& array : arrays_)
      if (array.output) views.push_back(array.view);
    return views;
  }
  /// Whether nothing was written outside any array.
  bool sentinels_intact() const {
    for (const auto& array : arrays_) {
      const auto all = bytes(array.buffer->view());
      for (std::size_t i = 0; i < all.size(); ++i)
        if ((i < kGuard || i >= kGuard + array.view.bytes()) && all[i] != kSentinel) return false;
    }
    return true;
  }

 private:
  static constexpr std::size_t kGuard = 64;
  static constexpr char kSentinel = 0x5A;
  struct Array {
    std::unique_ptr<Buffer> buffer;
    View view;
    bool output;
  };
  View add(DType dtype, const Shape& shape, const std::function<double(std::int64_t)>& value, bool output) {
    View view(nullptr, dtype, shape);
    const auto words = static_cast<std::int64_t>((2 * kGuard + view.bytes() + 3) / 4);
    auto buffer = std::make_unique<Buffer>(backend_, DType::i32, Shape{words});
    const std::vector<char> sentinels(static_cast<std::size_t>(words) * 4, kSentinel);
    backend_.copy_from_host(buffer->view(), sentinels.data());
    view.data = static_cast<char*>(buffer->view().data) + kGuard;
    std::vector<double> values(static_cast<std::size_t>(view.size()));
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<double>(static_cast<float>(value(static_cast<std::int64_t>(i))));
    set(view, values);
    arrays_.push_back({std::move(buffer), view, output});
    return view;
  }
  template <class T>
  static void put(char* to, std::size_t i, T value) {
    std::memcpy(to + i * sizeof(T), &value, sizeof(T));
  }
  template <class T>
  static T take(const char* from, std::size_t i) {
    T value;
    std::memcpy(&value, from + i * sizeof(T), sizeof(T));
    return value;
  }
  static std::uint16_t bf16_of(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    if (value != value) return static_cast<std::uint16_t>((bits >> 16) | 0x40u);
    return static_cast<std::uint16_t>((bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16);
  }
  static double from_bf16(std::uint16_t bits) {
    return static_cast<double>(std::bit_cast<float>(std::uint32_t{bits} << 16));
  }
  static void store(char* to, DType dtype, std::size_t i, double value) {
    if (dtype == DType::f64)
      put(to, i, value);
    else if (dtype == DType::f32)
      put(to, i, static_cast<float>(value));
    else if (dtype == DType::bf16)
      put(to, i, bf16_of(static_cast<float>(value)));
    else
      put(to, i, static_cast<std::int32_t>(value));
  }
  static double load(const char* from, DType dtype, std::size_t i) {
    if (dtype == DType::f64) return take<double>(from, i);
    if (dtype == DType::f32) return static_cast<double>(take<float>(from, i));
    if (dtype == DType::bf16) return from_bf16(take<std::uint16_t>(from, i));
    return static_cast<double>(take<std::int32_t>(from, i));
  }

  Backend& backend_;
  DType real_, operand_;
  bool rounds_ = false;
  std::uint64_t seed_;
  std::vector<Array> arrays_;
};

}  // namespace moe::test
