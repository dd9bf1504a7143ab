// SPDX-License-Identifier: Apache-2.0
//
// flowar: draws images with a trained FlowAR through ardent, scale by scale. `flowar --help` lists the options.
#include <ardent/annealing/rising.hpp>
#include <ardent/annealing/table.hpp>
#include <ardent/grid/flowar.hpp>
#include <ardent/guidance/interval.hpp>
#include <ardent/ordering/next_scale.hpp>
#include <ardent/process/flow_linear.hpp>
#include <ardent/sampler.hpp>
#include <ardent/solver/flow_euler.hpp>

#include <string_view>
#include <utility>
#include <vector>

#include "common/program/flow_guidance.hpp"
#include "common/program/generator.hpp"
#include "model.hpp"
#include "options.hpp"
#include "pictures.hpp"

namespace examples::flowar {
namespace {

class system : public options {
 public:
  static bool is_buffer(std::string_view tensor) { return tensor == "mask" || tensor.ends_with(".rope.freqs"); }

  system(nlohmann::json const& document, std::filesystem::path const& file, safetensors const& weights)
      : network_(config::from_json(document, file), weights),
        class_num_(read_class_num(document, sizes().class_embedding_rows, sizes().uncond_label, file)),
        pictures_(pictures_of(document, sizes(), file)) {}

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
    std::vector<int> const steps = steps_of_scales(c, sizes().scales());
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
