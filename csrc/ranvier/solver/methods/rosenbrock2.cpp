// The default: voltages and gates move together, linearised once per step; second order, L-stable.
//
// With y = (potentials, gates), M y' = F(y), J = dF/dy at the start, and g = 1 - 1/sqrt(2):
//   [M/(g dt) - J] u1 = F(y),
//   [M/(g dt) - J] u2 = F(y) + (1 - g)/(g^2 dt) M u1,    y' = y + u2.
// This is the L-stable, stiffly accurate SDIRK of two stages (Alexander 1977) applied to the
// linearised equations, a Rosenbrock method (Rosenbrock 1963, doi:10.1093/comjnl/5.4.329; Hairer &
// Wanner, Solving ODEs II, ch. IV.7) whose two stages share one evaluation and one matrix. Nothing
// is evaluated off the solution; rows without capacitance hold exactly. Where the potential moves
// far within a step the linearisation is stale: steps after a jump of a drive are taken in pieces.
//
// A gate depends on the potentials of its own compartment only: with D = 1/(g dt) + decay,
//   u_x = (rate + rate_by_v u_v)/D,
// which turns its part of the current into a current and a conductance, and leaves a matrix of the
// cable's own shape.

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "ranvier/mechanisms/channel.hpp"
#include "ranvier/solver/cable_equations.hpp"
#include "ranvier/solver/gate_inverse.hpp"
#include "ranvier/solver/ion_steps.hpp"
#include "ranvier/solver/method.hpp"
#include "ranvier/solver/settling.hpp"
#include "ranvier/solver/two_stage.hpp"

namespace ranvier {
namespace {

/// u_x of one gate: u1 = own + by_v u1_v, and u2 = own + own_echo + by_v u2_v + by_v_echo u1_v.
struct EliminatedGate {
    std::vector<double> own;
    std::vector<double> by_v_per_mV;
    std::vector<double> own_echo;
    std::vector<double> by_v_echo_per_mV;
};

template <int layers>
class Rosenbrock2 final : public Method {
public:
    Rosenbrock2(const System& system, std::span<const double> parameters)
        : system_(system),
          dt_ms_(parameters[0]),
          ions_every_(static_cast<std::int64_t>(parameters.back())),
          equations_(system),
          ions_(system),
          current_nA_(system.size()),
          conductance_uS_(system.size()),
          echo_nA_(system.size()),
          echo_uS_(system.size()),
          first_(system.size()),
          moved_(system.size()) {
        for (const auto& mechanism : system.mechanisms()) {
            const std::vector<double> rows(mechanism.table->compartment.size());
            gates_.emplace_back(mechanism.mechanism->info.gates.size(),
                                EliminatedGate{rows, rows, rows, rows});
            slopes_.make_room(mechanism.mechanism->info.couplings.size());
        }
    }

    bool step(State& state, std::span<const Drive> drives, double) noexcept override {
        if (!ions_.is_empty() && !ions_.is_sound(state)) {
            state.step += 1;  // from here on nothing has a meaning: whoever looks will see it
            return true;
        }
        const double next_ms = static_cast<double>(state.step + 1) * dt_ms_;
        const double end_ms = end_of_piece(state, dt_ms_, next_ms);
        move(state, drives, end_ms);
        const bool is_whole = end_ms == next_ms;
        state.step += is_whole ? 1 : 0;
        if (ions_every_ == 1 || (is_whole && state.step % ions_every_ == 0)) {
            move_ions(state);
        }
        return true;
    }

    double dt_ms() const noexcept override { return dt_ms_; }

    void move_ions(State& state) noexcept override {
        if (!ions_.is_empty()) {
            ions_.move(state);
        }
    }

    /// The parabola of the two stages: (k1 - k2)/sqrt 2, with dt k1 = u1/g and
    /// dt k2 = (u2 - (1 - g)/g u1)/g. Its error is third order in dt.
    Bend potential_bend(std::size_t layer, std::size_t compartment) const noexcept override {
        const double u1 = first_[compartment][layer];
        const double u2 = moved_[compartment][layer];
        return {.bend = (1.0 - kGamma) * (u1 / kGamma - u2) / kGamma};
    }

private:
    void move(State& state, std::span<const Drive> drives, double next_ms) noexcept {
        const double tau_ms = kGamma * (next_ms - state.t_ms);
        if (!ions_.is_empty()) {
            ions_.predict(state, ions_every_ == 1 ? next_ms - state.t_ms
                                                  : static_cast<double>(ions_every_) * dt_ms_);
        }
        eliminate_gates(state, tau_ms);

        equations_.set_imbalance(state, current_nA_);
        equations_.add_drives_at(drives, state.t_ms, next_ms, kGamma);
        equations_.set_matrix(1.0 / tau_ms, conductance_uS_);
        equations_.solve();
        std::ranges::copy(equations_.rhs(), first_.begin());

        for (std::size_t i = 0; i < first_.size(); ++i) {
            current_nA_[i] += echo_nA_[i] + echo_uS_[i] * membrane(first_[i]);
        }
        equations_.set_imbalance(state, current_nA_);
        equations_.add_drives_at(drives, state.t_ms, next_ms, 1.0);
        equations_.add_stored(kEcho / tau_ms, first_);
        equations_.solve_again();
        std::ranges::copy(equations_.rhs(), moved_.begin());

        if (!ions_.is_empty()) {
            keep_ions(state, next_ms - state.t_ms);
        }
        move_gates(state);
        equations_.add_solution(state, 1.0);
        system_.update_membrane_potential(state);
        state.t_ms = next_ms;
    }

    static double membrane(const Potentials<layers>& x) noexcept {
        if constexpr (layers == 1) {
            return x[0];
        } else {
            return x[0] - x[1];
        }
    }

    /// The ionic current and its derivative, with the gates' answer to the voltage in them, and
    /// what of it comes back in the second stage.
    void eliminate_gates(State& state, double tau_ms) noexcept {
        std::ranges::fill(current_nA_, 0.0);
        std::ranges::fill(conductance_uS_, 0.0);
        std::ranges::fill(echo_nA_, 0.0);
        std::ranges::fill(echo_uS_, 0.0);
        for (std::size_t m = 0; m < gates_.size(); ++m) {
            const std::size_t rows = system_.mechanisms()[m].table->compartment.size();
            for (std::size_t first = 0; first < rows; first += kRowsAtOnce) {
                eliminate_some_gates(state, tau_ms, m, first, std::min(kRowsAtOnce, rows - first));
            }
        }
        const auto& capacitance_nF = system_.discretisation().compartments.capacitance_nF;
        const double most_per_ms = kMostActivation / tau_ms;
        for (std::size_t i = 0; i < conductance_uS_.size(); ++i) {
            conductance_uS_[i] = std::max(conductance_uS_[i], -most_per_ms * capacitance_nF[i]);
        }
    }

    /// A block of rows at a time, whose slopes stay in the first-level cache.
    void eliminate_some_gates(State& state, double tau_ms, std::size_t m, std::size_t first,
                              std::size_t count) noexcept {
        const auto& mechanism = system_.mechanisms()[m];
        const BoundRows bound(mechanism, state.gates[m], first, count);
        if (ions_.is_empty()) {
            mechanism.mechanism->kernels.linearise(bound.rows(), state.v_mV.data(),
                                                   slopes_.pointers(), current_nA_.data(),
                                                   conductance_uS_.data());
        } else {
            ions_.linearise(m, first, bound, state.v_mV.data(), slopes_.pointers(),
                            current_nA_.data(), conductance_uS_.data());
        }
        if (gates_[m].empty()) {
            return;
        }
        if (mechanism.mechanism->info.couplings.empty()) {
            solve_gates(tau_ms, m, count);
        } else {
            solve_coupled_gates(tau_ms, m, count);
        }
        Column own_nA{};
        Column by_v_uS{};
        Column echo_nA{};
        Column echo_uS{};
        for (std::size_t g = 0; g < gates_[m].size(); ++g) {
            const Column& current = slopes_.current[g];
            const Solved& solved = solved_[g];
            for (std::size_t i = 0; i < count; ++i) {
                own_nA[i] += current[i] * solved.own[i];
                by_v_uS[i] += current[i] * solved.by_v[i];
                echo_nA[i] += current[i] * solved.own_echo[i];
                echo_uS[i] += current[i] * solved.by_v_echo[i];
            }
            EliminatedGate& gate = gates_[m][g];
            std::copy_n(solved.own.begin(), count, gate.own.data() + first);
            std::copy_n(solved.by_v.begin(), count, gate.by_v_per_mV.data() + first);
            std::copy_n(solved.own_echo.begin(), count, gate.own_echo.data() + first);
            std::copy_n(solved.by_v_echo.begin(), count, gate.by_v_echo_per_mV.data() + first);
        }
        for (std::size_t i = 0; i < count; ++i) {
            const auto compartment = static_cast<std::size_t>(bound.rows().compartment[i]);
            current_nA_[compartment] += own_nA[i];
            conductance_uS_[compartment] += by_v_uS[i];
            echo_nA_[compartment] += echo_nA[i];
            echo_uS_[compartment] += echo_uS[i];
        }
    }

    void solve_gates(double tau_ms, std::size_t m, std::size_t count) noexcept {
        const double inverse_tau = 1.0 / tau_ms;
        const double echo_per_ms = kEcho * inverse_tau;
        for (std::size_t g = 0; g < gates_[m].size(); ++g) {
            const Column& rate = slopes_.rate[g];
            const Column& rate_by_v = slopes_.rate_by_v[g];
            const Column& decay = slopes_.decay[g];
            Solved& to = solved_[g];
            for (std::size_t i = 0; i < count; ++i) {
                const double inverse_d = 1.0 / (inverse_tau + decay[i]);
                const double echo = echo_per_ms * inverse_d;
                to.own[i] = rate[i] * inverse_d;
                to.by_v[i] = rate_by_v[i] * inverse_d;
                to.own_echo[i] = to.own[i] * echo;
                to.by_v_echo[i] = to.by_v[i] * echo;
            }
        }
    }

    void solve_coupled_gates(double tau_ms, std::size_t m, std::size_t count) noexcept {
        constexpr std::size_t kMost = BoundRows::kMostGates;
        const double inverse_tau = 1.0 / tau_ms;
        const std::size_t n = gates_[m].size();
        std::array<double, kMost * kMost> matrix;
        std::array<double, kMost> x;
        const std::span factored(matrix.data(), n * n);
        for (std::size_t i = 0; i < count; ++i) {
            factor_row(
                factored, system_.mechanisms()[m].mechanism->info.couplings, n, inverse_tau,
                [&](std::size_t g) { return slopes_.decay[g][i]; },
                [&](std::size_t k) { return slopes_.coupling[k][i]; });
            const auto solve_for = [&](Column Solved::* to, const auto& right) {
                for (std::size_t g = 0; g < n; ++g) {
                    x[g] = right(g);
                }
                solve(factored, {x.data(), n});
                for (std::size_t g = 0; g < n; ++g) {
                    (solved_[g].*to)[i] = x[g];
                }
            };
            const double echo_per_ms = kEcho * inverse_tau;
            solve_for(&Solved::own, [&](std::size_t g) { return slopes_.rate[g][i]; });
            solve_for(&Solved::by_v, [&](std::size_t g) { return slopes_.rate_by_v[g][i]; });
            solve_for(&Solved::own_echo,
                      [&](std::size_t g) { return echo_per_ms * solved_[g].own[i]; });
            solve_for(&Solved::by_v_echo,
                      [&](std::size_t g) { return echo_per_ms * solved_[g].by_v[i]; });
        }
    }

    /// By the currents that the step had on average: M u2 = dt (F + J w) with
    /// w = (1 - g) u1 + g u2, of potentials and of gates.
    void keep_ions(State& state, double dt_ms) noexcept {
        std::vector<double>& v_change_mV = mean_change_;
        v_change_mV.resize(first_.size());
        for (std::size_t i = 0; i < first_.size(); ++i) {
            v_change_mV[i] = (1.0 - kGamma) * membrane(first_[i]) + kGamma * membrane(moved_[i]);
        }
        ions_.begin_mean(v_change_mV);
        for (std::size_t m = 0; m < gates_.size(); ++m) {
            const auto& compartment = system_.mechanisms()[m].table->compartment;
            mean_change_.resize(std::max(mean_change_.size(), compartment.size()));
            for (std::size_t g = 0; g < gates_[m].size(); ++g) {
                const auto& [own, by_v_per_mV, own_echo, by_v_echo_per_mV] = gates_[m][g];
                for (std::size_t row = 0; row < compartment.size(); ++row) {
                    const auto i = static_cast<std::size_t>(compartment[row]);
                    const double u1 = own[row] + by_v_per_mV[row] * membrane(first_[i]);
                    const double u2 = own[row] + own_echo[row] +
                                      by_v_echo_per_mV[row] * membrane(first_[i]) +
                                      by_v_per_mV[row] * membrane(moved_[i]);
                    mean_change_[row] = (1.0 - kGamma) * u1 + kGamma * u2;
                }
                ions_.add_to_mean(m, g, std::span(mean_change_).first(compartment.size()));
            }
        }
        ions_.keep(state, dt_ms);
    }

    void move_gates(State& state) noexcept {
        for (std::size_t m = 0; m < gates_.size(); ++m) {
            const auto& compartment = system_.mechanisms()[m].table->compartment;
            for (std::size_t g = 0; g < gates_[m].size(); ++g) {
                const auto& [own, by_v_per_mV, own_echo, by_v_echo_per_mV] = gates_[m][g];
                const GateInfo& info = system_.mechanisms()[m].mechanism->info.gates[g];
                auto& gate = state.gates[m][g];
                for (std::size_t row = 0; row < gate.size(); ++row) {
                    const auto i = static_cast<std::size_t>(compartment[row]);
                    const double u2 = own[row] + own_echo[row] +
                                      by_v_echo_per_mV[row] * membrane(first_[i]) +
                                      by_v_per_mV[row] * membrane(moved_[i]);
                    // A gate stays between shut and open, which only a step far too long breaks.
                    gate[row] = std::clamp(gate[row] + u2, info.lowest, info.highest);
                }
            }
        }
    }

    using Column = std::array<double, kRowsAtOnce>;

    /// What linearise() writes for one block.
    class Slopes {
    public:
        Slopes() {
            for (std::size_t g = 0; g < BoundRows::kMostGates; ++g) {
                pointers_[0][g] = rate[g].data();
                pointers_[1][g] = rate_by_v[g].data();
                pointers_[2][g] = decay[g].data();
                pointers_[3][g] = current[g].data();
            }
        }
        Slopes(const Slopes&) = delete;
        Slopes& operator=(const Slopes&) = delete;

        GateSlopes pointers() const noexcept {
            return {pointers_[0].data(), pointers_[1].data(), pointers_[2].data(),
                    pointers_[3].data(), couplings_.data()};
        }

        /// For at least so many couplings.
        void make_room(std::size_t couplings) {
            coupling.resize(std::max(coupling.size(), couplings));
            couplings_.clear();
            for (Column& column : coupling) {
                couplings_.push_back(column.data());
            }
        }

        std::array<Column, BoundRows::kMostGates> rate;
        std::array<Column, BoundRows::kMostGates> rate_by_v;
        std::array<Column, BoundRows::kMostGates> decay;
        std::array<Column, BoundRows::kMostGates> current;
        std::vector<Column> coupling;

    private:
        std::vector<double*> couplings_;
        std::array<std::array<double*, BoundRows::kMostGates>, 4> pointers_;
    };

    /// Of one block, as EliminatedGate.
    struct Solved {
        Column own;
        Column by_v;
        Column own_echo;
        Column by_v_echo;
    };

    const System& system_;
    double dt_ms_;
    std::int64_t ions_every_;  // so many steps their concentrations are moved
    CableEquations<layers> equations_;
    IonSteps ions_;
    std::vector<double> mean_change_;  // work, for ions
    Slopes slopes_;
    std::array<Solved, BoundRows::kMostGates> solved_;
    std::vector<std::vector<EliminatedGate>> gates_;  // [mechanism][gate]
    std::vector<double> current_nA_;
    std::vector<double> conductance_uS_;
    std::vector<double> echo_nA_;
    std::vector<double> echo_uS_;
    std::vector<Potentials<layers>> first_;  // u1
    std::vector<Potentials<layers>> moved_;  // u2
};

constexpr std::array kParameters{ParameterInfo{"dt_ms", 0.005}, ParameterInfo{"ions_every", 1.0}};

[[maybe_unused]] const bool kIsRegistered = register_method({
    {.name = "rosenbrock2",
     .summary = "second order, L-stable, fixed step; voltage and gates together; the default",
     .order = 2,
     .parameters = kParameters,
     .citation =
         "Rosenbrock 1963, doi:10.1093/comjnl/5.4.329; Alexander 1977, doi:10.1137/0714068"},
    &make_for_layers<Rosenbrock2>,
    LaneMethod::kRosenbrock2,
    /*moves_ions=*/true,
});

// The same where all of it is solved: what lanes/lane_window.cpp makes of it is steps of several
// lengths, and in the plain solver, its oracle, they are all equal.
constexpr std::array kWindowParameters{ParameterInfo{"dt_ms", 0.005},
                                       ParameterInfo{"window_tol_mV", 0.01},
                                       ParameterInfo{"ions_every", 1.0}};

[[maybe_unused]] const bool kIsWindowRegistered = register_method({
    {.name = "windowed",
     .summary = "rosenbrock2 where something happens, with longer steps where little does",
     .order = 2,
     .parameters = kWindowParameters,
     .citation =
         "Berger & Oliger 1984, doi:10.1016/0021-9991(84)90073-1; and those of rosenbrock2"},
    &make_for_layers<Rosenbrock2>,
    LaneMethod::kWindowed,
    /*moves_ions=*/true,
});

}  // namespace
}  // namespace ranvier
