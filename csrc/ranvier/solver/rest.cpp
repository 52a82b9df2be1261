#include "ranvier/solver/rest.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "ranvier/solver/cable_equations.hpp"

namespace ranvier {
namespace {

constexpr int kMostIterations = 500;
/// Half the interval of the central difference for dI/dv: its error is about h^2, and rounding adds
/// about 1e-16/h of the current.
constexpr double kDifference_mV = 1e-4;
/// An iteration that moves less than this has converged to rounding.
constexpr double kSmallest_mV = 1e-12;
/// Newton may not leap over the range in which gates mean something.
constexpr double kLargest_mV = 20.0;
constexpr double kResidual_mV_per_ms = 1e-9;
/// Below this nothing is left to find: 1e-12 mV in a second.
constexpr double kNothing_mV_per_ms = 1e-15;
constexpr double kShortest_ms = 0.01;

template <int layers>
class Search {
public:
    explicit Search(const System& system)
        : system_(system),
          equations_(system),
          current_nA_(system.size()),
          conductance_uS_(system.size()),
          below_nA_(system.size()),
          above_nA_(system.size()),
          shifted_mV_(system.size()) {}

    Rest run(State& state) {
        State trial = state;
        double first_residual = 0.0;
        double last_residual = 0.0;
        double step_ms = 1.0;
        Rest rest{};
        for (rest.iterations = 0; rest.iterations < kMostIterations; ++rest.iterations) {
            linearise(trial);
            equations_.set_imbalance(trial, current_nA_);
            rest.residual_mV_per_ms = residual();
            if (!std::isfinite(rest.residual_mV_per_ms)) {
                return rest;
            }
            if (rest.iterations == 0) {
                first_residual = rest.residual_mV_per_ms;
            }
            if (rest.residual_mV_per_ms <= kNothing_mV_per_ms) {
                break;  // where a potential is free, Newton's matrix would be singular here
            }
            // Steps of 1 ms at first, then twice as long each time the last one helped, and longer
            // still as the residual falls: Newton in the end, also for slow membranes.
            const bool has_helped = rest.residual_mV_per_ms <= last_residual;
            step_ms = has_helped ? 2.0 * step_ms : std::max(0.25 * step_ms, kShortest_ms);
            last_residual = rest.residual_mV_per_ms;
            const double part = rest.residual_mV_per_ms / first_residual;
            equations_.set_matrix(part * part / step_ms, conductance_uS_);
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
        system_.settle_gates(trial);
        system_.ionic_current(trial, trial.v_mV, current_nA_, conductance_uS_);
        equations_.set_imbalance(trial, current_nA_);
        rest.residual_mV_per_ms = residual();
        rest.is_found = rest.residual_mV_per_ms < kResidual_mV_per_ms + rounding_mV_per_ms(trial);
        if (rest.is_found) {
            state = std::move(trial);
        }
        return rest;
    }

private:
    /// The steady-state current at state.v_mV and its total derivative, gates following the
    /// voltage.
    void linearise(State& state) {
        current_at(state, -kDifference_mV, below_nA_);
        current_at(state, kDifference_mV, above_nA_);
        current_at(state, 0.0, current_nA_);
        for (std::size_t i = 0; i < conductance_uS_.size(); ++i) {
            conductance_uS_[i] = (above_nA_[i] - below_nA_[i]) / (2.0 * kDifference_mV);
        }
    }

    void current_at(State& state, double shift_mV, std::vector<double>& current_nA) {
        for (std::size_t i = 0; i < shifted_mV_.size(); ++i) {
            shifted_mV_[i] = state.v_mV[i] + shift_mV;
        }
        std::swap(state.v_mV, shifted_mV_);
        system_.settle_gates(state);
        system_.ionic_current(state, state.v_mV, current_nA, conductance_uS_);
        std::swap(state.v_mV, shifted_mV_);
    }

    /// Largest imbalance over the capacitance that would store it. Junctions store nothing: their
    /// rows are linear and each solve balances them.
    double residual() const {
        const auto& capacitance_nF = system_.discretisation().compartments.capacitance_nF;
        double largest = 0.0;
        const auto rhs = equations_.rhs();
        for (std::size_t i = 0; i < rhs.size(); ++i) {
            for (const double imbalance_nA : rhs[i]) {
                const double rate = std::abs(imbalance_nA) / capacitance_nF[i];
                if (capacitance_nF[i] > 0.0 && !(rate <= largest)) {
                    largest = rate;  // also where rate is NaN
                }
            }
        }
        return largest;
    }

    /// What rounding alone may leave: on a fine mesh the axial currents are differences of numbers
    /// that are large beside the capacitance.
    double rounding_mV_per_ms(const State& state) const {
        const auto& c = system_.discretisation().compartments;
        double largest = 0.0;
        for (std::size_t i = 0; i < c.size(); ++i) {
            if (c.capacitance_nF[i] > 0.0) {
                const double flow_nA = c.axial_conductance_uS[i] * std::abs(state.v_mV[i]);
                largest = std::max(largest, flow_nA / c.capacitance_nF[i]);
            }
        }
        return 8.0 * std::numeric_limits<double>::epsilon() * largest;
    }

    double largest_move() const {
        double largest_mV = 0.0;
        for (const auto& row : equations_.rhs()) {
            for (const double move_mV : row) {
                if (!(std::abs(move_mV) <= largest_mV)) {
                    largest_mV = std::abs(move_mV);
                }
            }
        }
        return largest_mV;
    }

    const System& system_;
    CableEquations<layers> equations_;
    std::vector<double> current_nA_;
    std::vector<double> conductance_uS_;
    std::vector<double> below_nA_;
    std::vector<double> above_nA_;
    std::vector<double> shifted_mV_;
};

}  // namespace

Rest find_rest(const System& system, State& state) {
    return system.potentials() == 1 ? Search<1>(system).run(state) : Search<2>(system).run(state);
}

}  // namespace ranvier
