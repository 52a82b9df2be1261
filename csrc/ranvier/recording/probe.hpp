// What to record, where and how often.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace ranvier {

enum class Quantity : std::uint8_t {
    kMembranePotential,  // inside minus the layer just outside, mV
    kLayerPotential,     // of the layer with index `layer`, against ground, mV
    kGate,               // of `mechanism`, named `gate`
    kCurrentDensity,     // of `mechanism`, outward, mA/cm2
    kCurrent,            // of a mechanism at points, outward, nA
    kConcentration,      // of `ion` in the axoplasm (`layer` 0) or outside the axolemma (1), mM
    kReversalPotential,  // of `ion`, mV
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
    std::string ion = {};
};

/// Watches for upward crossings of a membrane potential, without keeping traces.
struct Detector {
    static constexpr std::int32_t kEvery = std::numeric_limits<std::int32_t>::max();

    double threshold_mV = -20.0;
    std::vector<std::int32_t> compartment;
    /// The first so many crossings of each compartment are held, and the others counted: the bound
    /// on what many spikes of many compartments take.
    std::int32_t keep = kEvery;
};

/// Asks for the highest membrane potential of each compartment, found while stepping.
struct PeakMap {
    std::vector<std::int32_t> compartment;
    std::int64_t every_steps = 1;
};

}  // namespace ranvier
