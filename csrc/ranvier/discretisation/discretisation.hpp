// The flat form of a model: arrays with one row per compartment. The one target of all importers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace ranvier {

struct Mechanism;

inline constexpr std::int32_t kNoParent = -1;

/// Rises whenever the meaning of an array changes.
inline constexpr int kSchemaVersion = 1;

/// One row per compartment, in tree order: parent[i] < i, and kNoParent at a root.
///
/// Quantities are in the solver's own units (mV, ms, nA, uS, nF), in which I = C dV/dt + g V needs
/// no factors; every conversion from the units people type is in discretise() and nowhere else. A
/// junction is a row without membrane, at a place where more than two pieces of cable meet.
struct Compartments {
    std::vector<std::int32_t> parent;
    std::vector<std::int32_t> section;  // index into section_names
    std::vector<std::uint8_t> is_junction;
    std::vector<double> centre_um;  // along the section, from its proximal end
    std::vector<double> length_um;
    std::vector<double> diameter_um;  // mean over its length
    std::vector<double> area_um2;     // lateral membrane area
    std::vector<double> distance_um;  // along the path from the root's proximal end
    std::vector<double> xyz_um;       // three per row
    std::vector<double> capacitance_nF;
    std::vector<double> axial_conductance_uS;  // to the parent; 0 at a root

    std::size_t size() const noexcept { return parent.size(); }
};

/// A conductive layer around the axoplasm: today one, the periaxonal space. Same rows.
struct Layer {
    /// 0 where the layer is in contact with the outside or absent: its potential is then v_ext.
    std::vector<std::uint8_t> is_unknown;
    std::vector<double> axial_conductance_uS;  // to the parent's layer; 0 where there is no path
    std::vector<double> capacitance_nF;        // to the next layer outward (the myelin)
    std::vector<double> conductance_uS;
};

/// One mechanism and the compartments that carry it, ascending.
struct MechanismTable {
    std::string name;
    std::vector<std::int32_t> compartment;
    std::vector<std::string> parameter_names;
    std::vector<std::vector<double>> parameters;  // [parameter][row], in the units of their names
    std::shared_ptr<const Mechanism> custom = nullptr;  // null: the registry has it

    /// Null where there is none of that name.
    const Mechanism* found() const;
};

/// One layer in which an ion accumulates: where its amounts are. One row per compartment; empty
/// where its concentration stays as it is everywhere.
///
/// Capacities are amounts per concentration, in um3 (an amol per mM); a junction has none.
struct IonStore {
    std::vector<double> capacity_um3;
    std::vector<std::uint8_t> is_held;         // at the concentration of the start, as a bath does
    std::vector<double> diffusion_um3_per_ms;  // to the parent's row; 0 where there is no path
    std::vector<double> exchange_um3_per_ms;   // with a bath at the concentration of the start

    bool is_there() const noexcept { return !capacity_um3.empty(); }
};

/// One ion; the reversal potential is NaN in compartments that have none, and so are the
/// concentrations where only that potential is given.
struct IonTable {
    std::string name;
    int valence = 0;  // 0: not known, as none is needed with a fixed reversal potential
    std::vector<double> e_mV;
    // Empty where no compartment has any.
    std::vector<double> inside_mM = {};
    std::vector<double> outside_mM = {};
    IonStore inside = {};
    IonStore outside = {};

    bool accumulates() const noexcept { return inside.is_there() || outside.is_there(); }
};

struct Discretisation {
    std::string name;
    double temperature_degC = 37.0;
    std::vector<std::string> section_names;
    std::vector<std::string> section_regions;
    Compartments compartments;
    std::vector<Layer> layers;
    std::vector<MechanismTable> mechanisms;
    std::vector<IonTable> ions;

    /// Potentials per compartment: the axoplasm and each layer around it.
    std::size_t potentials() const noexcept { return 1 + layers.size(); }

    /// Whether any of its ions does.
    bool has_accumulation() const noexcept;

    /// "node[3] (12.5 um)", for messages.
    std::string label(std::int32_t compartment) const;
};

/// Throws ModelError naming every array that is not as described above; for data that does not come
/// from discretise().
void check(const Discretisation& discretisation);

}  // namespace ranvier
