// Every check on a Model, in the order in which a user wrote it down.
#include <algorithm>
#include <cmath>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "ranvier/base/text.hpp"
#include "ranvier/mechanisms/expression/program.hpp"
#include "ranvier/mechanisms/registry.hpp"
#include "ranvier/model/model.hpp"

namespace ranvier {
namespace {

class Checker {
public:
    explicit Checker(const Model& model) : model_(model) {
        for (const auto& section : model.sections) {
            known_places_.insert(section.name);
            known_places_.insert(section.region);
            ++sections_in_region_[section.region];
        }
        known_places_.erase("");
    }

    std::vector<Problem> problems() {
        check_temperature();
        if (model_.sections.empty()) {
            report("model " + quoted(model_.name), "has no sections, expected at least one");
        }
        for (std::size_t s = 0; s < model_.sections.size(); ++s) {
            check_name(s);
            check_connection(s);
            check_shape(model_.sections[s]);
            check_electrical(model_.sections[s]);
        }
        check_ions();
        check_placements();
        return std::move(problems_);
    }

private:
    void report(std::string subject, std::string problem) {
        problems_.push_back({std::move(subject), std::move(problem)});
    }

    void expect_positive(const std::string& subject, const std::string& name, double value) {
        if (!(value > 0.0) || !std::isfinite(value)) {
            report(subject, name + " is " + text(value) + ", expected a finite number above 0");
        }
    }

    void expect_not_negative(const std::string& subject, const std::string& name, double value) {
        if (!(value >= 0.0) || !std::isfinite(value)) {
            report(subject, name + " is " + text(value) + ", expected a finite number, 0 or more");
        }
    }

    static std::string subject_of(const Section& section) {
        return "section " + quoted(section.name);
    }

    void check_temperature() {
        if (!(model_.temperature_degC >= -10.0 && model_.temperature_degC <= 60.0)) {
            report("model " + quoted(model_.name), "temperature_degC is " +
                                                       text(model_.temperature_degC) +
                                                       ", expected -10 to 60 degrees Celsius");
        }
    }

    void check_name(std::size_t s) {
        const auto& section = model_.sections[s];
        if (section.name.empty()) {
            report("section " + std::to_string(s), "has no name, expected one");
        } else if (!index_.emplace(section.name, s).second) {
            report(subject_of(section), "is the name of two sections, expected a name of its own");
        } else if (names_other_region(section)) {
            report(subject_of(section),
                   "has the name of a region that has other sections, expected "
                   "different names, since a place may be either");
        }
    }

    bool names_other_region(const Section& section) const {
        const auto found = sections_in_region_.find(section.name);
        const int itself = section.region == section.name ? 1 : 0;
        return found != sections_in_region_.end() && found->second > itself;
    }

    void check_connection(std::size_t s) {
        const auto& section = model_.sections[s];
        if (!(section.parent_position >= 0.0 && section.parent_position <= 1.0)) {
            report(subject_of(section), "parent_position is " + text(section.parent_position) +
                                            ", expected 0 (proximal) to 1 (distal)");
        }
        if (section.parent.empty()) {
            if (s > 0) {
                report(subject_of(section), "is not connected, expected a parent, since " +
                                                quoted(model_.sections[0].name) + " is the root");
            }
            return;
        }
        if (s == 0) {
            report(subject_of(section), "is the first and has parent " + quoted(section.parent) +
                                            ", expected the root, which has none");
            return;
        }
        const auto parent = index_.find(section.parent);
        if (parent != index_.end() && parent->second < s) {
            return;
        }
        const bool comes_later = std::ranges::any_of(
            model_.sections, [&](const Section& other) { return other.name == section.parent; });
        report(subject_of(section),
               "parent " + quoted(section.parent) +
                   (comes_later ? " does not come before it, expected parents first"
                                : " is not a section, expected the name of an earlier one"));
    }

    void check_shape(const Section& section) {
        if (section.points.size() < 2) {
            report(subject_of(section),
                   "has " + std::to_string(section.points.size()) + " points, expected at least 2");
            return;
        }
        bool is_finite = true;
        for (std::size_t i = 0; i < section.points.size(); ++i) {
            const auto& point = section.points[i];
            is_finite = is_finite && std::isfinite(point.x_um) && std::isfinite(point.y_um) &&
                        std::isfinite(point.z_um);
            if (!(point.diameter_um > 0.0) || !std::isfinite(point.diameter_um)) {
                report(subject_of(section), "diameter_um is " + text(point.diameter_um) +
                                                " at point " + std::to_string(i) +
                                                ", expected a finite number above 0");
                break;
            }
        }
        if (!is_finite) {
            report(subject_of(section), section.has_coordinates
                                            ? "has a point that is NaN or infinite, expected finite"
                                            : "length_um is NaN or infinite, expected above 0");
        } else if (!section.has_coordinates && section.points.back().x_um <= 0.0) {
            report(subject_of(section), "length_um is " + text(section.points.back().x_um) +
                                            ", expected a finite number above 0");
        } else if (section.length_um() <= 0.0) {
            report(subject_of(section), "length_um is 0, expected points that are apart");
        }
    }

    void check_electrical(const Section& section) {
        expect_positive(subject_of(section), "r_a_ohm_cm", section.r_a_ohm_cm);
        expect_positive(subject_of(section), "c_m_uF_cm2", section.c_m_uF_cm2);
        if (section.sheath) {
            check_sheath(section, *section.sheath);
        }
    }

    void check_sheath(const Section& section, const Sheath& sheath) {
        const std::string subject = subject_of(section) + " sheath";
        const bool has_width = sheath.periaxonal_width_um.has_value();
        const bool has_resistance = sheath.periaxonal_resistance_Mohm_per_cm.has_value();
        if (!has_width && !has_resistance && !sheath.is_open) {
            report(subject,
                   "has no periaxonal space, expected periaxonal_width_um or "
                   "periaxonal_resistance_Mohm_per_cm");
        }
        if (has_width) {
            expect_positive(subject, "periaxonal_width_um", *sheath.periaxonal_width_um);
            expect_positive(subject, "periaxonal_resistivity_ohm_cm",
                            sheath.periaxonal_resistivity_ohm_cm);
        }
        if (has_resistance) {
            expect_positive(subject, "periaxonal_resistance_Mohm_per_cm",
                            *sheath.periaxonal_resistance_Mohm_per_cm);
        }
        if (sheath.is_open) {
            if (sheath.lamellae != 0) {
                report(subject, "is open and has " + std::to_string(sheath.lamellae) +
                                    " lamellae, expected 0 where the space meets the outside");
            }
            return;
        }
        if (sheath.lamellae < 1) {
            report(subject, "lamellae is " + std::to_string(sheath.lamellae) +
                                ", expected 1 or more, or is_open at a node");
        }
        expect_not_negative(subject, "c_membrane_uF_cm2", sheath.c_membrane_uF_cm2);
        expect_not_negative(subject, "g_membrane_S_cm2", sheath.g_membrane_S_cm2);
        if (sheath.myelin_diameter_um.has_value() == sheath.lamella_period_um.has_value()) {
            report(subject, "expected either myelin_diameter_um or lamella_period_um");
        } else if (sheath.lamella_period_um) {
            expect_positive(subject, "lamella_period_um", *sheath.lamella_period_um);
            if (!has_width) {
                report(subject,
                       "lamella_period_um needs the radius where myelin begins, "
                       "expected periaxonal_width_um with it");
            }
        } else {
            check_myelin_diameter(section, subject, *sheath.myelin_diameter_um);
        }
    }

    void check_myelin_diameter(const Section& section, const std::string& subject,
                               double myelin_diameter_um) {
        expect_positive(subject, "myelin_diameter_um", myelin_diameter_um);
        double widest_um = 0.0;
        for (const auto& point : section.points) {
            widest_um = std::max(widest_um, point.diameter_um);
        }
        if (myelin_diameter_um < widest_um) {
            report(subject, "myelin_diameter_um is " + text(myelin_diameter_um) +
                                ", expected at least the axon's " + text(widest_um));
        }
    }

    void check_where(const std::string& subject, const std::vector<std::string>& where) {
        for (const auto& name : where) {
            if (!known_places_.contains(name)) {
                report(subject, "is placed on " + quoted(name) +
                                    ", which is no section and no region, " +
                                    expected_one_of(name, places()));
            }
        }
    }

    std::vector<std::string> places() const {
        std::vector<std::string> regions;
        std::vector<std::string> names;
        for (const auto& section : model_.sections) {
            if (!section.region.empty() &&
                std::ranges::find(regions, section.region) == regions.end()) {
                regions.push_back(section.region);
            }
            names.push_back(section.name);
        }
        regions.insert(regions.end(), names.begin(), names.end());
        return regions;
    }

    void check_ions() {
        for (const auto& ion : model_.ions) {
            const std::string subject = "ion " + quoted(ion.name);
            check_where(subject, ion.where);
            if (ion.e_mV) {
                if (ion.inside_mM || ion.outside_mM) {
                    report(subject, "has e_mV and concentrations, expected one of the two");
                } else if (!std::isfinite(*ion.e_mV)) {
                    report(subject, "e_mV is " + text(*ion.e_mV) + ", expected a finite number");
                }
                if (ion.accumulation) {
                    report(subject, "accumulates and has e_mV, expected inside_mM and outside_mM");
                }
                continue;
            }
            if (!ion.inside_mM || !ion.outside_mM) {
                report(subject,
                       "has no reversal potential, expected e_mV, or inside_mM and "
                       "outside_mM");
                continue;
            }
            expect_positive(subject, "inside_mM", *ion.inside_mM);
            expect_positive(subject, "outside_mM", *ion.outside_mM);
            const auto valence = valence_of(ion);
            if (!valence || *valence == 0) {
                report(subject, std::string("valence is ") + (valence ? "0" : "not given") +
                                    ", expected a whole number other than 0");
            }
            if (ion.accumulation) {
                check_accumulation(subject, ion, *ion.accumulation);
            }
        }
    }

    void check_accumulation(const std::string& subject, const Ion& ion, const Accumulation& a) {
        expect_not_negative(subject, "diffusion_um2_per_ms", a.diffusion_um2_per_ms);
        if (a.shell_um) {
            expect_positive(subject, "shell_um", *a.shell_um);
        }
        if (a.exchange_ms) {
            expect_positive(subject, "exchange_ms", *a.exchange_ms);
        }
        if (!(a.buffering_ratio >= 1.0) || !std::isfinite(a.buffering_ratio)) {
            report(subject, "buffering_ratio is " + text(a.buffering_ratio) +
                                ", expected a finite number, 1 or more: all ions over free ones");
        }
        if (!a.is_outside) {
            if (a.shell_um || a.exchange_ms) {
                report(subject,
                       std::string("has ") + (a.shell_um ? "shell_um" : "exchange_ms") +
                           " and accumulates inside alone, expected accumulates=\"outside\""
                           " or \"both\"");
            }
            return;
        }
        if (a.shell_um) {
            return;
        }
        for (const std::size_t s : select_sections(model_, ion.where)) {
            const auto& sheath = model_.sections[s].sheath;
            if (sheath && !sheath->is_open &&
                (sheath->periaxonal_width_um || sheath->periaxonal_resistance_Mohm_per_cm)) {
                return;
            }
        }
        report(subject,
               "accumulates outside and has no space there, expected shell_um, or a sheath with a "
               "periaxonal_width_um");
    }

    void check_placements() {
        std::unordered_map<std::string, std::vector<bool>> carries;
        for (const auto& placement : model_.placements) {
            const Mechanism* mechanism = placement.found();
            if (mechanism == nullptr) {
                std::vector<std::string> names;
                for (const Mechanism* known : mechanisms()) {
                    names.emplace_back(known->info.name);
                }
                names.insert(names.end(), placement.others.begin(), placement.others.end());
                std::ranges::sort(names);
                report("mechanism " + quoted(placement.mechanism),
                       "is unknown, " + expected_one_of(placement.mechanism, names));
                continue;
            }
            const std::string subject = "channel " + quoted(placement.mechanism);
            if (mechanism->info.is_point) {
                report(subject,
                       "has a current in nA, not a density: expected it as a stimulus, a Synapse");
                continue;
            }
            check_where(subject, placement.where);
            const auto sections = select_sections(model_, placement.where);
            check_parameters(subject, placement, mechanism->info, sections.size());
            check_ions_present(subject, mechanism->info, sections);
            check_defined_once(subject, placement);
            auto& carried = carries[placement.mechanism];
            carried.resize(model_.sections.size());
            for (const std::size_t s : sections) {
                if (carried[s]) {
                    report(subject, "is placed twice on section " +
                                        quoted(model_.sections[s].name) + ", expected once");
                    break;
                }
            }
            for (const std::size_t s : sections) {
                carried[s] = true;
            }
        }
    }

    void check_parameters(const std::string& subject, const Placement& placement,
                          const MechanismInfo& info, std::size_t sections) {
        for (const auto& [name, values] : placement.parameters) {
            const bool is_known = std::ranges::any_of(
                info.parameters, [&](const ParameterInfo& known) { return known.name == name; });
            if (!is_known) {
                std::vector<std::string> names;
                for (const auto& known : info.parameters) {
                    names.emplace_back(known.name);
                }
                report(subject,
                       "has no parameter " + quoted(name) + ", " + expected_one_of(name, names));
                continue;
            }
            if (values.size() != 1 && values.size() != sections) {
                report(subject, name + " has " + std::to_string(values.size()) +
                                    " values, expected 1 or one for each of its " +
                                    std::to_string(sections) + " sections");
            }
            for (const double value : values) {
                const bool is_conductance = name.starts_with("g_bar");
                if (!std::isfinite(value) || (is_conductance && value < 0.0)) {
                    report(subject, name + " is " + text(value) + ", expected a finite number" +
                                        (is_conductance ? ", 0 or more" : ""));
                    break;
                }
            }
        }
    }

    /// Two mechanisms of one name, of which at least one is the user's own.
    void check_defined_once(const std::string& subject, const Placement& placement) {
        const auto source = [](const Placement& p) {
            return p.custom == nullptr ? std::string() : p.custom->expressions->source;
        };
        for (const auto& other : model_.placements) {
            if (&other == &placement) {
                return;
            }
            if (other.mechanism == placement.mechanism &&
                (source(other) != source(placement) || (!other.custom != !placement.custom))) {
                report(subject, "is placed with two definitions, expected one for each name");
                return;
            }
        }
    }

    void check_ions_present(const std::string& subject, const MechanismInfo& info,
                            const std::vector<std::size_t>& sections) {
        if (!info.ion.empty()) {
            check_ion_present(subject, {info.ion, true, false}, sections);
        }
        for (const IonRead& read : info.reads) {
            check_ion_present(subject, read, sections);
        }
    }

    void check_ion_present(const std::string& subject, const IonRead& info,
                           const std::vector<std::size_t>& sections) {
        std::vector<bool> has_ion(model_.sections.size());
        std::vector<bool> has_concentrations(model_.sections.size());
        for (const auto& ion : model_.ions) {
            if (ion.name == info.ion) {
                for (const std::size_t s : select_sections(model_, ion.where)) {
                    has_ion[s] = true;
                    has_concentrations[s] = !ion.e_mV;
                }
            }
        }
        for (const std::size_t s : sections) {
            const std::string where =
                quoted(info.ion) + " on section " + quoted(model_.sections[s].name);
            if (!has_ion[s]) {
                report(subject, "needs ion " + where + ", expected it among the model's ions");
                return;
            }
            if (info.concentrations && !has_concentrations[s]) {
                report(subject, "needs the concentrations of ion " + where +
                                    ", expected inside_mM and outside_mM rather than e_mV");
                return;
            }
        }
    }

    const Model& model_;
    std::vector<Problem> problems_;
    std::unordered_map<std::string, std::size_t> index_;
    std::unordered_set<std::string> known_places_;
    std::unordered_map<std::string, int> sections_in_region_;
};

}  // namespace

std::vector<Problem> validate(const Model& model) {
    return Checker(model).problems();
}

}  // namespace ranvier
