#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <memory>
#include <string>
#include <vector>

#include "bindings/arrays.hpp"
#include "bindings/bindings.hpp"
#include "ranvier/solver/batch.hpp"

namespace py = pybind11;
using namespace py::literals;

namespace ranvier {
namespace {

std::string status_name(BatchStatus status) {
    switch (status) {
        case BatchStatus::kCompleted:
            return "completed";
        case BatchStatus::kStopped:
            return "stopped";
        case BatchStatus::kDiverged:
            return "diverged";
        case BatchStatus::kFailed:
            return "failed";
        case BatchStatus::kNotRun:
            break;
    }
    return "interrupted";
}

py::list run(const std::vector<BatchRun>& runs, const std::string& method,
             std::map<std::string, double> parameters, const std::string& solver,
             const std::string& precision, int threads, const py::object& progress) {
    const MethodChoice choice{method, std::move(parameters)};
    const Execution execution = execution_from(solver, precision, threads);
    std::vector<BatchOutcome> outcomes;
    {
        const py::gil_scoped_release unlocked;
        outcomes = run_batch(runs, choice, execution, [&](double share) {
            const py::gil_scoped_acquire locked;
            // Ctrl-C ends the batch, and what is finished stays; Python raises afterwards. What
            // else a signal's handler or the callback raises reaches the caller as it is.
            try {
                if (PyErr_CheckSignals() != 0) {
                    throw py::error_already_set();
                }
                if (!progress.is_none()) {
                    progress(share);
                }
            } catch (const py::error_already_set& error) {
                if (!error.matches(PyExc_KeyboardInterrupt)) {
                    throw;
                }
                return true;
            }
            return false;
        });
    }
    py::list results;
    for (const BatchOutcome& outcome : outcomes) {
        py::list traces;
        for (const Samples& samples : outcome.samples) {
            traces.append(trace_of(samples));
        }
        py::list crossings;
        for (const Events& events : outcome.events) {
            crossings.append(crossings_of(events));
        }
        results.append(
            py::dict("status"_a = status_name(outcome.status), "message"_a = outcome.message,
                     "t_ms"_a = outcome.t_ms, "steps"_a = outcome.steps, "traces"_a = traces,
                     "crossings"_a = crossings, "execution"_a = describe(outcome.execution)));
    }
    return results;
}

}  // namespace

void bind_batch(py::module_& m) {
    py::class_<BatchRun>(m, "BatchRun", "One run of a batch.")
        .def(
            py::init(
                [](const std::shared_ptr<Discretisation>& discretisation, std::vector<Drive> drives,
                   std::vector<Probe> probes, std::vector<Detector> detectors, double t_stop_ms,
                   std::optional<double> v_init_mV, double v_rest_guess_mV,
                   std::optional<std::size_t> stops_at_detector, std::vector<EventTrain> trains) {
                    return BatchRun{discretisation,       std::move(drives), std::move(probes),
                                    std::move(detectors), t_stop_ms,         v_init_mV,
                                    v_rest_guess_mV,      stops_at_detector, std::move(trains)};
                }),
            "discretisation"_a, py::kw_only(), "drives"_a, "probes"_a, "detectors"_a, "t_stop_ms"_a,
            "v_init_mV"_a = py::none(), "v_rest_guess_mV"_a = -70.0,
            "stops_at_detector"_a = py::none(), "trains"_a = std::vector<EventTrain>{});
    m.def("run_batch", &run, "runs"_a, py::kw_only(), "method"_a, "parameters"_a,
          "solver"_a = "auto", "precision"_a = "double", "threads"_a = 1, "progress"_a = py::none(),
          "All runs, eight at a time: one dict of what happened per run.");
}

}  // namespace ranvier
