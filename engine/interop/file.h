// SPDX-License-Identifier: Apache-2.0
// POSIX files with typed errors: what was written is on the disk, what is read is all there.
// A program must ignore SIGXFSZ (and SIGPIPE), so that crossing `ulimit -f` is the error EFBIG and not its death.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "engine/core/error.h"

namespace moe::interop {

/// Error(resource) for a failed system call: its name, the file, the system's reason and one action for that reason.
Error system_error(const char* call, const std::filesystem::path& file, int error_number);

/// A descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();
  int get() const { return fd_; }
  int release();

 private:
  int fd_;
};

/// Reads a regular file with pread; a FIFO, device or folder is refused, and nothing is mapped.
class FileReader {
 public:
  /// Throws Error(bad_input) when it is missing, unreadable or not a regular file.
  explicit FileReader(const std::filesystem::path& file);
  std::uint64_t size() const { return size_; }
  const std::filesystem::path& path() const { return path_; }
  /// Exactly `bytes` from `offset`. Throws Error(bad_input) naming the offset where the file ended or failed.
  void read(std::uint64_t offset, void* data, std::size_t bytes) const;
  /// The whole file; at most `limit` bytes, else Error(bad_input).
  std::string read_all(std::uint64_t limit) const;
  /// CRC-32C of the whole file.
  std::uint32_t checksum() const;

 private:
  std::filesystem::path path_;
  Descriptor fd_;
  std::uint64_t size_ = 0;
};

/// Writes one new or truncated file and counts its size and CRC-32C on the way. Throws Error(resource).
class FileWriter {
 public:
  explicit FileWriter(const std::filesystem::path& file);
  void write(const void* data, std::size_t bytes);
  void write(std::string_view text) { write(text.data(), text.size()); }
  /// fsync and close; only then the bytes count as written. The page cache is asked to forget them, so that reading
  /// them back to verify asks the disk.
  void finish();
  std::uint64_t size() const { return size_; }
  std::uint32_t checksum() const { return checksum_; }

 private:
  std::filesystem::path path_;
  Descriptor fd_;
  std::uint64_t size_ = 0;
  std::uint32_t checksum_ = 0;
};

/// rename(2) and fsync of a folder, each with Error(resource).
void rename_path(const std::filesystem::path& from, const std::filesystem::path& to);
void sync_folder(const std::filesystem::path& folder);

}  // namespace moe::interop
