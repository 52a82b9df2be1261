// The inert description: what there is, without compartments, time or state.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ranvier/base/error.hpp"
#include "ranvier/model/section.hpp"

namespace ranvier {

struct Mechanism;

/// That currents change the concentrations of an ion, and how it then spreads.
///
/// Inside is the axoplasm. Outside is the periaxonal space under a sheath, and elsewhere a shell of
/// thickness `shell_um` around the axolemma; without that, and at open sheaths, the concentration
/// outside stays as it is, that of a bath.
struct Accumulation {
    bool is_inside = false;
    bool is_outside = false;
    double diffusion_um2_per_ms = 0.0;  // along the cable, in either layer
    std::optional<double> shell_um;
    /// In which what is outside comes back to the bath's concentration, that of the start; without
    /// it nothing passes between them.
    std::optional<double> exchange_ms;
    /// Inside, how much there is in all for each free ion: those that a buffer holds, which is
    /// always in equilibrium, neither spread nor count in the concentration.
    double buffering_ratio = 1.0;
};

/// An ion and what drives it: a fixed reversal potential, or two concentrations (Nernst).
struct Ion {
    std::string name;
    std::optional<int> valence;  // known for na, k, cl, ca
    std::optional<double> e_mV;
    std::optional<double> inside_mM;
    std::optional<double> outside_mM;
    std::vector<std::string> where;  // section or region names; empty: everywhere
    std::optional<Accumulation> accumulation = std::nullopt;  // else concentrations stay
};

/// A mechanism on some sections, with parameters that hold for all of them or one value each.
struct Placement {
    std::string mechanism;
    std::vector<std::string> where;  // section or region names; empty: everywhere
    std::map<std::string, std::vector<double>> parameters;
    std::shared_ptr<const Mechanism> custom = nullptr;  // null: the registry has it
    std::vector<std::string> others = {};               // what else there is by name, for messages

    /// Null where there is none of that name.
    const Mechanism* found() const;
};

struct Model {
    std::string name;
    std::vector<Section> sections;
    std::vector<Placement> placements;
    std::vector<Ion> ions;
    double temperature_degC = 37.0;
};

/// Everything that keeps `model` from being simulated; empty if nothing does.
std::vector<Problem> validate(const Model& model);

/// Indices, ascending, of the sections that `where` names (by name or region; empty: all).
std::vector<std::size_t> select_sections(const Model& model, const std::vector<std::string>& where);

/// The ion's valence if given or known by name.
std::optional<int> valence_of(const Ion& ion);

/// E = (RT/zF) ln(outside/inside), or the fixed potential where one is given (Nernst 1888).
double reversal_potential_mV(const Ion& ion, double temperature_degC);

}  // namespace ranvier
