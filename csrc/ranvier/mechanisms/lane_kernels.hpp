// What the blocked-lane solver knows of a mechanism at one instruction set: plain functions over
// packs of eight compartments.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ranvier {

struct Expressions;

/// An array of packs, or one pack that stands for all: `stride` is then 0.
template <class Real>
struct PackColumn {
    const Real* first;
    std::size_t stride;

    const Real* at(std::size_t k) const noexcept { return first + k * stride; }
};

/// Some packs of one mechanism. Lanes without it have a conductance of 0 and hold any gate.
template <class Real>
struct LaneRows {
    std::size_t size;           // packs
    const std::int32_t* pack;   // [k]: where in `v_mV` and in the sums; a multiple of eight numbers
    PackColumn<Real> g_uS;      // all gates open
    PackColumn<Real> e_mV;      // reversal potential
    const double* rate_factor;  // [gate]: the temperature factor of its rates
    Real* gates;                // [k][gate]
    Real* answers;              // [k][gate][answers of the kernels]
    const Real* first_row;      // per lane: the slot of its first row; what is below counts nothing
                                // where steps are judged
    // Of a mechanism that is written as expressions, whose g_uS is the area in nA per mA/cm2:
    // those, what they read by columns that begin at pack 0 of all, and which pack this begins
    // with.
    const Expressions* expressions = nullptr;
    const PackColumn<Real>* inputs = nullptr;
    std::size_t first_pack = 0;
};

/// Sums over the mechanisms of a block, by pack.
template <class Real>
struct LaneSums {
    Real* current_nA;      // outward, with the gates' own answer to the step
    Real* conductance_uS;  // its derivative by v, with the gates' answer to v
    Real* echo_nA;         // what of the gates' first stage comes back in the second
    Real* echo_uS;
};

template <class Real>
struct LaneKernels {
    /// Numbers that linearise() leaves for move() of each gate and row, and linearise_to_judge().
    std::size_t answers;
    std::size_t answers_to_judge;
    /// Linearises about v and eliminates the gates of rosenbrock2 (see there): with
    /// D = 1/(g dt) + decay, own = rate/D, by_v = rate_by_v/D, echo = (1 - g)/(g^2 dt)/D. Adds to
    /// all four sums, and own (1 + echo) to the gates, the part of their step that has nothing to
    /// do with v. `inverse_tau_per_ms` is 1/(g dt) per lane.
    void (*linearise)(const LaneRows<Real>& rows, const Real* v_mV, const Real* inverse_tau_per_ms,
                      const LaneSums<Real>& sums) noexcept;
    /// The same for move_and_judge().
    void (*linearise_to_judge)(const LaneRows<Real>& rows, const Real* v_mV,
                               const Real* inverse_tau_per_ms, const LaneSums<Real>& sums) noexcept;
    /// Moves the gates by the rest of the second stage, given both stages' steps of v.
    void (*move)(const LaneRows<Real>& rows, const Real* u1_mV, const Real* u2_mV) noexcept;
    /// Does that, and raises `bend`, per lane, to the largest |u1 - g u2| of the gates, which
    /// vanishes where a gate ran straight. Lanes without the mechanism do not count.
    void (*move_and_judge)(const LaneRows<Real>& rows, const Real* u1_mV, const Real* u2_mV,
                           Real* bend) noexcept;
    /// Moves the gates by `dt_ms` per lane at constant v (see relax_gate()), then adds current and
    /// conductance with the gates held; no echo.
    void (*relax)(const LaneRows<Real>& rows, const Real* v_mV, const Real* dt_ms,
                  const LaneSums<Real>& sums) noexcept;
};

}  // namespace ranvier
