// Lowers a Model to its Discretisation. The only place that converts units.
#pragma once

#include "ranvier/discretisation/discretisation.hpp"
#include "ranvier/discretisation/mesh.hpp"
#include "ranvier/model/model.hpp"

namespace ranvier {

/// Finite volumes: compartments of equal length within a section, potentials at their centres,
/// second order in space. A child at any position of its parent meets it in a zero-area junction at
/// exactly that place, or in a compartment's centre where the place is one.
///
/// Throws ModelError with every problem of the model or the mesh.
Discretisation discretise(const Model& model, const Mesh& mesh);

}  // namespace ranvier
