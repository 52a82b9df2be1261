// Compartments by hand: a cable of five, cones, branches and sheaths.

#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "check.hpp"
#include "ranvier/base/constants.hpp"
#include "ranvier/discretisation/discretise.hpp"

using namespace ranvier;

namespace {

using Rows = std::vector<std::int32_t>;

/// R_a 100 ohm cm and C_m 1 uF/cm2: over 20 um of 2 um thick cable 4 pi 1e-4 nF and 20/pi Mohm.
Section cable(const std::string& name, const std::string& parent = "", double position = 1.0) {
    Section section;
    section.name = name;
    section.region = name;
    section.parent = parent;
    section.parent_position = position;
    section.points = straight_points(100.0, 2.0, 2.0);
    return section;
}

constexpr double kArea_um2 = 40.0 * kPi;
constexpr double kCapacitance_nF = 4.0 * kPi * 1e-4;
constexpr double kAxial_uS = kPi / 20.0;

Model model_of(std::vector<Section> sections) {
    Model model;
    model.name = "by hand";
    model.sections = std::move(sections);
    return model;
}

Discretisation five_each(std::vector<Section> sections) {
    return discretise(model_of(std::move(sections)), FixedCount{5, {}});
}

double sum(const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0);
}

std::int32_t junctions(const Discretisation& d) {
    return std::accumulate(d.compartments.is_junction.begin(), d.compartments.is_junction.end(), 0);
}

}  // namespace

TEST(five_compartments) {
    const auto d = five_each({cable("axon")});
    ranvier::check(d);
    const auto& c = d.compartments;
    CHECK(c.size() == 5);
    CHECK(d.potentials() == 1);
    CHECK(c.parent == (Rows{kNoParent, 0, 1, 2, 3}));
    CHECK(c.axial_conductance_uS[0] == 0.0);
    for (std::size_t i = 0; i < 5; ++i) {
        const double centre_um = 10.0 + 20.0 * static_cast<double>(i);
        CHECK(c.section[i] == 0);
        CHECK(c.is_junction[i] == 0);
        CHECK_NEAR(c.centre_um[i], centre_um, 1e-12);
        CHECK_NEAR(c.distance_um[i], centre_um, 1e-12);
        CHECK_NEAR(c.xyz_um[3 * i], centre_um, 1e-12);
        CHECK(c.xyz_um[3 * i + 1] == 0.0 && c.xyz_um[3 * i + 2] == 0.0);
        CHECK_NEAR(c.length_um[i], 20.0, 1e-12);
        CHECK_NEAR(c.diameter_um[i], 2.0, 1e-12);
        CHECK_NEAR(c.area_um2[i], kArea_um2, 1e-11);
        CHECK_NEAR(c.capacitance_nF[i], kCapacitance_nF, 1e-17);
        if (i > 0) {
            CHECK_NEAR(c.axial_conductance_uS[i], kAxial_uS, 1e-14);
        }
    }
    CHECK(d.label(2) == "axon (50 um)");
}

TEST(a_cone_has_the_area_and_resistance_of_geometry) {
    Section cone = cable("cone");
    cone.points = straight_points(30.0, 10.0, 2.0);
    for (const int count : {1, 2, 7}) {
        const auto d = discretise(model_of({cone}), FixedCount{count, {}});
        const auto& c = d.compartments;
        // pi (r1 + r2) times the slant height.
        CHECK_NEAR(sum(c.area_um2), kPi * 6.0 * std::hypot(30.0, 4.0), 1e-10);
        double between_centres_Mohm = 0.0;
        for (std::size_t i = 1; i < c.size(); ++i) {
            between_centres_Mohm += 1.0 / c.axial_conductance_uS[i];
        }
        // r_a integrated over 4/(pi d^2), with d linear, is 4 l/(pi d0 d1).
        const double end_um = 15.0 / count;
        const double d0 = 10.0 - 8.0 * end_um / 30.0;
        const double d1 = 2.0 + 8.0 * end_um / 30.0;
        CHECK_NEAR(between_centres_Mohm, 4.0 * (30.0 - 2.0 * end_um) / (kPi * d0 * d1), 1e-12);
    }
}

TEST(points_inside_a_compartment_all_count) {
    Section bent = cable("bent");
    bent.has_coordinates = true;
    bent.points = {{0.0, 0.0, 0.0, 2.0}, {30.0, 0.0, 0.0, 2.0}, {30.0, 70.0, 0.0, 2.0}};
    const auto d = five_each({bent});
    for (std::size_t i = 0; i < 5; ++i) {
        CHECK_NEAR(d.compartments.area_um2[i], kArea_um2, 1e-11);
    }
    CHECK_NEAR(d.compartments.xyz_um[3], 30.0, 1e-12);
    CHECK_NEAR(d.compartments.xyz_um[4], 0.0, 1e-12);
    CHECK_NEAR(d.compartments.xyz_um[6], 30.0, 1e-12);
    CHECK_NEAR(d.compartments.xyz_um[7], 20.0, 1e-12);
}

TEST(one_child_at_the_end_continues_the_cable) {
    const auto d = five_each({cable("a"), cable("b", "a")});
    CHECK(junctions(d) == 0);
    CHECK(d.compartments.parent == (Rows{kNoParent, 0, 1, 2, 3, 4, 5, 6, 7, 8}));
    CHECK_NEAR(d.compartments.axial_conductance_uS[5], kAxial_uS, 1e-14);
    CHECK_NEAR(d.compartments.distance_um[5], 110.0, 1e-12);
    CHECK_NEAR(d.compartments.xyz_um[15], 110.0, 1e-12);
}

TEST(two_children_at_the_end_meet_in_a_junction) {
    const auto d = five_each({cable("a"), cable("b", "a"), cable("c", "a")});
    const auto& c = d.compartments;
    CHECK(c.size() == 16);
    CHECK(junctions(d) == 1);
    CHECK(c.is_junction[5] == 1);
    CHECK(c.parent == (Rows{kNoParent, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 5, 11, 12, 13, 14}));
    CHECK(c.area_um2[5] == 0.0 && c.capacitance_nF[5] == 0.0 && c.length_um[5] == 0.0);
    // Half a compartment on each side.
    for (const std::size_t row : {5, 6, 11}) {
        CHECK_NEAR(c.axial_conductance_uS[row], 2.0 * kAxial_uS, 1e-13);
    }
    ranvier::check(d);
}

TEST(a_child_at_a_centre_needs_no_junction) {
    const auto d = five_each({cable("a"), cable("b", "a", 0.5)});
    CHECK(junctions(d) == 0);
    CHECK(d.compartments.parent[5] == 2);
    CHECK_NEAR(d.compartments.axial_conductance_uS[5], 2.0 * kAxial_uS, 1e-13);
    CHECK_NEAR(d.compartments.distance_um[5], 60.0, 1e-12);
}

TEST(a_child_anywhere_meets_its_parent_exactly_there) {
    // At 26 um, between the centres at 10 and 30 um.
    const auto d = five_each({cable("a"), cable("b", "a", 0.26)});
    const auto& c = d.compartments;
    CHECK(junctions(d) == 1);
    CHECK(c.parent == (Rows{kNoParent, 0, 1, 2, 3, 4, 1, 6, 7, 8, 9}));
    CHECK(c.is_junction[1] == 1);
    CHECK_NEAR(c.centre_um[1], 26.0, 1e-12);
    CHECK_NEAR(c.axial_conductance_uS[1], kAxial_uS * 20.0 / 16.0, 1e-13);
    CHECK_NEAR(c.axial_conductance_uS[2], kAxial_uS * 20.0 / 4.0, 1e-13);
    CHECK_NEAR(c.axial_conductance_uS[6], kAxial_uS * 20.0 / 10.0, 1e-13);
    CHECK_NEAR(c.distance_um[6], 36.0, 1e-12);
    CHECK_NEAR(sum(c.area_um2), 10.0 * kArea_um2, 1e-10);
}

TEST(a_child_at_the_proximal_end_of_a_child_belongs_to_the_grandparent) {
    const auto direct = five_each({cable("a"), cable("b", "a"), cable("c", "a")});
    const auto detour = five_each({cable("a"), cable("b", "a"), cable("c", "b", 0.0)});
    CHECK(detour.compartments.parent == direct.compartments.parent);
    CHECK(detour.compartments.axial_conductance_uS == direct.compartments.axial_conductance_uS);
}

TEST(a_child_at_the_roots_proximal_end) {
    const auto alone = five_each({cable("a"), cable("b", "a", 0.0)});
    CHECK(junctions(alone) == 0);
    CHECK(alone.compartments.parent[5] == 0);
    CHECK_NEAR(alone.compartments.axial_conductance_uS[5], kAxial_uS, 1e-14);

    const auto both = five_each({cable("a"), cable("b", "a", 0.0), cable("c", "a", 0.0)});
    CHECK(junctions(both) == 1);
    CHECK(both.compartments.is_junction[0] == 1);
    CHECK(both.compartments.parent[1] == 0);
    ranvier::check(both);
}

TEST(mechanisms_and_ions_are_tables_without_junctions) {
    auto model = model_of({cable("a"), cable("b", "a"), cable("c", "a")});
    model.placements = {{"leak", {"c"}, {{"e_leak_mV", {-60.0}}}},
                        {"leak", {"a", "b"}, {{"g_bar_S_cm2", {0.1, 0.2}}}},
                        {"k_hh", {"b"}, {}}};
    model.ions.emplace_back();
    model.ions[0].name = "k";
    model.ions[0].e_mV = -77.0;
    model.ions[0].where = {"b"};
    const auto d = discretise(model, FixedCount{2, {}});
    ranvier::check(d);
    CHECK(d.mechanisms.size() == 2);
    const auto& leak = d.mechanisms[0];
    CHECK(leak.name == "leak");
    CHECK(leak.compartment == (Rows{0, 1, 3, 4, 5, 6}));
    CHECK(leak.parameter_names == (std::vector<std::string>{"g_bar_S_cm2", "e_leak_mV"}));
    CHECK(leak.parameters[0] == (std::vector{0.1, 0.1, 0.2, 0.2, 1e-4, 1e-4}));
    CHECK(leak.parameters[1] == (std::vector{-65.0, -65.0, -65.0, -65.0, -60.0, -60.0}));
    CHECK(d.mechanisms[1].compartment == (Rows{3, 4}));
    CHECK(d.ions[0].valence == 1);
    CHECK(d.ions[0].e_mV[3] == -77.0);
    CHECK(std::isnan(d.ions[0].e_mV[0]) && std::isnan(d.ions[0].e_mV[2]));
}

TEST(a_sheath_by_hand) {
    Section node = cable("node");
    node.sheath = Sheath{};
    node.sheath->is_open = true;
    node.sheath->periaxonal_width_um = 0.5;
    Section internode = cable("internode", "node");
    internode.sheath = Sheath{};
    internode.sheath->periaxonal_width_um = 0.5;
    internode.sheath->periaxonal_resistivity_ohm_cm = 50.0;
    internode.sheath->lamellae = 20;
    internode.sheath->myelin_diameter_um = 4.0;
    internode.sheath->c_membrane_uF_cm2 = 0.5;
    internode.sheath->g_membrane_S_cm2 = 2e-3;
    const auto d = discretise(model_of({node, internode}), FixedCount{5, {{"node", 1}}});
    ranvier::check(d);
    CHECK(d.potentials() == 2);
    const auto& layer = d.layers[0];
    CHECK(layer.is_unknown == (std::vector<std::uint8_t>{0, 1, 1, 1, 1, 1}));
    CHECK(layer.capacitance_nF[0] == 0.0 && layer.conductance_uS[0] == 0.0);
    // 40 membranes in series on a cylinder of 4 um.
    const double myelin_um2 = kPi * 4.0 * 20.0 / 40.0;
    // An annulus of 0.5 um around 2 um: 1.25 pi um2.
    const double space_uS = 2.0 * 1.25 * kPi / 20.0;
    for (std::size_t i = 1; i < 6; ++i) {
        CHECK_NEAR(layer.capacitance_nF[i], 0.5 * myelin_um2 * 1e-5, 1e-18);
        CHECK_NEAR(layer.conductance_uS[i], 2e-3 * myelin_um2 * 1e-2, 1e-16);
        if (i > 1) {
            CHECK_NEAR(layer.axial_conductance_uS[i], space_uS, 1e-14);
        }
    }
    // From the middle of the node, 50 um at 70 ohm cm, to the first centre, 10 um at 50 ohm cm.
    const double to_node_Mohm = (70.0 * 50.0 + 50.0 * 10.0) / (100.0 * 1.25 * kPi);
    CHECK_NEAR(1.0 / layer.axial_conductance_uS[1], to_node_Mohm, 1e-11);
}

TEST(an_open_node_is_the_same_on_any_mesh) {
    Section node = cable("node", "before");
    node.sheath = Sheath{};
    node.sheath->is_open = true;
    node.sheath->periaxonal_width_um = 0.5;
    Section before = cable("before");
    before.sheath = node.sheath;
    before.sheath->is_open = false;
    before.sheath->lamellae = 1;
    before.sheath->myelin_diameter_um = 3.0;
    Section after = before;
    after.name = after.region = "after";
    after.parent = "node";
    // Half of the node and half of the internode, 50 um each, in an annulus of 1.25 pi um2.
    const double half_each_uS = 1.25 * kPi / (0.7 * 100.0);
    for (const int count : {1, 2, 5}) {
        const auto d =
            discretise(model_of({before, node, after}), FixedCount{1, {{"node", count}}});
        const auto last = static_cast<std::size_t>(count) + 1;
        CHECK_NEAR(d.layers[0].axial_conductance_uS[1], half_each_uS, 1e-14);
        CHECK_NEAR(d.layers[0].axial_conductance_uS[last], half_each_uS, 1e-14);
    }
}

TEST(lamellae_at_their_own_radii) {
    Section section = cable("internode");
    section.sheath = Sheath{};
    section.sheath->periaxonal_resistance_Mohm_per_cm = 1e4;
    section.sheath->periaxonal_width_um = 0.5;
    section.sheath->lamellae = 1;
    section.sheath->lamella_period_um = 1.0;
    section.sheath->c_membrane_uF_cm2 = 1.0;
    const auto d = five_each({section});
    // Two membranes, of radius 1.5 and 2 um, in series.
    const double inner_nF = 2.0 * kPi * 1.5 * 20.0 * 1e-5;
    const double outer_nF = 2.0 * kPi * 2.0 * 20.0 * 1e-5;
    CHECK_NEAR(d.layers[0].capacitance_nF[2], inner_nF * outer_nF / (inner_nF + outer_nF), 1e-17);
    // The resistance per length counts, not the width: 1e4 Mohm/cm over 20 um are 20 Mohm.
    CHECK_NEAR(d.layers[0].axial_conductance_uS[2], 1.0 / 20.0, 1e-15);
}

TEST(a_bare_neighbour_opens_the_space_and_bare_ones_have_none) {
    Section internode = cable("b", "a");
    internode.sheath = Sheath{};
    internode.sheath->periaxonal_resistance_Mohm_per_cm = 1e4;
    internode.sheath->lamellae = 1;
    internode.sheath->myelin_diameter_um = 3.0;
    const auto d = discretise(model_of({cable("a"), internode, cable("c", "b"), cable("d", "c")}),
                              FixedCount{1, {}});
    const auto& layer = d.layers[0];
    CHECK(layer.is_unknown == (std::vector<std::uint8_t>{0, 1, 0, 0}));
    CHECK_NEAR(layer.axial_conductance_uS[1], 1.0 / 50.0, 1e-15);
    CHECK_NEAR(layer.axial_conductance_uS[2], 1.0 / 50.0, 1e-15);
    CHECK(layer.axial_conductance_uS[3] == 0.0);
}

TEST(problems_of_the_model_stop_it) {
    CHECK_THROWS(five_each({}), ModelError, "model 'by hand': has no sections");
    CHECK_THROWS(five_each({cable("a"), cable("b")}), ModelError, "section 'b': is not connected");
}
