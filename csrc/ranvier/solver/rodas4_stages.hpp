// RODAS, a coupled Rosenbrock method of order 4 with an embedded error estimate and dense output of
// order 3 (Hairer & Wanner, Solving ODEs II, 2nd ed. 1996, ch. IV.10,
// doi:10.1007/978-3-642-05221-7): six stages, one matrix, stiffly accurate, L-stable. With y =
// (potentials, gates), M y' = F(t, y):
//   [M/(g h) - J] u_i = F(t + alpha_i h, y + sum_j a_ij u_j) + M sum_j (c_ij/h) u_j + g_i h dF/dt,
//   y' = y + sum_j a_6j u_j + u_6,   error of y' about u_6.
// Gates are eliminated from each stage as in rosenbrock2.cpp. Two methods are made of it: rodas4
// with a fixed step, and adaptive.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <string_view>
#include <vector>

#include "ranvier/solver/cable_equations.hpp"
#include "ranvier/solver/gate_inverse.hpp"
#include "ranvier/solver/method.hpp"

namespace ranvier {
namespace rodas4 {

inline constexpr std::size_t kStages = 6;
template <std::size_t rows>
using Table = std::array<std::array<double, kStages>, rows>;

// The coefficients of the book's table and program (method 1 of RODAS).
inline constexpr double kGamma = 0.25;
inline constexpr Table<kStages> kA{{
    {},
    {1.544},
    {0.9466785280815826, 0.2557011698983284},
    {3.314825187068521, 2.896124015972201, 0.9986419139977817},
    {1.221224509226641, 6.019134481288629, 12.53708332932087, -0.6878860361058950},
    {1.221224509226641, 6.019134481288629, 12.53708332932087, -0.6878860361058950, 1.0},
}};
inline constexpr Table<kStages> kC{{
    {},
    {-5.6688},
    {-2.430093356833875, -0.2063599157091915},
    {-0.1073529058151375, -9.594562251023355, -20.47028614809616},
    {7.496443313967647, -10.24680431464352, -33.99990352819905, 11.70890893206160},
    {8.083246795921522, -7.981132988064893, -31.52159432874371, 16.31930543123136,
     -6.058818238834054},
}};
inline constexpr std::array kAlpha{0.0, 0.386, 0.21, 0.63, 1.0, 1.0};
inline constexpr std::array kGammaSum{0.25, -0.1043, 0.1035, -0.0362, 0.0, 0.0};
inline constexpr Table<2> kDense{{
    {10.12623508344586, -7.487995877610167, -34.80091861555747, -7.992771707568823,
     1.025137723295662},
    {-0.6762803392801253, 6.087714651680015, 16.43084320892478, 24.76722511418386,
     -6.594389125716872},
}};

/// What a gate in [0, 1] counts next to a potential: an action potential is about 100 mV.
inline constexpr double kGatePer_mV = 0.01;

inline constexpr std::string_view kCitation =
    "Hairer & Wanner 1996, Solving ODEs II, ch. IV.10, doi:10.1007/978-3-642-05221-7";

/// Steps of a given length, each taken back or kept.
template <int layers>
class Stages {
public:
    explicit Stages(const System& system)
        : system_(system),
          equations_(system),
          linear_(system.blank_linearisation()),
          start_(system.blank_state()),
          rate_by_stage_(linear_),
          current_nA_(system.size()),
          conductance_uS_(system.size()),
          stored_(system.size()) {
        u_.fill(std::vector<Potentials<layers>>(system.size()));
        for (std::size_t m = 0; m < linear_.gates.size(); ++m) {
            inverse_.emplace_back(system.mechanisms()[m]);
            auto& gates = gates_.emplace_back();
            for (const auto& gate : linear_.gates[m]) {
                auto& staged = gates.emplace_back();
                staged.by_v_per_mV.resize(gate.decay_per_ms.size());
                staged.u.fill(std::vector<double>(gate.decay_per_ms.size()));
            }
        }
    }

    /// Keeps `state` as the start of the step and linearises about it.
    void begin(State& state) noexcept {
        start_ = state;
        system_.linearise(state, linear_);
    }

    /// Moves `state` from the start by `h_ms`; may be called again with another length.
    void take(State& state, std::span<const Drive> drives, double h_ms) noexcept {
        const double inverse_tau = 1.0 / (kGamma * h_ms);
        set_matrix(inverse_tau);
        for (std::size_t stage = 0; stage < kStages; ++stage) {
            if (stage > 0) {
                move(state, kA[stage], stage);
                system_.change(state, rate_by_stage_);
            }
            const Linearisation& at = stage == 0 ? linear_ : rate_by_stage_;
            std::ranges::copy(at.current_nA, current_nA_.begin());
            eliminate_gates(at, stage, h_ms);
            equations_.set_imbalance(state, current_nA_);
            equations_.add_drives_at(drives, start_.t_ms, start_.t_ms + h_ms,
                                     kAlpha[stage] + kGammaSum[stage]);
            add_stored(stage, h_ms);
            if (stage == 0) {
                equations_.solve();
            } else {
                equations_.solve_again();
            }
            std::ranges::copy(equations_.rhs(), u_[stage].begin());
            finish_gates(stage);
        }
        constexpr std::array<double, kStages> last{0.0, 0.0, 0.0, 0.0, 0.0, 1.0};
        add(state, last, kStages);
        system_.update_membrane_potential(state);
    }

    /// Puts the start of the step back.
    void undo(State& state) const noexcept { state = start_; }

    /// The largest error of the last step as a multiple of what is tolerated; NaN if it failed.
    double error(const State& state, double atol_mV, double rtol) const noexcept {
        double largest = 0.0;
        const auto look = [&](double u, double before, double after, double atol) {
            const double size = std::max(std::abs(before), std::abs(after));
            const double part = std::abs(u) / (atol + rtol * size);
            // Written so that NaN is the largest, and stays.
            largest = part <= largest || std::isnan(largest) ? largest : part;
        };
        for (std::size_t layer = 0; layer < static_cast<std::size_t>(layers); ++layer) {
            for (std::size_t i = 0; i < stored_.size(); ++i) {
                look(u_.back()[i][layer], start_.potential_mV[layer][i],
                     state.potential_mV[layer][i], atol_mV);
            }
        }
        for (std::size_t m = 0; m < gates_.size(); ++m) {
            for (std::size_t g = 0; g < gates_[m].size(); ++g) {
                const auto& u = gates_[m][g].u.back();
                for (std::size_t row = 0; row < u.size(); ++row) {
                    look(u[row], start_.gates[m][g][row], state.gates[m][g][row],
                         atol_mV * kGatePer_mV);
                }
            }
        }
        return largest;
    }

    Bend potential_bend(std::size_t layer, std::size_t compartment) const noexcept {
        return bend([&](std::size_t stage) { return u_[stage][compartment][layer]; });
    }
    Bend gate_bend(std::size_t mechanism, std::size_t gate, std::size_t row) const noexcept {
        return bend([&](std::size_t stage) { return gates_[mechanism][gate].u[stage][row]; });
    }

private:
    struct StagedGate {
        std::vector<double> by_v_per_mV;  // (1/(g h) - J)^-1 d(dx/dt)/dv
        std::array<std::vector<double>, kStages> u;
    };

    template <class U>
    static Bend bend(U&& u) noexcept {
        Bend shape;
        for (std::size_t stage = 0; stage + 1 < kStages; ++stage) {
            shape.bend += kDense[0][stage] * u(stage);
            shape.twist += kDense[1][stage] * u(stage);
        }
        return shape;
    }

    static double membrane(const Potentials<layers>& x) noexcept {
        return layers == 1 ? x[0] : x[0] - x[static_cast<std::size_t>(layers) - 1];
    }

    /// Calls visit(mechanism, gate, compartments) for each gate there is.
    template <class Visitor>
    void for_each_gate_of_all(Visitor&& visit) noexcept {
        for (std::size_t m = 0; m < gates_.size(); ++m) {
            for (std::size_t g = 0; g < gates_[m].size(); ++g) {
                visit(m, g, system_.mechanisms()[m].table->compartment);
            }
        }
    }

    void set_matrix(double inverse_tau) noexcept {
        std::ranges::copy(linear_.conductance_uS, conductance_uS_.begin());
        for (std::size_t m = 0; m < gates_.size(); ++m) {
            for (std::size_t g = 0; g < gates_[m].size(); ++g) {
                gates_[m][g].by_v_per_mV = linear_.gates[m][g].rate_by_v_per_ms_mV;
            }
            inverse_[m].set(linear_, m, inverse_tau);
            inverse_[m].apply([&](std::size_t g) -> auto& { return gates_[m][g].by_v_per_mV; });
        }
        for_each_gate_of_all([&](std::size_t m, std::size_t g, const auto& compartment) {
            const auto& current_by_gate_nA = linear_.gates[m][g].current_by_gate_nA;
            const auto& by_v_per_mV = gates_[m][g].by_v_per_mV;
            for (std::size_t row = 0; row < by_v_per_mV.size(); ++row) {
                conductance_uS_[static_cast<std::size_t>(compartment[row])] +=
                    current_by_gate_nA[row] * by_v_per_mV[row];
            }
        });
        equations_.set_matrix(inverse_tau, conductance_uS_);
    }

    /// The part of each gate's u that does not wait for the potentials, and its current.
    void eliminate_gates(const Linearisation& at, std::size_t stage, double h_ms) noexcept {
        for_each_gate_of_all([&](std::size_t m, std::size_t g, const auto&) {
            const auto& rate = at.gates[m][g].rate_per_ms;
            auto& u = gates_[m][g].u;
            for (std::size_t row = 0; row < rate.size(); ++row) {
                double sum = 0.0;
                for (std::size_t j = 0; j < stage; ++j) {
                    sum += kC[stage][j] * u[j][row];
                }
                u[stage][row] = rate[row] + sum / h_ms;
            }
        });
        for (std::size_t m = 0; m < gates_.size(); ++m) {
            inverse_[m].apply([&](std::size_t g) -> auto& { return gates_[m][g].u[stage]; });
        }
        for_each_gate_of_all([&](std::size_t m, std::size_t g, const auto& compartment) {
            const auto& by_gate_nA = linear_.gates[m][g].current_by_gate_nA;
            const auto& own = gates_[m][g].u[stage];
            for (std::size_t row = 0; row < own.size(); ++row) {
                current_nA_[static_cast<std::size_t>(compartment[row])] +=
                    by_gate_nA[row] * own[row];
            }
        });
    }

    void finish_gates(std::size_t stage) noexcept {
        for_each_gate_of_all([&](std::size_t m, std::size_t g, const auto& compartment) {
            auto& [by_v_per_mV, u] = gates_[m][g];
            for (std::size_t row = 0; row < by_v_per_mV.size(); ++row) {
                const auto i = static_cast<std::size_t>(compartment[row]);
                u[stage][row] += by_v_per_mV[row] * membrane(u_[stage][i]);
            }
        });
    }

    void add_stored(std::size_t stage, double h_ms) noexcept {
        if (stage == 0) {
            return;
        }
        for (std::size_t i = 0; i < stored_.size(); ++i) {
            stored_[i] = {};
            for (std::size_t j = 0; j < stage; ++j) {
                for (std::size_t layer = 0; layer < stored_[i].size(); ++layer) {
                    stored_[i][layer] += kC[stage][j] * u_[j][i][layer];
                }
            }
        }
        equations_.add_stored(1.0 / h_ms, stored_);
    }

    /// state = start + sum of factor u over the first `stages`.
    void move(State& state, const std::array<double, kStages>& factor,
              std::size_t stages) noexcept {
        state.potential_mV = start_.potential_mV;
        state.gates = start_.gates;
        add(state, factor, stages);
        system_.update_membrane_potential(state);
    }

    void add(State& state, const std::array<double, kStages>& factor, std::size_t stages) noexcept {
        for (std::size_t j = 0; j < stages; ++j) {
            if (factor[j] == 0.0) {
                continue;
            }
            for (std::size_t layer = 0; layer < static_cast<std::size_t>(layers); ++layer) {
                for (std::size_t i = 0; i < stored_.size(); ++i) {
                    state.potential_mV[layer][i] += factor[j] * u_[j][i][layer];
                }
            }
            for_each_gate_of_all([&](std::size_t m, std::size_t g, const auto&) {
                auto& gate = state.gates[m][g];
                for (std::size_t row = 0; row < gate.size(); ++row) {
                    gate[row] += factor[j] * gates_[m][g].u[j][row];
                }
            });
        }
    }

    const System& system_;
    CableEquations<layers> equations_;
    Linearisation linear_;  // about start_
    State start_;
    Linearisation rate_by_stage_;  // only rates and currents
    std::vector<double> current_nA_;
    std::vector<double> conductance_uS_;
    std::vector<Potentials<layers>> stored_;
    std::array<std::vector<Potentials<layers>>, kStages> u_;
    std::vector<std::vector<StagedGate>> gates_;  // [mechanism][gate]
    std::vector<GateInverse> inverse_;            // [mechanism]
};

/// What both methods are: stages, a step to begin with, and dense output.
template <int layers>
class Base : public Method {
public:
    double dt_ms() const noexcept override { return dt_ms_; }
    Bend potential_bend(std::size_t layer, std::size_t i) const noexcept override {
        return stages_.potential_bend(layer, i);
    }
    Bend gate_bend(std::size_t m, std::size_t g, std::size_t row) const noexcept override {
        return stages_.gate_bend(m, g, row);
    }

protected:
    Base(const System& system, double dt_ms) : stages_(system), dt_ms_(dt_ms) {}

    Stages<layers> stages_;
    double dt_ms_;
};

}  // namespace rodas4
}  // namespace ranvier
