// SPDX-License-Identifier: GPL-3.0-or-later
#include <QHash>

#include "ui/widgets/studio_style.h"
#include "ui/widgets/theme.h"

namespace moe::ui {
namespace {

// @name is replaced by a colour, #n# by n design pixels at the display scale.
const char* const kSheet = R"(
QMenuBar { background: transparent; border: 0; }
QMenuBar::item { background: transparent; color: @text2; padding: #6#px #7#px; border-radius: 5px; }
QMenuBar::item:selected, QMenuBar::item:pressed { background: @hover; color: @text; }
QMenu { background: @canvas; color: @text; border: 1px solid @soft; padding: #6#px 0; }
QMenu::item { padding: #5#px #28#px #5#px #28#px; }
QMenu::item:selected { background: @accentWash; color: @text; }
QMenu::item:disabled { color: @text3; }
QMenu::separator { height: 1px; background: @line; margin: #6#px #12#px; }
QToolTip { background: @canvas; color: @text; border: 1px solid @soft; padding: #4#px #6#px; }
QScrollBar:vertical { background: transparent; width: #10#px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: #10#px; margin: 0; }
QScrollBar::handle { background: @soft; border-radius: #3#px; margin: #2#px; }
QScrollBar::handle:hover { background: @edge; }
QScrollBar::handle:vertical { min-height: #28#px; }
QScrollBar::handle:horizontal { min-width: #28#px; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QMainWindow::separator { background: @line; width: 1px; height: 1px; }
QMainWindow::separator:hover { background: @accent; }
QSplitter::handle { background: @canvas; }
QSplitter::handle:vertical { border-top: 1px solid @line; }
QSplitter::handle:horizontal { border-left: 1px solid @line; }
QSplitter::handle:vertical:hover { border-top: 2px solid @accent; }
QSplitter::handle:horizontal:hover { border-left: 2px solid @accent; }
QToolBar { background: @rail; border: 0; border-right: 1px solid @line; padding: 0; spacing: 0; }
QTabBar { background: transparent; }
QTabBar::tab { background: transparent; color: @text2; padding: #4#px 0 #5#px 0; margin-right: #18#px;
  border: 0; border-bottom: 2px solid transparent; }
QTabBar::tab:hover { color: @text; }
QTabBar::tab:selected { color: @text; border-bottom: 2px solid @accent; }
QTabBar::tab:focus { color: @accent; }
QTabWidget::pane { border: 0; }
QHeaderView::section { background: @dock; color: @text2; border: 0; border-bottom: 1px solid @line;
  padding: #5#px #8#px; }
QTableView, QListView, QTreeView { background: @canvas; color: @text; border: 1px solid @line;
  gridline-color: @grid; selection-background-color: @accentWash; selection-color: @text; outline: 0; }
QComboBox QAbstractItemView { border: 1px solid @soft; padding: #4#px 0; }
QListView::item { padding: #4#px #8#px; border: 0; }
QListView::item:hover { background: @hover; color: @text; }
QListView::item:selected { background: @accentWash; color: @text; }
QListView::item:disabled { color: @text3; }
QProgressBar { background: @sunken; border: 0; border-radius: #2#px; max-height: #4#px; }
QProgressBar::chunk { background: @accentFill; border-radius: #2#px; }
)";

}  // namespace

QString styleSheet(const Theme& theme) {
  QString sheet = QString::fromUtf8(kSheet);
  // Longest name first: @text would eat the head of @text2.
  const std::pair<const char*, Role> names[] = {{"@accentWash", Role::accentWash},
                                                {"@accentFill", Role::accentFill},
                                                {"@accent", Role::accent},
                                                {"@canvas", Role::canvas},
                                                {"@sunken", Role::sunken},
                                                {"@hover", Role::hover},
                                                {"@text2", Role::text2},
                                                {"@text3", Role::text3},
                                                {"@text", Role::text},
                                                {"@dock", Role::dock},
                                                {"@soft", Role::soft},
                                                {"@edge", Role::edge},
                                                {"@line", Role::line},
                                                {"@rail", Role::rail},
                                                {"@grid", Role::grid}};
  for (const auto& [name, role] : names) sheet.replace(QLatin1String(name), theme.color(role).name());
  for (int n : {2, 3, 4, 5, 6, 7, 8, 10, 12, 18, 28})
    sheet.replace(QStringLiteral("#%1#").arg(n), QString::number(theme.px(n)));
  return sheet;
}

}  // namespace moe::ui
