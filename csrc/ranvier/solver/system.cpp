#include "ranvier/solver/system.hpp"

#include <algorithm>
#include <cmath>

#include "ranvier/base/error.hpp"
#include "ranvier/mechanisms/registry.hpp"

namespace ranvier {

BoundRows::BoundRows(const SystemMechanism& mechanism, std::vector<std::vector<double>>& gates,
                     std::size_t first, std::size_t count) noexcept {
    const auto& table = *mechanism.table;
    for (std::size_t p = 0; p < table.parameters.size(); ++p) {
        parameters_[p] = table.parameters[p].data() + first;
    }
    for (std::size_t g = 0; g < gates.size(); ++g) {
        gates_[g] = gates[g].data() + first;
    }
    rows_ = {.size = count,
             .compartment = table.compartment.data() + first,
             .parameters = parameters_.data(),
             .gates = gates_.data(),
             .e_mV = mechanism.e_mV.empty() ? nullptr : mechanism.e_mV.data() + first,
             .rate_factor = mechanism.rate_factor.data(),
             .nA_per_mA_cm2 = mechanism.nA_per_mA_cm2.empty()
                                  ? nullptr
                                  : mechanism.nA_per_mA_cm2.data() + first};
}

System::System(std::shared_ptr<const Discretisation> discretisation)
    : discretisation_(std::move(discretisation)) {
    const auto& d = *discretisation_;
    for (const auto& table : d.mechanisms) {
        const Mechanism* mechanism = find_mechanism(table.name);
        RANVIER_ASSERT(mechanism != nullptr);
        const auto& info = mechanism->info;
        if (info.gates.size() > BoundRows::kMostGates ||
            info.parameters.size() > BoundRows::kMostParameters) {
            throw InternalError("mechanism " + table.name + ": too many gates or parameters");
        }
        const auto& carriers = table.compartment;
        SystemMechanism bound{mechanism, &table, {}, {}, {}};
        for (const auto& gate : info.gates) {
            const double decades = (d.temperature_degC - info.reference_temperature_degC) / 10.0;
            bound.rate_factor.push_back(std::pow(gate.q10, decades));
        }
        // Without rows nobody has to have the ion.
        if (!info.ion.empty() && !carriers.empty()) {
            const auto& e_mV = std::ranges::find(d.ions, info.ion, &IonTable::name)->e_mV;
            bound.e_mV = e_mV;  // one row per compartment, as on a bare axon
            if (carriers.size() < size()) {
                auto& own = e_mV_.emplace_back();
                own.reserve(carriers.size());
                for (const std::int32_t i : carriers) {
                    own.push_back(e_mV[static_cast<std::size_t>(i)]);
                }
                bound.e_mV = own;
            }
        }
        mechanisms_.push_back(std::move(bound));
    }
    make_areas();
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
            return other.table->compartment == carriers;
        });
        if (beside != others.end()) {
            mechanisms_[m].nA_per_mA_cm2 = beside->nA_per_mA_cm2;
            continue;
        }
        auto& own = areas_.emplace_back();
        own.reserve(carriers.size());
        for (const std::int32_t i : carriers) {
            own.push_back(nA_per_mA_cm2(static_cast<std::size_t>(i)));
        }
        mechanisms_[m].nA_per_mA_cm2 = own;
    }
}

std::size_t System::bytes() const noexcept {
    std::size_t sum = 0;
    for (const auto* columns : {&e_mV_, &areas_}) {
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
        const BoundRows bound(mechanisms_[m], state.gates[m]);
        (mechanisms_[m].mechanism->kernels.*kernel)(
            bound.rows(), state.v_mV.data(),
            {to[0].data(), to[1].data(), to[2].data(), to[3].data()}, into.current_nA.data(),
            into.conductance_uS.data());
    }
}

}  // namespace ranvier
