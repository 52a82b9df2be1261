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

TEST(exprelr_from_an_exponential_at_hand_is_exprelr) {
    double worst = 0.0;
    double worst_slope = 0.0;
    for (double x = -30.0; x <= 30.0; x += 0.00037) {
        const Dual<double> dual(x, 1.0);
        const auto ours = exprelr_given_exp(dual, exp(dual));
        const auto exact = exprelr(dual);
        worst = std::max(worst, std::abs(ours.value / exact.value - 1.0));
        worst_slope = std::max(worst_slope, std::abs(ours.slope / exact.slope - 1.0));
        worst =
            std::max(worst, std::abs(exprelr_given_exp(x, ranvier::exp(x)) / exact.value - 1.0));
    }
    CHECK(worst < 2e-14);
    CHECK(worst_slope < 1e-11);
    CHECK(exprelr_given_exp(0.0, 1.0) == 1.0);
    CHECK(exprelr_given_exp(Dual<double>(0.0, 1.0), Dual<double>(1.0)).slope == -0.5);
}
