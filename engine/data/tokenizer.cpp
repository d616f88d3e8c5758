// SPDX-License-Identifier: Apache-2.0
// Encoding and decoding. SentencePiece itself is lossy in two places: bytes that are not UTF-8 become U+FFFD and a
// literal U+2581 becomes a space (it stands for the space in pieces). Both are given to the byte pieces directly.
#include "engine/data/tokenizer.h"

#include <fmt/format.h>
#include <sentencepiece_processor.h>

#include <array>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "engine/core/error.h"
#include "engine/data/file_io.h"
#include "engine/data/utf8.h"

namespace moe::data {
namespace {

constexpr std::string_view kSpaceMark = "\xE2\x96\x81";  // U+2581, how SentencePiece writes a space
constexpr std::size_t kMaxCachedWord = 48;               // bytes
constexpr std::size_t kMaxCachedWords = 1 << 17;         // then the cache starts anew
constexpr std::size_t kMaxRun = 4096;                    // bytes given to SentencePiece at once; longer words are cut

// Kinds of bytes. Pieces rarely join bytes of certain kinds, and where none does a text can be cut.
enum Kind : std::uint8_t { kSpace, kBreak, kLetter, kDigit, kSign, kHigh, kKinds };

Kind kind_of(char c) {
  const auto byte = static_cast<std::uint8_t>(c);
  if (byte >= 0x80) return kHigh;
  if (byte == ' ') return kSpace;
  if (byte == '\n' || byte == '\t') return kBreak;
  if (byte >= '0' && byte <= '9') return kDigit;
  return (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z' ? kLetter : kSign;
}

struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

std::string spaces_for_marks(std::string_view piece) {
  std::string text;
  for (std::size_t i = 0; i < piece.size();) {
    if (piece.substr(i, 3) == kSpaceMark) {
      text += ' ';
      i += 3;
    } else {
      text += piece[i++];
    }
  }
  return text;
}

}  // namespace

struct Tokenizer::Impl {
  sentencepiece::SentencePieceProcessor processor;
  std::string model;
  std::array<std::int32_t, 256> byte_ids{};
  std::vector<std::string> bytes_of;  // what an id decodes to
  bool has_space = false;             // a space has a piece; without one SentencePiece would spell U+2581 in bytes
  // joins[a][b]: some piece holds a byte of kind a before one of kind b. Elsewhere no merge crosses, so the parts of a
  // text encode on their own, and the parts recur: caching them is what makes encoding fast.
  bool joins[kKinds][kKinds] = {};
  bool divisible = false;  // false for models that normalise or prepend a space: they get whole texts

  mutable std::mutex mutex;  // guards words
  mutable std::unordered_map<std::string, std::vector<std::int32_t>, StringHash, std::equal_to<>> words;

  void tabulate();
  std::size_t kept_length(std::string_view text, std::size_t at) const;
  void find_joins();
  void encode_run(std::string_view run, std::vector<std::int32_t>& ids) const;
  void encode_parts(std::string_view run, std::vector<std::int32_t>& ids) const;
  void encode_part(std::string_view part, std::vector<std::int32_t>& ids) const;
};

void Tokenizer::Impl::tabulate() {
  const int size = processor.GetPieceSize();
  bytes_of.resize(static_cast<std::size_t>(size));
  for (int id = 0; id < size; ++id) {
    if (!processor.IsControl(id) && !processor.IsByte(id)) {
      bytes_of[static_cast<std::size_t>(id)] = spaces_for_marks(processor.IdToPiece(id));
    }
  }
  for (int b = 0; b < 256; ++b) {
    const int id = processor.PieceToId(fmt::format("<0x{:02X}>", b));
    byte_ids[static_cast<std::size_t>(b)] = id;
    if (processor.IsByte(id)) bytes_of[static_cast<std::size_t>(id)] = std::string(1, static_cast<char>(b));
  }
  has_space = !processor.IsUnknown(processor.PieceToId(kSpaceMark));
  find_joins();
}

void Tokenizer::Impl::find_joins() {
  const std::string probe = " a  b \n\tc ";
  std::vector<int> ids;
  if (!processor.Encode(probe, &ids).ok()) return;
  std::string back;
  for (const int id : ids) back += bytes_of[static_cast<std::size_t>(id)];
  divisible = back == probe;
  joins[kHigh][kHigh] = true;  // never divide a character
  for (const std::string& text : bytes_of) {
    for (std::size_t i = 1; i < text.size(); ++i) joins[kind_of(text[i - 1])][kind_of(text[i])] = true;
  }
}

// Bytes of the character at `at` when SentencePiece keeps it, else 0.
std::size_t Tokenizer::Impl::kept_length(std::string_view text, std::size_t at) const {
  if (text[at] == '\0' || (text[at] == ' ' && !has_space)) return 0;
  const std::size_t length = utf8_length(text, at);
  return length == 3 && text.substr(at, 3) == kSpaceMark ? 0 : length;
}

void Tokenizer::Impl::encode_run(std::string_view run, std::vector<std::int32_t>& ids) const {
  std::vector<int> encoded;
  const auto status = processor.Encode(run, &encoded);
  if (!status.ok()) throw Error(ErrorKind::failure, "SentencePiece cannot encode a text: " + status.ToString());
  ids.insert(ids.end(), encoded.begin(), encoded.end());
}

void Tokenizer::Impl::encode_part(std::string_view part, std::vector<std::int32_t>& ids) const {
  if (part.size() > kMaxCachedWord) return encode_run(part, ids);
  const auto known = words.find(part);
  if (known != words.end()) {
    ids.insert(ids.end(), known->second.begin(), known->second.end());
    return;
  }
  const std::size_t start = ids.size();
  encode_run(part, ids);
  if (words.size() == kMaxCachedWords) words.clear();
  words.emplace(std::string(part),
                std::vector<std::int32_t>(ids.begin() + static_cast<std::ptrdiff_t>(start), ids.end()));
}

void Tokenizer::Impl::encode_parts(std::string_view run, std::vector<std::int32_t>& ids) const {
  for (std::size_t at = 0; at < run.size();) {
    std::size_t end = at + 1;
    for (Kind last = kind_of(run[at]); end < run.size(); ++end) {
      const Kind next = kind_of(run[end]);
      if (!joins[last][next]) break;
      last = next;
    }
    encode_part(run.substr(at, end - at), ids);
    at = end;
  }
}

void Tokenizer::encode(std::string_view text, std::vector<std::int32_t>& ids) const {
  const std::lock_guard lock(impl_->mutex);
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at, length = 0;
    // Cutting very long runs bounds the quadratic part of BPE; a cut after a newline changes no token.
    while (end < text.size() && (length = impl_->kept_length(text, end)) > 0) {
      end += length;
      if (end - at >= kMaxRun && (text[end - 1] == '\n' || end - at >= 4 * kMaxRun)) break;
    }
    if (end > at) {
      const std::string_view run = text.substr(at, end - at);
      impl_->divisible ? impl_->encode_parts(run, ids) : impl_->encode_run(run, ids);
    }
    at = end;
    while (at < text.size() && impl_->kept_length(text, at) == 0) {
      ids.push_back(impl_->byte_ids[static_cast<std::uint8_t>(text[at])]);
      ++at;
    }
  }
}

std::vector<std::int32_t> Tokenizer::encode(std::string_view text) const {
  std::vector<std::int32_t> ids;
  encode(text, ids);
  return ids;
}

std::string Tokenizer::decode(const std::vector<std::int32_t>& ids) const {
  std::string text;
  for (const std::int32_t id : ids) {
    if (id < 0 || id >= vocabulary()) {
      throw Error(ErrorKind::usage, fmt::format("token {} is not in the vocabulary", id), "",
                  fmt::format("0 to {}", vocabulary() - 1), "Use ids of this run's tokenizer");
    }
    text += impl_->bytes_of[static_cast<std::size_t>(id)];
  }
  return text;
}

std::string Tokenizer::piece(std::int32_t id) const {
  if (id < 0 || id >= vocabulary()) return decode({id});  // throws
  const std::string& bytes = impl_->bytes_of[static_cast<std::size_t>(id)];
  if (impl_->processor.IsControl(id) || (impl_->processor.IsByte(id) && static_cast<std::uint8_t>(bytes[0]) >= 0x80)) {
    return impl_->processor.IdToPiece(id);
  }
  return bytes;
}

Tokenizer Tokenizer::from_bytes(std::string model) {
  auto impl = std::make_unique<Impl>();
  const auto status = impl->processor.LoadFromSerializedProto(model);
  if (model.empty() || !status.ok()) {
    throw Error(ErrorKind::bad_input, "not a SentencePiece model", "tokenizer.model", "",
                "Restore the file from a backup or start a new run");
  }
  impl->model = std::move(model);
  impl->tabulate();
  return Tokenizer(std::move(impl));
}

Tokenizer Tokenizer::load(const std::filesystem::path& file) {
  std::string model = read_file(file, std::size_t{256} << 20);
  try {
    return from_bytes(std::move(model));
  } catch (const Error& error) {
    throw Error(error.kind(), error.summary(), escaped_name(file.native()), error.limit(), error.action());
  }
}

void Tokenizer::save(const std::filesystem::path& file) const {
  StagedFile staged(file);
  staged.write(impl_->model.data(), impl_->model.size());
  staged.commit();
}

int Tokenizer::vocabulary() const { return static_cast<int>(impl_->bytes_of.size()); }
int Tokenizer::bos() const { return impl_->processor.bos_id(); }
int Tokenizer::eos() const { return impl_->processor.eos_id(); }
int Tokenizer::unknown() const { return impl_->processor.unk_id(); }
const std::string& Tokenizer::bytes() const { return impl_->model; }

Tokenizer::Tokenizer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

}  // namespace moe::data
