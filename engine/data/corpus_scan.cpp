// SPDX-License-Identifier: Apache-2.0
#include "engine/data/corpus_scan.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "engine/core/error.h"
#include "engine/data/file_io.h"
#include "engine/data/text_reader.h"
#include "engine/data/utf8.h"

namespace moe::data {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kHead = 4096;  // bytes that are sniffed
constexpr std::string_view kCheckPath = "Choose a text file, or a folder with text files";

std::string reason(int error) { return std::generic_category().message(error); }

using FolderId = std::pair<dev_t, ino_t>;

class Walker {
 public:
  Walker(const fs::path& root, const fs::path& exclude, const ProgressFn& progress) : root_(root), progress_(progress) {
    struct stat info {};
    if (!exclude.empty() && ::stat(exclude.c_str(), &info) == 0) exclude_ = FolderId{info.st_dev, info.st_ino};
  }

  CorpusFiles run();

 private:
  void walk(const std::string& relative, const std::string& domain);
  void entry(const std::string& relative, const std::string& domain);
  void file(const std::string& relative, const struct stat& info, const std::string& domain);
  std::optional<std::string> unfit(const fs::path& path, const struct stat& info) const;
  std::string top_domain() const;
  void skip(const std::string& relative, const std::string& why);

  fs::path root_;
  const ProgressFn& progress_;
  std::optional<FolderId> exclude_;
  std::set<FolderId> seen_;  // folders on the way and done: a link to one of them is not followed
  std::map<std::string, std::vector<SourceFile>> by_domain_;
  CorpusFiles found_;
  std::uint64_t files_ = 0, skipped_ = 0, hidden_ = 0;
  std::string first_reason_;
};

std::string Walker::top_domain() const {
  fs::path folder = root_.lexically_normal();
  if (folder.filename().empty()) folder = folder.parent_path();
  const std::string name = folder.filename().native();
  return name.empty() || name == "." || name == ".." || name == "/" ? "text" : escaped_name(name);
}

void Walker::skip(const std::string& relative, const std::string& why) {
  const std::string name = escaped_name(relative.empty() ? root_.filename().native() : relative);
  if (skipped_++ == 0) first_reason_ = name + ": " + why;
  found_.notes.add(name, "skipped, " + why);
}

// Why a file cannot be used, from its kind and its first bytes.
std::optional<std::string> Walker::unfit(const fs::path& path, const struct stat& info) const {
  if (S_ISFIFO(info.st_mode)) return "a FIFO";
  if (S_ISSOCK(info.st_mode)) return "a socket";
  if (S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode)) return "a device";
  if (!S_ISREG(info.st_mode)) return "not a regular file";
  if (info.st_size == 0) return "empty";
  const FileDescriptor fd = open_regular(path);
  if (!fd) return "unreadable (" + reason(errno) + ")";
  std::string head(kHead, '\0');
  const ssize_t n = read_fully(fd.get(), head.data(), head.size());
  if (n < 0) return "unreadable (" + reason(errno) + ")";
  head.resize(static_cast<std::size_t>(n));
  const std::string binary = sniff_binary(head);
  if (!binary.empty()) return binary;
  return std::nullopt;
}

void Walker::file(const std::string& relative, const struct stat& info, const std::string& domain) {
  if (const auto why = unfit(relative.empty() ? root_ : root_ / relative, info)) return skip(relative, *why);
  SourceFile source;
  source.path = relative;
  source.size = static_cast<std::uint64_t>(info.st_size);
  source.modified = static_cast<std::int64_t>(info.st_mtim.tv_sec) * 1'000'000'000 + info.st_mtim.tv_nsec;
  found_.bytes += source.size;
  by_domain_[domain].push_back(std::move(source));
  if (++files_ % 64 == 0) report(progress_, {"reading", found_.bytes, 0, files_});
}

void Walker::entry(const std::string& relative, const std::string& domain) {
  const fs::path path = root_ / relative;
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    return skip(relative,
                errno == ELOOP ? "a symbolic link that leads back to itself" : "unreadable (" + reason(errno) + ")");
  }
  if (!S_ISDIR(info.st_mode)) return file(relative, info, domain.empty() ? top_domain() : domain);
  const FolderId id{info.st_dev, info.st_ino};
  if (exclude_ == id) return;
  if (!seen_.insert(id).second) return skip(relative, "a folder that was read already (a link that leads back)");
  walk(relative, domain.empty() ? escaped_name(relative) : domain);
}

void Walker::walk(const std::string& relative, const std::string& domain) {
  std::error_code error;
  std::vector<std::string> names;
  const fs::path folder = relative.empty() ? root_ : root_ / relative;
  fs::directory_iterator it(folder, error);
  for (; !error && it != fs::directory_iterator(); it.increment(error)) names.push_back(it->path().filename().native());
  if (error) skip(relative, "unreadable (" + error.message() + ")");
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    if (name.front() == '.') {
      ++hidden_;
    } else {
      entry(relative.empty() ? name : relative + "/" + name, domain);
    }
  }
}

CorpusFiles Walker::run() {
  found_.root = root_;
  struct stat info {};
  if (::stat(root_.c_str(), &info) != 0) {
    throw Error(ErrorKind::bad_input, "cannot be read: " + reason(errno), escaped_name(root_.native()), "",
                std::string(kCheckPath));
  }
  if (S_ISDIR(info.st_mode)) {
    seen_.insert({info.st_dev, info.st_ino});
    walk("", "");
  } else {
    file("", info, "text");
  }
  if (hidden_ > 0) found_.notes.add(fmt::format("{} hidden entries", hidden_), "skipped, names that begin with a dot");
  if (by_domain_.empty()) {
    throw Error(ErrorKind::bad_input, S_ISDIR(info.st_mode) ? "the folder holds no text" : "the file holds no text",
                escaped_name(root_.native()),
                skipped_ == 0 ? std::string("at least one text file")
                              : fmt::format("{} skipped, first {}", skipped_, first_reason_),
                std::string(kCheckPath));
  }
  for (auto& [name, files] : by_domain_) {
    std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
    for (SourceFile& source : files) {
      source.domain = static_cast<int>(found_.domains.size());
      found_.files.push_back(std::move(source));
    }
    found_.domains.push_back(name);
  }
  return std::move(found_);
}

}  // namespace

void Notes::add(const std::string& file, const std::string& remark) {
  if (lines_.size() < kMax) {
    lines_.push_back(file + ": " + remark);
  } else {
    ++more_;
  }
}

std::vector<std::string> Notes::list() const {
  std::vector<std::string> lines = lines_;
  if (more_ > 0) lines.push_back(fmt::format("{} more files were skipped or changed", more_));
  return lines;
}

fs::path CorpusFiles::full_path(const SourceFile& file) const { return file.path.empty() ? root : root / file.path; }

std::uint64_t CorpusFiles::fingerprint() const {
  std::uint64_t hash = hash64("corpus");
  for (const SourceFile& file : files) {
    hash = hash64(file.path, hash);
    const std::uint64_t facts[] = {file.size, static_cast<std::uint64_t>(file.modified),
                                   static_cast<std::uint64_t>(file.domain)};
    hash = hash64(facts, sizeof facts, hash);
  }
  for (const std::string& domain : domains) hash = hash64(domain, hash);
  return hash;
}

CorpusFiles scan_corpus(const fs::path& root, const fs::path& exclude, const ProgressFn& progress) {
  return Walker(root, exclude, progress).run();
}

void report(const ProgressFn& progress, const Progress& state) {
  if (progress && !progress(state)) throw Error(ErrorKind::failure, "cancelled");
}

}  // namespace moe::data
