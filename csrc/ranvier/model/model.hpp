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

/// An ion and what drives it: a fixed reversal potential, or two concentrations (Nernst).
struct Ion {
    std::string name;
    std::optional<int> valence;  // known for na, k, cl, ca
    std::optional<double> e_mV;
    std::optional<double> inside_mM;
    std::optional<double> outside_mM;
    std::vector<std::string> where;  // section or region names; empty: everywhere
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
