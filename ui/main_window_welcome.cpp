// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/main_window_welcome.h"

#include <QCheckBox>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QPainter>
#include <QVBoxLayout>

#include "ui/bridge/run_controller.h"
#include "ui/bridge/run_history.h"
#include "ui/panels/coach_bubble.h"
#include "ui/panels/plane_view.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/labels.h"

namespace moe::ui {
namespace {

constexpr int kMadeAfterMs = 4'000;  // the plane behind the tiles comes first

/// White sheet with round corners; the plane shows around it.
class Sheet : public QWidget {
 public:
  using QWidget::QWidget;

 protected:
  void paintEvent(QPaintEvent*) override {
    const Theme& theme = Theme::instance();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(theme.color(Role::soft), 1));
    painter.setBrush(theme.color(Role::canvas));
    painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), theme.px(10), theme.px(10));
  }
};

}  // namespace

NewRunRequest WelcomePage::firstRun() {
  NewRunRequest out;
  out.preset = QStringLiteral("plane-blobs");
  out.settings["balance.coefficient"] = 0.0;
  out.settings["optim.schedule"] = "constant";
  out.settings["train.steps"] = 20'000;  // it is watched, not waited for
  return out;
}

WelcomePage::WelcomePage(RunController& controller, Selection& selection, QWidget* parent)
    : QWidget(parent), controller_(controller) {
  setObjectName(QStringLiteral("welcomePage"));
  setAccessibleName(tr("Welcome"));
  view_ = new PlaneView(controller.history(), controller.plane(), selection, this);
  view_->setFilling(true);
  view_->setProbing(false);
  view_->setFocusPolicy(Qt::NoFocus);
  view_->setCursor(Qt::ArrowCursor);
  sheet_ = buildTiles();
  coach_ = new CoachBubble(controller, this);
  connect(coach_, &CoachBubble::closed, this, [this] {
    coach_->hide();
    coverView();
  });
  connect(coach_, &CoachBubble::edited, this, &WelcomePage::knobEdited);
  connect(&tiles_, &TileMaker::changed, this, [this] {
    for (WelcomeTile* button : buttons_) button->setPictures(tiles_.pictures());
  });
  coachTimer_.setSingleShot(true);
  connect(&coachTimer_, &QTimer::timeout, this, [this] { coached_ = isVisible() && letCoachSpeak(); });
  connect(&controller.plane(), &PlaneHistory::updated, this, &WelcomePage::waitForCoach);
}

QWidget* WelcomePage::buildTiles() {
  const Theme& theme = Theme::instance();
  auto* sheet = new Sheet(this);
  sheet->setObjectName(QStringLiteral("welcomeSheet"));
  auto* column = new QVBoxLayout(sheet);
  column->setContentsMargins(theme.px(24), theme.px(18), theme.px(24), theme.px(16));
  column->setSpacing(theme.px(10));
  auto* head = new QHBoxLayout;
  head->addWidget(new TypeLabel(tr("See experts divide the work"), Type::counter20, Role::text, sheet), 1);
  auto* close = new IconButton(Icon::close, tr("Close the Welcome (Escape)"), sheet);
  close->setObjectName(QStringLiteral("welcomeClose"));
  connect(close, &IconButton::clicked, this, &WelcomePage::dismissed);
  head->addWidget(close);
  column->addLayout(head);
  column->addWidget(new TypeLabel(tr("Behind this sheet a model is learning. Each colour is one expert."),
                                  Type::control13, Role::text2, sheet));
  auto* grid = new QGridLayout;
  grid->setSpacing(theme.px(6));  // and 4 px of each tile are room for its focus ring
  const std::tuple<WelcomeTile::Kind, QString, QString> tiles[] = {
      {WelcomeTile::Plane, tr("Divide the plane"), tr("Watch experts share it out")},
      {WelcomeTile::Collapse, tr("Break it: routing collapse"), tr("Few take all. Repair it.")},
      {WelcomeTile::Language, tr("A tiny language model"), tr("Eight kinds of text")},
      {WelcomeTile::OwnText, tr("Your own text"), tr("Train on a file or a folder")},
      {WelcomeTile::OwnPoints, tr("Your own points"), tr("Draw them, train on them")},
      {WelcomeTile::OpenRun, tr("Open a run"), tr("Go on where one was saved")}};
  int at = 0;
  for (const auto& [kind, title, line] : tiles) {
    auto* tile = new WelcomeTile(kind, title, line, sheet);
    buttons_ << tile;
    grid->addWidget(tile, at / 2, at % 2);
    ++at;
    connect(tile, &WelcomeTile::clicked, this, [this, kind = kind] { emit chosen(kind); });
  }
  column->addLayout(grid, 1);
  auto* foot = new QHBoxLayout;
  show_ = new QCheckBox(tr("Show at start"), sheet);
  show_->setChecked(true);
  foot->addWidget(show_);
  foot->addStretch(1);
  auto* tour = new LinkButton(tr("Tour of the window"), Role::text2, sheet);
  tour->setObjectName(QStringLiteral("welcomeTour"));
  connect(tour, &LinkButton::clicked, this, &WelcomePage::tourWanted);
  foot->addWidget(tour);
  foot->addSpacing(theme.px(16));
  foot->addWidget(new TypeLabel(tr("Esc closes"), Type::caption12, Role::text2, sheet));
  column->addLayout(foot);
  return sheet;
}

WelcomeTile* WelcomePage::tile(WelcomeTile::Kind kind) const {
  for (WelcomeTile* button : buttons_)
    if (button->kind() == kind) return button;
  return nullptr;
}

void WelcomePage::makePictures(const QString& program, bool reduced) {
  if (tiles_.load(controller_.hello().version) || reduced || program.isEmpty()) return;
  QTimer::singleShot(kMadeAfterMs, this, [this, program] {
    if (isVisible()) tiles_.make(program);
  });
}

/// The coach speaks once, some seconds after the first picture.
void WelcomePage::waitForCoach() {
  const bool wanted = isVisible() && !coached_ && controller_.plane().picture() && controller_.isRunning();
  if (wanted && !coachTimer_.isActive()) coachTimer_.start(coachMs_);
}

bool WelcomePage::letCoachSpeak() {
  const bool spoke = coach_->speak();
  coverView();
  return spoke;
}

void WelcomePage::place() {
  const Theme& theme = Theme::instance();
  view_->setGeometry(rect());
  const int width = std::min(theme.px(466), this->width() - theme.px(24));
  const int height = std::min(theme.px(618), this->height() - theme.px(24));
  sheet_->setGeometry(theme.px(40), std::max(theme.px(12), (this->height() - height) / 2 - theme.px(4)), width, height);
  coach_->place();
  coverView();
}

/// No label of a region stands under the sheet or the coach.
void WelcomePage::coverView() {
  std::vector<QRectF> covered{sheet_->geometry()};
  if (coach_->isVisible()) covered.emplace_back(coach_->geometry());
  view_->setCovered(covered);
}

void WelcomePage::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  place();
}

void WelcomePage::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  place();
  buttons_.front()->setFocus();
  for (WelcomeTile* button : buttons_) button->setCurrent(button->kind() == WelcomeTile::Plane);
}

void WelcomePage::hideEvent(QHideEvent* event) {
  QWidget::hideEvent(event);
  coachTimer_.stop();
  tiles_.stop();
}

void WelcomePage::keyPressEvent(QKeyEvent* event) {
  if (event->key() == Qt::Key_Escape) {
    if (coach_->isVisible()) return emit coach_->closed();
    return emit dismissed();
  }
  QWidget::keyPressEvent(event);
}

}  // namespace moe::ui
