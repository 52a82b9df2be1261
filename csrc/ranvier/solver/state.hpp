// Everything that changes during a run, as plain arrays that can be listed, copied and restored.
#pragma once

#include <cstdint>
#include <vector>

namespace ranvier {

struct State {
    std::int64_t step = 0;
    double t_ms = 0.0;
    std::vector<std::vector<double>> potential_mV;  // [layer][compartment]; 0 is the axoplasm
    std::vector<double> v_mV;                       // membrane potential, derived from the above
    std::vector<std::vector<std::vector<double>>> gates;  // [mechanism][gate][row]
    /// The gates are those of t_ms - gates_lag_ms, for methods that keep them between the steps; to
    /// have those of t_ms, move them on by so much at the present voltage.
    double gates_lag_ms = 0.0;
};

}  // namespace ranvier
