// SPDX-License-Identifier: Apache-2.0
#include "engine/core/knob_rows.h"

namespace moe::knob_rows {
namespace {

std::vector<Row> training() {
  return {
      live(train<&TrainConfig::steps>, "train.steps", "Steps",
           "Last step of the training and of the learning-rate schedule.")
          .range(1, 1e12)
          .log_slider(10, 1e6)
          .unit("steps"),
      fixed(train<&TrainConfig::batch>, "train.batch", "Batch", "Sequences in one micro-batch.")
          .range(1, 65536)
          .slider(1, 256)
          .unit("sequences"),
      fixed(at<&Config::seed>, "seed", "Seed",
            "Start of all randomness: the same seed gives the same run, bit for bit.")
          .range(0, 9007199254740991.0)
          .slider(0, 1000),  // 2^53 − 1: exact in every JSON reader
      fixed(train<&TrainConfig::precision>, "train.precision", "Precision",
            "Numbers the matrix products are computed in; master weights and router stay float32.")
          .choices({"auto", "f32", "bf16", "f64"})
          .advanced(),
      fixed(train<&TrainConfig::device>, "train.device", "Device", "Where the model is trained.")
          .choices({"auto", "cpu", "cuda"})
          .advanced(),
      fixed(train<&TrainConfig::threads>, "train.threads", "Threads",
            "CPU threads; 0 uses all cores, and the numbers are the same.")
          .range(0, 1024)
          .slider(0, 64)
          .advanced(),
  };
}

std::vector<Row> cadence() {
  return {
      live(train<&TrainConfig::eval_every>, "train.eval_every", "Evaluate every",
           "Steps between measurements of the held-out loss; 0 means never.")
          .range(0, 1e9)
          .slider(0, 1000)
          .unit("steps")
          .advanced(),
      live(train<&TrainConfig::eval_windows>, "train.eval_windows", "Evaluation windows",
           "Held-out windows measured in each domain.")
          .range(1, 65536)
          .slider(1, 64)
          .unit("windows")
          .advanced(),
      live(train<&TrainConfig::probe_every>, "train.probe_every", "Probe every",
           "Steps between the probes behind specialization and token strips; 0 means never.")
          .range(0, 1e9)
          .slider(0, 1000)
          .unit("steps")
          .advanced(),
      live(train<&TrainConfig::checkpoint_every>, "train.checkpoint_every", "Save every",
           "Steps between checkpoints; 0 saves only at the end.")
          .range(0, 1e9)
          .slider(0, 2000)
          .unit("steps")
          .advanced(),
      live(train<&TrainConfig::keep_checkpoints>, "train.keep_checkpoints", "Keep checkpoints",
           "Newest checkpoints that are kept, besides every tenth.")
          .range(2, 1e6)
          .slider(2, 20)
          .unit("checkpoints")
          .advanced(),
  };
}

}  // namespace

std::vector<Row> training_rows() {
  std::vector<Row> rows = training();
  for (auto& row : cadence()) rows.push_back(std::move(row));
  return rows;
}

std::vector<Row> data_rows() {
  return {
      fixed(at<&Config::data, &DataConfig::path>, "data.path", "Corpus",
            "File or folder of text, its first folder level naming the domain; empty uses the built-in generator."),
      fixed(at<&Config::data, &DataConfig::validation_fraction>, "data.validation_fraction", "Held out",
            "Share of the documents that is kept from training and measures the held-out loss.")
          .range(0.001, 0.5)
          .slider(0.01, 0.3)
          .advanced(),
  };
}

}  // namespace moe::knob_rows
