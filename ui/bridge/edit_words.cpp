// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/bridge/edit_words.h"

#include <QCoreApplication>
#include <QRegularExpression>
#include <algorithm>

#include "ui/bridge/hello.h"
#include "ui/bridge/run_history.h"

namespace moe::ui {
namespace {

QString tr(const char* text) { return QCoreApplication::translate("EditWords", text); }
QString text(const std::string& bytes) { return QString::fromStdString(bytes); }

bool toldByCount(const RunHistory& history, const protocol::EditEvent& edit) {
  return std::any_of(history.edits().begin(), history.edits().end(), [&](const protocol::EditEvent& other) {
    return other.step == edit.step && other.key == "model.experts" && other.before != other.after;
  });
}

/// Experts before and after an edit that took effect after `step`, from the steps themselves; 0 where none is known.
std::pair<int, int> countsAround(const RunHistory& history, qint64 step) {
  const qsizetype last = history.indexOf(step);
  const auto at = [&](qsizetype i) {
    const auto& steps = history.steps();
    return i >= 0 && i < static_cast<qsizetype>(steps.size()) ? expertsOf(steps[static_cast<std::size_t>(i)]) : 0;
  };
  return {at(last), at(last + 1)};
}

EditWords ofCommand(const RunHistory& history, const protocol::EditEvent& edit) {
  EditWords out;
  const QString key = text(edit.key);
  if (key == QLatin1String(kRevive)) {
    out.what = edit.note.rfind("by itself", 0) == 0 ? tr("revived by itself") : tr("revived");
    out.values = expertFromCommand(text(edit.after));
    out.whyNotUndone = tr("A revived expert cannot be taken back: the weights that it had are gone.");
    return out;
  }
  const bool adds = key == QLatin1String(kAddExpert);
  out.whyNotUndone = adds ? tr("An added expert is not undone; Remove the idlest expert is an edit of its own.")
                          : tr("A removed expert cannot be brought back: its weights are gone.");
  if (toldByCount(history, edit)) return out;
  if (const auto [before, after] = countsAround(history, edit.step); before > 0 && after > 0 && before != after)
    out.values = tr("%1 → %2 experts").arg(before).arg(after);
  else
    out.what = adds ? tr("expert added") : tr("idlest expert removed");
  return out;
}

}  // namespace

QString EditWords::plain() const {
  return what.isEmpty() || values.isEmpty() ? what + values : what + QLatin1Char(' ') + values;
}

bool isExpertCommand(const QString& key) {
  return key == QLatin1String(kRevive) || key == QLatin1String(kAddExpert) || key == QLatin1String(kRemoveExpert);
}

QString expertFromCommand(const QString& words) {
  static const QRegularExpression form(QStringLiteral("^L(\\d+)[·.]?E(\\d+)$"));
  const auto match = form.match(words);
  return match.hasMatch() ? QStringLiteral("L%1·E%2").arg(match.captured(1), match.captured(2)) : words;
}

QString settingWord(const RunHistory& history, const QString& key) {
  if (const KnobSpec* spec = history.knob(key); spec && !spec->label.isEmpty()) return spec->label;
  QString word = key.section(QLatin1Char('.'), -1);
  word.replace(QLatin1Char('_'), QLatin1Char(' '));
  if (!word.isEmpty()) word[0] = word[0].toUpper();
  return word;
}

EditWords editWords(const RunHistory& history, const protocol::EditEvent& edit) {
  const QString key = text(edit.key);
  if (isExpertCommand(key)) return ofCommand(history, edit);
  EditWords out;
  if (key == QLatin1String("model.experts")) {
    out.values = tr("%1 → %2 experts").arg(text(edit.before), text(edit.after));
    out.whyNotUndone = tr("Experts that were added or removed are not undone: their weights went with them.");
    return out;
  }
  const KnobSpec* declared = history.knob(key);
  const KnobSpec spec = declared ? *declared : KnobSpec{};
  const auto value = [&](const std::string& bytes) { return knobText(spec, valueFromText(bytes)); };
  out.what = settingWord(history, key);
  out.values = QStringLiteral("%1 → %2").arg(value(edit.before), value(edit.after));
  return out;
}

}  // namespace moe::ui
