// Areas, reversal potentials and temperature, as the kernels get them.

#include <array>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "check.hpp"
#include "ranvier/base/error.hpp"
#include "ranvier/discretisation/discretise.hpp"
#include "ranvier/mechanisms/registry.hpp"
#include "ranvier/solver/system.hpp"

using namespace ranvier;

namespace {

Ion ion(const std::string& name, double e_mV) {
    Ion made;
    made.name = name;
    made.e_mV = e_mV;
    return made;
}

std::shared_ptr<const Discretisation> squid_patch(double temperature_degC) {
    Model model;
    model.temperature_degC = temperature_degC;
    model.sections.emplace_back();
    model.sections[0].name = "axon";
    model.sections[0].points = straight_points(100.0, 10.0, 10.0);
    model.placements = {{"na_hh", {}, {}}, {"k_hh", {}, {}}, {"leak", {}, {}}};
    model.ions = {ion("na", 50.0), ion("k", -77.0)};
    return std::make_shared<Discretisation>(discretise(model, FixedCount{4, {}}));
}

}  // namespace

TEST(rates_go_with_temperature_by_their_q10) {
    const System reference(squid_patch(6.3));
    const System warm(squid_patch(26.3));
    for (std::size_t m = 0; m < reference.mechanisms().size(); ++m) {
        for (const double factor : reference.mechanisms()[m].rate_factor) {
            CHECK(factor == 1.0);
        }
        for (const double factor : warm.mechanisms()[m].rate_factor) {
            CHECK_NEAR(factor, 9.0, 1e-14);  // twice 10 degC at a q10 of 3
        }
    }
    // So that a step is as good as one nine times as long in the cold.
    State cold_state = reference.blank_state();
    cold_state.v_mV.assign(4, -65.0);
    reference.settle_gates(cold_state);
    cold_state.v_mV.assign(4, -20.0);
    State warm_state = cold_state;
    reference.advance_gates(cold_state, 0.9);
    warm.advance_gates(warm_state, 0.1);
    CHECK_NEAR(warm_state.gates[0][0][3], cold_state.gates[0][0][3], 1e-15);
    CHECK(cold_state.gates[0][0][3] > 0.2);
}

TEST(a_blank_state_has_a_place_for_everything) {
    const System system(squid_patch(6.3));
    const State state = system.blank_state();
    CHECK(state.step == 0 && state.t_ms == 0.0);
    CHECK(state.potential_mV.size() == 1 && state.potential_mV[0].size() == 4);
    CHECK(state.v_mV.size() == 4);
    CHECK(state.gates.size() == 3);
    CHECK(state.gates[0].size() == 2 && state.gates[1].size() == 1 && state.gates[2].empty());
    CHECK(state.gates[0][1].size() == 4);
}

TEST(the_current_at_rest_is_that_of_the_textbook) {
    // Hodgkin & Huxley 1952 at -65 mV: m 0.0529, h 0.5961, n 0.3177; in mA/cm2
    // 0.12 m^3 h (v - 50), 0.036 n^4 (v + 77), and a leak of 1e-4 (v + 65) = 0.
    const System system(squid_patch(6.3));
    State state = system.blank_state();
    state.v_mV.assign(4, -65.0);
    system.settle_gates(state);
    CHECK_NEAR(state.gates[0][0][0], 0.0529, 5e-5);
    CHECK_NEAR(state.gates[0][1][0], 0.5961, 5e-5);
    CHECK_NEAR(state.gates[1][0][0], 0.3177, 5e-5);
    std::vector<double> current_nA(4, 1e9);
    std::vector<double> conductance_uS(4, 1e9);
    system.ionic_current(state, state.v_mV, current_nA, conductance_uS);
    const double m = state.gates[0][0][0];
    const double h = state.gates[0][1][0];
    const double n = state.gates[1][0][0];
    const double g_na = 0.12 * m * m * m * h;
    const double g_k = 0.036 * n * n * n * n;
    // One mA/cm2 on a um2 is 0.01 nA.
    const double to_nA = 1e-2 * system.discretisation().compartments.area_um2[0];
    CHECK_NEAR(current_nA[0], to_nA * (g_na * -115.0 + g_k * 12.0), 1e-14);
    CHECK_NEAR(conductance_uS[0], to_nA * (g_na + g_k + 1e-4), 1e-15);
}

TEST(columns_are_kept_once_and_areas_only_while_they_are_wanted) {
    System system(squid_patch(6.3));
    const auto& d = system.discretisation();
    const auto& mechanisms = system.mechanisms();
    for (std::size_t m = 0; m < mechanisms.size(); ++m) {
        CHECK(mechanisms[m].nA_per_mA_cm2.data() == mechanisms[0].nA_per_mA_cm2.data());
        CHECK(mechanisms[m].nA_per_mA_cm2[3] == 1e-2 * d.compartments.area_um2[3]);
    }
    CHECK(mechanisms[0].e_mV.data() == d.ions[0].e_mV.data());
    CHECK(system.bytes() == 4 * sizeof(double));
    State state = system.blank_state();
    state.v_mV.assign(4, -40.0);
    system.drop_areas();
    CHECK(system.bytes() == 0);
    system.settle_gates(state);
    system.make_areas();
    CHECK(system.bytes() == 4 * sizeof(double));
    const System other(squid_patch(6.3));
    std::vector<double> current_nA[2]{std::vector<double>(4), std::vector<double>(4)};
    std::vector<double> conductance_uS(4);
    system.ionic_current(state, state.v_mV, current_nA[0], conductance_uS);
    other.ionic_current(state, state.v_mV, current_nA[1], conductance_uS);
    CHECK(current_nA[0] == current_nA[1] && current_nA[0][0] != 0.0);
}

TEST(membrane_potential_is_inside_minus_the_layer_just_outside) {
    auto d = *squid_patch(6.3);
    d.layers.push_back({{1, 1, 1, 1}, {0.0, 1.0, 1.0, 1.0}, {1.0, 1.0, 1.0, 1.0}, {}});
    d.layers[0].conductance_uS.assign(4, 1.0);
    ranvier::check(d);
    const System system(std::make_shared<Discretisation>(d));
    State state = system.blank_state();
    state.potential_mV[0].assign(4, -60.0);
    state.potential_mV[1].assign(4, 5.0);
    system.update_membrane_potential(state);
    CHECK(state.v_mV == std::vector<double>(4, -65.0));
}

namespace {

constexpr std::array<GateInfo, BoundRows::kMostGates + 1> kManyGates{};
constexpr Mechanism kMonster{{.name = "monster", .summary = "", .gates = kManyGates}, {}};

}  // namespace

TEST(a_mechanism_larger_than_the_kernels_hold_is_refused) {
    detail::register_mechanism(kMonster);
    auto d = *squid_patch(6.3);
    d.mechanisms.push_back({"monster", {0}, {}, {}});
    CHECK_THROWS(System(std::make_shared<Discretisation>(d)), InternalError,
                 "mechanism monster: too many gates or parameters");
}
