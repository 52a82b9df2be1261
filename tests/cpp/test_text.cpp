// How messages print numbers and names.

#include <limits>
#include <string>
#include <vector>

#include "check.hpp"
#include "ranvier/base/error.hpp"
#include "ranvier/base/text.hpp"

using namespace ranvier;

TEST(numbers_are_printed_as_people_write_them) {
    CHECK(text(0.005) == "0.005");
    CHECK(text(-70.0) == "-70");
    CHECK(text(1e8) == "1e+08");
    CHECK(text(1.0 / 3.0) == "0.333333");
    CHECK(text(std::numeric_limits<double>::quiet_NaN()) == "nan");
    CHECK(text(-std::numeric_limits<double>::infinity()) == "-inf");
}

TEST(a_wrong_name_is_told_the_nearest_right_one) {
    const std::vector<std::string> right{"k_hh", "leak", "na_hh"};
    CHECK(expected_one_of("na_h", right) == "expected 'na_hh' or one of k_hh, leak, na_hh");
    CHECK(expected_one_of("k", right) == "expected 'k_hh' or one of k_hh, leak, na_hh");
    CHECK(expected_one_of("sodium", right) == "expected one of k_hh, leak, na_hh");
    CHECK(expected_one_of("", {}) == "expected one of ");
}

TEST(a_long_list_is_cut) {
    const std::vector<std::string> names(1000, "node");
    const auto message = expected_one_of("internode", names);
    CHECK(message.ends_with("node, ..."));
    CHECK(message.size() < 300);
}

TEST(an_error_carries_its_parts) {
    const std::vector<Problem> problems{{"section 'a'", "has no name"},
                                        {"model", "has no sections"}};
    const ModelError error(problems);
    CHECK(error.what() == std::string("section 'a': has no name\nmodel: has no sections"));
    CHECK(error.problems().size() == 2);
    CHECK(error.problems()[1].sentence() == "model: has no sections");
    const DivergedError diverged(1.5, 3, "gate m of na_hh is nan", "the run diverged");
    CHECK(diverged.t_ms() == 1.5);
    CHECK(diverged.compartment() == 3);
    CHECK(diverged.variable() == "gate m of na_hh is nan");
    CHECK(diverged.what() == std::string("the run diverged"));
}

TEST(a_broken_invariant_is_an_error_where_asserts_are_on) {
    const auto assert_false = [] { RANVIER_ASSERT(1 + 1 == 3); };
    const auto message = check::message_of<InternalError>(assert_false);
    if constexpr (kAssertsEnabled) {
        CHECK(message.ends_with("expected 1 + 1 == 3"));
    } else {
        CHECK(message == "nothing");
    }
}
