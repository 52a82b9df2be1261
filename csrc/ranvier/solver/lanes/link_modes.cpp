#include "ranvier/solver/lanes/link_modes.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <numeric>

namespace ranvier {
namespace {

/// A square matrix by rows.
struct Matrix {
    explicit Matrix(std::size_t n) : size(n), entry(n * n) {}
    double& at(std::size_t row, std::size_t column) { return entry[row * size + column]; }
    double at(std::size_t row, std::size_t column) const { return entry[row * size + column]; }
    std::size_t size;
    std::vector<double> entry;
};

/// Two rows of a matrix by a plane rotation.
void turn(double* p, double* q, std::size_t n, double c, double s) {
    for (std::size_t k = 0; k < n; ++k) {
        const double kp = p[k];
        const double kq = q[k];
        p[k] = c * kp - s * kq;
        q[k] = s * kp + c * kq;
    }
}

/// Eigenvalues onto the diagonal of the symmetric `a`, eigenvectors into the columns of what is
/// returned (Jacobi 1846; the threshold-free cyclic form of Golub & Van Loan, section 8.5). Slow
/// for large matrices, and accurate also for the small eigenvalues of a positive definite one
/// (Demmel & Veselic 1992, doi:10.1137/0613074), which decide how slowly an internode discharges.
Matrix diagonalise(Matrix& a) {
    const std::size_t n = a.size;
    Matrix vectors(n);
    for (std::size_t i = 0; i < n; ++i) {
        vectors.at(i, i) = 1.0;
    }
    constexpr int kMostSweeps = 60;
    for (int sweep = 0; sweep < kMostSweeps; ++sweep) {
        bool is_done = true;
        for (std::size_t p = 0; p + 1 < n; ++p) {
            for (std::size_t q = p + 1; q < n; ++q) {
                const double off = a.at(p, q);
                constexpr double kNegligible = 1e-17;
                if (off * off <= kNegligible * kNegligible * a.at(p, p) * a.at(q, q)) {
                    continue;
                }
                is_done = false;
                const double half = 0.5 * (a.at(q, q) - a.at(p, p)) / off;
                // With hypot: what the root of a sum rounds adds up over many turns.
                const double t =
                    (half >= 0.0 ? 1.0 : -1.0) / (std::abs(half) + std::hypot(half, 1.0));
                const double c = 1.0 / std::hypot(t, 1.0);
                const double s = t * c;
                const double pp = a.at(p, p) - t * off;
                const double qq = a.at(q, q) + t * off;
                // By rows, which are one piece each: `a` is symmetric, `vectors` turned over.
                turn(&a.at(p, 0), &a.at(q, 0), n, c, s);
                turn(&vectors.at(p, 0), &vectors.at(q, 0), n, c, s);
                a.at(p, p) = pp;
                a.at(q, q) = qq;
                a.at(p, q) = a.at(q, p) = 0.0;
                for (std::size_t k = 0; k < n; ++k) {
                    a.at(k, p) = a.at(p, k);
                    a.at(k, q) = a.at(q, k);
                }
            }
        }
        if (is_done) {
            break;
        }
    }
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            std::swap(vectors.at(i, j), vectors.at(j, i));
        }
    }
    return vectors;
}

/// What a link is made of, in the order of its compartments, turned so that the lower end is first
/// where it is a plain stretch.
struct LinkNumbers {
    std::vector<double> capacitance_nF;  // of all axolemmas, then of all sheaths
    std::vector<double> conductance_uS;
    std::vector<double> driven_nA;  // into it by the leaks, at a membrane potential of 0
    std::vector<double> axial_uS;   // of each compartment to its parent in the link, else 0
    std::vector<double> layer_axial_uS;
    std::vector<double> layer_ground_uS;  // to rows, whose periaxonal potential is 0
    std::vector<std::int32_t> parent;     // within the link, or kNowhere
    std::int32_t lower = kNowhere;        // which compartment is next to the lower row
    std::int32_t upper = kNowhere;
    double lower_axial_uS = 0.0;
    double upper_axial_uS = 0.0;

    bool operator==(const LinkNumbers&) const = default;

    bool is_close_to(const LinkNumbers& other) const {
        // Rounding in lengths that were found as differences of positions.
        constexpr double kRounding = 1e-13;
        const auto are_close = [](const std::vector<double>& a, const std::vector<double>& b) {
            return std::ranges::equal(a, b, [](double x, double y) {
                return std::abs(x - y) <= kRounding * std::abs(x);
            });
        };
        return parent == other.parent && lower == other.lower && upper == other.upper &&
               are_close({lower_axial_uS, upper_axial_uS},
                         {other.lower_axial_uS, other.upper_axial_uS}) &&
               are_close(capacitance_nF, other.capacitance_nF) &&
               are_close(conductance_uS, other.conductance_uS) &&
               are_close(driven_nA, other.driven_nA) && are_close(axial_uS, other.axial_uS) &&
               are_close(layer_axial_uS, other.layer_axial_uS) &&
               are_close(layer_ground_uS, other.layer_ground_uS);
    }
};

/// All currents of a compartment, outward, as a straight line in its membrane potential.
struct LinearCurrent {
    bool is_wanted = false;
    double g_uS = 0.0;
    double at_zero_nA = 0.0;
};

/// Adds those of one row of a mechanism, which is linear.
void add_linear_current(const System& system, std::size_t mechanism, std::size_t row,
                        LinearCurrent& to) {
    const SystemMechanism& bound = system.mechanisms()[mechanism];
    if (bound.mechanism->expressions == nullptr) {
        const OpenChannel leak = open_channel(system, mechanism, row);
        to.g_uS += leak.g_uS;
        to.at_zero_nA -= leak.g_uS * leak.e_mV;
        return;
    }
    const BoundRows one(bound, std::span<double* const>(), row);
    constexpr double kNoPotential_mV = 0.0;
    double density_mA_cm2 = 0.0;
    double slope_S_cm2 = 0.0;
    bound.mechanism->kernels.current(one.rows(), &kNoPotential_mV, &density_mA_cm2, &slope_S_cm2);
    const double nA_per_mA_cm2 = system.nA_per_mA_cm2(mechanism, row);
    to.g_uS += slope_S_cm2 * nA_per_mA_cm2;
    to.at_zero_nA += density_mA_cm2 * nA_per_mA_cm2;
}

/// `local` is scratch, one per compartment of the fibre.
LinkNumbers numbers_of(const System& system, const LinkPlace& link,
                       const std::vector<LinearCurrent>& leaks, std::vector<std::int32_t>& local) {
    const auto& d = system.discretisation();
    const auto& layer = d.layers[0];
    const std::size_t n = link.compartment.size();
    LinkNumbers numbers;
    numbers.capacitance_nF.resize(2 * n);
    numbers.conductance_uS.resize(2 * n);
    numbers.driven_nA.resize(n);
    numbers.axial_uS.resize(n);
    numbers.layer_axial_uS.resize(n);
    numbers.layer_ground_uS.resize(n);
    numbers.parent.assign(n, kNowhere);
    for (std::size_t k = 0; k < n; ++k) {
        const std::size_t i = index(link.compartment[k]);
        local[i] = static_cast<std::int32_t>(k);
        numbers.capacitance_nF[k] = d.compartments.capacitance_nF[i];
        numbers.capacitance_nF[n + k] = layer.capacitance_nF[i];
        numbers.conductance_uS[n + k] = layer.conductance_uS[i];
        numbers.conductance_uS[k] = leaks[i].g_uS;
        numbers.driven_nA[k] = -leaks[i].at_zero_nA;
        // The first compartment has no parent in the link, and the parent of the others is in it.
        if (k > 0) {
            numbers.parent[k] = local[index(d.compartments.parent[i])];
            numbers.axial_uS[k] = d.compartments.axial_conductance_uS[i];
            numbers.layer_axial_uS[k] = layer.axial_conductance_uS[i];
        }
    }
    const auto end = [&](std::int32_t row, std::int32_t neighbour, std::int32_t& at, double& uS) {
        if (row == kNowhere) {
            return;
        }
        const std::size_t joint =
            index(d.compartments.parent[index(row)] == neighbour ? row : neighbour);
        at = local[index(neighbour)];
        uS = d.compartments.axial_conductance_uS[joint];
        numbers.layer_ground_uS[index(at)] += layer.axial_conductance_uS[joint];
    };
    end(link.lower, link.lower_neighbour, numbers.lower, numbers.lower_axial_uS);
    end(link.upper, link.upper_neighbour, numbers.upper, numbers.upper_axial_uS);
    return numbers;
}

/// G in the unknowns w = sqrt(C) (membrane, periaxonal), whose C is the identity: a sum of
/// g e e^T over the conductances g, e being what each is driven by.
Matrix scaled_conductances(const LinkNumbers& numbers, const std::vector<double>& scale) {
    const std::size_t n = numbers.driven_nA.size();
    Matrix a(2 * n);
    struct Term {
        std::size_t unknown;
        double factor;
    };
    const auto add = [&](double g_uS, std::initializer_list<Term> terms) {
        for (const Term& x : terms) {
            for (const Term& y : terms) {
                a.at(x.unknown, y.unknown) +=
                    g_uS * x.factor * y.factor * scale[x.unknown] * scale[y.unknown];
            }
        }
    };
    for (std::size_t k = 0; k < n; ++k) {
        add(numbers.conductance_uS[k], {{k, 1.0}});
        add(numbers.conductance_uS[n + k] + numbers.layer_ground_uS[k], {{n + k, 1.0}});
        if (numbers.parent[k] != kNowhere) {
            const std::size_t up = index(numbers.parent[k]);
            // The axoplasm's potential is the membrane's plus the periaxonal one.
            add(numbers.axial_uS[k], {{k, 1.0}, {n + k, 1.0}, {up, -1.0}, {n + up, -1.0}});
            add(numbers.layer_axial_uS[k], {{n + k, 1.0}, {n + up, -1.0}});
        }
    }
    const auto end = [&](std::int32_t at, double g_uS) {
        if (at != kNowhere) {
            add(g_uS, {{index(at), 1.0}, {n + index(at), 1.0}});
        }
    };
    end(numbers.lower, numbers.lower_axial_uS);
    end(numbers.upper, numbers.upper_axial_uS);
    return a;
}

/// Whether the link looks the same from both ends. `mirror` gives each unknown's image.
bool is_mirrored(const Matrix& a, const LinkNumbers& numbers, const std::vector<double>& scale,
                 const std::vector<std::size_t>& mirror) {
    constexpr double kRounding = 1e-12;
    const std::size_t n = numbers.driven_nA.size();
    if (numbers.lower == kNowhere || numbers.upper == kNowhere ||
        mirror[index(numbers.lower)] != index(numbers.upper) ||
        std::abs(numbers.lower_axial_uS - numbers.upper_axial_uS) >
            kRounding * numbers.lower_axial_uS) {
        return false;
    }
    for (std::size_t i = 0; i < 2 * n; ++i) {
        if (std::abs(scale[i] - scale[mirror[i]]) > kRounding * scale[i]) {
            return false;
        }
        for (std::size_t j = 0; j < 2 * n; ++j) {
            const double size = std::sqrt(a.at(i, i) * a.at(j, j));
            if (std::abs(a.at(i, j) - a.at(mirror[i], mirror[j])) > kRounding * size) {
                return false;
            }
        }
    }
    return true;
}

/// 1/sqrt(C) of each unknown.
std::vector<double> scale_of(const LinkNumbers& numbers) {
    std::vector<double> scale(numbers.capacitance_nF.size());
    std::ranges::transform(numbers.capacitance_nF, scale.begin(),
                           [](double c) { return 1.0 / std::sqrt(c); });
    return scale;
}

/// The image of each unknown in a link that looks the same from both ends.
std::vector<std::size_t> mirror_of(const LinkNumbers& numbers) {
    const std::size_t n = numbers.driven_nA.size();
    std::vector<std::size_t> mirror(2 * n);
    for (std::size_t k = 0; k < n; ++k) {
        mirror[k] = n - 1 - k;
        mirror[n + k] = 2 * n - 1 - k;
    }
    return mirror;
}

LinkModes modes_of(const LinkNumbers& numbers) {
    const std::size_t n = numbers.driven_nA.size();
    const std::size_t m = 2 * n;
    const std::vector<double> scale = scale_of(numbers);
    Matrix a = scaled_conductances(numbers, scale);
    const std::vector<std::size_t> mirror = mirror_of(numbers);
    LinkModes modes;
    modes.is_mirrored = is_mirrored(a, numbers, scale, mirror);
    modes.lower_axial_uS = numbers.lower_axial_uS;
    modes.upper_axial_uS = numbers.upper_axial_uS;
    modes.rate_per_ms.resize(m);
    Matrix vectors(m);
    if (modes.is_mirrored) {
        std::size_t column = 0;
        for (const double sign : {1.0, -1.0}) {
            // Half of the unknowns, and those that are their own image among the even modes.
            std::vector<std::size_t> half;
            for (std::size_t i = 0; i < m; ++i) {
                if (i < mirror[i] || (sign > 0.0 && i == mirror[i])) {
                    half.push_back(i);
                }
            }
            Matrix folded(half.size());
            const auto weight = [&](std::size_t i) {
                return i == mirror[i] ? std::sqrt(0.5) : 1.0;
            };
            for (std::size_t i = 0; i < half.size(); ++i) {
                for (std::size_t j = 0; j < half.size(); ++j) {
                    folded.at(i, j) =
                        weight(half[i]) * weight(half[j]) *
                        (a.at(half[i], half[j]) + sign * a.at(half[i], mirror[half[j]]));
                }
            }
            for (std::size_t i = 0; i < half.size(); ++i) {
                for (std::size_t j = 0; j < i; ++j) {
                    folded.at(i, j) = folded.at(j, i) = 0.5 * (folded.at(i, j) + folded.at(j, i));
                }
            }
            const Matrix own = diagonalise(folded);
            for (std::size_t j = 0; j < half.size(); ++j, ++column) {
                modes.rate_per_ms[column] = folded.at(j, j);
                for (std::size_t i = 0; i < half.size(); ++i) {
                    const double entry =
                        own.at(i, j) * (half[i] == mirror[half[i]] ? 1.0 : std::sqrt(0.5));
                    vectors.at(half[i], column) = entry;
                    vectors.at(mirror[half[i]], column) =
                        half[i] == mirror[half[i]] ? entry : sign * entry;
                }
            }
            modes.even = sign > 0.0 ? column : modes.even;
        }
    } else {
        vectors = diagonalise(a);
        for (std::size_t j = 0; j < m; ++j) {
            modes.rate_per_ms[j] = a.at(j, j);
        }
    }
    modes.lower.assign(m, 0.0);
    modes.upper.assign(m, 0.0);
    modes.basis.resize(m * m);
    modes.from.resize(m * m);
    modes.rest_mV.assign(m, 0.0);
    for (std::size_t j = 0; j < m; ++j) {
        for (std::size_t i = 0; i < m; ++i) {
            modes.basis[i * m + j] = scale[i] * vectors.at(i, j);
            modes.from[j * m + i] = vectors.at(i, j) / scale[i];
        }
        const auto coupling = [&](std::int32_t at, double g_uS) {
            return at == kNowhere ? 0.0
                                  : g_uS * (modes.basis[index(at) * m + j] +
                                            modes.basis[(n + index(at)) * m + j]);
        };
        modes.lower[j] = coupling(numbers.lower, numbers.lower_axial_uS);
        modes.upper[j] = coupling(numbers.upper, numbers.upper_axial_uS);
        if (modes.is_mirrored) {
            modes.lower[j] = j < modes.even ? modes.upper[j] : -modes.upper[j];
        }
        double driven = 0.0;
        for (std::size_t k = 0; k < n; ++k) {
            driven += modes.basis[k * m + j] * numbers.driven_nA[k];
        }
        const double rest = driven / modes.rate_per_ms[j];
        modes.lower_rest_nA += modes.lower[j] * rest;
        modes.upper_rest_nA += modes.upper[j] * rest;
        for (std::size_t i = 0; i < m; ++i) {
            modes.rest_mV[i] += modes.basis[i * m + j] * rest;
        }
    }
    return modes;
}

/// The same for the same numbers, to the last bit: those of the last fibres are kept, since studies
/// run the same ones again and again.
std::shared_ptr<const LinkModes> known_modes_of(const LinkNumbers& numbers) {
    constexpr std::size_t kMostKnown = 32;
    constexpr std::size_t kMostModes = 64;
    struct Known {
        LinkNumbers numbers;
        std::shared_ptr<const LinkModes> modes;
    };
    static std::mutex looking;
    static std::vector<Known> known;
    if (numbers.capacitance_nF.size() > kMostModes) {
        return std::make_shared<const LinkModes>(modes_of(numbers));
    }
    {
        const std::lock_guard lock(looking);
        const auto found = std::ranges::find(known, numbers, &Known::numbers);
        if (found != known.end()) {
            std::rotate(known.begin(), found, found + 1);  // what was asked for last comes first
            return known.front().modes;
        }
    }
    auto modes = std::make_shared<const LinkModes>(modes_of(numbers));
    const std::lock_guard lock(looking);
    known.insert(known.begin(), {numbers, modes});
    known.resize(std::min(known.size(), kMostKnown));
    return modes;
}

}  // namespace

void LinkModes::to_potentials(std::span<const double> modes,
                              std::span<double> potentials) const noexcept {
    for (std::size_t i = 0; i < size(); ++i) {
        potentials[i] = potential(modes.data(), 1, i);
    }
}

void LinkModes::to_modes(std::span<const double> potentials,
                         std::span<double> modes) const noexcept {
    for (std::size_t j = 0; j < size(); ++j) {
        double sum = 0.0;
        for (std::size_t i = 0; i < size(); ++i) {
            sum += from[j * size() + i] * (potentials[i] - rest_mV[i]);
        }
        modes[j] = sum;
    }
}

OpenChannel open_channel(const System& system, std::size_t mechanism, std::size_t row) noexcept {
    const SystemMechanism& bound = system.mechanisms()[mechanism];
    const auto& table = *bound.table;
    if (bound.mechanism->expressions != nullptr) {
        return {.g_uS = system.nA_per_mA_cm2(mechanism, row), .e_mV = 0.0};
    }
    const auto parameter = [&](std::string_view name) {
        const auto at = std::ranges::find(table.parameter_names, name);
        return table.parameters[static_cast<std::size_t>(at - table.parameter_names.begin())][row];
    };
    return {.g_uS = parameter("g_bar_S_cm2") * system.nA_per_mA_cm2(mechanism, row),
            .e_mV = bound.e_mV.empty() ? parameter("e_leak_mV") : bound.e_mV[row]};
}

namespace {

/// Calls with_kind(link, numbers, is_new, kind) for every link, `kind` counting those that differ.
template <class WithKind>
void for_each_link(const System& system, std::span<const LinkPlace> links,
                   const WithKind& with_kind) {
    std::vector<LinearCurrent> leaks(system.size());
    for (const LinkPlace& link : links) {
        for (const std::int32_t i : link.compartment) {
            leaks[index(i)].is_wanted = true;
        }
    }
    for (std::size_t m = 0; m < system.mechanisms().size(); ++m) {
        const auto& carriers = system.mechanisms()[m].table->compartment;
        for (std::size_t row = 0; row < carriers.size(); ++row) {
            if (leaks[index(carriers[row])].is_wanted) {
                add_linear_current(system, m, row, leaks[index(carriers[row])]);
            }
        }
    }
    std::vector<std::int32_t> local(system.size(), kNowhere);
    constexpr std::size_t kLookBack = 8;  // kinds of internodes that a fibre is likely to have
    std::vector<LinkNumbers> kinds;
    for (const LinkPlace& link : links) {
        LinkNumbers numbers = numbers_of(system, link, leaks, local);
        std::size_t kind = kinds.size();
        for (std::size_t back = 1; back <= std::min(kLookBack, kinds.size()); ++back) {
            if (numbers.is_close_to(kinds[kinds.size() - back])) {
                kind = kinds.size() - back;
                break;
            }
        }
        with_kind(numbers, kind == kinds.size(), kind);
        if (kind == kinds.size()) {
            kinds.push_back(std::move(numbers));
        }
    }
}

}  // namespace

std::vector<std::shared_ptr<const LinkModes>> find_link_modes(const System& system,
                                                              std::span<const LinkPlace> links) {
    std::vector<std::shared_ptr<const LinkModes>> found;
    std::vector<std::shared_ptr<const LinkModes>> modes;
    if (links.empty()) {
        return found;
    }
    for_each_link(system, links, [&](const LinkNumbers& numbers, bool is_new, std::size_t kind) {
        if (is_new) {
            modes.push_back(known_modes_of(numbers));
        }
        found.push_back(modes[kind]);
    });
    return found;
}

bool are_all_mirrored(const System& system, std::span<const LinkPlace> links) {
    bool are_all = true;
    for_each_link(system, links, [&](const LinkNumbers& numbers, bool is_new, std::size_t) {
        if (is_new && are_all) {
            const std::vector<double> scale = scale_of(numbers);
            are_all = is_mirrored(scaled_conductances(numbers, scale), numbers, scale,
                                  mirror_of(numbers));
        }
    });
    return are_all;
}

}  // namespace ranvier
