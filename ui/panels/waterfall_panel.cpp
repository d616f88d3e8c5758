// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/waterfall_panel.h"

#include "ui/panels/view_kit.h"

namespace moe::ui {

WaterfallPanel::WaterfallPanel(RunHistory& history, Selection& selection, QWidget* parent)
    : Panel(tr("Waterfall"), history, selection, parent), view_(new WaterfallView(history, selection)) {
  setBody(view_);
  connect(view_, &WaterfallView::wordsChanged, this, &WaterfallPanel::title);
  connect(&selection, &Selection::primaryChanged, this, &WaterfallPanel::refresh);
  title();
}

// A view that loses focus while it is deleted still speaks: not to a panel that is gone.
WaterfallPanel::~WaterfallPanel() { view_->disconnect(this); }

void WaterfallPanel::title() {
  const QString words = view_->words();
  setSubtitle(words.isEmpty() ? tr("layer %1, step by step; oldest at the top").arg(layerNumber(selection_.layer()))
                              : words);
}

void WaterfallPanel::refresh() {
  view_->refresh();
  title();
}

PanelTable WaterfallPanel::table() const {
  PanelTable out;
  const WaterfallBins& bins = view_->bins();
  out.columns = {"layer", "from_step", "to_step"};
  for (int e = 0; e < bins.experts(); ++e) out.columns << QStringLiteral("E%1").arg(e + 1);
  for (int r = 0; r < bins.rows(); ++r) {
    const qint64 from = r * bins.stepsPerRow() + 1;
    QStringList row{QString::number(layerNumber(selection_.layer())), QString::number(from),
                    QString::number(from + bins.stepsPerRow() - 1)};
    for (int e = 0; e < bins.experts(); ++e) row << csvNumber(bins.ratio(r, e));
    out.rows.push_back(row);
  }
  return out;
}

}  // namespace moe::ui
