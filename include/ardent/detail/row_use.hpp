// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which slots and earlier outputs a row reads, and which of what it makes some later row reads: a step that runs on
// its own touches no other memory.

#include <ardent/config.hpp>

#include <span>

namespace ardent {
inline namespace v0 {
namespace detail {

template <class Row>
struct row_use {
  bool reads_slot[Row::slots] = {};
  bool reads_earlier[Row::history] = {};  // [j] is m_{j + 1}; the last is unused
  bool keeps_slot[Row::slots] = {};
  bool keeps_newest = false;
};

/// Slots that rows [first, end) read before they write them; slot 0 is the sample in the end, and the network's input.
template <class Row>
constexpr void find_live(std::span<Row const> rows, std::size_t first, bool (&live)[Row::slots]) {
  for (int i = 0; i < Row::slots; ++i) live[i] = i == 0;
  for (std::size_t k = rows.size(); k-- > first;) {
    bool before[Row::slots] = {true};
    for (int i = 0; i < Row::slots; ++i)
      for (int j = 0; j < Row::slots; ++j)
        if (live[i] && rows[k].slot[i][j] != 0) before[j] = true;
    for (int i = 0; i < Row::slots; ++i) live[i] = before[i];
  }
}

template <class Row>
constexpr bool reads_model(Row const& row, int j) {
  bool reads = false;
  for (int i = 0; i < Row::slots; ++i) reads = reads || row.model[i][j] != 0;
  return reads;
}

/// Of row k.
template <class Row>
constexpr row_use<Row> use_of(std::span<Row const> rows, int k) {
  row_use<Row> use;
  const auto here = static_cast<std::size_t>(k);
  find_live(rows, here, use.reads_slot);
  find_live(rows, here + 1, use.keeps_slot);
  // before the first row there is no output
  for (int j = 1; j < Row::history && j <= k; ++j) use.reads_earlier[j - 1] = reads_model(rows[here], j);
  for (std::size_t j = 1; j < static_cast<std::size_t>(Row::history) && here + j < rows.size(); ++j)
    use.keeps_newest = use.keeps_newest || reads_model(rows[here + j], static_cast<int>(j));
  return use;
}

/// What the start must write: k = -1 of the above.
template <class Row>
constexpr row_use<Row> use_of_start(std::span<Row const> rows) {
  row_use<Row> use;
  find_live(rows, 0, use.keeps_slot);
  return use;
}

}  // namespace detail
}  // namespace v0
}  // namespace ardent
