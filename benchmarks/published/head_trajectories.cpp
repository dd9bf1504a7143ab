// SPDX-License-Identifier: Apache-2.0
//
// Draws a case's tokens with ardent whenever head_bench.py asks, and measures the machine's ceilings.
//
// usage: head_trajectories CASE THREADS [LEVEL]     LEVEL: baseline, avx2, avx512 or avx512_dot; the highest if not
// said
//
//   prepare NAME FORMAT TOKENS STEPS MODULATIONS   a trajectory to run; MODULATIONS: default, in_loop or hoisted
//   run NAME                                       all its steps for all its tokens, in seconds
//   samples NAME FILE                              the last run's, float32 [tokens][channels]
//   read BYTES, product FORMAT                     ceilings, in bytes and FLOP a second
#include <ardent/ardent.hpp>

#include <array>
#include <climits>
#include <map>
#include <memory>
#include <utility>

#include "case.hpp"
#include "ceilings.hpp"
#include "serve.hpp"

namespace {

using nlohmann::json;
namespace denoiser = ardent::denoiser;

/// A trajectory that is prepared.
struct runs {
  virtual ~runs() = default;
  virtual void run() = 0;
  std::vector<float> samples;
};

ardent::hoisting hoisting_of(std::string const& modulations) {
  if (modulations == "default") return {};
  if (modulations == "in_loop") return ardent::in_loop;
  if (modulations == "hoisted") return {ardent::hoisting{}.bytes, INT_MAX};
  throw std::invalid_argument("expected modulations default, in_loop or hoisted, found " + modulations);
}

template <class Storage>
class runs_of final : public runs {
 public:
  runs_of(bench::given const& what, void const* packed, ardent::executor::host const& executor, int tokens, int steps,
          std::string const& modulations)
      : sampler_(what.sampler(tokens, steps)),
        model_{what, tokens, denoiser::adaln_mlp<Storage>(what.shape, packed, hoisting_of(modulations))},
        recorded_{what.start, what.draws.data()},
        random_(&recorded_, nullptr, tokens),
        workspace_(ardent::workspace_bytes(sampler_, model_, executor, 1)),
        generation_(sampler_, model_, executor, 1, {workspace_.data(), workspace_.size()}) {
    samples.resize(static_cast<std::size_t>(tokens * what.shape.channels()));
  }
  void run() override { generation_.run(random_, 0, samples); }

 private:
  decltype(std::declval<bench::given>().sampler(1, 1)) sampler_;
  bench::given_model<Storage> model_;
  ardent::random::recorded_step recorded_;
  ardent::random::replay random_;
  examples::aligned_memory workspace_;
  ardent::generation<decltype(sampler_), decltype(model_), ardent::executor::host> generation_;
};

using run_maker = std::function<std::unique_ptr<runs>(int tokens, int steps, std::string const& modulations)>;

/// What a format of weights can do.
struct format {
  char const* name;
  std::size_t weight_bytes;
  run_maker (*packed)(bench::given const&, ardent::executor::host const&);
  double (*product_rate)(ardent::executor::host const&, int rows, int inputs, int outputs, double seconds);
};

template <class Storage>
constexpr format format_of(char const* name) {
  return {name, sizeof(Storage),
          [](bench::given const& what, ardent::executor::host const& executor) -> run_maker {
            const auto memory = std::make_shared<examples::aligned_memory>(ardent::packed_bytes<Storage>(what.shape));
            ardent::pack_adaln<Storage>(what.shape, what.weights, memory->data());
            return [&what, &executor, memory](int tokens, int steps, std::string const& modulations) {
              return std::make_unique<runs_of<Storage>>(what, memory->data(), executor, tokens, steps, modulations);
            };
          },
          bench::product_rate<Storage>};
}

/// The formats, a line each; head_bench.py asks for all of them.
constexpr std::array formats{
    format_of<float>("float32"),
    format_of<ardent::bfloat16>("bf16"),
    format_of<ardent::int8_weight>("int8"),
};

format const& format_named(std::string const& name) {
  for (format const& f : formats)
    if (name == f.name) return f;
  throw std::invalid_argument("expected a format that there is, found " + name);
}

constexpr char const* level_names[] = {"baseline", "avx2", "avx512", "avx512_dot"};

ardent::simd_level level_named(std::string const& name) {
  for (int i = 0; i < 4; ++i)
    if (name == level_names[i]) return static_cast<ardent::simd_level>(i);
  throw std::invalid_argument("expected a level that there is, found " + name);
}

class program {
 public:
  program(char const* path, int threads, ardent::simd_level level) : what_(path), executor_(threads, level) {}

  json about() const {
    json all = json::array();
    for (format const& f : formats) all.push_back({{"name", f.name}, {"weight_bytes", f.weight_bytes}});
    return {{"formats", all},
            {"level", level_names[static_cast<int>(executor_.level())]},
            {"threads", executor_.threads()}};
  }

  json answer(std::string const& command, std::istream& words) {
    if (command == "prepare") return prepare(words);
    if (command == "run") {
      runs& one = prepared(words);
      return {{"seconds", bench::seconds_of([&] { one.run(); })}};
    }
    if (command == "samples") {
      runs const& one = prepared(words);
      return write(one.samples, bench::next<std::string>(words, "a file"));
    }
    if (command == "read")
      return {{"rate", bench::read_rate(executor_, bench::next<std::size_t>(words, "bytes"), 0.3)}};
    if (command == "product") {
      format const& f = format_named(bench::next<std::string>(words, "a format"));
      const int width = what_.shape.width();
      // the modulations' shape, and a smaller one whose weights stay in the second-level caches
      return {{"rate", std::max(f.product_rate(executor_, 384, width, 3 * width, 0.3),
                                f.product_rate(executor_, 384, 256, 256, 0.3))}};
    }
    throw std::invalid_argument("expected a command that there is, found " + command);
  }

 private:
  runs& prepared(std::istream& words) {
    const auto one = runs_.find(bench::next<std::string>(words, "a name"));
    if (one == runs_.end()) throw std::invalid_argument("expected `prepare` with this name first");
    return *one->second;
  }
  json prepare(std::istream& words) {
    const auto name = bench::next<std::string>(words, "a name"), of = bench::next<std::string>(words, "a format");
    const int tokens = bench::next<int>(words, "tokens"), steps = bench::next<int>(words, "steps");
    const auto modulations = bench::next<std::string>(words, "modulations");
    if (tokens < 1 || tokens > what_.tokens || steps < 2 || steps > what_.steps)
      throw std::invalid_argument("the case has fewer tokens or steps");
    run_maker& make = packed_[of];
    if (!make) make = format_named(of).packed(what_, executor_);
    runs_.erase(name);  // its memory first
    return {{"seconds", bench::seconds_of([&] { runs_[name] = make(tokens, steps, modulations); })}};
  }
  static json write(std::vector<float> const& samples, std::string const& path) {
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<char const*>(samples.data()),
               static_cast<std::streamsize>(samples.size() * sizeof(float)));
    if (!file.flush()) throw std::runtime_error(path + ": could not be written");
    return {{"numbers", samples.size()}};
  }

  bench::given what_;
  ardent::executor::host executor_;
  std::map<std::string, run_maker> packed_;
  std::map<std::string, std::unique_ptr<runs>> runs_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3 || argc > 4) {
    std::fprintf(stderr, "usage: head_trajectories CASE THREADS [baseline|avx2|avx512|avx512_dot]\n");
    return 2;
  }
  return bench::main_of([&] {
    program p(argv[1], std::stoi(argv[2]), argc == 4 ? level_named(argv[3]) : ardent::host_level());
    bench::serve(p.about(), [&](std::string const& command, std::istream& words) { return p.answer(command, words); });
  });
}
