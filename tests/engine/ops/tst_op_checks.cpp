// SPDX-License-Identifier: Apache-2.0
// Arrays that do not fit are refused with an error that names the op, before any kernel runs.
#include <QtTest>

#include "engine/backend/make_backend.h"
#include "engine/core/error.h"
#include "engine/ops/ops.h"
#include "tests/support/test_arrays.h"

using namespace moe;
using moe::test::TestArrays;

class TestOpChecks : public QObject {
  Q_OBJECT
 private slots:
  void refused_data();
  void refused();
};

namespace {

using Bad = std::function<void(ops::Context&, TestArrays&)>;
struct BadCase {
  const char* what;
  const char* op;
  Bad call;
};

const std::vector<BadCase>& bad_cases() {
  static const std::vector<BadCase> all{
      {"inner sizes differ", "matmul",
       [](auto& c, auto& a) {
         ops::matmul(c, a.out({2, 3}), a.in({2, 4}), false, a.in({5, 3}), false);
       }},
      {"transposed result", "matmul",
       [](auto& c, auto& a) {
         ops::linear_forward(c, a.out({3, 2}), a.in({2, 4}), a.in({3, 4}));
       }},
      {"an operand stored rounded where it may not", "matmul",
       [](auto& c, auto& a) {
         a.round_operands(true);
         ops::linear_forward(c, a.out({2, 3}), a.operand_in({2, 4}), a.in({3, 4}));
       }},
      {"a result stored rounded where it may not", "activation_forward",
       [](auto& c, auto& a) {
         a.round_operands(true);
         ops::activation_forward(c, a.operand_out({2, 3}), a.in({2, 3}), Activation::relu, 2);
       }},
      {"dw of another shape", "linear_backward",
       [](auto& c, auto& a) {
         ops::linear_backward(c, {}, a.out({4, 3}), a.in({2, 3}), a.in({2, 4}), a.in({3, 4}));
       }},
      {"offsets too short", "grouped_linear_forward",
       [](auto& c, auto& a) {
         ops::grouped_linear_forward(c, a.out({5, 3}), a.in({5, 4}), a.in({2, 3, 4}), a.out_ints({2}));
       }},
      {"inv_rms of another length", "rms_norm_forward",
       [](auto& c, auto& a) {
         ops::rms_norm_forward(c, a.out({5, 4}), a.out({4}), a.in({5, 4}), a.in({4}), 1e-5);
       }},
      {"odd head dimension", "rope_forward",
       [](auto& c, auto& a) {
         ops::rope_forward(c, a.out({4, 9}), a.in({4, 9}), {1, 4, 1, 1, 3}, 1e4);
       }},
      {"a result of another shape", "rope_forward",
       [](auto& c, auto& a) {
         ops::rope_forward(c, a.out({4, 8}), a.in({4, 6}), {1, 4, 1, 1, 2}, 1e4);
       }},
      {"stored rounded where nothing is", "rope_backward",
       [](auto& c, auto& a) {
         ops::rope_backward(c, View(a.out({4, 6}).data, DType::bf16, {4, 6}), a.in({4, 6}), {1, 4, 1, 1, 2}, 1e4);
       }},
      {"qkv rounded, out not", "attention_forward",
       [](auto& c, auto& a) {
         const View qkv(a.in({4, 6}).data, DType::bf16, {4, 6});
         ops::attention_forward(c, a.out({4, 2}), a.out({1, 1, 4}), qkv, {1, 4, 1, 1, 2});
       }},
      {"kv heads do not divide heads", "attention_forward",
       [](auto& c, auto& a) {
         ops::attention_forward(c, a.out({4, 6}), a.out({1, 3, 4}), a.in({4, 14}), {1, 4, 3, 2, 2});
       }},
      {"swiglu needs twice the width", "activation_forward",
       [](auto& c, auto& a) {
         ops::activation_forward(c, a.out({4, 3}), a.in({4, 3}), Activation::swiglu, 4);
       }},
      {"rounded rows, a result that is not", "activation_backward",
       [](auto& c, auto& a) {
         ops::activation_backward(c, a.out({4, 3}), View(a.in({4, 3}).data, DType::bf16, {4, 3}), a.in({4, 3}),
                                  Activation::relu, 4);
       }},
      {"a weight too few", "activation_forward",
       [](auto& c, auto& a) {
         ops::activation_forward(c, a.out({4, 3}), a.in({4, 3}), Activation::relu, 4, a.in({3}));
       }},
      {"no place for the weights' gradient", "activation_backward",
       [](auto& c, auto& a) {
         ops::activation_backward(c, a.out({4, 3}), a.in({4, 3}), a.in({4, 3}), Activation::relu, 4, a.in({4}));
       }},
      {"a rounded result that is added to", "linear_backward",
       [](auto& c, auto& a) {
         const View dx(a.inout({2, 4}).data, DType::bf16, {2, 4});
         ops::linear_backward(c, dx, {}, a.in({2, 3}), a.in({2, 4}), a.in({3, 4}), true);
       }},
      {"more rows than there are", "activation_backward",
       [](auto& c, auto& a) {
         ops::activation_backward(c, a.out({4, 3}), a.in({4, 3}), a.in({4, 3}), Activation::relu, 5);
       }},
      {"another dtype", "copy", [](auto& c, auto& a) { ops::copy(c, a.out_ints({4}), a.in({4})); }},
      {"ids are not int32", "embedding_forward",
       [](auto& c, auto& a) {
         ops::embedding_forward(c, a.out({4, 3}), a.in({9, 3}), a.in({4}));
       }},
      {"targets of another shape", "squared_error",
       [](auto& c, auto& a) {
         ops::squared_error(c, a.out({4}), {}, a.in({4, 2}), a.in({4, 1}), 1.0);
       }},
      {"one target missing", "cross_entropy",
       [](auto& c, auto& a) {
         ops::cross_entropy(c, a.out({4}), {}, a.in({4, 9}), a.out_ints({3}), 1.0);
       }},
      {"k beyond E", "top_k",
       [](auto& c, auto& a) {
         ops::top_k(c, a.out_ints({4, 5}), a.in({4, 4}), 5);
       }},
      {"k = 0", "top_k",
       [](auto& c, auto& a) {
         ops::top_k(c, a.out_ints({4, 0}), a.in({4, 4}), 0);
       }},
      {"a plan too small", "plan_from_choices",
       [](auto& c, auto& a) {
         Plan plan{a.out_ints({7}), a.out_ints({7}), a.out({7}), a.out_ints({4}), a.out_ints({5}), a.out_ints({7})};
         ops::plan_from_choices(c, plan, a.out_ints({4, 2}), a.in({4, 2}), 3);
       }},
      {"step 0", "adamw_step",
       [](auto& c, auto& a) {
         ops::adamw_step(c, a.inout({4}), a.inout({4}), a.inout({4}), a.inout({4}), {1e-3, .9, .95, 1e-8, 0, 0, 1});
       }},
  };
  return all;
}

}  // namespace

void TestOpChecks::refused_data() {
  QTest::addColumn<int>("index");
  for (std::size_t i = 0; i < bad_cases().size(); ++i)
    QTest::addRow("%s: %s", bad_cases()[i].op, bad_cases()[i].what) << int(i);
}

void TestOpChecks::refused() {
  QFETCH(int, index);
  const BadCase& bad = bad_cases()[std::size_t(index)];
  const auto backend = make_backend("cpu", 1);
  ops::Context ctx{*backend};
  TestArrays arrays(*backend, DType::f32);
  try {
    bad.call(ctx, arrays);
    QFAIL("accepted");
  } catch (const Error& e) {
    QCOMPARE(e.kind(), ErrorKind::failure);
    QCOMPARE(e.where(), std::string(bad.op));
    QVERIFY(!e.limit().empty());
  }
}

QTEST_GUILESS_MAIN(TestOpChecks)
#include "tst_op_checks.moc"
