// Runs programs over strips of packs, a step at a time. A strip is short: a step over a full one is
// a hundred or so vector instructions without a branch, so that which step comes next is all that
// the processor has to foresee, and the registers that a program lives on stay in the first-level
// cache.
//
// May be compiled once per instruction set, see lanes/pack.hpp.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>

#include "ranvier/lanes/pack.hpp"
#include "ranvier/mechanisms/expression/program.hpp"

namespace ranvier {
inline namespace RANVIER_ISA_NAMESPACE {

/// What a machine is given: a number per lane of each pack, or one pack for all: `stride` is then
/// 0.
template <class Real>
struct Operand {
    const Real* first;
    std::size_t stride;  // from pack to pack
};

template <class Real>
struct Steps;

template <class Real>
class Machine {
public:
    /// `given` operands are to be set before run().
    Machine(const Program& program, std::size_t given) noexcept : schedule_(program.schedule) {
        const Real* const constants = packed();
        std::size_t at = given;
        for (std::size_t i = 0; i < program.constants.size(); ++i) {
            operands_[at++] = constants + i * kStrip;
        }
        for (std::size_t i = 0; i < schedule_.registers; ++i) {
            operands_[at++] = registers_[i].data();
        }
    }
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;

    bool reads(std::size_t operand) const noexcept { return schedule_.is_read[operand] != 0; }

    /// Of what does not lie one pack after the other, the numbers as they are now.
    void give(std::size_t operand, const Operand<Real>& where, std::size_t packs) noexcept {
        if (where.stride == kLanes || schedule_.is_read[operand] == 0) {
            operands_[operand] = where.first;
            return;
        }
        Real* const to = given_[operand].data();
        for (std::size_t k = 0; k < packs; ++k) {
            for (std::size_t lane = 0; lane < kLanes; lane += kStep) {
                P::load(where.first + k * where.stride + lane).store(to + k * kLanes + lane);
            }
        }
        operands_[operand] = to;
    }
    /// A number per lane of the strip.
    const Real* output(std::size_t i) const noexcept { return operands_[schedule_.outputs[i]]; }

    /// Defined in steps.hpp and compiled once per level, with the lane kernels.
    void run(std::size_t packs) noexcept;

private:
    friend struct Steps<Real>;
    using P = Pack<TwoRegisters<Real>>;
    static constexpr std::size_t kStep = P::kWidth * P::kPieces;

    const Real* packed() const noexcept {
        if constexpr (std::is_same_v<Real, double>) {
            return schedule_.constants.data();
        } else {
            return schedule_.constants_single.data();
        }
    }

    const Schedule& schedule_;
    // None is set to anything: a program writes what it reads.
    std::array<const Real*, kMostOperands> operands_;
    alignas(64) std::array<std::array<Real, kStrip>, kMostRegisters> registers_;
    alignas(64) std::array<std::array<Real, kStrip>, kMostGiven> given_;
};

}  // namespace RANVIER_ISA_NAMESPACE
}  // namespace ranvier
