// The functions that rate equations are made of, found by argument-dependent or plain lookup.
#pragma once

#include <cmath>

namespace ranvier {

using std::exp;

/// x / (e^x - 1), the shape of every "linear over exponential" rate, finite and smooth at x = 0.
///
/// Relative error below 3 units in the last place for all finite x (tested from a table); 0 for
/// x above 709.8, where e^x overflows, and -x far below zero.
inline double exprelr(double x) noexcept {
    if (x == 0.0) {
        return 1.0;
    }
    // The quotient alone would be inf/inf = NaN only at x = inf, whose limit is 0.
    return x < 709.0 ? x / std::expm1(x) : x * std::exp(-x);
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
