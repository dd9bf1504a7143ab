// SPDX-License-Identifier: Apache-2.0
//
// Finds, draws on, passes on.
#include "drawn_images.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "common/error.hpp"
#include "common/network/timed_model.hpp"

namespace examples {
namespace {

// "12 to 19, 40, ...", for a message.
std::string listed(std::vector<image_range> const& ranges) {
  std::string text;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    if (i == 3) return text + ", ...";
    text += (i > 0 ? ", " : "") + std::to_string(ranges[i].first);
    if (ranges[i].count > 1) text += " to " + std::to_string(ranges[i].end() - 1);
  }
  return text;
}

}  // namespace

drawn_images::drawn_images(drawing_options const& given, drawing_record const& record, drawing_shape shape,
                           std::optional<picture_maker> pictures, image_outputs outputs)
    : mine_(given.mine(static_cast<int>(shape.kinds.size()))),
      pictures_(std::move(pictures)),
      outputs_(std::move(outputs)) {
  print_shard(given, static_cast<int>(shape.kinds.size()));
  if (given.out_shards) {
    part_shape of{shape.tokens, shape.channels, 0, 0, 0};
    if (pictures_) of = {shape.tokens, shape.channels, pictures_->height, pictures_->width, pictures_->channels};
    parts_ = std::make_unique<part_folder>(*given.out_shards, record, of, shape.kind, std::move(shape.kinds), mine_);
    missing_ = without(mine_, parts_->found());
  } else if (given.resumes()) {
    std::vector<image_range> there;
    for (int image = mine_.first; image < mine_.end(); ++image)
      if (!outputs_.lacks(image)) there.push_back({image, 1});
    missing_ = without(mine_, there);
  } else {
    missing_ = {mine_};
  }
  if (given.gather && !missing_.empty())
    fail(*given.out_shards, "all " + std::to_string(mine_.count) + " images",
         std::to_string(found()) + "; missing are " + listed(missing_));
  if (parts_) parts_->tidy();
  if (!given.quiet && found() > 0) std::printf("%d of %d images are there already\n", found(), mine_.count);
}

void drawn_images::add(int first, std::span<float const> tokens) {
  pass_on(first);
  stopwatch const timed(seconds_);
  std::vector<std::uint8_t> const samples = pictures_ ? pictures_->samples(tokens) : std::vector<std::uint8_t>();
  // The part last: of a process killed between the two, it is drawn again.
  outputs_.take(first, tokens, samples);
  if (parts_) parts_->write(first, tokens, samples);
}

void drawn_images::finish() { pass_on(mine_.end()); }

void drawn_images::pass_on(int until) {
  if (!parts_) return;
  stopwatch const timed(seconds_);
  auto const& found = parts_->found();
  for (; passed_on_ < found.size() && found[passed_on_].first < until; ++passed_on_) {
    image_range const part = found[passed_on_];
    bool wanted = false;
    for (int image = part.first; image < part.end() && !wanted; ++image) wanted = outputs_.lacks(image);
    if (!wanted) continue;
    part_content const content = parts_->read(part);
    outputs_.take(part.first, content.tokens, content.pictures);
  }
}

image_progress drawn_images::progress(int ar_steps, int tokens, int batch, bool enabled) const {
  int const done = (found() + batch - 1) / batch;
  int const batches = done + static_cast<int>(batches_of(missing_, batch).size());
  return {ar_steps * std::max(batches, 1),
          std::max(mine_.count, 1) * tokens,
          enabled,
          stdout,
          ar_steps * done,
          found() * tokens};
}

}  // namespace examples
