// Where two blocks of a windowed cable meet: what each sees of the other, and what flows between.
// The principle is told in lane_window.cpp, and that of links in link_modes.hpp.

#include <algorithm>
#include <cmath>

#include "ranvier/solver/lanes/lane_solver.hpp"
#include "ranvier/solver/two_stage.hpp"

namespace ranvier {

template <class Real>
void LaneSolver<Real>::meet(Edge& edge, double to_ms, std::int64_t tick) noexcept {
    EdgeEnd& child = edge.child;
    EdgeEnd& parent = edge.parent;
    for (EdgeEnd* end : {&child, &parent}) {
        end->is_due = is_due(end->block);
        end->at_ms = at_ms_[end->block];
        end->before_mV = static_cast<double>(v_mV_[end->place]);
        end->beyond_mV = {0.0, 0.0};
        end->share = 1.0;
        end->nA = end->later_nA = 0.0;
    }
    edge.from_ms = std::max(child.at_ms, parent.at_ms);
    edge.is_mixed = !(child.is_due && parent.is_due && child.at_ms == parent.at_ms);
    // As a number of steps where it is one, like the steps of blocks.
    const std::int64_t from_tick = std::max(at_tick_[child.block], at_tick_[parent.block]);
    const bool is_whole = tick >= 0 && at_tick_[child.block] >= 0 && at_tick_[parent.block] >= 0;
    edge.common_ms = !edge.is_mixed ? next_ms_[child.block]
                     : is_whole     ? static_cast<double>(tick - from_tick) * window_choice_.dt_ms
                                    : to_ms - edge.from_ms;
    if (edge.is_mixed) {
        const double stage_ms = edge.from_ms + kGamma * edge.common_ms;
        for (EdgeEnd* end : {&child, &parent}) {
            const double slope = slope_mV_per_ms(end->block, end->place);
            if (end->is_due) {
                const double step_ms = next_ms_[end->block];
                end->share = edge.common_ms / step_ms;
                end->beyond_mV[0] = slope * (stage_ms - (end->at_ms + kGamma * step_ms));
                if (end->at_ms < edge.from_ms) {
                    end->nA = edge.pending_nA_ms / step_ms;
                    edge.pending_nA_ms = 0.0;
                } else {
                    end->beyond_mV[0] = 0.0;
                }
            } else {
                end->beyond_mV = {slope * (stage_ms - end->at_ms), slope * (to_ms - end->at_ms)};
            }
        }
    }
    if (edge.link != kNowhere) {
        meet_through_link(edge);
    }
    show_edge(edge);
    if (parent.is_due && !child.is_due) {
        below_mV_[small_[index(small_[edge.run].parent)].lane] = Real(0);
    }
}

/// Into the arrays that the kernels read: neighbours, couplings, and what links bring.
template <class Real>
void LaneSolver<Real>::show_edge(Edge& edge) noexcept {
    const SmallRow& small = small_[edge.run];
    EdgeEnd& child = edge.child;
    EdgeEnd& parent = edge.parent;
    const bool linked = edge.link != kNowhere;
    const auto seen_by = [&](const EdgeEnd& own, const EdgeEnd& other) {
        // Along the axoplasm only the difference counts; a link looks at both ends.
        return other.before_mV + other.beyond_mV[0] - (linked ? 0.0 : own.beyond_mV[0]);
    };
    const auto later_nA = [&](const EdgeEnd& own, const EdgeEnd& other, double own_uS) {
        return own.share * (edge.coupling_uS * (other.beyond_mV[1] - other.beyond_mV[0]) +
                            own_uS * own.beyond_mV[0]);
    };
    double child_own_uS = edge.coupling_uS;
    double parent_own_uS = edge.coupling_uS;
    if (linked) {
        const LinkModes& modes = *links_[index(edge.link)].modes;
        child_own_uS = modes.lower_axial_uS - edge.sums.lower;
        parent_own_uS = modes.upper_axial_uS - edge.sums.upper;
        if (child.is_due) {
            link_leak_[small.top] = static_cast<Real>(
                child.link_leak_uS + child.share * (child_own_uS - edge.coupling_uS));
            link_lower_nA_[small.top] = static_cast<Real>(
                child.share * (edge.lower_nA - child_own_uS * child.beyond_mV[0]) + child.nA);
            link_lower2_[small.top] = static_cast<Real>(edge.sums.lower2);
            link_lower_echo_[small.top] =
                static_cast<Real>(edge.lower_echo - edge.sums.lower2 * child.beyond_mV[0]);
        }
        if (parent.is_due) {
            const std::size_t below = small.above - kLanes;
            link_leak_[small.above] = static_cast<Real>(
                parent.link_leak_uS + parent.share * (parent_own_uS - edge.coupling_uS));
            link_upper_nA_[below] = static_cast<Real>(
                parent.share * (edge.upper_nA - parent_own_uS * parent.beyond_mV[0]) + parent.nA);
            link_upper2_[below] = static_cast<Real>(edge.sums.upper2);
            link_across2_[below] = static_cast<Real>(edge.sums.across2);
            link_upper_echo_[below] =
                static_cast<Real>(edge.upper_echo - edge.sums.upper2 * parent.beyond_mV[0]);
        }
        child.nA = parent.nA = 0.0;  // is in there
    }
    if (child.is_due) {
        child.later_nA = later_nA(child, parent, child_own_uS);
        coupling_uS_[small.top + kLanes] = static_cast<Real>(child.share * edge.coupling_uS);
    }
    if (parent.is_due) {
        parent.later_nA = later_nA(parent, child, parent_own_uS);
        if (!small.joins_single) {
            coupling_uS_[small.above] = static_cast<Real>(parent.share * edge.coupling_uS);
        }
    }
    show_neighbours(small, seen_by(child, parent), seen_by(parent, child), child.is_due,
                    parent.is_due);
}

template <class Real>
void LaneSolver<Real>::add_edges(std::size_t member, std::size_t b) noexcept {
    Real* const current_nA = sums(member).current_nA;
    const std::size_t first = layout_.blocks[b].first_slot * kLanes;
    for (const std::uint32_t e : block_edges_[b]) {
        const Edge& edge = edges_[e];
        if (edge.child.block == b) {
            current_nA[edge.child.place - first] -= static_cast<Real>(edge.child.nA);
        } else if (!small_[edge.run].joins_single) {
            current_nA[edge.parent.place - first] -= static_cast<Real>(edge.parent.nA);
        }
    }
}

template <class Real>
void LaneSolver<Real>::add_second_edges(std::size_t b) noexcept {
    for (const std::uint32_t e : block_edges_[b]) {
        const Edge& edge = edges_[e];
        if (edge.child.block == b) {
            second_[edge.child.place] += static_cast<Real>(edge.child.later_nA);
        } else if (!small_[edge.run].joins_single) {
            second_[edge.parent.place] += static_cast<Real>(edge.parent.later_nA);
        }
    }
}

/// Both ends as they were in both stages, and what has flowed into one that was not due.
template <class Real>
void LaneSolver<Real>::settle_edge(Edge& edge) noexcept {
    for (EdgeEnd* end : {&edge.child, &edge.parent}) {
        std::array<double, 2> moved_mV{0.0, 0.0};
        if (end->is_due) {
            const auto first = static_cast<double>(first_[end->place]);
            moved_mV = {first - (links_.empty() ? 0.0 : end->before_mV),
                        static_cast<double>(second_[end->place])};
        }
        for (std::size_t stage = 0; stage < 2; ++stage) {
            end->at_mV[stage] = end->before_mV + moved_mV[stage] + end->beyond_mV[stage];
        }
    }
    if (edge.link != kNowhere) {
        move_edge_link(edge);
        return;
    }
    if (edge.child.is_due != edge.parent.is_due) {
        const EdgeEnd& own = edge.child.is_due ? edge.child : edge.parent;
        const EdgeEnd& other = edge.child.is_due ? edge.parent : edge.child;
        const auto flux_mV = [&](std::size_t stage) {
            return own.at_mV[stage] - other.at_mV[stage];
        };
        edge.pending_nA_ms +=
            edge.common_ms * edge.coupling_uS * ((1.0 - kGamma) * flux_mV(0) + kGamma * flux_mV(1));
    }
}

template class LaneSolver<double>;
template class LaneSolver<float>;

}  // namespace ranvier
