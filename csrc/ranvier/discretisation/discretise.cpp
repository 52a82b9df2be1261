#include "ranvier/discretisation/discretise.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <unordered_map>

#include "ranvier/base/constants.hpp"
#include "ranvier/discretisation/ion_stores.hpp"
#include "ranvier/discretisation/profile.hpp"
#include "ranvier/mechanisms/registry.hpp"

namespace ranvier {
namespace {

/// Positions closer than this share of the section's length are one place.
constexpr double kSamePlace = 1e-9;

/// A row of the discretisation as seen from its section: a compartment's centre or a junction.
struct Element {
    double at_um;
    bool is_junction;
};

/// Where children are connected to a section, and through which element.
struct Connection {
    double at_um;
    std::size_t element;  // index among the section's elements
};

struct Layout {
    std::vector<Element> elements;        // proximal to distal
    std::vector<Connection> connections;  // one per distinct position that has children
    std::size_t compartments = 0;
    std::size_t first_row = 0;
};

class Discretiser {
public:
    Discretiser(const Model& model, const Mesh& mesh) : model_(model), mesh_(mesh) {}

    Discretisation run() {
        resolve_parents();
        for (const auto& section : model_.sections) {
            profiles_.emplace_back(section);
        }
        lay_out();
        fill_rows();
        fill_layer();
        fill_mechanisms();
        fill_ions();
        add_ion_stores(model_, profiles_, position_, out_);
        return std::move(out_);
    }

private:
    /// Finds each section's parent and the place on it. The proximal end of any section but the
    /// root is the place where that section is itself connected, so a child there goes one up.
    void resolve_parents() {
        std::unordered_map<std::string, std::size_t> index;
        const std::size_t sections = model_.sections.size();
        parent_.resize(sections);
        position_.resize(sections);
        for (std::size_t s = 0; s < sections; ++s) {
            const auto& section = model_.sections[s];
            index.emplace(section.name, s);
            if (section.parent.empty()) {
                continue;
            }
            std::size_t parent = index.at(section.parent);
            double position = section.parent_position;
            while (position <= kSamePlace && parent_[parent]) {
                position = position_[parent];
                parent = *parent_[parent];
            }
            parent_[s] = parent;
            position_[s] = position;
        }
    }

    void lay_out() {
        const std::size_t sections = model_.sections.size();
        std::vector<std::vector<double>> children_at_um(sections);
        for (std::size_t s = 0; s < sections; ++s) {
            if (parent_[s]) {
                children_at_um[*parent_[s]].push_back(position_[s] *
                                                      profiles_[*parent_[s]].length_um());
            }
        }
        layouts_.resize(sections);
        std::size_t rows = 0;
        for (std::size_t s = 0; s < sections; ++s) {
            layouts_[s] = layout_of(s, children_at_um[s]);
            layouts_[s].first_row = rows;
            rows += layouts_[s].elements.size();
        }
        rows_ = rows;
    }

    Layout layout_of(std::size_t s, std::vector<double>& children_at_um) const {
        Layout layout;
        layout.compartments = compartment_count(mesh_, model_.sections[s]);
        const double length_um = profiles_[s].length_um();
        const double step_um = length_um / static_cast<double>(layout.compartments);
        layout.elements.reserve(layout.compartments + children_at_um.size());
        for (std::size_t i = 0; i < layout.compartments; ++i) {
            layout.elements.push_back({(static_cast<double>(i) + 0.5) * step_um, false});
        }
        std::ranges::sort(children_at_um);
        const double same_um = kSamePlace * length_um;
        std::vector<double> junctions_at_um;
        for (std::size_t c = 0; c < children_at_um.size();) {
            const double at_um = children_at_um[c];
            std::size_t next = c;
            while (next < children_at_um.size() && children_at_um[next] - at_um <= same_um) {
                ++next;
            }
            layout.connections.push_back({at_um, 0});
            const double nearest_um = layout.elements[nearest(at_um, step_um, layout)].at_um;
            const bool is_centre = std::abs(nearest_um - at_um) <= same_um;
            const bool is_end = at_um <= same_um || at_um >= length_um - same_um;
            const bool is_alone = next - c == 1;
            // A single child at an end only continues the cable: the two half resistances in
            // series say it all, and an unbranched axon stays a chain without junctions.
            if (!is_centre && !(is_end && is_alone)) {
                junctions_at_um.push_back(at_um);
            }
            c = next;
        }
        for (const double at_um : junctions_at_um) {
            layout.elements.push_back({at_um, true});
        }
        if (!junctions_at_um.empty()) {
            std::ranges::stable_sort(layout.elements, {}, &Element::at_um);
        }
        for (auto& connection : layout.connections) {
            connection.element = element_near(layout, connection.at_um);
        }
        return layout;
    }

    static std::size_t nearest(double at_um, double step_um, const Layout& layout) {
        const double i = std::floor(at_um / step_um);
        return std::min(static_cast<std::size_t>(std::max(i, 0.0)), layout.compartments - 1);
    }

    static std::size_t element_near(const Layout& layout, double at_um) {
        const auto above = std::ranges::lower_bound(layout.elements, at_um, {}, &Element::at_um);
        if (above == layout.elements.end()) {
            return layout.elements.size() - 1;
        }
        const auto i = static_cast<std::size_t>(above - layout.elements.begin());
        const bool below_is_nearer =
            i > 0 && at_um - layout.elements[i - 1].at_um < above->at_um - at_um;
        return below_is_nearer ? i - 1 : i;
    }

    void fill_rows() {
        auto& c = out_.compartments;
        out_.name = model_.name;
        out_.temperature_degC = model_.temperature_degC;
        c.parent.assign(rows_, kNoParent);
        c.section.resize(rows_);
        c.is_junction.resize(rows_);
        for (auto* column : {&c.centre_um, &c.length_um, &c.diameter_um, &c.area_um2,
                             &c.distance_um, &c.capacitance_nF, &c.axial_conductance_uS}) {
            column->assign(rows_, 0.0);
        }
        c.xyz_um.resize(3 * rows_);
        for (std::size_t s = 0; s < model_.sections.size(); ++s) {
            out_.section_names.push_back(model_.sections[s].name);
            out_.section_regions.push_back(model_.sections[s].region);
            fill_section(s);
        }
    }

    void fill_section(std::size_t s) {
        auto& c = out_.compartments;
        const auto& section = model_.sections[s];
        const auto& layout = layouts_[s];
        const Profile& profile = profiles_[s];
        const Origin origin = origin_of(s);
        const double step_um = profile.length_um() / static_cast<double>(layout.compartments);
        std::size_t compartment = 0;
        for (std::size_t e = 0; e < layout.elements.size(); ++e) {
            const auto& element = layout.elements[e];
            const std::size_t row = layout.first_row + e;
            c.section[row] = static_cast<std::int32_t>(s);
            c.is_junction[row] = element.is_junction ? 1 : 0;
            c.centre_um[row] = element.at_um;
            c.distance_um[row] = origin.distance_um + element.at_um;
            const auto xyz = profile.position_um(element.at_um);
            for (std::size_t axis = 0; axis < 3; ++axis) {
                c.xyz_um[3 * row + axis] = origin.xyz_um[axis] + xyz[axis];
            }
            if (element.is_junction) {
                c.diameter_um[row] = profile.mean_diameter_um(
                    std::max(0.0, element.at_um - 1e-6 * profile.length_um()),
                    std::min(profile.length_um(), element.at_um + 1e-6 * profile.length_um()));
            } else {
                const double from_um = static_cast<double>(compartment) * step_um;
                const double to_um = compartment + 1 == layout.compartments
                                         ? profile.length_um()
                                         : static_cast<double>(compartment + 1) * step_um;
                c.length_um[row] = to_um - from_um;
                c.diameter_um[row] = profile.mean_diameter_um(from_um, to_um);
                c.area_um2[row] = profile.area_um2(from_um, to_um);
                c.capacitance_nF[row] = section.c_m_uF_cm2 * c.area_um2[row] * k_nF_per_uF_cm2_um2;
                ++compartment;
            }
            connect(s, e, row);
        }
    }

    struct Origin {
        double distance_um = 0.0;
        std::array<double, 3> xyz_um{};
    };

    /// Where the section's own arc position 0 lies. Points with coordinates stay where they are.
    Origin origin_of(std::size_t s) const {
        Origin origin;
        if (!parent_[s]) {
            return origin;
        }
        const auto& c = out_.compartments;
        const std::size_t p = *parent_[s];
        const double at_um = position_[s] * profiles_[p].length_um();
        const std::size_t first = layouts_[p].first_row;
        origin.distance_um = c.distance_um[first] - c.centre_um[first] + at_um;
        if (!model_.sections[s].has_coordinates) {
            const auto start = profiles_[p].position_um(layouts_[p].elements[0].at_um);
            const auto there = profiles_[p].position_um(at_um);
            for (std::size_t axis = 0; axis < 3; ++axis) {
                origin.xyz_um[axis] = c.xyz_um[3 * first + axis] - start[axis] + there[axis];
            }
        }
        return origin;
    }

    void connect(std::size_t s, std::size_t e, std::size_t row) {
        auto& c = out_.compartments;
        const auto& layout = layouts_[s];
        if (e > 0) {
            c.parent[row] = static_cast<std::int32_t>(row - 1);
            c.axial_conductance_uS[row] =
                1.0 / profiles_[s].axial_resistance_Mohm(layout.elements[e - 1].at_um,
                                                         layout.elements[e].at_um);
        } else if (parent_[s]) {
            const Joint joint = joint_of(s);
            c.parent[row] = static_cast<std::int32_t>(joint.row);
            c.axial_conductance_uS[row] =
                1.0 / (profiles_[*parent_[s]].axial_resistance_Mohm(joint.from_um, joint.to_um) +
                       profiles_[s].axial_resistance_Mohm(0.0, layout.elements[0].at_um));
        }
    }

    /// The parent's row that a section meets, and the stretch of the parent in between.
    struct Joint {
        std::size_t row;
        double from_um;
        double to_um;
    };

    Joint joint_of(std::size_t s) const {
        const auto& layout = layouts_[*parent_[s]];
        const double at_um = position_[s] * profiles_[*parent_[s]].length_um();
        const auto connection = std::ranges::min_element(
            layout.connections, {},
            [&](const Connection& candidate) { return std::abs(candidate.at_um - at_um); });
        const double element_um = layout.elements[connection->element].at_um;
        return {layout.first_row + connection->element, std::min(element_um, at_um),
                std::max(element_um, at_um)};
    }

    /// Whether the section has a periaxonal space with a resistance of its own. Without one, the
    /// space under a neighbouring sheath opens to the outside at this section's edge.
    bool has_space(std::size_t s) const {
        const auto& sheath = model_.sections[s].sheath;
        return sheath && (sheath->periaxonal_width_um || sheath->periaxonal_resistance_Mohm_per_cm);
    }

    void fill_layer() {
        if (std::ranges::none_of(model_.sections, [](const Section& section) {
                return section.sheath.has_value();
            })) {
            return;
        }
        const auto& c = out_.compartments;
        Layer layer;
        layer.is_unknown.assign(rows_, 0);
        for (auto* column :
             {&layer.axial_conductance_uS, &layer.capacitance_nF, &layer.conductance_uS}) {
            column->assign(rows_, 0.0);
        }
        for (std::size_t s = 0; s < model_.sections.size(); ++s) {
            const auto& layout = layouts_[s];
            const Profile& profile = profiles_[s];
            const bool is_covered = model_.sections[s].sheath && !is_open(s);
            for (std::size_t e = 0; e < layout.elements.size(); ++e) {
                const std::size_t row = layout.first_row + e;
                const bool is_junction = c.is_junction[row] != 0;
                layer.is_unknown[row] =
                    is_covered || (is_junction && is_end_of_open(s, layout.elements[e].at_um));
                const double half_um = 0.5 * c.length_um[row];
                if (!is_junction) {
                    const double from_um = std::max(0.0, c.centre_um[row] - half_um);
                    const double to_um = std::min(profile.length_um(), c.centre_um[row] + half_um);
                    layer.capacitance_nF[row] = profile.myelin_capacitance_nF(from_um, to_um);
                    layer.conductance_uS[row] = profile.myelin_conductance_uS(from_um, to_um);
                }
                const double resistance_Mohm = layer_resistance_Mohm(s, e);
                layer.axial_conductance_uS[row] =
                    resistance_Mohm > 0.0 ? 1.0 / resistance_Mohm : 0.0;
            }
        }
        for (std::size_t s = 0; s < model_.sections.size(); ++s) {
            if (parent_[s]) {
                const std::size_t row = joint_of(s).row;
                if (c.is_junction[row] != 0 && !has_space(s)) {
                    layer.is_unknown[row] = 0;
                }
            }
        }
        out_.layers.push_back(std::move(layer));
    }

    bool is_open(std::size_t s) const {
        const auto& sheath = model_.sections[s].sheath;
        return sheath && sheath->is_open;
    }

    /// An open section meets the outside in its middle. A junction at its end does not, so that an
    /// axon that branches at a node keeps the node's half annulus.
    bool is_end_of_open(std::size_t s, double at_um) const {
        const double length_um = profiles_[s].length_um();
        const double same_um = kSamePlace * length_um;
        return is_open(s) && has_space(s) && (at_um <= same_um || at_um >= length_um - same_um);
    }

    /// Resistance of the periaxonal space along a stretch. In an open section it is the half of the
    /// section up to where the space opens, on the side of the stretch, however finely it is cut:
    /// any mesh gives the same fibre.
    double stretch_resistance_Mohm(std::size_t s, double from_um, double to_um) const {
        const Profile& profile = profiles_[s];
        if (is_open(s) && from_um < to_um) {
            const double middle_um = 0.5 * profile.length_um();
            const bool is_proximal = from_um + to_um < profile.length_um();
            return is_proximal ? profile.periaxonal_resistance_Mohm(0.0, middle_um)
                               : profile.periaxonal_resistance_Mohm(middle_um, profile.length_um());
        }
        return profile.periaxonal_resistance_Mohm(from_um, to_um);
    }

    /// Resistance of the periaxonal path from an element to its parent row. A bare neighbour adds
    /// none, because the space opens to the outside at its edge; between bare ones is no path.
    double layer_resistance_Mohm(std::size_t s, std::size_t e) const {
        const auto& layout = layouts_[s];
        if (e > 0) {
            return stretch_resistance_Mohm(s, layout.elements[e - 1].at_um,
                                           layout.elements[e].at_um);
        }
        if (!parent_[s]) {
            return 0.0;
        }
        const Joint joint = joint_of(s);
        return stretch_resistance_Mohm(*parent_[s], joint.from_um, joint.to_um) +
               stretch_resistance_Mohm(s, 0.0, layout.elements[0].at_um);
    }

    void fill_mechanisms() {
        const auto& c = out_.compartments;
        for (const auto& placement : model_.placements) {
            const auto sections = select_sections(model_, placement.where);
            const auto& info = placement.found()->info;
            MechanismTable& table = table_of(placement, info);
            for (std::size_t i = 0; i < sections.size(); ++i) {
                const auto& layout = layouts_[sections[i]];
                for (std::size_t e = 0; e < layout.elements.size(); ++e) {
                    const std::size_t row = layout.first_row + e;
                    if (c.is_junction[row] != 0) {
                        continue;
                    }
                    table.compartment.push_back(static_cast<std::int32_t>(row));
                    for (std::size_t p = 0; p < info.parameters.size(); ++p) {
                        table.parameters[p].push_back(
                            parameter_value(placement, info.parameters[p], i));
                    }
                }
            }
        }
        for (auto& table : out_.mechanisms) {
            sort_rows(table);
        }
    }

    MechanismTable& table_of(const Placement& placement, const MechanismInfo& info) {
        for (auto& table : out_.mechanisms) {
            if (table.name == placement.mechanism) {
                return table;
            }
        }
        MechanismTable table;
        table.name = placement.mechanism;
        table.custom = placement.custom;
        for (const auto& parameter : info.parameters) {
            table.parameter_names.emplace_back(parameter.name);
        }
        table.parameters.resize(info.parameters.size());
        return out_.mechanisms.emplace_back(std::move(table));
    }

    static double parameter_value(const Placement& placement, const ParameterInfo& parameter,
                                  std::size_t section) {
        const auto given = placement.parameters.find(std::string(parameter.name));
        if (given == placement.parameters.end()) {
            return parameter.default_value;
        }
        return given->second.size() == 1 ? given->second[0] : given->second[section];
    }

    /// Placements may come in any order; kernels walk memory forwards.
    static void sort_rows(MechanismTable& table) {
        if (std::ranges::is_sorted(table.compartment)) {
            return;
        }
        std::vector<std::size_t> order(table.compartment.size());
        for (std::size_t i = 0; i < order.size(); ++i) {
            order[i] = i;
        }
        std::ranges::sort(order, {}, [&](std::size_t i) { return table.compartment[i]; });
        const auto permute = [&](auto& column) {
            auto sorted = column;
            for (std::size_t i = 0; i < order.size(); ++i) {
                sorted[i] = column[order[i]];
            }
            column = std::move(sorted);
        };
        permute(table.compartment);
        for (auto& column : table.parameters) {
            permute(column);
        }
    }

    void fill_ions() {
        for (const auto& ion : model_.ions) {
            auto table = std::ranges::find(out_.ions, ion.name, &IonTable::name);
            if (table == out_.ions.end()) {
                out_.ions.push_back(
                    {ion.name, valence_of(ion).value_or(0),
                     std::vector<double>(rows_, std::numeric_limits<double>::quiet_NaN())});
                table = out_.ions.end() - 1;
            }
            if (!ion.e_mV && table->inside_mM.empty()) {
                table->inside_mM.assign(rows_, std::numeric_limits<double>::quiet_NaN());
                table->outside_mM = table->inside_mM;
            }
            const double e_mV = reversal_potential_mV(ion, model_.temperature_degC);
            for (const std::size_t s : select_sections(model_, ion.where)) {
                for (std::size_t e = 0; e < layouts_[s].elements.size(); ++e) {
                    const std::size_t row = layouts_[s].first_row + e;
                    table->e_mV[row] = e_mV;
                    if (!table->inside_mM.empty()) {
                        constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
                        table->inside_mM[row] = ion.e_mV ? kNone : *ion.inside_mM;
                        table->outside_mM[row] = ion.e_mV ? kNone : *ion.outside_mM;
                    }
                }
            }
        }
    }

    const Model& model_;
    const Mesh& mesh_;
    std::vector<std::optional<std::size_t>> parent_;
    std::vector<double> position_;
    std::vector<Profile> profiles_;
    std::vector<Layout> layouts_;
    std::size_t rows_ = 0;
    Discretisation out_;
};

}  // namespace

Discretisation discretise(const Model& model, const Mesh& mesh) {
    auto problems = validate(model);
    if (!problems.empty()) {
        throw ModelError(std::move(problems));
    }
    check_mesh(mesh);
    return Discretiser(model, mesh).run();
}

}  // namespace ranvier
