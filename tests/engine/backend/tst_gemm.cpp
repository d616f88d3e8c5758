// SPDX-License-Identifier: Apache-2.0
// One-thread products against a plain triple loop: both transposes, row strides wider than the matrix, empty sums.
#include <QtTest>

#include "engine/backend/cpu/gemm.h"
#include "engine/backend/cpu/rounding.h"
#include "engine/core/random.h"

using namespace moe;
using namespace moe::cpu;

class TestGemm : public QObject {
  Q_OBJECT
 private slots:
  void agrees_with_the_definition_data();
  void agrees_with_the_definition();
  void bf16_accumulates_in_float32();
};

namespace {

struct Problem {
  std::int64_t m, n, k, extra;  // extra columns in every stored row
  bool transpose_a, transpose_b, accumulate;
  std::int64_t lda() const { return (transpose_a ? m : k) + extra; }
  std::int64_t ldb() const { return (transpose_b ? k : n) + extra; }
  std::int64_t ldc() const { return n + extra; }
  std::vector<double> a, b, c;

  void fill() {
    const RandomStream stream(1, Purpose::sample);
    const auto values = [&](std::int64_t rows, std::int64_t ld, std::uint64_t from) {
      std::vector<double> v(static_cast<std::size_t>(rows * ld));
      for (std::size_t i = 0; i < v.size(); ++i)  // exact in bfloat16, so that one reference serves every dtype
        v[i] = std::round(8 * stream.normal(from + i)) / 8;
      return v;
    };
    a = values(transpose_a ? k : m, lda(), 0);
    b = values(transpose_b ? n : k, ldb(), 1 << 20);
    c = values(m, ldc(), 1 << 21);
  }
  std::vector<double> expected(double alpha) const {
    auto out = c;
    for (std::int64_t i = 0; i < m; ++i)
      for (std::int64_t j = 0; j < n; ++j) {
        double sum = 0;
        for (std::int64_t p = 0; p < k; ++p)
          sum += a[std::size_t(transpose_a ? p * lda() + i : i * lda() + p)] *
                 b[std::size_t(transpose_b ? j * ldb() + p : p * ldb() + j)];
        double& to = out[std::size_t(i * ldc() + j)];
        to = (accumulate ? to : 0) + alpha * sum;
      }
    return out;
  }
};

template <class T>
std::vector<T> as(const std::vector<double>& values) {
  std::vector<T> out(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if constexpr (std::is_same_v<T, bf16>)
      out[i] = round_to_bf16(static_cast<float>(values[i]));
    else
      out[i] = static_cast<T>(values[i]);
  }
  return out;
}

template <class In, class Out, class Kernel>
double worst_error(const Problem& p, Out alpha, Kernel&& kernel) {
  const auto a = as<In>(p.a), b = as<In>(p.b);
  auto c = as<Out>(p.c);
  kernel(Gemm<In, Out>{p.m, p.n, p.k, a.data(), p.lda(), p.transpose_a, b.data(), p.ldb(), p.transpose_b, c.data(),
                       p.ldc(), p.accumulate, alpha});
  const auto expected = p.expected(static_cast<double>(alpha));
  double worst = 0;
  for (std::size_t i = 0; i < c.size(); ++i)
    worst = std::max(worst, std::fabs(static_cast<double>(c[i]) - expected[i]));
  return worst;
}

void prepared(Bf16Gemm& gemm, const Gemm<bf16, float>& g) {
  gemm.prepare(g);
  gemm(g);
}

}  // namespace

void TestGemm::agrees_with_the_definition_data() {
  QTest::addColumn<QVector<int>>("size");
  QTest::addColumn<int>("flags");
  for (const auto& size : {QVector<int>{1, 1, 1, 0}, {7, 5, 3, 2}, {33, 17, 65, 3}, {130, 9, 48, 0}, {4, 6, 0, 1}})
    for (int flags = 0; flags < 8; ++flags)
      QTest::addRow("%d x %d x %d, %d", size[0], size[1], size[2], flags) << size << flags;
}

void TestGemm::agrees_with_the_definition() {
  QFETCH(QVector<int>, size);
  QFETCH(int, flags);
  Problem p{size[0], size[1], size[2], size[3], (flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0, {}, {}, {}};
  p.fill();
  QVERIFY(worst_error<double>(p, 0.5, [](const auto& g) { gemm(g); }) < 1e-12);
  QVERIFY(worst_error<float>(p, 0.5f, [](const auto& g) { gemm(g); }) < 1e-4);
  Runtime runtime(1);
  Bf16Gemm bf16_gemm(runtime);
  for (int repeat = 0; repeat < 2; ++repeat)  // prepared, then reused
    QVERIFY((worst_error<bf16, float>(p, 1.f, [&](const auto& g) { prepared(bf16_gemm, g); }) < 1e-4));
}

// 4096 products of 1: a bfloat16 accumulator would stop at 256.
void TestGemm::bf16_accumulates_in_float32() {
  Runtime runtime(1);
  Bf16Gemm bf16_gemm(runtime);
  const std::vector<bf16> ones(4096 * 16, round_to_bf16(1.f));
  std::vector<float> c(16 * 16, -1.f);
  prepared(bf16_gemm, {16, 16, 4096, ones.data(), 4096, false, ones.data(), 4096, true, c.data(), 16});
  for (const float value : c) QCOMPARE(value, 4096.f);
}

QTEST_GUILESS_MAIN(TestGemm)
#include "tst_gemm.moc"
