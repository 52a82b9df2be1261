// What a simulation has to do with ions: what is shown of them, and whether they are sound.

#include <algorithm>
#include <cmath>
#include <utility>

#include "ranvier/base/error.hpp"
#include "ranvier/base/text.hpp"
#include "ranvier/solver/simulation.hpp"

namespace ranvier {

void Simulation::check_ion_probe(const Probe& probe, const std::string& subject) const {
    std::vector<std::string> names;
    for (const IonTable& ion : discretisation().ions) {
        names.push_back(ion.name);
        if (ion.name != probe.ion) {
            continue;
        }
        for (const std::int32_t compartment : probe.compartment) {
            const auto i = static_cast<std::size_t>(compartment);
            const bool is_potential = probe.quantity == Quantity::kReversalPotential;
            const auto& column = is_potential       ? ion.e_mV
                                 : probe.layer == 0 ? ion.inside_mM
                                                    : ion.outside_mM;
            if (column.empty() || !std::isfinite(column[i])) {
                throw ModelError(
                    subject, std::string("ion ") + quoted(ion.name) + " has no " +
                                 (is_potential ? "reversal potential" : "concentrations") + " at " +
                                 discretisation().label(compartment) + ", expected a place with");
            }
        }
        return;
    }
    throw ModelError(subject, "ion " + quoted(probe.ion) + " is not in this model, " +
                                  expected_one_of(probe.ion, names));
}

/// Where concentrations are moved every so many steps, they go on in between as they went last.
double Simulation::probed_ion(const Probe& probe, std::size_t compartment, double share) const {
    const auto ion = std::ranges::find(discretisation().ions, probe.ion, &IonTable::name);
    if (probe.quantity == Quantity::kReversalPotential) {
        const auto* const inputs = system_.ion_inputs();
        const bool follows = inputs != nullptr && inputs->follows(probe.ion);
        return follows ? inputs->e_mV(probe.ion)[compartment] : ion->e_mV[compartment];
    }
    const bool is_inside = probe.layer == 0;
    if (const auto pool = system_.ion_pools().find(*ion, is_inside)) {
        const double later_ms = state_.ions_ms - (1.0 - share) * (state_.t_ms - last_ms_);
        return state_.concentration_mM[*pool][compartment] +
               later_ms * state_.concentration_slope_mM_per_ms[*pool][compartment];
    }
    return is_inside ? ion->inside_mM[compartment] : ion->outside_mM[compartment];
}

/// Mechanisms are otherwise told what a method expects of the next half step.
void Simulation::show_concentrations() const {
    auto* const inputs = system_.ion_inputs();
    if (inputs == nullptr) {
        return;
    }
    auto present_mM = state_.concentration_mM;
    for (std::size_t p = 0; p < present_mM.size(); ++p) {
        for (std::size_t i = 0; i < present_mM[p].size(); ++i) {
            present_mM[p][i] += state_.ions_ms * state_.concentration_slope_mM_per_ms[p][i];
        }
    }
    inputs->show(present_mM);
}

State Simulation::state_with_ions_moved() const {
    State copy = state();
    method_->move_ions(copy);
    return copy;
}

/// What stays is the moment, and what ions have.
void Simulation::release_arrays() const {
    if (own_ != nullptr && !state_.v_mV.empty()) {
        State left;
        static_cast<Moment&>(left) = state_;
        static_cast<IonState&>(left) = std::move(static_cast<IonState&>(state_));
        state_ = std::move(left);
    }
}

/// Charges are found from currents between two steps, which takes areas.
void Simulation::drop_areas() noexcept {
    if (own_ != nullptr && system_.ion_pools().is_empty()) {
        system_.drop_areas();
    }
}

bool Simulation::concentrations_are_sound() const {
    for (std::size_t p = 0; p < state_.concentration_mM.size(); ++p) {
        const auto& is_held = system_.ion_pools().pools[p].store().is_held;
        const auto& now_mM = state_.concentration_mM[p];
        for (std::size_t i = 0; i < now_mM.size(); ++i) {
            if (is_held[i] == 0 && !(now_mM[i] > 0.0 && std::isfinite(now_mM[i]))) {
                return false;
            }
        }
    }
    return true;
}

}  // namespace ranvier
