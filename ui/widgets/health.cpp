// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/health.h"

#include <QCoreApplication>
#include <QStringList>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>

#include "ui/bridge/window_loads.h"
#include "ui/widgets/theme.h"

namespace moe::ui {
namespace {

constexpr int kWindow = 20, kLongest = 500;
constexpr double kStarvedShare = 0.05, kDoubt = 0.001;
// An expert that 60 % of the tokens visit, at least twice its fair share, is a collapse in the making.
constexpr double kCollapseShare = 0.6, kCollapseRatio = 2.0;

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

/// The one layer of most models of points needs no name.
QString shortName(const ExpertRef& ref, const WindowLoads& window, bool plane) {
  return plane && window.layers.size() == 1 ? QStringLiteral("E%1").arg(ref.expert + 1) : expertName(ref);
}

QString collapseSentence(int layer, qint64 percent, int expert, bool plane) {
  const QString words =
      plane ? tr("L%1 is collapsing: %2 %% of points go to E%3") : tr("L%1 is collapsing: %2 %% of tokens go to E%3");
  return QString(words).replace(QLatin1String("%%"), QLatin1String("%")).arg(layer).arg(percent).arg(expert + 1);
}

QString deadSentence(const WindowLoads& window, const std::vector<ExpertRef>& dead, bool plane) {
  const bool some = std::any_of(dead.begin(), dead.end(),
                                [&](const ExpertRef& ref) { return !window.isDead(ref.layer, ref.expert); });
  QString what = some ? tr("hardly any tokens") : tr("no tokens");
  if (plane) what = some ? tr("hardly any points") : tr("no points");
  QStringList names;
  for (std::size_t i = 0; i < std::min<std::size_t>(dead.size(), 2); ++i) names << shortName(dead[i], window, plane);
  if (dead.size() == 1) return tr("%1 gets %2").arg(names[0], what);
  if (dead.size() == 2) return tr("%1 and %2 get %3").arg(names[0], names[1], what);
  return tr("%1, %2 and %3 more get %4").arg(names[0], names[1]).arg(dead.size() - 2).arg(what);
}

}  // namespace

bool isStarved(std::int64_t count, double fair) {
  // The upper bound is below λ exactly when so few or fewer would be seen with probability under 0.1 % at the rate λ.
  const double rate = kStarvedShare * fair;
  if (static_cast<double>(count) >= rate) return false;
  double sum = 0;
  for (std::int64_t k = count; k >= 0; --k) {
    const auto n = static_cast<double>(k);
    const double term = std::exp(n * std::log(rate) - rate - std::lgamma(n + 1));
    sum += term;
    if (term < 1e-9 * sum || sum >= kDoubt) break;
  }
  return sum < kDoubt;
}

namespace {

/// Steps up to the view that the figures are of.
WindowLoads healthWindow(const RunHistory& history, qsizetype last) {
  const auto& steps = history.steps();
  const StepRecord& newest = steps[static_cast<std::size_t>(last)];
  // Without a token, −ln 0.001 / 5 % = 138 expected ones are enough; then as many steps as that takes.
  double fair = 0;
  qsizetype count = 0;
  while (count <= last && count < kLongest) {
    const StepRecord& step = steps[static_cast<std::size_t>(last - count)];
    if (expertsOf(step) != expertsOf(newest) || (count >= kWindow && isStarved(0, fair))) break;
    if (count < kWindow && step.step <= newest.step - kWindow) break;  // thinned or missing steps are not bridged
    const auto& load = step.layers.empty() ? std::vector<std::int64_t>{} : step.layers[0].load;
    fair += static_cast<double>(std::accumulate(load.begin(), load.end(), std::int64_t{0})) /
            std::max(1.0, static_cast<double>(load.size()));
    ++count;
  }
  const auto first = static_cast<std::size_t>(last + 1 - count);
  return sumWindow(std::span(steps).subspan(first, static_cast<std::size_t>(count)), steps[first].step - 1,
                   newest.step);
}

double droppedOf(const WindowLoads& window) {
  double all = 0, lost = 0;
  for (int l = 0; l < static_cast<int>(window.layers.size()); ++l) {
    const double share = window.dropped(l);
    if (!std::isfinite(share)) continue;
    const auto& load = window.layers[static_cast<std::size_t>(l)].load;
    const auto total = static_cast<double>(std::accumulate(load.begin(), load.end(), std::int64_t{0}));
    all += total;
    lost += share * total;
  }
  return all > 0 ? lost / all : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

Health measureHealth(const RunHistory& history) {
  Health health;
  const qsizetype last = history.indexOf(history.viewStep());
  if (last < 0) return health;
  const WindowLoads window = healthWindow(history, last);
  if (window.layers.empty()) return health;
  health.measured = true;
  health.window = window.steps;
  health.dropped = droppedOf(window);
  const auto layers = static_cast<double>(window.layers.size());
  for (int l = 0; l < static_cast<int>(window.layers.size()); ++l) {
    const auto& layer = window.layers[static_cast<std::size_t>(l)];
    health.loadCv += layer.load_cv / layers;
    health.entropy += layer.entropy / layers;
    health.balanceLoss += layer.balance_loss / layers;
    health.maxViolation = std::max(health.maxViolation, layer.max_violation);
    const double fair = static_cast<double>(std::accumulate(layer.load.begin(), layer.load.end(), std::int64_t{0})) /
                        static_cast<double>(layer.load.size());
    health.enough = health.enough || isStarved(0, fair);
    for (int e = 0; e < static_cast<int>(layer.load.size()); ++e) {
      const auto count = layer.load[static_cast<std::size_t>(e)];
      if (isStarved(count, fair)) health.deadExperts.push_back({l, e});
      const double ratio = fair > 0 ? static_cast<double>(count) / fair : 0;
      health.least = l + e > 0 ? std::min(health.least, ratio) : ratio;
      health.most = std::max(health.most, ratio);
    }
  }
  health.dead = static_cast<int>(health.deadExperts.size());
  const int topK = history.steps()[static_cast<std::size_t>(last)].top_k;
  const bool plane = history.info().task == "plane";
  const Worst worst = worstExpert(window, std::max(topK, 1));
  if (worst.tokens >= kCollapseShare) {
    health.show = ExpertRef{worst.layer, worst.expert};
    health.sentence = collapseSentence(layerNumber(worst.layer), std::llround(std::min(worst.tokens, 1.0) * 100),
                                       worst.expert, plane);
  } else if (!health.deadExperts.empty()) {
    health.show = health.deadExperts.front();
    health.sentence = deadSentence(window, health.deadExperts, plane);
  }
  return health;
}

}  // namespace moe::ui
