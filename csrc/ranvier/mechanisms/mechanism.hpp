// What the solver knows of a mechanism: its metadata and a table of plain functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace ranvier {

/// A number that a user may set per section. The name carries the unit.
struct ParameterInfo {
    std::string_view name;
    double default_value;
};

/// A variable in [0, 1] with opening rate alpha and closing rate beta; the conductance goes with
/// its `power`, and its rates with `q10` per 10 degC from the channel's reference temperature. Of a
/// mechanism that is written as expressions: any state, which is held within its bounds.
struct GateInfo {
    std::string_view name;
    int power;
    double q10 = 1.0;
    double lowest = 0.0;
    double highest = 1.0;
};

/// That the rate of one gate depends on another.
struct Coupling {
    std::uint16_t of;
    std::uint16_t by;
};

/// What of an ion a mechanism has to be told.
struct IonRead {
    std::string_view ion;
    bool reversal_potential = false;
    bool concentrations = false;
};

enum class MechanismKind : std::uint8_t { kChannel, kPump, kSynapse, kElectrode };

struct MechanismInfo {
    std::string_view name;
    std::string_view summary;
    MechanismKind kind = MechanismKind::kChannel;
    /// The ion it carries and whose reversal potential drives it; empty for a mixed current, which
    /// then has the parameter "e_leak_mV".
    std::string_view ion = {};
    std::span<const ParameterInfo> parameters = {};
    std::span<const GateInfo> gates = {};
    double reference_temperature_degC = 37.0;
    std::string_view citation = {};
    /// Pairs of different gates.
    std::span<const Coupling> couplings = {};
    /// Beside `ion`.
    std::span<const IonRead> reads = {};
    /// Its currents are in nA, not densities: it is a thing at a place, whatever the area there.
    bool is_point = false;
};

template <class Value>
struct Rate {
    Value alpha_per_ms;
    Value beta_per_ms;
};

struct Expressions;

/// A number per row, or one for all: `stride` is then 0.
struct InputColumn {
    const double* first;
    std::size_t stride;
};

/// The rows of one mechanism, one per compartment that carries it, as contiguous arrays.
struct Rows {
    std::size_t size;
    const std::int32_t* compartment;
    const double* const* parameters;  // [parameter][row]
    double* const* gates;             // [gate][row]
    const double* e_mV;               // [row], reversal potential of the mechanism's ion; else null
    const double* rate_factor;        // [gate], the temperature factor of its rates
    const double* nA_per_mA_cm2;  // [row], the membrane area in solver units (also uS per S/cm2)
    // Of a mechanism that is written as expressions: those, and what they read.
    const Expressions* expressions = nullptr;
    const InputColumn* inputs = nullptr;
};

/// Where change() and linearise() write what each gate does to first order about the present state,
/// and what it does to the current. All are [gate][row] and are overwritten; couplings are in the
/// order of the mechanism's.
struct GateSlopes {
    double* const* rate_per_ms;                // dx/dt
    double* const* rate_by_v_per_ms_mV;        // d(dx/dt)/dv
    double* const* decay_per_ms;               // -d(dx/dt)/dx
    double* const* current_by_gate_nA;         // d(outward current)/dx
    double* const* coupling_per_ms = nullptr;  // d(dx/dt)/d(another gate)
};

/// The compiled half of a mechanism. Plain functions over contiguous arrays: no virtual calls, and
/// a guest of the core can supply its own. `v_mV` is indexed by compartment, not by row.
struct MechanismKernels {
    /// Sets every gate to its steady state at v.
    void (*steady_state)(const Rows& rows, const double* v_mV) noexcept;
    /// Sets every gate to what a run begins with at v: its steady state, unless it has a value of
    /// its own to begin with.
    void (*start)(const Rows& rows, const double* v_mV) noexcept;
    /// Moves every gate by dt at constant v, exactly.
    void (*advance)(const Rows& rows, const double* v_mV, double dt_ms) noexcept;
    /// The same to third order in dt, at half the price.
    void (*relax)(const Rows& rows, const double* v_mV, double dt_ms) noexcept;
    /// Adds outward current and its derivative by v, with the gates held, to the compartments.
    void (*current)(const Rows& rows, const double* v_mV, double* current_nA,
                    double* conductance_uS) noexcept;
    /// Writes dx/dt of every gate at v to `to.rate_per_ms`, and adds the outward current to the
    /// compartments; the rest of `to` and the conductance are not touched and may be null.
    void (*change)(const Rows& rows, const double* v_mV, const GateSlopes& to, double* current_nA,
                   double* conductance_uS) noexcept;
    /// The same with all of `to` and the conductance, its derivative by v with the gates held.
    void (*linearise)(const Rows& rows, const double* v_mV, const GateSlopes& to,
                      double* current_nA, double* conductance_uS) noexcept;
    /// Rates of each gate at the reference temperature, for documentation and tests.
    void (*rates)(double v_mV, Rate<double>* rates) noexcept;
};

struct Mechanism {
    MechanismInfo info;
    MechanismKernels kernels;
    const Expressions* expressions = nullptr;
};

}  // namespace ranvier
