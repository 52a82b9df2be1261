// What a LaneSolver has for ions that accumulate: see lane_ions.hpp. The rest is in
// lane_charges.cpp.

#include "ranvier/solver/lanes/lane_ions.hpp"

#include <algorithm>
#include <numeric>

#include "ranvier/mechanisms/expression/dependence.hpp"
#include "ranvier/mechanisms/expression/plain_kernels.hpp"
#include "ranvier/solver/lanes/lane_solver.hpp"

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
    system.ion_inputs()->take_logarithms_by(kernels_->ions.logarithms);
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
