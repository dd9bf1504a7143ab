// SPDX-License-Identifier: Apache-2.0
//
// Memory: a prepared generation takes none, generate takes its workspace from the caller's resource and gives it back
// whatever happens.
#include <doctest/doctest.h>
#include <ardent/ardent.hpp>

#include <cstddef>
#include <memory_resource>
#include <new>
#include <stdexcept>
#include <vector>

#include "generate/counted_new.hpp"
#include "support/made_model.hpp"
#include "support/scene.hpp"

namespace {

using head = ardent::denoiser::adaln_mlp<>;
constexpr int channels = 5, length = 12;
constexpr ardent::sampler<ardent::ordering::masked<length, 4>, ardent::annealing::linear<4, 2>, ardent::solver::ddpm<>,
                          ardent::guidance::linear<2.5>>
    sampler;

/// Counts what is out; refuses everything if told to.
class counting_resource : public std::pmr::memory_resource {
 public:
  bool refuses = false;
  int taken = 0;
  std::size_t out = 0, most = 0;

 private:
  void* do_allocate(std::size_t bytes, std::size_t alignment) override {
    if (refuses) throw std::bad_alloc();
    ++taken;
    out += bytes;
    most = out > most ? out : most;
    return std::pmr::new_delete_resource()->allocate(bytes, alignment);
  }
  void do_deallocate(void* place, std::size_t bytes, std::size_t alignment) override {
    out -= bytes;
    std::pmr::new_delete_resource()->deallocate(place, bytes, alignment);
  }
  bool do_is_equal(std::pmr::memory_resource const& other) const noexcept override { return this == &other; }
};

using denoiser_type = test::forced<head>;

/// A model whose backbone gives up at an AR step, if told to.
struct model_type : test::made_model<denoiser_type> {
  int last = 100;
  explicit model_type(denoiser_type const& denoiser) : made_model(denoiser, length) {}
  template <class Executor>
  void condition(Executor const& executor, ardent::ar_step_view const& view, float* z) const {
    if (view.ar_step > last) throw std::runtime_error("no more");
    made_model::condition(executor, view, z);
  }
};

struct heads {
  test::made_head weights{{channels, 2 * channels, 32, 1, 7}};
  test::aligned_bytes memory = weights.packed<float>(weights.shape);
  denoiser_type get(int most = 0, bool team = false) const {
    return denoiser_type(head(weights.shape, memory.data()), most, team);
  }
};

TEST_CASE("generation::run takes nothing from the heap, in tiles or as a team") {
  long const at_first = test::allocations();
  heads const made;
  CHECK(test::allocations() > at_first);  // the counter counts
  for (int const threads : {1, 2})
    for (bool const team : {false, true}) {
      CAPTURE(threads);
      CAPTURE(team);
      model_type model(made.get(4, team));
      ardent::executor::host const executor(threads);
      test::aligned_bytes workspace(workspace_bytes(sampler, model, executor, 2));
      std::vector<float> tokens(2 * channels * length);
      ardent::generation generation(sampler, model, executor, 2, {workspace.data(), workspace.size()});
      long const before = test::allocations();
      generation.run(ardent::random::philox(1), 0, tokens);
      CHECK(test::allocations() == before);
    }
}

TEST_CASE("generate takes its workspace from the resource, once, and gives it back") {
  heads const made;
  model_type model(made.get());
  ardent::executor::host const executor(2);
  std::vector<float> tokens(3 * channels * length);
  counting_resource resource;
  ardent::generate(sampler, model, executor, ardent::random::philox(1), {3}, tokens, ardent::no_observer{}, &resource);
  CHECK(resource.taken == 1);
  CHECK(resource.most == workspace_bytes(sampler, model, executor, 3));
  CHECK(resource.out == 0);
}

TEST_CASE("generate: a resource that is exhausted, a model or an observer that throws") {
  heads const made;
  model_type model(made.get());
  model_type failing(made.get());
  failing.last = 0;
  ardent::executor::host const executor(2);
  std::vector<float> tokens(channels * length);
  ardent::random::philox const random(1);
  counting_resource resource;
  resource.refuses = true;
  CHECK_THROWS_AS(ardent::generate(sampler, model, executor, random, {}, tokens, ardent::no_observer{}, &resource),
                  std::bad_alloc);
  CHECK(resource.taken == 0);
  resource.refuses = false;
  CHECK_THROWS_WITH_AS(
      ardent::generate(sampler, failing, executor, random, {}, tokens, ardent::no_observer{}, &resource), "no more",
      std::runtime_error);
  CHECK(resource.out == 0);
  auto const stop = [](ardent::ar_step_report const&) { throw std::runtime_error("stopped"); };
  CHECK_THROWS_WITH_AS(ardent::generate(sampler, model, executor, random, {}, tokens, stop, &resource), "stopped",
                       std::runtime_error);
  CHECK(resource.out == 0);
  ardent::generate(sampler, model, executor, random, {}, tokens, ardent::no_observer{}, &resource);  // still works
  CHECK(resource.taken == 3);
  CHECK(resource.out == 0);
}

}  // namespace
