// The constant part of the equations: a Discretisation made ready for stepping.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "ranvier/base/constants.hpp"
#include "ranvier/discretisation/discretisation.hpp"
#include "ranvier/mechanisms/mechanism.hpp"
#include "ranvier/solver/ion_pools.hpp"
#include "ranvier/solver/state.hpp"

namespace ranvier {

/// One mechanism, resolved: what Rows point to, apart from the gates.
struct SystemMechanism {
    const Mechanism* mechanism;
    const MechanismTable* table;
    std::span<const double> e_mV;           // per row; empty without an ion
    std::vector<double> rate_factor;        // per gate
    std::span<const double> nA_per_mA_cm2;  // per row, unless drop_areas() was called; at points 1
    // Of one that is written as expressions: what they read, then the columns derived from it.
    std::vector<InputColumn> inputs;
};

/// Rows for one mechanism with the pointers that Rows refers to. Pinned: not to be moved.
class BoundRows {
public:
    static constexpr std::size_t kMostGates = 24;
    static constexpr std::size_t kMostParameters = 64;
    static constexpr std::size_t kMostInputs = 96;

    BoundRows(const SystemMechanism& mechanism, std::vector<std::vector<double>>& gates) noexcept
        : BoundRows(mechanism, gates, 0, mechanism.table->compartment.size()) {}

    /// Only `count` rows, from `first` on.
    BoundRows(const SystemMechanism& mechanism, std::vector<std::vector<double>>& gates,
              std::size_t first, std::size_t count) noexcept;
    /// The same with gates elsewhere, [gate][row - first].
    BoundRows(const SystemMechanism& mechanism, std::span<double* const> gates, std::size_t first,
              std::size_t count) noexcept;
    /// One row by itself, at unit area: its current is a density, and its compartment is the first
    /// of what it is given.
    BoundRows(const SystemMechanism& mechanism, std::span<double* const> gates,
              std::size_t row) noexcept
        : BoundRows(mechanism, gates, row, 1) {
        rows_.compartment = &kFirst;
        rows_.nA_per_mA_cm2 = &kUnit;
    }
    BoundRows(const BoundRows&) = delete;
    BoundRows& operator=(const BoundRows&) = delete;

    const Rows& rows() const noexcept { return rows_; }

private:
    static constexpr std::int32_t kFirst = 0;
    static constexpr double kUnit = 1.0;

    void bind(const SystemMechanism& mechanism, std::size_t first, std::size_t count) noexcept;

    std::array<const double*, kMostParameters> parameters_{};
    std::array<double*, kMostGates> gates_{};
    std::array<InputColumn, kMostInputs> inputs_;
    Rows rows_{};
};

/// The equations of the membrane to first order about a state.
struct Linearisation {
    struct Gate {
        std::vector<double> rate_per_ms;          // dx/dt
        std::vector<double> rate_by_v_per_ms_mV;  // d(dx/dt)/dv
        std::vector<double> decay_per_ms;         // -d(dx/dt)/dx
        std::vector<double> current_by_gate_nA;   // d(outward current)/dx
    };
    std::vector<std::vector<Gate>> gates;  // [mechanism][gate], each [row]
    /// d(dx/dt)/d(another gate): [mechanism][coupling][row], as the mechanism lists them.
    std::vector<std::vector<std::vector<double>>> couplings_per_ms;
    std::vector<double> current_nA;      // outward, per compartment
    std::vector<double> conductance_uS;  // its derivative by v, gates held
};

class System {
public:
    explicit System(std::shared_ptr<const Discretisation> discretisation);

    /// Pinned: its mechanisms refer to its columns.
    System(const System&) = delete;
    System& operator=(const System&) = delete;

    const Discretisation& discretisation() const noexcept { return *discretisation_; }
    std::size_t size() const noexcept { return discretisation_->compartments.size(); }
    std::size_t potentials() const noexcept { return discretisation_->potentials(); }
    const std::vector<SystemMechanism>& mechanisms() const noexcept { return mechanisms_; }

    /// Where ions accumulate; empty where none does.
    const IonPools& ion_pools() const noexcept { return pools_; }
    /// What mechanisms read of them, which whoever moves concentrations keeps up to date: a part
    /// of a run, and null where no ion accumulates.
    IonInputs* ion_inputs() const noexcept { return ion_inputs_.get(); }

    /// For whoever steps without the kernels of here: membrane areas, which currents take, may go
    /// and come again. Steady states are to be had without.
    void drop_areas() noexcept;
    void make_areas();
    /// Bytes that it holds beyond its discretisation.
    std::size_t bytes() const noexcept;
    /// Of row `row` of a mechanism: 1 where its current is in nA itself.
    double nA_per_mA_cm2(std::size_t mechanism, std::size_t row) const noexcept {
        const SystemMechanism& own = mechanisms_[mechanism];
        const auto i = static_cast<std::size_t>(own.table->compartment[row]);
        return own.mechanism->info.is_point
                   ? 1.0
                   : discretisation_->compartments.area_um2[i] * k_uS_per_S_cm2_um2;
    }

    /// A state of the right shape, all zero.
    State blank_state() const { return blank_state({}); }
    State blank_state(const Moment& moment) const;

    /// The gates of such a state.
    std::vector<std::vector<std::vector<double>>> blank_gates() const;

    /// Recomputes state.v_mV: axoplasm minus the layer just outside.
    void update_membrane_potential(State& state) const noexcept;

    /// Sets every gate to its steady state at state.v_mV.
    void settle_gates(State& state) const noexcept;
    /// Sets every gate to what a run begins with at state.v_mV.
    void start_gates(State& state) const noexcept;

    /// Moves every gate by dt at constant state.v_mV.
    void advance_gates(State& state, double dt_ms) const noexcept;
    /// The same to third order in dt, at half the price.
    void relax_gates(State& state, double dt_ms) const noexcept;

    /// Outward ionic current and its derivative at membrane potential `v_mV`, gates as in `state`.
    /// Both arrays are overwritten.
    void ionic_current(State& state, const std::vector<double>& v_mV,
                       std::vector<double>& current_nA,
                       std::vector<double>& conductance_uS) const noexcept;

    /// A linearisation of the right shape, all zero.
    Linearisation blank_linearisation() const;

    /// Rates of change, currents and all their derivatives at `state`. Overwrites `into`.
    void linearise(State& state, Linearisation& into) const noexcept;

    /// Only rates of change and currents.
    void change(State& state, Linearisation& into) const noexcept;

private:
    using ChangeKernel = decltype(&MechanismKernels::change);
    void change(State& state, Linearisation& into, ChangeKernel kernel) const noexcept;
    void bind_inputs(SystemMechanism& bound);

    std::shared_ptr<const Discretisation> discretisation_;
    IonPools pools_;
    std::unique_ptr<IonInputs> ion_inputs_;
    std::vector<SystemMechanism> mechanisms_;
    // What the mechanisms show of, each once.
    std::vector<std::vector<double>> e_mV_;
    std::vector<std::vector<double>> areas_;
    std::vector<std::vector<double>> inputs_;
};

}  // namespace ranvier
