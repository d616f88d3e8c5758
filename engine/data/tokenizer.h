// SPDX-License-Identifier: Apache-2.0
// SentencePiece BPE with byte fallback: every byte string encodes, and decodes to itself.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace moe::data {

class Tokenizer {
 public:
  /// Loads tokenizer.model. Throws Error(bad_input) when missing, torn or not SentencePiece.
  static Tokenizer load(const std::filesystem::path& file);
  static Tokenizer from_bytes(std::string model);
  /// Trains on the lines that `next` yields (false at the end). Deterministic: one thread, fixed order.
  /// `vocabulary` is exact unless the text is too small for it, then the largest possible one is used. Throws
  /// Error(usage) below kMinVocabulary: 3 control ids, newline, tab and 256 bytes leave room for no text otherwise.
  static constexpr int kMinVocabulary = 288;
  static Tokenizer train(const std::function<bool(std::string&)>& next, int vocabulary);
  void save(const std::filesystem::path& file) const;

  int vocabulary() const;
  int bos() const;
  int eos() const;
  int unknown() const;
  std::vector<std::int32_t> encode(std::string_view text) const;
  /// The same, appended to `ids`.
  void encode(std::string_view text, std::vector<std::int32_t>& ids) const;
  /// Throws Error(usage) for an id outside the vocabulary.
  std::string decode(const std::vector<std::int32_t>& ids) const;
  /// The text that one id stands for, with spaces as spaces; a lone byte of a multi-byte character is given as
  /// "<0xE2>".
  std::string piece(std::int32_t id) const;
  const std::string& bytes() const;  // the serialized model

  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

 private:
  struct Impl;
  explicit Tokenizer(std::unique_ptr<Impl>);
  std::unique_ptr<Impl> impl_;
};

}  // namespace moe::data
