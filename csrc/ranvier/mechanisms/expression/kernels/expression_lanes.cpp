// The lane kernels of every mechanism that is written as expressions: its programs, and the
// elimination of its states (see lane_kernels.hpp).
//
// A state answers the voltage by
//   u1 = own + by_v u1_v,    u2 = own + own_echo + by_v u2_v + by_v_echo u1_v,
// own = D^-1 rate, by_v = D^-1 rate_by_v, x_echo = (1 - g)/(g^2 dt) D^-1 x, D = 1/(g dt) - J.

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>

#include "ranvier/lanes/this_isa.hpp"
#include "ranvier/mechanisms/expression/states.hpp"
#include "ranvier/mechanisms/expression/steps.hpp"
#include "ranvier/mechanisms/lane_channel.hpp"
#include "ranvier/mechanisms/registry.hpp"

namespace ranvier {
inline namespace RANVIER_ISA_NAMESPACE {

// The base level's are the plain kernels' too.
template void Machine<double>::run(std::size_t) noexcept;
template void Machine<float>::run(std::size_t) noexcept;

namespace {

template <class Real>
using P = Pack<TwoRegisters<Real>>;

template <class Real>
constexpr std::size_t kStep = P<Real>::kWidth * P<Real>::kPieces;

/// A strip of a block's packs, [first, first + packs).
template <class Real>
struct StripOfRows {
    const LaneRows<Real>& rows;
    std::size_t first;
    std::size_t packs;

    std::size_t place(std::size_t k) const noexcept {
        return static_cast<std::size_t>(rows.pack[first + k]);
    }
    Real* gate(std::size_t k) const noexcept {
        return rows.gates + (first + k) * rows.expressions->states * kLanes;
    }
    const Real* area(std::size_t k) const noexcept { return rows.g_uS.at(first + k); }
};

template <class Real>
void give(Machine<Real>& machine, const StripOfRows<Real>& strip, const Real* v_mV,
          Strip<Real>& v) noexcept {
    const LaneRows<Real>& rows = strip.rows;
    const Expressions& e = *rows.expressions;
    const std::size_t last = strip.packs - 1;
    if (strip.place(last) - strip.place(0) == last * kLanes) {
        machine.give(0, {v_mV + strip.place(0), kLanes}, strip.packs);
    } else {
        for (std::size_t k = 0; k < strip.packs; ++k) {
            std::copy_n(v_mV + strip.place(k), kLanes, v.data() + k * kLanes);
        }
        machine.give(0, {v.data(), kLanes}, strip.packs);
    }
    for (std::size_t x = 0; x < e.states; ++x) {
        machine.give(1 + x, {strip.gate(0) + x * kLanes, e.states * kLanes}, strip.packs);
    }
    for (std::size_t i = 0; i < e.inputs.size() + e.derived; ++i) {
        const PackColumn<Real>& column = rows.inputs[i];
        // One pack for all was given with the first strip, which is as long as any.
        if (strip.first == 0 || column.stride != 0) {
            machine.give(1 + e.states + i,
                         {column.at(rows.first_pack + strip.first), column.stride}, strip.packs);
        }
    }
}

/// Calls work(strip) for strips of the block.
template <class Real, class Work>
void for_each_strip(const LaneRows<Real>& rows, const Work& work) noexcept {
    for (std::size_t first = 0; first < rows.size; first += kStripPacks) {
        work(StripOfRows<Real>{rows, first, std::min(kStripPacks, rows.size - first)});
    }
}

/// Calls work(k, lane) for each register's worth of a strip.
template <class Real, class Work>
RANVIER_INLINE void for_each_register_of(const StripOfRows<Real>& strip,
                                         const Work& work) noexcept {
    for (std::size_t k = 0; k < strip.packs; ++k) {
        for (std::size_t lane = 0; lane < kLanes; lane += kStep<Real>) {
            work(k, lane);
        }
    }
}

template <class Real>
RANVIER_INLINE void add(const P<Real>& more, Real* to) noexcept {
    (P<Real>::load(to) + more).store(to);
}

/// Adds `value` times the area, where there is one: lanes without the mechanism hold any numbers.
template <class Real>
RANVIER_INLINE void add_over(const P<Real>& area, const P<Real>& value, Real* to) noexcept {
    add<Real>(select(area == P<Real>(0.0), P<Real>(0.0), area * value), to);
}

/// What a state answers: see above.
template <class Real>
struct Answer {
    P<Real> own, by_v, own_echo, by_v_echo;
};

/// The same of all states of a strip.
template <class Real>
struct Answers {
    std::array<Strip<Real>, kMostStates> own, by_v, own_echo, by_v_echo;
};

/// Not inlined: its matrix is to be on the stack only where there is one.
template <class Real>
__attribute__((noinline)) void find_answers(const Machine<Real>& machine, const Expressions& e,
                                            const Real* inverse_tau_per_ms, std::size_t packs,
                                            Answers<Real>& to) noexcept {
    const LinearisedAt at(e);
    std::array<Few<Real>, kMostStates> x;
    for_each_few(packs, [&](std::size_t first, std::size_t count) {
        const auto output = [&](std::size_t i) { return machine.output(i) + first * kLanes; };
        const Inverse<Real> inverse(
            e, [&](std::size_t i) { return output(at.jacobian + i); }, inverse_tau_per_ms, count);
        // Of the rates or their slopes, and then of what came of them.
        const auto solve = [&](std::size_t from, auto& answers, auto& echoes) {
            const auto keep = [&](auto& columns) {
                for (std::size_t i = 0; i < e.states; ++i) {
                    std::copy_n(x[i].data(), count * kLanes, columns[i].data() + first * kLanes);
                }
            };
            for (std::size_t i = 0; i < e.states; ++i) {
                inverse.for_each(
                    x[i], [&](std::size_t here) { return P<Real>::load(output(from + i) + here); });
            }
            inverse.apply(x.data());
            keep(answers);
            for (std::size_t i = 0; i < e.states; ++i) {
                inverse.for_each(x[i], [&](std::size_t here) {
                    const P<Real> inverse_tau = P<Real>::load(inverse_tau_per_ms + here % kLanes);
                    return kLaneEcho * inverse_tau * P<Real>::load(x[i].data() + here);
                });
            }
            inverse.apply(x.data());
            keep(echoes);
        };
        solve(0, to.own, to.own_echo);
        solve(at.by_v, to.by_v, to.by_v_echo);
    });
}

template <class Real, bool is_judged>
inline constexpr std::size_t kOfEach = is_judged ? 4 : 2;

/// Calls work(number) with the number of states where that is small, so that loops over them
/// unroll, else with 0.
template <class Work>
RANVIER_INLINE void with_few(std::size_t states, const Work& work) noexcept {
    switch (states) {
        case 1:
            return work(std::integral_constant<std::size_t, 1>{});
        case 2:
            return work(std::integral_constant<std::size_t, 2>{});
        case 3:
            return work(std::integral_constant<std::size_t, 3>{});
        case 4:
            return work(std::integral_constant<std::size_t, 4>{});
        default:
            return work(std::integral_constant<std::size_t, 0>{});
    }
}

/// 1/(1/(g dt) - J) of the states of a register, where nothing is coupled.
template <std::size_t few, class Real>
struct InverseDecays {
    P<Real> of[few == 0 ? kMostStates : few];

    RANVIER_INLINE InverseDecays(const P<Real>& inverse_tau, const Real* const* jacobian,
                                 std::size_t states, std::size_t place) noexcept {
        for (std::size_t x = 0; x < states; ++x) {
            of[x] = inverse_tau - P<Real>::load(jacobian[x] + place);
        }
        if constexpr (few > 0) {
            invert<true>(of);
        } else {
            for (std::size_t x = 0; x < states; ++x) {
                of[x] = 1.0 / of[x];
            }
        }
    }
};

/// Of a strip whose program has run: adds current, conductance and echoes to the sums, keeps what
/// the states answer and moves them by what is known of their step. `answers` is of coupled states.
template <class Real, bool is_judged, std::size_t few>
void finish(const StripOfRows<Real>& strip, const Machine<Real>& machine,
            const Real* inverse_tau_per_ms, const Answers<Real>* answers,
            const LaneSums<Real>& sums) noexcept {
    using Own = P<Real>;
    constexpr std::size_t kEach = kOfEach<Real, is_judged> * kLanes;
    const Expressions& e = *strip.rows.expressions;
    const LinearisedAt at(e);
    const std::size_t states = few == 0 ? e.states : few;
    struct Columns {
        const Real* of[few == 0 ? kMostStates : few];
    };
    Columns rate, by_v, jacobian, by_state;
    for (std::size_t x = 0; x < states; ++x) {
        rate.of[x] = machine.output(x);
        by_v.of[x] = machine.output(at.by_v + x);
        jacobian.of[x] = machine.output(at.jacobian + x);
        by_state.of[x] = machine.output(at.current_by_state + x);
    }
    const Real* const currents = machine.output(at.current);
    const Real* const conductances = machine.output(at.current_by_v);
    for_each_register_of(
        strip, [&](std::size_t k, std::size_t lane) __attribute__((always_inline)) {
            const std::size_t here = k * kLanes + lane;
            Real* const gates = strip.gate(k) + lane;
            Real* const kept = strip.rows.answers + (strip.first + k) * states * kEach + lane;
            Own current = Own::load(currents + here);
            Own conductance = Own::load(conductances + here);
            Own echo(0.0);
            Own echo_by_v(0.0);
            const auto eliminate = [&](std::size_t x, const Answer<Real>& own)
                                       __attribute__((always_inline)) {
                                           const Own slope = Own::load(by_state.of[x] + here);
                                           current = current + slope * own.own;
                                           conductance = conductance + slope * own.by_v;
                                           echo = echo + slope * own.own_echo;
                                           echo_by_v = echo_by_v + slope * own.by_v_echo;
                                           // What the state moves by whatever v does, at once: the
                                           // program has run.
                                           Real* const gate = gates + x * kLanes;
                                           (Own::load(gate) + (own.own + own.own_echo)).store(gate);
                                           Real* const to = kept + x * kEach;
                                           own.by_v.store(to);
                                           own.by_v_echo.store(to + kLanes);
                                           if constexpr (is_judged) {
                                               own.own.store(to + 2 * kLanes);
                                               own.own_echo.store(to + 3 * kLanes);
                                           }
                                       };
            if (few == 0 && answers != nullptr) {
                for (std::size_t x = 0; x < states; ++x) {
                    eliminate(x, {Own::load(answers->own[x].data() + here),
                                  Own::load(answers->by_v[x].data() + here),
                                  Own::load(answers->own_echo[x].data() + here),
                                  Own::load(answers->by_v_echo[x].data() + here)});
                }
            } else {
                const Own inverse_tau = Own::load(inverse_tau_per_ms + lane);
                const Own unit = kLaneEcho * inverse_tau;
                const InverseDecays<few, Real> inverse(inverse_tau, jacobian.of, states, here);
                for (std::size_t x = 0; x < states; ++x) {
                    const Own own = Own::load(rate.of[x] + here) * inverse.of[x];
                    const Own own_by_v = Own::load(by_v.of[x] + here) * inverse.of[x];
                    const Own more = unit * inverse.of[x];
                    eliminate(x, {own, own_by_v, own * more, own_by_v * more});
                }
            }
            const Own area = Own::load(strip.area(k) + lane);
            const std::size_t place = strip.place(k) + lane;
            add_over<Real>(area, current, sums.current_nA + place);
            add_over<Real>(area, conductance, sums.conductance_uS + place);
            add_over<Real>(area, echo, sums.echo_nA + place);
            add_over<Real>(area, echo_by_v, sums.echo_uS + place);
        });
}

template <class Real, bool is_judged>
void linearise_expressions(const LaneRows<Real>& rows, const Real* v_mV,
                           const Real* inverse_tau_per_ms, const LaneSums<Real>& sums) noexcept {
    const Expressions& e = *rows.expressions;
    Machine<Real> machine(e.linearise, e.given());
    for_each_strip(rows, [&](const StripOfRows<Real>& strip) {
        Strip<Real> v;
        give(machine, strip, v_mV, v);
        machine.run(strip.packs);
        if (e.is_coupled()) {
            Answers<Real> answers;
            find_answers(machine, e, inverse_tau_per_ms, strip.packs, answers);
            finish<Real, is_judged, 0>(strip, machine, inverse_tau_per_ms, &answers, sums);
        } else {
            with_few(e.states, [&](auto few) {
                finish<Real, is_judged, few>(strip, machine, inverse_tau_per_ms, nullptr, sums);
            });
        }
    });
}

template <class Real, bool is_judged, std::size_t few>
void move_few(const LaneRows<Real>& rows, const Real* u1_mV, const Real* u2_mV,
              Real* largest) noexcept {
    using Own = P<Real>;
    const Expressions& e = *rows.expressions;
    const std::size_t states = few == 0 ? e.states : few;
    const double* const lowest_of = e.lowest.data();
    const double* const highest_of = e.highest.data();
    constexpr std::size_t kEach = kOfEach<Real, is_judged> * kLanes;
    for (std::size_t k = 0; k < rows.size; ++k) {
        const auto place = static_cast<std::size_t>(rows.pack[k]);
        for (std::size_t lane = 0; lane < kLanes; lane += kStep<Real>) {
            const Own u1_v = Own::load(u1_mV + place + lane);
            const Own u2_v = Own::load(u2_mV + place + lane);
            Own bend(0.0);
            for (std::size_t x = 0; x < states; ++x) {
                Real* const gate = rows.gates + (k * states + x) * kLanes + lane;
                const Real* const answer = rows.answers + (k * states + x) * kEach + lane;
                const Own by_v = Own::load(answer);
                const Own by_both = Own::load(answer + kLanes) * u1_v + by_v * u2_v;
                const Own lowest(lowest_of[x]);
                const Own highest(highest_of[x]);
                // NaN must pass, and does as the second of min and max.
                const Own moved = Own::load(gate) + by_both;
                max(lowest, min(highest, moved)).store(gate);
                if constexpr (is_judged) {
                    const Own own = Own::load(answer + 2 * kLanes);
                    const Own u1 = own + by_v * u1_v;
                    const Own u2 = own + Own::load(answer + 3 * kLanes) + by_both;
                    // Of a state that is no share, as a part of itself.
                    const Own whole = e.is_share[x] ? Own(1.0) : abs(moved) + Own(1e-6);
                    bend = max(bend, abs(u1 - kLaneGamma * u2) / whole);
                }
            }
            if constexpr (is_judged) {
                const Own slot(static_cast<double>(rows.pack[k] / static_cast<int>(kLanes)));
                const Own counts = select((Own::load(rows.g_uS.at(k) + lane) > Own(0.0)) &
                                              (Own::load(rows.first_row + lane) <= slot),
                                          bend, Own(0.0));
                max(Own::load(largest + lane), counts).store(largest + lane);
            }
        }
    }
}

template <class Real, bool is_judged>
void moved_expressions(const LaneRows<Real>& rows, const Real* u1_mV, const Real* u2_mV,
                       Real* largest) noexcept {
    with_few(rows.expressions->states,
             [&](auto few) { move_few<Real, is_judged, few>(rows, u1_mV, u2_mV, largest); });
}

template <class Real>
void move_expressions(const LaneRows<Real>& rows, const Real* u1_mV, const Real* u2_mV) noexcept {
    moved_expressions<Real, false>(rows, u1_mV, u2_mV, nullptr);
}

template <class Real>
void move_and_judge_expressions(const LaneRows<Real>& rows, const Real* u1_mV, const Real* u2_mV,
                                Real* bend) noexcept {
    moved_expressions<Real, true>(rows, u1_mV, u2_mV, bend);
}

template <class Real>
void relax_expressions(const LaneRows<Real>& rows, const Real* v_mV, const Real* dt_ms,
                       const LaneSums<Real>& sums) noexcept {
    const Expressions& e = *rows.expressions;
    Machine<Real> relax(e.relax, e.given());
    Machine<Real> conduct(e.conduct, e.given());
    for_each_strip(rows, [&](const StripOfRows<Real>& strip) {
        Strip<Real> v;
        if (e.states > 0) {
            give(relax, strip, v_mV, v);
            relax.run(strip.packs);
            move_states(relax, e, dt_ms, strip.packs, Relaxed::kToThirdOrder,
                        [&](std::size_t k, std::size_t x) { return strip.gate(k) + x * kLanes; });
        }
        give(conduct, strip, v_mV, v);
        conduct.run(strip.packs);
        for_each_register_of(strip, [&](std::size_t k, std::size_t lane) {
            const P<Real> area = P<Real>::load(strip.area(k) + lane);
            const std::size_t place = strip.place(k) + lane;
            add_over<Real>(area, P<Real>::load(conduct.output(0) + k * kLanes + lane),
                           sums.current_nA + place);
            add_over<Real>(area, P<Real>::load(conduct.output(1) + k * kLanes + lane),
                           sums.conductance_uS + place);
        });
    });
}

template <class Real>
constexpr LaneKernels<Real> kKernels{2,
                                     4,
                                     &linearise_expressions<Real, false>,
                                     &linearise_expressions<Real, true>,
                                     &move_expressions<Real>,
                                     &move_and_judge_expressions<Real>,
                                     &relax_expressions<Real>};

[[maybe_unused]] const bool kIsRegistered = detail::register_lane_kernels(
    expression_kernels(), kThisIsa, kKernels<double>, kKernels<float>);

}  // namespace
}  // namespace RANVIER_ISA_NAMESPACE
}  // namespace ranvier
