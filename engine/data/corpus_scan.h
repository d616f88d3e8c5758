// SPDX-License-Identifier: Apache-2.0
// Finds the text files of a user's corpus, with their domains, in an order that does not depend on the machine.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/data/dataset.h"

namespace moe::data {

/// A list of remarks that stays small however many files there are.
class Notes {
 public:
  void add(const std::string& file, const std::string& remark);
  /// The first kMax remarks, then one line with the number of the others.
  std::vector<std::string> list() const;

 private:
  static constexpr std::size_t kMax = 1000;
  std::vector<std::string> lines_;
  std::uint64_t more_ = 0;
};

struct SourceFile {
  std::string path;  // relative to the root, in the file system's own bytes; empty when the root is the file
  std::uint64_t size = 0;
  std::int64_t modified = 0;  // nanoseconds
  int domain = 0;
};

struct CorpusFiles {
  std::filesystem::path root;
  std::vector<std::string> domains;  // sorted bytewise; valid UTF-8
  std::vector<SourceFile> files;     // sorted by domain, then bytewise by path
  std::uint64_t bytes = 0;
  Notes notes;

  std::filesystem::path full_path(const SourceFile& file) const;
  /// Changes when a file is added, removed, renamed, resized or touched.
  std::uint64_t fingerprint() const;
};

/// Walks `root`. The first folder level names the domain; files at the top level belong to the domain named after the
/// root folder, a single file to "text". Skipped with a note: binaries, empty and unreadable files, what is no regular
/// file, links that lead back, hidden entries; `exclude` (the cache folder) is passed over. Throws Error(bad_input) for
/// a missing path and when no text is left, Error(failure) when cancelled.
CorpusFiles scan_corpus(const std::filesystem::path& root, const std::filesystem::path& exclude,
                        const ProgressFn& progress);

/// Calls `progress`, if any; throws Error(failure, "cancelled") when it returns false.
void report(const ProgressFn& progress, const Progress& state);

}  // namespace moe::data
