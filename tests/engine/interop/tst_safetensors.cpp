// SPDX-License-Identifier: Apache-2.0
#include <QTemporaryDir>
#include <QtTest>
#include <array>
#include <bit>
#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "engine/interop/safetensors.h"

namespace fs = std::filesystem;
using moe::Error;
using moe::interop::TensorType;

namespace {

std::string read_all(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_all(const fs::path& file, const std::string& bytes) { std::ofstream(file, std::ios::binary) << bytes; }

std::string with_header(const std::string& header, const std::string& data) {
  const std::uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), 8) + header + data;
}

}  // namespace

class TestSafetensors : public QObject {
  Q_OBJECT
 private slots:
  void init() { file_ = fs::path(folder_.path().toStdString()) / "a.safetensors"; }
  void bytes_are_the_format();
  void round_trip();
  void halves_are_widened();
  void every_half_is_widened_exactly();
  void mismatches_are_named();
  void names_are_written_once();

 private:
  QTemporaryDir folder_;
  fs::path file_;
};

void TestSafetensors::bytes_are_the_format() {
  const std::array<float, 2> values{1.0f, -2.5f};
  moe::interop::write_safetensors(file_, {{"w", {2}, TensorType::f32, values.data()}}, {{"format", "pt"}});
  const std::string bytes = read_all(file_);
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  QCOMPARE(length % 8, std::uint64_t{0});
  QCOMPARE(bytes.size(), 8 + length + 8);
  QCOMPARE(bytes[8], '{');
  const auto header = nlohmann::json::parse(bytes.substr(8, length));
  QCOMPARE(header,
           nlohmann::json::parse(
               R"({"__metadata__": {"format": "pt"}, "w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}})"));
  QCOMPARE(bytes.substr(8 + length), std::string("\x00\x00\x80\x3f\x00\x00\x20\xc0", 8));
}

void TestSafetensors::round_trip() {
  const std::vector<float> matrix{1, 2, 3, 4, 5, std::numeric_limits<float>::denorm_min()};
  const std::vector<double> doubles{0.1, -0.0, std::numeric_limits<double>::infinity()};
  const float scalar = 7;
  const std::string odd = "../Ünïcode \n\"quoted\"";
  moe::interop::write_safetensors(file_,
                                  {{odd, {2, 3}, TensorType::f32, matrix.data()},
                                   {"empty", {4, 0}, TensorType::f32, nullptr},
                                   {"doubles", {3}, TensorType::f64, doubles.data()},
                                   {"scalar", {}, TensorType::f32, &scalar}},
                                  {{"format", "pt"}, {"note", "ü"}});
  const auto header = moe::interop::read_safetensors_header(file_);
  QCOMPARE(header.tensors.size(), std::size_t{4});
  QCOMPARE(header.metadata.at("note"), std::string("ü"));
  QCOMPARE(header.data_offset % 8, std::uint64_t{0});
  std::vector<float> matrix_back(6);
  std::vector<double> doubles_back(3);
  float scalar_back = 0;
  moe::interop::read_safetensors(file_, {{"scalar", {}, TensorType::f32, &scalar_back},
                                         {"empty", {4, 0}, TensorType::f32, nullptr},
                                         {odd, {2, 3}, TensorType::f32, matrix_back.data()},
                                         {"doubles", {3}, TensorType::f64, doubles_back.data()}});
  QCOMPARE(matrix_back, matrix);
  QVERIFY(std::memcmp(doubles_back.data(), doubles.data(), 24) == 0);
  QCOMPARE(scalar_back, 7.0f);
}

void TestSafetensors::halves_are_widened() {
  const std::string header =
      R"({"b":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]},"h":{"dtype":"F16","shape":[3],"data_offsets":[4,10]}})";
  const std::array<std::uint16_t, 5> bits{0x3F80, 0xC020, 0x3C00, 0xFC00, 0x0001};
  write_all(file_, with_header(header, std::string(reinterpret_cast<const char*>(bits.data()), 10)));
  std::array<float, 2> brain{};
  std::array<float, 3> half{};
  moe::interop::read_safetensors(file_,
                                 {{"b", {2}, TensorType::f32, brain.data()}, {"h", {3}, TensorType::f32, half.data()}});
  QCOMPARE(brain, (std::array<float, 2>{1.0f, -2.5f}));
  QCOMPARE(half, (std::array<float, 3>{1.0f, -std::numeric_limits<float>::infinity(), 0x1p-24f}));
}

void TestSafetensors::every_half_is_widened_exactly() {
  std::vector<std::uint16_t> bits(65536);
  for (std::size_t i = 0; i < bits.size(); ++i) bits[i] = static_cast<std::uint16_t>(i);
  write_all(file_, with_header(R"({"h":{"dtype":"F16","shape":[65536],"data_offsets":[0,131072]}})",
                               std::string(reinterpret_cast<const char*>(bits.data()), 131072)));
  std::vector<float> wide(65536);
  moe::interop::read_safetensors(file_, {{"h", {65536}, TensorType::f32, wide.data()}});
  for (std::size_t i = 0; i < bits.size(); ++i) {
    const int exponent = static_cast<int>(i >> 10 & 0x1F), mantissa = static_cast<int>(i & 0x3FF);
    QCOMPARE(std::signbit(wide[i]), i >= 0x8000);
    if (exponent == 31) {
      QCOMPARE(std::isnan(wide[i]), mantissa != 0);
      QVERIFY(!std::isfinite(wide[i]));
    } else {
      const double magnitude = exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
      QCOMPARE(static_cast<double>(std::abs(wide[i])), magnitude);
    }
  }
}

void TestSafetensors::mismatches_are_named() {
  std::array<double, 4> room{};
  const float value = 1;
  moe::interop::write_safetensors(file_, {{"w", {1}, TensorType::f32, &value}}, {});
  const auto message = [&](const moe::interop::TensorTarget& target) -> QByteArray {
    try {
      moe::interop::read_safetensors(file_, {target});
    } catch (const Error& error) {
      return error.kind() == moe::ErrorKind::bad_input ? error.what() : "wrong kind";
    }
    return "accepted";
  };
  QVERIFY(message({"v", {1}, TensorType::f32, room.data()}).contains("has no tensor \"v\""));
  QVERIFY(message({"w", {2}, TensorType::f32, room.data()}).contains("shape [1] where [2] is needed"));
  QVERIFY(message({"w", {1, 1}, TensorType::f32, room.data()}).contains("shape [1] where [1, 1] is needed"));
  QVERIFY(message({"w", {1}, TensorType::f64, room.data()}).contains("is F32 where F64 is needed"));
  QCOMPARE(room, (std::array<double, 4>{}));
}

void TestSafetensors::names_are_written_once() {
  const float value = 1;
  const moe::interop::TensorRef tensor{"w", {1}, TensorType::f32, &value};
  QVERIFY_EXCEPTION_THROWN(moe::interop::write_safetensors(file_, {tensor, tensor}, {}), Error);
  QVERIFY_EXCEPTION_THROWN(moe::interop::write_safetensors(folder_.path().toStdString() + "/missing/x", {tensor}, {}),
                           Error);
}

QTEST_GUILESS_MAIN(TestSafetensors)
#include "tst_safetensors.moc"
