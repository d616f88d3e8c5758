// SPDX-License-Identifier: GPL-3.0-or-later
// New run: a preset, the text to train on, the sizes and the seed. The engine judges; its refusal is shown under the
// field.
#pragma once
#include <QDialog>
#include <map>

#include "ui/bridge/run_controller.h"

class QLabel;
class QLineEdit;
class QListWidget;
class QProgressBar;
class QPushButton;
class QVBoxLayout;

namespace moe::ui {

class KnobField;
class LinkButton;
class TypeLabel;

class NewRunDialog : public QDialog {
  Q_OBJECT
 public:
  explicit NewRunDialog(RunController& controller, QWidget* parent = nullptr);
  void setPreset(const QString& name);
  void setData(const QString& path);
  /// A drawing of points; null takes it away.
  void setPoints(nlohmann::ordered_json points);
  /// Starts from settings of a run: its preset, and every value that differs from it.
  void takeSettings(const QString& preset, const nlohmann::ordered_json& config);
  NewRunRequest request() const;
  QString problem() const;
  KnobField* field(const QString& key) const;
  QPushButton* drawButton() const { return draw_; }
  const QString& task() const { return task_; }  // "text" or "plane", of the chosen preset
  QPushButton* startButton() const { return start_; }
  QListWidget* presets() const { return presets_; }

 protected:
  void dragEnterEvent(QDragEnterEvent*) override;
  void dropEvent(QDropEvent*) override;

 private:
  struct Entry {
    KnobSpec spec;
    KnobField* field = nullptr;
    TypeLabel* error = nullptr;
    QWidget* row = nullptr;
    bool rare = false;
  };
  QWidget* buildPresets();
  QWidget* buildForm();
  void addData(QVBoxLayout* column);
  void addEntry(const KnobSpec& spec, QVBoxLayout* column);
  void presetChosen();
  void showValues();
  void showTask();
  void draw();
  void begin();
  void refused(const protocol::ErrorInfo& error);
  void clearErrors();
  void setBusy(bool busy);

  RunController& controller_;
  QListWidget* presets_;
  QLineEdit* data_ = nullptr;
  TypeLabel *dataTitle_ = nullptr, *dataNote_ = nullptr;
  QPushButton *folder_ = nullptr, *draw_ = nullptr;
  QString task_;
  nlohmann::ordered_json points_;  // null, or a drawing
  std::map<QString, Entry> entries_;
  nlohmann::ordered_json overrides_;  // what differs from the preset
  TypeLabel* problem_ = nullptr;
  QProgressBar* bar_ = nullptr;
  QPushButton *start_ = nullptr, *cancel_ = nullptr;
  LinkButton* more_ = nullptr;
  bool busy_ = false;
};

}  // namespace moe::ui
