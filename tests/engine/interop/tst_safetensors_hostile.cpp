// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <unistd.h>

#include <QElapsedTimer>
#include <QTemporaryDir>
#include <QtTest>
#include <fstream>

#include "engine/core/error.h"
#include "engine/interop/safetensors.h"

namespace fs = std::filesystem;
using moe::Error;

namespace {

QByteArray length_of(quint64 length) { return {reinterpret_cast<const char*>(&length), 8}; }
QByteArray file_of(const QByteArray& header, qsizetype data = 0) {
  return length_of(static_cast<quint64>(header.size())) + header + QByteArray(data, 'x');
}
QByteArray tensor(const QByteArray& name, const QByteArray& dtype, const QByteArray& shape, const QByteArray& offsets) {
  return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}";
}
QByteArray one(const QByteArray& dtype, const QByteArray& shape, const QByteArray& offsets) {
  return "{" + tensor("w", dtype, shape, offsets) + "}";
}

}  // namespace

class TestSafetensorsHostile : public QObject {
  Q_OBJECT
 private slots:
  void init() { file_ = fs::path(folder_.path().toStdString()) / "a.safetensors"; }
  void refused_data();
  void refused();
  void accepted_data();
  void accepted();
  void only_regular_files();
  void sparse_terabyte_is_refused_at_once();
  void every_truncation_is_refused();
  void no_flip_reads_out_of_bounds();

 private:
  void write(const QByteArray& bytes) { std::ofstream(file_, std::ios::binary).write(bytes.constData(), bytes.size()); }
  QByteArray message() const {
    try {
      (void)moe::interop::read_safetensors_header(file_);
    } catch (const Error& error) {
      if (error.kind() != moe::ErrorKind::bad_input || error.where() != file_.string()) return "wrong kind or place";
      return error.what();
    }
    return "accepted";
  }
  QTemporaryDir folder_;
  fs::path file_;
};

void TestSafetensorsHostile::refused_data() {
  QTest::addColumn<QByteArray>("bytes");
  QTest::addColumn<QByteArray>("says");
  const auto row = [](const char* name, const QByteArray& bytes, const char* says) {
    QTest::newRow(name) << bytes << QByteArray(says);
  };
  for (int size = 0; size < 8; ++size)
    QTest::addRow("%d bytes", size) << QByteArray(size, '\0') << QByteArray("too few");
  row("header of 0 bytes", length_of(0), "not JSON");
  row("header beyond the file", length_of(3) + "{}", "truncated: 1 bytes missing");
  row("header above the limit", length_of(100'000'001) + "{}", "at most 100000000");
  row("header of 2^63", length_of(quint64{1} << 63) + "{}", "at most 100000000");
  row("header of 2^64 - 1", length_of(~quint64{0}) + "{}", "at most 100000000");
  row("not UTF-8", file_of("{\"\xff\":1}"), "not JSON at byte");
  row("not JSON", file_of("hello"), "not JSON");
  row("a list", file_of("[]"), "where an object belongs");
  row("a number", file_of("1"), "where an object belongs");
  row("null", file_of("null"), "where an object belongs");
  row("NUL after", file_of(QByteArray("{}\0", 3)), "NUL at byte 10");
  row("garbage after", file_of("{} x"), "not JSON");
  row("byte order mark", file_of("\xEF\xBB\xBF{}"), "byte order mark");
  row("name twice", file_of("{" + tensor("a", "F32", "[0]", "[0,0]") + "," + tensor("a", "F32", "[0]", "[0,0]") + "}"),
      "\"a\" twice");
  row("field twice", file_of(R"({"a":{"dtype":"F32","dtype":"F32","shape":[0],"data_offsets":[0,0]}})"),
      "field \"dtype\" twice");
  row("metadata twice", file_of(R"({"__metadata__":{"a":"1","a":"2"}})"), "\"a\" twice");
  row("metadata number", file_of(R"({"__metadata__":{"a":1}})"), "the number 1");
  row("metadata nested", file_of(R"({"__metadata__":{"a":{"b":"c"}}})"), "an object");
  row("no dtype", file_of(R"({"a":{"shape":[0],"data_offsets":[0,0]}})"), "has no dtype");
  row("no shape", file_of(R"({"a":{"dtype":"F32","data_offsets":[0,0]}})"), "has no shape");
  row("no offsets", file_of(R"({"a":{"dtype":"F32","shape":[0]}})"), "has no data_offsets");
  row("unknown field", file_of(R"({"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0],"x":1}})"),
      "unknown field \"x\"");
  row("dtype a number", file_of(R"({"a":{"dtype":7,"shape":[0],"data_offsets":[0,0]}})"), "the number 7");
  row("shape a number", file_of(R"({"a":{"dtype":"F32","shape":7,"data_offsets":[0,0]}})"), "the number 7");
  row("tensor a text", file_of(R"({"a":"b"})"), "where an object belongs");
  row("overlap",
      file_of("{" + tensor("a", "F32", "[2]", "[0,8]") + "," + tensor("b", "F32", "[2]", "[4,12]") + "}", 12),
      "\"b\" begins at byte 4 of the data where 8 was due (overlap)");
  row("hole", file_of("{" + tensor("a", "F32", "[1]", "[0,4]") + "," + tensor("b", "F32", "[1]", "[8,12]") + "}", 12),
      "\"b\" begins at byte 8 of the data where 4 was due (hole)");
  row("hole in front", file_of(one("F32", "[1]", "[4,8]"), 8), "(hole)");
  row("end before begin", file_of(one("F32", "[1]", "[4,0]"), 4), "bytes 4 to 0");
  row("offsets of 2^64", file_of(one("F32", "[1]", "[18446744073709551616,18446744073709551620]"), 4), "number");
  row("offsets that wrap", file_of(one("F32", "[1]", "[18446744073709551612,0]"), 4),
      "bytes 18446744073709551612 to 0");
  row("one offset", file_of(one("F32", "[1]", "[0]"), 4), "fewer than two");
  row("three offsets", file_of(one("F32", "[1]", "[0,4,8]"), 4), "more than two");
  row("bytes missing", file_of(one("F32", "[4]", "[0,16]"), 13),
      "truncated: 3 bytes missing; tensor \"w\" should end at byte 16");
  row("bytes too many", file_of(one("F32", "[1]", "[0,4]"), 5), "1 extra bytes after the last tensor");
  row("no tensors but data", file_of("{}", 1), "1 extra bytes");
  row("size is not the shape's", file_of(one("F32", "[2]", "[0,4]"), 4), "need 8 bytes");
  row("shape overflows", file_of(one("F32", "[281474976710656,281474976710656]", "[0,0]")), "overflows");
  row("dimension above 2^48", file_of(one("F32", "[281474976710657]", "[0,4]"), 4), "at most 2^48");
  row("rank 9", file_of(one("F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]"), 4), "more than 8 dimensions");
  row("negative dimension", file_of(one("F32", "[-1]", "[0,4]"), 4), "the number -1");
  row("fraction", file_of(one("F32", "[1.5]", "[0,4]"), 4), "the number \"1.5\"");
  row("exponent", file_of(one("F32", "[1e0]", "[0,4]"), 4), "the number \"1e0\"");
  row("text as a dimension", file_of(one("F32", "[\"1\"]", "[0,4]"), 4), "the text \"1\"");
  row("nested shape", file_of(one("F32", "[[1]]", "[0,4]"), 4), "a list");
  row("null in a shape", file_of(one("F32", "[null]", "[0,4]"), 4), "null");
  row("unknown dtype", file_of(one("F99", "[1]", "[0,4]"), 4), "unknown dtype \"F99\"");
  row("dtypes are listed", file_of(one("F4", "[2]", "[0,1]"), 1), "BF16");
  row("name too long", file_of("{" + tensor(QByteArray(1025, 'a'), "F32", "[0]", "[0,0]") + "}"), "1025 bytes");
  row("depth", file_of("{\"a\":" + QByteArray(1000, '[')), "a list");
  row("depth in objects", file_of(QByteArray("{\"a\":").repeated(1000)), "unknown field");
  QByteArray many = "{";
  for (int i = 0; i <= 100'001; ++i) many += (i ? "," : "") + tensor(QByteArray::number(i), "F32", "[0]", "[0,0]");
  row("too many tensors", file_of(many + "}"), "more than 100000 tensors");
  row("control characters are escaped", file_of("{" + tensor("\\u0007\\n../x", "F32", "[1]", "[0,8]") + "}", 8),
      "\"\\u0007\\n../x\"");
}

void TestSafetensorsHostile::refused() {
  QFETCH(QByteArray, bytes);
  QFETCH(QByteArray, says);
  write(bytes);
  const QByteArray text = message();
  QVERIFY2(text.contains(says), text);
}

void TestSafetensorsHostile::accepted_data() {
  QTest::addColumn<QByteArray>("bytes");
  QTest::newRow("no tensors") << file_of("{}");
  QTest::newRow("space around") << file_of(" \n\t" + one("F32", "[1]", "[0,4]") + "  \n", 4);
  QTest::newRow("zero dimension") << file_of(one("F32", "[3,0,2]", "[0,0]"));
  QTest::newRow("rank 0") << file_of(one("F32", "[]", "[0,4]"), 4);
  QTest::newRow("rank 8") << file_of(one("U8", "[1,1,1,1,1,1,1,4]", "[0,4]"), 4);
  QTest::newRow("zero-sized between") << file_of("{" + tensor("a", "I64", "[1]", "[0,8]") + "," +
                                                     tensor("b", "BOOL", "[0]", "[8,8]") + "," +
                                                     tensor("c", "U64", "[1]", "[8,16]") + "}",
                                                 16);
  QTest::newRow("not in order") << file_of(
      "{" + tensor("b", "F16", "[2]", "[4,8]") + "," + tensor("a", "BF16", "[2]", "[0,4]") + "}", 8);
  QTest::newRow("name of 1024 bytes") << file_of("{" + tensor(QByteArray(1024, 'a'), "F32", "[0]", "[0,0]") + "}");
  QTest::newRow("path as a name") << file_of("{" + tensor("../../etc/passwd", "F32", "[0]", "[0,0]") + "}");
}

void TestSafetensorsHostile::accepted() {
  QFETCH(QByteArray, bytes);
  write(bytes);
  QCOMPARE(message(), QByteArray("accepted"));
}

void TestSafetensorsHostile::only_regular_files() {
  const fs::path fifo = fs::path(folder_.path().toStdString()) / "fifo";
  QCOMPARE(::mkfifo(fifo.c_str(), 0600), 0);
  for (const fs::path& path :
       {fifo, fs::path("/dev/zero"), fs::path(folder_.path().toStdString()), fs::path("/nonexistent")}) {
    try {
      (void)moe::interop::read_safetensors_header(path);
      QFAIL("accepted");
    } catch (const Error& error) {
      QCOMPARE(error.kind(), moe::ErrorKind::bad_input);
      QCOMPARE(error.where(), path.string());
    }
  }
}

void TestSafetensorsHostile::sparse_terabyte_is_refused_at_once() {
  write(file_of(one("F32", "[1]", "[0,4]"), 4));
  if (::truncate(file_.c_str(), off_t{1} << 40) != 0) QSKIP("the file system holds no sparse file of 1 TiB");
  QElapsedTimer timer;
  timer.start();
  QVERIFY2(message().contains("extra bytes"), message());
  QVERIFY(timer.elapsed() < 1000);
}

void TestSafetensorsHostile::every_truncation_is_refused() {
  const QByteArray whole =
      file_of("{" + tensor("a", "F32", "[2]", "[0,8]") + "," + tensor("b", "F32", "[2]", "[8,16]") + "}", 16);
  for (qsizetype size = 0; size < whole.size(); ++size) {
    write(whole.left(size));
    QVERIFY2(message() != "accepted" && message() != "wrong kind or place", QByteArray::number(size));
  }
}

void TestSafetensorsHostile::no_flip_reads_out_of_bounds() {
  const QByteArray whole =
      file_of("{" + tensor("a", "F32", "[2]", "[0,8]") + "," + tensor("b", "F32", "[2]", "[8,16]") + "}", 16);
  for (qsizetype at = 0; at < whole.size() - 16; ++at) {
    for (const int flip : {1, 2, 4, 8, 16, 32, 64, 128}) {
      QByteArray bytes = whole;
      bytes[at] = static_cast<char>(bytes[at] ^ flip);
      write(bytes);
      QVERIFY(message() != "wrong kind or place");
      try {
        for (const auto& info : moe::interop::read_safetensors_header(file_).tensors)
          QVERIFY(info.begin <= info.end && info.end <= 16);
      } catch (const Error&) {
        continue;  // most flips are refused; what is accepted lies inside the file
      }
    }
  }
}

QTEST_GUILESS_MAIN(TestSafetensorsHostile)
#include "tst_safetensors_hostile.moc"
