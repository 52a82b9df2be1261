// Fibres with drives of their own, for the tests of whole runs in lanes and of batches.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lane_models.hpp"
#include "ranvier/base/error.hpp"

namespace lane_models {

inline bool is_same(const State& a, const State& b) {
    return a.step == b.step && a.t_ms == b.t_ms && a.potential_mV == b.potential_mV &&
           a.v_mV == b.v_mV && a.gates == b.gates && a.link_modes == b.link_modes;
}

inline bool is_same(const Events& a, const Events& b) {
    return a.step == b.step && a.compartment == b.compartment && a.t_ms == b.t_ms;
}

struct Case {
    std::string what;
    Shared discretisation;
    std::vector<Drive> drives;
};

inline Drive pulse(std::vector<std::int32_t> compartment, std::vector<double> weight_nA,
                   double from_ms, double to_ms) {
    return {{{from_ms, from_ms, to_ms, to_ms}, {0.0, 1.0, 1.0, 0.0}},
            std::move(compartment),
            std::move(weight_nA)};
}

/// Currents that are on for most of the run, also into sheathed compartments.
inline std::vector<Drive> long_drives(const Discretisation& d, Random& random) {
    std::vector<Drive> drives;
    for (int k = 0; k < 2; ++k) {
        Drive drive = pulse({}, {}, uniform(random, 0.0, 0.2), uniform(random, 0.7, 1.5));
        for (std::size_t i = 0; i < d.compartments.size(); ++i) {
            if (k == 1 || i == 0) {
                drive.compartment.push_back(static_cast<std::int32_t>(i));
                drive.weight_nA.push_back(d.compartments.capacitance_nF[i] *
                                          uniform(random, -10.0, 50.0));
            }
        }
        drives.push_back(std::move(drive));
    }
    return drives;
}

inline std::vector<Detector> watched(const Discretisation& d) {
    return {everywhere(d.compartments.size(), -30.0), everywhere(d.compartments.size(), -50.0)};
}

/// Fibres of one shape, each with other numbers and drives.
inline std::vector<Case> alike(std::size_t count, bool is_myelinated, Random& random) {
    std::vector<Case> cases;
    for (std::size_t k = 0; k < count; ++k) {
        auto wiring = is_myelinated
                          ? myelinated({.nodes = 7, .taper = k % 2 == 0 ? 0.2 : 0.0}, random)
                          : [&] {
                                Random same(7);
                                auto made = bare(70, Shape::kBushy, same);
                                for (auto& piece : made.pieces) {
                                    piece.diameter_um *= uniform(random, 0.8, 1.2);
                                }
                                return made;
                            }();
        const auto d = wiring.rooted_at(0);
        cases.push_back({"fibre " + std::to_string(k), d, long_drives(*d, random)});
    }
    return cases;
}

inline Probe last_v(const Discretisation& d) {
    Probe probe;
    for (std::size_t i = 0; i < d.compartments.size(); ++i) {
        probe.compartment.push_back(static_cast<std::int32_t>(i));
    }
    return probe;
}

/// What a run that blows up says.
inline std::optional<DivergedError> divergence(Simulation& simulation, std::int64_t steps) {
    try {
        simulation.advance(steps);
    } catch (const DivergedError& error) {
        return error;
    }
    return std::nullopt;
}

}  // namespace lane_models
