// SPDX-License-Identifier: Apache-2.0
// safetensors: u64 little-endian header length, JSON header, one row-major buffer without holes or overlaps.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace moe::interop {

class FileWriter;  // file.h

enum class TensorType { f32, f64 };

/// A tensor to be written; `data` stays the caller's.
struct TensorRef {
  std::string name;
  std::vector<std::int64_t> shape;
  TensorType type = TensorType::f32;
  const void* data = nullptr;
};
/// Where a tensor is read to; name, shape and type must match the file.
struct TensorTarget {
  std::string name;
  std::vector<std::int64_t> shape;
  TensorType type = TensorType::f32;
  void* data = nullptr;
};
struct TensorInfo {
  std::string name, dtype;  // dtype as in the file: "F32", "BF16" ...
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0, end = 0;  // bytes after the header
};
struct SafetensorsHeader {
  std::vector<TensorInfo> tensors;
  std::map<std::string, std::string> metadata;
  std::uint64_t data_offset = 0;
};

/// Writes and fsyncs one file. Throws Error(resource) naming the path and the failing call.
void write_safetensors(const std::filesystem::path& file, const std::vector<TensorRef>& tensors,
                       const std::map<std::string, std::string>& metadata);
/// The same into an open file, whose owner finishes it.
void write_safetensors(FileWriter& writer, const std::vector<TensorRef>& tensors,
                       const std::map<std::string, std::string>& metadata);
/// Reads and checks a header of an untrusted file. Throws Error(bad_input).
SafetensorsHeader read_safetensors_header(const std::filesystem::path& file);
/// Reads the named tensors; F32/F64 exactly, BF16 and F16 widened to float32 targets.
void read_safetensors(const std::filesystem::path& file, const std::vector<TensorTarget>& targets);

}  // namespace moe::interop
