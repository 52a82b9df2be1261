// exp(), exprelr() and sigmoid() against the long double of the standard library, over all
// arguments.

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "check.hpp"
#include "ranvier/base/math.hpp"

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
/// Beyond it every result is 0, infinite or plain.
constexpr double kLimit = 770.0;

/// Where formulas of this kind break: near 0, near each change of the power of two, where results
/// are subnormal or overflow, and everywhere in between.
std::vector<double> arguments() {
    std::vector<double> x{0.0,   -0.0,  kLimit, -kLimit,   1e10,
                          -1e10, 1e300, -1e300, kInfinity, -kInfinity};
    for (double small = 1.0; small > 0.0; small *= 0.37) {  // down through the subnormal numbers
        x.insert(x.end(), {small, -small});
    }
    x.push_back(std::numeric_limits<double>::denorm_min());
    const double half_ln2 = 0.5 * std::log(2.0);
    for (int n = -1110; n <= 1110; ++n) {
        const double edge = (2 * n + 1) * half_ln2;
        for (const double nearby : {edge, std::nextafter(edge, 0.0), edge * (1.0 + 1e-12)}) {
            x.push_back(nearby);
        }
    }
    const double step = 0.0137;  // no multiple of anything
    for (double large = -kLimit; large < kLimit; large += step) {
        x.push_back(large);
    }
    return x;
}

long double exact_exprelr(double x) {
    if (std::isinf(x)) {
        return x > 0.0 ? 0.0L : kInfinity;
    }
    return x == 0.0 ? 1.0L : x / std::expm1(static_cast<long double>(x));
}

/// Distance in units in the last place of the exact value.
double units_between(double actual, long double exact) {
    const auto nearest = static_cast<double>(exact);
    if (std::isinf(nearest) || std::isinf(actual)) {
        return actual == nearest ? 0.0 : kInfinity;
    }
    const double unit = std::nextafter(std::abs(nearest), kInfinity) - std::abs(nearest);
    return static_cast<double>(std::abs(actual - exact)) / unit;
}

template <class Function, class Exact>
void expect_units(const char* name, Function function, Exact exact, double most) {
    double worst = 0.0;
    double worst_x = 0.0;
    for (const double x : arguments()) {
        const double units = units_between(function(x), exact(x));
        if (!(units <= worst)) {  // also where it is NaN
            worst = units;
            worst_x = x;
        }
    }
    check::expect(worst <= most, __FILE__, __LINE__, name, " is off by ", worst, " units at ",
                  worst_x, ", expected at most ", most);
}

}  // namespace

TEST(exp_is_within_one_and_a_half_units) {
    expect_units(
        "exp", [](double x) { return ranvier::exp(x); },
        [](double x) { return std::exp(static_cast<long double>(x)); }, 1.5);
}

TEST(exprelr_is_within_three_units) {
    expect_units("exprelr", [](double x) { return ranvier::exprelr(x); }, exact_exprelr, 3.0);
}

TEST(sigmoid_is_within_three_units) {
    expect_units(
        "sigmoid", [](double x) { return ranvier::sigmoid(x); },
        [](double x) { return 1.0L / (1.0L + std::exp(-static_cast<long double>(x))); }, 3.0);
}

TEST(exp_underflows_gradually_and_overflows_to_infinity) {
    CHECK(ranvier::exp(0.0) == 1.0);
    CHECK(ranvier::exp(709.78) < kInfinity && ranvier::exp(709.79) == kInfinity);
    CHECK(ranvier::exp(-745.1) == std::numeric_limits<double>::denorm_min());
    CHECK(ranvier::exp(-745.2) == 0.0);
    CHECK(ranvier::exp(kInfinity) == kInfinity && ranvier::exp(-kInfinity) == 0.0);
}

TEST(sigmoid_goes_from_0_to_1) {
    CHECK(ranvier::sigmoid(-kInfinity) == 0.0);
    CHECK(ranvier::sigmoid(0.0) == 0.5);
    CHECK(ranvier::sigmoid(kInfinity) == 1.0);
    for (const double x : arguments()) {
        CHECK(ranvier::sigmoid(x) >= 0.0 && ranvier::sigmoid(x) <= 1.0);
    }
}

TEST(exprelr_at_0_is_1_and_has_no_gap_around_it) {
    CHECK(ranvier::exprelr(0.0) == 1.0);
    CHECK(ranvier::exprelr(-0.0) == 1.0);
    const double smallest = std::numeric_limits<double>::denorm_min();
    CHECK(ranvier::exprelr(smallest) == 1.0);
    CHECK(ranvier::exprelr(-smallest) == 1.0);
    // x/(e^x - 1) = 1 - x/2 + x^2/12 - ...
    for (const double x : {1e-4, -1e-4, 1e-8, -1e-8}) {
        CHECK_NEAR(ranvier::exprelr(x), 1.0 - x / 2.0 + x * x / 12.0, 3e-16);
    }
}

TEST(exprelr_far_from_0_is_small_or_minus_x) {
    for (const double x : {709.0, 720.0, 745.0, 1e4}) {
        CHECK(ranvier::exprelr(x) >= 0.0 && ranvier::exprelr(x) < 1e-300);
        CHECK_NEAR(ranvier::exprelr(-x) / x, 1.0, 1e-15);
    }
    CHECK(ranvier::exprelr(kInfinity) == 0.0 && ranvier::exprelr(-kInfinity) == kInfinity);
}

TEST(rates_never_rise) {
    // Smaller than the rounding of either value; a jump would be larger.
    double before = ranvier::exprelr(-50.0);
    for (double x = -50.0; x < 50.0; x += 1e-3) {
        const double now = ranvier::exprelr(x);
        CHECK(now <= before * (1.0 + 1e-15));
        before = now;
    }
}

TEST(nan_stays_nan) {
    CHECK(std::isnan(ranvier::exp(kNaN)));
    CHECK(std::isnan(ranvier::exprelr(kNaN)));
    CHECK(std::isnan(ranvier::sigmoid(kNaN)));
    CHECK(std::isnan(ranvier::log(kNaN)));
}

TEST(log_and_pow_are_those_of_the_standard_library) {
    for (const double x : {0.0, 1e-310, 0.5, 3.0, 1e300, kInfinity}) {
        CHECK(ranvier::log(x) == std::log(x));
        CHECK(ranvier::pow(x, 1.5) == std::pow(x, 1.5));
    }
}

TEST(power_multiplies_as_often_as_it_says) {
    const double x = 1.0 + 0x1p-20;
    CHECK(ranvier::power<0>(x) == 1.0);
    CHECK(ranvier::power<1>(x) == x);
    CHECK(ranvier::power<2>(x) == x * x);
    CHECK(ranvier::power<3>(3.0) == 27.0);
    CHECK(ranvier::power<4>(3.0) == 81.0);
    CHECK(ranvier::power<7>(-2.0) == -128.0);
    CHECK_NEAR(ranvier::power<5>(x), std::pow(x, 5), 1e-15);
}
