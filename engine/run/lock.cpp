// SPDX-License-Identifier: Apache-2.0
// flock(2): held by the open file, so the kernel releases it whatever way the process ends. The file stays in place,
// since removing it would let two programs lock two files of the same name.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <string>
#include <thread>

#include "engine/core/error.h"
#include "engine/core/printable.h"
#include "engine/interop/file.h"
#include "engine/run/run_folder.h"

namespace moe::run {
namespace {

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown host";
}

std::string read_holder(int fd) {
  std::array<char, 512> text{};
  const ssize_t size = ::pread(fd, text.data(), text.size(), 0);
  if (size <= 0) return {};
  std::string holder(text.data(), static_cast<std::size_t>(size));
  holder.erase(holder.find_last_not_of('\n') + 1);
  return holder;
}

// The holder locks first and writes its name then; a moment later it is there.
std::string wait_for_holder(int fd) {
  for (int attempt = 0; attempt < 20; ++attempt) {
    if (std::string holder = read_holder(fd); !holder.empty()) return holder;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return {};
}

}  // namespace

struct Lock::Impl {
  interop::Descriptor fd;
  // Emptied before the kernel releases the lock, so that a dead name is never shown for a live one.
  ~Impl() { [[maybe_unused]] const int ignored = ::ftruncate(fd.get(), 0); }
};

Lock::Lock(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Lock::Lock(Lock&&) noexcept = default;
Lock& Lock::operator=(Lock&&) noexcept = default;
Lock::~Lock() = default;

Lock Lock::acquire(const std::filesystem::path& run) {
  const auto file = run / "run.lock";
  interop::Descriptor fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (fd.get() < 0) throw interop::system_error("open", file, errno);
  int result;
  do result = ::flock(fd.get(), LOCK_EX | LOCK_NB);
  while (result != 0 && errno == EINTR);
  if (result != 0 && errno == EWOULDBLOCK) {
    const std::string holder = wait_for_holder(fd.get());
    throw Error(ErrorKind::locked,
                "another program holds the run" + (holder.empty() ? "" : ": " + printable(holder, 300)), run.string(),
                "one program at a time trains a run", "Stop that program, or open the run for reading");
  }
  if (result != 0) throw interop::system_error("flock", file, errno);
  const std::string text = "pid " + std::to_string(::getpid()) + " on " + host_name() + "\n";
  if (::ftruncate(fd.get(), 0) != 0) throw interop::system_error("ftruncate", file, errno);
  if (::pwrite(fd.get(), text.data(), text.size(), 0) < 0) throw interop::system_error("write", file, errno);
  return Lock(std::unique_ptr<Impl>(new Impl{std::move(fd)}));
}

}  // namespace moe::run
