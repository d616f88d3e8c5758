// SPDX-License-Identifier: Apache-2.0
// Files that appear whole or not at all, read-only mappings, and a fast checksum.
#pragma once
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace moe::data {

/// 64-bit checksum against torn and altered files (not against an adversary): FNV-1a over 64-bit words with a final
/// mix. `seed` chains calls.
std::uint64_t hash64(const void* data, std::size_t size, std::uint64_t seed = 0);
inline std::uint64_t hash64(std::string_view text, std::uint64_t seed = 0) {
  return hash64(text.data(), text.size(), seed);
}

/// Owns a POSIX file descriptor.
class FileDescriptor {
 public:
  explicit FileDescriptor(int fd = -1) : fd_(fd) {}
  ~FileDescriptor() { reset(); }
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void reset(int fd = -1);

 private:
  int fd_;
};

/// Opens a regular file for reading without ever blocking on a FIFO; errno tells why not.
FileDescriptor open_regular(const std::filesystem::path& file);
/// read(2) until `size` bytes or the end of the file; -1 with errno on failure.
ssize_t read_fully(int fd, char* data, std::size_t size);
/// The whole file. Throws Error(bad_input) when missing, unreadable, no regular file or longer than `limit` bytes.
std::string read_file(const std::filesystem::path& file, std::size_t limit);

/// Writes `target`.tmp; commit() flushes it to the disk and renames it. Without commit() nothing is left behind.
/// Every failure (ENOSPC, EROFS, EFBIG, EACCES ...) is an Error(resource) that names the file and the cause.
class StagedFile {
 public:
  explicit StagedFile(std::filesystem::path target);
  ~StagedFile();
  StagedFile(const StagedFile&) = delete;
  StagedFile& operator=(const StagedFile&) = delete;

  void write(const void* data, std::size_t size);
  /// Overwrites bytes that were written before.
  void write_at(std::uint64_t offset, const void* data, std::size_t size);
  std::uint64_t size() const { return size_; }
  void commit();

 private:
  [[noreturn]] void fail(int error) const;
  void flush();
  void put(std::uint64_t offset, const char* data, std::size_t size);

  std::filesystem::path target_, temporary_;
  FileDescriptor file_;
  std::vector<char> buffer_;
  std::uint64_t size_ = 0, flushed_ = 0;
  bool committed_ = false;
};

/// A read-only mapping of a whole regular file; empty when the file is missing or empty.
class MappedFile {
 public:
  MappedFile() = default;
  explicit MappedFile(const std::filesystem::path& file);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  const char* data() const { return data_; }
  std::size_t size() const { return size_; }
  /// Lets the pages wholly inside [offset, offset + size) leave this process's memory until they are read again.
  void release(std::size_t offset, std::size_t size) const;

 private:
  const char* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace moe::data
