// A mechanism that a user wrote, made into an entry like those of the registry.
#pragma once

#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ranvier/mechanisms/expression/program.hpp"
#include "ranvier/mechanisms/mechanism.hpp"

namespace ranvier {

struct CustomState {
    std::string name;
    double lowest = -std::numeric_limits<double>::infinity();
    double highest = std::numeric_limits<double>::infinity();
};

struct CustomDescription {
    std::string name;
    std::string summary;
    std::string citation;
    MechanismKind kind = MechanismKind::kChannel;
    double reference_temperature_degC = 37.0;
    std::vector<std::pair<std::string, double>> parameters;
    std::vector<CustomState> states;
    Expressions expressions;
    bool is_point = false;
};

/// Throws ModelError for a program that reads or writes what is not there, or is too large. What is
/// returned lives as long as somebody holds it.
std::shared_ptr<const Mechanism> make_custom(CustomDescription description);

}  // namespace ranvier
