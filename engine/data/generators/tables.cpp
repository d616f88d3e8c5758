// SPDX-License-Identifier: Apache-2.0
// CSV and Markdown tables: a computed last column, and a last row of totals that add up.
#include <string>
#include <vector>

#include "engine/data/generators/generator.h"
#include "engine/data/generators/lexicon.h"
#include "engine/data/generators/put.h"

namespace moe::data::generators {
namespace {

constexpr std::string_view kMonths[] = {"January", "February", "March",     "April",   "May",      "June",
                                        "July",    "August",   "September", "October", "November", "December"};
constexpr std::string_view kMeasures[] = {"units", "visits", "sales", "hours", "points", "errors", "orders", "litres"};

struct Table {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
};

// quantity x price = amount, then the sums of quantity and amount.
Table invoice(TextRng& rng, int rows) {
  Table t{{"item", "quantity", "price", "amount"}, {}};
  int quantities = 0, amounts = 0;
  for (int i = 0; i < rows; ++i) {
    const int quantity = rng.between(1, 30), price = rng.between(2, 40);
    quantities += quantity;
    amounts += quantity * price;
    t.rows.push_back({std::string(rng.pick(kThings).singular), std::to_string(quantity), std::to_string(price),
                      std::to_string(quantity * price)});
  }
  t.rows.push_back({"total", std::to_string(quantities), "", std::to_string(amounts)});
  return t;
}

// Names or months against measures, with a sum per row and per column.
Table cross_sum(TextRng& rng, int rows) {
  const bool months = rng.chance(50);
  const int columns = rng.between(2, 3), first = rng.below(12);
  const int measure = rng.below(static_cast<int>(std::size(kMeasures)));
  const int range = rng.chance(50) ? 20 : 200;
  Table t{{months ? "month" : "name"}, {}};
  for (int c = 0; c < columns; ++c) {
    t.header.emplace_back(kMeasures[static_cast<std::size_t>(measure + c) % std::size(kMeasures)]);
  }
  t.header.emplace_back("sum");
  std::vector<int> totals(static_cast<std::size_t>(columns) + 1, 0);
  for (int i = 0; i < rows; ++i) {
    std::vector<std::string> row{std::string(months ? kMonths[(first + i) % 12] : rng.pick(kPeople).name)};
    int sum = 0;
    for (int c = 0; c < columns; ++c) {
      const int value = rng.below(range);
      sum += value;
      totals[static_cast<std::size_t>(c)] += value;
      row.push_back(std::to_string(value));
    }
    totals.back() += sum;
    row.push_back(std::to_string(sum));
    t.rows.push_back(std::move(row));
  }
  std::vector<std::string> last{"total"};
  for (const int total : totals) last.push_back(std::to_string(total));
  t.rows.push_back(std::move(last));
  return t;
}

void csv_row(const std::vector<std::string>& row, std::string& out) {
  for (std::size_t i = 0; i < row.size(); ++i) Put{out, "{}{}", i ? "," : "", row[i]};
  out += '\n';
}

void markdown_row(const std::vector<std::string>& row, std::string& out) {
  for (const std::string& cell : row) Put{out, "| {} ", cell};
  out += "|\n";
}

void print(const Table& t, bool markdown, std::string& out) {
  const auto print_row = markdown ? markdown_row : csv_row;
  print_row(t.header, out);
  if (markdown) {
    for (std::size_t i = 0; i < t.header.size(); ++i) out += i == 0 ? "|---" : "|---:";
    out += "|\n";
  }
  for (const auto& row : t.rows) print_row(row, out);
}

}  // namespace

void write_tables(TextRng& rng, std::string& out) {
  const bool markdown = rng.chance(50);  // one style per document
  const int count = rng.between(2, 4);
  for (int i = 0; i < count; ++i) {
    const int rows = rng.between(4, 10);
    print(rng.chance(50) ? invoice(rng, rows) : cross_sum(rng, rows), markdown, out);
    if (i + 1 < count) out += '\n';
  }
}

}  // namespace moe::data::generators
