// One fibre, or tree, in lanes: the LaneSolver as a Method.
#pragma once

#include <memory>

#include "ranvier/solver/execution.hpp"
#include "ranvier/solver/lane_method.hpp"
#include "ranvier/solver/lanes/lane_solver.hpp"
#include "ranvier/solver/method.hpp"

namespace ranvier {

/// Throws ModelError if the system cannot go through lanes (see why_not_in_lanes()).
/// `parameters` are the method's.
std::unique_ptr<Method> make_lane_stepper(const System& system, LaneMethod method,
                                          std::span<const double> parameters,
                                          const Execution& execution);

/// Where several fibres share one solver, which can only be made once all of them are there.
template <class Real>
struct LaneHome {
    std::unique_ptr<LaneSolver<Real>> solver;
};

/// A method for the fibre that has this place in `home`, to be stepped with the others by whoever
/// made the home; where there are several, step() must not be called. Concentrations of ions that
/// accumulate, which only a fibre by itself may have, are moved every `ions_every` steps.
template <class Real>
std::unique_ptr<Method> make_lane_guest(std::shared_ptr<LaneHome<Real>> home, std::size_t fibre,
                                        LaneMethod method, double dt_ms,
                                        std::int64_t ions_every = 1);

}  // namespace ranvier
