// SPDX-License-Identifier: Apache-2.0
//
// What is true of every composition, tried on random ones. A failure is printed with the seed that repeats it and with
// the smallest composition found that fails too.
//
// ARDENT_PROPERTY_SEED=N begins at another seed, ARDENT_PROPERTY_CASES=N tries another number of compositions.
#include <doctest/doctest.h>

#include <ardent/ardent.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "property/composition.hpp"
#include "property/recording_model.hpp"

namespace {

using namespace property;
using ardent::executor::host;

/// All checks of one composition, with its sampler.
template <class Sampler>
class checker {
 public:
  checker(composition const& c, Sampler const& sampler)
      : c_(c), sampler_(sampler), function_{prediction_of(c), linear_path(c), c.network == 0, c.channels} {}

  std::string run() {
    std::string what = counts();
    if (what.empty()) what = rows_fall();
    if (what.empty()) what = tokens();
    return what;
  }

 private:
  std::size_t image_size() const { return static_cast<std::size_t>(sampler_.sequence_length() * c_.channels); }

  std::string counts() const {
    int sum = 0, nfe = 0;
    long long token_nfe = 0;
    any_annealing const asked = annealing_of(c_, sampler_.ar_steps());
    for (int i = 0; i < sampler_.ar_steps(); ++i) {
      int const rows = static_cast<int>(sampler_.rows(i).size());
      if (sampler_.tokens(i) < 1) return "an AR step without tokens";
      if (sampler_.requested_steps(i) != asked.steps(i, sampler_.ar_steps())) return "other steps than were asked for";
      if (rows < 1 || sampler_.effective_steps(i) != rows) return "an AR step without rows";
      sum += sampler_.tokens(i);
      nfe += rows;
      token_nfe += static_cast<long long>(rows) * sampler_.tokens(i);
      for (int j = 0; j < i; ++j)
        if (sampler_.requested_steps(j) == sampler_.requested_steps(i) &&
            sampler_.rows(j).size() != sampler_.rows(i).size())
          return "equal numbers of steps with other rows";
    }
    if (sum != sampler_.sequence_length()) return "AR steps that do not draw the sequence";
    if (sampler_.nfe() != nfe || sampler_.token_nfe() != token_nfe) return "an nfe that is not the sum of the tables";
    return "";
  }

  std::string rows_fall() const {
    bool const in_order = c_.solver != 13 && c_.solver < 15;  // Heun's and singlestep's evaluate a node ahead
    for (int i = 0; i < sampler_.ar_steps(); ++i) {
      auto const rows = sampler_.rows(i);
      for (std::size_t k = 0; k + 1 < rows.size() && in_order; ++k)
        if (!(rows[k + 1].sigma * rows[k].alpha < rows[k].sigma * rows[k + 1].alpha + 1e-7f))
          return "noise that does not fall from row to row";
    }
    return "";
  }

  std::vector<float> draw(recording_model& model, host const& executor, int images, std::uint32_t first) const {
    std::vector<float> out(static_cast<std::size_t>(images) * image_size(), 99.0f);
    ardent::generate(sampler_, model, executor, ardent::random::philox(c_.seed), {images, first}, out);
    return out;
  }
  recording_model model(int images) const { return {function_, sampler_.sequence_length(), images}; }

  std::string tokens() const {
    constexpr std::uint32_t first = 3;
    host const one(1), several(c_.threads);
    recording_model seen = model(c_.images);
    std::vector<float> const all = draw(seen, one, c_.images, first);
    if (!seen.complaint.empty()) return seen.complaint;
    for (int const times : seen.drawn)
      if (times != 1) return "a token drawn " + std::to_string(times) + " times";
    for (float const x : all)
      if (!std::isfinite(x)) return "a token that is not finite";

    recording_model again = model(c_.images);
    if (draw(again, several, c_.images, first) != all) return "other tokens with other threads";
    if (c_.split > 0) {
      recording_model left = model(c_.split), right = model(c_.images - c_.split);
      std::vector<float> parts = draw(left, several, c_.split, first);
      std::vector<float> const rest =
          draw(right, one, c_.images - c_.split, first + static_cast<std::uint32_t>(c_.split));
      parts.insert(parts.end(), rest.begin(), rest.end());
      if (parts != all) return "other tokens when the batch is split";
    }
    // inline and batched denoisers are compiled apart: equal at the level that has no instructions of its own
    host const plain(1, ardent::simd_level::baseline);
    recording_model reference = model(c_.images);
    std::vector<float> const expected = draw(reference, plain, c_.images, first);
    recording_model whole = model(c_.images);
    std::vector<float> batched(all.size(), 77.0f);
    host const plain_threads(c_.threads, ardent::simd_level::baseline);
    ardent::generate_batched(sampler_, whole, plain_threads, ardent::random::philox(c_.seed), {c_.images, first},
                             batched);
    if (batched != expected) return "generate_batched draws other tokens than generate";
    if (whole.evaluations != sampler_.nfe()) return "another number of evaluations than nfe says";
    return c_.network == 0 ? closed_form(all, first, seen.ar_step) : "";
  }

  /// What a network that always says x0 = c must end at: c at sigma = 0, and for solvers without noise the point of
  /// the straight line from the start through c.
  /// @param steps  [images][length], the AR step of each token
  std::string closed_form(std::vector<float> const& all, std::uint32_t first, std::vector<int> const& steps) const {
    if (guided_at_times(c_)) return "";  // x0 changes on the way
    any_grid const grid = grid_of(c_);
    any_annealing const asked = annealing_of(c_, sampler_.ar_steps());
    ardent::random::philox const random(c_.seed);
    for (int b = 0; b < c_.images; ++b)
      for (int p = 0; p < sampler_.sequence_length(); ++p) {
        int const step = steps[static_cast<std::size_t>(b * sampler_.sequence_length() + p)];
        std::vector<ardent::node> const nodes = grid.make(asked.steps(step, sampler_.ar_steps()));
        ardent::node const &start = nodes.front(), &end = nodes.back();
        bool const clean = end.sigma == 0;
        if (clean ? !exact_end(c_) : !exact_line(c_)) continue;
        std::uint32_t const image = first + static_cast<std::uint32_t>(b);
        double x0 = static_cast<double>(target(image, p, 0));
        if (guided(c_)) {
          double const other = static_cast<double>(target(image, p, 1));
          x0 = other + sampler_.guidance_scale(step) * (x0 - other);
        }
        for (int channel = 0; channel < c_.channels; ++channel) {
          ardent::noise_key key;
          key.domain = ardent::noise_domain::start;
          key.image = image;
          key.position = static_cast<std::uint32_t>(p);
          key.ar_step = step;
          key.channels = c_.channels;
          double const noise = static_cast<double>(random.normal(key, channel / 4).value[channel % 4]);
          double const expected =
              clean ? end.alpha * x0 : end.alpha * x0 + end.sigma / start.sigma * (noise - start.alpha * x0);
          double const found = static_cast<double>(
              all[(static_cast<std::size_t>(b) * image_size()) + static_cast<std::size_t>(p * c_.channels + channel)]);
          if (!(std::fabs(found - expected) <= 2e-3 * (1 + std::fabs(x0))))
            return "token " + std::to_string(p) + " of image " + std::to_string(b) + " is " + std::to_string(found) +
                   ", of a constant x0 it would be " + std::to_string(expected);
        }
      }
    return "";
  }

  composition const& c_;
  Sampler const& sampler_;
  any_network function_;
};

/// What the library must refuse: log(alpha / sigma) is infinite where there is no signal, and these solvers divide by
/// its differences.
bool without_rows(composition const& c) {
  bool const from_pure_noise = c.path == 5 || (c.path >= 11 && c.path != 15);
  return from_pure_noise && (c.solver == 5 || c.solver == 6);
}

int refused = 0;

template <bool Permuted, bool Guided>
std::string check_as(composition const& c) {
  any_ordering<Permuted> const ordering = ordering_of<Permuted>(c);
  auto const with = [&](auto const&... guidance) -> std::string {
    auto const make = [&] {
      return ardent::make_sampler(ordering, annealing_of(c, ordering.ar_steps()), any_process{}, grid_of(c),
                                  solver_of(c), temperature_of(c), guidance...);
    };
    std::optional<decltype(make())> sampler;
    try {
      sampler.emplace(make());
    } catch (std::invalid_argument const& error) {
      ++refused;
      bool const says = std::string(error.what()).starts_with("ardent::sampler: expected finite coefficients");
      return says && without_rows(c) ? "" : std::string("refused with ") + error.what();
    }
    return without_rows(c) ? "not refused, though it starts in pure noise" : checker(c, *sampler).run();
  };
  if constexpr (Guided)
    return with(guidance_of(c));
  else
    return with();
}

std::string check(composition const& c) {
  try {
    if (permuted(c)) return guided(c) ? check_as<true, true>(c) : check_as<true, false>(c);
    return guided(c) ? check_as<false, true>(c) : check_as<false, false>(c);
  } catch (std::exception const& error) {
    return std::string("an exception, ") + error.what();
  }
}

}  // namespace

TEST_CASE("compositions: what is true of all of them") {
  std::uint64_t const seed = number_from("ARDENT_PROPERTY_SEED", 20261127);
  std::uint64_t const cases = number_from("ARDENT_PROPERTY_CASES", 400);
  MESSAGE("ARDENT_PROPERTY_SEED=" << seed << " ARDENT_PROPERTY_CASES=" << cases);
  refused = 0;
  int failures = 0;
  for (std::uint64_t i = 0; i < cases && failures < 3; ++i) {
    composition const c = draw(seed + i);
    std::string const what = check(c);
    if (what.empty()) continue;
    ++failures;
    composition const small = shrunk(c, check);
    FAIL_CHECK("ARDENT_PROPERTY_SEED=" << seed + i << " ARDENT_PROPERTY_CASES=1: " << what << "\n  of " << text_of(c)
                                       << "\n  smaller: " << check(small) << "\n  of " << text_of(small));
  }
  MESSAGE(refused << " of them refused, as they have to be");
}

TEST_CASE("compositions: a failure is made smaller") {
  // a "mistake" that shows from 5 tokens and 3 steps on, under guidance
  auto const wrong = [](composition const& c) {
    return c.length >= 5 && c.upper >= 3 && c.guidance > 0 ? std::string("wrong") : std::string();
  };
  int tried = 0;
  for (std::uint64_t seed = 1; tried < 20; ++seed) {
    composition const c = draw(seed);
    if (wrong(c).empty()) continue;
    ++tried;
    composition const small = shrunk(c, wrong);
    CHECK(small.length == 5);
    CHECK(small.upper == 3);
    CHECK(small.guidance == 1);
    CHECK(small.images == 1);
    CHECK(small.channels == 1);
    CHECK(small.ar_steps == 1);
    CHECK(small.lower <= 3);
  }
}

TEST_CASE("compositions: equal seeds draw equal ones, and all kinds are drawn") {
  std::vector<int> paths(17), solvers(17);
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    composition const c = draw(seed);
    CHECK(text_of(c) == text_of(draw(seed)));
    ++paths[static_cast<std::size_t>(c.path)];
    ++solvers[static_cast<std::size_t>(c.solver)];
  }
  for (int const count : paths) CHECK(count > 0);
  for (int const count : solvers) CHECK(count > 0);
}
