// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/bridge/run_history.h"

#include <QTimer>
#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "ui/bridge/edit_words.h"
#include "ui/bridge/hello.h"
#include "ui/bridge/selection.h"
#include "ui/bridge/window_loads.h"

namespace moe::ui {
namespace {

constexpr qsizetype kMaxSteps = 200'000;
constexpr qsizetype kMaxBytes = 256 << 20;  // of step reports; wide models reach this first
constexpr std::size_t kProbesKept = 24;

qsizetype bytesOf(const StepRecord& report) {
  std::size_t bytes = sizeof(report);
  for (const auto& layer : report.layers)
    bytes += sizeof(layer) + layer.load.size() * sizeof(std::int64_t) +
             (layer.mass.size() + layer.kept.size() + layer.bias.size()) * sizeof(double);
  return static_cast<qsizetype>(bytes);
}

constexpr auto byStep = [](const auto& a, const auto& b) { return a.step < b.step; };

/// Inserts in step order; an entry of the same step (and, for edits, key) is replaced.
template <class T, class Same>
void insertSorted(std::vector<T>& list, const T& entry, Same same) {
  auto at = std::upper_bound(list.begin(), list.end(), entry, byStep);
  for (auto it = at; it != list.begin() && std::prev(it)->step == entry.step; --it)
    if (same(*std::prev(it))) {
      *std::prev(it) = entry;
      return;
    }
  list.insert(at, entry);
}

}  // namespace

struct RunHistory::Impl {
  bool hasRun = false, dirty = false, live = true;
  protocol::RunInfo info;
  QString state = QStringLiteral("empty");
  qint64 until = 0, view = 0, shown = -1;
  int window = 1;
  std::vector<StepRecord> steps;
  std::vector<protocol::EditEvent> edits;
  std::vector<protocol::EvalReport> evals;
  std::vector<CheckpointMark> checkpoints;
  std::map<qint64, std::shared_ptr<const protocol::ProbeReport>> probes;
  std::set<qint64> probeSteps, probesAsked;
  std::shared_ptr<const protocol::Trace> own;
  std::vector<std::pair<qint64, qint64>> wanted, asked;  // ranges of steps
  std::vector<KnobSpec> knobs;
  QTimer timer;

  void clearData() {
    steps.clear();
    edits.clear();
    evals.clear();
    checkpoints.clear();
    probes.clear();
    probeSteps.clear();
    probesAsked.clear();
    own.reset();
    wanted.clear();
    asked.clear();
    live = true;
    view = 0;
    shown = -1;
  }

  qint64 newest() const { return steps.empty() ? (hasRun ? info.step : 0) : std::max<qint64>(steps.back().step, 0); }

  qsizetype upper(qint64 step) const {
    const auto it =
        std::upper_bound(steps.begin(), steps.end(), step, [](qint64 s, const StepRecord& r) { return s < r.step; });
    return it - steps.begin();
  }

  /// Asks once for a range of steps; the same range is not asked again until something arrived.
  void want(qint64 from, qint64 to) {
    from = std::max<qint64>(from, 1);
    if (to < from) return;
    const std::pair range(from, to);
    if (std::find(asked.begin(), asked.end(), range) != asked.end()) return;
    asked.push_back(range);
    if (asked.size() > 64) asked.erase(asked.begin());
    wanted.push_back(range);
  }

  /// The exact steps of the routing map's window, when some of them are not held.
  void wantWindow(qint64 step) {
    const qint64 from = std::max<qint64>(step - window + 1, 1);
    if (step < 1 || upper(step) - upper(from - 1) >= step - from + 1) return;
    want(from, step);
  }

  /// Keeps every other step of the older half once the limit is reached; what is being looked at stays whole.
  void thin(qint64 looked) {
    if (steps.empty()) return;
    const qsizetype limit =
        std::clamp<qsizetype>(kMaxBytes / std::max<qsizetype>(bytesOf(steps.back()), 1), 2'000, kMaxSteps);
    if (static_cast<qsizetype>(steps.size()) <= limit) return;
    const std::size_t half = steps.size() / 2;
    std::size_t out = 0;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const bool keep = i >= half || i % 2 == 0 || std::llabs(steps[i].step - looked) <= 100;
      if (!keep) continue;
      if (out != i) steps[out] = std::move(steps[i]);
      ++out;
    }
    steps.resize(out);
  }

  /// Experts may be added and removed while a run goes on; the newest report knows.
  void countExperts() {
    const int experts = steps.empty() ? 0 : expertsOf(steps.back());
    if (experts < 1 || experts == info.experts) return;
    info.experts = experts;
    if (info.config.is_object() && info.config.contains("model.experts")) info.config["model.experts"] = experts;
  }

  void dropOldProbes() {
    while (probes.size() > kProbesKept) {
      // The one farthest from what is looked at; both ends are candidates because the map is ordered.
      const auto first = probes.begin(), last = std::prev(probes.end());
      probes.erase(!live && view - first->first < last->first - view && std::next(first) != last ? std::prev(last)
                                                                                                 : first);
    }
  }
};

RunHistory::RunHistory(QObject* parent) : QObject(parent), d_(std::make_unique<Impl>()) {
  d_->timer.setSingleShot(true);
  d_->timer.setInterval(33);
  connect(&d_->timer, &QTimer::timeout, this, &RunHistory::flush);
}

RunHistory::~RunHistory() = default;

bool RunHistory::hasRun() const { return d_->hasRun; }
const protocol::RunInfo& RunHistory::info() const { return d_->info; }
QString RunHistory::state() const { return d_->state; }
qint64 RunHistory::until() const { return d_->until; }
const std::vector<StepRecord>& RunHistory::steps() const { return d_->steps; }
const std::vector<protocol::EditEvent>& RunHistory::edits() const { return d_->edits; }
const std::vector<protocol::EvalReport>& RunHistory::evals() const { return d_->evals; }
const std::vector<CheckpointMark>& RunHistory::checkpoints() const { return d_->checkpoints; }
qint64 RunHistory::liveStep() const { return d_->newest(); }
bool RunHistory::isLive() const { return d_->live; }
qint64 RunHistory::viewStep() const { return d_->live ? d_->newest() : d_->view; }
int RunHistory::windowSteps() const { return d_->window; }
std::shared_ptr<const protocol::Trace> RunHistory::ownTrace() const { return d_->own; }

const KnobSpec* RunHistory::knob(const QString& key) const {
  for (const KnobSpec& spec : d_->knobs)
    if (spec.key == key) return &spec;
  return nullptr;
}

void RunHistory::setKnobs(std::vector<KnobSpec> knobs) { d_->knobs = std::move(knobs); }

void RunHistory::lookAt(qint64 step) {
  if (!d_->hasRun || d_->newest() < 1) return;
  const qint64 wanted = std::clamp<qint64>(step, 1, d_->newest());
  if (!d_->live && d_->view == wanted) return;
  d_->live = false;
  d_->view = wanted;
  d_->dirty = true;
  d_->wantWindow(wanted);
  if (const auto after = d_->probeSteps.upper_bound(wanted); after != d_->probeSteps.begin()) {
    const qint64 at = *std::prev(after);
    if (!d_->probes.contains(at) && d_->probesAsked.insert(at).second) emit needProbe(at);
  }
  if (!d_->timer.isActive()) d_->timer.start();
  d_->shown = wanted;
  emit viewStepChanged(wanted, false);
}

void RunHistory::backToLive() {
  if (d_->live) return;
  d_->live = true;
  d_->dirty = true;
  d_->shown = d_->newest();
  if (!d_->timer.isActive()) d_->timer.start();
  emit viewStepChanged(d_->shown, true);
}

qsizetype RunHistory::indexOf(qint64 step) const { return d_->upper(step) - 1; }

const StepRecord* RunHistory::reportAt(qint64 step) const {
  const qsizetype index = indexOf(step);
  return index < 0 ? nullptr : &d_->steps[static_cast<std::size_t>(index)];
}

void RunHistory::setWindowSteps(int steps) {
  const int wanted = std::clamp(steps, 1, 100);
  if (wanted == d_->window) return;
  d_->window = wanted;
  d_->wantWindow(viewStep());
  d_->dirty = true;
  if (!d_->timer.isActive()) d_->timer.start();
}

WindowLoads RunHistory::window() const {
  const qint64 to = viewStep(), from = std::max<qint64>(to - d_->window, 0);
  auto first = static_cast<std::size_t>(d_->upper(from)), last = static_cast<std::size_t>(d_->upper(to));
  // Between thinned steps the newest one at or before the view stands in, so that scrubbing never shows an empty map.
  if (first == last && last > 0) first = last - 1;
  return sumWindow(std::span(d_->steps).subspan(first, last - first), from, to);
}

std::shared_ptr<const protocol::ProbeReport> RunHistory::probe() const {
  const auto after = d_->probes.upper_bound(d_->live ? std::numeric_limits<qint64>::max() : d_->view);
  return after == d_->probes.begin() ? nullptr : std::prev(after)->second;
}

void RunHistory::reset(const protocol::RunInfo& info) {
  d_->clearData();
  d_->hasRun = true;
  d_->info = info;
  setRoutedLayers(info.moe_layers);
  for (const std::int64_t step : info.checkpoints) d_->checkpoints.push_back({step, {}, 0});
  std::sort(d_->checkpoints.begin(), d_->checkpoints.end(), byStep);
  d_->probeSteps.insert(info.probes.begin(), info.probes.end());
  d_->until = info.horizon;
  d_->dirty = true;
  if (info.step > 0) {
    d_->want(1, info.step);
    d_->wantWindow(info.step);
    if (!d_->probeSteps.empty()) {
      d_->probesAsked.insert(*d_->probeSteps.rbegin());
      emit needProbe(*d_->probeSteps.rbegin());
    }
  }
  emit runChanged();
}

void RunHistory::clear() {
  d_->clearData();
  d_->hasRun = false;
  d_->info = {};
  d_->state = QStringLiteral("empty");
  d_->until = 0;
  d_->dirty = true;
  emit runChanged();
}

void RunHistory::setState(const QString& state, qint64 until) {
  d_->dirty = d_->dirty || state != d_->state || until != d_->until;
  d_->state = state;
  d_->until = until;
}

void RunHistory::add(const StepRecord& report) {
  auto& steps = d_->steps;
  d_->dirty = true;
  if (steps.empty() || report.step > steps.back().step) {
    const qint64 before = steps.empty() ? d_->info.step : steps.back().step;
    if (report.step > before + 1) d_->want(before + 1, report.step - 1);
    steps.push_back(report);
    d_->countExperts();
    d_->thin(viewStep());
    return;
  }
  const auto at = std::lower_bound(steps.begin(), steps.end(), report, byStep);
  if (at != steps.end() && at->step == report.step)
    *at = report;
  else
    steps.insert(at, report);
}

void RunHistory::addMany(std::vector<StepRecord> reports) {
  if (reports.empty()) return;
  std::stable_sort(reports.begin(), reports.end(), byStep);
  std::vector<StepRecord> merged;
  merged.reserve(d_->steps.size() + reports.size());
  // Equal steps: std::merge takes those held already first, and unique keeps the first.
  std::merge(std::make_move_iterator(d_->steps.begin()), std::make_move_iterator(d_->steps.end()),
             std::make_move_iterator(reports.begin()), std::make_move_iterator(reports.end()),
             std::back_inserter(merged), byStep);
  merged.erase(std::unique(merged.begin(), merged.end(), [](const auto& a, const auto& b) { return a.step == b.step; }),
               merged.end());
  d_->steps = std::move(merged);
  d_->countExperts();
  d_->thin(viewStep());
  d_->dirty = true;
}

void RunHistory::add(const protocol::EditEvent& edit) {
  const auto same = [&](const protocol::EditEvent& e) {
    // Commands about experts add up: two revivals at one step are two edits.
    return e.key == edit.key && (!isExpertCommand(QString::fromStdString(e.key)) || e.after == edit.after);
  };
  protocol::EditEvent entry = edit;
  // Several changes of a setting at one step are one: from what it was before the first.
  for (const auto& e : d_->edits)
    if (e.step == edit.step && same(e) && e.after == edit.before) entry.before = e.before;
  insertSorted(d_->edits, entry, same);
  if (d_->info.config.is_object() && d_->info.config.contains(edit.key))
    d_->info.config[edit.key] = valueFromText(edit.after);
  d_->dirty = true;
}

void RunHistory::add(const protocol::EvalReport& eval) {
  insertSorted(d_->evals, eval, [](const protocol::EvalReport&) { return true; });
  d_->dirty = true;
}

void RunHistory::add(const CheckpointMark& mark) {
  insertSorted(d_->checkpoints, mark, [](const CheckpointMark&) { return true; });
  d_->dirty = true;
}

void RunHistory::add(std::shared_ptr<const protocol::ProbeReport> probe) {
  if (!probe) return;
  d_->probeSteps.insert(probe->step);
  d_->probesAsked.erase(probe->step);
  const qint64 step = probe->step;
  d_->probes[step] = std::move(probe);
  d_->dropOldProbes();
  d_->dirty = true;
}

void RunHistory::setOwnTrace(std::shared_ptr<const protocol::Trace> trace) {
  d_->own = std::move(trace);
  d_->dirty = true;
  if (!d_->timer.isActive()) d_->timer.start();
}

void RunHistory::flush() {
  const auto wanted = std::exchange(d_->wanted, {});
  for (const auto& [from, to] : wanted) emit needHistory(from, to);
  if (d_->live && d_->newest() != d_->shown) {
    d_->shown = d_->newest();
    emit viewStepChanged(d_->shown, true);
  }
  if (!std::exchange(d_->dirty, false)) return;
  emit updated();
}

}  // namespace moe::ui
