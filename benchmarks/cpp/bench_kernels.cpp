// Nanoseconds per compartment of what a step is made of, and of whole steps. Every answer is
// checked before its time is printed.
//
//   cmake -S csrc -B build/bench -DRANVIER_TESTS=OFF -DRANVIER_BENCHMARKS=ON
//   cmake --build build/bench && build/bench/bench_kernels
//
// Without RANVIER_TESTS, since tests turn the asserts on. RANVIER_MARCH says for which processor.

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ranvier/base/error.hpp"
#include "ranvier/base/math.hpp"
#include "ranvier/discretisation/discretise.hpp"
#include "ranvier/mechanisms/registry.hpp"
#include "ranvier/solver/simulation.hpp"
#include "ranvier/solver/tree_solve.hpp"

using namespace ranvier;

namespace {

/// Odd, so that the median is one of them.
constexpr int kRepeats = 15;
/// A sample lasts so long, that the clock and its calls do not count.
constexpr double kShortest_ns = 2e6;

bool is_all_right = true;

void expect(bool holds, const std::string& what) {
    if (!holds) {
        std::printf("WRONG   %s\n", what.c_str());
        is_all_right = false;
    }
}

void print(const std::string& what, double ns) {
    std::printf("%-46s %9.2f\n", what.c_str(), ns);
}

double now_ns() {
    const auto since_start = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration<double, std::nano>(since_start).count();
}

/// Median time of `work` per item, in ns; `prepare` comes before each call and is not counted.
template <class Prepare, class Work>
double median_ns(std::size_t items, const Prepare& prepare, const Work& work) {
    std::array<double, kRepeats> per_item_ns{};
    prepare();
    work();  // fills the caches
    for (double& sample : per_item_ns) {
        double spent_ns = 0.0;
        std::int64_t calls = 0;
        for (; spent_ns < kShortest_ns; ++calls) {
            prepare();
            const double start_ns = now_ns();
            work();
            spent_ns += now_ns() - start_ns;
        }
        sample = spent_ns / static_cast<double>(calls) / static_cast<double>(items);
    }
    std::ranges::nth_element(per_item_ns, per_item_ns.begin() + kRepeats / 2);
    return per_item_ns[kRepeats / 2];
}

/// Keeps a result from being optimised away with the work that made it.
void keep(const double* values) {
    asm volatile("" : : "g"(values) : "memory");
}

template <class Function, class Exact>
void bench_function(const std::string& name, Function function, Exact exact) {
    constexpr std::size_t kValues = 4096;
    std::vector<double> x(kValues);
    std::vector<double> y(kValues);
    for (std::size_t i = 0; i < kValues; ++i) {
        // The range of rate equations, in an order that no branch predictor knows.
        x[i] = -20.0 + 40.0 * static_cast<double>(i * 2654435761U % kValues) / kValues;
    }
    const double ns = median_ns(
        kValues, [] {},
        [&] {
            for (std::size_t i = 0; i < kValues; ++i) {
                y[i] = function(x[i]);
            }
            keep(y.data());
        });
    for (std::size_t i = 0; i < kValues; ++i) {
        const double expected = exact(x[i]);
        expect(std::abs(y[i] - expected) <= 1e-15 * std::abs(expected), name);
    }
    print(name, ns);
}

/// One section with one mechanism everywhere, in `rows` compartments at different potentials.
void bench_channel(const Mechanism& mechanism) {
    constexpr std::size_t kRows = 1000;
    constexpr double kDt_ms = 0.005;
    const auto& info = mechanism.info;
    Model model;
    model.temperature_degC = info.reference_temperature_degC;
    model.sections.emplace_back();
    model.sections[0].name = "axon";
    model.sections[0].points = straight_points(1e4, 10.0, 10.0);
    model.placements = {{std::string(info.name), {}, {}}};
    if (!info.ion.empty()) {
        model.ions.emplace_back();
        model.ions[0].name = info.ion;
        model.ions[0].e_mV = -77.0;
    }
    const System system(std::make_shared<Discretisation>(discretise(model, FixedCount{kRows, {}})));
    State state = system.blank_state();
    for (std::size_t i = 0; i < kRows; ++i) {
        state.v_mV[i] = -90.0 + 130.0 * static_cast<double>(i) / kRows;
    }
    const BoundRows bound(system.mechanisms()[0], state.gates[0]);

    // Against the rates of one row: half way to the steady state, then one step.
    for (auto& gate : state.gates[0]) {
        std::ranges::fill(gate, 0.25);
    }
    mechanism.kernels.advance(bound.rows(), state.v_mV.data(), kDt_ms);
    std::vector<Rate<double>> rates(info.gates.size());
    for (std::size_t i = 0; i < kRows; ++i) {
        mechanism.kernels.rates(state.v_mV[i], rates.data());
        for (std::size_t g = 0; g < rates.size(); ++g) {
            const double sum = rates[g].alpha_per_ms + rates[g].beta_per_ms;
            const double end = rates[g].alpha_per_ms / sum;
            const double expected = end + (0.25 - end) * std::exp(-sum * kDt_ms);
            expect(std::abs(state.gates[0][g][i] - expected) < 1e-14,
                   std::string(info.name) + " advance");
        }
    }
    std::vector<double> current_nA(kRows);
    std::vector<double> conductance_uS(kRows);
    system.ionic_current(state, state.v_mV, current_nA, conductance_uS);
    const double e_mV = info.ion.empty() ? system.mechanisms()[0].table->parameters[1][0] : -77.0;
    for (std::size_t i = 0; i < kRows; ++i) {
        const double expected_nA = conductance_uS[i] * (state.v_mV[i] - e_mV);
        expect(conductance_uS[i] > 0.0 &&
                   std::abs(current_nA[i] - expected_nA) <= 1e-14 * std::abs(expected_nA),
               std::string(info.name) + " current");
    }

    const std::string name(info.name);
    if (!info.gates.empty()) {
        const double advance_ns = median_ns(
            kRows, [] {},
            [&] { mechanism.kernels.advance(bound.rows(), state.v_mV.data(), kDt_ms); });
        print(name + " advance, per row", advance_ns);
    }
    const double current_ns = median_ns(
        kRows, [] {},
        [&] {
            mechanism.kernels.current(bound.rows(), state.v_mV.data(), current_nA.data(),
                                      conductance_uS.data());
        });
    print(name + " current, per row", current_ns);
}

/// The matrix of a uniform cable in one step, one long chain.
template <int layers>
void bench_tree_solve(std::size_t size) {
    std::vector<std::int32_t> parent(size);
    std::vector<SymmetricBlock<layers>> diagonal(size);
    std::vector<Potentials<layers>> coupling(size);
    std::vector<Potentials<layers>> rhs(size);
    for (std::size_t i = 0; i < size; ++i) {
        parent[i] = static_cast<std::int32_t>(i) - 1;
        const double neighbours = i == 0 || i + 1 == size ? 1.0 : 2.0;
        for (std::size_t layer = 0; layer < layers; ++layer) {
            coupling[i][layer] = i == 0 ? 0.0 : 1.0 / static_cast<double>(layer + 1);
            diagonal[i].at(layer, layer) = 0.1 + neighbours / static_cast<double>(layer + 1);
            rhs[i][layer] = std::sin(static_cast<double>(i + layer));
        }
        if constexpr (layers == 2) {
            diagonal[i].at(1, 0) = -0.05;
        }
    }
    auto factors = diagonal;
    auto x = rhs;
    const double ns = median_ns(
        size,
        [&] {
            factors = diagonal;
            x = rhs;
        },
        [&] { solve_tree<layers>(parent, factors, coupling, x); });

    double residual = 0.0;
    for (std::size_t i = 0; i < size; ++i) {
        const auto own = product(diagonal[i], x[i]);
        for (std::size_t layer = 0; layer < layers; ++layer) {
            double sum = own[layer] - rhs[i][layer];
            sum -= i == 0 ? 0.0 : coupling[i][layer] * x[i - 1][layer];
            sum -= i + 1 == size ? 0.0 : coupling[i + 1][layer] * x[i + 1][layer];
            residual = std::max(residual, std::abs(sum));
        }
    }
    const std::string name = "tree solve, " + std::to_string(layers) + " potential" +
                             (layers == 1 ? "" : "s") + ", " + std::to_string(size);
    expect(residual < 1e-13, name);
    print(name, ns);
}

Ion ion(const std::string& name, double e_mV) {
    Ion made;
    made.name = name;
    made.e_mV = e_mV;
    return made;
}

/// A run with what is needed to measure the velocity: two places, and their distance in the end.
struct Workload {
    std::string name;
    std::shared_ptr<const Discretisation> discretisation;
    Drive drive;
    double rest_mV;
    std::int32_t near;
    std::int32_t far;
    double t_stop_ms;
    double slowest_m_per_s;
    double fastest_m_per_s;
};

/// Hodgkin & Huxley 1952 at 18.5 degC, 100 um compartments; its velocity is 18.73 m/s.
Workload squid(int compartments) {
    Model model;
    model.temperature_degC = 18.5;
    model.sections.emplace_back();
    model.sections[0].name = "axon";
    model.sections[0].points = straight_points(100.0 * compartments, 476.0, 476.0);
    model.sections[0].r_a_ohm_cm = 35.4;
    model.placements = {{"na_hh", {}, {}},
                        {"k_hh", {}, {}},
                        {"leak", {}, {{"g_bar_S_cm2", {3e-4}}, {"e_leak_mV", {-54.387}}}}};
    model.ions = {ion("na", 50.0), ion("k", -77.0)};
    return {.name = "squid, " + std::to_string(compartments),
            .discretisation =
                std::make_shared<Discretisation>(discretise(model, FixedCount{compartments, {}})),
            .drive = {{{0.1, 0.1, 0.6, 0.6}, {0.0, 1.0, 1.0, 0.0}}, {0}, {1e4}},
            .rest_mV = -65.0,
            .near = 200,
            .far = 400,
            .t_stop_ms = 4.0,
            .slowest_m_per_s = 18.5,
            .fastest_m_per_s = 18.9};
}

/// McIntyre, Richardson & Grill 2002 (doi:10.1152/jn.00353.2001), 10 um, on its published
/// grid: 56.3 m/s in the limit of short steps, 51.4 with backward Euler at 5 us.
Workload mrg(int nodes) {
    Model model;
    model.temperature_degC = 37.0;
    const std::array<const char*, 11> period{"node", "mysa", "flut", "stin", "stin", "stin",
                                             "stin", "stin", "stin", "flut", "mysa"};
    const std::map<std::string, double> length_um{
        {"node", 1.0}, {"mysa", 3.0}, {"flut", 46.0}, {"stin", 1051.0 / 6.0}};
    for (int k = 0, node = 0; node < nodes; ++k) {
        const std::string region = period[static_cast<std::size_t>(k) % period.size()];
        const bool is_thin = region == "node" || region == "mysa";
        const double diameter_um = is_thin ? 3.3 : 6.9;
        Section section;
        section.name = std::to_string(k);
        section.region = region;
        section.parent = k == 0 ? "" : std::to_string(k - 1);
        section.points = straight_points(length_um.at(region), diameter_um, diameter_um);
        section.r_a_ohm_cm = 70.0;
        section.c_m_uF_cm2 = 2.0;
        section.sheath.emplace().periaxonal_width_um = is_thin ? 0.002 : 0.004;
        section.sheath->is_open = region == "node";
        if (region == "node") {
            ++node;
        } else {
            section.sheath->lamellae = 120;
            section.sheath->myelin_diameter_um = 10.0;
        }
        model.sections.push_back(section);
    }
    const auto leak = [](const std::string& where, double g_S_cm2, double e_mV) {
        return Placement{"leak", {where}, {{"g_bar_S_cm2", {g_S_cm2}}, {"e_leak_mV", {e_mV}}}};
    };
    model.placements = {{"na_mrg", {"node"}, {}},  {"nap_mrg", {"node"}, {}},
                        {"ks_mrg", {"node"}, {}},  leak("node", 7e-3, -90.0),
                        leak("mysa", 1e-3, -80.0), leak("flut", 1e-4, -80.0),
                        leak("stin", 1e-4, -80.0)};
    model.ions = {ion("na", 50.0), ion("k", -90.0)};
    const auto d = std::make_shared<Discretisation>(discretise(model, FixedCount{}));
    return {.name = "double cable (MRG), " + std::to_string(d->compartments.size()),
            .discretisation = d,
            .drive = {{{0.1, 0.1, 0.2, 0.2}, {0.0, 1.0, 1.0, 0.0}}, {11}, {5.0}},
            .rest_mV = -80.0,
            .near = 66,
            .far = 154,
            .t_stop_ms = 1.5,
            .slowest_m_per_s = 50.5,
            .fastest_m_per_s = 57.0};
}

void bench_step(const Workload& load, const std::string& method) {
    constexpr double kDt_ms = 0.005;
    constexpr std::int64_t kSteps = 20;
    Simulation simulation(load.discretisation, {method, {{"dt_ms", kDt_ms}}}, {load.drive}, {},
                          {{-20.0, {load.near, load.far}}});
    const std::string name = method + ", " + load.name;
    simulation.initialise_at_rest(load.rest_mV);
    simulation.advance(std::lround(load.t_stop_ms / kDt_ms));
    const auto& t_ms = simulation.events()[0].t_ms;
    const auto& distance_um = load.discretisation->compartments.distance_um;
    const double between_um = distance_um[static_cast<std::size_t>(load.far)] -
                              distance_um[static_cast<std::size_t>(load.near)];
    const double m_per_s = t_ms.size() == 2 ? 1e-3 * between_um / (t_ms[1] - t_ms[0]) : 0.0;
    expect(m_per_s > load.slowest_m_per_s && m_per_s < load.fastest_m_per_s,
           name + ": " + std::to_string(m_per_s) + " m/s");

    // With the spike on its way, for a run at rest is no test of anything.
    const auto compartments = load.discretisation->compartments.size();
    const auto snapshot = simulation.snapshot();
    const double ns = median_ns(
        compartments * static_cast<std::size_t>(kSteps), [&] { simulation.restore(snapshot); },
        [&] { simulation.advance(kSteps); });
    print(name, ns);
    std::printf("%-46s %9.2f m/s\n", "    velocity at 5 us", m_per_s);
}

}  // namespace

int main() {
    std::printf("ranvier %s, gcc %s%s\n\n", RANVIER_VERSION, __VERSION__,
                kAssertsEnabled ? ", WITH ASSERTS: slower than what users have" : "");
    std::printf("%-46s %9s\n", "", "ns");
    bench_function(
        "exp, per value", [](double x) { return ranvier::exp(x); },
        [](double x) { return std::exp(x); });
    bench_function(
        "std::exp, per value", [](double x) { return std::exp(x); },
        [](double x) { return std::exp(x); });
    bench_function(
        "exprelr, per value", [](double x) { return exprelr(x); },
        [](double x) { return x == 0.0 ? 1.0 : x / std::expm1(x); });
    for (const Mechanism* mechanism : mechanisms()) {
        bench_channel(*mechanism);
    }
    std::printf("\n%-46s %9s\n", "", "ns per compartment");
    for (const std::size_t size : {1000, 10000}) {
        bench_tree_solve<1>(size);
        bench_tree_solve<2>(size);
    }
    std::printf("\n%-46s %9s\n", "whole steps", "ns per compartment");
    for (const MethodEntry* method : methods()) {
        const std::string name(method->info.name);
        bench_step(squid(1000), name);
        bench_step(squid(10000), name);
        bench_step(mrg(21), name);
        bench_step(mrg(201), name);
    }
    return is_all_right ? 0 : 1;
}
