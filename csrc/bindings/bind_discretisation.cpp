#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include "bindings/bindings.hpp"
#include "bindings/custom.hpp"
#include "ranvier/base/error.hpp"
#include "ranvier/base/text.hpp"
#include "ranvier/discretisation/discretise.hpp"
#include "ranvier/mechanisms/expression/program.hpp"

namespace py = pybind11;
using namespace py::literals;

namespace ranvier {
namespace {

using Shared = std::shared_ptr<Discretisation>;

/// A read-only view of a vector that `owner` keeps alive.
template <class T>
py::array view(const std::vector<T>& values, const py::object& owner, py::ssize_t columns = 1) {
    const auto rows = static_cast<py::ssize_t>(values.size()) / columns;
    std::vector<py::ssize_t> shape{rows};
    if (columns > 1) {
        shape.push_back(columns);
    }
    py::array_t<T> array(shape, values.data(), owner);
    array.attr("flags").attr("writeable") = false;
    return array;
}

py::array flags(const std::vector<std::uint8_t>& values, const py::object& owner) {
    return view(values, owner).attr("view")("bool");
}

py::object entry(const py::dict& d, const char* key) {
    if (!d.contains(key)) {
        throw ModelError(key, "is missing, expected it in a discretisation");
    }
    return d[key];
}

template <class T>
T value_from(const py::dict& d, const char* key, const char* expected) {
    try {
        return entry(d, key).cast<T>();
    } catch (const py::cast_error&) {
        throw ModelError(key, std::string("is of another kind, expected ") + expected);
    }
}

/// Numbers of the wrong kind are refused, not rounded or wrapped: an importer would not notice.
template <class T>
std::vector<T> vector_from(const py::dict& d, const char* key, py::ssize_t columns = 1) {
    const auto given = py::array::ensure(entry(d, key));
    const std::string kinds = std::is_floating_point_v<T> ? "biuf" : "biu";
    if (!given || kinds.find(given.dtype().kind()) == std::string::npos) {
        PyErr_Clear();
        throw ModelError(key, std::string("is not an array of ") +
                                  (std::is_floating_point_v<T> ? "numbers" : "whole numbers") +
                                  ", expected one");
    }
    const bool is_flat = given.ndim() == 1;
    const bool is_table = columns > 1 && given.ndim() == 2 && given.shape(1) == columns;
    if (columns == 1 ? !is_flat : !is_table) {
        throw ModelError(key, columns == 1 ? "has another shape, expected (n,)"
                                           : "has another shape, expected (n, 3)");
    }
    using Wide = std::conditional_t<std::is_floating_point_v<T>, double, std::int64_t>;
    const auto wide = py::array_t<Wide, py::array::c_style | py::array::forcecast>(given);
    std::vector<T> values;
    values.reserve(static_cast<std::size_t>(wide.size()));
    for (py::ssize_t i = 0; i < wide.size(); ++i) {
        const Wide value = wide.data()[i];
        if constexpr (!std::is_floating_point_v<T>) {
            if (value < std::numeric_limits<T>::min() || value > std::numeric_limits<T>::max()) {
                throw ModelError(key, "holds " + std::to_string(value) +
                                          ", expected numbers of 32 bits, or flags");
            }
        }
        values.push_back(static_cast<T>(value));
    }
    return values;
}

/// The keys of a nested dict in their own order, which a std::map would lose.
std::vector<std::string> keys_of(const py::dict& d, const char* key) {
    std::vector<std::string> keys;
    for (const auto& [name, unused] : value_from<py::dict>(d, key, "a dict")) {
        if (!py::isinstance<py::str>(name)) {
            throw ModelError(key, "has a key that is no text, expected names");
        }
        keys.push_back(name.cast<std::string>());
    }
    return keys;
}

py::dict to_dict(const py::object& self) {
    const auto& d = *self.cast<Shared>();
    const auto& c = d.compartments;
    py::dict out;
    out["schema_version"] = kSchemaVersion;
    out["name"] = d.name;
    out["temperature_degC"] = d.temperature_degC;
    out["section_names"] = d.section_names;
    out["section_regions"] = d.section_regions;
    out["parent"] = view(c.parent, self);
    out["section"] = view(c.section, self);
    out["is_junction"] = flags(c.is_junction, self);
    out["centre_um"] = view(c.centre_um, self);
    out["length_um"] = view(c.length_um, self);
    out["diameter_um"] = view(c.diameter_um, self);
    out["area_um2"] = view(c.area_um2, self);
    out["distance_um"] = view(c.distance_um, self);
    out["xyz_um"] = view(c.xyz_um, self, 3);
    out["capacitance_nF"] = view(c.capacitance_nF, self);
    out["axial_conductance_uS"] = view(c.axial_conductance_uS, self);
    py::list layers;
    for (const auto& layer : d.layers) {
        py::dict entry;
        entry["is_unknown"] = flags(layer.is_unknown, self);
        entry["axial_conductance_uS"] = view(layer.axial_conductance_uS, self);
        entry["capacitance_nF"] = view(layer.capacitance_nF, self);
        entry["conductance_uS"] = view(layer.conductance_uS, self);
        layers.append(entry);
    }
    out["layers"] = layers;
    py::dict mechanisms;
    for (const auto& table : d.mechanisms) {
        py::dict parameters;
        for (std::size_t p = 0; p < table.parameters.size(); ++p) {
            parameters[py::str(table.parameter_names[p])] = view(table.parameters[p], self);
        }
        py::dict entry("compartment"_a = view(table.compartment, self),
                       "parameters"_a = parameters);
        if (table.custom != nullptr) {
            entry["definition"] = table.custom->expressions->source;
        }
        mechanisms[py::str(table.name)] = entry;
    }
    out["mechanisms"] = mechanisms;
    py::dict ions;
    for (const auto& ion : d.ions) {
        py::dict entry("valence"_a = ion.valence, "e_mV"_a = view(ion.e_mV, self));
        if (!ion.inside_mM.empty()) {
            entry["inside_mM"] = view(ion.inside_mM, self);
            entry["outside_mM"] = view(ion.outside_mM, self);
        }
        for (const auto& [key, store] :
             {std::pair{"inside", &ion.inside}, std::pair{"outside", &ion.outside}}) {
            if (store->is_there()) {
                entry[key] =
                    py::dict("capacity_um3"_a = view(store->capacity_um3, self),
                             "is_held"_a = flags(store->is_held, self),
                             "diffusion_um3_per_ms"_a = view(store->diffusion_um3_per_ms, self),
                             "exchange_um3_per_ms"_a = view(store->exchange_um3_per_ms, self));
            }
        }
        ions[py::str(ion.name)] = entry;
    }
    out["ions"] = ions;
    return out;
}

Shared from_dict(const py::dict& in) {
    const int version = value_from<int>(in, "schema_version", "a whole number");
    if (version != kSchemaVersion) {
        throw ModelError("schema_version", "is " + std::to_string(version) + ", expected " +
                                               std::to_string(kSchemaVersion));
    }
    auto out = std::make_shared<Discretisation>();
    auto& c = out->compartments;
    out->name = value_from<std::string>(in, "name", "text");
    out->temperature_degC = value_from<double>(in, "temperature_degC", "a number");
    out->section_names =
        value_from<std::vector<std::string>>(in, "section_names", "a list of text");
    out->section_regions =
        value_from<std::vector<std::string>>(in, "section_regions", "a list of text");
    c.parent = vector_from<std::int32_t>(in, "parent");
    c.section = vector_from<std::int32_t>(in, "section");
    c.is_junction = vector_from<std::uint8_t>(in, "is_junction");
    c.centre_um = vector_from<double>(in, "centre_um");
    c.length_um = vector_from<double>(in, "length_um");
    c.diameter_um = vector_from<double>(in, "diameter_um");
    c.area_um2 = vector_from<double>(in, "area_um2");
    c.distance_um = vector_from<double>(in, "distance_um");
    c.xyz_um = vector_from<double>(in, "xyz_um", 3);
    c.capacitance_nF = vector_from<double>(in, "capacitance_nF");
    c.axial_conductance_uS = vector_from<double>(in, "axial_conductance_uS");
    for (const auto& layer : value_from<std::vector<py::dict>>(in, "layers", "a list of dict")) {
        out->layers.push_back({vector_from<std::uint8_t>(layer, "is_unknown"),
                               vector_from<double>(layer, "axial_conductance_uS"),
                               vector_from<double>(layer, "capacitance_nF"),
                               vector_from<double>(layer, "conductance_uS")});
    }
    using Tables = std::map<std::string, py::dict>;
    for (const auto& name : keys_of(in, "mechanisms")) {
        const auto tables = value_from<Tables>(in, "mechanisms", "a dict of dict by name");
        const py::dict& given = tables.at(name);
        MechanismTable table;
        table.name = name;
        if (given.contains("definition")) {
            table.custom = custom_from_source(value_from<std::string>(given, "definition", "text"));
        }
        table.compartment = vector_from<std::int32_t>(given, "compartment");
        const auto parameters = value_from<py::dict>(given, "parameters", "a dict of arrays");
        table.parameter_names = keys_of(given, "parameters");
        for (const auto& parameter : table.parameter_names) {
            table.parameters.push_back(vector_from<double>(parameters, parameter.c_str()));
        }
        out->mechanisms.push_back(std::move(table));
    }
    for (const auto& name : keys_of(in, "ions")) {
        const auto tables = value_from<Tables>(in, "ions", "a dict of dict by name");
        const py::dict& given = tables.at(name);
        IonTable& ion = out->ions.emplace_back();
        ion.name = name;
        ion.valence = value_from<int>(given, "valence", "a whole number");
        ion.e_mV = vector_from<double>(given, "e_mV");
        if (given.contains("inside_mM")) {
            ion.inside_mM = vector_from<double>(given, "inside_mM");
            ion.outside_mM = vector_from<double>(given, "outside_mM");
        }
        for (const auto& [key, store] :
             {std::pair{"inside", &ion.inside}, std::pair{"outside", &ion.outside}}) {
            if (given.contains(key)) {
                const auto kept = value_from<py::dict>(given, key, "a dict of arrays");
                *store = {vector_from<double>(kept, "capacity_um3"),
                          vector_from<std::uint8_t>(kept, "is_held"),
                          vector_from<double>(kept, "diffusion_um3_per_ms"),
                          vector_from<double>(kept, "exchange_um3_per_ms")};
            }
        }
    }
    check(*out);
    return out;
}

using PointTable = std::tuple<std::string, CustomMechanism, std::vector<std::int32_t>,
                              std::vector<std::vector<double>>>;

/// The same with more mechanisms, each a name, what it is, its compartments and [parameter][row].
Shared with_points(const Discretisation& from, const std::vector<PointTable>& tables) {
    auto out = std::make_shared<Discretisation>(from);
    for (const auto& [name, mechanism, compartment, parameters] : tables) {
        if (std::ranges::any_of(out->mechanisms,
                                [&](const MechanismTable& t) { return t.name == name; })) {
            throw ModelError("mechanism " + quoted(name),
                             "is in this model already, expected a name of its own");
        }
        MechanismTable& table = out->mechanisms.emplace_back();
        table.name = name;
        table.custom = mechanism.mechanism;
        table.compartment = compartment;
        for (const ParameterInfo& parameter : mechanism.mechanism->info.parameters) {
            table.parameter_names.emplace_back(parameter.name);
        }
        table.parameters = parameters;
    }
    check(*out);
    return out;
}

void bind_mesh(py::module_& m) {
    py::class_<FixedCount>(m, "FixedCount", "The same number of compartments in every section.")
        .def(py::init([](int count, std::map<std::string, int> by_region) {
                 return FixedCount{count, std::move(by_region)};
             }),
             "count"_a = 1, py::kw_only(), "by_region"_a = std::map<std::string, int>{})
        .def_readonly("count", &FixedCount::count)
        .def_readonly("by_region", &FixedCount::by_region)
        .def(py::pickle(
            [](const FixedCount& mesh) { return py::make_tuple(mesh.count, mesh.by_region); },
            [](const py::tuple& t) {
                return FixedCount{t[0].cast<int>(), t[1].cast<std::map<std::string, int>>()};
            }));
    py::class_<MaxLength>(m, "MaxLength", "The fewest compartments no longer than length_um.")
        .def(py::init([](double length_um, std::map<std::string, double> by_region) {
                 return MaxLength{length_um, std::move(by_region)};
             }),
             "length_um"_a, py::kw_only(), "by_region"_a = std::map<std::string, double>{})
        .def_readonly("length_um", &MaxLength::length_um)
        .def_readonly("by_region", &MaxLength::by_region)
        .def(py::pickle(
            [](const MaxLength& mesh) { return py::make_tuple(mesh.length_um, mesh.by_region); },
            [](const py::tuple& t) {
                return MaxLength{t[0].cast<double>(), t[1].cast<std::map<std::string, double>>()};
            }));
    py::class_<DLambda>(m, "DLambda",
                        "An odd number, no longer than d_lambda of the AC length constant.")
        .def(py::init(
                 [](double d_lambda, double frequency_Hz, std::map<std::string, double> by_region) {
                     return DLambda{d_lambda, frequency_Hz, std::move(by_region)};
                 }),
             "d_lambda"_a = 0.1, py::kw_only(), "frequency_Hz"_a = 100.0,
             "by_region"_a = std::map<std::string, double>{})
        .def_readonly("d_lambda", &DLambda::d_lambda)
        .def_readonly("frequency_Hz", &DLambda::frequency_Hz)
        .def_readonly("by_region", &DLambda::by_region)
        .def(py::pickle(
            [](const DLambda& mesh) {
                return py::make_tuple(mesh.d_lambda, mesh.frequency_Hz, mesh.by_region);
            },
            [](const py::tuple& t) {
                return DLambda{t[0].cast<double>(), t[1].cast<double>(),
                               t[2].cast<std::map<std::string, double>>()};
            }));
}

template <class Column>
py::cpp_function column(Column column) {
    return py::cpp_function([column](const py::object& self) {
        return view((*self.cast<Shared>()).compartments.*column, self);
    });
}

}  // namespace

void bind_discretisation(py::module_& m) {
    bind_mesh(m);
    py::class_<Discretisation, Shared>(
        m, "Discretisation", "The flat form of a model: arrays with one row per compartment.")
        .def_static("from_dict", &from_dict, "data"_a,
                    "Checks and copies arrays laid out as to_dict() gives them.")
        .def(
            "to_dict", [](const py::object& self) { return to_dict(self); },
            "Everything, as names and read-only arrays; nested for layers, mechanisms and ions.")
        .def("with_points", &with_points, "tables"_a,
             "The same with more mechanisms: name, mechanism, compartments, [parameter][row] each.")
        .def_readonly("name", &Discretisation::name)
        .def_readonly("temperature_degC", &Discretisation::temperature_degC)
        .def_readonly("section_names", &Discretisation::section_names)
        .def_readonly("section_regions", &Discretisation::section_regions)
        .def_property_readonly("parent", column(&Compartments::parent))
        .def_property_readonly("section", column(&Compartments::section))
        .def_property_readonly("is_junction",
                               [](const py::object& self) {
                                   return flags(self.cast<Shared>()->compartments.is_junction,
                                                self);
                               })
        .def_property_readonly("centre_um", column(&Compartments::centre_um))
        .def_property_readonly("length_um", column(&Compartments::length_um))
        .def_property_readonly("diameter_um", column(&Compartments::diameter_um))
        .def_property_readonly("area_um2", column(&Compartments::area_um2))
        .def_property_readonly("distance_um", column(&Compartments::distance_um))
        .def_property_readonly("xyz_um",
                               [](const py::object& self) {
                                   return view(self.cast<Shared>()->compartments.xyz_um, self, 3);
                               })
        .def_property_readonly("capacitance_nF", column(&Compartments::capacitance_nF))
        .def_property_readonly("axial_conductance_uS", column(&Compartments::axial_conductance_uS))
        .def(
            "label",
            [](const Discretisation& d, std::int32_t compartment) {
                if (compartment < 0 ||
                    static_cast<std::size_t>(compartment) >= d.compartments.size()) {
                    throw py::index_error("compartment " + std::to_string(compartment) +
                                          ": expected 0 to " +
                                          std::to_string(d.compartments.size() - 1));
                }
                return d.label(compartment);
            },
            "compartment"_a, "Section and place of a compartment, for messages and legends.")
        .def("__len__", [](const Discretisation& d) { return d.compartments.size(); })
        .def("__repr__",
             [](const Discretisation& d) {
                 return "<Discretisation '" + d.name +
                        "': " + std::to_string(d.compartments.size()) + " compartments in " +
                        std::to_string(d.section_names.size()) + " sections>";
             })
        .def(py::pickle([](const py::object& self) { return py::make_tuple(to_dict(self)); },
                        [](const py::tuple& t) { return from_dict(t[0].cast<py::dict>()); }));
    m.def(
        "discretise",
        [](const Model& model, const Mesh& mesh) {
            const py::gil_scoped_release unlocked;
            return std::make_shared<Discretisation>(discretise(model, mesh));
        },
        "model"_a, "mesh"_a, "Lowers a model to arrays; ModelError lists every problem.");
    m.attr("SCHEMA_VERSION") = kSchemaVersion;
}

}  // namespace ranvier
