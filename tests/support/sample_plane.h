// SPDX-License-Identifier: GPL-3.0-or-later
// A made-up model of the plane whose every figure is known: four experts own the quadrants, class A is what lies inside
// a circle. Test-only: no figure of it is a result.
#pragma once
#include "engine/protocol/messages.h"
#include "engine/protocol/plane.h"

namespace moe::test {

constexpr double kPlaneRadius = 0.6, kPlaneSharpness = 6;

/// Softmax over quadrants: experts 1 to 4 are top right, top left, bottom left, bottom right.
std::vector<float> planeGate(double x, double y, int experts = 4);
protocol::PlanePoints samplePlanePoints(int count = 240, bool regression = false);
protocol::PlanePicture samplePlanePicture(std::int64_t step, int grid = 96, int thumb = 40, bool regression = false);
/// Adds what the noise of `draws` draws does: the nearer to a seam, the more flips.
void addSampleNoise(protocol::PlanePicture& picture, int draws);
protocol::PlaneProbe samplePlaneProbe(double x, double y, std::int64_t step, bool regression = false);
protocol::PlaneStages samplePlaneStages(std::int64_t step, const std::string& only = "all");
protocol::StepReport samplePlaneStep(std::int64_t step, bool regression = false);
protocol::RunInfo samplePlaneInfo(bool regression = false);

}  // namespace moe::test
