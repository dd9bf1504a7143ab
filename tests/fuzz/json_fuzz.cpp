// SPDX-License-Identifier: Apache-2.0
//
// Fuzzes what is read from JSON: the parser's own checks, every configuration of a network, what its tokens are to a
// picture, labels, harmon's files of prompts, and the record of a drawing that is gone on with. A configuration that is
// accepted has sizes whose products are what they should be.
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "common/files/json.hpp"
#include "common/program/drawing_record.hpp"
#include "common/program/labels.hpp"
#include "common/vae/vae_config.hpp"
#include "flowar/config.hpp"
#include "flowar/pictures.hpp"
#include "fuzz.hpp"
#include "harmon/config.hpp"
#include "harmon/prompts.hpp"
#include "mar/config.hpp"
#include "mar/pixels.hpp"
#include "memory_file.hpp"
#include "xar/config.hpp"
#include "xar/pictures.hpp"

namespace {

std::filesystem::path const name = "fuzz.json";

bool within(long long value, long long most = INT32_MAX) { return value >= 1 && value <= most; }

void check(examples::patch_layout const& patches, std::optional<examples::pixel_map> const& pixels) {
  fuzz::expect(within(patches.side) && within(patches.patch) && within(patches.channels), "patches of a picture");
  if (!pixels) return;
  fuzz::expect(std::isfinite(pixels->mean) && pixels->deviation > 0 && std::isfinite(pixels->deviation),
               "pixels that can be made of tokens");
  fuzz::expect(pixels->crop >= 0 && pixels->crop <= patches.side * patches.patch, "a picture within the map");
  fuzz::expect(patches.channels == 1 || patches.channels == 3, "grey or RGB");
}

void check(examples::mar::config const& c) {
  fuzz::expect(within(c.seq_len(), 1 << 14) && within(c.token_channels(), 1 << 15), "sizes of a MAR");
  fuzz::expect(within(c.encoder_hidden()) && within(c.decoder_hidden()), "hidden units of a MAR");
  fuzz::expect(c.encoder_embed_dim % c.encoder_num_heads == 0, "whole heads of a MAR");
}

void check(examples::flowar::config const& c) {
  fuzz::expect(within(c.seq_len(), 64 * 64 * 64) && within(c.most_tokens(), 64 * 64), "tokens of a FlowAR");
  fuzz::expect(c.first(c.scales()) == c.seq_len(), "scales that sum to the sequence");
  fuzz::expect(c.uncond_label >= 0 && c.uncond_label < c.class_embedding_rows, "a row for no label");
}

void check(examples::xar::config const& c) {
  fuzz::expect(within(c.seq_len(), 1 << 14) && within(c.token_channels(), 1 << 15), "sizes of an xAR");
  fuzz::expect(c.cells() * c.cell_tokens() == c.seq_len(), "cells that fill the map");
}

void check(examples::harmon::config const& c) {
  check(c.mar);
  fuzz::expect(within(c.native().tokens(), 1 << 14), "tokens of a Harmon");
  fuzz::expect(c.llm.head_width() % 2 == 0 && within(c.llm.key_width()), "heads of a language model");
}

void check(examples::vae_config const& c) {
  for (int const multiplier : c.ch_mult) fuzz::expect(within(c.ch * multiplier, 1 << 13), "widths of a VAE");
}

template <class Config>
std::optional<Config> read(nlohmann::json const& document) {
  std::optional<Config> read;
  fuzz::message_of([&] {
    read = Config::from_json(document, name);
    check(*read);
  });
  return read;
}

void read_pictures(nlohmann::json const& document) {
  if (auto const sizes = read<examples::mar::config>(document))
    fuzz::message_of(
        [&] { check(examples::mar::patches_of(*sizes), examples::mar::read_pixel_map(document, *sizes, name)); });
  auto const check_pictures = [](examples::token_pictures const& pictures) {
    fuzz::expect(within(pictures.vae_stride, 1 << 15), "a stride of a VAE");
    check(pictures.patches, pictures.pixels);
  };
  if (auto const sizes = read<examples::flowar::config>(document))
    fuzz::message_of([&] { check_pictures(examples::flowar::pictures_of(document, *sizes, name)); });
  if (auto const sizes = read<examples::xar::config>(document))
    fuzz::message_of([&] { check_pictures(examples::xar::pictures_of(document, *sizes, name)); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view const text = fuzz::text_of(data, size);
  nlohmann::json document;
  if (fuzz::message_of([&] { document = examples::parse_json(text, name); }).empty()) {
    read_pictures(document);
    read<examples::harmon::config>(document);
    read<examples::vae_config>(document);
    fuzz::message_of([&] {
      int const classes = examples::read_class_num(document, 1000, 10, name);
      fuzz::expect(within(classes, 1000), "classes that have rows");
      auto const names = examples::read_label_names(document, classes, name);
      fuzz::expect(names.empty() || names.size() == static_cast<std::size_t>(classes), "a name for each class");
      for (std::string const& label : names)
        fuzz::message_of([&] {
          for (int const number : examples::parse_labels("--labels", label, names, classes))
            fuzz::expect(number >= 0 && number < classes, "labels in range");
        });
    });
  }
  static fuzz::memory_file const file;
  file.put(text);
  fuzz::message_of([&] {
    for (examples::harmon::named_prompt const& one : examples::harmon::read_prompts(file.path()).prompts) {
      fuzz::expect(!one.ids.empty() || !one.text.empty(), "prompts that say something");
      for (auto const id : one.ids) fuzz::expect(id >= 0, "ids of at least 0");
    }
  });
  static examples::drawing_record const begun("mar", {{"--seed", "7"}, {"--steps", "50:5"}}, 100, {});
  fuzz::message_of([&] { begun.compare(file.path()); }, file.path().string().size());
  return 0;
}
