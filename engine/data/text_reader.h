// SPDX-License-Identifier: Apache-2.0
// Reads a text file of any size as UTF-8 documents of bounded size, whatever its encoding.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "engine/data/file_io.h"

namespace moe::data {

/// How a file's bytes are read. `ascii` also means: nothing above 0x7F has been seen yet.
enum class Encoding { ascii, utf8, latin1, utf16_le, utf16_be, bytes };

/// Judges text that holds a byte above 0x7F. Latin-1 is assumed when nothing in it is well-formed UTF-8, no byte is a
/// C1 control and nothing looks like an encoded surrogate; text that is neither is kept byte for byte.
Encoding judge_encoding(std::string_view block);

/// Why the beginning of a file says that it is no text ("ELF program", "PDF", "NUL bytes" ...); empty for text.
std::string sniff_binary(std::string_view head);

/// Decodes block by block. UTF-16 is known by its byte order mark; marks are removed; lone surrogates become U+FFFD.
class TextReader {
 public:
  explicit TextReader(const std::filesystem::path& file);

  /// Appends the text of the next block to `text`; false at the end of the file.
  bool read(std::string& text);
  /// Bytes of the file that have been read.
  std::uint64_t bytes_read() const { return bytes_read_; }
  /// What was changed or could not be read, for people; empty when nothing.
  std::string remark() const;

 private:
  void decode(std::string_view block, bool last, std::string& text);
  void decode_utf8(std::string_view block, bool last, std::string& text);
  void decode_utf16(std::string_view block, bool last, std::string& text);
  std::string_view remove_mark(std::string_view block);

  FileDescriptor file_;
  std::string block_, carry_;  // carry: the bytes of a character that a block border divided
  Encoding encoding_ = Encoding::ascii;
  std::uint64_t bytes_read_ = 0, malformed_ = 0, surrogates_ = 0;
  std::uint32_t high_surrogate_ = 0;
  bool first_ = true, mark_ = false;
  int error_ = 0;
};

/// Cuts a file into documents: the whole file up to kMaxDocument bytes, otherwise parts of kMaxDocument / 2 to
/// kMaxDocument bytes that end after a paragraph, else a line, else a word, else at any character.
class DocumentReader {
 public:
  static constexpr std::size_t kMaxDocument = std::size_t{64} << 10;

  explicit DocumentReader(const std::filesystem::path& file) : reader_(file) {}
  /// Replaces `document`; false at the end of the file. Never gives an empty document.
  bool next(std::string& document);
  const TextReader& reader() const { return reader_; }

 private:
  TextReader reader_;
  std::string buffer_;
  bool ended_ = false;
};

}  // namespace moe::data
