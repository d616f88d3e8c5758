// SPDX-License-Identifier: Apache-2.0
#include "engine/run/run_folder.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <random>
#include <system_error>

#include "engine/core/error.h"
#include "engine/interop/file.h"
#include "engine/interop/json_text.h"

namespace moe::run {
namespace {

namespace fs = std::filesystem;
constexpr const char* kFormat = "moe-studio-run";
constexpr int kVersion = 1;
constexpr std::uint64_t kRunJsonLimit = 16 << 20;

std::string random_suffix() {
  std::random_device device;  // names only; nothing of a run depends on it
  return fmt::format("{:06x}", device() & 0xFFFFFF);
}

// Whether a folder can be made or written here, asked of the nearest ancestor that exists. access(2) knows of
// read-only mounts even for root.
bool is_writable(fs::path path) {
  std::error_code error;
  while (!fs::exists(path, error) && path.has_relative_path()) path = path.parent_path();
  return fs::is_directory(path, error) && ::access(path.c_str(), W_OK | X_OK) == 0;
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

fs::path home_folder() {
  if (const std::string home = environment("HOME"); !home.empty()) return home;
  const passwd* entry = ::getpwuid(::getuid());
  return entry && entry->pw_dir ? entry->pw_dir : "";
}

// Every kind of operation a run will need, tried before anything depends on it.
void probe(const RunFolder& run) {
  write_file_atomically(run.path / ".probe", "probe\n");
  std::error_code error;
  fs::remove(run.path / ".probe", error);
  if (error) throw interop::system_error("unlink", run.path / ".probe", error.value());
  const Lock lock = Lock::acquire(run.path);
}

void make_folder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw interop::system_error("mkdir", path, error.value());
}

[[noreturn]] void not_a_run(const fs::path& path, const std::string& what) {
  throw Error(ErrorKind::bad_input, what, path.string(), "a run is a folder with run.json", "Give the folder of a run");
}

}  // namespace

RunsFolder runs_folder() {
  const std::string data = environment("XDG_DATA_HOME");
  std::vector<fs::path> bases;
  if (!data.empty() && data[0] == '/') bases.emplace_back(data);  // the specification ignores relative paths
  if (const fs::path home = home_folder(); home.is_absolute()) bases.push_back(home / ".local/share");
  for (const auto& base : bases)
    if (const fs::path path = base / "moe-studio/runs"; is_writable(path)) return {path, {}};
  std::error_code error;
  fs::path temporary = fs::temp_directory_path(error);
  if (error) temporary = "/tmp";
  const fs::path path = temporary / fmt::format("moe-studio-{}", ::getuid()) / "runs";
  const std::string reason = bases.empty() ? "there is no home folder" : bases.front().string() + " cannot be written";
  return {path, "Runs are kept in " + path.string() + ", which the system may empty: " + reason + "."};
}

fs::path default_run_path(const std::string& preset) {
  std::string name;
  for (const char c : preset.substr(0, 64))
    name += std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' ? c : '-';
  const auto time = fmt::gmtime(std::time(nullptr));
  return runs_folder().path /
         fmt::format("{}-{:%Y%m%dT%H%M%SZ}-{}", name.empty() ? "run" : name, time, random_suffix());
}

RunFolder create_run(const fs::path& path) {
  std::error_code error;
  const bool present = fs::exists(path, error);
  if (present && (!fs::is_directory(path, error) || !fs::is_empty(path, error) || error))
    throw Error(ErrorKind::usage, "exists and is not an empty folder", path.string(),
                "a new run starts in a new or empty folder", "Choose another folder, or resume the run that is there");
  RunFolder run{fs::absolute(path).lexically_normal()};
  try {
    make_folder(run.path);
    probe(run);
    make_folder(run.checkpoints());
    make_folder(run.path / "exports");
    interop::sync_folder(run.path);
  } catch (const Error&) {
    // The folder was missing or empty, so all that is in it was made here.
    fs::remove_all(present ? run.path / "checkpoints" : run.path, error);
    if (present)
      for (const char* name : {"exports", "run.lock", ".probe"}) fs::remove_all(run.path / name, error);
    throw;
  }
  return run;
}

RunFolder open_run(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) not_a_run(path, fs::exists(path, error) ? "is not a folder" : "does not exist");
  RunFolder run{fs::absolute(path).lexically_normal()};
  if (!fs::exists(run.run_json(), error)) not_a_run(path, "has no run.json");
  (void)read_run_json(run);
  return run;
}

void write_run_json(const RunFolder& run, const nlohmann::ordered_json& json) {
  nlohmann::ordered_json marked{{"format", kFormat}, {"version", kVersion}};
  marked.update(json);
  write_file_atomically(run.run_json(), interop::render_json(marked));
}

nlohmann::json read_run_json(const RunFolder& run) {
  const auto file = run.run_json();
  const nlohmann::json json = interop::parse_json(interop::FileReader(file).read_all(kRunJsonLimit), file);
  if (!json.is_object() || json.value("format", nlohmann::json()) != kFormat)
    not_a_run(file, "is not of a run of this program");
  if (const auto version = json.value("version", nlohmann::json()); version != kVersion)
    throw Error(ErrorKind::bad_input, "has version " + version.dump(), file.string(),
                fmt::format("this program reads version {}", kVersion), "Use the version that made the run");
  return json;
}

void write_file_atomically(const fs::path& file, const std::string& bytes) {
  const fs::path folder = file.has_parent_path() ? file.parent_path() : ".";
  const fs::path temporary = folder / fmt::format(".tmp-{}-{}", file.filename().string(), ::getpid());
  try {
    interop::FileWriter writer(temporary);
    writer.write(bytes);
    writer.finish();
    interop::rename_path(temporary, file);
  } catch (const Error&) {
    std::error_code ignored;
    fs::remove(temporary, ignored);
    throw;
  }
  interop::sync_folder(folder);
}

}  // namespace moe::run
