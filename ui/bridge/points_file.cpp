// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/bridge/points_file.h"

#include <QFile>
#include <QFileInfo>
#include <QRegularExpression>
#include <QStringList>

namespace moe::ui {

bool looksLikePoints(const QString& file) {
  constexpr qint64 kHead = 8'192;
  constexpr int kMostRows = 20, kLeastRows = 2;
  QFile in(file);
  if (!QFileInfo(file).isFile() || !in.open(QIODevice::ReadOnly)) return false;
  QStringList lines = QString::fromUtf8(in.read(kHead)).split(QLatin1Char('\n'), Qt::SkipEmptyParts);
  if (!in.atEnd() && !lines.isEmpty()) lines.removeLast();  // cut in the middle
  static const QRegularExpression divider(QStringLiteral("[,;\t]"));
  int rows = 0;
  for (qsizetype i = 0; i < lines.size() && i < kMostRows; ++i) {
    const QStringList fields = lines[i].trimmed().split(divider);
    bool x = false, y = false;
    if (fields.size() == 3) {
      static_cast<void>(fields[0].trimmed().toDouble(&x));
      static_cast<void>(fields[1].trimmed().toDouble(&y));
    }
    if (x && y)
      ++rows;
    else if (i > 0)  // only a header may hold words
      return false;
  }
  return rows >= kLeastRows;
}

}  // namespace moe::ui
