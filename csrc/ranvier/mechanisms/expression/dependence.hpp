// What the outputs of a program make of what it is given, found from its instructions alone: which
// currents are straight lines in the potential, and which slopes never change.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "ranvier/mechanisms/expression/program.hpp"

namespace ranvier {

/// How a number goes with some others that vary. Each is less than the next one.
enum class Dependence : std::uint8_t {
    kNone,
    kAffine,  // a straight line in them, along which nothing but constants is multiplied
    kAny,
};

/// Of each output, given that of each operand that the program is given.
std::vector<Dependence> dependence(const Program& program, std::span<const Dependence> given);

/// Whether an input is a number of a run rather than of a model: one that follows concentrations.
using IsLive = std::function<bool(std::string_view input)>;

/// Whether a mechanism has no states and each of its currents is a straight line in v while all of
/// its inputs stay as they are.
bool is_affine_in_v(const Expressions& expressions);

/// Whether it is that, and inputs that are live move those lines without turning them.
bool has_fixed_slope(const Expressions& expressions, const IsLive& is_live);

}  // namespace ranvier
