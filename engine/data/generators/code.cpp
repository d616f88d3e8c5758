// SPDX-License-Identifier: Apache-2.0
// Python modules: names are bound before they are used, indentation and brackets match, later functions call earlier
// ones.
#include <string>
#include <vector>

#include "engine/data/generators/generator.h"
#include "engine/data/generators/put.h"

namespace moe::data::generators {
namespace {

constexpr std::string_view kVerbs[] = {"load",  "parse",  "merge",  "filter",  "count",  "update", "find",   "build",
                                       "check", "format", "encode", "resolve", "select", "reduce", "render", "collect",
                                       "split", "sort",   "read",   "compute", "remove", "insert", "expand", "trim"};
constexpr std::string_view kNouns[] = {"item",   "user",  "record", "token",   "node",  "path",  "event",  "order",
                                       "score",  "value", "column", "packet",  "field", "edge",  "window", "message",
                                       "vector", "price", "sample", "request", "block", "label", "cell",   "chunk"};
constexpr std::string_view kFields[] = {"name",   "size",  "weight", "index",  "kind",   "total",
                                        "status", "owner", "level",  "length", "offset", "rank"};
constexpr std::string_view kModules[] = {"os",     "re",        "sys",         "json",      "math",    "time",
                                         "random", "itertools", "collections", "functools", "pathlib", "logging"};
constexpr std::string_view kErrors[] = {"ValueError", "KeyError", "TypeError", "RuntimeError", "IndexError"};
constexpr std::string_view kCompare[] = {"<", ">", "<=", ">=", "==", "!="};
constexpr std::string_view kOperators[] = {"+", "-", "*", "//", "%"};

std::string capital(std::string_view word) {
  std::string text(word);
  text.front() = static_cast<char>(text.front() - 'a' + 'A');
  return text;
}

// A function that earlier text has defined, so that later text may call it.
struct Function {
  std::string name, noun;
};

Function name_function(TextRng& rng, const std::vector<Function>& known) {
  Function f;
  bool taken = true;
  while (taken) {
    f.noun = rng.pick(kNouns);
    f.name = Text{"{}_{}s", rng.pick(kVerbs), f.noun}.value;
    taken = false;
    for (const Function& k : known) taken = taken || k.name == f.name;
  }
  return f;
}

void filter_function(TextRng& rng, const Function& f, std::string& out) {
  const std::string_view field = rng.pick(kFields);
  Put{out,
      "def {}({}s, limit={}):\n    \"\"\"Return the {}s whose {} is at most limit.\"\"\"\n    result = []\n"
      "    for {} in {}s:\n        if {}.{} <= limit:\n            result.append({})\n    return result\n",
      f.name,
      f.noun,
      rng.between(1, 100),
      f.noun,
      field,
      f.noun,
      f.noun,
      f.noun,
      field,
      f.noun};
}

void accumulate_function(TextRng& rng, const Function& f, std::string& out) {
  const std::string_view field = rng.pick(kFields), op = rng.pick(kOperators);
  Put{out,
      "def {}({}s):\n    total = {}\n    for i, {} in enumerate({}s):\n        total += {}.{} {} {}\n"
      "    return total\n",
      f.name,
      f.noun,
      rng.below(3),
      f.noun,
      f.noun,
      f.noun,
      field,
      op,
      rng.chance(50) ? "i" : "2"};
}

void dictionary_function(TextRng& rng, const Function& f, std::string& out) {
  const std::string_view key = rng.pick(kFields);
  Put{out,
      "def {}({}s):\n    table = {{}}\n    for {} in {}s:\n        key = {}[\"{}\"]\n"
      "        if key not in table:\n            table[key] = []\n        table[key].append({})\n"
      "    return table\n",
      f.name,
      f.noun,
      f.noun,
      f.noun,
      f.noun,
      key,
      f.noun};
}

void guard_function(TextRng& rng, const Function& f, std::string& out) {
  const std::string_view field = rng.pick(kFields), compare = rng.pick(kCompare);
  const int limit = rng.below(256);
  Put{out,
      "def {}({}, {}):\n    if {} is None:\n        raise {}(\"{} is missing\")\n    if {} {} {}:\n"
      "        return {}.{}\n    return {}({})\n",
      f.name,
      f.noun,
      field,
      f.noun,
      rng.pick(kErrors),
      f.noun,
      field,
      compare,
      limit,
      f.noun,
      field,
      rng.chance(50) ? "str" : "int",
      field};
}

void while_function(TextRng& rng, const Function& f, std::string& out) {
  const int step = rng.between(1, 9);
  Put{out,
      "def {}({}s, start=0):\n    index = start\n    while index < len({}s):\n        {} = {}s[index]\n"
      "        if not {}:\n            break\n        yield {}\n        index += {}\n",
      f.name,
      f.noun,
      f.noun,
      f.noun,
      f.noun,
      f.noun,
      f.noun,
      step};
}

void comprehension_function(TextRng& rng, const Function& f, std::string& out) {
  const std::string_view a = rng.pick(kFields), b = rng.pick(kFields);
  Put{out,
      "def {}({}s):\n    pairs = [({}.{}, {}.{}) for {} in {}s]\n    return sorted(pairs, key=lambda p: p[{}])\n",
      f.name,
      f.noun,
      f.noun,
      a,
      f.noun,
      b,
      f.noun,
      f.noun,
      rng.below(2)};
}

void call_function(TextRng& rng, const Function& f, const std::vector<Function>& known, std::string& out) {
  const Function &first = rng.pick(known), &second = rng.pick(known);
  Put{out,
      "def {}({}s, verbose=False):\n    {}s = {}({}s)\n    if verbose:\n        print(\"{}:\", len({}s))\n"
      "    return {}({}s)\n",
      f.name,
      f.noun,
      first.noun,
      first.name,
      f.noun,
      first.name,
      first.noun,
      second.name,
      first.noun};
}

void class_definition(TextRng& rng, std::string& out) {
  const std::string_view noun = rng.pick(kNouns);
  const int first = rng.below(static_cast<int>(std::size(kFields)));
  const int count = rng.between(2, 4);
  const auto field = [&](int i) { return kFields[static_cast<std::size_t>(first + i) % std::size(kFields)]; };
  Put{out, "class {}:\n    def __init__(self", capital(noun)};
  for (int i = 0; i < count; ++i) Put{out, ", {}", field(i)};
  out += "):\n";
  for (int i = 0; i < count; ++i) Put{out, "        self.{} = {}\n", field(i), field(i)};
  const std::string_view shown = field(rng.below(count)), changed = field(rng.below(count));
  Put{out, "\n    def __repr__(self):\n        return f\"{}({{self.{}}})\"\n", capital(noun), shown};
  Put{out,    "\n    def set_{}(self, {}):\n        self.{} = {}\n        return self\n", changed, changed, changed,
      changed};
}

}  // namespace

void write_code(TextRng& rng, std::string& out) {
  using Template = void (*)(TextRng&, const Function&, std::string&);
  static constexpr Template kTemplates[] = {filter_function, accumulate_function, dictionary_function,
                                            guard_function,  while_function,      comprehension_function};
  for (int i = rng.between(1, 3); i > 0; --i) Put{out, "import {}\n", rng.pick(kModules)};
  std::vector<Function> known;
  for (int i = rng.between(3, 6); i > 0; --i) {
    out += "\n\n";
    if (rng.chance(20)) {
      class_definition(rng, out);
      continue;
    }
    const Function f = name_function(rng, known);
    if (known.size() >= 2 && rng.chance(35)) {
      call_function(rng, f, known, out);
    } else {
      rng.pick(kTemplates)(rng, f, out);
    }
    known.push_back(f);
  }
  if (!known.empty()) {
    const Function& f = rng.pick(known);
    Put{out, "\n\nif __name__ == \"__main__\":\n    print({}([]))\n", f.name};
  }
}

}  // namespace moe::data::generators
