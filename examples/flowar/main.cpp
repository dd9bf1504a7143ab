// SPDX-License-Identifier: Apache-2.0
//
// flowar: draws images with a trained FlowAR through ardent, scale by scale. `flowar --help` lists the options.
#include <ardent/annealing/flowar.hpp>
#include <ardent/annealing/rising.hpp>
#include <ardent/annealing/table.hpp>
#include <ardent/grid/flowar.hpp>
#include <ardent/guidance/interval.hpp>
#include <ardent/ordering/next_scale.hpp>
#include <ardent/process/flow_linear.hpp>
#include <ardent/sampler.hpp>
#include <ardent/solver/flow_euler.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/error.hpp"
#include "common/program/annealing_words.hpp"
#include "common/program/flow_guidance.hpp"
#include "common/program/generator.hpp"
#include "model.hpp"

namespace examples::flowar {
namespace {

constexpr own_annealing as_published{"flowar", [](int upper, int lower, int ar_steps) {
                                       return steps_of(ardent::annealing::flowar(upper, lower), ar_steps);
                                     }};

class system {
 public:
  static constexpr char const* name = "flowar";
  static constexpr char const* summary = "Draws images with a trained FlowAR (next-scale) model through ardent.";
  static constexpr char const* shipped = "fashion_flowar";

  struct choices {
    std::string annealing, steps = "25:15", guidance = "linear";
    double guidance_scale = 2.0;
    double guidance_interval = 0.9;
  };

  static void add_options(CLI::App& app, choices& c) {
    app.add_option("--steps", c.steps, "denoising steps of a scale: K, UPPER:LOWER or a table K,K,K,... [25:15]");
    app.add_option(
        "--annealing", c.annealing,
        "flowar, constant, linear, cosine, two-stage or table [what --steps suggests; UPPER:LOWER is flowar]");
    app.add_option("--guidance", c.guidance, "none, linear in the scale's index, or constant [linear]");
    add_number(app, "--guidance-scale", c.guidance_scale, 0.0, 1e6,
               "scale of classifier-free guidance, at the last scale if linear [2]");
    add_number(app, "--guidance-interval", c.guidance_interval, 0.0, 1.0,
               "guidance acts from this time on; time runs from 1 to 0 [0.9]");
  }
  static void check(choices const& c) { static_cast<void>(make_step_guidance(c.guidance, c.guidance_scale)); }
  static bool is_buffer(std::string_view tensor) { return tensor == "mask" || tensor.ends_with(".rope.freqs"); }

  system(nlohmann::json const& document, std::filesystem::path const& file, safetensors const& weights)
      : network_(config::from_json(document, file), weights),
        class_num_(read_class_num(document, sizes().class_embedding_rows, sizes().uncond_label, file)) {
    nlohmann::json const& arguments = document.at("constructor");
    pictures_.patches = {sizes().scale.back(), 1, sizes().vae_embed_dim};
    pictures_.vae_stride = 16;
    if (arguments.contains("vae_stride"))
      pictures_.vae_stride = static_cast<int>(integer_member(arguments, "vae_stride", 1, 1 << 15, file));
    if (!document.contains("pixels")) return;
    // the constructor knows tokens of one latent pixel only
    int const patch = static_cast<int>(integer_member(document.at("pixels"), "patch_size", 1, 64, file));
    if (sizes().vae_embed_dim % (patch * patch) != 0)
      fail(file,
           "\"patch_size\" of the pixels whose square divides \"vae_embed_dim\", " +
               std::to_string(sizes().vae_embed_dim),
           std::to_string(patch));
    pictures_.patches = {sizes().scale.back(), patch, sizes().vae_embed_dim / (patch * patch)};
    pictures_.pixels = read_pixel_map(document, pictures_.patches, file);
  }

  [[nodiscard]] int class_num() const { return class_num_; }
  [[nodiscard]] picture_tokens tokens() const {
    int const last = sizes().scales() - 1;
    return {sizes().seq_len(), sizes().first(last), sizes().tokens(last), sizes().vae_embed_dim};
  }
  [[nodiscard]] token_pictures pictures() const { return pictures_; }
  [[nodiscard]] flowar::model model(std::vector<int> const& labels, int branches, int workers) const {
    return {network_, labels, branches, workers};
  }

  template <class F>
  void with_sampler(choices const& c, F const& f) const {
    // the grid has no scale of fewer steps
    std::vector<int> const steps =
        make_steps(c.annealing, c.steps, sizes().scales(), &as_published, ardent::grid::flowar::least_steps);
    auto const with = [&](auto const&... guidance) {
      f(ardent::make_sampler(ardent::ordering::next_scale(sizes().scale),
                             ardent::annealing::rising(ardent::annealing::table<ardent::dynamic>(steps)),
                             ardent::process::flow_linear{}, ardent::grid::flowar{}, ardent::solver::flow_euler{},
                             ardent::predicts<ardent::prediction::velocity>{}, ardent::state<double>{}, guidance...));
    };
    auto const guidance = make_step_guidance(c.guidance, c.guidance_scale);
    if (guidance)
      with(ardent::guidance::interval(*guidance, 0.0, c.guidance_interval));
    else
      with();
  }

 private:
  [[nodiscard]] config const& sizes() const { return network_.sizes(); }

  flowar::network network_;
  int class_num_;
  token_pictures pictures_;
};

}  // namespace
}  // namespace examples::flowar

int main(int argc, char** argv) { return examples::run_generator<examples::flowar::system>(argc, argv); }
