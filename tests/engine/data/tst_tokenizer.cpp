// SPDX-License-Identifier: Apache-2.0
// The tokenizer loses nothing, whatever the bytes, and training is deterministic.
#include <sentencepiece_processor.h>

#include <random>

#include "engine/data/tokenizer.h"
#include "tests/engine/data/support.h"

using namespace moe;
using namespace moe::data;
using namespace moe::data::test;

namespace {

Tokenizer trained(int vocabulary, std::size_t bytes_per_domain = 30'000) {
  std::size_t domain = 0;
  return Tokenizer::train(
      [&](std::string& text) {
        if (domain == generators::domains().size()) return false;
        text = sample(static_cast<int>(domain++), bytes_per_domain);
        return true;
      },
      vocabulary);
}

}  // namespace

class TestTokenizer : public QObject {
  Q_OBJECT
 private slots:
  void initTestCase() { tokenizer_.emplace(trained(512)); }

  void round_trip_data();
  void round_trip();
  void random_bytes_round_trip();
  void text_round_trips_and_is_short();
  void parts_encode_as_sentencepiece_does();
  void specials_and_pieces();
  void training_is_deterministic();
  void vocabulary_is_exact_or_the_largest_possible();
  void many_characters_leave_room_for_merges();
  void files();
  void bad_models_data();
  void bad_models();

 private:
  std::optional<Tokenizer> tokenizer_;
};

void TestTokenizer::round_trip_data() {
  QTest::addColumn<QByteArray>("text");
  const auto row = [](const char* name, const char* bytes, qsizetype size = -1) {
    QTest::newRow(name) << (size < 0 ? QByteArray(bytes) : QByteArray(bytes, size));
  };
  row("empty", "");
  row("one space", " ");
  row("spaces around", "   two  spaces   ");
  row("newlines", "\n\n\na\n");
  row("crlf and tab", "a\r\n\tb\r\n");
  row("nul", "a\0b\0", 4);
  row("invalid lead", "a\xFF\xC3 b");
  row("lone continuation", "\x80\xBF");
  row("overlong", "\xC0\xAF\xE0\x80\xAF");
  row("lone surrogate", "\xED\xA0\x80\xED\xBF\xBF");
  row("above unicode", "\xF4\x90\x80\x80\xF5\x80");
  row("cut character", "x\xE2\x82");
  row("emoji", "\xF0\x9F\x98\x80 \xF0\x9F\x91\xA8\xE2\x80\x8D\xF0\x9F\x91\xA9");
  row("space mark",
      "a\xE2\x96\x81"
      "b \xE2\x96\x81");
  row("replacement character", "\xEF\xBF\xBD");
  row("byte order mark", "\xEF\xBB\xBF text");
  row("control tokens as text", "<s> </s> <unk> <0x41>");
  row("combining", "e\xCC\x81 \xEF\xAC\x81");
}

void TestTokenizer::round_trip() {
  QFETCH(QByteArray, text);
  const std::string bytes = text.toStdString();
  const auto ids = tokenizer_->encode(bytes);
  for (const auto id : ids) QVERIFY(id > tokenizer_->eos() && id < tokenizer_->vocabulary());
  QCOMPARE(tokenizer_->decode(ids), bytes);
}

void TestTokenizer::random_bytes_round_trip() {
  std::mt19937 engine(7);
  for (int i = 0; i < 200; ++i) {
    std::string bytes(engine() % 20'000, '\0');
    for (char& c : bytes) c = static_cast<char>(i % 2 ? engine() % 256 : 'a' + engine() % 4);
    QCOMPARE(tokenizer_->decode(tokenizer_->encode(bytes)), bytes);
  }
}

void TestTokenizer::text_round_trips_and_is_short() {
  for (int d = 0; d < static_cast<int>(generators::domains().size()); ++d) {
    const std::string text = sample(d, 20'000, 5000);
    const auto ids = tokenizer_->encode(text);
    QCOMPARE(tokenizer_->decode(ids), text);
    QVERIFY2(ids.size() < text.size() * 8 / 10, generators::domains()[static_cast<std::size_t>(d)].name.data());
  }
}

// Dividing a text and caching its parts must not change a single token.
void TestTokenizer::parts_encode_as_sentencepiece_does() {
  sentencepiece::SentencePieceProcessor reference;
  QVERIFY(reference.LoadFromSerializedProto(tokenizer_->bytes()).ok());
  for (int d = 0; d < static_cast<int>(generators::domains().size()); ++d) {
    const std::string text = sample(d, 8000, 9000);
    std::vector<int> expected;
    QVERIFY(reference.Encode(text, &expected).ok());
    const auto cold = tokenizer_->encode(text), warm = tokenizer_->encode(text);
    QVERIFY(std::equal(cold.begin(), cold.end(), expected.begin(), expected.end()));
    QCOMPARE(cold, warm);
  }
  std::mt19937 engine(3);
  const std::string signs = "ab cd  12.,_-(){}\n\t\"'\xC3\xA9";
  for (int i = 0; i < 300; ++i) {
    std::string text;
    while (text.size() < 200)
      text += engine() % 3 ? signs.substr(engine() % (signs.size() - 2), 1)
                           : sample(0, 1, engine() % 50).substr(engine() % 40, 5);
    std::vector<int> expected;
    QVERIFY(reference.Encode(text, &expected).ok());
    const auto ids = tokenizer_->encode(text);
    QVERIFY2(std::equal(ids.begin(), ids.end(), expected.begin(), expected.end()), text.c_str());
  }
}

void TestTokenizer::specials_and_pieces() {
  QCOMPARE(tokenizer_->unknown(), 0);
  QCOMPARE(tokenizer_->bos(), 1);
  QCOMPARE(tokenizer_->eos(), 2);
  QCOMPARE(tokenizer_->decode({1, 2}), std::string());
  QCOMPARE(tokenizer_->piece(1), std::string("<s>"));
  QCOMPARE(tokenizer_->encode("\n").size(), std::size_t{1});
  QCOMPARE(tokenizer_->piece(tokenizer_->encode("\n")[0]), std::string("\n"));
  QCOMPARE(tokenizer_->piece(tokenizer_->encode("\xE2")[0]), std::string("<0xE2>"));
  QCOMPARE(tokenizer_->encode("2024").size(), std::size_t{4});  // digits stay apart
  QVERIFY(tokenizer_->piece(tokenizer_->encode("x the")[1]).starts_with(" t"));
  for (const std::int32_t id : {-1, tokenizer_->vocabulary()}) {
    const auto error = error_of([&] { tokenizer_->decode({id}); });
    QVERIFY(error && error->kind() == ErrorKind::usage);
    QVERIFY(error_of([&] { tokenizer_->piece(id); }));
  }
}

void TestTokenizer::training_is_deterministic() {
  const std::string first = trained(400).bytes();
  QCOMPARE(trained(400).bytes(), first);
  QVERIFY(trained(401).bytes() != first);
}

void TestTokenizer::vocabulary_is_exact_or_the_largest_possible() {
  QCOMPARE(tokenizer_->vocabulary(), 512);
  QCOMPARE(trained(1024).vocabulary(), 1024);
  int calls = 0;
  const auto once = [&](std::string& text) {
    text = "to be or not to be\n";
    return calls++ == 0;
  };
  const Tokenizer small = Tokenizer::train(once, 4096);
  QVERIFY(small.vocabulary() > 261 && small.vocabulary() < 400);
  QCOMPARE(small.decode(small.encode("not to be!\n")), std::string("not to be!\n"));
  const Tokenizer nothing = Tokenizer::train([](std::string&) { return false; }, 300);
  QCOMPARE(nothing.decode(nothing.encode("abc \xFF")), std::string("abc \xFF"));
  const auto error = error_of([&] { Tokenizer::train(once, 100); });
  QVERIFY(error && error->kind() == ErrorKind::usage && error->where() == "model.vocabulary");
}

// 2,000 different ideographs: more than the vocabulary; the frequent ones become pieces, the others bytes.
void TestTokenizer::many_characters_leave_room_for_merges() {
  int line = 0;
  const auto next = [&](std::string& text) {
    text.clear();
    for (int i = 0; i < 200; ++i) {
      const int c = 0x4E00 + (i * (line + 1)) % 2000;
      text += {static_cast<char>(0xE0 | (c >> 12)), static_cast<char>(0x80 | ((c >> 6) & 63)),
               static_cast<char>(0x80 | (c & 63))};
    }
    return line++ < 100;
  };
  const Tokenizer t = Tokenizer::train(next, 600);
  QCOMPARE(t.vocabulary(), 600);
  std::string text;
  line = 3;
  next(text);
  QCOMPARE(t.decode(t.encode(text)), text);
}

void TestTokenizer::files() {
  Folder folder;
  const fs::path file = folder / "deep/er/tokenizer.model";
  tokenizer_->save(file);
  const Tokenizer loaded = Tokenizer::load(file);
  QCOMPARE(loaded.bytes(), tokenizer_->bytes());
  QCOMPARE(loaded.encode("Hello, world 12"), tokenizer_->encode("Hello, world 12"));
  QCOMPARE(listing(folder / "deep/er"), std::vector<std::string>{"tokenizer.model"});
}

void TestTokenizer::bad_models_data() {
  QTest::addColumn<QByteArray>("bytes");
  const QByteArray good = QByteArray::fromStdString(tokenizer_->bytes());
  QTest::newRow("empty") << QByteArray();
  QTest::newRow("text") << QByteArray("this is not a model");
  QTest::newRow("half") << good.left(good.size() / 2);
  QTest::newRow("one byte short") << good.left(good.size() - 1);
}

void TestTokenizer::bad_models() {
  QFETCH(QByteArray, bytes);
  Folder folder;
  const fs::path file = write(folder / "tokenizer.model", bytes.toStdString());
  const auto error = error_of([&] { Tokenizer::load(file); });
  QVERIFY(error && error->kind() == ErrorKind::bad_input);
  QVERIFY(error->where().find("tokenizer.model") != std::string::npos);
  const auto missing = error_of([&] { Tokenizer::load(folder / "none"); });
  QVERIFY(missing && missing->kind() == ErrorKind::bad_input);
}

QTEST_GUILESS_MAIN(TestTokenizer)
#include "tst_tokenizer.moc"
