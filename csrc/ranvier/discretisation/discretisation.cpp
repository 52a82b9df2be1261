#include "ranvier/discretisation/discretisation.hpp"

#include <algorithm>
#include <cmath>

#include "ranvier/base/error.hpp"
#include "ranvier/base/text.hpp"
#include "ranvier/mechanisms/registry.hpp"

namespace ranvier {
namespace {

class Checker {
public:
    explicit Checker(const Discretisation& d) : d_(d), size_(d.compartments.size()) {}

    void run() {
        const auto& c = d_.compartments;
        if (size_ == 0) {
            report("discretisation", "has no compartments, expected at least one");
        }
        check_tree();
        check_length("section", c.section.size());
        check_length("is_junction", c.is_junction.size());
        check_finite("temperature_degC", {d_.temperature_degC});
        check_length("xyz_um", c.xyz_um.size(), 3);
        check_finite("xyz_um", c.xyz_um);
        check_values("centre_um", c.centre_um);
        check_values("length_um", c.length_um);
        check_values("diameter_um", c.diameter_um);
        check_values("distance_um", c.distance_um);
        check_values("area_um2", c.area_um2);
        check_values("capacitance_nF", c.capacitance_nF);
        check_values("axial_conductance_uS", c.axial_conductance_uS);
        for (const std::int32_t section : c.section) {
            if (section < 0 || static_cast<std::size_t>(section) >= d_.section_names.size()) {
                report("section", "has index " + std::to_string(section) + ", expected 0 to " +
                                      std::to_string(d_.section_names.size()) + " - 1");
                break;
            }
        }
        if (d_.section_regions.size() != d_.section_names.size()) {
            report("section_regions", "has " + std::to_string(d_.section_regions.size()) +
                                          " entries, expected one per section");
        }
        for (const auto& layer : d_.layers) {
            check_length("is_unknown", layer.is_unknown.size());
            check_values("layer axial_conductance_uS", layer.axial_conductance_uS);
            check_values("layer capacitance_nF", layer.capacitance_nF);
            check_values("layer conductance_uS", layer.conductance_uS);
        }
        if (d_.layers.size() > 1) {
            report("layers", "there are " + std::to_string(d_.layers.size()) +
                                 ", expected 0 or 1 (the periaxonal space)");
        }
        for (const auto& ion : d_.ions) {
            check_length("ion " + quoted(ion.name) + " e_mV", ion.e_mV.size());
            for (const auto& [name, column] : {std::pair{" inside_mM", &ion.inside_mM},
                                               std::pair{" outside_mM", &ion.outside_mM}}) {
                if (!column->empty()) {
                    check_length("ion " + quoted(ion.name) + name, column->size());
                }
            }
            check_store(ion, ion.inside, " inside", ion.inside_mM);
            check_store(ion, ion.outside, " outside", ion.outside_mM);
        }
        for (const auto& table : d_.mechanisms) {
            check_mechanism(table);
        }
        if (!problems_.empty()) {
            throw ModelError(std::move(problems_));
        }
    }

private:
    void report(std::string subject, std::string problem) {
        problems_.push_back({std::move(subject), std::move(problem)});
    }

    void check_length(const std::string& name, std::size_t length, std::size_t each = 1) {
        if (length != each * size_) {
            report(name, "has " + std::to_string(length) + " values, expected " +
                             std::to_string(each * size_));
        }
    }

    void check_values(const std::string& name, const std::vector<double>& values) {
        check_length(name, values.size());
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (!(values[i] >= 0.0) || !std::isfinite(values[i])) {
                report(name, "is " + text(values[i]) + " in compartment " + std::to_string(i) +
                                 ", expected a finite number, 0 or more");
                return;
            }
        }
    }

    void check_store(const IonTable& ion, const IonStore& store, const std::string& where,
                     const std::vector<double>& start_mM) {
        if (!store.is_there()) {
            return;
        }
        const std::string subject = "ion " + quoted(ion.name) + where;
        check_values(subject + " capacity_um3", store.capacity_um3);
        check_length(subject + " is_held", store.is_held.size());
        check_values(subject + " diffusion_um3_per_ms", store.diffusion_um3_per_ms);
        check_values(subject + " exchange_um3_per_ms", store.exchange_um3_per_ms);
        if (ion.valence == 0) {
            report(subject, "has valence 0, expected a whole number other than 0");
        }
        for (std::size_t i = 0; i < size_ && problems_.empty(); ++i) {
            const bool has_any = start_mM.size() == size_ && start_mM[i] > 0.0;
            if (store.is_held[i] == 0 && !(has_any && std::isfinite(start_mM[i]))) {
                report(subject, "is not held in compartment " + std::to_string(i) +
                                    " and has no concentration, expected one above 0");
            } else if (store.is_held[i] == 0 && store.capacity_um3[i] == 0.0 &&
                       d_.compartments.is_junction[i] == 0) {
                report(subject, "has capacity 0 in compartment " + std::to_string(i) +
                                    ", expected more, or a row that is held");
            }
        }
    }

    void check_finite(const std::string& name, const std::vector<double>& values) {
        if (!std::ranges::all_of(values, [](double value) { return std::isfinite(value); })) {
            report(name, "is NaN or infinite somewhere, expected finite numbers");
        }
    }

    void check_tree() {
        const auto& parent = d_.compartments.parent;
        for (std::size_t i = 0; i < parent.size(); ++i) {
            if (parent[i] < kNoParent || parent[i] >= static_cast<std::int32_t>(i)) {
                report("compartment " + std::to_string(i),
                       "has parent " + std::to_string(parent[i]) + ", expected -1 to " +
                           std::to_string(static_cast<std::int64_t>(i) - 1));
                return;
            }
        }
    }

    void check_mechanism(const MechanismTable& table) {
        const std::string subject = "mechanism " + quoted(table.name);
        const Mechanism* mechanism = table.found();
        if (mechanism == nullptr) {
            report(subject, "is unknown, expected one that is registered");
            return;
        }
        std::int32_t previous = -1;
        for (const std::int32_t compartment : table.compartment) {
            if (compartment <= previous || static_cast<std::size_t>(compartment) >= size_) {
                report(subject, "has compartment " + std::to_string(compartment) + " after " +
                                    std::to_string(previous) + ", expected ascending, below " +
                                    std::to_string(size_));
                break;
            }
            previous = compartment;
        }
        const auto& known = mechanism->info.parameters;
        bool has_parameters =
            table.parameter_names.size() == known.size() && table.parameters.size() == known.size();
        for (std::size_t p = 0; has_parameters && p < known.size(); ++p) {
            has_parameters = table.parameter_names[p] == known[p].name &&
                             table.parameters[p].size() == table.compartment.size();
        }
        if (!has_parameters) {
            report(subject, "expected its " + std::to_string(known.size()) +
                                " parameters in order, one value per compartment");
        }
        for (std::size_t p = 0; p < table.parameters.size(); ++p) {
            check_finite(subject + " parameter " + std::to_string(p), table.parameters[p]);
        }
        if (!mechanism->info.ion.empty()) {
            check_ion(subject, table, {mechanism->info.ion, true, false});
        }
        for (const IonRead& read : mechanism->info.reads) {
            check_ion(subject, table, read);
        }
    }

    void check_ion(const std::string& subject, const MechanismTable& table, const IonRead& read) {
        const auto ion = std::ranges::find(d_.ions, read.ion, &IonTable::name);
        if (ion == d_.ions.end()) {
            report(subject, "needs ion " + quoted(read.ion) + ", expected it among the ions");
            return;
        }
        if (read.reversal_potential) {
            check_ion_column(subject, table, ion->e_mV,
                             "reversal potential of ion " + quoted(read.ion), "e_mV");
        }
        if (read.concentrations) {
            check_ion_column(subject, table, ion->inside_mM,
                             "concentration of ion " + quoted(read.ion), "inside_mM");
            check_ion_column(subject, table, ion->outside_mM,
                             "concentration of ion " + quoted(read.ion), "outside_mM");
        }
    }

    void check_ion_column(const std::string& subject, const MechanismTable& table,
                          const std::vector<double>& column, const std::string& what,
                          const std::string& name) {
        if (column.size() != size_ && !column.empty()) {
            return;  // said elsewhere
        }
        for (const std::int32_t compartment : table.compartment) {
            const auto i = static_cast<std::size_t>(compartment);
            if (compartment >= 0 && i < size_ && (column.empty() || !std::isfinite(column[i]))) {
                report(subject, "has no " + what + " in compartment " +
                                    std::to_string(compartment) + ", expected " + name + " there");
                return;
            }
        }
    }

    const Discretisation& d_;
    std::size_t size_;
    std::vector<Problem> problems_;
};

}  // namespace

const Mechanism* MechanismTable::found() const {
    return custom != nullptr ? custom.get() : find_mechanism(name);
}

bool Discretisation::has_accumulation() const noexcept {
    return std::ranges::any_of(ions, &IonTable::accumulates);
}

std::string Discretisation::label(std::int32_t compartment) const {
    const auto i = static_cast<std::size_t>(compartment);
    const auto section = static_cast<std::size_t>(compartments.section[i]);
    return section_names[section] + " (" + text(compartments.centre_um[i]) + " um)";
}

void check(const Discretisation& discretisation) {
    Checker(discretisation).run();
}

}  // namespace ranvier
