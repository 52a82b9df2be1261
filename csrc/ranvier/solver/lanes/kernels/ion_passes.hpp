// The passes of ion_kernels.hpp, compiled with cable.cpp once per instruction set.
#pragma once

#include "ranvier/lanes/math.hpp"
#include "ranvier/lanes/pack.hpp"
#include "ranvier/lanes/this_isa.hpp"
#include "ranvier/solver/lanes/ion_kernels.hpp"
#include "ranvier/solver/two_stage.hpp"

namespace ranvier {
inline namespace RANVIER_ISA_NAMESPACE {
namespace {

template <class Real>
void begin_sums(std::size_t rows, const Real* v_mV, const Real* at_zero_nA, const Real* slope_uS,
                const LaneSums<Real>& sums) noexcept {
    using P = Pack<Real>;
    const P zero(0.0);
    for (std::size_t at = 0; at <= rows * kLanes; at += kLanes) {
        const P slope = P::load(slope_uS + at);
        (P::load(at_zero_nA + at) + slope * P::load(v_mV + at)).store(sums.current_nA + at);
        slope.store(sums.conductance_uS + at);
        zero.store(sums.echo_nA + at);
        zero.store(sums.echo_uS + at);
    }
}

template <class Real>
void add_own(const OwnSums<Real>& own, const LaneSums<Real>& to) noexcept {
    using P = Pack<Real>;
    for (std::size_t k = 0; k < own.size; ++k) {
        const auto at = static_cast<std::size_t>(own.pack[k]);
        const auto add = [at](const Real* more, Real* sum) {
            (P::load(sum + at) + P::load(more + at)).store(sum + at);
        };
        add(own.sums.current_nA, to.current_nA);
        add(own.sums.conductance_uS, to.conductance_uS);
        add(own.sums.echo_nA, to.echo_nA);
        add(own.sums.echo_uS, to.echo_uS);
    }
}

template <class Real>
RANVIER_INLINE Pack<Real> mean_change(const RowStages<Real>& step, std::size_t at) noexcept {
    using P = Pack<Real>;
    return (1.0 - kGamma) * P::load(step.u1_mV + at) + kGamma * P::load(step.u2_mV + at);
}

template <class Real>
void book_own(const OwnSums<Real>& own, const RowStages<Real>& step) noexcept {
    using P = Pack<Real>;
    const P zero(0.0);
    for (std::size_t k = 0; k < own.size; ++k) {
        const auto at = static_cast<std::size_t>(own.pack[k]);
        const auto take = [&](Real* sum) {
            const P value = P::load(sum + at);
            zero.store(sum + at);
            return value;
        };
        const P direct =
            take(own.sums.current_nA) + take(own.sums.conductance_uS) * mean_change(step, at);
        const P echo = take(own.sums.echo_nA) + take(own.sums.echo_uS) * P::load(step.u1_mV + at);
        (P::load(own.charge_pC + at) + step.dt_ms * (direct + kGamma * echo))
            .store(own.charge_pC + at);
    }
}

template <class Real>
void integrate_rows(const RowStages<Real>& step, Real* mV_ms) noexcept {
    using P = Pack<Real>;
    for (std::size_t at = kLanes; at <= step.rows * kLanes; at += kLanes) {
        const P mean = P::load(step.v_mV + at) + mean_change(step, at);
        (P::load(mV_ms + at) + step.dt_ms * mean).store(mV_ms + at);
    }
}

template <class Real>
void shift_links(const LiveLinks<Real>& p, Real* all) noexcept {
    using P = Pack<Real>;
    const std::size_t n = p.modes / 2;
    for (std::size_t k = 0; k < p.size; ++k) {
        const auto kind = static_cast<std::size_t>(p.kind[k]);
        const std::size_t half = p.half[k];
        Real* const state = all + (k * p.halves + half) * p.modes * kLanes;
        Real* const shift = p.shift + k * p.modes * kLanes;
        const Real* const source = p.source_nA + k * n * kLanes;
        P lower = P::load(p.rest_nA + 2 * kind * kLanes);
        P upper = P::load(p.rest_nA + (2 * kind + 1) * kLanes);
        for (std::size_t mode = 0; mode < p.modes; ++mode) {
            const Real* const basis = p.basis + (kind * n * p.modes + mode) * kLanes;
            P driven(0.0);
            for (std::size_t i = 0; i < n; ++i) {
                driven =
                    driven + P::load(basis + i * p.modes * kLanes) * P::load(source + i * kLanes);
            }
            const std::size_t of_kind = (kind * p.modes + mode) * kLanes;
            const P now = driven * P::load(p.inverse_rate + of_kind);
            const std::size_t at = mode * kLanes;
            const P z = P::load(state + at) + P::load(shift + at);
            (z - now).store(state + at);
            now.store(shift + at);
            lower = lower + P::load(p.lower + of_kind) * now;
            upper = upper + P::load(p.upper + of_kind) * now;
        }
        lower.store(p.shifted_nA + 2 * k * kLanes);
        upper.store(p.shifted_nA + (2 * k + 1) * kLanes);
    }
}

template <class Real>
void mean_of_links(const LiveLinks<Real>& p, double time_ms, Real* mean) noexcept {
    using P = Pack<Real>;
    const P per_ms(1.0 / time_ms);
    for (std::size_t k = 0; k < p.size; ++k) {
        const auto kind = static_cast<std::size_t>(p.kind[k]);
        const std::size_t slot = static_cast<std::size_t>(p.slot[k]) * kLanes;
        const std::size_t half = p.half[k];
        const Real* const state = p.state + (k * p.halves + half) * p.modes * kLanes;
        const P lower_mV_ms = P::load(p.row_mV_ms + slot);
        const P upper_mV_ms = P::load(p.row_mV_ms + slot + kLanes);
        for (std::size_t mode = 0; mode < p.modes; ++mode) {
            const std::size_t of_kind = (kind * p.modes + mode) * kLanes;
            const std::size_t at = (k * p.modes + mode) * kLanes;
            const P moved = P::load(state + mode * kLanes) - P::load(p.begun + at);
            const P in = P::load(p.lower + of_kind) * lower_mV_ms +
                         P::load(p.upper + of_kind) * upper_mV_ms + P::load(p.driven + at);
            const P own = (in - moved) * P::load(p.inverse_rate + of_kind) * per_ms;
            (own + P::load(p.shift + at)).store(mean + at);
        }
    }
}

void logarithms(double* numbers, std::size_t size) noexcept {
    using P = Pack<TwoRegisters<double>>;
    for (std::size_t i = 0; i < size; i += P::kWidth * P::kPieces) {
        log(P::load(numbers + i)).store(numbers + i);
    }
}

template <class Real>
constexpr IonKernels<Real> kIonKernels{
    &begin_sums<Real>,  &add_own<Real>,       &book_own<Real>, &integrate_rows<Real>,
    &shift_links<Real>, &mean_of_links<Real>, &logarithms};

}  // namespace
}  // namespace RANVIER_ISA_NAMESPACE
}  // namespace ranvier
