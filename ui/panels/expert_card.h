// SPDX-License-Identifier: GPL-3.0-or-later
// What is measured of the selected expert: share with its trend, domains, top tokens, fellow experts, and the pinned
// ones.
#pragma once
#include <QTimer>
#include <QWidget>
#include <optional>

#include "ui/bridge/run_history.h"
#include "ui/panels/card_parts.h"
#include "ui/widgets/panel.h"

class QLabel;
class QProgressBar;
class QPushButton;

namespace moe::ui {

class IconButton;
class ReviveLine;

/// Content of the inspector; grows downwards, so place it in a scroll area. Refreshes at 2 Hz while training and at
/// once on a selection or when looking back.
class ExpertCard : public QWidget {
  Q_OBJECT
 public:
  ExpertCard(RunHistory& history, Selection& selection, QWidget* parent = nullptr);
  void refresh();
  /// Everything on the card as name and value, for CSV and tables.
  PanelTable table() const;
  QSize sizeHint() const override;
  ReviveLine* revive() const { return revive_; }

  /// Share of the expert's tokens by domain as if the domains came in the corpus's proportions, and those proportions;
  /// the probe's own mix when the corpus shares are unknown.
  static std::vector<DomainBars::Row> domainRows(const protocol::ProbeReport& probe, const protocol::RunInfo& info,
                                                 const ExpertRef& ref);
  static std::optional<ExpertRef> busiest(const WindowLoads& loads);

 protected:
  void showEvent(QShowEvent*) override;

 private:
  void build();
  void dress();
  void showExpert(const ExpertRef& ref);
  void showNothing();
  void showProbe(const ExpertRef& ref);
  void showPins();
  RunHistory& history_;
  Selection& selection_;
  QTimer timer_;
  WindowLoads loads_;
  ExpertRef suggested_;

  QWidget *about_, *empty_, *described_, *tooFew_;
  QLabel *name_, *ratio_, *trend_, *share_, *emptyText_, *fewText_, *noProbe_;
  QProgressBar* fewBar_;
  QPushButton* open_;
  ReviveLine* revive_;
  IconButton* pin_;
  Sparkline* spark_;
  SectionTitle *domainTitle_, *tokenTitle_, *fellowTitle_, *pinTitle_;
  DomainBars* domains_;
  ChipFlow *tokens_, *fellows_;
  std::vector<int> fellowExperts_;  // one for each chip of fellows_
  PinnedList* pins_;
};

}  // namespace moe::ui
