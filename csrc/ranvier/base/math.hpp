// The functions that rate equations are made of. Straight code without branches or tables, so that
// a loop over compartments vectorises at any instruction set; found by plain lookup in this
// namespace.
#pragma once

#include <bit>
#include <cstdint>

namespace ranvier {
namespace detail {

/// e^x - 1 = scale * tail + (scale - 1), with scale a power of two.
struct SplitExp {
    double scale;
    double tail;
};

/// x = n ln 2 + r with |r| <= 0.35; scale = 2^n and tail = e^r - 1, the latter by its Taylor series
/// to r^13, whose first term left out is below 2^-56 of the sum. |x| is held to 708, where 2^n is
/// still a normal number; NaN passes through.
inline SplitExp split_exp(double x) noexcept {
    constexpr double kLimit = 708.0;
    x = x > kLimit ? kLimit : x;
    x = x < -kLimit ? -kLimit : x;
    constexpr double kLog2E = 1.44269504088896338700e+00;
    // ln 2 in two parts, the first with trailing zeros so that n times it is exact (fdlibm).
    constexpr double kLn2High = 6.93147180369123816490e-01;
    constexpr double kLn2Low = 1.90821492927058770002e-10;
    // Adding 1.5 * 2^52 rounds to the nearest whole number and leaves it in the low bits.
    constexpr double kRound = 6755399441055744.0;
    const double rounded = x * kLog2E + kRound;
    const double n = rounded - kRound;
    const double r = (x - n * kLn2High) - n * kLn2Low;
    // Powers in pairs (Estrin): the four short chains overlap where one long one would wait.
    const double r2 = r * r;
    const double r4 = r2 * r2;
    const double c2 = (1.0 / 6.0) * r + 0.5;
    const double c4 = (1.0 / 120.0) * r + 1.0 / 24.0;
    const double c6 = (1.0 / 5040.0) * r + 1.0 / 720.0;
    const double c8 = (1.0 / 362880.0) * r + 1.0 / 40320.0;
    const double c10 = (1.0 / 39916800.0) * r + 1.0 / 3628800.0;
    const double c12 = (1.0 / 6227020800.0) * r + 1.0 / 479001600.0;
    const double sum = (c2 + c4 * r2) + ((c6 + c8 * r2) + (c10 + c12 * r2) * r4) * r4;
    constexpr std::uint64_t kExponentBias = 1023;
    const auto exponent = (std::bit_cast<std::uint64_t>(rounded) + kExponentBias) << 52U;
    return {std::bit_cast<double>(exponent), sum * r2 + r};
}

}  // namespace detail

/// e^x within 1.5 units in the last place for |x| <= 708; constant beyond, never 0 or infinite. NaN
/// stays NaN. Tested from a table.
inline double exp(double x) noexcept {
    const auto [scale, tail] = detail::split_exp(x);
    return scale * tail + scale;
}

/// x / (e^x - 1), the shape of every "linear over exponential" rate, finite and smooth at x = 0.
///
/// Within 3 units in the last place for |x| <= 708. NaN stays NaN. Tested from a table.
inline double exprelr(double x) noexcept {
    const auto [scale, tail] = detail::split_exp(x);
    const double quotient = x / (scale * tail + (scale - 1.0));
    return x == 0.0 ? 1.0 : quotient;
}

/// base^exponent for the small whole powers of gates, unrolled by the compiler.
template <int exponent, class Value>
constexpr Value power(const Value& base) {
    if constexpr (exponent == 0) {
        return Value(1.0);
    } else if constexpr (exponent == 1) {
        return base;
    } else {
        const Value half = power<exponent / 2>(base);
        return exponent % 2 == 0 ? half * half : half * half * base;
    }
}

}  // namespace ranvier
