// Many runs in one call: fibres of equal shape share lanes, eight at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ranvier/discretisation/discretisation.hpp"
#include "ranvier/drive/drive.hpp"
#include "ranvier/drive/event_train.hpp"
#include "ranvier/recording/probe.hpp"
#include "ranvier/recording/recorder.hpp"
#include "ranvier/solver/execution.hpp"
#include "ranvier/solver/method.hpp"

namespace ranvier {

/// One run of a batch.
struct BatchRun {
    std::shared_ptr<const Discretisation> discretisation;
    std::vector<Drive> drives;
    std::vector<Probe> probes;
    std::vector<Detector> detectors;
    double t_stop_ms = 0.0;
    std::optional<double> v_init_mV;  // none: from rest
    double v_rest_guess_mV = -70.0;
    /// The run ends early, with the step, once this detector has seen something.
    std::optional<std::size_t> stops_at_detector;
    std::vector<EventTrain> trains = {};
};

enum class BatchStatus : std::uint8_t { kCompleted, kStopped, kDiverged, kFailed, kNotRun };

struct BatchOutcome {
    BatchStatus status = BatchStatus::kNotRun;
    std::string message;  // of what went wrong
    double t_ms = 0.0;
    std::int64_t steps = 0;
    std::vector<Samples> samples;
    std::vector<Events> events;
    ExecutionUsed execution;
};

/// Runs all of them; what one run does never depends on the others, and one that fails says so in
/// its outcome. Runs that cannot go through lanes are done one by one by the plain solver.
///
/// Throws ModelError, before anything runs, if the method or RANVIER_ISA is unknown, or what
/// `is_interrupted` throws, once all threads are done. `is_interrupted` is asked
/// now and then by one thread; once it says yes, runs that are not over keep kNotRun, or what they
/// have.
std::vector<BatchOutcome> run_batch(const std::vector<BatchRun>& runs, const MethodChoice& method,
                                    const Execution& execution,
                                    const std::function<bool(double share_done)>& is_interrupted);

}  // namespace ranvier
