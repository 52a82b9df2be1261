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
#include <functional>
#include <limits>
#include <numeric>
#include <queue>
#include <utility>

#include "ranvier/solver/lanes/lane_solver.hpp"
#include "ranvier/solver/two_stage.hpp"

namespace ranvier {
namespace {

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
void LaneSolver<Real>::set_up_window() {
    const std::size_t blocks = layout_.blocks.size();
    edge_of_run_.assign(small_.size(), kNowhere);
    block_edges_.assign(blocks, {});
    group_of_.resize(blocks);
    std::iota(group_of_.begin(), group_of_.end(), std::uint32_t{0});
    const auto root_of = [&](std::size_t b) {
        while (group_of_[b] != b) {
            b = group_of_[b];
        }
        return b;
    };
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
        // What stores nothing cannot be behind, with nothing left to flow: its blocks go together.
        const auto holds = [&](std::size_t run) {
            return !(capacitance_nF_.at(small_[run].top) > Real(0));
        };
        if (holds(j) || holds(index(small_[j].parent))) {
            group_of_[root_of(child)] = static_cast<std::uint32_t>(root_of(parent));
        }
        Edge& edge = edges_.emplace_back();
        edge.run = j;
        edge.child.block = child;
        edge.child.place = small_[j].top;
        edge.parent.block = parent;
        edge.parent.place = small_[j].above;
        edge.coupling_uS = static_cast<double>(coupling_uS_[small_[j].top + kLanes]);
    }
    std::vector<std::uint32_t> number(blocks);
    group_blocks_.clear();
    for (std::size_t b = 0; b < blocks; ++b) {
        if (root_of(b) == b) {
            number[b] = static_cast<std::uint32_t>(group_blocks_.size());
            group_blocks_.emplace_back();
        }
    }
    std::vector<std::uint32_t> group_of(blocks);
    for (std::size_t b = 0; b < blocks; ++b) {
        group_of[b] = number[root_of(b)];
        group_blocks_[group_of[b]].push_back(static_cast<std::uint32_t>(b));
    }
    group_of_ = std::move(group_of);
    std::vector<std::vector<std::uint32_t>> neighbours(group_blocks_.size());
    for (const Edge& edge : edges_) {
        const std::uint32_t child = group_of_[edge.child.block];
        const std::uint32_t parent = group_of_[edge.parent.block];
        if (child != parent) {
            neighbours[child].push_back(parent);
            neighbours[parent].push_back(child);
        }
    }
    group_error_mV_.assign(group_blocks_.size(), -1.0);
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
    set_up_window_links();
}

/// From now on everything is solved in every step.
template <class Real>
void LaneSolver<Real>::shut_window() {
    window_.reset();
    due_.resize(layout_.blocks.size());
    due_runs_.resize(layout_.runs.size());
    std::iota(due_.begin(), due_.end(), 0U);
    if (!v_mV_.empty()) {
        share_work();
    }
    std::iota(due_runs_.begin(), due_runs_.end(), 0U);
    std::ranges::fill(due_stamp_, stamp_);
    std::ranges::fill(tau_ms_, 0.0);  // all constants are to be set
}

/// All blocks stand at the present, and step every time.
template <class Real>
void LaneSolver<Real>::restart_window(double t_ms, std::int64_t tick) {
    window_->wake_all();
    std::ranges::fill(at_ms_, t_ms);
    std::ranges::fill(at_tick_, tick);
    std::ranges::fill(block_ms_, 0.0);
    now_ms_ = before_ms_ = t_ms;
    now_tick_ = tick;
    for (Edge& edge : edges_) {
        edge.pending_nA_ms = 0.0;
    }
    take_up_links();
}

/// After restart_window(), of a state that is at rest but for drives: what these act on steps every
/// time, the rest is left alone until a wave comes.
template <class Real>
void LaneSolver<Real>::rest_window() {
    window_->rest_all();
    evaluate_drives(0, {.from_ms = now_ms_, .to_ms = now_ms_ + window_choice_.dt_ms});
    for (std::size_t k = 0; k < drive_blocks_.size(); ++k) {
        if (drives_[0].first[k] != 0.0 || drives_[0].second[k] != 0.0) {
            for (const std::uint32_t b : drive_blocks_[k]) {
                window_->lower(group_of_[b], 0);
            }
        }
    }
}

/// Blocks whose drives change in this step or the next: they have to stand at the present when one
/// does, for their long steps have the drive as it is.
template <class Real>
void LaneSolver<Real>::wake_driven(const LaneStep& step) {
    const FibreDrives& own = drives_[0];
    // Within rounding, a jump at the end of the step before belongs to this one.
    const double slack_ms = 1e-6 * window_choice_.dt_ms;
    const double from_ms = step.from_ms - slack_ms;
    const double to_ms = step.to_ms + 1.5 * window_choice_.dt_ms;
    for (std::size_t k = 0; k < own.drives.size(); ++k) {
        const bool is_near = to_ms >= own.starts_ms[k] && from_ms <= own.ends_ms[k];
        if (is_near && !own.drives[k].waveform.is_flat(from_ms, to_ms)) {
            for (const std::uint32_t b : drive_blocks_[k]) {
                window_->lower(group_of_[b], 0);
            }
        }
    }
}

/// The blocks that feel a jump of currents into some rows within a step: until what the first step
/// makes of it, which falls along the axoplasm by exp(acosh(1 + C/(2 g dt G))) from row to row, is
/// out of sight.
template <class Real>
std::vector<std::uint32_t> LaneSolver<Real>::blocks_within_reach(
    const std::vector<std::uint32_t>& driven) const {
    constexpr double kFar = 23.0;  // 1e-10
    std::vector<double> across(small_.size(), 0.0);
    std::vector<std::vector<std::size_t>> children(small_.size());
    double through_link_uS = 0.0;  // the most that any lets pass within a step
    for (const LinkModes* modes : distinct_modes_) {
        through_link_uS =
            std::max(through_link_uS, sums_of(*modes, kGamma * window_choice_.dt_ms).across);
    }
    for (std::size_t j = 0; j < small_.size(); ++j) {
        for (std::size_t place = small_[j].top;; place -= kLanes) {
            const double coupling_uS =
                links_.empty() ? static_cast<double>(coupling_uS_[place]) : through_link_uS;
            if (layout_.compartment_at[place] == kNowhere) {
                break;
            }
            if (coupling_uS > 0.0) {
                across[j] +=
                    std::acosh(1.0 + static_cast<double>(capacitance_nF_.at(place)) /
                                         (2.0 * kGamma * window_choice_.dt_ms * coupling_uS));
            }
            if (place < kLanes) {
                break;
            }
        }
        if (small_[j].parent != kNowhere) {
            children[index(small_[j].parent)].push_back(j);
        }
    }
    // How far the near and the far end of each run are.
    std::vector<double> far_off(small_.size(), std::numeric_limits<double>::infinity());
    using Visit = std::pair<double, std::size_t>;
    std::priority_queue<Visit, std::vector<Visit>, std::greater<>> waiting;
    for (const std::uint32_t b : driven) {
        for (const std::int32_t run : layout_.blocks[b].run) {
            if (run != kNowhere) {
                far_off[index(run)] = 0.0;
                waiting.emplace(0.0, index(run));
            }
        }
    }
    std::vector<std::uint8_t> is_reached(layout_.blocks.size(), 0);
    while (!waiting.empty()) {
        const auto [at, j] = waiting.top();
        waiting.pop();
        if (at > far_off[j]) {
            continue;
        }
        is_reached[small_[j].lane / kLanes] = 1;
        const double beyond = at == 0.0 ? 0.0 : at + across[j];
        const auto reach = [&](std::size_t other, double distance) {
            distance = std::max(distance, 1e-300);
            if (distance < kFar && distance < far_off[other]) {
                far_off[other] = distance;
                waiting.emplace(distance, other);
            }
        };
        if (small_[j].parent != kNowhere) {
            reach(index(small_[j].parent), beyond);
            // Siblings hang on the same end.
            for (const std::size_t sibling : children[index(small_[j].parent)]) {
                reach(sibling, beyond);
            }
        }
        for (const std::size_t child : children[j]) {
            reach(child, beyond);
        }
    }
    std::vector<std::uint32_t> blocks;
    for (std::size_t b = 0; b < is_reached.size(); ++b) {
        if (is_reached[b] != 0) {
            blocks.push_back(static_cast<std::uint32_t>(b));
        }
    }
    return blocks;
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

/// What a gate that was `x` at the end of its block's last step has come to by now: the solution of
/// its equation with a rate that is constant and a steady state that goes straight, so that fast
/// gates follow the potential and slow ones go on.
template <class Real>
double LaneSolver<Real>::drifted_gate(std::size_t mechanism, std::size_t gate, std::size_t row,
                                      double x) const noexcept {
    const SystemMechanism& bound = systems_[0]->mechanisms()[mechanism];
    const std::size_t place = index(layout_.place[0][index(bound.table->compartment[row])]);
    const double passed_ms = now_ms_ - at_ms_[block_of(place)];
    if (passed_ms == 0.0) {
        return x;
    }
    const std::size_t count = bound.mechanism->info.gates.size();
    std::array<double, BoundRows::kMostGates> gates{};
    std::array<double*, BoundRows::kMostGates> gate_pointers{};
    for (std::size_t g = 0; g < count; ++g) {
        gate_pointers[g] = &gates[g];
    }
    const BoundRows one(bound, std::span(gate_pointers).first(count), row);
    const Rows& single = one.rows();
    const MechanismKernels& kernels = bound.mechanism->kernels;
    const auto then_mV = static_cast<double>(v_mV_[place]);
    const double now_mV = then_mV + drift_mV(place);
    const double mean_mV = 0.5 * (then_mV + now_mV);
    if (bound.mechanism->expressions != nullptr) {
        // States may depend on each other, and on themselves in any way.
        for (std::size_t g = 0; g < count; ++g) {
            gates[g] =
                static_cast<double>(mechanisms_[mechanism].gate[gate_place(0, mechanism, g, row)]);
        }
        kernels.advance(single, &mean_mV, passed_ms);
        return gates[gate];
    }
    kernels.steady_state(single, &then_mV);
    const double steady_then = gates[gate];
    kernels.steady_state(single, &now_mV);
    const double steady_now = gates[gate];
    // From 1 and from 0 a gate comes to what is left of the difference.
    gates.fill(1.0);
    kernels.advance(single, &mean_mV, passed_ms);
    double left = gates[gate];
    gates.fill(0.0);
    kernels.advance(single, &mean_mV, passed_ms);
    left = std::clamp(left - gates[gate], 0.0, 1.0);
    const double lag = left == 0.0 ? 0.0 : left == 1.0 ? 1.0 : (left - 1.0) / std::log(left);
    return steady_now + (x - steady_then) * left - (steady_now - steady_then) * lag;
}

/// Steps, neighbours and edges of the blocks in due_, for a step to `to_ms`.
template <class Real>
void LaneSolver<Real>::open_window(double to_ms, std::int64_t tick) noexcept {
    ++stamp_;
    share_work();
    due_runs_.clear();
    met_.clear();
    for (const std::uint32_t b : due_) {
        due_stamp_[b] = stamp_;
        if (saved_.is_kept && is_saved_[b] == 0) {
            save_block(b);
        }
        // As a number of steps where it is one, so that equal steps are equal to the last bit.
        next_ms_[b] = tick >= 0 && at_tick_[b] >= 0
                          ? static_cast<double>(tick - at_tick_[b]) * window_choice_.dt_ms
                          : to_ms - at_ms_[b];
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
            const std::int32_t run = layout_.blocks[b].run[lane];
            if (run != kNowhere) {  // empty lanes stay parked
                inverse_tau_[b * kLanes + lane] = static_cast<Real>(1.0 / (kGamma * next_ms_[b]));
                due_runs_.push_back(static_cast<std::uint32_t>(run));
            }
        }
        if (!links_.empty()) {
            set_block_links(b);
        }
    }
    std::ranges::sort(due_runs_);
    join_runs();
    for (const std::uint32_t b : due_) {
        for (const std::uint32_t e : block_edges_[b]) {
            Edge& edge = edges_[e];
            if (edge.child.block == b || !is_due(edge.child.block)) {
                met_.push_back(e);
                meet(edge, to_ms, tick);
            }
        }
    }
}

/// Runs of one block with each other.
template <class Real>
void LaneSolver<Real>::join_runs() noexcept {
    for (const std::uint32_t j : due_runs_) {
        const SmallRow& small = small_[j];
        if (small.parent == kNowhere || edge_of_run_[j] != kNowhere) {
            continue;
        }
        show_neighbours(small, static_cast<double>(v_mV_[small.above]),
                        static_cast<double>(v_mV_[small.top]), true, true);
        if (!links_.empty()) {
            first_[small.top + kLanes] = first_[small.above];
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

/// Brings links and edges to the end of the step, and chooses the steps that come.
template <class Real>
void LaneSolver<Real>::close_window(double to_ms, std::int64_t tick) noexcept {
    for (const std::uint32_t e : met_) {
        settle_edge(edges_[e]);
    }
    if (!links_.empty()) {
        join_runs();
        for (const std::uint32_t b : due_) {
            step_block_links(b, true);
        }
        for (const std::uint32_t e : met_) {
            show_link(edges_[e]);
        }
    }
    before_ms_ = now_ms_;
    now_ms_ = to_ms;
    now_tick_ = tick;
    window_sums_.solved += due_.size();
    constexpr double kPerBend = 1.0 / (kGamma * (0.5 - kGamma));
    const double tolerance_mV = window_choice_.tolerance_mV;
    due_groups_.clear();
    for (const std::uint32_t b : due_) {
        at_ms_[b] = to_ms;
        at_tick_[b] = tick;
        block_ms_[b] = next_ms_[b];
        const double error_mV = kPerBend * bend_mV_[b];
        double& of_group_mV = group_error_mV_[group_of_[b]];
        if (of_group_mV == -1.0) {
            due_groups_.push_back(group_of_[b]);
        }
        of_group_mV = std::max(of_group_mV, error_mV);
    }
    for (const std::uint32_t g : due_groups_) {
        const double error_mV = group_error_mV_[g];
        if (window_->level(g) > 0) {
            window_sums_.worst_mV = std::max(window_sums_.worst_mV, error_mV);
        }
        if (!(error_mV <= tolerance_mV)) {
            window_->lower(
                g, error_mV <= kFarOff * tolerance_mV ? std::max(0, window_->level(g) - 1) : 0);
        }
    }
    for (const std::uint32_t g : due_groups_) {
        // Twice the step has four times the error.
        const double whole_ms = window_choice_.dt_ms * static_cast<double>(1 << window_->level(g));
        if (4.0 * group_error_mV_[g] <= tolerance_mV &&
            block_ms_[group_blocks_[g].front()] > 0.75 * whole_ms) {
            window_->raise(g, tick);
        }
        group_error_mV_[g] = -1.0;
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
void LaneSolver<Real>::settle(std::vector<LaneCrossing>& crossings) {
    if (window_) {
        catch_up();
        see(crossings);
        restart_window(now_ms_, now_tick_);
    }
    if (ions_) {
        settle_ions();
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
