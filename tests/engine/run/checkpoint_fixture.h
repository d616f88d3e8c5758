// SPDX-License-Identifier: Apache-2.0
// A small checkpoint whose numbers follow from its step, so that what is read back can be checked.
#pragma once
#include <QTemporaryDir>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/run/checkpoint.h"

namespace moe::run::test {

inline std::string read_bytes(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
inline void write_bytes(const std::filesystem::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// Weights of `rows` × 16 and their moments, all equal to step + index.
struct Model {
  std::vector<float> weight, moment;

  explicit Model(std::size_t rows = 8) : weight(rows * 16), moment(rows * 32) {}
  void fill(std::int64_t step) {
    for (std::size_t i = 0; i < weight.size(); ++i) weight[i] = static_cast<float>(step) + static_cast<float>(i % 97);
    for (std::size_t i = 0; i < moment.size(); ++i) moment[i] = static_cast<float>(step) - static_cast<float>(i % 89);
  }
  std::int64_t rows() const { return static_cast<std::int64_t>(weight.size()) / 16; }
  CheckpointContent content(std::int64_t step) {
    fill(step);
    using interop::TensorType;
    CheckpointContent content;
    content.step = step;
    content.tokens = step * 2048;
    content.parameters = {{"model.weight", {rows(), 16}, TensorType::f32, weight.data()}};
    content.optimizer = {{"model.weight.exp_avg", {rows(), 16}, TensorType::f32, moment.data()},
                         {"model.weight.exp_avg_sq", {rows(), 16}, TensorType::f32, moment.data() + weight.size()}};
    content.config = {{"preset", "test"}, {"router.top_k", 2}};
    content.hf_config = {{"model_type", "mixtral"}};
    content.state = {{"edits", step / 10}};
    content.tokenizer = "not a real tokenizer";
    return content;
  }
  nlohmann::json load(const std::filesystem::path& path) {
    using interop::TensorType;
    return load_checkpoint(path, {{"model.weight", {rows(), 16}, TensorType::f32, weight.data()}},
                           {{"model.weight.exp_avg", {rows(), 16}, TensorType::f32, moment.data()},
                            {"model.weight.exp_avg_sq", {rows(), 16}, TensorType::f32, moment.data() + weight.size()}});
  }
  /// Whether a checkpoint loads and holds exactly the numbers of its step.
  bool holds(const CheckpointInfo& info) {
    if (!info.valid) return false;
    const auto state = load(info.path);
    const auto loaded = *this;
    fill(info.step);
    return loaded.weight == weight && loaded.moment == moment && state["step"] == info.step &&
           state["tokens"] == info.step * 2048;
  }
};

/// Names in a folder that are not checkpoints: what a killed or failed save left.
inline std::vector<std::string> leftovers(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (const std::string name = entry.path().filename().string(); !name.starts_with("step-")) names.push_back(name);
  return names;
}

}  // namespace moe::run::test
