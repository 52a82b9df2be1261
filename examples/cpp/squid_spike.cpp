// The squid giant axon from C++, without Python: describe it, cut it into compartments, run it, and
// measure how fast the spike travels. The place to start from for a program of your own.
//
//   cmake -S csrc -B build/cpp && cmake --build build/cpp && build/cpp/squid_spike
//
// In another CMake project, add_subdirectory(<ranvier>/csrc) and link with ranvier::core.

#include <algorithm>
#include <iostream>
#include <memory>
#include <vector>

#include "ranvier/base/error.hpp"
#include "ranvier/discretisation/discretise.hpp"
#include "ranvier/model/model.hpp"
#include "ranvier/solver/simulation.hpp"

namespace {

/// What there is: sections, mechanisms, ions, temperature. Nothing here knows of time or of meshes.
ranvier::Model squid_axon() {
    ranvier::Section axon;
    axon.name = "axon";
    axon.points = ranvier::straight_points(5e4, 476.0, 476.0);  // 5 cm
    axon.r_a_ohm_cm = 35.4;
    axon.c_m_uF_cm2 = 1.0;

    ranvier::Ion sodium;
    sodium.name = "na";
    sodium.e_mV = 50.0;
    ranvier::Ion potassium;
    potassium.name = "k";
    potassium.e_mV = -77.0;

    ranvier::Model model;
    model.name = "squid axon";
    model.temperature_degC = 18.5;
    model.sections = {axon};
    model.ions = {sodium, potassium};
    // Mechanism, where (empty: everywhere), parameters; what is not given has its default.
    model.placements = {{"na_hh", {}, {{"g_bar_S_cm2", {0.12}}}},
                        {"k_hh", {}, {{"g_bar_S_cm2", {0.036}}}},
                        {"leak", {}, {{"g_bar_S_cm2", {3e-4}}, {"e_leak_mV", {-54.387}}}}};
    return model;
}

/// When the spike came by, or a negative time if it never did.
double arrival_ms(const ranvier::Events& spikes, std::int32_t compartment) {
    const auto found = std::ranges::find(spikes.compartment, compartment);
    return found == spikes.compartment.end()
               ? -1.0
               : spikes.t_ms[static_cast<std::size_t>(found - spikes.compartment.begin())];
}

int run() {
    // Throws ModelError with every problem of the model at once.
    const auto axon = std::make_shared<ranvier::Discretisation>(
        ranvier::discretise(squid_axon(), ranvier::MaxLength{100.0, {}}));

    // 10 uA into the first compartment from 0.1 to 0.6 ms. Two points at one time are a jump.
    const ranvier::PiecewiseLinear pulse{{0.1, 0.1, 0.6, 0.6}, {0.0, 1.0, 1.0, 0.0}};
    const ranvier::Drive shock{pulse, {0}, {1e4}};

    // Watch two places far from the ends, where the spike has its final shape.
    const auto last = static_cast<std::int32_t>(axon->compartments.size()) - 1;
    const std::int32_t near = last * 2 / 5;
    const std::int32_t far = last * 4 / 5;
    const ranvier::Detector detector{-20.0, {near, far}};

    ranvier::Simulation simulation(axon, {"backward_euler", {{"dt_ms", 0.001}}}, {shock}, {},
                                   {detector});
    simulation.initialise_at_rest(-65.0);
    std::cout << "rest " << simulation.state().v_mV[0] << " mV\n";
    simulation.advance(4000);

    const auto& spikes = simulation.events()[0];
    const double near_ms = arrival_ms(spikes, near);
    const double far_ms = arrival_ms(spikes, far);
    if (near_ms < 0.0 || far_ms < 0.0) {
        std::cerr << "no spike within " << simulation.state().t_ms << " ms\n";
        return 1;
    }
    const auto& distance_um = axon->compartments.distance_um;
    const auto between_um =
        distance_um[static_cast<std::size_t>(far)] - distance_um[static_cast<std::size_t>(near)];
    // 1 um/ms is 0.001 m/s.
    std::cout << "conduction velocity " << 1e-3 * between_um / (far_ms - near_ms) << " m/s\n";
    return 0;
}

}  // namespace

int main() {
    try {
        return run();
    } catch (const ranvier::Error& error) {  // the base of all that ranvier throws on purpose
        std::cerr << error.what() << '\n';
        return 1;
    }
}
