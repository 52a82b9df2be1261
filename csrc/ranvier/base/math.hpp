// The functions that rate equations are made of. Straight code without branches or tables, so that
// a loop over compartments vectorises at any instruction set; found by plain lookup in this
// namespace.
//
// The formulas are written once over a value type: double here, packs of lanes in lanes/math.hpp.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "ranvier/base/inline.hpp"

namespace ranvier {
namespace detail {

/// What a value type consists of: double of double, Real of Pack<Real>.
template <class Value>
struct ElementOf {
    using type = typename Value::Element;
};
template <>
struct ElementOf<double> {
    using type = double;
};

/// e^r = 1 + r + r^2 (kTail[0] + kTail[1] r + ...) for |r| <= ln(2)/2, and the numbers of its
/// format.
///
/// kTail by a Remez exchange at 200 bits for the least error relative to |r| + 0.01, so that the
/// sum serves e^r and e^r - 1 alike; the latter is within 2^-55.5 for double and 2^-26 for float.
/// ln 2 is in two parts, the first with so few bits that n times it is exact. Adding kRound rounds
/// to the nearest whole number n and leaves n + 2 * bias in the low bits.
template <class Real>
struct ExpNumbers;

template <>
struct ExpNumbers<double> {
    static constexpr int kMantissaBits = 52;
    static constexpr std::uint64_t kTwoBiases = 2046;
    static constexpr double kLn2High = 0.6931471805601177;
    static constexpr double kLn2Low = -1.7239444525614835e-13;
    static constexpr double kRound = 0x1.8p52 + 2046.0;
    static constexpr std::array kTail{0.5000000000000006,     0.16666666666666685,
                                      0.041666666666578034,   0.00833333333331515,
                                      0.0013888888931243206,  0.00019841269901913576,
                                      2.4801505585823392e-05, 2.7557228880405235e-06,
                                      2.762593462011763e-07,  2.511419914898597e-08};
    static constexpr double kUnderflow = -746.0;  // e^x is 0 from here
    static constexpr double kOverflow = 710.0;    // e^x is infinite from here
    static constexpr double kVanishes = 760.0;    // x e^-x is 0 from here
    static constexpr double kOneLess = -40.0;     // e^x - 1 is -1 from here
};

template <>
struct ExpNumbers<float> {
    static constexpr int kMantissaBits = 23;
    static constexpr std::uint32_t kTwoBiases = 254;
    static constexpr double kLn2High = 0.693145751953125;
    static constexpr double kLn2Low = 1.4286068203094173e-06;
    static constexpr double kRound = 0x1.8p23 + 254.0;
    static constexpr std::array kTail{0.5000000060117374, 0.1666654418942515, 0.04166628613026387,
                                      0.008366471545458033, 0.0013946236383552946};
    static constexpr double kUnderflow = -104.0;
    static constexpr double kOverflow = 89.0;
    static constexpr double kVanishes = 115.0;
    static constexpr double kOneLess = -20.0;
};

template <class Value>
using ExpNumbersOf = ExpNumbers<typename ElementOf<Value>::type>;

// What the formulas need besides arithmetic. A pack has its own, found by its type.
RANVIER_INLINE std::uint64_t to_bits(double x) noexcept {
    return std::bit_cast<std::uint64_t>(x);
}
RANVIER_INLINE double from_bits(std::uint64_t bits) noexcept {
    return std::bit_cast<double>(bits);
}
RANVIER_INLINE double select(bool where, double yes, double no) noexcept {
    return where ? yes : no;
}
/// The second where either is NaN.
RANVIER_INLINE double max(double a, double b) noexcept {
    return a > b ? a : b;
}
RANVIER_INLINE double min(double a, double b) noexcept {
    return a < b ? a : b;
}

/// kTail from `first` on, by pairs: half the waiting of one long chain for one product more.
template <class Numbers, std::size_t first = 0, class Value>
RANVIER_INLINE Value tail_sum(const Value& r, const Value& r2) noexcept {
    constexpr auto n = Numbers::kTail.size();
    constexpr double c0 = Numbers::kTail[first];
    if constexpr (first + 1 == n) {
        return Value(c0);
    } else {
        constexpr double c1 = Numbers::kTail[first + 1];
        if constexpr (first + 2 == n) {
            return c1 * r + c0;
        } else {
            const Value rest = tail_sum<Numbers, first + 2>(r, r2);
            return rest * r2 + (c1 * r + c0);
        }
    }
}

/// e^x = (first * tail + first) / inverse_second, with both factors powers of two: one alone could
/// not reach the largest and the subnormal numbers.
template <class Value>
struct SplitExp {
    Value first;
    Value tail;
    Value inverse_second;
    Value second;

    /// e^x / second.
    RANVIER_INLINE Value scaled() const noexcept { return first * tail + first; }
    /// (e^x - 1) / second, without cancellation at x = 0.
    RANVIER_INLINE Value scaled_less_one() const noexcept {
        return first * tail + (first - inverse_second);
    }
};

/// x = n ln 2 + r with |r| <= 0.35 and 2^n = first * second. For kUnderflow <= x <= kVanishes, or
/// NaN, which passes through.
template <class Value>
RANVIER_INLINE SplitExp<Value> split_exp(const Value& x) noexcept {
    using Numbers = ExpNumbersOf<Value>;
    constexpr double kLog2E = 1.44269504088896340736;
    const Value rounded = x * kLog2E + Numbers::kRound;
    const Value n = rounded - Numbers::kRound;
    const Value r = (x - n * Numbers::kLn2High) - n * Numbers::kLn2Low;
    const Value r2 = r * r;
    const Value tail = tail_sum<Numbers>(r, r2) * r2 + r;
    // The shifts to the left drop what the format has above the low bits.
    const auto bits = to_bits(rounded);
    const auto half = bits >> 1;
    const auto second = (bits - half) << Numbers::kMantissaBits;
    const auto inverse = (Numbers::kTwoBiases << Numbers::kMantissaBits) - second;
    return {from_bits(half << Numbers::kMantissaBits), tail, from_bits(inverse), from_bits(second)};
}

template <class Value>
RANVIER_INLINE Value exp_of(const Value& x) noexcept {
    using Numbers = ExpNumbersOf<Value>;
    const Value held = max(Value(Numbers::kUnderflow), min(Value(Numbers::kOverflow), x));
    const auto split = split_exp(held);
    return split.scaled() * split.second;
}

template <class Value>
RANVIER_INLINE Value expm1_of(const Value& x) noexcept {
    using Numbers = ExpNumbersOf<Value>;
    const Value below = min(Value(Numbers::kOverflow), x);
    const auto split = split_exp(max(Value(Numbers::kOneLess), below));
    return split.scaled_less_one() * split.second;
}

template <class Value>
RANVIER_INLINE Value exprelr_of(const Value& x) noexcept {
    using Numbers = ExpNumbersOf<Value>;
    const Value above = min(Value(Numbers::kVanishes), x);
    const auto split = split_exp(max(Value(Numbers::kOneLess), above));
    const Value quotient = above / split.scaled_less_one() * split.inverse_second;
    return select(x == Value(0.0), Value(1.0), quotient);
}

/// Whole powers of one exponential up to this exponent can be multiplied with each other, and their
/// squares, without leaving the format.
template <class Real>
inline constexpr double kLargestPower = sizeof(Real) == 8 ? 100.0 : 25.0;

/// e^x and e^x - 1 for |x| <= kLargestPower: one power of two is then enough, and so is one part of
/// ln 2.
template <class Value>
RANVIER_INLINE void exp_and_less_one(const Value& x, Value& value, Value& less_one) noexcept {
    using Numbers = ExpNumbersOf<Value>;
    constexpr double kLog2E = 1.44269504088896340736;
    constexpr double kLn2 = 0.693147180559945309417;
    // Leaves n + bias in the low bits.
    constexpr double kRound = Numbers::kRound - static_cast<double>(Numbers::kTwoBiases / 2);
    const Value rounded = x * kLog2E + kRound;
    const Value n = rounded - kRound;
    const Value r = x - n * kLn2;
    const Value r2 = r * r;
    const Value tail = tail_sum<Numbers>(r, r2) * r2 + r;
    const Value scale = from_bits(to_bits(rounded) << Numbers::kMantissaBits);
    less_one = scale * tail + (scale - 1.0);
    value = less_one + 1.0;
}

template <class Value>
RANVIER_INLINE Value sigmoid_of(const Value& x) noexcept {
    using Numbers = ExpNumbersOf<Value>;
    constexpr double kLimit = -Numbers::kUnderflow;
    const auto split = split_exp(max(Value(-kLimit), min(Value(kLimit), -x)));
    return split.inverse_second / (split.inverse_second + split.scaled());
}

}  // namespace detail

// Within the stated units in the last place (ulp) for every x, infinite and subnormal ones too, and
// for results of every size; NaN stays NaN. Tested from a table.

/// e^x within 1.5 ulp.
RANVIER_INLINE double exp(double x) noexcept {
    return detail::exp_of(x);
}

/// x / (e^x - 1) within 3 ulp, the shape of every "linear over exponential" rate, finite and smooth
/// at x = 0.
RANVIER_INLINE double exprelr(double x) noexcept {
    return detail::exprelr_of(x);
}

/// 1 / (1 + e^-x) within 3 ulp, also far to the left, where it is e^x.
RANVIER_INLINE double sigmoid(double x) noexcept {
    return detail::sigmoid_of(x);
}

/// The natural logarithm, to the accuracy of the standard library.
inline double log(double x) noexcept {
    return std::log(x);
}

/// base^exponent, to the accuracy of the standard library. `power` is for small whole exponents.
inline double pow(double base, double exponent) noexcept {
    return std::pow(base, exponent);
}

/// base^exponent for the small whole powers of gates, unrolled by the compiler.
template <int exponent, class Value>
RANVIER_INLINE constexpr Value power(const Value& base) {
    if constexpr (exponent == 0) {
        return Value(1.0);
    } else if constexpr (exponent == 1) {
        return base;
    } else {
        const Value half = power<exponent / 2>(base);
        return exponent % 2 == 0 ? half * half : half * half * base;
    }
}

/// An exponential from which others follow: e^x with e^x - 1, whose products keep the latter
/// without cancellation at x = 0. Rates share exponentials: e^(v/10) and e^(v/18) are powers of
/// e^(v/90).
template <class Value>
struct Exponential {
    Value value;
    Value less_one;

    RANVIER_INLINE friend Exponential operator*(const Exponential& a,
                                                const Exponential& b) noexcept {
        return {a.value * b.value, a.less_one * b.value + b.less_one};
    }
};

/// e^x, of which powers up to `most` are wanted: x is held where their rates have long gone to 0 or
/// far beyond any step, so that they and their products stay finite.
template <int most, class Value>
RANVIER_INLINE Exponential<Value> exponential(const Value& x) noexcept {
    using detail::max, detail::min;
    constexpr double kLimit = detail::kLargestPower<typename detail::ElementOf<Value>::type> / most;
    Exponential<Value> result;
    detail::exp_and_less_one(Value(max(Value(-kLimit), min(Value(kLimit), x))), result.value,
                             result.less_one);
    return result;
}

/// x, which is known from a difference of potentials, but never 0: so small a number that it does
/// not matter beside the rounding of any other. Keeps x / (e^x - 1) from being 0 / 0.
template <class Value>
RANVIER_INLINE Value never_zero(const Value& x) noexcept {
    return x + 1e-16;
}

/// A quotient that is not divided yet, since a division costs as much as ten products and several
/// can share one.
template <class Value>
struct Quotient {
    Value above;
    Value below;
};

/// factor x / (e^x - 1) for x = y / unit other than 0, given e^x; and a plain quotient. Divided at
/// once only where slopes are wanted.
template <class Value>
RANVIER_INLINE Quotient<Value> exprelr_quotient(double factor, const Value& y, double unit,
                                                const Exponential<Value>& exp_x) noexcept {
    return {y * (factor / unit), exp_x.less_one};
}
template <class Value>
RANVIER_INLINE Quotient<Value> quotient(double above, const Value& below) noexcept {
    return {Value(above), below};
}

}  // namespace ranvier
