#include "ranvier/solver/simulation.hpp"

#include <algorithm>
#include <cmath>

#include "ranvier/base/error.hpp"
#include "ranvier/base/text.hpp"
#include "ranvier/mechanisms/registry.hpp"
#include "ranvier/solver/fingerprint.hpp"
#include "ranvier/solver/lanes/cable_kernels.hpp"

namespace ranvier {
namespace {

/// Steps between two copies of the state: rare enough to cost nothing, and the most that is
/// repeated to find a fault.
constexpr std::int64_t kStepsPerBlock = 128;

/// How long steps are shortened after a start that is no rest. A time, because a potential that is
/// held elsewhere goes as the square root of time there, whatever the step.
constexpr double kSettling_ms = 0.1;

/// Two times closer than this are one.
constexpr double kTimeRounding_ms = 1e-9;

/// No membrane survives a fraction of this, and no electrode in the field imposes it.
constexpr double kLargest_mV = kLargestPotential_mV;

const MethodInfo& info_of(const MethodChoice& method) {
    const MethodEntry* entry = nullptr;
    resolve(method, &entry);
    return entry->info;
}

/// Guests of the core hand in what they like; everything behind this relies on it.
std::shared_ptr<const Discretisation> checked(
    std::shared_ptr<const Discretisation> discretisation) {
    check(*discretisation);
    return discretisation;
}

}  // namespace

Simulation::Simulation(std::shared_ptr<const Discretisation> discretisation,
                       const MethodChoice& method, std::vector<Drive> drives,
                       std::vector<Probe> probes, std::vector<Detector> detectors,
                       const Execution& execution, std::vector<PeakMap> peak_maps,
                       std::vector<EventTrain> trains)
    : Simulation(
          std::move(discretisation), method,
          [&](const System& system) { return make_method(method, system, execution); },
          std::move(drives), std::move(probes), std::move(detectors), std::move(peak_maps),
          std::move(trains)) {}

Simulation::Simulation(std::shared_ptr<const Discretisation> discretisation,
                       const MethodChoice& method, const MakeMethod& make,
                       std::vector<Drive> drives, std::vector<Probe> probes,
                       std::vector<Detector> detectors, std::vector<PeakMap> peak_maps,
                       std::vector<EventTrain> trains)
    : system_(checked(std::move(discretisation))),
      method_(make(system_)),
      fingerprint_(fingerprint_of(system_.discretisation(), method)),
      arrivals_(system_, std::move(trains)),
      probes_(std::move(probes)),
      detectors_(std::move(detectors)),
      is_adaptive_(info_of(method).is_adaptive),
      own_(method_->own_state()),
      peak_maps_(std::move(peak_maps)) {
    if (own_ == nullptr) {
        state_ = system_.blank_state();
    }
    set_drives(std::move(drives));
    for (std::size_t p = 0; p < probes_.size(); ++p) {
        probed_.push_back(check_probe(probes_[p], p));
        keeps_before_ = keeps_before_ || probes_[p].every_ms > 0.0;
    }
    check_reductions();
}

void Simulation::set_drives(std::vector<Drive> drives) {
    for (const auto& drive : drives) {
        check(drive, system_.size());
    }
    drives_ = std::move(drives);
    for (auto* times : {&breakpoints_ms_, &jumps_ms_, &arrivals_ms_}) {
        times->clear();
    }
    note_times();
}

Simulation::ProbedRow Simulation::check_probe(const Probe& probe, std::size_t index) const {
    const std::string subject = "probe " + std::to_string(index);
    if (probe.every_steps < 1) {
        throw ModelError(subject, "every_steps is " + std::to_string(probe.every_steps) +
                                      ", expected 1 or more");
    }
    if (probe.every_ms != 0.0 &&
        !(is_adaptive_ && probe.every_ms > 0.0 && std::isfinite(probe.every_ms))) {
        throw ModelError(subject, "every_ms is " + text(probe.every_ms) +
                                      ", expected 0, or above 0 with a method that chooses its "
                                      "steps");
    }
    if (probe.quantity == Quantity::kLayerPotential && probe.layer >= system_.potentials()) {
        throw ModelError(subject, "asks for the periaxonal space, expected a model with a sheath");
    }
    for (const std::int32_t compartment : probe.compartment) {
        if (compartment < 0 || static_cast<std::size_t>(compartment) >= system_.size()) {
            throw ModelError(subject, "is at compartment " + std::to_string(compartment) +
                                          ", expected 0 to " + std::to_string(system_.size() - 1));
        }
    }
    ProbedRow place;
    if (probe.quantity == Quantity::kConcentration ||
        probe.quantity == Quantity::kReversalPotential) {
        check_ion_probe(probe, subject);
        return place;
    }
    const bool is_density = probe.quantity == Quantity::kCurrentDensity;
    if (probe.quantity != Quantity::kGate && probe.quantity != Quantity::kCurrent && !is_density) {
        return place;
    }
    std::vector<std::string> names;
    for (const auto& bound : system_.mechanisms()) {
        names.emplace_back(bound.table->name);
        if (bound.table->name != probe.mechanism) {
            continue;
        }
        if (probe.quantity == Quantity::kGate) {
            std::vector<std::string> gates;
            for (const auto& gate : bound.mechanism->info.gates) {
                gates.emplace_back(gate.name);
            }
            place.gate =
                static_cast<std::size_t>(std::ranges::find(gates, probe.gate) - gates.begin());
            if (place.gate == gates.size()) {
                throw ModelError(subject, "channel " + quoted(probe.mechanism) + " has no gate " +
                                              quoted(probe.gate) + ", " +
                                              expected_one_of(probe.gate, gates));
            }
        }
        if (probe.quantity != Quantity::kGate && is_density == bound.mechanism->info.is_point) {
            throw ModelError(subject, "asks for a current of " + quoted(probe.mechanism) + " in " +
                                          (is_density ? "mA/cm2, expected i_nA of what is at points"
                                                      : "nA, expected i_mA_cm2 of a density"));
        }
        const auto& rows = bound.table->compartment;
        for (const std::int32_t compartment : probe.compartment) {
            const auto row = std::ranges::lower_bound(rows, compartment);
            place.row.push_back(static_cast<std::size_t>(row - rows.begin()));
            if (row == rows.end() || *row != compartment) {
                throw ModelError(subject, "channel " + quoted(probe.mechanism) + " is not at " +
                                              discretisation().label(compartment) +
                                              ", expected a place that carries it");
            }
        }
        place.mechanism = names.size() - 1;
        return place;
    }
    throw ModelError(subject, "channel " + quoted(probe.mechanism) + " is not in this model, " +
                                  expected_one_of(probe.mechanism, names));
}

void Simulation::initialise(double v_mV) {
    set_uniform(v_mV);
    state_.gates = system_.blank_gates();
    system_.start_gates(state_);
    begin();
    leave_it_to_the_method();
}

/// Potentials alone.
void Simulation::set_uniform(double v_mV) {
    if (!(std::abs(v_mV) <= kLargest_mV)) {
        throw ModelError("v_init_mV", "is " + text(v_mV) + ", expected -" + text(kLargest_mV) +
                                          " to " + text(kLargest_mV) + " mV");
    }
    is_initialised_ = false;
    system_.make_areas();
    state_ = State();
    system_.ion_pools().begin(discretisation(), state_);
    show_concentrations();
    state_.potential_mV.assign(system_.potentials(), std::vector<double>(system_.size(), 0.0));
    state_.v_mV.assign(system_.size(), 0.0);
    std::ranges::fill(state_.potential_mV[0], v_mV);
    system_.update_membrane_potential(state_);
    state_.jumped_ms = state_.t_ms;
    state_.settling_ms = kSettling_ms;
}

Rest Simulation::initialise_at_rest(double guess_mV) {
    set_uniform(guess_mV);
    const Rest rest = find_rest(system_, state_);
    if (!rest.is_found) {
        throw ModelError("resting potential",
                         "none was found near " + text(guess_mV) + " mV (" +
                             text(rest.residual_mV_per_ms) + " mV/ms left after " +
                             std::to_string(rest.iterations) +
                             " iterations), expected a membrane that settles; give v_init_mV");
    }
    state_.jumped_ms = Moment{}.jumped_ms;
    drop_areas();  // before there is room for what the method makes of the state
    begin(true);
    leave_it_to_the_method();
    return rest;
}

/// Clears the recordings and takes the first sample.
void Simulation::begin(bool is_at_rest) {
    samples_.assign(probes_.size(), {});
    for (std::size_t p = 0; p < probes_.size(); ++p) {
        samples_[p].columns = probes_[p].compartment.size();
    }
    if (own_ != nullptr) {
        // Peaks are read as if they were probes behind the others.
        std::vector<Probe> read = probes_;
        for (const auto& map : peak_maps_) {
            Probe& last = read.emplace_back();
            last.compartment = map.compartment;
        }
        const auto& drives = arrivals_.is_empty() ? drives_ : marked_drives_;
        own_->begin(state_, is_at_rest, drives, detectors_, read);
    }
    arrivals_.begin(state_.t_ms - slack_ms());
    watched_mV_.clear();
    for (const auto& detector : detectors_) {
        if (own_ != nullptr) {
            break;  // it watches by itself
        }
        auto& watched = watched_mV_.emplace_back();
        for (const std::int32_t compartment : detector.compartment) {
            watched.push_back(state_.v_mV[static_cast<std::size_t>(compartment)]);
        }
    }
    is_initialised_ = true;
    began_ = false;
    begin_reductions();
    record();
}

const State& Simulation::state() const {
    if (own_ != nullptr) {
        if (state_.v_mV.empty()) {
            State blank = system_.blank_state();
            static_cast<Moment&>(blank) = state_;
            if (!state_.concentration_mM.empty()) {
                static_cast<IonState&>(blank) = std::move(static_cast<IonState&>(state_));
            }
            state_ = std::move(blank);
        }
        if (is_initialised_) {
            own_->store(state_);
        }
    }
    return state_;
}

/// Where the method has the state and the membrane in a form of its own, those here only take
/// space.
void Simulation::leave_it_to_the_method() {
    if (own_ != nullptr) {
        release_arrays();
        drop_areas();
    }
}

ExecutionUsed Simulation::execution() const noexcept {
    return own_ != nullptr ? own_->execution() : ExecutionUsed{};
}

double Simulation::potential_mV(std::size_t layer, std::size_t compartment, double share) const {
    if (own_ != nullptr) {
        return own_->potential_mV(layer, compartment);
    }
    const double after_mV = state_.potential_mV[layer][compartment];
    if (share == 1.0) {
        return after_mV;
    }
    return between(before_.potential_mV[layer][compartment], after_mV,
                   method_->potential_bend(layer, compartment), share);
}

double Simulation::probed(std::size_t p, std::size_t column, double share) const {
    const Probe& probe = probes_[p];
    const auto i = static_cast<std::size_t>(probe.compartment[column]);
    if (!probe.ion.empty()) {
        return probed_ion(probe, i, share);
    }
    if (probe.quantity == Quantity::kLayerPotential) {
        return potential_mV(probe.layer, i, share);
    }
    const double outside_mV = system_.potentials() == 1 ? 0.0 : potential_mV(1, i, share);
    const double v_mV = potential_mV(0, i, share) - outside_mV;
    if (probe.quantity == Quantity::kMembranePotential) {
        return v_mV;
    }
    const std::size_t m = probed_[p].mechanism;
    const std::size_t row = probed_[p].row[column];
    const auto& bound = system_.mechanisms()[m];
    // One row on its own, at unit area: the kernel then adds up a density.
    std::array<double, BoundRows::kMostGates> gate{};
    std::array<double*, BoundRows::kMostGates> gate_pointers{};
    for (std::size_t g = 0; g < bound.mechanism->info.gates.size(); ++g) {
        gate[g] = own_ != nullptr ? own_->gate(m, g, row) : state_.gates[m][g][row];
        if (share < 1.0) {
            gate[g] =
                between(before_.gates[m][g][row], gate[g], method_->gate_bend(m, g, row), share);
        }
        gate_pointers[g] = &gate[g];
    }
    const std::size_t gates = bound.mechanism->info.gates.size();
    const BoundRows one(bound, std::span(gate_pointers).first(gates), row);
    const Rows& single = one.rows();
    if (state_.gates_lag_ms > 0.0) {
        bound.mechanism->kernels.advance(single, &v_mV, state_.gates_lag_ms);
    }
    if (probe.quantity == Quantity::kGate) {
        return gate[probed_[p].gate];
    }
    double current_mA_cm2 = 0.0;
    double conductance_S_cm2 = 0.0;
    bound.mechanism->kernels.current(single, &v_mV, &current_mA_cm2, &conductance_S_cm2);
    return current_mA_cm2;
}

/// Every sample that the last step brings; at the start of a run, the first.
void Simulation::record() {
    record_peaks();
    for (std::size_t p = 0; p < probes_.size(); ++p) {
        const Probe& probe = probes_[p];
        Samples& samples = samples_[p];
        if (probe.quantity == Quantity::kCurrentDensity ||
            probe.quantity == Quantity::kReversalPotential) {
            show_concentrations();
        }
        const auto sample = [&](double t_ms, double share) {
            samples.step.push_back(state_.step);
            samples.t_ms.push_back(t_ms);
            if (own_ != nullptr && probe.quantity == Quantity::kMembranePotential) {
                samples.value.resize(samples.value.size() + samples.columns);
                own_->read_v_mV(p, samples.value.data() + samples.value.size() - samples.columns);
                return;
            }
            for (std::size_t column = 0; column < probe.compartment.size(); ++column) {
                samples.value.push_back(probed(p, column, share));
            }
        };
        if (probe.every_ms == 0.0) {
            if (state_.step % probe.every_steps == 0) {
                sample(state_.t_ms, 1.0);
            }
            continue;
        }
        // Counted from t = 0 by the grid itself, so that it does not depend on the way here. A
        // point that rounding puts just beyond the end of a step belongs to it.
        const double from_ms = began_ ? before_.t_ms : state_.t_ms;
        const double slack = 1e-9;
        auto k = began_ ? std::floor(from_ms / probe.every_ms + slack) + 1.0
                        : std::ceil(from_ms / probe.every_ms - slack) + 0.0;  // no -0
        for (; k <= state_.t_ms / probe.every_ms + slack; k += 1.0) {
            const double t_ms = k * probe.every_ms;
            const double share = began_ ? (t_ms - from_ms) / (state_.t_ms - from_ms) : 1.0;
            sample(t_ms, std::min(share, 1.0));
        }
    }
}

Bend Simulation::v_bend(std::size_t compartment) const {
    const Bend inside = method_->potential_bend(0, compartment);
    return system_.potentials() == 1 ? inside : inside - method_->potential_bend(1, compartment);
}

bool Simulation::step_and_record(double t_stop_ms) {
    const std::int64_t before = state_.step;
    while (state_.step == before) {
        last_ms_ = state_.t_ms;
        deliver_events();
        if (keeps_before_) {
            before_ = state_;
        }
        note_jump();
        if (!method_->step(state_, drives_, next_stop_ms(t_stop_ms))) {
            return false;
        }
        if (own_ != nullptr) {
            note_crossings(before + 1);
            continue;
        }
        for (std::size_t k = 0; k < detectors_.size(); ++k) {
            detect(detectors_[k].compartment, detectors_[k].threshold_mV, before + 1, last_ms_,
                   state_.t_ms, state_.v_mV, watched_mV_[k], events_[k],
                   [&](std::int32_t i) { return v_bend(static_cast<std::size_t>(i)); });
        }
    }
    began_ = true;
    record();
    return true;
}

void Simulation::note_crossings(std::int64_t step) {
    for (const Crossing& crossing : own_->crossings()) {
        events_[static_cast<std::size_t>(crossing.detector)].add(
            step, crossing.compartment, last_ms_ + crossing.share * (state_.t_ms - last_ms_));
    }
}

/// The next time at which a method that chooses its steps has to end one.
double Simulation::next_stop_ms(double t_stop_ms) const {
    const auto next = std::ranges::upper_bound(breakpoints_ms_, state_.t_ms);
    return next == breakpoints_ms_.end() ? t_stop_ms : std::min(*next, t_stop_ms);
}

bool Simulation::has_arrived(double t_stop_ms) const {
    // A whole number of steps but for rounding is that number.
    const double slack_ms = is_adaptive_ ? 0.0 : 1e-6 * dt_ms();
    return state_.t_ms >= t_stop_ms - slack_ms;
}

bool Simulation::has_seen(std::optional<std::size_t> detector) const {
    return detector && !events_[*detector].t_ms.empty();
}

void Simulation::advance(std::int64_t steps, double t_stop_ms,
                         std::optional<std::size_t> until_seen) {
    if (!is_initialised_) {
        throw ModelError("simulation", "has no state yet, expected initialise() before advance()");
    }
    if (steps < 0) {
        throw ModelError("steps", "is " + std::to_string(steps) + ", expected 0 or more");
    }
    // A time that the last step has passed, as steps of a fixed length do, is reached already.
    const double passed_ms = is_adaptive_ ? kTimeRounding_ms : dt_ms();
    if (!(t_stop_ms > state_.t_ms - passed_ms)) {
        throw ModelError("t_stop_ms",
                         "is " + text(t_stop_ms) + ", expected " + text(state_.t_ms) + " or later");
    }
    if (!is_adaptive_) {
        const double left = std::ceil((t_stop_ms - state_.t_ms) / dt_ms());
        steps = left < static_cast<double>(steps) ? static_cast<std::int64_t>(left) : steps;
        for (std::size_t p = 0; p < probes_.size(); ++p) {
            samples_[p].reserve(static_cast<std::size_t>(steps / probes_[p].every_steps) + 1);
        }
    }
    release_arrays();
    // As large as what changes, and of no use between two calls.
    const struct Forget {
        OwnState* own;
        ~Forget() {
            if (own != nullptr) {
                own->forget_copy();
            }
        }
    } at_the_end{own_};
    const auto is_over = [&] { return has_arrived(t_stop_ms) || has_seen(until_seen); };
    while (steps > 0 && !is_over()) {
        const std::int64_t block = std::min(steps, kStepsPerBlock);
        State good;
        std::vector<std::vector<double>> good_watched;
        std::vector<Peaks> good_peaks;
        std::size_t good_delivered = 0;
        const auto keep = [&] {
            if (own_ != nullptr) {
                own_->keep_copy();
            }
            good = state_;
            good_watched = watched_mV_;
            good_peaks = peaks_;
            good_delivered = arrivals_.delivered();
            std::ranges::for_each(events_, &Events::mark);
        };
        const auto rewind = [&] {
            state_ = good;
            if (own_ != nullptr) {
                own_->go_back();
            }
            watched_mV_ = good_watched;
            for (auto& samples : samples_) {
                samples.forget_after(state_.step);
            }
            for (auto& events : events_) {
                events.forget_after(state_.step);
                events.count_back();
            }
            peaks_ = good_peaks;
            arrivals_.go_back(good_delivered);
            show_concentrations();  // what methods have told mechanisms since is of later times
        };
        keep();
        bool is_sound = true;
        for (std::int64_t s = 0; is_sound && s < block && !is_over(); ++s) {
            if (!step_and_record(t_stop_ms)) {
                throw DivergedError(state_.t_ms, 0, "step",
                                    "the run diverged: no step from t = " + text(state_.t_ms) +
                                        " ms on is short enough for the tolerances, expected a "
                                        "state that changes smoothly");
            }
            is_sound = potentials_are_sound();
        }
        // A method with a state of its own has looked at its rows, where whatever goes wrong shows
        // within a step; for all the rest it has to be asked, at the end.
        const bool looks_closely = own_ == nullptr || steps <= block || is_over();
        if (!is_sound || (looks_closely && find_fault())) {
            rewind();
            // Again, looking at everything: the same steps end in the same fault.
            for (std::int64_t s = 0; s < block; ++s) {
                keep();
                step_and_record(t_stop_ms);
                if (const auto fault = find_fault()) {
                    const double faulty_ms = state_.t_ms;
                    rewind();
                    diverged(faulty_ms, *fault);
                }
            }
        }
        steps -= block;
    }
}

/// Every step, so that an excursion which comes back is seen as well. A sum of comparisons: the
/// loop vectorises, where one that stops at the first would not.
bool Simulation::potentials_are_sound() const {
    if (own_ != nullptr) {
        return own_->is_sound();
    }
    int faults = 0;
    for (const auto& potential : state_.potential_mV) {
        for (const double each_mV : potential) {
            faults += std::abs(each_mV) <= kLargest_mV ? 0 : 1;  // NaN is a fault too
        }
    }
    return faults == 0 && concentrations_are_sound();
}

void Simulation::diverged(double t_ms, const Fault& fault) const {
    const std::string hint = is_adaptive_ ? "the tolerances may be too loose"
                                          : "dt = " + text(dt_ms()) + " ms may be too long";
    throw DivergedError(
        t_ms, fault.compartment, fault.variable,
        "the run diverged: " + fault.variable + " at t = " + text(t_ms) + " ms in compartment " +
            std::to_string(fault.compartment) + ", " + discretisation().label(fault.compartment) +
            ", expected " +
            (fault.expected.empty() ? "finite values below " + text(kLargest_mV) + " mV"
                                    : fault.expected) +
            "; " + hint);
}

std::optional<Simulation::Fault> Simulation::find_fault() const {
    if (own_ != nullptr && own_->is_sound_throughout() && concentrations_are_sound()) {
        return std::nullopt;
    }
    // First: what follows from one that is not above 0 has no meaning.
    for (std::size_t p = 0; p < state_.concentration_mM.size(); ++p) {
        const IonPool& pool = system_.ion_pools().pools[p];
        for (std::size_t i = 0; i < system_.size(); ++i) {
            if (pool.store().is_held[i] == 0 && state_.concentration_mM[p][i] <= 0.0) {
                return Fault{static_cast<std::int32_t>(i),
                             "concentration of " + pool.ion->name +
                                 (pool.is_inside ? " inside" : " outside") + " is " +
                                 text(state_.concentration_mM[p][i]) + " mM",
                             "more than 0 mM"};
            }
        }
    }
    for (std::size_t layer = 0; layer < system_.potentials(); ++layer) {
        for (std::size_t i = 0; i < system_.size(); ++i) {
            const double each_mV = potential_mV(layer, i, 1.0);
            // Written so that NaN is a fault too.
            if (!(std::abs(each_mV) <= kLargest_mV)) {
                return Fault{static_cast<std::int32_t>(i),
                             std::string(layer == 0 ? "axoplasm" : "periaxonal") +
                                 " potential is " + text(each_mV) + " mV"};
            }
        }
    }
    for (std::size_t m = 0; m < system_.mechanisms().size(); ++m) {
        const auto& bound = system_.mechanisms()[m];
        const auto& gates = bound.mechanism->info.gates;
        for (std::size_t g = 0; g < gates.size(); ++g) {
            for (std::size_t row = 0; row < bound.table->compartment.size(); ++row) {
                const double gate =
                    own_ != nullptr ? own_->gate(m, g, row) : state_.gates[m][g][row];
                if (!std::isfinite(gate)) {
                    return Fault{bound.table->compartment[row],
                                 "gate " + std::string(gates[g].name) + " of " + bound.table->name +
                                     " is " + text(gate)};
                }
            }
        }
    }
    return std::nullopt;
}

}  // namespace ranvier
