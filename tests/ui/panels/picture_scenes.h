// SPDX-License-Identifier: GPL-3.0-or-later
// Every panel with the sample run, at the size it has in the window.
#pragma once
#include <QWidget>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ui/bridge/run_history.h"
#include "ui/bridge/selection.h"

namespace moe::test {

struct PictureScene {
  std::string name;
  QSize size;
  /// Builds the panel on the shared run; the selection is set already.
  std::function<std::unique_ptr<QWidget>(ui::RunHistory&, ui::Selection&)> make;
  enum Run { full, empty, grown };  // the sample run; one without steps; one whose experts drop and come
  Run run = full;
};

/// `wide`: sizes of 1920 × 1080 instead of 1366 × 768.
std::vector<PictureScene> pictureScenes(bool wide);
/// Selects L3·E11, pins L2·E5 and L3·E4, and a token.
void selectForPicture(ui::Selection& selection);

}  // namespace moe::test
