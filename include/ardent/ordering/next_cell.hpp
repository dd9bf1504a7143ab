// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief xAR's next cell: the map of tokens is cut into rectangles, and each AR step draws one.

#include <ardent/number.hpp>
#include <ardent/ordering/ordering.hpp>

#include <limits>
#include <stdexcept>
#include <string>

namespace ardent {
inline namespace v0 {
namespace detail {

/// True if cells of these sizes fill the map and are no more than AR steps can be.
constexpr bool cells_fit(long long map_height, long long map_width, long long cell_height, long long cell_width) {
  constexpr long long most = std::numeric_limits<int>::max();
  if (map_height < 1 || map_width < 1 || cell_height < 1 || cell_width < 1) return false;
  if (map_height > most || map_width > most || map_height * map_width > most) return false;
  if (map_height % cell_height != 0 || map_width % cell_width != 0) return false;
  return map_height / cell_height * (map_width / cell_width) <= most_ar_steps;
}

/// The template arguments of ordering::next_cell, or ones that compile in their place.
template <auto MapHeight, auto MapWidth, auto CellHeight, auto CellWidth>
struct cell_sizes {
  static constexpr bool is_checked = is_static<number<int, MapHeight>> && is_static<number<int, MapWidth>> &&
                                     is_static<number<int, CellHeight>> && is_static<number<int, CellWidth>>;
  static constexpr bool fits = [] {
    if constexpr (is_checked)
      return cells_fit(MapHeight, MapWidth, CellHeight, CellWidth);
    else
      return true;
  }();

  template <auto Size>
  static constexpr auto harmless = [] {
    if constexpr (fits)
      return Size;
    else
      return 1;
  }();
  static constexpr auto map_height = harmless<MapHeight>, map_width = harmless<MapWidth>;
  static constexpr auto cell_height = harmless<CellHeight>, cell_width = harmless<CellWidth>;
};

/// Refuses cells that do not fill the map.
constexpr void check_cells(int map_height, int map_width, int cell_height, int cell_width) {
  const auto text = [](int height, int width) { return std::to_string(height) + " x " + std::to_string(width); };
  if (cells_fit(map_height, map_width, cell_height, cell_width)) return;
  throw std::invalid_argument(
      "ardent::ordering::next_cell: expected a map of 1 x 1 tokens or more that is cut into 1 to " +
      std::to_string(most_ar_steps) + " cells without remainder, found a map of " + text(map_height, map_width) +
      " and cells of " + text(cell_height, cell_width));
}

}  // namespace detail

namespace ordering {

/// @brief AR step i draws all tokens of cell i. Cells come in raster order of the map, which is the same for all
/// images.
///
/// Positions are those of the map in raster order, as everywhere; a cell's tokens come by ascending position, which is
/// raster order within the cell.
///
/// Source: xAR (arXiv 2502.20388), whose published models have 2 x 2 cells of 8 x 8 tokens.
/// @tparam MapHeight   rows of tokens of an image, or `dynamic`
/// @tparam MapWidth    tokens of such a row, or `dynamic`; at most 2^31 - 1 tokens in all
/// @tparam CellHeight  rows of tokens of a cell, which divides MapHeight, or `dynamic`
/// @tparam CellWidth   tokens of such a row, which divides MapWidth, or `dynamic`; at most 65536 cells in all
template <auto MapHeight, auto MapWidth, auto CellHeight, auto CellWidth>
class next_cell {
  using sizes = detail::cell_sizes<MapHeight, MapWidth, CellHeight, CellWidth>;

 public:
  static constexpr bool permuted = false;  ///< in an order of its own: see position()

  constexpr next_cell() {
    if constexpr (!sizes::is_checked) detail::check_cells(map_height(), map_width(), cell_height(), cell_width());
  }
  /// @param map_height   rows of tokens of an image, at least 1
  /// @param map_width    tokens of such a row, at least 1
  /// @param cell_height  rows of tokens of a cell; divides map_height
  /// @param cell_width   tokens of such a row; divides map_width
  /// @throws std::invalid_argument otherwise, or if there are more than 65536 cells or 2^31 - 1 tokens
  constexpr next_cell(int map_height, int map_width, int cell_height, int cell_width)
      : map_height_(map_height), map_width_(map_width), cell_height_(cell_height), cell_width_(cell_width) {
    detail::check_cells(map_height, map_width, cell_height, cell_width);
  }

  constexpr int map_height() const { return map_height_.get(); }              ///< rows of tokens of an image
  constexpr int map_width() const { return map_width_.get(); }                ///< tokens of such a row
  constexpr int cell_height() const { return cell_height_.get(); }            ///< rows of tokens of a cell
  constexpr int cell_width() const { return cell_width_.get(); }              ///< tokens of such a row
  constexpr int cells_across() const { return map_width() / cell_width(); }   ///< cells side by side
  constexpr int cells_down() const { return map_height() / cell_height(); }   ///< cells one above the other
  constexpr int cell_tokens() const { return cell_height() * cell_width(); }  ///< tokens of a cell

  /// @brief Tokens of an image.
  constexpr int sequence_length() const { return map_height() * map_width(); }
  /// @brief One for each cell.
  constexpr int ar_steps() const {
    // here and not in the class: clang gives up on a class whose assertion fails, and each use of it is one more error
    static_assert(sizes::fits,
                  "ardent::ordering::next_cell: the cells do not fill the map. Give a cell height that divides the "
                  "map's height and a cell width that divides its width, all at least 1.");
    return cells_down() * cells_across();
  }

  /// @brief Tokens of each AR step.
  constexpr void fill(ar_counts* out) const {
    for (int i = 0; i < ar_steps(); ++i) out[i] = {cell_tokens(), (ar_steps() - 1 - i) * cell_tokens()};
  }

  /// @brief The raster position in the map of the token that is drawn after i others, i in [0, sequence_length()).
  constexpr int position(int i) const {
    const int cell = i / cell_tokens(), within = i % cell_tokens();
    const int row = cell / cells_across() * cell_height() + within / cell_width();
    const int column = cell % cells_across() * cell_width() + within % cell_width();
    return row * map_width() + column;
  }

 private:
  [[no_unique_address]] number<int, sizes::map_height> map_height_;
  [[no_unique_address]] number<int, sizes::map_width> map_width_;
  [[no_unique_address]] number<int, sizes::cell_height> cell_height_;
  [[no_unique_address]] number<int, sizes::cell_width> cell_width_;
};

next_cell(int, int, int, int) -> next_cell<dynamic, dynamic, dynamic, dynamic>;

}  // namespace ordering
}  // namespace v0
}  // namespace ardent
