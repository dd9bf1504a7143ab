// SPDX-License-Identifier: Apache-2.0
//
// Which images a shard has, what the variables of MPI and Slurm say, and what a folder of parts refuses.
#include "common/program/shard.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "bad_input.hpp"
#include "common/files/atomic_file.hpp"
#include "common/files/part_folder.hpp"
#include "common/program/drawing_record.hpp"
#include "common/program/image_range.hpp"
#include "support/environment.hpp"

namespace {

using examples::image_range;
using examples::shard;
using ranges = std::vector<image_range>;
using variables = std::map<std::string, std::string>;

std::optional<shard> shard_of(variables const& set) {
  return examples::shard_of_environment([&](char const* name) {
    auto const found = set.find(name);
    return found == set.end() ? nullptr : found->second.c_str();
  });
}

void check_taken(variables const& set, int index, int count, std::string const& from) {
  std::optional<shard> const found = shard_of(set);
  REQUIRE(found);
  CHECK(found->index == index);
  CHECK(found->count == count);
  CHECK(bad_input::has(found->from, from));
}

void check_refused(variables const& set, std::string const& variable) {
  static_cast<void>(bad_input::complaint(variable, [&] { static_cast<void>(shard_of(set)); }));
}

examples::drawing_record record(std::string const& seed, int images = 20) {
  return {"test", {{"--seed", seed}}, images, {}};
}

std::vector<int> const labels = [] {
  std::vector<int> all;
  for (int i = 0; i < 20; ++i) all.push_back(i % 7);
  return all;
}();

examples::part_folder open(std::filesystem::path const& folder, image_range mine, std::string const& seed = "1",
                           std::vector<int> const& kinds = labels) {
  record(seed).begin({folder});
  return {folder, record(seed), {2, 3, 1, 2, 1}, "labels", kinds, mine};
}

void write(examples::part_folder const& to, image_range images) {
  std::vector<float> tokens;
  std::vector<std::uint8_t> pictures;
  for (int i = images.first; i < images.end(); ++i)
    for (int j = 0; j < 6; ++j) {
      tokens.push_back(static_cast<float>(10 * i + j));
      if (j < 2) pictures.push_back(static_cast<std::uint8_t>(10 * i + j));
    }
  to.write(images.first, tokens, pictures);
}

}  // namespace

TEST_CASE("shard: all shards together have each image once, and as many as any other up to one") {
  for (int const images : {0, 1, 7, 50, 50'000, 1'000'000})
    for (int const count : {1, 2, 3, 7, 64, 1000}) {
      int next = 0;
      for (int index = 0; index < count; ++index) {
        image_range const mine = shard{index, count, {}}.of(images);
        CHECK(mine.first == next);
        CHECK((mine.count == images / count || mine.count == images / count + 1));
        next = mine.end();
      }
      CHECK(next == images);
    }
  CHECK(shard{999'999, 1'000'000, {}}.of(1'000'000) == image_range{999'999, 1});
}

TEST_CASE("shard: what is missing, and its batches") {
  CHECK(examples::without({5, 10}, {}) == ranges{{5, 10}});
  CHECK(examples::without({5, 10}, {{0, 20}}) == ranges{});
  CHECK(examples::without({5, 0}, {{0, 20}}) == ranges{});
  CHECK(examples::without({5, 10}, {{0, 7}, {7, 1}, {10, 2}, {14, 3}}) == ranges{{8, 2}, {12, 2}});
  CHECK(examples::batches_of({{8, 2}, {12, 5}, {20, 1}}, 2) == ranges{{8, 2}, {12, 2}, {14, 2}, {16, 1}, {20, 1}});
  CHECK(examples::batches_of({}, 4) == ranges{});
  CHECK(examples::images_in({{8, 2}, {12, 5}}) == 7);
  CHECK(examples::common_part({0, 5}, {5, 5}).count == 0);
}

TEST_CASE("shard: i/n on the command line") {
  CHECK(examples::parse_shard("0/1").count == 1);
  CHECK(examples::parse_shard("7/8").index == 7);
  for (char const* text : {"", "1", "/", "1/", "/2", "2/2", "-1/2", "0/0", "1/2/3", "1 /2", "0x1/2", "1/9999999"})
    static_cast<void>(bad_input::complaint("--shard", [&] { static_cast<void>(examples::parse_shard(text)); }));
}

TEST_CASE("shard: the variables of MPI and Slurm") {
  CHECK(!shard_of({}));
  CHECK(!shard_of({{"HOME", "/"}, {"SLURM_JOB_ID", "12"}}));
  check_taken({{"OMPI_COMM_WORLD_RANK", "1"}, {"OMPI_COMM_WORLD_SIZE", "4"}}, 1, 4, "OMPI_COMM_WORLD_RANK 1");
  check_taken({{"PMI_RANK", "0"}, {"PMI_SIZE", "1"}}, 0, 1, "PMI_SIZE 1");
  check_taken({{"SLURM_PROCID", "63"}, {"SLURM_NTASKS", "64"}}, 63, 64, "SLURM_NTASKS 64");
  // mpirun inside a job of Slurm: the job's variables are the same in all processes
  variables both{{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "8"}, {"PMI_RANK", "2"}, {"PMI_SIZE", "3"}};
  check_taken(both, 2, 3, "PMI_RANK");
  both["OMPI_COMM_WORLD_RANK"] = "5";
  both["OMPI_COMM_WORLD_SIZE"] = "6";
  check_taken(both, 5, 6, "OMPI_COMM_WORLD_RANK");
  // no task that srun started: a job's script, salloc's shell
  CHECK(!shard_of({{"SLURM_PROCID", "0"}}));
  CHECK(!shard_of({{"SLURM_NTASKS", "8"}}));
}

TEST_CASE("shard: variables that contradict each other, or are no numbers") {
  check_refused({{"OMPI_COMM_WORLD_RANK", "1"}}, "OMPI_COMM_WORLD_SIZE");
  check_refused({{"OMPI_COMM_WORLD_SIZE", "2"}}, "OMPI_COMM_WORLD_RANK");
  check_refused({{"PMI_RANK", "2"}, {"PMI_SIZE", "2"}}, "PMI_RANK");
  check_refused({{"PMI_RANK", "0"}, {"PMI_SIZE", "0"}}, "PMI_SIZE");
  check_refused({{"PMI_RANK", ""}, {"PMI_SIZE", "2"}}, "PMI_RANK");
  check_refused({{"SLURM_PROCID", "one"}, {"SLURM_NTASKS", "2"}}, "SLURM_PROCID");
  check_refused({{"SLURM_PROCID", "-1"}, {"SLURM_NTASKS", "2"}}, "SLURM_PROCID");
  check_refused({{"SLURM_PROCID", "3"}}, "SLURM_NTASKS");
}

TEST_CASE("part_folder: what was written is found and read, also by another shard") {
  test::temporary_folder const folder;
  examples::part_folder const all = open(folder.path(), {0, 20});
  CHECK(all.found().empty());
  write(all, {0, 4});
  write(all, {6, 6});
  examples::part_folder const some = open(folder.path(), {2, 6});
  REQUIRE(some.found() == ranges{{2, 2}, {6, 2}});
  examples::part_content const read = some.read({6, 2});
  CHECK(read.tokens == std::vector<float>{60, 61, 62, 63, 64, 65, 70, 71, 72, 73, 74, 75});
  CHECK(read.pictures == std::vector<std::uint8_t>{60, 61, 70, 71});
  CHECK(open(folder.path(), {12, 8}).found().empty());
}

TEST_CASE("part_folder: of unfinished files it removes those of its own images") {
  test::temporary_folder const folder;
  record("1").begin({folder.path()});
  for (char const* name : {".ardent-12-3-images-000004-000005.safetensors.tmp",
                           ".ardent-12-4-images-000003-000004.safetensors.tmp", ".ardent-1-0-note.tmp"})
    bad_input::put(folder / name, "half");
  open(folder.path(), {4, 8}).tidy();
  CHECK(!std::filesystem::exists(folder / ".ardent-12-3-images-000004-000005.safetensors.tmp"));
  CHECK(folder.entries() == 3);  // the other two, and drawing.json
}

TEST_CASE("part_folder: what is refused") {
  test::temporary_folder const folder;
  write(open(folder.path(), {0, 20}), {4, 4});
  std::filesystem::path const part = folder / "images-000004-000007.safetensors";
  std::string const whole = bad_input::get(part);
  auto const complaint = [&](std::filesystem::path const& about, auto const& open_it) {
    return bad_input::complaint(about, [&] { static_cast<void>(open_it()); });
  };
  auto const opened = [&] { return open(folder.path(), {0, 20}); };

  // cut off, or under another name; who has none of its images does not read it
  bad_input::put(part, std::string_view(whole).substr(0, whole.size() - 1));
  complaint(part, opened);
  CHECK(open(folder.path(), {8, 12}).found().empty());
  bad_input::put(part, whole);
  std::filesystem::path const other = folder / "images-000005-000008.safetensors";
  std::filesystem::rename(part, other);
  CHECK(bad_input::has(complaint(other, opened), "first_image 5"));
  std::filesystem::rename(other, folder / "images-000004-000006.safetensors");
  complaint(folder / "images-000004-000006.safetensors", opened);
  std::filesystem::rename(folder / "images-000004-000006.safetensors", folder / "images-000018-000021.safetensors");
  CHECK(bad_input::has(complaint(folder / "images-000018-000021.safetensors", opened), "images up to 20"));
  std::filesystem::rename(folder / "images-000018-000021.safetensors", part);

  // twice, wherever that is
  std::filesystem::copy(part, folder / "images-000007-000010.safetensors");
  CHECK(bad_input::has(
      complaint(folder / "images-000007-000010.safetensors", [&] { return open(folder.path(), {15, 2}); }),
      "image 7 in images-000004-000007.safetensors too"));
  std::filesystem::remove(folder / "images-000007-000010.safetensors");

  // of another drawing
  CHECK(bad_input::has(complaint(folder / "drawing.json", [&] { return open(folder.path(), {0, 20}, "2"); }),
                       "expected --seed 1, as the drawing begun there has it, found --seed 2"));
  CHECK(bad_input::has(complaint(part, [&] { return open(folder.path(), {0, 20}, "1", std::vector<int>(20, 1)); }),
                       "labels"));
  // by somebody who means no good: one line, no longer than a person reads
  bad_input::put(folder / "drawing.json", "{\"a\\n" + std::string(5000, 'b') + "\": 1}");
  std::string const told = complaint(folder / "drawing.json", [&] { return open(folder.path(), {0, 20}, "1"); });
  CHECK(told.find('\n') == std::string::npos);
  CHECK(told.size() < 500);
  std::filesystem::remove(folder / "drawing.json");
  CHECK(bad_input::has(complaint(part, [&] { return open(folder.path(), {0, 20}, "2"); }), "those of another"));
}
