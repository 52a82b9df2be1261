// What happened within a step: dense output.
#pragma once

#include <algorithm>
#include <cmath>

namespace ranvier {

/// How a variable ran within a step: at the share s of it, it was
///   (1 - s) before + s after + s (1 - s) (bend + s twist).
/// All zero is a straight line.
struct Bend {
    double bend = 0.0;
    double twist = 0.0;

    friend constexpr Bend operator-(const Bend& a, const Bend& b) noexcept {
        return {a.bend - b.bend, a.twist - b.twist};
    }
};

inline double between(double before, double after, const Bend& shape, double share) noexcept {
    return (1.0 - share) * before +
           share * (after + (1.0 - share) * (shape.bend + share * shape.twist));
}

/// The share of the step at which the variable passes `threshold`, given before < threshold <=
/// after. A cubic by halving, which needs nothing of the curve but its ends.
inline double crossing_share(double before, double after, const Bend& shape,
                             double threshold) noexcept {
    if (shape.bend == 0.0 && shape.twist == 0.0) {
        return (threshold - before) / (after - before);
    }
    if (shape.twist == 0.0) {
        // The one root of bend s^2 - slope s + climb in (0, 1], in the form that cancels nothing.
        const double climb = threshold - before;
        const double slope = after - before + shape.bend;
        const double root = std::sqrt(std::max(slope * slope - 4.0 * shape.bend * climb, 0.0));
        const double share =
            slope >= 0.0 ? 2.0 * climb / (slope + root) : (slope - root) / (2.0 * shape.bend);
        return std::clamp(share, 0.0, 1.0);
    }
    double below = 0.0;
    double above = 1.0;
    constexpr int kHalvings = 52;  // to the last bit of a share
    for (int halving = 0; halving < kHalvings; ++halving) {
        const double middle = 0.5 * (below + above);
        (between(before, after, shape, middle) < threshold ? below : above) = middle;
    }
    return above;
}

}  // namespace ranvier
