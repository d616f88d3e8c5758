// SPDX-License-Identifier: Apache-2.0
#include "engine/data/generators/generator.h"

#include <array>

namespace moe::data::generators {
namespace {

constexpr std::array<Domain, 9> kDomains{{
    {"prose", "short English stories about recurring people and things", write_prose},
    {"verse", "rhymed quatrains in iambic tetrameter with a refrain", write_verse},
    {"dialogue", "conversations in which the answers fit the questions", write_dialogue},
    {"german", "German prose with gender, case and verb-final clauses", write_german},
    {"arithmetic", "worked sums, equations and word problems, all correct", write_arithmetic},
    {"code", "Python functions and classes with consistent names", write_code},
    {"json", "nested records of several schemas", write_json},
    {"logs", "service logs with advancing time stamps and request ids", write_logs},
    {"tables", "CSV and Markdown tables whose totals are right", write_tables},
}};

}  // namespace

std::span<const Domain> domains() { return kDomains; }

void document(std::uint64_t seed, int domain, Split split, std::uint64_t index, std::string& out) {
  // One block turns (seed, domain, split) into the key of a stream family; the index then selects the stream.
  const std::uint64_t label = (static_cast<std::uint64_t>(split) << 32) | static_cast<std::uint32_t>(domain);
  const auto mixed = Philox::block(seed, static_cast<std::uint64_t>(Purpose::document), label);
  TextRng rng((static_cast<std::uint64_t>(mixed[0]) << 32) | mixed[1], index);
  out.clear();
  kDomains[static_cast<std::size_t>(domain)].write(rng, out);
}

}  // namespace moe::data::generators
