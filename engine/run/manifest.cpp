// SPDX-License-Identifier: Apache-2.0
#include "engine/run/manifest.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/core/error.h"
#include "engine/core/printable.h"
#include "engine/interop/crc32c.h"
#include "engine/interop/file.h"
#include "engine/interop/json_text.h"

namespace moe::run {
namespace {

using Json = nlohmann::ordered_json;
constexpr int kVersion = 1;
constexpr std::uint64_t kSizeLimit = 1 << 20;

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& what) {
  throw Error(ErrorKind::bad_input, what, file.string(), {}, "Use an older checkpoint of the run");
}

// The manifest without its own checksum, in the one form it is written in.
Json body_of(const Manifest& manifest) {
  Json files = Json::array();
  for (const auto& file : manifest.files)
    files.push_back({{"name", file.name}, {"size", file.size}, {"crc32c", file.crc32c}});
  return {{"format", "moe-studio-checkpoint"},
          {"version", kVersion},
          {"step", manifest.step},
          {"ordinal", manifest.ordinal},
          {"files", files}};
}

bool is_plain_name(const std::string& name) {
  return !name.empty() && name.size() <= 255 && name[0] != '.' && name.find('/') == std::string::npos &&
         name != kManifestName;
}

}  // namespace

std::uint64_t Manifest::bytes() const {
  std::uint64_t sum = 0;
  for (const auto& file : files) sum += file.size;
  return sum;
}

std::string render_manifest(const Manifest& manifest) {
  Json json = body_of(manifest);
  const std::string text = json.dump();
  json["crc32c"] = interop::crc32c_text(interop::crc32c(0, text.data(), text.size())).view();
  return interop::render_json(json);
}

Manifest read_manifest(const std::filesystem::path& checkpoint) {
  const auto path = checkpoint / kManifestName;
  const std::string text = interop::FileReader(path).read_all(kSizeLimit);
  const Json json = interop::parse_json(text, path);
  Manifest manifest;
  try {
    if (json.at("format") != "moe-studio-checkpoint") refuse(path, "is not the manifest of a checkpoint");
    if (const int version = json.at("version"); version != kVersion)
      refuse(path, fmt::format("has version {} where this program reads {}", version, kVersion));
    manifest.step = json.at("step");
    manifest.ordinal = json.at("ordinal");
    for (const auto& file : json.at("files"))
      manifest.files.push_back({file.at("name"), file.at("size"), file.at("crc32c")});
  } catch (const Json::exception&) {
    refuse(path, "is altered: a field is missing or of the wrong type");
  }
  if (render_manifest(manifest) != text) refuse(path, "is altered: its own checksum does not match");
  for (const auto& file : manifest.files)
    if (!is_plain_name(file.name))
      refuse(path, "lists the file " + printable(file.name) + ", which is not a plain name");
  for (const char* required : {"model.safetensors", "optim.safetensors", "state.json", "settings.json", "config.json"})
    if (std::none_of(manifest.files.begin(), manifest.files.end(), [&](const auto& f) { return f.name == required; }))
      refuse(path, std::string("does not list ") + required);
  return manifest;
}

void verify_files(const std::filesystem::path& checkpoint, const Manifest& manifest, bool deep) {
  for (const auto& file : manifest.files) {
    const interop::FileReader reader(checkpoint / file.name);
    if (reader.size() != file.size)
      refuse(reader.path(), fmt::format("{} at byte {}: {} bytes where the manifest says {}",
                                        reader.size() < file.size ? "truncated" : "extended",
                                        std::min(reader.size(), file.size), reader.size(), file.size));
    if (!deep) continue;
    const auto found = interop::crc32c_text(reader.checksum());
    if (found.view() != file.crc32c)
      refuse(reader.path(), fmt::format("altered: CRC-32C {} where the manifest says {}", found.view(), file.crc32c));
  }
}

}  // namespace moe::run
