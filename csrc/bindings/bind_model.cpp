#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <string>
#include <vector>

#include "bindings/bindings.hpp"
#include "bindings/custom.hpp"
#include "ranvier/base/text.hpp"
#include "ranvier/mechanisms/expression/program.hpp"
#include "ranvier/mechanisms/registry.hpp"
#include "ranvier/model/model.hpp"

namespace py = pybind11;
using namespace py::literals;

namespace ranvier {
namespace {

using Points = py::array_t<double, py::array::c_style | py::array::forcecast>;

std::vector<Point> points_from(const Points& array, const std::string& name) {
    if (array.ndim() != 2 || array.shape(1) != 4) {
        throw py::value_error("section " + quoted(name) +
                              ": points_um has another shape, expected (n, 4): x, y, z, diameter");
    }
    std::vector<Point> points;
    const auto view = array.unchecked<2>();
    for (py::ssize_t i = 0; i < view.shape(0); ++i) {
        points.push_back({view(i, 0), view(i, 1), view(i, 2), view(i, 3)});
    }
    return points;
}

Points points_to(const Section& section) {
    Points array({static_cast<py::ssize_t>(section.points.size()), py::ssize_t{4}});
    auto view = array.mutable_unchecked<2>();
    for (py::ssize_t i = 0; i < view.shape(0); ++i) {
        const auto& point = section.points[static_cast<std::size_t>(i)];
        view(i, 0) = point.x_um;
        view(i, 1) = point.y_um;
        view(i, 2) = point.z_um;
        view(i, 3) = point.diameter_um;
    }
    return array;
}

Section make_section(const std::string& name, std::optional<double> length_um,
                     std::optional<double> diameter_um, std::optional<double> distal_diameter_um,
                     const std::optional<Points>& points_um,
                     const std::optional<std::string>& parent, double parent_position,
                     const std::string& region, double r_a_ohm_cm, double c_m_uF_cm2,
                     const std::optional<Sheath>& sheath) {
    Section section;
    section.name = name;
    section.region = region;
    section.parent = parent.value_or("");
    section.parent_position = parent_position;
    section.r_a_ohm_cm = r_a_ohm_cm;
    section.c_m_uF_cm2 = c_m_uF_cm2;
    section.sheath = sheath;
    if (points_um) {
        if (length_um || diameter_um || distal_diameter_um) {
            throw py::type_error("section " + quoted(name) +
                                 ": has points_um and a length or diameter, expected one of them");
        }
        section.points = points_from(*points_um, name);
        section.has_coordinates = true;
    } else {
        if (!length_um || !diameter_um) {
            throw py::type_error(
                "section " + quoted(name) +
                ": has no shape, expected length_um and diameter_um, or points_um");
        }
        section.points =
            straight_points(*length_um, *diameter_um, distal_diameter_um.value_or(*diameter_um));
    }
    return section;
}

std::string repr(const Section& section) {
    std::string shape = text(section.length_um()) + " um";
    if (!section.points.empty()) {
        shape += ", diameter " + text(section.points.front().diameter_um);
        if (section.points.back().diameter_um != section.points.front().diameter_um) {
            shape += " to " + text(section.points.back().diameter_um);
        }
        shape += " um";
    }
    return "<Section " + quoted(section.name) + ": " + shape +
           (section.parent.empty()
                ? ""
                : ", on " + quoted(section.parent) + " at " + text(section.parent_position)) +
           ">";
}

/// "where" may be one name or several.
std::vector<std::string> names_from(const py::object& where) {
    if (where.is_none()) {
        return {};
    }
    if (py::isinstance<py::str>(where)) {
        return {where.cast<std::string>()};
    }
    return where.cast<std::vector<std::string>>();
}

/// By name, the registry's before the library's; or one of the user's own.
Placement placement_of(const py::object& mechanism) {
    py::object custom = mechanism;
    if (py::isinstance<py::str>(mechanism)) {
        const auto name = mechanism.cast<std::string>();
        if (find_mechanism(name) != nullptr) {
            return {name, {}, {}};
        }
        const py::module_ library = py::module_::import("ranvier.mechanisms");
        custom = library.attr("find_compiled")(name);
        if (custom.is_none()) {  // validate() says so, with everything else
            return {name,
                    {},
                    {},
                    nullptr,
                    library.attr("library_names")().cast<std::vector<std::string>>()};
        }
    } else if (py::hasattr(py::type::of(mechanism), "compiled")) {
        custom = mechanism.attr("compiled");  // which may say that there is too much of it
    }
    if (!py::isinstance<CustomMechanism>(custom)) {
        throw py::type_error("mechanism: is " + py::repr(mechanism).cast<std::string>() +
                             ", expected a name or a mechanism");
    }
    const auto& found = custom.cast<const CustomMechanism&>().mechanism;
    return {std::string(found->info.name), {}, {}, found};
}

Placement make_placement(const py::object& mechanism_or_name, const py::object& where,
                         const py::kwargs& parameters) {
    Placement placement = placement_of(mechanism_or_name);
    placement.where = names_from(where);
    const std::string& mechanism = placement.mechanism;
    for (const auto& [key, value] : parameters) {
        const auto name = key.cast<std::string>();
        const auto array = Points::ensure(value);
        if (!array || array.ndim() > 1) {
            PyErr_Clear();
            throw py::type_error("channel " + quoted(mechanism) + ": " + name +
                                 " is not a number, expected one, or one per section");
        }
        placement.parameters[name] = {array.data(), array.data() + array.size()};
    }
    return placement;
}

py::dict parameters_placed(const Placement& placement) {
    py::dict parameters;
    for (const auto& [name, values] : placement.parameters) {
        if (values.size() == 1) {
            parameters[py::str(name)] = values[0];
        } else {
            parameters[py::str(name)] = values;
        }
    }
    return parameters;
}

void bind_sheath(py::module_& m) {
    py::class_<Sheath>(m, "Sheath", "Myelin and the periaxonal space under it, held physically.")
        .def(py::init([](std::optional<double> width, std::optional<double> resistance,
                         double resistivity, int lamellae, std::optional<double> diameter,
                         std::optional<double> period, double c, double g, bool is_open) {
                 return Sheath{width,  resistance, resistivity, lamellae, diameter,
                               period, c,          g,           is_open};
             }),
             py::kw_only(), "periaxonal_width_um"_a = py::none(),
             "periaxonal_resistance_Mohm_per_cm"_a = py::none(),
             "periaxonal_resistivity_ohm_cm"_a = 70.0, "lamellae"_a = 0,
             "myelin_diameter_um"_a = py::none(), "lamella_period_um"_a = py::none(),
             "c_membrane_uF_cm2"_a = 0.1, "g_membrane_S_cm2"_a = 1e-3, "is_open"_a = false)
        .def_readonly("periaxonal_width_um", &Sheath::periaxonal_width_um)
        .def_readonly("periaxonal_resistance_Mohm_per_cm",
                      &Sheath::periaxonal_resistance_Mohm_per_cm)
        .def_readonly("periaxonal_resistivity_ohm_cm", &Sheath::periaxonal_resistivity_ohm_cm)
        .def_readonly("lamellae", &Sheath::lamellae)
        .def_readonly("myelin_diameter_um", &Sheath::myelin_diameter_um)
        .def_readonly("lamella_period_um", &Sheath::lamella_period_um)
        .def_readonly("c_membrane_uF_cm2", &Sheath::c_membrane_uF_cm2)
        .def_readonly("g_membrane_S_cm2", &Sheath::g_membrane_S_cm2)
        .def_readonly("is_open", &Sheath::is_open)
        .def(py::pickle(
            [](const Sheath& s) {
                return py::make_tuple(s.periaxonal_width_um, s.periaxonal_resistance_Mohm_per_cm,
                                      s.periaxonal_resistivity_ohm_cm, s.lamellae,
                                      s.myelin_diameter_um, s.lamella_period_um,
                                      s.c_membrane_uF_cm2, s.g_membrane_S_cm2, s.is_open);
            },
            [](const py::tuple& t) {
                return Sheath{t[0].cast<std::optional<double>>(),
                              t[1].cast<std::optional<double>>(),
                              t[2].cast<double>(),
                              t[3].cast<int>(),
                              t[4].cast<std::optional<double>>(),
                              t[5].cast<std::optional<double>>(),
                              t[6].cast<double>(),
                              t[7].cast<double>(),
                              t[8].cast<bool>()};
            }));
}

void bind_section(py::module_& m) {
    py::class_<Section>(m, "Section", "An unbranched stretch of cable with one set of properties.")
        .def(py::init(&make_section), "name"_a, py::kw_only(), "length_um"_a = py::none(),
             "diameter_um"_a = py::none(), "distal_diameter_um"_a = py::none(),
             "points_um"_a = py::none(), "parent"_a = py::none(), "parent_position"_a = 1.0,
             "region"_a = "", "r_a_ohm_cm"_a = 100.0, "c_m_uF_cm2"_a = 1.0, "sheath"_a = py::none())
        .def_readonly("name", &Section::name)
        .def_readonly("region", &Section::region)
        .def_property_readonly("parent",
                               [](const Section& s) -> std::optional<std::string> {
                                   return s.parent.empty() ? std::nullopt : std::optional(s.parent);
                               })
        .def_readonly("parent_position", &Section::parent_position)
        .def_readonly("r_a_ohm_cm", &Section::r_a_ohm_cm)
        .def_readonly("c_m_uF_cm2", &Section::c_m_uF_cm2)
        .def_readonly("sheath", &Section::sheath)
        .def_readonly("has_coordinates", &Section::has_coordinates)
        .def_property_readonly("points_um", &points_to)
        .def_property_readonly("length_um", &Section::length_um)
        .def("__repr__", &repr)
        .def(py::pickle(
            [](const Section& s) {
                return py::make_tuple(s.name, points_to(s), s.has_coordinates, s.parent,
                                      s.parent_position, s.region, s.r_a_ohm_cm, s.c_m_uF_cm2,
                                      s.sheath);
            },
            [](const py::tuple& t) {
                Section s;
                s.name = t[0].cast<std::string>();
                s.points = points_from(t[1].cast<Points>(), s.name);
                s.has_coordinates = t[2].cast<bool>();
                s.parent = t[3].cast<std::string>();
                s.parent_position = t[4].cast<double>();
                s.region = t[5].cast<std::string>();
                s.r_a_ohm_cm = t[6].cast<double>();
                s.c_m_uF_cm2 = t[7].cast<double>();
                s.sheath = t[8].cast<std::optional<Sheath>>();
                return s;
            }));
}

/// What is asked for of an ion, where it `accumulates`. Without, it may say nothing of it.
std::optional<Accumulation> accumulation_from(const std::string& name,
                                              const std::optional<std::string>& accumulates,
                                              Accumulation a) {
    const std::string subject = "ion " + quoted(name);
    if (!accumulates) {
        const Accumulation plain;
        if (a.diffusion_um2_per_ms != plain.diffusion_um2_per_ms || a.shell_um || a.exchange_ms ||
            a.buffering_ratio != plain.buffering_ratio) {
            throw ModelError(subject,
                             "says how it accumulates and not where, expected "
                             "accumulates=\"inside\", \"outside\" or \"both\"");
        }
        return std::nullopt;
    }
    const std::vector<std::string> known{"inside", "outside", "both"};
    if (std::find(known.begin(), known.end(), *accumulates) == known.end()) {
        throw ModelError(subject, "accumulates is " + quoted(*accumulates) + ", " +
                                      expected_one_of(*accumulates, known));
    }
    a.is_inside = *accumulates != "outside";
    a.is_outside = *accumulates != "inside";
    return a;
}

std::string where_of(const Accumulation& a) {
    return !a.is_outside ? "inside" : a.is_inside ? "both" : "outside";
}

void bind_ion_and_placement(py::module_& m) {
    py::class_<Ion>(m, "Ion", "An ion: a fixed reversal potential, or two concentrations.")
        .def(py::init([](const std::string& name, std::optional<int> valence,
                         std::optional<double> e_mV, std::optional<double> inside_mM,
                         std::optional<double> outside_mM, const py::object& where,
                         const std::optional<std::string>& accumulates, double diffusion_um2_per_ms,
                         std::optional<double> shell_um, std::optional<double> exchange_ms,
                         double buffering_ratio) {
                 return Ion{name,
                            valence,
                            e_mV,
                            inside_mM,
                            outside_mM,
                            names_from(where),
                            accumulation_from(name, accumulates,
                                              {.diffusion_um2_per_ms = diffusion_um2_per_ms,
                                               .shell_um = shell_um,
                                               .exchange_ms = exchange_ms,
                                               .buffering_ratio = buffering_ratio})};
             }),
             "name"_a, py::kw_only(), "valence"_a = py::none(), "e_mV"_a = py::none(),
             "inside_mM"_a = py::none(), "outside_mM"_a = py::none(), "where"_a = py::none(),
             "accumulates"_a = py::none(), "diffusion_um2_per_ms"_a = 0.0,
             "shell_um"_a = py::none(), "exchange_ms"_a = py::none(), "buffering_ratio"_a = 1.0)
        .def_property_readonly("accumulates",
                               [](const Ion& ion) {
                                   return ion.accumulation
                                              ? py::object(py::str(where_of(*ion.accumulation)))
                                              : py::object(py::none());
                               })
        .def_property_readonly(
            "diffusion_um2_per_ms",
            [](const Ion& ion) {
                return ion.accumulation.value_or(Accumulation{}).diffusion_um2_per_ms;
            })
        .def_property_readonly(
            "shell_um",
            [](const Ion& ion) { return ion.accumulation.value_or(Accumulation{}).shell_um; })
        .def_property_readonly(
            "exchange_ms",
            [](const Ion& ion) { return ion.accumulation.value_or(Accumulation{}).exchange_ms; })
        .def_property_readonly("buffering_ratio",
                               [](const Ion& ion) {
                                   return ion.accumulation.value_or(Accumulation{}).buffering_ratio;
                               })
        .def_readonly("name", &Ion::name)
        .def_property_readonly("valence", &valence_of)
        .def_readonly("e_mV", &Ion::e_mV)
        .def_readonly("inside_mM", &Ion::inside_mM)
        .def_readonly("outside_mM", &Ion::outside_mM)
        .def_readonly("where", &Ion::where)
        .def("__repr__",
             [](const Ion& ion) {
                 return "<Ion " + quoted(ion.name) +
                        (ion.e_mV ? ": " + text(*ion.e_mV) + " mV" : "") + ">";
             })
        .def(py::pickle(
            [](const Ion& i) {
                py::object accumulation = py::none();
                if (i.accumulation) {
                    const Accumulation& a = *i.accumulation;
                    accumulation = py::make_tuple(a.is_inside, a.is_outside, a.diffusion_um2_per_ms,
                                                  a.shell_um, a.exchange_ms, a.buffering_ratio);
                }
                return py::make_tuple(i.name, i.valence, i.e_mV, i.inside_mM, i.outside_mM, i.where,
                                      accumulation);
            },
            [](const py::tuple& t) {
                Ion ion{t[0].cast<std::string>(),           t[1].cast<std::optional<int>>(),
                        t[2].cast<std::optional<double>>(), t[3].cast<std::optional<double>>(),
                        t[4].cast<std::optional<double>>(), t[5].cast<std::vector<std::string>>()};
                if (!t[6].is_none()) {
                    const auto a = t[6].cast<py::tuple>();
                    ion.accumulation = Accumulation{a[0].cast<bool>(),
                                                    a[1].cast<bool>(),
                                                    a[2].cast<double>(),
                                                    a[3].cast<std::optional<double>>(),
                                                    a[4].cast<std::optional<double>>(),
                                                    a[5].cast<double>()};
                }
                return ion;
            }));
    py::class_<Placement>(m, "Placement", "A mechanism on some sections, with its parameters.")
        .def(py::init(&make_placement), "mechanism"_a, "where"_a = py::none())
        .def_readonly("mechanism", &Placement::mechanism)
        .def_readonly("where", &Placement::where)
        .def_property_readonly("parameters", &parameters_placed)
        .def("__repr__",
             [](const Placement& placement) {
                 return "<Placement " + quoted(placement.mechanism) + " " +
                        py::repr(parameters_placed(placement)).cast<std::string>() + ">";
             })
        .def(py::pickle(
            [](const Placement& p) {
                return py::make_tuple(p.mechanism, p.where, p.parameters,
                                      p.custom ? p.custom->expressions->source : std::string());
            },
            [](const py::tuple& t) {
                const auto source = t[3].cast<std::string>();
                return Placement{t[0].cast<std::string>(), t[1].cast<std::vector<std::string>>(),
                                 t[2].cast<std::map<std::string, std::vector<double>>>(),
                                 source.empty() ? nullptr : custom_from_source(source)};
            }));
}

}  // namespace

void bind_model(py::module_& m) {
    bind_sheath(m);
    bind_section(m);
    bind_ion_and_placement(m);
    py::class_<Model>(m, "Model", "What there is: sections, mechanisms, ions, temperature.")
        .def(py::init([](std::vector<Section> sections, std::vector<Placement> placements,
                         std::vector<Ion> ions, double temperature_degC, std::string name) {
                 return Model{std::move(name), std::move(sections), std::move(placements),
                              std::move(ions), temperature_degC};
             }),
             py::kw_only(), "sections"_a, "placements"_a = std::vector<Placement>{},
             "ions"_a = std::vector<Ion>{}, "temperature_degC"_a = 37.0, "name"_a = "")
        .def_readonly("name", &Model::name)
        .def_readonly("sections", &Model::sections)
        .def_readonly("placements", &Model::placements)
        .def_readonly("ions", &Model::ions)
        .def_readonly("temperature_degC", &Model::temperature_degC)
        .def(
            "validate",
            [](const Model& model) {
                std::vector<std::string> sentences;
                for (const auto& problem : validate(model)) {
                    sentences.push_back(problem.sentence());
                }
                return sentences;
            },
            "Everything that keeps this from being simulated; empty if nothing does.")
        .def("__repr__",
             [](const Model& model) {
                 return "<Model " + quoted(model.name) + ": " +
                        std::to_string(model.sections.size()) + " sections, " +
                        std::to_string(model.placements.size()) + " placements, " +
                        text(model.temperature_degC) + " degC>";
             })
        .def(py::pickle(
            [](const Model& m_) {
                return py::make_tuple(m_.name, m_.sections, m_.placements, m_.ions,
                                      m_.temperature_degC);
            },
            [](const py::tuple& t) {
                return Model{t[0].cast<std::string>(), t[1].cast<std::vector<Section>>(),
                             t[2].cast<std::vector<Placement>>(), t[3].cast<std::vector<Ion>>(),
                             t[4].cast<double>()};
            }));
}

}  // namespace ranvier
