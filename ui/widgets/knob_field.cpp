// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/knob_field.h"

#include <QAbstractItemView>
#include <QComboBox>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QPainter>
#include <QSpinBox>
#include <QStandardItemModel>
#include <QStyledItemDelegate>
#include <QToolButton>
#include <cmath>
#include <utility>

#include "ui/widgets/buttons.h"

namespace moe::ui {
namespace {

QColor tone(Role role) { return Theme::instance().color(role); }

bool wantsStepper(const KnobSpec& spec) {
  return spec.live && spec.kind == KnobSpec::Integer && !spec.logScale && spec.sliderMaximum - spec.sliderMinimum <= 64;
}

}  // namespace

// ---- switch ---------------------------------------------------------------------------------------------------

Switch::Switch(QWidget* parent) : QAbstractButton(parent) {
  setCheckable(true);
  setFocusPolicy(Qt::StrongFocus);
  setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
  connect(&Theme::instance(), &Theme::changed, this, qOverload<>(&QWidget::update));
}

QSize Switch::sizeHint() const { return {Theme::instance().px(32), Theme::instance().px(20)}; }

void Switch::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::instance();
  QPainter p(this);
  p.setRenderHint(QPainter::Antialiasing);
  const QRectF track = QRectF(rect()).adjusted(1, theme.px(2), -1, -theme.px(2));
  const qreal radius = track.height() / 2;
  p.setPen(isChecked() ? Qt::NoPen : QPen(tone(Role::edge), 1));
  p.setBrush(isChecked() ? tone(isEnabled() ? Role::accentFill : Role::edge) : tone(Role::sunken));
  p.drawRoundedRect(track, radius, radius);
  p.setPen(Qt::NoPen);
  p.setBrush(isChecked() ? QColor(Qt::white) : tone(Role::text2));
  const qreal x = isChecked() ? track.right() - radius : track.left() + radius;
  p.drawEllipse(QPointF(x, track.center().y()), radius - 2.5, radius - 2.5);
  if (hasFocus()) paintFocusRing(p, rect(), radius);
}

// ---- stepper --------------------------------------------------------------------------------------------------

Stepper::Stepper(const KnobSpec& spec, QWidget* parent) : QWidget(parent), box_(new QSpinBox(this)) {
  box_->setRange(static_cast<int>(std::max(spec.minimum, -1e9)), static_cast<int>(std::min(spec.maximum, 1e9)));
  box_->setButtonSymbols(QAbstractSpinBox::NoButtons);
  box_->setFrame(false);
  box_->setKeyboardTracking(false);
  box_->setAlignment(Qt::AlignCenter);
  box_->setAccessibleName(spec.label);
  box_->setAccessibleDescription(spec.help);
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(1, 1, 1, 1);
  row->setSpacing(0);
  const auto button = [&](const QString& glyph, const QString& name, int by) {
    auto* out = new QToolButton(this);
    out->setText(glyph);
    out->setAutoRaise(true);
    out->setAutoRepeat(true);
    out->setAccessibleName(name);
    out->setFocusPolicy(Qt::TabFocus);
    connect(out, &QToolButton::clicked, box_, [this, by] { box_->stepBy(by); });
    return out;
  };
  row->addWidget(button(QString(QChar(0x2212)), tr("%1: one less").arg(spec.label), -1));
  row->addWidget(box_, 1);
  row->addWidget(button(QStringLiteral("+"), tr("%1: one more").arg(spec.label), 1));
  connect(box_, qOverload<int>(&QSpinBox::valueChanged), this, [this](int value) { emit edited(value); });
  connect(&Theme::instance(), &Theme::changed, this, &Stepper::dress);
  dress();
}

void Stepper::dress() {
  const Theme& theme = Theme::instance();
  setFixedSize(theme.px(96), theme.px(26));
  box_->setFont(theme.font(Type::figure12));
  for (QToolButton* button : findChildren<QToolButton*>()) button->setFixedSize(theme.px(24), theme.px(24));
}

void Stepper::setValue(qint64 value) {
  const QSignalBlocker quiet(box_);
  box_->setValue(static_cast<int>(value));
}

void Stepper::setUpper(int upper) { box_->setSuffix(upper > 0 ? tr(" of %1").arg(upper) : QString()); }

void Stepper::paintEvent(QPaintEvent*) {
  QPainter p(this);
  p.setRenderHint(QPainter::Antialiasing);
  const QRectF frame = QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5);
  p.setBrush(tone(Role::canvas));
  p.setPen(QPen(tone(Role::soft), 1));
  p.drawRoundedRect(frame, 5, 5);
  p.setPen(QPen(tone(Role::edge), 1));
  p.drawLine(QPointF(frame.left() + 5, frame.bottom()), QPointF(frame.right() - 5, frame.bottom()));
}

// ---- field ----------------------------------------------------------------------------------------------------

KnobField::KnobField(const KnobSpec& spec, bool readOnly, QWidget* parent) : QWidget(parent), spec_(spec) {
  build(readOnly);
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(0, 0, 0, 0);
  row->addWidget(control_);
  control_->setAccessibleName(spec.label);
  describe();
  connect(&Theme::instance(), &Theme::changed, this, &KnobField::dress);
  dress();
}

void KnobField::buildLine(bool readOnly) {
  control_ = line_ = new QLineEdit(this);
  line_->setReadOnly(readOnly);
  line_->setAlignment(spec_.kind == KnobSpec::Text ? Qt::AlignLeft : Qt::AlignRight);
  if (spec_.kind == KnobSpec::Text) line_->setPlaceholderText(tr("built in"));
  if (!readOnly) connect(line_, &QLineEdit::editingFinished, this, &KnobField::commit);
}

void KnobField::build(bool readOnly) {
  if (readOnly) return buildLine(true);
  if (spec_.kind == KnobSpec::Choice) {
    control_ = combo_ = new QComboBox(this);
    combo_->setItemDelegate(
        new QStyledItemDelegate(combo_));  // its own one knows nothing of the sheet's rules of items
    for (qsizetype i = 0; i < spec_.choices.size(); ++i) {
      combo_->addItem(knobText(spec_, nlohmann::json(spec_.choices[i].toStdString())), spec_.choices[i]);
      if (!spec_.choiceHelp.value(i).isEmpty())
        combo_->setItemData(static_cast<int>(i), spec_.choiceHelp[i], Qt::ToolTipRole);
      if (spec_.choiceClosed.value(i).isEmpty()) continue;
      combo_->setItemData(static_cast<int>(i), spec_.choiceClosed[i], Qt::ToolTipRole);
      combo_->setItemData(static_cast<int>(i), spec_.choiceClosed[i], Qt::AccessibleDescriptionRole);
      if (auto* items = qobject_cast<QStandardItemModel*>(combo_->model()))
        items->item(static_cast<int>(i))->setEnabled(false);
    }
    connect(combo_, &QComboBox::currentIndexChanged, this, &KnobField::describe);
    // A click on a closed choice activates the one that was chosen already: that is no edit.
    connect(combo_, &QComboBox::activated, this, [this](int index) {
      if (std::exchange(chosen_, index) != index)
        emit edited(nlohmann::json(combo_->currentData().toString().toStdString()));
    });
  } else if (spec_.kind == KnobSpec::Boolean) {
    control_ = switch_ = new Switch(this);
    connect(switch_, &Switch::clicked, this, [this](bool on) { emit edited(nlohmann::json(on)); });
  } else if (wantsStepper(spec_)) {
    control_ = stepper_ = new Stepper(spec_, this);
    connect(stepper_, &Stepper::edited, this, [this](qint64 value) { emit edited(nlohmann::json(value)); });
  } else {
    buildLine(false);
  }
}

void KnobField::dress() {
  const Theme& theme = Theme::instance();
  if (line_) {
    line_->setFont(theme.font(Type::figure12));
    line_->setFixedSize(theme.px(spec_.kind == KnobSpec::Text ? 92 : 64), theme.px(24));
    if (line_->isReadOnly()) {
      QPalette tones = line_->palette();
      tones.setColor(QPalette::Text, theme.color(Role::text2));
      line_->setPalette(tones);
    }
  }
  if (combo_) {
    combo_->setFont(theme.font(Type::caption12));
    combo_->setFixedSize(theme.px(112), theme.px(24));
    // The list may be wider than the field: whole names, not "Noisy t…".
    const QFontMetrics metrics(combo_->font());
    int widest = 0;
    for (int i = 0; i < combo_->count(); ++i) widest = std::max(widest, metrics.horizontalAdvance(combo_->itemText(i)));
    combo_->view()->setMinimumWidth(std::max(theme.px(112), widest + theme.px(36)));
  }
}

void KnobField::setUnused(const QString& by) {
  if (by == unusedBy_) return;
  unusedBy_ = by;
  describe();
}

void KnobField::describe() {
  const QString help = spec_.unit.isEmpty() ? spec_.help : spec_.help + tr(" In %1.").arg(spec_.unit);
  QStringList lines;
  if (!unusedBy_.isEmpty()) lines << tr("Not used by %1.").arg(unusedBy_);
  if (combo_ && combo_->currentIndex() >= 0) lines << spec_.choiceHelp.value(combo_->currentIndex());
  lines << help;
  lines.removeAll(QString());
  control_->setAccessibleDescription(lines.join(QLatin1Char(' ')));
  lines << spec_.source;
  lines.removeAll(QString());
  control_->setToolTip(lines.join(QLatin1Char('\n')));
}

void KnobField::commit() {
  if (!line_->isModified()) return;
  line_->setModified(false);
  if (const auto value = knobValue(spec_, line_->text())) {
    if (*value == shown_) return setValue(*value);
    emit edited(*value);
  } else {
    emit unreadable(line_->text());
  }
}

void KnobField::setValue(const nlohmann::json& value) {
  shown_ = value;
  if (line_) {
    line_->setText(knobText(spec_, value));
    line_->setModified(false);
    if (spec_.kind == KnobSpec::Text) line_->setCursorPosition(static_cast<int>(line_->text().size()));
  } else if (combo_) {
    const QString word = value.is_string() ? QString::fromStdString(value.get<std::string>()) : QString();
    combo_->setCurrentIndex(chosen_ = combo_->findData(word));
  } else if (switch_) {
    switch_->setChecked(value.is_boolean() && value.get<bool>());
  } else if (stepper_ && value.is_number()) {
    stepper_->setValue(std::llround(value.get<double>()));
  }
}

void KnobField::setUpper(int upper) {
  if (stepper_) stepper_->setUpper(upper);
}

void KnobField::setText(const QString& text) {
  if (line_) line_->setText(text);
}

QString KnobField::text() const { return line_ ? line_->text() : QString(); }

bool KnobField::isBeingEdited() const {
  if (line_) return line_->hasFocus() && line_->isModified();
  return combo_ && combo_->view() && combo_->view()->isVisible();
}

}  // namespace moe::ui
