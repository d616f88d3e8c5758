// SPDX-License-Identifier: Apache-2.0
#include <QtTest>

#include "engine/backend/make_backend.h"
#include "engine/core/error.h"

using namespace moe;

class TestMakeBackend : public QObject {
  Q_OBJECT
 private slots:
  void words();
  void refused_data();
  void refused();
  void memory();
};

void TestMakeBackend::words() {
  for (const char* device : {"auto", "cpu"}) {
    const auto backend = make_backend(device, 3);
    QCOMPARE(backend->name(), std::string("cpu"));
    QCOMPARE(backend->threads(), 3);
    QVERIFY(!backend->describe().empty());
  }
  QVERIFY(make_backend("cpu", 0)->threads() >= 1);
}

void TestMakeBackend::refused_data() {
  QTest::addColumn<QString>("device");
  QTest::addColumn<int>("threads");
  QTest::addColumn<int>("kind");
  QTest::newRow("no CUDA module") << "cuda" << 1 << int(ErrorKind::device);
  QTest::newRow("unknown") << "tpu" << 1 << int(ErrorKind::usage);
  QTest::newRow("empty") << "" << 1 << int(ErrorKind::usage);
  QTest::newRow("negative threads") << "cpu" << -1 << int(ErrorKind::usage);
  QTest::newRow("absurd threads") << "cpu" << 1000000 << int(ErrorKind::usage);
}

void TestMakeBackend::refused() {
  QFETCH(QString, device);
  QFETCH(int, threads);
  QFETCH(int, kind);
  try {
    make_backend(device.toStdString(), threads);
    QFAIL("accepted");
  } catch (const Error& e) {
    QCOMPARE(int(e.kind()), kind);
    QVERIFY(!e.limit().empty());
    QVERIFY(!e.action().empty());
  }
}

void TestMakeBackend::memory() {
  const auto backend = make_backend("cpu", 2);
  const Buffer buffer(*backend, DType::f32, {3, 50000});
  QCOMPARE(reinterpret_cast<std::uintptr_t>(buffer.view().data) % 64, std::uintptr_t(0));
  std::vector<float> values(150000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  backend->copy_from_host(buffer.view(), values.data());
  std::vector<float> back(50000);
  backend->copy_to_host(back.data(), buffer.view().rows(1, 2));
  QCOMPARE(back.front(), 50000.f);
  QCOMPARE(back.back(), 99999.f);
  backend->zero(buffer.view().rows(1, 2));
  std::vector<float> all(150000);
  backend->copy_to_host(all.data(), buffer.view());
  for (std::size_t i = 0; i < all.size(); ++i) QCOMPARE(all[i], i / 50000 == 1 ? 0.f : values[i]);
}

QTEST_GUILESS_MAIN(TestMakeBackend)
#include "tst_make_backend.moc"
