// SPDX-License-Identifier: Apache-2.0
//
// Memory that runs out while a model is read, drawn with and its tokens are written: allocations fail in turn, alone or
// with all that follow. Nothing leaks, nothing half-written is there, and the next attempt gives the same file. That
// all of a drawing's fail is for draw_faults_test.cpp.
#include <doctest/doctest.h>
#include <unistd.h>

#include <ardent/ardent.hpp>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <new>
#include <span>
#include <string>
#include <vector>

#include "bad_input.hpp"
#include "common/files/atomic_file.hpp"
#include "common/files/json.hpp"
#include "common/files/safetensors.hpp"
#include "flowar/model.hpp"
#include "generate/counted_new.hpp"
#include "harmon/backbone.hpp"
#include "mar/checkpoint.hpp"
#include "support/environment.hpp"
#include "xar/network.hpp"

namespace {

using namespace examples;

/// How an attempt went, in a process of its own.
enum attempt : int { wrote = 0, refused, ended, leaked, something_else };

/// f(file) with one allocation failing, or all from one on.
template <class F>
attempt try_in_child(F const& f, std::filesystem::path const& file, long after, bool for_good) {
  return static_cast<attempt>(bad_input::in_child([&] {
    // nlohmann's JSON takes memory in a destructor; programs end then, with a message
    std::set_terminate([] {
      try {
        std::rethrow_exception(std::current_exception());
      } catch (std::bad_alloc const&) {
        ::_exit(ended);
      }
    });
    long const before = test::outstanding();
    attempt result = something_else;
    {
      test::failing_allocation const failing(after, for_good);
      try {
        f(file);
        result = wrote;
      } catch (std::bad_alloc const&) {
        result = refused;
      } catch (input_error const&) {  // "a file that fits into memory"
        result = refused;
      } catch (...) {
      }
    }
    return static_cast<int>(test::outstanding() == before ? result : leaked);
  }));
}

/// About as many of an attempt's allocations fail, of some thousands.
constexpr long trials = 300;

/// Runs f(file), which writes a file, with allocations failing.
/// @param losses  attempts that may lose memory: nlohmann's JSON 3.11 does when there is none for an initializer list
template <class F>
void check(F const& f, long losses = 0) {
  test::temporary_folder const folder;
  std::filesystem::path const file = folder / "written";
  f(file);  // whatever is made once is made now
  long const at_first = test::allocations();
  f(file);
  long const all = test::allocations() - at_first;
  std::string const expected = bad_input::get(file);
  std::filesystem::remove(file);
  REQUIRE(all > 20);

  long results[5] = {}, left_behind = 0, wrong = 0, tried = 0;
  for (long n = 0; n < all; n += n < 20 ? 1 : std::max(1L, all / trials)) {
    attempt const result = try_in_child(f, file, n, tried % 2 == 0);
    REQUIRE((result >= 0 && result <= something_else));
    ++results[result];
    // What an allocation was for may not have been needed, or was after all else: then the file is there, and whole.
    bool const there = std::filesystem::exists(file);
    left_behind += folder.entries() != (there ? 1u : 0u) ? 1 : 0;
    wrong += there ? (bad_input::get(file) != expected ? 1 : 0) : (result == wrote ? 1 : 0);
    std::filesystem::remove(file);
    ++tried;
  }
  MESSAGE(tried << " of " << all << " allocations failed: " << results[refused] << " attempts refused, "
                << results[ended] << " ended by JSON's destructor, " << results[wrote] << " went on");
  CHECK(results[leaked] <= losses);
  CHECK(results[something_else] == 0);
  CHECK(results[refused] > tried / 5);
  CHECK(left_behind == 0);
  CHECK(wrong == 0);
  f(file);
  CHECK(bad_input::get(file) == expected);
}

void write(std::vector<float> const& tokens, std::filesystem::path const& file) {
  write_atomically(file, std::as_bytes(std::span(tokens)));
}

}  // namespace

TEST_CASE("flowar: allocations fail from reading the model to writing the tokens") {
  auto const sampler =
      ardent::make_sampler(ardent::ordering::next_scale(std::vector<int>{1, 2, 4}), ardent::annealing::flowar(3, 2),
                           ardent::process::flow_linear{}, ardent::grid::flowar{}, ardent::solver::flow_euler{},
                           ardent::predicts<ardent::prediction::velocity>{}, ardent::state<double>{});
  check([&](std::filesystem::path const& file) {
    flowar::network const network(
        flowar::config::from_json(read_json(test::data("flowar_tiny.json")), "flowar_tiny.json"),
        safetensors::read(test::data("flowar_tiny.safetensors")));
    ardent::executor::host const executor(2);
    flowar::model model(network, {17, 5}, 1, executor.threads(), executor.level());
    std::vector<float> tokens(2 * 21 * 16);
    ardent::generate_batched(sampler, model, executor, ardent::random::philox(3), {2}, tokens);
    write(tokens, file);
  });
}

TEST_CASE("mar: allocations fail while a checkpoint is found, checked and packed") {
  check([&](std::filesystem::path const& file) {
    mar::checkpoint const trained(mar::model_files::shipped());
    trained.network().pack(mar::matrix_format::float32);
    auto const head = trained.head<ardent::bfloat16>();
    write({static_cast<float>(trained.sizes().seq_len()), static_cast<float>(head.shape().width())}, file);
  });
}

TEST_CASE("xar: allocations fail while a network is read and packed") {
  check([&](std::filesystem::path const& file) {
    xar::network const network(xar::config::from_json(read_json(test::data("xar_tiny.json")), "xar_tiny.json"),
                               safetensors::map(test::data("xar_tiny.safetensors")));
    write({static_cast<float>(network.sizes().seq_len())}, file);
  });
}

TEST_CASE("harmon: allocations fail while a network is read and packed") {
  check(
      [&](std::filesystem::path const& file) {
        harmon::config const sizes =
            harmon::config::from_json(read_json(test::data("harmon_small.json")), "harmon_small.json");
        safetensors const tensors = safetensors::map(test::data("harmon_small.safetensors"));
        harmon::backbone<float> const network(sizes,
                                              harmon::weights::load(sizes, tensors, std::vector<std::string>{"case_"}));
        adaln_head<float> const head(harmon::head_tensors(sizes, tensors));
        write({static_cast<float>(network.condition_width()), static_cast<float>(head.shape().width())}, file);
      },
      1);
}

TEST_CASE("safetensors: allocations fail while tensors are written") {
  std::vector<float> const tokens(300, 0.5f);
  std::vector<std::int64_t> const labels{3, 1, 4};
  check(
      [&](std::filesystem::path const& file) {
        safetensors_writer writer;
        writer.add("tokens", {3, 100}, tokens);
        writer.add("labels", {3}, std::span<std::int64_t const>(labels));
        writer.write(file);
      },
      10);  // of each tensor five lists
}
