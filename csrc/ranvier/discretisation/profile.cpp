#include "ranvier/discretisation/profile.hpp"

#include <algorithm>
#include <cmath>

#include "ranvier/base/constants.hpp"

namespace ranvier {

Profile::Profile(const Section& section) : section_(section), arc_um_(section.points.size()) {
    for (std::size_t i = 1; i < arc_um_.size(); ++i) {
        const auto& a = section.points[i - 1];
        const auto& b = section.points[i];
        arc_um_[i] = arc_um_[i - 1] + std::hypot(b.x_um - a.x_um, b.y_um - a.y_um, b.z_um - a.z_um);
    }
}

/// Sums `piece(length_um, diameter_at_start_um, diameter_at_end_um)` over the frusta in between.
template <class Integrand>
double Profile::integrate(double from_um, double to_um, Integrand&& piece) const {
    const auto after = std::ranges::upper_bound(arc_um_, from_um);
    auto i = static_cast<std::size_t>(std::max<std::ptrdiff_t>(after - arc_um_.begin(), 1));
    double sum = 0.0;
    double start_um = from_um;
    for (; i < arc_um_.size() && start_um < to_um; ++i) {
        const double end_um = i + 1 == arc_um_.size() ? to_um : std::min(to_um, arc_um_[i]);
        const double whole_um = arc_um_[i] - arc_um_[i - 1];
        if (whole_um <= 0.0 || end_um <= start_um) {
            continue;
        }
        const double d0 = section_.points[i - 1].diameter_um;
        const double d1 = section_.points[i].diameter_um;
        const double slope = (d1 - d0) / whole_um;
        sum += piece(end_um - start_um, d0 + slope * (start_um - arc_um_[i - 1]),
                     d0 + slope * (end_um - arc_um_[i - 1]));
        start_um = end_um;
    }
    return sum;
}

double Profile::area_um2(double from_um, double to_um) const {
    return integrate(from_um, to_um, [](double length_um, double d0_um, double d1_um) {
        return kPi * 0.5 * (d0_um + d1_um) * std::hypot(length_um, 0.5 * (d1_um - d0_um));
    });
}

double Profile::mean_diameter_um(double from_um, double to_um) const {
    const double volume = integrate(from_um, to_um, [](double length_um, double d0, double d1) {
        return length_um * 0.5 * (d0 + d1);
    });
    return volume / (to_um - from_um);
}

double Profile::axoplasm_volume_um3(double from_um, double to_um) const {
    return integrate(from_um, to_um, [](double length_um, double d0, double d1) {
        return kPi / 12.0 * length_um * (d0 * d0 + d0 * d1 + d1 * d1);
    });
}

double Profile::shell_volume_um3(double thickness_um, double from_um, double to_um) const {
    return integrate(from_um, to_um, [&](double length_um, double d0, double d1) {
        return kPi * thickness_um * length_um * (0.5 * (d0 + d1) + thickness_um);
    });
}

double Profile::axoplasm_per_um(double from_um, double to_um) const {
    // The integral of 1 / (pi d^2/4) over a frustum.
    return integrate(from_um, to_um, [](double length_um, double d0, double d1) {
        return 4.0 * length_um / (kPi * d0 * d1);
    });
}

double Profile::shell_per_um(double thickness_um, double from_um, double to_um) const {
    // The annulus has the area pi w (d + w), linear in d along a frustum.
    return integrate(from_um, to_um, [&](double length_um, double d0, double d1) {
        const double q0 = thickness_um * (d0 + thickness_um);
        const double q1 = thickness_um * (d1 + thickness_um);
        const double ratio = (q1 - q0) / q0;
        // log1p(ratio)/ratio, the logarithmic mean, whose limit for a cylinder is 1.
        const double mean = std::abs(ratio) < 1e-8 ? 1.0 - 0.5 * ratio : std::log1p(ratio) / ratio;
        return length_um / (kPi * q0) * mean;
    });
}

double Profile::axial_resistance_Mohm(double from_um, double to_um) const {
    return section_.r_a_ohm_cm * axoplasm_per_um(from_um, to_um) / k_um_ohm_cm_per_Mohm;
}

double Profile::periaxonal_resistance_Mohm(double from_um, double to_um) const {
    if (!section_.sheath) {
        return 0.0;
    }
    const Sheath& sheath = *section_.sheath;
    if (sheath.periaxonal_resistance_Mohm_per_cm) {
        return *sheath.periaxonal_resistance_Mohm_per_cm * (to_um - from_um) * 1e-4;
    }
    if (!sheath.periaxonal_width_um) {
        return 0.0;
    }
    return sheath.periaxonal_resistivity_ohm_cm *
           shell_per_um(*sheath.periaxonal_width_um, from_um, to_um) / k_um_ohm_cm_per_Mohm;
}

double Profile::periaxonal_per_um(double from_um, double to_um) const {
    if (!section_.sheath) {
        return 0.0;
    }
    return periaxonal_resistance_Mohm(from_um, to_um) * k_um_ohm_cm_per_Mohm /
           section_.sheath->periaxonal_resistivity_ohm_cm;
}

double Profile::periaxonal_volume_um3(double from_um, double to_um) const {
    if (!section_.sheath) {
        return 0.0;
    }
    if (section_.sheath->periaxonal_width_um) {
        return shell_volume_um3(*section_.sheath->periaxonal_width_um, from_um, to_um);
    }
    // Where only its resistance is known, the cross-section that has it.
    const double per_um = periaxonal_per_um(from_um, to_um);
    const double length_um = to_um - from_um;
    return per_um > 0.0 ? length_um * length_um / per_um : 0.0;
}

/// The area in um2 that, covered by one membrane, conducts as the whole stack in series does.
double Profile::myelin_area_factor(double length_um, double diameter_um) const {
    const Sheath& sheath = *section_.sheath;
    const int membranes = 2 * sheath.lamellae;
    if (sheath.myelin_diameter_um) {
        return kPi * *sheath.myelin_diameter_um * length_um / membranes;
    }
    double inverse_radii = 0.0;
    for (int k = 0; k < membranes; ++k) {
        inverse_radii += 1.0 / (0.5 * diameter_um + *sheath.periaxonal_width_um +
                                0.5 * k * *sheath.lamella_period_um);
    }
    return 2.0 * kPi * length_um / inverse_radii;
}

double Profile::myelin_capacitance_nF(double from_um, double to_um) const {
    if (!section_.sheath || section_.sheath->is_open) {
        return 0.0;
    }
    return section_.sheath->c_membrane_uF_cm2 * k_nF_per_uF_cm2_um2 *
           myelin_area_factor(to_um - from_um, mean_diameter_um(from_um, to_um));
}

double Profile::myelin_conductance_uS(double from_um, double to_um) const {
    if (!section_.sheath || section_.sheath->is_open) {
        return 0.0;
    }
    return section_.sheath->g_membrane_S_cm2 * k_uS_per_S_cm2_um2 *
           myelin_area_factor(to_um - from_um, mean_diameter_um(from_um, to_um));
}

std::array<double, 3> Profile::position_um(double at_um) const {
    const auto after = std::ranges::upper_bound(arc_um_, at_um);
    const auto last = static_cast<std::ptrdiff_t>(arc_um_.size()) - 1;
    const auto i =
        static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(after - arc_um_.begin(), 1, last));
    const auto& a = section_.points[i - 1];
    const auto& b = section_.points[i];
    const double whole_um = arc_um_[i] - arc_um_[i - 1];
    const double part = whole_um > 0.0 ? (at_um - arc_um_[i - 1]) / whole_um : 0.0;
    return {a.x_um + part * (b.x_um - a.x_um), a.y_um + part * (b.y_um - a.y_um),
            a.z_um + part * (b.z_um - a.z_um)};
}

}  // namespace ranvier
