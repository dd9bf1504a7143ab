// SPDX-License-Identifier: Apache-2.0
//
// Models that tell how long their backbone takes, which is what is left of a drawing beside the head, and how many of
// the head's outputs were no finite numbers.
#pragma once

#include <ardent/model.hpp>
#include <ardent/prediction.hpp>

#include <chrono>

namespace examples {

/// @brief Adds the time of its scope to a number of seconds.
class stopwatch {
 public:
  /// @param seconds outlives it
  explicit stopwatch(double& seconds) : seconds_(seconds) {}
  stopwatch(stopwatch const&) = delete;
  stopwatch& operator=(stopwatch const&) = delete;
  ~stopwatch() { seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  double& seconds_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// @brief A model that measures the time its backbone takes and counts. Models ardent::ar_model if Model does.
template <class Model>
class timed_model {
 public:
  /// @param model outlives it
  /// @param seconds incremented by each call of condition()
  /// @param nonfinite incremented for each output of its denoiser that is infinite or NaN, by all threads; null: not
  timed_model(Model& model, double& seconds, unsigned long long* nonfinite = nullptr)
      : model_(model), seconds_(seconds), nonfinite_(nonfinite) {}
  /// @brief Tokens of an image.
  [[nodiscard]] int sequence_length() const { return model_.sequence_length(); }
  /// @brief The model's denoiser.
  [[nodiscard]] auto denoiser() const { return model_.denoiser().counting(nonfinite_); }
  /// @brief The model's conditions.
  template <class Executor>
  void condition(Executor const& executor, ardent::ar_step_view const& view, float* z) {
    stopwatch const timed(seconds_);
    model_.condition(executor, view, z);
  }

 private:
  Model& model_;
  double& seconds_;
  unsigned long long* nonfinite_;
};

/// @brief The same for an ardent::batched_ar_model.
template <class Model>
class timed_batched_model {
 public:
  static constexpr ardent::prediction predicted = Model::predicted;  ///< as the model says

  /// @param model outlives it
  /// @param seconds incremented by each call of condition()
  timed_batched_model(Model& model, double& seconds) : model_(model), seconds_(seconds) {}
  /// @brief Tokens of an image.
  [[nodiscard]] int sequence_length() const { return model_.sequence_length(); }
  /// @brief The network's shape.
  [[nodiscard]] auto network() const { return model_.network(); }
  /// @brief The model's conditions.
  template <class Executor>
  void condition(Executor const& executor, ardent::ar_step_view const& view) {
    stopwatch const timed(seconds_);
    model_.condition(executor, view);
  }
  /// @brief The network.
  template <class Executor>
  void evaluate(Executor const& executor, ardent::ar_step_view const& view, ardent::time_point const& time,
                float const* input, float* output) {
    model_.evaluate(executor, view, time, input, output);
  }

 private:
  Model& model_;
  double& seconds_;
};

}  // namespace examples
