// SPDX-License-Identifier: GPL-3.0-or-later
// One knob of the dock, made from its declaration: label, badge, exact field; slider; and a third line that says what
// was changed and when, or why a value was refused.
#pragma once
#include <QWidget>

#include "ui/bridge/hello.h"

class QHBoxLayout;
class QVBoxLayout;

namespace moe::ui {

class BadgeLabel;
class IconButton;
class KnobField;
class KnobSlider;
class TypeLabel;

class KnobRow : public QWidget {
  Q_OBJECT
 public:
  explicit KnobRow(const KnobSpec& spec, QWidget* parent = nullptr);
  const KnobSpec& spec() const { return spec_; }
  /// Value in force; ignored while the user drags or types.
  void setValue(const nlohmann::json& value);
  const nlohmann::json& value() const { return value_; }
  void setUpper(int upper);
  /// `whyNotUndone`: there is no arrow then, and the tooltip of the line says why.
  void showEdit(const QString& before, const QString& after, qint64 step, const QString& whyNotUndone = {});
  void clearEdit();
  /// Keeps the refused text in the field.
  void showRefusal(const QString& sentence);
  void clearRefusal();
  bool hasRefusal() const;
  /// The policy in force does not read this setting: dimmed, with "not used by …"; it can still be set for later.
  void setUnused(const QString& by);
  QString unusedWords() const;
  QString note() const;
  KnobField* field() const { return field_; }
  KnobSlider* slider() const { return slider_; }

 signals:
  /// `session` > 0: edits of one drag, merged into one undo step.
  void edited(const QString& key, const nlohmann::json& value, int session);
  void undoRequested(const QString& key);

 private:
  void addSlider(QVBoxLayout* column);
  void addNote(QVBoxLayout* column);
  void multiply(double factor);
  KnobSpec spec_;
  nlohmann::json value_;
  KnobField* field_ = nullptr;
  KnobSlider* slider_ = nullptr;
  QWidget* noteLine_ = nullptr;
  QWidget* pennant_ = nullptr;
  TypeLabel* note_ = nullptr;
  TypeLabel *label_ = nullptr, *unused_ = nullptr;
  BadgeLabel* badge_ = nullptr;
  QWidget* sliderLine_ = nullptr;
  IconButton* undo_ = nullptr;
  bool refused_ = false;
};

}  // namespace moe::ui
