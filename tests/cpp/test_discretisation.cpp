// check(): what does not come from discretise() is not believed.

#include <cmath>
#include <limits>
#include <source_location>
#include <string>

#include "check.hpp"
#include "ranvier/base/error.hpp"
#include "ranvier/discretisation/discretisation.hpp"

using namespace ranvier;

namespace {

/// Two compartments with a sheath, a potassium channel on the second, and nothing wrong.
Discretisation good() {
    Discretisation d;
    d.name = "by hand";
    d.section_names = {"axon"};
    d.section_regions = {""};
    d.compartments = {.parent = {kNoParent, 0},
                      .section = {0, 0},
                      .is_junction = {0, 0},
                      .centre_um = {5.0, 15.0},
                      .length_um = {10.0, 10.0},
                      .diameter_um = {1.0, 1.0},
                      .area_um2 = {31.4, 31.4},
                      .distance_um = {5.0, 15.0},
                      .xyz_um = {5.0, 0.0, 0.0, 15.0, 0.0, 0.0},
                      .capacitance_nF = {1e-4, 1e-4},
                      .axial_conductance_uS = {0.0, 0.1}};
    d.layers = {{.is_unknown = {1, 1},
                 .axial_conductance_uS = {0.0, 1e-3},
                 .capacitance_nF = {1e-6, 1e-6},
                 .conductance_uS = {1e-6, 1e-6}}};
    d.mechanisms = {{.name = "k_hh",
                     .compartment = {1},
                     .parameter_names = {"g_bar_S_cm2"},
                     .parameters = {{0.036}}}};
    d.ions = {{.name = "k", .valence = 1, .e_mV = {std::nan(""), -77.0}}};
    return d;
}

template <class Spoil>
void expect_problem(const std::string& sentence, const Spoil& spoil,
                    std::source_location where = std::source_location::current()) {
    Discretisation d = good();
    spoil(d);
    const auto message = check::message_of<ModelError>([&] { ranvier::check(d); });
    check::expect(message.find(sentence) != std::string::npos, where.file_name(),
                  static_cast<int>(where.line()), "expected \"", sentence, "\", got \"", message,
                  '"');
}

}  // namespace

TEST(what_is_as_described_passes) {
    ranvier::check(good());
    auto two_roots = good();
    two_roots.compartments.parent = {kNoParent, kNoParent};
    ranvier::check(two_roots);
}

TEST(tree_order) {
    expect_problem("compartment 1: has parent 1, expected -1 to 0",
                   [](Discretisation& d) { d.compartments.parent[1] = 1; });
    expect_problem("compartment 0: has parent 0, expected -1 to -1",
                   [](Discretisation& d) { d.compartments.parent[0] = 0; });
    expect_problem("compartment 1: has parent -2, expected -1 to 0",
                   [](Discretisation& d) { d.compartments.parent[1] = -2; });
    expect_problem("discretisation: has no compartments, expected at least one",
                   [](Discretisation& d) { d = Discretisation{}; });
}

TEST(lengths_of_arrays) {
    expect_problem("centre_um: has 1 values, expected 2",
                   [](Discretisation& d) { d.compartments.centre_um.pop_back(); });
    expect_problem("xyz_um: has 2 values, expected 6",
                   [](Discretisation& d) { d.compartments.xyz_um.resize(2); });
    expect_problem("area_um2: has 3 values, expected 2",
                   [](Discretisation& d) { d.compartments.area_um2.push_back(1.0); });
    expect_problem("is_unknown: has 0 values, expected 2",
                   [](Discretisation& d) { d.layers[0].is_unknown.clear(); });
    expect_problem("ion 'k' e_mV: has 1 values, expected 2",
                   [](Discretisation& d) { d.ions[0].e_mV.pop_back(); });
}

TEST(values) {
    expect_problem("capacitance_nF: is -1 in compartment 1, expected a finite number, 0 or more",
                   [](Discretisation& d) { d.compartments.capacitance_nF[1] = -1.0; });
    expect_problem(
        "axial_conductance_uS: is nan in compartment 0, expected a finite number",
        [](Discretisation& d) { d.compartments.axial_conductance_uS[0] = std::nan(""); });
    expect_problem("layer conductance_uS: is inf in compartment 0, expected a finite number",
                   [](Discretisation& d) { d.layers[0].conductance_uS[0] = HUGE_VAL; });
}

TEST(numbers_that_are_none) {
    expect_problem("temperature_degC: is NaN or infinite somewhere, expected finite numbers",
                   [](Discretisation& d) { d.temperature_degC = HUGE_VAL; });
    expect_problem("xyz_um: is NaN or infinite somewhere, expected finite numbers",
                   [](Discretisation& d) { d.compartments.xyz_um[4] = std::nan(""); });
    expect_problem("mechanism 'k_hh' parameter 0: is NaN or infinite somewhere, expected",
                   [](Discretisation& d) { d.mechanisms[0].parameters[0][0] = std::nan(""); });
}

TEST(sections) {
    expect_problem("section: has index 1, expected 0 to 1 - 1",
                   [](Discretisation& d) { d.compartments.section[0] = 1; });
    expect_problem("section: has index -1, expected 0 to 1 - 1",
                   [](Discretisation& d) { d.compartments.section[1] = -1; });
    expect_problem("section_regions: has 0 entries, expected one per section",
                   [](Discretisation& d) { d.section_regions.clear(); });
}

TEST(layers) {
    expect_problem("layers: there are 2, expected 0 or 1 (the periaxonal space)",
                   [](Discretisation& d) { d.layers.push_back(d.layers[0]); });
}

TEST(mechanisms) {
    expect_problem("mechanism 'kk': is unknown, expected one that is registered",
                   [](Discretisation& d) { d.mechanisms[0].name = "kk"; });
    expect_problem("mechanism 'k_hh': has compartment 2 after -1, expected ascending, below 2",
                   [](Discretisation& d) { d.mechanisms[0].compartment[0] = 2; });
    expect_problem("mechanism 'k_hh': has compartment 1 after 1, expected ascending, below 2",
                   [](Discretisation& d) {
                       d.mechanisms[0].compartment = {1, 1};
                       d.mechanisms[0].parameters = {{0.036, 0.036}};
                   });
    expect_problem(
        "mechanism 'k_hh': expected its 1 parameters in order, one value per compartment",
        [](Discretisation& d) { d.mechanisms[0].parameters[0].clear(); });
    expect_problem("mechanism 'k_hh': expected its 1 parameters in order",
                   [](Discretisation& d) { d.mechanisms[0].parameter_names[0] = "g_S_cm2"; });
}

TEST(ions_of_mechanisms) {
    expect_problem("mechanism 'k_hh': needs ion 'k', expected it among the ions",
                   [](Discretisation& d) { d.ions[0].name = "na"; });
    expect_problem(
        "mechanism 'k_hh': has no reversal potential of ion 'k' in compartment 1, expected e_mV "
        "there",
        [](Discretisation& d) { d.ions[0].e_mV[1] = std::nan(""); });
}

TEST(every_problem_is_reported_at_once) {
    auto d = good();
    d.compartments.parent[1] = 5;
    d.compartments.section[1] = 9;
    d.mechanisms[0].name = "kk";
    try {
        ranvier::check(d);
        CHECK(false);
    } catch (const ModelError& error) {
        CHECK(error.problems().size() == 3);
    }
}

TEST(label_names_the_section_and_the_place) {
    CHECK(good().label(1) == "axon (15 um)");
}
