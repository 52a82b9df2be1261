// Runs by the window that begin at rest, and those of cables so long that they form stretches.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "check.hpp"
#include "ranvier/discretisation/discretise.hpp"
#include "ranvier/solver/lanes/window.hpp"
#include "ranvier/solver/simulation.hpp"

using namespace ranvier;

namespace {

constexpr double kTolerance_mV = 0.01;
constexpr double kCompartment_um = 100.0;

std::shared_ptr<const Discretisation> squid(int compartments) {
    Model model;
    model.temperature_degC = 18.5;
    Section& axon = model.sections.emplace_back();
    axon.name = "axon";
    axon.points = straight_points(kCompartment_um * compartments, 476.0, 476.0);
    axon.r_a_ohm_cm = 35.4;
    model.placements = {{"na_hh", {}, {{"g_bar_S_cm2", {0.12}}}},
                        {"k_hh", {}, {{"g_bar_S_cm2", {0.036}}}},
                        {"leak", {}, {{"g_bar_S_cm2", {3e-4}}, {"e_leak_mV", {-54.387}}}}};
    Ion na;
    na.name = "na";
    na.e_mV = 50.0;
    Ion k;
    k.name = "k";
    k.e_mV = -77.0;
    model.ions = {na, k};
    return std::make_shared<const Discretisation>(discretise(model, FixedCount{compartments, {}}));
}

Drive pulse(std::int32_t at, double from_ms, double to_ms, double amplitude_nA) {
    return {{{from_ms, from_ms, to_ms, to_ms}, {0.0, 1.0, 1.0, 0.0}}, {at}, {amplitude_nA}};
}

std::unique_ptr<Simulation> at_rest(const std::shared_ptr<const Discretisation>& d, bool is_full,
                                    double dt_ms, const Drive& drive) {
    const MethodChoice method =
        is_full ? MethodChoice{"rosenbrock2", {{"dt_ms", dt_ms}}}
                : MethodChoice{"windowed", {{"dt_ms", dt_ms}, {"window_tol_mV", kTolerance_mV}}};
    Detector everywhere;
    for (std::size_t i = 0; i < d->compartments.size(); ++i) {
        everywhere.compartment.push_back(static_cast<std::int32_t>(i));
    }
    auto simulation = std::make_unique<Simulation>(
        d, method, std::vector{drive}, std::vector<Probe>{}, std::vector{everywhere},
        Execution{Solver::kLanes, Precision::kDouble, 1});
    simulation->initialise_at_rest(-65.0);
    return simulation;
}

}  // namespace

TEST(a_current_that_is_on_before_the_start_is_felt) {
    const auto d = squid(900);
    for (const double from_ms : {-5.0, -0.001, 0.0, 0.0049}) {
        const Drive drive = pulse(450, from_ms, 9.0, 3000.0);
        const auto full = at_rest(d, true, 0.005, drive);
        const auto windowed = at_rest(d, false, 0.005, drive);
        full->advance(600);
        windowed->advance(600);
        double off_mV = 0.0;
        for (std::size_t i = 0; i < 900; ++i) {
            off_mV = std::max(off_mV, std::abs(windowed->state().v_mV[i] - full->state().v_mV[i]));
        }
        CHECK(std::abs(full->state().v_mV[450] + 65.0) > 1.0);
        check::expect(off_mV < 4.0 * kTolerance_mV, __FILE__, __LINE__, "from ", from_ms,
                      " ms: ", off_mV, " mV");
        CHECK(windowed->execution().share_solved < 1.0);
        CHECK(windowed->execution().share_solved > 0.0);
    }
}

TEST(what_rests_takes_no_steps_and_little_room) {
    const auto d = squid(3000);
    const auto simulation = at_rest(d, false, 0.005, pulse(0, 100.0, 101.0, 1.0));
    const std::size_t bytes = simulation->bytes();
    simulation->advance(500);
    CHECK(simulation->execution().share_solved == 0.0);
    CHECK(simulation->bytes() <= bytes + 1000);
    // Looked at, all of it is brought up to the present in a copy.
    const double v_mV = simulation->state().v_mV[1500];
    simulation->advance(500);
    CHECK(std::abs(simulation->state().v_mV[1500] - v_mV) < 1e-9);
    CHECK(simulation->execution().share_solved == 0.0);
}

/// Where two stretches meet, steps end at other times than elsewhere: the wave must not notice.
TEST(a_wave_goes_from_one_stretch_into_the_next) {
    constexpr std::size_t kPerBlock = 160;
    constexpr std::size_t kMeet = Window::kStretch * kPerBlock;
    constexpr std::size_t kCompartments = kMeet + 4000;
    const auto d = squid(static_cast<int>(kCompartments));
    const auto simulation = at_rest(d, false, 0.01, pulse(0, 0.1, 0.6, 40000.0));
    simulation->advance(static_cast<std::int64_t>(kCompartments * 26 / 45));  // to its end
    std::vector<double> crossed_ms(d->compartments.size(), 0.0);
    const Events& events = simulation->events()[0];
    for (std::size_t k = 0; k < events.t_ms.size(); ++k) {
        crossed_ms[static_cast<std::size_t>(events.compartment[k])] = events.t_ms[k];
    }
    constexpr std::size_t kFar = 1000;
    const double before_ms = crossed_ms[kMeet - kFar] - crossed_ms[kMeet - 2 * kFar];
    CHECK(before_ms > 1.0);
    for (const std::size_t from : {kMeet - kFar, kMeet - kFar / 2, kMeet, kMeet + kFar}) {
        const double ms = crossed_ms[from + kFar] - crossed_ms[from];
        check::expect(std::abs(ms / before_ms - 1.0) < 1e-5, __FILE__, __LINE__, "from ", from,
                      ": ", ms, " after ", before_ms, " ms");
    }
}
