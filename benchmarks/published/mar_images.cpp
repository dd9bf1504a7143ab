// SPDX-License-Identifier: Apache-2.0
//
// Draws images of a MAR checkpoint with examples/mar's code whenever mar_bench.py asks.
//
// usage: mar_images WEIGHTS CONFIG THREADS
//
//   draw FORMAT IMAGES AR_STEPS STEPS SCALE SEED                  seconds of a batch, and those of the backbone
//   replay FORMAT IMAGES AR_STEPS STEPS SCALE NOISE TOKENS        draws with the noise in a file, writes the tokens
//
// FORMAT: see `formats`. STEPS: as `mar --steps` has it. Image i has label i. NOISE: int32 [images][tokens], when each
// position is drawn, 0 first; then float32 for each AR step: its start [rows][channels], and a draw of the same size
// for each of its denoising steps; rows are images in turn, in raster order. TOKENS: float32
// [images][tokens][channels].
#include <ardent/random/replay.hpp>

#include <array>
#include <fstream>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "mar/draw.hpp"
#include "serve.hpp"

namespace {

using nlohmann::json;
namespace mar = examples::mar;

struct job {
  int images;
  std::vector<int> steps;  // of each AR step
  double scale;
};

auto sampler_of(mar::config const& sizes, job const& what) {
  return ardent::make_sampler(ardent::ordering::masked(sizes.seq_len(), static_cast<int>(what.steps.size())),
                              ardent::annealing::rising(ardent::annealing::table<ardent::dynamic>(what.steps)),
                              mar::learned_ddpm(), ardent::temperature::constant(1.0),
                              ardent::guidance::linear<ardent::dynamic>(what.scale));
}

std::vector<int> labels_of(mar::config const& sizes, int images) {
  std::vector<int> labels;
  for (int i = 0; i < images; ++i) labels.push_back(i % sizes.class_num);
  return labels;
}

/// Noise that a script made, as ardent replays it.
class noise_file {
 public:
  template <class Sampler>
  noise_file(std::string const& path, Sampler const& sampler, int images, int channels)
      : ranks_(static_cast<std::size_t>(images) * static_cast<std::size_t>(sampler.sequence_length())) {
    std::ifstream file(path, std::ios::binary);
    const auto read = [&](auto& values) {
      file.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof values[0]));
    };
    read(ranks_);
    const auto ar_steps = static_cast<std::size_t>(sampler.ar_steps());
    numbers_.resize(ar_steps);
    draws_.resize(ar_steps);
    for (std::size_t i = 0; i < ar_steps; ++i) {
      const int ar_step = static_cast<int>(i), steps = sampler.effective_steps(ar_step);
      const std::ptrdiff_t size = std::ptrdiff_t{images} * sampler.tokens(ar_step) * channels;
      numbers_[i].resize(static_cast<std::size_t>(size * (steps + 1)));
      read(numbers_[i]);
      for (int k = 0; k < steps; ++k) draws_[i].push_back(numbers_[i].data() + (k + 1) * size);
      recorded_.push_back({numbers_[i].data(), draws_[i].data()});
    }
    if (!file || file.peek() != std::ifstream::traits_type::eof())
      throw std::runtime_error(path + ": not the noise of this sampler");
  }
  ardent::random::replay source(int length) const { return {recorded_.data(), ranks_.data(), length}; }

 private:
  std::vector<int> ranks_;
  std::vector<std::vector<float>> numbers_;
  std::vector<std::vector<float const*>> draws_;
  std::vector<ardent::random::recorded_step> recorded_;
};

/// A checkpoint whose head is packed in a format.
struct drawer {
  virtual ~drawer() = default;
  virtual json draw(job const& what, int threads, std::uint64_t seed) const = 0;
  virtual void replay(job const& what, int threads, std::string const& noise, std::string const& tokens) const = 0;
};

template <class Storage, mar::matrix_format Backbone>
class drawer_of final : public drawer {
 public:
  explicit drawer_of(mar::checkpoint const& trained) : trained_(trained), head_(trained.head<Storage>()) {}

  json draw(job const& what, int threads, std::uint64_t seed) const override {
    mar::request request;
    request.labels = labels_of(trained_.sizes(), what.images);
    request.batch = what.images;
    request.seed = seed;
    request.threads = threads;
    request.backbone = Backbone;
    const mar::drawing drawn = mar::draw_with(sampler_of(trained_.sizes(), what), trained_, head_, request);
    return {{"seconds", drawn.seconds}, {"backbone", drawn.backbone_seconds}, {"evaluations", drawn.nfe}};
  }
  void replay(job const& what, int threads, std::string const& noise, std::string const& tokens) const override {
    const auto sampler = sampler_of(trained_.sizes(), what);
    const int length = sampler.sequence_length(), channels = trained_.sizes().token_channels();
    const noise_file from(noise, sampler, what.images, channels);
    const examples::host_executor executor(threads);
    mar::model<Storage> model(trained_.network(), head_, labels_of(trained_.sizes(), what.images), executor.threads(),
                              Backbone);
    std::vector<float> drawn(static_cast<std::size_t>(what.images) * static_cast<std::size_t>(length * channels));
    ardent::generate(sampler, model, executor, from.source(length), {what.images}, drawn);
    std::ofstream file(tokens, std::ios::binary);
    file.write(reinterpret_cast<char const*>(drawn.data()), static_cast<std::streamsize>(drawn.size() * sizeof(float)));
    if (!file.flush()) throw std::runtime_error(tokens + ": could not be written");
  }

 private:
  mar::checkpoint const& trained_;
  examples::adaln_head<Storage> head_;
};

/// What a format makes of a checkpoint.
struct format {
  char const* name;
  std::unique_ptr<drawer> (*made)(mar::checkpoint const&);
};

template <class Storage, mar::matrix_format Backbone>
constexpr format format_of(char const* name) {
  return {name, [](mar::checkpoint const& trained) -> std::unique_ptr<drawer> {
            return std::make_unique<drawer_of<Storage, Backbone>>(trained);
          }};
}

/// The formats of head and backbone, a line each; mar_bench.py asks for all of them.
constexpr std::array formats{
    format_of<float, mar::matrix_format::float32>("float32"),
    format_of<ardent::bfloat16, mar::matrix_format::bfloat16>("bf16"),
    format_of<ardent::int8_weight, mar::matrix_format::bfloat16>("int8"),  // the head only
};

class program {
 public:
  program(char const* weights, char const* config, int threads) : trained_({weights, config}), threads_(threads) {}

  json about() const {
    json all = json::array();
    for (format const& f : formats) all.push_back(f.name);
    return {{"formats", all}, {"threads", threads_}};
  }
  json answer(std::string const& command, std::istream& words) {
    drawer const& with = drawer_named(bench::next<std::string>(words, "a format"));
    job what;
    what.images = bench::next<int>(words, "images");
    const int ar_steps = bench::next<int>(words, "AR steps");
    what.steps = mar::make_steps("", bench::next<std::string>(words, "steps"), ar_steps);
    what.scale = bench::next<double>(words, "a scale");
    if (command == "draw") return with.draw(what, threads_, bench::next<std::uint64_t>(words, "a seed"));
    if (command != "replay") throw std::invalid_argument("expected a command that there is, found " + command);
    const auto noise = bench::next<std::string>(words, "a file of noise");
    with.replay(what, threads_, noise, bench::next<std::string>(words, "a file for tokens"));
    return json::object();
  }

 private:
  drawer const& drawer_named(std::string const& name) {
    for (format const& f : formats)
      if (name == f.name) {
        std::unique_ptr<drawer>& made = drawers_[name];
        if (!made) made = f.made(trained_);
        return *made;
      }
    throw std::invalid_argument("expected a format that there is, found " + name);
  }

  mar::checkpoint trained_;
  int threads_;
  std::map<std::string, std::unique_ptr<drawer>> drawers_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: mar_images WEIGHTS CONFIG THREADS\n");
    return 2;
  }
  return bench::main_of([&] {
    program p(argv[1], argv[2], std::stoi(argv[3]));
    bench::serve(p.about(), [&](std::string const& command, std::istream& words) { return p.answer(command, words); });
  });
}
