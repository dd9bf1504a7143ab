// SPDX-License-Identifier: Apache-2.0
//
// Philox4x32-10 against its published vectors, and what the library's noise is keyed by.
#include <doctest/doctest.h>

#include <ardent/random/philox.hpp>

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <set>
#include <utility>
#include <vector>

namespace {

using ardent::noise_domain;
using ardent::noise_key;
using ardent::random::philox;
using ardent::random::words;

bool equal(words const& a, words const& b) {
  for (int i = 0; i < 4; ++i) {
    if (a.value[i] != b.value[i]) return false;
  }
  return true;
}

bool equal(ardent::quad const& a, ardent::quad const& b) {
  for (int i = 0; i < 4; ++i) {
    if (a.value[i] != b.value[i]) return false;
  }
  return true;
}

noise_key key(noise_domain domain, std::uint32_t image, std::uint32_t position, int ar_step, int step) {
  noise_key out;
  out.domain = domain;
  out.image = image;
  out.position = position;
  out.ar_step = ar_step;
  out.step = step;
  out.channels = 16;
  return out;
}

}  // namespace

TEST_CASE("random::philox: the known answers of Random123") {
  using ardent::random::philox4x32;
  CHECK(equal(philox4x32({{0, 0, 0, 0}}, 0, 0), {{0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u}}));
  CHECK(equal(philox4x32({{~0u, ~0u, ~0u, ~0u}}, ~0u, ~0u), {{0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu}}));
  CHECK(equal(philox4x32({{0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u}}, 0xa4093822u, 0x299f31d0u),
              {{0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u}}));
}

TEST_CASE("random::philox: the packing of version 1") {
  static_assert(philox::packing_version == 1);
  philox const random(0x0123456789abcdefu);
  auto const counter = [](std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
    return ardent::random::philox4x32({{a, b, c, d}}, 0x89abcdefu, 0x01234567u);
  };
  CHECK(equal(random.bits(key(noise_domain::step, 7, 200, 63, 49), 3), counter(7, 200, 63u << 16 | 49, 1u << 24 | 3)));
  CHECK(
      equal(random.bits(key(noise_domain::accept, 7, 200, 63, 49), 3), counter(7, 200, 63u << 16 | 49, 3u << 24 | 3)));
  CHECK(equal(random.bits(key(noise_domain::start, 7, 200, 63, 49), 3), counter(7, 200, 0, 3)));
  CHECK(equal(random.bits(key(noise_domain::step, ~0u, ~0u, 65535, 65535), (1 << 24) - 1),
              counter(~0u, ~0u, ~0u, 0x01ffffffu)));
  CHECK(random.order_key(7, 200) == (std::uint64_t{counter(7, 200, 0, 2u << 24).value[0]} << 32 | 200));
}

TEST_CASE("random::philox: normal numbers are Box-Muller pairs of the words") {
  philox const random(5);
  for (std::uint32_t position = 0; position < 20000; ++position) {
    noise_key const k = key(noise_domain::step, 1, position, 2, 3);
    words const w = random.bits(k, 0);
    ardent::quad const found = random.normal(k, 0);
    for (int i = 0; i < 4; i += 2) {
      double const radius = std::sqrt(-2 * std::log((w.value[i] + 0.5) * 0x1p-32));
      double const angle = 6.283185307179586477 * (w.value[i + 1] >> 8) * 0x1p-24;
      // next to 1 a float cannot tell a uniform number from its neighbour, 6e-8 away
      double const tolerance = 3e-6 + 1e-7 / radius;
      REQUIRE(std::abs(found.value[i] - radius * std::cos(angle)) < tolerance);
      REQUIRE(std::abs(found.value[i + 1] - radius * std::sin(angle)) < tolerance);
    }
  }
}

TEST_CASE("random::philox: a number does not depend on where in a batch it is asked for") {
  philox const random(5);
  for (noise_domain const domain : {noise_domain::start, noise_domain::step, noise_domain::accept}) {
    noise_key here = key(domain, 3, 100, 20, 10), there = here;
    there.row = 77;
    there.channels = 5;
    CHECK(equal(random.normal(here, 2), random.normal(there, 2)));
    CHECK(equal(random.normal(here, 2), philox(5).normal(here, 2)));
  }
}

TEST_CASE("random::philox: starting noise is the same in every AR and denoising step, the noise of steps is not") {
  philox const random(5);
  auto const start = random.normal(key(noise_domain::start, 3, 100, 0, 0), 1);
  for (auto const& [ar_step, step] : std::vector<std::pair<int, int>>{{1, 0}, {0, 1}, {63, 49}}) {
    CHECK(equal(random.normal(key(noise_domain::start, 3, 100, ar_step, step), 1), start));
    CHECK(!equal(random.normal(key(noise_domain::step, 3, 100, ar_step, step), 1), start));
    CHECK(!equal(random.normal(key(noise_domain::step, 3, 100, ar_step, step), 1),
                 random.normal(key(noise_domain::step, 3, 100, 0, 0), 1)));
  }
}

TEST_CASE("random::philox: everything that is part of a key changes the numbers") {
  std::set<std::uint64_t> seen;
  int asked = 0;
  auto const ask = [&](std::uint64_t seed, noise_domain domain, std::uint32_t image, std::uint32_t position,
                       int ar_step, int step, int q) {
    words const w = philox(seed).bits(key(domain, image, position, ar_step, step), q);
    seen.insert(std::uint64_t{w.value[0]} << 32 | w.value[1]);
    ++asked;
  };
  for (int i = 0; i < 64; ++i) {
    auto const u = static_cast<std::uint32_t>(i) + 1;
    ask(u, noise_domain::step, 0, 0, 0, 0, 0);
    ask(std::uint64_t{u} << 32, noise_domain::step, 0, 0, 0, 0, 0);
    ask(0, noise_domain::step, u, 0, 0, 0, 0);
    ask(0, noise_domain::step, 0, u, 0, 0, 0);
    ask(0, noise_domain::step, 0, 0, i + 1, 0, 0);
    ask(0, noise_domain::step, 0, 0, 0, i + 1, 0);
    ask(0, noise_domain::step, 0, 0, 0, 0, i + 1);
    ask(0, noise_domain::start, 0, 0, 0, 0, i);
    ask(0, noise_domain::accept, 0, 0, 0, 0, i);
  }
  CHECK(seen.size() == static_cast<std::size_t>(asked));
}
