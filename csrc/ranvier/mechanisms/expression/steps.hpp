// What the steps of a machine do. To be included by the one file that compiles them: there are
// hundreds, and to compile them takes as long as ten other files.
//
// May be compiled once per instruction set, see lanes/pack.hpp.
#pragma once

#include <array>
#include <cstddef>
#include <utility>

#include "ranvier/mechanisms/expression/machine.hpp"
#include "ranvier/mechanisms/expression/operations.hpp"
#include "ranvier/mechanisms/expression/schedule.hpp"

namespace ranvier {
inline namespace RANVIER_ISA_NAMESPACE {

template <class Real>
struct Steps {
    using P = typename Machine<Real>::P;
    static constexpr std::size_t kStep = Machine<Real>::kStep;
    using Run = void (*)(Machine<Real>&, const Step&, std::size_t packs) noexcept;

    /// Whether loops over a full strip are written out. Not for the base level, whose registers
    /// hold so little that this would be ten thousand instructions for the processors that need it
    /// least often, and as long to compile as both other levels.
    static constexpr bool kIsUnrolled = RANVIER_VECTOR_BYTES > 16;

    /// Operands of a step.
    template <std::size_t count>
    struct Reader {
        RANVIER_INLINE Reader(const Machine<Real>& machine, const Step& step) noexcept {
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
    template <bool is_unrolled, class Value>
    RANVIER_INLINE static void fill(Real* to, std::size_t packs, const Value& value) noexcept {
        if constexpr (is_unrolled) {
            [&]<std::size_t... i>(std::index_sequence<i...>) __attribute__((always_inline)) {
                (value(i * kStep).store(to + i * kStep), ...);
            }(std::make_index_sequence<kStrip / kStep>{});
        } else {
            for (std::size_t place = 0; place < packs * kLanes; place += kStep) {
                value(place).store(to + place);
            }
        }
    }

    template <Op op, bool is_unrolled>
    static void run_one(Machine<Real>& machine, const Step& step, std::size_t packs) noexcept {
        constexpr std::size_t reads = operands_of(op);
        const Reader<reads> from(machine, step);
        fill<is_unrolled>(machine.registers_[step.to].data(), packs,
                          [&](std::size_t place) __attribute__((always_inline)) {
                              const P a = from.at(0, place);
                              if constexpr (reads == 1) {
                                  return done<op>(a, a, a);
                              } else if constexpr (reads == 2) {
                                  return done<op>(a, from.at(1, place), a);
                              } else {
                                  return done<op>(a, from.at(1, place), from.at(2, place));
                              }
                          });
    }

    template <std::size_t kind, bool is_unrolled>
    static void run_pair(Machine<Real>& machine, const Step& step, std::size_t packs) noexcept {
        constexpr PairOf pair(kind);
        constexpr std::size_t reads = operands_of(pair.first);
        constexpr std::size_t others =
            operands_of(pair.second) - (pair.slot == Slot::kBoth ? 2 : 1);
        const Reader<reads + others> from(machine, step);
        fill<is_unrolled>(machine.registers_[step.to].data(), packs,
                          [&](std::size_t place) __attribute__((always_inline)) {
                              const P a = from.at(0, place);
                              const P b = from.at(1, place);
                              const P own =
                                  done<pair.first>(a, b, reads == 3 ? from.at(2, place) : a);
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

    template <std::size_t kind, bool is_unrolled>
    static constexpr Run run_of() noexcept {
        if constexpr (kind < kOps) {
            constexpr Op op = static_cast<Op>(kind);
            constexpr bool is_written_out = is_unrolled && !is_long(op);
            return &run_one<op, is_written_out>;
        } else {
            constexpr PairOf pair(kind);
            if constexpr (is_pair(pair.first, pair.second, pair.slot)) {
                return &run_pair<kind, is_unrolled>;
            } else {
                return nullptr;  // no schedule has it
            }
        }
    }
    template <bool is_unrolled>
    static constexpr std::array<Run, kStepKinds> runs() noexcept {
        return []<std::size_t... kind>(std::index_sequence<kind...>) {
            return std::array<Run, kStepKinds>{run_of<kind, is_unrolled>()...};
        }(std::make_index_sequence<kStepKinds>{});
    }
    static constexpr std::array<Run, kStepKinds> kFull = runs<kIsUnrolled>();
    static constexpr std::array<Run, kStepKinds> kAny = runs<false>();
};

template <class Real>
void Machine<Real>::run(std::size_t packs) noexcept {
    const auto& runs = packs == kStripPacks ? Steps<Real>::kFull : Steps<Real>::kAny;
    for (const Step& step : schedule_.steps) {
        runs[step.kind](*this, step, packs);
    }
}

}  // namespace RANVIER_ISA_NAMESPACE
}  // namespace ranvier
