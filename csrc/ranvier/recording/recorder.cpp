#include "ranvier/recording/recorder.hpp"

#include <algorithm>

namespace ranvier {
namespace {

std::size_t kept_up_to(const std::vector<std::int64_t>& step, std::int64_t last_step) {
    return static_cast<std::size_t>(std::ranges::upper_bound(step, last_step) - step.begin());
}

/// At least doubles what it grows, so that many short runs copy each sample a few times at most.
template <class T>
void make_room(std::vector<T>& values, std::size_t more) {
    const std::size_t needed = values.size() + more;
    if (needed > values.capacity()) {
        values.reserve(std::max(needed, 2 * values.capacity()));
    }
}

}  // namespace

void Samples::reserve(std::size_t more) {
    make_room(step, more);
    make_room(t_ms, more);
    make_room(value, more * columns);
}

void Samples::forget_after(std::int64_t last_step) {
    const std::size_t kept = kept_up_to(step, last_step);
    step.resize(kept);
    t_ms.resize(kept);
    value.resize(kept * columns);
}

void Events::add(std::int64_t at_step, std::int32_t at_compartment, double at_ms) {
    tally.latest = at_compartment;
    if (!tally.count.empty()) {
        counted.push_back(at_compartment);
        if (tally.count[static_cast<std::size_t>(at_compartment)]++ >= keep) {
            return;
        }
    }
    step.push_back(at_step);
    compartment.push_back(at_compartment);
    t_ms.push_back(at_ms);
}

void Events::forget_after(std::int64_t last_step) {
    const std::size_t kept = kept_up_to(step, last_step);
    step.resize(kept);
    compartment.resize(kept);
    t_ms.resize(kept);
}

void Events::mark() {
    counted.clear();
    latest_before = tally.latest;
}

void Events::count_back() {
    for (const std::int32_t compartment_of_one : counted) {
        --tally.count[static_cast<std::size_t>(compartment_of_one)];
    }
    counted.clear();
    tally.latest = latest_before;
}

Events events_of(const Detector& detector, std::size_t compartments) {
    Events events{.keep = detector.keep};
    if (detector.keep != Detector::kEvery) {
        events.tally.count.assign(compartments, 0);
    }
    return events;
}

void Peaks::raise(std::size_t first, std::span<const double> v, double at_ms) noexcept {
    double* const highest = v_mV.data() + first;
    double* const when = t_ms.data() + first;
    // Without a branch, so that the loop vectorises.
    for (std::size_t k = 0; k < v.size(); ++k) {
        const bool is_higher = v[k] > highest[k];
        highest[k] = is_higher ? v[k] : highest[k];
        when[k] = is_higher ? at_ms : when[k];
    }
}

}  // namespace ranvier
