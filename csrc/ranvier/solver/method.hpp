// The interface of a time-stepping method, and the table of those there are.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ranvier/drive/drive.hpp"
#include "ranvier/mechanisms/mechanism.hpp"
#include "ranvier/recording/bend.hpp"
#include "ranvier/solver/state.hpp"
#include "ranvier/solver/system.hpp"

namespace ranvier {

/// Moves a state through time. Owns its workspace; one object serves one simulation.
class Method {
public:
    virtual ~Method() = default;

    /// One step: state.step rises by one and state.t_ms by the step's length. Or a piece of one, at
    /// whose end state.step is what it was: more calls make the step whole. A method that chooses
    /// its steps ends none beyond `limit_ms`, and ends one there. False, with the state as it was,
    /// where no step however short is good enough.
    virtual bool step(State& state, std::span<const Drive> drives, double limit_ms) noexcept = 0;

    /// The step, or the first step of a method that chooses its own.
    virtual double dt_ms() const noexcept = 0;

    /// How the last step ran: a straight line unless the method knows better.
    virtual Bend potential_bend(std::size_t layer, std::size_t compartment) const noexcept {
        static_cast<void>(layer);
        static_cast<void>(compartment);
        return {};
    }
    virtual Bend gate_bend(std::size_t mechanism, std::size_t gate,
                           std::size_t row) const noexcept {
        static_cast<void>(mechanism);
        static_cast<void>(gate);
        static_cast<void>(row);
        return {};
    }
};

struct MethodInfo {
    std::string_view name;
    std::string_view summary;
    int order;
    bool is_adaptive = false;  // chooses its steps, by tolerances among its parameters
    std::span<const ParameterInfo> parameters;
    std::string_view citation;
};

/// What a user chooses; the rest have their defaults.
struct MethodChoice {
    std::string name = "rosenbrock2";
    std::map<std::string, double> parameters;
};

/// A method file registers itself, like a channel file: see methods/backward_euler.cpp.
struct MethodEntry {
    MethodInfo info;
    /// `parameters` follow info.parameters.
    std::unique_ptr<Method> (*make)(const System& system, std::span<const double> parameters);
};

bool register_method(const MethodEntry& entry);

/// For MethodEntry::make: the method for as many potentials as the system has.
template <template <int> class MethodOf>
std::unique_ptr<Method> make_for_layers(const System& system, std::span<const double> parameters) {
    if (system.potentials() == 1) {
        return std::make_unique<MethodOf<1>>(system, parameters);
    }
    return std::make_unique<MethodOf<2>>(system, parameters);
}

/// Every method, sorted by name.
std::vector<const MethodEntry*> methods();

/// Values for all of the method's parameters, in its order. Throws ModelError on unknown names and
/// on values that are not finite and positive.
std::vector<double> resolve(const MethodChoice& choice, const MethodEntry** entry);

std::unique_ptr<Method> make_method(const MethodChoice& choice, const System& system);

}  // namespace ranvier
