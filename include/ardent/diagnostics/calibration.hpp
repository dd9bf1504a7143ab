// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief From measured errors to an annealing: how a budget of denoising steps is best shared by the AR steps.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <queue>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace ardent {
inline namespace v0 {
namespace diagnostics {

/// @brief An error that falls with the number of steps K as c K^-p.
struct power_law {
  double c = 0;  ///< the error of one step, at least 0
  double p = 1;  ///< the order it falls with, above 0
  /// @brief The error at K steps, K at least 1.
  double operator()(double steps) const { return c * std::pow(steps, -p); }
};

/// @brief The power law through measured errors: a straight line through log e over log K, by least squares.
///
/// Errors that are not above 0 (an unbiased distance near its floor) have no logarithm and are left out. A slope
/// outside [lowest, highest] is put at that bound and c fitted to it: noise can make an error seem to grow with K, and
/// a schedule must not follow that.
/// @param steps   K of each measurement, at least 1
/// @param errors  as many
/// @param lowest,highest  bounds of p
/// @throws std::invalid_argument if sizes differ, a number is out of range, or fewer than two errors at different K are
///         above 0
inline power_law fit_power_law(std::span<int const> steps, std::span<double const> errors, double lowest = 0.25,
                               double highest = 4) {
  const auto refuse = [](std::string const& expected, std::string const& found) {
    throw std::invalid_argument("ardent::diagnostics::fit_power_law: expected " + expected + ", found " + found);
  };
  if (steps.size() != errors.size())
    refuse("an error for each number of steps", std::to_string(steps.size()) + " and " + std::to_string(errors.size()));
  if (!(lowest > 0 && lowest <= highest))
    refuse("bounds of p above 0, in order", std::to_string(lowest) + " and " + std::to_string(highest));
  double count = 0, x_mean = 0, y_mean = 0;
  std::vector<std::pair<double, double>> points;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (steps[i] < 1) refuse("at least 1 step", std::to_string(steps[i]));
    if (!(errors[i] > 0) || !std::isfinite(errors[i])) continue;
    points.emplace_back(std::log(static_cast<double>(steps[i])), std::log(errors[i]));
    count += 1;
    x_mean += points.back().first;
    y_mean += points.back().second;
  }
  double xx = 0, xy = 0;
  for (auto& [x, y] : points) {
    x -= x_mean / count;
    y -= y_mean / count;
    xx += x * x;
    xy += x * y;
  }
  if (points.size() < 2 || !(xx > 0))
    refuse("errors above 0 at two different numbers of steps at least", std::to_string(points.size()) + " above 0");
  power_law law;
  law.p = std::clamp(-xy / xx, lowest, highest);
  law.c = std::exp(y_mean / count + law.p * x_mean / count);
  return law;
}

/// @brief What an AR step costs and spoils.
struct ar_step_error {
  power_law law;      ///< its error at K steps
  double weight = 1;  ///< how much of that error the image feels, at least 0: tokens times sensitivity
  double cost = 1;    ///< what one denoising step costs there, above 0: 1, or the tokens it draws
};

/// @brief How many denoising steps each AR step gets, and what they cost and spoil together.
struct allotted {
  std::vector<int> steps;  ///< one for each AR step
  double error = 0;        ///< sum over AR steps of weight * law(steps)
  double cost = 0;         ///< sum over AR steps of cost * steps
};

namespace detail {

inline void check_allotment(char const* where, std::span<ar_step_error const> ar_steps, int least, int most) {
  const auto refuse = [where](std::string const& expected, std::string const& found) {
    throw std::invalid_argument("ardent::diagnostics::" + std::string(where) + ": expected " + expected + ", found " +
                                found);
  };
  if (ar_steps.empty()) refuse("at least 1 AR step", "none");
  if (least < 1 || most < least)
    refuse("1 <= least <= most steps", std::to_string(least) + " and " + std::to_string(most));
  for (auto const& a : ar_steps)
    if (!(a.law.c >= 0 && a.law.p > 0 && a.weight >= 0 && a.cost > 0) || !std::isfinite(a.law.c * a.weight * a.cost))
      refuse("c and weight of at least 0, p and cost above 0",
             std::to_string(a.law.c) + ", " + std::to_string(a.weight) + ", " + std::to_string(a.law.p) + " and " +
                 std::to_string(a.cost));
}

/// Gives steps one by one to where the next one gains most for its cost: those with which `fits(cost)` is true, until
/// `enough(allotted)`. With convex errors and equal costs no other allotment of that cost has a smaller error.
template <class Fits, class Enough>
allotted allot_greedily(std::span<ar_step_error const> ar_steps, int least, int most, Fits const& fits,
                        Enough const& enough) {
  allotted out;
  out.steps.assign(ar_steps.size(), least);
  using entry = std::pair<double, std::size_t>;
  std::priority_queue<entry> gains;
  const auto offer = [&](std::size_t i) {
    auto const& a = ar_steps[i];
    const int now = out.steps[i];
    if (now < most) gains.emplace(a.weight * (a.law(now) - a.law(now + 1)) / a.cost, i);
  };
  for (std::size_t i = 0; i < ar_steps.size(); ++i) {
    out.error += ar_steps[i].weight * ar_steps[i].law(least);
    out.cost += ar_steps[i].cost * least;
    offer(i);
  }
  while (!gains.empty() && !enough(out)) {
    const std::size_t i = gains.top().second;
    gains.pop();
    auto const& a = ar_steps[i];
    if (!fits(out.cost + a.cost)) continue;  // a cheaper AR step may still fit
    out.error += a.weight * (a.law(out.steps[i] + 1) - a.law(out.steps[i]));
    out.cost += a.cost;
    ++out.steps[i];
    offer(i);
  }
  return out;
}

}  // namespace detail

/// @brief The steps that make the total error small under a budget: at equal costs the smallest there is, else at most
/// what one more step could gain away from it.
/// @param ar_steps  what each costs and spoils
/// @param budget    most that cost * steps may sum to
/// @param least     fewest steps of an AR step, at least 1
/// @param most      most steps of an AR step
/// @throws std::invalid_argument if a number is out of range, or the budget does not pay for `least` everywhere
inline allotted least_error(std::span<ar_step_error const> ar_steps, double budget, int least = 1, int most = 1000) {
  detail::check_allotment("least_error", ar_steps, least, most);
  double needed = 0;
  for (auto const& a : ar_steps) needed += a.cost * least;
  const double slack = 1e-9 * std::fabs(budget);  // sums of costs are rounded
  if (!(needed <= budget + slack))
    throw std::invalid_argument("ardent::diagnostics::least_error: expected a budget of at least " +
                                std::to_string(needed) + " for " + std::to_string(least) + " steps everywhere, found " +
                                std::to_string(budget));
  return detail::allot_greedily(
      ar_steps, least, most, [&](double cost) { return cost <= budget + slack; },
      [](allotted const&) { return false; });
}

/// @brief The steps that make the cost small with a total error of at most `error`.
/// @throws std::invalid_argument if a number is out of range, or `most` steps everywhere have a larger error
inline allotted least_cost(std::span<ar_step_error const> ar_steps, double error, int least = 1, int most = 1000) {
  detail::check_allotment("least_cost", ar_steps, least, most);
  double reached = 0;
  for (auto const& a : ar_steps) reached += a.weight * a.law(most);
  if (!(reached <= error))
    throw std::invalid_argument("ardent::diagnostics::least_cost: expected an error of at least " +
                                std::to_string(reached) + ", which " + std::to_string(most) +
                                " steps everywhere have, found " + std::to_string(error));
  return detail::allot_greedily(
      ar_steps, least, most, [](double) { return true; }, [&](allotted const& now) { return now.error <= error; });
}

/// @brief The annealing as a C++ type to paste: annealing::table<50, 41, ...>, in annealing::rising where it rises.
inline std::string annealing_type(std::span<int const> steps) {
  std::string numbers;
  for (const int k : steps) numbers += (numbers.empty() ? "" : ", ") + std::to_string(k);
  const std::string table = "ardent::annealing::table<" + numbers + ">";
  return std::is_sorted(steps.rbegin(), steps.rend()) ? table : "ardent::annealing::rising<" + table + ">";
}

}  // namespace diagnostics
}  // namespace v0
}  // namespace ardent
