// The instruction sets that the lane kernels are compiled for, and the one to use.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace ranvier {

/// In rising order. On other architectures than x86-64 there is the base only.
enum class Isa : std::uint8_t {
    kBase,  // what every processor of the architecture has
    kV3,    // x86-64-v3: AVX2 and FMA
    kV4,    // x86-64-v4: AVX-512
};

/// "base", "v3" or "v4".
std::string_view name(Isa isa);

/// What this build holds kernels for, in rising order.
std::vector<Isa> built_isas();

/// The highest that both this processor and this build have.
Isa best_isa();

/// The environment's RANVIER_ISA if that is set, else the best. Reads it at each call; throws
/// ModelError if it names nothing, or what cannot run here.
Isa chosen_isa();

}  // namespace ranvier
