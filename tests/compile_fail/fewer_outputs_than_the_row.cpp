// SPDX-License-Identifier: Apache-2.0
//
// A row of three model outputs in the shape of one with two.
// expect: ardent::with_history: the row uses more model outputs. Ask for at least as many
#include <ardent/ardent.hpp>

#ifdef ARDENT_BAD
constexpr int room = 2;
#else
constexpr int room = 3;
#endif
static_assert(ardent::with_history<room>(ardent::row<double, 1, 3>{}).history == room);
