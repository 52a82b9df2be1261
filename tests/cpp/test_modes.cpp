// The modes of small disturbances: of passive membranes by formula, of the squid axon by its patch.

#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>
#include <string>

#include "check.hpp"
#include "ranvier/discretisation/discretise.hpp"
#include "ranvier/solver/modes.hpp"
#include "ranvier/solver/rest.hpp"

using namespace ranvier;

namespace {

using Shared = std::shared_ptr<const Discretisation>;

Model cable() {
    Model model;
    model.temperature_degC = 6.3;
    model.sections.emplace_back();
    model.sections[0].name = "axon";
    model.sections[0].r_a_ohm_cm = 35.4;
    model.sections[0].points = straight_points(1e4, 476.0, 476.0);
    return model;
}

Shared squid(int compartments, double e_leak_mV) {
    auto model = cable();
    model.placements = {{"na_hh", {}, {}},
                        {"k_hh", {}, {}},
                        {"leak", {}, {{"g_bar_S_cm2", {3e-4}}, {"e_leak_mV", {e_leak_mV}}}}};
    for (const auto& [name, e_mV] : {std::pair("na", 50.0), std::pair("k", -77.0)}) {
        model.ions.emplace_back();
        model.ions.back().name = name;
        model.ions.back().e_mV = e_mV;
    }
    return std::make_shared<Discretisation>(discretise(model, FixedCount{compartments, {}}));
}

Shared passive(int compartments, double g_S_cm2, bool has_sheath) {
    auto model = cable();
    model.sections[0].points = straight_points(1e4, 10.0, 10.0);
    if (has_sheath) {
        auto& sheath = model.sections[0].sheath.emplace();
        sheath.periaxonal_width_um = 0.01;
        sheath.lamellae = 5;
        sheath.myelin_diameter_um = 12.0;
    }
    model.placements = {{"leak", {}, {{"g_bar_S_cm2", {g_S_cm2}}, {"e_leak_mV", {-70.0}}}}};
    return std::make_shared<Discretisation>(discretise(model, FixedCount{compartments, {}}));
}

struct AtRest {
    explicit AtRest(Shared discretisation) : system(std::move(discretisation)) {
        state = system.blank_state();
        std::ranges::fill(state.potential_mV[0], -65.0);
        system.update_membrane_potential(state);
        CHECK(find_rest(system, state).is_found);
    }

    System system;
    State state;
};

}  // namespace

TEST(a_passive_cable_has_the_modes_of_its_mesh) {
    // -g/C - G/C (2 - 2 cos(k pi/n)) for k from 0 to n - 1.
    const int n = 8;
    AtRest rest(passive(n, 1e-3, false));
    const auto& c = rest.system.discretisation().compartments;
    const double mixing_per_ms = c.axial_conductance_uS[1] / c.capacitance_nF[1];
    const Modes modes(rest.system, rest.state);
    CHECK(modes.stability() == Stability::kStable);
    for (int k = 1; k < n; ++k) {
        const auto rate = [&](double at) {
            return -1.0 - mixing_per_ms * (2.0 - 2.0 * std::cos(at * std::numbers::pi / n));
        };
        CHECK(modes.count_faster(rate(k - 0.5)) == k);
    }
    const auto fastest = modes.fastest();
    CHECK(fastest.has_value());
    CHECK_NEAR(fastest->growth_rate_per_ms, -1.0, 1e-2);
    CHECK(fastest->frequency_kHz == 0.0);
}

TEST(a_sheath_adds_a_mode_for_each_compartment) {
    const int n = 5;
    AtRest rest(passive(n, 1e-3, true));
    const Modes modes(rest.system, rest.state);
    CHECK(modes.stability() == Stability::kStable);
    CHECK(modes.count_faster(-1e9) == 2 * n);
}

TEST(a_depolarised_squid_axon_grows_and_swings_as_its_patch) {
    for (const int compartments : {1, 40}) {
        AtRest rest(squid(compartments, 0.0));
        const Modes modes(rest.system, rest.state);
        CHECK(modes.stability() == Stability::kUnstable);
        CHECK(modes.count_faster(0.0) == 2);
        const auto fastest = modes.fastest();
        CHECK(fastest.has_value());
        // By the eigenvalues of the paper's four equations.
        CHECK_NEAR(fastest->growth_rate_per_ms, 0.107410, 1e-6);
        CHECK_NEAR(fastest->frequency_kHz, 0.628691 / (2.0 * std::numbers::pi), 1e-6);
    }
}

TEST(the_squid_axon_at_its_own_rest_is_stable) {
    AtRest rest(squid(40, -54.387));
    const Modes modes(rest.system, rest.state);
    CHECK(modes.stability() == Stability::kStable);
    CHECK(modes.count_faster(-1e6) == 4 * 40);  // three gates and a potential each
}

TEST(without_conductance_the_stability_is_undecided) {
    for (const int compartments : {1, 2, 10}) {
        AtRest rest(passive(compartments, 0.0, false));
        const Modes modes(rest.system, rest.state);
        CHECK(modes.stability() == Stability::kUndecided);
        CHECK(!modes.fastest().has_value());
    }
}
