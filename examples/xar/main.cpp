// SPDX-License-Identifier: Apache-2.0
//
// xar: draws images with a trained xAR through ardent, cell by cell. `xar --help` lists the options.
#include <ardent/annealing/rising.hpp>
#include <ardent/annealing/table.hpp>
#include <ardent/annealing/xar.hpp>
#include <ardent/grid/time_uniform.hpp>
#include <ardent/grid/xar.hpp>
#include <ardent/process/flow_linear.hpp>
#include <ardent/sampler.hpp>
#include <ardent/solver/flow_euler.hpp>
#include <ardent/solver/flow_euler_maruyama.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/error.hpp"
#include "common/program/annealing_words.hpp"
#include "common/program/flow_guidance.hpp"
#include "common/program/generator.hpp"
#include "model.hpp"

namespace examples::xar {
namespace {

constexpr own_annealing as_published{
    "xar", [](int upper, int lower, int ar_steps) { return steps_of(ardent::annealing::xar(upper, lower), ar_steps); }};

class system {
 public:
  static constexpr char const* name = "xar";
  static constexpr char const* summary = "Draws images with a trained xAR (next-cell) model through ardent.";
  static constexpr char const* shipped = "fashion_xar";

  struct choices {
    std::string annealing, steps = "50:15", solver = "euler-maruyama", guidance = "linear";
    double guidance_scale = 2.0;
  };

  static void add_options(CLI::App& app, choices& c) {
    app.add_option("--steps", c.steps, "denoising steps of a cell: K, UPPER:LOWER or a table K,K,K,... [50:15]");
    app.add_option("--annealing", c.annealing,
                   "xar, constant, linear, cosine, two-stage or table [what --steps suggests; UPPER:LOWER is xar]");
    app.add_option("--solver", c.solver, "euler-maruyama, or euler on equal steps [euler-maruyama]");
    app.add_option("--guidance", c.guidance, "none, linear in the cell's index, or constant [linear]");
    add_number(app, "--guidance-scale", c.guidance_scale, 0.0, 1e6,
               "scale of classifier-free guidance, at the last cell if linear [2]");
  }
  static void check(choices const& c) {
    if (c.solver != "euler" && c.solver != "euler-maruyama")
      fail("--solver", "euler or euler-maruyama", "\"" + printable(c.solver, 60) + "\"");
    static_cast<void>(make_step_guidance(c.guidance, c.guidance_scale));
  }
  static bool is_buffer(std::string_view tensor) {
    return tensor == "mask" || tensor.find(".rope.freqs") != std::string_view::npos;
  }

  system(nlohmann::json const& document, std::filesystem::path const& file, safetensors const& weights)
      : network_(config::from_json(document, file), weights),
        class_num_(read_class_num(document, sizes().class_embedding_rows, sizes().uncond_label, file)) {
    pictures_.patches = {sizes().side(), sizes().patch_size, sizes().vae_embed_dim};
    pictures_.vae_stride = sizes().vae_stride;
    if (document.contains("pixels") && sizes().vae_stride != 1)
      fail(file, "\"vae_stride\" 1 where there is \"pixels\"", std::to_string(sizes().vae_stride));
    pictures_.pixels = read_pixel_map(document, pictures_.patches, file);
  }

  [[nodiscard]] int class_num() const { return class_num_; }
  [[nodiscard]] picture_tokens tokens() const {
    return {sizes().seq_len(), 0, sizes().seq_len(), sizes().token_channels()};
  }
  [[nodiscard]] token_pictures pictures() const { return pictures_; }
  [[nodiscard]] xar::model model(std::vector<int> labels, int, int workers) const {
    return {network_, std::move(labels), workers};
  }

  template <class F>
  void with_sampler(choices const& c, F const& f) const {
    std::vector<int> const steps = make_steps(c.annealing, c.steps, sizes().cells(), &as_published);
    ardent::ordering::next_cell const ordering(sizes().side(), sizes().side(), sizes().cell_height, sizes().cell_width);
    auto const with = [&](auto const&... policies) {
      f(ardent::make_sampler(ordering, ardent::annealing::rising(ardent::annealing::table<ardent::dynamic>(steps)),
                             ardent::process::flow_linear{}, ardent::predicts<ardent::prediction::velocity>{},
                             ardent::state<double>{}, policies...));
    };
    auto const guidance = make_step_guidance(c.guidance, c.guidance_scale);
    bool const noisy = c.solver == "euler-maruyama";
    ardent::grid::xar<> const published;
    ardent::grid::time_uniform const equal;
    ardent::solver::flow_euler_maruyama const maruyama;
    ardent::solver::flow_euler const euler;
    if (noisy && guidance) return with(published, maruyama, *guidance);
    if (noisy) return with(published, maruyama);
    return guidance ? with(equal, euler, *guidance) : with(equal, euler);
  }

 private:
  [[nodiscard]] config const& sizes() const { return network_.sizes(); }

  xar::network network_;
  int class_num_;
  token_pictures pictures_;
};

}  // namespace
}  // namespace examples::xar

int main(int argc, char** argv) { return examples::run_generator<examples::xar::system>(argc, argv); }
