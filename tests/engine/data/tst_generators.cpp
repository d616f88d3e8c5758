// SPDX-License-Identifier: Apache-2.0
// The embedded text: pure functions, right answers, domains that differ.
#include <QRegularExpression>
#include <array>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>
#include <sstream>

#include "tests/engine/data/support.h"

using namespace moe::data;
using namespace moe::data::test;
using generators::Split;

namespace {

int domain_named(std::string_view name) {
  const auto all = generators::domains();
  for (std::size_t d = 0; d < all.size(); ++d) {
    if (all[d].name == name) return static_cast<int>(d);
  }
  return -1;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// A recursive-descent evaluator of + - * and brackets: independent of how the generator computes.
class Expression {
 public:
  explicit Expression(const std::string& text) {
    std::copy_if(text.begin(), text.end(), std::back_inserter(text_), [](char c) { return c != ' '; });
  }
  long value() { return sum(); }
  bool done() const { return at_ == text_.size(); }

 private:
  bool take(char c) { return at_ < text_.size() && text_[at_] == c ? (++at_, true) : false; }
  long sum() {
    long left = product();
    while (true) {
      if (take('+'))
        left += product();
      else if (take('-'))
        left -= product();
      else
        return left;
    }
  }
  long product() {
    long left = atom();
    while (take('*')) left *= atom();
    return left;
  }
  long atom() {
    if (take('-')) return -atom();
    if (take('(')) {
      const long inner = sum();
      take(')');
      return inner;
    }
    long number = 0;
    while (at_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_])))
      number = number * 10 + (text_[at_++] - '0');
    return number;
  }
  std::string text_;
  std::size_t at_ = 0;
};

// QRegularExpression rather than std::regex, which takes GCC minutes under sanitizers.
using Pattern = QRegularExpression;
using Groups = std::vector<std::string>;

bool matches(const std::string& line, const Pattern& pattern, Groups& groups) {
  const auto match = pattern.match(QString::fromStdString(line));
  groups.clear();
  for (const QString& group : match.capturedTexts()) groups.push_back(group.toStdString());
  return match.hasMatch();
}

bool whole_match(const std::string& line, const Pattern& pattern, Groups& groups) {
  return matches(line, Pattern(Pattern::anchoredPattern(pattern.pattern())), groups);
}

enum class Verdict { right, wrong, unknown };
Verdict verdict(bool right) { return right ? Verdict::right : Verdict::wrong; }

// Judges the one-line forms of the arithmetic domain.
Verdict judge(const std::string& line) {
  Groups m;
  const auto n = [&m](std::size_t i) { return std::stol(m[i]); };
  static const Pattern kDivision(R"((\d+) / (\d+) = (\d+) remainder (\d+))"), kCompare(R"((\d+) (<|>|==) (\d+))"),
      kFraction(R"((\d+)/(\d+) \+ (\d+)/(\d+) = (\d+)/(\d+) = (\d+)/(\d+))"),
      kEquation(R"((\d+)x \+ (\d+) = (\d+) => (\d+)x = (\d+) => x = (\d+))"),
      kGcd(R"((gcd|lcm)\((\d+), (\d+)\) = (\d+))"), kMod(R"((\d+) mod (\d+) = (\d+))"), kSquare(R"((\d+)\^2 = (\d+))"),
      kCount(R"(count by (\d+):((?: \d+)+))"), kBuys(R"(\w+ has (\d+) \w+ and buys (\d+) more\. Now s?he has (\d+)\.)"),
      kCost(R"((\d+) \w+ at (\d+) each cost (\d+)\.)"), kChain(R"([-0-9 +*()]+(?: = [-0-9 +*()]+)+)");
  if (whole_match(line, kDivision, m)) return verdict(n(3) == n(1) / n(2) && n(4) == n(1) % n(2));
  if (whole_match(line, kCompare, m)) return verdict(m[2] == (n(1) < n(3) ? "<" : n(1) > n(3) ? ">" : "=="));
  if (whole_match(line, kFraction, m)) {
    return verdict(n(5) == n(1) * n(4) + n(3) * n(2) && n(6) == n(2) * n(4) && n(5) * n(8) == n(6) * n(7) &&
                   std::gcd(n(7), n(8)) == 1);
  }
  if (whole_match(line, kEquation, m))
    return verdict(n(1) * n(6) + n(2) == n(3) && n(4) == n(1) && n(5) == n(1) * n(6));
  if (whole_match(line, kGcd, m)) return verdict(n(4) == (m[1] == "gcd" ? std::gcd(n(2), n(3)) : std::lcm(n(2), n(3))));
  if (whole_match(line, kMod, m)) return verdict(n(3) == n(1) % n(2));
  if (whole_match(line, kSquare, m)) return verdict(n(2) == n(1) * n(1));
  if (whole_match(line, kBuys, m)) return verdict(n(3) == n(1) + n(2));
  if (whole_match(line, kCost, m)) return verdict(n(3) == n(1) * n(2));
  if (whole_match(line, kCount, m)) {
    const long stride = n(1);
    std::istringstream in(m[2]);
    std::vector<long> values;
    for (long v = 0; in >> v;) values.push_back(v);
    for (std::size_t i = 1; i < values.size(); ++i) {
      if (values[i] - values[i - 1] != stride) return Verdict::wrong;
    }
    return Verdict::right;
  }
  if (whole_match(line, kChain, m)) {
    std::set<long> values;
    std::istringstream in(line);
    for (std::string side; std::getline(in, side, '=');) {
      Expression e(side);
      values.insert(e.value());
      if (!e.done()) return Verdict::unknown;
    }
    return verdict(values.size() == 1);
  }
  return Verdict::unknown;
}

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  std::string cell;
  const bool markdown = line.starts_with("|");
  std::istringstream in(markdown ? line.substr(1) : line + ",");
  while (std::getline(in, cell, markdown ? '|' : ',')) {
    cell.erase(0, cell.find_first_not_of(' ') == std::string::npos ? cell.size() : cell.find_first_not_of(' '));
    cell.erase(cell.find_last_not_of(' ') + 1);
    cells.push_back(cell);
  }
  return cells;
}

}  // namespace

class TestGenerators : public QObject {
  Q_OBJECT
 private slots:
  void documents_are_pure();
  void domains_are_many_and_differ();
  void text_does_not_repeat();
  void arithmetic_is_right();
  void tables_add_up();
  void json_is_valid_and_agrees();
  void logs_advance_and_requests_end();
  void code_is_consistent();
  void verse_rhymes_by_refrain();
  void german_agrees();
};

void TestGenerators::documents_are_pure() {
  std::string a, b;
  for (int d = 0; d < static_cast<int>(generators::domains().size()); ++d) {
    generators::document(5, d, Split::train, 41, a);
    generators::document(6, d, Split::train, 41, b);
    QVERIFY(a != b);
    generators::document(5, d, Split::held_out, 41, b);
    QVERIFY(a != b);
    generators::document(5, d, Split::train, 42, b);
    QVERIFY(a != b);
    generators::document(5, d, Split::train, 41, b);
    QCOMPARE(a, b);
  }
}

// The total variation distance of the byte-pair frequencies of two domains, against two samples of one domain.
void TestGenerators::domains_are_many_and_differ() {
  const auto all = generators::domains();
  QVERIFY(all.size() >= 8);
  const auto frequencies = [](const std::string& text) {
    std::map<std::string, double> f;
    for (std::size_t i = 0; i + 1 < text.size(); ++i) f[text.substr(i, 2)] += 1.0 / static_cast<double>(text.size());
    return f;
  };
  const auto distance = [](std::map<std::string, double> a, const std::map<std::string, double>& b) {
    for (const auto& [key, value] : b) a[key] -= value;
    return std::accumulate(a.begin(), a.end(), 0.0, [](double s, const auto& e) { return s + std::abs(e.second) / 2; });
  };
  for (int i = 0; i < static_cast<int>(all.size()); ++i) {
    const auto mine = frequencies(sample(i, 60'000));
    const double within = distance(mine, frequencies(sample(i, 60'000, 100'000)));
    QVERIFY2(within < 0.12, all[static_cast<std::size_t>(i)].name.data());
    for (int j = 0; j < i; ++j) {
      const double between = distance(mine, frequencies(sample(j, 60'000)));
      QVERIFY2(between > 0.2 && between > 2 * within, all[static_cast<std::size_t>(i)].name.data());
    }
  }
}

void TestGenerators::text_does_not_repeat() {
  std::string text;
  for (int d = 0; d < static_cast<int>(generators::domains().size()); ++d) {
    std::set<std::string> seen;
    for (std::uint64_t i = 0; i < 3000; ++i) {
      generators::document(1, d, Split::train, i, text);
      QVERIFY(text.size() > 150 && text.size() < 6000 && text.back() == '\n');
      seen.insert(text);
    }
    QCOMPARE(seen.size(), std::size_t{3000});
  }
}

void TestGenerators::arithmetic_is_right() {
  const auto lines = lines_of(sample(domain_named("arithmetic"), 400'000));
  std::size_t judged = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i + 3 < lines.size() && lines[i + 2] == "--------") {  // a column sum of four lines
      QCOMPARE(std::stol(lines[i]) + std::stol(lines[i + 1].substr(1)), std::stol(lines[i + 3]));
      i += 3;
    } else {
      QVERIFY2(judge(lines[i]) == Verdict::right, lines[i].c_str());
    }
    ++judged;
  }
  QVERIFY(judged > 10'000);
  QVERIFY(judge("2 + 2 = 5") == Verdict::wrong &&
          judge("7 / 2 = 3 remainder 0") == Verdict::wrong);  // the judge can fail
}

void TestGenerators::tables_add_up() {
  std::size_t tables = 0;
  std::vector<std::vector<std::string>> rows;
  for (const std::string& line : lines_of(sample(domain_named("tables"), 300'000))) {
    if (line.empty() || line.starts_with("|---")) continue;
    rows.push_back(cells_of(line));
    if (rows.back()[0] != "total") continue;
    const std::size_t columns = rows[0].size();
    for (std::size_t c = 1; c < columns; ++c) {
      if (rows.back()[c].empty()) continue;
      long sum = 0;
      for (std::size_t r = 1; r + 1 < rows.size(); ++r) sum += std::stol(rows[r][c]);
      QCOMPARE(std::stol(rows.back()[c]), sum);
    }
    for (std::size_t r = 1; r + 1 < rows.size(); ++r) {
      QCOMPARE(rows[r].size(), columns);
      const long last = std::stol(rows[r].back());
      if (rows[0].back() == "amount") {
        QCOMPARE(last, std::stol(rows[r][1]) * std::stol(rows[r][2]));
      } else {
        long sum = 0;
        for (std::size_t c = 1; c + 1 < columns; ++c) sum += std::stol(rows[r][c]);
        QCOMPARE(last, sum);
      }
    }
    ++tables;
    rows.clear();
  }
  QVERIFY(tables > 500);
}

void TestGenerators::json_is_valid_and_agrees() {
  std::string text;
  int orders = 0, sensors = 0;
  for (std::uint64_t i = 0; i < 300; ++i) {
    generators::document(3, domain_named("json"), Split::train, i, text);
    std::string record;
    for (const std::string& line : lines_of(text)) {
      record += line + "\n";
      if (line != "}") continue;
      const auto json = nlohmann::json::parse(record);
      record.clear();
      if (json.contains("items")) {
        int total = 0;
        for (const auto& item : json["items"]) total += item["quantity"].get<int>() * item["price"].get<int>();
        QCOMPARE(json["total"].get<int>(), total);
        QCOMPARE(json["count"].get<std::size_t>(), json["items"].size());
        ++orders;
      } else if (json.contains("readings")) {
        const auto values = json["readings"].get<std::vector<int>>();
        QCOMPARE(json["min"].get<int>(), *std::min_element(values.begin(), values.end()));
        QCOMPARE(json["max"].get<int>(), *std::max_element(values.begin(), values.end()));
        ++sensors;
      }
    }
    QVERIFY(record.empty());
  }
  QVERIFY(orders > 100 && sensors > 100);
}

void TestGenerators::logs_advance_and_requests_end() {
  std::string text;
  static const Pattern kRequest(R"(.*request ([0-9a-f]{6}) (\w+ \S+) (started|-> \d+ in (\d+) ms))");
  for (std::uint64_t i = 0; i < 300; ++i) {
    generators::document(3, domain_named("logs"), Split::train, i, text);
    std::string previous;
    std::map<std::string, std::pair<std::string, long>> open;
    for (const std::string& line : lines_of(text)) {
      const std::string stamp = line.substr(0, 23);
      QVERIFY(stamp >= previous);
      previous = stamp;
      const long ms = ((std::stol(stamp.substr(11, 2)) * 60 + std::stol(stamp.substr(14, 2))) * 60 +
                       std::stol(stamp.substr(17, 2))) *
                          1000 +
                      std::stol(stamp.substr(20, 3));
      Groups m;
      if (!whole_match(line, kRequest, m)) continue;
      if (m[3] == "started") {
        open[m[1]] = {m[2], ms};
      } else {
        QVERIFY(open.contains(m[1]));
        QCOMPARE(open[m[1]].first, m[2]);
        QCOMPARE(ms - open[m[1]].second, std::stol(m[4]));
        open.erase(m[1]);
      }
    }
    QVERIFY(open.empty());
  }
}

void TestGenerators::code_is_consistent() {
  std::string text;
  static const Pattern kDefinition(R"(def (\w+)\()"), kCall(R"((?:= |return |print\()(\w+_\w+s)\()");
  for (std::uint64_t i = 0; i < 300; ++i) {
    generators::document(3, domain_named("code"), Split::train, i, text);
    std::set<std::string> defined;
    int depth = 0;
    for (const std::string& line : lines_of(text)) {
      QVERIFY(line.find_first_not_of(' ') == std::string::npos || line.find_first_not_of(' ') % 4 == 0);
      Groups m;
      if (matches(line, kDefinition, m))
        defined.insert(m[1]);
      else if (matches(line, kCall, m))
        QVERIFY2(defined.contains(m[1]), line.c_str());
      for (const char c : line)
        depth += c == '(' || c == '[' || c == '{' ? 1 : c == ')' || c == ']' || c == '}' ? -1 : 0;
      QCOMPARE(depth, 0);
    }
  }
}

void TestGenerators::verse_rhymes_by_refrain() {
  std::string text;
  for (std::uint64_t i = 0; i < 100; ++i) {
    generators::document(3, domain_named("verse"), Split::train, i, text);
    const auto lines = lines_of(text);
    QVERIFY(lines.size() > 12 && lines[0].starts_with("To the ") && lines[6].starts_with("O "));
    for (std::size_t l = 6; l < lines.size(); l += 6) QCOMPARE(lines[l], lines[6]);  // four lines, refrain, blank
  }
}

// After an article the gender decides: no masculine noun may follow "die" in the singular, and so on.
void TestGenerators::german_agrees() {
  const std::string text = sample(domain_named("german"), 200'000);
  for (const char* wrong : {" der Kind ", " das Lehrer ", " die Buch ", " eine Hund ", "Eine Hund ", " einen Lampe ",
                            " dem Katze ", " die Pferd ", " einem Schwester ", "Der kleinen "}) {
    QVERIFY2(text.find(wrong) == std::string::npos, wrong);
  }
  for (const char* right :
       {"der Lehrer ", "eine Lampe", "das Buch", "dem Hund ", "einen Apfel", "der Katze ", ", weil "}) {
    QVERIFY2(text.find(right) != std::string::npos, right);
  }
}

QTEST_GUILESS_MAIN(TestGenerators)
#include "tst_generators.moc"
