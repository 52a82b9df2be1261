// What channel.hpp adds to a channel's own formulas.

#include <cmath>

#include "check.hpp"
#include "ranvier/base/dual.hpp"
#include "ranvier/base/math.hpp"
#include "ranvier/mechanisms/channel.hpp"

using namespace ranvier;

TEST(a_relaxed_gate_is_within_the_fourth_power_of_the_exact_one) {
    for (const double steady : {0.0, 0.05, 0.4, 1.0}) {
        for (const double s : {1e-3, 1e-2, 0.1, 0.5, 1.0}) {
            const Rate<double> rate{steady * s, (1.0 - steady) * s};
            for (const double gate : {0.0, 0.3, 1.0}) {
                const double exact = advance_gate(gate, rate, 1.0);
                const double relaxed = relax_gate(gate, rate, 1.0);
                const double bound = std::pow(s, 4) / 72.0 * std::abs(gate - steady) + 1e-15;
                CHECK(std::abs(relaxed - exact) <= bound);
            }
        }
        // The bound is of the right size, not merely generous.
        const Rate<double> rate{steady * 0.5, (1.0 - steady) * 0.5};
        const double gate = steady > 0.5 ? 0.0 : 1.0;
        const double error = std::abs(relax_gate(gate, rate, 1.0) - advance_gate(gate, rate, 1.0));
        CHECK(error > 0.5 * std::pow(0.5, 4) / 72.0 * std::abs(gate - steady));
    }
}

TEST(a_relaxed_gate_stays_between_shut_and_open_at_any_step) {
    for (const double s : {2.0, 3.0, 5.0, 8.0, 50.0, 1e6}) {
        for (const double steady : {0.0, 0.01, 0.5, 1.0}) {
            for (const double gate : {0.0, 0.5, 1.0}) {
                const double moved = relax_gate(gate, {steady * s, (1.0 - steady) * s}, 1.0);
                CHECK(moved >= 0.0 && moved <= 1.0);
                CHECK(std::abs(moved - steady) <= 0.5 * std::abs(gate - steady) + 1e-15);
            }
        }
    }
}

TEST(a_gate_relaxes_alike_where_its_rates_are_quotients) {
    for (const double divisor : {-3.0, 1e-3, 2.0, 1e20}) {
        for (const double s : {1e-3, 0.1, 1.0, 10.0, 1e6}) {
            for (const double steady : {0.0, 0.3, 1.0}) {
                for (const double gate : {0.0, 0.4, 1.0}) {
                    const Rate<double> rate{steady * s, (1.0 - steady) * s};
                    const RateQuotient<double> same{rate.alpha_per_ms * divisor,
                                                    rate.beta_per_ms * divisor, divisor};
                    const auto by = relaxed_by(gate, same, 1.0 / 6.0);
                    const double moved = held_gate(gate + 6.0 * by.above / by.below);
                    CHECK_NEAR(moved, relax_gate(gate, rate, 1.0), 2e-15);
                }
            }
        }
    }
}

TEST(powers_of_an_exponential_give_exprelr_also_around_0) {
    double worst = 0.0;
    double worst_slope = 0.0;
    for (double v = -300.0; v <= 300.0; v += 0.0037) {
        const Dual<double> dual(v, 1.0);
        const auto slopes =
            exprelr_quotient(2.0, dual, 10.0, power<2>(power<9>(exponential<18>(dual / 180.0))));
        const auto values =
            exprelr_quotient(2.0, v, 10.0, power<2>(power<9>(exponential<18>(v / 180.0))));
        const auto exact = 2.0 * exprelr(dual / 10.0);
        worst = std::max(worst, std::abs(values.above / values.below / exact.value - 1.0));
        worst = std::max(worst, std::abs(slopes.value / exact.value - 1.0));
        worst_slope = std::max(worst_slope, std::abs(slopes.slope / exact.slope - 1.0));
    }
    CHECK(worst < 2e-14);
    CHECK(worst_slope < 1e-11);
}

TEST(exprelr_of_never_zero_is_1_at_0) {
    const double x = never_zero(0.0);
    const auto at_0 = exprelr_quotient(1.0, x, -10.0, power<18>(exponential<18>(x / -180.0)));
    CHECK_NEAR(at_0.above / at_0.below, 1.0, 1e-15);
    const Dual<double> dual(x, 1.0);
    const auto slope = exprelr_quotient(1.0, dual, -10.0, exponential<1>(dual / -10.0)).slope;
    CHECK_NEAR(slope, 0.05, 1e-15);
    CHECK(never_zero(7e-15) == 7e-15 + 1e-16);
}

TEST(an_exponential_held_is_finite_and_keeps_what_is_not_a_number) {
    for (const double x : {-1e300, -1e4, -200.0, 200.0, 1e4, 1e300}) {
        const auto e = power<18>(exponential<18>(x));
        CHECK(std::isfinite(e.value * e.value * e.value) && e.value > 0.0);
    }
    CHECK(std::isnan(exponential<18>(std::nan("")).value));
}
