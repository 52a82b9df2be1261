// Backward Euler with the gates staggered behind the voltage: first order, never rings, and the
// oracle of every faster path.
//
// From t to t + dt: the ionic current is taken at the gates of t and linear in the new voltage,
//   [C/dt + G + dI/dv] (v' - v) = -I(v, gates) - G v + mean drive,
// one direct tree solve; then each gate moves by dt, exactly for the new voltage held. This is the
// scheme of NEURON's fixed step (Hines 1984; Carnevale & Hines, The NEURON Book, 2006, ch. 4).

#include <array>
#include <vector>

#include "ranvier/solver/cable_equations.hpp"
#include "ranvier/solver/method.hpp"
#include "ranvier/solver/settling.hpp"

namespace ranvier {
namespace {

template <int layers>
class BackwardEuler final : public Method {
public:
    BackwardEuler(const System& system, std::span<const double> parameters)
        : system_(system),
          dt_ms_(parameters[0]),
          equations_(system),
          current_nA_(system.size()),
          conductance_uS_(system.size()) {}

    bool step(State& state, std::span<const Drive> drives, double) noexcept override {
        const auto [end_ms, dt_ms, is_last] = piece_of_step(state, dt_ms_);
        system_.ionic_current(state, state.v_mV, current_nA_, conductance_uS_);
        equations_.set_imbalance(state, current_nA_);
        equations_.add_drives(drives, state.t_ms, end_ms);
        equations_.set_matrix(1.0 / dt_ms, conductance_uS_);
        equations_.solve();
        equations_.add_solution(state, 1.0);
        system_.update_membrane_potential(state);
        system_.advance_gates(state, dt_ms);
        // A product, not a running sum: the time of a step does not depend on the way there.
        state.step += is_last ? 1 : 0;
        state.t_ms = end_ms;
        return true;
    }

    double dt_ms() const noexcept override { return dt_ms_; }

private:
    const System& system_;
    double dt_ms_;
    CableEquations<layers> equations_;
    std::vector<double> current_nA_;
    std::vector<double> conductance_uS_;
};

constexpr std::array kParameters{ParameterInfo{"dt_ms", 0.005}};

[[maybe_unused]] const bool kIsRegistered = register_method({
    {.name = "backward_euler",
     .summary = "first order, L-stable, fixed step; the plain reference",
     .order = 1,
     .parameters = kParameters,
     .citation = "Hines 1984, doi:10.1016/0020-7101(84)90008-4"},
    &make_for_layers<BackwardEuler>,
});

}  // namespace
}  // namespace ranvier
