// The table of methods, and for each of them the order of convergence that it claims.

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "check.hpp"
#include "ranvier/base/error.hpp"
#include "ranvier/discretisation/discretise.hpp"
#include "ranvier/solver/method.hpp"
#include "ranvier/solver/simulation.hpp"

using namespace ranvier;

namespace {

Ion ion(const std::string& name, double e_mV) {
    Ion made;
    made.name = name;
    made.e_mV = e_mV;
    return made;
}

std::shared_ptr<const Discretisation> discretised(std::vector<Placement> placements) {
    Model model;
    model.temperature_degC = 6.3;
    model.sections.emplace_back();
    model.sections[0].name = "axon";
    model.sections[0].points = straight_points(1000.0, 50.0, 20.0);
    model.placements = std::move(placements);
    model.ions = {ion("na", 50.0), ion("k", -77.0)};
    return std::make_shared<Discretisation>(discretise(model, FixedCount{5, {}}));
}

std::vector<const MethodEntry*> methods_of_fixed_step() {
    auto all = methods();
    std::erase_if(all, [](const MethodEntry* method) { return method->info.is_adaptive; });
    return all;
}

/// Membrane potential of the first compartment after 1.6 ms of current into it from 0 to 1 ms.
double end_mV(const std::shared_ptr<const Discretisation>& discretisation,
              const std::string& method, double dt_ms) {
    // A smooth pulse, so that no edge hides the order of the method.
    PiecewiseLinear pulse;
    for (int i = 0; i <= 1000; ++i) {
        pulse.t_ms.push_back(0.001 * i);
        pulse.value.push_back(std::pow(std::sin(0.001 * i * 3.14159265358979), 4));
    }
    Simulation simulation(discretisation, {method, {{"dt_ms", dt_ms}}}, {{pulse, {0}, {40.0}}}, {},
                          {});
    simulation.initialise(-65.0);
    const auto steps = std::lround(1.6 / dt_ms);
    simulation.advance(steps);
    CHECK_NEAR(simulation.state().t_ms, 1.6, 1e-9);
    return simulation.state().v_mV[0];
}

/// The slope of the error between successive halvings of the step.
void expect_order(const MethodEntry& method,
                  const std::shared_ptr<const Discretisation>& discretisation, double dt_ms,
                  const char* what) {
    const std::string name(method.info.name);
    const double coarse_mV = end_mV(discretisation, name, dt_ms);
    const double middle_mV = end_mV(discretisation, name, dt_ms / 2.0);
    const double fine_mV = end_mV(discretisation, name, dt_ms / 4.0);
    const double order = std::log2((coarse_mV - middle_mV) / (middle_mV - fine_mV));
    // A bound on what the next power of dt adds at this step.
    check::expect(std::abs(order - method.info.order) <= 0.1, __FILE__, __LINE__, name, ", ", what,
                  ": order ", order, ", expected ", method.info.order);
}

}  // namespace

TEST(methods_are_sorted_and_described) {
    const auto all = methods();
    CHECK(!all.empty());
    CHECK(
        std::ranges::is_sorted(all, {}, [](const MethodEntry* entry) { return entry->info.name; }));
    for (const MethodEntry* entry : all) {
        CHECK(!entry->info.summary.empty());
        CHECK(entry->info.order >= 1);
        CHECK(entry->info.citation.find("doi:10.") != std::string_view::npos);
    }
}

TEST(every_method_has_its_order_on_a_passive_cable) {
    const auto passive = discretised({{"leak", {}, {{"g_bar_S_cm2", {2e-3}}}}});
    for (const MethodEntry* method : methods_of_fixed_step()) {
        expect_order(*method, passive, 0.01, "passive");
    }
}

TEST(every_method_has_its_order_with_gates) {
    const auto squid =
        discretised({{"na_hh", {}, {}}, {"k_hh", {}, {}}, {"leak", {}, {{"g_bar_S_cm2", {3e-4}}}}});
    for (const MethodEntry* method : methods_of_fixed_step()) {
        expect_order(*method, squid, 0.0025, "squid");
    }
}

TEST(parameters_have_defaults_and_are_checked) {
    const MethodEntry* entry = nullptr;
    CHECK(resolve({"backward_euler", {}}, &entry) == std::vector{0.005});
    CHECK(entry->info.name == "backward_euler");
    CHECK(resolve({"backward_euler", {{"dt_ms", 0.1}}}, &entry) == std::vector{0.1});
    CHECK_THROWS(resolve({"backward_eule", {}}, &entry), ModelError,
                 "method 'backward_eule': is unknown, expected 'backward_euler' or one of ");
    CHECK_THROWS(resolve({"backward_euler", {{"dt_ms", 0.0}}}, &entry), ModelError,
                 "method 'backward_euler': dt_ms is 0, expected a finite number above 0");
    CHECK_THROWS(resolve({"backward_euler", {{"dt_ms", std::nan("")}}}, &entry), ModelError,
                 "dt_ms is nan, expected a finite number above 0");
    CHECK_THROWS(
        resolve({"backward_euler", {{"dt", 0.1}}}, &entry), ModelError,
        "method 'backward_euler': has no parameter 'dt', expected 'dt_ms' or one of dt_ms");
}
