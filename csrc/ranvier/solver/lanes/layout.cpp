#include "ranvier/solver/lanes/layout.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include "ranvier/base/text.hpp"
#include "ranvier/mechanisms/expression/dependence.hpp"
#include "ranvier/mechanisms/registry.hpp"
#include "ranvier/solver/ion_pools.hpp"

namespace ranvier {
namespace {

/// Unknowns of the largest link: its modes cost the cube of this once, and the square to look at.
constexpr std::size_t kMostLinkUnknowns = 400;

/// The stretches of sheathed compartments of one fibre, and the tree of its rows.
struct RowTree {
    std::vector<LinkPlace> links;
    std::vector<std::int32_t> ends;     // per link: rows that it touches
    std::vector<std::int32_t> link_of;  // per compartment, or kNowhere
    std::vector<std::int32_t> parent;   // per compartment that is a row: the row above, or kNowhere
    std::vector<std::int32_t> children;  // how many rows have it as parent
};

RowTree rows_of(const Discretisation& d, std::int32_t fibre) {
    const auto& up = d.compartments.parent;
    const std::size_t n = up.size();
    const auto is_sheathed = [&](std::size_t i) {
        return !d.layers.empty() && d.layers[0].is_unknown[i] != 0;
    };
    RowTree rows{{}, {}, std::vector(n, kNowhere), std::vector(n, kNowhere), std::vector(n, 0)};
    const auto touch = [&](std::int32_t link, std::int32_t row, std::int32_t neighbour) {
        // Rows come in tree order, so the first is the proximal one.
        LinkPlace& place = rows.links[index(link)];
        (rows.ends[index(link)] == 0 ? place.upper : place.lower) = row;
        (rows.ends[index(link)] == 0 ? place.upper_neighbour : place.lower_neighbour) = neighbour;
        ++rows.ends[index(link)];
    };
    for (std::size_t i = 0; i < n; ++i) {
        const auto own = static_cast<std::int32_t>(i);
        const bool has_parent = up[i] != kNoParent;
        const bool is_parent_sheathed = has_parent && is_sheathed(index(up[i]));
        if (is_sheathed(i)) {
            if (is_parent_sheathed) {
                rows.link_of[i] = rows.link_of[index(up[i])];
            } else {
                rows.link_of[i] = static_cast<std::int32_t>(rows.links.size());
                rows.links.push_back({.fibre = fibre, .compartment = {}});
                rows.ends.push_back(0);
                if (has_parent) {
                    touch(rows.link_of[i], up[i], own);
                }
            }
            rows.links[index(rows.link_of[i])].compartment.push_back(own);
        } else if (is_parent_sheathed) {
            const std::int32_t link = rows.link_of[index(up[i])];
            touch(link, own, up[i]);
            const std::int32_t above = rows.links[index(link)].upper;
            rows.parent[i] = above == own ? kNowhere : above;
        } else if (has_parent) {
            rows.parent[i] = up[i];
        }
        if (!is_sheathed(i) && rows.parent[i] != kNowhere) {
            ++rows.children[index(rows.parent[i])];
        }
    }
    return rows;
}

/// Unbranched paths from the proximal end down, a branch point being one on its own, cut into
/// pieces of nearly equal length. `compartment` gets those of one run after the other.
void add_runs(const RowTree& rows, std::int32_t fibre, std::size_t most_rows, LaneLayout& layout,
              std::vector<std::int32_t>& rank, std::vector<std::int32_t>& compartment) {
    const std::size_t n = rows.parent.size();
    std::vector<std::int32_t> only_child(n, kNowhere);
    for (std::size_t i = 0; i < n; ++i) {
        if (rows.link_of[i] == kNowhere && rows.parent[i] != kNowhere) {
            only_child[index(rows.parent[i])] = static_cast<std::int32_t>(i);
        }
    }
    std::vector<std::int32_t> run_of(n, kNowhere);
    std::int32_t ordinal = 0;
    for (std::size_t top = 0; top < n; ++top) {
        if (rows.link_of[top] != kNowhere || run_of[top] != kNowhere) {
            continue;
        }
        std::vector<std::int32_t> chain{static_cast<std::int32_t>(top)};
        if (rows.children[top] < 2) {
            for (std::int32_t next = only_child[top];
                 next != kNowhere && rows.children[index(next)] < 2;
                 next = only_child[index(next)]) {
                chain.push_back(next);
            }
        }
        const std::size_t pieces = (chain.size() + most_rows - 1) / most_rows;
        for (std::size_t piece = 0; piece < pieces; ++piece) {
            // The longer ones first, so that what lies side by side in a block is one stretch.
            const std::size_t each = chain.size() / pieces;
            const std::size_t longer = chain.size() % pieces;
            const std::size_t from = piece * each + std::min(piece, longer);
            const std::size_t to = from + each + (piece < longer ? 1 : 0);
            Run run{.fibre = fibre, .rows = static_cast<std::int32_t>(to - from)};
            for (std::size_t k = to; k-- > from;) {
                compartment.push_back(chain[k]);
                run_of[index(chain[k])] = static_cast<std::int32_t>(layout.runs.size());
            }
            const std::int32_t above = rows.parent[index(chain[from])];
            run.parent = above == kNowhere ? kNowhere : run_of[index(above)];
            layout.runs.push_back(run);
            rank.push_back(ordinal++);
        }
    }
}

void fill_blocks(LaneLayout& layout, const std::vector<std::int32_t>& rank) {
    std::vector<std::size_t> order(layout.runs.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto rows_of_run = [&](std::size_t run) { return index(layout.runs[run].rows); };
    // Long with long; the same run of several fibres side by side; else along the fibre.
    std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
        if (rows_of_run(a) != rows_of_run(b)) {
            return rows_of_run(a) > rows_of_run(b);
        }
        return rank[a] < rank[b];
    });
    layout.top.assign(layout.runs.size(), kNowhere);
    for (std::size_t next = 0; next < order.size();) {
        LaneBlock block{
            .first_slot = layout.slots, .rows = rows_of_run(order[next]), .ragged = 0, .run = {}};
        std::ranges::fill(block.run, kNowhere);
        // A run of one row has nothing to eliminate and is handled by itself: never with longer.
        for (std::size_t lane = 0; lane < kLanes && next < order.size() &&
                                   (block.rows == 1) == (rows_of_run(order[next]) == 1);
             ++lane, ++next) {
            block.run[lane] = static_cast<std::int32_t>(order[next]);
            block.ragged = block.rows - rows_of_run(order[next]);
        }
        layout.slots += block.slots();
        layout.blocks.push_back(block);
    }
}

/// `compartment` has those of one run after the other, from its distal to its proximal end.
void find_places(LaneLayout& layout, const std::vector<std::int32_t>& compartment) {
    std::vector<std::size_t> first_of(layout.runs.size());
    for (std::size_t j = 0, first = 0; j < layout.runs.size(); ++j) {
        first_of[j] = first;
        first += index(layout.runs[j].rows);
    }
    layout.compartment_at.assign(layout.slots * kLanes, kNowhere);
    layout.fibre_at.assign(layout.blocks.size() * kLanes, kNowhere);
    for (std::size_t b = 0; b < layout.blocks.size(); ++b) {
        const LaneBlock& block = layout.blocks[b];
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
            if (block.run[lane] == kNowhere) {
                continue;
            }
            const Run& run = layout.runs[index(block.run[lane])];
            layout.fibre_at[b * kLanes + lane] = run.fibre;
            const std::size_t first = block.first_slot + 1 + block.rows - index(run.rows);
            for (std::size_t k = 0; k < index(run.rows); ++k) {
                const std::size_t at = (first + k) * kLanes + lane;
                const std::int32_t own = compartment[first_of[index(block.run[lane])] + k];
                layout.compartment_at[at] = own;
                layout.place[index(run.fibre)][index(own)] = static_cast<std::int32_t>(at);
            }
            layout.top[index(block.run[lane])] =
                static_cast<std::int32_t>((block.first_slot + block.rows) * kLanes + lane);
        }
    }
    layout.above.assign(layout.runs.size(), kNowhere);
    for (std::size_t j = 0; j < layout.runs.size(); ++j) {
        const std::int32_t parent = layout.runs[j].parent;
        if (parent == kNowhere) {
            continue;
        }
        const std::size_t rows = index(layout.runs[index(parent)].rows);
        layout.above[j] =
            layout.top[index(parent)] - static_cast<std::int32_t>((rows - 1) * kLanes);
    }
}

/// Why a mechanism cannot be in a link, whose equations are linear with constant coefficients.
std::optional<std::string> why_not_linear(const Discretisation& d, const MechanismTable& table) {
    const Mechanism* const mechanism = table.found();
    if (!mechanism->info.gates.empty()) {
        return "gated channel '" + table.name + "'";
    }
    if (mechanism->expressions == nullptr) {
        return std::nullopt;
    }
    const IonPools pools(d);
    const IonInputs inputs(d, pools);
    const auto is_live = [&](std::string_view input) {
        return inputs.follows_input(input) &&
               std::ranges::find(table.parameter_names, input) == table.parameter_names.end();
    };
    return has_fixed_slope(*mechanism->expressions, is_live)
               ? std::nullopt
               : std::optional("mechanism '" + table.name +
                               "', whose current is no straight line of fixed slope in v,");
}

/// Why the charge of each current cannot be had, where ions accumulate: it has to be all that its
/// mechanism carries, or to go straight with v.
std::optional<std::string> why_no_charges(const Discretisation& d) {
    for (std::size_t m = 0; d.has_accumulation() && m < d.mechanisms.size(); ++m) {
        const auto& table = d.mechanisms[m];
        const Expressions* const e = table.found()->expressions;
        if (e != nullptr && e->currents.size() > 1 && !is_affine_in_v(*e) &&
            !table.compartment.empty()) {
            return "has ions that accumulate and mechanism '" + table.name +
                   "', which has several currents that are no straight lines in v";
        }
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> why_not_in_lanes(const Discretisation& d) {
    if (d.layers.size() > 1) {
        return "has more than one layer around its axoplasm";
    }
    if (const auto why = why_no_charges(d)) {
        return why;
    }
    if (d.layers.empty()) {
        return std::nullopt;
    }
    const RowTree rows = rows_of(d, 0);
    for (const auto& table : d.mechanisms) {
        const auto why = why_not_linear(d, table);
        for (const std::int32_t i : table.compartment) {
            if (why && rows.link_of[index(i)] != kNowhere) {
                return "has the " + *why + " under a sheath, at " + d.label(i);
            }
        }
    }
    for (std::size_t k = 0; k < rows.links.size(); ++k) {
        const auto& compartment = rows.links[k].compartment;
        const std::string where = d.label(compartment.front());
        if (2 * compartment.size() > kMostLinkUnknowns) {
            return "has a sheath at " + where + " over " + std::to_string(compartment.size()) +
                   " compartments on end, not " + std::to_string(kMostLinkUnknowns / 2) +
                   " at most";
        }
        for (const std::int32_t i : compartment) {
            if (!(d.compartments.capacitance_nF[index(i)] > 0.0) ||
                !(d.layers[0].capacitance_nF[index(i)] > 0.0)) {
                return "has a membrane or sheath without capacitance at " + d.label(i);
            }
        }
        if (rows.ends[k] != 2) {
            return "has a sheath at " + where + " that touches " + std::to_string(rows.ends[k]) +
                   " places without one, not 2";
        }
    }
    return std::nullopt;
}

std::optional<std::string> why_not_in_lanes(const Discretisation& d, LaneMethod method) {
    if (d.has_accumulation() && method != LaneMethod::kRosenbrock2) {
        return "has ions that accumulate, which in lanes rosenbrock2 alone moves";
    }
    for (const auto& table : d.mechanisms) {
        const Expressions* expressions = table.found()->expressions;
        if (method == LaneMethod::kStaggeredSdirk2 && expressions != nullptr &&
            expressions->receives()) {
            return "has mechanism " + quoted(table.name) +
                   " that receives events, which staggered_sdirk2 takes in the plain solver alone";
        }
    }
    return why_not_in_lanes(d);
}

LaneLayout lay_out(std::span<const Discretisation* const> fibres, std::size_t most_rows) {
    LaneLayout layout;
    std::vector<std::int32_t> rank;
    std::vector<std::int32_t> compartment;
    for (std::size_t f = 0; f < fibres.size(); ++f) {
        RowTree rows = rows_of(*fibres[f], static_cast<std::int32_t>(f));
        layout.place.emplace_back(fibres[f]->compartments.size(), kNowhere);
        add_runs(rows, static_cast<std::int32_t>(f), std::max(most_rows, std::size_t{2}), layout,
                 rank, compartment);
        for (auto& link : rows.link_of) {
            link += link == kNowhere ? 0 : static_cast<std::int32_t>(layout.links.size());
        }
        layout.link_of.push_back(rows.links.empty() ? std::vector<std::int32_t>()
                                                    : std::move(rows.link_of));
        std::ranges::move(rows.links, std::back_inserter(layout.links));
    }
    fill_blocks(layout, rank);
    find_places(layout, compartment);
    return layout;
}

std::size_t LaneLayout::bytes() const noexcept {
    std::size_t sum = blocks.capacity() * sizeof(LaneBlock) + runs.capacity() * sizeof(Run) +
                      links.capacity() * sizeof(LinkPlace);
    const auto add = [&](const std::vector<std::int32_t>& places) {
        sum += places.capacity() * sizeof(std::int32_t);
    };
    for (const LinkPlace& link : links) {
        add(link.compartment);
    }
    std::ranges::for_each(place, add);
    std::ranges::for_each(link_of, add);
    for (const auto* places : {&compartment_at, &fibre_at, &above, &top}) {
        add(*places);
    }
    return sum;
}

std::size_t rows_in_lanes(const Discretisation& d) {
    return d.layers.empty()
               ? d.compartments.size()
               : static_cast<std::size_t>(std::ranges::count(d.layers[0].is_unknown, 0));
}

std::size_t rows_per_run(const Discretisation& d) {
    constexpr std::size_t kShortest = 2;
    constexpr std::size_t kLongest = 20;
    return std::clamp((rows_in_lanes(d) + kLanes - 1) / kLanes, kShortest, kLongest);
}

}  // namespace ranvier
