// Moves the states of a mechanism that is written as expressions, a strip at a time. What is
// diagonal in the rates' derivatives is a division; what is not, a small elimination without
// pivots: 1/tau - J of rates that go from state to state has dominant columns.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "ranvier/lanes/math.hpp"
#include "ranvier/mechanisms/expression/machine.hpp"

namespace ranvier {
inline namespace RANVIER_ISA_NAMESPACE {

/// 1 - 1/sqrt 2, of the method of two stages.
inline constexpr double kStageShare = 0.29289321881345247560;

template <class Real>
using Strip = std::array<Real, kStrip>;

/// Packs that coupled states are worked on at once: few, since the matrix has as many numbers for
/// each as it has cells, and the stacks of threads are small on some systems.
inline constexpr std::size_t kCoupledPacks = 2;

/// A number per lane of those.
template <class Real>
using Few = std::array<Real, kCoupledPacks * kLanes>;

/// (1/tau - J)^-1 where states depend on each other.
template <class Real>
class Inverse {
public:
    /// `entry(i)` is where the i-th entry of the jacobian has its numbers, `inverse_tau` one number
    /// for each lane of a pack.
    template <class Entry>
    Inverse(const Expressions& e, const Entry& entry, const Real* inverse_tau,
            std::size_t packs) noexcept
        : size_(e.states), packs_(packs) {
        for (std::size_t i = 0; i < size_ * size_; ++i) {
            for_each(matrix_[i], [](std::size_t) { return P(0.0); });
        }
        for (std::size_t i = 0; i < e.jacobian.size(); ++i) {
            const Real* const own = entry(i);
            for_each(cell(e.jacobian[i].of, e.jacobian[i].by), [&](std::size_t at) {
                const P shift = i < size_ ? P::load(inverse_tau + at % kLanes) : P(0.0);
                return shift - P::load(own + at);
            });
        }
        factor();
    }

    /// In place; `x` has a column per state.
    void apply(Few<Real>* x) const noexcept {
        for (std::size_t i = 0; i < size_; ++i) {
            for (std::size_t j = 0; j < i; ++j) {
                subtract(cell(i, j), x[j], x[i]);
            }
        }
        for (std::size_t i = size_; i-- > 0;) {
            for (std::size_t j = i + 1; j < size_; ++j) {
                subtract(cell(i, j), x[j], x[i]);
            }
            multiply(x[i], cell(i, i));
        }
    }

    /// Calls value(place) for each register's worth of `to`.
    template <class Value>
    RANVIER_INLINE void for_each(Few<Real>& to, const Value& value) const noexcept {
        for (std::size_t at = 0; at < packs_ * kLanes; at += P::kWidth * P::kPieces) {
            value(at).store(to.data() + at);
        }
    }

private:
    using P = Pack<TwoRegisters<Real>>;

    Few<Real>& cell(std::size_t i, std::size_t j) noexcept { return matrix_[i * size_ + j]; }
    const Few<Real>& cell(std::size_t i, std::size_t j) const noexcept {
        return matrix_[i * size_ + j];
    }
    void subtract(const Few<Real>& a, const Few<Real>& b, Few<Real>& from) const noexcept {
        for_each(from, [&](std::size_t at) __attribute__((always_inline)) {
            return P::load(from.data() + at) - P::load(a.data() + at) * P::load(b.data() + at);
        });
    }
    void multiply(Few<Real>& x, const Few<Real>& by) const noexcept {
        for_each(x, [&](std::size_t at) __attribute__((always_inline)) {
            return P::load(x.data() + at) * P::load(by.data() + at);
        });
    }
    /// Into a unit lower and an upper triangle, whose diagonal is kept inverted.
    void factor() noexcept {
        for (std::size_t k = 0; k < size_; ++k) {
            Few<Real>& pivot = cell(k, k);
            for_each(pivot, [&](std::size_t at) __attribute__((always_inline)) {
                return 1.0 / P::load(pivot.data() + at);
            });
            for (std::size_t i = k + 1; i < size_; ++i) {
                multiply(cell(i, k), pivot);
                for (std::size_t j = k + 1; j < size_; ++j) {
                    subtract(cell(i, k), cell(k, j), cell(i, j));
                }
            }
        }
    }

    std::size_t size_;
    std::size_t packs_;
    // Not set beyond the states and packs that there are.
    std::array<Few<Real>, kMostStates * kMostStates> matrix_;
};

/// Calls work(first pack, packs) for the parts of a strip that coupled states are worked on in.
template <class Work>
void for_each_few(std::size_t packs, const Work& work) noexcept {
    for (std::size_t first = 0; first < packs; first += kCoupledPacks) {
        work(first, std::min(kCoupledPacks, packs - first));
    }
}

/// How states are moved at constant v.
enum class Relaxed {
    kExactly,       // where nothing is coupled and rates are linear; else by backward Euler, which
                    // keeps amounts positive however long the step
    kToThirdOrder,  // or to second, where states are coupled (two stages, see rosenbrock2)
};

/// Adds `by` to some lanes of state x, within its bounds.
template <class P, class Real>
RANVIER_INLINE void move_state(const Expressions& e, std::size_t x, const P& by,
                               Real* to) noexcept {
    // NaN must pass, and does as the second of min and max.
    max(P(e.lowest[x]), min(P(e.highest[x]), P::load(to) + by)).store(to);
}

/// As move_states(), where states depend on each other. Not inlined: its matrix is to be on the
/// stack only where there is one.
template <class Real, class Gate>
__attribute__((noinline)) void move_coupled_states(const Machine<Real>& relax, const Expressions& e,
                                                   const Real* dt_ms, std::size_t packs,
                                                   Relaxed how, const Gate& gate) noexcept {
    using P = Pack<TwoRegisters<Real>>;
    const Real share = how == Relaxed::kExactly ? Real(1) : static_cast<Real>(kStageShare);
    std::array<Real, kLanes> inverse_tau;
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
        // A lane that stands still: too short a step to move anything, but none that divides by 0.
        inverse_tau[lane] = Real(1) / (share * std::max(dt_ms[lane], Real(1e-30)));
    }
    std::array<Few<Real>, kMostStates> moved;
    for_each_few(packs, [&](std::size_t first, std::size_t count) {
        const auto output = [&](std::size_t i) { return relax.output(i) + first * kLanes; };
        const Inverse<Real> inverse(
            e, [&](std::size_t i) { return output(e.states + i); }, inverse_tau.data(), count);
        for (std::size_t x = 0; x < e.states; ++x) {
            inverse.for_each(moved[x], [&](std::size_t at) { return P::load(output(x) + at); });
        }
        inverse.apply(moved.data());
        if (how == Relaxed::kToThirdOrder) {
            constexpr double kBack = (1.0 - kStageShare) / kStageShare;
            for (std::size_t x = 0; x < e.states; ++x) {
                inverse.for_each(moved[x], [&](std::size_t at) {
                    const P back = kBack * P::load(inverse_tau.data() + at % kLanes);
                    return P::load(output(x) + at) + back * P::load(moved[x].data() + at);
                });
            }
            inverse.apply(moved.data());
        }
        for (std::size_t x = 0; x < e.states; ++x) {
            for (std::size_t at = 0; at < count * kLanes; at += P::kWidth * P::kPieces) {
                move_state(e, x, P::load(moved[x].data() + at),
                           gate(first + at / kLanes, x) + at % kLanes);
            }
        }
    });
}

/// Moves states by `dt_ms` per lane, given what `relax` said of them. `gate(k, x)` is where the
/// lanes of pack k of a state are.
template <class Real, class Gate>
void move_states(const Machine<Real>& relax, const Expressions& e, const Real* dt_ms,
                 std::size_t packs, Relaxed how, const Gate& gate) noexcept {
    using P = Pack<TwoRegisters<Real>>;
    if (e.is_coupled()) {
        move_coupled_states(relax, e, dt_ms, packs, how, gate);
        return;
    }
    for (std::size_t x = 0; x < e.states; ++x) {
        const Real* const rates = relax.output(x);
        const Real* const slopes = relax.output(e.states + x);
        for (std::size_t at = 0; at < packs * kLanes; at += P::kWidth * P::kPieces) {
            const P dt = P::load(dt_ms + at % kLanes);
            const P step = P::load(rates + at) * dt;
            const P s = -P::load(slopes + at) * dt;
            // See relax_gate() in channel.hpp.
            const P sixth = (1.0 / 6.0) * s;
            const P by = how == Relaxed::kExactly
                             ? step / exprelr(-s)
                             : step * (1.0 + sixth) / (1.0 + s * (2.0 / 3.0 + sixth));
            move_state(e, x, by, gate(at / kLanes, x) + at % kLanes);
        }
    }
}

}  // namespace RANVIER_ISA_NAMESPACE
}  // namespace ranvier
