// A number with its derivative, so that a rate formula written once also gives its slope by the
// membrane potential, exactly (forward-mode differentiation).
#pragma once

#include <type_traits>

#include "ranvier/base/math.hpp"

namespace ranvier {

/// `Value` is double, or a pack of lanes (lanes/math.hpp).
template <class Value>
struct Dual {
    Value value;
    Value slope;

    // NOLINTNEXTLINE: a plain number is a constant, and formulas mix the two freely.
    RANVIER_INLINE constexpr Dual(double constant) noexcept : value(constant), slope(0.0) {}
    RANVIER_INLINE constexpr Dual(const Value& at,
                                  const std::type_identity_t<Value>& derivative) noexcept
        : value(at), slope(derivative) {}

    RANVIER_INLINE friend constexpr Dual operator-(const Dual& a) noexcept {
        return {-a.value, -a.slope};
    }
    RANVIER_INLINE friend constexpr Dual operator+(const Dual& a, const Dual& b) noexcept {
        return {a.value + b.value, a.slope + b.slope};
    }
    RANVIER_INLINE friend constexpr Dual operator-(const Dual& a, const Dual& b) noexcept {
        return {a.value - b.value, a.slope - b.slope};
    }
    RANVIER_INLINE friend constexpr Dual operator*(const Dual& a, const Dual& b) noexcept {
        return {a.value * b.value, a.slope * b.value + a.value * b.slope};
    }
    RANVIER_INLINE friend constexpr Dual operator/(const Dual& a, const Dual& b) noexcept {
        const Value inverse = 1.0 / b.value;  // once: a division costs as much as ten products
        const Value quotient = a.value * inverse;
        return {quotient, (a.slope - quotient * b.slope) * inverse};
    }

    // With a constant, whose slope the compiler may not leave out by itself: 0 times NaN is NaN.
    RANVIER_INLINE friend constexpr Dual operator+(const Dual& a, double b) noexcept {
        return {a.value + b, a.slope};
    }
    RANVIER_INLINE friend constexpr Dual operator+(double a, const Dual& b) noexcept {
        return {a + b.value, b.slope};
    }
    RANVIER_INLINE friend constexpr Dual operator-(const Dual& a, double b) noexcept {
        return {a.value - b, a.slope};
    }
    RANVIER_INLINE friend constexpr Dual operator-(double a, const Dual& b) noexcept {
        return {a - b.value, -b.slope};
    }
    RANVIER_INLINE friend constexpr Dual operator*(const Dual& a, double b) noexcept {
        return {a.value * b, a.slope * b};
    }
    RANVIER_INLINE friend constexpr Dual operator*(double a, const Dual& b) noexcept {
        return {a * b.value, a * b.slope};
    }
    RANVIER_INLINE friend constexpr Dual operator/(const Dual& a, double b) noexcept {
        return a * (1.0 / b);
    }
    RANVIER_INLINE friend constexpr Dual operator/(double a, const Dual& b) noexcept {
        const Value inverse = 1.0 / b.value;
        const Value quotient = a * inverse;
        return {quotient, -(quotient * b.slope) * inverse};
    }
};

Dual(double) -> Dual<double>;

template <class Value>
RANVIER_INLINE Dual<Value> exp(const Dual<Value>& x) noexcept {
    const Value value = exp(x.value);
    return {value, value * x.slope};
}

/// d/dx x/(e^x - 1) = (1 - x - f)/(e^x - 1), since f e^x = f + x; near 0, where that cancels, the
/// Taylor series. The slope is within 1e-12 of itself for double and 5e-6 for float.
template <class Value>
RANVIER_INLINE Dual<Value> exprelr(const Dual<Value>& x) noexcept {
    using detail::max, detail::min, detail::select;
    using Real = typename detail::ElementOf<Value>::type;
    using Numbers = detail::ExpNumbers<Real>;
    // Where rounding and what the series leaves out are of one size.
    constexpr double kNearZero = sizeof(Real) == 8 ? 0.01 : 0.5;
    const Value above = min(Value(Numbers::kVanishes), x.value);
    const Value held = max(Value(Numbers::kOneLess), above);
    const auto split = detail::split_exp(held);
    const Value inverse = 1.0 / split.scaled_less_one();
    const Value quotient = above * inverse * split.inverse_second;
    const Value value = select(x.value == Value(0.0), Value(1.0), quotient);
    const Value x2 = held * held;
    const Value near = -0.5 + held * (1.0 / 6.0 - x2 * (1.0 / 180.0 - x2 * (1.0 / 5040.0)));
    // Of the held argument, where f is its negative from kOneLess on, and the slope is -1.
    const Value far =
        (1.0 - held - held * inverse * split.inverse_second) * inverse * split.inverse_second;
    const auto is_near = x2 < Value(kNearZero * kNearZero);
    return {value, select(is_near, near, far) * x.slope};
}

/// A power of e^x has a multiple of x's slope as its own, relative to itself.
template <class Value>
struct Exponential<Dual<Value>> {
    Exponential<Value> plain;
    Value exponent_slope;
    Dual<Value> value;
    Dual<Value> less_one;

    RANVIER_INLINE Exponential(const Exponential<Value>& at, const Value& slope) noexcept
        : plain(at),
          exponent_slope(slope),
          value(at.value, at.value * slope),
          less_one(at.less_one, at.value * slope) {}

    RANVIER_INLINE friend Exponential operator*(const Exponential& a,
                                                const Exponential& b) noexcept {
        return {a.plain * b.plain, a.exponent_slope + b.exponent_slope};
    }
};

template <int most, class Value>
RANVIER_INLINE Exponential<Dual<Value>> exponential(const Dual<Value>& x) noexcept {
    return {exponential<most>(x.value), x.slope};
}

template <class Value>
RANVIER_INLINE Dual<Value> never_zero(const Dual<Value>& x) noexcept {
    return {never_zero(x.value), x.slope};
}

/// See exprelr(): the slope is within 1e-11 (float: 5e-6).
template <class Value>
RANVIER_INLINE Dual<Value> exprelr_quotient(double factor, const Dual<Value>& y, double unit,
                                            const Exponential<Dual<Value>>& exp_x) noexcept {
    using detail::select;
    const Value x = y.value * (1.0 / unit);
    constexpr double kNear = sizeof(typename detail::ElementOf<Value>::type) == 8 ? 0.01 : 0.5;
    const Value inverse = 1.0 / exp_x.plain.less_one;
    const Value value = x * inverse;
    const Value x2 = x * x;
    const Value near = -0.5 + x * (1.0 / 6.0 - x2 * (1.0 / 180.0 - x2 * (1.0 / 5040.0)));
    const Value far = (1.0 - x - value) * inverse;
    return {factor * value,
            select(x2 < Value(kNear * kNear), near, far) * (y.slope * (factor / unit))};
}

template <class Value>
RANVIER_INLINE Dual<Value> quotient(double above, const Dual<Value>& below) noexcept {
    return above / below;
}

/// d/dx 1/(1 + e^-x) = f (1 - f), with 1 - f = e^-x f to stay accurate where f is near 1.
template <class Value>
RANVIER_INLINE Dual<Value> sigmoid(const Dual<Value>& x) noexcept {
    using detail::max, detail::min;
    constexpr double kLimit = -detail::ExpNumbersOf<Value>::kUnderflow;
    const auto split = detail::split_exp(max(Value(-kLimit), min(Value(kLimit), -x.value)));
    const Value weight = split.scaled();
    const Value inverse = 1.0 / (split.inverse_second + weight);
    const Value value = split.inverse_second * inverse;
    return {value, value * (weight * inverse) * x.slope};
}

template <class Value>
RANVIER_INLINE Dual<Value> log(const Dual<Value>& x) noexcept {
    return {log(x.value), x.slope / x.value};
}

template <class Value>
RANVIER_INLINE Dual<Value> pow(const Dual<Value>& base, double exponent) noexcept {
    return {pow(base.value, exponent), exponent * pow(base.value, exponent - 1.0) * base.slope};
}

/// For base > 0.
template <class Value>
RANVIER_INLINE Dual<Value> pow(double base, const Dual<Value>& exponent) noexcept {
    const Value value = pow(base, exponent.value);
    return {value, value * log(base) * exponent.slope};
}

}  // namespace ranvier
