// The resting state: of the squid axon, of a double cable, and where there is none.

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "check.hpp"
#include "ranvier/base/error.hpp"
#include "ranvier/discretisation/discretise.hpp"
#include "ranvier/solver/rest.hpp"
#include "ranvier/solver/simulation.hpp"

using namespace ranvier;

namespace {

using Shared = std::shared_ptr<const Discretisation>;

Ion ion(const std::string& name, double e_mV) {
    Ion made;
    made.name = name;
    made.e_mV = e_mV;
    return made;
}

Model cable() {
    Model model;
    model.temperature_degC = 18.5;
    model.sections.emplace_back();
    model.sections[0].name = "axon";
    model.sections[0].r_a_ohm_cm = 35.4;
    model.sections[0].points = straight_points(1e4, 476.0, 476.0);
    return model;
}

Shared squid(int compartments, double e_leak_mV = -54.387) {
    auto model = cable();
    model.placements = {{"na_hh", {}, {}},
                        {"k_hh", {}, {}},
                        {"leak", {}, {{"g_bar_S_cm2", {3e-4}}, {"e_leak_mV", {e_leak_mV}}}}};
    model.ions = {ion("na", 50.0), ion("k", -77.0)};
    return std::make_shared<Discretisation>(discretise(model, FixedCount{compartments, {}}));
}

/// The steady-state current density of the squid axon, written out again from the paper.
double squid_current_mA_cm2(double v_mV, double e_leak_mV = -54.387) {
    const auto vtrap = [](double x) { return x / std::expm1(x); };
    const double am = vtrap(-(v_mV + 40.0) / 10.0);
    const double bm = 4.0 * std::exp(-(v_mV + 65.0) / 18.0);
    const double ah = 0.07 * std::exp(-(v_mV + 65.0) / 20.0);
    const double bh = 1.0 / (1.0 + std::exp(-(v_mV + 35.0) / 10.0));
    const double an = 0.1 * vtrap(-(v_mV + 55.0) / 10.0);
    const double bn = 0.125 * std::exp(-(v_mV + 65.0) / 80.0);
    return 0.12 * std::pow(am / (am + bm), 3) * ah / (ah + bh) * (v_mV - 50.0) +
           0.036 * std::pow(an / (an + bn), 4) * (v_mV + 77.0) + 3e-4 * (v_mV - e_leak_mV);
}

double squid_rest_mV(double below_mV, double above_mV) {
    while (above_mV - below_mV > 1e-13 * std::abs(below_mV)) {
        const double middle_mV = 0.5 * (below_mV + above_mV);
        if (middle_mV <= below_mV || middle_mV >= above_mV) {
            break;
        }
        (squid_current_mA_cm2(middle_mV) < 0.0 ? below_mV : above_mV) = middle_mV;
    }
    return 0.5 * (below_mV + above_mV);
}

}  // namespace

TEST(the_squid_axon_rests_where_its_current_is_0) {
    const double expected_mV = squid_rest_mV(-70.0, -60.0);
    CHECK_NEAR(expected_mV, -65.0, 0.01);
    for (const int compartments : {1, 20, 1000}) {
        for (const double guess_mV : {-65.0, -80.0, -50.0}) {
            Simulation simulation(squid(compartments), {}, {}, {}, {});
            const Rest rest = simulation.initialise_at_rest(guess_mV);
            CHECK(rest.is_found);
            CHECK(rest.residual_mV_per_ms < 1e-8);
            CHECK(rest.iterations < 100);
            for (const double v_mV : simulation.state().v_mV) {
                CHECK_NEAR(v_mV, expected_mV, 1e-9);
            }
        }
    }
}

TEST(a_run_from_rest_stays_at_rest) {
    Simulation simulation(squid(50), {}, {}, {}, {});
    simulation.initialise_at_rest(-65.0);
    const auto before = simulation.state();
    simulation.advance(2000);
    for (std::size_t i = 0; i < before.v_mV.size(); ++i) {
        CHECK_NEAR(simulation.state().v_mV[i], before.v_mV[i], 1e-9);
        CHECK_NEAR(simulation.state().gates[0][0][i], before.gates[0][0][i], 1e-11);
    }
    CHECK(simulation.state().step == 2000);
}

TEST(rest_is_the_first_sample) {
    Probe ends;
    ends.compartment = {0, 4};
    Simulation simulation(squid(5), {}, {}, {ends}, {});
    simulation.initialise_at_rest(-65.0);
    CHECK(simulation.samples()[0].step.size() == 1);
    CHECK(simulation.samples()[0].value[1] == simulation.state().v_mV[4]);
    CHECK(simulation.state().t_ms == 0.0);
}

TEST(two_leaks_meet_as_the_cable_equation_says) {
    // Half the cable would rest at -60 mV, half at -80; by symmetry -70 where they meet, and the
    // difference from each decays with the length constant.
    auto model = cable();
    model.sections[0].points = straight_points(2e4, 10.0, 10.0);
    model.sections.push_back(model.sections[0]);
    model.sections[1].name = "other";
    model.sections[1].parent = "axon";
    model.placements = {{"leak", {"axon"}, {{"g_bar_S_cm2", {1e-3}}, {"e_leak_mV", {-60.0}}}},
                        {"leak", {"other"}, {{"g_bar_S_cm2", {1e-3}}, {"e_leak_mV", {-80.0}}}}};
    const auto d = std::make_shared<Discretisation>(discretise(model, FixedCount{2000, {}}));
    Simulation simulation(d, {}, {}, {}, {});
    simulation.initialise_at_rest(-70.0);
    // lambda = sqrt(d/(4 R_a g)) = sqrt(1e-3 cm/(4 x 35.4 ohm cm x 1e-3 S/cm2)).
    const double lambda_um = 1e4 * std::sqrt(1e-3 / (4.0 * 35.4 * 1e-3));
    for (const std::size_t i : {1000, 1900, 2000, 2100, 3000}) {
        const double x_um = d->compartments.distance_um[i] - 2e4;
        const double expected_mV =
            -70.0 - std::copysign(10.0 * (1.0 - std::exp(-std::abs(x_um) / lambda_um)), x_um);
        CHECK_NEAR(simulation.state().v_mV[i], expected_mV, 1e-3);
    }
}

TEST(a_sheath_rests_at_the_leak_with_nothing_across_the_myelin) {
    auto model = cable();
    auto& sheath = model.sections[0].sheath.emplace();
    sheath.periaxonal_width_um = 0.01;
    sheath.lamellae = 5;
    sheath.myelin_diameter_um = 500.0;
    model.placements = {{"leak", {}, {{"e_leak_mV", {-80.0}}}}};
    Simulation simulation(std::make_shared<Discretisation>(discretise(model, FixedCount{9, {}})),
                          {}, {}, {}, {});
    simulation.initialise_at_rest(-60.0);
    for (std::size_t i = 0; i < 9; ++i) {
        CHECK_NEAR(simulation.state().potential_mV[0][i], -80.0, 1e-9);
        CHECK_NEAR(simulation.state().potential_mV[1][i], 0.0, 1e-9);
    }
}

TEST(a_membrane_without_conductance_rests_anywhere) {
    for (const int compartments : {1, 2, 3, 10}) {
        Simulation simulation(
            std::make_shared<Discretisation>(discretise(cable(), FixedCount{compartments, {}})), {},
            {}, {}, {});
        CHECK(simulation.initialise_at_rest(-65.0).is_found);
        for (const double v_mV : simulation.state().v_mV) {
            CHECK(v_mV == -65.0);
        }
    }
}

TEST(a_state_without_rest_is_left_alone) {
    // A current that no double holds.
    auto model = cable();
    model.placements = {{"leak", {}, {{"g_bar_S_cm2", {1e3}}, {"e_leak_mV", {1e308}}}}};
    const auto absurd = std::make_shared<Discretisation>(discretise(model, FixedCount{1, {}}));
    const System system(absurd);
    State state = system.blank_state();
    state.potential_mV[0][0] = state.v_mV[0] = -65.0;
    CHECK(!find_rest(system, state).is_found);
    CHECK(state.potential_mV[0][0] == -65.0);
    CHECK(state.v_mV[0] == -65.0);
    Simulation simulation(absurd, {}, {}, {}, {});
    CHECK_THROWS(simulation.initialise_at_rest(-65.0), ModelError,
                 "resting potential: none was found near -65 mV (inf mV/ms left after 0 "
                 "iterations), expected a membrane that settles; give v_init_mV");
}

TEST(rounding_is_told_apart_from_what_is_left) {
    // On a mesh of 0.1 um the last digit of a potential is 1e-8 mV/ms and more.
    auto model = cable();
    model.sections[0].points = straight_points(100.0, 1.0, 1.0);
    model.placements = {{"leak", {}, {{"g_bar_S_cm2", {1e-3}}, {"e_leak_mV", {-64.3}}}}};
    const auto d = std::make_shared<Discretisation>(discretise(model, FixedCount{1000, {}}));
    const System system(d);
    State state = system.blank_state();
    std::ranges::fill(state.potential_mV[0], -65.0);
    system.update_membrane_potential(state);
    const Rest rest = find_rest(system, state);
    CHECK(rest.is_found);
    CHECK(rest.rounding_mV_per_ms > 1e-8);
    CHECK(rest.residual_mV_per_ms < 1e-9);
    CHECK(rest.gate_rate_per_ms == 0.0);
}

TEST(a_state_without_rest_tells_where) {
    auto model = cable();
    model.sections.push_back(model.sections[0]);
    model.sections[1].name = "absurd";
    model.sections[1].parent = "axon";
    model.placements = {{"leak", {"absurd"}, {{"g_bar_S_cm2", {1e3}}, {"e_leak_mV", {1e308}}}}};
    const System system(std::make_shared<Discretisation>(discretise(model, FixedCount{1, {}})));
    State state = system.blank_state();
    const Rest rest = find_rest(system, state);
    CHECK(!rest.is_found);
    CHECK(rest.compartment == 1);
}
