// How many lanes there are: the one fact of lanes/pack.hpp that code outside the kernels needs.
#pragma once

#include <cstddef>

namespace ranvier {

/// Numbers in a pack. The same at every instruction set, so that arrays have one layout everywhere.
inline constexpr std::size_t kLanes = 8;

}  // namespace ranvier
