// SPDX-License-Identifier: Apache-2.0
//
// Shares of a drawing.
#include "shard.hpp"

#include <cstddef>
#include <cstdint>

#include "command_line.hpp"
#include "common/error.hpp"

namespace examples {
namespace {

constexpr int most_shards = 1'000'000;

struct engine {
  char const* rank;
  char const* size;
};
constexpr engine slurm{"SLURM_PROCID", "SLURM_NTASKS"};
constexpr engine engines[] = {{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"}, {"PMI_RANK", "PMI_SIZE"}, slurm};

std::optional<shard> shard_of(engine const& by, variable_reader const& variable) {
  char const* const rank = variable(by.rank);
  char const* const size = variable(by.size);
  if (rank == nullptr && size == nullptr) return std::nullopt;
  bool const of_slurm = std::string_view(by.rank) == slurm.rank;
  if (of_slurm && rank == nullptr) return std::nullopt;
  if (of_slurm && size == nullptr && std::string_view(rank) == "0") return std::nullopt;
  constexpr char const* way_out = " (--shard 0/1 draws all)";
  if (rank == nullptr) fail(by.rank, std::string("a rank beside ") + by.size, std::string("none") + way_out);
  if (size == nullptr) fail(by.size, std::string("a number beside ") + by.rank, std::string("none") + way_out);
  shard found;
  found.count = parse_number(by.size, size, 1, most_shards);
  found.index = parse_number(by.rank, rank, 0, most_shards);
  if (found.index >= found.count)
    fail(by.rank, std::string("a rank below ") + by.size + ", " + std::to_string(found.count),
         std::to_string(found.index) + way_out);
  found.from =
      std::string(by.rank) + " " + std::to_string(found.index) + ", " + by.size + " " + std::to_string(found.count);
  return found;
}

}  // namespace

image_range shard::of(int images) const noexcept {
  auto const start = [&](int of) { return static_cast<int>(std::int64_t{images} * of / count); };
  return {start(index), start(index + 1) - start(index)};
}

shard parse_shard(std::string_view text) {
  std::size_t const slash = text.find('/');
  if (slash == std::string_view::npos) fail("--shard", "i/n, such as 0/8", "\"" + printable(text, 60) + "\"");
  shard given;
  given.count = parse_number("--shard", text.substr(slash + 1), 1, most_shards);
  given.index = parse_number("--shard", text.substr(0, slash), 0, given.count - 1);
  given.from = "--shard";
  return given;
}

std::optional<shard> shard_of_environment(variable_reader const& variable) {
  for (engine const& by : engines)
    if (std::optional<shard> found = shard_of(by, variable)) return found;
  return std::nullopt;
}

}  // namespace examples
