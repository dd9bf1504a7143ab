// SPDX-License-Identifier: Apache-2.0
//
// The table of times that a GPU's generation copies to the device: each time once, embedded as the host's head does.
#include <ardent/annealing/linear.hpp>
#include <ardent/cuda/detail/time_table.hpp>
#include <ardent/denoiser/adaln_mlp.hpp>
#include <ardent/ordering/masked.hpp>
#include <ardent/sampler.hpp>
#include <ardent/solver/ddpm.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "support/made_head.hpp"

namespace {

namespace cuda_detail = ardent::cuda::detail;
using sampler =
    ardent::sampler<ardent::ordering::masked<64, 16>, ardent::annealing::linear<50, 5>, ardent::solver::ddpm<>>;

}  // namespace

TEST_CASE("time table: every row finds its time, and no time is there twice") {
  const sampler s;
  const cuda_detail::time_table table(s);
  CHECK(std::adjacent_find(table.distinct.begin(), table.distinct.end(), std::greater_equal<>()) ==
        table.distinct.end());
  CHECK(table.distinct.size() > 64);  // more than are embedded at once
  CHECK(static_cast<int>(table.index.size()) == s.nfe());
  CHECK(table.distinct.size() < table.index.size());
  REQUIRE(table.first_row.size() == 16);
  for (int i = 0; i < s.ar_steps(); ++i)
    for (int k = 0; k < s.effective_steps(i); ++k) {
      const auto row = static_cast<std::size_t>(table.first_row[static_cast<std::size_t>(i)] + k);
      CHECK(table.distinct[static_cast<std::size_t>(table.index[row])] ==
            static_cast<float>(s.rows(i)[static_cast<std::size_t>(k)].timestep));
    }
}

TEST_CASE("time table: embedded as the host's head embeds it") {
  const test::made_head made(ardent::adaln_shape<>(4, 8, 36, 1, 8));
  const cuda_detail::time_table table{sampler{}};
  const std::vector<float> embedded =
      cuda_detail::embedded_times(table.distinct, made.time_in.view(), made.time_out.view(), 36);
  const auto packed = made.packed<float>(made.shape);
  const ardent::denoiser::adaln_mlp<float> head(made.shape, packed.data());
  const int count = static_cast<int>(table.distinct.size());
  std::vector<float> expected(embedded.size()), scratch(head.time_scratch(count));
  const ardent::executor::host executor(1);
  executor.run_tiles(1, [&](auto& block, auto&, int, int) {
    head.prepare_times(block, table.distinct.data(), count, expected.data(), scratch.data());
  });
  REQUIRE(embedded.size() == table.distinct.size() * 36);
  CHECK(std::memcmp(embedded.data(), expected.data(), embedded.size() * sizeof(float)) == 0);
}
