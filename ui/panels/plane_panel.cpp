// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/plane_panel.h"

#include <QCheckBox>
#include <QFontMetricsF>
#include <QHBoxLayout>
#include <QPainter>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>
#include <utility>

#include "ui/bridge/plane_history.h"
#include "ui/bridge/run_history.h"
#include "ui/panels/plane_stage_paint.h"
#include "ui/panels/view_kit.h"
#include "ui/widgets/theme.h"

namespace moe::ui {

PlaneLegend::PlaneLegend(PlaneHistory& plane, QWidget* parent) : QWidget(parent), plane_(plane) {
  connect(&plane, &PlaneHistory::stageChanged, this, [this] {
    const bool staged = plane_.stage() >= 0 && plane_.stages();
    setAccessibleName(staged ? stageName(plane_.stage()) + QStringLiteral(": ") +
                                   stageSentence(*plane_.stages(), plane_.stage())
                             : QString());
    update();
  });
}

void PlaneLegend::setCost(const QString& words) {
  if (words == cost_) return;
  cost_ = words;
  update();
}

void PlaneLegend::setNoise(const QString& words) {
  if (words == noise_) return;
  noise_ = words;
  update();
}

QSize PlaneLegend::sizeHint() const { return {Theme::instance().px(320), Theme::instance().px(18)}; }

void PlaneLegend::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::instance();
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setFont(theme.font(Type::tick11));
  const QFontMetricsF metrics(painter.font());
  const double baseline = (height() + metrics.ascent() - metrics.descent()) / 2, middle = height() / 2.0;
  if (plane_.stage() >= 0 && plane_.stages()) {
    QFont bold = painter.font();
    bold.setWeight(QFont::DemiBold);
    painter.setFont(bold);
    painter.setPen(theme.color(Role::accent));
    const QString head = tr("%1 of %2 · %3  ").arg(plane_.stage() + 1).arg(kStages).arg(stageName(plane_.stage()));
    const double x = drawRun(painter, 0, baseline, head);
    painter.setFont(theme.font(Type::tick11));
    painter.setPen(theme.color(Role::text));
    painter.drawText(QPointF(x, baseline),
                     metrics.elidedText(stageSentence(*plane_.stages(), plane_.stage()), Qt::ElideRight, width() - x));
    return;
  }
  const double costWidth = metrics.horizontalAdvance(cost_), gap = theme.px(12), room = width() - costWidth - gap;
  painter.setPen(theme.color(Role::text2));
  painter.drawText(QPointF(width() - costWidth, baseline), cost_);
  double x = 0;
  const auto fits = [&](const QString& words) { return x + metrics.horizontalAdvance(words) + theme.px(14) <= room; };
  const auto points = plane_.points();
  const int classes = points ? points->classes : 0;
  for (int c = 0; c < classes; ++c) {
    QString words = plane_.className(c);
    if (c == 0) words = tr("class %1").arg(words);
    if (!fits(words)) break;
    drawClassPoint(painter, {x + theme.px(5), middle}, c, theme.px(3.4));
    painter.setPen(theme.color(Role::text2));
    x = drawRun(painter, x + theme.px(12), baseline, words) + gap;
  }
  QStringList rest;
  if (!noise_.isEmpty()) rest << noise_;
  if (points && classes == 0)
    rest << (theme.dark() ? tr("lighter: higher value") : tr("darker: higher value")) << tr("lines: equal value");
  if (classes > 0) rest << tr("line: answer changes");
  rest << (theme.dark() ? tr("dark seam: experts tie") : tr("white seam: experts tie"));
  painter.setPen(theme.color(Role::text2));
  for (const QString& words : rest)
    if (fits(words)) x = drawRun(painter, x, baseline, words) + gap;
}

PlanePanel::PlanePanel(RunHistory& history, PlaneHistory& plane, Selection& selection, QWidget* parent)
    : Panel(tr("Who owns which region"), history, selection, parent), plane_(plane) {
  setObjectName(QStringLiteral("planePanel"));
  auto* body = new QWidget;
  auto* column = new QVBoxLayout(body);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(Theme::instance().px(4));
  view_ = new PlaneView(history, plane, selection, body);
  legend_ = new PlaneLegend(plane, body);
  legend_->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  column->addWidget(view_, 1);
  column->addWidget(legend_);
  column->addStretch(0);
  setBody(body);
  const auto box = [&](const QString& words, const QString& help, const char* name, bool on = true) {
    auto* out = new QCheckBox(words);
    out->setChecked(on);
    out->setToolTip(help);
    out->setAccessibleName(help);
    out->setObjectName(QLatin1String(name));
    headerLayout()->addWidget(out);
    connect(out, &QCheckBox::toggled, this, &PlanePanel::readLayers);
    return out;
  };
  owner_ = box(tr("owner"), tr("Colour each place by the expert that is asked first"), "planeOwner");
  decision_ = box(tr("decision"), tr("Draw the model’s answer"), "planeDecision");
  data_ = box(tr("data"), tr("Draw the training points"), "planeData");
  noise_ = box(tr("router noise"), tr("Show where the router’s noise changes the first choice"), "planeNoise", false);
  connect(view_, &PlaneView::promotedChanged, this, &PlanePanel::nameIt);
  connect(&plane, &PlaneHistory::updated, this, [this] {
    if (isVisible()) refresh();
  });
  nameIt();
}

QCheckBox* PlanePanel::layerBox(const QString& name) const {
  return name == QLatin1String("owner")      ? owner_
         : name == QLatin1String("decision") ? decision_
         : name == QLatin1String("noise")    ? noise_
                                             : data_;
}

void PlanePanel::readLayers() {
  view_->setLayers({owner_->isChecked(), decision_->isChecked(), data_->isChecked(), noise_->isChecked()});
  legend_->setNoise(noiseWords());
  nameIt();
}

QString PlanePanel::noiseWords() const {
  if (!noise_->isChecked()) return {};
  const auto picture = plane_.picture();
  if (!picture) return {};
  const double share = flipShare(*picture);
  if (!std::isfinite(share)) return tr("the router adds no noise");
  return tr("grain: noise changes the choice, on %1 of the plane").arg(formatPercent(share, share < 0.1 ? 1 : 0));
}

/// The legend stands right under the square; a narrow panel names itself by its picture alone.
void PlanePanel::resizeEvent(QResizeEvent* event) {
  Panel::resizeEvent(event);
  const QMargins edge = layout()->contentsMargins();
  view_->setMaximumHeight(std::max(view_->minimumHeight(), width() - edge.left() - edge.right()));
  setTitleShown(width() >= Theme::instance().px(500));
}

void PlanePanel::nameIt() {
  if (view_->promoted() >= 0) {
    setTitle(tr("Expert E%1 alone").arg(view_->promoted() + 1));
    setSubtitle(tr("hue: where it is asked · shade: its answer"));
  } else {
    setTitle(owner_->isChecked() ? tr("Who owns which region") : tr("What the model answers"));
    setSubtitle({});
  }
}

int PlanePanel::widthFor(int height) const {
  const QMargins edge = layout()->contentsMargins();
  const int rest = edge.top() + edge.bottom() + Theme::instance().px(28 + 18 + 3 * 4);
  return std::max(height - rest, Theme::instance().px(200)) + edge.left() + edge.right();
}

QString PlanePanel::costWords() const {
  const auto picture = plane_.picture();
  if (!picture) return {};
  if (picture->still) return tr("paused: %1 × %1 points").arg(picture->grid);
  const double frames = plane_.framesPerSecond();
  if (!std::isfinite(frames)) return {};
  QString out = tr("%1 frames/s").arg(formatFixed(frames, 0));
  if (std::isfinite(plane_.share())) out += tr(", %1 of time").arg(formatPercent(plane_.share(), 0));
  return out;
}

void PlanePanel::refresh() {
  legend_->setCost(costWords());
  legend_->setNoise(noiseWords());
  const auto picture = plane_.picture();
  const auto points = plane_.points();
  QString badge;
  if (picture && !history_.isLive() && picture->step != history_.viewStep())
    badge = tr("picture of step %1").arg(formatCount(picture->step));
  else if (points && view_->pointsDrawn() > 0 && view_->pointsDrawn() < points->train.size() && data_->isChecked())
    badge = tr("%1 of %2 points drawn").arg(formatCount(view_->pointsDrawn()), formatCount(points->train.size()));
  setBadge(badge);
  if (std::exchange(legendPoints_, points) != points) legend_->update();
}

PanelTable PlanePanel::table() const {
  PanelTable out;
  const auto picture = plane_.picture();
  const bool values = picture && !picture->value.empty();
  out.columns = {"step", "x", "y", "owner", "gate_lead", values ? "value" : "class"};
  if (!values) out.columns << QStringLiteral("class_probability");
  if (!picture) return out;
  const int n = picture->grid;
  out.rows.reserve(static_cast<std::size_t>(n * n));
  for (int r = 0; r < n; ++r)
    for (int c = 0; c < n; ++c) {
      const auto i = static_cast<std::size_t>(r * n + c);
      QStringList row{QString::number(picture->step), csvNumber(-1 + (c + 0.5) * 2 / n),
                      csvNumber(1 - (r + 0.5) * 2 / n)};
      const bool owned = i < picture->owner.size() && picture->owner[i] < picture->experts;
      row << (owned ? QString::number(picture->owner[i] + 1) : QString())
          << (owned ? csvNumber(picture->gate[i] / 255.0) : QString());
      if (values)
        row << csvNumber(picture->value[i]);
      else
        row << plane_.className(picture->winner[i]) << csvNumber(picture->confidence[i] / 255.0);
      out.rows.push_back(std::move(row));
    }
  return out;
}

}  // namespace moe::ui
