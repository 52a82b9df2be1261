// Waveforms and the drives that apply them.

#include <cmath>
#include <limits>

#include "check.hpp"
#include "ranvier/base/error.hpp"
#include "ranvier/drive/drive.hpp"
#include "ranvier/drive/waveform.hpp"

using namespace ranvier;

namespace {

/// 0 until 1 ms, jump to 2, a ramp down to -1 at 4 ms, jump to 0. Its integral is 1.5.
const PiecewiseLinear kShape{{1.0, 1.0, 4.0, 4.0}, {0.0, 2.0, -1.0, 0.0}};

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

}  // namespace

TEST(mean_over_a_jump_counts_the_part_behind_it) {
    const PiecewiseLinear pulse{{1.0, 1.0, 2.0, 2.0}, {0.0, 3.0, 3.0, 0.0}};
    CHECK(pulse.mean(0.0, 1.0) == 0.0);
    CHECK(pulse.mean(1.0, 2.0) == 3.0);
    CHECK(pulse.mean(0.5, 1.5) == 1.5);
    CHECK(pulse.mean(0.75, 1.25) == 1.5);
    CHECK(pulse.mean(1.25, 1.5) == 3.0);
    CHECK(pulse.mean(2.0, 3.0) == 0.0);
    CHECK_NEAR(pulse.mean(-1.0, 9.0), 0.3, 1e-16);
}

TEST(mean_of_a_ramp_is_its_value_in_the_middle) {
    CHECK_NEAR(kShape.mean(1.0, 4.0), 0.5, 1e-15);
    CHECK_NEAR(kShape.mean(2.0, 3.0), 0.5, 1e-15);
    CHECK_NEAR(kShape.mean(3.0, 3.5), -0.25, 1e-15);
    CHECK_NEAR(kShape.mean(3.0, 5.0), -0.25, 1e-15);
    CHECK_NEAR(kShape.mean(0.0, 10.0), 0.15, 1e-15);
}

TEST(steps_of_any_length_carry_the_whole_charge) {
    for (const double dt_ms : {7.0, 1.0, 0.3, 0.1, 0.007}) {
        double charge = 0.0;
        for (int step = 0; step * dt_ms < 7.0; ++step) {
            charge += dt_ms * kShape.mean(step * dt_ms, (step + 1) * dt_ms);
        }
        CHECK_NEAR(charge, 1.5, 1e-13);
    }
}

TEST(it_is_0_before_the_first_point_and_after_the_last) {
    const PiecewiseLinear ramp{{1.0, 2.0}, {5.0, 6.0}};
    CHECK(ramp.mean(0.0, 1.0) == 0.0);
    CHECK(ramp.mean(2.0, 2.5) == 0.0);
    CHECK_NEAR(ramp.mean(1.0, 2.0), 5.5, 1e-15);
    CHECK_NEAR(ramp.mean(0.0, 3.0), 5.5 / 3.0, 1e-15);
    CHECK((PiecewiseLinear{}.mean(0.0, 1.0) == 0.0));
}

TEST(points_at_one_time_make_no_area) {
    const PiecewiseLinear spike{{1.0, 1.0, 1.0}, {0.0, 1e6, 0.0}};
    CHECK(spike.mean(0.0, 2.0) == 0.0);
}

TEST(a_waveform_is_checked) {
    CHECK_THROWS(ranvier::check(PiecewiseLinear{{1.0}, {0.0}}), ModelError,
                 "waveform: has 1 times and 1 values, expected as many of both, 2 or more");
    CHECK_THROWS(ranvier::check(PiecewiseLinear{{1.0, 2.0}, {0.0, 1.0, 2.0}}), ModelError,
                 "waveform: has 2 times and 3 values");
    CHECK_THROWS(ranvier::check(PiecewiseLinear{{1.0, kNaN}, {0.0, 1.0}}), ModelError,
                 "waveform: point 1 is NaN or infinite, expected finite numbers");
    CHECK_THROWS(ranvier::check(PiecewiseLinear{{1.0, 2.0}, {HUGE_VAL, 1.0}}), ModelError,
                 "waveform: point 0 is NaN or infinite");
    CHECK_THROWS(ranvier::check(PiecewiseLinear{{2.0, 1.5}, {0.0, 1.0}}), ModelError,
                 "waveform: t_ms falls from 2 to 1.5, expected ascending times");
    ranvier::check(kShape);
}

TEST(a_drive_is_checked) {
    ranvier::check(Drive{kShape, {0, 4}, {1.0, -1.0}}, 5);
    CHECK_THROWS(ranvier::check(Drive{kShape, {}, {}}, 5), ModelError,
                 "drive: has 0 compartments and 0 weights, expected one weight each, at least one");
    CHECK_THROWS(ranvier::check(Drive{kShape, {1, 2}, {1.0}}, 5), ModelError,
                 "drive: has 2 compartments and 1 weights");
    CHECK_THROWS(ranvier::check(Drive{kShape, {5}, {1.0}}, 5), ModelError,
                 "drive: acts on compartment 5, expected 0 to 4");
    CHECK_THROWS(ranvier::check(Drive{kShape, {-1}, {1.0}}, 5), ModelError,
                 "drive: acts on compartment -1, expected 0 to 4");
    CHECK_THROWS(ranvier::check(Drive{kShape, {1}, {kNaN}}, 5), ModelError,
                 "drive: amplitude_nA is nan, expected a finite number");
    CHECK_THROWS(ranvier::check(Drive{{{0.0}, {0.0}}, {1}, {1.0}}, 5), ModelError,
                 "waveform: has 1 times");
}
