// SPDX-License-Identifier: Apache-2.0
#include "engine/data/file_io.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "engine/core/error.h"
#include "engine/data/utf8.h"

namespace moe::data {
namespace {

constexpr std::size_t kBuffer = std::size_t{1} << 20;

std::string reason(int error) { return std::generic_category().message(error); }

}  // namespace

std::uint64_t hash64(const void* data, std::size_t size, std::uint64_t seed) {
  constexpr std::uint64_t kPrime = 0x100000001b3u, kBasis = 0xcbf29ce484222325u;
  const char* bytes = static_cast<const char*>(data);
  std::uint64_t hash = kBasis ^ seed ^ (size * 0x9E3779B97F4A7C15u);
  const auto absorb = [&hash](std::uint64_t word) {
    hash = (hash ^ word) * kPrime;
    hash ^= hash >> 32;
  };
  for (; size >= 8; size -= 8, bytes += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, 8);
    absorb(word);
  }
  if (size > 0) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, size);
    absorb(word);
  }
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdu;
  return hash ^ (hash >> 33);
}

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

void FileDescriptor::reset(int fd) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

FileDescriptor open_regular(const std::filesystem::path& file) {
  FileDescriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat info {};
  if (fd && (::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode))) {
    fd.reset();
    errno = EINVAL;
  }
  return fd;
}

ssize_t read_fully(int fd, char* data, std::size_t size) {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t n = ::read(fd, data + done, size - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -1;
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  return static_cast<ssize_t>(done);
}

std::string read_file(const std::filesystem::path& file, std::size_t limit) {
  const std::string where = escaped_name(file.native());
  const FileDescriptor fd = open_regular(file);
  if (!fd) {
    throw Error(ErrorKind::bad_input, "cannot be read: " + reason(errno), where, "a readable regular file",
                "Check the path and its permissions");
  }
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0 || static_cast<std::uint64_t>(info.st_size) > limit) {
    throw Error(ErrorKind::bad_input, "the file is too large", where, fmt::format("at most {} bytes", limit),
                "Check that this is the right file");
  }
  std::string text(static_cast<std::size_t>(info.st_size), '\0');
  const ssize_t n = read_fully(fd.get(), text.data(), text.size());
  if (n < 0) {
    throw Error(ErrorKind::bad_input, "cannot be read: " + reason(errno), where, "", "Check the disk");
  }
  text.resize(static_cast<std::size_t>(n));
  return text;
}

StagedFile::StagedFile(std::filesystem::path target) : target_(std::move(target)), temporary_(target_) {
  temporary_ += fmt::format(".tmp{}", ::getpid());
  if (target_.has_parent_path()) {
    std::error_code error;
    std::filesystem::create_directories(target_.parent_path(), error);
    if (error) fail(error.value());
  }
  file_.reset(::open(temporary_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file_) fail(errno);
  buffer_.reserve(kBuffer);
}

StagedFile::~StagedFile() {
  if (!committed_ && file_) ::unlink(temporary_.c_str());
}

void StagedFile::fail(int error) const {
  throw Error(ErrorKind::resource, "cannot be written: " + reason(error), escaped_name(target_.native()),
              "a writable folder with enough free space", "Free some space or choose another folder");
}

void StagedFile::put(std::uint64_t offset, const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t n = ::pwrite(file_.get(), data, size, static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail(n < 0 ? errno : ENOSPC);
    data += n;
    offset += static_cast<std::uint64_t>(n);
    size -= static_cast<std::size_t>(n);
  }
}

void StagedFile::flush() {
  put(flushed_, buffer_.data(), buffer_.size());
  flushed_ += buffer_.size();
  buffer_.clear();
}

void StagedFile::write(const void* data, std::size_t size) {
  const char* bytes = static_cast<const char*>(data);
  size_ += size;
  while (size > 0) {
    const std::size_t part = std::min(size, kBuffer - buffer_.size());
    buffer_.insert(buffer_.end(), bytes, bytes + part);
    bytes += part;
    size -= part;
    if (buffer_.size() == kBuffer) flush();
  }
}

void StagedFile::write_at(std::uint64_t offset, const void* data, std::size_t size) {
  flush();
  put(offset, static_cast<const char*>(data), size);
}

void StagedFile::commit() {
  flush();
  if (::fsync(file_.get()) != 0) fail(errno);
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail(errno);
  committed_ = true;
  // The rename is durable only once the folder is.
  const std::filesystem::path folder = target_.has_parent_path() ? target_.parent_path() : ".";
  const FileDescriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory) ::fsync(directory.get());
  file_.reset();
}

MappedFile::MappedFile(const std::filesystem::path& file) {
  const FileDescriptor fd = open_regular(file);
  struct stat info {};
  if (!fd || ::fstat(fd.get(), &info) != 0 || info.st_size <= 0) return;
  void* address = ::mmap(nullptr, static_cast<std::size_t>(info.st_size), PROT_READ, MAP_SHARED, fd.get(), 0);
  if (address == MAP_FAILED) return;
  data_ = static_cast<const char*>(address);
  size_ = static_cast<std::size_t>(info.st_size);
}

MappedFile::~MappedFile() {
  if (data_) ::munmap(const_cast<char*>(data_), size_);
}

void MappedFile::release(std::size_t offset, std::size_t size) const {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t first = (offset + page - 1) / page * page, last = (offset + size) / page * page;
  if (last > first) ::madvise(const_cast<char*>(data_) + first, last - first, MADV_DONTNEED);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

}  // namespace moe::data
