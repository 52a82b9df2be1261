// Where ions accumulate: volumes and what diffuses between them, from the geometry.
#pragma once

#include <span>

#include "ranvier/discretisation/discretisation.hpp"
#include "ranvier/discretisation/profile.hpp"
#include "ranvier/model/model.hpp"

namespace ranvier {

/// Fills in the stores of all ions of `out` that accumulate. Rows, layers and concentrations are
/// there already; `profiles` and `position`, where it is connected to its parent, have one entry
/// per section.
void add_ion_stores(const Model& model, std::span<const Profile> profiles,
                    std::span<const double> position, Discretisation& out);

}  // namespace ranvier
