// SPDX-License-Identifier: Apache-2.0
// German: articles and adjective endings that follow gender, number and case, verbs that agree, and subordinate clauses
// with the verb at the end.
#include "engine/data/generators/generator.h"
#include "engine/data/generators/put.h"

namespace moe::data::generators {
namespace {

enum Gender { kMasculine, kFeminine, kNeuter, kPlural };
enum Case { kNominative, kAccusative, kDative };

struct GermanNoun {
  std::string_view singular, plural, dative_plural;
  Gender gender;
};
struct GermanVerb {
  std::string_view third, plural, participle;  // present tense; participle with haben
};

constexpr GermanNoun kPersons[] = {
    {"Lehrer", "Lehrer", "Lehrern", kMasculine},
    {"Bäckerin", "Bäckerinnen", "Bäckerinnen", kFeminine},
    {"Kind", "Kinder", "Kindern", kNeuter},
    {"Fischer", "Fischer", "Fischern", kMasculine},
    {"Ärztin", "Ärztinnen", "Ärztinnen", kFeminine},
    {"Mädchen", "Mädchen", "Mädchen", kNeuter},
    {"Nachbarin", "Nachbarinnen", "Nachbarinnen", kFeminine},
    {"König", "Könige", "Königen", kMasculine},
    {"Müller", "Müller", "Müllern", kMasculine},
    {"Schwester", "Schwestern", "Schwestern", kFeminine},
    {"Bruder", "Brüder", "Brüdern", kMasculine},
    {"Tochter", "Töchter", "Töchtern", kFeminine},
    {"Hund", "Hunde", "Hunden", kMasculine},
    {"Katze", "Katzen", "Katzen", kFeminine},
    {"Pferd", "Pferde", "Pferden", kNeuter},
    {"Vogel", "Vögel", "Vögeln", kMasculine},
    {"Freundin", "Freundinnen", "Freundinnen", kFeminine},
    {"Schüler", "Schüler", "Schülern", kMasculine},
    {"Wirt", "Wirte", "Wirten", kMasculine},
    {"Schneiderin", "Schneiderinnen", "Schneiderinnen", kFeminine},
};
constexpr GermanNoun kObjects[] = {
    {"Apfel", "Äpfel", "Äpfeln", kMasculine},        {"Buch", "Bücher", "Büchern", kNeuter},
    {"Lampe", "Lampen", "Lampen", kFeminine},        {"Schlüssel", "Schlüssel", "Schlüsseln", kMasculine},
    {"Brief", "Briefe", "Briefen", kMasculine},      {"Uhr", "Uhren", "Uhren", kFeminine},
    {"Messer", "Messer", "Messern", kNeuter},        {"Stuhl", "Stühle", "Stühlen", kMasculine},
    {"Tasche", "Taschen", "Taschen", kFeminine},     {"Bild", "Bilder", "Bildern", kNeuter},
    {"Korb", "Körbe", "Körben", kMasculine},         {"Flasche", "Flaschen", "Flaschen", kFeminine},
    {"Fahrrad", "Fahrräder", "Fahrrädern", kNeuter}, {"Kuchen", "Kuchen", "Kuchen", kMasculine},
    {"Karte", "Karten", "Karten", kFeminine},        {"Schiff", "Schiffe", "Schiffen", kNeuter},
    {"Mantel", "Mäntel", "Mänteln", kMasculine},     {"Glocke", "Glocken", "Glocken", kFeminine},
    {"Glas", "Gläser", "Gläsern", kNeuter},          {"Ring", "Ringe", "Ringen", kMasculine},
};
constexpr GermanNoun kOrte[] = {
    {"Wald", "Wälder", "Wäldern", kMasculine},   {"Stadt", "Städte", "Städten", kFeminine},
    {"Haus", "Häuser", "Häusern", kNeuter},      {"Garten", "Gärten", "Gärten", kMasculine},
    {"Kirche", "Kirchen", "Kirchen", kFeminine}, {"Dorf", "Dörfer", "Dörfern", kNeuter},
    {"Markt", "Märkte", "Märkten", kMasculine},  {"Brücke", "Brücken", "Brücken", kFeminine},
    {"Zimmer", "Zimmer", "Zimmern", kNeuter},    {"Hafen", "Häfen", "Häfen", kMasculine},
    {"Schule", "Schulen", "Schulen", kFeminine}, {"Museum", "Museen", "Museen", kNeuter},
};
constexpr GermanVerb kTransitive[] = {
    {"sucht", "suchen", "gesucht"},
    {"findet", "finden", "gefunden"},
    {"kauft", "kaufen", "gekauft"},
    {"trägt", "tragen", "getragen"},
    {"sieht", "sehen", "gesehen"},
    {"malt", "malen", "gemalt"},
    {"verkauft", "verkaufen", "verkauft"},
    {"nimmt", "nehmen", "genommen"},
    {"bringt", "bringen", "gebracht"},
    {"verliert", "verlieren", "verloren"},
    {"öffnet", "öffnen", "geöffnet"},
    {"holt", "holen", "geholt"},
    {"versteckt", "verstecken", "versteckt"},
    {"repariert", "reparieren", "repariert"},
    {"hält", "halten", "gehalten"},
    {"zeichnet", "zeichnen", "gezeichnet"},
    {"bewundert", "bewundern", "bewundert"},
    {"braucht", "brauchen", "gebraucht"},
};
constexpr GermanVerb kGive[] = {
    {"gibt", "geben", "gegeben"},
    {"zeigt", "zeigen", "gezeigt"},
    {"schenkt", "schenken", "geschenkt"},
    {"schickt", "schicken", "geschickt"},
    {"verspricht", "versprechen", "versprochen"},
    {"leiht", "leihen", "geliehen"},
};
constexpr std::string_view kStems[] = {
    "alt",   "klein", "groß",  "schön", "rot",     "müd",    "klug",       "stolz",
    "still", "reich", "fremd", "jung",  "schwer",  "grün",   "traurig",    "fröhlich",
    "arm",   "neu",   "warm",  "kalt",  "seltsam", "golden", "freundlich", "berühmt",
};
constexpr std::string_view kTimes[] = {"Heute",       "Am Morgen", "Am Abend",        "Im Winter",
                                       "Manchmal",    "Jeden Tag", "Nach der Arbeit", "Am Sonntag",
                                       "Im Frühling", "Plötzlich", "Später"};
constexpr std::string_view kInPlace[] = {"in", "vor", "hinter", "neben"};  // with the dative for a place

std::string_view definite(Case c, Gender g) {
  static constexpr std::string_view kTable[3][4] = {
      {"der", "die", "das", "die"}, {"den", "die", "das", "die"}, {"dem", "der", "dem", "den"}};
  return kTable[c][g];
}
std::string_view indefinite(Case c, Gender g) {
  static constexpr std::string_view kTable[3][3] = {
      {"ein", "eine", "ein"}, {"einen", "eine", "ein"}, {"einem", "einer", "einem"}};
  return kTable[c][g];
}
std::string_view weak_ending(Case c, Gender g) {
  if (c == kDative || g == kPlural || (c == kAccusative && g == kMasculine)) return "en";
  return "e";
}
std::string_view mixed_ending(Case c, Gender g) {
  static constexpr std::string_view kTable[3][3] = {{"er", "e", "es"}, {"en", "e", "es"}, {"en", "en", "en"}};
  return kTable[c][g];
}

// A noun phrase in the case; `plural` reports its number.
std::string phrase(TextRng& rng, const GermanNoun& noun, Case c, bool& plural) {
  plural = rng.chance(25);
  const std::string_view stem = rng.pick(kStems);
  const bool adjective = rng.chance(50);
  if (plural) {
    const std::string_view word = c == kDative ? noun.dative_plural : noun.plural;
    if (!adjective) return Text{"{} {}", definite(c, kPlural), word}.value;
    return Text{"{} {}{} {}", definite(c, kPlural), stem, weak_ending(c, kPlural), word}.value;
  }
  if (rng.chance(60)) {
    if (!adjective) return Text{"{} {}", definite(c, noun.gender), noun.singular}.value;
    return Text{"{} {}{} {}", definite(c, noun.gender), stem, weak_ending(c, noun.gender), noun.singular}.value;
  }
  if (!adjective) return Text{"{} {}", indefinite(c, noun.gender), noun.singular}.value;
  return Text{"{} {}{} {}", indefinite(c, noun.gender), stem, mixed_ending(c, noun.gender), noun.singular}.value;
}

// Articles begin with an ASCII letter, so the first letter of a sentence can be raised in place.
void raise(std::string& out, std::size_t at) {
  if (out[at] >= 'a' && out[at] <= 'z') out[at] = static_cast<char>(out[at] - 'a' + 'A');
}

void sentence(TextRng& rng, const GermanNoun& hero, const GermanNoun& thing, const GermanNoun& home, std::string& out) {
  const std::size_t start = out.size();
  bool many = false, ignored = false;
  const GermanNoun& who = rng.chance(60) ? hero : rng.pick(kPersons);
  const GermanNoun& what = rng.chance(60) ? thing : rng.pick(kObjects);
  const GermanNoun& where = rng.chance(60) ? home : rng.pick(kOrte);
  const std::string subject = phrase(rng, who, kNominative, many);
  const auto number = [&](const GermanVerb& verb) { return many ? verb.plural : verb.third; };
  switch (rng.below(6)) {
    case 0:
      Put{out, "{} {} {}.", subject, number(rng.pick(kTransitive)), phrase(rng, what, kAccusative, ignored)};
      break;
    case 1:
      Put{out,
          "{} {} {} {}.",
          rng.pick(kTimes),
          number(rng.pick(kTransitive)),
          subject,
          phrase(rng, what, kAccusative, ignored)};
      break;
    case 2:
      Put{out,
          "{} {} {} {}.",
          subject,
          number(rng.pick(kGive)),
          phrase(rng, rng.pick(kPersons), kDative, ignored),
          phrase(rng, what, kAccusative, ignored)};
      break;
    case 3:
      Put{out,
          "{} {} {} {} {}.",
          subject,
          many ? "stehen" : "steht",
          rng.pick(kInPlace),
          definite(kDative, where.gender),
          where.singular};
      break;
    case 4:
      Put{out,
          "{} {} {} {}.",
          subject,
          many ? "haben" : "hat",
          phrase(rng, what, kAccusative, ignored),
          rng.pick(kTransitive).participle};
      break;
    default: {
      static constexpr std::string_view kJoin[] = {"weil", "obwohl", "wenn", "während"};
      bool others = false;
      const GermanVerb &main = rng.pick(kTransitive), &last = rng.pick(kTransitive);
      Put{out, "{} {} {}, {} ", subject, number(main), phrase(rng, what, kAccusative, ignored), rng.pick(kJoin)};
      const std::string second = phrase(rng, rng.pick(kPersons), kNominative, others);
      Put{out, "{} {} {}.", second, phrase(rng, rng.pick(kObjects), kAccusative, ignored),
          others ? last.plural : last.third};
    }
  }
  raise(out, start);
}

}  // namespace

void write_german(TextRng& rng, std::string& out) {
  const GermanNoun &hero = rng.pick(kPersons), &thing = rng.pick(kObjects), &home = rng.pick(kOrte);
  Put{out,
      "Es war einmal {} {} {} {} {}.",
      indefinite(kNominative, hero.gender),
      hero.singular,
      "in",
      indefinite(kDative, home.gender),
      home.singular};
  const int paragraphs = rng.between(2, 4);
  for (int p = 0; p < paragraphs; ++p) {
    for (int i = rng.between(3, 6); i > 0; --i) {
      if (out.back() != '\n') out += ' ';
      sentence(rng, hero, thing, home, out);
    }
    if (p + 1 < paragraphs) out += "\n\n";
  }
  out += '\n';
}

}  // namespace moe::data::generators
