// SPDX-License-Identifier: GPL-3.0-or-later
// Base of every panel: a title line, orange badges while something is hidden, maximise on double click, and the three
// exports (PNG, SVG, CSV) plus "Show as table" from one table of plain values.
#pragma once
#include <QFrame>
#include <QString>
#include <QStringList>
#include <vector>

class QHBoxLayout;
class QLabel;
class QSvgGenerator;

namespace moe::ui {

class RunHistory;
class Selection;

/// What a panel shows, as plain values: the CSV and the table view.
struct PanelTable {
  QStringList columns;
  std::vector<QStringList> rows;
};

class Panel : public QFrame {
  Q_OBJECT
 public:
  Panel(const QString& title, RunHistory& history, Selection& selection, QWidget* parent = nullptr);
  QString title() const { return title_; }
  void setTitle(const QString& title);
  void setTitleShown(bool shown);         // where there is no room for words beside the controls
  void setSubtitle(const QString& text);  // muted words beside the title
  void setBadge(const QString& text);     // orange; empty hides it
  QHBoxLayout* headerLayout() const;      // right side of the title line, for small controls
  /// Puts a control (tabs) in the place of the title\'s words; the panel takes ownership, null brings the words back.
  void setTitleWidget(QWidget* widget);
  void setBody(QWidget* body);  // the picture
  QWidget* body() const { return body_; }
  /// Values behind the picture, in natural order, locale-independent figures.
  virtual PanelTable table() const = 0;
  /// Renders the panel's body at its size times `scale`; the file's ending decides PNG or SVG. Returns an error
  /// sentence or an empty string.
  QString savePicture(const QString& file, qreal scale = 2.0);
  QString saveCsv(const QString& file) const;

 signals:
  void maximiseRequested();
  void tableRequested();

 protected:
  /// Called on RunHistory::updated() when visible; hidden panels are called once when shown again.
  virtual void refresh() = 0;
  void showEvent(QShowEvent*) override;
  void mouseDoubleClickEvent(QMouseEvent*) override;
  void contextMenuEvent(QContextMenuEvent*) override;
  RunHistory& history_;
  Selection& selection_;

 private:
  void onUpdated();
  QString title_;
  QWidget* body_ = nullptr;
  bool stale_ = true;
  struct Chrome;
  Chrome* chrome_ = nullptr;
};

}  // namespace moe::ui
