// SPDX-License-Identifier: Apache-2.0
//
// annealing: what annealing saves where it is known that late tokens are easier. An image is a stationary Gaussian
// sequence in which neighbours have a correlation of 0.9, drawn in a random order. What the known tokens leave open
// about the next one is a Gaussian too: its mean and deviation are the condition, and the more is known, the narrower
// it is. An argument is the picture's name, a PNG.
#include <ardent/ardent.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

#include "common/pictures/chart.hpp"
#include "common/pictures/picture.hpp"
#include "common/program/program.hpp"

namespace {

using namespace ardent;

constexpr int images = 2000, length = 64;
constexpr double correlation = 0.9;

// The exact denoiser of a Gaussian token; the condition is its mean and standard deviation.
struct gaussian_token {
  static constexpr prediction predicted = prediction::epsilon;
  int channels() const { return 1; }
  int outputs() const { return 1; }
  int condition_width() const { return 2; }
  ARDENT_INLINE void operator()(float const* x, time_point const& time, float const* z, float* output) const {
    float const spread = time.alpha * z[1];
    output[0] = time.sigma * (x[0] - time.alpha * z[0]) / (spread * spread + time.sigma * time.sigma);
  }
};

// The backbone: the nearest known token on either side says all that is known of this one.
class sequence_model {
 public:
  int sequence_length() const { return length; }
  denoiser::pointwise<gaussian_token> denoiser() const { return denoiser::pointwise<gaussian_token>({}); }

  template <class Executor>
  void condition(Executor const&, ar_step_view const& view, float* z) {
    deviation_ = 0;
    for (int image = 0; image < view.images; ++image, z += 2) {
      float const* const tokens = view.tokens + image * length;
      std::uint8_t const* const known = view.known + image * length;
      int const here = view.positions[image];  // one token at a time
      int left = here - 1, right = here + 1;
      while (left >= 0 && known[left] == 0) --left;
      while (right < length && known[right] == 0) ++right;
      double const a = left >= 0 ? std::pow(correlation, here - left) : 0.0;
      double const b = right < length ? std::pow(correlation, right - here) : 0.0;
      double const whole = 1 - a * a * b * b;
      z[0] = static_cast<float>(
          ((a > 0 ? a * (1 - b * b) * tokens[left] : 0.0) + (b > 0 ? b * (1 - a * a) * tokens[right] : 0.0)) / whole);
      z[1] = static_cast<float>(std::sqrt((1 - a * a) * (1 - b * b) / whole));
      deviation_ += double{z[1]} / view.images;
    }
  }

  double deviation() const { return deviation_; }  // mean of the last AR step's

 private:
  double deviation_ = 0;
};

struct plan {
  char const* name;
  examples::colour ink;
  std::vector<int> steps = {};          // of each AR step
  std::vector<double> deviations = {};  // likewise
  int evaluations = 0;
  double variance = 0, neighbours = 0;  // of what was drawn; true 1 and 0.9
};

template <class Annealing>
plan draw(char const* name, examples::colour ink, Annealing const& annealing) {
  auto const sampler = make_sampler(ordering::random<length, length>{}, annealing, process::cosine_continuous{},
                                    grid::between<grid::time_uniform, 0.97, 0>{}, solver::ddim<>{});
  plan p{name, ink};
  sequence_model model;
  std::vector<float> tokens(std::size_t{images} * length);
  generate(sampler, model, executor::host{}, random::philox{1}, {images}, tokens, [&](ar_step_report const& r) {
    p.steps.push_back(r.effective_steps);
    p.deviations.push_back(model.deviation());
  });
  p.evaluations = sampler.nfe();
  for (int image = 0; image < images; ++image)
    for (int i = 0; i < length; ++i) {
      double const x = tokens[static_cast<std::size_t>(image * length + i)];
      p.variance += x * x / (images * length);
      if (i > 0) p.neighbours += x * tokens[static_cast<std::size_t>(image * length + i - 1)] / (images * (length - 1));
    }
  return p;
}

examples::picture picture_of(std::vector<plan> const& plans) {
  examples::picture canvas(760, 420, 3);
  examples::chart_place const place{60, 30, 440, 340};
  examples::chart steps(canvas, place, {0, length - 1, 0, 55}), width(canvas, place, {0, length - 1, 0, 1.1});
  std::vector<examples::point> deviations;
  for (int i = 0; i < length; ++i)
    deviations.push_back({static_cast<double>(i), plans.front().deviations[static_cast<std::size_t>(i)]});
  width.line(deviations, {190, 190, 190}, 5);
  int y = 40;
  for (plan const& p : plans) {
    std::vector<examples::point> line;
    for (int i = 0; i < length; ++i) {  // stairs
      line.push_back({i - 0.5, static_cast<double>(p.steps[static_cast<std::size_t>(i)])});
      line.push_back({i + 0.5, static_cast<double>(p.steps[static_cast<std::size_t>(i)])});
    }
    steps.line(line, p.ink, 2);
    examples::draw_coloured_text(canvas, 520, y, p.name, 2, p.ink);
    examples::draw_coloured_text(canvas, 520, y + 22, std::to_string(p.evaluations) + " evaluations", 1, p.ink);
    y += 50;
  }
  steps.frame({120, 120, 120});
  examples::draw_coloured_text(canvas, 520, y, "deviation that\nis left, 0 to 1.1", 2, {150, 150, 150});
  examples::draw_coloured_text(canvas, 60, 6, "denoising steps, 0 to 55", 2, {0, 0, 0});
  examples::draw_coloured_text(canvas, 60, 380, "AR step, 0 to 63", 2, {0, 0, 0});
  return canvas;
}

int run(char const* out) {
  std::vector<plan> plans;
  plans.push_back(draw("constant<50>", {20, 60, 160}, annealing::constant<50>{}));
  plans.push_back(draw("constant<27>", {110, 160, 220}, annealing::constant<27>{}));
  plans.push_back(draw("linear<50, 5>", {200, 40, 40}, annealing::linear<50, 5>{}));
  plans.push_back(draw("cosine<50, 5>", {220, 120, 20}, annealing::cosine<50, 5>{}));
  plans.push_back(draw("two_stage<50, 5>", {30, 140, 70}, annealing::two_stage<50, 5>{}));

  std::printf("AR step:            ");
  for (int i = 0; i < length; i += 9) std::printf(" %5d", i);
  std::printf("\ndeviation left:     ");
  for (int i = 0; i < length; i += 9) std::printf(" %5.3f", plans.front().deviations[static_cast<std::size_t>(i)]);
  for (plan const& p : plans) {
    std::printf("\n%-20s", p.name);
    for (int i = 0; i < length; i += 9) std::printf(" %5d", p.steps[static_cast<std::size_t>(i)]);
  }
  std::printf("\n\n%-20s evaluations   variance (true 1)   neighbours (true %.1f)\n", "", correlation);
  for (plan const& p : plans)
    std::printf("%-20s %11d %19.4f %23.4f\n", p.name, p.evaluations, p.variance, p.neighbours);
  if (out != nullptr) {
    examples::write_png(out, picture_of(plans));
    std::printf("wrote %s\n", out);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run_program([&] { return run(argc > 1 ? argv[1] : nullptr); });
}
