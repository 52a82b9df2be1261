// What each instruction does to a pack.
//
// May be compiled once per instruction set, see lanes/pack.hpp.
#pragma once

#include <cmath>
#include <cstddef>

#include "ranvier/base/dual.hpp"
#include "ranvier/lanes/math.hpp"
#include "ranvier/lanes/pack.hpp"
#include "ranvier/mechanisms/expression/program.hpp"

namespace ranvier {
inline namespace RANVIER_ISA_NAMESPACE {

template <class Kind>
RANVIER_INLINE Pack<Kind> yes(const PackMask<Kind>& where) noexcept {
    return select(where, Pack<Kind>(1.0), Pack<Kind>(0.0));
}

template <class Kind>
RANVIER_INLINE Pack<Kind> root(const Pack<Kind>& x) noexcept {
    Pack<Kind> result;
    for (std::size_t i = 0; i < Pack<Kind>::kPieces; ++i) {
        for (std::size_t lane = 0; lane < Pack<Kind>::kWidth; ++lane) {
            result.piece[i][lane] = std::sqrt(x.piece[i][lane]);
        }
    }
    return result;
}

/// `b` and `c` are anything where an operation does not read them.
template <Op op, class P>
RANVIER_INLINE P done(const P& a, [[maybe_unused]] const P& b,
                      [[maybe_unused]] const P& c) noexcept {
    if constexpr (op == Op::kAdd) {
        return a + b;
    } else if constexpr (op == Op::kSubtract) {
        return a - b;
    } else if constexpr (op == Op::kMultiply) {
        return a * b;
    } else if constexpr (op == Op::kDivide) {
        return a / b;
    } else if constexpr (op == Op::kNegate) {
        return -a;
    } else if constexpr (op == Op::kMultiplyAdd) {
        return a * b + c;
    } else if constexpr (op == Op::kMultiplyLess) {
        return a * b - c;
    } else if constexpr (op == Op::kLessProduct) {
        return c - a * b;
    } else if constexpr (op == Op::kExp) {
        return exp(a);
    } else if constexpr (op == Op::kExpm1) {
        return detail::expm1_of(a);
    } else if constexpr (op == Op::kLog) {
        return log(a);
    } else if constexpr (op == Op::kPower) {
        return pow(a, b);
    } else if constexpr (op == Op::kSqrt) {
        return root(a);
    } else if constexpr (op == Op::kAbs) {
        return abs(a);
    } else if constexpr (op == Op::kMin) {
        return min(a, b);
    } else if constexpr (op == Op::kMax) {
        return max(a, b);
    } else if constexpr (op == Op::kSigmoid) {
        return sigmoid(a);
    } else if constexpr (op == Op::kExprelr) {
        return exprelr(a);
    } else if constexpr (op == Op::kExprelrSlope) {
        return exprelr(Dual<P>(a, P(1.0))).slope;
    } else if constexpr (op == Op::kLess) {
        return yes(a < b);
    } else if constexpr (op == Op::kLessEqual) {
        return yes(a <= b);
    } else if constexpr (op == Op::kEqual) {
        return yes(a == b);
    } else {
        static_assert(op == Op::kSelect);
        return select(a == P(0.0), c, b);
    }
}

/// Whether it takes as long as many products, so that a loop of it need not be unrolled.
constexpr bool is_long(Op op) noexcept {
    return op == Op::kExp || op == Op::kExpm1 || op == Op::kLog || op == Op::kPower ||
           op == Op::kSigmoid || op == Op::kExprelr || op == Op::kExprelrSlope;
}

}  // namespace RANVIER_ISA_NAMESPACE
}  // namespace ranvier
