// Whole runs in lanes: snapshots, threads, other fibres in the place of old ones, and runs that
// blow up.

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "check.hpp"
#include "lane_cases.hpp"
#include "ranvier/base/error.hpp"

using namespace ranvier;
using namespace lane_models;

namespace {

std::vector<Case> some_cases(Random& random) {
    std::vector<Case> cases;
    const auto add = [&](const char* what, const Shared& d) {
        cases.push_back({what, d, long_drives(*d, random)});
    };
    add("cable", bare(130, Shape::kCable, random).rooted_at(40));
    add("tree", bare(90, Shape::kBushy, random).rooted_at(0));
    add("mirrored",
        myelinated({.nodes = 19, .least_internode = 4, .most_internode = 4}, random).rooted_at(0));
    add("unequal", myelinated({.nodes = 14,
                               .most_node_rows = 2,
                               .least_internode = 1,
                               .most_internode = 5,
                               .taper = 0.2,
                               .branches = 0.2},
                              random)
                       .rooted_at(3));
    return cases;
}

template <class Real>
void expect_snapshots_to_go_on(const char* precision) {
    Random random(41);
    for (const Case& each : some_cases(random)) {
        for (const char* const method : kMethods) {
            const auto choose = choice(method, 0.01);
            const auto detectors = watched(*each.discretisation);
            const auto whole = lane_run<Real>(each.discretisation, choose, each.drives, detectors);
            whole->initialise(-65.0);
            whole->advance(50);
            const std::string bytes = whole->snapshot();
            const auto other = lane_run<Real>(each.discretisation, choose, each.drives, detectors);
            other->restore(bytes);
            check::expect(other->snapshot() == bytes, __FILE__, __LINE__, each.what, ", ", method,
                          ", ", precision, ": restored is not what was taken");
            std::int64_t step = 50;
            bool are_same = true;
            for (; are_same && step < 120; ++step) {
                whole->advance(1);
                other->advance(1);
                are_same = whole->snapshot() == other->snapshot();
            }
            check::expect(are_same, __FILE__, __LINE__, each.what, ", ", method, ", ", precision,
                          ": differs after step ", step, " by ",
                          distance_mV(whole->state(), other->state()), " mV, expected equal bits");
            for (const std::size_t k : {0UL, 1UL}) {
                Events late = whole->events()[k];
                const auto first = static_cast<std::ptrdiff_t>(
                    std::ranges::upper_bound(late.step, 50) - late.step.begin());
                late.step.erase(late.step.begin(), late.step.begin() + first);
                late.compartment.erase(late.compartment.begin(), late.compartment.begin() + first);
                late.t_ms.erase(late.t_ms.begin(), late.t_ms.begin() + first);
                check::expect(is_same(late, other->events()[k]), __FILE__, __LINE__, each.what,
                              ", ", method, ", ", precision, ": other crossings");
            }
        }
    }
}

}  // namespace

TEST(a_snapshot_goes_on_bit_for_bit) {
    expect_snapshots_to_go_on<double>("double");
    expect_snapshots_to_go_on<float>("single");
}

TEST(threads_change_nothing) {
    Random random(42);
    for (const Case& each : some_cases(random)) {
        for (const char* const method : kMethods) {
            const auto detectors = watched(*each.discretisation);
            std::unique_ptr<Simulation> first;
            for (const int threads : {1, 2, 3}) {
                auto own = lane_run(each.discretisation, choice(method, 0.01), each.drives,
                                    detectors, {2, best_isa(), threads});
                own->initialise(-65.0);
                own->advance(100);
                if (!first) {
                    first = std::move(own);
                    continue;
                }
                check::expect(is_same(first->state(), own->state()) &&
                                  is_same(first->events()[0], own->events()[0]) &&
                                  is_same(first->events()[1], own->events()[1]),
                              __FILE__, __LINE__, each.what, ", ", method, ": ", threads,
                              " threads differ by ", distance_mV(first->state(), own->state()),
                              " mV, expected equal bits");
            }
        }
    }
}

TEST(single_precision_stays_close) {
    Random random(43);
    for (const Case& each : some_cases(random)) {
        for (const char* const method : kMethods) {
            const auto in_double = lane_run(each.discretisation, choice(method, 0.01), each.drives,
                                            watched(*each.discretisation));
            const auto single = lane_run<float>(each.discretisation, choice(method, 0.01),
                                                each.drives, watched(*each.discretisation));
            in_double->initialise(-65.0);
            single->initialise(-65.0);
            in_double->advance(200);
            single->advance(200);
            const double v_mV = distance_mV(in_double->state(), single->state());
            check::expect(v_mV <= 5e-3, __FILE__, __LINE__, each.what, ", ", method,
                          ": single precision is ", v_mV, " mV off");
            check::expect(
                in_double->events()[0].compartment.size() == single->events()[0].compartment.size(),
                __FILE__, __LINE__, each.what, ", ", method, ": other number of crossings");
        }
    }
}

TEST(a_threshold_that_a_step_ends_on_is_crossed_once) {
    // With a method that takes no step in pieces, whose ends no probe would see.
    Random random(44);
    const auto cases = some_cases(random);
    for (const Case& each : cases) {
        Probe probe = last_v(*each.discretisation);
        auto traced = lane_run(each.discretisation, choice("staggered_sdirk2", 0.01), each.drives,
                               {}, {}, {probe});
        traced->initialise(-65.0);
        traced->advance(100);
        const Samples& samples = traced->samples()[0];
        for (std::size_t column = 0; column < samples.columns; column += 7) {
            std::vector<Detector> detectors;
            std::vector<std::size_t> expected;
            // Under a sheath probes and detectors sum up modes in different orders: there, to
            // within rounding.
            const auto& layers = each.discretisation->layers;
            const bool is_summed = !layers.empty() && layers[0].is_unknown[column] != 0;
            const double below_mV = is_summed ? 1e-10 : 0.0;
            const auto v_mV = [&](std::size_t sample) {
                return samples.value[sample * samples.columns + column];
            };
            for (std::size_t at = 1; at < 100; at += 3) {
                Detector detector{v_mV(at) - below_mV, {static_cast<std::int32_t>(column)}};
                std::size_t crossings = 0;
                for (std::size_t k = 1; k <= 100; ++k) {
                    crossings +=
                        v_mV(k - 1) < detector.threshold_mV && v_mV(k) >= detector.threshold_mV ? 1
                                                                                                : 0;
                }
                detectors.push_back(detector);
                expected.push_back(crossings);
            }
            auto own = lane_run(each.discretisation, choice("staggered_sdirk2", 0.01), each.drives,
                                detectors);
            own->initialise(-65.0);
            own->advance(100);
            for (std::size_t k = 0; k < detectors.size(); ++k) {
                check::expect(own->events()[k].step.size() == expected[k], __FILE__, __LINE__,
                              each.what, ", detector ", k, " at ", detectors[k].threshold_mV,
                              " mV in compartment ", column, " saw ", own->events()[k].step.size(),
                              ", expected ", expected[k]);
            }
        }
    }
}

TEST(detectors_see_the_same_in_any_order_of_their_compartments) {
    Random random(45);
    const Case each = some_cases(random)[0];
    Detector backwards = everywhere(each.discretisation->compartments.size(), -40.0);
    std::ranges::reverse(backwards.compartment);
    const std::vector<Detector> detectors{{-40.0, {3, 3, 1}}, backwards, {-40.0, {3, 3, 1}}};
    const auto plain =
        plain_run(each.discretisation, choice("rosenbrock2", 0.01), each.drives, detectors);
    const auto lanes =
        lane_run(each.discretisation, choice("rosenbrock2", 0.01), each.drives, detectors);
    for (Simulation* const run : {plain.get(), lanes.get()}) {
        run->initialise(-65.0);
        run->advance(200);
    }
    CHECK(!plain->events()[0].step.empty());
    for (std::size_t k = 0; k < detectors.size(); ++k) {
        // Lanes list those of one step in ascending order.
        const auto seen = [&](const Simulation& run) {
            const Events& events = run.events()[k];
            std::vector<std::pair<std::int64_t, std::int32_t>> pairs;
            for (std::size_t e = 0; e < events.step.size(); ++e) {
                pairs.emplace_back(events.step[e], events.compartment[e]);
            }
            std::ranges::sort(pairs);
            return pairs;
        };
        check::expect(seen(*plain) == seen(*lanes), __FILE__, __LINE__, "detector ", k, " saw ",
                      lanes->events()[k].step.size(), ", expected ",
                      plain->events()[k].step.size());
    }
}

TEST(another_fibre_in_the_place_of_one_is_a_fresh_solver) {
    Random random(46);
    for (const bool is_myelinated : {false, true}) {
        for (const LaneMethod method : {LaneMethod::kRosenbrock2, LaneMethod::kStaggeredSdirk2}) {
            const auto cases = alike(10, is_myelinated, random);
            std::vector<std::unique_ptr<System>> systems;
            for (const Case& each : cases) {
                systems.push_back(std::make_unique<System>(each.discretisation));
            }
            std::vector<const System*> old;
            std::vector<const System*> now;
            for (std::size_t k = 0; k < 9; ++k) {
                old.push_back(systems[k].get());
                now.push_back(systems[k == 4 ? 9 : k].get());
            }
            LaneSolver<double> used(old, 8, method, best_isa(), 1);
            LaneSolver<double> fresh(now, 8, method, best_isa(), 1);
            const auto begin = [&](LaneSolver<double>& solver, std::size_t lane, std::size_t k) {
                State state = systems[k]->blank_state();
                std::ranges::fill(state.potential_mV[0], -65.0);
                systems[k]->update_membrane_potential(state);
                systems[k]->settle_gates(state);
                solver.set_drives(lane, cases[k].drives);
                solver.watch(lane, watched(*cases[k].discretisation));
                solver.load(lane, state);
            };
            std::vector<LaneStep> steps(9);
            std::vector<LaneCrossing> crossings;
            for (std::size_t k = 0; k < 9; ++k) {
                begin(used, k, k);
            }
            for (int step = 0; step < 60; ++step) {
                for (auto& each : steps) {
                    each = {0.01 * step, 0.01 * (step + 1), 0.01, false};
                }
                used.step(steps, crossings);
            }
            // Then all of them anew, the fifth another.
            used.replace(4, *systems[9]);
            for (std::size_t k = 0; k < 9; ++k) {
                begin(used, k, k == 4 ? 9 : k);
                begin(fresh, k, k == 4 ? 9 : k);
            }
            std::vector<LaneCrossing> own;
            std::vector<LaneCrossing> other;
            for (int step = 0; step < 100; ++step) {
                for (std::size_t k = 0; k < 9; ++k) {
                    // Each on a clock of its own, and some that stay.
                    const double dt_ms = 0.01 + 0.001 * static_cast<double>(k);
                    steps[k] = {dt_ms * step, dt_ms * (step + 1), dt_ms, k == 2 && step > 20};
                }
                used.step(steps, own);
                fresh.step(steps, other);
            }
            CHECK(own.size() == other.size() && !own.empty());
            for (std::size_t k = 0; k < 9; ++k) {
                State a = now[k]->blank_state();
                State b = now[k]->blank_state();
                used.store(k, a);
                fresh.store(k, b);
                check::expect(is_same(a, b), __FILE__, __LINE__, "fibre ", k,
                              is_myelinated ? ", myelinated" : ", bare", ": differs by ",
                              distance_mV(a, b), " mV, expected equal bits");
            }
        }
    }
}

TEST(a_parked_fibre_stays_put) {
    Random random(47);
    for (const bool is_myelinated : {false, true}) {
        const auto cases = alike(3, is_myelinated, random);
        std::vector<std::unique_ptr<System>> systems;
        std::vector<const System*> fibres;
        for (const Case& each : cases) {
            systems.push_back(std::make_unique<System>(each.discretisation));
            fibres.push_back(systems.back().get());
        }
        LaneSolver<double> solver(fibres, 8, LaneMethod::kRosenbrock2, best_isa(), 1);
        std::vector<LaneStep> steps(3);
        std::vector<LaneCrossing> crossings;
        for (std::size_t k = 0; k < 3; ++k) {
            State state = systems[k]->blank_state();
            std::ranges::fill(state.potential_mV[0], -65.0);
            systems[k]->update_membrane_potential(state);
            systems[k]->settle_gates(state);
            solver.set_drives(k, cases[k].drives);
            solver.load(k, state);
        }
        State before = systems[1]->blank_state();
        for (int step = 0; step < 1050; ++step) {
            if (step == 50) {
                solver.store(1, before);
            }
            for (std::size_t k = 0; k < 3; ++k) {
                steps[k] = {0.01 * step, 0.01 * (step + 1), 0.0, k == 1 && step >= 50};
            }
            solver.step(steps, crossings);
        }
        State after = systems[1]->blank_state();
        solver.store(1, after);
        // A thousand steps of 3e-12 ms, in which its drives are off: 1e4 mV/ms under a sheath.
        CHECK_NEAR(distance_mV(before, after), 0.0, 1e-3);
        CHECK_NEAR(gate_distance(before, after), 0.0, 1e-8);
    }
}

TEST(a_divergence_is_found_where_the_plain_solver_finds_it) {
    Random random(50);
    for (const Case& each : some_cases(random)) {
        const auto& d = *each.discretisation;
        for (const double weight_nA : {1e4, 1e6, 1e10, 1e300}) {
            for (std::size_t target = 0; target < d.compartments.size();
                 target += d.compartments.size() / 6) {
                auto drives = each.drives;
                Drive drive = pulse({static_cast<std::int32_t>(target)}, {weight_nA}, 0.313, 0.318);
                drive.waveform.value[1] = drive.waveform.value[2] =
                    weight_nA < 1e300 ? 100.0 : 1e10;
                drives.push_back(std::move(drive));
                const auto choose = choice("rosenbrock2", 0.01);
                const auto plain = plain_run(each.discretisation, choose, drives, {});
                const auto lanes = lane_run(each.discretisation, choose, drives, {});
                plain->initialise(-65.0);
                lanes->initialise(-65.0);
                const auto expected = divergence(*plain, 300);
                const auto found = divergence(*lanes, 300);
                const std::string what = each.what + ", 1e" +
                                         std::to_string(std::lround(std::log10(weight_nA))) +
                                         " nA into " + std::to_string(target) + ": ";
                if (!expected) {
                    check::expect(!found, __FILE__, __LINE__, what, found ? found->what() : "",
                                  ", expected to go on");
                    continue;
                }
                if (!found) {
                    check::expect(false, __FILE__, __LINE__, what, "goes on, expected ",
                                  expected->what());
                    continue;
                }
                check::expect(expected->t_ms() == found->t_ms() &&
                                  expected->compartment() == found->compartment(),
                              __FILE__, __LINE__, what, found->what(), ", expected ",
                              expected->what());
                check::expect(plain->step() == lanes->step(), __FILE__, __LINE__, what,
                              "stands at step ", lanes->step(), ", expected ", plain->step());
                const double v_mV = distance_mV(plain->state(), lanes->state());
                check::expect(v_mV < 1e-9, __FILE__, __LINE__, what, "last good state is ", v_mV,
                              " mV off");
            }
        }
    }
}

TEST(after_a_divergence_a_new_start_is_a_fresh_run) {
    Random random(51);
    for (const Case& each : some_cases(random)) {
        auto drives = each.drives;
        Drive drive = pulse({0}, {1e300}, 0.313, 0.318);
        drive.waveform.value[1] = drive.waveform.value[2] = 1e10;
        drives.push_back(std::move(drive));
        const auto choose = choice("rosenbrock2", 0.01);
        const auto used = lane_run(each.discretisation, choose, drives, {}, {5, best_isa(), 1});
        used->initialise(-65.0);
        CHECK(divergence(*used, 300).has_value());
        const auto fresh = lane_run(each.discretisation, choose, drives, {}, {5, best_isa(), 1});
        used->initialise(-65.0);
        fresh->initialise(-65.0);
        CHECK(!divergence(*fresh, 25).has_value());
        CHECK(!divergence(*used, 25).has_value());
        check::expect(is_same(used->state(), fresh->state()), __FILE__, __LINE__, each.what,
                      ": differs by ", distance_mV(used->state(), fresh->state()),
                      " mV, expected equal bits");
    }
}
