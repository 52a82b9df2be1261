// A mechanism of the user's own as Python holds it.
#pragma once

#include <pybind11/pybind11.h>

#include <memory>

#include "ranvier/mechanisms/mechanism.hpp"

namespace ranvier {

struct CustomMechanism {
    std::shared_ptr<const Mechanism> mechanism;
};

/// What ranvier.mechanisms makes of a definition, its source text.
std::shared_ptr<const Mechanism> custom_from_source(const std::string& source);

}  // namespace ranvier
