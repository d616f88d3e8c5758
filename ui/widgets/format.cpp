// SPDX-License-Identifier: GPL-3.0-or-later
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "ui/widgets/theme.h"

namespace moe::ui {
namespace {

const QString kAbsent = QStringLiteral("–");
const QChar kMinus = QChar(0x2212);

QString digits(double v, int decimals) {
  std::array<char, 400> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), v, std::chars_format::fixed, decimals);
  return end.ec == std::errc{} ? QString::fromLatin1(text.data(), end.ptr - text.data()) : kAbsent;
}

QString grouped(QString whole) {
  for (qsizetype at = whole.size() - 3; at > 0; at -= 3) whole.insert(at, QLatin1Char(','));
  return whole;
}

}  // namespace

QString formatCount(qint64 n) {
  const QString text = grouped(QString::number(n < 0 ? 0 - static_cast<quint64>(n) : static_cast<quint64>(n)));
  return n < 0 ? kMinus + text : text;
}

QString formatFixed(double v, int decimals) {
  if (!std::isfinite(v)) return kAbsent;
  const QString text = digits(std::abs(v), decimals);
  const qsizetype point = text.indexOf(QLatin1Char('.'));
  const QString whole = grouped(point < 0 ? text : text.left(point));
  const bool zero = text.count(QLatin1Char('0')) + (point < 0 ? 0 : 1) == text.size();
  return (v < 0 && !zero ? QString(kMinus) : QString()) + whole + (point < 0 ? QString() : text.mid(point));
}

QString formatShort(double v) {
  if (!std::isfinite(v)) return kAbsent;
  static constexpr std::array<const char*, 5> kUnits{"", " k", " M", " G", " T"};
  double scaled = std::abs(v);
  std::size_t unit = 0;
  // 999.5 would print as "1000": round first, so the unit changes where the figure does.
  while (scaled >= 999.5 && unit + 1 < kUnits.size()) {
    scaled /= 1000;
    ++unit;
  }
  const int decimals = scaled >= 99.95 || (unit == 0 && scaled >= 10) ? 0 : scaled >= 9.995 ? 1 : unit == 0 ? 2 : 1;
  return formatFixed(v < 0 ? -scaled : scaled, decimals) + QLatin1String(kUnits[unit]);
}

QString formatRatio(double r) {
  return std::isfinite(r) ? formatFixed(r, r >= 99.995 ? 0 : 2) + QChar(0x00D7) : kAbsent;
}

QString formatPercent(double share, int decimals) {
  return std::isfinite(share) ? formatFixed(share * 100, decimals) + QStringLiteral(" %") : kAbsent;
}

QString formatDuration(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return kAbsent;
  if (seconds < 9.95) return formatFixed(seconds, 1) + QStringLiteral(" s");
  if (seconds > 1e9) return QStringLiteral("> 30 years");
  const qint64 total = std::llround(seconds);
  const qint64 days = total / 86400, hours = total / 3600 % 24, minutes = total / 60 % 60;
  if (days > 0) return QStringLiteral("%1 d %2 h").arg(formatCount(days)).arg(hours);
  if (hours > 0) return QStringLiteral("%1 h %2 min").arg(hours).arg(minutes, 2, 10, QLatin1Char('0'));
  if (minutes > 0) return QStringLiteral("%1 min %2 s").arg(minutes).arg(total % 60, 2, 10, QLatin1Char('0'));
  return QStringLiteral("%1 s").arg(total);
}

}  // namespace moe::ui
