#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <memory>
#include <string>
#include <utility>
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

/// What a search asks after.
py::dict describe_answer(const BatchOutcome& outcome) {
    py::list crossings;
    for (const Events& events : outcome.events) {
        crossings.append(crossings_of(events));
    }
    return py::dict("status"_a = status_name(outcome.status), "message"_a = outcome.message,
                    "t_ms"_a = outcome.t_ms, "crossings"_a = crossings);
}

py::dict describe_outcome(const BatchOutcome& outcome) {
    py::list traces;
    for (const Samples& samples : outcome.samples) {
        traces.append(trace_of(samples));
    }
    py::dict described = describe_answer(outcome);
    described["steps"] = outcome.steps;
    described["traces"] = traces;
    described["execution"] = describe(outcome.execution);
    return described;
}

py::list run(const std::vector<BatchRun>& runs, const std::string& method,
             std::map<std::string, double> parameters, const std::string& solver,
             const std::string& precision, int threads, const py::object& progress,
             const py::object& after) {
    const MethodChoice choice{method, std::move(parameters)};
    const Execution execution = execution_from(solver, precision, threads);
    AfterRun next;
    if (!after.is_none()) {
        next = [&](std::size_t k, const BatchOutcome& outcome) -> std::optional<NextRun> {
            const py::gil_scoped_acquire locked;
            const py::object asked = after(k, describe_answer(outcome));
            if (asked.is_none()) {
                return std::nullopt;
            }
            const auto [factor, t_stop_ms] = asked.cast<std::pair<double, double>>();
            return NextRun{factor, t_stop_ms};
        };
    }
    std::vector<BatchOutcome> outcomes;
    {
        const py::gil_scoped_release unlocked;
        const auto is_interrupted = [&](double share) {
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
        };
        outcomes = run_batch(runs, choice, execution, is_interrupted, next);
    }
    py::list results;
    for (const BatchOutcome& outcome : outcomes) {
        results.append(describe_outcome(outcome));
    }
    return results;
}

}  // namespace

void bind_batch(py::module_& m) {
    py::class_<BatchRun>(m, "BatchRun", "One run of a batch.")
        .def(py::init([](const std::shared_ptr<Discretisation>& discretisation,
                         std::vector<Drive> drives, std::vector<Probe> probes,
                         std::vector<Detector> detectors, double t_stop_ms,
                         std::optional<double> v_init_mV, double v_rest_guess_mV,
                         std::optional<std::size_t> stops_at_detector,
                         std::vector<Drive> background, std::vector<EventTrain> trains) {
                 return BatchRun{.discretisation = discretisation,
                                 .drives = std::move(drives),
                                 .probes = std::move(probes),
                                 .detectors = std::move(detectors),
                                 .t_stop_ms = t_stop_ms,
                                 .v_init_mV = v_init_mV,
                                 .v_rest_guess_mV = v_rest_guess_mV,
                                 .stops_at_detector = stops_at_detector,
                                 .trains = std::move(trains),
                                 .background = std::move(background)};
             }),
             "discretisation"_a, py::kw_only(), "drives"_a, "probes"_a, "detectors"_a,
             "t_stop_ms"_a, "v_init_mV"_a = py::none(), "v_rest_guess_mV"_a = -70.0,
             "stops_at_detector"_a = py::none(), "background"_a = std::vector<Drive>(),
             "trains"_a = std::vector<EventTrain>())
        .def(
            "driven",
            [](BatchRun run, double drive_factor, double t_stop_ms, bool is_alone) {
                run.drive_factor = drive_factor;
                run.t_stop_ms = t_stop_ms;
                run.is_alone = is_alone;
                return run;
            },
            "drive_factor"_a, "t_stop_ms"_a, "is_alone"_a = false,
            "The same run with drives so many times as strong, until another time, and beside "
            "others or not.");
    m.def(
        "goes_side_by_side",
        [](const Discretisation& discretisation, const std::string& method,
           std::map<std::string, double> parameters, const std::string& solver) {
            return goes_side_by_side(discretisation, {method, std::move(parameters)},
                                     execution_from(solver, "double", 1));
        },
        "discretisation"_a, py::kw_only(), "method"_a, "parameters"_a, "solver"_a = "auto",
        "Whether runs of it share lanes with others.");
    m.def("most_alone", &most_alone, "discretisation"_a,
          "Up to how many runs of it are sooner done one by one than side by side.");
    m.def("run_batch", &run, "runs"_a, py::kw_only(), "method"_a, "parameters"_a,
          "solver"_a = "auto", "precision"_a = "double", "threads"_a = 1, "progress"_a = py::none(),
          "after"_a = py::none(), "All runs, eight at a time: one dict of what happened per run.");
}

}  // namespace ranvier
