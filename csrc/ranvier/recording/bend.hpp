// What happened within a step: dense output.
#pragma once

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
/// after. By halving, which needs nothing of the curve but its ends.
inline double crossing_share(double before, double after, const Bend& shape,
                             double threshold) noexcept {
    if (shape.bend == 0.0 && shape.twist == 0.0) {
        return (threshold - before) / (after - before);
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
