#include "ranvier/solver/ion_pools.hpp"

#include <algorithm>

#include <utility>

#include "ranvier/base/constants.hpp"
#include "ranvier/lanes/lanes.hpp"
#include "ranvier/lanes/math.hpp"
#include "ranvier/mechanisms/expression/plain_kernels.hpp"
#include "ranvier/mechanisms/expression/program.hpp"

namespace ranvier {

IonPools::IonPools(const Discretisation& d) {
    if (!d.has_accumulation()) {
        return;
    }
    for (const IonTable& ion : d.ions) {
        for (const bool is_inside : {true, false}) {
            const IonPool pool{&ion, is_inside};
            if (pool.store().is_there()) {
                pools.push_back(pool);
            }
        }
    }
    const auto add = [&](std::size_t mechanism, std::string_view name) {
        IonAccount& account = accounts.emplace_back(IonAccount{mechanism, name});
        const auto table = std::ranges::find(d.ions, name, &IonTable::name);
        if (table == d.ions.end()) {
            account.ion = name == "mixed" ? std::string_view() : name;
            return;
        }
        account.table = &*table;
        account.inside = find(*table, true);
        account.outside = find(*table, false);
    };
    for (std::size_t m = 0; m < d.mechanisms.size(); ++m) {
        first_account.push_back(accounts.size());
        const Mechanism* const mechanism = d.mechanisms[m].found();
        if (mechanism->expressions == nullptr) {
            add(m, mechanism->info.ion);
        } else {
            for (const std::string& name : mechanism->expressions->currents) {
                add(m, name);
            }
        }
    }
    first_account.push_back(accounts.size());
}

std::optional<std::size_t> IonPools::find(const IonTable& ion, bool is_inside) const noexcept {
    const auto found = std::ranges::find_if(pools, [&](const IonPool& pool) {
        return pool.ion == &ion && pool.is_inside == is_inside;
    });
    return found == pools.end() ? std::nullopt
                                : std::optional(static_cast<std::size_t>(found - pools.begin()));
}

void IonPools::begin(const Discretisation& d, State& state) const {
    const std::vector<double> none(d.compartments.size(), 0.0);
    state.concentration_mM.clear();
    for (const IonPool& pool : pools) {
        state.concentration_mM.push_back(pool.start_mM());
    }
    state.concentration_rest_mM.assign(pools.size(), none);
    state.concentration_slope_mM_per_ms.assign(pools.size(), none);
    state.diffused_amol.assign(pools.size(), {none, none});
    state.exchanged_amol.assign(pools.size(), {none, none});
    state.ions_ms = 0.0;
    state.charge_pC.clear();
    state.pending_pC.clear();
    for (const IonAccount& account : accounts) {
        const std::vector<double> rows(d.mechanisms[account.mechanism].compartment.size(), 0.0);
        state.charge_pC.push_back({rows, rows});
        state.pending_pC.push_back(rows);
    }
}

IonInputs::IonInputs(const Discretisation& d, const IonPools& pools) {
    const double thermal_mV =
        1e3 * kGasConstant_J_per_mol_K * (d.temperature_degC + kZeroCelsius_K) / kFaraday_C_per_mol;
    for (const IonTable& ion : d.ions) {
        if (ion.accumulates()) {
            live_.push_back({&ion,
                             pools.find(ion, true),
                             pools.find(ion, false),
                             thermal_mV / ion.valence,
                             ion.e_mV,
                             {},
                             {}});
            Live& live = live_.back();
            for (std::size_t i = 0; i < ion.e_mV.size(); ++i) {
                const bool is_held = (!live.inside || ion.inside.is_held[i] != 0) &&
                                     (!live.outside || ion.outside.is_held[i] != 0);
                live.moves.push_back(is_held ? 0.0 : 1.0);
            }
            live.ratio.assign((ion.e_mV.size() + kLanes - 1) / kLanes * kLanes, 1.0);
        }
    }
}

void IonInputs::logarithms(double* numbers, std::size_t size) noexcept {
    using P = Pack<TwoRegisters<double>>;
    for (std::size_t i = 0; i < size; i += P::kWidth * P::kPieces) {
        log(P::load(numbers + i)).store(numbers + i);
    }
}

bool IonInputs::follows(std::string_view ion) const noexcept {
    return std::ranges::any_of(live_, [&](const Live& each) { return each.table->name == ion; });
}

bool IonInputs::follows_input(std::string_view input) const noexcept {
    return named(input).has_value();
}

std::optional<IonInputs::Named> IonInputs::named(std::string_view input) const noexcept {
    for (std::size_t k = 0; k < live_.size(); ++k) {
        const std::string& name = live_[k].table->name;
        const auto is = [&](std::string_view before, std::string_view after) {
            return input.size() == before.size() + name.size() + after.size() &&
                   input.starts_with(before) && input.ends_with(after) &&
                   input.substr(before.size(), name.size()) == name;
        };
        if (is("e_", "_mV")) {
            return Named{k, What::kReversalPotential};
        }
        if (is("", "_in_mM")) {
            return Named{k, What::kInside};
        }
        if (is("", "_out_mM")) {
            return Named{k, What::kOutside};
        }
    }
    return std::nullopt;
}

void IonInputs::add(std::string_view ion, What what, std::span<const std::int32_t> rows,
                    double* to) {
    const auto live =
        std::ranges::find_if(live_, [&](const Live& each) { return each.table->name == ion; });
    columns_.push_back({static_cast<std::size_t>(live - live_.begin()), what, rows, to});
}

void IonInputs::add_input(std::string_view input, std::span<const std::int32_t> rows, double* to) {
    const auto [live, what] = *named(input);
    columns_.push_back({live, what, rows, to});
}

void IonInputs::add_setup(const Expressions* expressions, std::vector<InputColumn> inputs,
                          std::size_t rows, std::vector<double*> derived) {
    setups_.push_back({expressions, std::move(inputs), rows, std::move(derived)});
}

void IonInputs::show(const std::vector<std::vector<double>>& concentration_mM) noexcept {
    ++times_shown_;
    const auto now_mM = [&](const std::optional<std::size_t>& pool,
                            const std::vector<double>& start_mM) -> const std::vector<double>& {
        return pool ? concentration_mM[*pool] : start_mM;
    };
    for (Live& live : live_) {
        const double* const inside_mM = now_mM(live.inside, live.table->inside_mM).data();
        const double* const outside_mM = now_mM(live.outside, live.table->outside_mM).data();
        double* const ratio = live.ratio.data();
        for (std::size_t i = 0; i < live.e_mV.size(); ++i) {
            ratio[i] = outside_mM[i] / inside_mM[i];
        }
        logarithms_(ratio, live.ratio.size());
        const double* const moves = live.moves.data();
        double* const e_mV = live.e_mV.data();
        for (std::size_t i = 0; i < live.e_mV.size(); ++i) {
            const double now = live.thermal_mV * ratio[i];
            e_mV[i] = moves[i] > 0.0 ? now : e_mV[i];
        }
    }
    for (const Column& column : columns_) {
        const Live& live = live_[column.live];
        const std::vector<double>& from = column.what == What::kReversalPotential ? live.e_mV
                                          : column.what == What::kInside
                                              ? now_mM(live.inside, live.table->inside_mM)
                                              : now_mM(live.outside, live.table->outside_mM);
        if (column.rows.size() == from.size()) {
            std::ranges::copy(from, column.to);
            continue;
        }
        for (std::size_t row = 0; row < column.rows.size(); ++row) {
            column.to[row] = from[static_cast<std::size_t>(column.rows[row])];
        }
    }
    for (const Setup& setup : setups_) {
        set_up_expressions(*setup.expressions, setup.inputs.data(), setup.rows,
                           setup.derived.data());
    }
}

std::span<const double> IonInputs::e_mV(std::string_view ion) const noexcept {
    for (const Live& live : live_) {
        if (live.table->name == ion) {
            return live.e_mV;
        }
    }
    return {};
}

}  // namespace ranvier
