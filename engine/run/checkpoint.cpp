// SPDX-License-Identifier: Apache-2.0
// Saving: stage, fsync, manifest last, one rename, re-open and verify. A crash at any point leaves either the old
// state or the new one, and at worst a staging folder that the next save removes.
#include "engine/run/checkpoint.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <system_error>

#include "engine/core/error.h"
#include "engine/core/printable.h"
#include "engine/interop/crc32c.h"
#include "engine/interop/file.h"
#include "engine/interop/json_text.h"
#include "engine/run/checkpoint_names.h"
#include "engine/run/manifest.h"

namespace moe::run {
namespace {

namespace fs = std::filesystem;
using interop::FileWriter;
using interop::system_error;

std::int64_t element_count(const interop::TensorRef& tensor) {
  std::int64_t count = 1;
  for (const std::int64_t dim : tensor.shape) count *= dim;
  return count;
}

std::uint64_t byte_size(const interop::TensorRef& tensor) {
  return static_cast<std::uint64_t>(element_count(tensor)) * (tensor.type == interop::TensorType::f64 ? 8 : 4);
}

template <class T>
std::int64_t first_non_finite(const void* data, std::int64_t count) {
  const T* values = static_cast<const T*>(data);
  constexpr std::int64_t kBlock = 4096;
  for (std::int64_t begin = 0; begin < count; begin += kBlock) {
    const std::int64_t end = std::min(begin + kBlock, count);
    T sum = 0;  // 0 · x is NaN for NaN and infinity, and the loop has no branch
    for (std::int64_t i = begin; i < end; ++i) sum += values[i] * T{0};
    if (sum == T{0}) continue;
    for (std::int64_t i = begin; i < end; ++i)
      if (!std::isfinite(values[i])) return i;
  }
  return -1;
}

void check_finite(const std::vector<interop::TensorRef>& tensors) {
  for (const auto& tensor : tensors) {
    const std::int64_t count = element_count(tensor);
    const std::int64_t bad = tensor.type == interop::TensorType::f64 ? first_non_finite<double>(tensor.data, count)
                                                                     : first_non_finite<float>(tensor.data, count);
    if (bad >= 0)
      throw Error(ErrorKind::diverged, fmt::format("element {} of {} is not finite", bad, count),
                  "tensor " + printable(tensor.name, 256), "a checkpoint holds finite numbers only",
                  "Resume from the last checkpoint with a smaller optim.lr");
  }
}

// Asked before anything is written, so that a full disk is refused whole; writing still checks every call.
void check_space(const fs::path& folder, const CheckpointContent& content) {
  std::uint64_t need = content.tokenizer.size() + (std::uint64_t{256} << 10);  // JSON, headers and block rounding
  for (const auto* tensors : {&content.parameters, &content.optimizer})
    for (const auto& tensor : *tensors) need += byte_size(tensor) + tensor.name.size() + 128;
  struct statvfs status {};
  if (::statvfs(folder.c_str(), &status) != 0) throw system_error("statvfs", folder, errno);
  const std::uint64_t blocks = ::geteuid() == 0 ? status.f_bfree : status.f_bavail;
  const std::uint64_t free = blocks * status.f_frsize;
  if (free < need)
    throw Error(ErrorKind::resource, fmt::format("a checkpoint needs {} bytes and the disk has {} free", need, free),
                folder.string(), {}, "Free some space and save again; the checkpoints saved before are untouched");
}

// The folder being written; removed again unless it was published.
class Staging {
 public:
  Staging(const fs::path& folder, std::int64_t step)
      : path_(folder / fmt::format(".tmp-{}-{}", checkpoint_name(step), ::getpid())) {
    if (::mkdir(path_.c_str(), 0755) != 0) throw system_error("mkdir", path_, errno);
  }
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;
  ~Staging() {
    std::error_code error;
    fs::remove_all(path_, error);
  }
  const fs::path& path() const { return path_; }

  template <class Write>
  void add(const std::string& name, Write write) {
    FileWriter file(path_ / name);
    write(file);
    file.finish();
    manifest_.files.push_back({name, file.size(), std::string(interop::crc32c_text(file.checksum()).view())});
  }
  void add_text(const std::string& name, const std::string& text) {
    add(name, [&](FileWriter& file) { file.write(text); });
  }
  const Manifest& seal(std::int64_t step, std::int64_t ordinal) {
    manifest_.step = step;
    manifest_.ordinal = ordinal;
    FileWriter file(path_ / kManifestName);
    file.write(render_manifest(manifest_));
    file.finish();
    interop::sync_folder(path_);
    return manifest_;
  }

 private:
  fs::path path_;
  Manifest manifest_;
};

void write_content(Staging& staging, const CheckpointContent& content) {
  const std::map<std::string, std::string> format{{"format", "pt"}};  // transformers asks for it
  staging.add("model.safetensors",
              [&](FileWriter& file) { interop::write_safetensors(file, content.parameters, format); });
  staging.add("optim.safetensors",
              [&](FileWriter& file) { interop::write_safetensors(file, content.optimizer, format); });
  staging.add_text("state.json", interop::render_json(
                                     {{"step", content.step}, {"tokens", content.tokens}, {"state", content.state}}));
  staging.add_text("settings.json", interop::render_json(content.config));
  staging.add_text("config.json", interop::render_json(content.hf_config));
  if (!content.tokenizer.empty()) staging.add_text("tokenizer.model", content.tokenizer);
}

std::int64_t next_ordinal(const fs::path& folder) {
  std::int64_t last = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (!step_of_name(entry.path().filename().string())) continue;
    try {
      last = std::max(last, read_manifest(entry.path()).ordinal);
    } catch (const Error&) {
      // A torn one has no say.
    }
  }
  return last + 1;
}

bool holds_same(const fs::path& target, const Manifest& manifest) {
  try {
    const Manifest present = read_manifest(target);
    if (present.step != manifest.step || present.files != manifest.files) return false;
    verify_files(target, present, true);
    return true;
  } catch (const Error&) {
    return false;
  }
}

void rename_durably(const fs::path& from, const fs::path& to) {
  interop::rename_path(from, to);
  interop::sync_folder(to.parent_path());
}

// Puts the staged folder where another one stands. The exchange is atomic; afterwards staging holds the old one.
// Where the file system cannot exchange (network and FAT), the old one steps aside first and comes back on failure.
void replace(const fs::path& staged, const fs::path& target) {
  if (::renameat2(AT_FDCWD, staged.c_str(), AT_FDCWD, target.c_str(), RENAME_EXCHANGE) == 0) {
    interop::sync_folder(target.parent_path());
    return;
  }
  if (errno != EINVAL && errno != ENOSYS) throw system_error("rename", target, errno);
  const fs::path aside = target.parent_path() / (".trash-" + target.filename().string() + "-replaced");
  std::error_code ignored;
  fs::remove_all(aside, ignored);
  interop::rename_path(target, aside);
  try {
    rename_durably(staged, target);
  } catch (const Error&) {
    fs::rename(aside, target, ignored);
    throw;
  }
  fs::rename(aside, staged, ignored);
}

// Reads everything back from where it will be looked for.
void verify_published(const fs::path& target, const Manifest& manifest) {
  const Manifest present = read_manifest(target);
  if (present.files != manifest.files)
    throw Error(ErrorKind::resource, "reads back differently", target.string(), {}, "Check the disk");
  verify_files(target, present, true);
}

}  // namespace

CheckpointInfo save_checkpoint(const fs::path& folder, const CheckpointContent& content) {
  check_finite(content.parameters);
  check_finite(content.optimizer);
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw system_error("mkdir", folder, error.value());
  remove_leftovers(folder);
  check_space(folder, content);

  Staging staging(folder, content.step);
  write_content(staging, content);
  const Manifest manifest = staging.seal(content.step, next_ordinal(folder));

  const fs::path target = folder / checkpoint_name(content.step);
  const CheckpointInfo info{target, content.step, manifest.bytes(), true, {}};
  const bool present = fs::exists(fs::symlink_status(target));
  if (present && holds_same(target, manifest)) return info;
  present ? replace(staging.path(), target) : rename_durably(staging.path(), target);
  try {
    verify_published(target, manifest);
  } catch (const Error& torn) {
    // The disk did not keep it: the replaced one comes back, and a checkpoint that never was is not left to be found.
    if (present)
      replace(staging.path(), target);
    else
      discard(target);
    throw Error(ErrorKind::resource, std::string("the checkpoint could not be read back: ") + torn.what(),
                target.string(), {}, "Check the disk; the checkpoints saved before are untouched");
  }
  return info;
}

}  // namespace moe::run
