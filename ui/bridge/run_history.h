// SPDX-License-Identifier: GPL-3.0-or-later
// Everything the window knows of a run, filled by the bridge as messages arrive; panels read it and repaint on
// updated().
#pragma once
#include <QObject>
#include <QString>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "engine/protocol/messages.h"
#include "ui/bridge/step_record.h"

namespace moe::ui {

struct KnobSpec;

struct CheckpointMark {
  qint64 step = 0;
  QString path;
  double secondsSinceStart = 0;
};

/// Loads of every MoE layer over a window of steps; also what the routing map paints.
struct WindowLoads {
  qint64 from = 0, to = 0;                    // (from, to]
  int steps = 0;                              // steps really covered
  std::vector<protocol::LayerReport> layers;  // load, mass and kept summed, statistics recomputed over the window
  qint64 assignmentsPerLayer = 0;             // N: k·T summed over the window, for the noise band sqrt(E/N)
  /// load·E/N; NaN when nothing was measured.
  double ratio(int layer, int expert, bool byMass = false) const;
  double noise() const;                      // sd of the ratio under uniform routing, sqrt(E/N)
  bool isDead(int layer, int expert) const;  // exact zero over the window
  bool anyDead() const;
  /// Share of the expert's (−1: the layer's) assignments that were dropped; NaN when nothing can drop.
  double dropped(int layer, int expert = -1) const;
};

class RunHistory : public QObject {
  Q_OBJECT
 public:
  explicit RunHistory(QObject* parent = nullptr);

  // ---- what it holds -----------------------------------------------------------------------------------------
  bool hasRun() const;
  const protocol::RunInfo& info() const;
  QString state() const;  // empty preparing paused running finished failed
  qint64 until() const;
  /// Ascending; may have gaps (thinned or not fetched yet); at most ~200,000 are kept in full, older ones thinned.
  const std::vector<StepRecord>& steps() const;
  const std::vector<protocol::EditEvent>& edits() const;
  const std::vector<protocol::EvalReport>& evals() const;
  const std::vector<CheckpointMark>& checkpoints() const;
  qint64 liveStep() const;  // newest finished step
  /// Declaration of a setting, or null: labels and values of edits are said with its words.
  const KnobSpec* knob(const QString& key) const;

  // ---- live or looking back ----------------------------------------------------------------------------------
  bool isLive() const;
  qint64 viewStep() const;   // the step every map and chart shows
  void lookAt(qint64 step);  // leaves live; clamped; data missing here are asked from the store
  void backToLive();

  /// Index of the last step ≤ `step`, or −1.
  qsizetype indexOf(qint64 step) const;
  const StepRecord* reportAt(qint64 step) const;  // newest ≤ step
  int windowSteps() const;                        // of the routing map, 1 … 100
  void setWindowSteps(int steps);
  /// Loads over the window that ends at viewStep(), of the steps with as many experts as that one; empty layers before
  /// the first step.
  WindowLoads window() const;
  /// Newest probe at or before viewStep(), or null while none is known. Older ones are fetched on demand.
  std::shared_ptr<const protocol::ProbeReport> probe() const;
  /// Reply to the user's own text, newest first.
  std::shared_ptr<const protocol::Trace> ownTrace() const;

  // ---- filling (bridge and tests) -----------------------------------------------------------------------------
  void setKnobs(std::vector<KnobSpec> knobs);
  void reset(const protocol::RunInfo& info);
  void clear();
  void setState(const QString& state, qint64 until);
  /// The newest report also tells how many experts the model has now.
  void add(const StepRecord& report);
  void addMany(std::vector<StepRecord> reports);  // from the store; merged and sorted
  void add(const protocol::EditEvent& edit);
  void add(const protocol::EvalReport& eval);
  void add(const CheckpointMark& mark);
  void add(std::shared_ptr<const protocol::ProbeReport> probe);
  void setOwnTrace(std::shared_ptr<const protocol::Trace> trace);
  /// Emits updated() if anything changed since the last call; the bridge's 30 Hz timer calls it.
  void flush();

 signals:
  void updated();     // data or view step changed; at most 30 Hz
  void runChanged();  // another run, or none: layouts rebuild
  void viewStepChanged(qint64 step, bool live);
  void needHistory(qint64 from, qint64 to);  // steps missing here; the bridge asks the store
  void needProbe(qint64 step);               // probe missing here

 private:
  struct Impl;
  std::unique_ptr<Impl> d_;

 public:
  ~RunHistory() override;
};

}  // namespace moe::ui
