// SPDX-License-Identifier: Apache-2.0
// <run>/run.json, metrics.sqlite, tokenizer.model, tokens.bin, checkpoints/, exports/, run.lock.
#pragma once
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

namespace moe::run {

/// Advisory lock of one run; holds pid and host. Released by the kernel when the process dies.
class Lock {
 public:
  /// Throws Error(locked) with the holder's pid and host.
  static Lock acquire(const std::filesystem::path& run);
  Lock(Lock&&) noexcept;
  Lock& operator=(Lock&&) noexcept;
  ~Lock();

 private:
  struct Impl;
  explicit Lock(std::unique_ptr<Impl>);
  std::unique_ptr<Impl> impl_;
};

struct RunFolder {
  std::filesystem::path path;
  std::filesystem::path store() const { return path / "metrics.sqlite"; }
  std::filesystem::path checkpoints() const { return path / "checkpoints"; }
  std::filesystem::path tokenizer() const { return path / "tokenizer.model"; }
  std::filesystem::path run_json() const { return path / "run.json"; }
};

/// Where runs are kept: $XDG_DATA_HOME or ~/.local/share, below it moe-studio/runs; a temporary folder when neither
/// can be written.
struct RunsFolder {
  std::filesystem::path path;
  std::string note;  // one sentence for a banner when it is the temporary one, else empty
};
RunsFolder runs_folder();
/// A path below runs_folder() named "<preset>-<UTC time>-<random>"; nothing is created.
std::filesystem::path default_run_path(const std::string& preset);
/// Makes `path` (empty or missing) a run's folder; write, fsync, rename and lock are tried first. Throws
/// Error(resource | usage) and leaves nothing behind.
RunFolder create_run(const std::filesystem::path& path);
/// Checks that `path` is a run of ours, with a run.json of a version that can be read. Throws Error(bad_input).
RunFolder open_run(const std::filesystem::path& path);
/// Atomic; adds "format" and "version".
void write_run_json(const RunFolder& run, const nlohmann::ordered_json& json);
nlohmann::json read_run_json(const RunFolder& run);

/// Writes a small file atomically: temporary, fsync, rename, fsync of the folder. Throws Error(resource).
void write_file_atomically(const std::filesystem::path& file, const std::string& bytes);

}  // namespace moe::run
