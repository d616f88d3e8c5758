// SPDX-License-Identifier: Apache-2.0
// Training speed of a preset, speed of its matrix products, its expert layers beside dense ones, share of time by op.
// Nothing is written to disk.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "app/cli/bench_layers.h"
#include "app/cli/bench_timing.h"
#include "app/cli/cli.h"
#include "app/cli/profiling_backend.h"
#include "engine/backend/make_backend.h"
#include "engine/core/arena.h"
#include "engine/core/random.h"
#include "engine/data/dataset.h"
#include "engine/ops/context.h"
#include "engine/train/session_model.h"
#include "engine/train/session_setup.h"
#include "engine/train/trainer.h"

namespace moe::cli {
namespace {

constexpr int kWarmUp = 5, kProfiledSteps = 10, kMostSteps = 1000;

struct Options {
  std::string preset = "text-small", device, precision;
  std::vector<std::string> set;
  int threads = -1;
  double seconds = 5;
  bool json = false;
};

Config config_of(const Options& options) {
  EditOptions edits;
  edits.set = options.set;
  OrderedJson settings = edits.settings();
  if (!options.device.empty()) settings["train.device"] = options.device;
  if (!options.precision.empty()) settings["train.precision"] = options.precision;
  if (options.threads >= 0) settings["train.threads"] = options.threads;
  return train::make_config(options.preset, settings);
}

/// Median of whole steps, data included.
OrderedJson training_speed(const Config& config, const data::TaskData& dataset, double seconds) {
  train::Trainer trainer(config, dataset);
  train::StepReport report;
  for (int i = 0; i < kWarmUp; ++i) trainer.step(report);
  std::vector<double> times;
  const auto start = Clock::now();
  while (times.empty() || (seconds_since(start) < seconds && times.size() < kMostSteps)) {
    const auto begin = Clock::now();
    trainer.step(report);
    times.push_back(seconds_since(begin));
  }
  const double step = median(times);
  const double tokens = static_cast<double>(config.train.batch) * positions_per_row(config) * config.optim.accumulation;
  return {{"tokens_per_second", tokens / step},
          {"steps_per_second", 1 / step},
          {"steps", times.size()},
          {"gflops_per_second", trainer.flops_per_token() * tokens / step * 1e-9},
          {"precision", trainer.precision()},
          {"parameters", trainer.parameter_count()},
          {"active_parameters", trainer.active_parameter_count()}};
}

/// Random numbers from −1 to 1: constants flip fewer bits, and a device may run faster on them than on any real data.
Buffer operand(Backend& backend, MatmulPrecision precision, const Shape& shape, std::uint32_t lane) {
  Buffer buffer(backend, ops::operand_dtype({backend, precision}, DType::f32), shape);
  const std::size_t size = size_of(buffer.view().dtype);
  std::vector<char> bytes(buffer.view().bytes());
  const RandomStream stream(1, Purpose::sample, 0, lane);
  for (std::size_t i = 0; i < bytes.size() / size; i += 4) {
    const auto words = stream.at(i / 4);
    for (std::size_t j = 0; j < 4 && i + j < bytes.size() / size; ++j) {
      const float number = static_cast<float>(words[j]) / 0x1p31F - 1;  // bf16 is the upper half of its bytes
      std::memcpy(bytes.data() + (i + j) * size, reinterpret_cast<const char*>(&number) + sizeof number - size, size);
    }
  }
  backend.copy_from_host(buffer.view(), bytes.data());
  return buffer;
}

/// One product y = x·wᵀ of the model, repeated.
double gemm_speed(Backend& backend, MatmulPrecision precision, std::int64_t m, std::int64_t n, std::int64_t k) {
  const Buffer x = operand(backend, precision, {m, k}, 0), w = operand(backend, precision, {n, k}, 1);
  const Buffer y(backend, DType::f32, {m, n});
  const auto once = [&] { backend.matmul().matmul(y.view(), x.view(), false, w.view(), true, false, precision); };
  for (int i = 0; i < 3; ++i) once();
  backend.synchronize();
  std::vector<double> times;
  for (const auto start = Clock::now(); times.size() < 5 || seconds_since(start) < 0.2;) {
    const auto begin = Clock::now();
    once();
    backend.synchronize();
    times.push_back(seconds_since(begin));
  }
  return 2.0 * static_cast<double>(m * n * k) / median(times) * 1e-9;
}

OrderedJson gemm_speeds(const Config& config) {
  const auto backend = make_backend(config.train.device, config.train.threads);
  const std::int64_t tokens = std::int64_t{config.train.batch} * positions_per_row(config);
  const std::int64_t rows = std::max<std::int64_t>(1, tokens * config.router.top_k / config.model.experts);
  struct Product {
    const char* name;
    std::int64_t m, n, k;
  };
  const Product products[] = {{"attention projection", tokens, config.model.width, config.model.width},
                              {"one expert, up", rows, config.model.expert_width, config.model.width},
                              {"one expert, down", rows, config.model.width, config.model.expert_width},
                              {"head", tokens, config.model.vocabulary, config.model.width},
                              {"square 1024", 1024, 1024, 1024}};
  std::vector<Product> all(std::begin(products), std::end(products));
  if (backend->name() == "cuda") all.push_back({"square 8192", 8192, 8192, 8192});  // what fills a device
  OrderedJson list = OrderedJson::array();
  for (const Product& p : all)
    list.push_back({{"name", p.name},
                    {"m", p.m},
                    {"n", p.n},
                    {"k", p.k},
                    {"f32_gflops", gemm_speed(*backend, MatmulPrecision::native, p.m, p.n, p.k)},
                    {"bf16_gflops", gemm_speed(*backend, MatmulPrecision::bf16, p.m, p.n, p.k)}});
  return list;
}

/// Every op of a few steps is timed on its own; what is left of the steps is data, statistics and glue.
OrderedJson shares(const Config& config, const data::TaskData& dataset) {
  OpTimes times;
  train::Trainer trainer(config, dataset,
                         make_profiling_backend(make_backend(config.train.device, config.train.threads), times));
  train::StepReport report;
  for (int i = 0; i < kWarmUp; ++i) trainer.step(report);
  times.ops.clear();
  const auto start = Clock::now();
  for (int i = 0; i < kProfiledSteps; ++i) trainer.step(report);
  const double whole = seconds_since(start);
  std::vector<std::pair<std::string, OpTimes::Entry>> ops(times.ops.begin(), times.ops.end());
  std::sort(ops.begin(), ops.end(), [](const auto& a, const auto& b) { return a.second.seconds > b.second.seconds; });
  OrderedJson list = OrderedJson::array();
  double counted = 0;
  for (const auto& [name, entry] : ops) {
    counted += entry.seconds;
    list.push_back({{"op", name},
                    {"share", entry.seconds / whole},
                    {"milliseconds_per_step", 1e3 * entry.seconds / kProfiledSteps},
                    {"calls_per_step", static_cast<double>(entry.calls) / kProfiledSteps}});
  }
  list.push_back({{"op", "outside ops"},
                  {"share", (whole - counted) / whole},
                  {"milliseconds_per_step", 1e3 * (whole - counted) / kProfiledSteps},
                  {"calls_per_step", nullptr}});
  return list;
}

/// The fastest product of this run in the precision of the steps, GFLOP/s.
double peak_of(const OrderedJson& products, const std::string& precision) {
  double peak = 0;
  for (const auto& p : products)
    peak = std::max(peak, p.at(precision == "bf16" ? "bf16_gflops" : "f32_gflops").get<double>());
  return peak;
}

std::string as_text(const OrderedJson& j) {
  std::string text =
      fmt::format("{}: {} tokens/s, {:.2f} steps/s, {} GFLOP/s in {} ({} threads, median of {} steps)\n",
                  j.at("preset").get<std::string>(), human(j.at("tokens_per_second")),
                  j.at("steps_per_second").get<double>(), human(j.at("gflops_per_second")),
                  j.at("precision").get<std::string>(), j.at("threads").get<int>(), j.at("steps").get<int>());
  text += "\nmatrix products                 m x n x k            f32   bf16  GFLOP/s\n";
  for (const auto& p : j.at("gemm"))
    text += fmt::format("{:<24} {:>18} {:>10} {:>6}\n", p.at("name").get<std::string>(),
                        fmt::format("{} x {} x {}", p.at("m").get<int>(), p.at("n").get<int>(), p.at("k").get<int>()),
                        human(p.at("f32_gflops")), human(p.at("bf16_gflops")));
  text += fmt::format("utilisation: {:.1f} % of the fastest of these products, by the FLOPs of active parameters\n",
                      100 * j.at("flop_utilisation").get<double>());
  text += "\n" + dense_ratio_text(j.at("dense_ratio"));
  text += "\nshare of a step by op          ms/step\n";
  for (const auto& op : j.at("ops"))
    if (op.at("share").get<double>() >= 0.002)
      text += fmt::format("{:<26} {:>10.3f} {:>6.1f} %\n", op.at("op").get<std::string>(),
                          op.at("milliseconds_per_step").get<double>(), 100 * op.at("share").get<double>());
  return text;
}

int bench(const Options& options) {
  const Config config = config_of(options);
  data::DatasetOptions data;
  data.path = config.data.path;
  data.vocabulary = config.model.vocabulary;
  data.context = config.model.context;
  data.validation_fraction = config.data.validation_fraction;
  data.seed = config.seed;
  const std::unique_ptr<data::TaskData> dataset =
      is_plane(config) ? train::open_points(config, {}) : data::open_dataset(data);
  OrderedJson result = {{"preset", options.preset},
                        {"device", make_backend(config.train.device, 1)->name()},
                        {"backend", make_backend(config.train.device, config.train.threads)->describe()},
                        {"threads", make_backend(config.train.device, config.train.threads)->threads()}};
  result.update(training_speed(config, *dataset, options.seconds));
  result["gemm"] = gemm_speeds(config);
  result["peak_gflops"] = peak_of(result.at("gemm"), result.at("precision").get<std::string>());
  result["flop_utilisation"] = result.at("gflops_per_second").get<double>() / result.at("peak_gflops").get<double>();
  result["dense_ratio"] = compare_with_dense(config, result.at("precision").get<std::string>(), options.seconds / 2);
  result["ops"] = shares(config, *dataset);
  return (options.json ? print(result) : print(as_text(result))) ? 0 : 1;
}

}  // namespace

void add_bench(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand(
      "bench", "Training tokens/s, GEMM GFLOP/s, expert layers against dense ones, share of time by op");
  auto options = std::make_shared<Options>();
  command->add_option("--preset", options->preset, "Preset to measure")->capture_default_str();
  command->add_option("--set", options->set, "Change a setting: key=value; repeat for more")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command->add_option("--threads", options->threads, "CPU threads, 0 = all cores")->check(CLI::Range(0, 1024));
  command->add_option("--device", options->device, "Where to train")->check(CLI::IsMember({"auto", "cpu", "cuda"}));
  command->add_option("--precision", options->precision, "Of matrix products")
      ->check(CLI::IsMember({"auto", "f32", "bf16", "f64"}));
  command
      ->add_option("--seconds", options->seconds,
                   "Time for the training speed; the comparison with dense layers takes half as much again")
      ->capture_default_str()
      ->check(CLI::Range(0.1, 3600.0));
  command->add_flag("--json", options->json, "As JSON");
  command->callback([options, &program] { program.action = [options] { return bench(*options); }; });
}

}  // namespace moe::cli
