// SPDX-License-Identifier: Apache-2.0
//
// Which images of a drawing a process has, when many processes share them: by --shard, or by what MPI or Slurm say of
// the process. Noise and labels are those of an image's index in the whole drawing, so nothing else depends on it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "image_range.hpp"

namespace examples {

/// @brief One of several processes that share a drawing.
struct shard {
  int index = 0;     ///< which one, in [0, count)
  int count = 1;     ///< of how many, at least 1
  std::string from;  ///< where that was said, for messages: "--shard", or the variables and their values

  /// @brief Its images of a drawing: consecutive, up to one as many as any other shard's; together all, each once.
  /// @param images  of the whole drawing, at least 0
  [[nodiscard]] image_range of(int images) const noexcept;
};

/// @brief Reads "i/n", i from 0 to n - 1.
/// @throws input_error naming --shard if it is anything else
[[nodiscard]] shard parse_shard(std::string_view text);

/// @brief Looks an environment variable up; null if it is not there.
using variable_reader = std::function<char const*(char const*)>;

/// @brief What the engine that started this process says: the first that is there of OMPI_COMM_WORLD_RANK and _SIZE
/// (Open MPI), PMI_RANK and PMI_SIZE (MPICH and others), SLURM_PROCID and SLURM_NTASKS (srun). A process that mpirun
/// started inside a Slurm job has Slurm's too, of the job; MPI's are its own.
///
/// Of Slurm's, SLURM_NTASKS alone (a shell that salloc opened) and SLURM_PROCID 0 alone (the script of a job that names
/// no number of tasks) are no tasks that srun started.
/// @param variable  reads a variable
/// @return nothing if no engine started it
/// @throws input_error naming the variable if one of a pair lacks, is no number, or the rank is not below the size
[[nodiscard]] std::optional<shard> shard_of_environment(variable_reader const& variable);

}  // namespace examples
