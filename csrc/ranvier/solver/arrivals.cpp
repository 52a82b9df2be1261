// What of a run happens at moments: jumps of drives, and events.

#include <algorithm>
#include <array>
#include <span>

#include "ranvier/mechanisms/expression/plain_kernels.hpp"
#include "ranvier/solver/simulation.hpp"

namespace ranvier {
namespace {

/// How long steps are shortened after a jump, in steps: the same pattern at every step keeps the
/// error a smooth function of it, which can be extrapolated.
constexpr double kSettlingSteps = 4.0;

/// A drive that puts in nothing and jumps where the events are: for methods with a state of their
/// own, which see to it that what drives act on is at the present when they change.
Drive marker_of(const EventTrain& train) {
    Drive marker{{}, {train.compartment}, {0.0}};
    double level = 0.0;
    for (const double t_ms : train.t_ms) {
        for (const double each : {level, 1.0 - level}) {
            marker.waveform.t_ms.push_back(t_ms);
            marker.waveform.value.push_back(each);
        }
        level = 1.0 - level;
    }
    return marker;
}

}  // namespace

void Simulation::note_times() {
    for (const auto& drive : drives_) {
        breakpoints_ms_.insert(breakpoints_ms_.end(), drive.waveform.t_ms.begin(),
                               drive.waveform.t_ms.end());
        const auto jumps_ms = drive.waveform.jumps_ms();
        jumps_ms_.insert(jumps_ms_.end(), jumps_ms.begin(), jumps_ms.end());
    }
    if (!arrivals_.is_empty()) {
        marked_drives_ = drives_;
    }
    for (const EventTrain& train : arrivals_.trains()) {
        for (auto* times : {&breakpoints_ms_, &jumps_ms_, &arrivals_ms_}) {
            times->insert(times->end(), train.t_ms.begin(), train.t_ms.end());
        }
        if (!arrivals_.is_empty()) {
            marked_drives_.push_back(marker_of(train));
        }
    }
    for (auto* times : {&breakpoints_ms_, &jumps_ms_, &arrivals_ms_}) {
        std::ranges::sort(*times);
    }
}

/// Within rounding, what is at the end of a fixed step belongs to the next.
double Simulation::slack_ms() const noexcept {
    return is_adaptive_ ? 0.0 : 1e-6 * dt_ms();
}

/// Tells the method of a jump of a drive in the step that comes, and of an event.
void Simulation::note_jump() {
    const double end_ms = static_cast<double>(state_.step + 1) * dt_ms() - slack_ms();
    const auto jump = std::ranges::lower_bound(jumps_ms_, state_.t_ms - slack_ms());
    if (!is_adaptive_ && jump != jumps_ms_.end() && *jump < end_ms) {
        state_.jumped_ms = std::max(*jump, state_.t_ms);
        state_.settling_ms = kSettlingSteps * dt_ms();
    }
    // Those of the present have been delivered.
    const auto event = std::ranges::upper_bound(arrivals_ms_, state_.t_ms + slack_ms());
    state_.event_ms = event != arrivals_ms_.end() && *event < end_ms ? *event : Moment{}.event_ms;
}

/// Those that have arrived by now.
void Simulation::deliver_events() {
    while (const EventQueue::Event* event = arrivals_.take(state_.t_ms + slack_ms())) {
        receive(*event);
    }
}

void Simulation::receive(const EventQueue::Event& event) {
    const auto& bound = system_.mechanisms()[event.mechanism];
    const std::size_t gates = bound.mechanism->info.gates.size();
    const auto i = static_cast<std::size_t>(bound.table->compartment[event.row]);
    const double outside_mV = system_.potentials() == 1 ? 0.0 : potential_mV(1, i, 1.0);
    const double v_mV = potential_mV(0, i, 1.0) - outside_mV;
    if (own_ == nullptr && state_.gates_lag_ms > 0.0) {
        // An event finds the gates of its own time: then they are no longer staggered.
        system_.relax_gates(state_, state_.gates_lag_ms);
        state_.gates_lag_ms = 0.0;
    }
    std::array<double, BoundRows::kMostGates> gate{};
    std::array<double*, BoundRows::kMostGates> gate_pointers{};
    for (std::size_t g = 0; g < gates; ++g) {
        gate[g] = own_ != nullptr ? own_->gate(event.mechanism, g, event.row)
                                  : state_.gates[event.mechanism][g][event.row];
        gate_pointers[g] = &gate[g];
    }
    const BoundRows one(bound, std::span(gate_pointers).first(gates), event.row);
    ranvier::receive(one.rows(), &v_mV, event.arguments.data());
    for (std::size_t g = 0; g < gates; ++g) {
        if (own_ != nullptr) {
            own_->set_gate(event.mechanism, g, event.row, gate[g]);
        } else {
            state_.gates[event.mechanism][g][event.row] = gate[g];
        }
    }
}

}  // namespace ranvier
