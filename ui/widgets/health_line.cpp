// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/health_line.h"

#include <QDateTime>
#include <QHBoxLayout>
#include <QPainter>
#include <cmath>

#include "ui/widgets/buttons.h"
#include "ui/widgets/labels.h"

namespace moe::ui {
namespace {

class WarningMark : public QWidget {
 public:
  explicit WarningMark(QWidget* parent) : QWidget(parent) {
    setFixedSize(Theme::instance().px(16), Theme::instance().px(16));
  }

 protected:
  void paintEvent(QPaintEvent*) override {
    QPainter p(this);
    paintIcon(p, Icon::warning, rect(), Theme::instance().color(Role::flag));
  }
};

}  // namespace

HealthLine::HealthLine(RunHistory& history, Selection& selection, QWidget* parent)
    : QWidget(parent), history_(history), selection_(selection) {
  const Theme& theme = Theme::instance();
  setObjectName(QStringLiteral("healthLine"));
  setFixedHeight(theme.px(36));
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(theme.px(16), 0, theme.px(16), 0);
  row->setSpacing(theme.px(5));
  dead_ = addFigure(tr("dead"), QStringLiteral("00"), QString());
  cv_ =
      addFigure(tr("load CV"), QStringLiteral("0.00"), tr("Standard deviation ÷ mean of the experts’ loads; 0 = even"));
  vio_ = addFigure(tr("MaxVio"), QStringLiteral("0.0"),
                   tr("How far the busiest expert is above its fair share; 0 = even"));
  entropy_ =
      addFigure(tr("entropy"), QStringLiteral("0.00"), tr("Entropy of the load as a share of its maximum; 1 = even"));
  balance_ = addFigure(tr("balance loss"), QStringLiteral("0.00"), tr("Balance loss ÷ coefficient; 1.0 = balanced"));
  dropped_ = addFigure(tr("dropped"), QStringLiteral("88 %"),
                       tr("Share of the choices that found their expert full; these tokens pass the layer by"));
  quality_ = addFigure(QString(), QString(), tr("Measured without noise on points that were not trained on"));
  row->addStretch(1);
  mark_ = new WarningMark(this);
  sentence_ = new TypeLabel(QString(), Type::control13, Role::flagText, this);
  sentence_->setObjectName(QStringLiteral("healthSentence"));
  sentence_->setFocusPolicy(Qt::TabFocus);  // a screen reader can stand on it
  sentence_->setElided(true);
  show_ = new LinkButton(tr("Show"), Role::flagText, this);
  row->addWidget(mark_);
  row->addWidget(sentence_);
  row->addSpacing(theme.px(8));
  row->addWidget(show_);
  revive_ = new LinkButton(tr("Revive"), Role::flagText, this);
  row->addSpacing(theme.px(4));
  row->addWidget(revive_);
  revive_->hide();
  connect(revive_, &LinkButton::clicked, this, [this] { emit reviveWanted(health_.deadExperts); });
  connect(show_, &LinkButton::clicked, this, [this] {
    if (health_.show) selection_.select(health_.show);
  });
  connect(&history, &RunHistory::updated, this, [this] {
    // Figures change five times a second at most: faster cannot be read.
    const qint64 now = QDateTime::currentMSecsSinceEpoch();
    if (history_.isLive() && history_.state() == QLatin1String("running") && now - refreshedAt_ < 200) return;
    refreshedAt_ = now;
    refresh();
  });
  connect(&history, &RunHistory::runChanged, this, &HealthLine::refresh);
  connect(&Theme::instance(), &Theme::changed, this, [this] { setFixedHeight(Theme::instance().px(36)); });
  refresh();
}

HealthLine::Figure HealthLine::addFigure(const QString& word, const QString& widest, const QString& help) {
  auto* value = new TypeLabel(QStringLiteral("–"), Type::title13, Role::text, this);
  auto* label = new TypeLabel(word, Type::caption12, Role::text2, this);
  value->reserve(widest);
  value->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
  value->setToolTip(help);
  label->setToolTip(help);
  auto* row = static_cast<QHBoxLayout*>(layout());
  row->addWidget(value);
  row->addWidget(label);
  row->addSpacing(Theme::instance().px(13));
  return {value, label};
}

QString HealthLine::sentence() const { return health_.sentence; }

QString HealthLine::droppedWords() const {
  return dropped_.value->isHidden() ? QString() : dropped_.value->text() + QLatin1Char(' ') + dropped_.word->text();
}

QString HealthLine::qualityWords() const {
  return quality_.value->isHidden() ? QString() : quality_.value->text() + QLatin1Char(' ') + qualityWord_;
}

void HealthLine::showQuality() {
  const protocol::EvalReport* eval = nullptr;
  if (history_.info().task == "plane")
    for (const auto& each : history_.evals())
      if (each.step <= history_.viewStep()) eval = &each;
  const bool some = eval && (std::isfinite(eval->accuracy) || std::isfinite(eval->r2));
  quality_.value->setVisible(some);
  quality_.word->setVisible(some);
  if (!some) return;
  const bool classes = std::isfinite(eval->accuracy);
  const QString figure =
      classes ? formatPercent(eval->accuracy, eval->accuracy < 0.9995 ? 1 : 2) : formatFixed(eval->r2, 3);
  qualityWord_ = (classes ? tr("accuracy on %1 held-out points") : tr("R² on %1 held-out points"))
                     .arg(formatCount(static_cast<qint64>(eval->tokens)));
  qualityBrief_ = classes ? tr("accuracy") : tr("R²");
  if (quality_.value->text() != figure) quality_.value->setText(figure);
}

void HealthLine::setRevive(bool offered, const QString& whyNot) {
  reviveOffered_ = offered;
  revive_->setEnabled(whyNot.isEmpty());
  revive_->setToolTip(whyNot.isEmpty() ? tr("Make each of them a noisy copy of its layer’s busiest expert") : whyNot);
  revive_->setAccessibleName(tr("Revive the dead experts"));
  refresh();
}

void HealthLine::refresh() {
  health_ = measureHealth(history_);
  const auto put = [&](const Figure& figure, const QString& text) {
    if (figure.value->text() != text) figure.value->setText(text);
  };
  const bool some = health_.measured;
  put(dead_, some ? QString::number(health_.dead) : QStringLiteral("–"));
  const QString window = !some ? tr("No step yet.")
                         : health_.enough
                             ? tr("Measured over the last %n step(s).", nullptr, health_.window)
                             : tr("The %n step(s) so far are too few to call an expert dead.", nullptr, health_.window);
  const QString help = tr("Experts whose share is, with 99.9 % confidence, under 5 % of the fair share (Poisson bound "
                          "of their count). ") +
                       window;
  dead_.value->setToolTip(help);
  dead_.word->setToolTip(help);
  const bool drops = some && health_.dropped > 0;
  put(dropped_, drops ? formatPercent(health_.dropped, health_.dropped < 0.0995 ? 1 : 0) : QString());
  dropped_.value->setVisible(drops);
  dropped_.word->setVisible(drops);
  showQuality();
  dead_.value->setRole(some && health_.dead > 0 ? Role::flagText : Role::text);
  put(cv_, some ? formatFixed(health_.loadCv, 2) : QStringLiteral("–"));
  put(vio_, some ? formatFixed(health_.maxViolation, 1) : QStringLiteral("–"));
  put(entropy_, some ? formatFixed(health_.entropy, 2) : QStringLiteral("–"));
  put(balance_, some ? formatFixed(health_.balanceLoss, 2) : QStringLiteral("–"));
  if (sentence_->text() != health_.sentence) sentence_->setText(health_.sentence);
  const QString spoken = health_.sentence.isEmpty() ? tr("Nothing needs attention") : health_.sentence;
  if (sentence_->accessibleName() != spoken) sentence_->setAccessibleName(spoken);
  const bool warn = !health_.sentence.isEmpty();
  mark_->setVisible(warn);
  sentence_->setVisible(warn);
  show_->setVisible(warn && health_.show);
  revive_->setVisible(warn && health_.dead > 0 && reviveOffered_);
  fit();
  QString name = tr("Health: %1 dead experts, load CV %2, entropy %3. ")
                     .arg(dead_.value->text(), cv_.value->text(), entropy_.value->text());
  if (drops) name += tr("%1 of choices dropped. ").arg(dropped_.value->text());
  if (!qualityWords().isEmpty()) name += qualityWords() + QStringLiteral(". ");
  setAccessibleName(name + health_.sentence);
}

QSize HealthLine::minimumSizeHint() const { return {Theme::instance().px(400), Theme::instance().px(36)}; }

int HealthLine::widthOf(const Figure& figure) const {
  const int spacing = layout()->spacing();
  return figure.value->sizeHint().width() + figure.word->sizeHint().width() + 3 * spacing + Theme::instance().px(13);
}

/// Where room is short the warning goes before the figures that the charts show as well.
void HealthLine::fit() {
  const int spacing = layout()->spacing();
  int taken = Theme::instance().px(32) + widthOf(dead_) + widthOf(cv_);
  if (!dropped_.value->isHidden()) taken += widthOf(dropped_);
  if (!sentence_->isHidden())
    for (const QWidget* part : std::initializer_list<const QWidget*>{mark_, sentence_, show_, revive_})
      if (!part->isHidden()) taken += part->sizeHint().width() + 2 * spacing;
  if (!quality_.value->isHidden()) {
    for (const QString& word : {qualityWord_, qualityBrief_}) {
      if (quality_.word->text() != word) quality_.word->setText(word);
      if (taken + widthOf(quality_) <= width()) break;
    }
    taken += widthOf(quality_);
  }
  for (const Figure* figure : {&vio_, &entropy_, &balance_}) {
    taken += widthOf(*figure);
    const bool room = taken <= width() && (figure != &balance_ || width() >= Theme::instance().px(900));
    figure->value->setVisible(room);
    figure->word->setVisible(room);
  }
}

void HealthLine::resizeEvent(QResizeEvent*) { fit(); }

void HealthLine::paintEvent(QPaintEvent*) {
  QPainter(this).fillRect(QRect(0, height() - 1, width(), 1), Theme::instance().color(Role::line));
}

}  // namespace moe::ui
