// How many compartments each policy gives, and what it refuses.

#include <cmath>
#include <limits>
#include <string>

#include "check.hpp"
#include "ranvier/base/constants.hpp"
#include "ranvier/base/error.hpp"
#include "ranvier/discretisation/mesh.hpp"

using namespace ranvier;

namespace {

Section cable(double length_um, const std::string& region = "") {
    Section section;
    section.name = "axon";
    section.region = region;
    section.points = straight_points(length_um, 4.0, 4.0);
    return section;
}

}  // namespace

TEST(a_fixed_count_and_its_exceptions) {
    const FixedCount mesh{3, {{"node", 1}}};
    CHECK(compartment_count(mesh, cable(100.0)) == 3);
    CHECK(compartment_count(mesh, cable(100.0, "stin")) == 3);
    CHECK(compartment_count(mesh, cable(100.0, "node")) == 1);
}

TEST(a_longest_length_is_not_exceeded_and_not_undercut) {
    const MaxLength mesh{10.0, {{"node", 0.25}}};
    CHECK(compartment_count(mesh, cable(100.0)) == 10);
    CHECK(compartment_count(mesh, cable(100.1)) == 11);
    CHECK(compartment_count(mesh, cable(3.0)) == 1);
    CHECK(compartment_count(mesh, cable(1.0, "node")) == 4);
    // 2.1/0.3 is a little more than 7 in binary, 0.7/0.1 a little less: neither may cost a
    // compartment.
    CHECK(compartment_count(MaxLength{0.3, {}}, cable(2.1)) == 7);
    CHECK(compartment_count(MaxLength{0.1, {}}, cable(0.7)) == 7);
}

TEST(the_d_lambda_rule) {
    // lambda = 1/2 sqrt(d/(pi f R_a C_m)) with d = 4e-4 cm, R_a C_m = 1e-4 s.
    const double lambda_um = 1e4 * 0.5 * std::sqrt(4e-4 / (kPi * 100.0 * 100.0 * 1e-6));
    const DLambda mesh;
    for (const double lambdas : {0.05, 0.1, 0.25, 0.5, 1.0, 3.3}) {
        const auto count = compartment_count(mesh, cable(lambdas * lambda_um));
        CHECK(count % 2 == 1);
        // NEURON's own formula: int((L/(0.1 lambda) + 0.9)/2) 2 + 1.
        CHECK(count == 2 * static_cast<std::size_t>((lambdas / 0.1 + 0.9) / 2.0) + 1);
    }
    // A frequency four times as high halves the length constant.
    const DLambda faster{0.1, 400.0, {}};
    CHECK(compartment_count(faster, cable(lambda_um)) ==
          compartment_count(mesh, cable(2.0 * lambda_um)));
    const DLambda finer{0.1, 100.0, {{"fine", 0.05}}};
    CHECK(compartment_count(finer, cable(lambda_um, "fine")) ==
          compartment_count(mesh, cable(2.0 * lambda_um)));
}

TEST(policies_that_make_no_sense) {
    CHECK_THROWS(check_mesh(FixedCount{0, {}}), ModelError,
                 "mesh: count is 0, expected a finite number above 0");
    CHECK_THROWS(check_mesh(FixedCount{1, {{"node", -2}}}), ModelError,
                 "mesh: count of region 'node' is -2, expected a finite number above 0");
    CHECK_THROWS(check_mesh(MaxLength{std::numeric_limits<double>::quiet_NaN(), {}}), ModelError,
                 "mesh: length_um is nan, expected a finite number above 0");
    CHECK_THROWS(check_mesh(DLambda{0.0, 100.0, {}}), ModelError, "mesh: d_lambda is 0");
    CHECK_THROWS(check_mesh(DLambda{0.1, HUGE_VAL, {}}), ModelError, "mesh: frequency_Hz is inf");
    check_mesh(DLambda{});
}

TEST(a_mesh_that_no_memory_holds) {
    CHECK_THROWS(compartment_count(MaxLength{1e-9, {}}, cable(1e6)), ModelError,
                 "section 'axon': would have 1e+15 compartments, expected at most 1e+08; choose a "
                 "coarser mesh");
}
