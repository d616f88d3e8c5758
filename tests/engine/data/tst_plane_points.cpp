// SPDX-License-Identifier: Apache-2.0
// Points of the plane: generated sets, CSV of every bad kind, the split, batches.
#include <QTemporaryDir>
#include <QtTest>
#include <cmath>
#include <set>

#include "engine/core/error.h"
#include "engine/data/plane/plane_data.h"

using namespace moe;
using namespace moe::data;

namespace {

PlaneOptions options(const std::string& kind) {
  PlaneOptions o;
  o.generated.kind = kind;
  return o;
}

QByteArray rows(int n, const QByteArray& third = "A") {
  QByteArray text;
  for (int i = 0; i < n; ++i)
    text += QByteArray::number(i) + ',' + QByteArray::number(2 * i) + ',' + (i % 2 ? "B" : third) + '\n';
  return text;
}

}  // namespace

class TestPlanePoints : public QObject {
  Q_OBJECT
 private slots:
  void generated_data();
  void generated();
  void classes_are_balanced_and_apart();
  void csv_is_read_data();
  void csv_is_read();
  void csv_is_refused_data();
  void csv_is_refused();
  void what_is_written_is_read_back();
  void files_fill_the_canvas();
  void the_copy_is_the_truth();
  void the_split_holds_out_enough();
  void batches_are_pure();
};

void TestPlanePoints::generated_data() {
  QTest::addColumn<QString>("kind");
  for (const auto& kind : point_set_kinds()) QTest::newRow(kind.c_str()) << QString::fromStdString(kind);
}

void TestPlanePoints::generated() {
  QFETCH(QString, kind);
  PointSetOptions o;
  o.kind = kind.toStdString();
  o.jitter = 0.05;
  const PointSet one = make_points(o, 0), again = make_points(o, 0), other = make_points(o, 1);
  QCOMPARE(one.size(), std::size_t(500));
  QVERIFY(one.xy == again.xy && one.labels == again.labels && one.values == again.values);
  QVERIFY(one.xy != other.xy);
  for (const float v : one.xy) QVERIFY(std::abs(v) <= 1);
  QCOMPARE(one.has_classes(), kind != "steps" && kind != "wave");
  QCOMPARE(one.labels.size(), one.has_classes() ? std::size_t(500) : std::size_t(0));
  o.seed = 2;
  QVERIFY(make_points(o, 0).xy != one.xy);
  // More points are the same points and some more.
  o.seed = 1;
  o.count = 600;
  const PointSet more = make_points(o, 0);
  QVERIFY(std::equal(one.xy.begin(), one.xy.end(), more.xy.begin()));
  // Without noise a point's class or value is a function of its place; noise moves one of them.
  o.jitter = 0;
  const PointSet clean = make_points(o, 0);
  QVERIFY(one.has_classes() ? clean.xy != more.xy : clean.values != more.values);
  for (const float v : clean.values) QVERIFY(std::abs(v) <= 1.1f);
}

void TestPlanePoints::classes_are_balanced_and_apart() {
  for (const char* kind : {"blobs", "spirals", "rings", "checkerboard"}) {
    PointSetOptions o;
    o.kind = kind;
    o.classes = 5;
    o.count = 5000;
    o.jitter = 0;
    const PointSet set = make_points(o, 0);
    std::vector<int> counts(5);
    for (const int label : set.labels) ++counts.at(static_cast<std::size_t>(label));
    for (const int count : counts) QVERIFY2(count > 200, kind);
    // Nearest neighbours are nearly always of one class: there is something to learn.
    int same = 0;
    for (std::size_t i = 0; i < 200; ++i) {
      std::size_t best = i ? 0 : 1;
      float nearest = 9;
      for (std::size_t j = 0; j < set.size(); ++j) {
        const float dx = set.xy[2 * i] - set.xy[2 * j], dy = set.xy[2 * i + 1] - set.xy[2 * j + 1];
        if (j != i && dx * dx + dy * dy < nearest) nearest = dx * dx + dy * dy, best = j;
      }
      same += set.labels[i] == set.labels[best];
    }
    QVERIFY2(same > 180, kind);
  }
}

void TestPlanePoints::csv_is_read_data() {
  QTest::addColumn<QByteArray>("text");
  QTest::addColumn<QString>("target");
  QTest::addColumn<QByteArrayList>("names");
  const QByteArrayList ab{"A", "B"};
  QTest::newRow("plain") << rows(12) << "auto" << ab;
  QTest::newRow("header") << "x,y,label\n" + rows(12) << "auto" << ab;
  QTest::newRow("byte order mark, CRLF") << "\xEF\xBB\xBF" + rows(12).replace("\n", "\r\n") << "auto" << ab;
  QTest::newRow("semicolons, blanks") << rows(12).replace(",", " ; ") << "auto" << ab;
  QTest::newRow("tabs, empty lines") << rows(12).replace(",", "\t").replace("\n", "\n\n") << "auto" << ab;
  QTest::newRow("quoted names") << rows(12, "\"a, b\"") << "auto" << QByteArrayList{"B", "a, b"};
  QTest::newRow("no last line end") << rows(12).chopped(1) << "auto" << ab;
  QTest::newRow("whole numbers") << rows(12, "10").replace("B", "9") << "auto" << QByteArrayList{"9", "10"};
  QTest::newRow("fractions") << rows(12, "1.5").replace("B", "+2") << "auto" << QByteArrayList{};
  QTest::newRow("value column") << "x,y,Value\n" + rows(12, "1").replace("B", "2") << "auto" << QByteArrayList{};
  QTest::newRow("told: value") << rows(12, "1").replace("B", "2") << "value" << QByteArrayList{};
  QTest::newRow("told: label") << rows(12, "1.5").replace("B", "2.5") << "label" << QByteArrayList{"1.5", "2.5"};
}

void TestPlanePoints::csv_is_read() {
  QFETCH(QByteArray, text);
  QFETCH(QString, target);
  QFETCH(QByteArrayList, names);
  const PointTable table = parse_points(text.toStdString(), target.toStdString(), "test.csv");
  QCOMPARE(table.size(), std::size_t(12));
  QCOMPARE(table.y[11], 22.0);
  QByteArrayList found;
  for (const auto& name : table.class_names) found << QByteArray::fromStdString(name);
  QCOMPARE(found, names);
  QCOMPARE(table.value.size(), names.isEmpty() ? std::size_t(12) : std::size_t(0));
}

void TestPlanePoints::csv_is_refused_data() {
  QTest::addColumn<QByteArray>("text");
  QTest::addColumn<QByteArray>("where");
  QTest::addColumn<QByteArray>("says");
  const auto row = [](const char* name, const QByteArray& text, const char* where, const char* says) {
    QTest::newRow(name) << text << QByteArray(where) << QByteArray(says);
  };
  row("empty", "", "bad.csv", "no points");
  row("only a header", "x,y,label\n", "bad.csv", "no points");
  row("few points", rows(9), "bad.csv", "9 points");
  row("one class", rows(12, "B"), "bad.csv", "one class");
  row("one value", rows(12, "1.5").replace("B", "1.5"), "bad.csv", "value 1.5");
  row("not a number", rows(4) + "7,x,A\n" + rows(9), "bad.csv, row 5, column 2", "\"x\" is not a number");
  row("nan", rows(4) + "nan,1,A\n" + rows(9), "bad.csv, row 5, column 1", "not a finite number");
  row("infinity", rows(4) + "1,-inf,A\n" + rows(9), "bad.csv, row 5, column 2", "not a finite number");
  row("1e400", rows(4) + "1e400,1,A\n" + rows(9), "bad.csv, row 5, column 1", "too large");
  row("header counted", "x,y,label\n" + rows(4) + ",1,A\n", "bad.csv, row 6, column 1", "empty field");
  row("ragged, short", rows(4) + "1,2\n", "bad.csv, row 5", "2 columns");
  row("ragged, long", rows(4) + "1,2,A,9\n", "bad.csv, row 5", "4 columns");
  row("no class", rows(4) + "1,2,\n", "bad.csv, row 5, column 3", "missing");
  row("value with a word", rows(12, "1.5").replace("B", "2.5") + "1,2,A\n", "bad.csv", "classes");
  row("decimal comma", rows(4).replace(",", ";") + "1,5;2;A\n", "bad.csv, row 5, column 1", "is not a number");
  row("nul", rows(12) + QByteArray(1, '\0'), "bad.csv", "NUL");
  QByteArray many;
  for (int i = 0; i < 17; ++i) many += "1,2,c" + QByteArray::number(i) + '\n';
  row("seventeen classes", many, "bad.csv", "17 classes");
}

void TestPlanePoints::csv_is_refused() {
  QFETCH(QByteArray, text);
  QFETCH(QByteArray, where);
  QFETCH(QByteArray, says);
  try {
    const bool number = std::string(QTest::currentDataTag()) == "value with a word";
    (void)parse_points(text.toStdString(), number ? "value" : "auto", "bad.csv");
    QFAIL("accepted");
  } catch (const Error& error) {
    QCOMPARE(error.kind(), ErrorKind::bad_input);
    QVERIFY(!error.action().empty() && !error.limit().empty());
    if (std::string(QTest::currentDataTag()) == "value with a word") {
      QCOMPARE(QByteArray(error.where().c_str()), QByteArray("bad.csv, row 13, column 3"));
      return;
    }
    QCOMPARE(QByteArray(error.where().c_str()), where);
    QVERIFY2(QByteArray(error.what()).contains(says), error.what());
  }
}

void TestPlanePoints::what_is_written_is_read_back() {
  PointTable table;
  for (int i = 0; i < 20; ++i) {
    table.x.push_back(i / 3.0);
    table.y.push_back(-1e-17 * i);
    table.label.push_back(i % 3);
  }
  table.class_names = {"1", "2", "a b"};
  const PointTable back = parse_points(points_csv(table), "auto", "copy");
  QVERIFY(back.x == table.x && back.y == table.y && back.label == table.label);
  QVERIFY(back.class_names == table.class_names);
  table.class_names.clear();
  table.label.clear();
  for (int i = 0; i < 20; ++i) table.value.push_back(i % 2);  // whole numbers, but values
  QVERIFY(parse_points(points_csv(table), "auto", "copy").value == table.value);
}

void TestPlanePoints::files_fill_the_canvas() {
  PointTable table;
  for (int i = 0; i < 10; ++i) {
    table.x.push_back(1000 + i);
    table.y.push_back(5);  // no extent
    table.value.push_back(1e6 * i);
  }
  const CanvasMap map = fit_canvas(table);
  const PointSet set = to_canvas(table, map);
  QVERIFY(std::abs(set.xy[0] + 0.9f) < 1e-6f && std::abs(set.xy[18] - 0.9f) < 1e-6f);
  QCOMPARE(set.xy[1], 0.0f);
  double sum = 0, squares = 0;
  for (const float v : set.values) sum += double(v), squares += double(v) * double(v);
  QVERIFY(std::abs(sum) < 1e-5 && std::abs(squares / 10 - 1) < 1e-5);
}

void TestPlanePoints::the_copy_is_the_truth() {
  QTemporaryDir folder;
  const std::filesystem::path source = folder.filePath("points.txt").toStdString();
  QFile file(QString::fromStdString(source.string()));
  QVERIFY(file.open(QIODevice::WriteOnly) && file.write(rows(40)) > 0);
  file.close();
  PlaneOptions o = options("file");
  o.file = source;
  o.stored = folder.filePath("points.csv").toStdString();
  const PlaneData first(o);
  QVERIFY(file.remove());
  const PlaneData second(o);
  QVERIFY(first.train().xy == second.train().xy && first.held_out().labels == second.held_out().labels);
  QVERIFY(first.domains() == second.domains());
  QVERIFY_EXCEPTION_THROWN(PlaneData(options("drawing")), Error);
}

void TestPlanePoints::the_split_holds_out_enough() {
  QTemporaryDir folder;
  PlaneOptions o = options("drawing");
  o.stored = folder.filePath("points.csv").toStdString();
  QFile file(folder.filePath("points.csv"));
  QByteArray text;
  for (int i = 0; i < 40; ++i) text += QByteArray::number(i / 40.0) + ",0," + (i % 2 ? "A" : "B") + '\n';
  QVERIFY(file.open(QIODevice::WriteOnly) && file.write(text) > 0);
  file.close();
  const PlaneData data(o);
  QCOMPARE(data.held_out().size(), std::size_t(8));
  QCOMPARE(data.train().size(), std::size_t(32));
  std::set<float> seen;
  for (const auto* set : {&data.train(), &data.held_out()})
    for (std::size_t i = 0; i < set->size(); ++i) QVERIFY(seen.insert(set->xy[2 * i]).second);
  QCOMPARE(data.canvas().scale_x, 1.0);  // a drawing is on the canvas already
}

void TestPlanePoints::batches_are_pure() {
  const PlaneData data(options("moons"));
  PointBatch a, b, c;
  data.batch(1, 7, 0, 64, a);
  data.batch(1, 8, 0, 64, b);
  data.batch(1, 7, 1, 64, c);
  QVERIFY(a.xy != b.xy && a.xy != c.xy);
  data.batch(1, 7, 0, 64, b);
  QVERIFY(a.xy == b.xy && a.labels == b.labels && a.values.empty());
  QCOMPARE(data.held_out().size(), std::size_t(4000));
}

QTEST_GUILESS_MAIN(TestPlanePoints)
#include "tst_plane_points.moc"
