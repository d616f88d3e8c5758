// SPDX-License-Identifier: Apache-2.0
// Schedules, clipping and the AdamW driver against golden vectors and closed forms.
#include "engine/backend/make_backend.h"
#include "engine/optim/adamw.h"
#include "engine/optim/clipping.h"
#include "engine/optim/schedule.h"
#include "tests/support/golden_tensors.h"

#include <QtTest>

using namespace moe;
using namespace moe::test;

namespace {

struct Parameters {
  std::unique_ptr<Backend> backend = make_backend("cpu", 1);
  ops::Context ctx{*backend};
  nn::ParameterSet set;
  nn::ParameterId matrix = set.add(nn::ParameterKind::matrix, {"matrix", {4, 3}, nn::Init::constant, 0.5});
  nn::ParameterId norm = set.add(nn::ParameterKind::vector, {"norm", {5}, nn::Init::constant, 1.0});
  nn::ParameterId bias = set.add(nn::ParameterKind::state, {"bias", {2}, nn::Init::constant, 0.25});
  Parameters() {
    set.allocate(*backend, DType::f64);
    set.initialise(1);
  }
  void set_gradient(nn::ParameterId id, const std::vector<double>& values) {
    std::copy(values.begin(), values.end(), set.gradient(id).as<double>());
  }
};

}  // namespace

class TestOptim : public QObject {
  Q_OBJECT
 private slots:
  void schedules();
  void clipping();
  void no_clipping_when_off();
  void adamw_by_hand();
};

void TestOptim::schedules() {
  for (const auto& c : golden_cases("schedules.json")) {
    const auto& p = c.at("params");
    OptimConfig optim;
    optim.schedule = p.at("kind");
    optim.lr = p.at("lr");
    optim.warmup = p.at("warmup");
    optim.min_lr_ratio = p.at("min_ratio");
    for (std::size_t s = 0; s < c.at("lr").size(); ++s)
      QVERIFY2(difference(optim::learning_rate(optim, static_cast<std::int64_t>(s), p.at("steps")), c.at("lr").at(s)) <
                   1e-14,
               qPrintable(QString("%1, step %2").arg(QString::fromStdString(optim.schedule)).arg(s)));
  }
}

void TestOptim::clipping() {
  for (const auto& c : golden_cases("clip.json")) {
    Parameters p;
    p.set_gradient(p.matrix, numbers(c.at("inputs").at("a")));
    p.set_gradient(p.norm, numbers(c.at("inputs").at("b")));
    const double norm = optim::gradient_norm(p.ctx, p.set);
    QVERIFY(difference(norm, numbers(c.at("outputs").at("norm"))[0]) < 1e-14);
    QVERIFY(difference(optim::clip_scale(norm, c.at("params").at("clip")), numbers(c.at("outputs").at("scale"))[0]) <
            1e-14);
  }
}

void TestOptim::no_clipping_when_off() {
  QCOMPARE(optim::clip_scale(1e9, 0), 1.0);
  QCOMPARE(optim::clip_scale(0.5, 1), 1.0);
  QCOMPARE(optim::clip_scale(4, 1), 0.25);
}

void TestOptim::adamw_by_hand() {
  Parameters p;
  OptimConfig optim;
  optim.weight_decay = 0.1;
  p.set_gradient(p.matrix, std::vector<double>(12, 2.0));
  p.set_gradient(p.norm, {3, 0, -3, 0, 0});
  optim::adamw_step(p.ctx, p.set, optim, 0.01, 1, 0.5);
  // In the first step m̂/√v̂ is the sign of the gradient; decay acts on the matrix, not on the norm.
  QVERIFY(std::abs(p.set.value(p.matrix).as<double>()[7] - (0.5 - 0.01 * (1 + 0.1 * 0.5))) < 1e-9);
  QVERIFY(std::abs(p.set.value(p.norm).as<double>()[0] - 0.99) < 1e-9);
  QCOMPARE(p.set.value(p.norm).as<double>()[1], 1.0);
  QVERIFY(std::abs(p.set.value(p.norm).as<double>()[2] - 1.01) < 1e-9);
  QCOMPARE(p.set.value(p.bias).as<double>()[0], 0.25);                                 // state is not trained
  QCOMPARE(p.set.exposed()[0].first_moment.as<double>()[0], (1 - optim.beta1) * 1.0);  // of the scaled gradient
  QCOMPARE(optim::gradient_norm(p.ctx, p.set), 0.0);                                   // ready for the next step
}

QTEST_GUILESS_MAIN(TestOptim)
#include "tst_optim.moc"
