#include "ranvier/solver/method.hpp"

#include <algorithm>
#include <cmath>

#include "ranvier/base/error.hpp"
#include "ranvier/base/text.hpp"
#include "ranvier/solver/lanes/lane_stepper.hpp"
#include "ranvier/solver/lanes/layout.hpp"

namespace ranvier {
namespace {

std::vector<MethodEntry>& table() {
    static std::vector<MethodEntry> methods;
    return methods;
}

}  // namespace

bool register_method(const MethodEntry& entry) {
    table().push_back(entry);
    return true;
}

std::vector<const MethodEntry*> methods() {
    std::vector<const MethodEntry*> sorted;
    for (const auto& entry : table()) {
        sorted.push_back(&entry);
    }
    std::ranges::sort(sorted, {}, [](const MethodEntry* entry) { return entry->info.name; });
    return sorted;
}

std::vector<double> resolve(const MethodChoice& choice, const MethodEntry** entry) {
    std::vector<std::string> names;
    *entry = nullptr;
    for (const MethodEntry* known : methods()) {
        names.emplace_back(known->info.name);
        if (known->info.name == choice.name) {
            *entry = known;
        }
    }
    if (*entry == nullptr) {
        throw ModelError("method " + quoted(choice.name),
                         "is unknown, " + expected_one_of(choice.name, names));
    }
    const std::string subject = "method " + quoted(choice.name);
    const auto known = (*entry)->info.parameters;
    std::vector<double> values;
    std::vector<std::string> parameter_names;
    for (const auto& parameter : known) {
        const auto given = choice.parameters.find(std::string(parameter.name));
        const double value =
            given == choice.parameters.end() ? parameter.default_value : given->second;
        if (!(value > 0.0) || !std::isfinite(value)) {
            throw ModelError(subject, std::string(parameter.name) + " is " + text(value) +
                                          ", expected a finite number above 0");
        }
        if (parameter.name == "rtol" && !(value < 1.0)) {
            throw ModelError(subject, "rtol is " + text(value) + ", expected below 1");
        }
        constexpr double kMostSteps = 1e9;
        if (parameter.name == "ions_every" && (value != std::floor(value) || value > kMostSteps)) {
            throw ModelError(subject, "ions_every is " + text(value) +
                                          ", expected a whole number of steps, 1 to " +
                                          text(kMostSteps));
        }
        values.push_back(value);
        parameter_names.emplace_back(parameter.name);
    }
    for (const auto& [name, value] : choice.parameters) {
        if (std::ranges::find(parameter_names, name) == parameter_names.end()) {
            throw ModelError(subject, "has no parameter " + quoted(name) + ", " +
                                          expected_one_of(name, parameter_names));
        }
    }
    return values;
}

std::unique_ptr<Method> make_method(const MethodChoice& choice, const System& system,
                                    const Execution& execution) {
    const MethodEntry* entry = nullptr;
    const auto parameters = resolve(choice, &entry);
    const std::string subject = "method " + quoted(choice.name);
    if (execution.threads < 1) {
        throw ModelError("threads",
                         "is " + std::to_string(execution.threads) + ", expected 1 or more");
    }
    if (!system.ion_pools().is_empty() && !entry->moves_ions) {
        std::vector<std::string> able;
        for (const MethodEntry* known : methods()) {
            if (known->moves_ions) {
                able.emplace_back(known->info.name);
            }
        }
        throw ModelError(subject, "does not move concentrations, " +
                                      expected_one_of(choice.name, able) +
                                      " where ions accumulate");
    }
    const bool needs_lanes =
        execution.solver == Solver::kLanes || execution.precision == Precision::kSingle;
    if (needs_lanes && execution.solver == Solver::kPlain) {
        throw ModelError("precision", "is single with the plain solver, expected double");
    }
    if (needs_lanes && !entry->in_lanes) {
        throw ModelError(subject,
                         "is not there in lanes, expected rosenbrock2, staggered_sdirk2 or "
                         "windowed for single precision or solver lanes");
    }
    const bool fits =
        entry->in_lanes && !why_not_in_lanes(system.discretisation(), *entry->in_lanes);
    if (needs_lanes || (execution.solver == Solver::kAuto && fits)) {
        return make_lane_stepper(system, *entry->in_lanes, parameters, execution);
    }
    return entry->make(system, parameters);
}

}  // namespace ranvier
