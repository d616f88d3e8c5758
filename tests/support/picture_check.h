// SPDX-License-Identifier: GPL-3.0-or-later
// Comparing what was painted with a committed picture. The offscreen platform paints the same pixels every time;
// another version of the font renderer may shade edges otherwise, and that is tolerated.
#pragma once
#include <QDir>
#include <QHash>
#include <QImage>
#include <QString>
#include <cstdlib>
#include <vector>

namespace moe::test {

constexpr int kChannel = 40;  // a pixel differs from here on: antialiasing stays below

/// Sixteen levels a channel: what is left of antialiasing is small, and so are the files.
inline QImage coarse(const QImage& painted) {
  QImage image = painted.convertToFormat(QImage::Format_RGB32);
  for (int y = 0; y < image.height(); ++y) {
    auto* line = reinterpret_cast<QRgb*>(image.scanLine(y));
    for (int x = 0; x < image.width(); ++x) line[x] = 0xFF000000 | (line[x] & 0xF0F0F0) | ((line[x] & 0xF0F0F0) >> 4);
  }
  return image;
}

/// The same pixels with a palette when 256 colours are enough: files of half the size.
inline QImage indexed(const QImage& image) {
  QHash<QRgb, int> index;
  QList<QRgb> table;
  QImage out(image.size(), QImage::Format_Indexed8);
  for (int y = 0; y < image.height(); ++y)
    for (int x = 0; x < image.width(); ++x) {
      const QRgb colour = image.pixel(x, y);
      auto at = index.find(colour);
      if (at == index.end()) {
        if (table.size() == 256) return image;
        at = index.insert(colour, static_cast<int>(table.size()));
        table << colour;
      }
      out.scanLine(y)[x] = static_cast<uchar>(*at);
    }
  out.setColorTable(table);
  return out;
}

inline bool differs(QRgb a, QRgb b) {
  return std::abs(qRed(a) - qRed(b)) > kChannel || std::abs(qGreen(a) - qGreen(b)) > kChannel ||
         std::abs(qBlue(a) - qBlue(b)) > kChannel;
}

/// How two pictures of one size differ.
struct Difference {
  double share = 0;  // of all pixels
  double worst = 0;  // share in the square of kSquare pixels where it is largest
  QPoint where;      // that square's corner
  QImage picture;    // the second one pale, what differs in red
};
constexpr int kSquare = 24;

inline Difference compare(const QImage& a, const QImage& b) {
  Difference out;
  out.picture = b.convertToFormat(QImage::Format_RGB32);
  if (a.size() != b.size()) {
    out.share = out.worst = 1;
    return out;
  }
  const int columns = (a.width() + kSquare - 1) / kSquare;
  std::vector<int> counts(static_cast<std::size_t>(columns * ((a.height() + kSquare - 1) / kSquare)));
  qint64 all = 0;
  for (int y = 0; y < a.height(); ++y)
    for (int x = 0; x < a.width(); ++x) {
      const QRgb q = out.picture.pixel(x, y);
      const bool other = differs(a.pixel(x, y), q);
      out.picture.setPixel(x, y,
                           other ? qRgb(220, 0, 0) : qRgb(200 + qRed(q) / 6, 200 + qGreen(q) / 6, 200 + qBlue(q) / 6));
      if (!other) continue;
      ++all;
      int& count = counts[static_cast<std::size_t>(y / kSquare * columns + x / kSquare)];
      if (const double share = ++count / double(kSquare * kSquare); share > out.worst) {
        out.worst = share;
        out.where = QPoint(x / kSquare * kSquare, y / kSquare * kSquare);
      }
    }
  out.share = static_cast<double>(all) / (static_cast<double>(a.width()) * a.height());
  return out;
}

}  // namespace moe::test
