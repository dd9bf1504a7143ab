// SPDX-License-Identifier: Apache-2.0
//
// Pictures of prompts on their way into files.
#include "outputs.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "common/error.hpp"
#include "common/files/atomic_file.hpp"
#include "common/network/host_executor.hpp"
#include "common/pictures/picture.hpp"
#include "common/program/geneval.hpp"
#include "common/vae/vae_decoder.hpp"
#include "latents.hpp"

namespace examples::harmon {
namespace {

constexpr int margin = 4;

// By the decoder, or three latent channels as colours.
picture_maker maker_of(options const& given, request const& what, checkpoint const& trained) {
  config const& sizes = trained.sizes();
  if (given.vae) {
    auto const decoder = std::make_shared<vae_decoder const>(*given.vae, given.vae_config);
    auto const executor = std::make_shared<host_executor const>(given.threads);
    vae_pictures const made(
        *decoder, {what.of.height, what.of.width, sizes.mar.vae_embed_dim, sizes.mar.patch_size, sizes.mar.vae_stride},
        *given.vae);
    return {made.channels(), made.height(), made.width(),
            [decoder, executor, made](std::span<float const> tokens) { return made(*executor, tokens); }};
  }
  int const channels = sizes.mar.vae_embed_dim, patch = sizes.mar.patch_size;
  return {channels < 3 ? 1 : 3, what.of.height * patch, what.of.width * patch,
          [&sizes, channels, of = what.of](std::span<float const> tokens) {
            std::size_t const image =
                static_cast<std::size_t>(of.tokens()) * static_cast<std::size_t>(sizes.mar.token_channels());
            return latent_colours(latents(sizes, of, tokens), static_cast<int>(tokens.size() / image), channels);
          }};
}

// What killed processes left in the folders of pictures.
void remove_unfinished_pictures(options const& given, image_range mine) {
  if (given.out_folder) remove_unfinished_pngs(*given.out_folder, mine);
  if (!given.out_geneval) return;
  int const each = given.images_per_prompt;
  for (int image = mine.first; image < mine.end(); ++image) {
    std::filesystem::path const file = geneval_file(*given.out_geneval, image / each, image % each);
    if (image == mine.first || image % each == 0)  // of each prompt's folder once
      remove_unfinished(file.parent_path(), [&](std::string_view name) {
        for (int sample = image % each; sample < each && image - image % each + sample < mine.end(); ++sample)
          if (geneval_file("", 0, sample).filename() == name) return true;
        return false;
      });
  }
}

}  // namespace

prompt_pictures::prompt_pictures(options const& given, drawing_record const& record, request const& what,
                                 checkpoint const& trained)
    : given_(given), trained_(trained), maker_(maker_of(given, what, trained)) {
  auto const images = static_cast<int>(what.prompts.size());
  double const cell = (maker_.width * scale() + margin) * (maker_.height * scale() + 32.0);
  if (given.out && cell * images * 3 > 5e8)
    fail("--out", "a picture of at most 500 million samples (leave it away and use another output)",
         std::to_string(given.prompts.prompts.size()) + " prompts of " + std::to_string(given.images_per_prompt) +
             " images");
  picture_targets const targets{std::nullopt, given.out_npz, given.out_folder};
  if (given.resumes()) record.begin({given.out_shards, given.out_folder, given.out_geneval});
  if (targets.any()) files_ = std::make_unique<picture_outputs>(targets, maker_, picture_layout{}, images);
  if (given.out_geneval) {
    std::error_code error;
    std::filesystem::create_directory(*given.out_geneval, error);
    if (error) fail(*given.out_geneval, "a folder that can be made", error.message());
  }
}

void prompt_pictures::tidy() const {
  if (given_.resumes())
    remove_unfinished_pictures(given_,
                               given_.mine(static_cast<int>(given_.prompts.prompts.size()) * given_.images_per_prompt));
}

int prompt_pictures::scale() const { return std::clamp(192 / std::max(maker_.height, maker_.width), 1, 16); }

std::optional<picture_maker> prompt_pictures::decoder() const {
  return given_.vae ? std::optional(maker_) : std::nullopt;
}

bool prompt_pictures::lacks(int image) const {
  int const each = given_.images_per_prompt;
  return given_.out || (files_ && files_->lacks(image)) ||
         (given_.out_geneval && !is_png(geneval_file(*given_.out_geneval, image / each, image % each)));
}

void prompt_pictures::add(int first, std::span<float const> tokens, std::span<std::uint8_t const> pictures) {
  if (!files_ && !given_.out && !given_.out_geneval) return;
  std::vector<std::uint8_t> shown;  // colours of latents
  if (!given_.vae) {
    shown = maker_.samples(tokens);
    pictures = shown;
  }
  if (given_.out) sheet_.insert(sheet_.end(), pictures.begin(), pictures.end());
  if (files_) files_->add(first, pictures);
  if (given_.out_geneval) write_geneval(first, pictures);
}

void prompt_pictures::write_geneval(int first, std::span<std::uint8_t const> pictures) const {
  for (std::size_t at = 0; at < pictures.size(); at += maker_.size()) {
    int const image = first++, which = image / given_.images_per_prompt;
    examples::write_geneval(*given_.out_geneval, which, image % given_.images_per_prompt,
                            given_.prompts.prompts[static_cast<std::size_t>(which)].entry,
                            picture_of(maker_, pictures.subspan(at, maker_.size())));
  }
}

void prompt_pictures::finish() {
  if (files_) files_->finish();
  if (given_.out) write_sheet();
}

// A row for each prompt.
void prompt_pictures::write_sheet() const {
  std::vector<float> const planes = planes_of(maker_, sheet_);
  std::size_t const row = planes.size() / given_.prompts.prompts.size();
  std::vector<sheet_row> rows;
  for (std::size_t i = 0; i < given_.prompts.prompts.size(); ++i)
    rows.push_back({printable(given_.prompts.prompts[i].text, 60),
                    {std::span(planes).subspan(i * row, row), given_.images_per_prompt, maker_.channels, maker_.height,
                     maker_.width}});
  sheet_style style;
  style.labels = label_side::above;
  if (trained_.untrained()) style.title = "UNTRAINED: random weights, the picture means nothing";
  if (!given_.vae)
    style.title += (style.title.empty() ? "" : "\n") + std::string("latent channels as colours, not decoded");
  style.scale = scale();
  style.text_scale = 1;
  style.margin = margin;
  write_png(*given_.out, make_sheet(rows, style));
}

void prompt_pictures::print(double seconds) const {
  if (given_.vae) std::printf("%.2f s in the VAE's decoder and the pictures\n", seconds);
  if (given_.out)
    std::printf("wrote %s%s\n", given_.out->c_str(),
                given_.vae ? "" : ": three latent channels as colours, not decoded");
  for (auto const& file : {given_.out_npz, given_.out_folder, given_.out_geneval, given_.out_shards, given_.dump})
    if (file && (!given_.gather || file != given_.out_shards)) std::printf("wrote %s\n", file->c_str());
}

}  // namespace examples::harmon
