// SPDX-License-Identifier: Apache-2.0
//
// An ordering of the user's whose AR steps do not draw all tokens.
// expect: ardent::sampler: the ordering's token counts do not sum to the sequence length
#include <ardent/ardent.hpp>

struct halves {
  static constexpr bool permuted = false;
  constexpr int sequence_length() const { return 16; }
  constexpr int ar_steps() const { return 2; }
  constexpr void fill(ardent::ar_counts* out) const {
#ifdef ARDENT_BAD
    out[0] = {8, 8};
    out[1] = {7, 1};
#else
    out[0] = {8, 8};
    out[1] = {8, 0};
#endif
  }
};

ardent::sampler<halves, ardent::annealing::constant<5>> sampler;
