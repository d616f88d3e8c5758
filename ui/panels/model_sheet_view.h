// SPDX-License-Identifier: GPL-3.0-or-later
// Painted part of the model sheet: a column for the user's model and one for a published system.
#pragma once
#include <QWidget>

#include "ui/panels/model_sheet_rows.h"

namespace moe::ui {

class ModelSheetView : public QWidget {
  Q_OBJECT
 public:
  explicit ModelSheetView(QWidget* parent = nullptr);
  /// `missing`: what stands in the left column while there is no model of ours.
  void setSheets(const std::optional<protocol::ModelSheet>& ours, const std::optional<protocol::ModelSheet>& theirs,
                 const QString& missing);
  const std::vector<SheetRow>& rows() const { return rows_; }
  QSize sizeHint() const override;
  bool hasHeightForWidth() const override { return true; }
  int heightForWidth(int width) const override;

 protected:
  void paintEvent(QPaintEvent*) override;

 private:
  struct Columns {
    QRectF label, ours, theirs;  // of zero height at y = 0
    QRectF words() const { return {label.left(), 0, ours.right() - label.left(), 0}; }
  };
  Columns columns(double width) const;
  double rowHeight(const SheetRow& row, double width) const;
  double headHeight() const;
  void paintHead(QPainter& painter, const Columns& at) const;
  void paintRow(QPainter& painter, const SheetRow& row, const QRectF& box, const Columns& at) const;
  void paintCell(QPainter& painter, const SheetCell& cell, SheetRow::Kind kind, const QRectF& box) const;
  std::vector<SheetRow> rows_;
  QString ourTitle_, ourLine_, theirTitle_, theirLine_, missing_;
};

}  // namespace moe::ui
