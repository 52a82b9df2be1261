// One function per noun; each file registers its own.
#pragma once

#include <pybind11/pybind11.h>

namespace ranvier {

void bind_errors(pybind11::module_& m);
void bind_mechanisms(pybind11::module_& m);
void bind_custom(pybind11::module_& m);
void bind_model(pybind11::module_& m);
void bind_discretisation(pybind11::module_& m);
void bind_simulation(pybind11::module_& m);
void bind_batch(pybind11::module_& m);
void bind_rest(pybind11::module_& m);
void bind_tree(pybind11::module_& m);
void bind_build_info(pybind11::module_& m);

}  // namespace ranvier
