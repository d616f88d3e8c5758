// SPDX-License-Identifier: Apache-2.0
// The header of an untrusted safetensors file, read event by event: nothing that is not of the format is ever stored.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>
#include <unordered_set>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/printable.h"
#include "engine/interop/file.h"
#include "engine/interop/safetensors.h"

static_assert(std::endian::native == std::endian::little, "safetensors is little-endian");

namespace moe::interop {
namespace {

constexpr std::uint64_t kHeaderLimit = 100'000'000;  // the reference implementation's
constexpr std::size_t kTensorLimit = 100'000, kNameLimit = 1024, kRankLimit = 8;
constexpr std::uint64_t kDimLimit = std::uint64_t{1} << 48;
constexpr int kDepthLimit = 64;

constexpr std::array<std::pair<const char*, unsigned>, 14> kTypes{{{"BOOL", 1},
                                                                   {"U8", 1},
                                                                   {"I8", 1},
                                                                   {"F8_E5M2", 1},
                                                                   {"F8_E4M3", 1},
                                                                   {"I16", 2},
                                                                   {"U16", 2},
                                                                   {"F16", 2},
                                                                   {"BF16", 2},
                                                                   {"I32", 4},
                                                                   {"U32", 4},
                                                                   {"F32", 4},
                                                                   {"I64", 8},
                                                                   {"F64", 8}}};

unsigned bytes_of(const std::string& dtype) {
  if (dtype == "U64") return 8;
  for (const auto& [name, bytes] : kTypes)
    if (dtype == name) return bytes;
  return 0;
}

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& what, const std::string& limit = {}) {
  throw Error(ErrorKind::bad_input, what, file.string(), limit, "Use another copy of the file or write it again");
}

// Follows {"name": {"dtype": ..., "shape": [...], "data_offsets": [begin, end]}, "__metadata__": {"key": "value"}}.
class HeaderEvents : public nlohmann::json_sax<nlohmann::json> {
 public:
  HeaderEvents(const std::filesystem::path& file, SafetensorsHeader& header) : file_(file), header_(header) {}

  bool null() override { unexpected("null"); }
  bool boolean(bool) override { unexpected("a boolean"); }
  bool number_float(number_float_t, const string_t& text) override { unexpected("the number " + printable(text)); }
  bool number_integer(number_integer_t value) override { unexpected(fmt::format("the number {}", value)); }
  bool binary(binary_t&) override { unexpected("binary data"); }
  bool number_unsigned(number_unsigned_t value) override {
    if (place_ == Place::shape) {
      if (value > kDimLimit) refuse_tensor(fmt::format("has a dimension of {}", value), "at most 2^48");
      if (tensor_.shape.size() == kRankLimit) refuse_tensor("has more than 8 dimensions", "at most 8");
      tensor_.shape.push_back(static_cast<std::int64_t>(value));
    } else if (place_ == Place::offsets) {
      if (offsets_ == 2) refuse_tensor("has more than two data_offsets", "[begin, end]");
      (offsets_++ == 0 ? tensor_.begin : tensor_.end) = value;
    } else {
      unexpected(fmt::format("the number {}", value));
    }
    return true;
  }
  bool string(string_t& value) override {
    if (place_ == Place::metadata) {
      header_.metadata[key_] = value;
    } else if (place_ == Place::tensor && key_ == "dtype") {
      tensor_.dtype = value;
    } else {
      unexpected("the text " + printable(value));
    }
    return true;
  }
  bool start_object(std::size_t) override {
    deepen();
    if (place_ == Place::before) {
      place_ = Place::root;
    } else if (place_ == Place::root) {
      fields_.clear();
      place_ = key_ == "__metadata__" ? Place::metadata : Place::tensor;
      tensor_ = {};
      tensor_.name = key_;
      offsets_ = 0;
    } else {
      unexpected("an object");
    }
    return true;
  }
  bool key(string_t& name) override {
    key_ = name;
    if (place_ == Place::root) {
      if (name.size() > kNameLimit)
        refuse(file_, fmt::format("holds a tensor name of {} bytes", name.size()), "at most 1024 bytes");
      if (!names_.insert(name).second) refuse(file_, "holds tensor " + printable(name) + " twice");
      if (names_.size() > kTensorLimit + 1) refuse(file_, "holds more than 100000 tensors", "at most 100000");
    } else if (!fields_.insert(name).second) {
      refuse_tensor("has the field " + printable(name) + " twice", {});
    } else if (place_ == Place::tensor && name != "dtype" && name != "shape" && name != "data_offsets") {
      refuse_tensor("has the unknown field " + printable(name), "dtype, shape and data_offsets");
    }
    return true;
  }
  bool end_object() override {
    --depth_;
    if (place_ == Place::root) {
      place_ = Place::after;
      return true;
    }
    if (place_ == Place::tensor) {
      for (const char* field : {"dtype", "shape", "data_offsets"})
        if (!fields_.contains(field)) refuse_tensor(fmt::format("has no {}", field), "dtype, shape and data_offsets");
      header_.tensors.push_back(std::move(tensor_));
    }
    place_ = Place::root;
    return true;
  }
  bool start_array(std::size_t) override {
    deepen();
    if (place_ == Place::tensor && key_ == "shape") {
      place_ = Place::shape;
    } else if (place_ == Place::tensor && key_ == "data_offsets") {
      place_ = Place::offsets;
    } else {
      unexpected("a list");
    }
    return true;
  }
  bool end_array() override {
    --depth_;
    if (place_ == Place::offsets && offsets_ != 2) refuse_tensor("has fewer than two data_offsets", "[begin, end]");
    place_ = Place::tensor;
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    refuse(file_, fmt::format("its header is not JSON at byte {}", position + 8));
  }

 private:
  enum class Place { before, root, metadata, tensor, shape, offsets, after };

  void deepen() {
    if (++depth_ > kDepthLimit) refuse(file_, "its header nests deeper than 64 levels", "at most 64");
  }
  [[noreturn]] void refuse_tensor(const std::string& what, const std::string& limit) {
    refuse(file_, (place_ == Place::metadata ? "__metadata__ " : "tensor " + printable(tensor_.name) + " ") + what,
           limit);
  }
  [[noreturn]] void unexpected(const std::string& what) {
    if (place_ == Place::before || place_ == Place::root)
      refuse(file_, "its header holds " + what + " where an object belongs");
    refuse_tensor("has " + what + " in " + printable(key_), "dtype text, shape and data_offsets of whole numbers");
  }

  const std::filesystem::path& file_;
  SafetensorsHeader& header_;
  Place place_ = Place::before;
  int depth_ = 0, offsets_ = 0;
  std::string key_;
  TensorInfo tensor_;
  std::set<std::string> fields_;
  std::unordered_set<std::string> names_;
};

void check_size(const std::filesystem::path& file, const TensorInfo& tensor) {
  const std::string name = "tensor " + printable(tensor.name);
  const unsigned element = bytes_of(tensor.dtype);
  if (element == 0) {
    std::string known = "U64";
    for (const auto& type : kTypes) known += std::string(", ") + type.first;
    refuse(file, name + " has the unknown dtype " + printable(tensor.dtype), known);
  }
  std::uint64_t bytes = element;
  for (const std::int64_t dim : tensor.shape)
    if (__builtin_mul_overflow(bytes, static_cast<std::uint64_t>(dim), &bytes))
      refuse(file, name + " has a shape that overflows");
  if (tensor.end < tensor.begin || tensor.end - tensor.begin != bytes)
    refuse(file, fmt::format("{} occupies bytes {} to {} but its dtype and shape need {} bytes", name, tensor.begin,
                             tensor.end, bytes));
}

// Every byte of the buffer belongs to exactly one tensor.
void check_layout(const std::filesystem::path& file, const SafetensorsHeader& header, std::uint64_t buffer) {
  std::vector<const TensorInfo*> order;
  std::uint64_t end = 0;
  for (const auto& tensor : header.tensors) {
    check_size(file, tensor);
    order.push_back(&tensor);
    end = std::max(end, tensor.end);
  }
  std::sort(order.begin(), order.end(), [](const TensorInfo* a, const TensorInfo* b) {
    return std::pair(a->begin, a->end) < std::pair(b->begin, b->end);
  });
  std::uint64_t next = 0;
  for (const TensorInfo* tensor : order) {
    if (tensor->begin != next)
      refuse(file, fmt::format("tensor {} begins at byte {} of the data where {} was due ({})", printable(tensor->name),
                               tensor->begin, next, tensor->begin < next ? "overlap" : "hole"));
    next = tensor->end;
  }
  if (end > buffer) {
    const auto torn = std::find_if(order.begin(), order.end(), [&](const TensorInfo* t) { return t->end > buffer; });
    refuse(file, fmt::format("truncated: {} bytes missing; tensor {} should end at byte {} of the data, which has {}",
                             end - buffer, printable((*torn)->name), (*torn)->end, buffer));
  }
  if (end < buffer)
    refuse(file,
           fmt::format("{} extra bytes after the last tensor, which ends at byte {} of the data", buffer - end, end));
}

}  // namespace

SafetensorsHeader read_safetensors_header(const std::filesystem::path& file) {
  const FileReader reader(file);
  if (reader.size() < 8)
    refuse(file, fmt::format("has {} bytes, too few for a safetensors file", reader.size()), "at least 10 bytes");
  std::uint64_t length = 0;
  reader.read(0, &length, 8);
  if (length > kHeaderLimit)
    refuse(file, fmt::format("announces a header of {} bytes; is this safetensors?", length),
           "at most 100000000 bytes");
  if (length > reader.size() - 8)
    refuse(file, fmt::format("truncated: {} bytes missing; the header of {} bytes ends after the file",
                             length - (reader.size() - 8), length));
  std::string text(length, '\0');
  reader.read(8, text.data(), text.size());
  // The JSON library accepts a byte order mark and NULs after the value; the format does not.
  if (const auto nul = text.find('\0'); nul != std::string::npos)
    refuse(file, fmt::format("its header holds NUL at byte {}", nul + 8));
  if (text.starts_with("\xEF\xBB\xBF")) refuse(file, "its header begins with a byte order mark");
  SafetensorsHeader header;
  header.data_offset = 8 + length;
  HeaderEvents events(file, header);
  nlohmann::json::sax_parse(text, &events);
  check_layout(file, header, reader.size() - header.data_offset);
  return header;
}

}  // namespace moe::interop
