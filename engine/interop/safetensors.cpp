// SPDX-License-Identifier: Apache-2.0
#include "engine/interop/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <unordered_set>

#include "engine/core/error.h"
#include "engine/core/printable.h"
#include "engine/interop/file.h"

namespace moe::interop {
namespace {

std::uint64_t element_bytes(TensorType type) { return type == TensorType::f64 ? 8 : 4; }
const char* dtype_name(TensorType type) { return type == TensorType::f64 ? "F64" : "F32"; }

template <class Tensor>
std::uint64_t byte_size(const Tensor& tensor) {
  std::uint64_t bytes = element_bytes(tensor.type);
  for (const std::int64_t dim : tensor.shape) bytes *= static_cast<std::uint64_t>(dim);
  return bytes;
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (const std::int64_t dim : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(dim);
  return text + "]";
}

float widen_bf16(std::uint16_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }

// IEEE 754 binary16; subnormals are scaled by their exact power of two.
float widen_f16(std::uint16_t bits) {
  const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000) << 16;
  const std::uint32_t exponent = bits >> 10 & 0x1F, mantissa = bits & 0x3FF;
  if (exponent == 0) {
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return sign ? -magnitude : magnitude;
  }
  const std::uint32_t wide = exponent == 0x1F ? 0xFF : exponent + 112;
  return std::bit_cast<float>(sign | wide << 23 | mantissa << 13);
}

void read_halves(const FileReader& reader, std::uint64_t offset, std::uint64_t count, bool brain, float* out) {
  std::vector<std::uint16_t> buffer(std::min<std::uint64_t>(count, 1 << 16));
  for (std::uint64_t done = 0; done < count;) {
    const auto piece = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), count - done));
    reader.read(offset + done * 2, buffer.data(), piece * 2);
    for (std::size_t i = 0; i < piece; ++i) out[done + i] = brain ? widen_bf16(buffer[i]) : widen_f16(buffer[i]);
    done += piece;
  }
}

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& what) {
  throw Error(ErrorKind::bad_input, what, file.string(), {}, "Use the file of a model with the same settings");
}

void read_one(const FileReader& reader, std::uint64_t data_offset, const TensorInfo& info, const TensorTarget& target) {
  if (info.shape != target.shape)
    refuse(reader.path(), fmt::format("tensor {} has shape {} where {} is needed", printable(info.name),
                                      shape_text(info.shape), shape_text(target.shape)));
  const std::uint64_t begin = data_offset + info.begin, bytes = info.end - info.begin;
  const bool half = info.dtype == "BF16" || info.dtype == "F16";
  if (info.dtype == dtype_name(target.type)) {
    reader.read(begin, target.data, bytes);
  } else if (half && target.type == TensorType::f32) {
    read_halves(reader, begin, bytes / 2, info.dtype == "BF16", static_cast<float*>(target.data));
  } else {
    refuse(reader.path(), fmt::format("tensor {} is {} where {} is needed", printable(info.name), info.dtype,
                                      dtype_name(target.type)));
  }
}

}  // namespace

void write_safetensors(FileWriter& writer, const std::vector<TensorRef>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::unordered_set<std::string> names;
  std::uint64_t offset = 0;
  for (const auto& tensor : tensors) {
    if (tensor.name == "__metadata__" || !names.insert(tensor.name).second)
      throw Error(ErrorKind::failure, "tensor " + printable(tensor.name) + " cannot be written twice");
    const std::uint64_t end = offset + byte_size(tensor);
    header[tensor.name] = {
        {"dtype", dtype_name(tensor.type)}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');  // keeps the data aligned
  const std::uint64_t length = text.size();
  writer.write(&length, 8);
  writer.write(text);
  for (const auto& tensor : tensors) writer.write(tensor.data, byte_size(tensor));
}

void write_safetensors(const std::filesystem::path& file, const std::vector<TensorRef>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  FileWriter writer(file);
  write_safetensors(writer, tensors, metadata);
  writer.finish();
}

void read_safetensors(const std::filesystem::path& file, const std::vector<TensorTarget>& targets) {
  const SafetensorsHeader header = read_safetensors_header(file);
  const FileReader reader(file);
  std::unordered_map<std::string, const TensorInfo*> by_name;
  for (const auto& tensor : header.tensors) by_name[tensor.name] = &tensor;
  for (const auto& target : targets) {
    const auto found = by_name.find(target.name);
    if (found == by_name.end()) refuse(file, "has no tensor " + printable(target.name));
    read_one(reader, header.data_offset, *found->second, target);
  }
}

}  // namespace moe::interop
