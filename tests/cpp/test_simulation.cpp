// Whole runs whose answers are known: closed forms of backward Euler, charge, snapshots,
// divergence.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "check.hpp"
#include "ranvier/base/constants.hpp"
#include "ranvier/base/error.hpp"
#include "ranvier/discretisation/discretise.hpp"
#include "ranvier/solver/simulation.hpp"

using namespace ranvier;

namespace {

constexpr double kDt_ms = 0.01;
const MethodChoice kMethod{"backward_euler", {{"dt_ms", kDt_ms}}};
const PiecewiseLinear kPulse{{0.1, 0.1, 0.6, 0.6}, {0.0, 1.0, 1.0, 0.0}};
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

using Shared = std::shared_ptr<const Discretisation>;

Ion ion(const std::string& name, double e_mV) {
    Ion made;
    made.name = name;
    made.e_mV = e_mV;
    return made;
}

Model model_of(double length_um, double diameter_um) {
    Model model;
    model.temperature_degC = 6.3;
    model.sections.emplace_back();
    model.sections[0].name = "axon";
    model.sections[0].points = straight_points(length_um, diameter_um, diameter_um);
    return model;
}

Shared passive_patch() {
    auto model = model_of(100.0, 10.0);
    model.placements = {{"leak", {}, {{"g_bar_S_cm2", {1e-3}}, {"e_leak_mV", {-70.0}}}}};
    return std::make_shared<Discretisation>(discretise(model, FixedCount{1, {}}));
}

/// 20 compartments of squid axon, 1 cm.
Shared squid() {
    auto model = model_of(1e4, 476.0);
    model.sections[0].r_a_ohm_cm = 35.4;
    model.placements = {{"na_hh", {}, {}},
                        {"k_hh", {}, {}},
                        {"leak", {}, {{"g_bar_S_cm2", {3e-4}}, {"e_leak_mV", {-54.387}}}}};
    model.ions = {ion("na", 50.0), ion("k", -77.0)};
    return std::make_shared<Discretisation>(discretise(model, FixedCount{20, {}}));
}

/// One compartment under myelin, with a leak in the axolemma.
Shared sheathed_patch() {
    auto model = model_of(100.0, 10.0);
    auto& sheath = model.sections[0].sheath.emplace();
    sheath.periaxonal_width_um = 0.01;
    sheath.lamellae = 5;
    sheath.myelin_diameter_um = 12.0;
    model.placements = {{"leak", {}, {{"g_bar_S_cm2", {1e-3}}, {"e_leak_mV", {-70.0}}}}};
    return std::make_shared<Discretisation>(discretise(model, FixedCount{1, {}}));
}

/// An internode, a node and two more internodes that leave it, with a leak everywhere.
Shared branched_double_cable() {
    auto model = model_of(200.0, 4.0);
    Section internode = model.sections[0];
    auto& sheath = internode.sheath.emplace();
    sheath.periaxonal_width_um = 0.01;
    sheath.lamellae = 5;
    sheath.myelin_diameter_um = 6.0;
    Section node = model.sections[0];
    node.points = straight_points(2.0, 4.0, 4.0);
    node.sheath = sheath;
    node.sheath->lamellae = 0;
    node.sheath->is_open = true;
    model.sections = {internode, node, internode, internode};
    for (std::size_t s = 0; s < 4; ++s) {
        model.sections[s].name = std::string(1, static_cast<char>('a' + s));
        model.sections[s].parent = s == 0 ? "" : s == 1 ? "a" : "b";
    }
    model.placements = {{"leak", {}, {{"g_bar_S_cm2", {1e-3}}, {"e_leak_mV", {-70.0}}}}};
    return std::make_shared<Discretisation>(discretise(model, FixedCount{4, {}}));
}

Probe probe_at(std::vector<std::int32_t> compartment, std::int64_t every_steps = 1) {
    Probe probe;
    probe.compartment = std::move(compartment);
    probe.every_steps = every_steps;
    return probe;
}

Probe periaxonal_at(std::int32_t compartment) {
    Probe probe = probe_at({compartment});
    probe.quantity = Quantity::kLayerPotential;
    probe.layer = 1;
    return probe;
}

Probe gate_at(std::vector<std::int32_t> compartment, const std::string& mechanism,
              const std::string& gate) {
    Probe probe = probe_at(std::move(compartment));
    probe.quantity = Quantity::kGate;
    probe.mechanism = mechanism;
    probe.gate = gate;
    return probe;
}

Probe current_at(std::int32_t compartment, const std::string& mechanism) {
    Probe probe = probe_at({compartment});
    probe.quantity = Quantity::kCurrentDensity;
    probe.mechanism = mechanism;
    return probe;
}

/// A squid axon under a shock that starts a spike, with every kind of probe and a detector.
Simulation squid_run(std::int64_t every_steps = 1, const MethodChoice& method = kMethod) {
    return Simulation(squid(), method, {{kPulse, {0}, {2e4}}},
                      {probe_at({0, 19}), probe_at({5}, every_steps),
                       gate_at({0, 19}, "na_hh", "h"), current_at(7, "k_hh")},
                      {{-20.0, {0, 10, 19}}});
}

/// Whatever is registered, at the step of the other tests.
std::vector<MethodChoice> every_method() {
    std::vector<MethodChoice> choices;
    for (const MethodEntry* entry : methods()) {
        choices.push_back({std::string(entry->info.name), {{"dt_ms", kDt_ms}}});
    }
    return choices;
}

bool is_same(const Samples& a, const Samples& b) {
    return a.columns == b.columns && a.step == b.step && a.t_ms == b.t_ms && a.value == b.value;
}

/// State and recordings, bit for bit.
bool is_same(Simulation& a, Simulation& b) {
    return a.snapshot() == b.snapshot() &&
           std::ranges::equal(a.samples(), b.samples(),
                              [](const auto& x, const auto& y) { return is_same(x, y); }) &&
           std::ranges::equal(a.events(), b.events(), [](const auto& x, const auto& y) {
               return x.step == y.step && x.compartment == y.compartment && x.t_ms == y.t_ms;
           });
}

}  // namespace

TEST(a_passive_compartment_decays_as_backward_euler_does) {
    Simulation simulation(passive_patch(), kMethod, {}, {probe_at({0})}, {});
    simulation.initialise(-20.0);
    simulation.advance(500);
    // tau = C_m/g = 1 ms: each step divides the distance from -70 mV by 1 + dt/tau.
    const auto& samples = simulation.samples()[0];
    CHECK(samples.step.size() == 501);
    for (std::size_t n = 0; n < samples.step.size(); ++n) {
        const double expected_mV = -70.0 + 50.0 * std::pow(1.0 + kDt_ms, -static_cast<double>(n));
        CHECK_NEAR(samples.value[n], expected_mV, 1e-12);
        CHECK(samples.step[n] == static_cast<std::int64_t>(n));
        CHECK(samples.t_ms[n] == static_cast<double>(n) * kDt_ms);
    }
}

TEST(two_potentials_decay_as_backward_euler_does) {
    const auto patch = sheathed_patch();
    Simulation simulation(patch, kMethod, {}, {probe_at({0}), periaxonal_at(0)}, {});
    simulation.initialise(-20.0);
    const double c_a = patch->compartments.capacitance_nF[0];
    const double g_a = 1e-3 * 1e-2 * patch->compartments.area_um2[0];
    const double c_m = patch->layers[0].capacitance_nF[0];
    const double g_m = patch->layers[0].conductance_uS[0];
    // No current leaves the axoplasm but through the axolemma, so v decays on its own and none
    // passes through to the myelin, whose potential stays.
    CHECK(simulation.state().potential_mV[1][0] == 0.0);
    simulation.advance(300);
    for (std::size_t n = 0; n <= 300; ++n) {
        const double left = std::pow(1.0 + kDt_ms * g_a / c_a, -static_cast<double>(n));
        CHECK_NEAR(simulation.samples()[0].value[n], -70.0 + 50.0 * left, 1e-11);
        CHECK_NEAR(simulation.samples()[1].value[n], 0.0, 1e-12);
    }
    // A current into the axoplasm leaves through both membranes in series.
    Simulation driven(patch, kMethod, {{{{0.0, 1e3}, {1.0, 1.0}}, {0}, {0.2}}}, {periaxonal_at(0)},
                      {});
    driven.initialise(-70.0);
    driven.advance(300);
    for (std::size_t n = 0; n <= 300; ++n) {
        const double left = std::pow(1.0 + kDt_ms * g_m / c_m, -static_cast<double>(n));
        CHECK_NEAR(driven.samples()[0].value[n], 0.2 / g_m * (1.0 - left), 1e-10 / g_m);
    }
}

TEST(one_step_of_a_branched_double_cable_balances_every_current) {
    const auto d = branched_double_cable();
    const auto& c = d->compartments;
    const auto& layer = d->layers[0];
    Simulation simulation(d, kMethod, {{kPulse, {2}, {0.5}}}, {}, {});
    simulation.initialise(-60.0);
    for (int step = 0; step < 60; ++step) {
        const State before = simulation.state();
        simulation.advance(1);
        const State& after = simulation.state();
        const double drive_nA = 0.5 * kPulse.mean(before.t_ms, after.t_ms);
        const auto& inside = after.potential_mV[0];
        const auto& outside = after.potential_mV[1];
        std::vector<double> into_axoplasm_nA(c.size(), 0.0);
        std::vector<double> into_space_nA(c.size(), 0.0);
        into_axoplasm_nA[2] += drive_nA;
        for (std::size_t i = 1; i < c.size(); ++i) {
            const auto up = static_cast<std::size_t>(c.parent[i]);
            const double axial_nA = c.axial_conductance_uS[i] * (inside[up] - inside[i]);
            const double space_nA = layer.axial_conductance_uS[i] * (outside[up] - outside[i]);
            into_axoplasm_nA[i] += axial_nA;
            into_axoplasm_nA[up] -= axial_nA;
            into_space_nA[i] += space_nA;
            into_space_nA[up] -= space_nA;
        }
        for (std::size_t i = 0; i < c.size(); ++i) {
            const double g_uS = 1e-3 * 1e-2 * c.area_um2[i];
            const double membrane_nA =
                c.capacitance_nF[i] * (after.v_mV[i] - before.v_mV[i]) / kDt_ms +
                g_uS * (after.v_mV[i] + 70.0);
            const double myelin_nA =
                layer.capacitance_nF[i] * (outside[i] - before.potential_mV[1][i]) / kDt_ms +
                layer.conductance_uS[i] * outside[i];
            CHECK(after.v_mV[i] == inside[i] - outside[i]);
            CHECK_NEAR(into_axoplasm_nA[i], membrane_nA, 1e-11);
            if (layer.is_unknown[i] != 0) {
                CHECK_NEAR(into_space_nA[i] + membrane_nA, myelin_nA, 1e-11);
            } else {
                CHECK(outside[i] == 0.0);
            }
        }
    }
    CHECK(simulation.state().potential_mV[1][2] > 1.0);  // something has happened
}

TEST(a_membrane_without_leak_keeps_every_charge) {
    const auto insulated =
        std::make_shared<Discretisation>(discretise(model_of(100.0, 10.0), FixedCount{5, {}}));
    for (auto method : every_method()) {
        // Edges inside steps, and steps of any length.
        for (const double dt_ms : {0.003, 0.01, 0.07, 1.0}) {
            method.parameters["dt_ms"] = dt_ms;
            Simulation simulation(
                insulated, method,
                {{{{0.1234, 0.1234, 0.7, 0.7}, {0.0, 1.0, 1.0, 0.0}}, {3}, {2e-3}}}, {}, {});
            simulation.initialise(-70.0);
            simulation.advance(std::lround(2.0 / dt_ms));
            double charge_pC = 0.0;
            for (std::size_t i = 0; i < 5; ++i) {
                charge_pC +=
                    insulated->compartments.capacitance_nF[i] * (simulation.state().v_mV[i] + 70.0);
            }
            CHECK_NEAR(charge_pC, 2e-3 * (0.7 - 0.1234), 1e-12);
        }
    }
}

TEST(a_spike_travels_and_is_detected_in_order) {
    for (const auto& method : every_method()) {
        auto simulation = squid_run(1, method);
        simulation.initialise(-65.0);
        simulation.advance(400);
        const auto& events = simulation.events()[0];
        CHECK(events.compartment == (std::vector<std::int32_t>{0, 10, 19}));
        CHECK(std::ranges::is_sorted(events.t_ms));
        const auto& v_mV = simulation.samples()[1].value;
        const double peak_mV = *std::ranges::max_element(v_mV);
        CHECK(peak_mV > 20.0 && peak_mV < 50.0);
    }
}

TEST(probes_agree_with_the_state_and_with_one_another) {
    auto simulation = squid_run(7);
    simulation.initialise(-65.0);
    simulation.advance(100);
    const auto& state = simulation.state();
    const auto& samples = simulation.samples();
    CHECK(samples[0].columns == 2);
    CHECK(samples[0].value.size() == 202);
    CHECK(samples[0].value[201] == state.v_mV[19]);
    CHECK(samples[1].step.back() == 98 && samples[1].step.size() == 15);
    CHECK(samples[1].t_ms[3] == 21 * kDt_ms);
    CHECK(samples[2].value[200] == state.gates[0][1][0]);
    CHECK(samples[2].value[201] == state.gates[0][1][19]);
    const double n = state.gates[1][0][7];
    CHECK_NEAR(samples[3].value[100], 0.036 * n * n * n * n * (state.v_mV[7] + 77.0), 1e-12);
}

TEST(it_is_the_same_in_any_number_of_pieces) {
    for (const auto& method : every_method()) {
        auto whole = squid_run(3, method);
        auto pieces = squid_run(3, method);
        whole.initialise(-65.0);
        pieces.initialise(-65.0);
        whole.advance(300);
        for (const int steps : {1, 0, 2, 130, 64, 103}) {
            pieces.advance(steps);
        }
        CHECK(is_same(whole, pieces));
    }
}

TEST(initialising_again_starts_anew) {
    for (const auto& method : every_method()) {
        auto again = squid_run(1, method);
        auto once = squid_run(1, method);
        again.initialise(-50.0);
        again.advance(200);
        again.initialise(-65.0);
        once.initialise(-65.0);
        CHECK(is_same(again, once));
        again.advance(50);
        once.advance(50);
        CHECK(is_same(again, once));
    }
}

TEST(a_restored_run_goes_on_bit_for_bit) {
    for (const auto& method : every_method()) {
        auto straight = squid_run(1, method);
        straight.initialise(-65.0);
        straight.advance(150);
        const auto snapshot = straight.snapshot();
        straight.advance(200);
        auto back = squid_run(1, method);
        back.initialise(-65.0);
        back.advance(270);
        // Back in time: recording starts anew at the snapshot.
        back.restore(snapshot);
        CHECK(back.state().step == 150);
        CHECK(back.samples()[0].step == std::vector<std::int64_t>{150});
        CHECK(back.snapshot() == snapshot);
        back.advance(200);
        CHECK(back.snapshot() == straight.snapshot());
        const auto& expected = straight.samples()[0];
        const auto& found = back.samples()[0];
        const std::size_t from = 150 * expected.columns;
        CHECK(std::equal(found.value.begin(), found.value.end(), expected.value.begin() + from,
                         expected.value.end()));
    }
}

TEST(a_snapshot_starts_another_simulation) {
    for (const auto& method : every_method()) {
        auto first = squid_run(1, method);
        first.initialise(-65.0);
        first.advance(150);
        auto second = squid_run(1, method);
        second.restore(first.snapshot());
        CHECK(second.samples()[0].step == std::vector<std::int64_t>{150});
        first.advance(150);
        second.advance(150);
        CHECK(second.snapshot() == first.snapshot());
        CHECK(second.samples()[0].step.size() == 151);
        // Its detectors know the potentials at the snapshot: no crossing is lost or invented.
        auto expected = first.events()[0].t_ms;
        std::erase_if(expected, [](double t_ms) { return t_ms < 150 * kDt_ms; });
        CHECK(second.events()[0].t_ms == expected);
    }
}

TEST(a_snapshot_that_does_not_fit_changes_nothing) {
    auto simulation = squid_run();
    simulation.initialise(-65.0);
    simulation.advance(20);
    const auto good = simulation.snapshot();
    Simulation other(passive_patch(), kMethod, {}, {}, {});
    other.initialise(-65.0);
    Simulation other_step(squid(), {"backward_euler", {{"dt_ms", 2.0 * kDt_ms}}}, {}, {}, {});
    other_step.initialise(-65.0);
    auto warmth = *squid();
    warmth.temperature_degC += 1.0;
    Simulation warmer(std::make_shared<Discretisation>(warmth), kMethod, {}, {}, {});
    warmer.initialise(-65.0);
    const std::string text =
        "snapshot: does not fit this simulation, expected one taken from the same discretisation "
        "and method";
    for (const std::string& bad :
         {std::string(), std::string("rubbish"), good.substr(0, good.size() - 1), good + "x",
          good.substr(1), other.snapshot(), other_step.snapshot(), warmer.snapshot()}) {
        CHECK_THROWS(simulation.restore(bad), ModelError, text);
    }
    CHECK(simulation.snapshot() == good);
}

TEST(arrays_of_a_run_in_lanes_are_there_while_somebody_looks) {
    const auto d = squid();
    Simulation simulation(d, {"rosenbrock2", {{"dt_ms", 0.01}}}, {{kPulse, {0}, {2e4}}}, {}, {},
                          {Solver::kLanes});
    simulation.initialise_at_rest(-65.0);
    const std::size_t unseen = simulation.bytes();
    simulation.advance(200);
    CHECK(simulation.bytes() == unseen);  // nor is the copy there that it could have gone back to
    const std::string snapshot = simulation.snapshot();
    CHECK(simulation.bytes() == unseen);
    const State& state = simulation.state();
    CHECK(simulation.bytes() == unseen + 20 * (2 + 3) * sizeof(double));
    CHECK(state.step == 200 && state.v_mV[0] != state.v_mV[19]);
    CHECK(simulation.snapshot() == snapshot && state.v_mV.size() == 20);
    const double v_mV = state.v_mV[0];
    simulation.advance(1);
    CHECK(simulation.bytes() == unseen && simulation.step() == 201);
    simulation.restore(snapshot);
    CHECK(simulation.bytes() == unseen && simulation.state().v_mV[0] == v_mV);
    simulation.initialise(-60.0);
    CHECK(simulation.bytes() == unseen && simulation.state().gates[0][0][3] > 0.0);
}

TEST(a_run_that_diverges_keeps_what_was_good_and_says_when) {
    // Without leak the potential rises by I dt/C: beyond 10 V in the step that passes t = 2.345 ms.
    const auto insulated =
        std::make_shared<Discretisation>(discretise(model_of(100.0, 10.0), FixedCount{1, {}}));
    const double nA_for_10_V_per_ms = 1e4 * insulated->compartments.capacitance_nF[0];
    const auto make = [&] {
        return Simulation(insulated, kMethod,
                          {{{{1.345, 9.0}, {1.0, 1.0}}, {0}, {nA_for_10_V_per_ms}}},
                          {probe_at({0})}, {{5000.0, {0}}});
    };
    // With 184, the crossing lies in the first of the steps that are repeated to find the bad one.
    for (const std::int64_t chunk : {1000, 184, 128, 50, 1}) {
        auto simulation = make();
        simulation.initialise(0.0);
        const auto run = [&] {
            while (simulation.state().step < 1000) {
                simulation.advance(chunk);
            }
        };
        CHECK_THROWS(run(), DivergedError,
                     "the run diverged: axoplasm potential is 10050 mV at t = 2.35 ms in "
                     "compartment 0, axon (50 um), expected finite values below 10000 mV; dt = "
                     "0.01 ms may be too long");
        CHECK(simulation.state().step == 234);
        CHECK_NEAR(simulation.state().v_mV[0], 9950.0, 1e-8);
        CHECK(simulation.samples()[0].step.size() == 235);
        CHECK_NEAR(simulation.samples()[0].value.back(), 9950.0, 1e-8);
        CHECK(simulation.events()[0].step.size() == 1);
        CHECK_NEAR(simulation.events()[0].t_ms[0], 1.845, 1e-9);
        // It may be asked again, and is where it was.
        CHECK_THROWS(simulation.advance(1), DivergedError, "at t = 2.35 ms");
        CHECK(simulation.state().step == 234);
    }
    try {
        auto simulation = make();
        simulation.initialise(0.0);
        simulation.advance(500);
        CHECK(false);
    } catch (const DivergedError& error) {
        CHECK_NEAR(error.t_ms(), 2.35, 1e-12);
        CHECK(error.compartment() == 0);
        CHECK(error.variable() == "axoplasm potential is 10050 mV");
    }
}

TEST(a_diverging_sheath_is_named) {
    Simulation simulation(sheathed_patch(), kMethod, {{{{0.0, 9.0}, {1.0, 1.0}}, {0}, {1e9}}}, {},
                          {});
    simulation.initialise(-70.0);
    CHECK_THROWS(simulation.advance(10), DivergedError, "the run diverged: axoplasm potential is ");
}

TEST(it_advances_only_from_a_state) {
    auto simulation = squid_run();
    CHECK_THROWS(simulation.advance(1), ModelError,
                 "simulation: has no state yet, expected initialise() before advance()");
    simulation.initialise(-65.0);
    CHECK_THROWS(simulation.advance(-1), ModelError, "steps: is -1, expected 0 or more");
    CHECK_THROWS(simulation.initialise(kNaN), ModelError,
                 "v_init_mV: is nan, expected -10000 to 10000 mV");
    CHECK_THROWS(simulation.initialise(1e5), ModelError,
                 "v_init_mV: is 100000, expected -10000 to 10000 mV");
    simulation.advance(0);
    CHECK(simulation.state().step == 0);
}

TEST(what_does_not_fit_is_refused) {
    const auto make = [](const Probe& probe) { Simulation(squid(), kMethod, {}, {probe}, {}); };
    CHECK_THROWS(make(probe_at({0}, 0)), ModelError,
                 "probe 0: every_steps is 0, expected 1 or more");
    CHECK_THROWS(make(probe_at({20})), ModelError,
                 "probe 0: is at compartment 20, expected 0 to 19");
    CHECK_THROWS(make(probe_at({-1})), ModelError,
                 "probe 0: is at compartment -1, expected 0 to 19");
    CHECK_THROWS(make(periaxonal_at(0)), ModelError,
                 "probe 0: asks for the periaxonal space, expected a model with a sheath");
    CHECK_THROWS(make(gate_at({0}, "na_hh", "n")), ModelError,
                 "probe 0: channel 'na_hh' has no gate 'n', expected 'm' or one of m, h");
    CHECK_THROWS(make(current_at(0, "na_mrg")), ModelError,
                 "probe 0: channel 'na_mrg' is not in this model, expected one of na_hh, k_hh");

    auto model = model_of(100.0, 10.0);
    model.sections.push_back(model.sections[0]);
    model.sections[1].name = "bare";
    model.sections[1].parent = "axon";
    model.placements = {{"leak", {"axon"}, {}}};
    const auto two = std::make_shared<Discretisation>(discretise(model, FixedCount{1, {}}));
    CHECK_THROWS(
        Simulation(two, kMethod, {}, {current_at(1, "leak")}, {}), ModelError,
        "probe 0: channel 'leak' is not at bare (50 um), expected a place that carries it");

    CHECK_THROWS(Simulation(squid(), kMethod, {}, {}, {{kNaN, {0}}}), ModelError,
                 "detector: threshold_mV is nan, expected a finite number");
    CHECK_THROWS(Simulation(squid(), kMethod, {}, {}, {{0.0, {20}}}), ModelError,
                 "detector: watches compartment 20, expected 0 to 19");
    CHECK_THROWS(Simulation(squid(), kMethod, {{kPulse, {20}, {1.0}}}, {}, {}), ModelError,
                 "drive: acts on compartment 20, expected 0 to 19");
}

TEST(a_fixed_step_advances_to_the_first_step_that_reaches_a_time) {
    auto simulation = squid_run();
    simulation.initialise(-65.0);
    simulation.advance(1000, 0.3);  // 0.3/0.01 is just below 30
    CHECK(simulation.state().step == 30);
    simulation.advance(1000, 30 * kDt_ms);
    CHECK(simulation.state().step == 30);
    simulation.advance(1000, 0.301);
    CHECK(simulation.state().step == 31);
    simulation.advance(5, 9.0);
    CHECK(simulation.state().step == 36);
    CHECK_THROWS(simulation.advance(1, 0.2), ModelError,
                 "t_stop_ms: is 0.2, expected 0.36 or later");
    CHECK_THROWS(simulation.advance(1, kNaN), ModelError,
                 "t_stop_ms: is nan, expected 0.36 or later");
}
