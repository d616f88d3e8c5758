// SPDX-License-Identifier: Apache-2.0
// manifest.json of a checkpoint: what belongs to it, with sizes and CRC-32C. It is written last; without a whole one
// the folder is no checkpoint. Any changed byte of the manifest itself is found by its own checksum and exact form.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace moe::run {

struct ManifestFile {
  std::string name;  // plain name inside the folder
  std::uint64_t size = 0;
  std::string crc32c;  // eight hexadecimal digits
  bool operator==(const ManifestFile&) const = default;
};

struct Manifest {
  std::int64_t step = 0;
  std::int64_t ordinal = 0;  // the how-manieth checkpoint of the run, from 1
  std::vector<ManifestFile> files;
  std::uint64_t bytes() const;
};

constexpr const char* kManifestName = "manifest.json";

std::string render_manifest(const Manifest& manifest);
/// Throws Error(bad_input) with the reason when it is missing, torn, altered or of another version.
Manifest read_manifest(const std::filesystem::path& checkpoint);
/// Checks sizes, and checksums when `deep`. Throws Error(bad_input) naming the file, what was expected and found.
void verify_files(const std::filesystem::path& checkpoint, const Manifest& manifest, bool deep);

}  // namespace moe::run
