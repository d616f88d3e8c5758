// SPDX-License-Identifier: GPL-3.0-or-later
// Pictures of the plane from known grids: washes, borders, labels.
#include <QLabel>
#include <algorithm>
#include <cmath>
#include <set>

#include "tests/support/sample_plane.h"
#include "tests/support/studio_fixture.h"
#include "ui/bridge/plane_history.h"
#include "ui/bridge/run_history.h"
#include "ui/bridge/selection.h"
#include "ui/panels/coach_bubble.h"
#include "ui/panels/plane_paint.h"
#include "ui/panels/plane_stage_paint.h"
#include "ui/panels/plane_view.h"
#include "ui/panels/probe_card.h"
#include "ui/panels/probe_parts.h"

using namespace moe::ui;
using moe::protocol::PlanePicture;

class TstPlanePaint : public QObject {
  Q_OBJECT
  static double part(int value, int from, int to) { return double(value - from) / (to - from); }

 private slots:
  void washGrowsWithConfidenceFromTenToFortySixPercent() {
    PlanePicture picture;
    picture.grid = 2;
    picture.experts = 1;
    picture.classes = 2;
    picture.owner = {0, 0, 0, 255};
    picture.gate = {0, 255, 128, 255};
    picture.winner = {0, 0, 1, 1};
    picture.confidence = {255, 255, 255, 255};
    picture.margin = {255, 255, 255, 255};
    const QImage image = planeImage(picture, {}, -1, 1);
    const QColor hue = planeHue(0), canvas = Theme::instance().color(Role::canvas);
    const auto opacity = [&](int x, int y) { return part(image.pixelColor(x, y).red(), canvas.red(), hue.red()); };
    QVERIFY(std::abs(opacity(0, 0) - 0.10) < 0.01);
    QVERIFY(std::abs(opacity(1, 0) - 0.46) < 0.01);
    QVERIFY(std::abs(opacity(0, 1) - 0.28) < 0.01);
    QCOMPARE(image.pixelColor(1, 1), canvas);  // nobody's
  }

  void theAnswerChangesWhereTheCircleIs() {
    const PlanePicture picture = moe::test::samplePlanePicture(1);
    const auto lines = answerLines(picture, -1, 1);
    QVERIFY(lines.size() > 60);
    for (const QLineF& line : lines) {
      const double x = 2 * line.x1() - 1, y = 1 - 2 * line.y1();
      QVERIFY2(std::abs(std::hypot(x, y) - moe::test::kPlaneRadius) < 0.012,
               qPrintable(QString::number(std::hypot(x, y))));
    }
  }

  void linesAreJoined() {
    const PlanePicture picture = moe::test::samplePlanePicture(1);
    const auto lines = answerLines(picture, -1, 1);  // a circle
    const auto chains = joinLines(lines);
    QCOMPARE(chains.size(), std::size_t{1});
    QCOMPARE(static_cast<std::size_t>(chains[0].size()), lines.size() + 1);
    QCOMPARE(chains[0].first(), chains[0].last());
    // Three borders that meet are three chains, each line in one of them.
    const std::vector<std::uint8_t> kind{0, 1, 2, 2}, lead{10, 10, 10, 10};
    qsizetype pieces = 0;
    for (const QPolygonF& chain : joinLines(borderLines(2, kind, lead))) pieces += chain.size() - 1;
    QCOMPARE(pieces, 3);
    QVERIFY(joinLines({}).empty());
  }

  void bordersOfThreeKindsMeet() {
    const std::vector<std::uint8_t> kind{0, 1, 2, 2}, lead{10, 10, 10, 10};
    const auto lines = borderLines(2, kind, lead);
    QCOMPARE(lines.size(), std::size_t{3});
    std::set<std::pair<double, double>> ends;
    for (const QLineF& line : lines) ends.insert({line.x2(), line.y2()});
    QCOMPARE(ends.size(), std::size_t{1});
    QVERIFY(borderLines(2, std::vector<std::uint8_t>{1}, lead).empty());  // too few cells: nothing
  }

  void levelsOfAValue() {
    const PlanePicture picture = moe::test::samplePlanePicture(1, 64, 16, true);
    for (const QLineF& line : levelLines(picture.grid, picture.value, 0.5))
      QVERIFY(std::abs(std::sin(3 * (2 * line.x1() - 1)) - 0.5) < 0.03);
  }

  void labelsStandInTheRoomiestSpotAndStay() {
    PlanePicture picture = moe::test::samplePlanePicture(1);
    const auto labels = regionLabels(picture);
    QCOMPARE(labels.size(), std::size_t{4});
    for (const RegionLabel& label : labels) {
      const bool right = label.expert == 0 || label.expert == 3, top = label.expert < 2;
      QVERIFY(std::abs(label.at.x() - (right ? 0.75 : 0.25)) < 0.06);
      QVERIFY(std::abs(label.at.y() - (top ? 0.25 : 0.75)) < 0.06);
      QVERIFY(label.room > 0.2);
    }
    std::vector<RegionLabel> before = labels;
    for (RegionLabel& label : before) label.at += QPointF(0.02, 0.02);
    const auto after = regionLabels(picture, before);
    for (std::size_t i = 0; i < after.size(); ++i) QVERIFY(QLineF(after[i].at, before[i].at).length() < 0.01);
    for (auto& owner : picture.owner) owner = 1;  // one region is left: one label
    QCOMPARE(regionLabels(picture).size(), std::size_t{1});
  }

  void sixteenOwnersDiffer() {
    std::set<QRgb> hues;
    for (int e = 0; e < 16; ++e) hues.insert(planeHue(e).rgb());
    QCOMPARE(hues.size(), std::size_t{16});
  }

  void expertPictureIsEmptyWithoutThumbnails() {
    PlanePicture picture = moe::test::samplePlanePicture(1, 32, 16);
    QCOMPARE(expertImage(picture, 3, -1, 1).size(), QSize(16, 16));
    QVERIFY(expertImage(picture, 4, -1, 1).isNull());
    picture.expert_gate.clear();
    QVERIFY(expertImage(picture, 0, -1, 1).isNull());
  }

  void everyStageHasMarksAndASentence() {
    const auto stages = moe::test::samplePlaneStages(5);
    std::set<QString> said;
    for (int stage = 0; stage < kStages; ++stage) {
      QImage image(200, 200, QImage::Format_RGB32);
      image.fill(Qt::white);
      QPainter painter(&image);
      drawStage(painter, QRectF(0, 0, 200, 200), stages, stage, 1);
      painter.end();
      int painted = 0;
      for (int y = 0; y < 200; ++y)
        for (int x = 0; x < 200; ++x) painted += image.pixel(x, y) != 0xFFFFFFFF ? 1 : 0;
      QVERIFY2(painted > 200, qPrintable(stageName(stage)));
      said.insert(stageSentence(stages, stage));
    }
    QCOMPARE(said.size(), std::size_t{kStages});
    QVERIFY(stageSentence(stages, 3).contains("E1"));
  }

  void grainIsAsDenseAsTheFlipsAre() {
    PlanePicture picture;
    picture.experts = 2;
    QVERIFY(noiseImage(picture).isNull());
    QVERIFY(std::isnan(flipShare(picture)));
    picture.flip_grid = 2;
    picture.flips = {0, 64, 128, 255};
    picture.flip_to = {255, 1, 1, 0};
    const QImage grain = noiseImage(picture);
    QCOMPARE(grain.size(), QSize(8, 8));
    const auto dots = [&](int column, int row) {
      int count = 0;
      for (int y = 0; y < 4; ++y)
        for (int x = 0; x < 4; ++x) count += qAlpha(grain.pixel(4 * column + x, 4 * row + y)) > 0 ? 1 : 0;
      return count;
    };
    QCOMPARE(dots(0, 0), 0);
    QCOMPARE(dots(1, 0), 4);  // a quarter of the draws: a quarter of the dots
    QCOMPARE(dots(0, 1), 8);
    QCOMPARE(dots(1, 1), 16);
    QCOMPARE(grain.pixel(7, 7), planeHue(0).rgb());
    QVERIFY(std::abs(flipShare(picture) - (64 + 128 + 255) / 255.0 / 4) < 1e-9);
  }

  void nearestPointIsTheNearest() {
    const auto points = moe::test::samplePlanePoints(240);
    const auto inside = nearestPoint(points, 0.1, 0.1);
    QVERIFY(inside && inside->label == 0 && inside->distance < 0.1);
    double least = 10;
    for (int i = 0; i < points.train.size(); ++i) {
      const auto at = static_cast<std::size_t>(i);
      least =
          std::min(least, std::hypot(double(points.train.xy[2 * at]) - 0.1, double(points.train.xy[2 * at + 1]) - 0.1));
    }
    QVERIFY(std::abs(inside->distance - least) < 1e-9);
    QVERIFY(!nearestPoint(points, 1, 1));  // the corner is empty
    QCOMPARE(nearestPoint(moe::test::samplePlanePoints(240, true), 0.1, 0.1)->label, -1);
  }

  void labelsStandWhereNothingCoversThem() {
    const PlanePicture picture = moe::test::samplePlanePicture(1);
    const auto labels = regionLabels(uncovered(picture, {QRectF(0, 0, 0.45, 0.5)}));
    for (const RegionLabel& label : labels) QVERIFY(!QRectF(0, 0, 0.45, 0.5).contains(label.at));
    QVERIFY(labels.size() >= 3);
    QCOMPARE(regionLabels(uncovered(picture, {})).size(), std::size_t{4});
  }

  void levelsOnASeamFollowTheGate() {
    PlanePicture picture;
    picture.grid = 2;
    picture.experts = 2;
    picture.owner = {0, 1, 0, 1};
    picture.gate = {100, 100, 100, 100};
    picture.value = {-1, 0.01F, -1, 0.01F};  // by the values alone the line would be at the right cell
    const auto lines = answerLines(picture, -1, 1);
    bool found = false;
    for (const QLineF& line : lines) found |= std::abs(line.x1() - 0.5) < 0.01 && std::abs(line.x2() - 0.5) < 0.01;
    QVERIFY(found);
  }

  void seamSentenceNamesTheTwoThatTie() {
    auto probe = moe::test::samplePlaneProbe(0.0, 0.5, 1);  // between E1 and E2
    QVERIFY2(seamSentence(probe).contains("E1 and E2"), qPrintable(seamSentence(probe)));
    QVERIFY(seamSentence(moe::test::samplePlaneProbe(0.7, 0.7, 1)).isEmpty());
  }

  // Random routing and soft mixtures have no scores; expert choice may leave a point to nobody.
  void theCardKnowsPoliciesWithoutScores() {
    RunHistory history;
    Selection selection;
    EngineProcess engine;
    PlaneHistory plane(engine, history);
    history.reset(moe::test::samplePlaneInfo());
    ProbeCard card(history, plane, selection);
    card.resize(300, 700);
    card.show();
    plane.probeAt({0.7, 0.7});
    auto probe = moe::test::samplePlaneProbe(0.7, 0.7, 1);
    probe.logits.clear();
    plane.setProbe(std::make_shared<const moe::protocol::PlaneProbe>(probe));
    card.refresh();
    const PanelTable table = card.table();
    QCOMPARE(int(table.rows.size()), probe.experts);
    QCOMPARE(table.rows[0][4], QString());
    QVERIFY(!table.rows[0][5].isEmpty());
    const auto says = [&](const QString& words) {
      const auto labels = card.findChildren<QLabel*>();
      return std::any_of(labels.begin(), labels.end(), [&](const QLabel* l) { return l->text().contains(words); });
    };
    QVERIFY(says(QStringLiteral("E%1 is asked").arg(probe.chosen[0] + 1)));
    probe.chosen[0] = -1;
    plane.setProbe(std::make_shared<const moe::protocol::PlaneProbe>(probe));
    card.refresh();
    QVERIFY(says(QStringLiteral("No expert takes this point.")));
  }

  void sumIsWhatItsPartsAre() {
    const auto probe = moe::test::samplePlaneProbe(-0.4, 0.3, 1);
    const double part = probeFigure(probe, probe.answers, static_cast<std::size_t>(probe.chosen[0]) * 2);
    const double base = probeFigure(probe, probe.base, 0);
    QVERIFY(std::abs(ProbeSum::sum(probe) - (base + probe.weights[0] * part)) < 1e-4);
    QCOMPARE(probeWeight(probe, probe.chosen[0]), 1.0);
  }

  void theCoachSaysWhatWasMeasured() {
    PlanePicture picture = moe::test::samplePlanePicture(1);
    KnobSpec balance;
    CoachWords words = coachWords(picture, &balance);
    QCOMPARE(words.evidence, QStringLiteral("Expert 1 takes 40 % of the points."));
    QCOMPARE(words.knob, QStringLiteral("balance.coefficient"));
    picture.points = {0, 0.9, 0.1, 0};
    QVERIFY(coachWords(picture, &balance).evidence.endsWith("E1 and E4 get none."));
    picture.points = {0.9, 0.1, 0, 0, 0, 0};
    QVERIFY(coachWords(picture, &balance).evidence.endsWith("E3, E4 and 2 more get none."));
    picture.points = {0.26, 0.25, 0.25, 0.24};
    QCOMPARE(coachWords(picture, &balance).knob, QStringLiteral("router.noise"));
    picture.points.clear();
    QVERIFY(coachWords(picture, &balance).evidence.isEmpty());
  }
};

int main(int argc, char** argv) { return moe::test::runScratchTest<TstPlanePaint>(argc, argv); }
#include "tst_plane_paint.moc"
