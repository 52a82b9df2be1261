// Batches of fibres in lanes: they are their single runs, also again and again, and whoever else is
// in the lanes.

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "check.hpp"
#include "lane_cases.hpp"
#include "ranvier/solver/batch.hpp"

using namespace ranvier;
using namespace lane_models;

namespace {

BatchRun batch_run(const Case& each) {
    return {.discretisation = each.discretisation,
            .drives = each.drives,
            .probes = {},
            .detectors = watched(*each.discretisation),
            .t_stop_ms = 1.2,
            .v_init_mV = -65.0,
            .stops_at_detector = std::nullopt};
}

}  // namespace

TEST(a_batch_is_its_single_runs) {
    Random random(48);
    double worst_mV = 0.0;
    for (const bool is_myelinated : {false, true}) {
        const auto cases = alike(21, is_myelinated, random);
        for (const char* const method : kMethods) {
            std::vector<BatchRun> runs;
            for (const Case& each : cases) {
                runs.push_back(batch_run(each));
                runs.back().probes = {last_v(*each.discretisation)};
                runs.back().t_stop_ms = uniform(random, 0.3, 1.2);
            }
            const auto choose = choice(method, 0.01);
            const auto one = run_batch(runs, choose, {Solver::kAuto, Precision::kDouble, 1},
                                       [](double) { return false; });
            const auto two = run_batch(runs, choose, {Solver::kAuto, Precision::kDouble, 2},
                                       [](double) { return false; });
            for (std::size_t k = 0; k < runs.size(); ++k) {
                const std::string what =
                    cases[k].what + (is_myelinated ? ", myelinated, " : ", ") + std::string(method);
                const auto expect = [&](bool holds, const auto&... text) {
                    check::expect(holds, __FILE__, __LINE__, what, ": ", text...);
                };
                expect(one[k].status == BatchStatus::kCompleted, one[k].message);
                const auto& a = one[k].samples[0];
                const auto& b = two[k].samples[0];
                double between_mV = 0.0;
                for (std::size_t i = 0; i < std::min(a.value.size(), b.value.size()); ++i) {
                    between_mV = std::max(between_mV, std::abs(a.value[i] - b.value[i]));
                }
                expect(a.value == b.value && is_same(one[k].events[0], two[k].events[0]),
                       "one and two threads differ by ", between_mV, " mV");
                const auto alone = lane_run(runs[k].discretisation, choose, runs[k].drives,
                                            runs[k].detectors, {}, runs[k].probes);
                alone->initialise(-65.0);
                alone->advance(10000, runs[k].t_stop_ms);
                const auto& c = alone->samples()[0];
                expect(a.value.size() == c.value.size() && a.t_ms == c.t_ms &&
                           one[k].t_ms == alone->t_ms() && one[k].steps == alone->step(),
                       "other steps than alone: ", one[k].steps, ", expected ", alone->step());
                double v_mV = 0.0;
                for (std::size_t i = 0; i < std::min(a.value.size(), c.value.size()); ++i) {
                    const double each = std::abs(a.value[i] - c.value[i]);
                    v_mV = each <= v_mV ? v_mV : each;
                }
                worst_mV = std::max(worst_mV, v_mV);
                expect(v_mV <= 1e-9, "differs by ", v_mV, " mV from the run alone");
                expect(one[k].events[0].compartment == alone->events()[0].compartment,
                       "other crossings than alone");
            }
        }
    }
    std::cout << "        batch against single: " << worst_mV << " mV\n";
}

TEST(a_search_runs_a_fibre_as_if_it_were_new) {
    Random random(50);
    for (const bool is_myelinated : {false, true}) {
        for (const Solver solver : {Solver::kAuto, Solver::kPlain}) {
            std::vector<BatchRun> runs;
            for (const Case& each : alike(11, is_myelinated, random)) {
                runs.push_back(batch_run(each));
                runs.back().probes = {last_v(*each.discretisation)};
                runs.back().t_stop_ms = uniform(random, 0.2, 0.5);
            }
            const auto choose = choice("rosenbrock2", 0.01);
            const Execution execution{solver, Precision::kDouble, 1};
            const auto never = [](double) { return false; };
            // Each fibre once as given, then with a thousand times as much, then as it is kept.
            std::vector<std::size_t> asked(runs.size(), 0);
            std::vector<std::vector<BatchOutcome>> seen(runs.size());
            const auto last = run_batch(
                runs, choose, execution, never,
                [&](std::size_t k, const BatchOutcome& outcome) -> std::optional<NextRun> {
                    seen[k].push_back(outcome);
                    constexpr std::array kFactors{1000.0, 0.25};
                    if (asked[k] == kFactors.size()) {
                        return std::nullopt;
                    }
                    return NextRun{kFactors[asked[k]++], 0.3 + 0.01 * static_cast<double>(k)};
                });
            auto again = runs;
            for (std::size_t k = 0; k < runs.size(); ++k) {
                again[k].drive_factor = 0.25;
                again[k].t_stop_ms = 0.3 + 0.01 * static_cast<double>(k);
            }
            const auto first = run_batch(runs, choose, execution, never);
            const auto third = run_batch(again, choose, execution, never);
            for (std::size_t k = 0; k < runs.size(); ++k) {
                CHECK(seen[k].size() == 3);
                check::expect(seen[k][0].samples[0].value == first[k].samples[0].value, __FILE__,
                              __LINE__, "fibre ", k, " is another the first time");
                check::expect(seen[k][2].samples[0].value == third[k].samples[0].value &&
                                  is_same(seen[k][2].events[0], third[k].events[0]),
                              __FILE__, __LINE__, "fibre ", k, " is another the third time");
                CHECK(last[k].samples[0].value == third[k].samples[0].value);
            }
        }
    }
}

/// What a lane has made of its drives is not that of the fibre before.
TEST(guests_may_bring_equal_drives) {
    Random random(51);
    for (const bool is_myelinated : {false, true}) {
        const auto cases = alike(19, is_myelinated, random);
        std::vector<BatchRun> runs;
        for (const Case& each : cases) {
            runs.push_back(batch_run({each.what, each.discretisation, cases[0].drives}));
            runs.back().probes = {last_v(*each.discretisation)};
        }
        const auto choose = choice("rosenbrock2", 0.01);
        const auto never = [](double) { return false; };
        const auto all = run_batch(runs, choose, {Solver::kAuto, Precision::kDouble, 1}, never);
        for (std::size_t k = 0; k < runs.size(); ++k) {
            const auto one =
                run_batch({runs[k]}, choose, {Solver::kAuto, Precision::kDouble, 1}, never);
            check::expect(one[0].samples[0].value == all[k].samples[0].value, __FILE__, __LINE__,
                          "fibre ", k, is_myelinated ? ", myelinated" : ", bare",
                          ", is another than by itself");
        }
    }
}

TEST(a_run_that_is_alone_is_the_single_run) {
    Random random(52);
    for (const bool is_myelinated : {false, true}) {
        for (const bool stops : {false, true}) {
            for (const Case& each : alike(5, is_myelinated, random)) {
                BatchRun run = batch_run(each);
                run.probes = {last_v(*each.discretisation)};
                run.detectors.resize(1);
                run.is_alone = true;
                run.drive_factor = 0.5;
                if (stops) {
                    run.stops_at_detector = 0;
                }
                const auto choose = choice("rosenbrock2", 0.01);
                const auto found = run_batch({run}, choose, {Solver::kAuto, Precision::kDouble, 1},
                                             [](double) { return false; });
                auto drives = run.drives;
                for (Drive& drive : drives) {
                    drive.factor = 0.5;
                }
                Simulation single(run.discretisation, choose, drives, run.probes, run.detectors,
                                  Execution{Solver::kAuto, Precision::kDouble, 1});
                single.initialise(-65.0);
                while (!single.has_arrived(run.t_stop_ms) &&
                       !single.has_seen(run.stops_at_detector)) {
                    single.advance(1, run.t_stop_ms);
                }
                CHECK(found[0].steps == single.step());
                CHECK(found[0].samples[0].value == single.samples()[0].value);
                CHECK(is_same(found[0].events[0], single.events()[0]));
                const bool has_seen = stops && !single.events()[0].t_ms.empty();
                CHECK(found[0].status ==
                      (has_seen ? BatchStatus::kStopped : BatchStatus::kCompleted));
            }
        }
    }
}

TEST(few_runs_are_sooner_alone_where_they_fill_the_lanes) {
    Random random(53);
    CHECK(most_alone(*myelinated({.nodes = 8}, random).rooted_at(0)) == 0);
    CHECK(most_alone(*myelinated({.nodes = 9}, random).rooted_at(0)) == 4);
}

TEST(one_that_diverges_leaves_the_others_as_they_are) {
    Random random(49);
    for (const bool is_myelinated : {false, true}) {
        for (const double weight_nA : {1e9, 1e300}) {
            auto cases = alike(20, is_myelinated, random);
            std::vector<BatchRun> runs;
            for (const Case& each : cases) {
                runs.push_back(batch_run(each));
                runs.back().probes = {last_v(*each.discretisation)};
            }
            const auto choose = choice("rosenbrock2", 0.01);
            const Execution execution{Solver::kLanes, Precision::kDouble, 1};
            const auto good = run_batch(runs, choose, execution, [](double) { return false; });
            for (const std::size_t k : {2UL, 5UL, 11UL}) {
                Drive drive = pulse({10}, {weight_nA}, 0.2, 0.3);
                drive.waveform.value[1] = drive.waveform.value[2] =
                    weight_nA < 1e300 ? 100.0 : 1e10;
                runs[k].drives.push_back(std::move(drive));
            }
            const auto bad = run_batch(runs, choose, execution, [](double) { return false; });
            for (std::size_t k = 0; k < runs.size(); ++k) {
                const bool is_bad = k == 2 || k == 5 || k == 11;
                check::expect(
                    bad[k].status == (is_bad ? BatchStatus::kDiverged : BatchStatus::kCompleted),
                    __FILE__, __LINE__, "fibre ", k, " with ", weight_nA, " nA: status ",
                    static_cast<int>(bad[k].status), " ", bad[k].message);
                if (!is_bad) {
                    double v_mV = 0.0;
                    for (std::size_t i = 0; i < std::min(good[k].samples[0].value.size(),
                                                         bad[k].samples[0].value.size());
                         ++i) {
                        const double each =
                            std::abs(good[k].samples[0].value[i] - bad[k].samples[0].value[i]);
                        v_mV = each <= v_mV ? v_mV : each;
                    }
                    check::expect(good[k].samples[0].value == bad[k].samples[0].value, __FILE__,
                                  __LINE__, "fibre ", k, is_myelinated ? ", myelinated" : ", bare",
                                  " with ", weight_nA, " nA in others: differs by ", v_mV,
                                  " mV, expected equal bits");
                    continue;
                }
                Simulation alone(runs[k].discretisation, choose, runs[k].drives, runs[k].probes,
                                 runs[k].detectors, {Solver::kPlain});
                alone.initialise(-65.0);
                const auto error = divergence(alone, 1000);
                CHECK(error.has_value());
                const std::string time = error
                                             ? std::string(error->what())
                                                   .substr(0, std::string(error->what()).find("; "))
                                             : "";
                const auto from = time.find(" at t = ");
                check::expect(bad[k].message.find(time.substr(from)) != std::string::npos, __FILE__,
                              __LINE__, bad[k].message, ", expected ", time);
                check::expect(bad[k].steps == alone.step() && bad[k].t_ms == alone.t_ms() &&
                                  bad[k].samples[0].step == alone.samples()[0].step,
                              __FILE__, __LINE__, "diverged batch run stands at step ",
                              bad[k].steps, ", t = ", bad[k].t_ms, " ms, with ",
                              bad[k].samples[0].step.size(), " samples; alone at ", alone.step(),
                              ", ", alone.t_ms(), " ms, with ", alone.samples()[0].step.size());
            }
        }
    }
}
