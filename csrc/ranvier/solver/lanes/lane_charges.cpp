// What a LaneSolver does for ions that accumulate while it runs: charges, and what becomes of them.

#include <algorithm>

#include "ranvier/solver/lanes/lane_ions.hpp"
#include "ranvier/solver/lanes/lane_solver.hpp"
#include "ranvier/solver/two_stage.hpp"

namespace ranvier {

/// Begins to count charges, beside those that `state` has waiting.
template <class Real>
void LaneSolver<Real>::begin_ions(const State& state) noexcept {
    auto& counts = ions_->counts;
    counts.before_pC = state.pending_pC;
    counts.has_before = state.ions_ms > 0.0;
    std::ranges::fill(counts.shift, Real(0));  // a state has the modes as they are
    empty_counts();
    show_watched_rest();
}

template <class Real>
void LaneSolver<Real>::empty_counts() noexcept {
    auto& counts = ions_->counts;
    counts.since_ms = 0.0;
    for (auto& charge : counts.charge_pC) {
        std::ranges::fill(charge, Real(0));
    }
    std::ranges::fill(counts.row_mV_ms, Real(0));
    std::ranges::fill(counts.driven, Real(0));
    ions_->is_shown = false;
}

template <class Real>
void LaneSolver<Real>::show_ions(const State& state, double between_ms) noexcept {
    LaneIons<Real>& ions = *ions_;
    if (ions.is_shown) {
        return;
    }
    ions.steps.predict(state, between_ms);
    for (const auto& column : ions.columns) {
        for (const auto& [to, row] : column.cells) {
            column.first[to] = static_cast<Real>(column.from[row]);
        }
    }
    find_lines(true);
    for (const auto& [place, i] : ion_places_.rows) {
        ions.at_zero_nA[place] = static_cast<Real>(ions.fixed_nA[i] + ions.live_nA[i]);
        ions.slope_uS[place] = static_cast<Real>(ions.fixed_uS[i] + ions.live_uS[i]);
    }
    if (!links_.empty()) {
        for (const auto& [to, i] : ions.sources) {
            ions.source_nA[to] = static_cast<Real>(ions.reference_nA[i] - ions.live_nA[i]);
        }
        kernels_->ions.shift(live_links(), link_state_.data());
        are_links_stale_ = true;
        show_watched_rest();
        if (ions.counts.since_ms == 0.0) {
            const std::size_t each = link_modes_ * kLanes;
            for (std::size_t k = 0; k < link_slot_.size(); ++k) {
                std::copy_n(&link_state_[(k * link_halves_ + link_half_[k]) * each], each,
                            &ions.counts.begun[k * each]);
            }
        }
    }
    ions.is_shown = true;
}

/// Where the modes' shift puts potentials under the sheath that are compared with thresholds.
template <class Real>
void LaneSolver<Real>::show_watched_rest() noexcept {
    if (!are_links_watched_) {
        return;
    }
    LaneIons<Real>& ions = *ions_;
    read_modes(ions.counts.shift.data(), ions.mean_mV.data());
    const std::size_t n = link_modes_ / 2;
    constexpr Real kFarBelow_mV = -1e9;
    ions.watched_rest_mV.assign(link_slot_.size() * n * kLanes, kFarBelow_mV);
    for (const auto& [to, i] : ions.sources) {
        ions.watched_rest_mV[to] = static_cast<Real>(ions.mean_mV[i]);
    }
}

/// The membrane potentials of sheathed compartments, [compartment], whose modes these are.
template <class Real>
void LaneSolver<Real>::read_modes(const Real* modes, double* to) const noexcept {
    read_places(ion_places_, modes, 1, ions_->no_halves.data(), to);
}

/// The currents of a block, each curve by itself as well.
template <class Real>
void LaneSolver<Real>::linearise_and_tell(std::size_t b, const CableBlock<Real>& block) noexcept {
    const std::size_t first = layout_.blocks[b].first_slot * kLanes;
    kernels_->ions.begin(block.rows, block.v_mV, &ions_->at_zero_nA[first], &ions_->slope_uS[first],
                         block.sums);
    for (Mechanism& mechanism : mechanisms_) {
        const std::size_t m = number_of(mechanism);
        if (ions_->is_line[m]) {
            continue;
        }
        const LaneRows<Real> packs = rows(mechanism, b);
        const bool is_told = !ions_->curves[m].sums.empty();
        mechanism.kernels->linearise(packs, block.v_mV, block.inverse_tau_per_ms,
                                     is_told ? own_sums(mechanism, b) : block.sums);
        if (is_told) {
            kernels_->ions.add(with_charge(mechanism, b), block.sums);
        }
    }
}

/// Where those of one mechanism go.
template <class Real>
LaneSums<Real> LaneSolver<Real>::own_sums(const Mechanism& mechanism, std::size_t b) noexcept {
    const std::size_t stride = layout_.slots * kLanes;
    Real* const first =
        ions_->curves[number_of(mechanism)].sums.data() + layout_.blocks[b].first_slot * kLanes;
    return {first, first + stride, first + 2 * stride, first + 3 * stride};
}

template <class Real>
OwnSums<Real> LaneSolver<Real>::with_charge(const Mechanism& mechanism, std::size_t b) noexcept {
    const std::size_t first = layout_.blocks[b].first_slot * kLanes;
    return {.size = mechanism.first[b + 1] - mechanism.first[b],
            .pack = mechanism.pack.data() + mechanism.packs[b],
            .sums = own_sums(mechanism, b),
            .charge_pC = &ions_->counts.charge_pC[number_of(mechanism)][first]};
}

/// What flowed in a step whose stages are known and not yet added.
template <class Real>
void LaneSolver<Real>::book_charges(std::size_t b, const CableBlock<Real>& block) noexcept {
    const RowStages<Real> step{.rows = block.rows,
                               .v_mV = block.v_mV,
                               .u1_mV = block.first_mV,
                               .u2_mV = block.second_mV,
                               .dt_ms = ions_->step_ms};
    for (const Mechanism& mechanism : mechanisms_) {
        if (!ions_->curves[number_of(mechanism)].sums.empty()) {
            kernels_->ions.book(with_charge(mechanism, b), step);
        }
    }
    kernels_->ions.integrate(step, &ions_->counts.row_mV_ms[layout_.blocks[b].first_slot * kLanes]);
}

/// What a drive has brought to a link in a step, beside what its rows have.
template <class Real>
void LaneSolver<Real>::book_driven(const LinkTerm& term) noexcept {
    const Link& link = links_[term.link];
    const double mean =
        (1.0 - kGamma) * drives_[0].first[term.drive] + kGamma * drives_[0].second[term.drive];
    Real* const to = &ions_->counts.driven[link.k * link_modes_ * kLanes + link.lane];
    for (std::size_t mode = 0; mode < term.weight.size(); ++mode) {
        to[mode * kLanes] += static_cast<Real>(ions_->step_ms * mean * term.weight[mode]);
    }
}

/// All charge that has passed since concentrations were moved.
template <class Real>
void LaneSolver<Real>::put_waiting(std::vector<std::vector<double>>& waiting_pC) const noexcept {
    LaneIons<Real>& ions = *ions_;
    const bool has_before = ions.counts.has_before;
    const double time_ms = ions.counts.since_ms;
    const auto put = [&](std::size_t account, const auto& since_pC) {
        const double* const before_pC = ions.counts.before_pC[account].data();
        double* const to = waiting_pC[account].data();
        const std::size_t rows = waiting_pC[account].size();
        for (std::size_t row = 0; has_before && row < rows; ++row) {
            to[row] = before_pC[row] + since_pC(row);
        }
        for (std::size_t row = 0; !has_before && row < rows; ++row) {
            to[row] = since_pC(row);
        }
    };
    for (std::size_t m = 0; m < ions.curves.size(); ++m) {
        if (!ions.curves[m].sums.empty()) {
            const std::int32_t* const place = ions.curves[m].place.data();
            const Real* const charge_pC = ions.counts.charge_pC[m].data();
            put(ions.curves[m].account,
                [=](std::size_t row) { return static_cast<double>(charge_pC[index(place[row])]); });
        }
    }
    if (time_ms > 0.0) {
        find_mean_potentials();
    }
    const double* const mean_mV = ions.mean_mV.data();
    for (const auto& line : ions.lines) {
        const auto& carriers = systems_[0]->mechanisms()[line.mechanism].table->compartment;
        for (std::size_t a = 0; a < line.numbers.size() / 2; ++a) {
            const double* const at_zero_nA = line.numbers[2 * a].data();
            const double* const slope_uS = line.numbers[2 * a + 1].data();
            if (carriers.size() == ions.mean_mV.size()) {
                put(line.account + a, [=](std::size_t i) {
                    return time_ms * (at_zero_nA[i] + slope_uS[i] * mean_mV[i]);
                });
            } else {
                const std::int32_t* const at = carriers.data();
                put(line.account + a, [=](std::size_t row) {
                    return time_ms * (at_zero_nA[row] + slope_uS[row] * mean_mV[index(at[row])]);
                });
            }
        }
    }
}

/// Of all compartments, since charges are counted.
template <class Real>
void LaneSolver<Real>::find_mean_potentials() const noexcept {
    LaneIons<Real>& ions = *ions_;
    auto& row_mV_ms = ions.counts.row_mV_ms;
    const double time_ms = ions.counts.since_ms;
    if (!links_.empty()) {
        // Lanes that go on in another one know what is above them.
        for (const SmallRow& small : small_) {
            if (small.parent != kNowhere) {
                row_mV_ms[small.top + kLanes] = row_mV_ms[small.above];
            }
        }
        kernels_->ions.mean(live_links(), time_ms, ions.modes.data());
        read_modes(ions.modes.data(), ions.mean_mV.data());
    }
    for (const auto& row : ion_places_.rows) {
        ions.mean_mV[row.column] = static_cast<double>(row_mV_ms[row.place]) / time_ms;
    }
}

template <class Real>
void LaneSolver<Real>::move_ions(State& state) noexcept {
    put_waiting(state.pending_pC);
    ions_->steps.move(state);
    ions_->counts.has_before = false;
    empty_counts();
}

/// What is to come then depends on what a state has, and on nothing else.
template <class Real>
void LaneSolver<Real>::settle_ions() {
    auto& counts = ions_->counts;
    auto waiting_pC = counts.before_pC;  // of that shape
    put_waiting(waiting_pC);
    counts.before_pC = std::move(waiting_pC);
    counts.has_before = true;
    unshift(link_state_.data(), link_half_.data(), link_halves_);
    std::ranges::fill(counts.shift, Real(0));
    empty_counts();
    show_watched_rest();
}

/// Adds the shift to modes: then they are those of a state.
template <class Real>
void LaneSolver<Real>::unshift(Real* state, const std::uint8_t* half,
                               std::size_t halves) const noexcept {
    const std::size_t each = link_modes_ * kLanes;
    for (std::size_t k = 0; k < link_slot_.size(); ++k) {
        Real* const modes = state + (k * halves + half[k]) * each;
        const Real* const shift = &ions_->counts.shift[k * each];
        for (std::size_t i = 0; i < each; ++i) {
            modes[i] += shift[i];
        }
    }
}

/// The modes as they are, [pack][mode].
template <class Real>
const Real* LaneSolver<Real>::shifted_modes() const noexcept {
    const std::size_t each = link_modes_ * kLanes;
    Packs<Real>& modes = ions_->modes;
    for (std::size_t k = 0; k < link_slot_.size(); ++k) {
        const Real* const from = &link_state_[(k * link_halves_ + link_half_[k]) * each];
        std::copy_n(from, each, &modes[k * each]);
    }
    unshift(modes.data(), ions_->no_halves.data(), 1);
    return modes.data();
}

template <class Real>
double LaneSolver<Real>::shift_mV(std::size_t link, std::size_t unknown) const noexcept {
    if (!ions_) {
        return 0.0;
    }
    const LinkModes& modes = *links_[link].modes;
    const Real* const shift =
        &ions_->counts.shift[links_[link].k * link_modes_ * kLanes + links_[link].lane];
    return modes.potential(shift, kLanes, unknown) - modes.rest_mV[unknown];
}

template class LaneSolver<double>;
template class LaneSolver<float>;

}  // namespace ranvier
