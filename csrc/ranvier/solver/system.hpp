// The constant part of the equations: a Discretisation made ready for stepping.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "ranvier/discretisation/discretisation.hpp"
#include "ranvier/mechanisms/mechanism.hpp"
#include "ranvier/solver/state.hpp"

namespace ranvier {

/// One mechanism, resolved: what Rows point to, apart from the gates.
struct SystemMechanism {
    const Mechanism* mechanism;
    const MechanismTable* table;
    std::vector<double> e_mV;           // per row; empty without an ion
    std::vector<double> rate_factor;    // per gate
    std::vector<double> nA_per_mA_cm2;  // per row
};

/// Rows for one mechanism with the pointers that Rows refers to. Pinned: not to be moved.
class BoundRows {
public:
    static constexpr std::size_t kMostGates = 16;
    static constexpr std::size_t kMostParameters = 32;

    BoundRows(const SystemMechanism& mechanism, std::vector<std::vector<double>>& gates) noexcept;
    BoundRows(const BoundRows&) = delete;
    BoundRows& operator=(const BoundRows&) = delete;

    const Rows& rows() const noexcept { return rows_; }

private:
    std::array<const double*, kMostParameters> parameters_{};
    std::array<double*, kMostGates> gates_{};
    Rows rows_{};
};

class System {
public:
    explicit System(std::shared_ptr<const Discretisation> discretisation);

    const Discretisation& discretisation() const noexcept { return *discretisation_; }
    std::size_t size() const noexcept { return discretisation_->compartments.size(); }
    std::size_t potentials() const noexcept { return discretisation_->potentials(); }
    const std::vector<SystemMechanism>& mechanisms() const noexcept { return mechanisms_; }

    /// A state of the right shape, all zero.
    State blank_state() const;

    /// Recomputes state.v_mV: axoplasm minus the layer just outside.
    void update_membrane_potential(State& state) const noexcept;

    /// Sets every gate to its steady state at state.v_mV.
    void settle_gates(State& state) const noexcept;

    /// Moves every gate by dt at constant state.v_mV.
    void advance_gates(State& state, double dt_ms) const noexcept;

    /// Outward ionic current and its derivative at membrane potential `v_mV`, gates as in `state`.
    /// Both arrays are overwritten.
    void ionic_current(State& state, const std::vector<double>& v_mV,
                       std::vector<double>& current_nA,
                       std::vector<double>& conductance_uS) const noexcept;

private:
    std::shared_ptr<const Discretisation> discretisation_;
    std::vector<SystemMechanism> mechanisms_;
};

}  // namespace ranvier
