#include "ranvier/discretisation/ion_stores.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace ranvier {
namespace {

/// What an ion has outside the axolemma of a section.
enum class Space : std::uint8_t { kBath, kPeriaxonal, kShell };

class Filler {
public:
    Filler(const Model& model, std::span<const Profile> profiles, std::span<const double> position,
           Discretisation& out)
        : model_(model), profiles_(profiles), position_(position), out_(out) {}

    void run() {
        for (IonTable& table : out_.ions) {
            find_ions(table.name);
            const auto any = [&](bool Accumulation::* where) {
                return std::ranges::any_of(ion_of_, [&](const Ion* ion) {
                    return ion != nullptr && ion->accumulation && (*ion->accumulation).*where;
                });
            };
            if (any(&Accumulation::is_inside)) {
                fill_inside(table);
            }
            if (any(&Accumulation::is_outside)) {
                fill_outside(table);
            }
        }
    }

private:
    /// Later ones of a name count, as with their concentrations.
    void find_ions(const std::string& name) {
        ion_of_.assign(model_.sections.size(), nullptr);
        for (const Ion& ion : model_.ions) {
            if (ion.name == name) {
                for (const std::size_t s : select_sections(model_, ion.where)) {
                    ion_of_[s] = &ion;
                }
            }
        }
    }

    std::size_t section(std::size_t row) const {
        return static_cast<std::size_t>(out_.compartments.section[row]);
    }

    const Accumulation* accumulation(std::size_t s) const {
        const Ion* ion = ion_of_[s];
        return ion != nullptr && ion->accumulation ? &*ion->accumulation : nullptr;
    }

    bool has_concentrations(std::size_t s) const {
        return ion_of_[s] != nullptr && !ion_of_[s]->e_mV;
    }

    IonStore blank() const {
        const std::size_t rows = out_.compartments.size();
        const std::vector<double> none(rows, 0.0);
        return {none, std::vector<std::uint8_t>(rows, 1), none, none};
    }

    struct Stretch {
        double from_um;
        double to_um;
    };

    Stretch stretch_of(std::size_t row) const {
        const auto& c = out_.compartments;
        const double half_um = 0.5 * c.length_um[row];
        const double length_um = profiles_[section(row)].length_um();
        return {std::max(0.0, c.centre_um[row] - half_um),
                std::min(length_um, c.centre_um[row] + half_um)};
    }

    void fill_inside(IonTable& table) const {
        const auto& c = out_.compartments;
        IonStore store = blank();
        for (std::size_t row = 0; row < c.size(); ++row) {
            const std::size_t s = section(row);
            const Accumulation* const own = accumulation(s);
            if (own == nullptr || !own->is_inside) {
                continue;
            }
            store.is_held[row] = 0;
            if (c.is_junction[row] == 0) {
                const auto [from_um, to_um] = stretch_of(row);
                store.capacity_um3[row] =
                    own->buffering_ratio * profiles_[s].axoplasm_volume_um3(from_um, to_um);
            }
        }
        fill_diffusion(store, [&](std::size_t s, double from_um, double to_um) {
            return profiles_[s].axoplasm_per_um(from_um, to_um);
        });
        table.inside = std::move(store);
    }

    Space space_of(std::size_t s) const {
        const Accumulation* const own = accumulation(s);
        if (own == nullptr || !own->is_outside) {
            return Space::kBath;
        }
        const auto& sheath = model_.sections[s].sheath;
        if (sheath && !sheath->is_open && profiles_[s].periaxonal_per_um(0.0, 1.0) > 0.0) {
            return Space::kPeriaxonal;
        }
        return own->shell_um ? Space::kShell : Space::kBath;
    }

    bool is_open(std::size_t s) const {
        const auto& sheath = model_.sections[s].sheath;
        return sheath && sheath->is_open;
    }

    double space_volume_um3(std::size_t s, Stretch stretch) const {
        return space_of(s) == Space::kPeriaxonal
                   ? profiles_[s].periaxonal_volume_um3(stretch.from_um, stretch.to_um)
                   : profiles_[s].shell_volume_um3(*accumulation(s)->shell_um, stretch.from_um,
                                                   stretch.to_um);
    }

    /// Length over cross-section of what is outside. Open sheaths lead to the bath in the middle of
    /// their section, on whichever side, as for currents (Discretiser::stretch_resistance_Mohm).
    double space_per_um(std::size_t s, double from_um, double to_um) const {
        const Profile& profile = profiles_[s];
        switch (space_of(s)) {
            case Space::kShell:
                return profile.shell_per_um(*accumulation(s)->shell_um, from_um, to_um);
            case Space::kPeriaxonal:
                return profile.periaxonal_per_um(from_um, to_um);
            case Space::kBath:
                break;
        }
        if (is_open(s) && from_um < to_um) {
            const double middle_um = 0.5 * profile.length_um();
            const bool is_proximal = from_um + to_um < profile.length_um();
            return is_proximal ? profile.periaxonal_per_um(0.0, middle_um)
                               : profile.periaxonal_per_um(middle_um, profile.length_um());
        }
        return 0.0;
    }

    void fill_outside(IonTable& table) const {
        const auto& c = out_.compartments;
        IonStore store = blank();
        for (std::size_t row = 0; row < c.size(); ++row) {
            const std::size_t s = section(row);
            if (space_of(s) == Space::kBath) {
                continue;
            }
            store.is_held[row] = 0;
            if (c.is_junction[row] != 0) {
                continue;
            }
            store.capacity_um3[row] = space_volume_um3(s, stretch_of(row));
            if (const auto& exchange_ms = accumulation(s)->exchange_ms) {
                store.exchange_um3_per_ms[row] = store.capacity_um3[row] / *exchange_ms;
            }
        }
        // A junction that bare membrane touches is in contact with the bath.
        for (std::size_t row = 0; row < c.size(); ++row) {
            const std::int32_t parent = c.parent[row];
            if (parent != kNoParent && c.is_junction[static_cast<std::size_t>(parent)] != 0 &&
                space_of(section(row)) == Space::kBath && !is_open(section(row))) {
                store.is_held[static_cast<std::size_t>(parent)] = 1;
            }
        }
        fill_diffusion(store, [&](std::size_t s, double from_um, double to_um) {
            return space_per_um(s, from_um, to_um);
        });
        table.outside = std::move(store);
    }

    /// Between neighbours of which at least one accumulates; `per_um` is length over cross-section
    /// along a stretch of a section.
    template <class PerUm>
    void fill_diffusion(IonStore& store, const PerUm& per_um) const {
        const auto& c = out_.compartments;
        for (std::size_t row = 0; row < c.size(); ++row) {
            if (c.parent[row] == kNoParent) {
                continue;
            }
            const auto up = static_cast<std::size_t>(c.parent[row]);
            const std::size_t s = section(row);
            const std::size_t p = section(up);
            if ((store.is_held[row] != 0 && store.is_held[up] != 0) || !has_concentrations(s) ||
                !has_concentrations(p)) {
                continue;
            }
            // Resistance to diffusion, in ms/um3: stretches in series, each with its own D. What
            // an ion that stays as it is does not say is that of the neighbour.
            double resistance = 0.0;
            const auto add = [&](std::size_t of, std::size_t beside, double from_um, double to_um) {
                const Accumulation* const own =
                    accumulation(of) != nullptr ? accumulation(of) : accumulation(beside);
                resistance += per_um(of, from_um, to_um) / own->diffusion_um2_per_ms;
            };
            if (s == p) {
                add(s, s, c.centre_um[up], c.centre_um[row]);
            } else {
                const double at_um = position_[s] * profiles_[p].length_um();
                if (at_um != c.centre_um[up]) {
                    add(p, s, std::min(c.centre_um[up], at_um), std::max(c.centre_um[up], at_um));
                }
                if (c.centre_um[row] > 0.0) {
                    add(s, p, 0.0, c.centre_um[row]);
                }
            }
            const double diffusion = 1.0 / resistance;
            store.diffusion_um3_per_ms[row] = std::isfinite(diffusion) ? diffusion : 0.0;
        }
        hold_what_is_alone(store);
    }

    /// A junction that nothing reaches has no equation of its own.
    void hold_what_is_alone(IonStore& store) const {
        const auto& c = out_.compartments;
        std::vector<double> sum(c.size(), 0.0);
        for (std::size_t row = 0; row < c.size(); ++row) {
            if (c.parent[row] != kNoParent) {
                sum[row] += store.diffusion_um3_per_ms[row];
                sum[static_cast<std::size_t>(c.parent[row])] += store.diffusion_um3_per_ms[row];
            }
        }
        for (std::size_t row = 0; row < c.size(); ++row) {
            if (c.is_junction[row] != 0 && sum[row] == 0.0) {
                store.is_held[row] = 1;
            }
        }
    }

    const Model& model_;
    std::span<const Profile> profiles_;
    std::span<const double> position_;
    Discretisation& out_;
    std::vector<const Ion*> ion_of_;  // per section; null where there is none
};

}  // namespace

void add_ion_stores(const Model& model, std::span<const Profile> profiles,
                    std::span<const double> position, Discretisation& out) {
    Filler(model, profiles, position, out).run();
}

}  // namespace ranvier
