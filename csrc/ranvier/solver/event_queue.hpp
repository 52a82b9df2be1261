// The events of a run, in the order they arrive.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "ranvier/drive/event_train.hpp"
#include "ranvier/solver/system.hpp"

namespace ranvier {

/// Those of all trains by time, of equal times by train. What was delivered is a number of events,
/// which a run can note and go back to.
class EventQueue {
public:
    struct Event {
        double t_ms;
        std::size_t mechanism;
        std::size_t row;
        std::span<const double> arguments;
    };

    /// Throws ModelError if a train does not fit the system.
    EventQueue(const System& system, std::vector<EventTrain> trains);

    EventQueue(const EventQueue&) = delete;
    EventQueue& operator=(const EventQueue&) = delete;

    const std::vector<EventTrain>& trains() const noexcept { return trains_; }
    bool is_empty() const noexcept { return events_.empty(); }

    std::size_t delivered() const noexcept { return delivered_; }
    void go_back(std::size_t delivered) noexcept { delivered_ = delivered; }
    /// As a run has it that is at `t_ms` and has not yet gone on from there.
    void begin(double t_ms) noexcept;

    /// The next one up to `t_ms`, which then counts as delivered; null if there is none.
    const Event* take(double t_ms) noexcept;

private:
    std::vector<EventTrain> trains_;
    std::vector<Event> events_;
    std::size_t delivered_ = 0;
};

}  // namespace ranvier
