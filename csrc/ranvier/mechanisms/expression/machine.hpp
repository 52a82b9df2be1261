// Runs programs over strips of packs: each instruction does its one operation for the whole strip,
// so that finding out which it is costs little, while the few registers that a program lives on
// stay in the first-level cache.
//
// May be compiled once per instruction set, see lanes/pack.hpp.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <type_traits>

#include "ranvier/base/dual.hpp"
#include "ranvier/lanes/math.hpp"
#include "ranvier/lanes/pack.hpp"
#include "ranvier/mechanisms/expression/program.hpp"

namespace ranvier {
inline namespace RANVIER_ISA_NAMESPACE {

/// As many as a block of the solver has rows.
inline constexpr std::size_t kStripPacks = 20;
inline constexpr std::size_t kStrip = kStripPacks * kLanes;

/// A number per lane of each pack, or one pack for all: `stride` is then 0.
template <class Real>
struct Operand {
    const Real* first;
    std::size_t stride;  // from pack to pack

    const Real* at(std::size_t k) const noexcept { return first + k * stride; }
};

template <class Real>
class Machine {
public:
    /// `given` operands are to be set before run().
    Machine(const Program& program, std::size_t given) noexcept : program_(program) {
        const Real* const constants = packed();
        std::size_t at = given;
        for (std::size_t i = 0; i < program.constants.size(); ++i) {
            operands_[at++] = {constants + i * kLanes, 0};
        }
        first_register_ = at;
        for (std::size_t i = 0; i < program.registers; ++i) {
            operands_[at++] = {registers_[i].data(), kLanes};
        }
    }
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;

    void give(std::size_t operand, const Operand<Real>& where) noexcept {
        operands_[operand] = where;
    }
    const Operand<Real>& output(std::size_t i) const noexcept {
        return operands_[program_.outputs[i]];
    }

    void run(std::size_t packs) noexcept {
        for (const Instruction& instruction : program_.code) {
            Real* const to = registers_[instruction.to - first_register_].data();
            const Operand<Real> a = operands_[instruction.a];
            const Operand<Real> b = operands_[instruction.b];
            const Operand<Real> c = operands_[instruction.c];
            switch (instruction.op) {
                case Op::kAdd:
                    two(packs, a, b, to, [](const P& x, const P& y) { return x + y; });
                    break;
                case Op::kSubtract:
                    two(packs, a, b, to, [](const P& x, const P& y) { return x - y; });
                    break;
                case Op::kMultiply:
                    two(packs, a, b, to, [](const P& x, const P& y) { return x * y; });
                    break;
                case Op::kDivide:
                    two(packs, a, b, to, [](const P& x, const P& y) { return x / y; });
                    break;
                case Op::kNegate:
                    one(packs, a, to, [](const P& x) { return -x; });
                    break;
                case Op::kMultiplyAdd:
                    three(packs, a, b, c, to,
                          [](const P& x, const P& y, const P& z) { return x * y + z; });
                    break;
                case Op::kMultiplyLess:
                    three(packs, a, b, c, to,
                          [](const P& x, const P& y, const P& z) { return x * y - z; });
                    break;
                case Op::kLessProduct:
                    three(packs, a, b, c, to,
                          [](const P& x, const P& y, const P& z) { return z - x * y; });
                    break;
                case Op::kExp:
                    one(packs, a, to, [](const P& x) { return exp(x); });
                    break;
                case Op::kExpm1:
                    one(packs, a, to, [](const P& x) { return detail::expm1_of(x); });
                    break;
                case Op::kLog:
                    one(packs, a, to, [](const P& x) { return log(x); });
                    break;
                case Op::kPower:
                    two(packs, a, b, to, [](const P& x, const P& y) { return pow(x, y); });
                    break;
                case Op::kSqrt:
                    one(packs, a, to, [](const P& x) { return root(x); });
                    break;
                case Op::kAbs:
                    one(packs, a, to, [](const P& x) { return abs(x); });
                    break;
                case Op::kMin:
                    two(packs, a, b, to, [](const P& x, const P& y) { return min(x, y); });
                    break;
                case Op::kMax:
                    two(packs, a, b, to, [](const P& x, const P& y) { return max(x, y); });
                    break;
                case Op::kSigmoid:
                    one(packs, a, to, [](const P& x) { return sigmoid(x); });
                    break;
                case Op::kExprelr:
                    one(packs, a, to, [](const P& x) { return exprelr(x); });
                    break;
                case Op::kExprelrSlope:
                    one(packs, a, to, [](const P& x) { return exprelr(Dual<P>(x, P(1.0))).slope; });
                    break;
                case Op::kLess:
                    two(packs, a, b, to, [](const P& x, const P& y) { return yes(x < y); });
                    break;
                case Op::kLessEqual:
                    two(packs, a, b, to, [](const P& x, const P& y) { return yes(x <= y); });
                    break;
                case Op::kEqual:
                    two(packs, a, b, to, [](const P& x, const P& y) { return yes(x == y); });
                    break;
                case Op::kSelect:
                    three(packs, a, b, c, to, [](const P& x, const P& y, const P& z) {
                        return select(x == P(0.0), z, y);
                    });
                    break;
            }
        }
    }

private:
    using P = Pack<TwoRegisters<Real>>;

    const Real* packed() const noexcept {
        if constexpr (std::is_same_v<Real, double>) {
            return program_.packed.data();
        } else {
            return program_.packed_single.data();
        }
    }

    static P yes(const PackMask<TwoRegisters<Real>>& where) noexcept {
        return select(where, P(1.0), P(0.0));
    }
    static P root(const P& x) noexcept {
        P result;
        for (std::size_t i = 0; i < P::kPieces; ++i) {
            for (std::size_t lane = 0; lane < P::kWidth; ++lane) {
                result.piece[i][lane] = std::sqrt(x.piece[i][lane]);
            }
        }
        return result;
    }

    /// One number for the whole strip, loaded once.
    struct Fixed {
        explicit Fixed(const Operand<Real>& operand) noexcept {
            for (std::size_t i = 0; i < kParts; ++i) {
                part[i] = P::load(operand.first + i * kPart);
            }
        }
        P at(std::size_t, std::size_t i) const noexcept { return part[i]; }

        static constexpr std::size_t kPart = P::kWidth * P::kPieces;
        static constexpr std::size_t kParts = kLanes / kPart;
        P part[kParts];
    };
    struct Moving {
        explicit Moving(const Operand<Real>& operand) noexcept : own(operand) {}
        P at(std::size_t k, std::size_t i) const noexcept {
            return P::load(own.at(k) + i * Fixed::kPart);
        }

        Operand<Real> own;
    };

    /// Calls work(stream) with the operand as what it is.
    template <class Work>
    RANVIER_INLINE static void with(const Operand<Real>& operand, const Work& work) noexcept {
        if (operand.stride == 0) {
            work(Fixed(operand));
        } else {
            work(Moving(operand));
        }
    }
    template <class Value>
    RANVIER_INLINE static void fill(std::size_t packs, Real* to, const Value& value) noexcept {
        for (std::size_t k = 0; k < packs; ++k) {
            for (std::size_t i = 0; i < Fixed::kParts; ++i) {
                value(k, i).store(to + k * kLanes + i * Fixed::kPart);
            }
        }
    }
    template <class F>
    RANVIER_INLINE static void one(std::size_t packs, const Operand<Real>& a, Real* to,
                                   const F& f) noexcept {
        const Moving x(a);
        fill(packs, to, [&](std::size_t k, std::size_t i) __attribute__((always_inline)) {
            return f(x.at(k, i));
        });
    }
    template <class F>
    RANVIER_INLINE static void two(std::size_t packs, const Operand<Real>& a,
                                   const Operand<Real>& b, Real* to, const F& f) noexcept {
        with(a, [&](const auto& x) __attribute__((always_inline)) {
            with(b, [&](const auto& y) __attribute__((always_inline)) {
                fill(packs, to, [&](std::size_t k, std::size_t i) __attribute__((always_inline)) {
                    return f(x.at(k, i), y.at(k, i));
                });
            });
        });
    }
    template <class F>
    RANVIER_INLINE static void three(std::size_t packs, const Operand<Real>& a,
                                     const Operand<Real>& b, const Operand<Real>& c, Real* to,
                                     const F& f) noexcept {
        with(a, [&](const auto& x) __attribute__((always_inline)) {
            with(c, [&](const auto& z) __attribute__((always_inline)) {
                const Moving y(b);
                fill(packs, to, [&](std::size_t k, std::size_t i) __attribute__((always_inline)) {
                    return f(x.at(k, i), y.at(k, i), z.at(k, i));
                });
            });
        });
    }

    const Program& program_;
    std::size_t first_register_ = 0;
    // Neither is set to anything: a program writes what it reads.
    std::array<Operand<Real>, kMostOperands> operands_;
    alignas(64) std::array<std::array<Real, kStrip>, kMostRegisters> registers_;
};

}  // namespace RANVIER_ISA_NAMESPACE
}  // namespace ranvier
