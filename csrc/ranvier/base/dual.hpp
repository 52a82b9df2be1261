// A number with its derivative, so that a rate formula written once also gives its slope by the
// membrane potential, exactly (forward-mode differentiation).
#pragma once

#include "ranvier/base/math.hpp"

namespace ranvier {

struct Dual {
    double value;
    double slope = 0.0;

    // NOLINTNEXTLINE: a plain number is a constant, and formulas mix the two freely.
    constexpr Dual(double constant) noexcept : value(constant) {}
    constexpr Dual(double at, double derivative) noexcept : value(at), slope(derivative) {}

    friend constexpr Dual operator-(const Dual& a) noexcept { return {-a.value, -a.slope}; }
    friend constexpr Dual operator+(const Dual& a, const Dual& b) noexcept {
        return {a.value + b.value, a.slope + b.slope};
    }
    friend constexpr Dual operator-(const Dual& a, const Dual& b) noexcept {
        return {a.value - b.value, a.slope - b.slope};
    }
    friend constexpr Dual operator*(const Dual& a, const Dual& b) noexcept {
        return {a.value * b.value, a.slope * b.value + a.value * b.slope};
    }
    friend constexpr Dual operator/(const Dual& a, const Dual& b) noexcept {
        const double inverse = 1.0 / b.value;  // once: a division costs as much as ten products
        const double quotient = a.value * inverse;
        return {quotient, (a.slope - quotient * b.slope) * inverse};
    }
};

inline Dual exp(const Dual& x) noexcept {
    const double value = exp(x.value);
    return {value, value * x.slope};
}

/// d/dx x/(e^x - 1) = (1 - x - f)/(e^x - 1), since f e^x = f + x; near 0, where that cancels, the
/// Taylor series. Within 1e-10 of the slope.
inline Dual exprelr(const Dual& x) noexcept {
    constexpr double kNearZero = 0.01;
    const auto [scale, tail] = detail::split_exp(x.value);
    const double inverse = 1.0 / (scale * tail + (scale - 1.0));
    const double value = x.value == 0.0 ? 1.0 : x.value * inverse;
    const double x2 = x.value * x.value;
    const double near = -0.5 + x.value * (1.0 / 6.0 - x2 * (1.0 / 180.0 - x2 * (1.0 / 5040.0)));
    const double far = (1.0 - x.value - value) * inverse;
    const bool is_near = x.value > -kNearZero && x.value < kNearZero;
    return {value, (is_near ? near : far) * x.slope};
}

}  // namespace ranvier
