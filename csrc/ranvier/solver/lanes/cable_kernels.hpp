// The passes over one block of a cable, and over the links of some packs, as plain functions that
// exist once per instruction set.
//
// Stage by stage this is rosenbrock2 (see methods/rosenbrock2.cpp), with u1 and u2 its two stages:
// eliminate, [small system], second, [small system], finish, apply, and for internodes links.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ranvier/lanes/isa.hpp"
#include "ranvier/lanes/lanes.hpp"
#include "ranvier/mechanisms/lane_kernels.hpp"
#include "ranvier/solver/lanes/ion_kernels.hpp"

namespace ranvier {

/// One block. Pointers are to its first slot (what lies below the rows) unless said otherwise.
template <class Real>
struct CableBlock {
    std::size_t rows;
    std::size_t ragged;
    const Real* first_row;           // per lane: the slot of its first row, 1 or more
    const Real* inverse_tau_per_ms;  // per lane
    PackColumn<Real> capacitance_nF;
    const Real* coupling_uS;  // to the slot below
    Real* v_mV;
    LaneSums<Real> sums;
    Real* inverse_uS;  // of the pivots
    Real* fill_uS;     // coupling to what lies below the run, as elimination brings it up
    Real* first_mV;    // current, then u1, then v + u1 where there are links
    Real* second_mV;   // current, then u2
    Real* stored_uS;   // what of u1 comes back in the second stage
    // Per lane: the last row after elimination, and what goes to the row below the run.
    Real* top_uS;
    Real* top_nA;
    Real* top_fill_uS;
    Real* below_uS;
    Real* below_nA;
    // Per lane: what the small system says of the last row and of the row below.
    const Real* top_mV;
    const Real* below_mV;
    // Only where there are links; by the slot of a link's lower end.
    bool has_links;
    const Real* link_leak_uS;  // by row: what links take of v beyond the couplings
    const Real* link_lower_nA;
    const Real* link_upper_nA;
    const Real* link_lower_echo;
    const Real* link_upper_echo;
    const Real* link_lower_uS_ms;
    const Real* link_upper_uS_ms;
    const Real* link_across_uS_ms;
    // Only where spikes are looked for.
    PackColumn<Real> threshold_mV;
    std::uint8_t* has_crossed;  // [slot]: a bit per lane
    /// Per lane, or null: apply() raises it to the largest |u1 - g u2| of the potentials, which is
    /// how far they were from going straight.
    Real* bend_mV;
};

/// What apply() saw.
struct Seen {
    bool is_unsound;  // a potential that is not finite or beyond the limit
    bool has_crossing;
};

/// Packs of links with their modes: z' = -rate z + lower u_lower + upper u_upper.
template <class Real>
struct LinkPacks {
    std::size_t size;
    std::size_t modes;         // of each pack, padded with zeros
    std::size_t even;          // of mirrored ones
    bool is_mirrored;          // all of them, with as many even modes
    const std::int32_t* slot;  // [k]: of the lower end, in packs
    const std::int32_t* kind;  // [k]: which constants
    Real* state;               // [k][half][mode]
    std::size_t halves;        // 2 where the modes before the step are kept, else 1
    std::uint8_t* half;        // [k]: the half with the modes as they are; a step turns it over
    const Real* constants;     // [kind][mode][kLinkConstants or kMirroredConstants]
    const std::int32_t* rest;  // [k]: which of
    const Real* rest_nA;       // [rest][2]: lower, upper
    const Real* v_mV;          // by slot: after the step
    const Real* first_mV;      // by slot: v + u1
    Real* lower_nA;            // by slot, overwritten
    Real* upper_nA;
    Real* lower_echo;
    Real* upper_echo;
    // Only where spikes are looked for under the sheath; see WatchedLinks.
    const Real* reach;      // [kind][mode]: the most that any potential changes with the mode
    Real* moved_mV;         // [k]: more by what potentials may have changed in the step
    const Real* limit_mV;   // [k]
    std::uint8_t* is_worn;  // [k]: kWorn where some lane has come to its limit
};

/// Why a pack of links is to be looked at.
inline constexpr std::uint8_t kWorn = 1;     // steps have led so far
inline constexpr std::uint8_t kAltered = 2;  // its modes were changed otherwise

/// Spikes under the sheath. Potentials there cost more to find from the modes than all the rest of
/// a link does, so that they are found only where one may have come to its threshold. What the
/// modes have changed by adds up, in `moved_mV`, to the most that any potential of a lane can have
/// moved. A compartment has a limit for it: where it stood when the potential was found last, and
/// how far that was from its threshold. Until then it cannot have passed, so that nothing is
/// missed. Those beside the nodes come there far more often than the others, and are found by
/// themselves.
template <class Real>
struct WatchedLinks {
    std::size_t size;
    std::size_t modes;
    std::size_t even;
    bool is_mirrored;
    const std::int32_t* kind;
    const Real* state;  // as in LinkPacks
    std::size_t halves;
    const std::uint8_t* half;
    const Real* reach;
    Real* moved_mV;                 // [k], begins again where all are looked at
    Real* limit_mV;                 // [k]: the least of its compartments
    Real* own_limit_mV;             // [k][compartment], of mirrored ones for a pair of them
    Real* rounding_mV;              // [k]: what may be lost in a sum over modes
    std::uint8_t* is_worn;          // [k]: which packs to look at; cleared
    const Real* basis;              // [kind][compartment][mode], of mirrored ones the first half
    const std::int32_t* rest;       // [k]: which of
    const Real* rest_mV;            // [rest][compartment]
    PackColumn<Real> threshold_mV;  // [k][compartment]
    std::uint8_t* is_below;         // [k][compartment]: a bit per lane, since they were looked at
    std::uint8_t* has_crossed;      // [k][compartment]: the same; none before, and left alone where
                                    // nobody looks
    std::uint8_t* has_any;          // [k]: some bit of has_crossed, written where there is one
};

/// Potentials of sheathed compartments that somebody wants to see, one of each lane of a pack.
template <class Real>
struct LinkReads {
    std::size_t size;
    std::size_t modes;
    const std::uint32_t* pack;    // [read]
    const std::uint32_t* basis;   // [read]: which of those below
    const std::uint32_t* last;    // [read]: where its places end
    const std::uint8_t* lane;     // [place]
    const std::uint32_t* column;  // [place]: where to
    const Real* state;            // as in LinkPacks, of all packs
    std::size_t halves;
    const std::uint8_t* half;
    const Real* of_mode;  // [basis][1 + mode]: the potential with all modes 0, then per mode
    double* to;           // [column]
};

/// decay, second, first, current, echo.
inline constexpr std::size_t kMirroredConstants = 5;
/// decay, then second, first, current and echo for the lower end, then for the upper.
inline constexpr std::size_t kLinkConstants = 9;

template <class Real>
struct CableKernels {
    void (*eliminate)(const CableBlock<Real>& block) noexcept;
    void (*second)(const CableBlock<Real>& block) noexcept;
    void (*finish)(const CableBlock<Real>& block) noexcept;
    Seen (*apply)(const CableBlock<Real>& block) noexcept;
    /// Moves the modes and sums up what they mean to the rows in the next step. With `moves` false
    /// only the sums.
    void (*links)(const LinkPacks<Real>& links, bool moves) noexcept;
    /// Looks at worn packs. Whether a compartment has come up to its threshold.
    bool (*watch)(const WatchedLinks<Real>& links) noexcept;
    void (*read)(const LinkReads<Real>& reads) noexcept;
    IonKernels<Real> ions;
};

/// At most this, or a run has diverged: no membrane survives a fraction of it, and no electrode in
/// the field imposes it.
inline constexpr double kLargestPotential_mV = 1e4;

/// Called by the kernel files; not for others.
void register_cable_kernels(Isa isa, const CableKernels<double>& in_double,
                            const CableKernels<float>& in_single);

/// Null where this build has no kernels of that level.
template <class Real>
const CableKernels<Real>* find_cable_kernels(Isa isa) noexcept;

}  // namespace ranvier
