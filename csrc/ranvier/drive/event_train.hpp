// What arrives at a mechanism at moments: the lowered form of a presynaptic train.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ranvier {

/// Events for one row of a mechanism that receives some, and what each brings along.
struct EventTrain {
    std::string mechanism;  // the name of its table
    std::int32_t compartment = 0;
    std::vector<double> t_ms;       // ascending
    std::vector<double> arguments;  // of the first event, of the second ...
};

}  // namespace ranvier
