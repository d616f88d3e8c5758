// SPDX-License-Identifier: Apache-2.0
// JSON documents of several schemas, valid and indented; ids recur, item counts and sums agree with their lists.
#include <string>

#include "engine/data/generators/generator.h"
#include "engine/data/generators/lexicon.h"
#include "engine/data/generators/put.h"

namespace moe::data::generators {
namespace {

constexpr std::string_view kCities[] = {"Lisbon", "Oslo",  "Prague", "Vienna", "Turin", "Porto", "Gdansk", "Leipzig",
                                        "Bergen", "Ghent", "Graz",   "Tartu",  "Malmo", "Split", "Basel",  "Cork"};
constexpr std::string_view kStates[] = {"active", "pending", "closed", "failed", "archived", "draft"};
constexpr std::string_view kUnits[] = {"celsius", "percent", "volt", "pascal", "lux", "metre"};
constexpr std::string_view kKeys[] = {"timeout", "retries", "max_size", "threads", "port",  "interval",
                                      "buffer",  "depth",   "limit",    "rate",    "width", "height"};

std::string lower(std::string_view word) {
  std::string text(word);
  text.front() = static_cast<char>(text.front() - 'A' + 'a');
  return text;
}

std::string date(TextRng& rng, int year) {
  return Text{"{}-{:02}-{:02}", year, rng.between(1, 12), rng.between(1, 28)}.value;
}

void user(TextRng& rng, int id, std::string& out) {
  const Person& who = rng.pick(kPeople);
  Put{out,
      "{{\n  \"id\": {},\n  \"name\": \"{}\",\n  \"email\": \"{}{}@example.org\",\n  \"active\": {},\n"
      "  \"address\": {{\"city\": \"{}\", \"street\": \"{} {}\", \"zip\": \"{:05}\"}},\n  \"tags\": [",
      id,
      who.name,
      lower(who.name),
      id,
      rng.chance(70) ? "true" : "false",
      rng.pick(kCities),
      rng.pick(kPlaces),
      rng.between(1, 99),
      rng.below(99999)};
  const int tags = rng.below(4);
  for (int i = 0; i < tags; ++i) Put{out, "{}\"{}\"", i ? ", " : "", rng.pick(kAdjectives)};
  Put{out, "],\n  \"created\": \"{}\"\n}}\n", date(rng, rng.between(2015, 2025))};
}

void order(TextRng& rng, int id, std::string& out) {
  Put{out, "{{\n  \"order\": {},\n  \"status\": \"{}\",\n  \"items\": [\n", id, rng.pick(kStates)};
  const int items = rng.between(1, 4);
  int total = 0;
  for (int i = 0; i < items; ++i) {
    const int quantity = rng.between(1, 9), price = rng.between(1, 60);
    total += quantity * price;
    Put{out,
        "    {{\"product\": \"{}\", \"quantity\": {}, \"price\": {}, \"sum\": {}}}{}\n",
        rng.pick(kThings).singular,
        quantity,
        price,
        quantity * price,
        i + 1 < items ? "," : ""};
  }
  Put{out, "  ],\n  \"count\": {},\n  \"total\": {}\n}}\n", items, total};
}

void sensor(TextRng& rng, int id, std::string& out) {
  int value = rng.between(0, 400), low = value, high = value;
  Put{out, "{{\n  \"sensor\": \"s-{:04x}\",\n  \"unit\": \"{}\",\n  \"readings\": [", id, rng.pick(kUnits)};
  const int readings = rng.between(3, 10);
  for (int i = 0; i < readings; ++i) {
    if (i > 0) value += rng.between(-20, 20);
    low = value < low ? value : low;
    high = value > high ? value : high;
    Put{out, "{}{}", i ? ", " : "", value};
  }
  Put{out, "],\n  \"min\": {},\n  \"max\": {},\n  \"ok\": {}\n}}\n", low, high, high < 400 ? "true" : "false"};
}

void configuration(TextRng& rng, int id, std::string& out) {
  Put{out, "{{\n  \"service\": \"{}-{}\",\n  \"settings\": {{\n", rng.pick(kPlaces), id};
  const int first = rng.below(static_cast<int>(std::size(kKeys))), count = rng.between(2, 5);
  for (int i = 0; i < count; ++i) {
    Put{out, "    \"{}\": {}{}\n", kKeys[static_cast<std::size_t>(first + i) % std::size(kKeys)],
        rng.between(1, 64) * 8, i + 1 < count ? "," : ""};
  }
  Put{out,
      "  }},\n  \"parent\": {},\n  \"version\": \"{}.{}.{}\"\n}}\n",
      rng.chance(30) ? "null" : std::to_string(rng.below(id)),
      rng.below(4),
      rng.below(10),
      rng.below(20)};
}

}  // namespace

void write_json(TextRng& rng, std::string& out) {
  using Record = void (*)(TextRng&, int, std::string&);
  static constexpr Record kRecords[] = {user, order, sensor, configuration};
  const Record record = rng.pick(kRecords);  // one schema per document
  int id = rng.between(100, 9000);
  for (int i = rng.between(4, 8); i > 0; --i) {
    record(rng, id, out);
    id += rng.between(1, 3);
  }
}

}  // namespace moe::data::generators
