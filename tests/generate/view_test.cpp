// SPDX-License-Identifier: Apache-2.0
//
// What a model is told of an AR step agrees with what it finds in the arrays.
#include <ardent/denoiser/gaussian_mixture.hpp>
#include <ardent/executor/host.hpp>
#include <ardent/generate.hpp>
#include <ardent/ordering/masked.hpp>
#include <ardent/ordering/next_cell.hpp>
#include <ardent/random/philox.hpp>
#include <ardent/sampler.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace {

using mixture = ardent::denoiser::gaussian_mixture<2>;

struct watching_model {
  mixture head;
  int ar_steps = 0;

  int sequence_length() const { return 20; }
  mixture denoiser() const { return head; }
  template <class Executor>
  void condition(Executor const&, ardent::ar_step_view const& view, float*) {
    CHECK(view.ar_step == ar_steps++);
    CHECK(view.sequence_length == 20);
    CHECK(view.channels == 2);
    for (int image = 0; image < view.images; ++image) {
      auto const* const known = view.known + image * 20;
      CHECK(std::count(known, known + 20, 1) == view.tokens_known);
      auto const* const positions = view.positions + image * view.tokens_per_image;
      CHECK(std::is_sorted(positions, positions + view.tokens_per_image));
      for (int j = 0; j < view.tokens_per_image; ++j) CHECK(known[positions[j]] == 0);
    }
  }
};

// An ordering of a user's: the positions given, one in each AR step.
struct given_places {
  static constexpr bool permuted = false;
  std::vector<int> places;
  int sequence_length() const { return static_cast<int>(places.size()); }
  int ar_steps() const { return sequence_length(); }
  void fill(ardent::ar_counts* out) const {
    for (int i = 0; i < ar_steps(); ++i) out[i] = {1, ar_steps() - 1 - i};
  }
  int position(int i) const { return places[static_cast<std::size_t>(i)]; }
};

// Notes the first image's positions, in the order in which they are drawn.
struct noting_model {
  mixture head;
  int length;
  std::vector<int> drawn{};

  int sequence_length() const { return length; }
  mixture denoiser() const { return head; }
  template <class Executor>
  void condition(Executor const&, ardent::ar_step_view const& view, float*) {
    auto const* const mine = view.positions;
    drawn.insert(drawn.end(), mine, mine + view.tokens_per_image);
    for (int i = view.tokens_per_image; i < view.images * view.tokens_per_image; ++i)
      CHECK(view.positions[i] == mine[i % view.tokens_per_image]);
  }
};

template <class Ordering>
std::vector<float> draw(Ordering const& given, std::vector<int>& drawn) {
  static const float weights[] = {1}, means[] = {0, 0}, deviations[] = {1};
  noting_model model{mixture(2, 1, weights, means, deviations), given.sequence_length()};
  const auto sampler = ardent::make_sampler(given, ardent::annealing::constant{2});
  std::vector<float> tokens(static_cast<std::size_t>(3 * given.sequence_length() * 2));
  ardent::generate(sampler, model, ardent::executor::host(2), ardent::random::philox(1), {3, 4}, tokens);
  drawn = model.drawn;
  return tokens;
}

}  // namespace

TEST_CASE("view: tokens known and positions drawn, as the arrays have them") {
  static const float weights[] = {1}, means[] = {0, 0}, deviations[] = {1};
  watching_model model{mixture(2, 1, weights, means, deviations)};
  const auto sampler = ardent::make_sampler(ardent::ordering::masked{20, 6}, ardent::annealing::constant{2});
  std::vector<float> tokens(3 * 20 * 2);
  ardent::generate(sampler, model, ardent::executor::host(2), ardent::random::philox(1), {3, 4}, tokens);
  CHECK(model.ar_steps == 6);
}

TEST_CASE("view: an ordering with positions of its own") {
  std::vector<int> drawn;
  std::vector<float> const by_cells = draw(ardent::ordering::next_cell<4, 6, 2, 3>(), drawn);
  CHECK(drawn ==
        std::vector<int>{0, 1, 2, 6, 7, 8, 3, 4, 5, 9, 10, 11, 12, 13, 14, 18, 19, 20, 15, 16, 17, 21, 22, 23});
  // starting noise is keyed by the position and these steps are deterministic: the order changes nothing
  std::vector<float> const at_once = draw(ardent::ordering::next_cell<4, 6, 4, 6>(), drawn);
  CHECK(by_cells == at_once);
  CHECK(std::count(by_cells.begin(), by_cells.end(), 0.0f) == 0);
  draw(given_places{{2, 0, 1}}, drawn);
  CHECK(drawn == std::vector<int>{2, 0, 1});
}

TEST_CASE("view: an ordering that places a token twice, or nowhere, is refused") {
  std::vector<int> drawn;
  CHECK_THROWS_WITH_AS(draw(given_places{{2, 0, 2}}, drawn),
                       "ardent::generate: expected an ordering that places each position from 0 to 2 once, found "
                       "position 2 twice",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(draw(given_places{{0, 3, 1}}, drawn),
                       "ardent::generate: expected an ordering that places each position from 0 to 2 once, found "
                       "position 3",
                       std::invalid_argument);
  CHECK_THROWS_AS(draw(given_places{{0, -1, 1}}, drawn), std::invalid_argument);
}
