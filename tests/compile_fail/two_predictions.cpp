// SPDX-License-Identifier: Apache-2.0
//
// A sampler with two predictions of the denoiser.
// expect: ardent::sampler: two predictions of the denoiser are named\. Keep one
#include <ardent/ardent.hpp>

#ifdef ARDENT_BAD
ardent::sampler<ardent::ordering::raster<16>, ardent::predicts<ardent::prediction::v>,
                ardent::predicts<ardent::prediction::x0>>
    sampler;
#else
ardent::sampler<ardent::ordering::raster<16>, ardent::predicts<ardent::prediction::x0>> sampler;
#endif
