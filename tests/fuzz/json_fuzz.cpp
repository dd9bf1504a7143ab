// SPDX-License-Identifier: Apache-2.0
//
// Fuzzes what is read from JSON: the parser's own checks, every configuration of a network, labels, and harmon's files
// of prompts. A configuration that is accepted has sizes whose products are what they should be.
#include <cstdint>
#include <filesystem>
#include <string>

#include "common/files/json.hpp"
#include "common/program/labels.hpp"
#include "common/vae/vae_config.hpp"
#include "flowar/config.hpp"
#include "fuzz.hpp"
#include "harmon/config.hpp"
#include "harmon/prompts.hpp"
#include "mar/config.hpp"
#include "memory_file.hpp"
#include "xar/config.hpp"

namespace {

std::filesystem::path const name = "fuzz.json";

bool within(long long value, long long most = INT32_MAX) { return value >= 1 && value <= most; }

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
void read(nlohmann::json const& document) {
  fuzz::message_of([&] { check(Config::from_json(document, name)); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view const text = fuzz::text_of(data, size);
  nlohmann::json document;
  if (fuzz::message_of([&] { document = examples::parse_json(text, name); }).empty()) {
    read<examples::mar::config>(document);
    read<examples::flowar::config>(document);
    read<examples::xar::config>(document);
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
  return 0;
}
