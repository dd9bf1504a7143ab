// SPDX-License-Identifier: Apache-2.0
//
// next_row: a fifth system, as small as one can be: a picture is drawn row by row, each row in sight of the one above.
// No paper has it and no trained model comes with it. It shows what a new system has to write (this file, and its line
// in examples/meson.build) to get the program that flowar and xar have. docs/adding_a_system.md goes through it.
#include <ardent/annealing/rising.hpp>
#include <ardent/annealing/table.hpp>
#include <ardent/grid/time_uniform.hpp>
#include <ardent/network_shape.hpp>
#include <ardent/ordering/next_cell.hpp>
#include <ardent/process/flow_linear.hpp>
#include <ardent/sampler.hpp>
#include <ardent/solver/flow_euler.hpp>

#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/program/annealing_words.hpp"
#include "common/program/flow_guidance.hpp"
#include "common/program/generator.hpp"

namespace examples::next_row {
namespace {

// What defines the network, and its tensors.
struct network {
  int side, channels, width, class_num, patch;
  std::vector<float> classes;    // [class_num + 1][width], the last row for no class
  std::vector<float> positions;  // [side * side][width]
  std::vector<float> above;      // [width][channels], of the token above
  std::vector<float> token;      // [width][channels]
  std::vector<float> time;       // [width]
  std::vector<float> out;        // [channels][width]

  network(nlohmann::json const& document, std::filesystem::path const& file, safetensors const& weights) {
    nlohmann::json const& arguments = member(document, "constructor", file);
    auto const integer = [&](char const* key, int highest) {
      return static_cast<int>(integer_member(arguments, key, 1, highest, file));
    };
    side = integer("side", 128), channels = integer("channels", 4096), width = integer("width", 4096);
    class_num = integer("class_num", 1 << 16), patch = integer("patch_size", 64);
    if (channels % (patch * patch) != 0)
      fail(file, "\"patch_size\" whose square divides \"channels\"", std::to_string(patch));
    classes = weights.floats("classes", {class_num + 1, width});
    positions = weights.floats("positions", {side * side, width});
    above = weights.floats("above", {width, channels});
    token = weights.floats("token", {width, channels});
    time = weights.floats("time", {width});
    out = weights.floats("out", {channels, width});
  }
};

// y += matrix x
void add_product(std::vector<float> const& matrix, float const* x, int columns, float* y, int rows) {
  float const* entry = matrix.data();
  for (int r = 0; r < rows; ++r)
    for (int c = 0; c < columns; ++c) y[r] += *entry++ * x[c];
}

// The backbone: a batch of images. Models ardent::batched_ar_model.
class model {
 public:
  static constexpr ardent::prediction predicted = ardent::prediction::velocity;

  model(next_row::network const& of, std::vector<int> labels, int branches)
      : of_(of),
        labels_(std::move(labels)),
        conditions_(labels_.size() * static_cast<std::size_t>(branches * of.side * of.width)) {}

  [[nodiscard]] int sequence_length() const { return of_.side * of_.side; }
  [[nodiscard]] ardent::network_shape<> network() const { return {of_.channels, of_.channels}; }

  // Once a row: what of its tokens' hidden layers depends on neither time nor the tokens themselves.
  template <class Executor>
  void condition(Executor const& executor, ardent::ar_step_view const& view) {
    executor.parallel_for(view.branches * view.images, [&](int i, int) {
      int const image = i % view.images;
      int const row = i < view.images ? labels_[static_cast<std::size_t>(image)] : of_.class_num;
      float const* const tokens = view.tokens + offset(image, view.sequence_length * view.channels);
      for (int j = 0; j < of_.side; ++j) {
        int const position = view.ar_step * of_.side + j;
        float* const z = conditions_.data() + offset(i * of_.side + j, of_.width);
        for (int c = 0; c < of_.width; ++c) z[c] = of_.classes[at(row, c)] + of_.positions[at(position, c)];
        if (view.ar_step > 0)
          add_product(of_.above, tokens + offset(position - of_.side, of_.channels), of_.channels, z, of_.width);
      }
    });
  }

  // Once a denoising step: the velocities of the row's tokens.
  template <class Executor>
  void evaluate(Executor const& executor, ardent::ar_step_view const& view, ardent::time_point const& time,
                float const* input, float* output) {
    executor.parallel_for(view.branches * view.images, [&](int i, int) {
      std::vector<float> hidden(static_cast<std::size_t>(of_.width));
      for (int j = 0; j < of_.side; ++j) {
        float const* const z = conditions_.data() + offset(i * of_.side + j, of_.width);
        for (int c = 0; c < of_.width; ++c) hidden[at(0, c)] = z[c] + time.timestep * of_.time[at(0, c)];
        add_product(of_.token, input + offset(i % view.images * of_.side + j, of_.channels), of_.channels,
                    hidden.data(), of_.width);
        for (float& h : hidden) h = std::tanh(h);
        float* const velocity = output + offset(i * of_.side + j, of_.channels);
        std::fill_n(velocity, of_.channels, 0.0F);
        add_product(of_.out, hidden.data(), of_.width, velocity, of_.channels);
      }
    });
  }

 private:
  static std::ptrdiff_t offset(int row, int numbers) { return static_cast<std::ptrdiff_t>(row) * numbers; }
  [[nodiscard]] std::size_t at(int row, int c) const { return static_cast<std::size_t>(offset(row, of_.width) + c); }

  next_row::network const& of_;
  std::vector<int> labels_;
  std::vector<float> conditions_;  // [branches][images][side][width]
};

// What the program asks for; see examples::generator_system.
class system {
 public:
  static constexpr char const* name = "next_row";
  static constexpr char const* summary = "Draws images row by row: an example of a system of one's own.";
  static constexpr char const* shipped = "next_row";

  struct choices {
    std::string annealing, steps = "20:5";
    double guidance_scale = 1.0;
  };
  static void add_options(CLI::App& app, choices& c) {
    app.add_option("--steps", c.steps, "denoising steps of a row: K, UPPER:LOWER or a table K,K,K,... [20:5]");
    app.add_option("--annealing", c.annealing, "constant, linear, cosine, two-stage or table [what --steps suggests]");
    add_number(app, "--guidance-scale", c.guidance_scale, 0.0, 1e6, "scale of guidance at the last row [1]");
  }
  static void check(choices const&) {}
  static bool is_buffer(std::string_view) { return false; }

  system(nlohmann::json const& document, std::filesystem::path const& file, safetensors const& weights)
      : network_(document, file, weights) {
    pictures_.patches = {network_.side, network_.patch, network_.channels / (network_.patch * network_.patch)};
    pictures_.pixels = read_pixel_map(document, pictures_.patches, file);
  }

  [[nodiscard]] int class_num() const { return network_.class_num; }
  [[nodiscard]] picture_tokens tokens() const {
    int const count = network_.side * network_.side;
    return {count, 0, count, network_.channels};
  }
  [[nodiscard]] token_pictures pictures() const { return pictures_; }
  [[nodiscard]] next_row::model model(std::vector<int> labels, int branches, int) const {
    return {network_, std::move(labels), branches};
  }

  template <class F>
  void with_sampler(choices const& c, F const& f) const {
    int const side = network_.side;
    std::vector<int> const steps = make_steps(c.annealing, c.steps, side);
    auto const with = [&](auto const&... guidance) {
      f(ardent::make_sampler(ardent::ordering::next_cell(side, side, 1, side),
                             ardent::annealing::rising(ardent::annealing::table<ardent::dynamic>(steps)),
                             ardent::process::flow_linear{}, ardent::grid::time_uniform{}, ardent::solver::flow_euler{},
                             ardent::predicts<ardent::prediction::velocity>{}, guidance...));
    };
    auto const guidance = make_step_guidance("linear", c.guidance_scale);
    guidance ? with(*guidance) : with();
  }

 private:
  next_row::network network_;
  token_pictures pictures_;
};

}  // namespace
}  // namespace examples::next_row

int main(int argc, char** argv) { return examples::run_generator<examples::next_row::system>(argc, argv); }
