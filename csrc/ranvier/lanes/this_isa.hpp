// The level that a file is being compiled for.
#pragma once

#include "ranvier/lanes/isa.hpp"
#include "ranvier/lanes/pack.hpp"

namespace ranvier {
inline namespace RANVIER_ISA_NAMESPACE {

#if !defined(RANVIER_ISA_EXTRA)
inline constexpr Isa kThisIsa = Isa::kBase;
#elif RANVIER_VECTOR_BYTES == 64
inline constexpr Isa kThisIsa = Isa::kV4;
#else
inline constexpr Isa kThisIsa = Isa::kV3;
#endif

}  // namespace RANVIER_ISA_NAMESPACE
}  // namespace ranvier
