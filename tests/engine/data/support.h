// SPDX-License-Identifier: Apache-2.0
// What the data tests share: files, folders and caught errors.
#pragma once
#include <QtTest>
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "engine/core/error.h"
#include "engine/data/dataset.h"
#include "engine/data/generators/generator.h"

namespace moe::data::test {

namespace fs = std::filesystem;

/// Time and memory are only judged in optimised builds without sanitizers.
#if defined(NDEBUG) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
inline constexpr bool kMeasured = true;
#else
inline constexpr bool kMeasured = false;
#endif

/// A folder that is removed with whatever names it holds (QTemporaryDir cannot remove names that are not UTF-8).
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "moe-data-XXXXXX").native();
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() {
    std::error_code error;
    fs::remove_all(path_, error);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const fs::path& path() const { return path_; }
  fs::path operator/(const std::string& name) const { return path_ / name; }

 private:
  fs::path path_;
};

inline fs::path write(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
  return file;
}

inline std::string read(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// About `bytes` of text of an embedded domain.
inline std::string sample(int domain, std::size_t bytes, std::uint64_t first = 0) {
  std::string all, text;
  for (std::uint64_t i = first; all.size() < bytes; ++i) {
    generators::document(99, domain, generators::Split::train, i, text);
    all += text;
  }
  return all;
}

/// Everything below a folder, as sorted relative names.
inline std::vector<std::string> listing(const fs::path& folder) {
  std::vector<std::string> names;
  if (fs::exists(folder)) {
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      names.push_back(fs::relative(entry.path(), folder).native());
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// The Error that `call` throws, if any.
template <class Call>
std::optional<Error> error_of(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  return std::nullopt;
}

inline bool contains(const std::vector<std::string>& lines, const std::string& part) {
  return std::any_of(lines.begin(), lines.end(), [&](const auto& l) { return l.find(part) != std::string::npos; });
}

inline DatasetOptions options_for(const fs::path& source, const fs::path& cache, int vocabulary = 384) {
  DatasetOptions options;
  options.path = source;
  options.cache_dir = cache;
  options.vocabulary = vocabulary;
  options.context = 32;
  return options;
}

}  // namespace moe::data::test
