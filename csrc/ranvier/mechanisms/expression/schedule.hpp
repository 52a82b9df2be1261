// Makes of a program what the machine runs: fewer, longer steps.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "ranvier/mechanisms/expression/program.hpp"

namespace ranvier {

/// What takes part in pairs.
inline constexpr std::array kPaired{Op::kAdd,         Op::kSubtract,     Op::kMultiply,
                                    Op::kMultiplyAdd, Op::kMultiplyLess, Op::kLessProduct};

/// Where the second of a pair takes the first one's result. As b only where a and b may not change
/// places.
enum class Slot : std::uint8_t { kA, kB, kC, kBoth, kNone };
inline constexpr std::size_t kSlots = 4;

/// Steps are numbered like operations, then pairs; not all of these there are.
inline constexpr std::size_t kStepKinds = kOps + kPaired.size() * kPaired.size() * kSlots;

constexpr bool is_paired(Op op) noexcept {
    return std::find(kPaired.begin(), kPaired.end(), op) != kPaired.end();
}
constexpr bool is_pair(Op first, Op second, Slot slot) noexcept {
    if (!is_paired(first) || !is_paired(second)) {
        return false;
    }
    switch (slot) {
        case Slot::kA:
            return true;
        case Slot::kB:
            return second == Op::kSubtract;
        case Slot::kC:
            return operands_of(second) == 3;
        case Slot::kBoth:
            return second == Op::kMultiply;
        case Slot::kNone:
            return false;
    }
    return false;
}
constexpr std::size_t pair_kind(Op first, Op second, Slot slot) noexcept {
    const auto place = [](Op op) {
        return static_cast<std::size_t>(std::find(kPaired.begin(), kPaired.end(), op) -
                                        kPaired.begin());
    };
    return kOps + (place(first) * kPaired.size() + place(second)) * kSlots +
           static_cast<std::size_t>(slot);
}
/// What a kind of step is made of: the inverse of pair_kind().
struct PairOf {
    explicit constexpr PairOf(std::size_t kind) noexcept
        : first(kPaired[(kind - kOps) / kSlots / kPaired.size()]),
          second(kPaired[(kind - kOps) / kSlots % kPaired.size()]),
          slot(static_cast<Slot>((kind - kOps) % kSlots)) {}

    Op first;
    Op second;
    Slot slot;
};

/// Of a program that reads and writes only what there is. `given` operands come before its
/// constants.
Schedule scheduled(const Program& program, std::size_t given);

}  // namespace ranvier
