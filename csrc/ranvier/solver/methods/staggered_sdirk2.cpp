// Second order: gates staggered by half a step, the cable in between by an L-stable two-stage
// method.
//
// With the gates of t + dt/2 the ionic currents are linear in v, or are taken to be where they are
// not (a Goldman-Hodgkin-Katz current: linearised once per step), and the cable is the linear
// system
//   M dphi/dt = F(phi),  F = -I(v, gates) + G phi + mean drive over the step,
// which SDIRK2 solves (Alexander 1977, doi:10.1137/0714068): with g = 1 - 1/sqrt 2,
//   [M/(g dt) - F'] d1 = F(phi),   base = phi + (1 - g)/g d1,
//   [M/(g dt) - F'] d2 = F(base),  phi' = base + d2.
// One factorisation serves both stages. L-stable and stiffly accurate: unlike Crank-Nicolson it
// leaves no sawtooth on fine meshes, and rows without capacitance hold exactly. The gates then move
// from t + dt/2 to t + 3 dt/2, to third order for the voltage at t + dt held: a symmetric
// splitting, hence second order (Strang 1968, doi:10.1137/0705041; staggering as in Hines 1984).

#include <array>
#include <vector>

#include "ranvier/solver/cable_equations.hpp"
#include "ranvier/solver/method.hpp"
#include "ranvier/solver/settling.hpp"
#include "ranvier/solver/two_stage.hpp"

namespace ranvier {
namespace {

template <int layers>
class StaggeredSdirk2 final : public Method {
public:
    StaggeredSdirk2(const System& system, std::span<const double> parameters)
        : system_(system),
          dt_ms_(parameters[0]),
          equations_(system),
          current_nA_(system.size()),
          conductance_uS_(system.size()),
          v_mV_(system.size()) {}

    bool step(State& state, std::span<const Drive> drives, double) noexcept override {
        const auto [end_ms, dt_ms, is_last] = piece_of_step(state, dt_ms_);
        // The lag is 0 at the start of a run and at an event, where the gates are those of t, and
        // dt/2 later on.
        system_.relax_gates(state, state.gates_lag_ms + 0.5 * dt_ms);

        system_.ionic_current(state, state.v_mV, current_nA_, conductance_uS_);
        v_mV_ = state.v_mV;
        set_rhs(state, drives, end_ms);
        equations_.set_matrix(1.0 / (kGamma * dt_ms), conductance_uS_);
        equations_.solve();
        equations_.add_solution(state, (1.0 - kGamma) / kGamma);
        system_.update_membrane_potential(state);

        for (std::size_t i = 0; i < current_nA_.size(); ++i) {
            current_nA_[i] += conductance_uS_[i] * (state.v_mV[i] - v_mV_[i]);
        }
        set_rhs(state, drives, end_ms);
        equations_.solve_again();
        equations_.add_solution(state, 1.0);
        system_.update_membrane_potential(state);

        state.gates_lag_ms = 0.5 * dt_ms;
        state.step += is_last ? 1 : 0;
        state.t_ms = end_ms;
        return true;
    }

    double dt_ms() const noexcept override { return dt_ms_; }

private:
    void set_rhs(State& state, std::span<const Drive> drives, double next_ms) noexcept {
        equations_.set_imbalance(state, current_nA_);
        equations_.add_drives(drives, state.t_ms, next_ms);
    }

    const System& system_;
    double dt_ms_;
    CableEquations<layers> equations_;
    std::vector<double> current_nA_;
    std::vector<double> conductance_uS_;
    std::vector<double> v_mV_;  // at the start of the step
};

constexpr std::array kParameters{ParameterInfo{"dt_ms", 0.005}};

[[maybe_unused]] const bool kIsRegistered = register_method({
    {.name = "staggered_sdirk2",
     .summary = "second order, L-stable, fixed step; gates between the steps",
     .order = 2,
     .parameters = kParameters,
     .citation = "Alexander 1977, doi:10.1137/0714068"},
    &make_for_layers<StaggeredSdirk2>,
    LaneMethod::kStaggeredSdirk2,
});

}  // namespace
}  // namespace ranvier
