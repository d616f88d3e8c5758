// SPDX-License-Identifier: Apache-2.0
// Worked arithmetic. Every answer is computed, never drawn: a test parses the lines and checks them.
#include <numeric>

#include "engine/data/generators/generator.h"
#include "engine/data/generators/lexicon.h"
#include "engine/data/generators/put.h"

namespace moe::data::generators {
namespace {

void sum(TextRng& rng, int size, std::string& out) {
  const int a = rng.below(size), b = rng.below(size);
  if (rng.chance(50)) {
    Put{out, "{} + {} = {}\n", a, b, a + b};
  } else {
    Put{out, "{} - {} = {}\n", a, b, a - b};
  }
}

void product(TextRng& rng, int size, std::string& out) {
  const int a = rng.below(size / 4 + 10), b = rng.between(2, 12);
  Put{out, "{} * {} = {}\n", a, b, a * b};
}

void division(TextRng& rng, int size, std::string& out) {
  const int b = rng.between(2, 12), a = rng.below(size);
  Put{out, "{} / {} = {} remainder {}\n", a, b, a / b, a % b};
}

void chain(TextRng& rng, int size, std::string& out) {
  const int a = rng.below(size / 8 + 5), b = rng.between(2, 9), c = rng.below(size / 4 + 5), d = rng.below(30);
  Put{out,   "({} + {}) * {} - {} = {} * {} - {} = {} - {} = {}\n",
      a,     d,
      b,     c,
      a + d, b,
      c,     (a + d) * b,
      c,     (a + d) * b - c};
}

void comparison(TextRng& rng, int size, std::string& out) {
  const int a = rng.below(size), b = rng.chance(15) ? a : rng.below(size);
  Put{out, "{} {} {}\n", a, a < b ? "<" : (a > b ? ">" : "=="), b};
}

void fraction(TextRng& rng, int /*size*/, std::string& out) {
  const int a = rng.between(1, 9), b = rng.between(2, 12), c = rng.between(1, 9), d = rng.between(2, 12);
  const int top = a * d + c * b, bottom = b * d, common = std::gcd(top, bottom);
  Put{out, "{}/{} + {}/{} = {}/{} = {}/{}\n", a, b, c, d, top, bottom, top / common, bottom / common};
}

void equation(TextRng& rng, int size, std::string& out) {
  const int x = rng.below(size / 10 + 10), a = rng.between(2, 9), b = rng.below(size / 4 + 5);
  Put{out, "{}x + {} = {} => {}x = {} => x = {}\n", a, b, a * x + b, a, a * x, x};
}

void sequence(TextRng& rng, int size, std::string& out) {
  const int start = rng.below(size / 4 + 5), stride = rng.between(1, 12);
  Put{out, "count by {}:", stride};
  for (int i = 0; i < 7; ++i) Put{out, " {}", start + i * stride};
  out += '\n';
}

void number_facts(TextRng& rng, int size, std::string& out) {
  const int a = rng.between(2, size / 4 + 10), b = rng.between(2, size / 4 + 10);
  switch (rng.below(4)) {
    case 0:
      Put{out, "gcd({}, {}) = {}\n", a, b, std::gcd(a, b)};
      break;
    case 1:
      Put{out, "lcm({}, {}) = {}\n", a % 20 + 2, b % 20 + 2, std::lcm(a % 20 + 2, b % 20 + 2)};
      break;
    case 2:
      Put{out, "{} mod {} = {}\n", a + b, b, (a + b) % b};
      break;
    default:
      Put{out, "{}^2 = {}\n", a % 50, (a % 50) * (a % 50)};
  }
}

void column_sum(TextRng& rng, int size, std::string& out) {
  const int a = rng.between(10, size + 10), b = rng.between(10, size + 10), total = a + b;
  Put{out, "{:>8}\n+{:>7}\n--------\n{:>8}\n", a, b, total};
}

void word_problem(TextRng& rng, int size, std::string& out) {
  const Person& who = rng.pick(kPeople);
  const Noun& thing = rng.pick(kThings);
  const int has = rng.between(3, size / 10 + 12), more = rng.between(2, size / 10 + 12), price = rng.between(2, 9);
  if (rng.chance(50)) {
    Put{out,
        "{} has {} {} and buys {} more. Now {} has {}.\n",
        who.name,
        has,
        thing.plural,
        more,
        who.she ? "she" : "he",
        has + more};
  } else {
    Put{out, "{} {} at {} each cost {}.\n", has, thing.plural, price, has * price};
  }
}

}  // namespace

void write_arithmetic(TextRng& rng, std::string& out) {
  using Exercise = void (*)(TextRng&, int, std::string&);
  static constexpr Exercise kExercises[] = {sum,      product,  division, chain,        comparison, fraction,
                                            equation, sequence, sum,      number_facts, column_sum, word_problem};
  static constexpr int kSizes[] = {20, 100, 100, 1000};
  const int size = rng.pick(kSizes);  // one magnitude per sheet
  const Exercise favourites[3] = {rng.pick(kExercises), rng.pick(kExercises), rng.pick(kExercises)};
  for (int lines = rng.between(24, 48); lines > 0; --lines) {
    (rng.chance(70) ? rng.pick(favourites) : rng.pick(kExercises))(rng, size, out);
  }
}

}  // namespace moe::data::generators
