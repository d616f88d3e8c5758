// SPDX-License-Identifier: GPL-3.0-or-later
// News of the engine that needs the user: what happened, what it means for the run, what to do. One banner per cause.
#pragma once
#include <QList>
#include <QString>

namespace moe::ui {

enum class BannerAction { restart, restartHalfRate, startAgain, wake, chooseEngine, saveElsewhere, openForReading };

struct Banner {
  enum Tone { Error, Flag };
  Tone tone = Error;
  QString cause;    // "engine", "hang", "diverged" …: a second one of the same cause replaces the first and counts
  QString text;     // sentences, ready to read
  QString details;  // behind a disclosure; may be empty
  QList<std::pair<BannerAction, QString>> actions;
};

}  // namespace moe::ui
