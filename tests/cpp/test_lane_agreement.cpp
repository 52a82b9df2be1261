// Lanes against the plain solver, the oracle: random models of every length and shape, both
// methods, every instruction set, runs cut at any length.

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "check.hpp"
#include "lane_models.hpp"
#include "ranvier/base/error.hpp"
#include "ranvier/solver/batch.hpp"
#include "ranvier/solver/lanes/lane_solver.hpp"
#include "ranvier/solver/lanes/layout.hpp"

using namespace ranvier;
using namespace lane_models;

namespace {

// Every kind of step is taken within the first few; the sanitizers look at what each reads.
#if defined(__SANITIZE_ADDRESS__)
constexpr std::int64_t kSteps = 50;
#else
constexpr std::int64_t kSteps = 200;
#endif

/// What the rest of this file allows; see the measured maxima that a run prints.
struct Bounds {
    double v_mV;
    double gate;
    double t_ms;  // of a crossing
};

struct Worst {
    double v_mV = 0.0;
    double gate = 0.0;
    double t_ms = 0.0;
    double straight = 0.0;  // of the step, under a sheath
    std::size_t events = 0;

    ~Worst() {
        std::cout << "        " << what << ": " << v_mV << " mV, gates " << gate << ", crossings "
                  << t_ms << " ms (" << events << "), under a sheath " << straight << " steps\n";
    }
    const char* what;
};

constexpr double kStraightShare = 0.1;

bool is_sheathed(const Discretisation& d, std::int32_t compartment) {
    return !d.layers.empty() && d.layers[0].is_unknown[static_cast<std::size_t>(compartment)] != 0;
}

/// Steps both, and compares states and crossings.
void expect_equal(Simulation& plain, Simulation& lanes, const Bounds& bounds, Worst& worst,
                  const std::string& what, double v_init_mV = -65.0, std::int64_t steps = kSteps) {
    const auto expect = [&](bool holds, const auto&... text) {
        check::expect(holds, __FILE__, __LINE__, what, ": ", text...);
        return holds;
    };
    plain.initialise(v_init_mV);
    lanes.initialise(v_init_mV);
    try {
        plain.advance(steps);
    } catch (const Error& error) {
        expect(false, "plain throws ", error.what());
        return;
    }
    try {
        lanes.advance(steps);
    } catch (const Error& error) {
        expect(false, "throws ", error.what());
        return;
    }
    const double v_mV = distance_mV(plain.state(), lanes.state());
    const double gate = gate_distance(plain.state(), lanes.state());
    expect(v_mV <= bounds.v_mV, "potentials differ by ", v_mV, " mV");
    expect(gate <= bounds.gate, "gates differ by ", gate);
    expect(plain.t_ms() == lanes.t_ms() && plain.step() == lanes.step(), "time differs");
    worst.v_mV = std::max(worst.v_mV, v_mV);
    worst.gate = std::max(worst.gate, gate);
    for (std::size_t k = 0; k < plain.events().size(); ++k) {
        const Events& a = plain.events()[k];
        const Events& b = lanes.events()[k];
        if (!expect(a.compartment == b.compartment && a.step == b.step, "detector ", k, " saw ",
                    b.compartment.size(), " crossings at other places or steps, expected ",
                    a.compartment.size())) {
            continue;
        }
        worst.events += a.t_ms.size();
        for (std::size_t e = 0; e < a.t_ms.size(); ++e) {
            const double t_ms = std::abs(a.t_ms[e] - b.t_ms[e]);
            if (is_sheathed(plain.discretisation(), a.compartment[e])) {
                // Lanes draw a straight line through the step there.
                expect(t_ms <= kStraightShare * plain.dt_ms(), "crossing in compartment ",
                       a.compartment[e], " differs by ", t_ms, " ms");
                worst.straight = std::max(worst.straight, t_ms / plain.dt_ms());
                continue;
            }
            expect(t_ms <= bounds.t_ms, "crossing in compartment ", a.compartment[e],
                   " differs by ", t_ms, " ms");
            worst.t_ms = std::max(worst.t_ms, t_ms);
        }
    }
}

std::string words(const char* method, std::size_t n, std::size_t rows, Isa isa) {
    return std::string(method) + ", " + std::to_string(n) + " compartments, runs of " +
           std::to_string(rows) + ", " + std::string(name(isa));
}

constexpr Bounds kDouble{1e-9, 1e-10, 1e-10};
constexpr Bounds kLinked{3e-8, 1e-9, 1e-9};

std::size_t some_rows(Random& random) {
    return chance(random, 0.4)   ? 0
           : chance(random, 0.5) ? whole(random, 1, 5)
                                 : whole(random, 2, 40);
}

}  // namespace

TEST(bare_trees_of_every_length) {
    Worst worst{.what = "bare"};
    Random random(31);
    const auto levels = isas();
    for (std::size_t n = 1; n <= 300; n += n < 40 ? 1 : whole(random, 5, 30)) {
        for (const Shape shape : kShapes) {
            const auto d = bare(n, shape, random).rooted_at(whole(random, 0, n - 1));
            const double dt_ms = uniform(random, 0.004, 0.03);
            const char* const method = kMethods[whole(random, 0, 1)];
            const auto drives =
                random_drives(*d, dt_ms * kSteps,
                              60.0 * static_cast<double>(std::min<std::size_t>(n, 30)), random);
            const std::vector<Detector> detectors{everywhere(n, -20.0), everywhere(n, -50.0)};
            const auto plain = plain_run(d, choice(method, dt_ms), drives, detectors);
            const Lanes lanes{some_rows(random), levels[whole(random, 0, levels.size() - 1)], 1};
            const auto own = lane_run(d, choice(method, dt_ms), drives, detectors, lanes);
            expect_equal(*plain, *own, kDouble, worst,
                         words(method, n, lanes.most_rows, lanes.isa) + ", shape " +
                             std::to_string(static_cast<int>(shape)));
        }
    }
}

TEST(every_length_of_run_and_every_isa) {
    Worst worst{.what = "runs"};
    Random random(32);
    for (const std::size_t n : {17UL, 60UL, 131UL}) {
        const auto d = bare(n, n == 60 ? Shape::kBushy : Shape::kCable, random).rooted_at(n / 3);
        const auto drives = random_drives(*d, 2.0, 1500.0, random);
        for (const char* const method : kMethods) {
            for (std::size_t rows = 1; rows <= 40; rows += rows < 8 ? 1 : 7) {
                for (const Isa isa : isas()) {
                    const std::vector<Detector> detectors{everywhere(n, -20.0)};
                    const auto plain = plain_run(d, choice(method, 0.01), drives, detectors);
                    const auto own =
                        lane_run(d, choice(method, 0.01), drives, detectors, {rows, isa, 1});
                    expect_equal(*plain, *own, kDouble, worst, words(method, n, rows, isa));
                }
            }
        }
    }
}

TEST(mirrored_internodes) {
    Worst worst{.what = "mirrored"};
    Random random(33);
    for (std::size_t nodes = 2; nodes <= 40; ++nodes) {
        const std::size_t size = whole(random, 1, 9);
        const auto wiring =
            myelinated({.nodes = nodes, .least_internode = size, .most_internode = size}, random);
        const auto d = wiring.rooted_at(chance(random, 0.5) ? 0 : wiring.pieces.size() - 1);
        const double dt_ms = uniform(random, 0.002, 0.01);
        const char* const method = kMethods[whole(random, 0, 1)];
        const auto drives = random_drives(*d, dt_ms * kSteps, 2000.0, random);
        const std::vector<Detector> detectors{everywhere(d->compartments.size(), -20.0)};
        const auto plain = plain_run(d, choice(method, dt_ms), drives, detectors);
        const Lanes lanes{some_rows(random), best_isa(), 1};
        const auto own = lane_run(d, choice(method, dt_ms), drives, detectors, lanes);
        expect_equal(*plain, *own, kLinked, worst,
                     words(method, nodes, lanes.most_rows, lanes.isa) + " (nodes), internodes of " +
                         std::to_string(size));
    }
}

TEST(unequal_internodes_from_any_root) {
    Worst worst{.what = "unequal"};
    Random random(34);
    const auto levels = isas();
    std::size_t tried = 0;
    for (int round = 0; round < 60; ++round) {
        const auto wiring = myelinated({.nodes = whole(random, 2, 20),
                                        .most_node_rows = whole(random, 1, 3),
                                        .least_internode = 1,
                                        .most_internode = whole(random, 1, 8),
                                        .taper = chance(random, 0.8) ? 0.2 : 0.0,
                                        .branches = round % 3 == 0 ? 0.3 : 0.0,
                                        .is_sealed_at_random = chance(random, 0.3)},
                                       random);
        const auto d = wiring.rooted_at(whole(random, 0, wiring.pieces.size() - 1));
        if (why_not_in_lanes(*d)) {
            check::expect(false, __FILE__, __LINE__, "refused: ", *why_not_in_lanes(*d));
            continue;
        }
        ++tried;
        const double dt_ms = uniform(random, 0.002, 0.01);
        const char* const method = kMethods[whole(random, 0, 1)];
        const auto drives = random_drives(*d, dt_ms * kSteps, 2000.0, random);
        const std::vector<Detector> detectors{everywhere(d->compartments.size(), -20.0)};
        const auto plain = plain_run(d, choice(method, dt_ms), drives, detectors);
        const Lanes lanes{some_rows(random), levels[whole(random, 0, levels.size() - 1)], 1};
        const auto own = lane_run(d, choice(method, dt_ms), drives, detectors, lanes);
        expect_equal(*plain, *own, kLinked, worst,
                     "round " + std::to_string(round) + ", " +
                         words(method, d->compartments.size(), lanes.most_rows, lanes.isa));
    }
    CHECK(tried > 30);
}

TEST(a_sheath_that_ends_loose_is_left_to_the_plain_solver) {
    Random random(53);
    auto wiring = myelinated({.nodes = 3}, random);
    Piece piece;
    piece.is_sheathed = true;
    wiring.join(0, wiring.add(piece));
    const auto d = wiring.rooted_at(0);
    CHECK(why_not_in_lanes(*d).value_or("").find("places without one, not 2") != std::string::npos);
    const Simulation simulation(d, choice("rosenbrock2", 0.005), {}, {}, {});
    CHECK(simulation.execution().solver == Solver::kPlain);
    CHECK_THROWS(Simulation(d, choice("rosenbrock2", 0.005), {}, {}, {}, {Solver::kLanes}),
                 ModelError, "expected a model that fits the lanes");
}

TEST(fibres_of_one_solver_share_their_temperature) {
    Random random(54);
    const auto d = myelinated({.nodes = 3}, random).rooted_at(0);
    auto other = std::make_shared<Discretisation>(*d);
    other->temperature_degC += 1.0;
    const System one(d);
    const System warmer(other);
    CHECK_THROWS(LaneSolver<double>({&one, &warmer}, 16, LaneMethod::kRosenbrock2, Isa::kBase, 1),
                 ModelError, "differs in mechanisms or temperature from");
}

TEST(a_wrong_isa_is_an_error_of_the_batch) {
    ::setenv("RANVIER_ISA", "v9", 1);
    CHECK_THROWS(run_batch({}, choice("rosenbrock2", 0.01), {}, [](double) { return false; }),
                 ModelError, "RANVIER_ISA");
    ::unsetenv("RANVIER_ISA");
}
