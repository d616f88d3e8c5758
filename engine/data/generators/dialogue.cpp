// SPDX-License-Identifier: Apache-2.0
// Conversations of two people: what is asked is answered, and what was said is remembered later.
#include <utility>

#include "engine/data/generators/generator.h"
#include "engine/data/generators/lexicon.h"
#include "engine/data/generators/put.h"

namespace moe::data::generators {
namespace {

constexpr std::string_view kGreetings[] = {"Good morning", "Hello", "Good evening", "Hi", "There you are", "Welcome"};
constexpr std::string_view kSpots[] = {
    "on the shelf",  "under the table", "behind the door", "in the kitchen",       "next to the window",
    "in my bag",     "on the roof",     "in the cellar",   "at my sister's house", "in the second drawer",
    "by the stairs", "in the car",
};
constexpr std::string_view kDays[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
constexpr std::string_view kMeals[] = {"soup", "bread", "tea", "coffee", "fish", "cheese", "pie", "rice", "salad"};
constexpr std::string_view kAgree[] = {"Yes, of course.", "Why not?",   "I think so.",
                                       "Certainly.",      "All right.", "Sure, gladly."};
constexpr std::string_view kRefuse[] = {"No, I'm sorry.", "I'd rather not.", "Not today.", "I'm afraid I can't.",
                                        "Certainly not!"};
constexpr std::string_view kFillers[] = {
    "Hm.", "I see.", "Really?", "Well, well.", "You don't say!", "Good to know.", "Let me think.", "That's odd."};

// The facts of one conversation, fixed before anyone speaks.
struct Facts {
  Person a, b;
  const Noun* thing;
  std::string_view spot, day, place;
  int price, hour;
};

void say(std::string& out, const Person& who, std::string_view text) { Put{out, "{}: {}\n", who.name, text}; }

void ask_where(TextRng& rng, const Facts& f, std::string& out) {
  say(out, f.a, Text{"Where did you put the {}?", f.thing->singular}.value);
  say(out, f.b, Text{"It is {}, I believe.", f.spot}.value);
  if (rng.chance(50)) say(out, f.a, rng.pick(kFillers));
}

void ask_price(TextRng& rng, const Facts& f, std::string& out) {
  const int offer = f.price - rng.between(1, f.price / 2);
  say(out, f.a, Text{"How much do you want for the {}?", f.thing->singular}.value);
  say(out, f.b, Text{"{} crowns, not one less.", f.price}.value);
  if (rng.chance(60)) {
    say(out, f.a, Text{"I can give you {}.", offer}.value);
    say(out, f.b, Text{"That is {} too little. {}", f.price - offer, rng.pick(kRefuse)}.value);
  } else {
    say(out, f.a, Text{"Here are {}. Keep the five.", f.price + 5}.value);
  }
}

void arrange(TextRng& rng, const Facts& f, std::string& out) {
  say(out, f.a, Text{"Shall we meet at the {} on {}?", f.place, f.day}.value);
  if (rng.chance(70)) {
    say(out, f.b, Text{"{} At what time?", rng.pick(kAgree)}.value);
    say(out, f.a, Text{"At {} o'clock.", f.hour}.value);
  } else {
    const std::string_view other = rng.pick(kDays);
    say(out, f.b, Text{"{} How about {}?", rng.pick(kRefuse), other == f.day ? "next week" : other}.value);
    say(out, f.a, Text{"No, it has to be {} at {} o'clock.", f.day, f.hour}.value);
  }
}

void order(TextRng& rng, const Facts& f, std::string& out) {
  const std::string_view first = rng.pick(kMeals), second = rng.pick(kMeals);
  say(out, f.a, Text{"Would you like some {} or some {}?", first, second}.value);
  say(out, f.b, Text{"Some {}, please. I had {} yesterday.", first, second}.value);
}

void opinion(TextRng& rng, const Facts& f, std::string& out) {
  const Person& who = rng.pick(kPeople);
  const Verb& verb = rng.pick(kHandle);
  say(out, f.a, Text{"Did {} {} the {}?", who.name, verb.base, f.thing->singular}.value);
  say(out, f.b, Text{"Yes, {} {} it on {}.", who.she ? "she" : "he", verb.past, rng.pick(kDays)}.value);
  say(out, f.a, rng.pick(kFillers));
}

// The memory test: each line can only be said by someone who has read the beginning.
void recall(TextRng& rng, const Facts& f, std::string& out) {
  switch (rng.below(3)) {
    case 0:
      say(out, f.a, Text{"You said the {} was {}. It isn't there.", f.thing->singular, f.spot}.value);
      say(out, f.b, Text{"Then somebody has taken the {}!", f.thing->singular}.value);
      break;
    case 1:
      say(out, f.b, Text{"So I'll see you at the {} on {}?", f.place, f.day}.value);
      say(out, f.a, Text{"Yes, {}, at {} o'clock.", f.day, f.hour}.value);
      break;
    default:
      say(out, f.b, Text{"And the {} is {} crowns, {}.", f.thing->singular, f.price, f.a.name}.value);
      say(out, f.a, Text{"{}? {}", f.price, rng.pick(kAgree)}.value);
  }
}

}  // namespace

void write_dialogue(TextRng& rng, std::string& out) {
  using Turn = void (*)(TextRng&, const Facts&, std::string&);
  static constexpr Turn kTurns[] = {ask_where, ask_price, arrange, order, opinion};
  Facts f{rng.pick(kPeople), rng.pick(kPeople), &rng.pick(kThings), rng.pick(kSpots),
          rng.pick(kDays),   rng.pick(kPlaces), rng.between(4, 95), rng.between(2, 11)};
  while (f.b.name == f.a.name) f.b = rng.pick(kPeople);
  say(out, f.a, Text{"{}, {}!", rng.pick(kGreetings), f.b.name}.value);
  say(out, f.b, Text{"{}, {}.", rng.pick(kGreetings), f.a.name}.value);
  ask_where(rng, f, out);
  ask_price(rng, f, out);
  arrange(rng, f, out);
  for (int i = rng.between(2, 6); i > 0; --i) {
    if (rng.chance(55)) {
      rng.pick(kTurns)(rng, f, out);
    } else {
      recall(rng, f, out);
    }
    if (rng.chance(30)) std::swap(f.a, f.b);  // the other one takes the lead
  }
  say(out, f.a, Text{"Goodbye, {}.", f.b.name}.value);
  say(out, f.b, Text{"Goodbye, {}. Until {}!", f.a.name, f.day}.value);
}

}  // namespace moe::data::generators
