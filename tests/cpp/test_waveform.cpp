// Waveforms and the drives that apply them.

#include <cmath>
#include <limits>
#include <utility>

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

// The straight line of a step

namespace {

using Line = PiecewiseLinear::Line;

/// Integral and first moment about the middle, by brute force over thin slices that no corner of
/// the waveform cuts.
Line moments(const PiecewiseLinear& waveform, double from_ms, double to_ms) {
    constexpr int kSlices = 4000;
    const double width_ms = (to_ms - from_ms) / kSlices;
    double whole = 0.0;
    double moment = 0.0;
    for (int k = 0; k < kSlices; ++k) {
        const double start_ms = from_ms + k * width_ms;
        const double area = width_ms * waveform.mean(start_ms, start_ms + width_ms);
        whole += area;
        moment += area * (start_ms + 0.5 * width_ms - 0.5 * (from_ms + to_ms));
    }
    const double length_ms = to_ms - from_ms;
    return {whole / length_ms, 12.0 * moment / (length_ms * length_ms * length_ms)};
}

void expect_line(const Line& line, const Line& expected, double tolerance) {
    CHECK_NEAR(line.mean, expected.mean, tolerance);
    CHECK_NEAR(line.slope_per_ms, expected.slope_per_ms, tolerance);
}

}  // namespace

TEST(line_is_the_waveform_itself_where_it_has_no_corner) {
    // Value at t is 2 - (t - 1), up to both jumps: a jump at an end of the step is not inside it.
    for (const auto& [from_ms, to_ms] :
         {std::pair{1.0, 4.0}, {1.0, 1.5}, {2.0, 2.25}, {3.9, 4.0}, {2.0, 2.0 + 1e-6}}) {
        const auto line = kShape.line(from_ms, to_ms);
        CHECK_NEAR(line.mean, 3.0 - 0.5 * (from_ms + to_ms), 1e-9);
        CHECK_NEAR(line.slope_per_ms, -1.0, 1e-9);
    }
    const PiecewiseLinear pulse{{1.0, 1.0, 2.0, 2.0}, {0.0, 3.0, 3.0, 0.0}};
    expect_line(pulse.line(1.0, 2.0), {3.0, 0.0}, 1e-15);
    expect_line(pulse.line(1.25, 1.5), {3.0, 0.0}, 1e-15);
}

TEST(line_has_the_integral_and_the_first_moment_of_what_bends) {
    // A roof with a flat top, from and to 0.
    const PiecewiseLinear roof{{0.0, 1.0, 1.5, 3.0}, {0.0, 2.0, 2.0, 0.0}};
    // Half zero and half of a ramp of slope 2: the integral is 0.25, its moment 0.25 (1/3 - 0).
    expect_line(roof.line(-0.5, 0.5), {0.25, 1.0}, 1e-15);
    for (const auto& [from_ms, to_ms] : {std::pair{0.5, 1.25},
                                         {0.0, 3.0},
                                         {0.9, 1.6},
                                         {1.4, 2.0},
                                         {-0.3, 0.4},
                                         {2.5, 3.7},
                                         {-1.0, 5.0},
                                         {0.99, 1.01}}) {
        expect_line(roof.line(from_ms, to_ms), moments(roof, from_ms, to_ms), 2e-5);
        CHECK_NEAR(roof.line(from_ms, to_ms).mean, roof.mean(from_ms, to_ms), 1e-15);
    }
}

TEST(line_over_a_jump_is_the_mean_alone) {
    const PiecewiseLinear pulse{{1.0, 1.0, 2.0, 2.0}, {0.0, 3.0, 3.0, 0.0}};
    // Jumps inside, from and to the zero around the points, also where no point says so.
    const PiecewiseLinear bare{{1.0, 2.0}, {3.0, 3.0}};
    for (const auto& [from_ms, to_ms] :
         {std::pair{0.5, 1.5}, {0.75, 1.0625}, {1.75, 2.5}, {0.0, 4.0}, {1.0, 2.5}, {0.5, 2.0}}) {
        for (const auto& waveform : {pulse, bare}) {
            const auto line = waveform.line(from_ms, to_ms);
            CHECK(line.slope_per_ms == 0.0);
            CHECK_NEAR(line.mean, waveform.mean(from_ms, to_ms), 1e-15);
            CHECK(line.mean > 0.0);
        }
    }
    // A jump between two ramps.
    const PiecewiseLinear saw{{0.0, 1.0, 1.0, 2.0}, {0.0, 1.0, -1.0, 0.0}};
    CHECK(saw.line(0.5, 1.75).slope_per_ms == 0.0);
    CHECK_NEAR(saw.line(0.5, 1.75).mean, saw.mean(0.5, 1.75), 1e-15);
    CHECK_NEAR(saw.line(0.5, 1.0).slope_per_ms, 1.0, 1e-14);
    CHECK_NEAR(saw.line(1.0, 1.5).slope_per_ms, 1.0, 1e-14);
    // Two points at one time with one value are no jump.
    const PiecewiseLinear doubled{{0.0, 1.0, 1.0, 2.0}, {0.0, 1.0, 1.0, 2.0}};
    CHECK_NEAR(doubled.line(0.5, 1.5).slope_per_ms, 1.0, 1e-14);
}

TEST(line_is_0_where_the_waveform_is) {
    for (const auto& [from_ms, to_ms] : {std::pair{0.0, 1.0}, {4.0, 5.0}, {-3.0, -1.0}}) {
        const auto line = kShape.line(from_ms, to_ms);
        CHECK(line.mean == 0.0 && line.slope_per_ms == 0.0);
    }
    CHECK((PiecewiseLinear{}.line(0.0, 1.0).mean == 0.0));
    // A whole sine has no mean, but a slope.
    const PiecewiseLinear zigzag{{0.0, 1.0, 3.0, 4.0}, {0.0, 1.0, -1.0, 0.0}};
    CHECK_NEAR(zigzag.line(0.0, 4.0).mean, 0.0, 1e-16);
    CHECK_NEAR(zigzag.line(0.0, 4.0).slope_per_ms, 12.0 * -2.0 / 64.0, 1e-15);
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
