// The links of a LaneSolver: where their modes are, and the constants of a step.

#include <algorithm>
#include <array>

#include "ranvier/solver/lanes/lane_solver.hpp"
#include "ranvier/solver/two_stage.hpp"

namespace ranvier {
template <class Real>
void LaneSolver<Real>::place_links() {
    if (layout_.links.empty()) {
        return;
    }
    std::vector<std::int32_t> pack_at(layout_.slots, kNowhere);
    for (const LinkPlace& link : layout_.links) {
        pack_at[index(layout_.place[index(link.fibre)][index(link.lower)]) / kLanes] = 0;
        link_modes_ = std::max(link_modes_, 2 * link.compartment.size());
    }
    for (std::size_t slot = 0; slot < layout_.slots; ++slot) {
        if (pack_at[slot] != kNowhere) {
            pack_at[slot] = static_cast<std::int32_t>(link_slot_.size());
            link_slot_.push_back(static_cast<std::int32_t>(slot));
        }
    }
    link_in_.resize(link_slot_.size());
    for (auto& pack : link_in_) {
        pack.fill(kNowhere);
    }
    std::vector<bool> joins(layout_.slots * kLanes, false);
    for (std::size_t j = 0; j < layout_.runs.size(); ++j) {
        const std::int32_t parent = layout_.runs[j].parent;
        joins[index(layout_.top[j])] = parent != kNowhere && rows_of_run(parent) > 1;
    }
    for (const LinkPlace& link : layout_.links) {
        const std::size_t place = index(layout_.place[index(link.fibre)][index(link.lower)]);
        const std::size_t k = index(pack_at[place / kLanes]);
        link_in_[k][place % kLanes] = static_cast<std::int32_t>(links_.size());
        links_.push_back({k, place % kLanes, joins[place], nullptr});
    }
    link_half_.assign(link_slot_.size(), 0);
    link_halves_ = window_choice_.tolerance_mV > 0.0 ? 2 : 1;  // for how potentials go on
    link_state_.assign(link_slot_.size() * link_halves_ * link_modes_ * kLanes, Real(0));
    for (Packs<Real>* array : {&link_leak_, &link_lower_nA_, &link_upper_nA_, &link_lower_echo_,
                               &link_upper_echo_, &link_lower2_, &link_upper2_, &link_across2_}) {
        array->assign(layout_.slots * kLanes, Real(0));
    }
}

/// Packs whose lanes hold equal links of the same fibres share their constants.
template <class Real>
void LaneSolver<Real>::find_kinds() {
    if (links_.empty()) {
        return;
    }
    link_even_ = links_[0].modes->even;
    are_mirrored_ = true;
    for (const Link& link : links_) {
        are_mirrored_ = are_mirrored_ && link.modes->is_mirrored &&
                        link.modes->size() == link_modes_ && link.modes->even == link_even_;
    }
    const auto same = [&](const auto& a, const auto& b) {
        return std::ranges::equal(a, b, [&](std::int32_t x, std::int32_t y) {
            return (x == kNowhere) == (y == kNowhere) &&
                   (x == kNowhere ||
                    (links_[index(x)].modes == links_[index(y)].modes &&
                     layout_.links[index(x)].fibre == layout_.links[index(y)].fibre));
        });
    };
    kinds_.clear();
    link_kind_.clear();
    for (const auto& pack : link_in_) {
        // A fibre has few kinds of internodes: those seen last are looked at first, and a list
        // of all would make the search quadratic where every internode is another.
        constexpr std::size_t kLookBack = 32;
        std::size_t kind = kinds_.size();
        for (std::size_t back = 1; back <= std::min(kLookBack, kinds_.size()); ++back) {
            if (same(pack, kinds_[kinds_.size() - back])) {
                kind = kinds_.size() - back;
                break;
            }
        }
        if (kind == kinds_.size()) {
            kinds_.push_back(pack);
        }
        link_kind_.push_back(static_cast<std::int32_t>(kind));
    }
    const std::size_t each = are_mirrored_ ? kMirroredConstants : kLinkConstants;
    link_constants_.assign(kinds_.size() * link_modes_ * each * kLanes, Real(0));
    link_rest_.assign(kinds_.size() * 2 * kLanes, Real(0));
    if (are_links_watched_) {
        fill_watched_basis();
    }
    link_steps_.clear();
    put_away_.clear();
    constants_tau_ms_ = 0.0;
    // All constants are to be found again.
    std::ranges::fill(tau_ms_, 0.0);
    are_links_stale_ = true;
}

/// With s = 1/tau and D = 1/(s + rate), eliminating z' = -rate z + b u from the two stages leaves
///   first stage   into the rows: sum(b s D z) + (b D b) u,  and (b D b) u1 in the matrix,
///   second stage  more of it:    k s [-sum(b rate D^2 z) + (b D^2 b)(u + u1)],
///   z moves to    (1 - rate D - k s rate D^2) z + D b (u + u2) + k s D^2 b (u + u1),
/// where k = (1 - g)/g; see methods/rosenbrock2.cpp.
template <class Real>
void LaneSolver<Real>::set_link_constants(std::size_t fibre, double tau_ms) noexcept {
    if (!exchange_link_constants(tau_ms)) {
        fill_link_constants(fibre, tau_ms, link_constants_);
    }
    constants_tau_ms_ = tau_ms;
    // Into the rows at both ends. Equal links one after the other have the same sums.
    const LinkModes* last = nullptr;
    LinkSums sums;
    for (std::size_t pass = 0; pass < 2; ++pass) {
        for (std::size_t l = 0; l < links_.size(); ++l) {
            const LinkPlace& link = layout_.links[l];
            if (index(link.fibre) != fibre) {
                continue;
            }
            if (pass == 0) {
                link_leak_[index(layout_.place[fibre][index(link.lower)])] = Real(0);
                link_leak_[index(layout_.place[fibre][index(link.upper)])] = Real(0);
                continue;
            }
            const LinkModes& modes = *links_[l].modes;
            if (&modes != last) {
                last = &modes;
                sums = link_step(modes, tau_ms).sums;
            }
            set_link_rows(l, sums);
        }
    }
}

/// Of one fibre, which has all lanes: puts away the constants as they are, and takes out those of
/// `tau_ms` if they were put away before.
template <class Real>
bool LaneSolver<Real>::exchange_link_constants(double tau_ms) noexcept {
    // As many as a few jumps need, but no more numbers than a cache has room for.
    constexpr std::size_t kMostPutAway = 32;
    constexpr std::size_t kMostNumbers = 250'000;
    const std::size_t most =
        std::min(kMostPutAway, kMostNumbers / std::max<std::size_t>(1, link_constants_.size()));
    if (systems_.size() > 1 || most == 0) {
        return false;
    }
    const auto known = std::ranges::find(put_away_, tau_ms, &PutAway::tau_ms);
    if (known != put_away_.end()) {
        std::swap(known->constants, link_constants_);
        known->tau_ms = constants_tau_ms_;
        return true;
    }
    if (constants_tau_ms_ > 0.0) {
        if (put_away_.size() < most) {
            put_away_.emplace_back();
        } else {
            std::ranges::rotate(put_away_, put_away_.begin() + 1);
        }
        put_away_.back() = {constants_tau_ms_, link_constants_};
    }
    return false;
}

template <class Real>
void LaneSolver<Real>::fill_link_constants(std::size_t fibre, double tau_ms,
                                           Packs<Real>& constants) noexcept {
    const std::size_t each = are_mirrored_ ? kMirroredConstants : kLinkConstants;
    constants.resize(kinds_.size() * link_modes_ * each * kLanes, Real(0));
    for (std::size_t kind = 0; kind < kinds_.size(); ++kind) {
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
            const std::int32_t l = kinds_[kind][lane];
            if (l == kNowhere || index(layout_.links[index(l)].fibre) != fibre) {
                continue;
            }
            const LinkModes& modes = *links_[index(l)].modes;
            link_rest_[2 * kind * kLanes + lane] = static_cast<Real>(modes.lower_rest_nA);
            link_rest_[(2 * kind + 1) * kLanes + lane] = static_cast<Real>(modes.upper_rest_nA);
            const std::vector<double>& of_mode = link_step(modes, tau_ms).of_mode;
            Real* const to = &constants[kind * link_modes_ * each * kLanes + lane];
            for (std::size_t k = 0; k < of_mode.size(); ++k) {
                to[k * kLanes] = static_cast<Real>(of_mode[k]);
            }
        }
    }
}

template <class Real>
const typename LaneSolver<Real>::LinkStep& LaneSolver<Real>::link_step(const LinkModes& modes,
                                                                       double tau_ms) {
    constexpr std::size_t kFewKinds = 32;
    const std::size_t most_known = link_steps_.size() <= kFewKinds ? 32 : 1;
    LinkSteps& steps = link_steps_[&modes];
    const auto known = std::ranges::find(steps.known, tau_ms, &LinkStep::tau_ms);
    if (known != steps.known.end()) {
        return *known;
    }
    LinkStep step{tau_ms, {}, sums_of(modes, tau_ms)};
    const double per_ms = 1.0 / tau_ms;
    const double echo_per_ms = kEcho * per_ms;
    for (std::size_t mode = 0; mode < modes.size(); ++mode) {
        const double rate = modes.rate_per_ms[mode];
        const double d = 1.0 / (per_ms + rate);
        step.of_mode.push_back(per_ms * d - echo_per_ms * rate * d * d);
        const auto of_end = [&](double b) {
            step.of_mode.insert(step.of_mode.end(),
                                {d * b, echo_per_ms * d * d * b, b * per_ms * d, b * rate * d * d});
        };
        of_end(are_mirrored_ ? modes.upper[mode] : modes.lower[mode]);
        if (!are_mirrored_) {
            of_end(modes.upper[mode]);
        }
    }
    if (steps.known.size() < most_known) {
        steps.known.push_back(std::move(step));
        return steps.known.back();
    }
    LinkStep& place = steps.known[steps.oldest++ % steps.known.size()];
    place = std::move(step);
    return place;
}

template <class Real>
typename LaneSolver<Real>::LinkSums LaneSolver<Real>::sums_of(const LinkModes& modes,
                                                              double tau_ms) noexcept {
    LinkSums sums;
    for (std::size_t mode = 0; mode < modes.size(); ++mode) {
        const double d = 1.0 / (1.0 / tau_ms + modes.rate_per_ms[mode]);
        const double lower = modes.lower[mode];
        const double upper = modes.upper[mode];
        sums.lower += lower * lower * d;
        sums.upper += upper * upper * d;
        sums.across += lower * upper * d;
        sums.lower2 += lower * lower * d * d;
        sums.upper2 += upper * upper * d * d;
        sums.across2 += lower * upper * d * d;
    }
    return sums;
}

template <class Real>
void LaneSolver<Real>::set_link_rows(std::size_t l, const LinkSums& sums) noexcept {
    const LinkPlace& link = layout_.links[l];
    const LinkModes& modes = *links_[l].modes;
    const auto& place = layout_.place[index(link.fibre)];
    const std::size_t lower = index(place[index(link.lower)]);
    const std::size_t upper = index(place[index(link.upper)]);
    link_leak_[lower] += static_cast<Real>(modes.lower_axial_uS - sums.lower - sums.across);
    link_leak_[upper] += static_cast<Real>(modes.upper_axial_uS - sums.upper - sums.across);
    // At the slot above the lower end, which is the upper row where both are in one lane.
    coupling_uS_[lower + kLanes] = static_cast<Real>(sums.across);
    link_lower2_[lower] = static_cast<Real>(sums.lower2);
    link_upper2_[lower] = static_cast<Real>(sums.upper2);
    link_across2_[lower] = static_cast<Real>(sums.across2);
    // And the row at the distal end of another run, which looks below itself.
    if (links_[l].joins_runs) {
        coupling_uS_[upper] = static_cast<Real>(sums.across);
        link_upper2_[upper - kLanes] = static_cast<Real>(sums.upper2);
        link_across2_[upper - kLanes] = static_cast<Real>(sums.across2);
    }
}

template <class Real>
void LaneSolver<Real>::update_links(bool moves) noexcept {
    if (links_.empty()) {
        return;
    }
    team_->share(link_slot_.size(), [&](std::size_t, std::size_t from, std::size_t to) {
        kernels_->links(link_packs(from, to, link_constants_.data()), moves);
    });
    gather_links();
}

template <class Real>
LinkPacks<Real> LaneSolver<Real>::link_packs(std::size_t from, std::size_t to,
                                             const Real* constants) noexcept {
    return {
        .size = to - from,
        .modes = link_modes_,
        .even = link_even_,
        .is_mirrored = are_mirrored_,
        .slot = link_slot_.data() + from,
        .kind = link_kind_.data() + from,
        .state = link_state_.data() + from * link_halves_ * link_modes_ * kLanes,
        .halves = link_halves_,
        .half = link_half_.data() + from,
        .constants = constants,
        .rest = (ions_ ? ions_->each.data() : link_kind_.data()) + from,
        .rest_nA = ions_ ? ions_->shifted_nA.data() : link_rest_.data(),
        .v_mV = v_mV_.data(),
        .first_mV = first_.data(),
        .lower_nA = link_lower_nA_.data(),
        .upper_nA = link_upper_nA_.data(),
        .lower_echo = link_lower_echo_.data(),
        .upper_echo = link_upper_echo_.data(),
        .reach = link_reach_.data(),
        .moved_mV = are_links_watched_ ? &link_moved_mV_[from * kLanes] : nullptr,
        .limit_mV = are_links_watched_ ? &link_limit_mV_[from * kLanes] : nullptr,
        .is_worn = link_is_worn_.data() + from,
    };
}

/// What comes up from a link below the distal end of a run.
template <class Real>
void LaneSolver<Real>::gather_links() noexcept {
    for (std::size_t j = 0; !links_.empty() && j < small_.size(); ++j) {
        if (small_[j].parent != kNowhere) {
            gather_link(small_[j]);
        }
    }
}

template <class Real>
void LaneSolver<Real>::gather_link(const SmallRow& small) noexcept {
    if (!small.joins_single) {
        link_upper_nA_[small.above - kLanes] = link_upper_nA_[small.top];
        link_upper_echo_[small.above - kLanes] = link_upper_echo_[small.top];
    }
}

/// The terms of its links in a step of the length that is being taken.
template <class Real>
const typename LaneSolver<Real>::DrivenStep& LaneSolver<Real>::driven_step(std::size_t fibre) {
    FibreDrives& own = drives_[fibre];
    const double tau_ms = tau_ms_[fibre];
    const auto known = std::ranges::find(own.steps, tau_ms, &DrivenStep::tau_ms);
    if (known != own.steps.end()) {
        return *known;
    }
    // As many as a few jumps need, but no more numbers than a cache has room for.
    constexpr std::size_t kMostKnown = 32;
    constexpr std::size_t kMostNumbers = 100'000;
    const std::size_t each = 2 * link_modes_ * std::max<std::size_t>(1, own.links.size());
    const std::size_t most = std::clamp<std::size_t>(kMostNumbers / each, 1, kMostKnown);
    if (own.steps.size() < most) {
        own.steps.emplace_back();
    } else {
        std::ranges::rotate(own.steps, own.steps.begin() + 1);
    }
    DrivenStep& step = own.steps.back();
    step.tau_ms = tau_ms;
    step.sums.clear();
    step.decays.clear();
    const double per_ms = 1.0 / tau_ms;
    const double echo_per_ms = kEcho * per_ms;
    for (const LinkTerm& term : own.links) {
        const LinkModes& modes = *links_[term.link].modes;
        auto& sums = step.sums.emplace_back();
        for (std::size_t mode = 0; mode < modes.size(); ++mode) {
            const double d = 1.0 / (per_ms + modes.rate_per_ms[mode]);
            const double once = d * term.weight[mode];
            const double twice = echo_per_ms * d * once;
            sums.lower += modes.lower[mode] * once;
            sums.upper += modes.upper[mode] * once;
            sums.lower2 += modes.lower[mode] * twice;
            sums.upper2 += modes.upper[mode] * twice;
            step.decays.push_back(once);
            step.decays.push_back(twice);
        }
    }
    return step;
}

/// Currents into sheathed compartments, f in the first stage and f2 in the second: b D f goes to
/// the rows at once, b D (f2 - f) + k s b D^2 f in the second stage, and D f2 + k s D^2 f stays.
template <class Real>
void LaneSolver<Real>::drive_links() noexcept {
    bool are_driven = false;
    for (std::size_t f = 0; f < drives_.size(); ++f) {
        const FibreDrives& own = drives_[f];
        if (!own.is_on || own.links.empty()) {
            continue;
        }
        const DrivenStep& step = driven_step(f);
        const double echo_per_ms = kEcho / tau_ms_[f];
        for (std::size_t t = 0; t < own.links.size(); ++t) {
            const double first = own.first[own.links[t].drive];
            const double rise = own.second[own.links[t].drive] - first;
            const Link& link = links_[own.links[t].link];
            const auto& sums = step.sums[t];
            const std::size_t place = index(link_slot_[link.k]) * kLanes + link.lane;
            link_lower_nA_[place] += static_cast<Real>(first * sums.lower);
            link_upper_nA_[place] += static_cast<Real>(first * sums.upper);
            link_lower_echo_[place] -=
                static_cast<Real>((rise * sums.lower + first * sums.lower2) / echo_per_ms);
            link_upper_echo_[place] -=
                static_cast<Real>((rise * sums.upper + first * sums.upper2) / echo_per_ms);
        }
        are_driven = true;
    }
    if (are_driven) {
        gather_links();
    }
}

/// What stays of the drives in the modes; their sums are then to be found again.
template <class Real>
void LaneSolver<Real>::push_links() noexcept {
    for (std::size_t f = 0; f < drives_.size(); ++f) {
        const FibreDrives& own = drives_[f];
        if (!own.is_on || own.links.empty()) {
            continue;
        }
        const double* decay = driven_step(f).decays.data();
        for (const LinkTerm& term : own.links) {
            const double first = own.first[term.drive];
            const double second = own.second[term.drive];
            const Link& link = links_[term.link];
            Real* const state = &link_state_[modes_at(link)];
            for (std::size_t mode = 0; mode < term.weight.size(); ++mode, decay += 2) {
                state[mode * kLanes] += static_cast<Real>(second * decay[0] + first * decay[1]);
            }
            if (ions_) {
                book_driven(term);
            }
            if (are_links_watched_ && (first != 0.0 || second != 0.0)) {
                link_is_worn_[link.k] = kAltered;
            }
        }
        are_links_stale_ = true;
    }
}

template class LaneSolver<double>;
template class LaneSolver<float>;

}  // namespace ranvier
