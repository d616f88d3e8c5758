// SPDX-License-Identifier: Apache-2.0
// What a person may point the program at: encodings, odd files, odd names, and what is refused.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "engine/data/text_reader.h"
#include "engine/data/utf8.h"
#include "tests/engine/data/support.h"

using namespace moe;
using namespace moe::data;
using namespace moe::data::test;

namespace {

std::string all_text(const fs::path& file, std::string* remark = nullptr) {
  TextReader reader(file);
  std::string text;
  while (reader.read(text)) {
  }
  if (remark) *remark = reader.remark();
  return text;
}

std::string utf16(const std::u16string& text, bool little) {
  std::string bytes;
  for (const char16_t unit : text) {
    const char low = static_cast<char>(unit & 0xFF), high = static_cast<char>(unit >> 8);
    bytes += little ? std::string{low, high} : std::string{high, low};
  }
  return bytes;
}

}  // namespace

class TestCorpusInput : public QObject {
  Q_OBJECT
 private slots:
  void encodings_data();
  void encodings();
  void characters_across_block_borders();
  void documents_are_bounded_and_whole();
  void refused_data();
  void refused();
  void short_text_names_the_setting();
  void odd_entries_are_skipped_with_a_reason();
  void unreadable_files_are_skipped();
  void odd_names_work();
  void domains_come_from_the_first_level();
};

void TestCorpusInput::encodings_data() {
  QTest::addColumn<QByteArray>("bytes");
  QTest::addColumn<QByteArray>("text");
  QTest::addColumn<QString>("remark");
  const auto row = [](const char* name, const std::string& bytes, const std::string& text, const char* remark) {
    QTest::newRow(name) << QByteArray::fromStdString(bytes) << QByteArray::fromStdString(text) << QString(remark);
  };
  const std::u16string wide = u"caf\u00e9 \U0001F600 \u4e2d\n";
  const std::string narrow = "caf\xC3\xA9 \xF0\x9F\x98\x80 \xE4\xB8\xAD\n";
  row("ascii", "plain\n", "plain\n", "");
  row("utf-8", narrow, narrow, "");
  row("utf-8 with mark", "\xEF\xBB\xBF" + narrow, narrow, "mark removed");
  row("latin-1", "caf\xE9 na\xEFve", "caf\xC3\xA9 na\xC3\xAFve", "Latin-1");
  row("latin-1 at the end", "ol\xE9", "ol\xC3\xA9", "Latin-1");
  row("latin-1 after much ascii", std::string(200'000, 'a') + "\xE9", std::string(200'000, 'a') + "\xC3\xA9",
      "Latin-1");
  row("utf-16 le", "\xFF\xFE" + utf16(wide, true), narrow, "UTF-16");
  row("utf-16 be", "\xFE\xFF" + utf16(wide, false), narrow, "UTF-16");
  row("utf-16 lone surrogate", "\xFF\xFE" + utf16({u'a', 0xD800, u'b', 0xDC00}, true),
      "a\xEF\xBF\xBD"
      "b\xEF\xBF\xBD",
      "2 lone surrogates");
  row("utf-16 odd byte", "\xFF\xFE" + utf16(u"ab", true) + "c", "ab\xEF\xBF\xBD", "1 lone");
  row("utf-8 surrogate", "x\xED\xA0\xBFy", "x\xED\xA0\xBFy", "3 bytes are not UTF-8");
  row("stray bytes", "\xC3\xA9 \xFF \x80", "\xC3\xA9 \xFF \x80", "2 bytes are not UTF-8");
  row("control bytes", "a\x81 b\x9D", "a\x81 b\x9D", "2 bytes are not UTF-8");
  row("crlf", "a\r\nb\r", "a\r\nb\r", "");
}

void TestCorpusInput::encodings() {
  QFETCH(QByteArray, bytes);
  QFETCH(QByteArray, text);
  QFETCH(QString, remark);
  Folder folder;
  std::string said;
  QCOMPARE(all_text(write(folder / "f.txt", bytes.toStdString()), &said), text.toStdString());
  QVERIFY2(remark.isEmpty() ? said.empty() : QString::fromStdString(said).contains(remark), said.c_str());
}

void TestCorpusInput::characters_across_block_borders() {
  Folder folder;
  for (std::size_t shift = 0; shift < 4; ++shift) {
    std::string text(65'536 - shift, 'x');
    for (int i = 0; i < 40'000; ++i) text += "\xF0\x9F\x98\x80";
    std::string remark;
    QCOMPARE(all_text(write(folder / "f.txt", text), &remark), text);
    QVERIFY2(remark.empty(), remark.c_str());
    const std::u16string wide = std::u16string(32'766 + shift, u'y') + u"\U0001F600\U0001F600";
    std::string expected(32'766 + shift, 'y');
    expected += "\xF0\x9F\x98\x80\xF0\x9F\x98\x80";
    QCOMPARE(all_text(write(folder / "w.txt", "\xFF\xFE" + utf16(wide, true))), expected);
  }
}

void TestCorpusInput::documents_are_bounded_and_whole() {
  Folder folder;
  const std::string prose = sample(0, 300'000), endless(300'000, 'z');
  std::string wide;
  while (wide.size() < 200'000) wide += "\xE4\xB8\xAD";
  for (const std::string& text : {prose, endless, wide, std::string("short")}) {
    DocumentReader reader(write(folder / "f.txt", text));
    std::string document, joined;
    while (reader.next(document)) {
      QVERIFY(!document.empty() && document.size() <= DocumentReader::kMaxDocument);
      QCOMPARE(utf8_floor(text, joined.size()), joined.size());  // no character is divided
      joined += document;
      if (&text == &prose) QVERIFY(document.back() == '\n');
    }
    QCOMPARE(joined, text);
  }
}

void TestCorpusInput::refused_data() {
  QTest::addColumn<QString>("what");
  QTest::addColumn<QString>("said");
  QTest::newRow("missing") << "missing"
                           << "No such file";
  QTest::newRow("empty file") << "empty"
                              << "no text";
  QTest::newRow("empty folder") << "folder"
                                << "no text";
  QTest::newRow("one byte") << "byte"
                            << "needs at least 33 tokens, has 2";
  QTest::newRow("nul bytes") << "nul"
                             << "NUL bytes";
  QTest::newRow("elf") << "elf"
                       << "ELF";
  QTest::newRow("pdf") << "pdf"
                       << "PDF";
  QTest::newRow("zip") << "zip"
                       << "zip";
  QTest::newRow("only binaries") << "binaries"
                                 << "2 skipped";
  QTest::newRow("fifo") << "fifo"
                        << "FIFO";
  QTest::newRow("device") << "device"
                          << "device";
}

void TestCorpusInput::refused() {
  QFETCH(QString, what);
  QFETCH(QString, said);
  Folder folder;
  fs::path path = folder / "x";
  if (what == "empty") write(path, "");
  if (what == "folder") fs::create_directory(path);
  if (what == "byte") write(path, "a");
  if (what == "nul") write(path, std::string("a\0b", 3));
  if (what == "elf")
    write(path,
          "\x7F"
          "ELF\x02\x01");
  if (what == "pdf") write(path, "%PDF-1.7 text text text");
  if (what == "zip") write(path, "PK\x03\x04 and so on");
  if (what == "binaries") {
    write(path / "a.bin", std::string(100, '\0'));
    write(path / "sub/b.bin", std::string(100, '\0'));
  }
  if (what == "fifo") QCOMPARE(::mkfifo(path.c_str(), 0600), 0);
  if (what == "device") path = "/dev/zero";
  const auto error = error_of([&] { open_dataset(options_for(path, folder / "cache")); });
  QVERIFY(error);
  QCOMPARE(error->kind(), ErrorKind::bad_input);
  QVERIFY2(QString(error->what()).contains(said), error->what());
  QVERIFY(!error->where().empty() && !error->action().empty());
  QVERIFY(listing(folder / "cache").empty());
}

void TestCorpusInput::short_text_names_the_setting() {
  Folder folder;
  const fs::path file = write(folder / "x.txt", "The quick brown fox.\n");
  DatasetOptions options = options_for(file, folder / "cache");
  options.context = 500;
  const auto error = error_of([&] { open_dataset(options); });
  QVERIFY(error && error->kind() == ErrorKind::bad_input);
  QVERIFY(error->action().find("model.context") != std::string::npos);
  QVERIFY(error->summary().find("needs at least 501 tokens") != std::string::npos);
}

void TestCorpusInput::odd_entries_are_skipped_with_a_reason() {
  Folder folder;
  const fs::path root = folder / "corpus";
  write(root / "good/a.txt", sample(0, 5000));
  write(root / "good/data.bin", std::string(50, '\0'));
  write(root / "good/zero.txt", "");
  write(root / ".hidden/secret.txt", "secret");
  QCOMPARE(::mkfifo((root / "good/pipe").c_str(), 0600), 0);
  fs::create_directory_symlink(root, root / "good/loop");
  fs::create_symlink(root / "good/self", root / "good/self");
  fs::create_symlink(root / "nowhere", root / "good/broken");
  const int server = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, (root / "good/sock").c_str(), sizeof address.sun_path - 1);
  QCOMPARE(::bind(server, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const auto data = open_dataset(options_for(root, folder / "cache"));
  ::close(server);
  QCOMPARE(data->domains(), std::vector<std::string>{"good"});
  for (const char* note : {"data.bin: skipped, binary", "zero.txt: skipped, empty", "pipe: skipped, a FIFO",
                           "loop: skipped, a folder that was read already", "self: skipped, a symbolic link",
                           "broken: skipped, unreadable", "sock: skipped, a socket", "1 hidden entries"}) {
    QVERIFY2(contains(data->notes(), note), note);
  }
}

// Root may read everything, so the test gives its rights up for a moment.
void TestCorpusInput::unreadable_files_are_skipped() {
  Folder folder;
  const fs::path root = folder / "corpus", cache = folder / "cache";
  write(root / "d/a.txt", sample(0, 5000));
  write(root / "d/b.txt", sample(0, 5000));
  fs::create_directory(cache);
  fs::permissions(root / "d/b.txt", fs::perms::none);
  const bool root_user = ::geteuid() == 0;
  fs::permissions(folder.path(), fs::perms::all);
  fs::permissions(cache, fs::perms::all);
  if (root_user) QCOMPARE(::seteuid(65534), 0);
  std::vector<std::string> notes;
  const auto error = error_of([&] { notes = open_dataset(options_for(root, cache))->notes(); });
  if (root_user) QCOMPARE(::seteuid(0), 0);
  QVERIFY2(!error, error ? error->what() : "");
  QVERIFY(contains(notes, "b.txt: skipped, unreadable (Permission denied)"));
}

void TestCorpusInput::odd_names_work() {
  Folder folder;
  const fs::path root = folder / "corpus";
  write(root / "d\xC3\xA9j\xC3\xA0 vu" / "new\nline %n.txt", sample(0, 4000));
  write(root / "bad\xFFutf8" / "\xF0\x9F\x98\x80 .txt", sample(1, 4000));
  write(root / std::string(255, 'n') / "latin.txt", sample(2, 4000) + " caf\xE9");
  const auto data = open_dataset(options_for(root, folder / "cache"));
  const auto& names = data->domains();
  QCOMPARE(names.size(), std::size_t{3});
  QVERIFY(contains(names, "bad\\xFFutf8") && contains(names, "d\xC3\xA9j\xC3\xA0 vu"));
  QVERIFY(contains(data->notes(), "latin.txt: converted from Latin-1"));
}

void TestCorpusInput::domains_come_from_the_first_level() {
  Folder folder;
  const fs::path root = folder / "books";
  write(root / "top.txt", sample(0, 4000));
  write(root / "zoo/deep/er/a.txt", sample(1, 4000));
  write(root / "art/b.txt", sample(2, 4000));
  const auto data = open_dataset(options_for(root, folder / "cache"));
  QCOMPARE(data->domains(), (std::vector<std::string>{"art", "books", "zoo"}));
  double sum = 0;
  for (const double share : data->corpus_share()) sum += share;
  QVERIFY(std::abs(sum - 1) < 1e-9);
  const auto single = open_dataset(options_for(root / "top.txt", folder / "cache2"));
  QCOMPARE(single->domains(), std::vector<std::string>{"text"});
}

QTEST_GUILESS_MAIN(TestCorpusInput)
#include "tst_corpus_input.moc"
