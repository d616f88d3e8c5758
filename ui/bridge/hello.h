// SPDX-License-Identifier: GPL-3.0-or-later
// What the engine says of itself when it is greeted: its knobs (one declaration per setting) and presets, as Qt values.
#pragma once
#include <QString>
#include <QStringList>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

namespace moe::ui {

struct KnobSpec {
  enum Kind { Integer, Real, Boolean, Choice, Text };
  QString key, label, help, unit, source, group;
  QString task;  // the only task that reads it ("text", "plane"); empty: all of them
  Kind kind = Real;
  bool live = true;  // else: part of the model's or data's shape, needs a new run
  double minimum = 0, maximum = 0, sliderMinimum = 0, sliderMaximum = 0;
  bool logScale = false, advanced = false;
  QStringList choices;
  QStringList choiceLabels, choiceHelp;  // parallel to choices, or empty
  QStringList choiceClosed;              // the same: why it cannot be chosen here; empty: it can
  QString note;                          // a muted line beneath: what this machine makes of the setting
  nlohmann::json fallback;
};

/// A routing policy: its words, and the settings that it reads.
struct RouterSpec {
  QString name, label, help, source;
  bool causal = true;  // false: looks at later tokens of the text
  QStringList settings;
};

struct PresetSpec {
  QString name, title, summary;
  nlohmann::ordered_json settings;  // flat: key → value
};

/// A published model that the command `sheet` knows.
struct SheetSpec {
  QString name, title, paper;
};

struct Hello {
  QString version, device;
  QStringList devices;
  int protocol = 0, threads = 0;
  qint64 pid = 0;
  std::vector<KnobSpec> knobs;
  std::vector<PresetSpec> presets;
  std::vector<RouterSpec> routers;  // empty: an engine that does not tell
  QStringList actions;              // keys of commands that travel as live edits: "experts.revive"
  const RouterSpec* router(const QString& name) const;
  /// The current policy reads this setting, or it is not known whether it does.
  bool reads(const QString& policy, const KnobSpec& spec) const;
  /// The engine can revive, add and remove experts of a running model.
  bool editsExperts() const;
  std::vector<SheetSpec> sheets;
  const KnobSpec* knob(const QString& key) const;
  const PresetSpec* preset(const QString& name) const;
};

/// Throws moe::Error (bad_input) or nlohmann's type error when a field has the wrong type.
Hello helloFromJson(const nlohmann::json& object);

/// A value as the form and the flags write it: 0.02, 3.0e-4, 1,024, on/off, softmax top-k.
QString knobText(const KnobSpec& spec, const nlohmann::json& value);
/// Reads what a person typed: "1,024", "3e-4", "−0.1" (true minus); empty when it is no number of this knob's kind. The
/// range is not checked here: the engine's validator is the only judge, its refusal is shown under the field.
std::optional<nlohmann::json> knobValue(const KnobSpec& spec, const QString& typed);
/// Value of an edit event, which carries text.
nlohmann::json valueFromText(const std::string& text);
/// Numeric value or NaN.
double numberOf(const nlohmann::json& value);

}  // namespace moe::ui
