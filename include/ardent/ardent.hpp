// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Everything that runs on the host: policies, samplers, the head, and the host executor.

#include <ardent/annealing/constant.hpp>
#include <ardent/annealing/cosine.hpp>
#include <ardent/annealing/linear.hpp>
#include <ardent/annealing/table.hpp>
#include <ardent/annealing/two_stage.hpp>
#include <ardent/denoiser/adaln_mlp.hpp>
#include <ardent/denoiser/gaussian_mixture.hpp>
#include <ardent/denoiser/pointwise.hpp>
#include <ardent/executor/host.hpp>
#include <ardent/generate.hpp>
#include <ardent/grid/clip.hpp>
#include <ardent/grid/ddim_stride.hpp>
#include <ardent/grid/respaced.hpp>
#include <ardent/grid/time_uniform.hpp>
#include <ardent/guidance/constant.hpp>
#include <ardent/guidance/linear.hpp>
#include <ardent/guidance/none.hpp>
#include <ardent/model.hpp>
#include <ardent/numerics.hpp>
#include <ardent/ordering/masked.hpp>
#include <ardent/ordering/random.hpp>
#include <ardent/ordering/raster.hpp>
#include <ardent/prediction.hpp>
#include <ardent/process/cosine.hpp>
#include <ardent/process/linear.hpp>
#include <ardent/process/piecewise_log_alpha.hpp>
#include <ardent/random/philox.hpp>
#include <ardent/random/replay.hpp>
#include <ardent/sampler.hpp>
#include <ardent/solver/ddim.hpp>
#include <ardent/solver/ddpm.hpp>
#include <ardent/solver/dpm_solver.hpp>
#include <ardent/trajectory.hpp>
