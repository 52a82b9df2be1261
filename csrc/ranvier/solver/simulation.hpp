// A run: the only mutable thing.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ranvier/discretisation/discretisation.hpp"
#include "ranvier/drive/drive.hpp"
#include "ranvier/drive/event_train.hpp"
#include "ranvier/recording/probe.hpp"
#include "ranvier/recording/recorder.hpp"
#include "ranvier/solver/event_queue.hpp"
#include "ranvier/solver/method.hpp"
#include "ranvier/solver/rest.hpp"
#include "ranvier/solver/state.hpp"
#include "ranvier/solver/system.hpp"

namespace ranvier {

/// Steps a discretisation through time under drives and events, and records.
///
/// An event changes the states of one row at once. A step ends where it arrives, and it is
/// delivered before the next: a sample of that time is of what was before.
///
/// Everything a step does is noexcept; when a run blows up, the block of steps that led there is
/// repeated to find the first bad one. Methods that choose their steps end
/// one wherever a drive jumps or bends.
class Simulation {
public:
    /// Throws ModelError if the discretisation is not sound, or drives, event trains, probes,
    /// detectors or peak maps do not fit it. Does not initialise.
    Simulation(std::shared_ptr<const Discretisation> discretisation, const MethodChoice& method,
               std::vector<Drive> drives, std::vector<Probe> probes,
               std::vector<Detector> detectors, const Execution& execution = {},
               std::vector<PeakMap> peak_maps = {}, std::vector<EventTrain> trains = {});

    using MakeMethod = std::function<std::unique_ptr<Method>(const System&)>;

    /// With a method that the caller makes, which is that of `choice` in another form.
    Simulation(std::shared_ptr<const Discretisation> discretisation, const MethodChoice& choice,
               const MakeMethod& make, std::vector<Drive> drives, std::vector<Probe> probes,
               std::vector<Detector> detectors, std::vector<PeakMap> peak_maps = {},
               std::vector<EventTrain> trains = {});

    /// Pinned: the method refers to the system in here.
    Simulation(const Simulation&) = delete;
    Simulation& operator=(const Simulation&) = delete;

    /// Starts anew at t = 0 with every membrane at v, gates in their steady state.
    void initialise(double v_mV);

    /// Starts anew at t = 0 from the resting state near `guess_mV`. Throws ModelError if none is
    /// found.
    Rest initialise_at_rest(double guess_mV);

    /// Takes at most `steps` steps, and none from `t_stop_ms` on, where a method that chooses its
    /// steps ends one: with the same `t_stop_ms` it is the same run in one go and in pieces. Throws
    /// DivergedError if a potential is no longer finite or beyond 10 V after a step, or if no step
    /// is short enough; the simulation then stands at the last good step with all samples up to it.
    /// With `until_seen` the last step is that in which this detector has seen something.
    void advance(std::int64_t steps, double t_stop_ms = kForever_ms,
                 std::optional<std::size_t> until_seen = std::nullopt);
    bool has_seen(std::optional<std::size_t> detector) const;

    /// For whoever steps several runs at once: what step is to be taken next, and then that it was.
    /// What a run that diverges has recorded ends before the step that did it. Only where the
    /// method keeps its own state.
    LaneStep begin_step();
    void end_step(const LaneStep& step, std::span<const LaneCrossing> crossings, bool is_sound);
    bool has_arrived(double t_stop_ms) const;
    /// Throws DivergedError if anything is not as it should be, also where not every step is looked
    /// at: potentials under a sheath, and gates.
    void look_closely() const;
    const System& system() const noexcept { return system_; }

    static constexpr double kForever_ms = std::numeric_limits<double>::infinity();

    /// Made first where the method keeps the state in a form of its own, and then there until the
    /// next step.
    const State& state() const;

    /// A copy in which nothing waits for ions that are moved every so many steps: their books.
    State state_with_ions_moved() const;
    std::int64_t step() const noexcept { return state_.step; }
    double t_ms() const noexcept { return state_.t_ms; }
    const Discretisation& discretisation() const noexcept { return system_.discretisation(); }
    const std::vector<Samples>& samples() const noexcept { return samples_; }
    /// Hands over what a probe has recorded so far, and records on from there: for runs whose
    /// samples go elsewhere piece by piece. Samples that are handed over are never taken back.
    Samples take_samples(std::size_t probe);
    const std::vector<Events>& events() const noexcept { return events_; }
    const std::vector<Peaks>& peaks() const noexcept { return peaks_; }
    const std::vector<Detector>& detectors() const noexcept { return detectors_; }
    const std::vector<Probe>& probes() const noexcept { return probes_; }
    double dt_ms() const noexcept { return method_->dt_ms(); }
    ExecutionUsed execution() const noexcept;
    /// Bytes that the run holds beyond its discretisation and what it has recorded.
    std::size_t bytes() const noexcept;

    /// The whole state as bytes, for this build's byte order and floating-point format.
    /// Where steps are of several lengths, all come to the present first.
    std::string snapshot();

    /// Goes on bit for bit from where `snapshot` was taken, and records anew from there.
    /// Throws ModelError if the bytes come from another model or are damaged.
    void restore(const std::string& snapshot);

    /// Begins under other drives with the state() that a simulation of the same discretisation and
    /// method has begun with. `is_at_rest` says that it is a resting state. Throws ModelError if
    /// the drives do not fit.
    void start_from(const State& start, bool is_at_rest, std::vector<Drive> drives);

private:
    struct Fault {
        std::int32_t compartment;
        std::string variable;
        std::string expected = {};  // else finite values
    };

    /// Where in the state a probe's mechanism is.
    struct ProbedRow {
        std::size_t mechanism = 0;
        std::size_t gate = 0;
        std::vector<std::size_t> row;  // per column
    };

    ProbedRow check_probe(const Probe& probe, std::size_t index) const;
    void set_drives(std::vector<Drive> drives);
    void check_ion_probe(const Probe& probe, const std::string& subject) const;
    double probed_ion(const Probe& probe, std::size_t compartment, double share) const;
    void show_concentrations() const;
    void set_uniform(double v_mV);
    void check_reductions() const;
    void begin_reductions();
    void record_peaks();
    void begin(bool is_at_rest = false);
    /// Where the method keeps the state, its arrays here are only for whoever looks at them.
    void release_arrays() const;
    void leave_it_to_the_method();
    void drop_areas() noexcept;
    void record();
    bool step_and_record(double t_stop_ms);
    void note_times();
    void deliver_events();
    void receive(const EventQueue::Event& event);
    void note_jump();
    double slack_ms() const noexcept;
    void note_crossings(std::int64_t step);
    /// The value `share` of the way through the last step; at 1 that of the present state.
    double probed(std::size_t probe, std::size_t column, double share) const;
    double potential_mV(std::size_t layer, std::size_t compartment, double share) const;
    Bend v_bend(std::size_t compartment) const;  // of the membrane potential in the last step
    double next_stop_ms(double t_stop_ms) const;
    bool potentials_are_sound() const;
    bool concentrations_are_sound() const;
    std::optional<Fault> find_fault() const;
    [[noreturn]] void diverged(double t_ms, const Fault& fault) const;

    System system_;
    std::unique_ptr<Method> method_;
    std::uint64_t fingerprint_;  // of discretisation and method, which a snapshot must share
    std::vector<Drive> drives_;
    EventQueue arrivals_;
    std::vector<Drive> marked_drives_;  // with where events arrive; empty without any
    std::vector<Probe> probes_;
    std::vector<Detector> detectors_;
    bool is_adaptive_;
    std::vector<double> breakpoints_ms_;  // of all drives and events, ascending: steps end there
    std::vector<double> jumps_ms_;        // those at which a drive jumps, and events
    std::vector<double> arrivals_ms_;     // of events alone
    std::vector<ProbedRow> probed_;       // per probe
    OwnState* own_;                       // of the method, or null
    mutable State state_;  // without arrays where the method keeps its own: see state()
    State before_;         // the start of the last step, where dense output is wanted
    bool keeps_before_ = false;
    bool began_ = false;    // a step was taken since the first sample
    double last_ms_ = 0.0;  // the start of the last step
    std::vector<Samples> samples_;
    std::vector<Events> events_;
    std::int64_t marked_step_ = -1;  // since when they can be counted back, by begin_step()
    std::vector<PeakMap> peak_maps_;
    std::vector<Peaks> peaks_;     // per map
    std::vector<double> seen_mV_;  // work
    bool is_initialised_ = false;
    std::vector<std::vector<double>> watched_mV_;  // per detector: v at the end of the last step
};

}  // namespace ranvier
