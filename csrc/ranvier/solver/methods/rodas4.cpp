// Fourth order at a fixed step: see rodas4_stages.hpp.
//
// The step has to be short enough for the fastest gate wherever that opens; else the matrix of the
// step is singular and the run diverges. `adaptive` shortens it there.

#include <array>

#include "ranvier/solver/method.hpp"
#include "ranvier/solver/rodas4_stages.hpp"
#include "ranvier/solver/settling.hpp"

namespace ranvier {
namespace {

template <int layers>
class Rodas4 final : public rodas4::Base<layers> {
public:
    Rodas4(const System& system, std::span<const double> parameters)
        : rodas4::Base<layers>(system, parameters[0]) {}

    bool step(State& state, std::span<const Drive> drives, double) noexcept override {
        const Piece piece = piece_of_step(state, this->dt_ms_);
        this->stages_.begin(state);
        this->stages_.take(state, drives, piece.end_ms - state.t_ms);
        state.step += piece.is_last ? 1 : 0;
        state.t_ms = piece.end_ms;
        return true;
    }
};

constexpr std::array kParameters{ParameterInfo{"dt_ms", 0.005}};

[[maybe_unused]] const bool kIsRegistered = register_method({
    {.name = "rodas4",
     .summary = "fourth order, L-stable, fixed step; voltage and gates together in six stages",
     .order = 4,
     .parameters = kParameters,
     .citation = rodas4::kCitation},
    &make_for_layers<Rodas4>,
});

}  // namespace
}  // namespace ranvier
