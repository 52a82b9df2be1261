// Spikes under a sheath, where lanes look only when a threshold may have been crossed, and probes
// there.

#include <algorithm>
#include <cmath>
#include <iostream>
#include <utility>
#include <vector>

#include "check.hpp"
#include "lane_models.hpp"

using namespace ranvier;
using namespace lane_models;

namespace {

constexpr std::int64_t kSteps = 300;
constexpr double kDt_ms = 0.005;

struct Case {
    const char* what;
    Shared discretisation;
    std::vector<Drive> drives;
};

/// A current into the first node, and one into all compartments, also those under a sheath.
std::vector<Drive> pulses(const Discretisation& d, Random& random) {
    Drive first{{{0.05, 0.05, 0.25, 0.25}, {0.0, 1.0, 1.0, 0.0}}, {0}, {3.0}};
    Drive all{{{0.7, 0.7, 0.9, 0.9}, {0.0, 1.0, 1.0, 0.0}}, {}, {}};
    for (std::size_t i = 0; i < d.compartments.size(); ++i) {
        all.compartment.push_back(static_cast<std::int32_t>(i));
        all.weight_nA.push_back(d.compartments.capacitance_nF[i] * uniform(random, -100.0, 300.0));
    }
    return {first, all};
}

std::vector<Case> some_cases(Random& random) {
    std::vector<Case> cases;
    const auto add = [&](const char* what, const Myelin& myelin) {
        const auto d = myelinated(myelin, random).rooted_at(0);
        cases.push_back({what, d, pulses(*d, random)});
    };
    add("mirrored", {.nodes = 21, .least_internode = 5, .most_internode = 5});
    add("unequal", {.nodes = 12,
                    .most_node_rows = 2,
                    .least_internode = 1,
                    .most_internode = 6,
                    .taper = 0.2,
                    .branches = 0.2});
    return cases;
}

/// The highest potential at the end of a step of each compartment.
std::vector<double> peaks(const Case& each) {
    const auto run = plain_run(each.discretisation, choice("rosenbrock2", kDt_ms), each.drives, {});
    run->initialise(-65.0);
    auto highest_mV = run->state().v_mV;
    for (std::int64_t step = 0; step < kSteps; ++step) {
        run->advance(1);
        for (std::size_t i = 0; i < highest_mV.size(); ++i) {
            highest_mV[i] = std::max(highest_mV[i], run->state().v_mV[i]);
        }
    }
    return highest_mV;
}

/// Thresholds that many compartments pass, and some that one of them only just reaches or misses.
std::vector<double> thresholds(const Case& each) {
    std::vector<double> all_mV{-64.0, -60.0, -55.0, -50.0, -40.0, -20.0, 0.0, 10.0};
    const auto highest_mV = peaks(each);
    const auto& sheathed = each.discretisation->layers[0].is_unknown;
    for (std::size_t i = 0; i < highest_mV.size(); i += 3) {
        for (const double by_mV : {-1e-2, -1e-5, 1e-5}) {
            if (sheathed[i] != 0) {
                all_mV.push_back(highest_mV[i] + by_mV);
            }
        }
    }
    return all_mV;
}

}  // namespace

TEST(crossings_under_a_sheath_are_those_of_the_plain_solver) {
    Random random(61);
    std::size_t sheathed_crossings = 0;
    double worst_share = 0.0;
    for (const Case& each : some_cases(random)) {
        const Discretisation& d = *each.discretisation;
        for (const double threshold_mV : thresholds(each)) {
            const std::vector<Detector> detectors{everywhere(d.compartments.size(), threshold_mV)};
            const auto method = choice("rosenbrock2", kDt_ms);
            const auto plain = plain_run(each.discretisation, method, each.drives, detectors);
            const auto lanes = lane_run(each.discretisation, method, each.drives, detectors);
            for (Simulation* run : {plain.get(), lanes.get()}) {
                run->initialise(-65.0);
                run->advance(kSteps / 2);
                run->restore(run->snapshot());  // keeps no crossing, and must make none
                run->advance(kSteps / 2);
            }
            const auto whole = lane_run(each.discretisation, method, each.drives, detectors);
            const auto oracle = plain_run(each.discretisation, method, each.drives, detectors);
            whole->initialise(-65.0);
            whole->advance(kSteps);
            oracle->initialise(-65.0);
            oracle->advance(kSteps);
            for (const auto& [a, b] :
                 {std::pair{plain.get(), lanes.get()}, std::pair{oracle.get(), whole.get()}}) {
                const Events& expected = a->events()[0];
                const Events& found = b->events()[0];
                check::expect(
                    expected.step == found.step && expected.compartment == found.compartment,
                    __FILE__, __LINE__, each.what, ", ", threshold_mV,
                    " mV: ", found.compartment.size(),
                    " crossings at other places or steps, expected ", expected.compartment.size());
                for (std::size_t e = 0; e < std::min(expected.t_ms.size(), found.t_ms.size());
                     ++e) {
                    const std::size_t i = static_cast<std::size_t>(expected.compartment[e]);
                    sheathed_crossings += d.layers[0].is_unknown[i];
                    worst_share =
                        std::max(worst_share, std::abs(expected.t_ms[e] - found.t_ms[e]) / kDt_ms);
                }
            }
        }
    }
    std::cout << "        " << sheathed_crossings << " crossings under a sheath, within "
              << worst_share << " of a step\n";
    CHECK(sheathed_crossings > 1000);
    // A peak that only just reaches its threshold passes it flat: there rounding moves the time by
    // its root.
    CHECK(worst_share < 1e-6);
}

TEST(as_many_crossings_in_single_precision_as_in_double) {
    Random random(62);
    for (const Case& each : some_cases(random)) {
        const std::vector<Detector> detectors{
            everywhere(each.discretisation->compartments.size(), -50.0)};
        const auto method = choice("rosenbrock2", kDt_ms);
        const auto one = lane_run<double>(each.discretisation, method, each.drives, detectors);
        const auto other = lane_run<float>(each.discretisation, method, each.drives, detectors);
        one->initialise(-65.0);
        other->initialise(-65.0);
        one->advance(kSteps);
        other->advance(kSteps);
        CHECK(!one->events()[0].t_ms.empty());
        CHECK(one->events()[0].t_ms.size() == other->events()[0].t_ms.size());
    }
}

TEST(probes_under_a_sheath_show_the_state) {
    Random random(63);
    for (const Case& each : some_cases(random)) {
        const std::size_t n = each.discretisation->compartments.size();
        // All, each twice, in no order; and a few.
        Probe all;
        for (std::size_t k = 0; k < 2 * n; ++k) {
            all.compartment.push_back(static_cast<std::int32_t>(k * 7 % n));
        }
        Probe few;
        few.compartment = {5, 3, static_cast<std::int32_t>(n) - 2};
        for (const Isa isa : isas()) {
            const auto run = lane_run(each.discretisation, choice("rosenbrock2", kDt_ms),
                                      each.drives, {}, {0, isa, 1}, {all, few});
            run->initialise(-65.0);
            for (int step = 0; step < 100; step += 20) {
                run->advance(20);
                for (std::size_t p = 0; p < 2; ++p) {
                    const Samples& samples = run->samples()[p];
                    const auto& compartment = run->probes()[p].compartment;
                    for (std::size_t k = 0; k < compartment.size(); ++k) {
                        const auto i = static_cast<std::size_t>(compartment[k]);
                        CHECK_NEAR(samples.value[samples.value.size() - samples.columns + k],
                                   run->state().v_mV[i], 1e-9);
                    }
                }
            }
        }
    }
}

TEST(compartments_that_are_not_looked_at_hide_no_crossing) {
    // Crossings as the run notes them, against all potentials after every step of the same run.
    Random random(64);
    std::size_t sheathed_crossings = 0;
    std::size_t between_others = 0;  // of a compartment whose neighbours did not cross just then
    for (Case each : some_cases(random)) {
        const Discretisation& d = *each.discretisation;
        const std::size_t n = d.compartments.size();
        const auto& sheathed = d.layers[0].is_unknown;
        // One compartment after the other is pushed up and down, again and again, while the nodes
        // hardly move: the same place crosses several times between two looks at its neighbours.
        // Without jumps, after which there are steps within a step.
        each.drives = {{{{0.05, 0.1, 0.25, 0.3}, {0.0, 1.0, 1.0, 0.0}}, {0}, {3.0}}};
        for (int pulse = 0; pulse < 24; ++pulse) {
            std::size_t i = whole(random, 0, n - 1);
            while (sheathed[i] == 0) {
                i = (i + 1) % n;
            }
            const double from_ms = 0.02 + 0.06 * pulse;
            const double nA = d.compartments.capacitance_nF[i] * uniform(random, 500.0, 3000.0);
            each.drives.push_back(
                {{{from_ms, from_ms + 0.01, from_ms + 0.03, from_ms + 0.04}, {0.0, 1.0, -1.0, 0.0}},
                 {static_cast<std::int32_t>(i)},
                 {nA}});
        }
        for (const double threshold_mV : {-63.0, -58.0, -51.0, -37.0}) {
            for (const char* method : kMethods) {
                const auto run = lane_run(each.discretisation, choice(method, kDt_ms), each.drives,
                                          {everywhere(n, threshold_mV)});
                run->initialise_at_rest(-65.0);
                auto before_mV = run->state().v_mV;
                std::vector<std::pair<std::int64_t, std::int32_t>> expected;
                for (std::int64_t step = 1; step <= kSteps; ++step) {
                    run->advance(1);
                    const auto after_mV = run->state().v_mV;
                    std::vector<bool> crosses(n);
                    for (std::size_t i = 0; i < n; ++i) {
                        crosses[i] = before_mV[i] < threshold_mV && after_mV[i] >= threshold_mV;
                        if (crosses[i]) {
                            expected.emplace_back(step, static_cast<std::int32_t>(i));
                            sheathed_crossings += sheathed[i];
                        }
                    }
                    for (std::size_t i = 1; i + 1 < n; ++i) {
                        between_others +=
                            sheathed[i] != 0 && crosses[i] && !crosses[i - 1] && !crosses[i + 1];
                    }
                    before_mV = after_mV;
                }
                // The same in one go, where nobody asks for the state in between.
                const auto whole_run = lane_run(each.discretisation, choice(method, kDt_ms),
                                                each.drives, {everywhere(n, threshold_mV)});
                whole_run->initialise_at_rest(-65.0);
                whole_run->advance(kSteps);
                for (const Simulation* one : {run.get(), whole_run.get()}) {
                    const Events& found = one->events()[0];
                    std::vector<std::pair<std::int64_t, std::int32_t>> seen;
                    for (std::size_t e = 0; e < found.step.size(); ++e) {
                        seen.emplace_back(found.step[e], found.compartment[e]);
                    }
                    check::expect(seen == expected, __FILE__, __LINE__, each.what, ", ", method,
                                  ", ", threshold_mV, " mV: ", seen.size(), " crossings, expected ",
                                  expected.size(), ", or at other places or steps");
                }
            }
        }
    }
    std::cout << "        " << sheathed_crossings << " crossings under a sheath, " << between_others
              << " by themselves\n";
    CHECK(sheathed_crossings > 1000);
    CHECK(between_others > 100);
}
