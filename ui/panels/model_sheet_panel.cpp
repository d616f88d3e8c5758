// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/model_sheet_panel.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QPointer>
#include <QScrollArea>

#include "ui/bridge/run_controller.h"
#include "ui/bridge/run_history.h"
#include "ui/panels/model_sheet_view.h"
#include "ui/panels/view_kit.h"
#include "ui/widgets/labels.h"

namespace moe::ui {
namespace {

QString reason(const Reply& reply) { return QString::fromStdString(reply.error.message); }

}  // namespace

ModelSheetPanel::ModelSheetPanel(RunController& controller, Selection& selection, QWidget* parent)
    : Panel(tr("Model sheet"), controller.history(), selection, parent),
      controller_(controller),
      view_(new ModelSheetView),
      systems_(new QComboBox) {
  setSubtitle(tr("bars: share of all parameters; dark: what one token touches"));
  systems_->setAccessibleName(tr("Published system"));
  systems_->setSizeAdjustPolicy(QComboBox::AdjustToContents);
  headerLayout()->addWidget(new TypeLabel(tr("beside"), Type::caption12, Role::text2));
  headerLayout()->addWidget(systems_);
  auto* scroll = new QScrollArea;
  scroll->setFrameShape(QFrame::NoFrame);
  scroll->setWidgetResizable(true);
  scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  scroll->setWidget(view_);
  setGround(view_, Role::canvas);
  setBody(scroll);
  connect(systems_, &QComboBox::currentIndexChanged, this, &ModelSheetPanel::askTheirs);
  connect(&controller, &RunController::greeted, this, &ModelSheetPanel::listSystems);
  listSystems();
}

void ModelSheetPanel::listSystems() {
  const QString chosen = systems_->currentData().toString();
  {
    const QSignalBlocker quiet(systems_);
    systems_->clear();
    for (const SheetSpec& sheet : controller_.hello().sheets) systems_->addItem(sheet.title, sheet.name);
    systems_->setCurrentIndex(std::max(0, systems_->findData(chosen.isEmpty() ? QStringLiteral("mixtral") : chosen)));
    systems_->setEnabled(systems_->count() > 0);
  }
  if (systems_->count() > 0) askTheirs();
  asked_ = nullptr;
  refresh();
}

// Called thirty times a second while a run trains: asks only when a setting has changed.
void ModelSheetPanel::refresh() {
  if (!history_.hasRun()) {
    asked_ = nullptr;
    if (ours_) setOurs(std::nullopt);
    return present();
  }
  if (asked_ != history_.info().config) askOurs();
}

void ModelSheetPanel::askOurs() {
  asked_ = history_.info().config;
  nlohmann::ordered_json settings = asked_;
  settings.erase("preset");  // a name, not a setting; every value is in the list
  controller_.engine().send("sheet", {{"settings", settings}},
                            [self = QPointer(this), name = history_.info().name](const Reply& reply) {
                              if (!self) return;
                              if (reply.error.kind == "gone") return;  // what is known stays true; greeted() asks again
                              self->trouble_ = reply.ok ? QString() : reason(reply);
                              if (!reply.ok) return self->setOurs(std::nullopt);
                              protocol::ModelSheet sheet = protocol::model_sheet_from_json(reply.result);
                              sheet.title = name;
                              self->setOurs(sheet);
                            });
}

void ModelSheetPanel::askTheirs() {
  const std::string name = systems_->currentData().toString().toStdString();
  if (name.empty()) return;
  controller_.engine().send("sheet", {{"name", name}}, [self = QPointer(this), name](const Reply& reply) {
    if (!self || self->systems_->currentData().toString().toStdString() != name) return;
    if (reply.ok) self->setTheirs(protocol::model_sheet_from_json(reply.result));
  });
}

void ModelSheetPanel::setOurs(const std::optional<protocol::ModelSheet>& sheet) {
  ours_ = sheet;
  present();
}

void ModelSheetPanel::setTheirs(const std::optional<protocol::ModelSheet>& sheet) {
  theirs_ = sheet;
  present();
}

void ModelSheetPanel::present() {
  view_->setSheets(ours_, theirs_,
                   !trouble_.isEmpty()     ? trouble_
                   : history_.hasRun()     ? tr("The engine is asked for your model's sheet.")
                   : systems_->count() > 0 ? tr("No run is open. Start or open one to see your model here.")
                                           : tr("No engine answers, so there is no sheet yet."));
}

PanelTable ModelSheetPanel::table() const {
  PanelTable out;
  out.columns = {"model", "figure", "value", "active", "published", "deviation", "source"};
  const auto add = [&out](const protocol::ModelSheet& s, const char* figure, double value) {
    out.rows.push_back({QString::fromStdString(s.title), QLatin1String(figure), csvNumber(value), {}, {}, {}, {}});
  };
  for (const auto* sheet : {&ours_, &theirs_}) {
    if (!*sheet) continue;
    const protocol::ModelSheet& s = **sheet;
    const QString model = QString::fromStdString(s.title);
    for (const auto& part : s.parts)
      out.rows.push_back({model,
                          QString::fromStdString(part.name),
                          QString::number(part.all),
                          QString::number(part.active),
                          {},
                          {},
                          {}});
    out.rows.push_back(
        {model, "parameters", QString::number(s.parameters), QString::number(s.active_parameters), {}, {}, {}});
    add(s, "flops_forward_per_token", s.forward_flops);
    add(s, "flops_training_per_token", s.training_flops);
    add(s, "weights_bf16_bytes", s.bytes_bf16);
    add(s, "weights_f32_bytes", s.bytes_f32);
    add(s, "training_state_bytes", s.training_bytes);
    add(s, "kv_cache_bytes_per_token", s.cache_bytes);
    for (const auto& claim : s.claims)
      out.rows.push_back({model,
                          QString::fromStdString(claim.quantity),
                          csvNumber(claim.computed),
                          {},
                          csvNumber(claim.published),
                          csvNumber(claim.deviation()),
                          QString::fromStdString(claim.source)});
  }
  return out;
}

}  // namespace moe::ui
