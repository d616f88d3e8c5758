// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/routing_map_panel.h"

#include <QFontMetricsF>
#include <QHBoxLayout>
#include <QPainter>
#include <QSignalBlocker>
#include <QVBoxLayout>

#include "ui/bridge/run_history.h"
#include "ui/panels/colour_bar.h"
#include "ui/panels/routing_map_view.h"
#include "ui/panels/view_kit.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/segment.h"
#include "ui/widgets/theme.h"

namespace moe::ui {

void SentenceLines::setSentence(const ExpertSentence& sentence) {
  sentence_ = sentence;
  hint_.clear();
  update();
}

void SentenceLines::setHint(const QString& text) {
  sentence_ = {};
  hint_ = text;
  update();
}

QSize SentenceLines::sizeHint() const { return {Theme::instance().px(360), Theme::instance().px(36)}; }

void SentenceLines::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::instance();
  QPainter painter(this);
  const double line = theme.px(17);
  const QFontMetricsF metrics(theme.font(Type::caption12));
  const double baseline = (line + metrics.ascent() - metrics.descent()) / 2;
  if (!hint_.isEmpty()) {
    painter.setFont(theme.font(Type::caption12));
    painter.setPen(theme.color(Role::text3));
    painter.drawText(QPointF(0, baseline), metrics.elidedText(hint_, Qt::ElideRight, width()));
    return;
  }
  QFont bold = theme.font(Type::caption12);
  bold.setWeight(QFont::DemiBold);
  painter.setFont(bold);
  painter.setPen(theme.color(Role::text));
  double x = drawRun(painter, 0, baseline, sentence_.name);
  painter.setFont(theme.font(Type::caption12));
  painter.drawText(QPointF(x, baseline), metrics.elidedText(sentence_.statement, Qt::ElideRight, width() - x));
  if (sentence_.tokens.isEmpty()) return;
  painter.setPen(theme.color(Role::text2));
  x = drawRun(painter, 0, line + baseline, tr("top tokens: "));
  painter.setFont(theme.mono(12));
  const QFontMetricsF mono(painter.font());
  for (const QString& token : sentence_.tokens) {
    if (x + mono.horizontalAdvance(token) > width()) break;
    x = drawRun(painter, x, line + baseline, token) + mono.horizontalAdvance(QLatin1Char(' '));
  }
}

RoutingMapPanel::RoutingMapPanel(RunHistory& history, Selection& selection, QWidget* parent)
    : Panel(tr("Routing map"), history, selection, parent) {
  setSubtitle(tr("share of choices against fair share"));
  auto* body = new QWidget;
  auto* column = new QVBoxLayout(body);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(Theme::instance().px(6));
  view_ = new RoutingMapView(history, selection, body);
  column->addWidget(view_, 1);
  auto* foot = new QHBoxLayout;
  foot->setSpacing(Theme::instance().px(16));
  lines_ = new SentenceLines(body);
  bar_ = new ColourBar(body);
  foot->addWidget(lines_, 1);
  foot->addWidget(bar_, 0, Qt::AlignBottom);
  column->addLayout(foot);
  setBody(body);

  auto* word = new TypeLabel(tr("window"), Type::caption12, Role::text2);
  window_ = new WindowSlider;
  window_->setAccessibleName(tr("Window of the routing map, in batches"));
  window_->setToolTip(tr("Batches added up. More batches: less noise, slower picture."));
  window_->setBatches(history.windowSteps());
  word->setBuddy(window_);
  windowWords_ = new TypeLabel(QString(), Type::caption12, Role::text);
  windowWords_->reserve(batches(100));
  measure_ = new Segment({tr("choices"), tr("weight")});
  measure_->setAccessibleName(tr("Measure of the routing map"));
  measure_->setToolTip(tr("Count the choices, or add up their weights"));
  headerLayout()->addWidget(word);
  headerLayout()->addWidget(window_);
  headerLayout()->addWidget(windowWords_);
  headerLayout()->addWidget(measure_);

  connect(window_, &WindowSlider::batchesChanged, this, [this](int count) {
    history_.setWindowSteps(count);
    windowWords_->setText(batches(count));
  });
  connect(measure_, &Segment::chosen, this, [this](int index) {
    setSubtitle(index == 0 ? tr("share of choices against fair share") : tr("share of weight against fair share"));
    view_->setByMass(index == 1);
  });
  connect(view_, &RoutingMapView::spokenChanged, this, &RoutingMapPanel::speak);
  windowWords_->setText(batches(history.windowSteps()));
  speak();
}

// A view that loses focus while it is deleted still speaks: not to a panel that is gone.
RoutingMapPanel::~RoutingMapPanel() { view_->disconnect(this); }

void RoutingMapPanel::refresh() {
  {
    const QSignalBlocker quiet(window_);  // another value than the slider's steps must not be rounded back
    window_->setBatches(history_.windowSteps());
    windowWords_->setText(batches(history_.windowSteps()));
  }
  view_->refresh();
  bar_->setLoads(view_->loads());
}

void RoutingMapPanel::speak() {
  const auto ref = view_->spoken();
  if (!ref || view_->loads().layers.empty()) {
    sentence_ = view_->loads().layers.empty() ? QString() : tr("Point at a square, or move with the arrow keys.");
    lines_->setHint(sentence_);
  } else {
    const ExpertSentence sentence = expertSentence(history_, view_->loads(), *ref, view_->byMass());
    sentence_ = sentence.plain();
    lines_->setSentence(sentence);
  }
  const QString name = ref && !sentence_.isEmpty() ? sentence_ : tr("Routing map");
  if (view_->accessibleName() != name) view_->setAccessibleName(name);
}

PanelTable RoutingMapPanel::table() const {
  PanelTable out;
  out.columns = {"layer",  "expert", "from_step",    "to_step",  "assignments",
                 "weight", "ratio",  "weight_ratio", "noise_sd", "load_cv"};
  const WindowLoads loads = history_.window();
  for (std::size_t l = 0; l < loads.layers.size(); ++l) {
    const auto& layer = loads.layers[l];
    for (std::size_t e = 0; e < layer.load.size(); ++e) {
      const int row = static_cast<int>(l), expert = static_cast<int>(e);
      out.rows.push_back({QString::number(layerNumber(row)), QString::number(expert + 1),
                          QString::number(loads.from + 1), QString::number(loads.to), QString::number(layer.load[e]),
                          e < layer.mass.size() ? csvNumber(layer.mass[e]) : QString(),
                          csvNumber(loads.ratio(row, expert)), csvNumber(loads.ratio(row, expert, true)),
                          csvNumber(loads.noise()), csvNumber(layer.load_cv)});
    }
  }
  return out;
}

}  // namespace moe::ui
