// SPDX-License-Identifier: Apache-2.0
//
// Laying out and packing a backbone's weights.
#include "packed_backbone.hpp"

#include <algorithm>
#include <cstddef>

#include "common/network/transformer.hpp"

namespace examples::mar {
namespace {

std::size_t product(int a, int b) { return static_cast<std::size_t>(a) * static_cast<std::size_t>(b); }

// Called twice: without memory for the size, and with it.
template <class Storage>
void lay_out(packed_backbone<Storage>& to, config const& sizes, backbone::parts const& from, transformer::packer& by) {
  to.z_proj = by.add<float>(from.z_proj);
  to.z_proj_ln = by.add(from.z_proj_ln);
  to.class_emb = by.add(from.class_emb);
  to.fake_latent = by.add(from.fake_latent);
  to.encoder_pos = by.add(from.encoder_pos);
  to.encoder.clear();
  for (transformer::block const& layer : from.encoder) to.encoder.push_back(by.add<Storage>(layer));
  to.encoder_norm = by.add(from.encoder_norm);
  to.decoder_embed = by.add<Storage>(from.decoder_embed);
  to.decoder_pos = by.add(from.decoder_pos);
  to.decoder.clear();
  for (transformer::block const& layer : from.decoder) to.decoder.push_back(by.add<Storage>(layer));
  to.decoder_norm = by.add(from.decoder_norm);
  to.diffusion_pos = by.add(from.diffusion_pos);
  to.mask_rows = by.room(product(sizes.seq_len(), sizes.decoder_embed_dim));
  to.mask_qkv = by.room(product(sizes.seq_len(), 3 * sizes.decoder_embed_dim));
}

}  // namespace

template <class Storage>
packed_backbone<Storage>::packed_backbone(config const& sizes, backbone::parts const& from, ardent::simd_level level) {
  transformer::packer sizing(nullptr);
  lay_out(*this, sizes, from, sizing);
  memory_ = aligned_memory(sizing.used());
  transformer::packer packing(memory_.data());
  lay_out(*this, sizes, from, packing);
  packing.write();

  int const length = sizes.seq_len(), width = sizes.decoder_embed_dim;
  float* const rows = const_cast<float*>(mask_rows);  // in our memory
  from.mask_rows(rows);
  transformer::workspace work(length, width, sizes.decoder_hidden(), level);
  transformer::project_qkv(decoder.front(), rows, 0, length, 0, work);
  std::copy_n(work.qkv(), product(length, 3 * width), const_cast<float*>(mask_qkv));
}

template class packed_backbone<float>;
template class packed_backbone<ardent::bfloat16>;

}  // namespace examples::mar
