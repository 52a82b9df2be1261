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
    double drive_factor = 1.0;           // `drives` are so many times as strong as they say
    std::vector<Drive> background = {};  // drives that no factor changes
    bool is_alone = false;               // spread over all lanes, beside nobody
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

/// The same run once more, from the same start, at another strength and for another time.
struct NextRun {
    double drive_factor = 1.0;
    double t_stop_ms = 0.0;
};

/// Asked when a run is over, by the thread that ran it. Runs in the lanes of one block are asked in
/// the order in which they end, and of runs that end with the same step in that of the lanes.
using AfterRun =
    std::function<std::optional<NextRun>(std::size_t run, const BatchOutcome& outcome)>;

/// Whether runs of it share lanes with others: else each is run to its end, searches included,
/// before the next begins. Throws ModelError if the method is unknown.
bool goes_side_by_side(const Discretisation& discretisation, const MethodChoice& method,
                       const Execution& execution);

/// Whether some runs of it are sooner done one by one, each spread over all lanes, than side by
/// side, up to how many: 0 where its rows are too few to fill the lanes.
std::size_t most_alone(const Discretisation& discretisation);

/// Runs all of them; what one run does never depends on the others, and one that fails says so in
/// its outcome. Runs that cannot go through lanes are done one by one by the plain solver.
///
/// Throws ModelError, before anything runs, if the method or RANVIER_ISA is unknown, or what
/// `is_interrupted` throws, once all threads are done. `is_interrupted` is asked
/// now and then by one thread; once it says yes, runs that are not over keep kNotRun, or what they
/// have. With `after`, searches: a fibre stays in its lane, with all that was made ready for it, as
/// long as another run of it is asked for, and its outcome is that of the last.
std::vector<BatchOutcome> run_batch(const std::vector<BatchRun>& runs, const MethodChoice& method,
                                    const Execution& execution,
                                    const std::function<bool(double share_done)>& is_interrupted,
                                    const AfterRun& after = {});

}  // namespace ranvier
