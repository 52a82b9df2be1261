// Models for the tests of the lanes: pieces of cable joined at random, with any of them as root.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <numbers>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "ranvier/discretisation/discretisation.hpp"
#include "ranvier/solver/lanes/lane_stepper.hpp"
#include "ranvier/solver/lanes/layout.hpp"
#include "ranvier/solver/simulation.hpp"

namespace lane_models {

using namespace ranvier;

using Random = std::mt19937_64;
using Shared = std::shared_ptr<const Discretisation>;

inline double uniform(Random& random, double from, double to) {
    return std::uniform_real_distribution(from, to)(random);
}

inline std::size_t whole(Random& random, std::size_t from, std::size_t to) {
    return std::uniform_int_distribution(from, to)(random);
}

inline bool chance(Random& random, double share) {
    return uniform(random, 0.0, 1.0) < share;
}

/// A compartment before it is known which of its neighbours is its parent. A density of 0 means
/// that the channel is absent.
struct Piece {
    double length_um = 50.0;
    double diameter_um = 5.0;
    bool is_junction = false;
    bool is_sheathed = false;
    double na_S_cm2 = 0.0;
    double k_S_cm2 = 0.0;
    double leak_S_cm2 = 0.0;
    double e_leak_mV = -54.4;
    double space_um = 0.01;  // between axon and sheath
    double lamellae = 20.0;
};

struct Edge {
    std::size_t a;
    std::size_t b;
    bool is_sealed = false;  // no path in the periaxonal space
};

struct Wiring {
    std::vector<Piece> pieces;
    std::vector<Edge> edges;
    double temperature_degC = 18.5;

    std::size_t add(const Piece& piece) {
        pieces.push_back(piece);
        return pieces.size() - 1;
    }
    void join(std::size_t a, std::size_t b, bool is_sealed = false) {
        edges.push_back({a, b, is_sealed});
    }

    /// Depth first from `root`, then from whatever has not been reached. `order`, if given, says
    /// which piece each compartment is.
    Shared rooted_at(std::size_t root, std::vector<std::size_t>* order = nullptr) const {
        const std::size_t n = pieces.size();
        std::vector<std::vector<std::size_t>> edges_of(n);
        for (std::size_t e = 0; e < edges.size(); ++e) {
            edges_of[edges[e].a].push_back(e);
            edges_of[edges[e].b].push_back(e);
        }
        auto d = std::make_shared<Discretisation>();
        d->name = "test";
        d->temperature_degC = temperature_degC;
        d->section_names = {"axon"};
        d->section_regions = {""};
        std::vector<std::size_t> piece_of;
        std::vector<std::int32_t> number(n, kNoParent);
        struct Visit {
            std::size_t piece;
            std::int32_t parent;
            const Edge* edge;
        };
        Layer layer;
        bool has_layer = false;
        std::vector<Visit> waiting;
        for (std::size_t start = 0; start <= n; ++start) {
            const std::size_t first = start == 0 ? root : start - 1;
            if (number[first] != kNoParent) {
                continue;
            }
            waiting.push_back({first, kNoParent, nullptr});
            while (!waiting.empty()) {
                const Visit visit = waiting.back();
                waiting.pop_back();
                number[visit.piece] = static_cast<std::int32_t>(piece_of.size());
                piece_of.push_back(visit.piece);
                add_compartment(*d, layer, visit.piece, visit.parent, visit.edge);
                has_layer = has_layer || pieces[visit.piece].is_sheathed;
                for (const std::size_t e : edges_of[visit.piece]) {
                    const std::size_t other = edges[e].a == visit.piece ? edges[e].b : edges[e].a;
                    if (number[other] == kNoParent) {
                        waiting.push_back({other, number[visit.piece], &edges[e]});
                    }
                }
            }
        }
        if (has_layer) {
            d->layers.push_back(std::move(layer));
        }
        add_channel(*d, piece_of, "k_hh", &Piece::k_S_cm2, false);
        add_channel(*d, piece_of, "leak", &Piece::leak_S_cm2, true);
        add_channel(*d, piece_of, "na_hh", &Piece::na_S_cm2, false);
        d->ions = {{"na", 1, std::vector<double>(n, 50.0)},
                   {"k", 1, std::vector<double>(n, -77.0)}};
        ranvier::check(*d);
        if (order != nullptr) {
            *order = piece_of;
        }
        return d;
    }

private:
    static double half_resistance_MOhm(const Piece& piece) {
        constexpr double kAxoplasm_Ohm_um = 70.0 * 1e4;
        constexpr double kMOhm = 1e-6;
        return piece.is_junction
                   ? 0.0
                   : kMOhm * kAxoplasm_Ohm_um * 0.5 * piece.length_um /
                         (std::numbers::pi / 4.0 * piece.diameter_um * piece.diameter_um);
    }
    static double half_space_MOhm(const Piece& piece) {
        constexpr double kFluid_Ohm_um = 70.0 * 1e4;
        constexpr double kMOhm = 1e-6;
        return piece.is_sheathed
                   ? kMOhm * kFluid_Ohm_um * 0.5 * piece.length_um /
                         (std::numbers::pi * piece.space_um * (piece.diameter_um + piece.space_um))
                   : 0.0;
    }

    void add_compartment(Discretisation& d, Layer& layer, std::size_t at, std::int32_t parent,
                         const Edge* edge) const {
        constexpr double kMembrane_nF_um2 = 1e-5;
        constexpr double kMyelin_nF_um2 = 1e-6;
        constexpr double kMyelin_uS_um2 = 1e-5;
        const Piece& piece = pieces[at];
        auto& c = d.compartments;
        const double area_um2 =
            piece.is_junction ? 0.0 : std::numbers::pi * piece.diameter_um * piece.length_um;
        c.parent.push_back(parent);
        c.section.push_back(0);
        c.is_junction.push_back(piece.is_junction ? 1 : 0);
        c.centre_um.push_back(static_cast<double>(c.parent.size()));
        c.length_um.push_back(piece.length_um);
        c.diameter_um.push_back(piece.diameter_um);
        c.area_um2.push_back(area_um2);
        c.distance_um.push_back(0.0);
        c.xyz_um.insert(c.xyz_um.end(), 3, 0.0);
        c.capacitance_nF.push_back(kMembrane_nF_um2 * area_um2);
        double axial_uS = 0.0;
        double space_uS = 0.0;
        if (edge != nullptr) {
            const Piece& a = pieces[edge->a];
            const Piece& b = pieces[edge->b];
            axial_uS = 1.0 / (half_resistance_MOhm(a) + half_resistance_MOhm(b));
            const bool has_space = (a.is_sheathed || b.is_sheathed) && !edge->is_sealed;
            space_uS = has_space ? 1.0 / (half_space_MOhm(a) + half_space_MOhm(b)) : 0.0;
        }
        c.axial_conductance_uS.push_back(axial_uS);
        layer.is_unknown.push_back(piece.is_sheathed ? 1 : 0);
        layer.axial_conductance_uS.push_back(space_uS);
        const double membranes = 2.0 * piece.lamellae;
        layer.capacitance_nF.push_back(piece.is_sheathed ? kMyelin_nF_um2 * area_um2 / membranes
                                                         : 0.0);
        layer.conductance_uS.push_back(piece.is_sheathed ? kMyelin_uS_um2 * area_um2 / membranes
                                                         : 0.0);
    }

    void add_channel(Discretisation& d, const std::vector<std::size_t>& piece_of,
                     const std::string& name, double Piece::* density, bool is_leak) const {
        MechanismTable table;
        table.name = name;
        table.parameter_names = {"g_bar_S_cm2"};
        table.parameters.resize(is_leak ? 2 : 1);
        if (is_leak) {
            table.parameter_names.emplace_back("e_leak_mV");
        }
        for (std::size_t i = 0; i < piece_of.size(); ++i) {
            const Piece& piece = pieces[piece_of[i]];
            if (piece.*density == 0.0) {
                continue;
            }
            table.compartment.push_back(static_cast<std::int32_t>(i));
            table.parameters[0].push_back(piece.*density);
            if (is_leak) {
                table.parameters[1].push_back(piece.e_leak_mV);
            }
        }
        // A table without rows only at times: both must do.
        if (!table.compartment.empty() || name == "na_hh") {
            d.mechanisms.push_back(std::move(table));
        }
    }
};

/// A membrane that may fire, of random density, or only leaks.
inline void excite(Piece& piece, Random& random, double share) {
    piece.leak_S_cm2 = chance(random, 0.9) ? uniform(random, 1e-4, 6e-4) : 0.0;
    piece.e_leak_mV = uniform(random, -60.0, -50.0);
    if (chance(random, share)) {
        piece.na_S_cm2 = uniform(random, 0.08, 0.16);
        piece.k_S_cm2 = chance(random, 0.9) ? uniform(random, 0.02, 0.05) : 0.0;
    }
}

enum class Shape { kCable, kBushy, kComb, kStar, kApart };

inline constexpr Shape kShapes[] = {Shape::kCable, Shape::kBushy, Shape::kComb, Shape::kStar,
                                    Shape::kApart};

/// One row per compartment: no sheath.
inline Wiring bare(std::size_t n, Shape shape, Random& random) {
    Wiring wiring;
    const double share = chance(random, 0.5) ? 1.0 : 0.6;
    double diameter_um = uniform(random, 2.0, 20.0);
    for (std::size_t i = 0; i < n; ++i) {
        Piece piece;
        diameter_um = std::clamp(diameter_um * uniform(random, 0.9, 1.1), 0.5, 30.0);
        piece.diameter_um = diameter_um;
        piece.length_um = uniform(random, 10.0, 60.0);
        excite(piece, random, share);
        wiring.add(piece);
        if (i == 0) {
            continue;
        }
        std::size_t to = i - 1;
        if (shape == Shape::kBushy && chance(random, 0.15)) {
            to = whole(random, 0, i - 1);
        } else if (shape == Shape::kComb && i % 3 == 0) {
            to = i - 2 + (i > 2 ? 0 : 1);
        } else if (shape == Shape::kStar && chance(random, 0.3)) {
            to = 0;
        } else if (shape == Shape::kApart && chance(random, 0.2)) {
            continue;
        }
        wiring.join(to, i);
    }
    // Places where more than two meet, as discretise() makes them: rows without membrane.
    if (shape != Shape::kCable && chance(random, 0.5)) {
        std::vector<int> degree(n, 0);
        for (const Edge& edge : wiring.edges) {
            ++degree[edge.a];
            ++degree[edge.b];
        }
        for (std::size_t i = 0; i < n; ++i) {
            if (degree[i] > 2) {
                Piece junction;
                junction.is_junction = true;
                wiring.pieces[i] = junction;
            }
        }
        // Two of them in a row would be joined by no resistance.
        std::erase_if(wiring.edges, [&](const Edge& edge) {
            return wiring.pieces[edge.a].is_junction && wiring.pieces[edge.b].is_junction;
        });
        std::vector<int> left(n, 0);
        for (const Edge& edge : wiring.edges) {
            ++left[edge.a];
            ++left[edge.b];
        }
        for (std::size_t i = 0; i < n; ++i) {
            if (left[i] == 0 && wiring.pieces[i].is_junction) {
                wiring.pieces[i] = {};
                excite(wiring.pieces[i], random, 1.0);
            }
        }
    }
    return wiring;
}

struct Myelin {
    std::size_t nodes = 5;
    std::size_t most_node_rows = 1;
    std::size_t least_internode = 3;
    std::size_t most_internode = 3;
    double taper = 0.0;     // share by which every number differs at random
    double branches = 0.0;  // chance that an internode leaves another node than the last
    bool is_sealed_at_random = false;
    double without_leak = 0.0;  // chance of an internodal axolemma without a leak
};

inline Piece node_piece(Random& random, double taper) {
    Piece node;
    const auto vary = [&](double x) { return x * uniform(random, 1.0 - taper, 1.0 + taper); };
    node.length_um = vary(1.5);
    node.diameter_um = vary(4.0);
    node.na_S_cm2 = vary(1.2);
    node.k_S_cm2 = vary(0.2);
    node.leak_S_cm2 = vary(3e-3);
    return node;
}

inline Wiring myelinated(const Myelin& what, Random& random) {
    Wiring wiring;
    const double taper = what.taper;
    const auto vary = [&](double x) { return x * uniform(random, 1.0 - taper, 1.0 + taper); };
    std::vector<std::size_t> ends;
    const auto add_node = [&](std::size_t from, bool is_sealed) {
        std::size_t last = from;
        const std::size_t rows = whole(random, 1, what.most_node_rows);
        for (std::size_t row = 0; row < rows; ++row) {
            const std::size_t own = wiring.add(node_piece(random, taper));
            if (own > 0) {
                wiring.join(last, own, row == 0 && is_sealed);
            }
            last = own;
        }
        ends.push_back(last);
    };
    add_node(0, false);
    for (std::size_t internode = 1; internode < what.nodes; ++internode) {
        std::size_t from = ends.back();
        if (chance(random, what.branches)) {
            from = ends[whole(random, 0, ends.size() - 1)];
        }
        const std::size_t size = whole(random, what.least_internode, what.most_internode);
        const bool is_leaky = !chance(random, what.without_leak);
        for (std::size_t k = 0; k < size; ++k) {
            Piece piece;
            piece.is_sheathed = true;
            const bool is_paranode = k == 0 || k + 1 == size;
            piece.length_um = vary(is_paranode ? 4.0 : 60.0);
            piece.diameter_um = vary(is_paranode ? 4.0 : 6.0);
            piece.space_um = vary(is_paranode ? 0.002 : 0.008);
            piece.lamellae = vary(40.0);
            piece.leak_S_cm2 = is_leaky ? vary(1e-4) : 0.0;
            piece.e_leak_mV = -60.0 + (taper > 0.0 ? uniform(random, -3.0, 3.0) : 0.0);
            const std::size_t own = wiring.add(piece);
            wiring.join(from, own, k == 0 && what.is_sealed_at_random && chance(random, 0.5));
            from = own;
        }
        add_node(from, what.is_sealed_at_random && chance(random, 0.5));
    }
    return wiring;
}

/// Currents that jump inside steps, with ramps, into some compartments; in all of the order of
/// `rate` times their capacitance.
inline std::vector<Drive> random_drives(const Discretisation& d, double until_ms, double rate,
                                        Random& random) {
    const std::size_t n = d.compartments.size();
    std::vector<Drive> drives;
    const double all_nF = [&] {
        double sum = 0.0;
        for (const double c : d.compartments.capacitance_nF) {
            sum += c;
        }
        return sum / static_cast<double>(n);
    }();
    for (std::size_t k = 0; k < whole(random, 1, 3); ++k) {
        Drive drive;
        const double from_ms = uniform(random, 0.0, 0.3 * until_ms);
        const double to_ms = from_ms + uniform(random, 0.1, 0.5) * until_ms;
        switch (whole(random, 0, 2)) {
            case 0:
                drive.waveform = {{from_ms, from_ms, to_ms, to_ms}, {0.0, 1.0, 1.0, 0.0}};
                break;
            case 1:
                drive.waveform = {{from_ms, to_ms, to_ms}, {0.0, 1.0, 0.0}};
                break;
            default:
                drive.waveform = {{from_ms, 0.5 * (from_ms + to_ms), to_ms}, {0.0, 1.5, 0.0}};
        }
        for (std::size_t i = 0; i < n; ++i) {
            const bool is_last_chance = i + 1 == n && drive.compartment.empty();
            if (is_last_chance || chance(random, 1.5 / static_cast<double>(n))) {
                drive.compartment.push_back(static_cast<std::int32_t>(i));
                drive.weight_nA.push_back(rate *
                                          std::max(all_nF, d.compartments.capacitance_nF[i]) *
                                          uniform(random, -0.3, 1.0));
            }
        }
        drives.push_back(std::move(drive));
    }
    return drives;
}

inline Detector everywhere(std::size_t n, double threshold_mV) {
    Detector detector;
    detector.threshold_mV = threshold_mV;
    for (std::size_t i = 0; i < n; ++i) {
        detector.compartment.push_back(static_cast<std::int32_t>(i));
    }
    return detector;
}

inline MethodChoice choice(const std::string& name, double dt_ms) {
    return {name, {{"dt_ms", dt_ms}}};
}

inline LaneMethod lane_method(const std::string& name) {
    return name == "rosenbrock2" ? LaneMethod::kRosenbrock2 : LaneMethod::kStaggeredSdirk2;
}

inline constexpr const char* kMethods[] = {"rosenbrock2", "staggered_sdirk2"};

/// What can run here.
inline std::vector<Isa> isas() {
    auto usable = built_isas();
    const Isa best = best_isa();
    std::erase_if(
        usable, [&](Isa isa) { return isa > best || find_cable_kernels<double>(isa) == nullptr; });
    return usable;
}

struct Lanes {
    std::size_t most_rows = 0;  // 0: as for one fibre
    Isa isa = best_isa();
    int threads = 1;
};

inline std::unique_ptr<Simulation> plain_run(const Shared& d, const MethodChoice& method,
                                             std::vector<Drive> drives,
                                             std::vector<Detector> detectors,
                                             std::vector<Probe> probes = {}) {
    return std::make_unique<Simulation>(d, method, std::move(drives), std::move(probes),
                                        std::move(detectors), Execution{Solver::kPlain});
}

template <class Real = double>
std::unique_ptr<Simulation> lane_run(const Shared& d, const MethodChoice& method,
                                     std::vector<Drive> drives, std::vector<Detector> detectors,
                                     const Lanes& lanes = {}, std::vector<Probe> probes = {}) {
    return std::make_unique<Simulation>(
        d, method,
        [&](const System& system) {
            auto home = std::make_shared<LaneHome<Real>>();
            home->solver = std::make_unique<LaneSolver<Real>>(
                std::vector{&system}, lanes.most_rows == 0 ? rows_per_run(*d) : lanes.most_rows,
                lane_method(method.name), lanes.isa, lanes.threads);
            return make_lane_guest<Real>(home, 0, lane_method(method.name),
                                         method.parameters.at("dt_ms"));
        },
        std::move(drives), std::move(probes), std::move(detectors));
}

/// Largest difference of any potential, NaN where either has one.
inline double distance_mV(const State& a, const State& b) {
    double worst = 0.0;
    for (std::size_t layer = 0; layer < a.potential_mV.size(); ++layer) {
        for (std::size_t i = 0; i < a.potential_mV[layer].size(); ++i) {
            const double each = std::abs(a.potential_mV[layer][i] - b.potential_mV[layer][i]);
            if (!(each <= worst)) {
                worst = each;
            }
            const double own = std::abs(a.v_mV[i] - b.v_mV[i]);
            if (!(own <= worst)) {
                worst = own;
            }
        }
    }
    return worst;
}

inline double gate_distance(const State& a, const State& b) {
    double worst = 0.0;
    for (std::size_t m = 0; m < a.gates.size(); ++m) {
        for (std::size_t g = 0; g < a.gates[m].size(); ++g) {
            for (std::size_t row = 0; row < a.gates[m][g].size(); ++row) {
                const double each = std::abs(a.gates[m][g][row] - b.gates[m][g][row]);
                if (!(each <= worst)) {
                    worst = each;
                }
            }
        }
    }
    return worst;
}

}  // namespace lane_models
