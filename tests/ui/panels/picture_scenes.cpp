// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/ui/panels/picture_scenes.h"

#include <QComboBox>

#include "tests/ui/panels/sample_sheets.h"
#include "ui/bridge/run_controller.h"
#include "ui/charts/charts_panel.h"
#include "ui/panels/expert_card.h"
#include "ui/panels/expert_load_panel.h"
#include "ui/panels/model_sheet_panel.h"
#include "ui/panels/routing_map_panel.h"
#include "ui/panels/specialization_panel.h"
#include "ui/panels/token_path_panel.h"
#include "ui/panels/token_strip_panel.h"
#include "ui/panels/waterfall_panel.h"

namespace moe::test {
namespace {

template <class P>
auto plain() {
  return [](ui::RunHistory& history, ui::Selection& selection) -> std::unique_ptr<QWidget> {
    return std::make_unique<P>(history, selection);
  };
}

auto charts(bool compact) {
  return [compact](ui::RunHistory& history, ui::Selection& selection) -> std::unique_ptr<QWidget> {
    auto panel = std::make_unique<ui::ChartsPanel>(history, selection);
    panel->setCompact(compact);
    return panel;
  };
}

/// The layer that collapses and comes back.
auto waterfall() {
  return [](ui::RunHistory& history, ui::Selection& selection) -> std::unique_ptr<QWidget> {
    selection.select(ui::ExpertRef{1, 4});
    return std::make_unique<ui::WaterfallPanel>(history, selection);
  };
}

auto largeTokens() {
  return [](ui::RunHistory& history, ui::Selection& selection) -> std::unique_ptr<QWidget> {
    auto panel = std::make_unique<ui::TokenStripPanel>(history, selection);
    panel->setLarge(true);
    panel->setDomain(4);
    return panel;
  };
}

/// The user's model beside DeepSeek-V3; `alone`: no run is open.
auto modelSheet(bool alone) {
  return [alone](ui::RunHistory& history, ui::Selection& selection) -> std::unique_ptr<QWidget> {
    auto* none = new ui::RunHistory;
    auto* controller = new ui::RunController(alone ? *none : history);
    auto panel = std::make_unique<ui::ModelSheetPanel>(*controller, selection);
    for (QObject* part : std::initializer_list<QObject*>{controller, none}) part->setParent(panel.get());
    panel->systems()->addItem(QStringLiteral("DeepSeek-V3"), QStringLiteral("deepseek-v3"));
    panel->systems()->setEnabled(true);
    panel->setTheirs(publishedSheet("deepseek-v3"));
    if (!alone) panel->setOurs(ourSheet());
    return panel;
  };
}

}  // namespace

void selectForPicture(ui::Selection& selection) {
  selection.select(ui::ExpertRef{2, 10});
  selection.togglePin({1, 4});
  selection.togglePin({2, 3});
  selection.selectToken(ui::TokenRef{4, 2});
}

std::vector<PictureScene> pictureScenes(bool wide) {
  const int left = wide ? 784 : 774;
  return {
      {"routing_map", {left, wide ? 290 : 282}, plain<ui::RoutingMapPanel>()},
      {"routing_map_empty", {left, wide ? 290 : 282}, plain<ui::RoutingMapPanel>(), PictureScene::empty},
      {"waterfall", {left, wide ? 232 : 200}, waterfall()},
      {"waterfall_grown", {left, wide ? 232 : 200}, waterfall(), PictureScene::grown},
      {"expert_load", {left, wide ? 232 : 180}, plain<ui::ExpertLoadPanel>()},
      {"expert_load_drops", {left, wide ? 232 : 180}, plain<ui::ExpertLoadPanel>(), PictureScene::grown},
      {"specialization", {left, wide ? 232 : 200}, plain<ui::SpecializationPanel>()},
      {"tokens", {wide ? 1280 : 774, wide ? 170 : 164}, plain<ui::TokenStripPanel>()},
      {"tokens_large", {left, 230}, largeTokens()},
      {"token_path", {left, 396}, plain<ui::TokenPathPanel>()},
      {"expert_card", {wide ? 320 : 288, 640}, plain<ui::ExpertCard>()},
      {"model_sheet", {820, 560}, modelSheet(false)},
      {"model_sheet_alone", {820, 400}, modelSheet(true), PictureScene::empty},
      {"charts", {wide ? 496 : 774, wide ? 752 : 160}, charts(!wide)},
  };
}

}  // namespace moe::test
