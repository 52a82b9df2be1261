// The lane kernels of every mechanism that is written as expressions: its programs, and the
// elimination of its states (see lane_kernels.hpp).
//
// A state answers the voltage by
//   u1 = own + by_v u1_v,    u2 = own + own_echo + by_v u2_v + by_v_echo u1_v,
// own = D^-1 rate, by_v = D^-1 rate_by_v, x_echo = (1 - g)/(g^2 dt) D^-1 x, D = 1/(g dt) - J.

#include <algorithm>
#include <array>
#include <cstddef>

#include "ranvier/lanes/this_isa.hpp"
#include "ranvier/mechanisms/expression/states.hpp"
#include "ranvier/mechanisms/lane_channel.hpp"
#include "ranvier/mechanisms/registry.hpp"

namespace ranvier {
inline namespace RANVIER_ISA_NAMESPACE {
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
        machine.give(0, {v_mV + strip.place(0), kLanes});
    } else {
        for (std::size_t k = 0; k < strip.packs; ++k) {
            std::copy_n(v_mV + strip.place(k), kLanes, v.data() + k * kLanes);
        }
        machine.give(0, {v.data(), kLanes});
    }
    for (std::size_t x = 0; x < e.states; ++x) {
        machine.give(1 + x, {strip.gate(0) + x * kLanes, e.states * kLanes});
    }
    for (std::size_t i = 0; i < e.inputs.size() + e.derived; ++i) {
        const PackColumn<Real>& column = rows.inputs[i];
        machine.give(1 + e.states + i, {column.at(rows.first_pack + strip.first), column.stride});
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

template <class Real>
void find_answers(const Machine<Real>& machine, const Expressions& e,
                  const Real* inverse_tau_per_ms, std::size_t packs, Answers<Real>& to) noexcept {
    const LinearisedAt at(e);
    const auto fetch = [&](std::size_t output, Strip<Real>& column) {
        const Operand<Real>& from = machine.output(output);
        for (std::size_t k = 0; k < packs; ++k) {
            std::copy_n(from.at(k), kLanes, column.data() + k * kLanes);
        }
    };
    for (std::size_t x = 0; x < e.states; ++x) {
        fetch(x, to.own[x]);
        fetch(at.by_v + x, to.by_v[x]);
    }
    const Inverse<Real> inverse(
        e, [&](std::size_t i) -> const Operand<Real>& { return machine.output(at.jacobian + i); },
        inverse_tau_per_ms, packs);
    inverse.apply(to.own.data());
    inverse.apply(to.by_v.data());
    const auto echo = [&](const Strip<Real>& from, Strip<Real>& column) {
        for (std::size_t k = 0; k < packs; ++k) {
            for (std::size_t lane = 0; lane < kLanes; lane += kStep<Real>) {
                const P<Real> part = kLaneEcho * P<Real>::load(inverse_tau_per_ms + lane);
                const std::size_t at = k * kLanes + lane;
                (part * P<Real>::load(from.data() + at)).store(column.data() + at);
            }
        }
    };
    for (std::size_t x = 0; x < e.states; ++x) {
        echo(to.own[x], to.own_echo[x]);
        echo(to.by_v[x], to.by_v_echo[x]);
    }
    inverse.apply(to.own_echo.data());
    inverse.apply(to.by_v_echo.data());
}

template <class Real, bool is_judged>
inline constexpr std::size_t kOfEach = is_judged ? 4 : 2;

template <class Real, bool is_judged>
void linearise_expressions(const LaneRows<Real>& rows, const Real* v_mV,
                           const Real* inverse_tau_per_ms, const LaneSums<Real>& sums) noexcept {
    using Own = P<Real>;
    const Expressions& e = *rows.expressions;
    const LinearisedAt at(e);
    Machine<Real> machine(e.linearise, e.given());
    // `answer(x, k, lane)` gives own, by_v and their echoes of state x.
    const auto finish = [&](const StripOfRows<Real>& strip, const auto& answer_of) {
        for_each_register_of(strip, [&](std::size_t k,
                                        std::size_t lane) __attribute__((always_inline)) {
            Real* const gate = strip.gate(k) + lane;
            Real* const answer = rows.answers +
                                 (strip.first + k) * e.states * kOfEach<Real, is_judged> * kLanes +
                                 lane;
            Own current = Own::load(machine.output(at.current).at(k) + lane);
            Own conductance = Own::load(machine.output(at.current_by_v).at(k) + lane);
            Own echo(0.0);
            Own echo_by_v(0.0);
            for (std::size_t x = 0; x < e.states; ++x) {
                const Own by_state =
                    Own::load(machine.output(at.current_by_state + x).at(k) + lane);
                const Answer<Real> own = answer_of(x, k, lane);
                current = current + by_state * own.own;
                conductance = conductance + by_state * own.by_v;
                echo = echo + by_state * own.own_echo;
                echo_by_v = echo_by_v + by_state * own.by_v_echo;
                // What the state moves by whatever v does, at once: the program has run.
                (Own::load(gate + x * kLanes) + (own.own + own.own_echo)).store(gate + x * kLanes);
                Real* const to = answer + x * kOfEach<Real, is_judged> * kLanes;
                own.by_v.store(to);
                own.by_v_echo.store(to + kLanes);
                if constexpr (is_judged) {
                    own.own.store(to + 2 * kLanes);
                    own.own_echo.store(to + 3 * kLanes);
                }
            }
            const Own area = Own::load(strip.area(k) + lane);
            const std::size_t place = strip.place(k) + lane;
            add_over<Real>(area, current, sums.current_nA + place);
            add_over<Real>(area, conductance, sums.conductance_uS + place);
            add_over<Real>(area, echo, sums.echo_nA + place);
            add_over<Real>(area, echo_by_v, sums.echo_uS + place);
        });
    };
    for_each_strip(rows, [&](const StripOfRows<Real>& strip) {
        Strip<Real> v;
        give(machine, strip, v_mV, v);
        machine.run(strip.packs);
        if (e.is_coupled()) {
            Answers<Real> answers;
            find_answers(machine, e, inverse_tau_per_ms, strip.packs, answers);
            finish(strip, [&](std::size_t x, std::size_t k, std::size_t lane) {
                const std::size_t here = k * kLanes + lane;
                return Answer<Real>{Own::load(answers.own[x].data() + here),
                                    Own::load(answers.by_v[x].data() + here),
                                    Own::load(answers.own_echo[x].data() + here),
                                    Own::load(answers.by_v_echo[x].data() + here)};
            });
            return;
        }
        finish(strip,
               [&](std::size_t x, std::size_t k, std::size_t lane) __attribute__((always_inline)) {
                   const auto output = [&](std::size_t i) __attribute__((always_inline)) {
                       return Own::load(machine.output(i).at(k) + lane);
                   };
                   const Own inverse_tau = Own::load(inverse_tau_per_ms + lane);
                   const Own inverse = 1.0 / (inverse_tau - output(at.jacobian + x));
                   const Own own = output(x) * inverse;
                   const Own by_v = output(at.by_v + x) * inverse;
                   const Own echo = kLaneEcho * inverse_tau * inverse;
                   return Answer<Real>{own, by_v, own * echo, by_v * echo};
               });
    });
}

template <class Real, bool is_judged>
void moved_expressions(const LaneRows<Real>& rows, const Real* u1_mV, const Real* u2_mV,
                       Real* largest) noexcept {
    using Own = P<Real>;
    const Expressions& e = *rows.expressions;
    constexpr std::size_t kEach = kOfEach<Real, is_judged> * kLanes;
    for (std::size_t k = 0; k < rows.size; ++k) {
        const auto place = static_cast<std::size_t>(rows.pack[k]);
        for (std::size_t lane = 0; lane < kLanes; lane += kStep<Real>) {
            const Own u1_v = Own::load(u1_mV + place + lane);
            const Own u2_v = Own::load(u2_mV + place + lane);
            Own bend(0.0);
            for (std::size_t x = 0; x < e.states; ++x) {
                Real* const gate = rows.gates + (k * e.states + x) * kLanes + lane;
                const Real* const answer = rows.answers + (k * e.states + x) * kEach + lane;
                const Own by_v = Own::load(answer);
                const Own by_both = Own::load(answer + kLanes) * u1_v + by_v * u2_v;
                const Own lowest(e.lowest[x]);
                const Own highest(e.highest[x]);
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
            add_over<Real>(area, P<Real>::load(conduct.output(0).at(k) + lane),
                           sums.current_nA + place);
            add_over<Real>(area, P<Real>::load(conduct.output(1).at(k) + lane),
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
