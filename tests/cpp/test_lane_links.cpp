// The modes of internodes: that they are the equations of the compartments in another basis.

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "check.hpp"
#include "lane_models.hpp"
#include "ranvier/solver/lanes/link_modes.hpp"

using namespace ranvier;
using namespace lane_models;

namespace {

std::size_t at(std::int32_t value) {
    return static_cast<std::size_t>(value);
}

struct Linked {
    Linked(const Wiring& wiring, std::size_t root)
        : discretisation(wiring.rooted_at(root)), system(discretisation) {
        const Discretisation* const fibre = discretisation.get();
        layout = lay_out({&fibre, 1}, 4);
        modes = find_link_modes(system, layout.links);
    }
    Shared discretisation;
    System system;
    LaneLayout layout;
    std::vector<std::shared_ptr<const LinkModes>> modes;
};

/// y' of membrane and periaxonal potentials by Kirchhoff's law, written out: current out of the
/// axoplasm through the axolemma, from the space through the sheath, and along both.
struct Change {
    std::vector<double> per_ms;  // of all membrane potentials, then of all periaxonal ones
    double lower_nA = 0.0;       // out of the link into its ends
    double upper_nA = 0.0;
};

Change change(const Linked& linked, std::size_t l, const std::vector<double>& y, double lower_mV,
              double upper_mV) {
    const auto& d = *linked.discretisation;
    const auto& c = d.compartments;
    const auto& layer = d.layers[0];
    const LinkPlace& link = linked.layout.links[l];
    const std::size_t n = link.compartment.size();
    const auto local = [&](std::int32_t i) {
        return static_cast<std::size_t>(std::ranges::lower_bound(link.compartment, i) -
                                        link.compartment.begin());
    };
    std::vector<double> into_axon(n, 0.0);
    std::vector<double> into_space(n, 0.0);
    Change result{std::vector<double>(2 * n)};
    for (std::size_t i = 0; i < c.size(); ++i) {
        const auto own = static_cast<std::int32_t>(i);
        const std::int32_t up = c.parent[i];
        if (up == kNoParent) {
            continue;
        }
        const bool is_own = std::ranges::binary_search(link.compartment, own);
        const bool is_up = std::ranges::binary_search(link.compartment, up);
        if (!is_own && !is_up) {
            continue;
        }
        const auto space_mV = [&](std::int32_t j, bool is_in) {
            return is_in ? y[n + local(j)] : 0.0;
        };
        const auto axon_mV = [&](std::int32_t j, bool is_in) {
            return is_in ? y[local(j)] + y[n + local(j)] : j == link.lower ? lower_mV : upper_mV;
        };
        const double along_nA =
            c.axial_conductance_uS[i] * (axon_mV(up, is_up) - axon_mV(own, is_own));
        const double space_nA =
            layer.axial_conductance_uS[i] * (space_mV(up, is_up) - space_mV(own, is_own));
        const auto add = [&](std::int32_t j, bool is_in, double sign) {
            if (is_in) {
                into_axon[local(j)] += sign * along_nA;
                into_space[local(j)] += sign * space_nA;
            } else {
                (j == link.lower ? result.lower_nA : result.upper_nA) += sign * along_nA;
            }
        };
        add(own, is_own, 1.0);
        add(up, is_up, -1.0);
    }
    std::vector<double> ionic_nA(n, 0.0);
    for (const auto& mechanism : linked.system.mechanisms()) {
        for (std::size_t row = 0; row < mechanism.table->compartment.size(); ++row) {
            const std::int32_t i = mechanism.table->compartment[row];
            if (std::ranges::binary_search(link.compartment, i)) {
                const double g_uS = mechanism.table->parameters[0][row] * 1e-2 * c.area_um2[at(i)];
                ionic_nA[local(i)] += g_uS * (y[local(i)] - mechanism.table->parameters[1][row]);
            }
        }
    }
    for (std::size_t k = 0; k < n; ++k) {
        const std::size_t i = at(link.compartment[k]);
        // What enters the axoplasm leaves through the axolemma and then the sheath.
        result.per_ms[k] = (into_axon[k] - ionic_nA[k]) / c.capacitance_nF[i];
        result.per_ms[n + k] = (into_axon[k] + into_space[k] - layer.conductance_uS[i] * y[n + k]) /
                               layer.capacitance_nF[i];
    }
    return result;
}

/// The same from the modes.
Change change(const LinkModes& modes, const std::vector<double>& y, double lower_mV,
              double upper_mV) {
    const std::size_t m = modes.size();
    std::vector<double> z(m);
    modes.to_modes(y, z);
    Change result{std::vector<double>(m)};
    result.lower_nA = modes.lower_rest_nA - modes.lower_axial_uS * lower_mV;
    result.upper_nA = modes.upper_rest_nA - modes.upper_axial_uS * upper_mV;
    for (std::size_t mode = 0; mode < m; ++mode) {
        const double dz = -modes.rate_per_ms[mode] * z[mode] + modes.lower[mode] * lower_mV +
                          modes.upper[mode] * upper_mV;
        for (std::size_t i = 0; i < m; ++i) {
            result.per_ms[i] += modes.basis[i * m + mode] * dz;
        }
        result.lower_nA += modes.lower[mode] * z[mode];
        result.upper_nA += modes.upper[mode] * z[mode];
    }
    return result;
}

std::vector<double> random_potentials(std::size_t n, Random& random) {
    std::vector<double> y(n);
    for (double& each : y) {
        each = uniform(random, -100.0, 100.0);
    }
    return y;
}

double largest(const std::vector<double>& values) {
    double most = 0.0;
    for (const double value : values) {
        most = std::max(most, std::abs(value));
    }
    return most;
}

Myelin some_myelin(Random& random) {
    return {.nodes = whole(random, 2, 6),
            .most_node_rows = 2,
            .least_internode = 1,
            .most_internode = whole(random, 1, 12),
            .taper = chance(random, 0.7) ? 0.2 : 0.0,
            .branches = 0.3,
            .is_sealed_at_random = chance(random, 0.3),
            .without_leak = chance(random, 0.3) ? 0.5 : 0.0};
}

}  // namespace

TEST(modes_are_the_equations_in_another_basis) {
    Random random(11);
    double worst = 0.0;
    double worst_back_mV = 0.0;
    for (int round = 0; round < 100; ++round) {
        const auto wiring = myelinated(some_myelin(random), random);
        const Linked linked(wiring, whole(random, 0, wiring.pieces.size() - 1));
        CHECK(linked.modes.size() == linked.layout.links.size());
        for (std::size_t l = 0; l < linked.modes.size(); ++l) {
            const LinkModes& modes = *linked.modes[l];
            const std::size_t m = modes.size();
            CHECK(m == 2 * linked.layout.links[l].compartment.size());
            CHECK(std::ranges::all_of(modes.rate_per_ms, [](double rate) { return rate > 0.0; }));
            const auto y = random_potentials(m, random);
            std::vector<double> z(m);
            std::vector<double> back(m);
            modes.to_modes(y, z);
            modes.to_potentials(z, back);
            for (std::size_t i = 0; i < m; ++i) {
                worst_back_mV = std::max(worst_back_mV, std::abs(back[i] - y[i]));
            }
            const double lower_mV = uniform(random, -100.0, 100.0);
            const double upper_mV = uniform(random, -100.0, 100.0);
            const Change expected = change(linked, l, y, lower_mV, upper_mV);
            const Change found = change(modes, y, lower_mV, upper_mV);
            const double scale = largest(expected.per_ms);
            for (std::size_t i = 0; i < m; ++i) {
                worst = std::max(worst, std::abs(found.per_ms[i] - expected.per_ms[i]) / scale);
            }
            const double current_nA = 100.0 * std::max(modes.lower_axial_uS, modes.upper_axial_uS);
            worst = std::max(worst, std::abs(found.lower_nA - expected.lower_nA) / current_nA);
            worst = std::max(worst, std::abs(found.upper_nA - expected.upper_nA) / current_nA);
        }
    }
    std::cout << "        equations " << worst << ", there and back " << worst_back_mV << " mV\n";
    CHECK(worst < 1e-11);
    CHECK(worst_back_mV < 1e-9);
}

TEST(equal_internodes_share_their_modes_and_are_mirrored) {
    Random random(12);
    for (std::size_t size = 1; size <= 12; ++size) {
        const Linked linked(
            myelinated({.nodes = 6, .least_internode = size, .most_internode = size}, random), 0);
        CHECK(linked.modes.size() == 5);
        for (const auto& modes : linked.modes) {
            CHECK(modes == linked.modes[0]);
            CHECK(modes->is_mirrored);
            // Of 2 n modes, the even ones take the middle compartment's two where there is one.
            CHECK(modes->even == 2 * ((size + 1) / 2));
            for (std::size_t mode = 0; mode < modes->size(); ++mode) {
                const double sign = mode < modes->even ? 1.0 : -1.0;
                CHECK(modes->lower[mode] == sign * modes->upper[mode]);
            }
        }
    }
    const Linked unequal(
        myelinated({.nodes = 6, .least_internode = 2, .most_internode = 5, .taper = 0.1}, random),
        0);
    for (const auto& modes : unequal.modes) {
        CHECK(!modes->is_mirrored);
    }
}

TEST(one_that_is_not_mirrored_beside_others_changes_nothing_for_them) {
    // All links go through the general kernel then.
    Random random(13);
    auto wiring = myelinated({.nodes = 12}, random);
    const auto mirrored = wiring.rooted_at(0);
    wiring.pieces[wiring.pieces.size() - 2].length_um *= 1.0 + 1e-9;
    const auto general = wiring.rooted_at(0);
    CHECK(Linked(wiring, 0).modes.front()->is_mirrored);
    CHECK(!Linked(wiring, 0).modes.back()->is_mirrored);
    const auto drives = random_drives(*mirrored, 1.0, 2000.0, random);
    for (const char* const method : kMethods) {
        for (const Isa isa : isas()) {
            const auto a = lane_run(mirrored, choice(method, 0.005), drives, {}, {0, isa, 1});
            const auto b = lane_run(general, choice(method, 0.005), drives, {}, {0, isa, 1});
            a->initialise(-65.0);
            b->initialise(-65.0);
            a->advance(200);
            b->advance(200);
            CHECK_NEAR(distance_mV(a->state(), b->state()), 0.0, 1e-5);
        }
    }
}

TEST(internodes_without_any_conductance_hold_their_charge) {
    // No leak, a sheath that insulates perfectly and a sealed space: nothing but capacitances. The
    // rate of one mode is 0, and what rests there is whatever was put there.
    Random random(14);
    auto wiring = myelinated({.nodes = 5, .without_leak = 1.0}, random);
    for (auto& edge : wiring.edges) {
        edge.is_sealed = wiring.pieces[edge.a].is_sheathed != wiring.pieces[edge.b].is_sheathed;
    }
    auto changed = *wiring.rooted_at(0);
    std::ranges::fill(changed.layers[0].conductance_uS, 0.0);
    const auto d = std::make_shared<const Discretisation>(changed);
    const auto drives = random_drives(*d, 1.0, 2000.0, random);
    for (const char* const method : kMethods) {
        const auto plain = plain_run(d, choice(method, 0.005), drives, {});
        Simulation any(d, choice(method, 0.005), drives, {}, {});
        plain->initialise(-65.0);
        any.initialise(-65.0);
        plain->advance(200);
        any.advance(200);
        CHECK_NEAR(distance_mV(plain->state(), any.state()), 0.0, 1e-8);
    }
}

TEST(capacitances_and_conductances_over_many_decades) {
    Random random(15);
    double worst_mV = 0.0;
    for (int round = 0; round < 40; ++round) {
        auto d = *myelinated({.nodes = 6, .taper = 0.1}, random).rooted_at(0);
        const auto spread = [&](std::vector<double>& values, double decades) {
            for (double& each : values) {
                each *= std::pow(10.0, uniform(random, -decades, decades));
            }
        };
        spread(d.compartments.axial_conductance_uS, 3.0);
        spread(d.layers[0].axial_conductance_uS, 6.0);
        spread(d.layers[0].conductance_uS, 3.0);
        spread(d.layers[0].capacitance_nF, 2.0);
        spread(d.compartments.capacitance_nF, 1.0);
        const auto shared = std::make_shared<const Discretisation>(d);
        const auto drives = random_drives(d, 0.5, 300.0, random);
        const auto plain = plain_run(shared, choice("rosenbrock2", 0.005), drives, {});
        const auto lanes = lane_run(shared, choice("rosenbrock2", 0.005), drives, {});
        plain->initialise(-65.0);
        lanes->initialise(-65.0);
        plain->advance(100);
        lanes->advance(100);
        const double v_mV = distance_mV(plain->state(), lanes->state());
        worst_mV = v_mV <= worst_mV ? worst_mV : v_mV;
        check::expect(v_mV < 5e-6, __FILE__, __LINE__, "round ", round, ": ", v_mV, " mV");
    }
    std::cout << "        many decades: " << worst_mV << " mV\n";
}
