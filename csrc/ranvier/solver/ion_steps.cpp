#include "ranvier/solver/ion_steps.hpp"

#include <algorithm>
#include <cmath>

#include "ranvier/base/constants.hpp"
#include "ranvier/mechanisms/expression/plain_kernels.hpp"
#include "ranvier/mechanisms/expression/program.hpp"

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
    : system_(system), pools_(system.ion_pools()), spread_(system) {
    if (pools_.is_empty()) {
        return;
    }
    const std::size_t n = system.size();
    for (const IonAccount& account : pools_.accounts) {
        const auto& mechanism = system.mechanisms()[account.mechanism];
        const std::vector<double> rows(mechanism.table->compartment.size(), 0.0);
        slopes_.push_back({{2 + mechanism.mechanism->info.gates.size(), rows}, rows});
    }
    middle_mM_.assign(pools_.pools.size(), std::vector<double>(n));
    gain_ = middle_mM_;
    scratch_nA_.assign(n, 0.0);
    scratch_uS_.assign(n, 0.0);
}

bool IonSteps::is_sound(const State& state) const noexcept {
    // A sum of comparisons, which vectorises. NaN is not above 0.
    int faults = 0;
    for (std::size_t p = 0; p < pools_.pools.size(); ++p) {
        const double* const is_live = spread_.is_live(p).data();
        const double* const now_mM = state.concentration_mM[p].data();
        for (std::size_t i = 0; i < state.concentration_mM[p].size(); ++i) {
            faults += static_cast<int>(!(now_mM[i] > 0.0)) & static_cast<int>(is_live[i] > 0.0);
        }
    }
    return faults == 0;
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
        const auto add = [&](std::vector<double>& gain, double amol_ms_per_pC) {
            const auto& rows = system_.mechanisms()[account.mechanism].table->compartment;
            const std::int32_t* const compartment = rows.data();
            double* const to = gain.data();
            const bool is_everywhere = rows.size() == gain.size();
            for (std::size_t i = 0; is_everywhere && i < rows.size(); ++i) {
                to[i] += amol_ms_per_pC * more_pC[i];
            }
            for (std::size_t row = 0; !is_everywhere && row < rows.size(); ++row) {
                to[static_cast<std::size_t>(compartment[row])] += amol_ms_per_pC * more_pC[row];
            }
        };
        if (account.inside) {
            add(gain_[*account.inside], -amol_per_pC);
        }
        if (account.outside) {
            add(gain_[*account.outside], amol_per_pC);
        }
        std::ranges::fill(pending_pC, 0.0);
    }
    const auto flows = spread_.flow(state, gain_, dt_ms);
    for (std::size_t p = 0; p < pools_.pools.size(); ++p) {
        settle_pool(p, flows[p], state, dt_ms);
    }
    state.ions_ms = 0.0;
}

void IonSteps::settle_pool(std::size_t pool, const IonFlow& flow, State& state,
                           double dt_ms) noexcept {
    LongSums& along = state.diffused_amol[pool];
    LongSums& bath = state.exchanged_amol[pool];
    const double* const gain = gain_[pool].data();
    const double* const from_along = flow.along_amol.data();
    const double* const from_bath = flow.bath_amol.data();
    const double* const is_live = spread_.is_live(pool).data();
    if (spread_.is_along(pool)) {
        add_to(along.sum, along.rest, [=](std::size_t i) { return from_along[i]; });
    }
    if (spread_.has_bath(pool)) {
        // Where it is held, the bath takes whatever comes.
        add_to(bath.sum, bath.rest, [=](std::size_t i) {
            const double all = -(dt_ms * gain[i] + from_along[i]);
            return is_live[i] > 0.0 ? from_bath[i] : all;
        });
    }
    const double* const change_mM = flow.change_mM.data();
    double* const slope = state.concentration_slope_mM_per_ms[pool].data();
    const double per_ms = 1.0 / dt_ms;
    for (std::size_t i = 0; i < flow.change_mM.size(); ++i) {
        slope[i] = change_mM[i] * per_ms;
    }
    add_to(state.concentration_mM[pool], state.concentration_rest_mM[pool],
           [=](std::size_t i) { return change_mM[i]; });
}

}  // namespace ranvier
