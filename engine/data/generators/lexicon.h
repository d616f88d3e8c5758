// SPDX-License-Identifier: Apache-2.0
// English words that several domains share.
#pragma once
#include <string_view>

namespace moe::data::generators {

struct Noun {
  std::string_view singular, plural;
};

struct Verb {
  std::string_view base, third, past;
};

struct Person {
  std::string_view name;
  bool she;
};

inline constexpr Person kPeople[] = {
    {"Ada", true},      {"Bruno", false},  {"Clara", true},  {"Dario", false},  {"Elsa", true},   {"Felix", false},
    {"Greta", true},    {"Hugo", false},   {"Ingrid", true}, {"Jonas", false},  {"Kira", true},   {"Leo", false},
    {"Mira", true},     {"Nils", false},   {"Olga", true},   {"Pavel", false},  {"Quinn", true},  {"Rafael", false},
    {"Sonia", true},    {"Tomas", false},  {"Ursula", true}, {"Viktor", false}, {"Wanda", true},  {"Xavier", false},
    {"Yara", true},     {"Zeno", false},   {"Agnes", true},  {"Boris", false},  {"Celia", true},  {"Dmitri", false},
    {"Edith", true},    {"Fabian", false}, {"Hanna", true},  {"Ivan", false},   {"Joanna", true}, {"Karl", false},
    {"Lydia", true},    {"Marco", false},  {"Nora", true},   {"Oskar", false},  {"Petra", true},  {"Robert", false},
    {"Selma", true},    {"Theo", false},   {"Vera", true},   {"Walter", false}, {"Amelia", true}, {"Bernard", false},
    {"Dorothea", true}, {"Emil", false},   {"Frieda", true}, {"Gregor", false}, {"Helena", true}, {"Julian", false},
};

inline constexpr std::string_view kPlaces[] = {
    "harbour", "village", "market",   "forest", "lighthouse", "library",  "station", "orchard",
    "castle",  "valley",  "workshop", "garden", "bakery",     "mill",     "chapel",  "island",
    "bridge",  "school",  "theatre",  "tavern", "monastery",  "quarry",   "museum",  "observatory",
    "farm",    "meadow",  "cellar",   "tower",  "canal",      "shipyard",
};

inline constexpr Noun kThings[] = {
    {"lantern", "lanterns"},   {"map", "maps"},         {"key", "keys"},           {"letter", "letters"},
    {"clock", "clocks"},       {"mirror", "mirrors"},   {"basket", "baskets"},     {"violin", "violins"},
    {"compass", "compasses"},  {"ring", "rings"},       {"coin", "coins"},         {"book", "books"},
    {"candle", "candles"},     {"rope", "ropes"},       {"bottle", "bottles"},     {"knife", "knives"},
    {"hat", "hats"},           {"drum", "drums"},       {"painting", "paintings"}, {"telescope", "telescopes"},
    {"kettle", "kettles"},     {"blanket", "blankets"}, {"umbrella", "umbrellas"}, {"ladder", "ladders"},
    {"wheel", "wheels"},       {"hammer", "hammers"},   {"needle", "needles"},     {"box", "boxes"},
    {"stone", "stones"},       {"feather", "feathers"}, {"bell", "bells"},         {"cup", "cups"},
    {"notebook", "notebooks"}, {"shell", "shells"},     {"sword", "swords"},       {"statue", "statues"},
    {"saddle", "saddles"},     {"spoon", "spoons"},     {"flute", "flutes"},       {"anchor", "anchors"},
};

inline constexpr Noun kCreatures[] = {
    {"fisherman", "fishermen"},
    {"baker", "bakers"},
    {"teacher", "teachers"},
    {"soldier", "soldiers"},
    {"doctor", "doctors"},
    {"sailor", "sailors"},
    {"merchant", "merchants"},
    {"farmer", "farmers"},
    {"painter", "painters"},
    {"child", "children"},
    {"stranger", "strangers"},
    {"neighbour", "neighbours"},
    {"dog", "dogs"},
    {"cat", "cats"},
    {"horse", "horses"},
    {"fox", "foxes"},
    {"raven", "ravens"},
    {"goose", "geese"},
    {"wolf", "wolves"},
    {"mouse", "mice"},
    {"traveller", "travellers"},
    {"guard", "guards"},
    {"miller", "millers"},
    {"smith", "smiths"},
    {"musician", "musicians"},
    {"widow", "widows"},
    {"king", "kings"},
    {"thief", "thieves"},
    {"sister", "sisters"},
    {"uncle", "uncles"},
    {"gardener", "gardeners"},
    {"captain", "captains"},
};

inline constexpr std::string_view kAdjectives[] = {
    "old",     "small",   "heavy",     "bright", "broken", "quiet",   "strange",  "golden",   "narrow",   "empty",
    "curious", "tired",   "patient",   "clever", "brave",  "lonely",  "cheerful", "gentle",   "stubborn", "careful",
    "dusty",   "silver",  "wooden",    "pale",   "hungry", "nervous", "proud",    "honest",   "foolish",  "ancient",
    "cold",    "crooked", "forgotten", "famous", "frozen", "hidden",  "ordinary", "precious", "rusty",    "secret",
    "shabby",  "simple",  "tall",      "thin",   "warm",   "wild",
};

// Transitive, fit for a person acting on a thing.
inline constexpr Verb kHandle[] = {
    {"carry", "carries", "carried"},     {"find", "finds", "found"},         {"hide", "hides", "hid"},
    {"repair", "repairs", "repaired"},   {"sell", "sells", "sold"},          {"paint", "paints", "painted"},
    {"lose", "loses", "lost"},           {"polish", "polishes", "polished"}, {"borrow", "borrows", "borrowed"},
    {"steal", "steals", "stole"},        {"bring", "brings", "brought"},     {"keep", "keeps", "kept"},
    {"examine", "examines", "examined"}, {"drop", "drops", "dropped"},       {"lift", "lifts", "lifted"},
    {"clean", "cleans", "cleaned"},      {"wrap", "wraps", "wrapped"},       {"measure", "measures", "measured"},
    {"buy", "buys", "bought"},           {"throw", "throws", "threw"},       {"catch", "catches", "caught"},
    {"draw", "draws", "drew"},           {"open", "opens", "opened"},        {"forget", "forgets", "forgot"},
    {"choose", "chooses", "chose"},      {"hold", "holds", "held"},          {"break", "breaks", "broke"},
    {"return", "returns", "returned"},   {"bury", "buries", "buried"},       {"wash", "washes", "washed"},
};

// Transitive, fit for a person acting on a person or animal.
inline constexpr Verb kMeet[] = {
    {"meet", "meets", "met"},           {"follow", "follows", "followed"}, {"help", "helps", "helped"},
    {"greet", "greets", "greeted"},     {"thank", "thanks", "thanked"},    {"watch", "watches", "watched"},
    {"warn", "warns", "warned"},        {"teach", "teaches", "taught"},    {"trust", "trusts", "trusted"},
    {"fear", "fears", "feared"},        {"visit", "visits", "visited"},    {"ask", "asks", "asked"},
    {"answer", "answers", "answered"},  {"find", "finds", "found"},        {"hear", "hears", "heard"},
    {"forgive", "forgives", "forgave"}, {"know", "knows", "knew"},         {"lead", "leads", "led"},
};

inline constexpr Verb kMove[] = {
    {"walk", "walks", "walked"},       {"run", "runs", "ran"},          {"ride", "rides", "rode"},
    {"wander", "wanders", "wandered"}, {"hurry", "hurries", "hurried"}, {"travel", "travels", "travelled"},
    {"climb", "climbs", "climbed"},    {"march", "marches", "marched"}, {"sail", "sails", "sailed"},
    {"return", "returns", "returned"}, {"drive", "drives", "drove"},    {"creep", "creeps", "crept"},
};

inline constexpr std::string_view kAdverbs[] = {
    "slowly",     "quickly",           "carefully",    "silently",       "gladly",
    "suddenly",   "at once",           "once more",    "without a word", "with great care",
    "in a hurry", "after a while",     "as before",    "by mistake",     "every morning",
    "all alone",  "for the last time", "with a smile", "in the dark",    "before dawn",
    "patiently",  "proudly",
};

}  // namespace moe::data::generators
