// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/health.h"

#include <QCoreApplication>
#include <QStringList>
#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "ui/bridge/window_loads.h"
#include "ui/widgets/theme.h"

namespace moe::ui {
namespace {

constexpr int kWindow = 20;
// An expert that 60 % of the tokens visit, at least twice its fair share, is a collapse in the making.
constexpr double kCollapseShare = 0.6, kCollapseRatio = 2.0;
// Fewer expected tokens than this and an empty expert may be chance.
constexpr double kFairTokens = 20;

QString tr(const char* text) { return QCoreApplication::translate("Health", text); }

struct Worst {
  int layer = -1, expert = -1;
  double tokens = 0, ratio = 0;
};

Worst worstExpert(const WindowLoads& window, double topK) {
  Worst worst;
  for (int l = 0; l < static_cast<int>(window.layers.size()); ++l) {
    const auto& load = window.layers[static_cast<std::size_t>(l)].load;
    for (int e = 0; e < static_cast<int>(load.size()); ++e) {
      const double ratio = window.ratio(l, e);
      const double tokens = ratio / static_cast<double>(load.size()) * topK;
      if (ratio >= kCollapseRatio && tokens > worst.tokens) worst = {l, e, tokens, ratio};
    }
  }
  return worst;
}

QString deadSentence(const std::vector<ExpertRef>& dead) {
  QStringList names;
  for (std::size_t i = 0; i < std::min<std::size_t>(dead.size(), 2); ++i) names << expertName(dead[i]);
  if (dead.size() == 1) return tr("%1 gets no tokens").arg(names[0]);
  if (dead.size() == 2) return tr("%1 and %2 get no tokens").arg(names[0], names[1]);
  return tr("%1, %2 and %3 more get no tokens").arg(names[0], names[1]).arg(dead.size() - 2);
}

}  // namespace

Health measureHealth(const RunHistory& history) {
  Health health;
  const qsizetype last = history.indexOf(history.viewStep());
  if (last < 0) return health;
  const qint64 from = history.viewStep() - kWindow;
  const auto first = static_cast<std::size_t>(std::max<qsizetype>(history.indexOf(from) + 1, last - kWindow + 1));
  const auto count = static_cast<std::size_t>(last) + 1 - std::min(first, static_cast<std::size_t>(last));
  const WindowLoads window = sumWindow(
      std::span(history.steps()).subspan(static_cast<std::size_t>(last) + 1 - count, count), from, history.viewStep());
  if (window.layers.empty()) return health;
  health.measured = true;
  std::vector<ExpertRef> dead;
  const auto layers = static_cast<double>(window.layers.size());
  for (int l = 0; l < static_cast<int>(window.layers.size()); ++l) {
    const auto& layer = window.layers[static_cast<std::size_t>(l)];
    health.loadCv += layer.load_cv / layers;
    health.entropy += layer.entropy / layers;
    health.balanceLoss += layer.balance_loss / layers;
    health.maxViolation = std::max(health.maxViolation, layer.max_violation);
    const bool enough =
        static_cast<double>(window.assignmentsPerLayer) >= kFairTokens * static_cast<double>(layer.load.size());
    for (int e = 0; enough && e < static_cast<int>(layer.load.size()); ++e)
      if (window.isDead(l, e)) dead.push_back({l, e});
  }
  health.dead = static_cast<int>(dead.size());
  const int topK = history.steps()[static_cast<std::size_t>(last)].top_k;
  const Worst worst = worstExpert(window, std::max(topK, 1));
  if (worst.tokens >= kCollapseShare) {
    health.show = ExpertRef{worst.layer, worst.expert};
    health.sentence = tr("L%1 is collapsing: %2 %% of tokens go to E%3")
                          .replace(QLatin1String("%%"), QLatin1String("%"))
                          .arg(worst.layer + 1)
                          .arg(std::llround(std::min(worst.tokens, 1.0) * 100))
                          .arg(worst.expert + 1);
  } else if (!dead.empty()) {
    health.show = dead.front();
    health.sentence = deadSentence(dead);
  }
  return health;
}

}  // namespace moe::ui
