// A time course as straight pieces; a jump is two points at one time.
#pragma once

#include <vector>

namespace ranvier {

/// Zero before the first point and after the last. Dimensionless: the amplitude belongs to where
/// the waveform is applied.
struct PiecewiseLinear {
    std::vector<double> t_ms;  // ascending; equal neighbours are a jump
    std::vector<double> value;

    /// Exact mean over [from_ms, to_ms], so that an edge inside a step carries its whole charge.
    double mean(double from_ms, double to_ms) const noexcept;

    struct Line {
        double mean;
        double slope_per_ms;
    };

    /// The straight line over [from_ms, to_ms] with the same integral and first moment, which is
    /// the waveform itself where it has no corner inside. Where it jumps inside, a line of that
    /// kind would overshoot: then the mean alone, with slope 0.
    Line line(double from_ms, double to_ms) const noexcept;

    /// Whether it has one value all the way from `from_ms` to `to_ms`, both included: not so where
    /// it jumps at one of them.
    bool is_flat(double from_ms, double to_ms) const noexcept;

    /// When the value jumps, also from and to the zero around it; ascending.
    std::vector<double> jumps_ms() const;

private:
    struct Integrals {
        double whole;   // of the value
        double moment;  // of the value times the distance from the middle
    };
    Integrals integrate(double from_ms, double to_ms) const noexcept;
};

/// Throws ModelError if the points are not as described.
void check(const PiecewiseLinear& waveform);

}  // namespace ranvier
