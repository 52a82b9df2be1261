#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <memory>
#include <string>
#include <vector>

#include "bindings/arrays.hpp"
#include "bindings/bindings.hpp"
#include "ranvier/base/error.hpp"
#include "ranvier/base/text.hpp"
#include "ranvier/solver/simulation.hpp"

namespace py = pybind11;
using namespace py::literals;

namespace ranvier {
namespace {

template <class T>
const T& element(const std::vector<T>& values, std::size_t index, const char* what) {
    if (index >= values.size()) {
        throw py::index_error(std::string(what) + " " + std::to_string(index) + ": there are " +
                              std::to_string(values.size()));
    }
    return values[index];
}

py::tuple trace(const Simulation& simulation, std::size_t index) {
    return trace_of(element(simulation.samples(), index, "probe"));
}

py::tuple crossings(const Simulation& simulation, std::size_t index) {
    return crossings_of(element(simulation.events(), index, "detector"));
}

py::tuple peaks(const Simulation& simulation, std::size_t index) {
    const auto& found = element(simulation.peaks(), index, "peak map");
    return py::make_tuple(copy_of(found.v_mV), copy_of(found.t_ms));
}

py::tuple take_trace(Simulation& simulation, std::size_t index) {
    element(simulation.samples(), index, "probe");
    return trace_of(simulation.take_samples(index));
}

py::object latest_crossing(const Simulation& simulation, std::size_t index) {
    const std::int32_t latest = element(simulation.events(), index, "detector").tally.latest;
    return latest < 0 ? py::none() : py::object(py::int_(latest));
}

/// What a run has moved: of each current of each mechanism, and of each ion in each layer.
py::dict ledger(const Simulation& simulation) {
    const auto& pools = simulation.system().ion_pools();
    const State state = simulation.state_with_ions_moved();
    const auto& mechanisms = simulation.discretisation().mechanisms;
    const auto name_or_none = [](std::string_view name) {
        return name.empty() ? py::object(py::none()) : py::object(py::str(std::string(name)));
    };
    py::list currents;
    for (std::size_t a = 0; a < pools.accounts.size(); ++a) {
        const IonAccount& account = pools.accounts[a];
        const auto& table = mechanisms[account.mechanism];
        currents.append(
            py::dict("mechanism"_a = table.name, "ion"_a = name_or_none(account.ion),
                     "valence"_a = account.table == nullptr ? 0 : account.table->valence,
                     "compartments"_a = copy_of(table.compartment),
                     "charge_pC"_a = copy_of(state.charge_pC[a].sum)));
    }
    py::list stores;
    for (std::size_t p = 0; p < pools.pools.size(); ++p) {
        const IonPool& pool = pools.pools[p];
        stores.append(py::dict(
            "ion"_a = pool.ion->name, "layer"_a = pool.is_inside ? "inside" : "outside",
            "valence"_a = pool.ion->valence, "capacity_um3"_a = copy_of(pool.store().capacity_um3),
            "is_held"_a = copy_of(pool.store().is_held), "start_mM"_a = copy_of(pool.start_mM()),
            "now_mM"_a = copy_of(state.concentration_mM[p]),
            "change_rest_mM"_a = copy_of(state.concentration_rest_mM[p]),
            "diffused_amol"_a = copy_of(state.diffused_amol[p].sum),
            "exchanged_amol"_a = copy_of(state.exchanged_amol[p].sum)));
    }
    return py::dict("t_ms"_a = simulation.t_ms(), "currents"_a = currents, "stores"_a = stores);
}

Quantity quantity_from(const std::string& name) {
    if (name == "v_mV") {
        return Quantity::kMembranePotential;
    }
    if (name == "layer_mV") {
        return Quantity::kLayerPotential;
    }
    if (name == "gate") {
        return Quantity::kGate;
    }
    if (name == "i_mA_cm2") {
        return Quantity::kCurrentDensity;
    }
    if (name == "i_nA") {
        return Quantity::kCurrent;
    }
    if (name == "mM") {
        return Quantity::kConcentration;
    }
    if (name == "e_mV") {
        return Quantity::kReversalPotential;
    }
    throw py::value_error("probe: quantity is '" + name +
                          "', expected v_mV, layer_mV, gate, i_mA_cm2, i_nA, mM or e_mV");
}

}  // namespace

py::tuple trace_of(const Samples& samples) {
    py::array_t<double> value(
        {static_cast<py::ssize_t>(samples.t_ms.size()), static_cast<py::ssize_t>(samples.columns)});
    std::copy(samples.value.begin(), samples.value.end(), value.mutable_data());
    return py::make_tuple(copy_of(samples.t_ms), value);
}

py::tuple crossings_of(const Events& events) {
    return py::make_tuple(copy_of(events.compartment), copy_of(events.t_ms),
                          copy_of(events.tally.count));
}

Execution execution_from(const std::string& solver, const std::string& precision, int threads) {
    Execution execution{.threads = threads};
    if (solver == "plain" || solver == "lanes") {
        execution.solver = solver == "plain" ? Solver::kPlain : Solver::kLanes;
    } else if (solver != "auto") {
        throw ModelError("solver", "is " + quoted(solver) + ", expected auto, lanes or plain");
    }
    if (precision == "single") {
        execution.precision = Precision::kSingle;
    } else if (precision != "double") {
        throw ModelError("precision", "is " + quoted(precision) + ", expected double or single");
    }
    return execution;
}

py::dict describe(const ExecutionUsed& used) {
    return py::dict("solver"_a = used.solver == Solver::kLanes ? "lanes" : "plain",
                    "precision"_a = used.precision == Precision::kSingle ? "single" : "double",
                    "threads"_a = used.threads, "isa"_a = std::string(name(used.isa)),
                    "share_solved"_a = used.share_solved, "window_error_mV"_a = used.worst_mV);
}

void bind_simulation(py::module_& m) {
    py::class_<Drive>(m, "Drive", "A current into the axoplasm: waveform times weight_nA.")
        // Arrays of these very types as they are, which is most of what comes.
        .def(py::init([](const Column<double>& t_ms, const Column<double>& value,
                         const Column<std::int32_t>& compartment, const Column<double>& weight_nA) {
                 return Drive{{vector_of(t_ms), vector_of(value)},
                              vector_of(compartment),
                              vector_of(weight_nA)};
             }),
             py::kw_only(), "t_ms"_a.noconvert(), "value"_a.noconvert(),
             "compartment"_a.noconvert(), "weight_nA"_a.noconvert())
        .def(py::init([](std::vector<double> t_ms, std::vector<double> value,
                         std::vector<std::int32_t> compartment, std::vector<double> weight_nA) {
                 return Drive{{std::move(t_ms), std::move(value)},
                              std::move(compartment),
                              std::move(weight_nA)};
             }),
             py::kw_only(), "t_ms"_a, "value"_a, "compartment"_a, "weight_nA"_a);
    py::class_<EventTrain>(m, "EventTrain", "Events for one row of a mechanism, with arguments.")
        .def(py::init([](std::string mechanism, std::int32_t compartment, std::vector<double> t_ms,
                         std::vector<double> arguments) {
                 return EventTrain{std::move(mechanism), compartment, std::move(t_ms),
                                   std::move(arguments)};
             }),
             py::kw_only(), "mechanism"_a, "compartment"_a, "t_ms"_a, "arguments"_a);
    py::class_<Probe>(m, "CoreProbe", "A probe resolved to compartments and steps.")
        .def(
            py::init([](const std::string& quantity, std::vector<std::int32_t> compartment,
                        std::int64_t every_steps, double every_ms, std::size_t layer,
                        std::string mechanism, std::string gate, std::string ion) {
                return Probe{
                    quantity_from(quantity), std::move(compartment), every_steps,   every_ms, layer,
                    std::move(mechanism),    std::move(gate),        std::move(ion)};
            }),
            py::kw_only(), "quantity"_a, "compartment"_a, "every_steps"_a = 1, "every_ms"_a = 0.0,
            "layer"_a = 0, "mechanism"_a = "", "gate"_a = "", "ion"_a = "");
    py::class_<Detector>(m, "CoreDetector", "A spike detector resolved to compartments.")
        .def(py::init([](double threshold_mV, std::vector<std::int32_t> compartment,
                         std::optional<std::int32_t> keep) {
                 return Detector{threshold_mV, std::move(compartment),
                                 keep.value_or(Detector::kEvery)};
             }),
             py::kw_only(), "threshold_mV"_a, "compartment"_a, "keep"_a = py::none());
    py::class_<PeakMap>(m, "CorePeakMap", "A map of peaks resolved to compartments and steps.")
        .def(py::init([](std::vector<std::int32_t> compartment, std::int64_t every_steps) {
                 return PeakMap{std::move(compartment), every_steps};
             }),
             py::kw_only(), "compartment"_a, "every_steps"_a = 1);
    m.def(
        "resolve_method",
        [](const std::string& name, std::map<std::string, double> parameters) {
            const MethodEntry* entry = nullptr;
            const auto values = resolve({name, std::move(parameters)}, &entry);
            py::dict resolved;
            for (std::size_t p = 0; p < values.size(); ++p) {
                resolved[py::str(entry->info.parameters[p].name)] = values[p];
            }
            return resolved;
        },
        "name"_a, "parameters"_a, "All of a method's parameters; ModelError where one is wrong.");
    py::class_<Simulation>(m, "CoreSimulation", "A run: the only mutable thing.")
        .def(py::init([](const std::shared_ptr<Discretisation>& discretisation,
                         const std::string& method, std::map<std::string, double> parameters,
                         std::vector<Drive> drives, std::vector<Probe> probes,
                         std::vector<Detector> detectors, std::vector<PeakMap> peak_maps,
                         const std::string& solver, const std::string& precision, int threads,
                         std::vector<EventTrain> trains) {
                 return std::make_unique<Simulation>(
                     discretisation, MethodChoice{method, std::move(parameters)}, std::move(drives),
                     std::move(probes), std::move(detectors),
                     execution_from(solver, precision, threads), std::move(peak_maps),
                     std::move(trains));
             }),
             "discretisation"_a, py::kw_only(), "method"_a, "parameters"_a,
             "drives"_a = std::vector<Drive>{}, "probes"_a = std::vector<Probe>{},
             "detectors"_a = std::vector<Detector>{}, "peak_maps"_a = std::vector<PeakMap>{},
             "solver"_a = "auto", "precision"_a = "double", "threads"_a = 1,
             "trains"_a = std::vector<EventTrain>{})
        .def("initialise", &Simulation::initialise, "v_mV"_a,
             py::call_guard<py::gil_scoped_release>())
        .def(
            "initialise_at_rest",
            [](Simulation& simulation, double guess_mV) {
                Rest rest{};
                {
                    const py::gil_scoped_release unlocked;
                    rest = simulation.initialise_at_rest(guess_mV);
                }
                return py::make_tuple(rest.residual_mV_per_ms, rest.iterations);
            },
            "guess_mV"_a)
        .def(
            "advance",
            [](Simulation& simulation, std::int64_t steps, double t_stop_ms) {
                simulation.advance(steps, t_stop_ms);
            },
            "steps"_a, "t_stop_ms"_a = Simulation::kForever_ms,
            py::call_guard<py::gil_scoped_release>())
        .def_property_readonly("step", &Simulation::step)
        .def_property_readonly("t_ms", &Simulation::t_ms)
        .def_property_readonly("dt_ms", &Simulation::dt_ms)
        .def_property_readonly("bytes", &Simulation::bytes)
        .def_property_readonly("execution",
                               [](const Simulation& s) { return describe(s.execution()); })
        .def_property_readonly("v_mV", [](const Simulation& s) { return copy_of(s.state().v_mV); })
        .def(
            "potential_mV",
            [](const Simulation& s, std::size_t layer) {
                return copy_of(element(s.state().potential_mV, layer, "layer"));
            },
            "layer"_a)
        .def("trace", &trace, "probe"_a)
        .def("take_trace", &take_trace, "probe"_a)
        .def("crossings", &crossings, "detector"_a)
        .def("latest_crossing", &latest_crossing, "detector"_a)
        .def("peaks", &peaks, "peak_map"_a)
        .def("ledger", &ledger)
        .def("snapshot", [](Simulation& s) { return py::bytes(s.snapshot()); })
        .def("restore", &Simulation::restore, "snapshot"_a);
}

}  // namespace ranvier
