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

void Events::forget_after(std::int64_t last_step) {
    const std::size_t kept = kept_up_to(step, last_step);
    step.resize(kept);
    compartment.resize(kept);
    t_ms.resize(kept);
}

}  // namespace ranvier
