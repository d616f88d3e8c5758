// SPDX-License-Identifier: Apache-2.0
#include "engine/interop/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>
#include <vector>

#include "engine/interop/crc32c.h"

namespace moe::interop {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 26;  // one write(2) or pread(2) moves less than 2 GiB

const char* action_for(int error_number) {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
      return "Free some space and try again; what was saved before is untouched";
    case EFBIG:
      return "Raise the file size limit (ulimit -f) or use another file system";
    case EROFS:
    case EACCES:
    case EPERM:
      return "Choose a folder that you may write to";
    case EMFILE:
    case ENFILE:
      return "Raise the limit of open files (ulimit -n)";
    case EIO:
      return "Check the disk and its cable; what was saved before is untouched";
    default:
      return "Check the path and the file system";
  }
}

int open_retrying(const std::filesystem::path& file, int flags, mode_t mode = 0) {
  int fd;
  do fd = ::open(file.c_str(), flags | O_CLOEXEC, mode);
  while (fd < 0 && errno == EINTR);
  return fd;
}

}  // namespace

Error system_error(const char* call, const std::filesystem::path& file, int error_number) {
  return Error(ErrorKind::resource, fmt::format("{} failed: {}", call, std::generic_category().message(error_number)),
               file.string(), {}, action_for(error_number));
}

Descriptor::Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = other.release();
  }
  return *this;
}
Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}
int Descriptor::release() { return std::exchange(fd_, -1); }

FileReader::FileReader(const std::filesystem::path& file) : path_(file) {
  // O_NONBLOCK: opening a FIFO must not wait for its other end.
  fd_ = Descriptor(open_retrying(file, O_RDONLY | O_NONBLOCK));
  if (fd_.get() < 0)
    throw Error(ErrorKind::bad_input, "cannot be opened: " + std::generic_category().message(errno), file.string(), {},
                "Check that the file exists and may be read");
  struct stat status {};
  if (::fstat(fd_.get(), &status) != 0) throw system_error("fstat", file, errno);
  if (!S_ISREG(status.st_mode))
    throw Error(ErrorKind::bad_input, "is not a regular file", file.string(), "folders, pipes and devices are refused",
                "Give the path of a file");
  size_ = static_cast<std::uint64_t>(status.st_size);
}

void FileReader::read(std::uint64_t offset, void* data, std::size_t bytes) const {
  auto* out = static_cast<char*>(data);
  while (bytes > 0) {
    const ssize_t got = ::pread(fd_.get(), out, std::min(bytes, kPiece), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0)
      throw Error(ErrorKind::bad_input,
                  got == 0
                      ? fmt::format("ends at byte {}: {} bytes are missing", offset, bytes)
                      : fmt::format("cannot be read at byte {}: {}", offset, std::generic_category().message(errno)),
                  path_.string(), {}, "Use another copy of the file");
    out += got;
    offset += static_cast<std::uint64_t>(got);
    bytes -= static_cast<std::size_t>(got);
  }
}

std::string FileReader::read_all(std::uint64_t limit) const {
  if (size_ > limit)
    throw Error(ErrorKind::bad_input, fmt::format("has {} bytes", size_), path_.string(),
                fmt::format("at most {} bytes", limit), "Use another copy of the file");
  std::string text(size_, '\0');
  read(0, text.data(), text.size());
  return text;
}

std::uint32_t FileReader::checksum() const {
  std::vector<char> buffer(std::min<std::uint64_t>(std::max<std::uint64_t>(size_, 1), std::uint64_t{1} << 20));
  std::uint32_t crc = 0;
  for (std::uint64_t offset = 0; offset < size_;) {
    const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), size_ - offset));
    read(offset, buffer.data(), bytes);
    crc = crc32c(crc, buffer.data(), bytes);
    offset += bytes;
  }
  return crc;
}

FileWriter::FileWriter(const std::filesystem::path& file) : path_(file) {
  fd_ = Descriptor(open_retrying(file, O_WRONLY | O_CREAT | O_TRUNC, 0644));
  if (fd_.get() < 0) throw system_error("open", file, errno);
}

void FileWriter::write(const void* data, std::size_t bytes) {
  checksum_ = crc32c(checksum_, data, bytes);
  size_ += bytes;
  const auto* in = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t put = ::write(fd_.get(), in, std::min(bytes, kPiece));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) throw system_error("write", path_, put < 0 ? errno : EIO);
    in += put;
    bytes -= static_cast<std::size_t>(put);
  }
}

void FileWriter::finish() {
  if (::fsync(fd_.get()) != 0) throw system_error("fsync", path_, errno);
  ::posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_DONTNEED);
  if (::close(fd_.release()) != 0) throw system_error("close", path_, errno);
}

void rename_path(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0) throw system_error("rename", to, errno);
}

void sync_folder(const std::filesystem::path& folder) {
  const Descriptor fd(open_retrying(folder, O_RDONLY | O_DIRECTORY));
  if (fd.get() < 0) throw system_error("open", folder, errno);
  // Some network file systems cannot sync a folder and say EINVAL; there is nothing further to ask of them.
  if (::fsync(fd.get()) != 0 && errno != EINVAL) throw system_error("fsync", folder, errno);
}

}  // namespace moe::interop
