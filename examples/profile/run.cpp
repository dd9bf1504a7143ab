// SPDX-License-Identifier: Apache-2.0
//
// What measuring has in common for all systems.
#include "run.hpp"

#include <cstdio>

#include "common/error.hpp"
#include "common/program/labels.hpp"

namespace examples::profile {

known_images known_of(options const& o, patch_layout const& patches, std::optional<pixel_map> const& pixels,
                      int class_num, std::filesystem::path const& config) {
  if (o.own_prefixes) return {{}, balanced_labels(o.how.pairs, class_num)};
  if (!pixels) fail(config, "a model that draws pixels (or --own-prefixes)", "one that draws latents");
  return read_images(o.data.value_or(fashion_folder), o.how.pairs, patches, *pixels);
}

void print_plan(options const& o, int ar_steps) {
  double evaluations = 2.0 * o.how.draws * o.how.steps * o.how.images;
  for (const int k : o.how.error_steps) evaluations += (1.0 * o.how.error_draws * k + 8.0 * 3 * k) * o.how.error_images;
  evaluations += 2.0 * o.how.error_draws * o.how.reference_steps * o.how.error_images;
  std::printf("%d AR steps; about %.0f evaluations of each of an image's tokens\n", ar_steps, evaluations);
  std::fflush(stdout);
}

void print_stage(std::string const& what) {
  std::printf("measuring: %s\n", what.c_str());
  std::fflush(stdout);
}

}  // namespace examples::profile
