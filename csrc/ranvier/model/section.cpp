#include "ranvier/model/section.hpp"

#include <cmath>

namespace ranvier {

double Section::length_um() const {
    double length_um = 0.0;
    for (std::size_t i = 1; i < points.size(); ++i) {
        length_um +=
            std::hypot(points[i].x_um - points[i - 1].x_um, points[i].y_um - points[i - 1].y_um,
                       points[i].z_um - points[i - 1].z_um);
    }
    return length_um;
}

std::vector<Point> straight_points(double length_um, double proximal_diameter_um,
                                   double distal_diameter_um) {
    return {{0.0, 0.0, 0.0, proximal_diameter_um}, {length_um, 0.0, 0.0, distal_diameter_um}};
}

}  // namespace ranvier
