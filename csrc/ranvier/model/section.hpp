// An unbranched stretch of cable with one set of properties.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ranvier/model/sheath.hpp"

namespace ranvier {

struct Point {
    double x_um;
    double y_um;
    double z_um;
    double diameter_um;
};

struct Section {
    std::string name;
    std::string region;
    /// Two or more, proximal to distal; straight frusta between them.
    std::vector<Point> points;
    /// False where only lengths are known: discretise() then lays the section along x from the
    /// place where it is connected.
    bool has_coordinates = false;
    /// Name of the section it grows from; empty at the root. Its proximal end is connected to
    /// `parent_position` along the parent, 0 to 1.
    std::string parent;
    double parent_position = 1.0;
    double r_a_ohm_cm = 100.0;
    double c_m_uF_cm2 = 1.0;
    std::optional<Sheath> sheath;

    double length_um() const;
};

/// A frustum along x, or a cylinder where both diameters agree.
std::vector<Point> straight_points(double length_um, double proximal_diameter_um,
                                   double distal_diameter_um);

}  // namespace ranvier
