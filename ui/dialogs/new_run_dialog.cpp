// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dialogs/new_run_dialog.h"

#include <QDragEnterEvent>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QListWidget>
#include <QMimeData>
#include <QPointer>
#include <QProgressBar>
#include <QPushButton>
#include <QScrollArea>
#include <QUrl>
#include <QVBoxLayout>
#include <utility>

#include "ui/bridge/points_file.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/knob_field.h"
#include "ui/widgets/labels.h"

namespace moe::ui {
namespace {

constexpr auto kPointsPreset = "plane-spirals";  // for points of one's own

/// Two lines: the preset's title, and what it is.
class PresetRow : public QWidget {
 public:
  explicit PresetRow(const PresetSpec& preset) {
    const Theme& theme = Theme::instance();
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(theme.px(10), theme.px(7), theme.px(10), theme.px(8));
    column->setSpacing(theme.px(2));
    auto* summary = new TypeLabel(preset.summary, Type::caption12, Role::text2, this);
    summary->setWordWrap(true);
    column->addWidget(new TypeLabel(preset.title, Type::title13, Role::text, this));
    column->addWidget(summary);
    setAttribute(Qt::WA_TransparentForMouseEvents);
  }
};

}  // namespace

NewRunDialog::NewRunDialog(RunController& controller, QWidget* parent) : QDialog(parent), controller_(controller) {
  const Theme& theme = Theme::instance();
  setObjectName(QStringLiteral("newRunDialog"));
  setWindowTitle(tr("New run"));
  setAcceptDrops(true);
  auto* columns = new QHBoxLayout;
  columns->setSpacing(theme.px(20));
  columns->addWidget(buildPresets());
  columns->addWidget(buildForm(), 1);
  problem_ = new TypeLabel(QString(), Type::control13, Role::error, this);
  problem_->setObjectName(QStringLiteral("newRunProblem"));
  problem_->setWordWrap(true);
  problem_->hide();
  bar_ = new QProgressBar(this);
  bar_->setTextVisible(false);
  bar_->setAccessibleName(tr("Progress of the preparation"));
  bar_->hide();
  start_ = new QPushButton(tr("Start training"), this);
  start_->setDefault(true);
  cancel_ = new QPushButton(tr("Cancel"), this);
  auto* foot = new QHBoxLayout;
  foot->setSpacing(theme.px(8));
  foot->addWidget(problem_, 1);
  foot->addStretch(0);
  foot->addWidget(cancel_, 0, Qt::AlignBottom);
  foot->addWidget(start_, 0, Qt::AlignBottom);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(theme.px(20), theme.px(16), theme.px(20), theme.px(16));
  column->setSpacing(theme.px(12));
  column->addLayout(columns, 1);
  column->addWidget(bar_);
  column->addLayout(foot);
  resize(theme.px(760), theme.px(560));
  connect(start_, &QPushButton::clicked, this, &NewRunDialog::begin);
  connect(cancel_, &QPushButton::clicked, this, [this] {
    if (!busy_) return reject();
    controller_.cancelPreparing();
  });
  connect(&controller, &RunController::progress, this, [this](const QString& stage, double done, double total, qint64) {
    if (!busy_) return;
    bar_->setRange(0, total > 0 ? 1000 : 0);
    if (total > 0) bar_->setValue(static_cast<int>(1000 * done / total));
    problem_->setRole(Role::text2);
    problem_->setText(total > 0 ? stage + QStringLiteral(" · ") + formatPercent(done / total, 0) : stage);
    problem_->show();
  });
  if (presets_->count() > 0) presets_->setCurrentRow(0);
  setPreset(QStringLiteral("text-small"));
}

QWidget* NewRunDialog::buildPresets() {
  const Theme& theme = Theme::instance();
  auto* box = new QWidget(this);
  auto* column = new QVBoxLayout(box);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(theme.px(6));
  auto* title = new TypeLabel(tr("Start from"), Type::figure12, Role::text2, box);
  presets_ = new QListWidget(box);
  presets_->setAccessibleName(tr("Presets"));
  presets_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  presets_->setFixedWidth(theme.px(280));
  presets_->setStyleSheet(QStringLiteral("QListWidget::item { padding: 0; }"));
  for (const PresetSpec& preset : controller_.hello().presets) {
    auto* item = new QListWidgetItem(presets_);
    auto* row = new PresetRow(preset);
    row->setFixedWidth(theme.px(264));
    item->setSizeHint(QSize(theme.px(264), row->layout()->heightForWidth(theme.px(264)) + theme.px(2)));
    item->setData(Qt::UserRole, preset.name);
    item->setData(Qt::AccessibleTextRole, preset.title + QStringLiteral(". ") + preset.summary);
    presets_->setItemWidget(item, row);
  }
  column->addWidget(title);
  column->addWidget(presets_, 1);
  connect(presets_, &QListWidget::currentRowChanged, this, &NewRunDialog::presetChosen);
  return box;
}

void NewRunDialog::addEntry(const KnobSpec& spec, QVBoxLayout* column) {
  const Theme& theme = Theme::instance();
  Entry entry;
  entry.spec = spec;
  entry.spec.live = false;  // a plain field, not a stepper
  entry.row = new QWidget(this);
  auto* box = new QVBoxLayout(entry.row);
  box->setContentsMargins(0, 0, 0, 0);
  box->setSpacing(theme.px(1));
  auto* line = new QHBoxLayout;
  auto* label = new TypeLabel(spec.label, Type::control13, Role::text, entry.row);
  label->setToolTip(spec.help);
  entry.field = new KnobField(entry.spec, false, entry.row);
  label->setBuddy(entry.field->control());
  line->addWidget(label);
  if (!spec.unit.isEmpty() && spec.unit.compare(spec.label, Qt::CaseInsensitive) != 0)
    line->addWidget(new TypeLabel(spec.unit, Type::tick11, Role::text3, entry.row));
  line->addStretch(1);
  line->addWidget(entry.field);
  entry.error = new TypeLabel(QString(), Type::tick11, Role::error, entry.row);
  entry.error->setWordWrap(true);
  entry.error->hide();
  box->addLayout(line);
  if (!spec.note.isEmpty()) {
    auto* note = new TypeLabel(spec.note, Type::tick11, Role::text3, entry.row);
    note->setObjectName(QStringLiteral("note.") + spec.key);
    note->setWordWrap(true);
    box->addWidget(note);
  }
  box->addWidget(entry.error);
  column->addWidget(entry.row);
  const QString key = spec.key;
  connect(entry.field, &KnobField::edited, this, [this, key](const nlohmann::json& value) {
    overrides_[key.toStdString()] = value;
    entries_.at(key).error->hide();
    showValues();
  });
  connect(entry.field, &KnobField::unreadable, this, [this, key](const QString& text) {
    Entry& wrong = entries_.at(key);
    wrong.error->setText(tr("“%1” is no number.").arg(text));
    wrong.error->show();
  });
  entries_[key] = entry;
}

QWidget* NewRunDialog::buildForm() {
  const Theme& theme = Theme::instance();
  auto* content = new QWidget(this);
  auto* column = new QVBoxLayout(content);
  column->setContentsMargins(0, 0, theme.px(12), 0);
  column->setSpacing(theme.px(6));
  addData(column);
  QString group;
  int rare = 0;
  for (const bool advanced : {false, true})
    for (const KnobSpec& spec : controller_.hello().knobs) {
      const bool here = !spec.live || spec.key == QLatin1String("train.steps");
      if (!here || spec.advanced != advanced || spec.key == QLatin1String("data.path") ||
          spec.key == QLatin1String("data.task"))
        continue;
      if (spec.group != group && !advanced) {
        group = spec.group;
        column->addSpacing(theme.px(8));
        column->addWidget(new TypeLabel(group, Type::figure12, Role::text2, content));
      }
      addEntry(spec, column);
      if (!advanced) continue;
      entries_[spec.key].rare = true;
      ++rare;
    }
  auto* more = more_ = new LinkButton(tr("Show %n more", nullptr, rare), Role::accent, content);
  more->setVisible(rare > 0);
  column->insertWidget(column->count() - rare, more);
  connect(more, &LinkButton::clicked, this, [this, more] {
    more->hide();
    showTask();
  });
  column->addStretch(1);
  auto* scroll = new QScrollArea(this);
  scroll->setFrameShape(QFrame::NoFrame);
  scroll->setWidgetResizable(true);
  scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  scroll->setFocusPolicy(Qt::NoFocus);
  scroll->setWidget(content);
  return scroll;
}

void NewRunDialog::setPreset(const QString& name) {
  for (int i = 0; i < presets_->count(); ++i)
    if (presets_->item(i)->data(Qt::UserRole).toString() == name) return presets_->setCurrentRow(i);
}

void NewRunDialog::setData(const QString& path) {
  // Points on the form of a text would be read as a text: the form follows what was dropped.
  if (task_ != QLatin1String("plane") && looksLikePoints(path)) setPreset(QString::fromLatin1(kPointsPreset));
  data_->setText(path);
  if (!path.isEmpty()) setPoints(nullptr);
}

void NewRunDialog::takeSettings(const QString& preset, const nlohmann::ordered_json& config) {
  setPreset(preset);
  const PresetSpec* base = controller_.hello().preset(
      presets_->currentItem() ? presets_->currentItem()->data(Qt::UserRole).toString() : QString());
  for (const auto& [key, value] : config.items()) {
    const KnobSpec* spec = controller_.hello().knob(QString::fromStdString(key));
    if (!spec) continue;
    if (key == "data.path") {
      if (value.is_string()) setData(QString::fromStdString(value.get<std::string>()));
      continue;
    }
    const nlohmann::json standard =
        base && base->settings.contains(key) ? nlohmann::json(base->settings.at(key)) : spec->fallback;
    if (nlohmann::json(value) != standard) overrides_[key] = value;
  }
  showValues();
}

void NewRunDialog::presetChosen() {
  overrides_ = nlohmann::ordered_json::object();
  clearErrors();
  showValues();
}

void NewRunDialog::showValues() {
  const PresetSpec* preset = presets_->currentItem()
                                 ? controller_.hello().preset(presets_->currentItem()->data(Qt::UserRole).toString())
                                 : nullptr;
  const std::string task = preset ? preset->settings.value("data.task", std::string("text")) : "text";
  if (std::exchange(task_, QString::fromStdString(task)) != task_) showTask();
  for (auto& [key, entry] : entries_) {
    const std::string name = key.toStdString();
    nlohmann::json value = entry.spec.fallback;
    if (preset && preset->settings.contains(name)) value = preset->settings.at(name);
    if (overrides_.contains(name)) value = overrides_.at(name);
    if (!entry.field->isBeingEdited()) entry.field->setValue(value);
  }
}

NewRunRequest NewRunDialog::request() const {
  NewRunRequest out;
  if (presets_->currentItem()) out.preset = presets_->currentItem()->data(Qt::UserRole).toString();
  out.settings = overrides_.is_object() ? overrides_ : nlohmann::ordered_json::object();
  const bool plane = task_ == QLatin1String("plane"), file = !data_->text().trimmed().isEmpty();
  if (file) out.settings["data.path"] = data_->text().trimmed().toStdString();
  if (plane && file) out.settings["data.points"] = "file";
  if (plane && !points_.is_null()) {
    out.settings["data.points"] = "drawing";
    out.points = points_;
  }
  return out;
}

QString NewRunDialog::problem() const {
  QStringList all;
  if (!problem_->isHidden()) all << problem_->text();
  for (const auto& [key, entry] : entries_)
    if (!entry.error->isHidden()) all << entry.error->text();
  return all.join(QLatin1Char('\n'));
}

KnobField* NewRunDialog::field(const QString& key) const {
  const auto it = entries_.find(key);
  return it == entries_.end() ? nullptr : it->second.field;
}

void NewRunDialog::clearErrors() {
  if (problem_) problem_->hide();
  for (auto& [key, entry] : entries_) entry.error->hide();
}

void NewRunDialog::setBusy(bool busy) {
  busy_ = busy;
  bar_->setRange(0, 0);
  bar_->setVisible(busy);
  start_->setEnabled(!busy);
  presets_->setEnabled(!busy);
}

void NewRunDialog::begin() {
  clearErrors();
  setBusy(true);
  const QPointer<NewRunDialog> self(this);  // the answer may come after the dialog was closed
  controller_.newRun(request(), [self](const Reply& reply) {
    if (!self) return;
    self->setBusy(false);
    if (reply.ok)
      self->accept();
    else
      self->refused(reply.error);
  });
}

void NewRunDialog::refused(const protocol::ErrorInfo& error) {
  clearErrors();
  const QString where = QString::fromStdString(error.where);
  QString words = QString::fromStdString(error.what.empty() ? error.message : error.what);
  if (!words.endsWith(QLatin1Char('.'))) words += QLatin1Char('.');
  if (!error.limit.empty()) words += tr(" Limit: %1.").arg(QString::fromStdString(error.limit));
  if (const auto it = entries_.find(where); it != entries_.end()) {
    it->second.row->show();
    it->second.error->setText(words);
    it->second.error->show();
    it->second.field->control()->setFocus();
    return;
  }
  if (!where.isEmpty() && !words.contains(where)) words += QStringLiteral(" (") + where + QLatin1Char(')');
  if (!error.action.empty()) words += QLatin1Char(' ') + QString::fromStdString(error.action);
  problem_->setRole(Role::error);
  problem_->setText(words);
  problem_->show();
}

void NewRunDialog::dragEnterEvent(QDragEnterEvent* event) {
  if (event->mimeData()->hasUrls()) event->acceptProposedAction();
}

void NewRunDialog::dropEvent(QDropEvent* event) {
  for (const QUrl& url : event->mimeData()->urls())
    if (url.isLocalFile()) {
      setData(url.toLocalFile());
      return event->acceptProposedAction();
    }
}

}  // namespace moe::ui
