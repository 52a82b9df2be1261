#include "ranvier/solver/rest.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "ranvier/solver/cable_equations.hpp"
#include "ranvier/solver/gate_inverse.hpp"

namespace ranvier {
namespace {

constexpr int kMostIterations = 500;
/// A search that took longer goes in circles, from step to step over the rest that is between.
constexpr int kPatience = 100;
/// An iteration that moves less than this has converged to rounding.
constexpr double kSmallest_mV = 1e-12;
/// Newton may not leap over the range in which gates mean something.
constexpr double kLargest_mV = 20.0;
constexpr double kResidual_mV_per_ms = 1e-9;
/// Below this nothing is left to find: 1e-12 mV in a second.
constexpr double kNothing_mV_per_ms = 1e-15;
constexpr double kShortest_ms = 1e-4;
/// Slower than any gate, and far from rounding of the fastest.
constexpr double kConserved_per_ms = 1e-8;
/// The last digit of a potential, and as much again from the solve.
constexpr double kRounding = 2.0 * std::numeric_limits<double>::epsilon();

/// As large as reversal potentials are.
constexpr double kReversal_mV = 100.0;
/// Where else a search starts if the guess leads nowhere: between any reversal potentials, which is
/// where a membrane at rest has to be.
constexpr double kLowestStart_mV = -100.0;
constexpr double kHighestStart_mV = 60.0;
constexpr double kBetweenStarts_mV = 5.0;

/// The membrane is linearised so many compartments at a time: what gates take is then little, and
/// in cache.
constexpr std::size_t kPiece = 512;

/// One mechanism in a piece of the cable, with gates of its own.
class Piece {
public:
    explicit Piece(const SystemMechanism& mechanism)
        : mechanism_(mechanism),
          gates_(mechanism.mechanism->info.gates.size(), std::vector<double>(kPiece)) {
        const std::vector<double> rows(kPiece);
        slopes_.assign(gates_.size(), {rows, rows, rows, rows});
        couplings_per_ms_.assign(mechanism.mechanism->info.couplings.size(), rows);
    }

    /// Begins anew at the first compartment.
    void rewind() noexcept { end_ = 0; }

    /// Moves on to the rows of the compartments before `end`; settles their gates, and adds their
    /// currents and conductances with the gates held.
    void linearise(std::size_t end, const std::vector<double>& v_mV,
                   std::vector<double>& current_nA, std::vector<double>& conductance_uS) noexcept {
        const auto& carriers = mechanism_.table->compartment;
        first_ = end_;
        while (end_ < carriers.size() && static_cast<std::size_t>(carriers[end_]) < end) {
            ++end_;
        }
        std::array<double*, BoundRows::kMostGates> gates{};
        std::array<std::array<double*, BoundRows::kMostGates>, 4> to{};
        for (std::size_t g = 0; g < gates_.size(); ++g) {
            gates[g] = gates_[g].data();
            to[0][g] = slopes_[g].rate_per_ms.data();
            to[1][g] = slopes_[g].rate_by_v_per_ms_mV.data();
            to[2][g] = slopes_[g].decay_per_ms.data();
            to[3][g] = slopes_[g].current_by_gate_nA.data();
        }
        std::vector<double*> couplings;
        for (auto& coupling : couplings_per_ms_) {
            couplings.push_back(coupling.data());
        }
        const BoundRows bound(mechanism_, std::span(gates).first(gates_.size()), first_,
                              end_ - first_);
        const Rows& rows = bound.rows();
        const MechanismKernels& kernels = mechanism_.mechanism->kernels;
        kernels.steady_state(rows, v_mV.data());
        kernels.linearise(
            rows, v_mV.data(),
            {to[0].data(), to[1].data(), to[2].data(), to[3].data(), couplings.data()},
            current_nA.data(), conductance_uS.data());
    }

    /// Adds what the gates of these rows do when they follow the voltage.
    void add_gates(std::vector<double>& conductance_uS) const noexcept {
        if (!couplings_per_ms_.empty()) {
            add_coupled_gates(conductance_uS);
            return;
        }
        for (const auto& gate : slopes_) {
            for (std::size_t k = 0; k < end_ - first_; ++k) {
                const auto i = static_cast<std::size_t>(mechanism_.table->compartment[first_ + k]);
                // A state that does not depend on v has nothing to follow, even without a decay.
                if (gate.rate_by_v_per_ms_mV[k] != 0.0) {
                    conductance_uS[i] += gate.current_by_gate_nA[k] * gate.rate_by_v_per_ms_mV[k] /
                                         gate.decay_per_ms[k];
                }
            }
        }
    }

    double largest_rate_per_ms() const noexcept {
        double largest_per_ms = 0.0;
        for (const auto& gate : slopes_) {
            for (std::size_t k = 0; k < end_ - first_; ++k) {
                largest_per_ms = std::max(largest_per_ms, std::abs(gate.rate_per_ms[k]));
            }
        }
        return largest_per_ms;
    }

private:
    void add_coupled_gates(std::vector<double>& conductance_uS) const noexcept {
        const std::size_t n = slopes_.size();
        std::array<double, BoundRows::kMostGates * BoundRows::kMostGates> matrix;
        std::array<double, BoundRows::kMostGates> x;
        const std::span factored(matrix.data(), n * n);
        for (std::size_t k = 0; k < end_ - first_; ++k) {
            // What of a scheme's states is conserved has no decay: the shift keeps it finite.
            factor_row(
                factored, mechanism_.mechanism->info.couplings, n, kConserved_per_ms,
                [&](std::size_t g) { return slopes_[g].decay_per_ms[k]; },
                [&](std::size_t c) { return couplings_per_ms_[c][k]; });
            for (std::size_t g = 0; g < n; ++g) {
                x[g] = slopes_[g].rate_by_v_per_ms_mV[k];
            }
            solve(factored, {x.data(), n});
            const auto i = static_cast<std::size_t>(mechanism_.table->compartment[first_ + k]);
            for (std::size_t g = 0; g < n; ++g) {
                conductance_uS[i] += slopes_[g].current_by_gate_nA[k] * x[g];
            }
        }
    }

    const SystemMechanism& mechanism_;
    std::vector<std::vector<double>> gates_;
    std::vector<Linearisation::Gate> slopes_;
    std::vector<std::vector<double>> couplings_per_ms_;
    std::size_t first_ = 0;
    std::size_t end_ = 0;
};

template <int layers>
class Search {
public:
    explicit Search(const System& system)
        : system_(system),
          equations_(system),
          pieces_(system.mechanisms().begin(), system.mechanisms().end()),
          current_nA_(system.size()),
          conductance_uS_(system.size()) {}

    /// Moves the potentials; gates are not looked at.
    Rest run(State& state) {
        State trial;
        trial.potential_mV = state.potential_mV;
        trial.v_mV = state.v_mV;
        double first_imbalance = 0.0;
        double last_imbalance = 0.0;
        double step_ms = 1.0;
        Rest rest{};
        for (rest.iterations = 0; rest.iterations < kMostIterations; ++rest.iterations) {
            linearise(trial, true);
            measure_imbalance(rest);
            const double imbalance = rest.residual_mV_per_ms;
            if (!std::isfinite(imbalance)) {
                return rest;
            }
            if (rest.iterations == 0) {
                first_imbalance = imbalance;
            }
            if (imbalance <= kNothing_mV_per_ms) {
                break;  // where a potential is free, Newton's matrix would be singular here
            }
            // Steps of 1 ms at first, then twice as long each time the last one helped, and longer
            // still as the imbalance falls: Newton in the end, also for slow membranes.
            const bool has_helped = imbalance <= last_imbalance;
            step_ms = has_helped ? 2.0 * step_ms : std::max(0.25 * step_ms, kShortest_ms);
            last_imbalance = imbalance;
            const double part = imbalance / first_imbalance;
            const double shift_per_ms =
                rest.iterations < kPatience ? part * part / step_ms : 1.0 / step_ms;
            if (rest.iterations >= kPatience) {
                slow_down(shift_per_ms);
            }
            equations_.set_matrix(shift_per_ms, conductance_uS_);
            equations_.solve();
            const double moved_mV = largest_move();
            if (!std::isfinite(moved_mV)) {
                return rest;
            }
            equations_.add_solution(trial, std::min(1.0, kLargest_mV / std::max(moved_mV, 1e-300)));
            system_.update_membrane_potential(trial);
            if (moved_mV < kSmallest_mV) {
                break;
            }
        }
        linearise(trial, false);
        measure(trial, rest);
        rest.is_found = rest.residual_mV_per_ms < kResidual_mV_per_ms;
        if (rest.is_found) {
            state.potential_mV = std::move(trial.potential_mV);
            state.v_mV = std::move(trial.v_mV);
        }
        return rest;
    }

private:
    /// The steady-state current at state.v_mV and the imbalance it leaves; its derivative, with
    /// gates that follow the voltage or with gates that are held.
    void linearise(const State& state, bool gates_follow) {
        std::ranges::fill(current_nA_, 0.0);
        std::ranges::fill(conductance_uS_, 0.0);
        std::ranges::for_each(pieces_, &Piece::rewind);
        gate_rate_per_ms_ = 0.0;
        for (std::size_t from = 0; from < system_.size(); from += kPiece) {
            const std::size_t to = std::min(from + kPiece, system_.size());
            for (Piece& piece : pieces_) {
                piece.linearise(to, state.v_mV, current_nA_, conductance_uS_);
            }
            for (const Piece& piece : pieces_) {
                if (gates_follow) {
                    piece.add_gates(conductance_uS_);
                }
                gate_rate_per_ms_ = std::max(gate_rate_per_ms_, piece.largest_rate_per_ms());
            }
        }
        equations_.set_imbalance(state, current_nA_);
    }

    /// Makes the matrix positive definite. With gates in equilibrium the currents are the gradient
    /// of an energy, which then falls in every step that is short enough.
    void slow_down(double shift_per_ms) {
        const auto& capacitance_nF = system_.discretisation().compartments.capacitance_nF;
        for (std::size_t i = 0; i < conductance_uS_.size(); ++i) {
            conductance_uS_[i] =
                std::max(conductance_uS_[i], -0.5 * shift_per_ms * capacitance_nF[i]);
        }
    }

    /// By the capacitance of the axolemma, which stores nearly all there is: a measure of how far
    /// the search has come. Junctions store nothing: their rows are linear and each solve balances
    /// them.
    void measure_imbalance(Rest& rest) const {
        const auto& capacitance_nF = system_.discretisation().compartments.capacitance_nF;
        const auto rhs = equations_.rhs();
        rest.residual_mV_per_ms = 0.0;
        for (std::size_t i = 0; i < rhs.size(); ++i) {
            for (const double imbalance_nA : rhs[i]) {
                count(i, imbalance_nA, 0.0, capacitance_nF[i], rest);
            }
        }
    }

    /// The rates of change that are left, C^-1 times the imbalance: that of the axolemma is its own
    /// row over its capacitance; that of the myelin is the sum of both rows, since what leaves the
    /// axoplasm enters the periaxonal space.
    void measure(const State& state, Rest& rest) const {
        const auto& d = system_.discretisation();
        const auto rhs = equations_.rhs();
        const auto rounding_nA = rounding(state);
        rest.residual_mV_per_ms = 0.0;
        rest.rounding_mV_per_ms = 0.0;
        for (std::size_t i = 0; i < rhs.size(); ++i) {
            const double c_nF = d.compartments.capacitance_nF[i];
            count(i, rhs[i][0], rounding_nA[i][0], c_nF, rest);
            if constexpr (layers == 2) {
                const auto& layer = d.layers[0];
                if (layer.is_unknown[i] != 0) {
                    count(i, rhs[i][0] + rhs[i][1], rounding_nA[i][0] + rounding_nA[i][1],
                          layer.capacitance_nF[i], rest);
                }
            }
        }
        rest.gate_rate_per_ms = gate_rate_per_ms_;
    }

    static void count(std::size_t i, double left_nA, double rounding_nA, double c_nF, Rest& rest) {
        if (c_nF > 0.0) {
            const double beyond_nA = std::abs(left_nA) - rounding_nA;
            const double rate = (beyond_nA < 0.0 ? 0.0 : beyond_nA) / c_nF;
            rest.rounding_mV_per_ms = std::max(rest.rounding_mV_per_ms, rounding_nA / c_nF);
            if (rate > rest.residual_mV_per_ms || std::isnan(rate)) {  // which stays
                rest.residual_mV_per_ms = rate;
                rest.compartment = static_cast<std::int32_t>(i);
            }
        }
    }

    /// What rounding alone may leave of each imbalance: on a fine mesh the axial currents are
    /// differences of numbers that are large beside what is stored.
    std::vector<Potentials<layers>> rounding(const State& state) const {
        const auto& d = system_.discretisation();
        const auto& parent = d.compartments.parent;
        std::vector<Potentials<layers>> flow_nA(parent.size());
        for (std::size_t layer = 0; layer < static_cast<std::size_t>(layers); ++layer) {
            const auto& axial_uS = layer == 0 ? d.compartments.axial_conductance_uS
                                              : d.layers[layer - 1].axial_conductance_uS;
            const auto& potential_mV = state.potential_mV[layer];
            for (std::size_t i = 0; i < parent.size(); ++i) {
                if (parent[i] != kNoParent) {
                    const auto up = static_cast<std::size_t>(parent[i]);
                    const double both_nA = kRounding * axial_uS[i] *
                                           (std::abs(potential_mV[i]) + std::abs(potential_mV[up]));
                    flow_nA[i][layer] += both_nA;
                    flow_nA[up][layer] += both_nA;
                }
            }
        }
        // Through the membrane likewise, out of one layer and into the next.
        for (std::size_t i = 0; i < parent.size(); ++i) {
            const double both_nA =
                kRounding * conductance_uS_[i] * (std::abs(state.v_mV[i]) + kReversal_mV);
            for (double& each_nA : flow_nA[i]) {
                each_nA += both_nA;
            }
        }
        return flow_nA;
    }

    double largest_move() const {
        double largest_mV = 0.0;
        for (const auto& row : equations_.rhs()) {
            for (const double move_mV : row) {
                if (std::abs(move_mV) > largest_mV || std::isnan(move_mV)) {  // which stays
                    largest_mV = std::abs(move_mV);
                }
            }
        }
        return largest_mV;
    }

    const System& system_;
    CableEquations<layers> equations_;
    std::vector<Piece> pieces_;
    std::vector<double> current_nA_;
    std::vector<double> conductance_uS_;
    double gate_rate_per_ms_ = 0.0;  // the largest
};

}  // namespace

namespace {

/// From the state itself, then from uniform potentials, the nearest first.
template <int layers>
Rest find_rest_of(const System& system, State& state) {
    Search<layers> search(system);
    const Rest first = search.run(state);
    if (first.is_found || system.size() == 0) {
        return first;
    }
    std::vector<double> starts_mV;
    for (double v_mV = kLowestStart_mV; v_mV <= kHighestStart_mV; v_mV += kBetweenStarts_mV) {
        starts_mV.push_back(v_mV);
    }
    const double guess_mV = state.v_mV[0];
    std::ranges::sort(starts_mV, {}, [&](double v_mV) { return std::abs(v_mV - guess_mV); });
    for (const double start_mV : starts_mV) {
        State trial;
        trial.potential_mV.assign(system.potentials(), std::vector<double>(system.size(), 0.0));
        trial.v_mV.assign(system.size(), 0.0);
        std::ranges::fill(trial.potential_mV[0], start_mV);
        system.update_membrane_potential(trial);
        const Rest rest = search.run(trial);
        if (rest.is_found) {
            state.potential_mV = std::move(trial.potential_mV);
            state.v_mV = std::move(trial.v_mV);
            return rest;
        }
    }
    return first;
}

}  // namespace

Rest find_rest(const System& system, State& state) {
    const Rest rest =
        system.potentials() == 1 ? find_rest_of<1>(system, state) : find_rest_of<2>(system, state);
    if (rest.is_found || state.gates.empty()) {
        if (state.gates.empty()) {
            state.gates = system.blank_gates();
        }
        system.settle_gates(state);
    }
    return rest;
}

}  // namespace ranvier
