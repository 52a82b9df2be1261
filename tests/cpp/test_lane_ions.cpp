// Ions that accumulate, in lanes against the plain solver: random cables, trees and myelinated
// fibres, every instruction set, runs cut at any length.

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "check.hpp"
#include "lane_models.hpp"
#include "ranvier/base/error.hpp"
#include "ranvier/mechanisms/expression/custom.hpp"
#include "ranvier/solver/lanes/lane_solver.hpp"

using namespace ranvier;
using namespace lane_models;

namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr std::int64_t kSteps = 30;
#else
constexpr std::int64_t kSteps = 120;
#endif

/// Outward g (v - e_k), as a mechanism file would have it.
std::shared_ptr<const Mechanism> k_leak() {
    CustomDescription description;
    description.name = "k_leak";
    description.parameters = {{"g_S_cm2", 0.0}};
    Expressions& e = description.expressions;
    e.inputs = {"g_S_cm2", "e_k_mV"};
    e.currents = {"k"};
    Program program;  // v, g, e; two registers
    program.registers = 2;
    program.code = {{Op::kSubtract, 3, 0, 2, 0}, {Op::kMultiply, 4, 3, 1, 0}};
    program.outputs = {4, 1};
    e.conduct = program;
    e.linearise = program;
    program.outputs = {4};
    e.change = program;
    return make_custom(std::move(description));
}

/// Somewhere between a few hundredths and a few um3 per um2 of membrane, and now and then a bath.
IonStore store(const Discretisation& d, double held, bool diffuses, Random& random) {
    const auto& c = d.compartments;
    const std::size_t n = c.size();
    IonStore store{std::vector(n, 0.0), std::vector<std::uint8_t>(n, 0), std::vector(n, 0.0),
                   std::vector(n, 0.0)};
    for (std::size_t i = 0; i < n; ++i) {
        if (c.is_junction[i] != 0) {
            store.is_held[i] = diffuses ? 0 : 1;
            continue;
        }
        store.capacity_um3[i] = c.area_um2[i] * uniform(random, 0.02, 2.0);
        store.is_held[i] = chance(random, held) ? 1 : 0;
        store.exchange_um3_per_ms[i] =
            chance(random, 0.3) && store.is_held[i] == 0 ? store.capacity_um3[i] / 20.0 : 0.0;
    }
    for (std::size_t i = 0; diffuses && i < n; ++i) {
        if (c.parent[i] != kNoParent) {
            store.diffusion_um3_per_ms[i] = uniform(random, 0.1, 10.0);
        }
    }
    return store;
}

/// The same fibre with sodium and potassium that move, and leaks of potassium under its sheath.
Shared living(const Discretisation& still, Random& random) {
    auto d = std::make_shared<Discretisation>(still);
    const std::size_t n = d->compartments.size();
    const bool diffuses = chance(random, 0.5);
    d->ions.clear();
    const auto add = [&](const std::string& name, double inside_mM, double outside_mM) {
        const double thermal_mV = 0.0861733 * (d->temperature_degC + 273.15);
        d->ions.push_back({name, 1, std::vector(n, thermal_mV * std::log(outside_mM / inside_mM)),
                           std::vector(n, inside_mM), std::vector(n, outside_mM)});
    };
    add("na", 60.0, 440.0);
    add("k", 400.0, 18.0);
    for (IonTable& ion : d->ions) {
        if (ion.name == "k" || chance(random, 0.5)) {
            ion.inside = store(*d, 0.0, diffuses, random);
            ion.outside = store(*d, 0.2, diffuses && chance(random, 0.5), random);
        }
    }
    MechanismTable table;
    table.name = "k_leak";
    table.custom = k_leak();
    table.parameter_names = {"g_S_cm2"};
    table.parameters.resize(1);
    for (std::size_t i = 0; i < n; ++i) {
        if (d->compartments.is_junction[i] == 0 && chance(random, 0.8)) {
            table.compartment.push_back(static_cast<std::int32_t>(i));
            table.parameters[0].push_back(uniform(random, 1e-5, 3e-4));
        }
    }
    if (!table.compartment.empty()) {
        d->mechanisms.push_back(std::move(table));
    }
    ranvier::check(*d);
    return d;
}

MethodChoice choice(double dt_ms, int ions_every) {
    return {"rosenbrock2", {{"dt_ms", dt_ms}, {"ions_every", static_cast<double>(ions_every)}}};
}

std::unique_ptr<Simulation> in_lanes(const Shared& d, double dt_ms, int ions_every,
                                     const std::vector<Drive>& drives, const Lanes& lanes) {
    return std::make_unique<Simulation>(
        d, choice(dt_ms, ions_every),
        [&](const System& system) {
            auto home = std::make_shared<LaneHome<double>>();
            home->solver = std::make_unique<LaneSolver<double>>(
                std::vector{&system}, lanes.most_rows, LaneMethod::kRosenbrock2, lanes.isa,
                lanes.threads);
            return make_lane_guest<double>(home, 0, LaneMethod::kRosenbrock2, dt_ms, ions_every);
        },
        drives, std::vector<Probe>{}, std::vector<Detector>{});
}

double largest(const std::vector<std::vector<double>>& a,
               const std::vector<std::vector<double>>& b) {
    double worst = 0.0;
    for (std::size_t k = 0; k < a.size(); ++k) {
        for (std::size_t i = 0; i < a[k].size(); ++i) {
            const double each = std::abs(a[k][i] - b[k][i]);
            worst = each <= worst ? worst : each;  // NaN is the worst
        }
    }
    return worst;
}

std::vector<std::vector<double>> sums(const std::vector<LongSums>& books) {
    std::vector<std::vector<double>> all;
    for (const LongSums& book : books) {
        all.push_back(book.sum);
    }
    return all;
}

double size_of(const std::vector<std::vector<double>>& a) {
    std::vector<std::vector<double>> none = a;
    for (auto& column : none) {
        std::ranges::fill(column, 0.0);
    }
    return largest(a, none);
}

struct Bounds {
    double v_mV;
    double now_mM;
    double charge;  // relative to the largest
};

/// The largest differences, each as a share of its bound, are printed.
struct Worst {
    const char* what;
    double v_mV = 0.0, now_mM = 0.0, charge = 0.0;
    ~Worst() {
        std::cout << "        " << what << ": " << v_mV << " mV, " << now_mM << " mM, charge "
                  << charge << '\n';
    }
};

void expect_equal(const Shared& d, Random& random, const Bounds& bounds, Worst& worst,
                  const std::string& what) {
    const double dt_ms = uniform(random, 0.002, 0.01);
    const auto ions_every = static_cast<int>(whole(random, 1, 9));
    const auto levels = isas();
    const Lanes lanes{whole(random, 1, 24), levels[whole(random, 0, levels.size() - 1)],
                      static_cast<int>(whole(random, 1, 2))};
    const auto drives = random_drives(*d, dt_ms * kSteps, 1000.0, random);
    Simulation plain(d, choice(dt_ms, ions_every), drives, {}, {}, Execution{Solver::kPlain});
    const auto own = in_lanes(d, dt_ms, ions_every, drives, lanes);
    const auto expect = [&](bool holds, const auto&... text) {
        check::expect(holds, __FILE__, __LINE__, what, ", every ", ions_every, " steps: ", text...);
    };
    try {
        for (Simulation* const each : {&plain, own.get()}) {
            each->initialise(-65.0);
            each->advance(kSteps);
        }
    } catch (const Error& error) {
        expect(false, "throws ", error.what());
        return;
    }
    const State& a = plain.state();
    const State& b = own->state();
    const double v_mV = distance_mV(a, b);
    const double now_mM = largest(a.concentration_mM, b.concentration_mM);
    const auto carried = sums(a.charge_pC);
    const double charge = largest(carried, sums(b.charge_pC)) / size_of(carried);
    const double waiting = largest(a.pending_pC, b.pending_pC) / size_of(carried);
    expect(v_mV <= bounds.v_mV, "potentials differ by ", v_mV, " mV");
    expect(now_mM <= bounds.now_mM, "concentrations by ", now_mM, " mM");
    expect(charge <= bounds.charge, "charges by a share of ", charge);
    expect(waiting <= bounds.charge, "those that wait by a share of ", waiting);
    expect(largest(a.concentration_mM, plain.system().blank_state().concentration_mM) > 1e-6,
           "nothing has moved");
    worst.v_mV = std::max(worst.v_mV, v_mV);
    worst.now_mM = std::max(worst.now_mM, now_mM);
    worst.charge = std::max({worst.charge, charge, waiting});
}

}  // namespace

TEST(bare_cables_and_trees) {
    Worst worst{.what = "bare"};
    Random random(71);
    for (int round = 0; round < 40; ++round) {
        const Shape shape = round % 2 == 0 ? Shape::kCable : Shape::kBushy;
        const auto wiring = bare(whole(random, 1, 80), shape, random);
        const auto d =
            living(*wiring.rooted_at(whole(random, 0, wiring.pieces.size() - 1)), random);
        expect_equal(d, random, {1e-11, 1e-12, 1e-12}, worst, "round " + std::to_string(round));
    }
}

TEST(myelinated_fibres) {
    Worst worst{.what = "myelinated"};
    Random random(72);
    for (int round = 0; round < 40; ++round) {
        const auto wiring = myelinated({.nodes = whole(random, 2, 20),
                                        .most_node_rows = whole(random, 1, 2),
                                        .least_internode = 1,
                                        .most_internode = whole(random, 1, 8),
                                        .taper = round % 2 == 0 ? 0.2 : 0.0,
                                        .branches = round % 4 == 0 ? 0.3 : 0.0,
                                        .is_sealed_at_random = chance(random, 0.3)},
                                       random);
        const auto d =
            living(*wiring.rooted_at(whole(random, 0, wiring.pieces.size() - 1)), random);
        expect_equal(d, random, {1e-6, 1e-9, 1e-8}, worst, "round " + std::to_string(round));
    }
}

TEST(one_precision_and_one_method_move_ions) {
    Random random(73);
    const auto d = living(*bare(5, Shape::kCable, random).rooted_at(0), random);
    CHECK(!why_not_in_lanes(*d, LaneMethod::kRosenbrock2));
    CHECK(why_not_in_lanes(*d, LaneMethod::kWindowed).value_or("").find("rosenbrock2 alone") !=
          std::string::npos);
    System system(d);
    CHECK_THROWS(LaneSolver<float>({&system}, 4, LaneMethod::kRosenbrock2, best_isa(), 1),
                 ModelError, "expected double precision");
}
