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
#include <utility>

#include "ranvier/mechanisms/expression/operations.hpp"
#include "ranvier/mechanisms/expression/schedule.hpp"

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

    void run(std::size_t packs) noexcept {
        if (packs == kStripPacks) {
            for (const Step& step : schedule_.steps) {
                kFull[step.kind](*this, step, packs);
            }
        } else {
            for (const Step& step : schedule_.steps) {
                kPart[step.kind](*this, step, packs);
            }
        }
    }

private:
    using P = Pack<TwoRegisters<Real>>;
    static constexpr std::size_t kStep = P::kWidth * P::kPieces;
    using Run = void (*)(Machine&, const Step&, std::size_t packs) noexcept;

    const Real* packed() const noexcept {
        if constexpr (std::is_same_v<Real, double>) {
            return schedule_.constants.data();
        } else {
            return schedule_.constants_single.data();
        }
    }

    /// Operands of a step.
    template <std::size_t count>
    struct Reader {
        RANVIER_INLINE Reader(const Machine& machine, const Step& step) noexcept {
            for (std::size_t i = 0; i < count; ++i) {
                from[i] = machine.operands_[step.from[i]];
            }
        }
        RANVIER_INLINE P at(std::size_t i, std::size_t place) const noexcept {
            return P::load(from[i] + place);
        }

        const Real* from[count];
    };

    /// Stores value(place) all over the strip.
    template <bool is_full, bool is_unrolled, class Value>
    RANVIER_INLINE static void fill(Real* to, std::size_t packs, const Value& value) noexcept {
        if constexpr (is_full && is_unrolled) {
            [&]<std::size_t... i>(std::index_sequence<i...>) __attribute__((always_inline)) {
                (value(i * kStep).store(to + i * kStep), ...);
            }(std::make_index_sequence<kStrip / kStep>{});
        } else {
            for (std::size_t place = 0; place < packs * kLanes; place += kStep) {
                value(place).store(to + place);
            }
        }
    }

    template <Op op, bool is_full>
    static void run_one(Machine& machine, const Step& step, std::size_t packs) noexcept {
        constexpr std::size_t reads = operands_of(op);
        const Reader<reads> from(machine, step);
        fill<is_full, !is_long(op)>(machine.registers_[step.to].data(), packs,
                                    [&](std::size_t place) __attribute__((always_inline)) {
                                        const P a = from.at(0, place);
                                        if constexpr (reads == 1) {
                                            return done<op>(a, a, a);
                                        } else if constexpr (reads == 2) {
                                            return done<op>(a, from.at(1, place), a);
                                        } else {
                                            return done<op>(a, from.at(1, place),
                                                            from.at(2, place));
                                        }
                                    });
    }

    template <std::size_t kind, bool is_full>
    static void run_pair(Machine& machine, const Step& step, std::size_t packs) noexcept {
        constexpr PairOf pair(kind);
        constexpr std::size_t reads = operands_of(pair.first);
        constexpr std::size_t others =
            operands_of(pair.second) - (pair.slot == Slot::kBoth ? 2 : 1);
        const Reader<reads + others> from(machine, step);
        fill<is_full, true>(
            machine.registers_[step.to].data(), packs,
            [&](std::size_t place) __attribute__((always_inline)) {
                const P a = from.at(0, place);
                const P b = from.at(1, place);
                const P own = done<pair.first>(a, b, reads == 3 ? from.at(2, place) : a);
                if constexpr (others == 0) {
                    return done<pair.second>(own, own, own);
                } else if constexpr (others == 1) {
                    const P other = from.at(reads, place);
                    return pair.slot == Slot::kA ? done<pair.second>(own, other, own)
                                                 : done<pair.second>(other, own, own);
                } else {
                    const P one = from.at(reads, place);
                    const P two = from.at(reads + 1, place);
                    return pair.slot == Slot::kA ? done<pair.second>(own, one, two)
                                                 : done<pair.second>(one, two, own);
                }
            });
    }

    template <std::size_t kind, bool is_full>
    static constexpr Run run_of() noexcept {
        if constexpr (kind < kOps) {
            return &run_one<static_cast<Op>(kind), is_full>;
        } else {
            constexpr PairOf pair(kind);
            if constexpr (is_pair(pair.first, pair.second, pair.slot)) {
                return &run_pair<kind, is_full>;
            } else {
                return nullptr;  // no schedule has it
            }
        }
    }
    template <bool is_full>
    static constexpr std::array<Run, kStepKinds> runs() noexcept {
        return []<std::size_t... kind>(std::index_sequence<kind...>) {
            return std::array<Run, kStepKinds>{run_of<kind, is_full>()...};
        }(std::make_index_sequence<kStepKinds>{});
    }
    static constexpr std::array<Run, kStepKinds> kFull = runs<true>();
    static constexpr std::array<Run, kStepKinds> kPart = runs<false>();

    const Schedule& schedule_;
    // None is set to anything: a program writes what it reads.
    std::array<const Real*, kMostOperands> operands_;
    alignas(64) std::array<std::array<Real, kStrip>, kMostRegisters> registers_;
    alignas(64) std::array<std::array<Real, kStrip>, kMostGiven> given_;
};

}  // namespace RANVIER_ISA_NAMESPACE
}  // namespace ranvier
