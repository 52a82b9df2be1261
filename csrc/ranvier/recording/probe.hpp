// What to record, where and how often.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ranvier {

enum class Quantity : std::uint8_t {
    kMembranePotential,  // inside minus the layer just outside, mV
    kLayerPotential,     // of the layer with index `layer`, against ground, mV
    kGate,               // of `mechanism`, named `gate`
    kCurrentDensity,     // of `mechanism`, outward, mA/cm2
};

struct Probe {
    Quantity quantity = Quantity::kMembranePotential;
    std::vector<std::int32_t> compartment;
    std::int64_t every_steps = 1;
    /// With a method that chooses its steps: samples at whole multiples of this, by its dense
    /// output; 0 for one at the end of each step.
    double every_ms = 0.0;
    std::size_t layer = 0;
    std::string mechanism;
    std::string gate;
};

/// Watches for upward crossings of a membrane potential, without keeping traces.
struct Detector {
    double threshold_mV = -20.0;
    std::vector<std::int32_t> compartment;
};

}  // namespace ranvier
