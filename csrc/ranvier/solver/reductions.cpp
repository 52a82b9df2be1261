// What a run keeps of itself instead of traces: counts of spikes, and peaks.

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>

#include "ranvier/base/error.hpp"
#include "ranvier/base/text.hpp"
#include "ranvier/solver/simulation.hpp"

namespace ranvier {
namespace {

/// Potentials that are looked at in one go: few enough to stay in the first-level cache.
constexpr std::size_t kAtOnce = 1024;

void check_places(const std::string& subject, std::span<const std::int32_t> compartments,
                  std::size_t size) {
    for (const std::int32_t compartment : compartments) {
        if (compartment < 0 || static_cast<std::size_t>(compartment) >= size) {
            throw ModelError(subject, "watches compartment " + std::to_string(compartment) +
                                          ", expected 0 to " + std::to_string(size - 1));
        }
    }
}

}  // namespace

void Simulation::check_reductions() const {
    for (const auto& detector : detectors_) {
        if (!std::isfinite(detector.threshold_mV)) {
            throw ModelError("detector", "threshold_mV is " + text(detector.threshold_mV) +
                                             ", expected a finite number");
        }
        if (detector.keep < 0) {
            throw ModelError("detector", "keep is " + std::to_string(detector.keep) +
                                             ", expected 0 crossings per compartment or more");
        }
        check_places("detector", detector.compartment, system_.size());
    }
    for (const auto& map : peak_maps_) {
        if (map.every_steps < 1) {
            throw ModelError("peak map", "every_steps is " + std::to_string(map.every_steps) +
                                             ", expected one step or more");
        }
        check_places("peak map", map.compartment, system_.size());
    }
}

void Simulation::begin_reductions() {
    events_.clear();
    for (const auto& detector : detectors_) {
        events_.push_back(events_of(detector, system_.size()));
    }
    peaks_.clear();
    for (const auto& map : peak_maps_) {
        constexpr double kNothingYet_mV = -std::numeric_limits<double>::infinity();
        peaks_.push_back({.v_mV = std::vector<double>(map.compartment.size(), kNothingYet_mV),
                          .t_ms = std::vector<double>(map.compartment.size(), state_.t_ms)});
    }
}

void Simulation::record_peaks() {
    std::array<double, kAtOnce> v_mV;  // written before it is read
    for (std::size_t m = 0; m < peak_maps_.size(); ++m) {
        if (state_.step % peak_maps_[m].every_steps != 0) {
            continue;
        }
        const std::span<const std::int32_t> all(peak_maps_[m].compartment);
        if (own_ != nullptr) {
            seen_mV_.resize(all.size());
            own_->read_v_mV(probes_.size() + m, seen_mV_.data());
            peaks_[m].raise(0, seen_mV_, state_.t_ms);
            continue;
        }
        for (std::size_t first = 0; first < all.size(); first += kAtOnce) {
            const auto some = all.subspan(first, std::min(kAtOnce, all.size() - first));
            std::ranges::transform(some, v_mV.begin(), [&](std::int32_t i) {
                return state_.v_mV[static_cast<std::size_t>(i)];
            });
            peaks_[m].raise(first, {v_mV.data(), some.size()}, state_.t_ms);
        }
    }
}

Samples Simulation::take_samples(std::size_t probe) {
    Samples taken;
    taken.columns = samples_[probe].columns;
    std::swap(taken, samples_[probe]);
    return taken;
}

}  // namespace ranvier
