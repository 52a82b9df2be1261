// Derivatives by Dual against the analytic ones and against differences of high order.

#include <cmath>
#include <limits>
#include <vector>

#include "check.hpp"
#include "ranvier/base/dual.hpp"

using ranvier::Dual;

namespace {

/// Of both signs: near 0, around where the formula of exprelr() changes, and out to +-700.
std::vector<double> arguments() {
    std::vector<double> x{0.0, 0.01, 0.0099999999, 0.0100000001, 0.5, 1.0, 700.0};
    for (double size = 1e-300; size < 700.0; size *= size < 1e-12 ? 1e20 : 1.37) {
        x.push_back(size);
    }
    for (std::size_t k = x.size(); k-- > 0;) {
        x.push_back(-x[k]);
    }
    return x;
}

/// d/dx x/(e^x - 1) in long double, by its own formula away from 0 and by its series near it.
long double exact_exprelr_slope(double at) {
    const long double x = at;
    if (std::abs(at) < 0.1) {
        const long double x2 = x * x;
        return -0.5L +
               x * (1 / 6.0L - x2 * (1 / 180.0L -
                                     x2 * (1 / 5040.0L - x2 * (1 / 151200.0L - x2 / 4790016.0L))));
    }
    const long double f = x / std::expm1(x);
    return f * (1 - x - f) / x;
}

/// Eighth-order central difference.
template <class Function>
double difference(const Function& f, double x, double h) {
    return (4.0 / 5.0 * (f(x + h) - f(x - h)) - 1.0 / 5.0 * (f(x + 2 * h) - f(x - 2 * h)) +
            4.0 / 105.0 * (f(x + 3 * h) - f(x - 3 * h)) -
            1.0 / 280.0 * (f(x + 4 * h) - f(x - 4 * h))) /
           h;
}

}  // namespace

TEST(exp_is_its_own_slope) {
    for (const double x : arguments()) {
        const Dual y = exp(Dual(x, 3.0));
        CHECK_NEAR(y.value, ranvier::exp(x), 1e-15 * ranvier::exp(x));
        CHECK(y.slope == y.value * 3.0);
    }
}

TEST(slope_of_exprelr_is_within_1e_12) {
    for (const double x : arguments()) {
        const Dual y = exprelr(Dual(x, 1.0));
        // To the rounding: the compiler may fuse the two calls differently.
        CHECK_NEAR(y.value, ranvier::exprelr(x), 1e-15 * ranvier::exprelr(x));
        const auto exact = static_cast<double>(exact_exprelr_slope(x));
        check::expect(std::abs(y.slope - exact) <= 1e-12 * std::abs(exact), __FILE__, __LINE__,
                      "exprelr' at ", x, " is ", y.slope, ", expected ", exact);
        CHECK(exprelr(Dual(x, -2.0)).slope == -2.0 * y.slope);
    }
    CHECK(exprelr(Dual(0.0, 1.0)).slope == -0.5);
    CHECK_NEAR(exprelr(Dual(-708.0, 1.0)).slope, -1.0, 1e-15);
    CHECK(std::abs(exprelr(Dual(708.0, 1.0)).slope) < 1e-300);
    // Where the formula for the rest would subtract two large numbers, or two infinite ones.
    const double infinity = std::numeric_limits<double>::infinity();
    for (const double x : {-1e17, -1e300, -infinity}) {
        CHECK(exprelr(Dual(x, 1.0)).slope == -1.0);
    }
    CHECK(exprelr(Dual(infinity, 1.0)).slope == 0.0);
}

TEST(slopes_of_sigmoid_log_and_pow_are_the_analytic_ones) {
    for (const double x : {-700.0, -40.0, -1.0, -1e-3, 0.0, 0.2, 3.0, 36.0, 40.0, 700.0}) {
        const Dual y = sigmoid(Dual(x, 2.0));
        const auto e = std::exp(-static_cast<long double>(std::abs(x)));
        const auto exact = static_cast<double>(2.0L * e / ((1.0L + e) * (1.0L + e)));
        CHECK_NEAR(y.value, ranvier::sigmoid(x), 1e-15 * y.value);
        CHECK_NEAR(y.slope, exact, 2e-15 * exact);
    }
    for (const double x : {1e-3, 0.7, 1.0, 25.0}) {
        CHECK(log(Dual(x, 3.0)).value == std::log(x));
        CHECK(log(Dual(x, 3.0)).slope == 3.0 / x);
        CHECK(pow(Dual(x, 3.0), 2.5).value == std::pow(x, 2.5));
        CHECK_NEAR(pow(Dual(x, 3.0), 2.5).slope, 7.5 * std::pow(x, 1.5), 1e-15 * std::pow(x, 1.5));
        CHECK(pow(3.0, Dual(x, 2.0)).value == std::pow(3.0, x));
        CHECK_NEAR(pow(3.0, Dual(x, 2.0)).slope, 2.0 * std::log(3.0) * std::pow(3.0, x),
                   1e-15 * std::pow(3.0, x));
    }
    CHECK(pow(Dual(0.0, 1.0), 2.0).slope == 0.0);
}

TEST(slopes_agree_with_differences) {
    for (double x = -30.0; x <= 30.0; x += 0.173) {
        const double by_difference =
            difference([](double at) { return ranvier::exprelr(at); }, x, 0.05);
        CHECK_NEAR(exprelr(Dual(x, 1.0)).slope, by_difference, 1e-11);
    }
}

TEST(arithmetic_keeps_slopes) {
    // Every operator, also with plain numbers on either side, in one formula.
    const auto formula = [](auto v) {
        using ranvier::exp;
        using ranvier::exprelr;
        return -(2.0 * v - 7.0) * exp(-0.05 * v) / (exprelr(0.1 * v) + v * v / 9.0) +
               3.0 / (5.0 - v);
    };
    for (double v = -4.0; v <= 4.0; v += 0.31) {
        const Dual y = formula(Dual(v, 1.0));
        CHECK_NEAR(y.value, formula(v), 1e-14 * std::abs(formula(v)));
        CHECK_NEAR(y.slope, difference(formula, v, 0.01), 1e-10);
    }
    CHECK(Dual(4.0).slope == 0.0);
}
