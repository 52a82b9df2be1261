#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <memory>
#include <vector>

#include "bindings/bindings.hpp"
#include "ranvier/solver/modes.hpp"
#include "ranvier/solver/rest.hpp"

namespace py = pybind11;
using namespace py::literals;

namespace ranvier {
namespace {

/// What was found near a guess, and the modes about it; where nothing was found they mean nothing.
class FoundRest {
public:
    FoundRest(std::shared_ptr<const Discretisation> discretisation, double guess_mV)
        : system_(std::move(discretisation)),
          state_(system_.blank_state()),
          rest_(find_near(guess_mV)),
          modes_(system_, state_) {}

    const Rest& rest() const { return rest_; }
    const State& state() const { return state_; }
    const System& system() const { return system_; }
    const Modes& modes() const { return modes_; }

private:
    Rest find_near(double guess_mV) {
        state_.potential_mV[0].assign(system_.size(), guess_mV);
        system_.update_membrane_potential(state_);
        return find_rest(system_, state_);
    }

    System system_;
    State state_;
    Rest rest_;
    Modes modes_;
};

py::array_t<double> copy_of(const std::vector<double>& values) {
    return py::array_t<double>(static_cast<py::ssize_t>(values.size()), values.data());
}

py::dict gates(const FoundRest& found) {
    py::dict all;
    for (std::size_t m = 0; m < found.state().gates.size(); ++m) {
        const auto& info = found.system().mechanisms()[m].mechanism->info;
        for (std::size_t g = 0; g < info.gates.size(); ++g) {
            all[py::make_tuple(info.name, info.gates[g].name)] = copy_of(found.state().gates[m][g]);
        }
    }
    return all;
}

const char* stability(const FoundRest& found) {
    switch (found.modes().stability()) {
        case Stability::kStable:
            return "stable";
        case Stability::kUnstable:
            return "unstable";
        default:
            return "undecided";
    }
}

py::object fastest_mode(const FoundRest& found) {
    std::optional<Mode> mode;
    {
        const py::gil_scoped_release unlocked;
        mode = found.modes().fastest();
    }
    return mode ? py::make_tuple(mode->growth_rate_per_ms, mode->frequency_kHz)
                : py::object(py::none());
}

}  // namespace

void bind_rest(py::module_& m) {
    py::class_<FoundRest>(m, "CoreRest", "A fixed point and the modes of small disturbances.")
        .def(py::init([](const std::shared_ptr<Discretisation>& discretisation, double guess_mV) {
                 const py::gil_scoped_release unlocked;
                 return std::make_unique<FoundRest>(discretisation, guess_mV);
             }),
             "discretisation"_a, "guess_mV"_a)
        .def_property_readonly("is_found", [](const FoundRest& f) { return f.rest().is_found; })
        .def_property_readonly("iterations", [](const FoundRest& f) { return f.rest().iterations; })
        .def_property_readonly("residual_mV_per_ms",
                               [](const FoundRest& f) { return f.rest().residual_mV_per_ms; })
        .def_property_readonly("rounding_mV_per_ms",
                               [](const FoundRest& f) { return f.rest().rounding_mV_per_ms; })
        .def_property_readonly("gate_rate_per_ms",
                               [](const FoundRest& f) { return f.rest().gate_rate_per_ms; })
        .def_property_readonly("compartment",
                               [](const FoundRest& f) { return f.rest().compartment; })
        .def_property_readonly("v_mV", [](const FoundRest& f) { return copy_of(f.state().v_mV); })
        .def_property_readonly("potential_mV",
                               [](const FoundRest& f) {
                                   std::vector<py::array_t<double>> layers;
                                   for (const auto& layer : f.state().potential_mV) {
                                       layers.push_back(copy_of(layer));
                                   }
                                   return layers;
                               })
        .def_property_readonly("gates", &gates)
        .def("stability", &stability)
        .def("fastest_mode", &fastest_mode)
        .def(
            "count_faster",
            [](const FoundRest& f, double rate_per_ms) {
                return f.modes().count_faster(rate_per_ms);
            },
            "rate_per_ms"_a, py::call_guard<py::gil_scoped_release>());
}

}  // namespace ranvier
