// SPDX-License-Identifier: Apache-2.0
// Pictures of the plane: the model's output, who owns which region, what each expert says.
#pragma once
#include "engine/data/plane/plane_data.h"
#include "engine/protocol/plane.h"
#include "engine/train/trainer.h"

namespace moe::train {

struct PictureRequest {
  int moe_layer = 0;          // counts the layers with a router from 0
  int grid = 96, thumb = 32;  // cells on a side; thumb 0: no thumbnails
  int draws = 0;              // of the router's noise, on a grid of half as many cells a side, at most 64
  bool scores = false;        // held-out score with all experts and without each
};
constexpr int kMostGrid = 512, kMostThumb = 128, kMostDraws = 64;

/// Without the fields of cost. Throws what Trainer::trace_points throws.
protocol::PlanePicture paint(const Trainer& trainer, const data::PlaneData& data, const PictureRequest& request);
/// `draws` of the router's noise at the point.
protocol::PlaneProbe probe_point(const Trainer& trainer, const data::PlaneData& data, float x, float y, int moe_layer,
                                 int draws = 0);
protocol::PlanePoints points_of(const data::PlaneData& data, const std::string& set);

}  // namespace moe::train
