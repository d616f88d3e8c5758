// SPDX-License-Identifier: Apache-2.0
// The embedded corpus: endless text in labelled domains. A document is a pure function of (seed, domain, index), so a
// batch can be rebuilt at any step without a file. Every word list and template is written for this program.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/data/generators/text_rng.h"

namespace moe::data::generators {

/// One labelled kind of text. `write` appends one document, of roughly 600 to 2,500 bytes, that ends in a newline.
struct Domain {
  std::string_view name;     // a short lower-case word
  std::string_view summary;  // one line for people
  void (*write)(TextRng& rng, std::string& out);
};

/// All domains in label order. Labels and texts are saved formats (runs are replayed from them): raise kVersion when
/// any text changes.
std::span<const Domain> domains();
inline constexpr int kVersion = 1;

/// Documents of the training and of the held-out stream share no random numbers.
enum class Split : std::uint32_t { train = 0, held_out = 1 };

/// Replaces `out` by the document of (seed, domain, split, index).
void document(std::uint64_t seed, int domain, Split split, std::uint64_t index, std::string& out);

// One per file of this folder.
void write_prose(TextRng& rng, std::string& out);
void write_verse(TextRng& rng, std::string& out);
void write_dialogue(TextRng& rng, std::string& out);
void write_german(TextRng& rng, std::string& out);
void write_arithmetic(TextRng& rng, std::string& out);
void write_code(TextRng& rng, std::string& out);
void write_json(TextRng& rng, std::string& out);
void write_logs(TextRng& rng, std::string& out);
void write_tables(TextRng& rng, std::string& out);

}  // namespace moe::data::generators
