#include "ranvier/solver/ion_spread.hpp"

#include <algorithm>
#include <array>

#include "ranvier/solver/two_stage.hpp"

namespace ranvier {
namespace {

/// The arrays of `count` pools, whose trees are one: their chains of products do not depend on each
/// other, and the processor overlaps them.
template <std::size_t count>
struct Trees {
    std::array<const double*, count> inverse;
    std::array<const double*, count> weight;
    std::array<double*, count> rhs;
};

/// Solves as tree_solve.hpp does, with one unknown per row and the factors at hand. Most rows hang
/// on the one before, whose number then need not go through memory.
template <std::size_t count>
void solve_trees(std::span<const std::int32_t> parent, const Trees<count>& trees) noexcept {
    std::array<double, count> here;
    const auto load = [&](std::size_t i) {
        for (std::size_t k = 0; k < count; ++k) {
            here[k] = trees.rhs[k][i];
        }
    };
    const std::size_t n = parent.size();
    load(n - 1);
    for (std::size_t i = n; i-- > 1;) {
        const auto up = static_cast<std::size_t>(parent[i]);
        if (up + 1 == i) {
            for (std::size_t k = 0; k < count; ++k) {
                here[k] = trees.rhs[k][up] + trees.weight[k][i] * here[k];
                trees.rhs[k][up] = here[k];
            }
            continue;
        }
        for (std::size_t k = 0; parent[i] != kNoParent && k < count; ++k) {
            trees.rhs[k][up] += trees.weight[k][i] * here[k];
        }
        load(i - 1);
    }
    here.fill(0.0);
    for (std::size_t i = 0; i < n; ++i) {
        const bool is_root = parent[i] == kNoParent;
        if (!is_root && static_cast<std::size_t>(parent[i]) + 1 != i) {
            load(static_cast<std::size_t>(parent[i]));
        }
        for (std::size_t k = 0; k < count; ++k) {
            const double own = trees.inverse[k][i] * trees.rhs[k][i];
            here[k] = is_root ? own : own + trees.weight[k][i] * here[k];
            trees.rhs[k][i] = here[k];
        }
    }
}

}  // namespace

IonSpread::IonSpread(const System& system)
    : pools_(system.ion_pools()), parent_(system.discretisation().compartments.parent) {
    if (pools_.is_empty()) {
        return;
    }
    const std::size_t n = system.size();
    const auto& is_junction = system.discretisation().compartments.is_junction;
    const auto is_there = [](double x) { return x > 0.0; };
    const std::vector<double> none(n, 0.0);
    for (const IonPool& pool : pools_.pools) {
        const IonStore& store = pool.store();
        Pool& own = own_.emplace_back();
        own.sum_um3_per_ms = store.exchange_um3_per_ms;
        for (auto* const column : {&own.is_live, &own.per_um3, &own.coupling, &own.inverse,
                                   &own.weight, &own.first, &own.moved}) {
            *column = none;
        }
        for (std::size_t i = 0; i < n; ++i) {
            if (parent_[i] != kNoParent) {
                const auto up = static_cast<std::size_t>(parent_[i]);
                const double along = store.diffusion_um3_per_ms[i];
                own.sum_um3_per_ms[i] += along;
                own.sum_um3_per_ms[up] += along;
                const bool is_coupled = store.is_held[i] == 0 && store.is_held[up] == 0;
                own.coupling[i] = is_coupled ? along : 0.0;
            }
            if (store.is_held[i] == 0) {
                const double capacity_um3 = store.capacity_um3[i];
                own.is_live[i] = 1.0;
                own.per_um3[i] = capacity_um3 > 0.0 ? 1.0 / capacity_um3 : 0.0;
            }
        }
        for (std::size_t i = n; i-- > 0;) {
            if (own.is_live[i] > 0.0 && is_junction[i] != 0) {
                own.junctions.push_back(i);
            }
            if (own.is_live[i] > 0.0 && own.per_um3[i] == 0.0) {
                own.volumeless.push_back(i);
            }
        }
        own.is_any = std::ranges::any_of(own.sum_um3_per_ms, is_there);
        own.is_along = std::ranges::any_of(store.diffusion_um3_per_ms, is_there);
        own.is_out = std::ranges::any_of(store.exchange_um3_per_ms, is_there);
        own.has_bath = own.is_out || std::ranges::find(own.is_live, 0.0) != own.is_live.end();
        if (own.is_along) {
            along_.push_back(own_.size() - 1);
        }
        flows_.push_back({none, none, none});
    }
    mean_mM_ = none;
    inflow_.assign(n + 1, 0.0);
    is_chain_ = true;
    for (std::size_t i = 1; i < n; ++i) {
        is_chain_ = is_chain_ && static_cast<std::size_t>(parent_[i]) + 1 == i;
    }
}

std::span<const IonFlow> IonSpread::flow(const State& state,
                                         std::span<const std::vector<double>> gain,
                                         double dt_ms) noexcept {
    // Steps of one length differ in their last digits, which are not worth another matrix.
    const double tau_ms = static_cast<float>(kGamma * dt_ms);
    const bool is_factored = tau_ms == factored_ms_;
    factored_ms_ = tau_ms;
    for (std::size_t p = 0; p < own_.size(); ++p) {
        begin(p, state, gain[p]);
        if (!is_factored) {
            factor(p, tau_ms);
        }
    }
    solve(&Pool::first);
    for (std::size_t p = 0; p < own_.size(); ++p) {
        add_stored(p, kEcho / tau_ms);
    }
    solve(&Pool::moved);
    for (std::size_t p = 0; p < own_.size(); ++p) {
        end(p, state, gain[p], dt_ms);
    }
    return flows_;
}

/// What flows along the cable into each row in `time_ms` at these concentrations: what one gives is
/// what the next one gets.
void IonSpread::add_along(const double* diffusion, const double* at_mM, double time_ms,
                          double* to_amol) noexcept {
    const std::size_t n = parent_.size();
    double* const inflow = inflow_.data();  // and nothing into the one beyond the last
    if (is_chain_) {
        for (std::size_t i = 1; i < n; ++i) {
            const double own = time_ms * diffusion[i] * (at_mM[i - 1] - at_mM[i]);
            inflow[i] = diffusion[i] > 0.0 ? own : 0.0;
        }
        for (std::size_t i = 0; i < n; ++i) {
            to_amol[i] += inflow[i] - inflow[i + 1];
        }
        return;
    }
    for (std::size_t i = 0; i < n; ++i) {
        if (diffusion[i] > 0.0) {
            const auto up = static_cast<std::size_t>(parent_[i]);
            const double own = time_ms * diffusion[i] * (at_mM[up] - at_mM[i]);
            to_amol[i] += own;
            to_amol[up] -= own;
        }
    }
}

/// What flows into each row at the concentrations as they are, amol/ms, into both stages.
void IonSpread::begin(std::size_t pool, const State& state,
                      const std::vector<double>& gain) noexcept {
    Pool& own = own_[pool];
    if (!own.is_any) {
        return;
    }
    const IonStore& store = pools_.pools[pool].store();
    const double* const exchange = store.exchange_um3_per_ms.data();
    const double* const diffusion = store.diffusion_um3_per_ms.data();
    const double* const bath_mM = pools_.pools[pool].start_mM().data();
    const double* const now_mM = state.concentration_mM[pool].data();
    const double* const is_live = own.is_live.data();
    const double* const by_currents = gain.data();
    double* const into = own.first.data();
    const std::size_t n = parent_.size();
    std::copy_n(by_currents, n, into);
    for (std::size_t i = 0; own.is_out && i < n; ++i) {
        const double inflow = exchange[i] * (bath_mM[i] - now_mM[i]);
        into[i] += exchange[i] > 0.0 ? inflow : 0.0;
    }
    if (own.is_along) {
        add_along(diffusion, now_mM, 1.0, into);
    }
    double* const again = own.moved.data();
    for (std::size_t i = 0; i < n; ++i) {
        again[i] = into[i] = is_live[i] > 0.0 ? into[i] : 0.0;
    }
}

/// The matrix V/tau - L as solve() needs it, eliminated from the tips to the roots.
void IonSpread::factor(std::size_t pool, double tau_ms) noexcept {
    Pool& own = own_[pool];
    const IonStore& store = pools_.pools[pool].store();
    const std::size_t n = parent_.size();
    std::vector<double>& pivot = own.inverse;
    for (std::size_t i = 0; i < n; ++i) {
        const double all = store.capacity_um3[i] / tau_ms + own.sum_um3_per_ms[i];
        pivot[i] = store.is_held[i] != 0 ? 1.0 : all;
    }
    for (std::size_t i = n; i-- > 0;) {
        own.inverse[i] = 1.0 / pivot[i];
        own.weight[i] = own.coupling[i] * own.inverse[i];
        if (parent_[i] != kNoParent) {
            pivot[static_cast<std::size_t>(parent_[i])] -= own.weight[i] * own.coupling[i];
        }
    }
}

void IonSpread::solve(std::vector<double> Pool::* rhs) noexcept {
    const auto of = [&]<std::size_t count>(std::size_t first) {
        Trees<count> trees;
        for (std::size_t k = 0; k < count; ++k) {
            Pool& own = own_[along_[first + k]];
            trees.inverse[k] = own.inverse.data();
            trees.weight[k] = own.weight.data();
            trees.rhs[k] = (own.*rhs).data();
        }
        solve_trees(parent_, trees);
    };
    std::size_t first = 0;
    for (; first + 4 <= along_.size(); first += 4) {
        of.template operator()<4>(first);
    }
    switch (along_.size() - first) {
        case 3:
            of.template operator()<3>(first);
            break;
        case 2:
            of.template operator()<2>(first);
            break;
        case 1:
            of.template operator()<1>(first);
            break;
        default:
            break;
    }
    // Where nothing diffuses each row is by itself.
    for (Pool& own : own_) {
        double* const x = (own.*rhs).data();
        const double* const inverse = own.inverse.data();
        for (std::size_t i = 0; own.is_any && !own.is_along && i < parent_.size(); ++i) {
            x[i] *= inverse[i];
        }
    }
}

/// What of the first stage comes back in the second.
void IonSpread::add_stored(std::size_t pool, double echo_per_ms) noexcept {
    Pool& own = own_[pool];
    const double* const capacity_um3 = pools_.pools[pool].store().capacity_um3.data();
    const double* const is_live = own.is_live.data();
    const double* const first = own.first.data();
    double* const into = own.moved.data();
    for (std::size_t i = 0; own.is_any && i < parent_.size(); ++i) {
        into[i] += is_live[i] * (echo_per_ms * capacity_um3[i]) * first[i];
    }
}

void IonSpread::end(std::size_t pool, const State& state, const std::vector<double>& gain,
                    double dt_ms) noexcept {
    const Pool& own = own_[pool];
    IonFlow& flow = flows_[pool];
    const IonStore& store = pools_.pools[pool].store();
    const double* const exchange = store.exchange_um3_per_ms.data();
    const double* const diffusion = store.diffusion_um3_per_ms.data();
    const double* const bath_mM = pools_.pools[pool].start_mM().data();
    const double* const now_mM = state.concentration_mM[pool].data();
    const double* const first = own.first.data();
    const double* const moved = own.moved.data();
    double* const mean_mM = mean_mM_.data();
    double* const along_amol = flow.along_amol.data();
    double* const bath_amol = flow.bath_amol.data();
    const std::size_t n = parent_.size();
    for (std::size_t i = 0; own.is_any && i < n; ++i) {
        mean_mM[i] = now_mM[i] + (1.0 - kGamma) * first[i] + kGamma * moved[i];
    }
    if (own.is_out) {
        for (std::size_t i = 0; i < n; ++i) {
            const double inflow = dt_ms * exchange[i] * (bath_mM[i] - mean_mM[i]);
            bath_amol[i] = exchange[i] > 0.0 ? inflow : 0.0;
        }
    }
    if (own.is_along) {
        std::ranges::fill(flow.along_amol, 0.0);
        add_along(diffusion, mean_mM, dt_ms, along_amol);
        // A junction keeps nothing, also of what rounding leaves there.
        for (const std::size_t i : own.junctions) {
            const std::size_t to =
                parent_[i] == kNoParent ? i + 1 : static_cast<std::size_t>(parent_[i]);
            along_amol[to] += along_amol[i];
            along_amol[i] = 0.0;
        }
    }
    const double* const by_currents = gain.data();
    const double* const per_um3 = own.per_um3.data();
    double* const change_mM = flow.change_mM.data();
    for (std::size_t i = 0; i < n; ++i) {
        change_mM[i] = (dt_ms * by_currents[i] + along_amol[i] + bath_amol[i]) * per_um3[i];
    }
    for (const std::size_t i : own.volumeless) {
        change_mM[i] = moved[i];
    }
}

}  // namespace ranvier
