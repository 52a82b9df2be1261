// Runs of a method that chooses its steps: where they end, in pieces, from snapshots, and failing.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "check.hpp"
#include "ranvier/base/error.hpp"
#include "ranvier/discretisation/discretise.hpp"
#include "ranvier/solver/simulation.hpp"

using namespace ranvier;

namespace {

const MethodChoice kAdaptive{"adaptive", {{"atol_mV", 1e-2}, {"rtol", 1e-4}}};
const MethodChoice kFixed{"backward_euler", {{"dt_ms", 0.01}}};
const PiecewiseLinear kPulse{{0.1, 0.1, 0.6, 0.6}, {0.0, 1.0, 1.0, 0.0}};
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Ion ion(const std::string& name, double e_mV) {
    Ion made;
    made.name = name;
    made.e_mV = e_mV;
    return made;
}

/// 20 compartments of squid axon, 1 cm.
std::shared_ptr<const Discretisation> squid() {
    Model model;
    model.temperature_degC = 6.3;
    model.sections.emplace_back();
    model.sections[0].name = "axon";
    model.sections[0].points = straight_points(1e4, 476.0, 476.0);
    model.sections[0].r_a_ohm_cm = 35.4;
    model.placements = {{"na_hh", {}, {}},
                        {"k_hh", {}, {}},
                        {"leak", {}, {{"g_bar_S_cm2", {3e-4}}, {"e_leak_mV", {-54.387}}}}};
    model.ions = {ion("na", 50.0), ion("k", -77.0)};
    return std::make_shared<Discretisation>(discretise(model, FixedCount{20, {}}));
}

Probe probe_at(std::vector<std::int32_t> compartment) {
    Probe probe;
    probe.compartment = std::move(compartment);
    return probe;
}

/// A spike, with probes of each step and of a grid that no step knows of.
Simulation spike() {
    Probe grid = probe_at({0, 19});
    grid.every_ms = 0.0371;
    return Simulation(squid(), kAdaptive, {{kPulse, {0}, {2e4}}}, {probe_at({0, 19}), grid},
                      {{-20.0, {0, 10, 19}}});
}

/// State and recordings, bit for bit.
bool is_same(Simulation& a, Simulation& b) {
    const auto is_same_samples = [](const Samples& x, const Samples& y) {
        return x.step == y.step && x.t_ms == y.t_ms && x.value == y.value;
    };
    return a.snapshot() == b.snapshot() &&
           std::ranges::equal(a.samples(), b.samples(), is_same_samples) &&
           a.events()[0].t_ms == b.events()[0].t_ms;
}

}  // namespace

TEST(an_adaptive_run_reaches_a_time_the_same_way_in_any_pieces) {
    auto whole = spike();
    auto pieces = spike();
    whole.initialise(-65.0);
    pieces.initialise(-65.0);
    whole.advance(1000, 1.77);
    CHECK(whole.state().t_ms == 1.77);
    CHECK(whole.state().step > 20 && whole.state().step < 1000);
    CHECK(whole.samples()[0].t_ms.size() == static_cast<std::size_t>(whole.state().step) + 1);
    CHECK(whole.samples()[1].t_ms.size() == 48);
    for (const int steps : {1, 0, 7, 3, 1000}) {
        pieces.advance(steps, 1.77);
    }
    CHECK(is_same(whole, pieces));
    // There, nothing more is done.
    whole.advance(5, 1.77);
    CHECK(is_same(whole, pieces));
}

TEST(adaptive_steps_end_where_a_drive_has_a_corner) {
    auto simulation = spike();
    simulation.initialise(-65.0);
    simulation.advance(1000, 1.0);
    const auto& t_ms = simulation.samples()[0].t_ms;
    for (const double edge_ms : {0.1, 0.6, 1.0}) {
        CHECK(std::ranges::count(t_ms, edge_ms) == 1);
    }
}

TEST(a_snapshot_of_an_adaptive_run_goes_on_bit_for_bit) {
    auto straight = spike();
    straight.initialise(-65.0);
    straight.advance(17);
    const auto snapshot = straight.snapshot();
    CHECK(straight.state().dt_next_ms > 0.0);
    straight.advance(1000, 1.5);
    auto back = spike();
    back.initialise(-65.0);
    back.advance(60);
    back.restore(snapshot);
    CHECK(back.snapshot() == snapshot);
    CHECK(back.samples()[0].step == std::vector<std::int64_t>{17});
    back.advance(1000, 1.5);
    CHECK(back.snapshot() == straight.snapshot());
    for (const std::size_t probe : {0U, 1U}) {
        const auto& expected = straight.samples()[probe].value;
        const auto& found = back.samples()[probe].value;
        CHECK(found.size() > 10 && found.size() < expected.size());
        CHECK(std::equal(found.rbegin(), found.rend(), expected.rbegin()));
    }
}

TEST(intervals_by_time_need_a_method_that_chooses_its_steps) {
    Probe probe = probe_at({0});
    for (const double every_ms : {0.1, -0.1, kNaN}) {
        probe.every_ms = every_ms;
        CHECK_THROWS(Simulation(squid(), kFixed, {}, {probe}, {}), ModelError,
                     "probe 0: every_ms is ");
    }
    for (const double every_ms : {-0.1, kNaN, std::numeric_limits<double>::infinity()}) {
        probe.every_ms = every_ms;
        CHECK_THROWS(Simulation(squid(), kAdaptive, {}, {probe}, {}), ModelError,
                     "expected 0, or above 0 with a method that chooses its steps");
    }
}

TEST(a_tolerance_that_no_step_keeps_ends_the_run_where_it_is) {
    Simulation simulation(squid(), {"adaptive", {{"atol_mV", 1e-300}, {"rtol", 1e-300}}},
                          {{kPulse, {0}, {2e4}}}, {probe_at({0})}, {});
    simulation.initialise(-65.0);
    CHECK_THROWS(
        simulation.advance(1000, 1.0), DivergedError,
        "ms on is short enough for the tolerances, expected a state that changes smoothly");
    CHECK(std::isfinite(simulation.state().v_mV[0]));
    CHECK(simulation.samples()[0].t_ms.back() == simulation.state().t_ms);
}
