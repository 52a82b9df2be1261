#include "bindings/bindings.hpp"
#include "ranvier/base/error.hpp"

namespace py = pybind11;

namespace ranvier {
namespace {

/// The classes live in Python (ranvier.errors), where users catch them.
py::object error_class(const char* name) {
    return py::module_::import("ranvier.errors").attr(name);
}

void translate(std::exception_ptr thrown) {
    try {
        if (thrown) {
            std::rethrow_exception(thrown);
        }
    } catch (const ModelError& error) {
        py::list problems;
        for (const auto& problem : error.problems()) {
            problems.append(py::make_tuple(problem.subject, problem.problem));
        }
        py::set_error(error_class("ModelError"), error_class("ModelError")(error.what(), problems));
    } catch (const DivergedError& error) {
        py::set_error(error_class("DivergedError"),
                      error_class("DivergedError")(error.what(), error.t_ms(), error.compartment(),
                                                   error.variable()));
    } catch (const InternalError& error) {
        py::set_error(error_class("InternalError"), error.what());
    }
}

}  // namespace

void bind_errors(py::module_&) {
    py::register_exception_translator(&translate);
}

}  // namespace ranvier
