// SPDX-License-Identifier: Apache-2.0
//
// The parts of modulated transformers against plain loops in double: norms, rotation, attention with what it remembers
// and with masks, the gated MLP; and that a remembered sequence is the whole one, bit for bit.
#include "common/network/modulated_block.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <deque>
#include <stdexcept>
#include <vector>

#include "support/made_numbers.hpp"

namespace {

namespace transformer = examples::transformer;
using transformer::modulation;

constexpr int width = 24, heads = 3, head_width = 8, hidden = 37, rows = 21;

/// A linear layer of made-up weights, plain and packed.
struct layer {
  int in, out;
  std::vector<float> weights, bias, packed;
  layer(test::made_numbers& numbers, int inputs, int outputs)
      : in(inputs),
        out(outputs),
        weights(numbers.normals(inputs * outputs)),
        bias(numbers.normals(outputs)),
        packed(ardent::packed_size<float>(inputs, outputs)) {
    for (float& w : weights) w /= std::sqrt(static_cast<float>(inputs));
    ardent::pack_matrix(weights.data(), in, out, packed.data());
  }
  ardent::packed_matrix<float> matrix() const { return {packed.data(), bias.data(), in, out}; }
  std::vector<double> operator()(std::vector<double> const& x) const {
    std::vector<double> y(bias.begin(), bias.end());
    for (int o = 0; o < out; ++o)
      for (int i = 0; i < in; ++i)
        y[static_cast<std::size_t>(o)] +=
            double{weights[static_cast<std::size_t>(o * in + i)]} * x[static_cast<std::size_t>(i)];
    return y;
  }
};

struct scene {
  test::made_numbers numbers{3};
  layer qkv{numbers, width, 3 * width}, proj{numbers, width, width};
  layer gate{numbers, width, hidden}, value{numbers, width, hidden}, out{numbers, hidden, width};
  std::vector<float> x = numbers.normals(rows * width), vectors = numbers.normals(rows * 6 * width);
  transformer::rotary_table turns = [this] {
    std::vector<float> const r = numbers.normals(rows), c = numbers.normals(rows);
    return transformer::rotary_table(r, c, head_width);
  }();
  transformer::workspace work{rows, width, hidden, ardent::host_level()};

  transformer::packed_attention attention() const { return {heads, qkv.matrix(), proj.matrix()}; }
  transformer::packed_gated_mlp mlp() const { return {gate.matrix(), value.matrix(), out.matrix()}; }
  /// Row r of x, normalised and modulated.
  std::vector<double> normed(int r, modulation const& by) const {
    std::vector<double> y;
    double sum = 0;
    for (int c = 0; c < width; ++c) sum += std::pow(x[at(r, c)], 2);
    for (int c = 0; c < width; ++c) {
      std::ptrdiff_t const place = r / by.rows * static_cast<std::ptrdiff_t>(by.stride) + c;
      y.push_back(x[at(r, c)] / std::sqrt(sum / width + 1e-6) * (1 + double{by.scale[place]}) + by.shift[place]);
    }
    return y;
  }
  static std::size_t at(int r, int c) { return static_cast<std::size_t>(r * width + c); }
};

/// Attention in double; row r sees seen[r] rows.
std::vector<double> attended(scene const& s, modulation const& by, std::vector<int> const& seen) {
  std::vector<std::vector<double>> all;
  for (int r = 0; r < rows; ++r) {
    std::vector<double>& v = all.emplace_back(s.qkv(s.normed(r, by)));
    transformer::rotation const turn = s.turns.from(r);
    for (int first = 0; first < 2 * width; first += 2) {
      int const pair = first % head_width / 2;
      auto const i = static_cast<std::size_t>(first);
      double const a = v[i], b = v[i + 1], cosine = turn.cosine[pair], sine = turn.sine[pair];
      v[i] = a * cosine - b * sine;
      v[i + 1] = b * cosine + a * sine;
    }
  }
  std::vector<double> y;
  for (int r = 0; r < rows; ++r) {
    std::vector<double> mixed(width);
    for (int head = 0; head < heads; ++head) {
      std::vector<double> weights;
      double sum = 0;
      auto const column = static_cast<std::size_t>(head * head_width);
      for (int k = 0; k < seen[static_cast<std::size_t>(r)]; ++k) {
        double score = 0;
        for (std::size_t c = column; c < column + head_width; ++c)
          score += all[static_cast<std::size_t>(r)][c] * all[static_cast<std::size_t>(k)][width + c];
        weights.push_back(std::exp(score / std::sqrt(double{head_width})));
        sum += weights.back();
      }
      for (std::size_t k = 0; k < weights.size(); ++k)
        for (std::size_t c = column; c < column + head_width; ++c) mixed[c] += weights[k] / sum * all[k][2 * width + c];
    }
    std::vector<double> const projected = s.proj(mixed);
    for (int c = 0; c < width; ++c)
      y.push_back(s.x[scene::at(r, c)] + by.gate[r / by.rows * by.stride + c] * projected[static_cast<std::size_t>(c)]);
  }
  return y;
}

double furthest(std::vector<float> const& found, std::vector<double> const& expected) {
  REQUIRE(found.size() == expected.size());
  double most = 0;
  for (std::size_t i = 0; i < found.size(); ++i) most = std::max(most, std::fabs(double{found[i]} - expected[i]));
  return most;
}

}  // namespace

TEST_CASE("modulated_block: norms, with a weight and with a modulation for groups of rows") {
  scene s;
  std::vector<float> y(s.x.size()), weight = s.numbers.normals(width);
  for (int const group : {1, 2, 9, rows}) {
    modulation const by = transformer::half_of(s.vectors.data(), width, 1, group);
    transformer::modulated_norm(s.x.data(), rows, width, by, y.data(), s.work);
    std::vector<double> expected;
    for (int r = 0; r < rows; ++r) {
      std::vector<double> const row = s.normed(r, by);
      expected.insert(expected.end(), row.begin(), row.end());
    }
    CHECK(furthest(y, expected) < 3e-6);
  }
  std::vector<float> const zeros(width);
  for (bool const weighted : {false, true}) {
    transformer::rms_norm(s.x.data(), rows, width, weighted ? weight.data() : nullptr, y.data(), s.work);
    std::vector<double> expected;
    for (int r = 0; r < rows; ++r) {
      std::vector<double> const row = s.normed(r, {nullptr, zeros.data(), zeros.data(), 0, rows});
      for (std::size_t c = 0; c < width; ++c) expected.push_back(row[c] * (weighted ? double{weight[c]} : 1.0));
    }
    CHECK(furthest(y, expected) < 3e-6);
  }
}

TEST_CASE("modulated_block: the rotation of a map") {
  auto const table = transformer::rotary_table::of_map(4, 16, 8);
  for (int r = 0; r < 16; ++r)
    for (int pair = 0; pair < 4; ++pair) {
      double const place = 4.0 * (pair < 2 ? r / 4 : r % 4), angle = place * std::pow(10000, pair % 2 == 0 ? 0 : -0.5);
      CHECK(table.from(r).cosine[pair] == doctest::Approx(std::cos(angle)).epsilon(1e-6));
      CHECK(table.from(r).sine[pair] == doctest::Approx(std::sin(angle)).epsilon(1e-6));
    }
  std::vector<float> const two{1, 2}, three{1, 2, 3};
  CHECK_THROWS_AS(transformer::rotary_table(two, three, 8), std::invalid_argument);
  CHECK_THROWS_AS(transformer::rotary_table(two, two, 6), std::invalid_argument);
}

TEST_CASE("modulated_block: attention, with all keys and with those that a row may see") {
  for (bool const masked : {false, true})
    for (int const group : {1, 7, rows}) {
      scene s;
      std::vector<int> seen(rows, rows);
      if (masked)
        for (int r = 0; r < rows; ++r) seen[static_cast<std::size_t>(r)] = r < 8 ? 8 : r < 20 ? 20 : rows;
      modulation const by = transformer::half_of(s.vectors.data(), width, 0, group);
      std::vector<double> const expected = attended(s, by, seen);
      transformer::key_values memory(rows, width);
      std::vector<float> x = s.x;
      transformer::add_attention(s.attention(), x.data(), rows, by, s.turns.from(), memory, 0, s.work,
                                 masked ? seen.data() : nullptr);
      CHECK(furthest(x, expected) < 2e-5);
      CHECK(memory.kept() == 0);
    }
}

TEST_CASE("modulated_block: attention to what is remembered gives the bits of the whole sequence under a mask") {
  scene s;
  modulation const by = transformer::half_of(s.vectors.data(), width, 0, 1);
  std::vector<int> seen(rows, 8);
  std::fill(seen.begin() + 8, seen.end(), rows);
  transformer::key_values memory(rows, width);
  std::vector<float> whole = s.x, parts = s.x;
  transformer::add_attention(s.attention(), whole.data(), rows, by, s.turns.from(), memory, 0, s.work, seen.data());

  auto const second = [&](int first) {
    return transformer::half_of(s.vectors.data() + 6 * width * first, width, 0, 1);
  };
  transformer::add_attention(s.attention(), parts.data(), 8, by, s.turns.from(), memory, 8, s.work);
  CHECK(memory.kept() == 8);
  std::vector<float> again = parts;
  for (std::vector<float>* const x : {&parts, &again})  // what is not kept leaves no trace
    transformer::add_attention(s.attention(), x->data() + 8 * width, rows - 8, second(8), s.turns.from(8), memory, 0,
                               s.work);
  CHECK(parts == whole);
  CHECK(again == whole);
  transformer::add_attention(s.attention(), again.data() + 8 * width, rows - 8, second(8), s.turns.from(8), memory, 5,
                             s.work);
  CHECK(memory.kept() == 13);
  CHECK_THROWS_AS(transformer::add_attention(s.attention(), again.data(), 9, by, s.turns.from(), memory, 0, s.work),
                  std::invalid_argument);
}

TEST_CASE("modulated_block: a context of the sequence itself, without gate, is attention") {
  scene s;
  // q, k and v of one layer, apart
  layer q = s.qkv, kv = s.qkv;
  q.out = width;
  kv.out = 2 * width;
  kv.weights.erase(kv.weights.begin(), kv.weights.begin() + width * width);
  q.weights.resize(width * width);
  std::fill(kv.bias.begin(), kv.bias.end(), 0.0f);
  std::fill(q.bias.begin(), q.bias.end(), 0.0f);
  std::fill(s.qkv.bias.begin(), s.qkv.bias.end(), 0.0f);
  ardent::pack_matrix(q.weights.data(), width, width, q.packed.data());
  ardent::pack_matrix(kv.weights.data(), width, 2 * width, kv.packed.data());
  std::vector<float> const ones(width, 1.0f), zeros(width);
  transformer::packed_cross_attention const cross{
      heads, ones.data(), ones.data(), {q.packed.data(), zeros.data(), width, width}, kv.matrix(), s.proj.matrix()};
  transformer::key_values memory(rows, width);
  std::vector<float> x = s.x, expected = s.x, context(2 * rows * width);
  transformer::add_attention(s.attention(), expected.data(), rows, {ones.data(), zeros.data(), zeros.data(), 0, rows},
                             s.turns.from(), memory, 0, s.work);
  transformer::project_context(cross, s.x.data(), rows, s.turns.from(), context.data(), s.work);
  transformer::add_cross_attention(cross, x.data(), rows, s.turns.from(), context.data(), rows, s.work);
  CHECK(x == expected);
}

TEST_CASE("modulated_block: the gated MLP") {
  scene s;
  modulation const by = transformer::half_of(s.vectors.data(), width, 1, 3);
  std::vector<double> expected;
  for (int r = 0; r < rows; ++r) {
    std::vector<double> const in = s.normed(r, by), v = s.value(in);
    std::vector<double> g = s.gate(in);
    for (std::size_t i = 0; i < g.size(); ++i) g[i] *= 0.5 * std::erfc(-g[i] * std::sqrt(0.5)) * v[i];
    std::vector<double> const y = s.out(g);
    for (int c = 0; c < width; ++c)
      expected.push_back(s.x[scene::at(r, c)] + by.gate[r / 3 * by.stride + c] * y[static_cast<std::size_t>(c)]);
  }
  std::vector<float> x = s.x;
  transformer::add_gated_mlp(s.mlp(), x.data(), rows, by, s.work);
  CHECK(furthest(x, expected) < 2e-5);
}
