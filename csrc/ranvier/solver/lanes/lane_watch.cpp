// Spikes of a LaneSolver: where it looks for them, and what it sees.

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#include "ranvier/solver/lanes/lane_solver.hpp"
#include "ranvier/solver/two_stage.hpp"

namespace ranvier {
template <class Real>
void LaneSolver<Real>::watch(std::size_t fibre, std::span<const Detector> detectors) {
    const auto is_own = [&](const auto& watch) { return index(watch.crossing.fibre) == fibre; };
    std::erase_if(row_watch_, is_own);
    std::erase_if(link_watch_, is_own);
    const auto& place = layout_.place[fibre];
    // The first detector looks at whole packs, a fraction of a nanosecond per row; further ones,
    // which are rare and look at few places, at one row after the other.
    std::vector<double> threshold_mV(place.size(), std::numeric_limits<double>::infinity());
    for (std::size_t k = 0; k < detectors.size(); ++k) {
        for (const std::int32_t i : detectors[k].compartment) {
            const LaneCrossing crossing{static_cast<std::int32_t>(fibre), i,
                                        static_cast<std::int32_t>(k), 1.0};
            // A compartment that is named twice is seen twice.
            if (k == 0 && !std::isfinite(threshold_mV[index(i)])) {
                threshold_mV[index(i)] = detectors[k].threshold_mV;
            } else if (place[index(i)] == kNowhere) {
                const std::size_t link = index(layout_.link_of[fibre][index(i)]);
                link_watch_.push_back({link, place_in_link(link, index(i)), crossing,
                                       detectors[k].threshold_mV, 0.0});
            } else {
                row_watch_.push_back(
                    {index(place[index(i)]), crossing, detectors[k].threshold_mV, 0.0});
            }
        }
    }
    constexpr double kUnwatched = std::numeric_limits<double>::infinity();
    const double some_mV = detectors.empty() ? kUnwatched : detectors[0].threshold_mV;
    // Where there are other fibres, they have not said yet what they want.
    const double others_mV = systems_.size() > 1 ? kUnwatched : some_mV;
    if (!is_watched_ && !detectors.empty()) {
        is_watched_ = true;
        has_crossed_.assign(layout_.slots, 0);
        threshold_mV_.assign(layout_.slots, others_mV);
    }
    for (std::size_t i = 0; is_watched_ && i < place.size(); ++i) {
        if (place[i] != kNowhere) {
            threshold_mV_.set(index(place[i]), threshold_mV[i]);
        }
    }
    const auto is_watched_link = [&](std::size_t i) {
        return place[i] == kNowhere && std::isfinite(threshold_mV[i]);
    };
    bool are_some = are_links_watched_;
    for (std::size_t i = 0; !are_some && i < place.size(); ++i) {
        are_some = is_watched_link(i);
    }
    if (are_some && !are_links_watched_) {
        are_links_watched_ = true;
        const std::size_t all = link_slot_.size() * link_modes_ / 2;
        link_threshold_mV_.assign(all, others_mV);
        link_is_below_.assign(all, 0);
        link_has_crossed_.assign(all, 0);
        link_has_any_.assign(link_slot_.size(), 0);
        link_is_worn_.assign(link_slot_.size(), 0);
        for (Packs<Real>* array : {&link_moved_mV_, &link_limit_mV_, &link_rounding_mV_}) {
            array->assign(link_slot_.size() * kLanes, Real(0));
        }
        fill_watched_basis();
    }
    if (are_links_watched_ || !link_watch_.empty()) {
        keep_modes_before();
    }
    for (std::size_t l = 0; are_links_watched_ && l < links_.size(); ++l) {
        const LinkPlace& link = layout_.links[l];
        for (std::size_t k = 0; index(link.fibre) == fibre && k < link.compartment.size(); ++k) {
            link_threshold_mV_.set((links_[l].k * link_modes_ / 2 + k) * kLanes + links_[l].lane,
                                   threshold_mV[index(link.compartment[k])]);
        }
    }
}

/// From now on a step leaves the modes that it started from.
template <class Real>
void LaneSolver<Real>::keep_modes_before() {
    if (link_halves_ == 2) {
        return;
    }
    const auto each = static_cast<std::ptrdiff_t>(link_modes_ * kLanes);
    Packs<Real> twice(2 * link_state_.size(), Real(0));
    for (std::size_t k = 0; k < link_slot_.size(); ++k) {
        const auto pack = static_cast<std::ptrdiff_t>(k);
        std::copy_n(link_state_.begin() + pack * each, each, twice.begin() + 2 * pack * each);
    }
    link_state_ = std::move(twice);
    link_halves_ = 2;
}

/// The potentials of compartments per mode, in the order of the lanes.
template <class Real>
void LaneSolver<Real>::fill_watched_basis() {
    const std::size_t n = link_modes_ / 2;
    const std::size_t shown = are_mirrored_ ? (n + 1) / 2 : n;
    link_basis_.assign(kinds_.size() * shown * link_modes_ * kLanes, Real(0));
    // What is not there is far below any threshold.
    constexpr Real kFarBelow_mV = -1e9;
    link_basis_rest_.assign(kinds_.size() * n * kLanes, kFarBelow_mV);
    link_reach_.assign(kinds_.size() * link_modes_ * kLanes, Real(0));
    link_own_limit_mV_.assign(link_slot_.size() * shown * kLanes, Real(0));
    for (std::size_t kind = 0; kind < kinds_.size(); ++kind) {
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
            if (kinds_[kind][lane] == kNowhere) {
                continue;
            }
            const LinkModes& modes = *links_[index(kinds_[kind][lane])].modes;
            for (std::size_t i = 0; i < modes.compartments(); ++i) {
                link_basis_rest_[(kind * n + i) * kLanes + lane] =
                    static_cast<Real>(modes.rest_mV[i]);
                for (std::size_t mode = 0; mode < modes.size(); ++mode) {
                    const auto basis = static_cast<Real>(modes.basis[i * modes.size() + mode]);
                    Real& reach = link_reach_[(kind * link_modes_ + mode) * kLanes + lane];
                    reach = std::max(reach, std::abs(basis));
                    if (i < shown) {
                        link_basis_[((kind * shown + i) * link_modes_ + mode) * kLanes + lane] =
                            basis;
                    }
                }
            }
        }
    }
}

template <class Real>
void LaneSolver<Real>::watch_links() noexcept {
    const std::size_t n = link_modes_ / 2;
    const std::size_t shown = are_mirrored_ ? (n + 1) / 2 : n;
    team_->share(link_slot_.size(), [&](std::size_t, std::size_t from, std::size_t to) {
        const WatchedLinks<Real> links{
            .size = to - from,
            .modes = link_modes_,
            .even = link_even_,
            .is_mirrored = are_mirrored_,
            .kind = link_kind_.data() + from,
            .state = link_state_.data() + from * link_halves_ * link_modes_ * kLanes,
            .halves = link_halves_,
            .half = link_half_.data() + from,
            .reach = link_reach_.data(),
            .moved_mV = link_moved_mV_.data() + from * kLanes,
            .limit_mV = link_limit_mV_.data() + from * kLanes,
            .own_limit_mV = link_own_limit_mV_.data() + from * shown * kLanes,
            .rounding_mV = link_rounding_mV_.data() + from * kLanes,
            .is_worn = link_is_worn_.data() + from,
            .basis = link_basis_.data(),
            .rest = (ions_ ? ions_->each.data() : link_kind_.data()) + from,
            .rest_mV = ions_ ? ions_->watched_rest_mV.data() : link_basis_rest_.data(),
            .threshold_mV = link_threshold_mV_.from(from * n),
            .is_below = link_is_below_.data() + from * n,
            .has_crossed = link_has_crossed_.data() + from * n,
            .has_any = link_has_any_.data() + from,
        };
        kernels_->watch(links);
    });
}

/// Where no step led to the modes as they are: what is on which side of its threshold is found
/// anew, and nothing has crossed it.
template <class Real>
void LaneSolver<Real>::look_at_all_links() noexcept {
    if (are_links_watched_) {
        std::ranges::fill(link_is_worn_, kAltered);
        watch_links();
        std::ranges::fill(link_has_any_, std::uint8_t{0});
        std::ranges::fill(link_has_crossed_, std::uint8_t{0});
    }
}

/// The parabola of the two stages, as in methods/rosenbrock2.cpp.
template <class Real>
Bend LaneSolver<Real>::bend_at(std::size_t place) const noexcept {
    if (method_ == LaneMethod::kStaggeredSdirk2) {
        return {};
    }
    const auto u2 = static_cast<double>(second_[place]);
    const double before = static_cast<double>(v_mV_[place]) - u2;
    const double u1 = static_cast<double>(first_[place]) - (links_.empty() ? 0.0 : before);
    return {.bend = (1.0 - kGamma) * (u1 / kGamma - u2) / kGamma};
}

/// As bend_at(), from the modes.
template <class Real>
Bend LaneSolver<Real>::link_bend(std::size_t link, std::size_t compartment) const noexcept {
    if (method_ == LaneMethod::kStaggeredSdirk2 || link_halves_ == 1) {
        return {};
    }
    const Link& own = links_[link];
    const LinkModes& modes = *own.modes;
    const auto fibre = index(layout_.links[link].fibre);
    const double per_ms = 1.0 / (window_ ? kGamma * link_ms(link) : tau_ms_[fibre]);
    const std::size_t slot = index(link_slot_[own.k]);
    auto lower_mV = static_cast<double>(first_[slot * kLanes + own.lane]);
    auto upper_mV = static_cast<double>(first_[(slot + 1) * kLanes + own.lane]);
    if (window_ && edge_of_link_[link] != kNowhere) {
        const Edge& edge = edges_[index(edge_of_link_[link])];
        lower_mV = edge.child.at_mV[0];
        upper_mV = edge.parent.at_mV[0];
    }
    double u1 = 0.0;
    double u2 = 0.0;
    for (std::size_t mode = 0; mode < modes.size(); ++mode) {
        const auto before = static_cast<double>(link_state_[modes_before_at(own) + mode * kLanes]);
        double driven = modes.lower[mode] * lower_mV + modes.upper[mode] * upper_mV;
        for (const LinkTerm& term : drives_[fibre].links) {
            driven += term.link == link && drives_[fibre].is_on
                          ? term.weight[mode] * drives_[fibre].first[term.drive]
                          : 0.0;
        }
        const double rate = modes.rate_per_ms[mode];
        const double basis = modes.basis[compartment * modes.size() + mode];
        u1 += basis * (driven - rate * before) / (per_ms + rate);
        u2 += basis * (static_cast<double>(link_state_[modes_at(own) + mode * kLanes]) - before);
    }
    return {.bend = (1.0 - kGamma) * (u1 / kGamma - u2) / kGamma};
}

/// What part of the step of the whole a part of that of a block is, which ends with it but may
/// have begun before: then less than 0.
template <class Real>
double LaneSolver<Real>::share_of_whole(double share, double step_ms) const noexcept {
    return 1.0 - (1.0 - share) * step_ms / (now_ms_ - before_ms_);
}

template <class Real>
void LaneSolver<Real>::note(LaneCrossing crossing, double threshold_mV, std::size_t place,
                            double before_mV, std::vector<LaneCrossing>& crossings) const {
    const auto after_mV = static_cast<double>(v_mV_[place]);
    if (before_mV < threshold_mV && after_mV >= threshold_mV) {
        crossing.share = crossing_share(before_mV, after_mV, bend_at(place), threshold_mV);
        if (window_) {
            crossing.share = share_of_whole(crossing.share, block_ms_[block_of(place)]);
        }
        crossings.push_back(crossing);
    }
}

template <class Real>
void LaneSolver<Real>::note_link(LaneCrossing crossing, double threshold_mV, double before_mV,
                                 double after_mV, std::size_t link, std::size_t compartment,
                                 std::vector<LaneCrossing>& crossings) const {
    if (before_mV < threshold_mV && after_mV >= threshold_mV) {
        crossing.share =
            crossing_share(before_mV, after_mV, link_bend(link, compartment), threshold_mV);
        if (window_) {
            crossing.share = share_of_whole(crossing.share, link_ms(link));
        }
        crossings.push_back(crossing);
    }
}

/// As the modes have it, which in a window may be of an earlier time: it has not moved since.
template <class Real>
double LaneSolver<Real>::settled_mV(const LinkWatch& watch) const noexcept {
    const Link& link = links_[watch.link];
    return link.modes->potential(&link_state_[modes_at(link)], kLanes, watch.compartment) +
           shift_mV(watch.link, watch.compartment);
}

/// Spikes of the last step. Few steps have one, so what is done then need not be fast.
template <class Real>
void LaneSolver<Real>::see(std::vector<LaneCrossing>& crossings) {
    const std::size_t first = crossings.size();
    for (const std::uint32_t b : due_) {
        if (!is_watched_ || !seen_[b].has_crossing) {
            continue;
        }
        const LaneBlock& block = layout_.blocks[b];
        for (std::size_t slot = block.first_slot + 1; slot <= block.first_slot + block.rows;
             ++slot) {
            for (std::size_t lane = 0; has_crossed_[slot] != 0 && lane < kLanes; ++lane) {
                const std::size_t place = slot * kLanes + lane;
                if ((has_crossed_[slot] >> lane & 1U) == 0 ||
                    layout_.compartment_at[place] == kNowhere) {
                    continue;
                }
                const double threshold_mV = threshold_mV_.at(place);
                // What the kernel saw counts, also where this difference rounds to the other side.
                const double before_mV = std::min(
                    static_cast<double>(v_mV_[place]) - static_cast<double>(second_[place]),
                    std::nextafter(threshold_mV, -1e300));
                note({layout_.fibre_at[b * kLanes + lane], layout_.compartment_at[place], 0, 1.0},
                     threshold_mV, place, before_mV, crossings);
            }
        }
    }
    for (RowWatch& watch : row_watch_) {
        note(watch.crossing, watch.threshold_mV, watch.place, watch.before_mV, crossings);
        watch.before_mV = static_cast<double>(v_mV_[watch.place]);
    }
    for (LinkWatch& watch : link_watch_) {
        const double after_mV = settled_mV(watch);
        note_link(watch.crossing, watch.threshold_mV, watch.before_mV, after_mV, watch.link,
                  watch.compartment, crossings);
        watch.before_mV = after_mV;
    }
    if (std::ranges::any_of(link_is_worn_, [](std::uint8_t why) { return why != 0; })) {
        watch_links();
        see_links(crossings);
    }
    std::ranges::sort(crossings.begin() + static_cast<std::ptrdiff_t>(first), crossings.end(),
                      [](const LaneCrossing& a, const LaneCrossing& b) {
                          return std::tie(a.fibre, a.detector, a.compartment) <
                                 std::tie(b.fibre, b.detector, b.compartment);
                      });
}

/// Those of links that watch_links() has marked.
template <class Real>
void LaneSolver<Real>::see_links(std::vector<LaneCrossing>& crossings) {
    const std::size_t n = link_modes_ / 2;
    for (std::size_t k = 0; k < link_has_any_.size(); ++k) {
        if (link_has_any_[k] == 0) {
            continue;
        }
        link_has_any_[k] = 0;
        for (std::size_t bit = 0; bit < n * kLanes; ++bit) {
            const std::size_t i = bit / kLanes;
            const std::size_t lane = bit % kLanes;
            if ((link_has_crossed_[k * n + i] >> lane & 1U) == 0) {
                continue;
            }
            const std::size_t l = index(link_in_[k][lane]);
            const LinkPlace& link = layout_.links[l];
            const double threshold_mV = link_threshold_mV_.at((k * n + i) * kLanes + lane);
            const double before_mV =
                links_[l].modes->potential(&link_state_[modes_before_at(links_[l])], kLanes, i) +
                shift_mV(l, i);
            // What the kernel saw counts, also where these sums round to the other side.
            note_link({link.fibre, link.compartment[i], 0, 1.0}, threshold_mV,
                      std::min(before_mV, std::nextafter(threshold_mV, -1e300)),
                      std::max(link_potential(l, i), threshold_mV), l, i, crossings);
        }
        // Whoever looks at it again need not look at all of it.
        std::fill_n(link_has_crossed_.begin() + static_cast<std::ptrdiff_t>(k * n), n,
                    std::uint8_t{0});
    }
}

template class LaneSolver<double>;
template class LaneSolver<float>;

}  // namespace ranvier
