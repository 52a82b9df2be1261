// The methods that there are in lanes, and the steps that fibres in lanes take.
#pragma once

#include <cstdint>

namespace ranvier {

enum class LaneMethod : std::uint8_t {
    kRosenbrock2,
    kStaggeredSdirk2,
    kWindowed,  // rosenbrock2, with longer steps where little happens
};

/// One step of one fibre.
struct LaneStep {
    double from_ms = 0.0;
    double to_ms = 0.0;
    double gates_ms = 0.0;   // kStaggeredSdirk2: how far the gates move first
    bool is_parked = false;  // the fibre stays as it is
    /// Of a whole step, the nominal one: rounding in the times would make every step another, and
    /// each would need its own constants. 0: the difference of the times.
    double length_ms = 0.0;
    std::int64_t tick = -1;  // kWindowed: how many whole steps it ends; negative between two
};

/// A spike that a step has seen.
struct LaneCrossing {
    std::int32_t fibre;
    std::int32_t compartment;
    std::int32_t detector;
    double share;  // of the step
};

}  // namespace ranvier
