// SPDX-License-Identifier: Apache-2.0
#include "engine/data/text_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "engine/data/utf8.h"

namespace moe::data {
namespace {

constexpr std::size_t kBlock = std::size_t{64} << 10;

std::uint8_t byte_at(std::string_view text, std::size_t at) { return static_cast<std::uint8_t>(text[at]); }

bool starts_utf16(std::string_view head) { return head.starts_with("\xFF\xFE") || head.starts_with("\xFE\xFF"); }

// The bytes at the end of `block` that may begin a character of the next block.
std::size_t incomplete_tail(std::string_view block) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, block.size()); ++back) {
    const std::uint8_t byte = byte_at(block, block.size() - back);
    if (byte < 0x80) return 0;
    if (byte < 0xC0) continue;  // a continuation byte: its lead is further left
    const std::size_t length = byte < 0xE0 ? 2 : (byte < 0xF0 ? 3 : 4);
    return length > back ? back : 0;
  }
  return 0;
}

void append_latin1(std::string_view block, std::string& text) {
  for (const char c : block) append_utf8(text, static_cast<std::uint8_t>(c));
}

}  // namespace

Encoding judge_encoding(std::string_view block) {
  std::size_t good = 0, bad = 0, controls = 0, surrogates = 0;
  for (std::size_t at = 0; at < block.size();) {
    const std::size_t length = utf8_length(block, at);
    if (length >= 2) ++good;
    if (length == 0) {
      ++bad;
      if (byte_at(block, at) < 0xA0) ++controls;
      if (byte_at(block, at) == 0xED && at + 2 < block.size() && byte_at(block, at + 1) >= 0xA0 &&
          byte_at(block, at + 2) >= 0x80 && byte_at(block, at + 2) < 0xC0) {
        ++surrogates;
      }
    }
    at += std::max<std::size_t>(length, 1);
  }
  if (bad == 0) return Encoding::utf8;
  return good == 0 && controls == 0 && surrogates == 0 ? Encoding::latin1 : Encoding::bytes;
}

std::string sniff_binary(std::string_view head) {
  using namespace std::string_view_literals;
  static constexpr std::pair<std::string_view, std::string_view> kMagic[] = {
      {"\x7F"
       "ELF"sv,
       "ELF program"},
      {"%PDF-"sv, "PDF"},
      {"PK\x03\x04"sv, "zip archive"},
      {"\x1F\x8B"sv, "gzip archive"},
      {"\x89PNG"sv, "PNG image"},
      {"\xFF\xD8\xFF"sv, "JPEG image"},
      {"GIF8"sv, "GIF image"},
      {"BZh"sv, "bzip2 archive"},
      {"\xFD"
       "7zXZ"sv,
       "xz archive"},
      {"\x28\xB5\x2F\xFD"sv, "zstd archive"},
      {"\xFF\xFE\0\0"sv, "UTF-32 text"},
      {"\0\0\xFE\xFF"sv, "UTF-32 text"},
  };
  for (const auto& [magic, name] : kMagic) {
    if (head.starts_with(magic)) return std::string(name);
  }
  if (!starts_utf16(head) && head.find('\0') != std::string_view::npos) return "binary: it holds NUL bytes";
  return {};
}

TextReader::TextReader(const std::filesystem::path& file) : file_(open_regular(file)) {
  if (!file_) error_ = errno;
}

std::string_view TextReader::remove_mark(std::string_view block) {
  if (block.starts_with("\xEF\xBB\xBF")) {
    mark_ = true;
    return block.substr(3);
  }
  if (starts_utf16(block)) {
    encoding_ = block[0] == '\xFF' ? Encoding::utf16_le : Encoding::utf16_be;
    return block.substr(2);
  }
  return block;
}

bool TextReader::read(std::string& text) {
  if (!file_) return false;
  block_.resize(carry_.size() + kBlock);
  std::copy(carry_.begin(), carry_.end(), block_.begin());
  const ssize_t n = read_fully(file_.get(), block_.data() + carry_.size(), kBlock);
  if (n < 0) error_ = errno;
  const std::size_t got = n > 0 ? static_cast<std::size_t>(n) : 0;
  block_.resize(carry_.size() + got);
  carry_.clear();
  bytes_read_ += got;
  const bool last = got < kBlock;
  std::string_view block = block_;
  if (std::exchange(first_, false)) block = remove_mark(block);
  decode(block, last, text);
  if (last) file_.reset();
  return true;
}

void TextReader::decode(std::string_view block, bool last, std::string& text) {
  if (encoding_ == Encoding::ascii) {
    // A character that the border divides is not judged yet: it is carried to the next block.
    const std::string_view whole = block.substr(0, block.size() - (last ? 0 : incomplete_tail(block)));
    if (std::all_of(whole.begin(), whole.end(), [](char c) { return static_cast<std::uint8_t>(c) < 0x80; })) {
      text.append(whole);
      carry_ = block.substr(whole.size());
      return;
    }
    encoding_ = judge_encoding(whole);
  }
  switch (encoding_) {
    case Encoding::latin1:
      append_latin1(block, text);
      break;
    case Encoding::utf16_le:
    case Encoding::utf16_be:
      decode_utf16(block, last, text);
      break;
    default:
      decode_utf8(block, last, text);
  }
}

void TextReader::decode_utf8(std::string_view block, bool last, std::string& text) {
  const std::size_t tail = last ? 0 : incomplete_tail(block);
  carry_ = block.substr(block.size() - tail);
  block.remove_suffix(tail);
  for (std::size_t at = 0; at < block.size();) {
    const std::size_t length = utf8_length(block, at);
    if (length == 0) ++malformed_;
    at += std::max<std::size_t>(length, 1);
  }
  text.append(block);
}

void TextReader::decode_utf16(std::string_view block, bool last, std::string& text) {
  const bool little = encoding_ == Encoding::utf16_le;
  const auto lone = [&] {
    ++surrogates_;
    append_utf8(text, 0xFFFD);
  };
  std::size_t at = 0;
  for (; at + 2 <= block.size(); at += 2) {
    const std::uint32_t a = byte_at(block, at), b = byte_at(block, at + 1);
    const std::uint32_t unit = little ? (b << 8) | a : (a << 8) | b;
    if (high_surrogate_ != 0) {
      const std::uint32_t high = std::exchange(high_surrogate_, 0);
      if (unit >= 0xDC00 && unit < 0xE000) {
        append_utf8(text, 0x10000 + ((high - 0xD800) << 10) + (unit - 0xDC00));
        continue;
      }
      lone();
    }
    if (unit >= 0xD800 && unit < 0xDC00) {
      high_surrogate_ = unit;
    } else if (unit >= 0xDC00 && unit < 0xE000) {
      lone();
    } else {
      append_utf8(text, unit);
    }
  }
  if (last && (high_surrogate_ != 0 || at < block.size())) {
    lone();
  } else {
    carry_ = block.substr(at);
  }
}

std::string TextReader::remark() const {
  std::string text;
  const auto add = [&text](const std::string& part) { text += (text.empty() ? "" : "; ") + part; };
  if (mark_) add("byte order mark removed");
  if (encoding_ == Encoding::latin1) add("converted from Latin-1");
  if (encoding_ == Encoding::utf16_le || encoding_ == Encoding::utf16_be) add("converted from UTF-16");
  if (surrogates_ > 0) add(fmt::format("{} lone surrogates became U+FFFD", surrogates_));
  if (malformed_ > 0) add(fmt::format("{} bytes are not UTF-8 and were kept as they are", malformed_));
  if (error_ != 0) {
    add(fmt::format("reading stopped at byte {}: {}", bytes_read_, std::generic_category().message(error_)));
  }
  return text;
}

bool DocumentReader::next(std::string& document) {
  while (!ended_ && buffer_.size() <= kMaxDocument) ended_ = !reader_.read(buffer_);
  document.clear();
  if (buffer_.empty()) return false;
  std::size_t cut = buffer_.size();
  if (cut > kMaxDocument) {
    const std::string_view window = std::string_view(buffer_).substr(0, kMaxDocument);
    cut = utf8_floor(buffer_, kMaxDocument);
    for (const std::string_view border : {"\n\n", "\n", " "}) {
      const std::size_t at = window.rfind(border);
      if (at != std::string_view::npos && at >= kMaxDocument / 2) {
        cut = at + border.size();
        break;
      }
    }
  }
  document.assign(buffer_, 0, cut);
  buffer_.erase(0, cut);
  return true;
}

}  // namespace moe::data
