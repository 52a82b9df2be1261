// The checks must be able to fail: a framework that cannot fail makes every other test pass.

#include "check.hpp"

#include <limits>
#include <stdexcept>

namespace {

int refuse() {
    throw std::invalid_argument("compartment 1: has parent 5");
}

/// Counts what fails in `body`, and forgets it.
int count_failures(void (*body)()) {
    const int before = check::failures;
    std::streambuf* shown = std::cerr.rdbuf(nullptr);
    body();
    std::cerr.rdbuf(shown);
    std::cerr.clear();
    const int failed = check::failures - before;
    check::failures = before;
    return failed;
}

}  // namespace

TEST(a_check_that_holds_is_silent) {
    CHECK(1 + 1 == 2);
    CHECK_NEAR(0.1 + 0.2, 0.3, 1e-15);
    CHECK_THROWS(refuse(), std::invalid_argument, "has parent 5");
}

TEST(a_check_that_does_not_hold_is_counted) {
    CHECK(count_failures([] { CHECK(1 + 1 == 3); }) == 1);
    CHECK(count_failures([] { CHECK_NEAR(1.0, 2.0, 0.5); }) == 1);
    CHECK(count_failures([] { CHECK_THROWS(refuse(), std::invalid_argument, "parent 6"); }) == 1);
    CHECK(count_failures([] { CHECK_THROWS(1 + 1, std::invalid_argument, "parent"); }) == 1);
}

TEST(nan_is_near_nothing) {
    CHECK(count_failures(
              [] { CHECK_NEAR(std::numeric_limits<double>::quiet_NaN(), 0.0, 1e300); }) == 1);
}
