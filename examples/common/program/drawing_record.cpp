// SPDX-License-Identifier: Apache-2.0
//
// Writes and compares drawing.json.
#include "drawing_record.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <set>
#include <span>
#include <string_view>
#include <system_error>
#include <vector>

#include "common/error.hpp"
#include "common/files/atomic_file.hpp"
#include "common/files/file.hpp"
#include "common/files/json.hpp"
#include "picture_outputs.hpp"

namespace examples {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr char const* record_name = "drawing.json";

// What changes no image, and the files, which are compared by what is in them.
std::set<std::string, std::less<>> const beside_the_images{
    "--weights",    "--config",      "--vae",   "--vae-config", "--prompts", "--out",
    "--out-npz",    "--out-folder",  "--dump",  "--threads",    "--batch",   "--quiet",
    "--out-shards", "--out-geneval", "--shard", "--gather",     "--images",  "--help"};

// FNV-1a over words of eight bytes: each step is a bijection of the state, so that one changed word always shows.
class fingerprint {
 public:
  void add(std::span<std::byte const> bytes) {
    for (std::size_t at = 0; at < bytes.size(); at += 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes.data() + at, std::min<std::size_t>(8, bytes.size() - at));
      state_ = (state_ ^ word) * 0x100000001b3U;
    }
  }
  [[nodiscard]] std::uint64_t value() const { return state_; }

 private:
  std::uint64_t state_ = 0xcbf29ce484222325U;
};

json record_of(fs::path const& path) {
  input_file file(path);
  fingerprint print;
  std::vector<std::byte> piece(std::size_t{1} << 20);
  for (std::uint64_t left = file.size(); left > 0;) {
    std::span<std::byte> const now = std::span(piece).first(std::min<std::uint64_t>(left, piece.size()));
    file.read(now);
    print.add(now);
    left -= now.size();
  }
  std::array<char, 32> hex{};
  std::snprintf(hex.data(), hex.size(), "%016llx", static_cast<unsigned long long>(print.value()));
  return {{"bytes", file.size()}, {"fingerprint", hex.data()}};
}

std::string text_of(json const& object, std::string const& key) {
  std::string const name = printable(key, 60);  // of a file that anybody may have written
  if (!object.is_object() || !object.contains(key)) return "no " + name;
  json const& value = object.at(key);
  return name + " " + printable(value.is_string() ? value.get<std::string>() : value.dump(), 100);
}

// The first member in which two records differ.
std::pair<std::string, std::string> difference(json const& there, json const& here) {
  json const both = json::object({{"a", there.is_object() ? there : json::object()}, {"b", here}});
  std::set<std::string> keys;
  for (auto const& side : both)
    for (auto const& [key, value] : side.items()) keys.insert(key);
  for (std::string const& key : keys) {
    json const mine = here.value(key, json()), other = both.at("a").value(key, json());
    if (mine == other) continue;
    if (mine.is_object() && other.is_object()) return difference(other, mine);
    return {text_of(both.at("a"), key), text_of(here, key)};
  }
  return {"its text", "another"};
}

}  // namespace

option_words drawing_words(CLI::App const& parsed) {
  option_words words;
  for (CLI::Option const* option : parsed.get_options()) {
    std::string const name = option->get_name();
    if (option->count() == 0 || beside_the_images.contains(name)) continue;
    std::string& all = words[name];
    for (std::string const& word : option->results()) all += (all.empty() ? "" : " ") + word;
  }
  return words;
}

drawing_record::drawing_record(std::string const& program, option_words const& words, int images,
                               std::map<std::string, std::optional<fs::path>> const& files)
    : value_{{"program", program}, {"images", images}, {"options", json::object()}, {"files", json::object()}} {
  for (auto const& [name, text] : words) value_["options"][name] = text;
  for (auto const& [name, file] : files)
    if (file && !file->empty()) value_["files"][name] = record_of(*file);
}

void drawing_record::compare(fs::path const& file) const {
  json const there = read_json(file);
  if (there == value_) return;
  auto const [expected, found] = difference(there, value_);
  fail(file, expected + ", as the drawing begun there has it", found);
}

void drawing_record::begin(std::vector<std::optional<fs::path>> const& folders) const {
  std::error_code error;
  for (auto const& folder : folders)
    if (folder && fs::exists(*folder / record_name, error)) compare(*folder / record_name);
  for (auto const& folder : folders) {
    if (!folder) continue;
    fs::create_directory(*folder, error);
    if (error) fail(*folder, "a folder that can be made", error.message());
    // Processes that begin together each write it: the same, or the parts' keys tell.
    if (!fs::exists(*folder / record_name, error)) write_json(*folder / record_name, value_);
    compare(*folder / record_name);
  }
}

std::int64_t drawing_record::key() const {
  std::string const text = value_.dump();
  fingerprint print;
  print.add(std::as_bytes(std::span(text)));
  return static_cast<std::int64_t>(print.value() ^ text.size());
}

void check_drawing_folder(fs::path const& folder) {
  std::error_code error;
  if (!fs::exists(folder, error)) return check_empty_folder(folder);
  if (!fs::is_directory(folder, error)) fail(folder, "a folder", "a file");
  bool others = false;
  for (auto entry = fs::directory_iterator(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error))
    others = others || !is_unfinished(entry->path().filename().string());
  if (error) fail(folder, "a folder to read", error.message());
  // asked last: whoever began a drawing meanwhile wrote it before any image
  if (others && !fs::exists(folder / record_name, error))
    fail(folder, "an empty folder, none, or one with the drawing.json of a drawing begun there", "other files in it");
  check_writable(folder / ".record");
}

void check_begun_folder(fs::path const& folder) {
  std::error_code error;
  if (!fs::is_regular_file(folder / record_name, error))
    fail(folder, std::string("a folder with the ") + record_name + " of a drawing", "none");
}

}  // namespace examples
