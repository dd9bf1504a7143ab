// SPDX-License-Identifier: Apache-2.0
//
// The language model against one written down plainly; that padding and the order of passes leave no trace; refusals.
#include "common/network/language_model.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "../common/bad_input.hpp"
#include "naive_language_model.hpp"

namespace {

namespace language = examples::language;
using nlohmann::json;

json document() {
  return {{"vocab_size", 31},
          {"hidden_size", 24},
          {"num_hidden_layers", 3},
          {"num_attention_heads", 6},
          {"num_key_value_heads", 2},
          {"intermediate_size", 37},
          {"rope_theta", 5000.0},
          {"rms_norm_eps", 1e-3},
          {"max_position_embeddings", 100},
          {"head_dim", 4},
          {"hidden_act", "silu"},
          {"rope_scaling", nullptr}};
}

struct scene {
  language::config sizes = language::config::from_json(document(), "llm.json");
  naive::language_model reference{sizes, 4};
  language::weights weights = language::weights::load(sizes, reference.tensors(), "m");
  std::vector<int> ids{3, 0, 30, 7, 7, 12, 25};
  examples::transformer::workspace work = language::scratch::workspace_for(sizes, 90, ardent::host_level());
  language::scratch scratch{sizes, 90, work};

  std::vector<naive::row> embedded() const {
    std::vector<naive::row> rows;
    for (int const id : ids) rows.push_back(reference.embedding(id));
    return rows;
  }
};

std::vector<float> flat(std::vector<naive::row> const& rows) {
  std::vector<float> all;
  for (naive::row const& one : rows)
    for (double const v : one) all.push_back(static_cast<float>(v));
  return all;
}

double furthest(std::span<float const> found, std::span<naive::row const> expected) {
  double most = 0;
  std::size_t next = 0;
  for (naive::row const& one : expected)
    for (double const v : one) most = std::max(most, std::fabs(double{found[next++]} - v));
  REQUIRE(next == found.size());
  return most;
}

void check_refused(char const* key, json const& value, std::string const& part) {
  json changed = document();
  if (value.is_discarded()) {
    changed.erase(key);
  } else {
    changed[key] = value;
  }
  std::string const message =
      bad_input::complaint("llm.json", [&] { static_cast<void>(language::config::from_json(changed, "llm.json")); });
  CHECK(bad_input::has(message, part));
}

}  // namespace

TEST_CASE("language model: both passes are those of the plain model") {
  scene s;
  language::model<float> const model(s.sizes, s.weights);
  std::vector<naive::row> rows = s.embedded();
  std::vector<float> hidden(s.ids.size() * 24);
  language::text_memory const kept = model.read(s.ids, 7, hidden.data(), s.scratch);
  CHECK(kept.length() == 7);
  CHECK(furthest(hidden, s.reference(rows)) < 2e-5);

  test::made_numbers numbers(8);
  constexpr int behind = 61;  // more than the queries of one go
  for (int i = 0; i < behind; ++i) {
    std::vector<float> const made = numbers.normals(24);
    rows.emplace_back(made.begin(), made.end());
  }
  std::vector<naive::row> const expected = s.reference(rows);
  std::vector<float> x = flat({rows.begin() + 7, rows.end()});
  model.go_on(kept, x.data(), behind, s.scratch);
  CHECK(furthest(x, std::span(expected).subspan(7)) < 2e-5);
  std::vector<float> again = flat({rows.begin() + 7, rows.end()});  // the first call left nothing behind
  model.go_on(kept, again.data(), behind, s.scratch);
  CHECK(again == x);
}

TEST_CASE("language model: bfloat16 matrices change little") {
  scene s;
  language::model<ardent::bfloat16> const model(s.sizes, s.weights);
  language::model<float> const wide(s.sizes, s.weights);
  std::vector<float> hidden(s.ids.size() * 24), expected = hidden;
  static_cast<void>(model.read(s.ids, 7, hidden.data(), s.scratch));
  static_cast<void>(wide.read(s.ids, 7, expected.data(), s.scratch));
  double most = 0;
  for (std::size_t i = 0; i < hidden.size(); ++i) most = std::max(most, std::fabs(double{hidden[i]} - expected[i]));
  CHECK(most < 0.1);
  CHECK(most > 1e-5);
  CHECK(model.bytes() < wide.bytes());
}

TEST_CASE("language model: what stands behind the valid tokens of a prompt leaves no trace, bit for bit") {
  scene s;
  language::model<float> const model(s.sizes, s.weights);
  std::vector<int> padded = s.ids;
  padded.insert(padded.end(), 30, 30);
  std::vector<float> plain(s.ids.size() * 24), with(padded.size() * 24);
  language::text_memory const kept = model.read(s.ids, 7, plain.data(), s.scratch);
  language::text_memory const kept_padded = model.read(padded, 7, with.data(), s.scratch);
  with.resize(plain.size());
  CHECK(with == plain);
  CHECK(kept_padded.length() == 7);
  std::vector<float> a = test::made_numbers(5).normals(10 * 24), b = a;
  model.go_on(kept, a.data(), 10, s.scratch);
  model.go_on(kept_padded, b.data(), 10, s.scratch);
  CHECK(a == b);
}

TEST_CASE("language model: embeddings behind a prompt give the bits of the prompt that they continue") {
  scene s;
  language::model<float> const model(s.sizes, s.weights);
  std::vector<float> whole(s.ids.size() * 24);
  static_cast<void>(model.read(s.ids, 7, whole.data(), s.scratch));
  language::text_memory const kept = model.read(std::span(s.ids).first(3), 3, nullptr, s.scratch);
  std::vector<naive::row> const rows = s.embedded();
  std::vector<float> x = flat({rows.begin() + 3, rows.end()});
  model.go_on(kept, x.data(), 4, s.scratch);
  CHECK(std::equal(x.begin(), x.end(), whole.begin() + 3 * 24));
}

TEST_CASE("language model: calls that cannot be") {
  scene s;
  language::model<float> const model(s.sizes, s.weights);
  auto const read = [&](std::vector<int> const& ids, int keep) {
    static_cast<void>(model.read(ids, keep, nullptr, s.scratch));
  };
  CHECK_THROWS_AS(read({1, 31}, 2), std::invalid_argument);
  CHECK_THROWS_AS(read({1, -1}, 2), std::invalid_argument);
  CHECK_THROWS_AS(read({1, 2}, 0), std::invalid_argument);
  CHECK_THROWS_AS(read({1, 2}, 3), std::invalid_argument);
  CHECK_THROWS_AS(read({}, 0), std::invalid_argument);
  CHECK_THROWS_AS(read(std::vector<int>(91, 1), 91), std::invalid_argument);
  language::text_memory const kept = model.read(s.ids, 7, nullptr, s.scratch);
  std::vector<float> x(84 * 24);
  CHECK_THROWS_AS(model.go_on(kept, x.data(), 84, s.scratch), std::invalid_argument);
  CHECK_THROWS_AS(model.go_on(language::text_memory(), x.data(), 1, s.scratch), std::invalid_argument);
  std::string const message = bad_input::message_of([&] { language::scratch(s.sizes, 101, s.work); });
  CHECK(bad_input::has(message, "max_position_embeddings"));
  CHECK(bad_input::has(message, "101"));
}

TEST_CASE("language model: a config with a wrong value, and missing tensors") {
  json const gone = json::value_t::discarded;
  for (char const* key :
       {"vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
        "intermediate_size", "rope_theta", "rms_norm_eps", "max_position_embeddings"}) {
    check_refused(key, gone, key);
    check_refused(key, "7", key);
    check_refused(key, -1, key);
  }
  check_refused("num_attention_heads", 5, "hidden_size");
  check_refused("num_attention_heads", 8, "even");
  check_refused("num_key_value_heads", 4, "num_attention_heads");
  check_refused("head_dim", 8, "head_dim");
  check_refused("hidden_act", "gelu", "hidden_act");
  check_refused("rope_scaling", {{"type", "yarn"}}, "rope_scaling");
  check_refused("use_sliding_window", true, "use_sliding_window");
  check_refused("model_type", "llama", "model_type");
  scene const s;
  for (std::string const& name : language::weights::names(s.sizes, "m")) {
    std::string const message = bad_input::message_of(
        [&] { static_cast<void>(language::weights::load(s.sizes, s.reference.tensors(name), "m")); });
    CHECK(bad_input::has(message, name));
  }
}
