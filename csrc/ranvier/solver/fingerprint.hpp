// What a state belongs to, as one number.
#pragma once

#include <cstdint>

#include "ranvier/discretisation/discretisation.hpp"
#include "ranvier/solver/method.hpp"

namespace ranvier {

/// Of the arrays of the discretisation and the method: equal where a snapshot of the one may go on
/// as the other.
std::uint64_t fingerprint_of(const Discretisation& d, const MethodChoice& method);

}  // namespace ranvier
