// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/knob_row.h"

#include <QHBoxLayout>
#include <QPainter>
#include <QVBoxLayout>
#include <cmath>

#include "ui/widgets/buttons.h"
#include "ui/widgets/knob_field.h"
#include "ui/widgets/knob_slider.h"
#include "ui/widgets/labels.h"

namespace moe::ui {
namespace {

class PennantMark : public QWidget {
 public:
  explicit PennantMark(QWidget* parent) : QWidget(parent) {
    setFixedSize(Theme::instance().px(12), Theme::instance().px(12));
  }

 protected:
  void paintEvent(QPaintEvent*) override {
    QPainter p(this);
    paintIcon(p, Icon::pennant, rect(), Theme::instance().color(Role::flag));
  }
};

}  // namespace

KnobRow::KnobRow(const KnobSpec& spec, QWidget* parent) : QWidget(parent), spec_(spec) {
  const Theme& theme = Theme::instance();
  setObjectName(QStringLiteral("knob.") + spec.key);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(theme.px(2));
  auto* line = new QHBoxLayout;
  line->setSpacing(theme.px(4));
  label_ = new TypeLabel(spec.label, Type::control13, Role::text, this);
  auto* label = label_;
  label->setToolTip(spec.source.isEmpty() ? spec.help : spec.help + QStringLiteral("\n") + spec.source);
  field_ = new KnobField(spec, !spec.live, this);
  label->setBuddy(field_->control());
  label->setElided(true);
  line->addWidget(label);
  badge_ = new BadgeLabel(spec.live, this);
  line->addWidget(badge_);
  line->addStretch(1);
  line->addWidget(field_);
  column->addLayout(line);
  unused_ = new TypeLabel(QString(), Type::tick11, Role::text3, this);
  unused_->hide();
  column->addWidget(unused_);
  if (!spec.note.isEmpty()) {
    auto* note = new TypeLabel(spec.note, Type::tick11, Role::text3, this);
    note->setObjectName(QStringLiteral("note.") + spec.key);
    note->setWordWrap(true);
    column->addWidget(note);
  }
  if (!spec.live) {
    addNote(column);
    return;
  }
  if (field_->findChild<Stepper*>() == nullptr && (spec.kind == KnobSpec::Real || spec.kind == KnobSpec::Integer))
    addSlider(column);
  addNote(column);
  connect(field_, &KnobField::edited, this, [this](const nlohmann::json& value) {
    clearRefusal();
    if (slider_) slider_->setKnobValue(numberOf(value));
    emit edited(spec_.key, value, 0);
  });
  connect(field_, &KnobField::unreadable, this, [this](const QString& text) {
    showRefusal(tr("“%1” is no number. Type one from %2 to %3.")
                    .arg(text, knobText(spec_, spec_.minimum), knobText(spec_, spec_.maximum)));
  });
}

void KnobRow::addSlider(QVBoxLayout* column) {
  sliderLine_ = new QWidget(this);
  auto* line = new QHBoxLayout(sliderLine_);
  line->setContentsMargins(0, 0, 0, 0);
  line->setSpacing(Theme::instance().px(6));
  slider_ = new KnobSlider(spec_, this);
  line->addWidget(slider_, 1);
  if (spec_.key == QLatin1String("optim.lr")) {
    auto* half = new SmallButton(QStringLiteral("÷2"), tr("Halve the learning rate"), this);
    auto* twice = new SmallButton(QStringLiteral("×2"), tr("Double the learning rate"), this);
    half->setFixedHeight(Theme::instance().px(22));
    twice->setFixedHeight(Theme::instance().px(22));
    connect(half, &SmallButton::clicked, this, [this] { multiply(0.5); });
    connect(twice, &SmallButton::clicked, this, [this] { multiply(2); });
    line->addWidget(half);
    line->addWidget(twice);
  }
  column->addWidget(sliderLine_);
  connect(slider_, &KnobSlider::edited, this, [this](double value, int session) {
    const nlohmann::json typed =
        spec_.kind == KnobSpec::Integer ? nlohmann::json(static_cast<std::int64_t>(value)) : nlohmann::json(value);
    clearRefusal();
    field_->setValue(typed);
    emit edited(spec_.key, typed, session);
  });
}

void KnobRow::addNote(QVBoxLayout* column) {
  noteLine_ = new QWidget(this);
  auto* line = new QHBoxLayout(noteLine_);
  line->setContentsMargins(0, 0, 0, 0);
  line->setSpacing(Theme::instance().px(4));
  pennant_ = new PennantMark(noteLine_);
  note_ = new TypeLabel(QString(), Type::tick11, Role::flagText, noteLine_);
  note_->setWordWrap(true);
  undo_ = new IconButton(Icon::undo, tr("Undo this change (Ctrl+Z)"), noteLine_);
  undo_->setAccessibleName(tr("Undo the change of %1").arg(spec_.label));
  undo_->setFixedSize(Theme::instance().px(20), Theme::instance().px(18));
  line->addWidget(pennant_);
  line->addWidget(note_, 1);
  line->addWidget(undo_);
  noteLine_->hide();
  column->addWidget(noteLine_);
  connect(undo_, &IconButton::clicked, this, [this] { emit undoRequested(spec_.key); });
}

void KnobRow::multiply(double factor) {
  const double now = numberOf(value_);
  if (!std::isfinite(now)) return;
  const nlohmann::json value(now * factor);
  field_->setValue(value);
  slider_->setKnobValue(now * factor);
  emit edited(spec_.key, value, 0);
}

void KnobRow::setValue(const nlohmann::json& value) {
  value_ = value;
  if (refused_ || field_->isBeingEdited() || (slider_ && slider_->isDragging())) return;
  field_->setValue(value);
  if (slider_) slider_->setKnobValue(numberOf(value));
}

void KnobRow::setUpper(int upper) { field_->setUpper(upper); }

void KnobRow::setUnused(const QString& by) {
  const QString words = by.isEmpty() ? QString() : tr("not used by %1").arg(by);
  if (words == unusedWords()) return;
  unused_->setText(words);
  unused_->setVisible(!by.isEmpty());
  badge_->setVisible(by.isEmpty());
  label_->setRole(by.isEmpty() ? Role::text : Role::text3);
  if (sliderLine_) sliderLine_->setVisible(by.isEmpty());
  field_->setUnused(by);
}

QString KnobRow::unusedWords() const { return unused_->text(); }

void KnobRow::showEdit(const QString& before, const QString& after, qint64 step, const QString& whyNotUndone) {
  if (!noteLine_) return;
  refused_ = false;
  const auto words = [this](const QString& text) { return knobText(spec_, valueFromText(text.toStdString())); };
  note_->setRole(Role::flagText);
  note_->setText(tr("%1 → %2 at step %3").arg(words(before), words(after), formatCount(step)));
  pennant_->show();
  undo_->setVisible(whyNotUndone.isEmpty());
  note_->setToolTip(whyNotUndone);
  noteLine_->show();
}

void KnobRow::clearEdit() {
  if (noteLine_ && !refused_) noteLine_->hide();
}

void KnobRow::showRefusal(const QString& sentence) {
  if (!noteLine_) return;
  refused_ = true;
  note_->setRole(Role::error);
  note_->setText(sentence);
  note_->setToolTip({});
  pennant_->hide();
  undo_->hide();
  noteLine_->show();
}

void KnobRow::clearRefusal() {
  if (!refused_) return;
  refused_ = false;
  noteLine_->hide();
}

bool KnobRow::hasRefusal() const { return refused_; }
QString KnobRow::note() const { return noteLine_ && !noteLine_->isHidden() ? note_->text() : QString(); }

}  // namespace moe::ui
