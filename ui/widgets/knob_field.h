// SPDX-License-Identifier: GPL-3.0-or-later
// The exact field of a knob: number, stepper "2 of 16", list, switch or text, behind one interface.
#pragma once
#include <QAbstractButton>
#include <QWidget>

#include "ui/bridge/hello.h"

class QComboBox;
class QLineEdit;
class QSpinBox;

namespace moe::ui {

/// On/off in the shape of a small switch; a check box to assistive technology.
class Switch : public QAbstractButton {
  Q_OBJECT
 public:
  explicit Switch(QWidget* parent = nullptr);
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override { return sizeHint(); }

 protected:
  void paintEvent(QPaintEvent*) override;
};

/// − [2 of 16] +
class Stepper : public QWidget {
  Q_OBJECT
 public:
  Stepper(const KnobSpec& spec, QWidget* parent = nullptr);
  void setValue(qint64 value);
  void setUpper(int upper);  // the "of N"; 0 = none
  QSpinBox* box() const { return box_; }

 signals:
  void edited(qint64 value);

 protected:
  void paintEvent(QPaintEvent*) override;

 private:
  void dress();
  QSpinBox* box_;
};

class KnobField : public QWidget {
  Q_OBJECT
 public:
  /// `readOnly`: shows the value of a setting that needs a new run. `stretch`: a form, where fields are as wide as they
  /// like.
  KnobField(const KnobSpec& spec, bool readOnly, QWidget* parent = nullptr);
  void setValue(const nlohmann::json& value);
  void setUpper(int upper);
  void setText(const QString& text);
  /// Tooltip and description begin with "Not used by Hash."; empty = used.
  void setUnused(const QString& by);
  QString text() const;
  /// The user is in the middle of typing: a value from outside must wait.
  bool isBeingEdited() const;
  QWidget* control() const { return control_; }
  const KnobSpec& spec() const { return spec_; }

 signals:
  void edited(const nlohmann::json& value);
  void unreadable(const QString& text);

 private:
  void build(bool readOnly);
  void buildLine(bool readOnly);
  void commit();
  void describe();
  void dress();
  KnobSpec spec_;
  QString unusedBy_;
  QWidget* control_ = nullptr;
  QLineEdit* line_ = nullptr;
  QComboBox* combo_ = nullptr;
  int chosen_ = -1;  // in it
  Switch* switch_ = nullptr;
  Stepper* stepper_ = nullptr;
  nlohmann::json shown_;
};

}  // namespace moe::ui
