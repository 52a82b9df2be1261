// The small system of a LaneSolver: one unknown per run, that at its proximal end. A tree, and so
// few unknowns that one after the other will do (Hines 1984, doi:10.1016/0020-7101(84)90008-4).

#include "ranvier/solver/lanes/lane_solver.hpp"
#include "ranvier/solver/two_stage.hpp"

namespace ranvier {
template <class Real>
void LaneSolver<Real>::solve_system(bool factors) noexcept {
    for (std::size_t k = due_runs_.size(); k-- > 0;) {
        const std::size_t j = due_runs_[k];
        if (factors) {
            pivot_[j] = 1.0 / pivot_[j];
        }
        if (has_due_parent(j)) {
            const std::size_t parent = index(small_[j].parent);
            const double weight = back_uS_[j] * pivot_[j];
            current_nA_[parent] += weight * current_nA_[j];
            if (factors) {
                pivot_[parent] -= weight * joint_uS_[j];
            }
        }
    }
    for (const std::uint32_t j : due_runs_) {
        const SmallRow& small = small_[j];
        double x = pivot_[j] * current_nA_[j];
        if (has_due_parent(j)) {
            x += joint_uS_[j] * pivot_[j] * current_nA_[index(small.parent)];
            below_mV_[small_[index(small.parent)].lane] = static_cast<Real>(x);
        }
        current_nA_[j] = x;
        top_mV_[small.lane] = static_cast<Real>(x);
    }
}

template <class Real>
void LaneSolver<Real>::first_system() noexcept {
    for (const std::uint32_t j : due_runs_) {
        pivot_[j] = static_cast<double>(top_uS_[small_[j].lane]);
        current_nA_[j] = static_cast<double>(top_nA_[small_[j].lane]);
        side_nA_[j] = 0.0;
        later_nA_[j] = 0.0;
    }
    for (const std::uint32_t j : due_runs_) {
        if (!has_due_parent(j) || is_mixed(j)) {
            continue;
        }
        const SmallRow& small = small_[j];
        const std::size_t parent = index(small.parent);
        const std::size_t lane = small_[parent].lane;
        if (!small.joins_single) {
            joint_uS_[j] = back_uS_[j] = static_cast<double>(top_fill_uS_[lane]);
            pivot_[j] -= static_cast<double>(below_uS_[lane]);
            current_nA_[j] += static_cast<double>(below_nA_[lane]);
            continue;
        }
        // The lane of a run of one row knows nothing of what lies below it.
        const double coupling_uS = this->coupling_uS(small.lane / kLanes, small.top + kLanes);
        double into_nA = coupling_uS * static_cast<double>(v_mV_[small.top] - v_mV_[small.above]);
        if (!links_.empty()) {
            into_nA += static_cast<double>(link_upper_nA_[small.top]);
        }
        joint_uS_[j] = back_uS_[j] = coupling_uS;
        pivot_[parent] += coupling_uS;
        side_nA_[parent] += into_nA;
        current_nA_[parent] += into_nA;
    }
    for (const std::uint32_t e : met_) {
        if (edges_[e].is_mixed) {
            join_mixed(edges_[e]);
        }
    }
    solve_system(true);
}

/// Of two runs that do not step alike: a child in whose row the parent counts as much as its own
/// share of the time says, and the other way round.
template <class Real>
void LaneSolver<Real>::join_mixed(const Edge& edge) noexcept {
    const std::size_t j = edge.run;
    const SmallRow& small = small_[j];
    if (small.joins_single && edge.parent.is_due) {
        const std::size_t parent = index(small.parent);
        const double coupling_uS = edge.parent.share * edge.coupling_uS;
        const double sees_mV =
            edge.child.before_mV + edge.child.beyond_mV[0] - edge.parent.beyond_mV[0];
        const double into_nA = coupling_uS * (sees_mV - edge.parent.before_mV) + edge.parent.nA;
        pivot_[parent] += coupling_uS;
        current_nA_[parent] += into_nA;
        side_nA_[parent] += into_nA;
        later_nA_[parent] += edge.parent.later_nA;
        back_uS_[j] = coupling_uS;
        joint_uS_[j] = edge.child.share * edge.coupling_uS;
    } else if (edge.parent.is_due && edge.child.is_due) {
        const std::size_t lane = small_[index(small.parent)].lane;
        const double ratio = edge.child.share / edge.parent.share;
        back_uS_[j] = static_cast<double>(top_fill_uS_[lane]);
        joint_uS_[j] = ratio * back_uS_[j];
        pivot_[j] -= ratio * static_cast<double>(below_uS_[lane]);
        current_nA_[j] += ratio * static_cast<double>(below_nA_[lane]);
    }
}

template <class Real>
void LaneSolver<Real>::second_system() noexcept {
    for (const std::uint32_t j : due_runs_) {
        current_nA_[j] = static_cast<double>(top_nA_[small_[j].lane]) + side_nA_[j] + later_nA_[j];
    }
    for (const std::uint32_t j : due_runs_) {
        if (!has_due_parent(j)) {
            continue;
        }
        const SmallRow& small = small_[j];
        const std::size_t parent = index(small.parent);
        if (!small.joins_single) {
            const double ratio = joint_uS_[j] == back_uS_[j] ? 1.0 : joint_uS_[j] / back_uS_[j];
            current_nA_[j] += ratio * static_cast<double>(below_nA_[small_[parent].lane]);
        }
        if (!links_.empty() && !(window_ && edge_of_run_[j] != kNowhere)) {
            const double tau_ms = window_ ? kGamma * next_ms_[small.lane / kLanes]
                                          : tau_ms_[index(layout_.runs[j].fibre)];
            const double echo_per_ms = kEcho / tau_ms;
            const auto at_top = static_cast<double>(v_mV_[small.top] + first_[small.top]);
            const auto at_above = static_cast<double>(v_mV_[small.above] + first_[small.above]);
            const auto across = static_cast<double>(link_across2_[small.top]);
            current_nA_[j] += echo_per_ms * across * at_above;
            if (small.joins_single) {
                current_nA_[parent] +=
                    echo_per_ms *
                    (across * at_top + static_cast<double>(link_upper2_[small.top]) * at_above -
                     static_cast<double>(link_upper_echo_[small.top]));
            }
        }
    }
    for (const std::uint32_t e : met_) {
        const Edge& edge = edges_[e];
        if (edge.link != kNowhere && edge.child.is_due) {
            const auto moved_mV =
                edge.parent.is_due ? static_cast<double>(first_[edge.parent.place]) : 0.0;
            const double parent_mV = edge.parent.before_mV + moved_mV + edge.parent.beyond_mV[0];
            current_nA_[edge.run] +=
                kEcho / (kGamma * next_ms_[edge.child.block]) * edge.sums.across2 * parent_mV;
        }
    }
    solve_system(false);
}

template class LaneSolver<double>;
template class LaneSolver<float>;

}  // namespace ranvier
