// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/specialization_panel.h"

#include "ui/panels/view_kit.h"
#include "ui/widgets/theme.h"

namespace moe::ui {

SpecializationPanel::SpecializationPanel(RunHistory& history, Selection& selection, QWidget* parent)
    : Panel(tr("Specialization"), history, selection, parent), view_(new SpecializationView(history, selection)) {
  setBody(view_);
  connect(view_, &SpecializationView::wordsChanged, this, &SpecializationPanel::title);
  connect(&selection, &Selection::primaryChanged, this, &SpecializationPanel::refresh);
  title();
}

// A view that loses focus while it is deleted still speaks: not to a panel that is gone.
SpecializationPanel::~SpecializationPanel() { view_->disconnect(this); }

void SpecializationPanel::title() {
  const QString words = view_->words();
  if (!words.isEmpty()) return setSubtitle(words);
  QString text = tr("layer %1, tokens of a domain against the expert's average").arg(layerNumber(selection_.layer()));
  if (const auto* probe = view_->probe()) text += tr(" · held-out text at step %1").arg(formatCount(probe->step));
  setSubtitle(text);
}

void SpecializationPanel::refresh() {
  view_->refresh();
  title();
}

PanelTable SpecializationPanel::table() const {
  PanelTable out;
  out.columns = {"layer", "probe_step", "domain",           "expert",       "assignments",
                 "ratio", "noise_sd",   "information_bits", "shuffled_bits"};
  const auto probe = history_.probe();
  if (!probe) return out;
  const int layer = selection_.layer();
  const auto l = static_cast<std::size_t>(layer);
  const DomainShares shares = DomainShares::of(*probe, layer);
  for (int d = 0; d < shares.domains; ++d) {
    for (int e = 0; e < shares.experts; ++e) {
      const std::size_t count = (l * static_cast<std::size_t>(shares.experts) + static_cast<std::size_t>(e)) *
                                    static_cast<std::size_t>(shares.domains) +
                                static_cast<std::size_t>(d);
      out.rows.push_back({QString::number(layerNumber(layer)), QString::number(probe->step),
                          QString::fromStdString(probe->domains[static_cast<std::size_t>(d)]), QString::number(e + 1),
                          QString::number(probe->counts[count]), csvNumber(shares.ratio[shares.index(d, e)]),
                          csvNumber(shares.noise[shares.index(d, e)]),
                          l < probe->information.size() ? csvNumber(probe->information[l]) : QString(),
                          l < probe->baseline.size() ? csvNumber(probe->baseline[l]) : QString()});
    }
  }
  return out;
}

}  // namespace moe::ui
