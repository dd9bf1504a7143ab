// SPDX-License-Identifier: Apache-2.0
//
// xar: draws images with a trained xAR through ardent, cell by cell. `xar --help` lists the options.
#include <ardent/annealing/rising.hpp>
#include <ardent/annealing/table.hpp>
#include <ardent/grid/time_uniform.hpp>
#include <ardent/grid/xar.hpp>
#include <ardent/process/flow_linear.hpp>
#include <ardent/sampler.hpp>
#include <ardent/solver/flow_euler.hpp>
#include <ardent/solver/flow_euler_maruyama.hpp>

#include <string_view>
#include <utility>
#include <vector>

#include "common/program/flow_guidance.hpp"
#include "common/program/generator.hpp"
#include "model.hpp"
#include "options.hpp"
#include "pictures.hpp"

namespace examples::xar {
namespace {

class system : public options {
 public:
  static bool is_buffer(std::string_view tensor) {
    return tensor == "mask" || tensor.find(".rope.freqs") != std::string_view::npos;
  }

  system(nlohmann::json const& document, std::filesystem::path const& file, safetensors const& weights)
      : network_(config::from_json(document, file), weights),
        class_num_(read_class_num(document, sizes().class_embedding_rows, sizes().uncond_label, file)),
        pictures_(pictures_of(document, sizes(), file)) {}

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
    std::vector<int> const steps = steps_of_cells(c, sizes().cells());
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
