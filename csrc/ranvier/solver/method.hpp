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
#include "ranvier/solver/state.hpp"
#include "ranvier/solver/system.hpp"

namespace ranvier {

/// Moves a state through time. Owns its workspace; one object serves one simulation.
class Method {
public:
    virtual ~Method() = default;

    /// One step: state.step rises by one and state.t_ms by the step's length.
    virtual void step(State& state, std::span<const Drive> drives) noexcept = 0;
    virtual double dt_ms() const noexcept = 0;
};

struct MethodInfo {
    std::string_view name;
    std::string_view summary;
    int order;
    std::span<const ParameterInfo> parameters;
    std::string_view citation;
};

/// What a user chooses; the rest have their defaults.
struct MethodChoice {
    std::string name = "backward_euler";
    std::map<std::string, double> parameters;
};

/// A method file registers itself, like a channel file: see methods/backward_euler.cpp.
struct MethodEntry {
    MethodInfo info;
    /// `parameters` follow info.parameters.
    std::unique_ptr<Method> (*make)(const System& system, std::span<const double> parameters);
};

bool register_method(const MethodEntry& entry);

/// Every method, sorted by name.
std::vector<const MethodEntry*> methods();

/// Values for all of the method's parameters, in its order. Throws ModelError on unknown names and
/// on values that are not finite and positive.
std::vector<double> resolve(const MethodChoice& choice, const MethodEntry** entry);

std::unique_ptr<Method> make_method(const MethodChoice& choice, const System& system);

}  // namespace ranvier
