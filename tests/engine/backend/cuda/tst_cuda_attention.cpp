// SPDX-License-Identifier: Apache-2.0
// Attention of heads stored as bfloat16 against the CPU's float32 from the same rounded numbers: every padding of the
// head dimension, contexts at the edges of tiles, groups of queries; and heads that the tensor cores' kernels do not
// take. One rounding to bfloat16 is off by at most u = 2^-9 of a number.
#include <QtTest>

#include "engine/ops/ops.h"
#include "tests/engine/backend/cuda/devices.h"
#include "tests/support/cuda_emulation/control.h"
#include "tests/support/test_arrays.h"

using namespace moe;
using namespace moe::test;

namespace {

constexpr double kUnit = 1.0 / 512;

struct Result {
  std::vector<double> out, lse, dqkv, qkv, dout;
  std::vector<std::vector<char>> bits;
  bool intact = true;
};

Result run(Backend& backend, const AttentionShape& s, bool stored, double scale) {
  ops::Context ctx{backend, MatmulPrecision::bf16};
  TestArrays a(backend, DType::f32);
  a.round_operands(stored);
  const int rows = s.batch * s.context, width = s.heads * s.head_dim;
  const View qkv = a.operand_in({rows, s.qkv_width()}, scale), out = a.operand_out({rows, width});
  const View lse = a.out({s.batch, s.heads, s.context});
  const View dout = a.in({rows, width}), dqkv = a.out({rows, s.qkv_width()});
  ops::attention_forward(ctx, out, lse, qkv, s);
  ops::attention_backward(ctx, dqkv, dout, out, lse, qkv, s);
  Result result{a.get(out), a.get(lse), a.get(dqkv), a.get(qkv), a.get(dout), {}, a.sentinels_intact()};
  for (const View view : a.outputs()) result.bits.push_back(a.bytes(view));
  return result;
}

/// Columns [begin, end) of rows of `width` numbers.
struct Columns {
  std::int64_t width, begin, end;
  std::vector<double> of(const std::vector<double>& all) const {
    std::vector<double> some;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto column = static_cast<std::int64_t>(i) % width;
      if (column >= begin && column < end) some.push_back(all[i]);
    }
    return some;
  }
};

double norm(const std::vector<double>& x) {
  double sum = 0;
  for (const double v : x) sum += v * v;
  return std::sqrt(sum);
}
double largest(const std::vector<double>& x) {
  double most = 0;
  for (const double v : x) most = std::max(most, std::isnan(v) ? 1e300 : std::fabs(v));
  return most;
}
std::vector<double> difference(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> out(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) out[i] = a[i] - b[i];
  return out;
}

/// ‖a − e‖ <= relative·‖e‖ and max |a − e| <= most. Gradients of which all terms cancel (a row that sees itself alone)
/// have no relative error: `most` is all there is to say of them.
void compare(const char* what, const std::vector<double>& a, const std::vector<double>& e, double relative,
             double most) {
  const std::vector<double> error = difference(a, e);
  const double size = norm(e), off = norm(error), worst = largest(error);
  if (qEnvironmentVariableIsSet("MOE_TEST_FIGURES"))
    std::printf("%s: relative %.2e of %.2e, largest %.2e of %.2e\n", what, off / size, relative, worst, most);
  QVERIFY2(worst <= most, qPrintable(QString("%1 is off by %2, allowed is %3").arg(what).arg(worst).arg(most)));
  if (size > 1e-3)
    QVERIFY2(off <= relative * size, qPrintable(QString("%1 is off by %2 of its norm").arg(what).arg(off / size)));
}

}  // namespace

class TestCudaAttention : public QObject {
  Q_OBJECT
 private slots:
  void like_the_cpu_data();
  void like_the_cpu();
  void turned_back_data();
  void turned_back();
  void repeats_data();
  void repeats();

 private:
  CudaBench cuda_;
  std::unique_ptr<Backend> cpu_ = make_backend("cpu", 1);
};

void TestCudaAttention::like_the_cpu_data() {
  QTest::addColumn<int>("batch");
  QTest::addColumn<int>("context");
  QTest::addColumn<int>("heads");
  QTest::addColumn<int>("kv_heads");
  QTest::addColumn<int>("dim");
  QTest::addColumn<double>("scale");
  const auto row = [](int batch, int context, int heads, int kv_heads, int dim, double scale = 1.0) {
    QTest::addRow("B%d S%d H%d G%d C%d, times %g", batch, context, heads, kv_heads, dim, scale)
        << batch << context << heads << kv_heads << dim << scale;
  };
  for (const int dim : {16, 48, 64, 128})
    for (const int context : {1, 63, 64, 65}) row(2, context, 2, 1, dim);
  row(2, 150, 4, 1, 16), row(1, 150, 2, 2, 48), row(2, 150, 4, 2, 64), row(1, 150, 2, 1, 128);
  row(1, 300, 1, 1, 32), row(3, 17, 4, 4, 64), row(1, 130, 2, 1, 8), row(1, 80, 2, 1, 24), row(1, 70, 2, 1, 104);
  row(1, 150, 2, 1, 64, 4.0), row(1, 150, 2, 1, 128, 4.0);  // rows that look at hardly more than one key
  row(2, 65, 2, 1, 6), row(1, 40, 2, 1, 20), row(1, 40, 2, 1, 136), row(1, 5, 1, 1, 272);  // not for tensor cores
}

// Forward, probabilities and out are rounded: an error of at most u·Σ P|V| + u|O| <= 2u·max|V| (and what both sides are
// off by in float32), about u of the norm. dV is a sum of products of two rounded numbers. dS has the errors of dout
// and out as well as its own, in terms as large as dout·V/√C, that is √C·max|dout|·max|V|/√C or less; where a row sees
// hardly more than one key almost nothing is left of them, and the relative error grows.
void TestCudaAttention::like_the_cpu() {
  SKIP_WITHOUT_DEVICE(cuda_);
  QFETCH(int, batch);
  QFETCH(int, context);
  QFETCH(int, heads);
  QFETCH(int, kv_heads);
  QFETCH(int, dim);
  QFETCH(double, scale);
  const AttentionShape s{batch, context, heads, kv_heads, dim};
  const Result actual = run(*cuda_, s, true, scale), expected = run(*cpu_, s, false, scale);
  QVERIFY2(actual.intact, "something was written outside an array");
  QCOMPARE(actual.qkv, expected.qkv);
  const std::int64_t width = s.qkv_width(), q = std::int64_t{heads} * dim, k = q + std::int64_t{kv_heads} * dim;
  const Columns queries{width, 0, q}, keys{width, q, k}, values{width, k, width};
  compare("out", actual.out, expected.out, 4e-3, 2.01 * kUnit * largest(values.of(expected.qkv)));
  compare("lse", actual.lse, expected.lse, 1e-5, 1e-5 * std::max(1.0, largest(expected.lse)));
  const auto gradient = [&](const char* what, const Columns& columns, double most) {
    compare(what, columns.of(actual.dqkv), columns.of(expected.dqkv), scale > 1 ? 1e-2 : 4e-3, most);
  };
  const double dout = largest(expected.dout), of_v = largest(values.of(expected.dqkv));
  const double slope = kUnit * dout * scale * scale * std::sqrt(dim);  // times q or k, of size `scale` as v is
  gradient("dq", queries, slope);
  gradient("dk", keys, slope * std::sqrt(heads / kv_heads));
  gradient("dv", values, 2 * kUnit * (of_v + dout));
}

void TestCudaAttention::turned_back_data() {
  QTest::addColumn<int>("dim");
  for (const int dim : {16, 20, 32, 48, 64, 128, 136}) QTest::addRow("C%d", dim) << dim;
}

// Backward through attention and RoPE at once is what the two ops leave one after the other: the same float32 numbers,
// rounded once. A product and a sum that one side fuses may fall on the other side of a tie.
void TestCudaAttention::turned_back() {
  SKIP_WITHOUT_DEVICE(cuda_);
  QFETCH(int, dim);
  const AttentionShape s{2, 70, 4, 2, dim};
  const int rows = s.batch * s.context, width = s.heads * s.head_dim;
  ops::Context ctx{*cuda_, MatmulPrecision::bf16};
  TestArrays a(*cuda_, DType::f32);
  a.round_operands(true);
  const View qkv = a.operand_in({rows, s.qkv_width()}), out = a.operand_out({rows, width});
  const View lse = a.out({s.batch, s.heads, s.context}), dout = a.in({rows, width});
  const View dqkv = a.out({rows, s.qkv_width()}), between = a.out({rows, s.qkv_width()});
  const View expected = a.operand_out({rows, s.qkv_width()}), found = a.operand_out({rows, s.qkv_width()});
  ops::attention_forward(ctx, out, lse, qkv, s);
  ops::attention_backward(ctx, between, dout, out, lse, qkv, s);
  ops::rope_backward(ctx, expected, between, s, 1000.0);
  ops::attention_rope_backward(ctx, found, dqkv, dout, out, lse, qkv, s, 1000.0);
  QVERIFY(a.sentinels_intact());
  const auto here = a.get(found), there = a.get(expected);
  std::size_t elsewhere = 0;
  for (std::size_t i = 0; i < here.size(); ++i) {
    if (here[i] == there[i]) continue;
    ++elsewhere;
    QVERIFY2(std::fabs(here[i] - there[i]) <= std::fabs(there[i]) / 128 + 1e-6,
             qPrintable(QString("%1: %2 instead of %3").arg(i).arg(here[i]).arg(there[i])));
  }
  QVERIFY2(elsewhere <= 2 + here.size() / 1024, qPrintable(QString::number(elsewhere)));
}

void TestCudaAttention::repeats_data() {
  QTest::addColumn<int>("dim");
  for (const int dim : {20, 32, 64, 128}) QTest::addRow("C%d", dim) << dim;
}

void TestCudaAttention::repeats() {
  SKIP_WITHOUT_DEVICE(cuda_);
  QFETCH(int, dim);
  const AttentionShape s{2, 150, 4, 2, dim};
  const Result first = run(*cuda_, s, true, 1.0);
  emulation::set_order(1);
  const Result second = run(*cuda_, s, true, 1.0);
  emulation::set_order(0);
  QVERIFY(first.bits == second.bits);
}

QTEST_GUILESS_MAIN(TestCudaAttention)
#include "tst_cuda_attention.moc"
