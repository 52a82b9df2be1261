#include "ranvier/solver/rest.hpp"

#include <algorithm>
#include <cmath>
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

template <int layers>
class Search {
public:
    explicit Search(const System& system)
        : system_(system),
          equations_(system),
          membrane_(system.blank_linearisation()),
          conductance_uS_(system.size()) {
        for (const auto& mechanism : system.mechanisms()) {
            inverse_.emplace_back(mechanism);
        }
    }

    Rest run(State& state) {
        State trial = state;
        double first_imbalance = 0.0;
        double last_imbalance = 0.0;
        double step_ms = 1.0;
        Rest rest{};
        for (rest.iterations = 0; rest.iterations < kMostIterations; ++rest.iterations) {
            linearise(trial);
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
        linearise(trial);
        measure(trial, rest);
        rest.is_found = rest.residual_mV_per_ms < kResidual_mV_per_ms;
        if (rest.is_found) {
            state = std::move(trial);
        }
        return rest;
    }

private:
    /// The steady-state current at state.v_mV, its total derivative with gates following the
    /// voltage, and the imbalance it leaves.
    void linearise(State& state) {
        system_.settle_gates(state);
        system_.linearise(state, membrane_);
        conductance_uS_ = membrane_.conductance_uS;
        for (std::size_t m = 0; m < membrane_.gates.size(); ++m) {
            const auto& compartment = system_.mechanisms()[m].table->compartment;
            auto& gates = membrane_.gates[m];
            // What of a scheme's states is conserved has no decay: the shift keeps it finite.
            const bool is_coupled = !membrane_.couplings_per_ms[m].empty();
            inverse_[m].set(membrane_, m, is_coupled ? kConserved_per_ms : 0.0);
            inverse_[m].apply([&](std::size_t g) -> std::vector<double>& {
                return gates[g].rate_by_v_per_ms_mV;
            });
            for (const auto& gate : gates) {
                for (std::size_t row = 0; row < compartment.size(); ++row) {
                    conductance_uS_[static_cast<std::size_t>(compartment[row])] +=
                        gate.current_by_gate_nA[row] * gate.rate_by_v_per_ms_mV[row];
                }
            }
        }
        equations_.set_imbalance(state, membrane_.current_nA);
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
        rest.gate_rate_per_ms = 0.0;
        for (const auto& mechanism : membrane_.gates) {
            for (const auto& gate : mechanism) {
                for (const double rate_per_ms : gate.rate_per_ms) {
                    rest.gate_rate_per_ms = std::max(rest.gate_rate_per_ms, std::abs(rate_per_ms));
                }
            }
        }
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
                kRounding * membrane_.conductance_uS[i] * (std::abs(state.v_mV[i]) + kReversal_mV);
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
    Linearisation membrane_;
    std::vector<GateInverse> inverse_;  // [mechanism]
    std::vector<double> conductance_uS_;
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
        State trial = system.blank_state();
        std::ranges::fill(trial.potential_mV[0], start_mV);
        system.update_membrane_potential(trial);
        const Rest rest = search.run(trial);
        if (rest.is_found) {
            state = std::move(trial);
            return rest;
        }
    }
    return first;
}

}  // namespace

Rest find_rest(const System& system, State& state) {
    return system.potentials() == 1 ? find_rest_of<1>(system, state)
                                    : find_rest_of<2>(system, state);
}

}  // namespace ranvier
