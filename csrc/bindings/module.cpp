#include "bindings/bindings.hpp"

namespace py = pybind11;

PYBIND11_MODULE(_core, m, py::mod_gil_not_used()) {
    m.doc() = "The C++ core of ranvier. Use the ranvier package instead.";
    ranvier::bind_errors(m);
    ranvier::bind_mechanisms(m);
    ranvier::bind_custom(m);
    ranvier::bind_model(m);
    ranvier::bind_discretisation(m);
    ranvier::bind_simulation(m);
    ranvier::bind_batch(m);
    ranvier::bind_rest(m);
    ranvier::bind_tree(m);
    ranvier::bind_build_info(m);
}
