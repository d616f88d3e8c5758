// SPDX-License-Identifier: GPL-3.0-or-later
// The user's model beside a published system at full size: parameters by place, arithmetic, memory, and how far the
// computed figures are from the published ones. The engine computes; this asks and shows.
#pragma once
#include <nlohmann/json.hpp>
#include <optional>

#include "engine/protocol/model_sheet.h"
#include "ui/widgets/panel.h"

class QComboBox;

namespace moe::ui {

class ModelSheetView;
class RunController;

class ModelSheetPanel : public Panel {
  Q_OBJECT
 public:
  ModelSheetPanel(RunController& controller, Selection& selection, QWidget* parent = nullptr);
  PanelTable table() const override;
  QComboBox* systems() const { return systems_; }
  ModelSheetView* view() const { return view_; }
  /// What the engine has answered; also the way in for tests.
  void setOurs(const std::optional<protocol::ModelSheet>& sheet);
  void setTheirs(const std::optional<protocol::ModelSheet>& sheet);

 protected:
  void refresh() override;

 private:
  void listSystems();
  void askOurs();
  void askTheirs();
  void present();
  RunController& controller_;
  ModelSheetView* view_;
  QComboBox* systems_;
  nlohmann::ordered_json asked_;  // the settings that the left column is of
  std::optional<protocol::ModelSheet> ours_, theirs_;
  QString trouble_;  // why the engine gave no sheet
};

}  // namespace moe::ui
