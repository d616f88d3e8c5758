// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/plane_stage_paint.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ui/panels/plane_paint.h"
#include "ui/widgets/theme.h"

namespace moe::ui {
namespace {

QString tr(const char* text) { return QObject::tr(text); }

std::size_t at(int i) { return static_cast<std::size_t>(i); }

/// Expert with the largest score of point `t`, with or without the noise.
int favourite(const protocol::PlaneStages& s, int t, bool noisy) {
  const std::size_t base = at(t) * at(s.experts);
  if (s.logits.size() < base + at(s.experts)) return -1;
  int best = 0;
  double most = -1e300;
  for (int e = 0; e < s.experts; ++e) {
    double score = s.logits[base + at(e)];
    if (noisy && s.noise.size() >= base + at(s.experts)) score += s.noise[base + at(e)];
    if (score > most) {
      most = score;
      best = e;
    }
  }
  return best;
}

int shownPoints(const protocol::PlaneStages& s) { return static_cast<int>(s.xy.size() / 2); }

/// The most probable class of a row of outputs; −1 for values.
int argMax(const std::vector<float>& values, std::size_t base, int classes) {
  if (classes < 2 || values.size() < base + at(classes)) return -1;
  int best = 0;
  for (int c = 1; c < classes; ++c)
    if (values[base + at(c)] > values[base + at(best)]) best = c;
  return best;
}

struct Marks {
  QPainter& painter;
  const protocol::PlaneStages& s;
  QRectF area;
  double unit;
  QPointF place(int t) const {
    return {area.x() + (s.xy[2 * at(t)] + 1) / 2 * area.width(),
            area.y() + (1 - s.xy[2 * at(t) + 1]) / 2 * area.height()};
  }
  void disc(int t, const QColor& fill, double radius) const {
    painter.setPen(QPen(Theme::instance().color(Role::text), 1));
    painter.setBrush(fill);
    painter.drawEllipse(place(t), radius * unit, radius * unit);
  }
  void hollow(int t, const QColor& ink, double radius, double width) const {
    painter.setPen(QPen(ink, width * unit));
    painter.setBrush(Qt::NoBrush);
    painter.drawEllipse(place(t), radius * unit, radius * unit);
  }
};

void drawChosen(const Marks& m, bool weights) {
  for (int t = 0; t < shownPoints(m.s); ++t)
    for (int k = m.s.top_k - 1; k >= 0; --k) {
      const std::size_t i = at(t) * at(m.s.top_k) + at(k);
      if (i >= m.s.chosen.size()) continue;
      const int expert = m.s.chosen[i];
      if (expert < 0) {
        m.hollow(t, Theme::instance().color(Role::text3), 4, 1);
        continue;
      }
      const double weight = weights && i < m.s.weights.size() ? std::clamp(double{m.s.weights[i]}, 0.0, 1.0) : 1.0;
      m.disc(t, planeHue(expert), (k == 0 ? 3.0 : 5.0) + (weights ? 2.5 * weight : 0));
    }
}

/// Roads from each point to the middle of what its first expert received.
void drawDispatch(const Marks& m) {
  std::vector<QPointF> middle(at(m.s.experts));
  std::vector<int> count(at(m.s.experts), 0);
  const auto first = [&](int t) {
    const std::size_t i = at(t) * at(m.s.top_k);
    return i < m.s.chosen.size() ? m.s.chosen[i] : -1;
  };
  for (int t = 0; t < shownPoints(m.s); ++t)
    if (const int e = first(t); e >= 0) {
      middle[at(e)] += m.place(t);
      ++count[at(e)];
    }
  for (int e = 0; e < m.s.experts; ++e)
    if (count[at(e)] > 0) middle[at(e)] /= count[at(e)];
  for (int t = 0; t < shownPoints(m.s); ++t) {
    const int e = first(t);
    if (e < 0) continue;
    QColor ink = planeInk(e);
    ink.setAlphaF(0.45F);
    m.painter.setPen(QPen(ink, 1.2 * m.unit));
    m.painter.drawLine(m.place(t), middle[at(e)]);
  }
  drawChosen(m, false);
}

void drawAnswers(const Marks& m, bool combined) {
  const int outputs = std::max(m.s.classes, 1);
  const auto [low, high] = std::minmax_element(m.s.value.begin(), m.s.value.end());
  for (int t = 0; t < shownPoints(m.s); ++t) {
    const int expert =
        m.s.top_k > 0 && at(t) * at(m.s.top_k) < m.s.chosen.size() ? m.s.chosen[at(t) * at(m.s.top_k)] : -1;
    const auto& values = combined ? m.s.output : m.s.answers;
    const std::size_t base = combined ? at(t) * at(outputs) : at(t) * at(m.s.top_k) * at(outputs);
    const int winner = argMax(values, base, m.s.classes);
    if (winner >= 0)
      drawClassPoint(m.painter, m.place(t), winner, 3.6 * m.unit);
    else if (base < values.size() && !m.s.value.empty())
      drawValuePoint(m.painter, m.place(t), (values[base] - *low) / std::max(1e-9F, *high - *low), 3.6 * m.unit);
    if (!combined && expert >= 0) m.hollow(t, planeInk(expert), 6, 2);
  }
}

void drawLosses(const Marks& m) {
  double most = 1e-12;
  for (const float loss : m.s.loss) most = std::max(most, double{loss});
  for (int t = 0; t < shownPoints(m.s) && at(t) < m.s.loss.size(); ++t) {
    const double share = std::sqrt(std::clamp(m.s.loss[at(t)] / most, 0.0, 1.0));
    m.disc(t, Theme::instance().color(Role::flag), 1.2 + 8 * share);
  }
}

}  // namespace

QString stageName(int stage) {
  switch (stage) {
    case 0:
      return tr("Scores");
    case 1:
      return tr("Noise");
    case 2:
      return tr("Top-k");
    case 3:
      return tr("Dispatch");
    case 4:
      return tr("Expert outputs");
    case 5:
      return tr("Combine");
    case 6:
      return tr("Losses");
    default:
      return tr("Update");
  }
}

namespace {

QString noiseWords(const protocol::PlaneStages& s) {
  if (s.noise.empty()) return tr("nothing was added to the scores");
  int changed = 0;
  double squares = 0;
  for (const float v : s.noise) squares += double{v} * v;
  for (int t = 0; t < shownPoints(s); ++t) changed += favourite(s, t, true) != favourite(s, t, false) ? 1 : 0;
  return tr("random numbers (sd %1) are added to the scores: %2 of %3 points change their favourite")
      .arg(formatFixed(std::sqrt(squares / static_cast<double>(s.noise.size())), 2))
      .arg(changed)
      .arg(shownPoints(s));
}

QString dispatchWords(const protocol::PlaneStages& s) {
  QStringList parts;
  const auto total = std::accumulate(s.counts.begin(), s.counts.end(), std::int64_t{0});
  for (std::size_t e = 0; e < s.counts.size() && total > 0; ++e)
    parts << QStringLiteral("E%1 %2").arg(e + 1).arg(
        formatPercent(static_cast<double>(s.counts[e]) / static_cast<double>(total), 0));
  return tr("the points travel to their experts: %1").arg(parts.join(QStringLiteral(" · ")));
}

QString updateWords(const protocol::PlaneStages& s) {
  QStringList parts;
  for (const auto& each : s.updates) {
    if (!(each.norm > 0)) continue;
    const QString change = formatPercent(each.change / each.norm, 2);
    if (each.group == "router") parts << tr("router %1").arg(change);
    if (each.group == "expert") parts << QStringLiteral("E%1 %2").arg(each.expert + 1).arg(change);
  }
  return tr("weights change by %1").arg(parts.join(QStringLiteral(" · ")));
}

}  // namespace

QString stageSentence(const protocol::PlaneStages& s, int stage) {
  switch (stage) {
    case 0:
      return tr("the router gives each of %1 points a score for every expert; the colour is its favourite")
          .arg(shownPoints(s));
    case 1:
      return noiseWords(s);
    case 2:
      return tr("each point keeps its best %1 of %2 experts").arg(s.top_k).arg(s.experts);
    case 3:
      return dispatchWords(s);
    case 4:
      return tr("each expert answers for its own points; the ring tells whose answer it is");
    case 5:
      return tr("the answers are weighted by the gate and added up");
    case 6: {
      QString out = tr("how wrong each point is: task loss %1").arg(formatFixed(s.task_loss, 3));
      if (s.balance_coefficient > 0 && std::isfinite(s.balance_loss))
        out += tr(", balance loss %1 × %2").arg(formatFixed(s.balance_coefficient, 3), formatFixed(s.balance_loss, 2));
      return out;
    }
    default:
      return updateWords(s);
  }
}

void drawStage(QPainter& painter, const QRectF& area, const protocol::PlaneStages& stages, int stage, double unit) {
  const Marks marks{painter, stages, area, unit};
  switch (stage) {
    case 0:
    case 1:
      for (int t = 0; t < shownPoints(stages); ++t) {
        const int now = favourite(stages, t, stage == 1);
        if (now < 0) continue;
        marks.disc(t, planeHue(now), 3.4);
        if (stage == 1 && now != favourite(stages, t, false))
          marks.hollow(t, Theme::instance().color(Role::flag), 6.5, 2);
      }
      return;
    case 2:
      return drawChosen(marks, true);
    case 3:
      return drawDispatch(marks);
    case 4:
      return drawAnswers(marks, false);
    case 5:
      return drawAnswers(marks, true);
    case 6:
      return drawLosses(marks);
    default:
      return drawChosen(marks, false);  // the moved regions show themselves under the points
  }
}

}  // namespace moe::ui
