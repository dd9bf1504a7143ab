// SPDX-License-Identifier: Apache-2.0
//
// Evaluates a head once on made-up tokens, on an executor of the caller's choice, and the reference beside it.
#pragma once

#include <ardent/denoiser/denoiser.hpp>

#include <cmath>
#include <cstddef>
#include <vector>

#include "support/made_head.hpp"
#include "support/one_level.hpp"
#include "support/reference_head.hpp"

namespace test {

/// @brief A tile in the middle of an AR step's tokens: one token before it, one after.
struct head_input {
  int tokens;            ///< tokens of the tile
  int branches;          ///< 1 or 2
  float timestep;        ///< what the head is told
  int total;             ///< tokens of the AR step
  std::vector<float> x;  ///< [tokens][channels]
  std::vector<float> z;  ///< [branches][total][condition_width]

  /// @brief Made-up input.
  head_input(ardent::adaln_shape<> const& shape, int token_count, int branch_count, float at)
      : tokens(token_count), branches(branch_count), timestep(at), total(token_count + 2) {
    made_numbers numbers(static_cast<std::uint64_t>(token_count + 1000 * branch_count));
    x = numbers.normals(tokens * shape.channels());
    z = numbers.normals(branches * total * shape.condition_width());
  }
};

/// @brief [branches * tokens][outputs] by the library; all its memory starts as NaN.
template <class Executor, class Head>
std::vector<float> evaluate_head(Executor const& executor, Head const& head, head_input const& in) {
  int const rows = in.branches * in.tokens;
  float const times[] = {3.0f, in.timestep};
  auto const floats = [](std::size_t count) { return aligned_bytes(count * sizeof(float)); };
  aligned_bytes table = floats(2 * static_cast<std::size_t>(head.time_features()));
  aligned_bytes scratch = floats(head.time_scratch(2));
  executor.run_tiles(
      1, [&](auto& block, auto&, int, int) { head.prepare_times(block, times, 2, table.floats(), scratch.floats()); });

  ardent::tile t;
  t.first = 1;
  t.tokens = in.tokens;
  t.total = in.total;
  t.branches = in.branches;
  t.conditions = in.z.data();
  t.times = table.floats();
  aligned_bytes shared = floats(head.shared_floats(rows));
  std::vector<aligned_bytes> own(static_cast<std::size_t>(executor.groups()), floats(head.private_floats(rows)));
  std::vector<float> output(static_cast<std::size_t>(rows * head.outputs()), std::nanf(""));
  executor.run_team([&](auto& block, auto& grid, int worker) {
    float* const mine = own[static_cast<std::size_t>(worker)].floats();
    head.begin(block, grid, t, shared.floats(), mine);
    grid.sync(block);
    head.evaluate(block, grid, t, {in.timestep, 1, 0, 1}, in.x.data(), output.data(), shared.floats(), mine);
  });
  return output;
}

/// @brief [branches * tokens][outputs] by the reference.
inline doubles expected_output(reference_head const& reference, int condition_width, head_input const& in) {
  doubles out;
  doubles const x(in.x.begin(), in.x.end());
  for (int b = 0; b < in.branches; ++b)
    for (int r = 0; r < in.tokens; ++r) {
      doubles const y = reference(x.data() + r * reference.channels(), static_cast<double>(in.timestep),
                                  in.z.data() + (b * in.total + 1 + r) * condition_width);
      out.insert(out.end(), y.begin(), y.end());
    }
  return out;
}

}  // namespace test
