// SPDX-License-Identifier: Apache-2.0
// Reads tests/golden/vectors: tensors in JSON and float32/float64 safetensors, as doubles.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace moe::test {

inline std::string golden_path(const std::string& name) {
  const char* source = std::getenv("MOE_SOURCE_DIR");
  return std::string(source ? source : ".") + "/tests/golden/vectors/" + name;
}

inline std::string golden_bytes(const std::string& name) {
  std::ifstream in(golden_path(name), std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + golden_path(name));
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

inline nlohmann::json golden_json(const std::string& name) { return nlohmann::json::parse(golden_bytes(name)); }

/// The array under `key`, by value: a loop over golden_json(…).at(…) would read a file that is already gone. Throws
/// when it is empty, so that no loop compares nothing.
inline nlohmann::json golden_cases(const std::string& name, const char* key = "cases") {
  nlohmann::json all = golden_json(name).at(key);
  if (!all.is_array() || all.empty()) throw std::runtime_error(name + " has no " + key);
  return all;
}

/// Row-major numbers of a {"shape", "data"} object.
template <class T = double>
std::vector<T> numbers(const nlohmann::json& tensor) {
  return tensor.at("data").get<std::vector<T>>();
}

/// All tensors of a safetensors file.
inline std::map<std::string, std::vector<double>> golden_safetensors(const std::string& name) {
  const std::string bytes = golden_bytes(name);
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  const auto header = nlohmann::json::parse(bytes.substr(8, length));
  std::map<std::string, std::vector<double>> out;
  for (const auto& [key, info] : header.items()) {
    if (key == "__metadata__") continue;
    const auto range = info.at("data_offsets").get<std::vector<std::size_t>>();
    const bool wide = info.at("dtype") == "F64";
    const char* data = bytes.data() + 8 + length + range[0];
    auto& values = out[key];
    values.resize((range[1] - range[0]) / (wide ? 8 : 4));
    for (std::size_t i = 0; i < values.size(); ++i) {
      float narrow = 0;
      if (wide)
        std::memcpy(&values[i], data + i * 8, 8);
      else
        std::memcpy(&narrow, data + i * 4, 4), values[i] = narrow;
    }
  }
  return out;
}

/// |a − b| relative to the larger, or absolute below `floor`.
inline double difference(double a, double b, double floor = 1e-12) {
  return std::abs(a - b) / std::max({std::abs(a), std::abs(b), floor});
}

}  // namespace moe::test
