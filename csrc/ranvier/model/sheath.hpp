// The myelin of a section and the periaxonal space under it, as physical quantities.
#pragma once

#include <optional>

namespace ranvier {

/// Everything is per length or per area, so that any mesh gives the same fibre.
///
/// The periaxonal space is an annulus of `periaxonal_width_um` around the axolemma, filled with
/// fluid of `periaxonal_resistivity_ohm_cm`. Its resistance per length can be given directly
/// instead, or as well: then it is the one that counts, as where paranodal loops seal the space,
/// and the width only says where the myelin begins.
///
/// Myelin is 2 `lamellae` membranes in series. With `myelin_diameter_um` each is taken at that
/// diameter (the convention of McIntyre, Richardson & Grill 2002, doi:10.1152/jn.00353.2001); with
/// `lamella_period_um` they sit at their own radii, one every half period outward of the periaxonal
/// space (Arancibia-Carcamo et al. 2017, doi:10.7554/eLife.23329).
struct Sheath {
    std::optional<double> periaxonal_width_um;
    std::optional<double> periaxonal_resistance_Mohm_per_cm;
    double periaxonal_resistivity_ohm_cm = 70.0;
    int lamellae = 0;
    std::optional<double> myelin_diameter_um;
    std::optional<double> lamella_period_um;
    double c_membrane_uF_cm2 = 0.1;
    double g_membrane_S_cm2 = 1e-3;
    /// The space is in contact with the outside, as at a node of Ranvier: there is no myelin, and
    /// the opening is in the middle of the section, so that its annulus counts for half its length
    /// towards each neighbour, whatever the mesh.
    bool is_open = false;
};

}  // namespace ranvier
