// Where the lanes put compartments: everything once, and neighbours where they are looked for.

#include <algorithm>
#include <string>
#include <vector>

#include "check.hpp"
#include "lane_models.hpp"

using namespace ranvier;
using namespace lane_models;

namespace {

std::size_t at(std::int32_t value) {
    return static_cast<std::size_t>(value);
}

bool is_sheathed(const Discretisation& d, std::size_t i) {
    return !d.layers.empty() && d.layers[0].is_unknown[i] != 0;
}

/// The next row towards the root: the parent, or the row at the other end of a sheath.
std::int32_t row_above(const LaneLayout& layout, const Discretisation& d, std::size_t fibre,
                       std::size_t row) {
    const std::int32_t up = d.compartments.parent[row];
    if (up == kNoParent || !is_sheathed(d, at(up))) {
        return up;
    }
    const LinkPlace& link = layout.links[at(layout.link_of[fibre][at(up)])];
    return link.upper == static_cast<std::int32_t>(row) ? kNowhere : link.upper;
}

void expect_sound(const LaneLayout& layout, const std::vector<Shared>& fibres,
                  std::size_t most_rows, const std::string& what) {
    const auto expect = [&](bool holds, const auto&... text) {
        check::expect(holds, __FILE__, __LINE__, what, ": ", text...);
    };
    // Places, and back.
    std::size_t rows = 0;
    std::size_t placed = 0;
    for (std::size_t f = 0; f < fibres.size(); ++f) {
        const auto& d = *fibres[f];
        expect(layout.place[f].size() == d.compartments.size(), "places of fibre ", f);
        for (std::size_t i = 0; i < d.compartments.size(); ++i) {
            expect((layout.place[f][i] == kNowhere) == is_sheathed(d, i), "place of ", i);
            expect((layout.link_of[f].empty() || layout.link_of[f][i] == kNowhere) !=
                       is_sheathed(d, i),
                   "link of ", i);
            if (layout.place[f][i] != kNowhere) {
                ++rows;
                expect(
                    layout.compartment_at[at(layout.place[f][i])] == static_cast<std::int32_t>(i),
                    "compartment_at of ", i);
            }
        }
    }
    for (const std::int32_t compartment : layout.compartment_at) {
        placed += compartment == kNowhere ? 0 : 1;
    }
    expect(placed == rows, placed, " rows are placed, expected ", rows);
    // Blocks.
    std::size_t slot = 0;
    std::vector<int> runs(layout.runs.size(), 0);
    for (std::size_t b = 0; b < layout.blocks.size(); ++b) {
        const LaneBlock& block = layout.blocks[b];
        expect(block.first_slot == slot, "first slot of block ", b);
        expect(b == 0 || block.rows <= layout.blocks[b - 1].rows, "block ", b, " is longer");
        slot += block.slots();
        std::size_t least = block.rows;
        std::size_t most = 0;
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
            const std::int32_t fibre = layout.fibre_at[b * kLanes + lane];
            if (block.run[lane] == kNowhere) {
                expect(fibre == kNowhere, "fibre of an empty lane");
                continue;
            }
            const Run& run = layout.runs[at(block.run[lane])];
            ++runs[at(block.run[lane])];
            expect(run.fibre == fibre, "fibre_at of block ", b);
            const std::size_t size = at(run.rows);
            least = std::min(least, size);
            most = std::max(most, size);
            const std::size_t last = block.first_slot + block.rows;
            expect(at(layout.top[at(block.run[lane])]) == last * kLanes + lane, "top");
            for (std::size_t k = 0; k < size; ++k) {
                const std::int32_t own = layout.compartment_of(at(block.run[lane]), k);
                expect(layout.place[at(run.fibre)][at(own)] ==
                           static_cast<std::int32_t>((last + 1 - size + k) * kLanes + lane),
                       "a run is not in one lane, end to end");
            }
        }
        expect(most == block.rows && block.ragged == most - least, "ragged of block ", b, " is ",
               block.ragged, ", expected ", most - least);
        expect(block.rows > 1 || least == 1, "a row on its own beside longer runs");
        expect((most == 1) == (least == 1), "a row on its own beside longer runs");
    }
    expect(layout.slots == slot && layout.compartment_at.size() == slot * kLanes, "slots");
    expect(std::ranges::all_of(runs, [](int count) { return count == 1; }), "runs in blocks");
    // Runs.
    const std::size_t longest = std::max<std::size_t>(2, most_rows);
    std::vector<std::vector<int>> children;
    for (std::size_t f = 0; f < fibres.size(); ++f) {
        const auto& d = *fibres[f];
        auto& own = children.emplace_back(d.compartments.size(), 0);
        for (std::size_t i = 0; i < d.compartments.size(); ++i) {
            if (const std::int32_t up = is_sheathed(d, i) ? kNowhere : row_above(layout, d, f, i);
                up != kNowhere) {
                ++own[at(up)];
            }
        }
    }
    for (std::size_t j = 0; j < layout.runs.size(); ++j) {
        const Run& run = layout.runs[j];
        const std::size_t f = at(run.fibre);
        const auto& d = *fibres[f];
        expect(run.rows > 0 && at(run.rows) <= longest, "run of ", run.rows, " rows");
        for (std::size_t k = 0; k < at(run.rows); ++k) {
            const std::int32_t i = layout.compartment_of(j, k);
            expect(k + 1 == at(run.rows) ||
                       row_above(layout, d, f, at(i)) == layout.compartment_of(j, k + 1),
                   "rows of a run are no neighbours");
            expect(run.rows == 1 || children[f][at(i)] < 2,
                   "a branch point is in a run of several rows");
        }
        const std::int32_t above =
            row_above(layout, d, f, at(layout.compartment_of(j, at(run.rows) - 1)));
        expect((run.parent == kNowhere) == (above == kNowhere), "parent of run ", j);
        if (run.parent == kNowhere) {
            expect(layout.above[j] == kNowhere, "above of a root");
            continue;
        }
        const Run& parent = layout.runs[at(run.parent)];
        expect(at(run.parent) < j && parent.fibre == run.fibre &&
                   layout.compartment_of(at(run.parent), 0) == above,
               "run ", j, " goes on at another place");
        expect(layout.above[j] == layout.place[f][at(above)], "above of run ", j);
    }
    // Links.
    for (std::size_t l = 0; l < layout.links.size(); ++l) {
        const LinkPlace& link = layout.links[l];
        const auto& d = *fibres[at(link.fibre)];
        expect(std::ranges::is_sorted(link.compartment), "order of link ", l);
        for (const std::int32_t i : link.compartment) {
            expect(layout.link_of[at(link.fibre)][at(i)] == static_cast<std::int32_t>(l),
                   "link_of in link ", l);
        }
        const auto are_neighbours = [&](std::int32_t row, std::int32_t neighbour) {
            return d.compartments.parent[at(row)] == neighbour ||
                   d.compartments.parent[at(neighbour)] == row;
        };
        expect(link.upper != kNowhere && are_neighbours(link.upper, link.upper_neighbour),
               "upper end of link ", l);
        expect(link.lower != kNowhere && are_neighbours(link.lower, link.lower_neighbour),
               "lower end of link ", l);
        expect(row_above(layout, d, at(link.fibre), at(link.lower)) == link.upper, "link ", l,
               " is not between a row and the one above it");
    }
}

std::vector<const Discretisation*> pointers(const std::vector<Shared>& fibres) {
    std::vector<const Discretisation*> all;
    for (const auto& each : fibres) {
        all.push_back(each.get());
    }
    return all;
}

}  // namespace

TEST(random_trees_and_forests) {
    Random random(21);
    for (std::size_t n = 1; n <= 300; n += n < 60 ? 1 : 24) {
        for (const Shape shape : kShapes) {
            std::vector<Shared> fibres;
            for (std::size_t f = 0; f < whole(random, 1, 3); ++f) {
                fibres.push_back(bare(n, shape, random).rooted_at(whole(random, 0, n - 1)));
            }
            const std::size_t most_rows = whole(random, 0, 40);
            expect_sound(lay_out(pointers(fibres), most_rows), fibres, most_rows,
                         std::to_string(n) + " compartments, shape " +
                             std::to_string(static_cast<int>(shape)) + ", runs of " +
                             std::to_string(most_rows));
        }
    }
}

TEST(random_sheaths_from_any_root) {
    Random random(22);
    for (int round = 0; round < 200; ++round) {
        std::vector<Shared> fibres;
        for (std::size_t f = 0; f < whole(random, 1, 2); ++f) {
            const auto wiring = myelinated({.nodes = whole(random, 1, 30),
                                            .most_node_rows = whole(random, 1, 3),
                                            .least_internode = 1,
                                            .most_internode = whole(random, 1, 6),
                                            .taper = 0.1,
                                            .branches = round % 2 == 0 ? 0.3 : 0.0},
                                           random);
            fibres.push_back(wiring.rooted_at(whole(random, 0, wiring.pieces.size() - 1)));
            CHECK(!why_not_in_lanes(*fibres.back()));
        }
        const std::size_t most_rows = whole(random, 2, 12);
        expect_sound(lay_out(pointers(fibres), most_rows), fibres, most_rows,
                     "round " + std::to_string(round));
    }
}

TEST(a_cable_is_cut_into_nearly_equal_runs) {
    Random random(23);
    for (std::size_t n = 1; n <= 300; ++n) {
        const auto d = bare(n, Shape::kCable, random).rooted_at(0);
        const std::size_t most_rows = rows_per_run(*d);
        CHECK(most_rows >= 2 && most_rows <= 20);
        const Discretisation* const fibre = d.get();
        const auto layout = lay_out({&fibre, 1}, most_rows);
        CHECK(layout.runs.size() == (n + most_rows - 1) / most_rows);
        for (const LaneBlock& block : layout.blocks) {
            CHECK(block.ragged <= 1);
        }
    }
}

TEST(equal_fibres_lie_side_by_side) {
    for (const bool is_myelinated : {false, true}) {
        for (const std::size_t most_rows : {2UL, 5UL, 32UL}) {
            std::vector<Shared> fibres;
            for (std::size_t f = 0; f < 2 * kLanes; ++f) {
                Random random(24);
                fibres.push_back(
                    is_myelinated ? myelinated({.nodes = 21, .branches = 0.2}, random).rooted_at(0)
                                  : bare(150, Shape::kBushy, random).rooted_at(0));
            }
            const auto layout = lay_out(pointers(fibres), most_rows);
            for (const LaneBlock& block : layout.blocks) {
                CHECK(block.ragged == 0);
                for (std::size_t lane = 0; lane < kLanes; ++lane) {
                    CHECK(block.run[lane] != kNowhere);
                    const Run& first = layout.runs[at(block.run[0])];
                    const Run& own = layout.runs[at(block.run[lane])];
                    CHECK(own.rows == first.rows);
                    for (std::size_t k = 0; k < at(own.rows); ++k) {
                        CHECK(layout.compartment_of(at(block.run[lane]), k) ==
                              layout.compartment_of(at(block.run[0]), k));
                    }
                    CHECK(at(own.fibre) == at(first.fibre) + lane);
                }
            }
        }
    }
}

TEST(what_does_not_fit_is_told) {
    Random random(25);
    const auto reason = [](const Wiring& wiring, std::size_t root = 0) {
        return why_not_in_lanes(*wiring.rooted_at(root)).value_or("fits");
    };
    const auto contains = [](const std::string& text, const char* part) {
        check::expect(text.find(part) != std::string::npos, __FILE__, __LINE__, text, ", expected ",
                      part);
    };
    const Myelin plain{.nodes = 4};
    CHECK(reason(bare(30, Shape::kBushy, random)) == "fits");
    CHECK(reason(myelinated(plain, random)) == "fits");
    // A branch under the sheath.
    auto branched = myelinated(plain, random);
    const std::size_t node = branched.add(node_piece(random, 0.0));
    branched.join(2, node);
    contains(reason(branched), "touches 3 places without one");
    // Nothing but sheath.
    Wiring covered;
    Piece piece;
    piece.is_sheathed = true;
    piece.leak_S_cm2 = 1e-4;
    covered.add(piece);
    contains(reason(covered), "touches 0 places without one");
    // Too long.
    contains(
        reason(myelinated({.nodes = 2, .least_internode = 201, .most_internode = 201}, random)),
        "over 201 compartments on end, not 200 at most");
    CHECK(reason(myelinated({.nodes = 2, .least_internode = 200, .most_internode = 200}, random)) ==
          "fits");
    // A gate, and no capacitance.
    auto gated = myelinated(plain, random);
    gated.pieces[2].k_S_cm2 = 0.01;
    contains(reason(gated), "has the gated channel 'k_hh' under a sheath");
    auto d = *myelinated(plain, random).rooted_at(0);
    for (const bool is_sheath : {false, true}) {
        auto changed = d;
        (is_sheath ? changed.layers[0].capacitance_nF : changed.compartments.capacitance_nF)[2] =
            0.0;
        contains(why_not_in_lanes(changed).value_or("fits"), "without capacitance");
    }
    d.layers.push_back(d.layers[0]);
    contains(why_not_in_lanes(d).value_or("fits"), "more than one layer");
}
