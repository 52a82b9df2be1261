// The functions of base/math.hpp for packs of lanes, found by the type of their argument.
//
// Errors are in units in the last place (ulp) of the pack's own number, at every instruction set,
// for every argument: infinite, subnormal and NaN ones too. Tested from a table.
#pragma once

#include <array>
#include <cstdint>
#include <limits>

#include "ranvier/base/math.hpp"
#include "ranvier/lanes/pack.hpp"

namespace ranvier {
inline namespace RANVIER_ISA_NAMESPACE {

/// e^x within 1.5 ulp.
template <class Real>
RANVIER_INLINE Pack<Real> exp(const Pack<Real>& x) noexcept {
    return detail::exp_of(x);
}

/// x / (e^x - 1) within 3 ulp; 1 at x = 0.
template <class Real>
RANVIER_INLINE Pack<Real> exprelr(const Pack<Real>& x) noexcept {
    return detail::exprelr_of(x);
}

/// 1 / (1 + e^-x) within 3 ulp.
template <class Real>
RANVIER_INLINE Pack<Real> sigmoid(const Pack<Real>& x) noexcept {
    return detail::sigmoid_of(x);
}

/// log(1 + f) = 2 s + s^3 (kTail[0] + kTail[1] s^2 + ...) with s = f/(2 + f), for 1 + f between
/// sqrt(1/2) and sqrt(2): kTail by a Remez exchange at 200 bits, within 2^-59 (double) and 2^-37
/// (float) of the sum.
template <class Real>
struct LogNumbers;

template <>
struct LogNumbers<double> {
    static constexpr int kBias = 1023;
    static constexpr std::uint64_t kOne = 0x3FF0000000000000;
    static constexpr std::uint64_t kSqrtHalf = 0x3FE6A09E667F3BCD;
    static constexpr double kWhole = 0x1p52;  // a whole number in the low bits, added to this
    static constexpr double kGrow = 0x1p54;   // makes subnormal numbers normal
    static constexpr double kGrownBy = 54.0;
    static constexpr std::array kTail{0.66666666666667344, 0.39999999999414677, 0.28571428742387858,
                                      0.22222198573168403, 0.18183564326710790, 0.15314050540383003,
                                      0.14795949805395063};
};

template <>
struct LogNumbers<float> {
    static constexpr int kBias = 127;
    static constexpr std::uint32_t kOne = 0x3F800000;
    static constexpr std::uint32_t kSqrtHalf = 0x3F3504F3;
    static constexpr double kWhole = 0x1p23;
    static constexpr double kGrow = 0x1p25;
    static constexpr double kGrownBy = 25.0;
    static constexpr std::array kTail{0.66666665645451350, 0.40000335192047280, 0.28537308463834573,
                                      0.23582152869462778};
};

/// The natural logarithm within 1.5 ulp: -inf at 0, NaN below.
template <class Real>
RANVIER_INLINE Pack<Real> log(const Pack<Real>& x) noexcept {
    using P = Pack<Real>;
    using Bits = PackBits<Real>;
    using Numbers = LogNumbers<typename P::Element>;
    using Halves = detail::ExpNumbers<typename P::Element>;  // of ln 2
    constexpr int kMantissaBits = Halves::kMantissaBits;
    constexpr double kInfinity = std::numeric_limits<typename P::Element>::infinity();
    const auto is_subnormal = x < P(std::numeric_limits<typename P::Element>::min());
    const P normal = select(is_subnormal, x * Numbers::kGrow, x);
    // x = 2^k (1 + f), by moving the bits so that the exponent changes at sqrt(1/2).
    constexpr auto kMantissa = (typename Bits::Word{1} << kMantissaBits) - 1;
    const Bits moved = to_bits(normal) + Bits(Numbers::kOne - Numbers::kSqrtHalf);
    const Bits exponent = (moved >> kMantissaBits) | to_bits(P(Numbers::kWhole));
    const P k = from_bits(exponent) -
                select(is_subnormal, P(Numbers::kWhole + Numbers::kBias + Numbers::kGrownBy),
                       P(Numbers::kWhole + Numbers::kBias));
    const P f = from_bits((moved & Bits(kMantissa)) + Bits(Numbers::kSqrtHalf)) - 1.0;
    const P s = f / (2.0 + f);
    const P s2 = s * s;
    const P tail = detail::tail_sum<Numbers>(s2, s2 * s2) * s2;
    const P half_square = 0.5 * f * f;
    // 2 s = f - s f = f - f^2/2 + s f^2/2, of which f is exact.
    const P small = s * (half_square + tail) + k * Halves::kLn2Low;
    const P finite = k * Halves::kLn2High + (f - (half_square - small));
    const P signed_x = select(x < P(kInfinity), finite, x);  // infinite and NaN: as they are
    const P not_positive = select(x == P(0.0), P(-kInfinity),
                                  P(std::numeric_limits<typename P::Element>::quiet_NaN()));
    return select(x > P(0.0), signed_x, not_positive);
}

/// base^exponent for base >= 0; NaN below. Its error grows with the result's distance from 1:
/// within 2 + 2 |exponent log(base)| ulp, 6 where the result is between 1/7 and 7; so a result that
/// close to the largest number may be infinite.
template <class Real>
RANVIER_INLINE Pack<Real> pow(const Pack<Real>& base, const Pack<Real>& exponent) noexcept {
    using P = Pack<Real>;
    const P result = exp(exponent * log(base));
    // 0 times infinity, which the standard has as 1.
    const auto is_one = (base == P(1.0)) | (exponent == P(0.0));
    return select(is_one, P(1.0), result);
}
template <class Real>
RANVIER_INLINE Pack<Real> pow(const Pack<Real>& base, double exponent) noexcept {
    return pow(base, Pack<Real>(exponent));
}
template <class Real>
RANVIER_INLINE Pack<Real> pow(double base, const Pack<Real>& exponent) noexcept {
    return pow(Pack<Real>(base), exponent);
}

}  // namespace RANVIER_ISA_NAMESPACE
}  // namespace ranvier
