#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "bindings/bindings.hpp"
#include "bindings/custom.hpp"
#include "ranvier/base/error.hpp"
#include "ranvier/base/text.hpp"
#include "ranvier/mechanisms/expression/custom.hpp"

namespace py = pybind11;
using namespace py::literals;

namespace ranvier {
namespace {

using Words = py::array_t<std::uint16_t, py::array::c_style | py::array::forcecast>;

Program make_program(const Words& code, std::vector<double> constants, std::size_t registers,
                     std::vector<std::uint16_t> outputs) {
    constexpr py::ssize_t kWords = 5;
    if (code.ndim() != 2 || code.shape(1) != kWords) {
        throw py::value_error("code: expected rows of 5 numbers");
    }
    Program program;
    for (py::ssize_t i = 0; i < code.shape(0); ++i) {
        program.code.push_back({static_cast<Op>(code.at(i, 0)), code.at(i, 1), code.at(i, 2),
                                code.at(i, 3), code.at(i, 4)});
    }
    program.constants = std::move(constants);
    program.registers = registers;
    program.outputs = std::move(outputs);
    return program;
}

MechanismKind kind_from(const std::string& kind) {
    const std::vector<std::string> names{"channel", "pump", "synapse", "electrode"};
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i] == kind) {
            return static_cast<MechanismKind>(i);
        }
    }
    throw ModelError("kind", "is " + quoted(kind) + ", " + expected_one_of(kind, names));
}

using StateTuple = std::tuple<std::string, double, double>;
using Pair = std::pair<std::uint16_t, std::uint16_t>;
using Amount = std::vector<std::pair<std::uint16_t, double>>;

CustomMechanism make(std::string name, std::string summary, std::string citation,
                     const std::string& kind, double reference_temperature_degC,
                     const py::dict& parameters, const std::vector<StateTuple>& states,
                     std::vector<std::string> inputs, std::size_t derived,
                     std::vector<std::string> currents, const std::vector<Pair>& jacobian,
                     const std::vector<Amount>& conserved, bool is_settled,
                     const std::vector<bool>& is_given, std::string source,
                     const py::dict& programs, bool is_point, std::vector<std::string> arguments) {
    CustomDescription description{
        .name = std::move(name),
        .summary = std::move(summary),
        .citation = std::move(citation),
        .kind = kind_from(kind),
        .reference_temperature_degC = reference_temperature_degC,
        .parameters = {},
        .states = {},
        .expressions = {},
        .is_point = is_point,
    };
    for (const auto& [key, value] : parameters) {
        description.parameters.emplace_back(key.cast<std::string>(), value.cast<double>());
    }
    for (const auto& [state, lowest, highest] : states) {
        description.states.push_back({state, lowest, highest});
    }
    Expressions& e = description.expressions;
    e.states = states.size();
    e.inputs = std::move(inputs);
    e.derived = derived;
    e.currents = std::move(currents);
    for (const auto& [of, by] : jacobian) {
        e.jacobian.push_back({of, by});
    }
    for (const Amount& amount : conserved) {
        Conserved& sum = e.conserved.emplace_back();
        for (const auto& [state, weight] : amount) {
            sum.terms.push_back({state, weight});
        }
    }
    e.is_settled = is_settled;
    e.is_given.assign(is_given.begin(), is_given.end());
    e.source = std::move(source);
    e.arguments = std::move(arguments);
    const std::pair<const char*, Program Expressions::*> all[] = {
        {"setup", &Expressions::setup},   {"settle", &Expressions::settle},
        {"relax", &Expressions::relax},   {"conduct", &Expressions::conduct},
        {"change", &Expressions::change}, {"linearise", &Expressions::linearise},
        {"split", &Expressions::split}};
    for (const auto& [key, member] : all) {
        e.*member = programs[key].cast<Program>();
    }
    if (programs.contains("receive")) {
        e.receive = programs["receive"].cast<Program>();
    }
    return {make_custom(std::move(description))};
}

}  // namespace

std::shared_ptr<const Mechanism> custom_from_source(const std::string& source) {
    const py::object made =
        py::module_::import("ranvier.mechanisms").attr("compiled_from_source")(source);
    return made.cast<const CustomMechanism&>().mechanism;
}

void bind_custom(py::module_& m) {
    py::class_<Program>(m, "Program", "Instructions that compute some formulas.")
        .def(py::init(&make_program), py::kw_only(), "code"_a, "constants"_a, "registers"_a,
             "outputs"_a);
    py::class_<CustomMechanism>(m, "CustomMechanism", "A mechanism that is written as formulas.")
        .def(py::init(&make), py::kw_only(), "name"_a, "summary"_a, "citation"_a, "kind"_a,
             "reference_temperature_degC"_a, "parameters"_a, "states"_a, "inputs"_a, "derived"_a,
             "currents"_a, "jacobian"_a, "conserved"_a, "is_settled"_a, "is_given"_a, "source"_a,
             "programs"_a, "is_point"_a = false, "arguments"_a = std::vector<std::string>{})
        .def_property_readonly(
            "name", [](const CustomMechanism& c) { return std::string(c.mechanism->info.name); })
        .def_property_readonly(
            "source", [](const CustomMechanism& c) { return c.mechanism->expressions->source; });
}

}  // namespace ranvier
