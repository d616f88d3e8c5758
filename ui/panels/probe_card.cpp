// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/probe_card.h"

#include <QHBoxLayout>
#include <QPainter>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

#include "ui/bridge/plane_history.h"
#include "ui/bridge/run_history.h"
#include "ui/bridge/selection.h"
#include "ui/panels/card_parts.h"
#include "ui/panels/plane_paint.h"
#include "ui/panels/plane_view.h"
#include "ui/panels/probe_parts.h"
#include "ui/panels/revive_line.h"
#include "ui/panels/view_kit.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/labels.h"

namespace moe::ui {
namespace {

constexpr int kRefreshMs = 200;

/// The mark of the predicted class.
class ClassGlyph : public QWidget {
 public:
  explicit ClassGlyph(PlaneHistory& plane, QWidget* parent) : QWidget(parent), plane_(plane) {
    setFixedSize(Theme::instance().px(14), Theme::instance().px(14));
  }

 protected:
  void paintEvent(QPaintEvent*) override {
    const auto probe = plane_.probe();
    if (!probe || probe->winner < 0) return;
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    drawClassPoint(painter, QRectF(rect()).center(), probe->winner, width() * 0.3);
  }

 private:
  PlaneHistory& plane_;
};

/// A probability that is not 1 is not printed as 100 %.
QString sureness(double share) {
  return share < 1 && share >= 0.9995 ? ProbeCard::tr("over 99.9 %") : formatPercent(share);
}

QHBoxLayout* lineOf(QVBoxLayout* column) {
  auto* line = new QHBoxLayout;
  line->setSpacing(Theme::instance().px(8));
  column->addLayout(line);
  return line;
}

}  // namespace

ProbeCard::ProbeCard(RunHistory& history, PlaneHistory& plane, Selection& selection, QWidget* parent)
    : QWidget(parent), history_(history), plane_(plane), selection_(selection) {
  setObjectName(QStringLiteral("probeCard"));
  setAccessibleName(tr("Probe"));
  build();
  timer_.setSingleShot(true);
  timer_.setInterval(kRefreshMs);
  connect(&timer_, &QTimer::timeout, this, &ProbeCard::refresh);
  connect(&plane, &PlaneHistory::updated, this, [this] {
    if (isVisible() && !timer_.isActive()) timer_.start();
  });
  const auto now = [this] { refresh(); };
  connect(&plane, &PlaneHistory::probeChanged, this, now);
  connect(&selection, &Selection::primaryChanged, this, now);
  connect(&selection, &Selection::pinsChanged, this, now);
  refresh();
}

void ProbeCard::build() {
  const Theme& theme = Theme::instance();
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(theme.px(16), theme.px(12), theme.px(16), theme.px(16));
  column->setSpacing(theme.px(4));
  auto* head = lineOf(column);
  head->addWidget(new TypeLabel(tr("Probe"), Type::card15, Role::text, this));
  place_ = new TypeLabel(QString(), Type::caption12, Role::text2, this);
  head->addWidget(place_, 1, Qt::AlignVCenter);
  clear_ = new IconButton(Icon::close, tr("Take the probe away (Escape)"), this);
  connect(clear_, &IconButton::clicked, this, [this] { plane_.clearProbe(); });
  head->addWidget(clear_);
  sentence_ = new TypeLabel(QString(), Type::caption12, Role::text2, this);
  sentence_->setWordWrap(true);
  column->addWidget(sentence_);

  probed_ = new QWidget(this);
  auto* probed = new QVBoxLayout(probed_);
  probed->setContentsMargins(0, theme.px(4), 0, 0);
  probed->setSpacing(theme.px(2));
  routerTitle_ = new SectionTitle(tr("Router"), probed_);
  routerTitle_->setNote(tr("probability"));
  bars_ = new ProbeBars(probed_);
  kept_ = new TypeLabel(QString(), Type::tick11, Role::text2, probed_);
  flips_ = new TypeLabel(QString(), Type::tick11, Role::text2, probed_);
  flips_->setWordWrap(true);
  answersTitle_ = new SectionTitle(tr("Answers"), probed_);
  answers_ = new ProbeAnswers(probed_);
  sum_ = new ProbeSum(probed_);
  for (QWidget* part : std::initializer_list<QWidget*>{routerTitle_, bars_, kept_, flips_}) probed->addWidget(part);
  probed->addSpacing(theme.px(8));
  probed->addWidget(answersTitle_);
  probed->addWidget(answers_);
  probed->addSpacing(theme.px(6));
  probed->addWidget(new Hairline(Qt::Horizontal, probed_));
  probed->addWidget(sum_);
  auto* verdict = lineOf(probed);
  glyph_ = new ClassGlyph(plane_, probed_);
  verdict_ = new TypeLabel(QString(), Type::control13, Role::text, probed_);
  verdict->addWidget(glyph_);
  truth_ = new TypeLabel(QString(), Type::control13, Role::text2, probed_);
  verdict->addWidget(verdict_, 1);
  verdict->addWidget(truth_);
  nearest_ = new TypeLabel(QString(), Type::tick11, Role::text2, probed_);
  nearest_->setWordWrap(true);
  probed->addWidget(nearest_);
  column->addWidget(probed_);

  expert_ = new QWidget(this);
  auto* expert = new QVBoxLayout(expert_);
  expert->setContentsMargins(0, theme.px(8), 0, 0);
  expert->setSpacing(theme.px(4));
  expert->addWidget(new Hairline(Qt::Horizontal, expert_));
  auto* title = lineOf(expert);
  name_ = new TypeLabel(QString(), Type::title13, Role::text, expert_);
  pin_ = new IconButton(Icon::pin, tr("Pin this expert (P)"), expert_);
  pin_->setCheckable(true);
  connect(pin_, &IconButton::clicked, this, [this] {
    if (selection_.primary()) selection_.togglePin(*selection_.primary());
  });
  title->addWidget(name_, 1);
  title->addWidget(pin_);
  owns_ = new TypeLabel(QString(), Type::caption12, Role::text2, expert_);
  owns_->setWordWrap(true);
  expert->addWidget(owns_);
  without_ = new TypeLabel(QString(), Type::caption12, Role::text2, expert_);
  without_->setWordWrap(true);
  expert->addWidget(without_);
  revive_ = new ReviveLine(history_, expert_);
  expert->addWidget(revive_);
  column->addWidget(expert_);
  column->addStretch(1);
}

QSize ProbeCard::sizeHint() const { return {Theme::instance().px(288), QWidget::sizeHint().height()}; }

QString ProbeCard::place() const { return place_->text(); }
QString ProbeCard::sentence() const { return sentence_->text(); }
QString ProbeCard::verdict() const { return verdict_->text(); }
QString ProbeCard::truth() const { return truth_->text(); }
QString ProbeCard::flips() const { return flips_->text(); }
QString ProbeCard::without() const { return without_->text(); }
QString ProbeCard::expertWords() const { return expert_->isHidden() ? QString() : name_->text() + owns_->text(); }

void ProbeCard::refresh() {
  showProbe();
  showExpert();
}

void ProbeCard::showProbe() {
  const auto where = plane_.probePlace();
  const auto probe = plane_.probe();
  const bool known = where && probe && probe->experts > 0;
  clear_->setVisible(where.has_value());
  place_->setText(where ? tr("x %1   y %2").arg(formatFixed(where->x(), 2), formatFixed(where->y(), 2)) : QString());
  probed_->setVisible(known);
  if (!where) {
    sentence_->setText(plane_.active() ? tr("Click the canvas, or move there with the arrow keys, to see what each "
                                            "expert says about a point.")
                                       : QString());
    return;
  }
  if (!known)
    return sentence_->setText(probe ? tr("This model has no experts.") : tr("Waiting for the step in flight …"));
  const QString seam = seamSentence(*probe);
  const bool past = !history_.isLive();
  QString words = seam;
  if (const int first = probe->chosen.front(); first < 0)
    words = tr("No expert takes this point.");
  else if (seam.isEmpty())
    words = tr("E%1 is asked, clearly first.").arg(first + 1);
  if (past) words += tr(" Measured at step %1.").arg(formatCount(probe->step));
  sentence_->setText(words);
  bars_->setProbe(probe);
  answers_->setProbe(probe);
  sum_->setProbe(probe);
  QStringList kept;
  for (std::size_t k = 0; k < probe->weights.size(); ++k)
    if (probe->chosen[k] >= 0) kept << formatPercent(probe->weights[k], 0);
  kept_->setVisible(!kept.isEmpty());
  kept_->setText(kept.size() > 1 ? tr("Top-%1 keeps %2 of the weight.").arg(probe->top_k).arg(kept.join(tr(" and ")))
                                 : tr("Top-%1 gives it %2 of the weight.").arg(probe->top_k).arg(kept.join(QString())));
  answersTitle_->setNote(probe->classes == 2
                             ? tr("class %1 ← 0 → class %2").arg(plane_.className(1), plane_.className(0))
                         : probe->classes > 2 ? tr("for class %1").arg(plane_.className(probe->winner))
                                              : tr("value"));
  glyph_->setVisible(probe->winner >= 0);
  glyph_->update();
  if (probe->winner >= 0)
    verdict_->setText(tr("Class %1, with %2")
                          .arg(plane_.className(probe->winner),
                               sureness(probe->class_probabilities[static_cast<std::size_t>(probe->winner)])));
  else
    verdict_->setText(tr("Value %1").arg(formatFixed(ProbeSum::sum(*probe), 3)));
  flips_->setVisible(probe->flip_draws > 0);
  if (probe->flips > 0)
    flips_->setText(tr("Noise changes the first choice in %1 of %2 draws.").arg(probe->flips).arg(probe->flip_draws));
  else
    flips_->setText(tr("Noise changed the first choice in none of %1 draws.").arg(probe->flip_draws));
  showTruth(*probe);
  bars_->setAccessibleName(probeSentence(plane_, *probe));
}

/// Right or wrong against the nearest point there is: what is between the points nobody knows.
void ProbeCard::showTruth(const protocol::PlaneProbe& probe) {
  const auto points = plane_.points();
  truth_->setText({});
  nearest_->setVisible(points != nullptr);
  if (!points) return;
  const std::optional<NearestPoint> nearest = nearestPoint(*points, probe.x, probe.y);
  if (!nearest) {
    nearest_->setText(tr("No point is near enough to tell whether that is right."));
    return;
  }
  const QString away = formatFixed(nearest->distance, 2);
  if (nearest->label < 0) {
    const double off = ProbeSum::sum(probe) - nearest->value;
    nearest_->setText(tr("The nearest point, %1 away, has %2: off by %3.")
                          .arg(away, formatFixed(nearest->value, 3), formatFixed(std::abs(off), 3)));
    return;
  }
  const bool right = nearest->label == probe.winner;
  truth_->setText(right ? tr("right") : tr("wrong"));
  truth_->setRole(right ? Role::text2 : Role::flagText);
  nearest_->setText(tr("The nearest point, %1 away, is of class %2.").arg(away, plane_.className(nearest->label)));
}

QString ProbeCard::withoutWords(std::size_t expert) const {
  const auto scored = plane_.scored();
  if (!scored || expert >= scored->without.size()) return {};
  const double less = scored->without[expert];
  if (!std::isfinite(less)) return tr("This router has no gate that could leave it out.");
  const auto figure = [&](double score) {
    return scored->classes > 0 ? formatPercent(score, scored->score > 0.99 ? 2 : 1) : formatFixed(score, 3);
  };
  QString out = (scored->classes > 0 ? tr("without it: accuracy %1, with it %2") : tr("without it: R² %1, with it %2"))
                    .arg(figure(less), figure(scored->score));
  out += tr(" on %1 held-out points").arg(formatCount(scored->scored));
  if (const auto picture = plane_.picture(); picture && picture->still && picture->step != scored->step)
    out += tr(", at step %1").arg(formatCount(scored->step));
  return out;
}

void ProbeCard::showExpert() {
  const auto primary = selection_.primary();
  const auto picture = plane_.picture();
  const auto e = static_cast<std::size_t>(primary ? primary->expert : 0);
  const bool known = primary && picture && e < picture->points.size();
  expert_->setVisible(known);
  if (!known) return;
  name_->setText(tr("E%1 selected").arg(primary->expert + 1));
  QString owns = tr("owns %1 of points, %2 of the plane")
                     .arg(formatPercent(picture->points[e], 0),
                          e < picture->area.size() ? formatPercent(picture->area[e], 0) : QStringLiteral("–"));
  owns_->setText(owns);
  const QString without = withoutWords(e);
  without_->setText(without);
  without_->setVisible(!without.isEmpty());
  const int slot = selection_.pinIndex(*primary);
  pin_->setChecked(slot >= 0);
  revive_->show(*primary, history_.window().ratio(primary->layer, primary->expert));
}

void ProbeCard::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  refresh();
}

PanelTable ProbeCard::table() const {
  PanelTable out;
  out.columns = {"step", "x", "y", "expert", "logit", "probability", "weight", "answer"};
  const auto probe = plane_.probe();
  if (!probe) return out;
  const auto outputs = static_cast<std::size_t>(std::max(probe->classes, 1));
  for (int e = 0; e < probe->experts; ++e) {
    const auto i = static_cast<std::size_t>(e);
    out.rows.push_back({QString::number(probe->step), csvNumber(probe->x), csvNumber(probe->y), QString::number(e + 1),
                        probe->logits.empty() ? QString() : csvNumber(probe->logits[i]),  // a policy may have none
                        csvNumber(probe->probabilities[i]), csvNumber(probeWeight(*probe, e)),
                        csvNumber(probeFigure(*probe, probe->answers, i * outputs))});
  }
  return out;
}

}  // namespace moe::ui
