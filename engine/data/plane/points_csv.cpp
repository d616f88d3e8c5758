// SPDX-License-Identifier: Apache-2.0
#include "engine/data/plane/points_csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <map>
#include <optional>
#include <set>

#include "engine/core/error.h"
#include "engine/core/printable.h"
#include "engine/data/file_io.h"

namespace moe::data {
namespace {

constexpr std::size_t kMostBytes = std::size_t{64} << 20, kMostPoints = 1000000, kMostLabel = 64;

struct Place {
  const std::string& source;
  std::size_t row = 0;  // 1-based, header and blank lines counted
};

[[noreturn]] void refuse(const Place& place, int column, const std::string& what, const std::string& limit,
                         const std::string& action) {
  std::string where = place.source + ", row " + std::to_string(place.row);
  if (column > 0) where += ", column " + std::to_string(column);
  throw Error(ErrorKind::bad_input, what, where, limit, action);
}

[[noreturn]] void refuse_all(const std::string& source, const std::string& what, const std::string& limit,
                             const std::string& action) {
  throw Error(ErrorKind::bad_input, what, source, limit, action);
}

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  return text;
}

char separator_of(std::string_view line) {
  for (const char c : {'\t', ';', ','})
    if (line.find(c) != std::string_view::npos) return c;
  return ',';
}

std::vector<std::string_view> fields_of(std::string_view line, char separator) {
  std::vector<std::string_view> fields;
  bool quoted = false;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= line.size(); ++i) {
    if (i < line.size() && line[i] == '"') quoted = !quoted;
    if (i < line.size() && (line[i] != separator || quoted)) continue;
    fields.push_back(trimmed(line.substr(begin, i - begin)));
    begin = i + 1;
  }
  return fields;
}

enum class Parsed { number, not_a_number, too_large, not_finite };

Parsed parse(std::string_view text, double& value) {
  if (text.size() > 1 && text.front() == '+') text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || end != text.data() + text.size()) return Parsed::not_a_number;
  if (error == std::errc::result_out_of_range) return Parsed::too_large;
  if (error != std::errc()) return Parsed::not_a_number;
  if (!std::isfinite(value)) return Parsed::not_finite;
  return std::abs(value) > 1e30 ? Parsed::too_large : Parsed::number;
}

double number_at(const Place& place, int column, std::string_view text) {
  double value = 0;
  switch (parse(text, value)) {
    case Parsed::number:
      return value;
    case Parsed::too_large:
      refuse(place, column, printable(text) + " is too large", "numbers from −1e30 to 1e30",
             "Correct or remove the row");
    case Parsed::not_finite:
      refuse(place, column, printable(text) + " is not a finite number", "finite numbers", "Correct or remove the row");
    case Parsed::not_a_number:
      break;
  }
  refuse(place, column, (text.empty() ? "an empty field" : printable(text)) + " is not a number",
         "numbers with a decimal point", "Correct or remove the row");
}

bool is_header(const std::vector<std::string_view>& fields) {
  double ignored = 0;
  return fields.size() >= 2 && parse(fields[0], ignored) == Parsed::not_a_number &&
         parse(fields[1], ignored) == Parsed::not_a_number && !fields[0].empty();
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

/// Rows as they stand, before it is known what the third column means.
struct Raw {
  PointTable table;
  std::vector<std::string> third;
  std::vector<std::size_t> rows;  // row of each point, for messages
  std::string header;             // of the third column, lower case; empty when there is none
};

Raw read_rows(std::string_view text, const std::string& source) {
  if (text.size() >= 3 && text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  if (const auto nul = text.find('\0'); nul != std::string_view::npos)
    refuse_all(source, "holds a NUL byte: it is no text", "a text file of rows", "Save the points as CSV");
  Raw raw;
  Place place{source};
  char separator = 0;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++place.row;
    if (trimmed(line).empty()) continue;
    if (separator == 0) separator = separator_of(line);
    const auto fields = fields_of(line, separator);
    if (raw.rows.empty() && raw.header.empty() && is_header(fields)) {
      raw.header = fields.size() > 2 ? lower(fields[2]) : "?";
      continue;
    }
    if (fields.size() != 3)
      refuse(place, 0, fmt::format("the row has {} columns", fields.size()), "3: x, y and a class or value",
             "Correct or remove the row");
    if (raw.rows.size() == kMostPoints)
      refuse(place, 0, "there are too many points", fmt::format("at most {} points", kMostPoints),
             "Take a sample of the rows");
    raw.table.x.push_back(number_at(place, 1, fields[0]));
    raw.table.y.push_back(number_at(place, 2, fields[1]));
    if (fields[2].empty() || fields[2].size() > kMostLabel)
      refuse(place, 3, fields[2].empty() ? "the class or value is missing" : "the class has a very long name",
             fmt::format("1 to {} bytes", kMostLabel), "Correct or remove the row");
    raw.third.emplace_back(fields[2]);
    raw.rows.push_back(place.row);
  }
  if (raw.rows.empty())
    refuse_all(source, "there are no points in it", "at least 10 rows of x, y and a class or value",
               "Give more points");
  return raw;
}

bool means_labels(const Raw& raw, const std::string& target) {
  if (target == "label") return true;
  if (target == "value") return false;
  if (raw.header == "value") return false;
  if (raw.header == "label" || raw.header == "class") return true;
  std::set<double> different;
  for (const std::string& text : raw.third) {
    double value = 0;
    if (parse(text, value) == Parsed::not_a_number) return true;  // a word
    if (value != std::floor(value)) return false;
    if (different.size() <= kMaxClasses) different.insert(value);
  }
  return different.size() <= kMaxClasses;
}

void read_labels(Raw& raw, const std::string& source) {
  std::set<std::string> names(raw.third.begin(), raw.third.end());
  if (names.size() == 1)
    refuse_all(source, "all points are of one class, " + printable(*names.begin()), "2 to 16 classes",
               "Add points of another class");
  if (names.size() > kMaxClasses)
    refuse_all(source, fmt::format("there are {} classes", names.size()), "2 to 16 classes",
               "Join classes, or set data.target to value when the third column is a number to predict");
  auto& sorted = raw.table.class_names;
  sorted.assign(names.begin(), names.end());
  const auto number = [](const std::string& text) {
    double value = 0;
    return parse(text, value) == Parsed::number ? std::optional(value) : std::nullopt;
  };
  if (std::all_of(sorted.begin(), sorted.end(), [&](const auto& name) { return number(name).has_value(); }))
    std::stable_sort(sorted.begin(), sorted.end(),
                     [&](const auto& a, const auto& b) { return *number(a) < *number(b); });
  std::map<std::string, std::int32_t> index;
  for (std::size_t i = 0; i < sorted.size(); ++i) index[sorted[i]] = static_cast<std::int32_t>(i);
  for (const std::string& text : raw.third) raw.table.label.push_back(index[text]);
}

}  // namespace

PointTable parse_points(std::string_view text, const std::string& target, const std::string& where) {
  Raw raw = read_rows(text, where);
  if (raw.rows.size() < 10)
    refuse_all(where, fmt::format("there are {} points", raw.rows.size()), "at least 10, some of which are held out",
               "Give more points");
  if (means_labels(raw, target)) {
    read_labels(raw, where);
    return std::move(raw.table);
  }
  for (std::size_t i = 0; i < raw.third.size(); ++i)
    raw.table.value.push_back(number_at({where, raw.rows[i]}, 3, raw.third[i]));
  const auto [low, high] = std::minmax_element(raw.table.value.begin(), raw.table.value.end());
  if (*low == *high)
    refuse_all(where, fmt::format("every point has the value {}", *low), "values that differ", "Give other points");
  return std::move(raw.table);
}

PointTable read_points(const std::filesystem::path& file, const std::string& target) {
  return parse_points(read_file(file, kMostBytes), target, file.string());
}

std::string points_csv(const PointTable& table) {
  const bool labels = !table.class_names.empty();
  std::string out = labels ? "x,y,label\n" : "x,y,value\n";
  for (std::size_t i = 0; i < table.size(); ++i) {
    fmt::format_to(std::back_inserter(out), "{},{},", table.x[i], table.y[i]);
    if (labels)
      fmt::format_to(std::back_inserter(out), "\"{}\"\n", table.class_names[static_cast<std::size_t>(table.label[i])]);
    else
      fmt::format_to(std::back_inserter(out), "{}\n", table.value[i]);
  }
  return out;
}

CanvasMap fit_canvas(const PointTable& table) {
  CanvasMap map;
  const auto axis = [](const std::vector<double>& v, double& centre, double& scale) {
    const auto [low, high] = std::minmax_element(v.begin(), v.end());
    centre = (*low + *high) / 2;
    scale = *high > *low ? (*high - *low) / 1.8 : 1;  // a 5 % margin on each side
  };
  axis(table.x, map.centre_x, map.scale_x);
  axis(table.y, map.centre_y, map.scale_y);
  if (table.value.empty()) return map;
  double sum = 0, squares = 0;
  for (const double v : table.value) sum += v;
  map.value_centre = sum / static_cast<double>(table.size());
  for (const double v : table.value) squares += (v - map.value_centre) * (v - map.value_centre);
  map.value_scale = std::sqrt(squares / static_cast<double>(table.size()));
  if (!(map.value_scale > 0)) map.value_scale = 1;
  return map;
}

PointSet to_canvas(const PointTable& table, const CanvasMap& map) {
  PointSet set;
  set.classes = static_cast<int>(table.class_names.size());
  for (std::size_t i = 0; i < table.size(); ++i) {
    set.xy.push_back(static_cast<float>((table.x[i] - map.centre_x) / map.scale_x));
    set.xy.push_back(static_cast<float>((table.y[i] - map.centre_y) / map.scale_y));
    if (!table.value.empty())
      set.values.push_back(static_cast<float>((table.value[i] - map.value_centre) / map.value_scale));
  }
  set.labels = table.label;
  return set;
}

}  // namespace moe::data
