// SPDX-License-Identifier: GPL-3.0-or-later
// A tile of the Welcome: a picture of what a preset really did, a title and a line.
#pragma once
#include <QAbstractButton>

#include "ui/bridge/tile_maker.h"

namespace moe::ui {

class WelcomeTile : public QAbstractButton {
  Q_OBJECT
 public:
  enum Kind { Plane, Collapse, Language, OwnText, OwnPoints, OpenRun };
  WelcomeTile(Kind kind, const QString& title, const QString& line, QWidget* parent = nullptr);
  Kind kind() const { return kind_; }
  void setPictures(const TilePictures& pictures);
  /// The picture is measured (or needs none); else the tile says that it is being made.
  bool hasPicture() const;
  void setCurrent(bool current);  // what runs behind the tiles
  QSize sizeHint() const override;

 protected:
  void paintEvent(QPaintEvent*) override;

 private:
  void paintPicture(QPainter& painter, const QRectF& box) const;
  void paintCollapse(QPainter& painter, const QRectF& box) const;
  void paintText(QPainter& painter, const QRectF& box) const;
  void paintFolder(QPainter& painter, const QRectF& box) const;
  Kind kind_;
  QString line_;
  TilePictures pictures_;
  bool current_ = false;
};

}  // namespace moe::ui
