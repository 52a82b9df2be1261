// Moves the states of a mechanism that is written as expressions, a strip at a time. What is
// diagonal in the rates' derivatives is a division; what is not, a small elimination without
// pivots: 1/tau - J of rates that go from state to state has dominant columns.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "ranvier/mechanisms/expression/machine.hpp"

namespace ranvier {
inline namespace RANVIER_ISA_NAMESPACE {

/// 1 - 1/sqrt 2, of the method of two stages.
inline constexpr double kStageShare = 0.29289321881345247560;

/// States that a mechanism may have.
inline constexpr std::size_t kMostStates = 24;

template <class Real>
using Strip = std::array<Real, kStrip>;

/// (1/tau - J)^-1 on a strip.
template <class Real>
class Inverse {
public:
    /// `entry(i)` is the operand with the i-th entry of the jacobian, `inverse_tau(lane)` a number
    /// for each lane of a pack.
    template <class Entry>
    Inverse(const Expressions& e, const Entry& entry, const Real* inverse_tau,
            std::size_t packs) noexcept
        : size_(e.states), packs_(packs), is_coupled_(e.is_coupled()) {
        if (is_coupled_) {
            for (std::size_t i = 0; i < size_ * size_; ++i) {
                for_each(matrix_[i], [](std::size_t) { return P(0.0); });
            }
        }
        for (std::size_t i = 0; i < e.jacobian.size(); ++i) {
            const Operand<Real>& own = entry(i);
            const bool is_diagonal = i < size_;
            Strip<Real>& to = is_coupled_ ? cell(e.jacobian[i].of, e.jacobian[i].by) : matrix_[i];
            for (std::size_t k = 0; k < packs; ++k) {
                for (std::size_t lane = 0; lane < kLanes; lane += kStep) {
                    const P shift = is_diagonal ? P::load(inverse_tau + lane) : P(0.0);
                    (shift - P::load(own.at(k) + lane)).store(to.data() + k * kLanes + lane);
                }
            }
        }
        if (is_coupled_) {
            factor();
        } else {
            for (std::size_t i = 0; i < size_; ++i) {
                invert(matrix_[i]);
            }
        }
    }

    /// In place; `x` has a strip per state.
    void apply(Strip<Real>* x) const noexcept {
        if (!is_coupled_) {
            for (std::size_t i = 0; i < size_; ++i) {
                multiply(x[i], matrix_[i]);
            }
            return;
        }
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

private:
    using P = Pack<TwoRegisters<Real>>;
    static constexpr std::size_t kStep = P::kWidth * P::kPieces;

    Strip<Real>& cell(std::size_t i, std::size_t j) noexcept { return matrix_[i * size_ + j]; }
    const Strip<Real>& cell(std::size_t i, std::size_t j) const noexcept {
        return matrix_[i * size_ + j];
    }
    template <class Value>
    RANVIER_INLINE void for_each(Strip<Real>& to, const Value& value) const noexcept {
        for (std::size_t at = 0; at < packs_ * kLanes; at += kStep) {
            value(at).store(to.data() + at);
        }
    }
    void subtract(const Strip<Real>& a, const Strip<Real>& b, Strip<Real>& from) const noexcept {
        for_each(from, [&](std::size_t at) __attribute__((always_inline)) {
            return P::load(from.data() + at) - P::load(a.data() + at) * P::load(b.data() + at);
        });
    }
    void multiply(Strip<Real>& x, const Strip<Real>& by) const noexcept {
        for_each(x, [&](std::size_t at) __attribute__((always_inline)) {
            return P::load(x.data() + at) * P::load(by.data() + at);
        });
    }
    void invert(Strip<Real>& x) const noexcept {
        for_each(x, [&](std::size_t at)
                        __attribute__((always_inline)) { return 1.0 / P::load(x.data() + at); });
    }
    /// Into a unit lower and an upper triangle, whose diagonal is kept inverted.
    void factor() noexcept {
        for (std::size_t k = 0; k < size_; ++k) {
            invert(cell(k, k));
            for (std::size_t i = k + 1; i < size_; ++i) {
                multiply(cell(i, k), cell(k, k));
                for (std::size_t j = k + 1; j < size_; ++j) {
                    subtract(cell(i, k), cell(k, j), cell(i, j));
                }
            }
        }
    }

    std::size_t size_;
    std::size_t packs_;
    bool is_coupled_;
    // Where nothing is coupled, only the diagonal.
    std::array<Strip<Real>, kMostStates * kMostStates> matrix_;
};

/// How states are moved at constant v.
enum class Relaxed {
    kExactly,       // where nothing is coupled and rates are linear; else by backward Euler, which
                    // keeps amounts positive however long the step
    kToThirdOrder,  // or to second, where states are coupled (two stages, see rosenbrock2)
};

/// Moves states by `dt_ms` per lane, given what `relax` said of them. `gate(k, x)` is where the
/// lanes of pack k of a state are.
template <class Real, class Gate>
void move_states(const Machine<Real>& relax, const Expressions& e, const Real* dt_ms,
                 std::size_t packs, Relaxed how, const Gate& gate) noexcept {
    using P = Pack<TwoRegisters<Real>>;
    const auto for_each = [&](std::size_t x, const auto& by) {
        const P lowest(e.lowest[x]);
        const P highest(e.highest[x]);
        for (std::size_t k = 0; k < packs; ++k) {
            for (std::size_t lane = 0; lane < kLanes; lane += P::kWidth * P::kPieces) {
                Real* const to = gate(k, x) + lane;
                // NaN must pass, and does as the second of min and max.
                max(lowest, min(highest, P::load(to) + by(k, lane))).store(to);
            }
        }
    };
    if (!e.is_coupled()) {
        for (std::size_t x = 0; x < e.states; ++x) {
            for_each(x, [&](std::size_t k, std::size_t lane) {
                const P dt = P::load(dt_ms + lane);
                const P rate = P::load(relax.output(x).at(k) + lane);
                const P s = -(P::load(relax.output(e.states + x).at(k) + lane)) * dt;
                if (how == Relaxed::kExactly) {
                    return rate * dt / exprelr(-s);
                }
                // See relax_gate() in channel.hpp.
                const P sixth = (1.0 / 6.0) * s;
                return rate * dt * (1.0 + sixth) / (1.0 + s * (2.0 / 3.0 + sixth));
            });
        }
        return;
    }
    const Real share = how == Relaxed::kExactly ? Real(1) : static_cast<Real>(kStageShare);
    std::array<Real, kLanes> inverse_tau;
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
        // A lane that stands still: too short a step to move anything, but none that divides by 0.
        inverse_tau[lane] = Real(1) / (share * std::max(dt_ms[lane], Real(1e-30)));
    }
    const Inverse<Real> inverse(
        e, [&](std::size_t i) -> const Operand<Real>& { return relax.output(e.states + i); },
        inverse_tau.data(), packs);
    // Neither is set beyond the states and packs that there are.
    std::array<Strip<Real>, kMostStates> rate;
    std::array<Strip<Real>, kMostStates> moved;
    for (std::size_t x = 0; x < e.states; ++x) {
        for (std::size_t k = 0; k < packs; ++k) {
            for (std::size_t lane = 0; lane < kLanes; ++lane) {
                const Real each = relax.output(x).at(k)[lane];
                rate[x][k * kLanes + lane] = each;
                moved[x][k * kLanes + lane] = each;
            }
        }
    }
    inverse.apply(moved.data());
    if (how == Relaxed::kToThirdOrder) {
        constexpr double echo = (1.0 - kStageShare) / kStageShare;
        for (std::size_t x = 0; x < e.states; ++x) {
            for (std::size_t k = 0; k < packs; ++k) {
                for (std::size_t lane = 0; lane < kLanes; lane += P::kWidth * P::kPieces) {
                    const std::size_t at = k * kLanes + lane;
                    const P back = echo * P::load(inverse_tau.data() + lane);
                    (P::load(rate[x].data() + at) + back * P::load(moved[x].data() + at))
                        .store(moved[x].data() + at);
                }
            }
        }
        inverse.apply(moved.data());
    }
    for (std::size_t x = 0; x < e.states; ++x) {
        for_each(x, [&](std::size_t k, std::size_t lane) {
            return P::load(moved[x].data() + k * kLanes + lane);
        });
    }
}

}  // namespace RANVIER_ISA_NAMESPACE
}  // namespace ranvier
