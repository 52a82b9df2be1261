// Integrals along one section: membrane area, axial resistance, myelin. Exact for frusta.
#pragma once

#include <array>
#include <vector>

#include "ranvier/model/section.hpp"

namespace ranvier {

/// The section as diameter against arc length. Keeps a reference to the section.
class Profile {
public:
    explicit Profile(const Section& section);

    double length_um() const noexcept { return arc_um_.back(); }

    /// Lateral area of the membrane between two arc positions.
    double area_um2(double from_um, double to_um) const;
    double mean_diameter_um(double from_um, double to_um) const;
    /// Resistance of the axoplasm.
    double axial_resistance_Mohm(double from_um, double to_um) const;
    double axoplasm_volume_um3(double from_um, double to_um) const;
    /// Of a shell of that thickness around the membrane.
    double shell_volume_um3(double thickness_um, double from_um, double to_um) const;
    /// Length over cross-section, by which resistances and what diffuses go: of the axoplasm, and
    /// of such a shell.
    double axoplasm_per_um(double from_um, double to_um) const;
    double shell_per_um(double thickness_um, double from_um, double to_um) const;
    /// The same of the periaxonal space, from its resistance, and its volume. Both 0 as below.
    double periaxonal_per_um(double from_um, double to_um) const;
    double periaxonal_volume_um3(double from_um, double to_um) const;
    /// Resistance of the periaxonal space; 0 where its geometry is not given or there is no sheath.
    double periaxonal_resistance_Mohm(double from_um, double to_um) const;
    /// Capacitance and conductance of the myelin; 0 without any.
    double myelin_capacitance_nF(double from_um, double to_um) const;
    double myelin_conductance_uS(double from_um, double to_um) const;
    std::array<double, 3> position_um(double at_um) const;

private:
    template <class Integrand>
    double integrate(double from_um, double to_um, Integrand&& piece) const;
    double myelin_area_factor(double length_um, double diameter_um) const;

    const Section& section_;
    std::vector<double> arc_um_;
};

}  // namespace ranvier
