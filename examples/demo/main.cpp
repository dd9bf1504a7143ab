// SPDX-License-Identifier: Apache-2.0
//
// demo: what Diffusion Step Annealing saves. The same classes, orders and starting noise drawn three ways by samplers
// that the compiler has planned: every row of their tables is a constant of this program. (mar, next door, plans at
// run time what its command line asks for.)
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <ardent/ardent.hpp>

#include "common/files/atomic_file.hpp"
#include "common/network/host_executor.hpp"
#include "common/pictures/picture.hpp"
#include "common/program/command_line.hpp"
#include "common/program/program.hpp"
#include "common/program/progress.hpp"
#include "mar/checkpoint.hpp"
#include "mar/model.hpp"
#include "mar/pixels.hpp"

namespace {

namespace mar = examples::mar;
using namespace ardent;

// As published for MAR: DDPM with the variance that the network learned, guidance rising to 2. One AR step for each of
// the model's 49 tokens, 100 denoising steps for each.
using published = sampler<ordering::masked<49, 49>, annealing::constant<100>, solver::ddpm<>, guidance::linear<2.0>>;

// DiSA: the same with a quarter of the AR steps and ever fewer denoising steps, as later tokens are more certain.
using annealed = sampler<ordering::masked<49, 12>, annealing::linear<50, 5>, solver::ddpm<>, guidance::linear<2.0>>;

// Fewer steps still, by a solver that is less noisy.
using cheapest = sampler<ordering::masked<49, 12>, annealing::linear<10, 4>, solver::ddim<0.5>, guidance::linear<2.0>>;

static_assert(published::tables_at_compile_time && annealed::tables_at_compile_time &&
              cheapest::tables_at_compile_time);

struct settings {
  std::filesystem::path out = "demo.png";
  int images = 20;
  std::uint64_t seed = 1;
  int threads = 0;
};

// One row of the picture, and of the table.
struct drawn_row {
  char const* name;
  int nfe;
  long long token_nfe;
  double seconds;
  std::vector<float> pixels;
};

class painter {
 public:
  explicit painter(settings const& s)
      : executor_(s.threads), random_(s.seed), trained_(mar::model_files::shipped()), head_(trained_.head<float>()) {
    int const classes = trained_.sizes().class_num;
    for (int i = 0; i < s.images; ++i) labels_.push_back(static_cast<int>(std::int64_t{i} * classes / s.images));
  }

  template <class Sampler>
  drawn_row draw(Sampler const& sampler, char const* name) const {
    mar::config const& sizes = trained_.sizes();
    mar::model<float> model(trained_.network(), head_, labels_, executor_.threads());
    std::vector<float> tokens(labels_.size() * static_cast<std::size_t>(sizes.seq_len() * sizes.token_channels()));
    examples::progress progress(sampler.ar_steps(), sizes.seq_len(), ::isatty(STDOUT_FILENO) != 0, stdout);
    auto const watch = [&](ar_step_report const& r) { progress.update(r.ar_step, r.tokens_known, r.effective_steps); };

    auto const start = std::chrono::steady_clock::now();
    generate(sampler, model, executor_, random_, {model.images()}, tokens, watch);
    double const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return {name, sampler.nfe(), sampler.token_nfe(), seconds,
            mar::tokens_to_pixels(sizes, trained_.pixels().value(), tokens)};
  }

  examples::sheet_row on_sheet(drawn_row const& row) const {
    std::array<char, 160> label{};
    std::snprintf(label.data(), label.size(), "%s: %d network evaluations, %.1f s", row.name, row.nfe, row.seconds);
    int const side = trained_.sizes().seq_w() * trained_.sizes().patch_size;
    return {label.data(), {row.pixels, static_cast<int>(labels_.size()), 1, side, side}};
  }

  int images() const { return static_cast<int>(labels_.size()); }

 private:
  examples::host_executor executor_;
  random::philox random_;
  mar::checkpoint trained_;
  examples::adaln_head<float> head_;
  std::vector<int> labels_;
};

std::optional<settings> read_settings(int argc, char** argv) {
  settings s;
  std::optional<std::filesystem::path> out;
  CLI::App app("Draws the same images three ways and compares their cost.", "demo");
  examples::add_file(app, "--out", out, "the picture, PNG [demo.png]");
  examples::add_number(app, "--images", s.images, 1, 100, "images a row, the classes in turn [20]");
  examples::add_number(app, "--seed", s.seed, std::uint64_t{0}, UINT64_MAX, "of orders and noise [1]");
  examples::add_number(app, "--threads", s.threads, 0, 1024, "threads, 0 for all [0]");
  if (!examples::parse_command_line(app, argc, argv)) return std::nullopt;
  if (out) s.out = *out;
  return s;
}

// Two counts, since it depends on the batch which of them time goes by: a single image pays for each evaluation of an
// AR step, a large batch for each of every token. Each evaluation has two branches (guidance), and the backbone's time
// comes on top.
void print_table(std::vector<drawn_row> const& rows, int images) {
  std::printf("%-33s %20s %20s %20s\n", (std::to_string(images) + " images").c_str(), "network evaluations",
              "for each token", "seconds");
  for (drawn_row const& row : rows) {
    auto const ratio = [&](auto count) {
      return static_cast<double>(rows[0].*count) / static_cast<double>(row.*count);
    };
    std::printf("%-33s %10d %7.1f x %10lld %7.1f x %10.2f %7.1f x\n", row.name, row.nfe, ratio(&drawn_row::nfe),
                row.token_nfe, ratio(&drawn_row::token_nfe), row.seconds, ratio(&drawn_row::seconds));
  }
}

int run(int argc, char** argv) {
  std::optional<settings> const s = read_settings(argc, argv);
  if (!s) return 0;
  examples::check_writable(s->out);

  painter const paint(*s);
  std::vector<drawn_row> rows;
  rows.push_back(paint.draw(published{}, "49 AR steps, 100 DDPM steps each"));
  rows.push_back(paint.draw(annealed{}, "12 AR steps, 50 to 5 DDPM steps"));
  rows.push_back(paint.draw(cheapest{}, "12 AR steps, 10 to 4 DDIM steps"));

  std::vector<examples::sheet_row> sheet;
  for (drawn_row const& row : rows) sheet.push_back(paint.on_sheet(row));
  examples::sheet_style style;
  style.labels = examples::label_side::above;
  examples::write_png(s->out, examples::make_sheet(sheet, style));
  print_table(rows, paint.images());
  std::printf("wrote %s\n", s->out.c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run_program([&] { return run(argc, argv); });
}
