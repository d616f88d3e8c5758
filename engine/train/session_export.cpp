// SPDX-License-Identifier: Apache-2.0
#include "engine/train/session_export.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <vector>

#include "engine/core/error.h"

namespace moe::train {
namespace {

constexpr std::int64_t kChunk = 2000;  // steps read at once, so that a long run needs little memory

using Buffer = std::string;

void put(Buffer& row, double value) {
  if (std::isfinite(value))
    fmt::format_to(std::back_inserter(row), ",{}", value);
  else
    row += ',';
}

/// What points have besides a loss: one of the two in all steps of a run; text has neither.
struct Score {
  const char* name;
  double StepReport::*of_step;
  double EvalReport::*of_eval;
};
std::vector<Score> scores_of(const StepReport& report) {
  if (!std::isnan(report.accuracy)) return {{"accuracy", &StepReport::accuracy, &EvalReport::accuracy}};
  if (!std::isnan(report.r2)) return {{"r2", &StepReport::r2, &EvalReport::r2}};
  return {};
}

/// Most experts of each layer: they may be added and removed while a run goes on.
using Columns = std::vector<std::size_t>;

void put_header(Buffer& row, const StepReport& first, const Columns& columns) {
  row = "step,loss,grad_norm,lr,tokens_per_second,seconds,tokens,top_k,heldout_loss";
  for (const Score& score : scores_of(first)) row += std::string(",") + score.name + ",heldout_" + score.name;
  for (std::size_t l = 0; l < first.layers.size(); ++l) {
    const std::string prefix = ",layer_" + std::to_string(first.layers[l].layer) + '_';
    for (const char* name : {"balance_loss", "z_loss", "entropy", "token_entropy", "load_cv", "max_violation", "dead"})
      row += prefix + name;
    for (std::size_t e = 0; e < columns[l]; ++e) row += prefix + "load_" + std::to_string(e);
  }
  row += "\r\n";
}

void put_row(Buffer& row, const StepReport& r, const EvalReport& heldout, const Columns& columns) {
  row += std::to_string(r.step);
  for (const double value : {r.loss, r.grad_norm, r.lr, r.tokens_per_second, r.seconds}) put(row, value);
  fmt::format_to(std::back_inserter(row), ",{},{}", r.tokens, r.top_k);
  put(row, heldout.loss);
  for (const Score& score : scores_of(r)) {
    put(row, r.*score.of_step);
    put(row, heldout.*score.of_eval);
  }
  for (std::size_t i = 0; i < r.layers.size(); ++i) {
    const LayerReport& l = r.layers[i];
    for (const double value : {l.balance_loss, l.z_loss, l.entropy, l.token_entropy, l.load_cv, l.max_violation})
      put(row, value);
    fmt::format_to(std::back_inserter(row), ",{}", l.dead);
    for (const auto load : l.load) fmt::format_to(std::back_inserter(row), ",{}", load);
    row.append(columns[i] - std::min(columns[i], l.load.size()), ',');
  }
  row += "\r\n";
}

[[noreturn]] void cannot_write(const std::filesystem::path& file) {
  throw Error(ErrorKind::resource, std::string("The file cannot be written: ") + std::strerror(errno), file.string(),
              "", "Free space or choose another place");
}

/// Calls visit(report) for all steps, a chunk at a time; `between` after each chunk.
template <class Visit, class Between>
void for_steps(const run::Store& store, std::int64_t last, const Visit& visit, const Between& between) {
  for (std::int64_t from = 1; from <= last; from += kChunk) {
    for (const StepReport& report :
         store.steps(from, std::min(last, from + kChunk - 1), static_cast<std::size_t>(kChunk)))
      visit(report);
    between();
  }
}

Columns columns_of(const run::Store& store, std::int64_t last) {
  Columns columns;
  const auto widen = [&](const StepReport& report) {
    columns.resize(std::max(columns.size(), report.layers.size()));
    for (std::size_t l = 0; l < report.layers.size(); ++l)
      columns[l] = std::max(columns[l], report.layers[l].load.size());
  };
  for_steps(store, last, widen, [] {});
  return columns;
}

}  // namespace

std::int64_t export_csv(const run::Store& store, const std::filesystem::path& file) {
  std::map<std::int64_t, EvalReport> heldout;
  for (const EvalReport& eval : store.evals()) heldout[eval.step] = eval;
  std::filesystem::path staged = file;
  staged += ".part";
  std::ofstream out(staged, std::ios::binary | std::ios::trunc);
  if (!out) cannot_write(staged);
  std::int64_t rows = 0;
  const std::int64_t last = store.last_step();
  const Columns columns = columns_of(store, last);
  Buffer text;
  const auto add = [&](const StepReport& report) {
    if (rows++ == 0) put_header(text, report, columns);
    const auto eval = heldout.find(report.step);
    put_row(text, report, eval == heldout.end() ? EvalReport() : eval->second, columns);
  };
  for_steps(store, last, add, [&] {
    out << text;
    text.clear();
  });
  out.close();
  std::error_code error;
  if (out) std::filesystem::rename(staged, file, error);
  if (!out || error) {
    if (error) errno = error.value();
    const int reason = errno;
    std::filesystem::remove(staged, error);
    errno = reason;
    cannot_write(file);
  }
  return rows;
}

}  // namespace moe::train
