// How the compartments of some fibres are laid out in blocks of lanes x rows. Integers only: which
// compartment goes where, which are neighbours; no numbers of the equations.
//
// A *row* is a compartment with one unknown potential. Compartments under a sheath, with two, are
// gathered into *links*: each is a connected stretch of them, an internode, between the rows at its
// ends. Rows form a tree of their own, with an axial conductance or a link from each to its parent.
// A *run* is an unbranched piece of that tree; it lies in one lane of a block, from its distal end
// in the first row of the block up to its proximal end in the last. All rows of a run but the last
// are eliminated by the eight lanes at once; what is left, a tree with one unknown per run, is
// small (substructuring; Przemieniecki 1963, doi:10.2514/3.1511).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ranvier/discretisation/discretisation.hpp"
#include "ranvier/lanes/lanes.hpp"
#include "ranvier/solver/lane_method.hpp"

namespace ranvier {

inline constexpr std::int32_t kNowhere = -1;

/// What is somewhere, as the index of an array.
inline std::size_t index(std::int32_t place) noexcept {
    return static_cast<std::size_t>(place);
}

/// A stretch of sheathed compartments. `unknown` are its compartments in tree order.
struct LinkPlace {
    std::int32_t fibre;
    std::vector<std::int32_t> compartment;
    /// The rows at its ends, and the compartment of the link that is each one's neighbour. The
    /// lower end is that of the child in the tree of rows. kNowhere where a link hangs loose, which
    /// why_not_in_lanes() refuses.
    std::int32_t lower = kNowhere;
    std::int32_t upper = kNowhere;
    std::int32_t lower_neighbour = kNowhere;
    std::int32_t upper_neighbour = kNowhere;
};

/// An unbranched piece of the tree of rows, from its distal to its proximal end.
struct Run {
    std::int32_t fibre;
    std::int32_t rows;
    std::int32_t parent = kNowhere;  // the run that it goes on in, above its proximal end
};

/// Eight lanes of equal height. Slots of a lane: first one for what lies below the run, then the
/// rows, then one for what lies above. Runs shorter than the block lie at its upper end, and the
/// slots under them repeat what lies below.
struct LaneBlock {
    std::size_t first_slot;  // in packs, counted over all blocks
    std::size_t rows;
    std::size_t ragged;  // rows that are missing in the shortest of its runs
    std::int32_t run[kLanes];

    std::size_t slots() const noexcept { return rows + 2; }
};

struct LaneLayout {
    std::vector<LaneBlock> blocks;
    std::vector<Run> runs;  // parent run has the smaller index
    std::vector<LinkPlace> links;
    std::size_t slots = 0;  // packs of all blocks
    /// [fibre][compartment]: where its row is, slot * kLanes + lane; kNowhere for sheathed ones.
    std::vector<std::vector<std::int32_t>> place;
    /// [fibre][compartment]: its link, or kNowhere; empty for a fibre without any.
    std::vector<std::vector<std::int32_t>> link_of;
    /// [slot * kLanes + lane]: the compartment whose row is there, or kNowhere.
    std::vector<std::int32_t> compartment_at;
    std::vector<std::int32_t> fibre_at;  // [block * kLanes + lane], or kNowhere
    /// Per run: the row just above, as a place; kNowhere where there is none.
    std::vector<std::int32_t> above;
    /// Per run: the place of its last row.
    std::vector<std::int32_t> top;

    /// The compartment of a run's row, counted from its distal end.
    std::int32_t compartment_of(std::size_t run, std::size_t row) const noexcept {
        const std::size_t under = index(runs[run].rows) - 1 - row;
        return compartment_at[index(top[run]) - under * kLanes];
    }
    std::size_t bytes() const noexcept;
};

/// Why a fibre cannot go through lanes, in words that follow its name; nothing if it can.
std::optional<std::string> why_not_in_lanes(const Discretisation& discretisation);
/// The same by a method: one that keeps gates between its steps takes no events in lanes.
std::optional<std::string> why_not_in_lanes(const Discretisation& discretisation,
                                            LaneMethod method);

/// `most_rows` is the length that runs are cut to; the least that is used is 2.
LaneLayout lay_out(std::span<const Discretisation* const> fibres, std::size_t most_rows);

/// How many compartments are rows: all of them, or where there are sheaths those without.
std::size_t rows_in_lanes(const Discretisation& discretisation);

/// The rows per run for one fibre: short enough to fill all lanes and for a block to stay in the
/// first-level cache, long enough that what is left over is small.
std::size_t rows_per_run(const Discretisation& discretisation);

}  // namespace ranvier
