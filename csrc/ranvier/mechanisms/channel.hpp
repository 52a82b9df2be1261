// Turns a channel struct (metadata and rates, see channels/*.cpp) into a Mechanism, so that channel
// files hold biophysics only. The formulas are written over a value type: double here, lane packs
// for the vector kernels.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <tuple>
#include <utility>

#include "ranvier/base/dual.hpp"
#include "ranvier/base/math.hpp"
#include "ranvier/mechanisms/mechanism.hpp"

namespace ranvier {
/// Rates with a divisor in common: alpha = opening / divisor, beta = closing / divisor.
template <class Value>
struct RateQuotient {
    Value opening_per_ms;
    Value closing_per_ms;
    Value divisor;
};

/// The rates of a gate, either of which may be a quotient.
template <class Value>
RANVIER_INLINE Rate<Value> rate(const Value& alpha_per_ms, const Value& beta_per_ms) noexcept {
    return {alpha_per_ms, beta_per_ms};
}
template <class Value>
RANVIER_INLINE RateQuotient<Value> rate(const Quotient<Value>& alpha_per_ms,
                                        const Value& beta_per_ms) noexcept {
    return {alpha_per_ms.above, beta_per_ms * alpha_per_ms.below, alpha_per_ms.below};
}
template <class Value>
RANVIER_INLINE RateQuotient<Value> rate(const Value& alpha_per_ms,
                                        const Quotient<Value>& beta_per_ms) noexcept {
    return {alpha_per_ms * beta_per_ms.below, beta_per_ms.above, beta_per_ms.below};
}

template <class Value>
RANVIER_INLINE Rate<Value> divided(const Rate<Value>& rate) noexcept {
    return rate;
}
template <class Value>
RANVIER_INLINE Rate<Value> divided(const RateQuotient<Value>& rate) noexcept {
    return {rate.opening_per_ms / rate.divisor, rate.closing_per_ms / rate.divisor};
}

namespace detail {

template <class C>
constexpr std::size_t parameter_index(std::string_view name) {
    std::size_t index = 0;
    for (const auto& parameter : C::info.parameters) {
        if (parameter.name == name) {
            return index;
        }
        ++index;
    }
    return index;
}

template <class C>
inline constexpr std::size_t gate_count = C::info.gates.size();

/// Product of the gates, each to its power: the open fraction.
template <class C, class Value, std::size_t... gate>
RANVIER_INLINE Value open_fraction([[maybe_unused]] const Value* gates,
                                   std::index_sequence<gate...>) {
    return (Value(1.0) * ... * power<C::info.gates[gate].power>(gates[gate]));
}

/// d(open fraction)/d(one of the gates).
template <class C, std::size_t by, class Value, std::size_t... gate>
RANVIER_INLINE Value open_fraction_slope(const Value* gates, std::index_sequence<gate...>) {
    constexpr int exponent = C::info.gates[by].power;
    static_assert(exponent >= 1, "a gate has a power of 1 or more");
    const Value own = Value(exponent) * power<exponent - 1>(gates[by]);
    return (own * ... * power<gate == by ? 0 : C::info.gates[gate].power>(gates[gate]));
}

/// The reversal potential of each row: of the ion or, for a leak, its own parameter.
template <class C>
const double* reversal_mV(const Rows& rows) {
    constexpr std::size_t e_leak = parameter_index<C>("e_leak_mV");
    static_assert(!C::info.ion.empty() || e_leak < C::info.parameters.size(),
                  "a channel without an ion has the parameter e_leak_mV");
    return C::info.ion.empty() ? rows.parameters[e_leak] : rows.e_mV;
}

template <class C>
const double* g_bar(const Rows& rows) {
    constexpr std::size_t index = parameter_index<C>("g_bar_S_cm2");
    static_assert(index < C::info.parameters.size(), "a channel has the parameter g_bar_S_cm2");
    return rows.parameters[index];
}

}  // namespace detail

/// Moves one gate by dt, exactly if v were constant: x' = alpha (1 - x) - beta x.
template <class Value>
Value advance_gate(const Value& gate, const Rate<Value>& rate, double factor_dt_ms) {
    const Value sum_per_ms = rate.alpha_per_ms + rate.beta_per_ms;
    const Value steady_state = rate.alpha_per_ms / sum_per_ms;
    return steady_state + (gate - steady_state) * exp(-(sum_per_ms * factor_dt_ms));
}

/// A gate is held between shut and open.
template <class Value>
RANVIER_INLINE Value held_gate(const Value& moved) {
    using detail::max, detail::min;
    return max(Value(0.0), min(Value(1.0), moved));
}

/// Moves one gate by dt at constant v to third order, without an exponential: with s the sum of the
/// rates times dt, e^-s is taken as (1 - s/3)/(1 + 2 s/3 + s^2/6), the Pade approximant that goes
/// to 0 for large s. Within s^4/72 for small s; overshoots by at most a tenth of the way beyond s =
/// 3, so that a gate is held between shut and open.
template <class Value>
RANVIER_INLINE Value relax_gate(const Value& gate, const Rate<Value>& rate,
                                const Value& factor_dt_ms) {
    const Value s = (rate.alpha_per_ms + rate.beta_per_ms) * factor_dt_ms;
    const Value opened = rate.alpha_per_ms * factor_dt_ms;
    const Value sixth = (1.0 / 6.0) * s;
    return held_gate((gate * (1.0 - 2.0 * sixth) + opened * (1.0 + sixth)) /
                     (1.0 + s * (2.0 / 3.0 + sixth)));
}

/// A sixth of what relax_gate() adds to the gate, with both sides multiplied by the square of the
/// divisor d, so that it need not be divided by first: with s = 6 h,
/// e^-s = 1 - 6 h (1 + h)/((1 + 2 h)^2 + 2 h^2).
template <class Value>
RANVIER_INLINE Quotient<Value> relaxed_by(const Value& gate, const RateQuotient<Value>& rate,
                                          const Value& sixth_factor_dt_ms) {
    const Value& d = rate.divisor;
    const Value h = (rate.opening_per_ms + rate.closing_per_ms) * sixth_factor_dt_ms;
    const Value opened = rate.opening_per_ms * sixth_factor_dt_ms;
    const Value h2 = h + h;
    const Value root = d + h2;
    return {(opened - h * gate) * (d + h), root * root + h2 * h};
}

/// Rows that are worked on at once: few enough to stay in the first-level cache, many enough for
/// the loops over local arrays, which the compiler vectorises because nothing else can alias them.
inline constexpr std::size_t kRowsAtOnce = 64;

/// Calls `move(gate value, rate, gate index)` for every gate of every row.
///
/// Three loops rather than one: a short body lets the processor work on several rows at once, where
/// one long chain of exponentials would wait for itself.
template <class C, class Move>
void for_each_gate(const Rows& rows, const double* v_mV, Move&& move) {
    constexpr std::size_t gates = detail::gate_count<C>;
    using Column = std::array<double, kRowsAtOnce>;
    Column v;
    std::array<Column, gates> alpha;
    std::array<Column, gates> beta;
    Column x;
    for (std::size_t first = 0; first < rows.size; first += kRowsAtOnce) {
        const std::size_t count = std::min(kRowsAtOnce, rows.size - first);
        for (std::size_t i = 0; i < count; ++i) {
            v[i] = v_mV[rows.compartment[first + i]];
        }
        for (std::size_t i = 0; i < count; ++i) {
            const auto rates = C::rates(v[i]);
            for (std::size_t g = 0; g < gates; ++g) {
                const Rate<double> own = divided(rates[g]);
                alpha[g][i] = own.alpha_per_ms;
                beta[g][i] = own.beta_per_ms;
            }
        }
        for (std::size_t g = 0; g < gates; ++g) {
            std::copy_n(rows.gates[g] + first, count, x.begin());
            for (std::size_t i = 0; i < count; ++i) {
                x[i] = move(x[i], Rate<double>{alpha[g][i], beta[g][i]}, g);
            }
            std::copy_n(x.begin(), count, rows.gates[g] + first);
        }
    }
}

template <class C>
void steady_state_rows(const Rows& rows, const double* v_mV) noexcept {
    if constexpr (detail::gate_count<C> > 0) {
        for_each_gate<C>(rows, v_mV, [](double, const Rate<double>& rate, std::size_t) {
            return rate.alpha_per_ms / (rate.alpha_per_ms + rate.beta_per_ms);
        });
    }
}

template <class C>
void advance_rows(const Rows& rows, const double* v_mV, double dt_ms) noexcept {
    if constexpr (detail::gate_count<C> > 0) {
        std::array<double, detail::gate_count<C>> factor_dt_ms;
        for (std::size_t g = 0; g < factor_dt_ms.size(); ++g) {
            factor_dt_ms[g] = rows.rate_factor[g] * dt_ms;
        }
        for_each_gate<C>(rows, v_mV, [&](double gate, const Rate<double>& rate, std::size_t g) {
            return advance_gate(gate, rate, factor_dt_ms[g]);
        });
    }
}

template <class C>
void relax_rows(const Rows& rows, const double* v_mV, double dt_ms) noexcept {
    if constexpr (detail::gate_count<C> > 0) {
        for_each_gate<C>(rows, v_mV, [&](double gate, const Rate<double>& rate, std::size_t g) {
            return relax_gate(gate, rate, rows.rate_factor[g] * dt_ms);
        });
    }
}

/// i = g_bar (product of gates) (v - e).
template <class C>
void current_rows(const Rows& rows, const double* v_mV, double* current_nA,
                  double* conductance_uS) noexcept {
    constexpr std::size_t gates = detail::gate_count<C>;
    const double* const g_bar_S_cm2 = detail::g_bar<C>(rows);
    const double* const e_mV = detail::reversal_mV<C>(rows);
    for (std::size_t row = 0; row < rows.size; ++row) {
        std::array<double, gates == 0 ? 1 : gates> x{};
        for (std::size_t g = 0; g < gates; ++g) {
            x[g] = rows.gates[g][row];
        }
        const double open = detail::open_fraction<C>(x.data(), std::make_index_sequence<gates>{});
        const double g_uS = g_bar_S_cm2[row] * rows.nA_per_mA_cm2[row] * open;
        const auto compartment = rows.compartment[row];
        current_nA[compartment] += g_uS * (v_mV[compartment] - e_mV[row]);
        conductance_uS[compartment] += g_uS;
    }
}

/// dx/dt = alpha (1 - x) - beta x of every gate, and the current; `with_slopes` also every
/// derivative, those of the rates by Dual. Without, `to` needs rate_per_ms only, and the
/// conductance is left alone.
template <class C, bool with_slopes>
void change_rows(const Rows& rows, const double* v_mV, const GateSlopes& to, double* current_nA,
                 double* conductance_uS) noexcept {
    constexpr std::size_t gates = detail::gate_count<C>;
    using Column = std::array<double, kRowsAtOnce>;
    using Columns = std::array<Column, gates>;
    const double* const g_bar_S_cm2 = detail::g_bar<C>(rows);
    const double* const e_mV = detail::reversal_mV<C>(rows);
    Column v;
    Column g_uS;
    Column driven_nA;  // were the channel open
    Column open;
    for (std::size_t first = 0; first < rows.size; first += kRowsAtOnce) {
        const std::size_t count = std::min(kRowsAtOnce, rows.size - first);
        for (std::size_t i = 0; i < count; ++i) {
            v[i] = v_mV[rows.compartment[first + i]];
            g_uS[i] = g_bar_S_cm2[first + i] * rows.nA_per_mA_cm2[first + i];
            driven_nA[i] = g_uS[i] * (v[i] - e_mV[first + i]);
            open[i] = 1.0;
        }
        if constexpr (gates > 0) {
            Columns alpha;
            Columns beta;
            [[maybe_unused]] Columns alpha_by_v;
            [[maybe_unused]] Columns beta_by_v;
            Columns x;
            for (std::size_t i = 0; i < count; ++i) {
                if constexpr (with_slopes) {
                    const auto rates = C::rates(Dual(v[i], 1.0));
                    for (std::size_t g = 0; g < gates; ++g) {
                        alpha[g][i] = rates[g].alpha_per_ms.value;
                        beta[g][i] = rates[g].beta_per_ms.value;
                        alpha_by_v[g][i] = rates[g].alpha_per_ms.slope;
                        beta_by_v[g][i] = rates[g].beta_per_ms.slope;
                    }
                } else {
                    const auto rates = C::rates(v[i]);
                    for (std::size_t g = 0; g < gates; ++g) {
                        const Rate<double> own = divided(rates[g]);
                        alpha[g][i] = own.alpha_per_ms;
                        beta[g][i] = own.beta_per_ms;
                    }
                }
            }
            // Into columns of our own first, which nothing can alias, and from there to the caller.
            const auto hand_out = [&](const Column& from, double* column) {
                std::copy_n(from.begin(), count, column + first);
            };
            for (std::size_t g = 0; g < gates; ++g) {
                std::copy_n(rows.gates[g] + first, count, x[g].begin());
                const double factor = rows.rate_factor[g];
                for (std::size_t i = 0; i < count; ++i) {
                    const double closed = 1.0 - x[g][i];
                    const double decay = alpha[g][i] + beta[g][i];
                    alpha[g][i] = factor * (alpha[g][i] * closed - beta[g][i] * x[g][i]);
                    beta[g][i] = factor * decay;
                    if constexpr (with_slopes) {
                        alpha_by_v[g][i] =
                            factor * (alpha_by_v[g][i] * closed - beta_by_v[g][i] * x[g][i]);
                    }
                }
                hand_out(alpha[g], to.rate_per_ms[g]);
                if constexpr (with_slopes) {
                    hand_out(alpha_by_v[g], to.rate_by_v_per_ms_mV[g]);
                    hand_out(beta[g], to.decay_per_ms[g]);
                }
            }
            [&]<std::size_t... gate>(std::index_sequence<gate...> all) {
                for (std::size_t i = 0; i < count; ++i) {
                    const std::array own{x[gate][i]...};
                    open[i] = detail::open_fraction<C>(own.data(), all);
                    if constexpr (with_slopes) {
                        // The rates are handed out, their columns free.
                        ((alpha[gate][i] =
                              driven_nA[i] * detail::open_fraction_slope<C, gate>(own.data(), all)),
                         ...);
                    }
                }
            }(std::make_index_sequence<gates>{});
            if constexpr (with_slopes) {
                for (std::size_t g = 0; g < gates; ++g) {
                    hand_out(alpha[g], to.current_by_gate_nA[g]);
                }
            }
        }
        for (std::size_t i = 0; i < count; ++i) {
            const auto compartment = rows.compartment[first + i];
            current_nA[compartment] += driven_nA[i] * open[i];
            if constexpr (with_slopes) {
                conductance_uS[compartment] += g_uS[i] * open[i];
            }
        }
    }
}

template <class C>
void rates_at(double v_mV, Rate<double>* rates) noexcept {
    if constexpr (detail::gate_count<C> > 0) {
        for (const auto& rate : C::rates(v_mV)) {
            *rates++ = divided(rate);
        }
    }
}

template <class C>
constexpr Mechanism make_channel() {
    if constexpr (detail::gate_count<C> > 0) {
        static_assert(std::tuple_size_v<decltype(C::rates(0.0))> == detail::gate_count<C>,
                      "a channel gives one rate per gate");
    }
    return {C::info,
            {&steady_state_rows<C>, &steady_state_rows<C>, &advance_rows<C>, &relax_rows<C>,
             &current_rows<C>, &change_rows<C, false>, &change_rows<C, true>, &rates_at<C>}};
}

}  // namespace ranvier
