#include "ranvier/solver/ion_steps.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "ranvier/base/constants.hpp"
#include "ranvier/mechanisms/expression/plain_kernels.hpp"
#include "ranvier/mechanisms/expression/program.hpp"
#include "ranvier/solver/two_stage.hpp"

namespace ranvier {
namespace {

/// Of an ion with one charge.
constexpr double kAmolPerPC = 1e6 / kFaraday_C_per_mol;

/// A concentration is not expected to fall by more than this share within half a step.
constexpr double kLeastOfPresent = 0.5;

/// sum + rest grows by `more`, and by nothing else (Knuth's sum of two). Over arrays, so that the
/// loop vectorises.
template <class More>
void add_to(std::vector<double>& sums, std::vector<double>& rests, const More& more) noexcept {
    double* const sum = sums.data();
    double* const rest = rests.data();
    const std::size_t n = sums.size();
    for (std::size_t i = 0; i < n; ++i) {
        const double b = more(i) + rest[i];
        const double total = sum[i] + b;
        const double of_b = total - sum[i];
        rest[i] = (sum[i] - (total - of_b)) + (b - of_b);
        sum[i] = total;
    }
}

}  // namespace

IonSteps::IonSteps(const System& system)
    : system_(system),
      pools_(system.ion_pools()),
      parent_(system.discretisation().compartments.parent) {
    if (pools_.is_empty()) {
        return;
    }
    const std::size_t n = system.size();
    for (const IonAccount& account : pools_.accounts) {
        const auto& mechanism = system.mechanisms()[account.mechanism];
        const std::vector<double> rows(mechanism.table->compartment.size(), 0.0);
        slopes_.push_back({{2 + mechanism.mechanism->info.gates.size(), rows}, rows});
    }
    for (const IonPool& pool : pools_.pools) {
        const IonStore& store = pool.store();
        Spread& spread = spreads_.emplace_back();
        spread.sum_um3_per_ms = store.exchange_um3_per_ms;
        spread.coupling.assign(n, {0.0});
        spread.pivots.resize(n);
        for (std::size_t i = 0; i < n; ++i) {
            if (parent_[i] == kNoParent) {
                continue;
            }
            const auto up = static_cast<std::size_t>(parent_[i]);
            const double along = store.diffusion_um3_per_ms[i];
            spread.sum_um3_per_ms[i] += along;
            spread.sum_um3_per_ms[up] += along;
            const bool is_coupled = store.is_held[i] == 0 && store.is_held[up] == 0;
            spread.coupling[i][0] = is_coupled ? along : 0.0;
        }
        const auto is_there = [](double x) { return x > 0.0; };
        spread.is_any = std::ranges::any_of(spread.sum_um3_per_ms, is_there);
        spread.is_along = std::ranges::any_of(store.diffusion_um3_per_ms, is_there);
        for (std::size_t i = 0; i < n; ++i) {
            const double capacity_um3 = store.capacity_um3[i];
            spread.is_live.push_back(store.is_held[i] == 0 ? 1.0 : 0.0);
            spread.per_um3.push_back(
                store.is_held[i] == 0 && capacity_um3 > 0.0 ? 1.0 / capacity_um3 : 0.0);
        }
        const auto& is_junction = system.discretisation().compartments.is_junction;
        for (std::size_t i = n; i-- > 0;) {
            if (store.is_held[i] != 0) {
                continue;
            }
            if (is_junction[i] != 0) {
                spread.junctions.push_back(i);
            }
            if (!(store.capacity_um3[i] > 0.0)) {
                spread.volumeless.push_back(i);
            }
        }
    }
    middle_mM_.assign(pools_.pools.size(), std::vector<double>(n));
    gain_ = middle_mM_;
    for (auto* work : {&scratch_nA_, &scratch_uS_, &change_mM_, &mean_mM_, &along_amol_, &bath_amol_}) {
        work->assign(n, 0.0);
    }
    first_.assign(n, {0.0});
    moved_ = first_;
}

bool IonSteps::is_sound(const State& state) const noexcept {
    for (std::size_t p = 0; p < pools_.pools.size(); ++p) {
        const auto& is_held = pools_.pools[p].store().is_held;
        const auto& now_mM = state.concentration_mM[p];
        for (std::size_t i = 0; i < now_mM.size(); ++i) {
            if (is_held[i] == 0 && !(now_mM[i] > 0.0)) {
                return false;
            }
        }
    }
    return true;
}

void IonSteps::predict(const State& state, double dt_ms) noexcept {
    if (state.ions_ms > 0.0 && system_.ion_inputs()->times_shown() == shown_) {
        return;
    }
    for (std::size_t p = 0; p < middle_mM_.size(); ++p) {
        const double* const now_mM = state.concentration_mM[p].data();
        const double* const slope = state.concentration_slope_mM_per_ms[p].data();
        double* const middle_mM = middle_mM_[p].data();
        for (std::size_t i = 0; i < middle_mM_[p].size(); ++i) {
            const double least_mM = kLeastOfPresent * now_mM[i];
            const double at_mM = now_mM[i] + 0.5 * dt_ms * slope[i];
            middle_mM[i] = at_mM < least_mM ? least_mM : at_mM;
        }
    }
    system_.ion_inputs()->show(middle_mM_);
    shown_ = system_.ion_inputs()->times_shown();
}

void IonSteps::linearise(std::size_t mechanism, std::size_t first, const BoundRows& bound,
                         const double* v_mV, const GateSlopes& slopes, double* current_nA,
                         double* conductance_uS) noexcept {
    const Rows& rows = bound.rows();
    const auto& kernels = system_.mechanisms()[mechanism].mechanism->kernels;
    const std::size_t account = pools_.first_account[mechanism];
    const std::size_t accounts = pools_.first_account[mechanism + 1] - account;
    const std::size_t gates = system_.mechanisms()[mechanism].mechanism->info.gates.size();
    if (accounts != 1) {
        kernels.linearise(rows, v_mV, slopes, current_nA, conductance_uS);
        if (accounts == 0) {
            return;
        }
        std::vector<double*> to;
        for (std::size_t a = account; a < account + accounts; ++a) {
            for (auto& column : slopes_[a].by) {
                to.push_back(column.data() + first);
            }
        }
        split_currents(rows, v_mV, to.data());
        return;
    }
    // The kernel adds to compartments: here to empty ones, to see what it adds.
    kernels.linearise(rows, v_mV, slopes, scratch_nA_.data(), scratch_uS_.data());
    auto& by = slopes_[account].by;
    for (std::size_t i = 0; i < rows.size; ++i) {
        const auto compartment = static_cast<std::size_t>(rows.compartment[i]);
        by[0][first + i] = scratch_nA_[compartment];
        by[1][first + i] = scratch_uS_[compartment];
        current_nA[compartment] += scratch_nA_[compartment];
        conductance_uS[compartment] += scratch_uS_[compartment];
        scratch_nA_[compartment] = 0.0;
        scratch_uS_[compartment] = 0.0;
    }
    for (std::size_t g = 0; g < gates; ++g) {
        std::copy_n(slopes.current_by_gate_nA[g], rows.size, by[2 + g].data() + first);
    }
}

void IonSteps::begin_mean(std::span<const double> v_change_mV) noexcept {
    for (std::size_t a = 0; a < slopes_.size(); ++a) {
        const auto& rows = system_.mechanisms()[pools_.accounts[a].mechanism].table->compartment;
        auto& [by, mean_nA] = slopes_[a];
        for (std::size_t row = 0; row < rows.size(); ++row) {
            mean_nA[row] =
                by[0][row] + by[1][row] * v_change_mV[static_cast<std::size_t>(rows[row])];
        }
    }
}

void IonSteps::add_to_mean(std::size_t mechanism, std::size_t gate,
                           std::span<const double> change) noexcept {
    for (std::size_t a = pools_.first_account[mechanism]; a < pools_.first_account[mechanism + 1];
         ++a) {
        auto& [by, mean_nA] = slopes_[a];
        const auto& by_gate = by[2 + gate];
        for (std::size_t row = 0; row < change.size(); ++row) {
            mean_nA[row] += by_gate[row] * change[row];
        }
    }
}

void IonSteps::keep(State& state, double dt_ms) const noexcept {
    for (std::size_t a = 0; a < slopes_.size(); ++a) {
        const auto& mean_nA = slopes_[a].mean_nA;
        auto& pending_pC = state.pending_pC[a];
        for (std::size_t row = 0; row < mean_nA.size(); ++row) {
            pending_pC[row] += dt_ms * mean_nA[row];
        }
    }
    state.ions_ms += dt_ms;
}

void IonSteps::move(State& state) noexcept {
    const double dt_ms = state.ions_ms;
    if (!(dt_ms > 0.0)) {
        return;
    }
    for (auto& gain : gain_) {
        std::ranges::fill(gain, 0.0);
    }
    for (std::size_t a = 0; a < slopes_.size(); ++a) {
        const IonAccount& account = pools_.accounts[a];
        auto& pending_pC = state.pending_pC[a];
        LongSums& charge = state.charge_pC[a];
        const double* const more_pC = pending_pC.data();
        add_to(charge.sum, charge.rest, [more_pC](std::size_t row) { return more_pC[row]; });
        if (!account.inside && !account.outside) {
            std::ranges::fill(pending_pC, 0.0);
            continue;
        }
        const double amol_per_pC = kAmolPerPC / account.table->valence / dt_ms;
        const auto& rows = system_.mechanisms()[account.mechanism].table->compartment;
        for (std::size_t row = 0; row < pending_pC.size(); ++row) {
            const auto i = static_cast<std::size_t>(rows[row]);
            const double efflux = amol_per_pC * pending_pC[row];
            if (account.inside) {
                gain_[*account.inside][i] -= efflux;
            }
            if (account.outside) {
                gain_[*account.outside][i] += efflux;
            }
        }
        std::ranges::fill(pending_pC, 0.0);
    }
    for (std::size_t p = 0; p < pools_.pools.size(); ++p) {
        spread(p, state, dt_ms);
        settle_pool(p, state, dt_ms);
    }
    state.ions_ms = 0.0;
}

/// What flows into each row by diffusion and exchange at these concentrations, amol/ms.
void IonSteps::set_rates(std::size_t pool, const std::vector<double>& at_mM,
                         std::vector<Potentials<1>>& to) const noexcept {
    const IonStore& store = pools_.pools[pool].store();
    const double* const exchange = store.exchange_um3_per_ms.data();
    const double* const bath_mM = pools_.pools[pool].start_mM().data();
    const double* const now_mM = at_mM.data();
    for (std::size_t i = 0; i < at_mM.size(); ++i) {
        const double inflow = exchange[i] * (bath_mM[i] - now_mM[i]);
        to[i][0] = exchange[i] > 0.0 ? inflow : 0.0;
    }
    for (std::size_t i = 0; spreads_[pool].is_along && i < at_mM.size(); ++i) {
        if (store.diffusion_um3_per_ms[i] > 0.0) {
            const auto up = static_cast<std::size_t>(parent_[i]);
            const double inflow = store.diffusion_um3_per_ms[i] * (at_mM[up] - at_mM[i]);
            to[i][0] += inflow;
            to[up][0] -= inflow;
        }
    }
}

/// Both stages of a step, of first_ and of moved_; see spread(). Where nothing diffuses each row is
/// by itself.
void IonSteps::solve_stages(Spread& spread, const IonStore& store, double dt_ms) noexcept {
    // Steps of one length differ in their last digits, which are not worth another matrix.
    const double tau_ms = static_cast<float>(kGamma * dt_ms);
    const std::size_t n = first_.size();
    const bool is_factored = spread.factored_ms == tau_ms;
    for (std::size_t i = 0; !is_factored && i < n; ++i) {
        const double own = store.capacity_um3[i] / tau_ms + spread.sum_um3_per_ms[i];
        const double pivot = store.is_held[i] != 0 ? 1.0 : own;
        spread.pivots[i].entry[0] = spread.is_along ? pivot : 1.0 / pivot;
    }
    spread.factored_ms = tau_ms;
    const double echo_per_ms = kEcho / tau_ms;
    const double* const capacity_um3 = store.capacity_um3.data();
    const double* const is_live = spread.is_live.data();
    if (!spread.is_along) {
        for (std::size_t i = 0; i < n; ++i) {
            const double inverse = spread.pivots[i].entry[0];
            const double first = first_[i][0];
            first_[i][0] = first * inverse;
            moved_[i][0] = (first + echo_per_ms * capacity_um3[i] * first_[i][0]) * inverse;
        }
        return;
    }
    moved_ = first_;
    if (is_factored) {
        solve_tree_again<1>(parent_, spread.pivots, spread.coupling, first_);
    } else {
        solve_tree<1>(parent_, spread.pivots, spread.coupling, first_);
    }
    for (std::size_t i = 0; i < n; ++i) {
        moved_[i][0] =
            is_live[i] * (moved_[i][0] + echo_per_ms * capacity_um3[i] * first_[i][0]);
    }
    solve_tree_again<1>(parent_, spread.pivots, spread.coupling, moved_);
}

/// The two-stage method of the potentials on the linear part, with the currents as they are on
/// average:
///   [V/(g dt) - L] u1 = J + L c,   [V/(g dt) - L] u2 = J + L c + (1 - g)/(g^2 dt) V u1.
/// What flows over the step is L at c + (1 - g) u1 + g u2, so that what one row gives is what the
/// next one gets, whatever the solution's last digits are.
void IonSteps::spread(std::size_t pool, const State& state, double dt_ms) noexcept {
    Spread& spread = spreads_[pool];
    if (!spread.is_any) {
        std::ranges::fill(along_amol_, 0.0);
        std::ranges::fill(bath_amol_, 0.0);
        return;
    }
    const IonStore& store = pools_.pools[pool].store();
    const double* const now_mM = state.concentration_mM[pool].data();
    const double* const bath_mM = pools_.pools[pool].start_mM().data();
    const double* const gain = gain_[pool].data();
    const double* const is_live = spread.is_live.data();
    const std::size_t n = first_.size();
    set_rates(pool, state.concentration_mM[pool], first_);
    for (std::size_t i = 0; i < n; ++i) {
        const double all = first_[i][0] + gain[i];
        first_[i][0] = is_live[i] > 0.0 ? all : 0.0;
    }
    solve_stages(spread, store, dt_ms);

    const double* const exchange = store.exchange_um3_per_ms.data();
    for (std::size_t i = 0; i < n; ++i) {
        mean_mM_[i] = now_mM[i] + (1.0 - kGamma) * first_[i][0] + kGamma * moved_[i][0];
    }
    for (std::size_t i = 0; i < n; ++i) {
        const double inflow = dt_ms * exchange[i] * (bath_mM[i] - mean_mM_[i]);
        bath_amol_[i] = exchange[i] > 0.0 ? inflow : 0.0;
    }
    std::ranges::fill(along_amol_, 0.0);
    for (std::size_t i = 0; spread.is_along && i < n; ++i) {
        if (store.diffusion_um3_per_ms[i] > 0.0) {
            const auto up = static_cast<std::size_t>(parent_[i]);
            const double inflow =
                dt_ms * store.diffusion_um3_per_ms[i] * (mean_mM_[up] - mean_mM_[i]);
            along_amol_[i] += inflow;
            along_amol_[up] -= inflow;
        }
    }
    // A junction keeps nothing, also of what rounding leaves there.
    for (const std::size_t i : spread.junctions) {
        const std::size_t to =
            parent_[i] == kNoParent ? i + 1 : static_cast<std::size_t>(parent_[i]);
        along_amol_[to] += along_amol_[i];
        along_amol_[i] = 0.0;
    }
}

void IonSteps::settle_pool(std::size_t pool, State& state, double dt_ms) noexcept {
    const Spread& spread = spreads_[pool];
    LongSums& along = state.diffused_amol[pool];
    LongSums& bath = state.exchanged_amol[pool];
    const double* const gain = gain_[pool].data();
    const double* const from_along = along_amol_.data();
    const double* const from_bath = bath_amol_.data();
    const double* const is_live = spread.is_live.data();
    if (spread.is_along) {
        add_to(along.sum, along.rest, [=](std::size_t i) { return from_along[i]; });
    }
    // Where it is held, the bath takes whatever comes.
    add_to(bath.sum, bath.rest, [=](std::size_t i) {
        const double all = -(dt_ms * gain[i] + from_along[i]);
        return is_live[i] > 0.0 ? from_bath[i] : all;
    });
    const double* const per_um3 = spread.per_um3.data();
    double* const change_mM = change_mM_.data();
    double* const slope = state.concentration_slope_mM_per_ms[pool].data();
    for (std::size_t i = 0; i < change_mM_.size(); ++i) {
        change_mM[i] = (dt_ms * gain[i] + from_along[i] + from_bath[i]) * per_um3[i];
    }
    for (const std::size_t i : spread.volumeless) {
        change_mM[i] = moved_[i][0];
    }
    for (std::size_t i = 0; i < change_mM_.size(); ++i) {
        slope[i] = change_mM[i] / dt_ms;
    }
    add_to(state.concentration_mM[pool], state.concentration_rest_mM[pool],
           [=](std::size_t i) { return change_mM[i]; });
}

}  // namespace ranvier
