// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/knobs_panel.h"

#include <QHBoxLayout>
#include <QPushButton>
#include <QScrollArea>
#include <QTimer>
#include <QUndoCommand>
#include <QVBoxLayout>
#include <algorithm>
#include <utility>

#include "ui/bridge/edit_words.h"
#include "ui/bridge/run_history.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/knob_field.h"
#include "ui/widgets/knob_row.h"
#include "ui/widgets/labels.h"

namespace moe::ui {
namespace {

constexpr int kDebounceMs = 50;
// Top-k, noise and balance decide what the map shows: always first and never behind a link.
constexpr const char* kFirst[] = {"router.top_k", "router.noise", "balance.coefficient"};
constexpr int kMostFirst = 6, kMostSeen = 2;
constexpr const char* kShort[] = {"Balance", "Capacity", "Remedies"};  // groups with many knobs, few of daily use

template <std::size_t N>
bool among(const char* const (&words)[N], const QString& word) {
  return std::any_of(std::begin(words), std::end(words), [&](const char* each) { return word == QLatin1String(each); });
}
bool isFirst(const QString& key) { return among(kFirst, key); }

/// Pushed when the engine has applied an edit; the first redo is therefore nothing.
class KnobEdit : public QUndoCommand {
 public:
  KnobEdit(KnobsPanel& panel, const KnobSpec& spec, const nlohmann::json& before, const nlohmann::json& after,
           int session)
      : panel_(panel), spec_(spec), before_(before), after_(after), session_(session) {
    rename();
  }
  int id() const override { return session_ > 0 ? 1 : -1; }
  bool mergeWith(const QUndoCommand* other) override {
    const auto* next = static_cast<const KnobEdit*>(other);
    if (next->session_ != session_ || next->spec_.key != spec_.key) return false;
    after_ = next->after_;
    rename();
    return true;
  }
  void undo() override { panel_.send(spec_.key, before_, 0, false); }
  void redo() override {
    if (!std::exchange(first_, false)) panel_.send(spec_.key, after_, 0, false);
  }
  const QString& key() const { return spec_.key; }

 private:
  void rename() {
    setText(QStringLiteral("%1 %2 → %3").arg(spec_.label, knobText(spec_, before_), knobText(spec_, after_)));
  }
  KnobsPanel& panel_;
  KnobSpec spec_;
  nlohmann::json before_, after_;
  int session_;
  bool first_ = true;
};

QString refusalText(const protocol::ErrorInfo& error) {
  QString text = QString::fromStdString(error.what.empty() ? error.message : error.what).trimmed();
  if (!text.endsWith(QLatin1Char('.'))) text += QLatin1Char('.');
  if (!error.limit.empty()) text += QObject::tr(" Limit: %1.").arg(QString::fromStdString(error.limit));
  return text;
}

}  // namespace

KnobsPanel::KnobsPanel(RunController& controller, QWidget* parent) : QWidget(parent), controller_(controller) {
  setObjectName(QStringLiteral("knobsPanel"));
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  auto* scroll = new QScrollArea(this);
  scroll->setFrameShape(QFrame::NoFrame);
  scroll->setWidgetResizable(true);
  scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  scroll->setFocusPolicy(Qt::NoFocus);
  scroll->viewport()->setAutoFillBackground(false);
  column->addWidget(scroll);
  undo_.setUndoLimit(200);
  debounce_.setInterval(kDebounceMs);
  debounce_.setSingleShot(true);
  connect(&debounce_, &QTimer::timeout, this, &KnobsPanel::sendPending);
  connect(&controller, &RunController::greeted, this, &KnobsPanel::rebuild);
  connect(&controller, &RunController::runOpened, this, [this] {
    const QString task = QString::fromStdString(controller_.history().info().task);
    if (std::exchange(task_, task) != task) rebuild();
    undo_.clear();
    pending_.clear();
    for (const auto& [key, row] : rows_) {
      row->clearRefusal();
      row->clearEdit();
    }
    refresh();
  });
  connect(&controller, &RunController::stateChanged, this, &KnobsPanel::refresh);
  connect(&controller, &RunController::knobApplied, this,
          [this](const QString& key, const QString& before, const QString& after, qint64 step) {
            if (const auto old = rows_.find(noted_); old != rows_.end() && noted_ != key) old->second->clearEdit();
            noted_ = key;
            before_ = valueFromText(before.toStdString());
            if (KnobRow* changed = row(key)) {
              const auto words = editWords(controller_.history(),
                                           {step, key.toStdString(), before.toStdString(), after.toStdString(), {}});
              changed->setValue(valueFromText(after.toStdString()));
              changed->showEdit(before, after, step, words.whyNotUndone);
              changed->show();  // what was changed can be undone here, also when it is a rarer setting
            }
            refresh();
          });
  connect(&controller.history(), &RunHistory::updated, this, [this] {
    // Experts may come and go while a run goes on: top-k is "2 of 9" then.
    if (std::exchange(experts_, controller_.history().info().experts) != controller_.history().info().experts)
      refresh();
  });
  connect(&Theme::instance(), &Theme::changed, this, [this, last = Theme::instance().scale()]() mutable {
    if (!qFuzzyCompare(last, Theme::instance().scale())) rebuild();
    last = Theme::instance().scale();
  });
  rebuild();
}

KnobRow* KnobsPanel::row(const QString& key) const {
  const auto it = rows_.find(key);
  return it == rows_.end() ? nullptr : it->second;
}

/// Settings that only the other kind of task reads are not shown.
bool KnobsPanel::isOfTask(const KnobSpec& spec) const {
  if (spec.key == QLatin1String("data.task") || !(spec.task.isEmpty() || spec.task == task_)) return false;
  return shown_.isEmpty() || shown_.contains(spec.key);
}

void KnobsPanel::setShown(const QStringList& keys) {
  if (keys == shown_) return;
  shown_ = keys;
  rebuild();
}

/// An orange line while settings are hidden by choice.
void KnobsPanel::addShownLine(QVBoxLayout* column) {
  if (shown_.isEmpty()) return;
  auto* line = new QHBoxLayout;
  line->addWidget(
      new TypeLabel(tr("%n chosen", nullptr, static_cast<int>(shown_.size())), Type::tick11, Role::flagText, content_));
  line->addStretch(1);
  auto* all = new LinkButton(tr("show all"), Role::flagText, content_);
  all->setObjectName(QStringLiteral("showAllKnobs"));
  line->addWidget(all);
  column->addLayout(line);
  // Queued: the button is deleted by what it does.
  connect(
      all, &LinkButton::clicked, this, [this] { setShown({}); }, Qt::QueuedConnection);
}

void KnobsPanel::rebuild() {
  auto* scroll = findChild<QScrollArea*>();
  rows_.clear();
  content_ = new QWidget;
  const Theme& theme = Theme::instance();
  auto* column = new QVBoxLayout(content_);
  // With the scroll bar (10) the fields end 22 before the edge, without it 12: air on both sides of the bar.
  column->setContentsMargins(theme.px(16), theme.px(4), theme.px(12), theme.px(16));
  column->setSpacing(theme.px(8));
  QStringList groups;
  for (const KnobSpec& spec : controller_.hello().knobs)
    if (!groups.contains(spec.group)) groups << spec.group;
  addShownLine(column);
  for (const QString& group : groups) addGroup(group, column);
  if (groups.isEmpty()) {
    auto* empty =
        new TypeLabel(tr("The knobs appear when the engine answers."), Type::caption12, Role::text2, content_);
    empty->setWordWrap(true);
    column->addWidget(empty);
  } else {
    auto* again = new QPushButton(tr("New run with these…"), content_);
    again->setObjectName(QStringLiteral("newRunWithThese"));
    again->setToolTip(tr("Opens the form of a new run, filled with the settings above"));
    connect(again, &QPushButton::clicked, this, &KnobsPanel::newRunWanted);
    column->addSpacing(theme.px(4));
    column->addWidget(again);
  }
  column->addStretch(1);
  scroll->setWidget(content_);  // deletes the former one
  setGround(content_, Role::dock);
  refresh();
}

/// Rows of a group that are seen at once: what the engine does not call rare, at most so many; the rest is behind a
/// link. The knobs that decide about balance come first, wherever the engine groups them.
void KnobsPanel::addGroup(const QString& name, QVBoxLayout* column) {
  const Theme& theme = Theme::instance();
  const bool first = rows_.empty();
  std::vector<const KnobSpec*> specs;
  if (first)
    for (const char* key : kFirst)
      if (const KnobSpec* spec = controller_.hello().knob(QLatin1String(key)); spec && isOfTask(*spec))
        specs.push_back(spec);
  for (const KnobSpec& spec : controller_.hello().knobs)
    if (spec.group == name && !isFirst(spec.key) && !isExpertCommand(spec.key) && isOfTask(spec))
      specs.push_back(&spec);
  if (specs.empty()) return;
  auto* line = new QHBoxLayout;
  line->addWidget(new TypeLabel(name, Type::figure12, Role::text2, content_));
  line->addStretch(1);
  column->addSpacing(first ? 0 : theme.px(6));
  column->addLayout(line);
  const int most = first ? kMostFirst : among(kShort, name) ? kMostSeen : static_cast<int>(specs.size());
  std::vector<KnobRow*> rare;
  int seen = 0;
  for (const KnobSpec* spec : specs) {
    auto* row = new KnobRow(*spec, content_);
    rows_[spec->key] = row;
    column->addWidget(row);
    connect(row, &KnobRow::edited, this, &KnobsPanel::edited);
    connect(row, &KnobRow::undoRequested, this, &KnobsPanel::undoKey);
    if (isFirst(spec->key) || !shown_.isEmpty() || (!spec->advanced && seen < most)) {
      ++seen;
      continue;
    }
    row->hide();
    rare.push_back(row);
  }
  addMore(name, line, std::move(rare));
}

void KnobsPanel::addMore(const QString& name, QHBoxLayout* line, std::vector<KnobRow*> rare) {
  if (rare.empty()) return;
  const QString more = tr("%n more", nullptr, static_cast<int>(rare.size()));
  auto* link = new LinkButton(more, Role::accent, content_);
  link->setObjectName(QStringLiteral("more.") + name);
  link->setAccessibleName(tr("%1: show or hide %n rarer settings", nullptr, static_cast<int>(rare.size())).arg(name));
  line->addWidget(link);
  connect(link, &LinkButton::clicked, this, [rare = std::move(rare), link, more] {
    const bool show = link->text() == more;
    for (KnobRow* row : rare) row->setVisible(show);
    link->setText(show ? tr("fewer") : more);
    link->updateGeometry();
  });
}

void KnobsPanel::reveal(const QString& key) {
  KnobRow* found = row(key);
  if (!found) return;
  found->show();
  if (auto* scroll = findChild<QScrollArea*>()) {
    scroll->ensureWidgetVisible(found, 0, 40);
    // A row that was hidden has its height only after the next layout.
    QTimer::singleShot(0, found, [scroll, found] { scroll->ensureWidgetVisible(found, 0, 40); });
  }
  found->field()->control()->setFocus(Qt::ShortcutFocusReason);
}

void KnobsPanel::refresh() {
  const RunHistory& history = controller_.history();
  const bool open = history.hasRun(), can = controller_.canRun();
  for (const auto& [key, row] : rows_) {
    const auto it = open ? history.info().config.find(key.toStdString()) : history.info().config.end();
    const bool known = open && history.info().config.is_object() && it != history.info().config.end();
    row->setEnabled(can && known);
    if (known)
      row->setValue(nlohmann::json(*it));
    else
      row->setValue(row->spec().fallback);
    if (key == QLatin1String("router.top_k")) row->setUpper(open ? history.info().experts : 0);
  }
  const KnobRow* policy = row(QStringLiteral("router.policy"));
  const nlohmann::json now = policy ? policy->value() : nlohmann::json();
  const QString name = now.is_string() ? QString::fromStdString(now.get<std::string>()) : QString();
  for (const auto& [key, row] : rows_)
    row->setUnused(controller_.hello().reads(name, row->spec()) ? QString() : knobText(policy->spec(), now));
}

void KnobsPanel::edited(const QString& key, const nlohmann::json& value, int session) {
  send(key, value, session, true);
}

void KnobsPanel::send(const QString& key, const nlohmann::json& value, int session, bool undoable) {
  pending_[key] = {value, session, undoable};
  if (!debounce_.isActive()) sendPending();
}

void KnobsPanel::sendPending() {
  const auto pending = std::exchange(pending_, {});
  for (const auto& [key, sent] : pending)
    controller_.setKnob(key, sent.value,
                        ifAlive(this, [this, key = key, sent = sent](const Reply& r) { answered(key, sent, r); }));
  if (!pending.empty()) debounce_.start();
}

void KnobsPanel::answered(const QString& key, const Pending& sent, const Reply& reply) {
  KnobRow* changed = row(key);
  if (!changed) return;
  if (!reply.ok) {
    if (reply.error.kind != "gone") changed->showRefusal(refusalText(reply.error));
    return;
  }
  const std::string before = reply.result.value("before", std::string()),
                    after = reply.result.value("after", std::string());
  changed->setValue(valueFromText(after));
  if (sent.undoable && before != after)
    undo_.push(new KnobEdit(*this, changed->spec(), valueFromText(before), valueFromText(after), sent.session));
}

void KnobsPanel::undoKey(const QString& key) {
  const auto* top = undo_.index() > 0 ? static_cast<const KnobEdit*>(undo_.command(undo_.index() - 1)) : nullptr;
  if (top && top->key() == key) return undo_.undo();
  // An edit of an earlier session is in the run's log, not on this stack: going back is an edit of its own.
  if (key == noted_) send(key, before_, 0, true);
}

}  // namespace moe::ui
