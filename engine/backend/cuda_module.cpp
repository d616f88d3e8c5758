// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/cuda_module.h"

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <vector>

#include "engine/core/error.h"

namespace moe {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const std::string& what, const std::string& limit, const std::string& action) {
  throw Error(ErrorKind::device, what, "train.device", limit, action);
}

fs::path find_module() {
  const char* named = std::getenv("MOE_CUDA_MODULE");
  const std::string wish = named ? named : "";
  if (wish == "off")
    refuse("the CUDA module is switched off by MOE_CUDA_MODULE", "auto or cpu", "Unset MOE_CUDA_MODULE to use CUDA.");
  std::error_code ignored;
  const fs::path program = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  const std::vector<fs::path> places =
      wish.empty() ? std::vector<fs::path>{program / cuda::kModuleFile,
                                           program.parent_path() / "lib" / "moe-studio" / cuda::kModuleFile}
                   : std::vector<fs::path>{wish};
  for (const fs::path& place : places)
    if (fs::is_regular_file(place, ignored)) return place;
  if (!wish.empty()) refuse("there is no CUDA module at " + wish, "a file", "Correct or unset MOE_CUDA_MODULE.");
  refuse("this build has no CUDA module", "auto or cpu",
         "Train with --device cpu, or build where nvcc of CUDA 13 is found.");
}

/// cuBLAS alone takes a tenth of a second to load: too long to learn that there is no driver. A module that was named
/// is loaded all the same, to say what is wrong with it.
void require_driver() {
  void* const driver = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
  if (!driver)
    refuse("no NVIDIA driver was found (libcuda.so.1)", "a driver for CUDA 13 or later",
           "Install the driver, or train with --device cpu.");
  dlclose(driver);
}

std::string last_problem() {
  const char* const text = dlerror();
  return text ? text : "no reason given";
}

const cuda::Module* load() {
  const fs::path file = find_module();
  if (!std::getenv("MOE_CUDA_MODULE")) require_driver();
  void* const library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const std::string problem = last_problem();
    if (problem.find("libcublas") != std::string::npos)
      refuse("the CUDA module needs cuBLAS, which is not installed: " + problem, "libcublas.so.13 of the CUDA Toolkit",
             "Install the toolkit's libcublas or add its folder to LD_LIBRARY_PATH, or train with --device cpu.");
    refuse("the CUDA module cannot be loaded: " + problem, "a module of this build",
           "Reinstall, or train with --device cpu.");
  }
  using Entry = const cuda::Module* (*)();
  const auto entry = reinterpret_cast<Entry>(dlsym(library, cuda::kModuleEntry));
  const cuda::Module* const module = entry ? entry() : nullptr;
  if (!module || module->version != cuda::kModuleVersion)
    refuse("the CUDA module " + file.string() + " belongs to another version of this program",
           "version " + std::to_string(cuda::kModuleVersion), "Reinstall, or train with --device cpu.");
  return module;
}

}  // namespace

const cuda::Module& cuda_module() {
  static const cuda::Module* const module = load();  // tried again after a failure
  return *module;
}

}  // namespace moe
