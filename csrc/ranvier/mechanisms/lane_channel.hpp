// Turns a channel struct into its lane kernels: the formulas of channel.hpp over packs. A channel
// file is compiled once per instruction set, so nothing here may be emitted under a name that two
// levels share: the channel struct is in an anonymous namespace, and so is what it instantiates.
#pragma once

#include <array>
#include <type_traits>
#include <utility>

#include "ranvier/base/dual.hpp"
#include "ranvier/lanes/math.hpp"
#include "ranvier/lanes/pack.hpp"
#include "ranvier/mechanisms/channel.hpp"
#include "ranvier/mechanisms/lane_kernels.hpp"

namespace ranvier {
inline namespace RANVIER_ISA_NAMESPACE {

/// (1 - g)/g of the two-stage method, g = 1 - 1/sqrt 2.
inline constexpr double kLaneEcho = 2.41421356237309504880;
inline constexpr double kLaneGamma = 0.29289321881345247560;

/// Calls work(k, lane, place) for each register's worth of lanes of the packs from `first` on,
/// `place` being where in the arrays that are indexed by slot.
template <class P, class Real, class Work>
RANVIER_INLINE void for_each_register(const LaneRows<Real>& rows, std::size_t first,
                                      std::size_t last, const Work& work) noexcept {
    for (std::size_t k = first; k < last; ++k) {
        const auto at = static_cast<std::size_t>(rows.pack[k]);
        for (std::size_t lane = 0; lane < kLanes; lane += P::kWidth * P::kPieces) {
            work(k, lane, at + lane);
        }
    }
}

/// Packs whose rates are found before anything is done with them. Two loops rather than one: a
/// short body lets the processor work on several registers at once, where one long chain of
/// exponentials and divisions would wait for itself.
inline constexpr std::size_t kPacksAtOnce = 8;

/// The rates of some packs; with Value a Dual, their slopes too.
template <class C, class Real, std::size_t columns>
struct LaneRates {
    alignas(64) Real column[columns][detail::gate_count<C> == 0 ? 1 : detail::gate_count<C>]
                           [kPacksAtOnce * kLanes];
};

/// Whether all rates of a channel are quotients.
template <class C, class P>
constexpr bool gives_quotients() {
    if constexpr (detail::gate_count<C> == 0) {
        return false;
    } else {
        return std::is_same_v<std::remove_cvref_t<decltype(C::rates(std::declval<P>())[0])>,
                              RateQuotient<P>>;
    }
}

/// Inverts. Where `may_share`, two of double share a division: not those of float, where that is
/// quick.
template <bool may_share, std::size_t size, class P>
RANVIER_INLINE void invert(P (&x)[size]) noexcept {
    constexpr std::size_t paired = may_share && sizeof(typename P::Element) == 8 ? size / 2 * 2 : 0;
    for (std::size_t i = 0; i < paired; i += 2) {
        const P inverse = 1.0 / (x[i] * x[i + 1]);
        const P first = inverse * x[i + 1];
        x[i + 1] = inverse * x[i];
        x[i] = first;
    }
    for (std::size_t i = paired; i < size; ++i) {
        x[i] = 1.0 / x[i];
    }
}

/// Of each gate and row: by v, echo, and where steps are judged, own.
template <bool is_judged>
inline constexpr std::size_t kAnswers = is_judged ? 3 : 2;

template <class C, class Real, bool is_judged>
RANVIER_FLATTEN void linearise_lanes(const LaneRows<Real>& rows, const Real* v_mV,
                                     const Real* inverse_tau_per_ms,
                                     const LaneSums<Real>& sums) noexcept {
    constexpr std::size_t gates = detail::gate_count<C>;
    using P = Pack<TwoRegisters<Real>>;
    const auto add = [](const P& more, Real* to)
                         __attribute__((always_inline)) { (P::load(to) + more).store(to); };
    if constexpr (gates == 0) {
        for_each_register<P>(
            rows, 0, rows.size,
            [&](std::size_t k, std::size_t lane, std::size_t at) __attribute__((always_inline)) {
                const P g_uS = P::load(rows.g_uS.at(k) + lane);
                add(g_uS * (P::load(v_mV + at) - P::load(rows.e_mV.at(k) + lane)),
                    sums.current_nA + at);
                add(g_uS, sums.conductance_uS + at);
            });
    } else {
        // Divided by each gate's temperature factor, so that the rates need not be multiplied.
        alignas(64) Real inverse_tau[gates][kLanes];
        alignas(64) Real echo_per_ms[gates][kLanes];
        for (std::size_t g = 0; g < gates; ++g) {
            for (std::size_t lane = 0; lane < kLanes; ++lane) {
                const auto per_factor = static_cast<Real>(1.0 / rows.rate_factor[g]);
                inverse_tau[g][lane] = inverse_tau_per_ms[lane] * per_factor;
                echo_per_ms[g][lane] = static_cast<Real>(kLaneEcho) * inverse_tau[g][lane];
            }
        }
        LaneRates<C, Real, 4> found;
        auto& [alphas, betas, alpha_slopes, beta_slopes] = found.column;
        for (std::size_t first = 0; first < rows.size; first += kPacksAtOnce) {
            const std::size_t last =
                first + kPacksAtOnce < rows.size ? first + kPacksAtOnce : rows.size;
            for_each_register<P>(
                rows, first, last,
                [&](std::size_t k, std::size_t lane, std::size_t at)
                    __attribute__((always_inline)) {
                        const auto rates = C::rates(Dual<P>(P::load(v_mV + at), P(1.0)));
                        const std::size_t own = (k - first) * kLanes + lane;
                        for (std::size_t g = 0; g < gates; ++g) {
                            rates[g].alpha_per_ms.value.store(alphas[g] + own);
                            rates[g].beta_per_ms.value.store(betas[g] + own);
                            rates[g].alpha_per_ms.slope.store(alpha_slopes[g] + own);
                            rates[g].beta_per_ms.slope.store(beta_slopes[g] + own);
                        }
                    });
            for_each_register<P>(
                rows, first, last,
                [&](std::size_t k, std::size_t lane,
                    std::size_t at) __attribute__((always_inline)) {
                    const std::size_t here = (k - first) * kLanes + lane;
                    const P g_uS = P::load(rows.g_uS.at(k) + lane);
                    const P driven_nA =
                        g_uS * (P::load(v_mV + at) - P::load(rows.e_mV.at(k) + lane));
                    Real* const gate = rows.gates + k * gates * kLanes + lane;
                    constexpr std::size_t each = kAnswers<is_judged> * kLanes;
                    Real* const answer = rows.answers + k * gates * each + lane;
                    P x[gates];
                    P scaled[gates];
                    for (std::size_t g = 0; g < gates; ++g) {
                        x[g] = P::load(gate + g * kLanes);
                        scaled[g] = P::load(inverse_tau[g] + lane) +
                                    (P::load(alphas[g] + here) + P::load(betas[g] + here));
                    }
                    invert<gives_quotients<C, P>()>(scaled);
                    [&]<std::size_t... g>(
                        std::index_sequence<g...> all) __attribute__((always_inline)) {
                        const P open = detail::open_fraction<C>(x, all);
                        P current = driven_nA * open;
                        P conductance = g_uS * open;
                        P echo_nA(0.0);
                        P echo_uS(0.0);
                        const auto eliminate = [&](auto index) __attribute__((always_inline)) {
                            constexpr std::size_t i = decltype(index)::value;
                            const P alpha = P::load(alphas[i] + here);
                            const P beta = P::load(betas[i] + here);
                            const P closed = 1.0 - x[i];
                            const P own = scaled[i] * (alpha * closed - beta * x[i]);
                            const P by_v = scaled[i] * (P::load(alpha_slopes[i] + here) * closed -
                                                        P::load(beta_slopes[i] + here) * x[i]);
                            const P echo = P::load(echo_per_ms[i] + lane) * scaled[i];
                            const P by_gate_nA =
                                driven_nA * detail::open_fraction_slope<C, i>(x, all);
                            const P own_nA = by_gate_nA * own;
                            const P by_v_uS = by_gate_nA * by_v;
                            current = current + own_nA;
                            conductance = conductance + by_v_uS;
                            echo_nA = echo_nA + own_nA * echo;
                            echo_uS = echo_uS + by_v_uS * echo;
                            // What the gate moves by whatever v does, at once.
                            (x[i] + (own + own * echo)).store(gate + i * kLanes);
                            by_v.store(answer + i * each);
                            echo.store(answer + i * each + kLanes);
                            if constexpr (is_judged) {
                                own.store(answer + i * each + 2 * kLanes);
                            }
                        };
                        (eliminate(std::integral_constant<std::size_t, g>{}), ...);
                        add(current, sums.current_nA + at);
                        add(conductance, sums.conductance_uS + at);
                        add(echo_nA, sums.echo_nA + at);
                        add(echo_uS, sums.echo_uS + at);
                    }(std::make_index_sequence<gates>{});
                });
        }
    }
}

template <class C, class Real, bool is_judged>
RANVIER_INLINE void moved_lanes(const LaneRows<Real>& rows, const Real* u1_mV, const Real* u2_mV,
                                Real* largest) noexcept {
    constexpr std::size_t gates = detail::gate_count<C>;
    using P = Pack<TwoRegisters<Real>>;
    if constexpr (gates > 0) {
        P worst = is_judged ? P::load(largest) : P(0.0);
        const P shut(0.0);
        const P wide(1.0);
        for_each_register<P>(
            rows, 0, rows.size, [&](std::size_t k, std::size_t lane, std::size_t at) {
                const P u1_v = P::load(u1_mV + at);
                const P u2_v = P::load(u2_mV + at);
                Real* const gate = rows.gates + k * gates * kLanes + lane;
                constexpr std::size_t each = kAnswers<is_judged> * kLanes;
                const Real* const answer = rows.answers + k * gates * each + lane;
                P bend(0.0);
                for (std::size_t g = 0; g < gates; ++g) {
                    const P by_v = P::load(answer + g * each);
                    const P echo = P::load(answer + g * each + kLanes);
                    const P by_v_both = by_v * (echo * u1_v + u2_v);
                    // A gate stays between shut and open, which only a step far too long breaks.
                    // NaN must pass, and does as the second of min and max.
                    const P x = P::load(gate + g * kLanes) + by_v_both;
                    max(shut, min(wide, x)).store(gate + g * kLanes);
                    if constexpr (is_judged) {
                        const P own = P::load(answer + g * each + 2 * kLanes);
                        const P u1 = own + by_v * u1_v;
                        const P u2 = own + own * echo + by_v_both;
                        bend = max(bend, abs(u1 - kLaneGamma * u2));
                    }
                }
                if constexpr (is_judged) {
                    const P slot(
                        static_cast<double>(rows.pack[k] / static_cast<std::int32_t>(kLanes)));
                    worst = max(worst, select((P::load(rows.g_uS.at(k) + lane) > shut) &
                                                  (P::load(rows.first_row + lane) <= slot),
                                              bend, shut));
                }
            });
        if constexpr (is_judged) {
            worst.store(largest);
        }
    }
}

template <class C, class Real>
void move_lanes(const LaneRows<Real>& rows, const Real* u1_mV, const Real* u2_mV) noexcept {
    moved_lanes<C, Real, false>(rows, u1_mV, u2_mV, nullptr);
}

template <class C, class Real>
void move_and_judge_lanes(const LaneRows<Real>& rows, const Real* u1_mV, const Real* u2_mV,
                          Real* bend) noexcept {
    moved_lanes<C, Real, true>(rows, u1_mV, u2_mV, bend);
}

/// Moves gates by what relaxed_by() gave, of which two share a division: exponential() keeps the
/// product of theirs a number. Not that of floats, whose division is quick.
template <std::size_t gates, class P>
RANVIER_INLINE void add_sixths(const Quotient<P> (&by)[gates], P (&x)[gates]) noexcept {
    constexpr std::size_t paired = sizeof(typename P::Element) == 8 ? gates / 2 * 2 : 0;
    for (std::size_t g = 0; g < paired; g += 2) {
        const P inverse = 6.0 / (by[g].below * by[g + 1].below);
        x[g] = held_gate(x[g] + by[g].above * (by[g + 1].below * inverse));
        x[g + 1] = held_gate(x[g + 1] + by[g + 1].above * (by[g].below * inverse));
    }
    for (std::size_t g = paired; g < gates; ++g) {
        x[g] = held_gate(x[g] + by[g].above * (6.0 / by[g].below));
    }
}

template <class P, class Found>
RANVIER_INLINE void keep(const Rate<P>& rate, Found& found, std::size_t g,
                         std::size_t at) noexcept {
    rate.alpha_per_ms.store(found.column[0][g] + at);
    rate.beta_per_ms.store(found.column[1][g] + at);
}
template <class P, class Found>
RANVIER_INLINE void keep(const RateQuotient<P>& rate, Found& found, std::size_t g,
                         std::size_t at) noexcept {
    rate.opening_per_ms.store(found.column[0][g] + at);
    rate.closing_per_ms.store(found.column[1][g] + at);
    rate.divisor.store(found.column[2][g] + at);
}
template <class P, class Found>
RANVIER_INLINE void fetch(Rate<P>& rate, const Found& found, std::size_t g,
                          std::size_t at) noexcept {
    rate = {P::load(found.column[0][g] + at), P::load(found.column[1][g] + at)};
}
template <class P, class Found>
RANVIER_INLINE void fetch(RateQuotient<P>& rate, const Found& found, std::size_t g,
                          std::size_t at) noexcept {
    rate = {P::load(found.column[0][g] + at), P::load(found.column[1][g] + at),
            P::load(found.column[2][g] + at)};
}

template <class C, class Real>
RANVIER_FLATTEN void relax_lanes(const LaneRows<Real>& rows, const Real* v_mV, const Real* dt_ms,
                                 const LaneSums<Real>& sums) noexcept {
    constexpr std::size_t gates = detail::gate_count<C>;
    using P = Pack<TwoRegisters<Real>>;
    constexpr bool are_quotients = gives_quotients<C, P>();
    alignas(64) Real factor_dt_ms[gates == 0 ? 1 : gates][kLanes];
    for (std::size_t g = 0; g < gates; ++g) {
        const double share = are_quotients ? rows.rate_factor[g] / 6.0 : rows.rate_factor[g];
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
            factor_dt_ms[g][lane] = static_cast<Real>(share) * dt_ms[lane];
        }
    }
    [[maybe_unused]] LaneRates<C, Real, 3> found;
    for (std::size_t first = 0; first < rows.size; first += kPacksAtOnce) {
        const std::size_t last =
            first + kPacksAtOnce < rows.size ? first + kPacksAtOnce : rows.size;
        if constexpr (gates > 0) {
            for_each_register<P>(rows, first, last,
                                 [&](std::size_t k, std::size_t lane, std::size_t at)
                                     __attribute__((always_inline)) {
                                         const auto rates = C::rates(P::load(v_mV + at));
                                         for (std::size_t g = 0; g < gates; ++g) {
                                             keep(rates[g], found, g, (k - first) * kLanes + lane);
                                         }
                                     });
        }
        for_each_register<P>(
            rows, first, last,
            [&](std::size_t k, std::size_t lane, std::size_t at) __attribute__((always_inline)) {
                P g_uS = P::load(rows.g_uS.at(k) + lane);
                if constexpr (gates > 0) {
                    Real* const gate = rows.gates + k * gates * kLanes + lane;
                    P x[gates];
                    [[maybe_unused]] Quotient<P> by[gates];
                    for (std::size_t g = 0; g < gates; ++g) {
                        const P dt = P::load(factor_dt_ms[g] + lane);
                        x[g] = P::load(gate + g * kLanes);
                        std::conditional_t<are_quotients, RateQuotient<P>, Rate<P>> rate;
                        fetch(rate, found, g, (k - first) * kLanes + lane);
                        if constexpr (are_quotients) {
                            by[g] = relaxed_by(x[g], rate, dt);
                        } else {
                            x[g] = relax_gate(x[g], rate, dt);
                        }
                    }
                    if constexpr (are_quotients) {
                        add_sixths(by, x);
                    }
                    for (std::size_t g = 0; g < gates; ++g) {
                        x[g].store(gate + g * kLanes);
                    }
                    g_uS = g_uS * detail::open_fraction<C>(x, std::make_index_sequence<gates>{});
                }
                const P current_nA = g_uS * (P::load(v_mV + at) - P::load(rows.e_mV.at(k) + lane));
                (P::load(sums.current_nA + at) + current_nA).store(sums.current_nA + at);
                (P::load(sums.conductance_uS + at) + g_uS).store(sums.conductance_uS + at);
            });
    }
}

template <class C, class Real>
constexpr LaneKernels<Real> make_lane_kernels() {
    return {kAnswers<false>,
            kAnswers<true>,
            &linearise_lanes<C, Real, false>,
            &linearise_lanes<C, Real, true>,
            &move_lanes<C, Real>,
            &move_and_judge_lanes<C, Real>,
            &relax_lanes<C, Real>};
}

}  // namespace RANVIER_ISA_NAMESPACE
}  // namespace ranvier
