#include "ranvier/model/model.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "ranvier/base/constants.hpp"
#include "ranvier/mechanisms/registry.hpp"

namespace ranvier {

const Mechanism* Placement::found() const {
    return custom != nullptr ? custom.get() : find_mechanism(mechanism);
}

std::vector<std::size_t> select_sections(const Model& model,
                                         const std::vector<std::string>& where) {
    const std::unordered_set<std::string> wanted(where.begin(), where.end());
    std::vector<std::size_t> chosen;
    for (std::size_t s = 0; s < model.sections.size(); ++s) {
        const auto& section = model.sections[s];
        if (wanted.empty() || wanted.contains(section.name) ||
            (!section.region.empty() && wanted.contains(section.region))) {
            chosen.push_back(s);
        }
    }
    return chosen;
}

std::optional<int> valence_of(const Ion& ion) {
    if (ion.valence) {
        return ion.valence;
    }
    if (ion.name == "na" || ion.name == "k") {
        return 1;
    }
    if (ion.name == "ca") {
        return 2;
    }
    if (ion.name == "cl") {
        return -1;
    }
    return std::nullopt;
}

double reversal_potential_mV(const Ion& ion, double temperature_degC) {
    if (ion.e_mV) {
        return *ion.e_mV;
    }
    const double thermal_mV =
        1e3 * kGasConstant_J_per_mol_K * (temperature_degC + kZeroCelsius_K) / kFaraday_C_per_mol;
    return thermal_mV / *valence_of(ion) * std::log(*ion.outside_mM / *ion.inside_mM);
}

}  // namespace ranvier
