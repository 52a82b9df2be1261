#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <string>
#include <vector>

#include "bindings/bindings.hpp"
#include "ranvier/mechanisms/registry.hpp"
#include "ranvier/solver/method.hpp"

namespace py = pybind11;

namespace ranvier {
namespace {

const Mechanism& mechanism(const std::string& name) {
    const Mechanism* found = find_mechanism(name);
    if (found == nullptr) {
        throw py::key_error(name);
    }
    return *found;
}

py::dict parameters_of(std::span<const ParameterInfo> parameters) {
    py::dict defaults;
    for (const auto& parameter : parameters) {
        defaults[py::str(parameter.name)] = parameter.default_value;
    }
    return defaults;
}

py::dict describe_mechanism(const std::string& name) {
    const auto& info = mechanism(name).info;
    py::list gates;
    for (const auto& gate : info.gates) {
        gates.append(py::dict(py::arg("name") = gate.name, py::arg("power") = gate.power,
                              py::arg("q10") = gate.q10));
    }
    return py::dict(py::arg("name") = info.name, py::arg("kind") = "channel",
                    py::arg("summary") = info.summary, py::arg("ion") = info.ion,
                    py::arg("parameters") = parameters_of(info.parameters),
                    py::arg("gates") = gates,
                    py::arg("reference_temperature_degC") = info.reference_temperature_degC,
                    py::arg("citation") = info.citation);
}

using Voltages = py::array_t<double, py::array::c_style | py::array::forcecast>;

py::array_t<double> rates(const std::string& name, const Voltages& v_mV) {
    const auto& found = mechanism(name);
    const auto gates = static_cast<py::ssize_t>(found.info.gates.size());
    const py::ssize_t voltages = v_mV.size();
    py::array_t<double> result({gates, py::ssize_t{2}, voltages});
    auto view = result.mutable_unchecked<3>();
    std::vector<Rate<double>> row(found.info.gates.size());
    for (py::ssize_t i = 0; i < voltages; ++i) {
        found.kernels.rates(v_mV.data()[i], row.data());
        for (py::ssize_t g = 0; g < gates; ++g) {
            view(g, 0, i) = row[static_cast<std::size_t>(g)].alpha_per_ms;
            view(g, 1, i) = row[static_cast<std::size_t>(g)].beta_per_ms;
        }
    }
    return result;
}

}  // namespace

void bind_mechanisms(py::module_& m) {
    m.def(
        "mechanism_names",
        [] {
            std::vector<std::string> names;
            for (const Mechanism* known : mechanisms()) {
                names.emplace_back(known->info.name);
            }
            return names;
        },
        "Names of all registered mechanisms, sorted.");
    m.def("describe_mechanism", &describe_mechanism, py::arg("name"),
          "Metadata of one mechanism. KeyError if unknown.");
    m.def("mechanism_rates", &rates, py::arg("name"), py::arg("v_mV"),
          "Opening and closing rates per ms at the reference temperature: (gates, 2, voltages).");
    m.def(
        "describe_methods",
        [] {
            py::dict all;
            for (const MethodEntry* entry : methods()) {
                all[py::str(entry->info.name)] = py::dict(
                    py::arg("name") = entry->info.name, py::arg("summary") = entry->info.summary,
                    py::arg("order") = entry->info.order,
                    py::arg("is_adaptive") = entry->info.is_adaptive,
                    py::arg("parameters") = parameters_of(entry->info.parameters),
                    py::arg("citation") = entry->info.citation);
            }
            return all;
        },
        "Metadata of every time-stepping method, by name.");
}

}  // namespace ranvier
