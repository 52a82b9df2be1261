// Which blocks take part in a step: levels of neighbours, and when each is due.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "check.hpp"
#include "ranvier/drive/waveform.hpp"
#include "ranvier/solver/lanes/window.hpp"

using namespace ranvier;

namespace {

using Random = std::mt19937_64;
using Neighbours = std::vector<std::vector<std::uint32_t>>;
using Blocks = std::vector<std::uint32_t>;
using Levels = std::vector<std::int8_t>;

std::size_t whole(Random& random, std::size_t from, std::size_t to) {
    return std::uniform_int_distribution(from, to)(random);
}

Neighbours chain(std::size_t blocks) {
    Neighbours neighbours(blocks);
    for (std::uint32_t b = 1; b < blocks; ++b) {
        neighbours[b].push_back(b - 1);
        neighbours[b - 1].push_back(b);
    }
    return neighbours;
}

/// As in a tree with many branch points: each block hangs on any before it.
Neighbours bush(std::size_t blocks, Random& random) {
    Neighbours neighbours(blocks);
    for (std::uint32_t b = 1; b < blocks; ++b) {
        const auto to = static_cast<std::uint32_t>(whole(random, 0, b - 1));
        neighbours[b].push_back(to);
        neighbours[to].push_back(b);
    }
    return neighbours;
}

Blocks due_at(Window& window, std::int64_t tick) {
    const auto due = window.due(tick);
    return {due.begin(), due.end()};
}

Levels levels_of(const Window& window) {
    return {window.levels().begin(), window.levels().end()};
}

bool is_graded(const Window& window, const Neighbours& neighbours) {
    for (std::size_t b = 0; b < neighbours.size(); ++b) {
        for (const std::uint32_t neighbour : neighbours[b]) {
            if (std::abs(window.level(b) - window.level(neighbour)) > 1) {
                return false;
            }
        }
    }
    return true;
}

/// What due() promises, from the levels.
Blocks expected_at(const Window& window, std::int64_t tick) {
    Blocks due;
    for (std::uint32_t b = 0; b < window.levels().size(); ++b) {
        const int level = window.level(b);
        if (tick < 0 ? level == 0 : window.ends_at(b, tick, level)) {
            due.push_back(b);
        }
    }
    return due;
}

/// Every block as high as it can go: as many steps as the longest one, each of them asking.
void raise_all(Window& window, std::int64_t until = std::int64_t{1} << Window::kMostLevel) {
    for (std::int64_t tick = 1; tick <= until; ++tick) {
        for (const std::uint32_t b : due_at(window, tick)) {
            window.raise(b, tick);
        }
    }
}

}  // namespace

TEST(at_first_every_block_steps_every_time) {
    Window window(chain(5));
    CHECK(levels_of(window) == Levels(5, 0));
    for (const std::int64_t tick : {-1, 1, 2, 3, 1024}) {
        CHECK(due_at(window, tick) == Blocks({0, 1, 2, 3, 4}));
    }
    CHECK(window.bytes() > 5 * sizeof(std::uint32_t));
    CHECK(Window(Neighbours(1)).due(1).size() == 1);
}

TEST(a_block_takes_longer_steps_only_where_one_would_begin) {
    Window window(chain(1));
    window.raise(0, 1);
    window.raise(0, 3);
    window.raise(0, -1);
    CHECK(window.level(0) == 0);
    window.raise(0, 2);
    CHECK(window.level(0) == 1);
    window.raise(0, 6);
    CHECK(window.level(0) == 1);
    window.raise(0, 8);
    CHECK(window.level(0) == 2);
    window.raise(0, 8);
    CHECK(window.level(0) == 3);
    CHECK(due_at(window, 12).empty());
    CHECK(due_at(window, -1).empty());
    CHECK(due_at(window, 16) == Blocks{0});
}

TEST(there_is_a_longest_step) {
    Window window(chain(3));
    raise_all(window, std::int64_t{4} << Window::kMostLevel);
    CHECK(levels_of(window) == Levels(3, Window::kMostLevel));
    CHECK(due_at(window, std::int64_t{3} << Window::kMostLevel).size() == 3);
    CHECK(due_at(window, (std::int64_t{3} << Window::kMostLevel) + 1).empty());
    CHECK(due_at(window, std::int64_t{1} << (Window::kMostLevel - 1)).empty());
}

TEST(a_block_waits_for_its_neighbours) {
    Window window(chain(3));
    window.raise(0, 8);
    CHECK(window.level(0) == 1);
    window.raise(0, 8);  // its neighbour still steps every time
    CHECK(window.level(0) == 1);
    window.raise(1, 8);
    window.raise(0, 8);
    CHECK(levels_of(window) == Levels({2, 1, 0}));
    window.raise(1, 8);
    CHECK(window.level(1) == 1);
}

TEST(what_wakes_lowers_what_lies_around_it) {
    Window window(chain(40));
    raise_all(window);
    CHECK(levels_of(window) == Levels(40, Window::kMostLevel));
    window.lower(20, 0);
    for (std::size_t b = 0; b < 40; ++b) {
        const int far = std::abs(static_cast<int>(b) - 20);
        CHECK(window.level(b) == std::min(far, Window::kMostLevel));
    }
    CHECK(due_at(window, 1) == Blocks{20});
    CHECK(due_at(window, -1) == Blocks{20});
    CHECK(due_at(window, 2) == Blocks({19, 20, 21}));
    CHECK(due_at(window, 12) == Blocks({18, 19, 20, 21, 22}));
    // To a level that it is below already: nothing.
    const Levels before = levels_of(window);
    window.lower(20, 3);
    window.lower(19, 1);
    CHECK(levels_of(window) == before);
    window.wake_all();
    CHECK(levels_of(window) == Levels(40, 0));
    CHECK(due_at(window, 7).size() == 40);
}

TEST(neighbours_stay_near_whatever_happens) {
    Random random(20);
    for (int trial = 0; trial < 60; ++trial) {
        const std::size_t blocks = whole(random, 1, 40);
        const Neighbours neighbours = trial % 2 == 0 ? chain(blocks) : bush(blocks, random);
        Window window(neighbours);
        bool is_sound = true;
        for (std::int64_t tick = 1; tick < 3000; ++tick) {
            // Between two steps there may be pieces of one.
            for (std::size_t piece = whole(random, 0, 9) / 8; piece > 0; --piece) {
                is_sound = is_sound && due_at(window, -1) == expected_at(window, -1);
            }
            const Blocks due = due_at(window, tick);
            is_sound = is_sound && due == expected_at(window, tick);
            for (const std::uint32_t b : due) {
                if (whole(random, 0, 199) == 0) {
                    const int level = window.level(b);
                    window.lower(b, whole(random, 0, 1) == 0 ? 0 : std::max(0, level - 1));
                    is_sound = is_sound && is_graded(window, neighbours);
                }
            }
            for (const std::uint32_t b : due) {
                const int before = window.level(b);
                window.raise(b, tick);
                const int after = window.level(b);
                // Where it is raised a step of its new length begins.
                is_sound = is_sound && (after == before ||
                                        (after == before + 1 && window.ends_at(b, tick, after)));
            }
            is_sound = is_sound && is_graded(window, neighbours);
            // A block that sleeps is woken from outside.
            if (whole(random, 0, 99) == 0) {
                window.lower(whole(random, 0, blocks - 1), 0);
                is_sound = is_sound && is_graded(window, neighbours);
            }
        }
        check::expect(is_sound, __FILE__, __LINE__, "trial ", trial);
    }
}

/// None is behind by as much as a step of its level, but where it was lowered meanwhile.
TEST(steps_have_the_length_of_the_level) {
    Random random(21);
    Window window(chain(30));
    std::vector<std::int64_t> at(30, 0);  // or when it was lowered
    bool is_sound = true;
    for (std::int64_t tick = 1; tick < 20000; ++tick) {
        for (const std::uint32_t b : due_at(window, tick)) {
            at[b] = tick;
        }
        for (const std::uint32_t b : due_at(window, tick)) {
            window.raise(b, tick);
        }
        if (whole(random, 0, 999) == 0) {
            const Levels before = levels_of(window);
            window.lower(whole(random, 0, 29), 0);
            for (std::size_t b = 0; b < 30; ++b) {
                at[b] = window.level(b) < before[b] ? tick : at[b];
            }
        }
        for (std::size_t b = 0; b < 30; ++b) {
            is_sound = is_sound && tick - at[b] < (std::int64_t{1} << window.level(b));
        }
    }
    CHECK(is_sound);
}

TEST(levels_can_be_put_back) {
    Random random(22);
    const Neighbours neighbours = bush(25, random);
    Window window(neighbours);
    raise_all(window, 700);
    window.lower(7, 0);
    const Levels kept = levels_of(window);
    std::vector<Blocks> due;
    for (std::int64_t tick = 701; tick < 800; ++tick) {
        due.push_back(due_at(window, tick));
    }
    raise_all(window, 4096);
    window.lower(3, 1);
    window.lower(20, 0);
    window.set_levels(kept);
    CHECK(levels_of(window) == kept);
    CHECK(is_graded(window, neighbours));
    for (std::int64_t tick = 701; tick < 800; ++tick) {
        CHECK(due_at(window, tick) == due[static_cast<std::size_t>(tick - 701)]);
    }
}

// Stretches of a long cable.

TEST(short_steps_end_everywhere_at_once_and_long_ones_within_a_stretch) {
    const Window window(chain(3 * Window::kStretch));
    bool is_sound = true;
    for (std::int64_t tick = 1; tick <= std::int64_t{2} << Window::kMostLevel; ++tick) {
        for (int level = 0; level <= Window::kMostLevel; ++level) {
            const bool first = window.ends_at(0, tick, level);
            is_sound = is_sound && window.ends_at(Window::kStretch - 1, tick, level) == first;
            if (level <= Window::kMostLevelInPhase) {
                is_sound = is_sound && first == (tick % (std::int64_t{1} << level) == 0) &&
                           window.ends_at(Window::kStretch, tick, level) == first;
            }
            // Where a longer step ends so does a shorter one.
            is_sound = is_sound && (level == 0 || !window.ends_at(Window::kStretch, tick, level) ||
                                    window.ends_at(Window::kStretch, tick, level - 1));
        }
    }
    CHECK(is_sound);
    const std::int64_t longest = std::int64_t{1} << Window::kMostLevel;
    CHECK(window.ends_at(0, longest, Window::kMostLevel));
    CHECK(!window.ends_at(Window::kStretch, longest, Window::kMostLevel));
}

TEST(what_rests_from_the_start_is_due_a_stretch_at_a_time) {
    constexpr std::size_t kStretches = 70;  // more than there are phases
    const Neighbours neighbours = chain(kStretches * Window::kStretch);
    Window window(neighbours);
    window.rest_all();
    CHECK(is_graded(window, neighbours));
    CHECK(window.level(0) == Window::kMostLevel);
    CHECK(window.level(Window::kStretch - 1) == Window::kMostLevelInPhase);
    CHECK(window.level(Window::kStretch) == Window::kMostLevelInPhase);
    CHECK(window.level(Window::kStretch + Window::kStretch / 2) == Window::kMostLevel);
    constexpr std::int64_t kLongest = std::int64_t{1} << Window::kMostLevel;
    std::vector<int> steps(neighbours.size(), 0);
    std::size_t most = 0;
    for (std::int64_t tick = 1; tick <= kLongest; ++tick) {
        const Blocks due = due_at(window, tick);
        CHECK(due.empty() || tick % (std::int64_t{1} << Window::kMostLevelInPhase) == 0);
        most = std::max(most, due.size());
        for (const std::uint32_t b : due) {
            ++steps[b];
            window.raise(b, tick);  // of no effect: they are as high as they can be
        }
    }
    CHECK(is_graded(window, neighbours));
    // Two stretches of the same phase, and what steps more often where stretches meet.
    CHECK(most < 2 * Window::kStretch + 4 * kStretches);
    for (std::uint32_t b = 0; b < steps.size(); ++b) {
        CHECK(steps[b] == 1 << (Window::kMostLevel - window.level(b)));
    }
}

TEST(a_long_cable_comes_to_its_longest_steps) {
    const Neighbours neighbours = chain(2 * Window::kStretch + 3);
    Window window(neighbours);
    Window rested(neighbours);
    rested.rest_all();
    raise_all(window, std::int64_t{3} << Window::kMostLevel);
    CHECK(levels_of(window) == levels_of(rested));
    window.lower(Window::kStretch + 2, 0);
    CHECK(is_graded(window, neighbours));
    window.rest_all();
    CHECK(levels_of(window) == levels_of(rested));
    CHECK(due_at(window, -1).empty());
}

// What tells a drive that changes from one that does not.

TEST(a_pulse_is_flat_but_for_its_edges) {
    const PiecewiseLinear pulse{{1.0, 1.0, 2.0, 2.0}, {0.0, 3.0, 3.0, 0.0}};
    for (const auto& [from_ms, to_ms] :
         {std::pair{0.0, 0.999}, {1.001, 1.999}, {1.2, 1.3}, {2.001, 9.0}, {-5.0, -4.0}}) {
        CHECK(pulse.is_flat(from_ms, to_ms));
    }
    for (const auto& [from_ms, to_ms] :
         {std::pair{0.5, 1.5}, {0.0, 3.0}, {1.5, 2.5}, {0.999, 1.001}, {1.0, 1.0}}) {
        CHECK(!pulse.is_flat(from_ms, to_ms));
    }
    // An edge at an end counts.
    CHECK(!pulse.is_flat(0.5, 1.0));
    CHECK(!pulse.is_flat(1.0, 1.5));
    CHECK(!pulse.is_flat(1.5, 2.0));
    CHECK(!pulse.is_flat(2.0, 2.5));
}

TEST(a_waveform_is_0_outside_also_for_flatness) {
    const PiecewiseLinear bare{{1.0, 2.0}, {3.0, 3.0}};
    CHECK(bare.is_flat(0.0, 0.5));
    CHECK(!bare.is_flat(0.0, 1.0));
    CHECK(!bare.is_flat(0.9, 1.1));
    CHECK(bare.is_flat(1.1, 1.9));
    CHECK(!bare.is_flat(1.9, 2.0));
    CHECK(!bare.is_flat(2.0, 2.1));
    CHECK(bare.is_flat(2.1, 3.0));
    CHECK((PiecewiseLinear{}.is_flat(0.0, 1.0)));
    const PiecewiseLinear nothing{{1.0, 2.0}, {0.0, 0.0}};
    CHECK(nothing.is_flat(0.0, 3.0));
}

TEST(a_slope_is_not_flat_wherever_one_looks) {
    const PiecewiseLinear roof{{0.0, 1.0, 2.0, 3.0}, {0.0, 2.0, 2.0, 0.0}};
    CHECK(!roof.is_flat(0.2, 0.3));
    CHECK(!roof.is_flat(2.2, 2.3));
    CHECK(!roof.is_flat(0.9, 1.1));
    CHECK(roof.is_flat(1.1, 1.2));
    CHECK(roof.is_flat(1.1, 1.9));
    CHECK(!roof.is_flat(1.1, 2.1));
    CHECK(roof.is_flat(-1.0, -0.1));
    // Up and down within: the same value at both ends is not enough.
    const PiecewiseLinear zigzag{{0.0, 1.0, 2.0, 3.0, 4.0}, {1.0, 1.0, 5.0, 1.0, 1.0}};
    CHECK(!zigzag.is_flat(0.5, 3.5));
    CHECK(zigzag.is_flat(0.5, 0.9));
    CHECK(zigzag.is_flat(3.1, 3.9));
}
