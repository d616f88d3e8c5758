// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/model_sheet_rows.h"

#include <QCoreApplication>
#include <array>
#include <cmath>

#include "ui/widgets/theme.h"

namespace moe::ui {
namespace {

using Sheet = std::optional<protocol::ModelSheet>;

QString tr(const char* text) { return QCoreApplication::translate("ModelSheet", text); }
QString qt(const std::string& text) { return QString::fromStdString(text); }

QString brief(double value, const std::array<const char*, 5>& units) {
  if (!std::isfinite(value)) return formatFixed(value, 0);
  std::size_t unit = 0;
  for (; value >= 999.5 && unit + 1 < units.size(); ++unit) value /= 1000;
  const bool whole = unit == 0 && value == std::floor(value);
  return formatFixed(value, whole || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2) + QLatin1String(units[unit]);
}

// "+0.1 %", with a true minus.
QString deviation(double share) {
  const QString text = formatPercent(std::abs(share));
  return (share < 0 ? QString(QChar(0x2212)) : QStringLiteral("+")) + text;
}

class Rows {
 public:
  Rows(const Sheet& ours, const Sheet& theirs) : ours_(ours), theirs_(theirs) {}

  void section(const QString& label, const QString& ours = {}, const QString& theirs = {}) {
    rows_.push_back({SheetRow::Section, label, {{}, ours, 0, 0}, {{}, theirs, 0, 0}, {}});
  }
  void words(const QString& text) { rows_.push_back({SheetRow::Words, {}, {}, {}, text}); }
  template <class Cell>
  void add(SheetRow::Kind kind, const QString& label, const Cell& cell) {
    SheetRow row{kind, label, {}, {}, {}};
    if (ours_) row.ours = cell(*ours_);
    if (theirs_) row.theirs = cell(*theirs_);
    if (!row.ours.figure.isEmpty() || !row.theirs.figure.isEmpty()) rows_.push_back(std::move(row));
  }
  void theirs(const QString& label, SheetCell cell) {
    rows_.push_back({SheetRow::Figure, label, {}, std::move(cell), {}});
  }
  std::vector<SheetRow> take() { return std::move(rows_); }

 private:
  const Sheet &ours_, &theirs_;
  std::vector<SheetRow> rows_;
};

void addShape(Rows& rows) {
  rows.section(tr("Shape"));
  rows.add(SheetRow::Figure, tr("Layers with experts"), [](const protocol::ModelSheet& s) {
    return SheetCell{tr("%1 of %2").arg(s.moe_layers).arg(s.all_layers), {}, 0, 0};
  });
  rows.add(SheetRow::Figure, tr("Experts per token"), [](const protocol::ModelSheet& s) {
    if (s.experts == 0) return SheetCell{tr("dense"), {}, 0, 0};
    const QString shared = s.shared_experts > 0 ? tr("and %1 shared").arg(s.shared_experts) : QString();
    return SheetCell{tr("%1 of %2").arg(s.top_k).arg(formatCount(s.experts)), shared, 0, 0};
  });
}

// The kinds of parameters that either model has, in the order of the engine.
QStringList partNames(const Sheet& ours, const Sheet& theirs) {
  QStringList names;
  for (const Sheet* sheet : {&theirs, &ours}) {
    if (!*sheet) continue;
    qsizetype at = 0;
    for (const auto& part : (*sheet)->parts) {
      const QString name = qt(part.name);
      const qsizetype known = names.indexOf(name);
      if (known < 0) names.insert(at, name);
      at = (known < 0 ? at : known) + 1;
    }
  }
  return names;
}

void addParameters(Rows& rows, const QStringList& names) {
  rows.section(tr("Parameters"));
  for (const QString& name : names) {
    rows.add(SheetRow::Part, name, [&name](const protocol::ModelSheet& s) {
      for (const auto& part : s.parts) {
        if (qt(part.name) != name) continue;
        const auto total = static_cast<double>(s.parameters), all = static_cast<double>(part.all) / total;
        return SheetCell{sheetCount(static_cast<double>(part.all)), all < 0.0005 ? tr("< 0.1 %") : formatPercent(all),
                         all, static_cast<double>(part.active) / total};
      }
      return SheetCell{};
    });
  }
  rows.add(SheetRow::Total, tr("All"), [](const protocol::ModelSheet& s) {
    return SheetCell{sheetCount(static_cast<double>(s.parameters)), {}, 0, 0};
  });
  rows.add(SheetRow::Total, tr("Active per token"), [](const protocol::ModelSheet& s) {
    const auto active = static_cast<double>(s.active_parameters);
    return SheetCell{sheetCount(active), formatPercent(active / static_cast<double>(s.parameters)), 0, 0};
  });
}

void addCost(Rows& rows, const Sheet& ours, const Sheet& theirs) {
  const auto length = [](const Sheet& sheet) {
    return sheet ? tr("mean over %1").arg(qt(sheet->sequence_note)) : QString();
  };
  rows.section(tr("Arithmetic per token"), length(ours), length(theirs));
  rows.add(SheetRow::Figure, tr("FLOPs forward"), [](const protocol::ModelSheet& s) {
    return SheetCell{sheetFlops(s.forward_flops), {}, 0, 0};
  });
  rows.add(SheetRow::Figure, tr("FLOPs in training"), [](const protocol::ModelSheet& s) {
    return SheetCell{sheetFlops(s.training_flops), {}, 0, 0};
  });
  rows.section(tr("Memory"));
  const auto memory = [&rows](const QString& label, double protocol::ModelSheet::*field) {
    rows.add(SheetRow::Figure, label, [field](const protocol::ModelSheet& s) {
      return s.*field > 0 ? SheetCell{sheetBytes(s.*field), {}, 0, 0} : SheetCell{};
    });
  };
  memory(tr("Weights, bf16"), &protocol::ModelSheet::bytes_bf16);
  memory(tr("Weights, float32"), &protocol::ModelSheet::bytes_f32);
  memory(tr("Training, 16 B a parameter"), &protocol::ModelSheet::training_bytes);  // weight, gradient, two moments
  memory(tr("KV cache per token, bf16"), &protocol::ModelSheet::cache_bytes);
}

void addClaims(Rows& rows, const protocol::ModelSheet& sheet) {
  if (sheet.claims.empty()) return;
  rows.section(tr("As published"), {}, tr("printed, and how far off the computed is"));
  for (const auto& claim : sheet.claims) {
    QString label = qt(claim.quantity);
    if (!label.isEmpty()) label[0] = label[0].toUpper();
    rows.theirs(label, {qt(claim.printed), deviation(claim.deviation()), 0, 0});
    QStringList words{qt(claim.source)};
    if (!claim.counted.empty()) words << qt(claim.counted);
    if (!claim.remark.empty()) words << qt(claim.remark);
    rows.words(words.join(QStringLiteral(" · ")));
  }
}

}  // namespace

QString sheetCount(double value) { return brief(value, {"", " k", " M", " B", " T"}); }
QString sheetFlops(double value) { return brief(value, {"", " k", " M", " G", " T"}); }
QString sheetBytes(double value) { return brief(value, {" B", " kB", " MB", " GB", " TB"}); }

std::vector<SheetRow> sheetRows(const Sheet& ours, const Sheet& theirs) {
  if (!ours && !theirs) return {};
  Rows rows(ours, theirs);
  addShape(rows);
  addParameters(rows, partNames(ours, theirs));
  addCost(rows, ours, theirs);
  if (theirs) {
    addClaims(rows, *theirs);
    rows.section(tr("Notes"));
    rows.words(qt(theirs->summary));
    for (const auto& line : theirs->layers) rows.words(qt(line));
    for (const auto& note : theirs->notes) rows.words(qt(note));
  }
  return rows.take();
}

}  // namespace moe::ui
