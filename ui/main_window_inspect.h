// SPDX-License-Identifier: GPL-3.0-or-later
// Inspect perspective: large token strip over the way of one token; beside it the list of texts, the choice of colours
// and the field for the user's own text.
#pragma once
#include <QList>
#include <QWidget>

class QButtonGroup;
class QListWidget;
class QPlainTextEdit;
class QSplitter;
class QVBoxLayout;

namespace moe::ui {

class Panel;
class RunController;
class RunHistory;
class Selection;
class TokenPathPanel;
class TokenStripPanel;
class TypeLabel;

class InspectPage : public QWidget {
  Q_OBJECT
 public:
  InspectPage(RunHistory& history, Selection& selection, QWidget* parent = nullptr);
  const QList<Panel*>& panels() const { return panels_; }
  TokenStripPanel* strip() const { return strip_; }
  void toggleMaximised(Panel* panel);
  Panel* maximised() const { return maximised_; }

 private:
  TokenStripPanel* strip_;
  TokenPathPanel* path_;
  QList<Panel*> panels_;
  QSplitter* rows_;
  Panel* maximised_ = nullptr;
};

/// Left dock of the perspective.
class InspectSide : public QWidget {
  Q_OBJECT
 public:
  InspectSide(RunController& controller, Selection& selection, TokenStripPanel& strip, QWidget* parent = nullptr);
  QListWidget* domains() const { return domains_; }
  QPlainTextEdit* ownText() const { return text_; }
  QString answer() const;
  /// Sends the text to the engine; the strip then shows it.
  void routeOwnText();

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void buildColours(QVBoxLayout* column);
  void buildOwnText(QVBoxLayout* column);
  void fill();
  void chose();
  RunController& controller_;
  RunHistory& history_;
  Selection& selection_;
  TokenStripPanel& strip_;
  QListWidget* domains_;
  QButtonGroup* colours_ = nullptr;
  QPlainTextEdit* text_ = nullptr;
  TypeLabel* answer_ = nullptr;
};

}  // namespace moe::ui
