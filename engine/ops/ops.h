// SPDX-License-Identifier: Apache-2.0
// The device-free operations that models and routers are written with. Every function checks shapes and dtypes
// (Error(failure) naming the op), then calls the backend. x_forward stands beside x_backward.
//
// Shape letters: T tokens, D width, F expert hidden width, E experts, K choices per token, R assignments, B batch rows,
// S context, V vocabulary, H heads, G key/value heads, C head dimension.
//
// Rules of gradients: an input gradient (dx) is written unless the name says `accumulate`; a parameter gradient (dw) is
// always accumulated. Reductions have a fixed order, whatever the number of threads. Routing values (logits,
// probabilities, weights, losses) are float32 even when activations are narrower, float64 when activations are float64.
#pragma once
#include "engine/ops/activation.h"
#include "engine/ops/attention.h"
#include "engine/ops/choice.h"
#include "engine/ops/context.h"
#include "engine/ops/dispatch.h"
#include "engine/ops/embedding.h"
#include "engine/ops/loss.h"
#include "engine/ops/matmul.h"
#include "engine/ops/noise.h"
#include "engine/ops/norm.h"
#include "engine/ops/optimizer.h"
#include "engine/ops/router.h"
#include "engine/ops/soft.h"
