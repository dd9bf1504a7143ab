// SPDX-License-Identifier: Apache-2.0
//
// Transformer blocks on Eigen. This is the only file that includes Eigen, so the settings below hold everywhere.
#include "transformer.hpp"

// Sequences run in parallel, products do not: a product split over threads could round differently.
#define EIGEN_DONT_PARALLELIZE
// Eigen packs the panels of a product on the stack up to this size and calls malloc beyond it. The panels of multiply()
// below need less than this.
#define EIGEN_STACK_ALLOCATION_LIMIT 524288
#include <Eigen/Core>
#include <unsupported/Eigen/SpecialFunctions>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdint>

namespace examples::transformer {
namespace {

using index = Eigen::Index;
using matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using strided = Eigen::OuterStride<>;
using const_view = Eigen::Map<matrix const, Eigen::Unaligned, strided>;
using view = Eigen::Map<matrix, Eigen::Unaligned, strided>;
using row_view = Eigen::Map<Eigen::RowVectorXf const>;

// Eigen cuts long dot products to fit the caches of the machine it finds itself on. With fixed sizes the same program
// rounds in the same way on every machine of a kind.
void fix_blocking() {
  static bool const done = [] {
    Eigen::setCpuCacheSizes(32 << 10, 256 << 10, 2 << 20);
    return true;
  }();
  static_cast<void>(done);
}

// y = x w^T + bias, or y += x w^T + bias. x [rows][in] with a row every x_stride floats, w [out][in], y likewise.
void multiply(float const* x, index x_stride, index rows, float const* w, index out, index in, float const* bias,
              bool accumulate, float* y, index y_stride) {
  constexpr index panel = workspace::panel;
  for (index r = 0; r < rows; r += panel) {
    index const r_count = std::min(panel, rows - r);
    const_view const x_part(x + r * x_stride, r_count, in, strided(x_stride));
    for (index o = 0; o < out; o += panel) {
      index const o_count = std::min(panel, out - o);
      const_view const w_part(w + o * in, o_count, in, strided(in));
      view y_part(y + r * y_stride + o, r_count, o_count, strided(y_stride));
      row_view const b(bias + o, o_count);
      if (accumulate) {
        y_part.rowwise() += b;
      } else {
        y_part.rowwise() = b;
      }
      y_part.noalias() += x_part * w_part.transpose();
    }
  }
}

// Sums f(x[i]) in an order that depends on n alone (Eigen's own reductions begin at an aligned address).
template <class Function>
float sum(float const* x, index n, Function f) {
  constexpr index lanes = 16;
  using packet = Eigen::Array<float, lanes, 1>;
  packet partial = packet::Zero();
  index i = 0;
  for (; i + lanes <= n; i += lanes) partial += f(Eigen::Map<packet const>(x + i).eval());
  for (index lane = 0; i + lane < n; ++lane) partial[lane] += f(Eigen::Array<float, 1, 1>(x[i + lane]))[0];
  for (index half = lanes / 2; half > 0; half /= 2) {
    for (index lane = 0; lane < half; ++lane) partial[lane] += partial[lane + half];
  }
  return partial[0];
}

// x -> x Phi(x), Phi the normal distribution function. Eigen's float erf is good to about 1e-7.
void gelu(float* x, index n) {
  Eigen::Map<Eigen::ArrayXf, Eigen::Aligned64> values(x, n);
  values = 0.5F * values * (1.0F + (values * 0.707106781186547524F).erf());
}

// scores = softmax(scale * scores). Subtracting the largest first keeps exp from overflowing.
void softmax(float* scores, index n, float scale) {
  Eigen::Map<Eigen::ArrayXf, Eigen::Aligned64> row(scores, n);
  row = (scale * (row - row.maxCoeff())).exp();
  row *= 1.0F / row.sum();
}

// features[r] = softmax(q[r] k^T / sqrt(head width)) v, head by head, for the rows from first_query on.
void attend(block const& layer, int sequence, int first_query, workspace& work) {
  index const width = layer.width();
  index const head_width = width / layer.heads;
  index const stride = 3 * width;
  index const score_stride = work.score_stride();
  float const scale = 1.0F / std::sqrt(static_cast<float>(head_width));
  for (index head = 0; head < layer.heads; ++head) {
    float const* const begin = work.qkv() + head * head_width;
    const_view const k(begin + width, sequence, head_width, strided(stride));
    const_view const v(begin + 2 * width, sequence, head_width, strided(stride));
    for (index r = first_query; r < sequence; r += workspace::panel) {
      index const count = std::min<index>(workspace::panel, sequence - r);
      const_view const q(begin + r * stride, count, head_width, strided(stride));
      view scores(work.scores(), count, sequence, strided(score_stride));
      scores.noalias() = q * k.transpose();
      for (index i = 0; i < count; ++i) softmax(work.scores() + i * score_stride, sequence, scale);
      view result(work.features() + (r - first_query) * width + head * head_width, count, head_width, strided(width));
      result.noalias() = scores * v;
    }
  }
}

}  // namespace

linear linear::load(safetensors const& file, std::string const& prefix, int out, int in) {
  return {out, in, file.floats(prefix + ".weight", {out, in}), file.floats(prefix + ".bias", {out})};
}

layer_norm layer_norm::load(safetensors const& file, std::string const& prefix, int width) {
  return {width, file.floats(prefix + ".weight", {width}), file.floats(prefix + ".bias", {width})};
}

block block::load(safetensors const& file, std::string const& prefix, int width, int heads, int hidden) {
  assert(heads > 0 && width % heads == 0);
  return {heads,
          layer_norm::load(file, prefix + ".norm1", width),
          linear::load(file, prefix + ".attn.qkv", 3 * width, width),
          linear::load(file, prefix + ".attn.proj", width, width),
          layer_norm::load(file, prefix + ".norm2", width),
          linear::load(file, prefix + ".mlp.fc1", hidden, width),
          linear::load(file, prefix + ".mlp.fc2", width, hidden)};
}

workspace::workspace(int rows, int width, int hidden) : score_stride_((rows + 15) / 16 * 16) {
  fix_blocking();
  auto const floats = [rows](int columns) {
    return aligned_floats(static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns));
  };
  features_ = floats(width);
  qkv_ = floats(3 * width);
  hidden_ = floats(hidden);
  scores_ = aligned_floats(static_cast<std::size_t>(panel) * static_cast<std::size_t>(score_stride_));
}

void apply(linear const& layer, float const* x, int rows, float* y) {
  multiply(x, layer.in, rows, layer.weight.data(), layer.out, layer.in, layer.bias.data(), false, y, layer.out);
}

void apply(layer_norm const& norm, float const* x, int rows, float* y) {
  index const width = norm.width;
  auto const scale = 1.0F / static_cast<float>(width);
  Eigen::Map<Eigen::ArrayXf const> const weight(norm.weight.data(), width);
  Eigen::Map<Eigen::ArrayXf const> const bias(norm.bias.data(), width);
  for (index r = 0; r < rows; ++r) {
    float const* const from = x + r * width;
    float const mean = scale * sum(from, width, [](auto const& v) { return v; });
    float const variance = scale * sum(from, width, [mean](auto const& v) { return (v - mean).square().eval(); });
    float const factor = 1.0F / std::sqrt(variance + layer_norm::epsilon);
    Eigen::Map<Eigen::ArrayXf const> const source(from, width);
    Eigen::Map<Eigen::ArrayXf>(y + r * width, width) = (source - mean) * factor * weight + bias;
  }
}

void project_qkv(block const& layer, float const* x, int begin, int end, int first_query, workspace& work) {
  index const width = layer.width();
  index const stride = 3 * width;
  float const* const weight = layer.qkv.weight.data();
  float const* const bias = layer.qkv.bias.data();
  float* const normed = work.features();
  int const rows = end - begin;
  apply(layer.norm1, x + begin * width, rows, normed);
  float* const result = work.qkv() + begin * stride;
  if (first_query <= begin) {
    multiply(normed, width, rows, weight, stride, width, bias, false, result, stride);
    return;
  }
  multiply(normed, width, rows, weight + width * width, 2 * width, width, bias + width, false, result + width, stride);
  index const skipped = std::min(first_query, end) - begin;
  multiply(normed + skipped * width, width, rows - skipped, weight, width, width, bias, false,
           result + skipped * stride, stride);
}

void attend_and_mlp(block const& layer, float* x, int rows, int first_query, workspace& work) {
  index const width = layer.width();
  index const hidden = layer.fc1.out;
  int const wanted = rows - first_query;
  float* const out = x + first_query * width;
  attend(layer, rows, first_query, work);
  multiply(work.features(), width, wanted, layer.proj.weight.data(), width, width, layer.proj.bias.data(), true, out,
           width);
  apply(layer.norm2, out, wanted, work.features());
  apply(layer.fc1, work.features(), wanted, work.hidden());
  gelu(work.hidden(), wanted * hidden);
  multiply(work.hidden(), hidden, wanted, layer.fc2.weight.data(), width, hidden, layer.fc2.bias.data(), true, out,
           width);
}

void apply(block const& layer, float* x, int rows, int first_query, workspace& work) {
  project_qkv(layer, x, 0, rows, first_query, work);
  attend_and_mlp(layer, x, rows, first_query, work);
}

}  // namespace examples::transformer
