// SPDX-License-Identifier: Apache-2.0
//
// The diffusion head's trajectory on the CPU: what a larger batch, narrower weights, vector instructions and a second
// thread gain. Every figure is a ratio to a named baseline that was timed in the same run, in turn with the others.
#include <ardent/ardent.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <vector>

namespace {

struct sizes {
  char const* name;
  int channels, width, depth, condition_width, tokens;  // tokens of an image drawn in one AR step
};

/// Weights of a head of any size: small uniform numbers, since only their number matters here.
template <class Storage>
class random_head {
 public:
  explicit random_head(sizes const& s)
      : shape_(s.channels, 2 * s.channels, s.width, s.depth, s.condition_width),
        memory_(static_cast<std::byte*>(::operator new(ardent::packed_bytes<Storage>(shape_), std::align_val_t{64}))) {
    ardent::adaln_weights w;
    const int width = s.width;
    w.time_in = linear(ardent::time_sinusoids, width);
    w.time_out = linear(width, width);
    w.condition = linear(s.condition_width, width);
    w.input = linear(s.channels, width);
    for (int d = 0; d < s.depth; ++d)
      w.blocks.push_back(
          {vector(width), vector(width), linear(width, width), linear(width, width), linear(width, 3 * width)});
    w.final_modulation = linear(width, 2 * width);
    w.output = linear(width, 2 * s.channels);
    ardent::pack_adaln<Storage>(shape_, w, memory_.get());
    values_.clear();
  }
  ardent::denoiser::adaln_mlp<Storage> denoiser() const { return {shape_, memory_.get()}; }

 private:
  float const* vector(std::size_t size) {
    auto& v = values_.emplace_back(size);
    for (float& x : v) {
      state_ = state_ * 6364136223846793005u + 1442695040888963407u;
      x = (static_cast<float>(state_ >> 40) * 0x1p-24f - 0.5f) * 0.05f;
    }
    return v.data();
  }
  float const* vector(int size) { return vector(static_cast<std::size_t>(size)); }
  ardent::linear_weights linear(int inputs, int outputs) {
    float const* const weight = vector(static_cast<std::size_t>(inputs) * static_cast<std::size_t>(outputs));
    return {weight, vector(outputs)};
  }
  struct release {
    void operator()(std::byte* p) const { ::operator delete(p, std::align_val_t{64}); }
  };

  ardent::adaln_shape<> shape_;
  std::unique_ptr<std::byte, release> memory_;
  std::vector<std::vector<float>> values_;
  unsigned long long state_ = 1;
};

constexpr int denoising_steps = 10;
using one_ar_step = ardent::sampler<ardent::ordering::raster<ardent::dynamic, ardent::dynamic>,
                                    ardent::annealing::constant<denoising_steps>, ardent::solver::ddpm<>,
                                    ardent::guidance::constant<ardent::dynamic>>;

/// A backbone that gives every token the same condition.
template <class Storage>
class one_step_model {
 public:
  one_step_model(random_head<Storage> const& head, int tokens) : head_(head), tokens_(tokens) {}
  int sequence_length() const { return tokens_; }
  auto denoiser() const { return head_.denoiser(); }
  template <class Executor>
  void condition(Executor const&, ardent::ar_step_view const& view, float* z) const {
    const auto floats = static_cast<std::ptrdiff_t>(view.branches) * view.images * view.tokens_per_image;
    std::fill_n(z, floats * head_.denoiser().condition_width(), 0.1f);
  }

 private:
  random_head<Storage> const& head_;
  int tokens_;
};

/// Seconds of one denoising step for an image, the best of all rounds.
struct arm {
  std::string name;
  int images;
  std::function<void()> run;
  double best = 1e30;
};

template <class Storage>
arm make_arm(std::string name, random_head<Storage> const& head, sizes const& s, int images, int threads,
             ardent::simd_level level) {
  const auto executor = std::make_shared<ardent::executor::host>(threads, level);
  const auto tokens = std::make_shared<std::vector<float>>(static_cast<std::size_t>(images * s.tokens * s.channels));
  return {std::move(name), images, [=, &head, &s] {
            one_step_model<Storage> model(head, s.tokens);
            const one_ar_step sampler(ardent::ordering::raster{s.tokens, 1}, {}, {}, {}, {},
                                      ardent::guidance::constant{2.0});
            ardent::generate(sampler, model, *executor, ardent::random::philox{1}, {images, 0}, *tokens);
          }};
}

void report(sizes const& s, int rounds) {
  const random_head<float> head(s);
  const random_head<ardent::bfloat16> head16(s);
  const ardent::simd_level best = ardent::host_level();
  std::vector<arm> arms;
  arms.push_back(make_arm("batch 1, float32, 1 thread (baseline)", head, s, 1, 1, best));
  arms.push_back(make_arm("batch 4, float32, 1 thread", head, s, 4, 1, best));
  arms.push_back(make_arm("batch 16, float32, 1 thread", head, s, 16, 1, best));
  arms.push_back(make_arm("batch 1, float32, 2 threads", head, s, 1, 2, best));
  arms.push_back(make_arm("batch 16, float32, 2 threads", head, s, 16, 2, best));
  arms.push_back(make_arm("batch 1, bfloat16, 1 thread", head16, s, 1, 1, best));
  arms.push_back(make_arm("batch 16, bfloat16, 1 thread", head16, s, 16, 1, best));
  arms.push_back(
      make_arm("batch 1, float32, 1 thread, baseline instructions", head, s, 1, 1, ardent::simd_level::baseline));
  for (arm const& a : arms) a.run();
  for (int round = 0; round < rounds; ++round)
    for (arm& a : arms) {
      const auto start = std::chrono::steady_clock::now();
      a.run();
      const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
      a.best = std::min(a.best, time.count() / denoising_steps / a.images);
    }
  std::printf("%s: width %d, depth %d, z %d, %d tokens an image, guidance; ms a denoising step and image\n", s.name,
              s.width, s.depth, s.condition_width, s.tokens);
  for (arm const& a : arms)
    std::printf("  %-52s %9.3f ms  ratio %.2f\n", a.name.c_str(), a.best * 1e3, a.best / arms[0].best);
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 5;
  report({"MAR-B head", 16, 1024, 6, 768, 4}, rounds);
  report({"Fashion-MNIST head", 16, 192, 3, 128, 4}, 4 * rounds);
}
