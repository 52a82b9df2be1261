// Steps of unequal length in one cable: blocks where little happens take longer ones.
//
// All blocks whose step ends now are solved as one system, each with its own step. Where two
// neighbours do not stand at the same time, what flows between them is one flux, that of the time
// since the later of the two, as the side with the shorter step sees it:
//   - a neighbour that is not due is taken to go on as it went at the end of its last step, and
//     what flows is noted, to be given to it when it steps. So no charge is lost or made, which
//     matters more than the guess: on the foot of a spike nothing else moves its front;
//   - where both are due, the one with the longer step takes the flux for its share of the time,
//     beside what it has noted.
// How far a step was from a straight line, |u1/g - u2|/(1/2 - g) = h^2 |y''| of potentials and
// gates, is what the tolerance is about: it bounds what the guess is wrong by, and the error of the
// step itself is smaller by about h over the time constant.

#include <algorithm>
#include <cmath>

#include "ranvier/solver/lanes/lane_solver.hpp"
#include "ranvier/solver/two_stage.hpp"

namespace ranvier {
namespace {

/// What a gate counts against a millivolt: all of it as much as a spike.
constexpr double kGate_mV = 100.0;
/// An estimate beyond this many tolerances: back to every step, not one level.
constexpr double kFarOff = 4.0;

}  // namespace

template <class Real>
std::size_t LaneSolver<Real>::block_of(std::size_t place) const noexcept {
    const auto after =
        std::ranges::upper_bound(layout_.blocks, place / kLanes, {}, &LaneBlock::first_slot);
    return static_cast<std::size_t>(after - layout_.blocks.begin()) - 1;
}

template <class Real>
void LaneSolver<Real>::find_edges() {
    const std::size_t blocks = layout_.blocks.size();
    edge_of_run_.assign(small_.size(), kNowhere);
    block_edges_.assign(blocks, {});
    std::vector<std::vector<std::uint32_t>> neighbours(blocks);
    for (std::size_t j = 0; j < small_.size(); ++j) {
        if (small_[j].parent == kNowhere) {
            continue;
        }
        const std::size_t child = small_[j].lane / kLanes;
        const std::size_t parent = small_[index(small_[j].parent)].lane / kLanes;
        if (child == parent) {
            continue;
        }
        edge_of_run_[j] = static_cast<std::int32_t>(edges_.size());
        block_edges_[child].push_back(static_cast<std::uint32_t>(edges_.size()));
        block_edges_[parent].push_back(static_cast<std::uint32_t>(edges_.size()));
        edges_.push_back(
            {.run = j,
             .child = child,
             .parent = parent,
             .coupling_uS = static_cast<double>(coupling_uS_[small_[j].top + kLanes])});
        neighbours[child].push_back(static_cast<std::uint32_t>(parent));
        neighbours[parent].push_back(static_cast<std::uint32_t>(child));
    }
    for (auto& each : neighbours) {
        std::ranges::sort(each);
        each.erase(std::unique(each.begin(), each.end()), each.end());
    }
    window_.emplace(std::move(neighbours));
    is_saved_.assign(blocks, 0);
    at_ms_.assign(blocks, 0.0);
    at_tick_.assign(blocks, 0);
    block_ms_.assign(blocks, 0.0);
    next_ms_.assign(blocks, 0.0);
}

/// All blocks stand at the present, and step every time.
template <class Real>
void LaneSolver<Real>::restart_window(double t_ms, std::int64_t tick) {
    window_->wake_all();
    std::ranges::fill(at_ms_, t_ms);
    std::ranges::fill(at_tick_, tick);
    std::ranges::fill(block_ms_, 0.0);
    now_ms_ = t_ms;
    now_tick_ = tick;
    for (Edge& edge : edges_) {
        edge.charge_nA_ms = 0.0;
    }
}

/// Blocks whose drives change in this step or the next: they have to stand at the present when one
/// does, for their long steps have the drive as it is.
template <class Real>
void LaneSolver<Real>::wake_driven(const LaneStep& step) {
    const FibreDrives& own = drives_[0];
    for (std::size_t k = 0; k < own.drives.size(); ++k) {
        if (!own.drives[k].waveform.is_flat(step.from_ms,
                                            step.to_ms + 1.5 * window_choice_.dt_ms)) {
            for (const std::uint32_t b : drive_blocks_[k]) {
                window_->lower(b, 0);
            }
        }
    }
}

/// How fast the potential of a row goes at the end of its last step.
template <class Real>
double LaneSolver<Real>::slope_mV_per_ms(std::size_t b, std::size_t place) const noexcept {
    if (!(block_ms_[b] > 0.0)) {
        return 0.0;
    }
    return (static_cast<double>(second_[place]) - bend_at(place).bend) / block_ms_[b];
}

/// What a row has come to by now, if it stands at an earlier time.
template <class Real>
double LaneSolver<Real>::drift_mV(std::size_t place) const noexcept {
    if (!window_) {
        return 0.0;
    }
    const std::size_t b = block_of(place);
    return at_ms_[b] == now_ms_ ? 0.0 : slope_mV_per_ms(b, place) * (now_ms_ - at_ms_[b]);
}

/// Steps, neighbours and edges of the blocks in due_, for a step to `to_ms`.
template <class Real>
void LaneSolver<Real>::open_window(double to_ms, std::int64_t tick) noexcept {
    ++stamp_;
    due_runs_.clear();
    mixed_.clear();
    for (const std::uint32_t b : due_) {
        due_stamp_[b] = stamp_;
        if (saved_.is_kept && is_saved_[b] == 0) {
            save_block(b);
        }
        // As a number of steps where it is one, so that equal steps are equal to the last bit.
        const double length_ms =
            tick >= 0 && at_tick_[b] >= 0
                ? static_cast<double>(tick - at_tick_[b]) * window_choice_.dt_ms
                : to_ms - at_ms_[b];
        next_ms_[b] = length_ms;
        std::fill_n(&inverse_tau_[b * kLanes], kLanes,
                    static_cast<Real>(1.0 / (kGamma * length_ms)));
        for (const std::int32_t run : layout_.blocks[b].run) {
            if (run != kNowhere) {
                due_runs_.push_back(static_cast<std::uint32_t>(run));
            }
        }
    }
    std::ranges::sort(due_runs_);
    for (const std::uint32_t j : due_runs_) {
        const SmallRow& small = small_[j];
        if (small.parent != kNowhere && edge_of_run_[j] == kNowhere) {
            show_neighbours(small, static_cast<double>(v_mV_[small.above]),
                            static_cast<double>(v_mV_[small.top]), true, true);
        }
    }
    for (const std::uint32_t b : due_) {
        for (const std::uint32_t e : block_edges_[b]) {
            Edge& edge = edges_[e];
            if (edge.child == b || !is_due(edge.child)) {
                meet(edge, to_ms);
                if (edge.is_mixed) {
                    mixed_.push_back(e);
                }
            }
        }
    }
}

/// Into the slots above a run and below the one that it goes on in.
template <class Real>
void LaneSolver<Real>::show_neighbours(const SmallRow& small, double above_mV, double below_mV,
                                       bool to_child, bool to_parent) noexcept {
    if (to_child) {
        v_mV_[small.top + kLanes] = static_cast<Real>(above_mV);
    }
    for (std::size_t place = small.above;
         to_parent && !small.joins_single && place != small.last_below;) {
        place -= kLanes;
        v_mV_[place] = static_cast<Real>(below_mV);
    }
}

template <class Real>
void LaneSolver<Real>::meet(Edge& edge, double to_ms) noexcept {
    struct End {
        bool is_due;
        double at_ms;
        double v_mV;
        double slope_mV_per_ms;
        double step_ms;
    };
    const SmallRow& small = small_[edge.run];
    const auto end_of = [&](std::size_t b, std::size_t place) {
        return End{is_due(b), at_ms_[b], static_cast<double>(v_mV_[place]),
                   slope_mV_per_ms(b, place), next_ms_[b]};
    };
    const End child = end_of(edge.child, small.top);
    const End parent = end_of(edge.parent, small.above);
    edge.child_nA = edge.parent_nA = edge.child_later_nA = edge.parent_later_nA = 0.0;
    edge.is_mixed = !(child.is_due && parent.is_due && child.at_ms == parent.at_ms);
    edge.child_share = edge.parent_share = 1.0;
    edge.child_sees_mV = {parent.v_mV, parent.v_mV};
    edge.parent_sees_mV = {child.v_mV, child.v_mV};
    if (edge.is_mixed) {
        const double from_ms = std::max(child.at_ms, parent.at_ms);
        edge.common_ms = to_ms - from_ms;
        const double stage_ms = from_ms + kGamma * edge.common_ms;
        // Where an end is at the time of each stage of the flux, beyond its own stage.
        const auto beyond_mV = [&](const End& end) {
            const double own_ms = end.is_due ? end.at_ms + kGamma * end.step_ms : end.at_ms;
            return std::array{end.slope_mV_per_ms * (stage_ms - own_ms),
                              end.is_due ? 0.0 : end.slope_mV_per_ms * (to_ms - end.at_ms)};
        };
        const auto of_child_mV = beyond_mV(child);
        const auto of_parent_mV = beyond_mV(parent);
        const auto difference = [](double v_mV, const std::array<double, 2>& other,
                                   const std::array<double, 2>& own, bool is_own_due) {
            return std::array{v_mV + other[0] - (is_own_due ? own[0] : 0.0), v_mV + other[1]};
        };
        edge.child_sees_mV = difference(parent.v_mV, of_parent_mV, of_child_mV, child.is_due);
        edge.parent_sees_mV = difference(child.v_mV, of_child_mV, of_parent_mV, parent.is_due);
        if (child.is_due) {
            edge.child_share = edge.common_ms / child.step_ms;
            edge.child_later_nA = edge.child_share * edge.coupling_uS *
                                  (edge.child_sees_mV[1] - edge.child_sees_mV[0]);
        }
        if (parent.is_due) {
            edge.parent_share = edge.common_ms / parent.step_ms;
            edge.parent_later_nA = edge.parent_share * edge.coupling_uS *
                                   (edge.parent_sees_mV[1] - edge.parent_sees_mV[0]);
            if (!child.is_due) {
                below_mV_[small_[index(small.parent)].lane] = Real(0);
            }
        }
        // What has been noted is for the one that stands at the earlier time.
        if (child.at_ms < parent.at_ms && child.is_due) {
            edge.child_nA = -edge.charge_nA_ms / child.step_ms;
            edge.charge_nA_ms = 0.0;
        } else if (parent.at_ms < child.at_ms && parent.is_due) {
            edge.parent_nA = edge.charge_nA_ms / parent.step_ms;
            edge.charge_nA_ms = 0.0;
        }
    }
    if (child.is_due) {
        coupling_uS_[small.top + kLanes] = static_cast<Real>(edge.child_share * edge.coupling_uS);
    }
    if (parent.is_due && !small.joins_single) {
        coupling_uS_[small.above] = static_cast<Real>(edge.parent_share * edge.coupling_uS);
    }
    show_neighbours(small, edge.child_sees_mV[0], edge.parent_sees_mV[0], child.is_due,
                    parent.is_due);
}

template <class Real>
void LaneSolver<Real>::add_edges(std::size_t member, std::size_t b) noexcept {
    Real* const current_nA = sums(member).current_nA;
    const std::size_t first = layout_.blocks[b].first_slot * kLanes;
    for (const std::uint32_t e : block_edges_[b]) {
        const Edge& edge = edges_[e];
        const SmallRow& small = small_[edge.run];
        if (edge.child == b) {
            current_nA[small.top - first] -= static_cast<Real>(edge.child_nA);
        } else if (!small.joins_single) {
            current_nA[small.above - first] -= static_cast<Real>(edge.parent_nA);
        }
    }
}

template <class Real>
void LaneSolver<Real>::add_second_edges(std::size_t b) noexcept {
    for (const std::uint32_t e : block_edges_[b]) {
        const Edge& edge = edges_[e];
        const SmallRow& small = small_[edge.run];
        if (edge.child == b) {
            second_[small.top] += static_cast<Real>(edge.child_later_nA);
        } else if (!small.joins_single) {
            second_[small.above] += static_cast<Real>(edge.parent_later_nA);
        }
    }
}

/// Notes what has flowed to blocks that were not due, and chooses the steps that come.
template <class Real>
void LaneSolver<Real>::close_window(double to_ms, std::int64_t tick) noexcept {
    for (const std::uint32_t e : mixed_) {
        Edge& edge = edges_[e];
        const bool of_child = is_due(edge.child);
        if (of_child == is_due(edge.parent)) {
            continue;
        }
        const std::size_t place = of_child ? small_[edge.run].top : small_[edge.run].above;
        const auto& sees_mV = of_child ? edge.child_sees_mV : edge.parent_sees_mV;
        const auto u1 = static_cast<double>(first_[place]);
        const auto u2 = static_cast<double>(second_[place]);
        const double before_mV = static_cast<double>(v_mV_[place]) - u2;
        const double into_nA = edge.coupling_uS * ((1.0 - kGamma) * (sees_mV[0] - before_mV - u1) +
                                                   kGamma * (sees_mV[1] - before_mV - u2));
        edge.charge_nA_ms += (of_child ? -1.0 : 1.0) * edge.common_ms * into_nA;
    }
    before_ms_ = now_ms_;
    now_ms_ = to_ms;
    now_tick_ = tick;
    window_sums_.solved += due_.size();
    constexpr double kPerBend = 1.0 / (kGamma * (0.5 - kGamma));
    const double tolerance_mV = window_choice_.tolerance_mV;
    const auto error_mV = [&](std::uint32_t b) {
        return kPerBend * std::max(seen_[b].bend_mV, kGate_mV * gate_bend_[b]);
    };
    for (const std::uint32_t b : due_) {
        at_ms_[b] = to_ms;
        at_tick_[b] = tick;
        block_ms_[b] = next_ms_[b];
        const double error = error_mV(b);
        if (window_->level(b) > 0) {
            window_sums_.worst_mV = std::max(window_sums_.worst_mV, error);
        }
        if (!(error <= tolerance_mV)) {
            window_->lower(
                b, error <= kFarOff * tolerance_mV ? std::max(0, window_->level(b) - 1) : 0);
        }
    }
    for (const std::uint32_t b : due_) {
        // Twice the step has four times the error.
        const double whole_ms = window_choice_.dt_ms * static_cast<double>(1 << window_->level(b));
        if (4.0 * error_mV(b) <= tolerance_mV && block_ms_[b] > 0.75 * whole_ms) {
            window_->raise(b, tick);
        }
    }
}

template <class Real>
void LaneSolver<Real>::catch_up() noexcept {
    if (!window_) {
        return;
    }
    due_.clear();
    for (std::size_t b = 0; b < at_ms_.size(); ++b) {
        if (at_ms_[b] != now_ms_) {
            due_.push_back(static_cast<std::uint32_t>(b));
        }
    }
    if (due_.empty()) {
        return;
    }
    // Their drives have not changed, or they would stand at the present.
    evaluate_drives(0, {.from_ms = now_ms_ - window_choice_.dt_ms, .to_ms = now_ms_});
    const double before_ms = before_ms_;
    open_window(now_ms_, now_tick_);
    take_step();
    close_window(now_ms_, now_tick_);
    before_ms_ = before_ms;
}

template <class Real>
void LaneSolver<Real>::settle() {
    if (window_) {
        catch_up();
        restart_window(now_ms_, now_tick_);
    }
}

template <class Real>
double LaneSolver<Real>::share_solved() const noexcept {
    return window_sums_.passed == 0 ? 1.0
                                    : static_cast<double>(window_sums_.solved) /
                                          static_cast<double>(window_sums_.passed);
}

template class LaneSolver<double>;
template class LaneSolver<float>;

}  // namespace ranvier
