// Crossings on hand-made potentials, and what is forgotten when a run goes back.

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "check.hpp"
#include "ranvier/recording/recorder.hpp"

using namespace ranvier;

namespace {

/// A detector with what it needs from step to step.
struct Watch {
    std::vector<std::int32_t> compartment;
    std::vector<double> previous_mV;
    Events events = {};
    std::int64_t step = 0;

    /// Potentials at the end of the next step, whose length is 1 ms.
    void see(const std::vector<double>& v_mV, double threshold_mV = 0.0, Bend bend = {}) {
        const auto start_ms = static_cast<double>(step);
        ++step;
        detect(compartment, threshold_mV, step, start_ms, start_ms + 1.0, v_mV, previous_mV, events,
               [&](std::int32_t) { return bend; });
    }
};

}  // namespace

TEST(a_crossing_lies_where_the_straight_line_does) {
    Watch watch{.compartment = {0}, .previous_mV = {-30.0}};
    watch.see({10.0});
    CHECK(watch.events.t_ms == std::vector{0.75});
    CHECK(watch.events.step == std::vector<std::int64_t>{1});
    CHECK(watch.events.compartment == std::vector<std::int32_t>{0});
    CHECK(watch.previous_mV == std::vector{10.0});
}

TEST(a_crossing_lies_where_the_curve_of_the_step_does) {
    // -1 + 2 s^3, which is -1 (1 - s) + s + s (1 - s) (-2 - 2 s).
    Watch watch{.compartment = {0}, .previous_mV = {-1.0}};
    watch.see({1.0}, 0.0, {.bend = -2.0, .twist = -2.0});
    CHECK_NEAR(watch.events.t_ms[0], std::cbrt(0.5), 1e-15);
}

TEST(only_the_way_up_counts_and_only_once) {
    Watch watch{.compartment = {0}, .previous_mV = {-10.0}};
    for (const double v_mV : {-5.0, 10.0, 20.0, -10.0, -20.0, 20.0}) {
        watch.see({v_mV});
    }
    CHECK(watch.events.step == (std::vector<std::int64_t>{2, 6}));
    CHECK_NEAR(watch.events.t_ms[0], 1.0 + 1.0 / 3.0, 1e-15);
    CHECK_NEAR(watch.events.t_ms[1], 5.5, 1e-15);
}

TEST(reaching_the_threshold_is_crossing_it_and_resting_there_is_not) {
    Watch watch{.compartment = {0}, .previous_mV = {-1.0}};
    watch.see({0.0});
    watch.see({0.0});
    watch.see({1.0});
    CHECK(watch.events.t_ms == std::vector{1.0});

    Watch started_there{.compartment = {0}, .previous_mV = {0.0}};
    started_there.see({5.0});
    CHECK(started_there.events.t_ms.empty());
}

TEST(every_watched_compartment_has_its_own_past) {
    Watch watch{.compartment = {3, 1}, .previous_mV = {-1.0, -3.0}};
    watch.see({9.0, -3.0, 9.0, 1.0});
    watch.see({9.0, 1.0, 9.0, 2.0});
    CHECK(watch.events.compartment == (std::vector<std::int32_t>{3, 1}));
    CHECK(watch.events.t_ms == (std::vector{0.5, 1.75}));
}

TEST(the_threshold_may_lie_anywhere) {
    Watch watch{.compartment = {0}, .previous_mV = {-65.0}};
    watch.see({-15.0}, -20.0);
    CHECK_NEAR(watch.events.t_ms[0], 0.9, 1e-15);
}

TEST(nan_crosses_nothing) {
    Watch watch{.compartment = {0}, .previous_mV = {-1.0}};
    watch.see({std::numeric_limits<double>::quiet_NaN()});
    watch.see({1.0});
    CHECK(watch.events.t_ms.empty());
}

TEST(samples_after_a_step_are_forgotten) {
    Samples samples{.columns = 2, .step = {0, 5, 10}, .t_ms = {0.0, 0.5, 1.0}, .value = {}};
    samples.value = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0};
    samples.reserve(100);
    CHECK(samples.value.capacity() >= 6 + 200);
    samples.forget_after(10);
    CHECK(samples.step.size() == 3);
    samples.forget_after(9);
    CHECK(samples.step == (std::vector<std::int64_t>{0, 5}));
    CHECK(samples.t_ms == (std::vector{0.0, 0.5}));
    CHECK(samples.value == (std::vector{1.0, 2.0, 3.0, 4.0}));
    samples.forget_after(-1);
    CHECK(samples.step.empty() && samples.t_ms.empty() && samples.value.empty());
}

TEST(many_short_reservations_move_the_samples_only_a_few_times) {
    Samples samples;
    samples.columns = 3;
    int moves = 0;
    for (int step = 0; step < 10000; ++step) {
        const std::size_t before = samples.value.capacity();
        samples.reserve(1);
        moves += samples.value.capacity() == before ? 0 : 1;
        samples.value.insert(samples.value.end(), samples.columns, 0.0);
    }
    CHECK(moves < 20);  // as a vector that doubles
}

TEST(events_after_a_step_are_forgotten) {
    Events events{.step = {1, 3, 3}, .compartment = {7, 8, 9}, .t_ms = {0.1, 0.3, 0.2}};
    events.forget_after(3);
    CHECK(events.step.size() == 3);
    events.forget_after(2);
    CHECK(events.compartment == std::vector<std::int32_t>{7});
    CHECK(events.t_ms == std::vector{0.1});
}

TEST(crossings_beyond_those_to_be_kept_are_counted) {
    Watch watch{.compartment = {2, 0}, .previous_mV = {-1.0, -1.0}};
    watch.events = events_of({.compartment = {2, 0}, .keep = 1}, 3);
    for (const double v_mV : {1.0, -1.0, 1.0, -1.0}) {
        watch.see({v_mV, 9.0, 1.0});
    }
    CHECK(watch.events.compartment == (std::vector<std::int32_t>{2, 0}));
    CHECK(watch.events.t_ms == (std::vector{0.5, 0.5}));
    CHECK(watch.events.tally.count == (std::vector<std::int32_t>{2, 0, 1}));
    CHECK(watch.events.tally.latest == 0);
}

TEST(a_detector_that_keeps_every_crossing_counts_none) {
    const Events events = events_of({.compartment = {0}}, 3);
    CHECK(events.tally.count.empty());
    CHECK(events.tally.latest == -1);
}

TEST(peaks_rise_and_note_when) {
    Peaks peaks{.v_mV = {-5.0, -5.0, -5.0}, .t_ms = {0.0, 0.0, 0.0}};
    peaks.raise(1, std::array{1.0, -9.0}, 2.0);
    peaks.raise(1, std::array{1.0, std::numeric_limits<double>::quiet_NaN()}, 3.0);  // no higher
    CHECK(peaks.v_mV == (std::vector{-5.0, 1.0, -5.0}));
    CHECK(peaks.t_ms == (std::vector{0.0, 2.0, 0.0}));
}
