// The lowered form of a stimulus: a time course, weights and what it acts on.
#pragma once

#include <cstdint>
#include <vector>

#include "ranvier/drive/waveform.hpp"

namespace ranvier {

/// A current into the axoplasm of some compartments: waveform times the compartment's weight.
struct Drive {
    PiecewiseLinear waveform;
    std::vector<std::int32_t> compartment;
    std::vector<double> weight_nA;
    double factor = 1.0;  // of all weights
};

/// Throws ModelError if the drive does not fit a discretisation of `compartments` rows.
void check(const Drive& drive, std::size_t compartments);

}  // namespace ranvier
