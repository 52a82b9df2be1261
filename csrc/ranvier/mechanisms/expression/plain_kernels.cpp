#include "ranvier/mechanisms/expression/plain_kernels.hpp"

#include <algorithm>
#include <array>

#include "ranvier/mechanisms/expression/states.hpp"

namespace ranvier {
namespace {

using Column = Strip<double>;

/// Up to kStrip rows, copied into strips that are as long as packs are: what is beyond the last row
/// repeats it.
class RowStrip {
public:
    RowStrip(const Rows& rows, std::size_t first) noexcept
        : rows_(rows), first_(first), count_(std::min(kStrip, rows.size - first)) {}

    std::size_t count() const noexcept { return count_; }
    std::size_t packs() const noexcept { return (count_ + kLanes - 1) / kLanes; }
    std::size_t compartment(std::size_t i) const noexcept {
        return static_cast<std::size_t>(rows_.compartment[first_ + i]);
    }
    double area(std::size_t i) const noexcept { return rows_.nA_per_mA_cm2[first_ + i]; }

    void fetch_v(const double* v_mV) noexcept { v_mV_ = v_mV; }
    void fetch_states() noexcept {
        for (std::size_t x = 0; x < rows_.expressions->states; ++x) {
            fill(states_[x], [&](std::size_t i) { return rows_.gates[x][first_ + i]; });
        }
    }
    void put_states() const noexcept {
        for (std::size_t x = 0; x < rows_.expressions->states; ++x) {
            std::copy_n(states_[x].begin(), count_, rows_.gates[x] + first_);
        }
    }
    Column& state(std::size_t x) noexcept { return states_[x]; }

    /// An input's column as strips. Uniform ones need no copy, but one pack; what fills a strip or
    /// is not read needs none at all.
    void give(Machine<double>& machine) noexcept {
        const Expressions& e = *rows_.expressions;
        if (machine.reads(0)) {
            fill(v_, [&](std::size_t i) { return v_mV_[compartment(i)]; });
        }
        machine.give(0, {v_.data(), kLanes}, packs());
        for (std::size_t x = 0; x < e.states; ++x) {
            machine.give(1 + x, {states_[x].data(), kLanes}, packs());
        }
        for (std::size_t i = 0; i < e.inputs.size() + e.derived; ++i) {
            const InputColumn& column = rows_.inputs[i];
            const bool is_uniform = column.stride == 0;
            if (!machine.reads(1 + e.states + i)) {
                machine.give(1 + e.states + i, {inputs_[i].data(), kLanes}, packs());
                continue;
            }
            if (column.stride == 1 && count_ % kLanes == 0) {
                machine.give(1 + e.states + i, {column.first + first_, kLanes}, packs());
                continue;
            }
            if (is_uniform) {
                std::fill_n(inputs_[i].begin(), kLanes, *column.first);
            } else {
                fill(inputs_[i], [&](std::size_t k) { return column.first[first_ + k]; });
            }
            machine.give(1 + e.states + i, {inputs_[i].data(), is_uniform ? 0 : kLanes}, packs());
        }
    }

private:
    template <class Value>
    void fill(Column& to, const Value& value) const noexcept {
        for (std::size_t i = 0; i < count_; ++i) {
            to[i] = value(i);
        }
        std::fill(to.data() + count_, to.data() + packs() * kLanes, to[count_ - 1]);
    }

    const Rows& rows_;
    std::size_t first_;
    std::size_t count_;
    const double* v_mV_ = nullptr;
    Column v_;
    std::array<Column, kMostStates> states_;
    std::array<Column, kMostInputs> inputs_;
};

template <class Work>
void for_each_strip(const Rows& rows, const Work& work) noexcept {
    for (std::size_t first = 0; first < rows.size; first += kStrip) {
        RowStrip strip(rows, first);
        work(strip, first);
    }
}

double output_at(const Machine<double>& machine, std::size_t output, std::size_t i) noexcept {
    return machine.output(output)[i];
}

void move_strip(const Expressions& e, Machine<double>& relax, RowStrip& strip, double dt_ms,
                Relaxed how) noexcept {
    std::array<double, kLanes> dt;
    dt.fill(dt_ms);
    strip.give(relax);
    relax.run(strip.packs());
    move_states(relax, e, dt.data(), strip.packs(), how,
                [&](std::size_t k, std::size_t x) { return strip.state(x).data() + k * kLanes; });
}

void move_rows(const Rows& rows, const double* v_mV, double dt_ms, Relaxed how) noexcept {
    const Expressions& e = *rows.expressions;
    if (e.states == 0) {
        return;
    }
    Machine<double> relax(e.relax, e.given());
    for_each_strip(rows, [&](RowStrip& strip, std::size_t) {
        strip.fetch_v(v_mV);
        strip.fetch_states();
        move_strip(e, relax, strip, dt_ms, how);
        strip.put_states();
    });
}

void advance(const Rows& rows, const double* v_mV, double dt_ms) noexcept {
    move_rows(rows, v_mV, dt_ms, Relaxed::kExactly);
}

void relax(const Rows& rows, const double* v_mV, double dt_ms) noexcept {
    move_rows(rows, v_mV, dt_ms, Relaxed::kToThirdOrder);
}

/// Puts back what rounding moved of amounts that nothing may move. Differences of states are left
/// alone: a share of nothing is not to be had.
void restore_amounts(const Expressions& e, const std::array<Column, kMostStates>& before,
                     RowStrip& strip) noexcept {
    for (const Conserved& conserved : e.conserved) {
        if (!std::ranges::all_of(conserved.terms,
                                 [](const auto& term) { return term.weight > 0.0; })) {
            continue;
        }
        for (std::size_t i = 0; i < strip.count(); ++i) {
            double wanted = 0.0;
            double present = 0.0;
            for (const auto& [state, weight] : conserved.terms) {
                wanted += weight * before[state][i];
                present += weight * strip.state(state)[i];
            }
            for (const auto& term : conserved.terms) {
                strip.state(term.state)[i] *= present > 0.0 ? wanted / present : 1.0;
            }
        }
    }
}

// From where the search for a steady state starts, steps of backward Euler grow fourfold from the
// first to the last: then all that is faster than 1e9 ms has settled.
constexpr double kFirstStep_ms = 1e-3;
constexpr double kLastStep_ms = 1e9;
constexpr double kStepGrowth = 4.0;

/// Sets states to what `settle` gives and, where that is no steady state, lets them run into one;
/// all of them, or those that have no value of their own to begin with.
void settle_rows(const Rows& rows, const double* v_mV, bool all) noexcept {
    const Expressions& e = *rows.expressions;
    if (e.states == 0) {
        return;
    }
    const bool is_found =
        e.is_settled || (!all && std::ranges::all_of(e.is_given, [](std::uint8_t x) { return x; }));
    Machine<double> settle(e.settle, e.given());
    for_each_strip(rows, [&](RowStrip& strip, std::size_t) {
        strip.fetch_v(v_mV);
        strip.fetch_states();
        strip.give(settle);
        settle.run(strip.packs());
        std::array<Column, kMostStates> settled;
        for (std::size_t x = 0; x < e.states; ++x) {
            for (std::size_t i = 0; i < strip.packs() * kLanes; ++i) {
                settled[x][i] = std::clamp(output_at(settle, x, i), e.lowest[x], e.highest[x]);
            }
        }
        for (std::size_t x = 0; x < e.states; ++x) {
            strip.state(x) = settled[x];
        }
        if (!is_found) {
            Machine<double> relax(e.relax, e.given());
            for (double dt_ms = kFirstStep_ms; dt_ms < kLastStep_ms; dt_ms *= kStepGrowth) {
                move_strip(e, relax, strip, dt_ms, Relaxed::kExactly);
                restore_amounts(e, settled, strip);
                for (std::size_t x = 0; x < e.states; ++x) {
                    if (!all && e.is_given[x] != 0) {
                        strip.state(x) = settled[x];
                    }
                }
            }
        }
        strip.put_states();
    });
}

void steady_state(const Rows& rows, const double* v_mV) noexcept {
    settle_rows(rows, v_mV, true);
}

void start(const Rows& rows, const double* v_mV) noexcept {
    settle_rows(rows, v_mV, false);
}

void current(const Rows& rows, const double* v_mV, double* current_nA,
             double* conductance_uS) noexcept {
    const Expressions& e = *rows.expressions;
    Machine<double> conduct(e.conduct, e.given());
    for_each_strip(rows, [&](RowStrip& strip, std::size_t) {
        strip.fetch_v(v_mV);
        strip.fetch_states();
        strip.give(conduct);
        conduct.run(strip.packs());
        for (std::size_t i = 0; i < strip.count(); ++i) {
            current_nA[strip.compartment(i)] += strip.area(i) * output_at(conduct, 0, i);
            conductance_uS[strip.compartment(i)] += strip.area(i) * output_at(conduct, 1, i);
        }
    });
}

void change(const Rows& rows, const double* v_mV, const GateSlopes& to, double* current_nA,
            double*) noexcept {
    const Expressions& e = *rows.expressions;
    Machine<double> change(e.change, e.given());
    for_each_strip(rows, [&](RowStrip& strip, std::size_t first) {
        strip.fetch_v(v_mV);
        strip.fetch_states();
        strip.give(change);
        change.run(strip.packs());
        for (std::size_t i = 0; i < strip.count(); ++i) {
            for (std::size_t x = 0; x < e.states; ++x) {
                to.rate_per_ms[x][first + i] = output_at(change, x, i);
            }
            double sum = 0.0;
            for (std::size_t ion = 0; ion < e.currents.size(); ++ion) {
                sum += output_at(change, e.states + ion, i);
            }
            current_nA[strip.compartment(i)] += strip.area(i) * sum;
        }
    });
}

void linearise(const Rows& rows, const double* v_mV, const GateSlopes& to, double* current_nA,
               double* conductance_uS) noexcept {
    const Expressions& e = *rows.expressions;
    const LinearisedAt at(e);
    Machine<double> linearise(e.linearise, e.given());
    for_each_strip(rows, [&](RowStrip& strip, std::size_t first) {
        strip.fetch_v(v_mV);
        strip.fetch_states();
        strip.give(linearise);
        linearise.run(strip.packs());
        for (std::size_t i = 0; i < strip.count(); ++i) {
            for (std::size_t x = 0; x < e.states; ++x) {
                to.rate_per_ms[x][first + i] = output_at(linearise, x, i);
                to.rate_by_v_per_ms_mV[x][first + i] = output_at(linearise, at.by_v + x, i);
                to.decay_per_ms[x][first + i] = -output_at(linearise, at.jacobian + x, i);
                to.current_by_gate_nA[x][first + i] =
                    strip.area(i) * output_at(linearise, at.current_by_state + x, i);
            }
            for (std::size_t k = e.states; k < e.jacobian.size(); ++k) {
                to.coupling_per_ms[k - e.states][first + i] =
                    output_at(linearise, at.jacobian + k, i);
            }
            current_nA[strip.compartment(i)] += strip.area(i) * output_at(linearise, at.current, i);
            conductance_uS[strip.compartment(i)] +=
                strip.area(i) * output_at(linearise, at.current_by_v, i);
        }
    });
}

}  // namespace

const MechanismKernels kPlainExpressionKernels{&steady_state, &start,  &advance,   &relax,
                                               &current,      &change, &linearise, nullptr};

void split_currents(const Rows& rows, const double* v_mV, double* const* to) noexcept {
    const Expressions& e = *rows.expressions;
    const Program& program = e.currents.size() > 1 ? e.split : e.conduct;
    Machine<double> split(program, e.given());
    const std::size_t outputs = program.outputs.size();
    for_each_strip(rows, [&](RowStrip& strip, std::size_t first) {
        strip.fetch_v(v_mV);
        strip.fetch_states();
        strip.give(split);
        split.run(strip.packs());
        for (std::size_t k = 0; k < outputs; ++k) {
            if (to[k] == nullptr) {
                continue;
            }
            const double* const area = rows.nA_per_mA_cm2 + first;
            const double* const output = split.output(k);
            double* const column = to[k] + first;
            for (std::size_t i = 0; i < strip.count(); ++i) {
                column[i] = area[i] * output[i];
            }
        }
    });
}

void set_up_expressions(const Expressions& e, const InputColumn* inputs, std::size_t rows,
                        double* const* derived) noexcept {
    Machine<double> setup(e.setup, e.inputs.size());
    std::array<Column, kMostInputs> columns;
    for (std::size_t first = 0; first < rows; first += kStrip) {
        const std::size_t count = std::min(kStrip, rows - first);
        const std::size_t packs = (count + kLanes - 1) / kLanes;
        for (std::size_t i = 0; i < e.inputs.size(); ++i) {
            const InputColumn& input = inputs[i];
            const bool is_ready = input.stride == 1 && count % kLanes == 0;
            for (std::size_t k = 0; !is_ready && setup.reads(i) && k < packs * kLanes; ++k) {
                columns[i][k] = input.first[(first + std::min(k, count - 1)) * input.stride];
            }
            setup.give(i, {is_ready ? input.first + first : columns[i].data(), kLanes}, packs);
        }
        setup.run(packs);
        for (std::size_t d = 0; d < e.derived; ++d) {
            for (std::size_t k = 0; k < count; ++k) {
                derived[d][first + k] = output_at(setup, d, k);
            }
        }
    }
}

void receive(const Rows& rows, const double* v_mV, const double* arguments) noexcept {
    const Expressions& e = *rows.expressions;
    Machine<double> machine(e.receive, e.given() + e.arguments.size());
    std::array<Column, kMostInputs> columns;
    for_each_strip(rows, [&](RowStrip& strip, std::size_t) {
        strip.fetch_v(v_mV);
        strip.fetch_states();
        strip.give(machine);
        for (std::size_t a = 0; a < e.arguments.size(); ++a) {
            std::fill_n(columns[a].begin(), kLanes, arguments[a]);
            machine.give(e.given() + a, {columns[a].data(), 0}, strip.packs());
        }
        machine.run(strip.packs());
        // All of them before any is written: each reads what was there before.
        std::array<Column, kMostStates> after;
        for (std::size_t x = 0; x < e.states; ++x) {
            for (std::size_t i = 0; i < strip.packs() * kLanes; ++i) {
                after[x][i] = std::clamp(output_at(machine, x, i), e.lowest[x], e.highest[x]);
            }
        }
        for (std::size_t x = 0; x < e.states; ++x) {
            strip.state(x) = after[x];
        }
        strip.put_states();
    });
}

}  // namespace ranvier
