// SPDX-License-Identifier: Apache-2.0
//
// A network that predicts a velocity, on a process of training steps.
// expect: ardent::sampler: the denoiser predicts a velocity, but the process has no real time
#include <ardent/ardent.hpp>

#ifdef ARDENT_BAD
ardent::sampler<ardent::ordering::raster<16>, ardent::predicts<ardent::prediction::velocity>> sampler;
#else
ardent::sampler<ardent::ordering::raster<16>, ardent::predicts<ardent::prediction::v>> sampler;
#endif
