// Everything that changes during a run, as plain arrays that can be listed, copied and restored.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

namespace ranvier {

/// The part of a state that does not grow with the model.
struct Moment {
    std::int64_t step = 0;
    double t_ms = 0.0;
    /// The gates are those of t_ms - gates_lag_ms, for methods that keep them between the steps; to
    /// have those of t_ms, move them on by so much at the present voltage.
    double gates_lag_ms = 0.0;
    /// When a drive last jumped, or the potentials were set to what is no solution of the
    /// equations, as a run does that does not start from rest: a method of fixed step may then take
    /// shorter ones for a while. Never beyond the end of the step that is to be taken.
    double jumped_ms = -std::numeric_limits<double>::infinity();
    double settling_ms = 0.0;  // how long that while is
    /// When the next event arrives that is in the step to come: a step that is taken whole
    /// otherwise ends there, as a piece.
    double event_ms = std::numeric_limits<double>::infinity();
    /// What a method that chooses its steps tries next; 0 before its first.
    double dt_next_ms = 0.0;
    /// Where ions accumulate: how long ago their concentrations were moved.
    double ions_ms = 0.0;
};

/// Sums that grow over a run, each with what rounding has left of it (Neumaier 1974,
/// doi:10.1002/zamm.19740540106): the two together are exact to twice the digits.
struct LongSums {
    std::vector<double> sum;
    std::vector<double> rest;
};

/// Of ions that accumulate; empty elsewhere. Pools and accounts are those of IonPools. Whoever
/// keeps a state in a form of its own leaves these here.
struct IonState {
    std::vector<std::vector<double>> concentration_mM;               // [pool][compartment]
    std::vector<std::vector<double>> concentration_rest_mM;          // what rounding left of it
    std::vector<std::vector<double>> concentration_slope_mM_per_ms;  // when they were last moved
    // Outward since then, [account][row]: what the concentrations have not been told of yet.
    std::vector<std::vector<double>> pending_pC;
    // What has passed since the start.
    std::vector<LongSums> charge_pC;       // outward: [account], each [row of its mechanism]
    std::vector<LongSums> diffused_amol;   // into the compartment along the cable: [pool]
    std::vector<LongSums> exchanged_amol;  // into it from the bath: [pool]
};

struct State : Moment, IonState {
    std::vector<std::vector<double>> potential_mV;  // [layer][compartment]; 0 is the axoplasm
    std::vector<double> v_mV;                       // membrane potential, derived from the above
    std::vector<std::vector<std::vector<double>>> gates;  // [mechanism][gate][row]
    /// The sheathed compartments as lanes keep them, [link][mode]; empty where nobody does. Where
    /// it is not, it counts, and their potentials follow from it.
    std::vector<std::vector<double>> link_modes;
};

}  // namespace ranvier
