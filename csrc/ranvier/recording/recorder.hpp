// Holds what was recorded: samples in one growing block per probe, crossings as events, peaks.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "ranvier/recording/bend.hpp"
#include "ranvier/recording/probe.hpp"

namespace ranvier {

/// Samples of one probe: one row of `columns` values per recorded step.
struct Samples {
    std::size_t columns = 0;
    std::vector<std::int64_t> step;
    std::vector<double> t_ms;
    std::vector<double> value;  // [sample][column]

    void reserve(std::size_t more);
    /// Drops every sample after `step`, for a block of steps that is taken back.
    void forget_after(std::int64_t last_step);
};

/// What is known of crossings that are not held.
struct Tally {
    std::vector<std::int32_t> count;  // by compartment; empty where every crossing is held
    std::int32_t latest = -1;         // the compartment that crossed last; -1 before any
};

/// Upward crossings in the order of their steps.
struct Events {
    std::vector<std::int64_t> step = {};  // the step that ended past the threshold
    std::vector<std::int32_t> compartment = {};
    std::vector<double> t_ms = {};
    std::int32_t keep = Detector::kEvery;
    Tally tally = {};
    /// What has been counted since mark(), and what was the latest then.
    std::vector<std::int32_t> counted = {};
    std::int32_t latest_before = -1;

    void add(std::int64_t at_step, std::int32_t at_compartment, double at_ms);
    /// Where count_back() goes back to.
    void mark();
    void count_back();
    /// Leaves the tally as it is.
    void forget_after(std::int64_t last_step);
};

/// Events of a detector on so many compartments, before any.
Events events_of(const Detector& detector, std::size_t compartments);

/// The highest value seen in each place, and when it was first there.
struct Peaks {
    std::vector<double> v_mV;
    std::vector<double> t_ms;

    /// For the places from `first` on, which are at `v` now. NaN is no peak.
    void raise(std::size_t first, std::span<const double> v, double at_ms) noexcept;
};

/// Appends to `events` when each watched compartment rose through the threshold within a step from
/// t0 to t1, at whose end the membrane potentials are `v_mV`. `previous_mV` has one value per
/// watched compartment and takes the new ones. `bend_of(compartment)` is how v ran in between.
template <class BendOf>
void detect(std::span<const std::int32_t> compartment, double threshold_mV, std::int64_t step,
            double t0_ms, double t1_ms, std::span<const double> v_mV, std::span<double> previous_mV,
            Events& events, BendOf&& bend_of) {
    assert(previous_mV.size() == compartment.size());
    for (std::size_t i = 0; i < compartment.size(); ++i) {
        const double before_mV = previous_mV[i];
        const double after_mV = v_mV[static_cast<std::size_t>(compartment[i])];
        previous_mV[i] = after_mV;
        if (before_mV < threshold_mV && after_mV >= threshold_mV) {
            const double share =
                crossing_share(before_mV, after_mV, bend_of(compartment[i]), threshold_mV);
            events.add(step, compartment[i], t0_ms + share * (t1_ms - t0_ms));
        }
    }
}

}  // namespace ranvier
