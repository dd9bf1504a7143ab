// SPDX-License-Identifier: Apache-2.0
//
// Memory that runs out while a model is read, drawn with and its tokens are written: allocations fail in turn, alone or
// with all that follow. Nothing leaks, no file is there, and the next attempt gives the same file.
#include <doctest/doctest.h>

#include <ardent/ardent.hpp>

#include <algorithm>
#include <new>
#include <string>
#include <vector>

#include "bad_input.hpp"
#include "common/json.hpp"
#include "common/safetensors.hpp"
#include "flowar/model.hpp"
#include "generate/counted_new.hpp"
#include "mar/checkpoint.hpp"
#include "support/environment.hpp"

namespace {

using namespace examples;

/// Runs f(file), which writes a file, with about `trials` of its allocations failing.
template <class F>
void check(F const& f, long trials) {
  test::temporary_folder const folder;
  std::filesystem::path const file = folder / "written";
  f(file);  // whatever is made once is made now
  long const at_first = test::allocations();
  f(file);
  long const all = test::allocations() - at_first;
  std::string const expected = bad_input::get(file);
  std::filesystem::remove(file);
  REQUIRE(all > 100);

  long leaks = 0, left_behind = 0, not_noticed = 0, tried = 0;
  std::string other;  // an exception that is none of those expected
  long const stride = std::max(1L, all / trials);
  for (long n = 0; n < all; n += n < 40 ? 1 : stride) {
    long const before = test::outstanding();
    bool threw = false, failed = false;
    {
      test::failing_allocation const failing(n, n % 2 == 0);
      try {
        f(file);
      } catch (std::bad_alloc const&) {
        threw = true;
      } catch (input_error const&) {  // "a file that fits into memory"
        threw = true;
      } catch (std::exception const&) {
        other = "allocation " + std::to_string(n);
      }
      failed = failing.failed();
    }
    if (!other.empty()) break;
    leaks += test::outstanding() != before ? 1 : 0;
    // what an allocation was for may not have been needed: then the file is there and whole
    bool const whole = std::filesystem::exists(file) && bad_input::get(file) == expected;
    left_behind += folder.entries() > (whole ? 1u : 0u) ? 1 : 0;
    not_noticed += failed && !threw && !whole ? 1 : 0;
    std::filesystem::remove(file);
    ++tried;
  }
  INFO(tried << " of " << all << " allocations failed");
  CHECK(other.empty());
  CHECK(tried >= 40);
  CHECK(leaks == 0);
  CHECK(left_behind == 0);
  CHECK(not_noticed == 0);
  f(file);
  CHECK(bad_input::get(file) == expected);
}

void write(std::vector<float> const& tokens, std::filesystem::path const& file) {
  safetensors_writer writer;
  writer.add("tokens", {static_cast<std::int64_t>(tokens.size())}, std::span<float const>(tokens));
  writer.write(file);
}

}  // namespace

TEST_CASE("flowar: allocations fail from reading the model to writing the tokens") {
  auto const sampler =
      ardent::make_sampler(ardent::ordering::next_scale(std::vector<int>{1, 2, 4}), ardent::annealing::flowar(3, 2),
                           ardent::process::flow_linear{}, ardent::grid::flowar{}, ardent::solver::flow_euler{},
                           ardent::predicts<ardent::prediction::velocity>{}, ardent::state<double>{});
  check(
      [&](std::filesystem::path const& file) {
        flowar::network const network(
            flowar::config::from_json(read_json(test::data("flowar_tiny.json")), "flowar_tiny.json"),
            safetensors::read(test::data("flowar_tiny.safetensors")));
        ardent::executor::host const executor(2);
        flowar::model model(network, {17, 5}, 1, executor.threads(), executor.level());
        std::vector<float> tokens(2 * 21 * 16);
        ardent::generate_batched(sampler, model, executor, ardent::random::philox(3), {2}, tokens);
        write(tokens, file);
      },
      100);
}

TEST_CASE("mar: allocations fail while a checkpoint is found, checked and packed") {
  check(
      [&](std::filesystem::path const& file) {
        mar::checkpoint const trained(mar::model_files::shipped());
        trained.network().pack();
        auto const head = trained.head<ardent::bfloat16>();
        write({static_cast<float>(trained.sizes().seq_len()), static_cast<float>(head.shape().width())}, file);
      },
      50);
}
