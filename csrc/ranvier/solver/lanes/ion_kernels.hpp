// What a step in lanes does beside for ions that accumulate: the charge of each current, and what
// the sheathed compartments between two rows are told of concentrations.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ranvier/mechanisms/lane_kernels.hpp"

namespace ranvier {

/// The part that one mechanism has in the sums of a block. Pointers are to its first slot.
template <class Real>
struct OwnSums {
    std::size_t size;          // packs
    const std::int32_t* pack;  // as LaneRows has them
    LaneSums<Real> sums;       // zero between two steps
    Real* charge_pC;           // outward
};

/// What the rows of a block did in a step.
template <class Real>
struct RowStages {
    std::size_t rows;
    const Real* v_mV;  // before it
    const Real* u1_mV;
    const Real* u2_mV;
    double dt_ms;
};

/// Packs of links whose membrane currents follow concentrations that stand still for a while.
/// Those are a constant source, which shifts what the modes decay to. [k] is a pack; what is
/// [kind] is shared by equal ones.
template <class Real>
struct LiveLinks {
    std::size_t size;
    std::size_t modes;         // of each pack, padded with zeros
    const std::int32_t* slot;  // [k]: of the lower end
    const std::int32_t* kind;  // [k]
    const Real* state;         // as LinkPacks has it: of modes less their shift
    std::size_t halves;
    const std::uint8_t* half;
    const Real* basis;         // [kind][compartment][mode]: membrane potential per mode
    const Real* inverse_rate;  // [kind][mode], 0 where there is none
    const Real* lower;         // [kind][mode]
    const Real* upper;
    const Real* rest_nA;    // [kind][2], without a shift
    Real* shift;            // [k][mode]
    Real* shifted_nA;       // [k][2]: rest_nA with it
    const Real* source_nA;  // [k][compartment]: into the axoplasm, beyond what the rests have
    // Since the charges were begun to be counted:
    const Real* begun;      // [k][mode]: how the modes were
    const Real* driven;     // [k][mode]: the integral of what drives bring
    const Real* row_mV_ms;  // by slot: the integral of potentials of rows
};

template <class Real>
struct IonKernels {
    /// Sets the sums of a block to currents that are straight lines in v, nA and uS by slot.
    void (*begin)(std::size_t rows, const Real* v_mV, const Real* at_zero_nA, const Real* slope_uS,
                  const LaneSums<Real>& sums) noexcept;
    /// Adds the mechanism's part to the sums of all.
    void (*add)(const OwnSums<Real>& own, const LaneSums<Real>& to) noexcept;
    /// Adds what has flowed on average over the step, M u2 = dt (F + J w) with
    /// w = (1 - g) u1 + g u2, where the sums hold F and J with gates eliminated:
    /// dt (current + conductance w + g (echo + echo_by_v u1)). Empties the sums.
    void (*book)(const OwnSums<Real>& own, const RowStages<Real>& step) noexcept;
    /// Adds dt (v + w) of all rows.
    void (*integrate)(const RowStages<Real>& step, Real* mV_ms) noexcept;
    /// Finds the shift that goes with the source, and leaves the modes where they are: `state` is
    /// that of the links.
    void (*shift)(const LiveLinks<Real>& links, Real* state) noexcept;
    /// Writes the mean of each mode over `time_ms`, [k][mode], which follows from where it began
    /// and ended, and from what drove it: z' = -rate z + lower u_lower + upper u_upper + drives.
    void (*mean)(const LiveLinks<Real>& links, double time_ms, Real* mean) noexcept;
    /// The natural logarithm of each of whole packs of numbers.
    void (*logarithms)(double* numbers, std::size_t size) noexcept;
};

}  // namespace ranvier
