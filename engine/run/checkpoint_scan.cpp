// SPDX-License-Identifier: Apache-2.0
// Finding, checking, loading and deleting checkpoints; checkpoint.cpp writes them.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <system_error>

#include "engine/core/error.h"
#include "engine/core/printable.h"
#include "engine/interop/file.h"
#include "engine/interop/json_text.h"
#include "engine/run/checkpoint.h"
#include "engine/run/checkpoint_names.h"
#include "engine/run/manifest.h"

namespace moe::run {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t kJsonLimit = std::uint64_t{1} << 30;

// Throws Error(bad_input) with the reason; returns the manifest of a checkpoint that can be loaded.
Manifest check(const fs::path& path, bool deep) {
  Manifest manifest = read_manifest(path);
  if (checkpoint_name(manifest.step) != path.filename().string())
    throw Error(ErrorKind::bad_input, fmt::format("is the manifest of step {}", manifest.step),
                (path / kManifestName).string(), "the folder is named after its step",
                "Give the folder its own name back");
  verify_files(path, manifest, deep);
  return manifest;
}

CheckpointInfo inspect(const fs::path& path, std::int64_t step, bool deep) {
  CheckpointInfo info{path, step, 0, false, {}};
  try {
    info.bytes = check(path, deep).bytes();
    info.valid = true;
  } catch (const Error& error) {
    info.problem = error.what();
  }
  return info;
}

// (step, path) of every folder with a checkpoint's name, oldest first.
std::vector<std::pair<std::int64_t, fs::path>> scan(const fs::path& folder) {
  std::vector<std::pair<std::int64_t, fs::path>> found;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    if (const auto step = step_of_name(it->path().filename().string())) found.emplace_back(*step, it->path());
  if (error && error != std::errc::no_such_file_or_directory)
    throw Error(ErrorKind::bad_input, "cannot be listed: " + error.message(), folder.string(), {},
                "Check the run's folder");
  std::sort(found.begin(), found.end());
  return found;
}

nlohmann::ordered_json read_json(const fs::path& file) {
  return interop::parse_json(interop::FileReader(file).read_all(kJsonLimit), file);
}

// A tensor that nobody asked for means that the model is another one.
void check_names(const fs::path& file, const std::vector<interop::TensorTarget>& targets) {
  std::set<std::string> wanted;
  for (const auto& target : targets) wanted.insert(target.name);
  for (const auto& tensor : interop::read_safetensors_header(file).tensors)
    if (!wanted.contains(tensor.name))
      throw Error(ErrorKind::bad_input, "holds tensor " + printable(tensor.name) + ", which this model has not",
                  file.string(), {}, "Use a checkpoint of a model with the same settings");
}

}  // namespace

std::string checkpoint_name(std::int64_t step) { return fmt::format("step-{:08}", step); }

std::optional<std::int64_t> step_of_name(const std::string& name) {
  if (!name.starts_with("step-")) return std::nullopt;
  std::int64_t step = 0;
  const auto [end, error] = std::from_chars(name.data() + 5, name.data() + name.size(), step);
  if (error != std::errc() || end != name.data() + name.size() || step < 0 || checkpoint_name(step) != name)
    return std::nullopt;
  return step;
}

bool is_leftover(const std::string& name) { return name.starts_with(".tmp-step-") || name.starts_with(".trash-step-"); }

void discard(const fs::path& path) {
  std::error_code error;
  fs::path doomed = path;
  if (const std::string name = path.filename().string(); !is_leftover(name)) {
    doomed = path.parent_path() / fmt::format(".trash-{}-{}", name, ::getpid());
    fs::remove_all(doomed, error);
    interop::rename_path(path, doomed);
  }
  fs::remove_all(doomed, error);
  if (error) throw interop::system_error("remove", doomed, error.value());
}

void remove_leftovers(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> leftovers;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    if (is_leftover(it->path().filename().string())) leftovers.push_back(it->path());
  for (const auto& path : leftovers) fs::remove_all(path, error);
}

std::vector<CheckpointInfo> list_checkpoints(const fs::path& folder, bool deep) {
  std::vector<CheckpointInfo> all;
  for (const auto& [step, path] : scan(folder)) all.push_back(inspect(path, step, deep));
  return all;
}

CheckpointInfo newest_valid(const fs::path& folder) {
  const auto found = scan(folder);
  CheckpointInfo newest{{}, 0, 0, false, folder.string() + ": there are no checkpoints"};
  for (auto it = found.rbegin(); it != found.rend(); ++it) {
    CheckpointInfo info = inspect(it->second, it->first, true);
    if (info.valid) return info;
    if (it == found.rbegin()) newest = info;
  }
  return newest;
}

nlohmann::json load_checkpoint(const fs::path& path, const std::vector<interop::TensorTarget>& parameters,
                               const std::vector<interop::TensorTarget>& optimizer) {
  check(fs::absolute(path).lexically_normal(), true);
  for (const auto& [name, targets] :
       {std::pair("model.safetensors", &parameters), std::pair("optim.safetensors", &optimizer)}) {
    if (targets->empty()) continue;
    check_names(path / name, *targets);
    interop::read_safetensors(path / name, *targets);
  }
  return checkpoint_state(path);
}

nlohmann::json checkpoint_state(const fs::path& path) {
  nlohmann::json state = read_json(path / "state.json");
  state["config"] = nlohmann::json(read_json(path / "settings.json"));
  return state;
}

void prune_checkpoints(const fs::path& folder, int keep) {
  const auto found = scan(folder);
  int kept = 0;
  for (auto it = found.rbegin(); it != found.rend(); ++it) {
    const bool needed = kept < std::max(keep, 1);
    try {
      // Only those that are relied on are read in full; one that is torn is left for a person to look at.
      const Manifest manifest = check(it->second, needed);
      if (needed)
        ++kept;
      else if (manifest.ordinal % 10 != 0)
        discard(it->second);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::bad_input) throw;
    }
  }
  if (!found.empty()) interop::sync_folder(folder);
}

}  // namespace moe::run
