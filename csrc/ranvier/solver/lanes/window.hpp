// Which blocks of a cable take part in a step: those where something happens step every time, the
// others in steps of 2, 4, 8 ... as long as the error test of each lets them. Integers only.
//
// Neighbours differ by a factor of two at most, as in local time stepping on graded meshes (Berger
// & Oliger 1984, doi:10.1016/0021-9991(84)90073-1): a wave that comes finds its way prepared, and
// what a block has to guess of a neighbour that is not there yet is one short step of it.
//
// Of a long cable, all that rests would be due in the same tick. So its blocks form stretches, each
// with a phase of its own, by which the long steps of a stretch are shifted. Where two stretches
// meet steps stay below that, so that those of neighbours begin and end together all the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ranvier {

class Window {
public:
    /// Steps of 2^18 at most: then what rests costs nothing beside what moves, also where that is a
    /// thousandth of it.
    static constexpr int kMostLevel = 18;
    /// Up to here the steps of all blocks end at the multiples of their length; phases are
    /// multiples of this length.
    static constexpr int kMostLevelInPhase = 12;
    /// Blocks of a stretch: many, since where it ends they step more often. Fewer for the address
    /// sanitizer, under which a wave along 256 of them runs for minutes.
#if defined(__SANITIZE_ADDRESS__)
    static constexpr std::size_t kStretch = 64;
#else
    static constexpr std::size_t kStretch = 256;
#endif

    Window() = default;
    /// `neighbours` of each block, with each pair in both lists.
    explicit Window(std::vector<std::vector<std::uint32_t>> neighbours);

    /// Every block steps every time.
    void wake_all();

    /// Every block takes steps as long as there are.
    void rest_all();

    /// The blocks whose step ends at `tick`, ascending; of a negative tick, which lies between two,
    /// only those that step every time.
    std::span<const std::uint32_t> due(std::int64_t tick);

    std::span<const std::int8_t> levels() const noexcept { return level_; }
    void set_levels(std::span<const std::int8_t> levels);

    int level(std::size_t block) const noexcept { return level_[block]; }

    /// Whether a step of 2^level ticks of this block would end at `tick`.
    bool ends_at(std::size_t block, std::int64_t tick, int level) const noexcept {
        const std::int64_t shifted = level > kMostLevelInPhase ? tick + phase_[block] : tick;
        return (shifted & ((std::int64_t{1} << level) - 1)) == 0;
    }

    /// Lets the block step at this level at most, and its neighbours near to it.
    void lower(std::size_t block, int level);

    /// Lets the block take steps twice as long, if there are such, its neighbours are near to that,
    /// and `tick` is where one would begin.
    void raise(std::size_t block, std::int64_t tick);

    std::size_t bytes() const noexcept;

private:
    void put(std::size_t block, int level);

    std::vector<std::vector<std::uint32_t>> neighbours_;
    std::vector<std::int8_t> level_;
    std::vector<std::int8_t> most_;                    // where stretches meet, less than elsewhere
    std::vector<std::int32_t> phase_;                  // in ticks
    std::vector<std::vector<std::uint32_t>> members_;  // [level]
    std::vector<std::uint32_t> place_;                 // of each block among its members
    std::vector<std::uint32_t> due_;
    std::vector<std::uint32_t> lowered_;  // work
};

}  // namespace ranvier
