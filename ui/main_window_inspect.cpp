// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/main_window_inspect.h"

#include <QButtonGroup>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QListWidget>
#include <QPainter>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QRadioButton>
#include <QSplitter>
#include <QStyledItemDelegate>
#include <QVBoxLayout>
#include <cmath>

#include "ui/bridge/run_controller.h"
#include "ui/bridge/run_history.h"
#include "ui/bridge/selection.h"
#include "ui/panels/token_path_panel.h"
#include "ui/panels/token_strip_panel.h"
#include "ui/widgets/labels.h"

namespace moe::ui {
namespace {

enum ListRole { StripRole = Qt::UserRole, LossRole, ShareRole };

/// Name, bar of the loss, figure; the chosen row has the wash.
class TextRow : public QStyledItemDelegate {
 public:
  using QStyledItemDelegate::QStyledItemDelegate;
  QSize sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const override {
    return {Theme::instance().px(100), Theme::instance().px(28)};
  }
  void paint(QPainter* p, const QStyleOptionViewItem& option, const QModelIndex& index) const override {
    const Theme& theme = Theme::instance();
    const bool on = option.state & QStyle::State_Selected;
    p->save();
    p->setRenderHint(QPainter::Antialiasing);
    const QRect row = option.rect;
    if (on || (option.state & QStyle::State_MouseOver)) {
      p->setPen(Qt::NoPen);
      p->setBrush(theme.color(on ? Role::accentWash : Role::hover));
      p->drawRoundedRect(row, theme.px(4), theme.px(4));
    }
    if (on && (option.state & QStyle::State_HasFocus)) {
      p->setPen(QPen(theme.color(Role::accent), 1.5));
      p->setBrush(Qt::NoBrush);
      p->drawRoundedRect(QRectF(row).adjusted(1, 1, -1, -1), theme.px(4), theme.px(4));
    }
    p->setFont(theme.font(on ? Type::title13 : Type::control13));
    p->setPen(theme.color(Role::text));
    const QString loss = formatFixed(index.data(LossRole).toDouble(), 2);
    const int bar = theme.px(56), right = row.right() - theme.px(8);
    const QString name =
        QFontMetrics(p->font()).elidedText(index.data().toString(), Qt::ElideRight, row.width() - bar - theme.px(64));
    p->drawText(row.adjusted(theme.px(8), 0, 0, 0), Qt::AlignVCenter | Qt::AlignLeft, name);
    p->setFont(theme.font(Type::control13));
    p->drawText(QRect(row.left(), row.top(), right - row.left(), row.height()), Qt::AlignVCenter | Qt::AlignRight,
                loss);
    const double share = index.data(ShareRole).toDouble();
    if (std::isfinite(share) && share > 0) {
      const double x = right - theme.px(40) - bar, y = row.center().y() - theme.px(2) + 0.5;
      p->setPen(Qt::NoPen);
      p->setBrush(theme.color(Role::sunken));
      p->drawRoundedRect(QRectF(x, y, bar, theme.px(4)), 2, 2);
      p->setBrush(theme.color(on ? Role::accent : Role::edge));
      p->drawRoundedRect(QRectF(x, y, bar * std::min(share, 1.0), theme.px(4)), 2, 2);
    }
    p->restore();
  }
};

}  // namespace

InspectPage::InspectPage(RunHistory& history, Selection& selection, QWidget* parent) : QWidget(parent) {
  strip_ = new TokenStripPanel(history, selection, this);
  strip_->setLarge(true);
  path_ = new TokenPathPanel(history, selection, this);
  panels_ = {strip_, path_};
  rows_ = new QSplitter(Qt::Vertical, this);
  rows_->setChildrenCollapsible(false);
  rows_->setHandleWidth(Theme::instance().px(5));
  rows_->addWidget(strip_);
  rows_->addWidget(path_);
  rows_->setStretchFactor(0, 2);
  rows_->setStretchFactor(1, 3);
  rows_->setSizes({Theme::instance().px(245), Theme::instance().px(395)});
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->addWidget(rows_);
}

void InspectPage::toggleMaximised(Panel* panel) {
  maximised_ = panel && panel != maximised_ ? panel : nullptr;
  for (Panel* each : panels_) each->setVisible(!maximised_ || each == maximised_);
}

// ---- left dock ------------------------------------------------------------------------------------------------

InspectSide::InspectSide(RunController& controller, Selection& selection, TokenStripPanel& strip, QWidget* parent)
    : QWidget(parent), controller_(controller), history_(controller.history()), selection_(selection), strip_(strip) {
  const Theme& theme = Theme::instance();
  setObjectName(QStringLiteral("inspectSide"));
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(theme.px(8), theme.px(4), theme.px(8), theme.px(12));
  column->setSpacing(theme.px(6));
  auto* head = new QHBoxLayout;
  head->setContentsMargins(theme.px(8), 0, theme.px(8), 0);
  head->addWidget(new TypeLabel(tr("Held-out text"), Type::figure12, Role::text2, this));
  head->addStretch(1);
  head->addWidget(new TypeLabel(tr("loss, nats"), Type::caption12, Role::text2, this));
  column->addLayout(head);
  domains_ = new QListWidget(this);
  domains_->setItemDelegate(new TextRow(domains_));
  domains_->setFrameShape(QFrame::NoFrame);
  domains_->setStyleSheet(QStringLiteral("QListWidget { background: transparent; border: 0; }"));
  domains_->setMouseTracking(true);
  domains_->setAccessibleName(tr("Held-out texts by domain, with their loss"));
  domains_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  column->addWidget(domains_, 1);
  buildColours(column);
  buildOwnText(column);
  connect(domains_, &QListWidget::currentRowChanged, this, &InspectSide::chose);
  connect(&history_, &RunHistory::updated, this, &InspectSide::fill);
  connect(&history_, &RunHistory::runChanged, this, &InspectSide::fill);
  // The path below always is of a token of the text above, also of one that was chosen in another perspective.
  connect(&selection_, &Selection::tokenChanged, this, [this] {
    if (const auto token = selection_.token())
      strip_.setDomain(token->strip < 0 ? TokenStripPanel::kOwnText : token->strip);
  });
  connect(&strip_, &TokenStripPanel::domainChanged, this, [this](int domain) {
    const QSignalBlocker quiet(domains_);
    for (int i = 0; i < domains_->count(); ++i)
      if (domains_->item(i)->data(StripRole).toInt() == domain) return domains_->setCurrentRow(i);
    domains_->setCurrentRow(-1);
  });
  fill();
}

void InspectSide::buildColours(QVBoxLayout* column) {
  const Theme& theme = Theme::instance();
  auto* title = new TypeLabel(tr("Colour by"), Type::title13, Role::text, this);
  title->setContentsMargins(theme.px(8), theme.px(6), 0, 0);
  column->addWidget(title);
  colours_ = new QButtonGroup(this);
  const std::pair<TokenColours, QString> kinds[] = {{TokenColours::holders, tr("selected and pinned")},
                                                    {TokenColours::firstChoice, tr("first choice in the layer")},
                                                    {TokenColours::doubt, tr("router’s doubt (entropy)")},
                                                    {TokenColours::loss, tr("loss of each token")}};
  for (const auto& [kind, words] : kinds) {
    auto* radio = new QRadioButton(words, this);
    radio->setChecked(kind == TokenColours::holders);
    colours_->addButton(radio, static_cast<int>(kind));
    auto* line = new QHBoxLayout;
    line->setContentsMargins(theme.px(8), 0, 0, 0);
    line->addWidget(radio);
    column->addLayout(line);
  }
  connect(colours_, &QButtonGroup::idClicked, this,
          [this](int id) { strip_.setColours(static_cast<TokenColours>(id)); });
  connect(&strip_, &TokenStripPanel::coloursChanged, this, [this] {
    if (auto* button = colours_->button(static_cast<int>(strip_.view()->colours()))) button->setChecked(true);
  });
}

void InspectSide::buildOwnText(QVBoxLayout* column) {
  const Theme& theme = Theme::instance();
  auto* head = new QHBoxLayout;
  head->setContentsMargins(theme.px(8), theme.px(6), theme.px(8), 0);
  head->addWidget(new TypeLabel(tr("Try your own"), Type::title13, Role::text, this));
  head->addStretch(1);
  head->addWidget(new TypeLabel(tr("Enter routes it"), Type::caption12, Role::text2, this));
  column->addLayout(head);
  text_ = new QPlainTextEdit(this);
  text_->setPlaceholderText(tr("Type a sentence, some code, a sum …"));
  text_->setAccessibleName(tr("Your own text; Enter sends it through the model"));
  text_->setTabChangesFocus(true);
  text_->setFixedHeight(theme.px(64));
  text_->installEventFilter(this);
  answer_ = new TypeLabel(QString(), Type::tick11, Role::text2, this);
  answer_->setWordWrap(true);
  auto* box = new QVBoxLayout;
  box->setContentsMargins(theme.px(8), 0, theme.px(8), 0);
  box->addWidget(text_);
  box->addWidget(answer_);
  column->addLayout(box);
}

QString InspectSide::answer() const { return answer_->text(); }

bool InspectSide::eventFilter(QObject* watched, QEvent* event) {
  if (watched == text_ && event->type() == QEvent::KeyPress) {
    const auto* key = static_cast<QKeyEvent*>(event);
    if ((key->key() == Qt::Key_Return || key->key() == Qt::Key_Enter) && !(key->modifiers() & Qt::ShiftModifier)) {
      routeOwnText();
      return true;
    }
  }
  return QWidget::eventFilter(watched, event);
}

void InspectSide::routeOwnText() {
  const QString text = text_->toPlainText();
  answer_->setRole(Role::text2);
  if (text.isEmpty()) return answer_->setText(tr("Type something first."));
  if (!controller_.canRun()) return answer_->setText(tr("A run must be open: its model routes the text."));
  answer_->setText(tr("Waiting for the step in flight …"));
  const auto routed = [this](const Reply& reply) {
    answer_->setRole(reply.ok ? Role::text2 : Role::error);
    if (!reply.ok) return answer_->setText(QString::fromStdString(reply.error.message));
    const auto trace = history_.ownTrace();
    answer_->setText(tr("%n token(s), loss %1, at step %2", nullptr, trace->tokens())
                         .arg(formatFixed(trace->loss, 2), formatCount(reply.step)));
    strip_.setDomain(TokenStripPanel::kOwnText);
    selection_.selectToken(TokenRef{-1, 0});
  };
  controller_.inspect(text, ifAlive(this, routed));
}

void InspectSide::fill() {
  const QSignalBlocker quiet(domains_);
  const auto& domains = history_.info().domains;
  const int many = history_.hasRun() ? static_cast<int>(domains.size()) : 0;
  if (domains_->count() != many) {
    domains_->clear();
    for (int d = 0; d < many; ++d) {
      auto* item = new QListWidgetItem(QString::fromStdString(domains[static_cast<std::size_t>(d)]), domains_);
      item->setData(StripRole, d);
    }
    if (many > 0 && strip_.domain() == TokenStripPanel::kAllDomains) strip_.setDomain(0);  // one text, read closely
    const int row = strip_.domain();
    domains_->setCurrentRow(row >= 0 && row < many ? row : -1);
  }
  const auto& evals = history_.evals();
  const protocol::EvalReport* eval = nullptr;
  for (const auto& each : evals)
    if (each.step <= history_.viewStep()) eval = &each;
  double highest = 0;
  if (eval)
    for (const double loss : eval->domain_loss)
      if (std::isfinite(loss)) highest = std::max(highest, loss);
  for (int d = 0; d < many; ++d) {
    const bool known = eval && static_cast<std::size_t>(d) < eval->domain_loss.size();
    const double loss = known ? eval->domain_loss[static_cast<std::size_t>(d)] : std::nan("");
    QListWidgetItem* item = domains_->item(d);
    item->setData(LossRole, loss);
    item->setData(ShareRole, highest > 0 ? loss / highest : 0);
    item->setData(Qt::AccessibleTextRole, tr("%1, loss %2").arg(item->text(), formatFixed(loss, 2)));
  }
}

void InspectSide::chose() {
  const QListWidgetItem* item = domains_->currentItem();
  if (!item) return;
  const int strip = item->data(StripRole).toInt();
  strip_.setDomain(strip);
  if (!selection_.token() || selection_.token()->strip != strip) selection_.selectToken(TokenRef{strip, 0});
}

}  // namespace moe::ui
