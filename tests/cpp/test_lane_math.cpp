// The functions of the lane kernels against the long double of the standard library, at every
// instruction set that this processor can run, over every kind of argument.

#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "check.hpp"
#include "ranvier/lanes/isa.hpp"
#include "ranvier/lanes/lanes.hpp"
#include "ranvier/lanes/math_table.hpp"

using ranvier::Isa;
using ranvier::MathTable;

namespace {

using Exact = long double;

template <class Real>
constexpr Real kInfinity = std::numeric_limits<Real>::infinity();
template <class Real>
constexpr Real kNaN = std::numeric_limits<Real>::quiet_NaN();

std::vector<Isa> usable_isas() {
    std::vector<Isa> usable = ranvier::built_isas();
    std::erase_if(usable, [](Isa isa) { return isa > ranvier::best_isa(); });
    return usable;
}

/// Of both signs: special ones, every size down through the subnormal numbers, near each change of
/// the power of two in e^x, where e^x leaves the range, and everywhere in between.
template <class Real>
std::vector<Real> arguments() {
    using Limits = std::numeric_limits<Real>;
    std::vector<Real> x{
        0, kInfinity<Real>, kNaN<Real>, Limits::max(), Limits::min(), Limits::denorm_min()};
    for (Real size = Limits::max(); size > 0; size *= static_cast<Real>(0.37)) {
        x.push_back(size);
    }
    const Exact half_ln2 = std::log(Exact{2}) / 2;
    const int most = Limits::max_exponent + Limits::digits + 6;
    for (int n = 0; n <= most; ++n) {
        const auto edge = static_cast<Real>((2 * n + 1) * half_ln2);
        x.insert(x.end(), {edge, std::nextafter(edge, Real{0}), std::nextafter(edge, 2 * edge)});
    }
    const Real step = static_cast<Real>(Limits::max_exponent * 1.37e-5);  // no multiple of anything
    for (Real dense = step / 3; dense < static_cast<Real>(most); dense += step) {
        x.push_back(dense);
    }
    for (std::size_t i = x.size(); i-- > 0;) {
        x.push_back(-x[i]);
    }
    x.resize((x.size() + ranvier::kLanes - 1) / ranvier::kLanes * ranvier::kLanes);
    return x;
}

/// Distance in units in the last place of the exact value; 0 where both are NaN or infinite alike.
template <class Real>
double units_between(Real actual, Exact exact) {
    const auto nearest = static_cast<Real>(exact);
    if (std::isnan(nearest) || std::isinf(nearest) || std::isinf(actual)) {
        return actual == nearest || (std::isnan(actual) && std::isnan(nearest)) ? 0.0 : 1e300;
    }
    const Real size = std::abs(nearest);
    const Real above = std::nextafter(size, kInfinity<Real>);
    const Real unit = std::isinf(above) ? size - std::nextafter(size, Real{0}) : above - size;
    return static_cast<double>(std::abs(actual - exact) / unit);
}

template <class Real>
std::string name_of(const char* function, Isa isa) {
    return function + std::string(sizeof(Real) == 8 ? " in double at " : " in float at ") +
           std::string(ranvier::name(isa));
}

/// The worst error that `error(actual, x)` finds must be at most `most`; it is printed.
template <class Real, class Error>
void expect_all(const std::string& name, const std::vector<Real>& x, const std::vector<Real>& y,
                const Error& error, double most) {
    double worst = 0.0;
    std::size_t at = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double here = error(y[i], x[i]);
        if (!(here <= worst)) {  // also where it is NaN
            worst = here;
            at = i;
        }
    }
    std::cout << name << " is off by at most " << worst << '\n';
    check::expect(worst <= most, __FILE__, __LINE__, name, " is off by ", worst, " at ", x[at],
                  ", where it is ", y[at], ", expected at most ", most);
}

/// Calls `test(table, isa)` with the table of every usable level, for double and float.
template <class Test>
void at_every_level(const Test& test) {
    for (const Isa isa : usable_isas()) {
        CHECK(ranvier::find_math_table<double>(isa) != nullptr);
        CHECK(ranvier::find_math_table<float>(isa) != nullptr);
        test(*ranvier::find_math_table<double>(isa), isa);
        test(*ranvier::find_math_table<float>(isa), isa);
    }
}

/// In units in the last place, over all arguments.
template <class Real>
void expect_units(const char* name, Isa isa, typename MathTable<Real>::Function function,
                  Exact (*exact)(Exact), double most) {
    const auto x = arguments<Real>();
    std::vector<Real> y(x.size());
    function(x.data(), y.data(), x.size());
    expect_all(
        name_of<Real>(name, isa), x, y,
        [&](Real actual, Real at) { return units_between(actual, exact(at)); }, most);
}

Exact exact_exprelr(Exact x) {
    return x == 0 ? 1 : std::isinf(x) ? std::max(-x, Exact{0}) : x / std::expm1(x);
}

/// d/dx x/(e^x - 1), by its own formula away from 0 and by its series near it.
Exact exact_exprelr_slope(Exact x) {
    if (std::isinf(x)) {
        return x > 0 ? 0 : -1;
    }
    if (std::abs(x) < 0.1L) {
        const Exact x2 = x * x;
        return -0.5L +
               x * (1 / 6.0L - x2 * (1 / 180.0L -
                                     x2 * (1 / 5040.0L - x2 * (1 / 151200.0L - x2 / 4790016.0L))));
    }
    const Exact f = x / std::expm1(x);
    return x < -60 ? -1 : (1 - x - f) / std::expm1(x);
}

Exact exact_sigmoid_slope(Exact x) {
    const Exact e = std::exp(-std::abs(x));
    return e / ((1 + e) * (1 + e));
}

/// In parts of the slope, or of the smallest normal number where the slope is smaller.
template <class Real>
void expect_slopes(const char* name, Isa isa, typename MathTable<Real>::Function function,
                   Exact (*exact)(Exact), double most) {
    const auto x = arguments<Real>();
    std::vector<Real> y(x.size());
    function(x.data(), y.data(), x.size());
    expect_all(
        name_of<Real>(name, isa), x, y,
        [&](Real actual, Real at) {
            const Exact right = exact(at);
            if (std::isnan(right)) {
                return std::isnan(actual) ? 0.0 : 1e300;
            }
            const Exact unit = std::max(std::abs(right), Exact{std::numeric_limits<Real>::min()});
            return static_cast<double>(std::abs(actual - right) / unit);
        },
        most);
}

}  // namespace

TEST(exp_is_within_one_and_a_half_units) {
    at_every_level([]<class Real>(const MathTable<Real>& table, Isa isa) {
        expect_units<Real>("exp", isa, table.exp, [](Exact x) { return std::exp(x); }, 1.5);
    });
}

TEST(exprelr_is_within_three_units) {
    at_every_level([]<class Real>(const MathTable<Real>& table, Isa isa) {
        expect_units<Real>("exprelr", isa, table.exprelr, exact_exprelr, 3.0);
    });
}

TEST(sigmoid_is_within_three_units) {
    at_every_level([]<class Real>(const MathTable<Real>& table, Isa isa) {
        expect_units<Real>(
            "sigmoid", isa, table.sigmoid, [](Exact x) { return 1 / (1 + std::exp(-x)); }, 3.0);
    });
}

TEST(log_is_within_one_and_a_half_units) {
    at_every_level([]<class Real>(const MathTable<Real>& table, Isa isa) {
        expect_units<Real>("log", isa, table.log, [](Exact x) { return std::log(x); }, 1.5);
    });
}

TEST(no_rounding_takes_exp_or_sigmoid_out_of_their_range) {
    at_every_level([]<class Real>(const MathTable<Real>& table, Isa isa) {
        const auto x = arguments<Real>();
        std::vector<Real> y(x.size());
        table.sigmoid(x.data(), y.data(), x.size());
        const auto outside = [](Real value, Real at) {
            return std::isnan(at) || (value >= 0 && value <= 1) ? 0.0 : 1.0;
        };
        expect_all(name_of<Real>("sigmoid in [0, 1]", isa), x, y, outside, 0.0);
        table.exp(x.data(), y.data(), x.size());
        const auto negative = [](Real value, Real at) {
            return std::isnan(at) || value >= 0 ? 0.0 : 1.0;
        };
        expect_all(name_of<Real>("exp >= 0", isa), x, y, negative, 0.0);
    });
}

TEST(pow_is_within_two_units_and_two_more_per_e_fold) {
    at_every_level([]<class Real>(const MathTable<Real>& table, Isa isa) {
        const std::vector<double> exponents{0.0,  0.5,  1.0,   2.0,  3.0, 4.0,
                                            -1.0, -2.5, 0.333, 17.0, 1e-3};
        for (const double exponent : exponents) {
            const auto all = arguments<Real>();
            std::vector<Real> base;
            for (const Real x : all) {
                if (!std::signbit(x)) {
                    base.push_back(x);
                }
            }
            base.resize(base.size() / ranvier::kLanes * ranvier::kLanes);
            const std::vector<Real> exponent_of(base.size(), static_cast<Real>(exponent));
            std::vector<Real> y(base.size());
            table.pow(base.data(), exponent_of.data(), y.data(), y.size());
            expect_all(
                name_of<Real>("pow, in parts of the bound,", isa), base, y,
                [&](Real actual, Real x) {
                    const Exact right = std::pow(Exact{x}, Exact{exponent_of[0]});
                    const Exact folds = std::abs(exponent_of[0] * std::log(Exact{x}));
                    const double bound =
                        std::isfinite(folds) ? 2.0 + 2.0 * static_cast<double>(folds) : 1.0;
                    const Exact largest = std::numeric_limits<Real>::max();
                    const Exact unit = largest * std::numeric_limits<Real>::epsilon();
                    if (std::isinf(actual) && actual > 0 && right >= largest - bound * unit) {
                        return 0.0;
                    }
                    return units_between(actual, right) / bound;
                },
                1.0);
        }
        const Real below_0[ranvier::kLanes] = {-1, -2, -kInfinity<Real>, kNaN<Real>, 0, 0, 1, 1};
        const Real by[ranvier::kLanes] = {2, 0.5, 2, 2, 0, -1, kInfinity<Real>, kNaN<Real>};
        Real y[ranvier::kLanes];
        table.pow(below_0, by, y, ranvier::kLanes);
        CHECK(std::isnan(y[0]) && std::isnan(y[1]) && std::isnan(y[2]) && std::isnan(y[3]));
        CHECK(y[4] == 1 && y[5] == kInfinity<Real> && y[6] == 1 && y[7] == 1);
    });
}

TEST(slopes_are_as_stated) {
    at_every_level([]<class Real>(const MathTable<Real>& table, Isa isa) {
        const double exprelr_limit = sizeof(Real) == 8 ? 1e-12 : 5e-6;
        expect_slopes<Real>("slope of exprelr", isa, table.exprelr_slope, exact_exprelr_slope,
                            exprelr_limit);
        const double few_units = 4.0 * std::numeric_limits<Real>::epsilon();
        expect_slopes<Real>("slope of sigmoid", isa, table.sigmoid_slope, exact_sigmoid_slope,
                            few_units);
        const std::vector<Real> x{0.125, 0.3, 1, 2, 5, 1e4, 1e-4, 37};
        std::vector<Real> y(x.size());
        table.log_slope(x.data(), y.data(), x.size());
        for (std::size_t i = 0; i < x.size(); ++i) {
            CHECK_NEAR(y[i] * x[i], 1.0, few_units);
        }
        table.pow_slope(x.data(), 2.5, y.data(), x.size());
        for (std::size_t i = 0; i < x.size(); ++i) {
            CHECK_NEAR(y[i] / (2.5 * std::pow(double{x[i]}, 1.5)), 1.0, 10.0 * few_units);
        }
    });
}
