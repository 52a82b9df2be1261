#include "ranvier/solver/cable_equations.hpp"

#include <array>

namespace ranvier {

template <int layers>
CableEquations<layers>::CableEquations(const System& system)
    : system_(system),
      parent_(system.discretisation().compartments.parent),
      axial_sum_uS_(system.size()),
      coupling_(system.size()),
      diagonal_(system.size()),
      rhs_(system.size()) {
    const auto& d = system.discretisation();
    for (std::size_t i = 0; i < system.size(); ++i) {
        if (parent_[i] == kNoParent) {
            continue;
        }
        const auto up = static_cast<std::size_t>(parent_[i]);
        const double axial_uS = d.compartments.axial_conductance_uS[i];
        axial_sum_uS_[i][0] += axial_uS;
        axial_sum_uS_[up][0] += axial_uS;
        coupling_[i][0] = axial_uS;
        if constexpr (layers == 2) {
            const auto& layer = d.layers[0];
            const double layer_uS = layer.axial_conductance_uS[i];
            axial_sum_uS_[i][1] += layer_uS;
            axial_sum_uS_[up][1] += layer_uS;
            const bool is_coupled = layer.is_unknown[i] != 0 && layer.is_unknown[up] != 0;
            coupling_[i][1] = is_coupled ? layer_uS : 0.0;
        }
    }
}

template <int layers>
void CableEquations<layers>::set_imbalance(const State& state,
                                           std::span<const double> current_nA) noexcept {
    const auto& d = system_.discretisation();
    const double* const axial_uS = d.compartments.axial_conductance_uS.data();
    const double* const inside = state.potential_mV[0].data();
    const std::size_t n = parent_.size();
    if constexpr (layers == 1) {
        for (std::size_t i = 0; i < n; ++i) {
            rhs_[i][0] = -current_nA[i];
        }
        for (std::size_t i = 0; i < n; ++i) {
            if (parent_[i] != kNoParent) {
                const auto up = static_cast<std::size_t>(parent_[i]);
                const double inflow_nA = axial_uS[i] * (inside[up] - inside[i]);
                rhs_[i][0] += inflow_nA;
                rhs_[up][0] -= inflow_nA;
            }
        }
    } else {
        const auto& layer = d.layers[0];
        const double* const outside = state.potential_mV[1].data();
        for (std::size_t i = 0; i < n; ++i) {
            rhs_[i] = {-current_nA[i], current_nA[i] - layer.conductance_uS[i] * outside[i]};
        }
        for (std::size_t i = 0; i < n; ++i) {
            if (parent_[i] != kNoParent) {
                const auto up = static_cast<std::size_t>(parent_[i]);
                const double inflow_nA = axial_uS[i] * (inside[up] - inside[i]);
                rhs_[i][0] += inflow_nA;
                rhs_[up][0] -= inflow_nA;
                const double layer_nA = layer.axial_conductance_uS[i] * (outside[up] - outside[i]);
                rhs_[i][1] += layer_nA;
                rhs_[up][1] -= layer_nA;
            }
        }
        for (std::size_t i = 0; i < n; ++i) {
            if (layer.is_unknown[i] == 0) {
                rhs_[i][1] = 0.0;
            }
        }
    }
}

template <int layers>
void CableEquations<layers>::add_drives(std::span<const Drive> drives, double from_ms,
                                        double to_ms) noexcept {
    for (const Drive& drive : drives) {
        const double mean = drive.factor * drive.waveform.mean(from_ms, to_ms);
        for (std::size_t k = 0; mean != 0.0 && k < drive.compartment.size(); ++k) {
            rhs_[static_cast<std::size_t>(drive.compartment[k])][0] += mean * drive.weight_nA[k];
        }
    }
}

template <int layers>
void CableEquations<layers>::add_drives_at(std::span<const Drive> drives, double from_ms,
                                           double to_ms, double at) noexcept {
    for (const Drive& drive : drives) {
        const auto [mean, slope_per_ms] = drive.waveform.line(from_ms, to_ms);
        const double value = drive.factor * (mean + slope_per_ms * (at - 0.5) * (to_ms - from_ms));
        for (std::size_t k = 0; value != 0.0 && k < drive.compartment.size(); ++k) {
            rhs_[static_cast<std::size_t>(drive.compartment[k])][0] += value * drive.weight_nA[k];
        }
    }
}

template <int layers>
void CableEquations<layers>::add_stored(double factor_per_ms,
                                        std::span<const Potentials<layers>> x) noexcept {
    const auto& d = system_.discretisation();
    const double* const capacitance_nF = d.compartments.capacitance_nF.data();
    for (std::size_t i = 0; i < rhs_.size(); ++i) {
        const double c_per_ms = factor_per_ms * capacitance_nF[i];
        if constexpr (layers == 1) {
            rhs_[i][0] += c_per_ms * x[i][0];
        } else {
            // Where the layer is no unknown its x is 0, and its row must stay so.
            const auto& layer = d.layers[0];
            const double moved_nA = c_per_ms * (x[i][0] - x[i][1]);
            rhs_[i][0] += moved_nA;
            if (layer.is_unknown[i] != 0) {
                rhs_[i][1] += factor_per_ms * layer.capacitance_nF[i] * x[i][1] - moved_nA;
            }
        }
    }
}

template <int layers>
void CableEquations<layers>::set_matrix(double shift_per_ms,
                                        std::span<const double> conductance_uS) noexcept {
    const auto& d = system_.discretisation();
    const double* const capacitance_nF = d.compartments.capacitance_nF.data();
    for (std::size_t i = 0; i < parent_.size(); ++i) {
        const double membrane_uS = capacitance_nF[i] * shift_per_ms + conductance_uS[i];
        diagonal_[i].at(0, 0) = membrane_uS + axial_sum_uS_[i][0];
        if constexpr (layers == 2) {
            const auto& layer = d.layers[0];
            const bool is_unknown = layer.is_unknown[i] != 0;
            diagonal_[i].at(1, 0) = is_unknown ? -membrane_uS : 0.0;
            diagonal_[i].at(1, 1) = is_unknown
                                        ? membrane_uS + layer.capacitance_nF[i] * shift_per_ms +
                                              layer.conductance_uS[i] + axial_sum_uS_[i][1]
                                        : 1.0;
        }
    }
}

template <int layers>
void CableEquations<layers>::add_solution(State& state, double factor) const noexcept {
    for (std::size_t layer = 0; layer < static_cast<std::size_t>(layers); ++layer) {
        double* const potential = state.potential_mV[layer].data();
        for (std::size_t i = 0; i < rhs_.size(); ++i) {
            potential[i] += factor * rhs_[i][layer];
        }
    }
}

template class CableEquations<1>;
template class CableEquations<2>;

}  // namespace ranvier
