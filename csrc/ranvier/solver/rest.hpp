// The resting state: the fixed point of the equations without drives.
#pragma once

#include <cstdint>

#include "ranvier/solver/state.hpp"
#include "ranvier/solver/system.hpp"

namespace ranvier {

struct Rest {
    /// Largest rate of change of a membrane potential, axolemma or myelin, that is left beyond
    /// what rounding makes of the potentials' last digit there.
    double residual_mV_per_ms;
    double rounding_mV_per_ms;  // the most that rounding makes anywhere
    double gate_rate_per_ms;    // largest dx/dt that is left
    std::int32_t compartment;   // where the residual is
    int iterations;
    bool is_found;
};

/// Moves `state` to a resting state near its present potentials, gates included; those need not be
/// there yet.
///
/// Newton's method on the steady-state current (gates in equilibrium with the voltage), made robust
/// by pseudo-transient continuation: each iteration is an implicit step in a time that grows as the
/// residual falls (Kelley & Keyes 1998, doi:10.1137/S0036142996304796). Gates are in equilibrium
/// throughout, so a fixed point that slow gates make unstable (a membrane that fires by itself) is
/// found as well: whether small disturbances of it die out, Modes can say. Where the search from
/// `state` finds none, others start from uniform potentials, the nearest first. Where none at all
/// is found `state` is left as it was, and the first search is reported; gates that were not there
/// are then in equilibrium with it.
Rest find_rest(const System& system, State& state);

}  // namespace ranvier
