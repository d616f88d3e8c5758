// SPDX-License-Identifier: Apache-2.0
// Names inside a checkpoints folder: step-00001000 is a checkpoint, .tmp-* is being written, .trash-* being deleted.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace moe::run {

std::string checkpoint_name(std::int64_t step);                     // "step-00001000"
std::optional<std::int64_t> step_of_name(const std::string& name);  // of such a name, exactly
bool is_leftover(const std::string& name);                          // of a killed save or deletion
/// Renames a checkpoint or staging folder out of the scan, then removes it. Throws Error(resource).
void discard(const std::filesystem::path& path);
/// Removes what killed saves and deletions left; failures are left for the next time.
void remove_leftovers(const std::filesystem::path& folder);

}  // namespace moe::run
