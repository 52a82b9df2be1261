// The steps of a simulation whose method shares its lanes with others: see batch.cpp.

#include <algorithm>

#include "ranvier/base/error.hpp"
#include "ranvier/solver/simulation.hpp"

namespace ranvier {

LaneStep Simulation::begin_step() {
    RANVIER_ASSERT(own_ != nullptr && is_initialised_);
    release_arrays();
    if (marked_step_ != state_.step) {
        marked_step_ = state_.step;
        std::ranges::for_each(events_, &Events::mark);
    }
    last_ms_ = state_.t_ms;
    deliver_events();
    note_jump();
    return own_->next_step(state_);
}

void Simulation::end_step(const LaneStep& step, std::span<const LaneCrossing> crossings,
                          bool is_sound) {
    const std::int64_t before = state_.step;
    own_->step_taken(state_, step, crossings, is_sound);
    // As advance() does, at the end of whole steps.
    if (!is_sound && state_.step != before) {
        if (const auto fault = find_fault()) {
            const double faulty_ms = state_.t_ms;
            for (auto& events : events_) {
                events.forget_after(before);
                events.count_back();
            }
            state_.step = before;
            state_.t_ms = static_cast<double>(before) * dt_ms();
            diverged(faulty_ms, *fault);
        }
    }
    note_crossings(before + 1);
    if (state_.step != before) {
        began_ = true;
        record();
    }
}

void Simulation::look_closely() const {
    if (const auto fault = find_fault()) {
        diverged(state_.t_ms, *fault);
    }
}

}  // namespace ranvier
