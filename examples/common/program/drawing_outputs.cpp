// SPDX-License-Identifier: Apache-2.0
//
// Puts sheet, array, folders and dump together.
#include "drawing_outputs.hpp"

#include <cstdint>
#include <cstdio>
#include <optional>

namespace examples {

drawing_outputs::drawing_outputs(drawing_options const& given, drawing_record const& record, token_pictures const& how,
                                 drawing_shape const& shape)
    : given_(given), labels_(shape.kinds), dump_(shape.tokens, shape.channels) {
  bool const makes_pictures = how.pixels || given.vae;
  std::optional<picture_maker> maker;
  if (makes_pictures && (given.pictures().any() || given.out_shards))
    maker = how.maker(given.vae, given.vae_config, given.threads);
  if (given.resumes()) record.begin({given.out_shards, given.out_folder});
  if (given.pictures().any()) {
    picture_layout sheet;
    if (given.out) sheet = picture_layout::of(labels_, maker->width, maker->channels);
    pictures_ = std::make_unique<picture_outputs>(given.pictures(), *maker, sheet, static_cast<int>(labels_.size()));
  }
  image_outputs outputs;
  outputs.lacks = [this](int image) { return given_.dump || (pictures_ && pictures_->lacks(image)); };
  outputs.take = [this](int first, std::span<float const> tokens, std::span<std::uint8_t const> pictures) {
    if (given_.dump) dump_.add(tokens);
    if (pictures_) pictures_->add(first, pictures);
  };
  images_ = std::make_unique<drawn_images>(given, record, shape, std::move(maker), std::move(outputs));
  if (given.resumes() && given.out_folder)
    remove_unfinished_pngs(*given.out_folder, given.mine(static_cast<int>(labels_.size())));
}

void drawing_outputs::finish(drawing_cost const& cost) {
  images_->finish();
  if (given_.dump) dump_.write(*given_.dump, labels_, cost);
  if (pictures_) pictures_->finish();
}

void drawing_outputs::print(drawing_cost const& cost) const {
  int const drawn = images_in(images_->missing());
  if (drawn > 0) print_cost(cost, drawn);
  if (given_.vae && given_.pictures().any())
    std::printf("%.2f s in the VAE's decoder and the pictures\n", images_->seconds());
  print_outputs(given_);
}

}  // namespace examples
