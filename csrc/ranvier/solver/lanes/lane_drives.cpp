// The drives of a LaneSolver: where their currents go, and how much in each stage.

#include <algorithm>
#include <limits>

#include "ranvier/solver/lanes/lane_solver.hpp"
#include "ranvier/solver/two_stage.hpp"

namespace ranvier {
namespace {

/// In nothing but that.
bool differ_in_factor(const Drive& a, const Drive& b) {
    return a.waveform.t_ms == b.waveform.t_ms && a.waveform.value == b.waveform.value &&
           a.compartment == b.compartment && a.weight_nA == b.weight_nA;
}

}  // namespace

template <class Real>
void LaneSolver<Real>::set_drives(std::size_t fibre, std::span<const Drive> drives) {
    FibreDrives& own = drives_[fibre];
    if (!window_ && std::ranges::equal(drives, own.drives, differ_in_factor)) {
        // A search does this again and again: what follows from the places is there.
        for (std::size_t drive = 0; drive < drives.size(); ++drive) {
            own.drives[drive].factor = drives[drive].factor;
            own.first[drive] = own.second[drive] = 0.0;
        }
        return;
    }
    own.drives.assign(drives.begin(), drives.end());
    own.steps.clear();
    own.rows.clear();
    own.links.clear();
    own.first.assign(drives.size(), 0.0);
    own.second.assign(drives.size(), 0.0);
    own.starts_ms.clear();
    own.ends_ms.clear();
    for (const Drive& drive : drives) {
        constexpr double kNever = std::numeric_limits<double>::infinity();
        const auto& t_ms = drive.waveform.t_ms;
        own.starts_ms.push_back(t_ms.empty() ? kNever : t_ms.front());
        own.ends_ms.push_back(t_ms.empty() ? -kNever : t_ms.back());
    }
    for (std::size_t drive = 0; drive < drives.size(); ++drive) {
        for (std::size_t k = 0; k < drives[drive].compartment.size(); ++k) {
            const std::size_t i = index(drives[drive].compartment[k]);
            const double weight_nA = drives[drive].weight_nA[k];
            if (const std::int32_t place = layout_.place[fibre][i]; place != kNowhere) {
                const auto after = std::ranges::upper_bound(layout_.blocks, index(place) / kLanes,
                                                            {}, &LaneBlock::first_slot);
                const auto b = static_cast<std::size_t>(after - layout_.blocks.begin()) - 1;
                own.rows.push_back({b, index(place), drive, weight_nA});
                continue;
            }
            // Into the axoplasm, so into the membrane potential's balance and the periaxonal one's.
            const std::size_t link = index(layout_.link_of[fibre][i]);
            const auto& compartments = layout_.links[link].compartment;
            const auto at = static_cast<std::size_t>(
                std::ranges::lower_bound(compartments, static_cast<std::int32_t>(i)) -
                compartments.begin());
            const LinkModes& modes = *links_[link].modes;
            // One term for all compartments of a link: those of a drive mostly stand together.
            if (own.links.empty() || own.links.back().link != link ||
                own.links.back().drive != drive) {
                own.links.push_back({link, drive, std::vector<double>(modes.size())});
            }
            std::vector<double>& weight = own.links.back().weight;
            for (std::size_t mode = 0; mode < modes.size(); ++mode) {
                weight[mode] +=
                    weight_nA * (modes.basis[at * modes.size() + mode] +
                                 modes.basis[(at + compartments.size()) * modes.size() + mode]);
            }
        }
    }
    std::ranges::stable_sort(own.links, {}, &LinkTerm::link);
    std::ranges::stable_sort(own.rows, {}, &RowTerm::block);
    if (window_ && !own.links.empty()) {
        shut_window();
    }
    drive_blocks_.assign(window_ ? drives.size() : 0, {});
    for (const RowTerm& term : own.rows) {
        if (window_ &&
            (drive_blocks_[term.drive].empty() || drive_blocks_[term.drive].back() != term.block)) {
            drive_blocks_[term.drive].push_back(static_cast<std::uint32_t>(term.block));
        }
    }
    for (auto& blocks : drive_blocks_) {
        blocks = blocks_within_reach(blocks);
    }
}

template <class Real>
void LaneSolver<Real>::evaluate_drives(std::size_t fibre, const LaneStep& step) noexcept {
    FibreDrives& own = drives_[fibre];
    own.is_on = false;
    if (step.is_parked) {
        return;
    }
    for (std::size_t k = 0; k < own.drives.size(); ++k) {
        if (step.to_ms <= own.starts_ms[k] || step.from_ms >= own.ends_ms[k]) {
            own.first[k] = own.second[k] = 0.0;
            continue;
        }
        const PiecewiseLinear& waveform = own.drives[k].waveform;
        if (method_ != LaneMethod::kStaggeredSdirk2) {
            const auto [mean, slope_per_ms] = waveform.line(step.from_ms, step.to_ms);
            const double rise = slope_per_ms * (step.to_ms - step.from_ms);
            own.first[k] = own.drives[k].factor * (mean + rise * (kGamma - 0.5));
            own.second[k] = own.drives[k].factor * (mean + rise * 0.5);
        } else {
            own.first[k] = own.drives[k].factor * waveform.mean(step.from_ms, step.to_ms);
            own.second[k] = own.first[k];
        }
        own.is_on = own.is_on || own.first[k] != 0.0 || own.second[k] != 0.0;
    }
    is_driven_ = is_driven_ || own.is_on;
}

template <class Real>
void LaneSolver<Real>::add_drives(std::size_t member, std::size_t b) noexcept {
    Real* const current_nA = sums(member).current_nA;
    for (const FibreDrives& own : drives_) {
        if (!own.is_on) {
            continue;
        }
        const auto range = std::ranges::equal_range(own.rows, b, {}, &RowTerm::block);
        for (const RowTerm& term : range) {
            current_nA[term.place - layout_.blocks[b].first_slot * kLanes] -=
                static_cast<Real>(own.first[term.drive] * term.weight_nA);
        }
    }
}

/// What the drives have in the second stage beyond the first.
template <class Real>
void LaneSolver<Real>::add_second_drives(std::size_t b) noexcept {
    for (const FibreDrives& own : drives_) {
        if (!own.is_on) {
            continue;
        }
        for (const RowTerm& term : std::ranges::equal_range(own.rows, b, {}, &RowTerm::block)) {
            second_[term.place] += static_cast<Real>(
                (own.second[term.drive] - own.first[term.drive]) * term.weight_nA);
        }
    }
}

template class LaneSolver<double>;
template class LaneSolver<float>;

}  // namespace ranvier
