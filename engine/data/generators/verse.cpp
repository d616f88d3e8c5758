// SPDX-License-Identifier: Apache-2.0
// Quatrains in iambic tetrameter (eight syllables, weak-strong) rhymed ABAB or AABB; the refrain returns in each
// stanza.
#include <vector>

#include "engine/data/generators/generator.h"
#include "engine/data/generators/put.h"

namespace moe::data::generators {
namespace {

// Families of one-syllable words that rhyme and fit after "the".
const std::vector<std::vector<std::string_view>> kRhymes = {
    {"night", "light", "sight", "flight", "height", "kite"},
    {"day", "bay", "clay", "hay", "way", "spray", "grey"},
    {"sea", "tree", "bee", "key", "lea", "knee"},
    {"stone", "throne", "bone", "moan", "drone", "cone"},
    {"rain", "plain", "grain", "train", "chain", "lane"},
    {"stream", "dream", "gleam", "beam", "cream", "team"},
    {"hill", "mill", "sill", "rill", "chill", "thrill"},
    {"snow", "glow", "crow", "row", "bow", "flow"},
    {"deep", "sheep", "sleep", "keep", "heap", "steep"},
    {"sound", "ground", "mound", "hound", "round", "pound"},
    {"wing", "king", "spring", "string", "ring", "thing"},
    {"shore", "door", "roar", "core", "floor", "oar"},
    {"star", "bar", "jar", "scar", "tar", "car"},
    {"land", "sand", "hand", "band", "strand", "stand"},
    {"fire", "lyre", "spire", "wire", "choir", "pyre"},
    {"horn", "corn", "thorn", "morn", "scorn"},
};
constexpr std::string_view kTrochees[] = {
    // strong-weak adjectives
    "silver",  "golden", "silent", "gentle",  "weary",   "lonely",  "ancient", "hollow", "distant", "broken",
    "scarlet", "bitter", "tender", "shining", "falling", "wakeful", "crimson", "mellow", "sullen",  "velvet",
};
constexpr std::string_view kStrong[] = {
    // one-syllable nouns
    "moon", "wind",  "bird",  "rose", "leaf", "wolf",  "ship",  "cloud", "bell", "ghost", "heart", "song",
    "wave", "flame", "child", "road", "lark", "frost", "bloom", "storm", "drum", "mist",  "dove",  "knight",
};
constexpr std::string_view kPrepositions[] = {
    // weak-strong
    "beside", "above", "beneath", "upon", "across", "along", "behind", "below", "before", "within",
};
constexpr std::string_view kSings[] = {
    // one-syllable verbs, third person
    "sings", "calls", "waits", "sleeps", "turns", "weeps", "glides", "burns", "falls", "wakes", "shines", "rests",
};
constexpr std::string_view kOpeners[] = {"and", "but", "while", "though", "for", "when", "where", "as"};
constexpr std::string_view kSoft[] = {"soft", "low", "far", "still", "slow", "cold", "bright", "deep", "long", "late"};
constexpr std::string_view kOaths[] = {
    "remember me", "we shall be free", "return to me", "it is for thee", "so let it be", "and wait for me",
};

// One line of eight syllables that ends in `rhyme`.
void line(TextRng& rng, std::string_view rhyme, std::string& out) {
  switch (rng.below(6)) {
    case 0:
      Put{out, "the {} {} {} the {}", rng.pick(kTrochees), rng.pick(kStrong), rng.pick(kPrepositions), rhyme};
      break;
    case 1:
      Put{out,
          "{} {} the {} {} the {}",
          rng.pick(kOpeners),
          rng.pick(kSings),
          rng.pick(kStrong),
          rng.pick(kPrepositions),
          rhyme};
      break;
    case 2:
      Put{out, "a {} {} {} the {}", rng.pick(kTrochees), rng.pick(kStrong), rng.pick(kPrepositions), rhyme};
      break;
    case 3:
      Put{out, "the {} that {} {} the {}", rng.pick(kStrong), rng.pick(kSings), rng.pick(kPrepositions), rhyme};
      break;
    case 4:
      Put{out,  "{} {} and {} {} the {}", rng.pick(kOpeners), rng.pick(kSoft), rng.pick(kSoft), rng.pick(kPrepositions),
          rhyme};
      break;
    default:
      Put{out,  "no {} {} {} the {} {}", rng.pick(kStrong), rng.pick(kSings), rng.pick(kPrepositions), rng.pick(kSoft),
          rhyme};
  }
}

void capitalise(std::string& text, std::size_t at) { text[at] = static_cast<char>(text[at] - 'a' + 'A'); }

}  // namespace

void write_verse(TextRng& rng, std::string& out) {
  const std::string_view hero = rng.pick(kStrong);
  const std::string refrain = Text{"O {} {}, {}!", rng.pick(kTrochees), hero, rng.pick(kOaths)}.value;
  Put{out, "To the {} {}\n\n", rng.pick(kTrochees), hero};
  const bool alternate = rng.chance(50);  // ABAB, otherwise AABB
  const int stanzas = rng.between(4, 8);
  for (int s = 0; s < stanzas; ++s) {
    const int family = rng.below(static_cast<int>(kRhymes.size()));
    const int shift = rng.between(1, static_cast<int>(kRhymes.size()) - 1);
    const auto& a = kRhymes[static_cast<std::size_t>(family)];
    const auto& b = kRhymes[static_cast<std::size_t>(family + shift) % kRhymes.size()];
    const int first_a = rng.below(static_cast<int>(a.size())), first_b = rng.below(static_cast<int>(b.size()));
    for (int l = 0; l < 4; ++l) {
      const bool use_a = alternate ? l % 2 == 0 : l < 2;
      const int turn = alternate ? l / 2 : l % 2;
      const auto& words = use_a ? a : b;
      const std::size_t at = static_cast<std::size_t>((use_a ? first_a : first_b) + turn) % words.size();
      const std::size_t start = out.size();
      line(rng, words[at], out);
      capitalise(out, start);
      out += l == 3 ? ".\n" : (l == 1 ? ";\n" : ",\n");
    }
    out += refrain + "\n";
    if (s + 1 < stanzas) out += '\n';
  }
}

}  // namespace moe::data::generators
