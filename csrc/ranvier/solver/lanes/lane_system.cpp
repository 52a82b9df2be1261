// The small system of a LaneSolver: one unknown per run, that at its proximal end. A tree, and so
// few unknowns that one after the other will do (Hines 1984, doi:10.1016/0020-7101(84)90008-4).

#include "ranvier/solver/lanes/lane_solver.hpp"
#include "ranvier/solver/two_stage.hpp"

namespace ranvier {
template <class Real>
void LaneSolver<Real>::solve_system(bool factors) noexcept {
    for (std::size_t j = small_.size(); j-- > 0;) {
        if (factors) {
            pivot_[j] = 1.0 / pivot_[j];
        }
        if (const std::int32_t parent = small_[j].parent; parent != kNowhere) {
            const double weight = joint_uS_[j] * pivot_[j];
            current_nA_[index(parent)] += weight * current_nA_[j];
            if (factors) {
                pivot_[index(parent)] -= weight * joint_uS_[j];
            }
        }
    }
    for (std::size_t j = 0; j < small_.size(); ++j) {
        const SmallRow& small = small_[j];
        double x = pivot_[j] * current_nA_[j];
        if (small.parent != kNowhere) {
            x += joint_uS_[j] * pivot_[j] * current_nA_[index(small.parent)];
            below_mV_[small_[index(small.parent)].lane] = static_cast<Real>(x);
        }
        current_nA_[j] = x;
        top_mV_[small.lane] = static_cast<Real>(x);
    }
}

template <class Real>
void LaneSolver<Real>::first_system() noexcept {
    for (std::size_t j = 0; j < small_.size(); ++j) {
        pivot_[j] = static_cast<double>(top_uS_[small_[j].lane]);
        current_nA_[j] = static_cast<double>(top_nA_[small_[j].lane]);
        side_nA_[j] = 0.0;
    }
    for (std::size_t j = 0; j < small_.size(); ++j) {
        const SmallRow& small = small_[j];
        if (small.parent == kNowhere) {
            continue;
        }
        const std::size_t parent = index(small.parent);
        const std::size_t lane = small_[parent].lane;
        if (!small.joins_single) {
            joint_uS_[j] = static_cast<double>(top_fill_uS_[lane]);
            pivot_[j] -= static_cast<double>(below_uS_[lane]);
            current_nA_[j] += static_cast<double>(below_nA_[lane]);
            continue;
        }
        // The lane of a run of one row knows nothing of what lies below it.
        const auto coupling_uS = static_cast<double>(coupling_uS_[small.top + kLanes]);
        double into_nA = coupling_uS * static_cast<double>(v_mV_[small.top] - v_mV_[small.above]);
        if (!links_.empty()) {
            into_nA += static_cast<double>(link_upper_nA_[small.top]);
        }
        joint_uS_[j] = coupling_uS;
        pivot_[parent] += coupling_uS;
        side_nA_[parent] += into_nA;
        current_nA_[parent] += into_nA;
    }
    solve_system(true);
}

template <class Real>
void LaneSolver<Real>::second_system() noexcept {
    for (std::size_t j = 0; j < small_.size(); ++j) {
        current_nA_[j] = static_cast<double>(top_nA_[small_[j].lane]) + side_nA_[j];
    }
    for (std::size_t j = 0; j < small_.size(); ++j) {
        const SmallRow& small = small_[j];
        if (small.parent == kNowhere) {
            continue;
        }
        const std::size_t parent = index(small.parent);
        if (!small.joins_single) {
            current_nA_[j] += static_cast<double>(below_nA_[small_[parent].lane]);
        }
        if (!links_.empty()) {
            const double echo_per_ms = kEcho / tau_ms_[index(layout_.runs[j].fibre)];
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
    solve_system(false);
}

template class LaneSolver<double>;
template class LaneSolver<float>;

}  // namespace ranvier
