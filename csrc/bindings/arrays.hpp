// What results are handed to Python as, and what options are handed over in.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <algorithm>
#include <string>
#include <vector>

#include "ranvier/recording/recorder.hpp"
#include "ranvier/solver/execution.hpp"

namespace ranvier {

template <class T>
pybind11::array_t<T> copy_of(const std::vector<T>& values) {
    return pybind11::array_t<T>(static_cast<pybind11::ssize_t>(values.size()), values.data());
}

/// An array of this very type, (n,).
template <class T>
using Column = pybind11::array_t<T, pybind11::array::c_style>;

template <class T>
std::vector<T> vector_of(const Column<T>& values) {
    if (values.ndim() != 1) {
        throw pybind11::type_error("an array: has " + std::to_string(values.ndim()) +
                                   " dimensions, expected 1");
    }
    return {values.data(), values.data() + values.size()};
}

/// Times, (samples,), and values, (samples, columns).
pybind11::tuple trace_of(const Samples& samples);

/// Compartments and times, (events,), and how often each compartment crossed, (n,): empty where
/// every crossing is among the events.
pybind11::tuple crossings_of(const Events& events);

/// Throws ModelError for a name that there is not.
Execution execution_from(const std::string& solver, const std::string& precision, int threads);

pybind11::dict describe(const ExecutionUsed& used);

}  // namespace ranvier
