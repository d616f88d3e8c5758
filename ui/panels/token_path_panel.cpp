// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/token_path_panel.h"

#include <QHBoxLayout>
#include <QScrollArea>
#include <cmath>

#include "ui/panels/view_kit.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/theme.h"

namespace moe::ui {

TokenPathPanel::TokenPathPanel(RunHistory& history, Selection& selection, QWidget* parent)
    : Panel(tr("Path of a token"), history, selection, parent),
      view_(new TokenPathView(history, selection)),
      scroll_(new QScrollArea) {
  scroll_->setWidget(view_);
  scroll_->setWidgetResizable(true);
  scroll_->setFrameShape(QFrame::NoFrame);
  scroll_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setBody(scroll_);
  headerLayout()->addWidget(new TypeLabel(tr("bar: probability · number: weight"), Type::tick11, Role::text2));
  connect(&selection, &Selection::tokenChanged, this, &TokenPathPanel::refresh);
  connect(view_, &TokenPathView::wordsChanged, this, &TokenPathPanel::speak);
  connect(view_, &TokenPathView::cursorMoved, this, [this](const QRectF& cell) {
    const QPoint centre = cell.center().toPoint();
    scroll_->ensureVisible(centre.x(), centre.y(), 0, static_cast<int>(cell.height()));
  });
  refresh();
}

// A view that loses focus while it is deleted still speaks: not to a panel that is gone.
TokenPathPanel::~TokenPathPanel() { view_->disconnect(this); }

void TokenPathPanel::speak() {
  const QString cell = view_->words(), words = cell.isEmpty() ? summary() : cell;
  setSubtitle(words);
  const QString name = words.isEmpty() ? title() : words;
  if (view_->accessibleName() != name) view_->setAccessibleName(name);
}

QString TokenPathPanel::summary() const {
  const auto trace = view_->trace();
  if (!trace) return {};
  const auto t = static_cast<std::size_t>(view_->token());
  QString text = tr("‘%1’ · token %2 of %3")
                     .arg(visibleToken(QString::fromStdString(trace->pieces[t])), formatCount(view_->token() + 1),
                          formatCount(trace->tokens()));
  if (t < trace->token_loss.size() && std::isfinite(trace->token_loss[t]))
    text += tr(" · loss %1").arg(formatFixed(trace->token_loss[t], 2));
  QStringList next;
  for (std::size_t i = 3 * t; i < 3 * t + 2 && i < trace->predicted.size() && i < trace->predicted_share.size(); ++i) {
    if (trace->predicted[i].empty() || trace->predicted_share[i] <= 0) continue;
    next << QStringLiteral("‘%1’ %2").arg(visibleToken(QString::fromStdString(trace->predicted[i])),
                                          formatPercent(static_cast<double>(trace->predicted_share[i]), 0));
  }
  if (!next.isEmpty()) text += tr(" · next token: ") + next.join(QStringLiteral(", "));
  if (trace->probabilities.empty()) text += tr(" · router probabilities were not sent: weights only");
  return text;
}

void TokenPathPanel::refresh() {
  view_->refresh();
  speak();
}

PanelTable TokenPathPanel::table() const {
  PanelTable out;
  out.columns = {"token", "position", "layer", "expert", "probability", "weight", "rank"};
  const auto trace = view_->trace();
  if (!trace) return out;
  const std::vector<LayerChoice> choices = choicesOf(*trace, view_->token());
  for (std::size_t l = 0; l < choices.size(); ++l) {
    for (int e = 0; e < trace->experts; ++e) {
      const auto& choice = choices[l];
      QString weight, rank;
      for (std::size_t r = 0; r < choice.picks.size(); ++r) {
        if (choice.picks[r].expert != e) continue;
        weight = csvNumber(choice.picks[r].weight);
        rank = QString::number(r + 1);
      }
      const auto at = static_cast<std::size_t>(e);
      const bool known = at < choice.probabilities.size();
      if (!known && rank.isEmpty()) continue;
      out.rows.push_back({QString::fromStdString(trace->pieces[static_cast<std::size_t>(view_->token())]),
                          QString::number(view_->token() + 1), QString::number(layerNumber(static_cast<int>(l))),
                          QString::number(e + 1), known ? csvNumber(choice.probabilities[at]) : QString(), weight,
                          rank});
    }
  }
  return out;
}

}  // namespace moe::ui
