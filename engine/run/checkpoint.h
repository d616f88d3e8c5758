// SPDX-License-Identifier: Apache-2.0
// A checkpoint is a folder step-00001000/ with manifest.json, model.safetensors, optim.safetensors, state.json,
// settings.json (ours), config.json (Hugging Face Mixtral where representable) and tokenizer.model. It is staged,
// fsynced, its manifest (name, size, CRC-32C) written last, renamed once, re-opened and verified; only then it counts
// as saved. Whoever saves or prunes holds the run's Lock, and the program ignores SIGXFSZ (see interop/file.h).
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/interop/safetensors.h"

namespace moe::run {

struct CheckpointInfo {
  std::filesystem::path path;
  std::int64_t step = 0;
  std::uint64_t bytes = 0;
  bool valid = false;
  std::string problem;  // why it is not loadable: file, offset, expected and found
};

struct CheckpointContent {
  std::int64_t step = 0, tokens = 0;
  std::vector<interop::TensorRef> parameters, optimizer;
  nlohmann::ordered_json config;     // our settings, flat
  nlohmann::ordered_json hf_config;  // Hugging Face config.json, or an object that says why it is not representable
  nlohmann::ordered_json state;      // edit log length, tokens, versions: whatever the session wants back
  std::string tokenizer;             // bytes of tokenizer.model; may be empty
};

/// Writes `folder`/step-NNNNNNNN, verified. Non-finite tensors are refused (Error(diverged)). Throws Error(resource) on
/// a full or read-only disk: then nothing that was saved before is touched and no half folder is left. The same content
/// at the same step is not written twice; other content replaces it in one exchange. Leftovers of killed saves go.
CheckpointInfo save_checkpoint(const std::filesystem::path& folder, const CheckpointContent& content);
/// All checkpoints of a run, oldest first, found by scanning; `deep` checks CRCs, else manifest and sizes.
std::vector<CheckpointInfo> list_checkpoints(const std::filesystem::path& folder, bool deep);
/// The newest valid one (deep), or an info with valid = false and the problem of the newest.
CheckpointInfo newest_valid(const std::filesystem::path& folder);
/// Reads a checkpoint's tensors into `parameters`/`optimizer` destinations by name: same shapes and dtypes.
/// Everything is checked against the manifest first, and a file may hold no other tensors; an empty list skips its
/// file. Returns {"step", "tokens", "state", "config"}: content.state and content.config as they were saved. Throws
/// Error(bad_input) naming file, tensor and offsets; destinations may be partly written then.
nlohmann::json load_checkpoint(const std::filesystem::path& path, const std::vector<interop::TensorTarget>& parameters,
                               const std::vector<interop::TensorTarget>& optimizer);
/// What load_checkpoint returns, without reading or checking the tensors: of a checkpoint that was found valid. Throws
/// Error(bad_input).
nlohmann::json checkpoint_state(const std::filesystem::path& path);
/// Deletes all but the newest `keep` valid ones and every 10th that the run saved; never the last valid one. Torn ones
/// are left to be looked at.
void prune_checkpoints(const std::filesystem::path& folder, int keep);

}  // namespace moe::run
