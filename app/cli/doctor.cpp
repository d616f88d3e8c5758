// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "app/cli/cli.h"
#include "engine/backend/make_backend.h"
#include "engine/core/error.h"
#include "engine/run/run_folder.h"

namespace moe::cli {
namespace {

/// The extensions that matter to matrix products, as Linux names them.
std::vector<std::string> cpu_features() {
  std::ifstream file("/proc/cpuinfo");
  std::vector<std::string> found;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("flags") && !line.starts_with("Features")) continue;
    std::istringstream words(line);
    const std::vector<std::string> wanted = {"avx2",     "fma",      "avx512f", "avx512_bf16", "avx512_vnni",
                                             "amx_tile", "amx_bf16", "asimd",   "sve",         "bf16"};
    for (std::string word; words >> word;)
      if (std::find(wanted.begin(), wanted.end(), word) != wanted.end()) found.push_back(word);
    break;
  }
  return found;
}

std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown";
}

OrderedJson device_of(const std::string& name) {
  try {
    const auto backend = make_backend(name, 0);
    return {{"usable", true},
            {"description", backend->describe()},
            {"threads", backend->threads()},
            {"bf16_pays", backend->bf16_pays()}};
  } catch (const Error& error) {
    return {{"usable", false}, {"problem", error.what()}};
  }
}

OrderedJson runs_place() {
  const run::RunsFolder runs = run::runs_folder();
  std::filesystem::path existing = runs.path;
  std::error_code ignored;
  while (!std::filesystem::exists(existing, ignored) && existing.has_relative_path()) existing = existing.parent_path();
  const auto space = std::filesystem::space(existing, ignored);
  return {{"path", runs.path.string()},
          {"writable", ::access(existing.c_str(), W_OK | X_OK) == 0},
          {"free_bytes", space.available},
          {"note", runs.note}};
}

OrderedJson examine() {
  return {{"version", MOE_VERSION},
          {"cpu", {{"name", cpu_name()}, {"cores", std::thread::hardware_concurrency()}, {"features", cpu_features()}}},
          {"devices", {{"cpu", device_of("cpu")}, {"cuda", device_of("cuda")}}},
          {"default_device", make_backend("auto", 1)->name()},
          {"onednn", device_of("cpu").value("description", std::string()).find("oneDNN") != std::string::npos},
          {"runs", runs_place()},
          {"libraries",
           {{"sqlite", sqlite3_libversion()},
            {"nlohmann_json", fmt::format("{}.{}.{}", NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR,
                                          NLOHMANN_JSON_VERSION_PATCH)},
            {"cli11", CLI11_VERSION},
            {"fmt", fmt::format("{}.{}.{}", FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100)},
            {"compiler", __VERSION__}}}};
}

std::string yes(const OrderedJson& value) { return value.get<bool>() ? "yes" : "no"; }

std::string as_text(const OrderedJson& j) {
  const OrderedJson& cpu = j.at("devices").at("cpu");
  const OrderedJson& cuda = j.at("devices").at("cuda");
  const OrderedJson& runs = j.at("runs");
  std::string text = fmt::format("moe-cli {}\n", j.at("version").get<std::string>());
  const auto row = [&text](const char* name, const std::string& value) {
    text += fmt::format("{:<12} {}\n", name, value);
  };
  row("cpu",
      fmt::format("{}, {} cores", j.at("cpu").at("name").get<std::string>(), j.at("cpu").at("cores").get<int>()));
  row("features", fmt::format("{}", fmt::join(j.at("cpu").at("features").get<std::vector<std::string>>(), " ")));
  row("computes", cpu.at("description").get<std::string>() + fmt::format(", {} threads", cpu.at("threads").get<int>()));
  row("oneDNN", yes(j.at("onednn")));
  row("bf16 pays", yes(cpu.at("bf16_pays")));
  // One line: what was found, what is needed, what will be used.
  row("cuda", cuda.at("usable").get<bool>()
                  ? cuda.at("description").get<std::string>() +
                        "; needed: compute capability 8.0 and a driver for CUDA 13; will be used"
                  : cuda.at("problem").get<std::string>() + " Until then the CPU computes.");
  row("device", j.at("default_device").get<std::string>() + " by default");
  row("runs",
      fmt::format("{} ({}writable, {} MB free)", runs.at("path").get<std::string>(),
                  runs.at("writable").get<bool>() ? "" : "NOT ", runs.at("free_bytes").get<std::uint64_t>() >> 20));
  if (!runs.at("note").get<std::string>().empty()) row("", runs.at("note").get<std::string>());
  for (const auto& [name, version] : j.at("libraries").items()) row(name.c_str(), version.get<std::string>());
  return text;
}

int doctor(bool json) {
  const OrderedJson found = examine();
  return (json ? print(found) : print(as_text(found))) ? 0 : 1;
}

}  // namespace

void add_doctor(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand("doctor", "What this machine and this build can do");
  auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "As JSON");
  command->callback([json, &program] { program.action = [json] { return doctor(*json); }; });
}

}  // namespace moe::cli
