// Steps that follow the action: RODAS (rodas4_stages.hpp) with the step control of Hairer & Wanner,
// Solving ODEs II, ch. IV.8.

#include <algorithm>
#include <array>
#include <cmath>

#include "ranvier/solver/method.hpp"
#include "ranvier/solver/rodas4_stages.hpp"

namespace ranvier {
namespace {

/// Chooses each step so that the estimated error keeps the tolerances: the largest over all
/// compartments, so that a spike on a long axon counts as much as on a short one.
template <int layers>
class Adaptive final : public rodas4::Base<layers> {
public:
    Adaptive(const System& system, std::span<const double> parameters)
        : rodas4::Base<layers>(system, parameters[2]),
          atol_mV_(parameters[0]),
          rtol_(parameters[1]),
          dt_max_ms_(parameters[3]) {}

    bool step(State& state, std::span<const Drive> drives, double limit_ms) noexcept override {
        auto& stages = this->stages_;
        const double wanted_ms =
            std::min(state.dt_next_ms > 0.0 ? state.dt_next_ms : this->dt_ms_, dt_max_ms_);
        const double room_ms = limit_ms - state.t_ms;
        // Two equal steps up to the limit rather than a long and a tiny one.
        double h_ms = wanted_ms < 0.5 * room_ms ? wanted_ms
                      : wanted_ms < room_ms     ? 0.5 * room_ms
                                                : room_ms;
        stages.begin(state);
        bool was_refused = false;
        // At least once: two corners of drives may lie as close together as rounding leaves them.
        do {
            stages.take(state, drives, h_ms);
            const double error = stages.error(state, atol_mV_, rtol_);
            const double factor = std::isfinite(error)
                                      ? std::clamp(kSafety * std::pow(error, -0.25), kLeast, kMost)
                                      : kLeast;
            if (error <= 1.0) {
                const double next_ms = was_refused ? std::min(factor, 1.0) * h_ms : factor * h_ms;
                // A step that the limit cut short says little against the length that was wanted.
                const bool was_cut = !was_refused && h_ms < wanted_ms;
                state.dt_next_ms = was_cut ? std::max(next_ms, wanted_ms) : next_ms;
                state.step += 1;
                state.t_ms = h_ms == room_ms ? limit_ms : state.t_ms + h_ms;
                return true;
            }
            stages.undo(state);
            was_refused = true;
            h_ms *= factor;
        } while (h_ms > kShortest_ms);
        return false;
    }

private:
    static constexpr double kSafety = 0.9;
    static constexpr double kLeast = 0.2;
    static constexpr double kMost = 6.0;
    /// Far below any time constant of a membrane: a step that needs to be shorter never ends.
    static constexpr double kShortest_ms = 1e-10;

    double atol_mV_;
    double rtol_;
    double dt_max_ms_;
};

constexpr std::array kParameters{ParameterInfo{"atol_mV", 1e-3}, ParameterInfo{"rtol", 1e-4},
                                 ParameterInfo{"dt_ms", 1e-3}, ParameterInfo{"dt_max_ms", 10.0}};

[[maybe_unused]] const bool kIsRegistered = register_method({
    {.name = "adaptive",
     .summary = "chooses its steps to keep the tolerances atol_mV and rtol; rodas4",
     .order = 4,
     .is_adaptive = true,
     .parameters = kParameters,
     .citation = rodas4::kCitation},
    &make_for_layers<Adaptive>,
});

}  // namespace
}  // namespace ranvier
