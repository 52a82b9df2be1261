// Every sentence of validate(), and the small functions on models.

#include <algorithm>
#include <cmath>
#include <limits>
#include <source_location>
#include <string>
#include <vector>

#include "check.hpp"
#include "ranvier/model/model.hpp"

using namespace ranvier;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

Section section(const std::string& name, const std::string& parent = "") {
    Section made;
    made.name = name;
    made.region = "axon";
    made.parent = parent;
    made.points = straight_points(100.0, 2.0, 2.0);
    return made;
}

Ion ion(const std::string& name) {
    Ion made;
    made.name = name;
    return made;
}

/// Two sections with every squid channel, and nothing wrong.
Model good_model() {
    Model model;
    model.name = "m";
    model.sections = {section("a"), section("b", "a")};
    model.placements = {{"na_hh", {}, {}}, {"k_hh", {"axon"}, {}}, {"leak", {"a", "b"}, {}}};
    model.ions = {ion("na"), ion("k")};
    model.ions[0].e_mV = 50.0;
    model.ions[1].inside_mM = 400.0;
    model.ions[1].outside_mM = 20.0;
    return model;
}

Sheath good_sheath() {
    Sheath sheath;
    sheath.periaxonal_width_um = 0.004;
    sheath.lamellae = 10;
    sheath.myelin_diameter_um = 3.0;
    return sheath;
}

/// Fails unless what is wrong with the good model after `spoil` has a sentence that starts so.
template <class Spoil>
void expect_problem(const std::string& sentence, const Spoil& spoil,
                    std::source_location where = std::source_location::current()) {
    Model model = good_model();
    spoil(model);
    std::string all;
    bool is_there = false;
    for (const auto& problem : validate(model)) {
        all += "\n    " + problem.sentence();
        is_there = is_there || problem.sentence().starts_with(sentence);
    }
    check::expect(is_there, where.file_name(), static_cast<int>(where.line()), "expected \"",
                  sentence, "\", got", all.empty() ? " nothing" : all);
}

template <class Spoil>
void expect_sheath_problem(const std::string& problem, const Spoil& spoil,
                           std::source_location where = std::source_location::current()) {
    expect_problem(
        "section 'a' sheath: " + problem,
        [&](Model& model) {
            Sheath sheath = good_sheath();
            spoil(sheath);
            model.sections[0].sheath = sheath;
        },
        where);
}

}  // namespace

TEST(a_good_model_has_no_problems) {
    Model model = good_model();
    CHECK(validate(model).empty());
    model.sections[0].sheath = good_sheath();
    model.sections[1].sheath = Sheath{};
    model.sections[1].sheath->is_open = true;
    CHECK(validate(model).empty());
    model.sections[0].sheath->myelin_diameter_um.reset();
    model.sections[0].sheath->lamella_period_um = 0.015;
    CHECK(validate(model).empty());
}

TEST(the_model_as_a_whole) {
    expect_problem("model 'm': has no sections, expected at least one",
                   [](Model& model) { model.sections.clear(); });
    expect_problem("model 'm': temperature_degC is 70, expected -10 to 60 degrees Celsius",
                   [](Model& model) { model.temperature_degC = 70.0; });
    expect_problem("model 'm': temperature_degC is nan, expected -10 to 60 degrees Celsius",
                   [](Model& model) { model.temperature_degC = kNaN; });
}

TEST(names) {
    expect_problem("section 1: has no name, expected one",
                   [](Model& model) { model.sections[1].name = ""; });
    expect_problem("section 'a': is the name of two sections, expected a name of its own",
                   [](Model& model) { model.sections[1].name = "a"; });
}

TEST(a_place_is_a_section_or_a_region) {
    expect_problem(
        "section 'a': has the name of a region that has other sections, expected "
        "different names, since a place may be either",
        [](Model& model) { model.sections[1].region = "a"; });
    Model model = good_model();
    model.sections[0].region = "a";
    model.placements[1].where = {"a", "axon"};
    CHECK(validate(model).empty());
}

TEST(connections) {
    expect_problem("section 'b': parent_position is 1.5, expected 0 (proximal) to 1 (distal)",
                   [](Model& model) { model.sections[1].parent_position = 1.5; });
    expect_problem("section 'b': parent_position is nan, expected 0 (proximal) to 1 (distal)",
                   [](Model& model) { model.sections[1].parent_position = kNaN; });
    expect_problem("section 'b': is not connected, expected a parent, since 'a' is the root",
                   [](Model& model) { model.sections[1].parent = ""; });
    expect_problem(
        "section 'a': is the first and has parent 'b', expected the root, which has none",
        [](Model& model) { model.sections[0].parent = "b"; });
    expect_problem("section 'b': parent 'b' does not come before it, expected parents first",
                   [](Model& model) { model.sections[1].parent = "b"; });
    expect_problem("section 'c': parent 'd' does not come before it, expected parents first",
                   [](Model& model) {
                       model.sections.push_back(section("c", "d"));
                       model.sections.push_back(section("d", "c"));
                   });
    expect_problem("section 'b': parent 'x' is not a section, expected the name of an earlier one",
                   [](Model& model) { model.sections[1].parent = "x"; });
}

TEST(shapes) {
    expect_problem("section 'a': has 1 points, expected at least 2",
                   [](Model& model) { model.sections[0].points.resize(1); });
    expect_problem("section 'a': diameter_um is -1 at point 1, expected a finite number above 0",
                   [](Model& model) { model.sections[0].points[1].diameter_um = -1.0; });
    expect_problem("section 'a': diameter_um is nan at point 0, expected a finite number above 0",
                   [](Model& model) { model.sections[0].points[0].diameter_um = kNaN; });
    expect_problem(
        "section 'a': length_um is -5, expected a finite number above 0",
        [](Model& model) { model.sections[0].points = straight_points(-5.0, 2.0, 2.0); });
    expect_problem("section 'a': length_um is NaN or infinite, expected above 0", [](Model& model) {
        model.sections[0].points = straight_points(kNaN, 2.0, 2.0);
    });
    expect_problem("section 'a': has a point that is NaN or infinite, expected finite",
                   [](Model& model) {
                       model.sections[0].has_coordinates = true;
                       model.sections[0].points[1].z_um = kInfinity;
                   });
    expect_problem("section 'a': length_um is 0, expected points that are apart", [](Model& model) {
        model.sections[0].has_coordinates = true;
        model.sections[0].points.assign(3, {1.0, 2.0, 3.0, 4.0});
    });
}

TEST(electrical_properties) {
    expect_problem("section 'a': r_a_ohm_cm is 0, expected a finite number above 0",
                   [](Model& model) { model.sections[0].r_a_ohm_cm = 0.0; });
    expect_problem("section 'b': c_m_uF_cm2 is inf, expected a finite number above 0",
                   [](Model& model) { model.sections[1].c_m_uF_cm2 = kInfinity; });
}

TEST(sheaths) {
    expect_sheath_problem(
        "has no periaxonal space, expected periaxonal_width_um or "
        "periaxonal_resistance_Mohm_per_cm",
        [](Sheath& sheath) { sheath.periaxonal_width_um.reset(); });
    expect_sheath_problem("periaxonal_width_um is 0, expected a finite number above 0",
                          [](Sheath& sheath) { sheath.periaxonal_width_um = 0.0; });
    expect_sheath_problem("periaxonal_resistivity_ohm_cm is -70, expected a finite number above 0",
                          [](Sheath& sheath) { sheath.periaxonal_resistivity_ohm_cm = -70.0; });
    expect_sheath_problem(
        "periaxonal_resistance_Mohm_per_cm is nan, expected a finite number above 0",
        [](Sheath& sheath) { sheath.periaxonal_resistance_Mohm_per_cm = kNaN; });
    expect_sheath_problem(
        "is open and has 10 lamellae, expected 0 where the space meets the outside",
        [](Sheath& sheath) { sheath.is_open = true; });
    expect_sheath_problem("lamellae is 0, expected 1 or more, or is_open at a node",
                          [](Sheath& sheath) { sheath.lamellae = 0; });
    expect_sheath_problem("c_membrane_uF_cm2 is -0.1, expected a finite number, 0 or more",
                          [](Sheath& sheath) { sheath.c_membrane_uF_cm2 = -0.1; });
    expect_sheath_problem("g_membrane_S_cm2 is nan, expected a finite number, 0 or more",
                          [](Sheath& sheath) { sheath.g_membrane_S_cm2 = kNaN; });
    expect_sheath_problem("expected either myelin_diameter_um or lamella_period_um",
                          [](Sheath& sheath) { sheath.lamella_period_um = 0.015; });
    expect_sheath_problem("expected either myelin_diameter_um or lamella_period_um",
                          [](Sheath& sheath) { sheath.myelin_diameter_um.reset(); });
    expect_sheath_problem("lamella_period_um is 0, expected a finite number above 0",
                          [](Sheath& sheath) {
                              sheath.myelin_diameter_um.reset();
                              sheath.lamella_period_um = 0.0;
                          });
    expect_sheath_problem(
        "lamella_period_um needs the radius where myelin begins, expected periaxonal_width_um "
        "with it",
        [](Sheath& sheath) {
            sheath.myelin_diameter_um.reset();
            sheath.lamella_period_um = 0.015;
            sheath.periaxonal_width_um.reset();
            sheath.periaxonal_resistance_Mohm_per_cm = 1e6;
        });
    expect_sheath_problem("myelin_diameter_um is 1.5, expected at least the axon's 2",
                          [](Sheath& sheath) { sheath.myelin_diameter_um = 1.5; });
    expect_sheath_problem("myelin_diameter_um is inf, expected a finite number above 0",
                          [](Sheath& sheath) { sheath.myelin_diameter_um = kInfinity; });
}

TEST(ions) {
    expect_problem("ion 'na': has e_mV and concentrations, expected one of the two",
                   [](Model& model) { model.ions[0].inside_mM = 10.0; });
    expect_problem("ion 'na': e_mV is inf, expected a finite number",
                   [](Model& model) { model.ions[0].e_mV = kInfinity; });
    expect_problem("ion 'k': has no reversal potential, expected e_mV, or inside_mM and outside_mM",
                   [](Model& model) { model.ions[1].outside_mM.reset(); });
    expect_problem("ion 'k': inside_mM is 0, expected a finite number above 0",
                   [](Model& model) { model.ions[1].inside_mM = 0.0; });
    expect_problem("ion 'x': valence is not given, expected a whole number other than 0",
                   [](Model& model) { model.ions[1].name = "x"; });
    expect_problem("ion 'k': valence is 0, expected a whole number other than 0",
                   [](Model& model) { model.ions[1].valence = 0; });
    expect_problem(
        "ion 'k': is placed on 'axo', which is no section and no region, expected 'axon' or one "
        "of axon, a, b",
        [](Model& model) { model.ions[1].where = {"axo"}; });
}

TEST(placements) {
    expect_problem("mechanism 'na_hx': is unknown, expected 'na_hh' or one of ",
                   [](Model& model) { model.placements[0].mechanism = "na_hx"; });
    expect_problem(
        "channel 'leak': is placed on 'dendrite', which is no section and no region, expected one "
        "of axon, a, b",
        [](Model& model) { model.placements[2].where = {"dendrite"}; });
    expect_problem("channel 'leak': is placed twice on section 'b', expected once",
                   [](Model& model) { model.placements.push_back({"leak", {"b"}, {}}); });
    expect_problem(
        "channel 'k_hh': needs ion 'k' on section 'b', expected it among the model's ions",
        [](Model& model) { model.ions[1].where = {"a"}; });
}

TEST(parameters) {
    const auto with = [](const std::string& name, std::vector<double> values) {
        return [=](Model& model) { model.placements[2].parameters[name] = values; };
    };
    expect_problem(
        "channel 'leak': has no parameter 'g_S_cm2', expected one of g_bar_S_cm2, e_leak_mV",
        with("g_S_cm2", {1.0}));
    expect_problem(
        "channel 'leak': e_leak_mV has 3 values, expected 1 or one for each of its 2 sections",
        with("e_leak_mV", {1.0, 2.0, 3.0}));
    expect_problem("channel 'leak': e_leak_mV is nan, expected a finite number",
                   with("e_leak_mV", {-65.0, kNaN}));
    expect_problem("channel 'leak': g_bar_S_cm2 is -1, expected a finite number, 0 or more",
                   with("g_bar_S_cm2", {-1.0}));
    Model model = good_model();
    with("e_leak_mV", {-65.0, -70.0})(model);
    CHECK(validate(model).empty());
}

TEST(every_problem_is_reported_at_once) {
    Model model = good_model();
    model.temperature_degC = 99.0;
    model.sections[0].r_a_ohm_cm = 0.0;
    model.sections[1].c_m_uF_cm2 = 0.0;
    model.ions[0].e_mV = kNaN;
    CHECK(validate(model).size() == 4);
}

TEST(where_selects_by_name_and_region_in_the_models_order) {
    Model model = good_model();
    model.sections.push_back(section("c", "b"));
    model.sections[1].region = "node";
    using Chosen = std::vector<std::size_t>;
    CHECK(select_sections(model, {}) == (Chosen{0, 1, 2}));
    CHECK(select_sections(model, {"axon"}) == (Chosen{0, 2}));
    CHECK(select_sections(model, {"c", "node", "b"}) == (Chosen{1, 2}));
    CHECK(select_sections(model, {"nowhere"}).empty());
    model.sections[2].region = "";
    CHECK(select_sections(model, {""}).empty());
}

TEST(nernst_potentials) {
    // Hille, Ion Channels of Excitable Membranes, table 1.2: RT/F = 25.267 mV at 20 degC; squid
    // potassium at 400 and 20 mM has -75.7 mV.
    Ion k = ion("k");
    k.inside_mM = 400.0;
    k.outside_mM = 20.0;
    CHECK_NEAR(reversal_potential_mV(k, 20.0), -25.26 * std::log(20.0), 0.05);
    Ion ca = k;
    ca.name = "ca";
    CHECK_NEAR(reversal_potential_mV(ca, 20.0), 0.5 * reversal_potential_mV(k, 20.0), 1e-12);
    Ion cl = k;
    cl.name = "cl";
    CHECK_NEAR(reversal_potential_mV(cl, 20.0), -reversal_potential_mV(k, 20.0), 1e-12);
    Ion fixed = ion("k");
    fixed.e_mV = -77.0;
    CHECK(reversal_potential_mV(fixed, 20.0) == -77.0);
}

TEST(valence_is_known_by_name_unless_given) {
    CHECK(valence_of(ion("na")) == 1);
    CHECK(valence_of(ion("k")) == 1);
    CHECK(valence_of(ion("ca")) == 2);
    CHECK(valence_of(ion("cl")) == -1);
    CHECK(!valence_of(ion("mg")));
    Ion given = ion("na");
    given.valence = 3;
    CHECK(valence_of(given) == 3);
}

TEST(length_follows_the_points) {
    Section bent = section("bent");
    bent.points = {{0.0, 0.0, 0.0, 1.0}, {3.0, 4.0, 0.0, 1.0}, {3.0, 4.0, 12.0, 1.0}};
    CHECK_NEAR(bent.length_um(), 17.0, 1e-14);
}
