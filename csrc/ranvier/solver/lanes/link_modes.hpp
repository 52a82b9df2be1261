// The modes of an internode: sheathed compartments without gates, condensed onto the rows at the
// two ends.
//
// Their equations are linear with constant coefficients, C y' = -G y + K u + d, with u the axoplasm
// of the rows at the ends. In the basis that makes C and G diagonal each mode decays by itself,
//   z' = -rate z + lower u_lower + upper u_upper,
// and the current into the row at an end is sum(its coupling z) - axial u. A step then costs a few
// products per unknown and no elimination, and is what a method for y would give but for rounding,
// since every Runge-Kutta or Rosenbrock method commutes with a change of basis. The currents of
// leaks are constant and shift the modes by what they are at rest with u = 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "ranvier/solver/lanes/layout.hpp"
#include "ranvier/solver/system.hpp"

namespace ranvier {

struct LinkModes {
    /// Of a mirrored internode: modes that are equal on both sides come first, with lower = upper,
    /// then those that are opposite, with lower = -upper. 0 where there is no mirror.
    std::size_t even = 0;
    bool is_mirrored = false;
    std::vector<double> rate_per_ms;  // per mode
    std::vector<double> lower;        // coupling to the lower row
    std::vector<double> upper;
    double lower_axial_uS = 0.0;
    double upper_axial_uS = 0.0;
    double lower_rest_nA = 0.0;  // into the row from the modes as leaks alone hold them
    double upper_rest_nA = 0.0;
    /// [unknown][mode]: the membrane potential of each compartment, then the periaxonal one.
    std::vector<double> basis;
    std::vector<double> from;     // [mode][unknown]: its inverse
    std::vector<double> rest_mV;  // [unknown]: with u = 0

    std::size_t size() const noexcept { return rate_per_ms.size(); }
    std::size_t compartments() const noexcept { return size() / 2; }

    /// Potentials (all membrane, then all periaxonal) of modes, and back.
    void to_potentials(std::span<const double> modes, std::span<double> potentials) const noexcept;
    void to_modes(std::span<const double> potentials, std::span<double> modes) const noexcept;
    /// The membrane or periaxonal potential of one compartment.
    template <class Real>
    double potential(const Real* modes, std::size_t stride, std::size_t unknown) const noexcept {
        double sum = rest_mV[unknown];
        for (std::size_t mode = 0; mode < size(); ++mode) {
            sum += basis[unknown * size() + mode] * static_cast<double>(modes[mode * stride]);
        }
        return sum;
    }
};

/// The modes of every link of a fibre; equal internodes share them.
std::vector<std::shared_ptr<const LinkModes>> find_link_modes(const System& system,
                                                              std::span<const LinkPlace> links);

/// Whether all links of a fibre look the same from both ends: then lanes take a shorter way, and
/// fibres that differ in this cannot share them without rounding differently.
bool are_all_mirrored(const System& system, std::span<const LinkPlace> links);

/// The row of a mechanism as a conductance with all gates open and a reversal potential.
struct OpenChannel {
    double g_uS;
    double e_mV;
};
OpenChannel open_channel(const System& system, std::size_t mechanism, std::size_t row) noexcept;

}  // namespace ranvier
