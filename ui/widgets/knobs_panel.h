// SPDX-License-Identifier: GPL-3.0-or-later
// The knobs dock: rows made from the engine's declarations, edits sent at most every 50 ms per knob (latest value
// wins), one undo stack with merged drags.
#pragma once
#include <QTimer>
#include <QUndoStack>
#include <QWidget>
#include <map>
#include <vector>

#include "ui/bridge/run_controller.h"

class QHBoxLayout;
class QVBoxLayout;

namespace moe::ui {

class KnobRow;
class TypeLabel;

class KnobsPanel : public QWidget {
  Q_OBJECT
 public:
  explicit KnobsPanel(RunController& controller, QWidget* parent = nullptr);
  KnobRow* row(const QString& key) const;
  /// Shows only these settings, and says so; empty: all.
  void setShown(const QStringList& keys);
  const QStringList& shown() const { return shown_; }
  QUndoStack& undoStack() { return undo_; }
  /// Scrolls to a knob and focuses its field (from the locator).
  void reveal(const QString& key);
  /// Sends a value without an undo step; the undo commands use it.
  void send(const QString& key, const nlohmann::json& value, int session, bool undoable);

 signals:
  void newRunWanted();
  void findWanted();

 private:
  struct Pending {
    nlohmann::json value;
    int session = 0;
    bool undoable = true;
  };
  void rebuild();
  bool isOfTask(const KnobSpec& spec) const;
  void addShownLine(QVBoxLayout* column);
  void addGroup(const QString& name, QVBoxLayout* column);
  void addMore(const QString& name, QHBoxLayout* line, std::vector<KnobRow*> rare);
  void refresh();
  void edited(const QString& key, const nlohmann::json& value, int session);
  void sendPending();
  void answered(const QString& key, const Pending& sent, const Reply& reply);
  void undoKey(const QString& key);

  RunController& controller_;
  QUndoStack undo_;
  QWidget* content_ = nullptr;
  std::map<QString, KnobRow*> rows_;
  std::map<QString, Pending> pending_;
  QTimer debounce_;
  QString noted_;  // key whose third line is shown
  QStringList shown_;
  QString task_ = QStringLiteral("text");
  int experts_ = 0;        // as shown beside top-k
  nlohmann::json before_;  // its value before that edit
};

}  // namespace moe::ui
