#include "ranvier/solver/system.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <string_view>
#include <utility>

#include "ranvier/base/error.hpp"
#include "ranvier/mechanisms/expression/plain_kernels.hpp"
#include "ranvier/mechanisms/expression/program.hpp"
#include "ranvier/mechanisms/registry.hpp"

namespace ranvier {

BoundRows::BoundRows(const SystemMechanism& mechanism, std::vector<std::vector<double>>& gates,
                     std::size_t first, std::size_t count) noexcept {
    for (std::size_t g = 0; g < gates.size(); ++g) {
        gates_[g] = gates[g].data() + first;
    }
    bind(mechanism, first, count);
}

BoundRows::BoundRows(const SystemMechanism& mechanism, std::span<double* const> gates,
                     std::size_t first, std::size_t count) noexcept {
    std::ranges::copy(gates, gates_.begin());
    bind(mechanism, first, count);
}

void BoundRows::bind(const SystemMechanism& mechanism, std::size_t first,
                     std::size_t count) noexcept {
    const auto& table = *mechanism.table;
    for (std::size_t p = 0; p < table.parameters.size(); ++p) {
        parameters_[p] = table.parameters[p].data() + first;
    }
    rows_ = {.size = count,
             .compartment = table.compartment.data() + first,
             .parameters = parameters_.data(),
             .gates = gates_.data(),
             .e_mV = mechanism.e_mV.empty() ? nullptr : mechanism.e_mV.data() + first,
             .rate_factor = mechanism.rate_factor.data(),
             .nA_per_mA_cm2 =
                 mechanism.nA_per_mA_cm2.empty() ? nullptr : mechanism.nA_per_mA_cm2.data() + first,
             .expressions = mechanism.mechanism->expressions,
             .inputs = inputs_.data()};
    for (std::size_t i = 0; i < mechanism.inputs.size(); ++i) {
        const InputColumn& column = mechanism.inputs[i];
        inputs_[i] = {column.first + first * column.stride, column.stride};
    }
}

namespace {

const double* column_of_ion(const Discretisation& d, std::string_view input,
                            std::vector<double> IonTable::* column, std::string_view before,
                            std::string_view after) {
    if (!input.starts_with(before) || !input.ends_with(after)) {
        return nullptr;
    }
    const std::string_view name =
        input.substr(before.size(), input.size() - before.size() - after.size());
    const auto ion = std::ranges::find(d.ions, name, &IonTable::name);
    return ion == d.ions.end() ? nullptr : ((*ion).*column).data();
}

/// What is there of that name for every compartment, or null.
const double* column_of_model(const Discretisation& d, std::string_view input) {
    if (input == "diameter_um") {
        return d.compartments.diameter_um.data();
    }
    if (const double* e_mV = column_of_ion(d, input, &IonTable::e_mV, "e_", "_mV")) {
        return e_mV;
    }
    if (const double* inside = column_of_ion(d, input, &IonTable::inside_mM, "", "_in_mM")) {
        return inside;
    }
    return column_of_ion(d, input, &IonTable::outside_mM, "", "_out_mM");
}

}  // namespace

System::System(std::shared_ptr<const Discretisation> discretisation)
    : discretisation_(std::move(discretisation)), pools_(*discretisation_) {
    const auto& d = *discretisation_;
    if (!pools_.is_empty()) {
        ion_inputs_ = std::make_unique<IonInputs>(d, pools_);
    }
    for (const auto& table : d.mechanisms) {
        const Mechanism* mechanism = table.found();
        RANVIER_ASSERT(mechanism != nullptr);
        const auto& info = mechanism->info;
        if (info.gates.size() > BoundRows::kMostGates ||
            info.parameters.size() > BoundRows::kMostParameters) {
            throw InternalError("mechanism " + table.name + ": too many gates or parameters");
        }
        const auto& carriers = table.compartment;
        SystemMechanism bound{mechanism, &table, {}, {}, {}, {}};
        if (mechanism->expressions != nullptr && !carriers.empty()) {
            bind_inputs(bound);
        }
        for (const auto& gate : info.gates) {
            const double decades = (d.temperature_degC - info.reference_temperature_degC) / 10.0;
            bound.rate_factor.push_back(std::pow(gate.q10, decades));
        }
        // Without rows nobody has to have the ion.
        if (!info.ion.empty() && !carriers.empty()) {
            const auto& e_mV = std::ranges::find(d.ions, info.ion, &IonTable::name)->e_mV;
            bound.e_mV = e_mV;  // one row per compartment, as on a bare axon
            const bool is_live = ion_inputs_ != nullptr && ion_inputs_->follows(info.ion);
            if (carriers.size() < size() || is_live) {
                auto& own = e_mV_.emplace_back();
                own.reserve(carriers.size());
                for (const std::int32_t i : carriers) {
                    own.push_back(e_mV[static_cast<std::size_t>(i)]);
                }
                bound.e_mV = own;
                if (is_live) {
                    ion_inputs_->add(info.ion, IonInputs::What::kReversalPotential, carriers,
                                     own.data());
                }
            }
        }
        mechanisms_.push_back(std::move(bound));
    }
    make_areas();
}

/// Columns that hold one number throughout take the space of one.
void System::bind_inputs(SystemMechanism& bound) {
    const auto& d = *discretisation_;
    const Expressions& e = *bound.mechanism->expressions;
    const auto& carriers = bound.table->compartment;
    bool is_live = false;
    const auto keep = [&](std::vector<double> values, bool may_be_one) {
        const bool is_uniform =
            may_be_one && std::ranges::adjacent_find(values, std::not_equal_to<>()) == values.end();
        values.resize(is_uniform ? 1 : values.size());
        auto& own = inputs_.emplace_back(std::move(values));
        bound.inputs.push_back({own.data(), is_uniform ? 0U : 1U});
        return own.data();
    };
    for (const std::string& input : e.inputs) {
        const auto& names = bound.table->parameter_names;
        if (const auto at = std::ranges::find(names, input); at != names.end()) {
            keep(bound.table->parameters[static_cast<std::size_t>(at - names.begin())], true);
        } else if (input == "temperature_degC") {
            keep({d.temperature_degC}, true);
        } else {
            const double* const all = column_of_model(d, input);
            RANVIER_ASSERT(all != nullptr);
            std::vector<double> own;
            own.reserve(carriers.size());
            for (const std::int32_t i : carriers) {
                own.push_back(all[static_cast<std::size_t>(i)]);
            }
            const bool moves = ion_inputs_ != nullptr && ion_inputs_->follows_input(input);
            is_live = is_live || moves;
            double* const column = keep(std::move(own), !moves);
            if (moves) {
                ion_inputs_->add_input(input, carriers, column);
            }
        }
    }
    const bool is_uniform = !is_live && std::ranges::all_of(bound.inputs, [](const InputColumn& c) {
        return c.stride == 0;
    });
    std::vector<std::vector<double>> derived(e.derived,
                                             std::vector<double>(is_uniform ? 1 : carriers.size()));
    std::vector<double*> to;
    for (auto& column : derived) {
        to.push_back(column.data());
    }
    set_up_expressions(e, bound.inputs.data(), is_uniform ? 1 : carriers.size(), to.data());
    const std::vector<InputColumn> read = bound.inputs;
    std::vector<double*> kept;
    for (auto& column : derived) {
        kept.push_back(keep(std::move(column), !is_live));
    }
    if (is_live && e.derived > 0) {
        ion_inputs_->add_setup(&e, read, carriers.size(), std::move(kept));
    }
}

void System::drop_areas() noexcept {
    for (auto& mechanism : mechanisms_) {
        mechanism.nA_per_mA_cm2 = {};
    }
    areas_ = std::vector<std::vector<double>>();
}

void System::make_areas() {
    if (!areas_.empty()) {
        return;
    }
    for (std::size_t m = 0; m < mechanisms_.size(); ++m) {
        // Channels mostly come together.
        const auto& carriers = mechanisms_[m].table->compartment;
        const auto others = std::span(mechanisms_).first(m);
        const auto beside = std::ranges::find_if(others, [&](const SystemMechanism& other) {
            return other.table->compartment == carriers &&
                   other.mechanism->info.is_point == mechanisms_[m].mechanism->info.is_point;
        });
        if (beside != others.end()) {
            mechanisms_[m].nA_per_mA_cm2 = beside->nA_per_mA_cm2;
            continue;
        }
        auto& own = areas_.emplace_back();
        own.reserve(carriers.size());
        for (std::size_t row = 0; row < carriers.size(); ++row) {
            own.push_back(nA_per_mA_cm2(m, row));
        }
        mechanisms_[m].nA_per_mA_cm2 = own;
    }
}

std::size_t System::bytes() const noexcept {
    std::size_t sum = 0;
    for (const auto* columns : {&e_mV_, &areas_, &inputs_}) {
        for (const auto& column : *columns) {
            sum += column.capacity() * sizeof(double);
        }
    }
    return sum;
}

State System::blank_state(const Moment& moment) const {
    State state;
    static_cast<Moment&>(state) = moment;
    state.potential_mV.assign(potentials(), std::vector<double>(size(), 0.0));
    state.v_mV.assign(size(), 0.0);
    state.gates = blank_gates();
    pools_.begin(*discretisation_, state);
    return state;
}

std::vector<std::vector<std::vector<double>>> System::blank_gates() const {
    std::vector<std::vector<std::vector<double>>> gates;
    for (const auto& mechanism : mechanisms_) {
        gates.emplace_back(mechanism.mechanism->info.gates.size(),
                           std::vector<double>(mechanism.table->compartment.size(), 0.0));
    }
    return gates;
}

void System::update_membrane_potential(State& state) const noexcept {
    const auto& inside = state.potential_mV[0];
    if (potentials() == 1) {
        std::ranges::copy(inside, state.v_mV.begin());
        return;
    }
    const auto& outside = state.potential_mV[1];
    for (std::size_t i = 0; i < inside.size(); ++i) {
        state.v_mV[i] = inside[i] - outside[i];
    }
}

void System::settle_gates(State& state) const noexcept {
    for (std::size_t m = 0; m < mechanisms_.size(); ++m) {
        const BoundRows bound(mechanisms_[m], state.gates[m]);
        mechanisms_[m].mechanism->kernels.steady_state(bound.rows(), state.v_mV.data());
    }
}

void System::start_gates(State& state) const noexcept {
    for (std::size_t m = 0; m < mechanisms_.size(); ++m) {
        const BoundRows bound(mechanisms_[m], state.gates[m]);
        mechanisms_[m].mechanism->kernels.start(bound.rows(), state.v_mV.data());
    }
}

void System::advance_gates(State& state, double dt_ms) const noexcept {
    for (std::size_t m = 0; m < mechanisms_.size(); ++m) {
        const BoundRows bound(mechanisms_[m], state.gates[m]);
        mechanisms_[m].mechanism->kernels.advance(bound.rows(), state.v_mV.data(), dt_ms);
    }
}

void System::relax_gates(State& state, double dt_ms) const noexcept {
    for (std::size_t m = 0; m < mechanisms_.size(); ++m) {
        const BoundRows bound(mechanisms_[m], state.gates[m]);
        mechanisms_[m].mechanism->kernels.relax(bound.rows(), state.v_mV.data(), dt_ms);
    }
}

void System::ionic_current(State& state, const std::vector<double>& v_mV,
                           std::vector<double>& current_nA,
                           std::vector<double>& conductance_uS) const noexcept {
    std::ranges::fill(current_nA, 0.0);
    std::ranges::fill(conductance_uS, 0.0);
    for (std::size_t m = 0; m < mechanisms_.size(); ++m) {
        const BoundRows bound(mechanisms_[m], state.gates[m]);
        mechanisms_[m].mechanism->kernels.current(bound.rows(), v_mV.data(), current_nA.data(),
                                                  conductance_uS.data());
    }
}

Linearisation System::blank_linearisation() const {
    Linearisation blank;
    blank.current_nA.assign(size(), 0.0);
    blank.conductance_uS.assign(size(), 0.0);
    for (const auto& mechanism : mechanisms_) {
        const std::vector<double> rows(mechanism.table->compartment.size(), 0.0);
        blank.gates.emplace_back(mechanism.mechanism->info.gates.size(),
                                 Linearisation::Gate{rows, rows, rows, rows});
        blank.couplings_per_ms.emplace_back(mechanism.mechanism->info.couplings.size(), rows);
    }
    return blank;
}

void System::linearise(State& state, Linearisation& into) const noexcept {
    std::ranges::fill(into.conductance_uS, 0.0);
    change(state, into, &MechanismKernels::linearise);
}

void System::change(State& state, Linearisation& into) const noexcept {
    change(state, into, &MechanismKernels::change);
}

void System::change(State& state, Linearisation& into, ChangeKernel kernel) const noexcept {
    std::ranges::fill(into.current_nA, 0.0);
    for (std::size_t m = 0; m < mechanisms_.size(); ++m) {
        std::array<std::array<double*, BoundRows::kMostGates>, 4> to{};
        for (std::size_t g = 0; g < into.gates[m].size(); ++g) {
            auto& gate = into.gates[m][g];
            to[0][g] = gate.rate_per_ms.data();
            to[1][g] = gate.rate_by_v_per_ms_mV.data();
            to[2][g] = gate.decay_per_ms.data();
            to[3][g] = gate.current_by_gate_nA.data();
        }
        std::vector<double*> couplings;
        for (auto& coupling : into.couplings_per_ms[m]) {
            couplings.push_back(coupling.data());
        }
        const BoundRows bound(mechanisms_[m], state.gates[m]);
        (mechanisms_[m].mechanism->kernels.*kernel)(
            bound.rows(), state.v_mV.data(),
            {to[0].data(), to[1].data(), to[2].data(), to[3].data(), couplings.data()},
            into.current_nA.data(), into.conductance_uS.data());
    }
}

}  // namespace ranvier
