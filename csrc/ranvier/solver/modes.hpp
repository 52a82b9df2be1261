// The modes of small disturbances about a fixed point: whether any grows, and how fast.
#pragma once

#include <complex>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "ranvier/solver/state.hpp"
#include "ranvier/solver/system.hpp"

namespace ranvier {

/// As exp(growth_rate_per_ms t), swinging with the frequency; 0 if it does not swing.
struct Mode {
    double growth_rate_per_ms;
    double frequency_kHz;
};

/// A function of a rate p, at some p, and its derivative.
struct ByRate {
    std::complex<double> at;
    std::complex<double> by_p;
};

enum class Stability { kStable, kUnstable, kUndecided };

/// To first order a disturbance y of all potentials and gates obeys M y' = J y, with M the
/// capacitances (1 for a gate) and J the derivatives at the fixed point: a sum of modes exp(p t).
///
/// A gate depends on the potentials of its own compartment only. Eliminated at the rate p, it is an
/// admittance of the membrane (Mauro et al. 1970, doi:10.1085/jgp.55.4.497), and the modes are
/// where the cable's own matrix
///   T(p) = p C + G + dI/dv + sum over gates of (dI/dx d(dx/dt)/dv)/(p + decay)
/// is singular. It has the shape of the tree, so that one elimination is linear in its size.
class Modes {
public:
    /// `state` is a fixed point of `system`, which must outlive this.
    Modes(const System& system, State& state);

    /// Whether all disturbances die out, or some grows. Undecided where one does neither by a
    /// factor of e in 1000 s, as on a membrane without conductance.
    Stability stability() const;

    /// The mode that grows fastest or, if none does, decays most slowly: to 1 part in 100,
    /// and to rounding where no other mode is near. None where the stability is undecided.
    std::optional<Mode> fastest() const;

    /// How many modes grow faster than exp(rate_per_ms t), each counted as often as it occurs; none
    /// if that cannot be told, as where a mode grows just so.
    ///
    /// By the argument principle along the line p = rate + i omega (Nyquist 1932,
    /// doi:10.1002/j.1538-7305.1932.tb02344.x): the determinant of T is the product of the pivots
    /// of the elimination, whose turns around 0 are followed one by one. Nothing is sampled, so
    /// that a single bad spot in a long axon is not missed.
    std::optional<std::int64_t> count_faster(double rate_per_ms) const;

private:
    /// A gate of a mechanism, by row.
    struct Gate {
        std::span<const std::int32_t> compartment;
        std::vector<double> decay_per_ms;
        std::vector<double> gating_uS_per_ms;  // dI/dx d(dx/dt)/dv
    };

    struct Count {
        std::int64_t modes;
        double nearest_omega_per_ms;  // where on the line the determinant turns fastest
    };

    using Complex = std::complex<double>;

    std::optional<Count> follow(double rate_per_ms) const;
    bool any_faster(double rate_per_ms) const;
    Complex polished(Complex p) const;
    void set_membrane(Complex p, std::vector<ByRate>& membrane_uS) const;

    const System& system_;
    std::vector<double> conductance_uS_;  // dI/dv, gates held
    std::vector<Gate> gates_;             // of all mechanisms
    /// Of the membrane.
    bool is_coupled_ = false;
    double slowest_per_ms_ = 0.0;
    /// No mode that grows is faster, nor swings faster: above, every membrane is a capacitor.
    double fastest_per_ms_ = 0.0;
};

}  // namespace ranvier
