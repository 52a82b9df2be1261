// Diffusion along the cable and exchange with a bath, of all pools of ions at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "ranvier/solver/state.hpp"
#include "ranvier/solver/system.hpp"

namespace ranvier {

/// Of one pool, in one step: into each row, but for what its currents bring.
struct IonFlow {
    std::vector<double> along_amol;
    std::vector<double> bath_amol;
    std::vector<double> change_mM;  // by all of it, currents too
};

class IonSpread {
public:
    explicit IonSpread(const System& system);

    /// What flows while currents bring `gain` amol/ms, [pool][row]: the two-stage method of the
    /// potentials on the linear part L, with the currents as they are on average:
    ///   [V/(g dt) - L] u1 = J + L c,   [V/(g dt) - L] u2 = J + L c + (1 - g)/(g^2 dt) V u1.
    /// Over the step flows L at c + (1 - g) u1 + g u2, so that what one row gives is what the next
    /// one gets, whatever the solution's last digits are.
    std::span<const IonFlow> flow(const State& state, std::span<const std::vector<double>> gain,
                                  double dt_ms) noexcept;

    /// 1, or 0 where the concentration is held; one per row.
    std::span<const double> is_live(std::size_t pool) const noexcept { return own_[pool].is_live; }
    bool is_along(std::size_t pool) const noexcept { return own_[pool].is_along; }
    /// Whether what is there has to do with a bath at all.
    bool has_bath(std::size_t pool) const noexcept { return own_[pool].has_bath; }

private:
    struct Pool {
        bool is_any = false;
        bool has_bath = false;  // it exchanges with one, or is one somewhere
        bool is_along = false;  // something diffuses
        bool is_out = false;    // something is exchanged with the bath
        std::vector<double> is_live;
        std::vector<double> per_um3;          // 1/capacity, or 0 where it is held or has none
        std::vector<std::size_t> junctions;   // which keep nothing, the last first
        std::vector<std::size_t> volumeless;  // as they are, and not held
        std::vector<double> sum_um3_per_ms;   // of all that leaves a row
        std::vector<double> coupling;         // to the parent, between rows that are not held
        // Factored, for one length of step.
        std::vector<double> inverse;
        std::vector<double> weight;  // coupling times inverse
        std::vector<double> first;   // u1
        std::vector<double> moved;   // u2
    };

    void begin(std::size_t pool, const State& state, const std::vector<double>& gain) noexcept;
    void add_along(const double* diffusion, const double* at_mM, double time_ms,
                   double* to_amol) noexcept;
    void factor(std::size_t pool, double tau_ms) noexcept;
    void solve(std::vector<double> Pool::* rhs) noexcept;
    void add_stored(std::size_t pool, double echo_per_ms) noexcept;
    void end(std::size_t pool, const State& state, const std::vector<double>& gain,
             double dt_ms) noexcept;

    const IonPools& pools_;
    std::span<const std::int32_t> parent_;
    std::vector<Pool> own_;
    std::vector<std::size_t> along_;  // pools in which something diffuses
    double factored_ms_ = 0.0;
    std::vector<IonFlow> flows_;
    bool is_chain_ = false;        // every row hangs on the one before
    std::vector<double> mean_mM_;  // work
    std::vector<double> inflow_;   // work: from the parent
};

}  // namespace ranvier
