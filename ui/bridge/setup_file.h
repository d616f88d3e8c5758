// SPDX-License-Identifier: GPL-3.0-or-later
// A set-up: the small text file that a teacher sends and a double click opens. It holds a preset, the settings that
// differ from it, the controls to show, and a drawing if there is one; no weights and no paths.
#pragma once
#include <QString>
#include <QStringList>
#include <nlohmann/json.hpp>

#include "ui/bridge/run_controller.h"

namespace moe::ui {

struct Setup {
  QString preset;
  nlohmann::ordered_json settings = nlohmann::ordered_json::object();
  QStringList controls;           // keys of the knobs to show; empty: all
  nlohmann::ordered_json points;  // null, or a drawing
  bool present = false;
  NewRunRequest request() const;
};

constexpr auto kSetupEnding = ".moesetup";
constexpr qint64 kMostSetupBytes = 4 << 20;

bool isSetupFile(const QString& path);
/// Throws moe::Error (bad_input) that says what is wrong and where; the settings themselves are judged by the engine.
Setup readSetup(const QString& file);
/// An error sentence, or empty.
QString writeSetup(const QString& file, const Setup& setup);
/// What differs from the preset, of the run that is open. Paths of this machine are left out.
Setup setupOf(const Hello& hello, const protocol::RunInfo& run, const protocol::PlanePoints* points);

}  // namespace moe::ui
