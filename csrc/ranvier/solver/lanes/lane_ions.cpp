// What a LaneSolver does for ions that accumulate: see lane_ions.hpp.

#include "ranvier/solver/lanes/lane_ions.hpp"

#include <algorithm>
#include <numeric>

#include "ranvier/mechanisms/expression/dependence.hpp"
#include "ranvier/mechanisms/expression/plain_kernels.hpp"
#include "ranvier/solver/lanes/lane_solver.hpp"
#include "ranvier/solver/two_stage.hpp"

namespace ranvier {
namespace {

bool is_line(const SystemMechanism& bound) {
    const auto* const expressions = bound.mechanism->expressions;
    return expressions == nullptr ? bound.mechanism->info.gates.empty()
                                  : is_affine_in_v(*expressions);
}

bool is_live_input(const System& system, const SystemMechanism& bound, std::string_view input) {
    const auto& names = bound.table->parameter_names;
    return system.ion_inputs()->follows_input(input) &&
           std::ranges::find(names, input) == names.end();
}

/// Whether concentrations move more than the level of its straight lines.
bool does_turn(const System& system, const SystemMechanism& bound) {
    const auto* const expressions = bound.mechanism->expressions;
    return expressions != nullptr && !has_fixed_slope(*expressions, [&](std::string_view input) {
               return is_live_input(system, bound, input);
           });
}

/// Which of its inputs, and columns derived from them, follow concentrations.
std::vector<std::size_t> live_inputs(const System& system, const SystemMechanism& bound) {
    std::vector<std::size_t> live;
    const Expressions* const e = bound.mechanism->expressions;
    if (e == nullptr) {
        return live;
    }
    for (std::size_t k = 0; k < e->inputs.size(); ++k) {
        if (is_live_input(system, bound, e->inputs[k])) {
            live.push_back(k);
        }
    }
    for (std::size_t k = 0; !live.empty() && k < e->derived; ++k) {
        live.push_back(e->inputs.size() + k);
    }
    return live;
}

/// Adds what rows have to their compartments, which mostly are all there are.
void add_over(const std::vector<std::int32_t>& compartment, const std::vector<double>& more,
              std::vector<double>& sum) noexcept {
    const double* const from = more.data();
    const std::int32_t* const at = compartment.data();
    double* const to = sum.data();
    const std::size_t rows = compartment.size();
    if (rows == sum.size()) {
        for (std::size_t i = 0; i < rows; ++i) {
            to[i] += from[i];
        }
        return;
    }
    for (std::size_t row = 0; row < rows; ++row) {
        to[index(at[row])] += from[row];
    }
}

}  // namespace

template <class Real>
void LaneSolver<Real>::set_up_ions() {
    const System& system = *systems_[0];
    if (system.ion_pools().is_empty()) {
        return;
    }
    ions_ = std::make_unique<LaneIons<Real>>(system);
    LaneIons<Real>& ions = *ions_;
    const IonPools& pools = system.ion_pools();
    const std::size_t size = layout_.slots * kLanes;
    ions.curves.resize(mechanisms_.size());
    ions.counts.charge_pC.resize(mechanisms_.size());
    ions.counts.row_mV_ms.assign(size, Real(0));
    ions.is_line.resize(mechanisms_.size());
    ions.at_zero_nA.assign(size, Real(0));
    ions.slope_uS.assign(size, Real(0));
    for (auto* const work : {&ions.no_mV, &ions.current_nA, &ions.conductance_uS, &ions.mean_mV,
                             &ions.fixed_nA, &ions.fixed_uS, &ions.live_nA, &ions.live_uS}) {
        work->assign(system.size(), 0.0);
    }
    for (std::size_t m = 0; m < mechanisms_.size(); ++m) {
        const SystemMechanism& bound = system.mechanisms()[m];
        const auto& carriers = bound.table->compartment;
        const std::size_t account = pools.first_account[m];
        const std::size_t accounts = pools.first_account[m + 1] - account;
        if (carriers.empty()) {
            continue;
        }
        const bool is_live = place_live_columns(m);
        if (accounts > 0 && is_line(bound)) {
            ions.is_line[m] = true;
            auto& line = ions.lines.emplace_back();
            line = {.mechanism = m,
                    .is_live = is_live,
                    .turns = is_live && does_turn(system, bound),
                    .account = account,
                    .numbers = {},
                    .to = {}};
            line.numbers.assign(2 * accounts, std::vector<double>(carriers.size()));
            for (auto& column : line.numbers) {
                line.to.push_back(column.data());
            }
        } else if (accounts > 0) {
            auto& curve = ions.curves[m];
            curve.account = account;
            curve.sums.assign(4 * size, Real(0));
            for (const std::int32_t i : carriers) {
                curve.place.push_back(layout_.place[0][index(i)]);
            }
            ions.counts.charge_pC[m].assign(size, Real(0));
        }
    }
    find_lines(false);
    find_lines(true);
    ions.reference_nA = ions.live_nA;
    set_up_live_links();
    Probe everywhere;
    everywhere.compartment.resize(system.size());
    std::iota(everywhere.compartment.begin(), everywhere.compartment.end(), 0);
    ion_places_ = places_of(0, everywhere);
}

/// True where the mechanism has columns that follow concentrations, at rows or under sheaths.
template <class Real>
bool LaneSolver<Real>::place_live_columns(std::size_t m) {
    const System& system = *systems_[0];
    const SystemMechanism& bound = system.mechanisms()[m];
    Mechanism& mechanism = mechanisms_[m];
    std::vector<typename LaneIons<Real>::LiveColumn::Cell> cells;
    const auto& carriers = bound.table->compartment;
    for (std::size_t row = 0; row < carriers.size(); ++row) {
        if (const std::int32_t place = layout_.place[0][index(carriers[row])]; place != kNowhere) {
            const std::size_t k = index(mechanism.k_at[index(place) / kLanes]);
            cells.push_back({k * kLanes + index(place) % kLanes, row});
        }
    }
    const auto add = [&](PackArray<Real>& to, const double* from) {
        if (!cells.empty()) {
            ions_->columns.push_back({to.spread(), from, cells});
        }
    };
    const auto& ion = bound.mechanism->info.ion;
    const bool is_driven = !ion.empty() && system.ion_inputs()->follows(ion);
    if (is_driven) {
        add(mechanism.e_mV, bound.e_mV.data());
    }
    const auto live = live_inputs(system, bound);
    for (const std::size_t k : live) {
        add(mechanism.inputs[k], bound.inputs[k].first);
    }
    mechanism.input_columns.clear();
    for (const auto& input : mechanism.inputs) {
        mechanism.input_columns.push_back(input.from(0));
    }
    return is_driven || !live.empty();
}

/// The numbers of links that steps of no length need.
template <class Real>
void LaneSolver<Real>::set_up_live_links() {
    LaneIons<Real>& ions = *ions_;
    const std::size_t n = link_modes_ / 2;
    const std::size_t of_kinds = kinds_.size() * link_modes_ * kLanes;
    const std::size_t of_packs = link_slot_.size() * link_modes_ * kLanes;
    ions.basis.assign(of_kinds * n, Real(0));
    ions.rest_nA.assign(kinds_.size() * 2 * kLanes, Real(0));
    for (auto* const array : {&ions.inverse_rate, &ions.lower, &ions.upper}) {
        array->assign(of_kinds, Real(0));
    }
    auto& counts = ions.counts;
    for (auto* const array : {&counts.begun, &counts.driven, &counts.shift, &ions.modes}) {
        array->assign(of_packs, Real(0));
    }
    ions.source_nA.assign(link_slot_.size() * n * kLanes, Real(0));
    ions.shifted_nA.assign(link_slot_.size() * 2 * kLanes, Real(0));
    ions.each.resize(link_slot_.size());
    std::iota(ions.each.begin(), ions.each.end(), 0);
    ions.no_halves.assign(link_slot_.size(), 0);
    for (std::size_t kind = 0; kind < kinds_.size(); ++kind) {
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
            if (kinds_[kind][lane] == kNowhere) {
                continue;
            }
            const LinkModes& modes = *links_[index(kinds_[kind][lane])].modes;
            ions.rest_nA[2 * kind * kLanes + lane] = static_cast<Real>(modes.lower_rest_nA);
            ions.rest_nA[(2 * kind + 1) * kLanes + lane] = static_cast<Real>(modes.upper_rest_nA);
            for (std::size_t mode = 0; mode < modes.size(); ++mode) {
                const std::size_t at = (kind * link_modes_ + mode) * kLanes + lane;
                ions.inverse_rate[at] = static_cast<Real>(1.0 / modes.rate_per_ms[mode]);
                ions.lower[at] = static_cast<Real>(modes.lower[mode]);
                ions.upper[at] = static_cast<Real>(modes.upper[mode]);
                for (std::size_t i = 0; i < modes.compartments(); ++i) {
                    ions.basis[((kind * n + i) * link_modes_ + mode) * kLanes + lane] =
                        static_cast<Real>(modes.basis[i * modes.size() + mode]);
                }
            }
        }
    }
    for (std::size_t l = 0; l < links_.size(); ++l) {
        const auto& compartment = layout_.links[l].compartment;
        for (std::size_t i = 0; i < compartment.size(); ++i) {
            ions.sources.emplace_back((links_[l].k * n + i) * kLanes + links_[l].lane,
                                      index(compartment[i]));
        }
    }
}

template <class Real>
LiveLinks<Real> LaneSolver<Real>::live_links() const noexcept {
    LaneIons<Real>& ions = *ions_;
    return {.size = link_slot_.size(),
            .modes = link_modes_,
            .slot = link_slot_.data(),
            .kind = link_kind_.data(),
            .state = link_state_.data(),
            .halves = link_halves_,
            .half = link_half_.data(),
            .basis = ions.basis.data(),
            .inverse_rate = ions.inverse_rate.data(),
            .lower = ions.lower.data(),
            .upper = ions.upper.data(),
            .rest_nA = ions.rest_nA.data(),
            .shift = ions.counts.shift.data(),
            .shifted_nA = ions.shifted_nA.data(),
            .source_nA = ions.source_nA.data(),
            .begun = ions.counts.begun.data(),
            .driven = ions.counts.driven.data(),
            .row_mV_ms = ions.counts.row_mV_ms.data()};
}

/// Currents that are straight lines, at the concentrations as mechanisms were told of them: those
/// that follow them, or the others.
template <class Real>
void LaneSolver<Real>::find_lines(bool live) noexcept {
    LaneIons<Real>& ions = *ions_;
    std::vector<std::vector<double>> no_gates;
    auto& sum_nA = live ? ions.live_nA : ions.fixed_nA;
    std::ranges::fill(sum_nA, 0.0);
    std::ranges::fill(ions.live_uS, 0.0);
    for (auto& line : ions.lines) {
        if (line.is_live != live) {
            continue;
        }
        const SystemMechanism& mechanism = systems_[0]->mechanisms()[line.mechanism];
        const auto& carriers = mechanism.table->compartment;
        const BoundRows bound(mechanism, no_gates);
        if (mechanism.mechanism->expressions != nullptr) {
            split_currents(bound.rows(), ions.no_mV.data(), line.to.data());
        } else {
            std::ranges::fill(ions.current_nA, 0.0);
            std::ranges::fill(ions.conductance_uS, 0.0);
            mechanism.mechanism->kernels.current(bound.rows(), ions.no_mV.data(),
                                                 ions.current_nA.data(),
                                                 ions.conductance_uS.data());
            for (std::size_t row = 0; row < carriers.size(); ++row) {
                line.numbers[0][row] = ions.current_nA[index(carriers[row])];
                line.numbers[1][row] = ions.conductance_uS[index(carriers[row])];
            }
        }
        for (std::size_t a = 0; a < line.numbers.size(); a += 2) {
            add_over(carriers, line.numbers[a], sum_nA);
            if (line.to[a + 1] != nullptr) {
                add_over(carriers, line.numbers[a + 1], line.turns ? ions.live_uS : ions.fixed_uS);
            }
            // Others are found once and for all.
            line.to[a + 1] = line.turns ? line.to[a + 1] : nullptr;
        }
    }
}

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
            for (const Link& link : links_) {
                const Real* const from = &link_state_[modes_at(link)] - link.lane;
                std::copy_n(from, link_modes_ * kLanes,
                            &ions.counts.begun[link.k * link_modes_ * kLanes]);
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

/// What the drives of a step have brought to a link, beside what its rows have.
template <class Real>
void LaneSolver<Real>::book_driven(const Link& link) noexcept {
    Real* const to = &ions_->counts.driven[link.k * link_modes_ * kLanes + link.lane];
    for (std::size_t mode = 0; mode < link.modes->size(); ++mode) {
        const double mean = (1.0 - kGamma) * driven_.first[mode] + kGamma * driven_.second[mode];
        to[mode * kLanes] += static_cast<Real>(ions_->step_ms * mean);
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

template <class Real>
std::size_t LaneSolver<Real>::ion_bytes() const noexcept {
    if (!ions_) {
        return 0;
    }
    std::size_t numbers = 0;
    const auto add = [&](const auto& column) { numbers += column.capacity(); };
    const LaneIons<Real>& ions = *ions_;
    for (const auto* counts : {&ions.counts, &ions.copy}) {
        std::ranges::for_each(counts->before_pC, add);
        std::ranges::for_each(counts->charge_pC, add);
        for (const auto* column :
             {&counts->row_mV_ms, &counts->begun, &counts->driven, &counts->shift}) {
            add(*column);
        }
    }
    for (const auto& curve : ions.curves) {
        add(curve.sums);
    }
    for (const auto& line : ions.lines) {
        std::ranges::for_each(line.numbers, add);
    }
    for (const auto& column : ions.columns) {
        numbers += 2 * column.cells.capacity();
    }
    for (const auto* column :
         {&ions.basis, &ions.inverse_rate, &ions.lower, &ions.upper, &ions.source_nA,
          &ions.shifted_nA, &ions.watched_rest_mV, &ions.modes}) {
        add(*column);
    }
    return (numbers + 2 * ions.sources.capacity() + 6 * ions.mean_mV.capacity()) * sizeof(double);
}

template class LaneSolver<double>;
template class LaneSolver<float>;

}  // namespace ranvier
