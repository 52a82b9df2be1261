// Holds what was recorded: samples in one growing block per probe, crossings as events.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ranvier {

/// Samples of one probe: one row of `columns` values per recorded step.
struct Samples {
    std::size_t columns = 0;
    std::vector<std::int64_t> step;
    std::vector<double> t_ms;
    std::vector<double> value;  // [sample][column]

    void reserve(std::size_t more);
    /// Drops every sample after `step`, so that a restored run goes on from there.
    void forget_after(std::int64_t last_step);
};

/// Upward crossings in the order of their steps.
struct Events {
    std::vector<std::int64_t> step;  // the step that ended past the threshold
    std::vector<std::int32_t> compartment;
    std::vector<double> t_ms;

    void forget_after(std::int64_t last_step);
};

/// Where a straight line from (t0, v0) to (t1, v1) crosses the threshold upward, appended to
/// `events` for each watched compartment. `previous_mV` has one value per watched compartment and
/// takes the new ones.
void detect(std::span<const std::int32_t> compartment, double threshold_mV, std::int64_t step,
            double t0_ms, double t1_ms, std::span<const double> v_mV, std::span<double> previous_mV,
            Events& events);

}  // namespace ranvier
