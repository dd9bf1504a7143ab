// SPDX-License-Identifier: Apache-2.0
//
// convert_f16 IN.safetensors OUT.safetensors: stores the tensors of a checkpoint in 16 bits (IEEE binary16) and says
// how much that changed them. models/fashion_mar was made with it.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "common/error.hpp"
#include "common/files/half.hpp"
#include "common/files/safetensors.hpp"
#include "common/program/command_line.hpp"
#include "common/program/program.hpp"

namespace {

// The largest changes that rounding makes.
struct rounding {
  double absolute = 0.0;
  double relative = 0.0;  // among the values that are normal binary16 numbers
  std::string where = "nothing";

  void add(std::string_view name, float exact, float rounded) {
    double const change = std::abs(static_cast<double>(rounded) - exact);
    double const size = std::abs(static_cast<double>(exact));
    if (change > absolute) {
      absolute = change;
      where = name;
    }
    if (size >= 0x1p-14) relative = std::max(relative, change / size);
  }
};

int convert(std::filesystem::path const& in, std::filesystem::path const& out) {
  auto const source = examples::safetensors::read(in);
  examples::safetensors_writer writer;
  rounding largest;
  std::size_t count = 0;
  for (std::string const& name : source.names()) {
    std::vector<float> const values = source.floats(name);
    for (float const value : values) {
      float const rounded = examples::from_float16(examples::to_float16(value));
      if (!std::isfinite(rounded)) {
        examples::fail(in, "tensor " + examples::printable(name) + " within 65504 in magnitude", std::to_string(value));
      }
      largest.add(name, value, rounded);
    }
    writer.add_f16(name, source.shape(name), values);
    count += values.size();
  }
  writer.write(out);
  std::printf("%zu tensors, %zu values; rounding changed them by at most %.3g (in %s), and by %.3g of themselves\n",
              source.names().size(), count, largest.absolute, largest.where.c_str(), largest.relative);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run_program([&] {
    std::string in, out;
    CLI::App app("Stores the tensors of a checkpoint as 16-bit floating-point numbers.", "convert_f16");
    app.add_option("IN", in, "safetensors file to read")->required();
    app.add_option("OUT", out, "safetensors file to write")->required();
    if (!examples::parse_command_line(app, argc, argv)) return 0;
    return convert(in, out);
  });
}
