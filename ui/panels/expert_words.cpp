// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/expert_words.h"

#include <QCoreApplication>
#include <cmath>

#include "ui/panels/colour_scale.h"
#include "ui/panels/expert_trend.h"
#include "ui/panels/view_kit.h"
#include "ui/widgets/theme.h"

namespace moe::ui {
namespace {
QString tr(const char* text) { return QCoreApplication::translate("ExpertWords", text); }
constexpr std::size_t kTokens = 6;
}  // namespace

QString ExpertSentence::plain() const {
  QString out = name + statement;
  if (!tokens.isEmpty()) out += tr("; top tokens: ") + tokens.join(QLatin1Char(' '));
  return out;
}

QString batches(int count) { return count == 1 ? tr("1 batch") : tr("%1 batches").arg(formatCount(count)); }

ExpertSentence expertSentence(const RunHistory& history, const WindowLoads& loads, const ExpertRef& ref, bool byMass) {
  ExpertSentence out;
  out.name = tr("Layer %1 · Expert %2").arg(layerNumber(ref.layer)).arg(ref.expert + 1);
  const double ratio = loads.ratio(ref.layer, ref.expert, byMass);
  if (std::isnan(ratio)) return out;
  if (loads.isDead(ref.layer, ref.expert)) {
    out.statement =
        loads.steps == 1 ? tr(": no tokens in this batch") : tr(": no tokens in the last %1").arg(batches(loads.steps));
  } else {
    const auto experts = static_cast<double>(loads.layers[static_cast<std::size_t>(ref.layer)].load.size());
    out.statement = (byMass ? tr(": %1 fair share (%2 of weight)") : tr(": %1 fair share (%2 of choices)"))
                        .arg(formatRatio(ratio), formatPercent(ratio / experts));
    if (const double dropped = loads.dropped(ref.layer, ref.expert); dropped > 0)
      out.statement += tr(", %1 dropped").arg(formatPercent(dropped, dropped < 0.0995 ? 1 : 0));
    const QString trend = trendWord(expertTrend(history, ref, byMass));
    if (!trend.isEmpty()) out.statement += QStringLiteral(", ") + trend;
    if (insideNoise(ratio, loads.noise()))
      out.statement += tr(", within noise ±%1").arg(formatFixed(noiseBand(loads.noise()), 2));
  }
  const auto probe = history.probe();
  const auto index = static_cast<std::size_t>(ref.layer) * static_cast<std::size_t>(probe ? probe->experts : 0) +
                     static_cast<std::size_t>(ref.expert);
  if (probe && index < probe->top_tokens.size() && index < probe->seen.size() && probe->seen[index] >= kFairSample) {
    const auto& top = probe->top_tokens[index];
    for (std::size_t i = 0; i < std::min(kTokens, top.size()); ++i)
      out.tokens << visibleToken(QString::fromStdString(top[i].piece));
  }
  return out;
}

}  // namespace moe::ui
