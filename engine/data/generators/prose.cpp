// SPDX-License-Identifier: Apache-2.0
// English-like stories: a hero, a friend and a thing that recur, one tense throughout, subject and verb that agree.
#include "engine/data/generators/generator.h"
#include "engine/data/generators/lexicon.h"
#include "engine/data/generators/put.h"

namespace moe::data::generators {
namespace {

constexpr std::string_view kWhen[] = {
    "One morning",
    "In the evening",
    "Long ago",
    "That winter",
    "On the third day",
    "Early in spring",
    "At midnight",
    "Before the storm",
    "After the harvest",
    "On market day",
    "In the first week of June",
    "When the rain stopped",
};
constexpr std::string_view kReasons[] = {
    "because the {} was closed",    "since nobody else lived near the {}",    "because the road to the {} was long",
    "although the {} was far away", "while the bells of the {} were ringing", "until the lights of the {} went out",
};
constexpr std::string_view kFeelings[] = {
    "happy", "afraid", "tired", "angry", "surprised", "grateful", "ashamed", "curious", "hopeful", "calm", "sad",
};
constexpr std::string_view kDirections[] = {"to", "through", "towards", "past", "around", "away from"};

// The cast of one story and how it is told.
struct Story {
  Person hero, other;
  const Noun* thing;
  const Noun* creature;
  std::string_view home, away, quality;
  bool past;
};

std::string_view tense(const Story& s, const Verb& verb) { return s.past ? verb.past : verb.third; }
std::string_view to_be(const Story& s, bool plural) {
  if (plural) return s.past ? "were" : "are";
  return s.past ? "was" : "is";
}
std::string_view she(const Person& p) { return p.she ? "she" : "he"; }
std::string_view her(const Person& p) { return p.she ? "her" : "his"; }
std::string_view object_form(const Person& p) { return p.she ? "her" : "him"; }

std::string_view article(std::string_view word) {
  return std::string_view("aeiou").find(word.front()) != std::string_view::npos ? "an" : "a";
}

std::string capital(std::string_view word) {
  std::string text(word);
  if (text.front() >= 'a' && text.front() <= 'z') text.front() = static_cast<char>(text.front() - 'a' + 'A');
  return text;
}

// "the old fisherman", "three curious ravens": plural tells the verb how to agree.
std::string creature_phrase(TextRng& rng, bool& plural) {
  static constexpr std::string_view kCounts[] = {"two", "three", "four", "five", "several", "many"};
  const Noun& noun = rng.pick(kCreatures);
  plural = rng.chance(40);
  if (plural) return Text{"{} {} {}", rng.pick(kCounts), rng.pick(kAdjectives), noun.plural}.value;
  const std::string_view adjective = rng.pick(kAdjectives);
  return Text{"{} {} {}", rng.chance(50) ? "the" : article(adjective), adjective, noun.singular}.value;
}

void opening(TextRng& rng, const Story& s, std::string& out) {
  switch (rng.below(3)) {
    case 0:
      Put{out,
          "There {} once {} {} {} named {}, who {} near the {}. ",
          to_be(s, false),
          article(s.quality),
          s.quality,
          s.creature->singular,
          s.hero.name,
          s.past ? "lived" : "lives",
          s.home};
      break;
    case 1:
      Put{out,
          "{} the {} {} by the {} with {} old friend {}. ",
          s.hero.name,
          s.creature->singular,
          s.past ? "lived" : "lives",
          s.home,
          her(s.hero),
          s.other.name};
      break;
    default:
      Put{out,         "{}, {} {} a {} in the {}. ", rng.pick(kWhen),
          s.hero.name, s.past ? "found" : "finds",   s.thing->singular,
          s.home};
  }
}

void act(TextRng& rng, const Story& s, std::string& out) {
  const Person& who = rng.chance(70) ? s.hero : s.other;
  const Person& whom = who.name == s.hero.name ? s.other : s.hero;
  switch (rng.below(9)) {
    case 0:
      Put{out, "{} {} the {} {}. ", who.name, tense(s, rng.pick(kHandle)), s.thing->singular, rng.pick(kAdverbs)};
      break;
    case 1:
      Put{out,
          "{}, {} {} {} the {} and {} {} there. ",
          rng.pick(kWhen),
          she(who),
          tense(s, rng.pick(kMove)),
          rng.pick(kDirections),
          rng.pick(kPlaces),
          tense(s, rng.pick(kMeet)),
          whom.name};
      break;
    case 2: {
      bool plural = false;
      const std::string subject = creature_phrase(rng, plural);
      Put{out,
          "{} {} waiting near the {}, and {} {} {} at all. ",
          capital(subject),
          to_be(s, plural),
          s.away,
          who.name,
          to_be(s, false),
          rng.chance(50) ? "not afraid" : "not surprised"};
      break;
    }
    case 3:
      Put{out,      "{} {} {} {} {}, ",    capital(she(who)),         tense(s, rng.pick(kHandle)),
          her(who), rng.pick(kAdjectives), rng.pick(kThings).singular};
      fmt::format_to(std::back_inserter(out), fmt::runtime(rng.pick(kReasons)), rng.pick(kPlaces));
      out += ". ";
      break;
    case 4:
      Put{out,
          "\"{} is my {},\" {} {}. ",
          rng.chance(50) ? "This" : "That",
          s.thing->singular,
          s.past ? "said" : "says",
          who.name};
      break;
    case 5: {
      bool plural = false;
      const std::string subject = creature_phrase(rng, plural);
      const Verb& verb = rng.pick(kMeet);
      Put{out,
          "{} {} {}, but {} {} nothing. ",
          capital(subject),
          s.past ? verb.past : (plural ? verb.base : verb.third),
          who.name,
          she(who),
          s.past ? "said" : "says"};
      break;
    }
    case 6:
      Put{out,       "{} {} {} and {} {} {} {} {}. ", who.name,          s.past ? "met" : "meets",
          whom.name, s.past ? "gave" : "gives",       object_form(whom), article(s.quality),
          s.quality, rng.pick(kThings).singular};
      break;
    case 7:
      Put{out,
          "The {} that {} {} {} {}, and {} {} {}. ",
          s.thing->singular,
          who.name,
          tense(s, rng.pick(kHandle)),
          to_be(s, false),
          rng.pick(kAdjectives),
          she(who),
          to_be(s, false),
          rng.pick(kFeelings)};
      break;
    default:
      Put{out,   "Neither {} nor {} {} the way to the {}. ", s.hero.name, s.other.name, s.past ? "knew" : "knows",
          s.away};
  }
}

void closing(TextRng& rng, const Story& s, std::string& out) {
  switch (rng.below(3)) {
    case 0:
      Put{out,
          "In the end {} {} the {} to {}, and they {} home to the {}.",
          s.hero.name,
          s.past ? "gave" : "gives",
          s.thing->singular,
          s.other.name,
          s.past ? "went" : "go",
          s.home};
      break;
    case 1:
      Put{out,
          "So the {} came back to the {}, and {} {} {}.",
          s.thing->singular,
          s.home,
          s.hero.name,
          to_be(s, false),
          rng.pick(kFeelings)};
      break;
    default:
      Put{out, "Nobody in the {} ever {} of the {} again.", s.home, s.past ? "spoke" : "speaks", s.thing->singular};
  }
}

}  // namespace

void write_prose(TextRng& rng, std::string& out) {
  Story s{rng.pick(kPeople), rng.pick(kPeople), &rng.pick(kThings),    &rng.pick(kCreatures),
          rng.pick(kPlaces), rng.pick(kPlaces), rng.pick(kAdjectives), rng.chance(75)};
  while (s.other.name == s.hero.name) s.other = rng.pick(kPeople);
  opening(rng, s, out);
  const int paragraphs = rng.between(2, 4);
  for (int p = 0; p < paragraphs; ++p) {
    for (int i = rng.between(3, 6); i > 0; --i) act(rng, s, out);
    if (p + 1 < paragraphs) {
      out.back() = '\n';  // in place of the space after the last sentence
      out += '\n';
    }
  }
  closing(rng, s, out);
  out += '\n';
}

}  // namespace moe::data::generators
