// SPDX-License-Identifier: Apache-2.0
//
// Plots by gnuplot, which draws; what stands here is what to draw.
#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "common/error.hpp"
#include "measurements.hpp"

namespace examples::profile {
namespace {

namespace fs = std::filesystem;

using value = std::function<std::optional<double>(ar_step_row const&)>;

/// A curve over AR steps.
struct curve {
  std::string name;
  value at;
};

/// One of the six pictures.
struct panel {
  std::string title, axis;
  std::vector<curve> curves;
  std::string options;  // before it is drawn
};

value optional_share(std::optional<variance_row> ar_step_row::* member) {
  return [member](ar_step_row const& row) {
    return row.*member ? std::optional<double>((row.*member)->share) : std::nullopt;
  };
}

std::vector<panel> panels_of(measurements const& all) {
  std::vector<panel> panels;
  panels.push_back({"Token variance",
                    "share of the marginal variance",
                    {{"real prefix", optional_share(&ar_step_row::real)},
                     {"own prefix", [](ar_step_row const& row) { return row.generated.share; }}},
                    "set yrange [0:*]"});
  panels.push_back({"Straightness",
                    "cosine",
                    {{"score, ODE path", [](ar_step_row const& row) { return row.ode.score; }},
                     {"velocity, ODE path", [](ar_step_row const& row) { return row.ode.velocity; }},
                     {"score, own path", [](ar_step_row const& row) { return row.own.score; }},
                     {"velocity, own path", [](ar_step_row const& row) { return row.own.velocity; }}},
                    "set yrange [*:1]"});
  panels.push_back({"Predictability: " + all.prediction,
                    "R^2, images held out",
                    {{"", [](ar_step_row const& row) { return row.predictability; }}},
                    "set yrange [*:1]"});
  panel errors{
      "Error of few steps", "energy distance to K = " + std::to_string(all.how.reference_steps), {}, "set logscale y"};
  panel halving{"K against 2K steps of the ODE", "root mean square distance", {}, "set logscale y"};
  for (std::size_t k = 0; k < all.how.error_steps.size(); ++k) {
    const auto name = [&](int steps) { return "K = " + std::to_string(steps); };
    if (k < all.rows.front().errors.size())
      errors.curves.push_back({name(all.rows.front().errors[k].steps), [k](ar_step_row const& row) {
                                 // an unbiased distance near its floor may be below 0, where a logarithm is not
                                 return row.errors[k].energy > 0 ? std::optional<double>(row.errors[k].energy)
                                                                 : std::nullopt;
                               }});
    if (k < all.rows.front().halving.size())
      halving.curves.push_back(
          {name(all.rows.front().halving[k].steps), [k](ar_step_row const& row) { return row.halving[k].distance; }});
  }
  panels.push_back(errors);
  panels.push_back(halving);
  panels.push_back({"Time",
                    "seconds of " + std::to_string(all.how.pairs) + " images",
                    {{"head", [](ar_step_row const& row) { return row.head_seconds; }},
                     {"backbone", [](ar_step_row const& row) { return row.backbone_seconds; }}},
                    "set yrange [0:*]"});
  return panels;
}

std::string quoted(std::string const& text) {
  std::string made = "'";
  for (const char c : text) made += c == '\'' ? std::string("''") : std::string(1, c);
  return made + "'";
}

std::string number_of(double x) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", x);
  return text;
}

/// True if there is something to plot.
bool has_values(curve const& one, std::vector<ar_step_row> const& rows) {
  for (ar_step_row const& row : rows)
    if (one.at(row)) return true;
  return false;
}

std::string script(measurements const& all, std::string const& terminal, fs::path const& file) {
  std::string text = "set terminal " + terminal + "\nset output " + quoted(file.string()) +
                     "\nset multiplot layout 2,3 title " +
                     quoted(all.system + ", " + all.model + "; guidance " + number_of(all.guidance_scale)) +
                     " noenhanced\nset grid\nset key below\nset xlabel 'AR step'\nset style data linespoints\n";
  int number = 0;
  for (panel const& one : panels_of(all)) {
    std::vector<std::string> plots;
    for (curve const& line : one.curves) {
      if (!has_values(line, all.rows)) continue;
      const std::string data = "$d" + std::to_string(number++);
      text += data + " << EOD\n";
      for (ar_step_row const& row : all.rows)
        if (const auto y = line.at(row)) text += std::to_string(row.ar_step) + " " + number_of(*y) + "\n";
      text += "EOD\n";
      plots.push_back(data + " using 1:2 " + (line.name.empty() ? "notitle" : "title " + quoted(line.name)) +
                      " pointtype 7 pointsize 0.5");
    }
    if (plots.empty()) {
      text += "set multiplot next\n";
      continue;
    }
    text += "unset logscale\nset autoscale\nset xrange [0:" + std::to_string(std::max(1, all.rows.back().ar_step)) +
            "]\nset title " + quoted(one.title) + "\nset ylabel " + quoted(one.axis) + "\n" + one.options + "\nplot ";
    for (std::size_t i = 0; i < plots.size(); ++i) text += (i == 0 ? "" : ", ") + plots[i];
    text += "\n";
  }
  return text + "unset multiplot\nset output\n";
}

/// Has gnuplot run a script, and puts what it wrote in its place.
void run(std::string const& text, fs::path const& partial, fs::path const& file) {
  std::signal(SIGPIPE, SIG_IGN);  // a shell that finds no gnuplot reads nothing
  std::FILE* const gnuplot = popen("gnuplot", "w");
  const bool written = gnuplot != nullptr && std::fwrite(text.data(), 1, text.size(), gnuplot) == text.size();
  const int status = gnuplot == nullptr ? -1 : pclose(gnuplot);
  std::error_code error;
  if (!written || status != 0 || !fs::exists(partial, error)) {
    fs::remove(partial, error);
    fail("--plot", "the program gnuplot (Debian's gnuplot-nox), and that it can write " + printable_path(file),
         "none, or it failed");
  }
  fs::rename(partial, file, error);
  if (error) fail(file, "a file that can be written", error.message());
}

}  // namespace

void plot(measurements const& all, std::string const& stem) {
  const std::pair<std::string, std::string> kinds[] = {{".svg", "svg size 1500,850 font 'sans,11' background 'white'"},
                                                       {".png", "pngcairo size 1500,850 font 'sans,11'"}};
  const std::string unfinished = stem + ".partial";
  for (auto const& [ending, terminal] : kinds) {
    const fs::path file = stem + ending, partial = unfinished + ending;
    run(script(all, terminal, partial), partial, file);
  }
}

}  // namespace examples::profile
