// Moves concentrations along with a step of the potentials, by the very currents of that step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "ranvier/mechanisms/mechanism.hpp"
#include "ranvier/solver/ion_spread.hpp"
#include "ranvier/solver/state.hpp"
#include "ranvier/solver/system.hpp"

namespace ranvier {

/// What a method does for ions in a step, in this order: predict(), linearise() all mechanisms, add
/// up the mean currents of the step, keep() them; and at the end of every so many steps move(). See
/// docs/numerics.md.
class IonSteps {
public:
    explicit IonSteps(const System& system);

    bool is_empty() const noexcept { return pools_.is_empty(); }

    /// Whether all concentrations are above 0. A step from others would have no meaning.
    bool is_sound(const State& state) const noexcept;

    /// Tells the mechanisms of concentrations as they will be in the middle of what lies between
    /// two moves, `dt_ms`, as far as the last one can tell.
    void predict(const State& state, double dt_ms) noexcept;

    /// As the kernel of the mechanism, for `bound` rows from `first` on, keeping the current of
    /// each ion and its slopes.
    void linearise(std::size_t mechanism, std::size_t first, const BoundRows& bound,
                   const double* v_mV, const GateSlopes& slopes, double* current_nA,
                   double* conductance_uS) noexcept;

    /// The part of the mean currents that is there without a change of potentials and gates, and
    /// that which goes with those of potentials, one per compartment.
    void begin_mean(std::span<const double> v_change_mV) noexcept;
    /// And that which goes with the mean change of a gate, one per row.
    void add_to_mean(std::size_t mechanism, std::size_t gate,
                     std::span<const double> change) noexcept;

    /// Lets the mean currents of a step of `dt_ms` wait until move().
    void keep(State& state, double dt_ms) const noexcept;

    /// Moves concentrations by what waits, diffusion and exchange, and keeps the books.
    void move(State& state) noexcept;

private:
    /// Of one account: the current, d/dv and d/d(each gate), [slope][row]; and their sum.
    struct Slopes {
        std::vector<std::vector<double>> by;
        std::vector<double> mean_nA;
    };

    void settle_pool(std::size_t pool, const IonFlow& flow, State& state, double dt_ms) noexcept;

    const System& system_;
    const IonPools& pools_;
    IonSpread spread_;
    std::vector<Slopes> slopes_;                  // per account
    std::vector<std::vector<double>> middle_mM_;  // per pool
    /// Which of what mechanisms were told these are: none yet.
    std::uint64_t shown_ = std::numeric_limits<std::uint64_t>::max();
    std::vector<std::vector<double>> gain_;  // per pool, amol/ms: by currents
    // Work.
    std::vector<double> scratch_nA_;
    std::vector<double> scratch_uS_;
};

}  // namespace ranvier
