#include "ranvier/solver/modes.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <limits>
#include <numbers>
#include <utility>

namespace ranvier {
namespace {

using Complex = std::complex<double>;

/// A mode that grows or decays by a factor of e in 1000 s does neither.
constexpr double kNeutral_per_ms = 1e-9;
/// How closely the fastest rate is found.
constexpr double kRateRelative = 1e-2;
/// What the rule of 7 points may differ from that of 15 over one interval, which is far closer
/// itself. A mode next to the line makes a difference of about pi, however near it is.
constexpr double kInterval = 0.5;
/// What the sum over all intervals may be away from what is known of it.
constexpr double kWhole = 0.2;
constexpr int kMostIntervals = 300;
constexpr int kMostPolishing = 30;
constexpr double kPolished = 1e-10;
/// A pivot that is a difference this small, of what it was made from, is rounding.
constexpr double kCancelled = 1e-13;

/// std::complex's own product looks for NaN first.
Complex times(Complex a, Complex b) noexcept {
    return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

ByRate operator+(ByRate a, ByRate b) noexcept {
    return {a.at + b.at, a.by_p + b.by_p};
}
ByRate operator-(ByRate a, ByRate b) noexcept {
    return {a.at - b.at, a.by_p - b.by_p};
}
ByRate operator*(double a, ByRate b) noexcept {
    return {a * b.at, a * b.by_p};
}
ByRate operator*(ByRate a, ByRate b) noexcept {
    return {times(a.at, b.at), times(a.by_p, b.at) + times(a.at, b.by_p)};
}

ByRate reciprocal(ByRate a) noexcept {
    const double inverse = 1.0 / (a.at.real() * a.at.real() + a.at.imag() * a.at.imag());
    const Complex at(a.at.real() * inverse, -a.at.imag() * inverse);
    return {at, -times(a.by_p, times(at, at))};
}

/// What one elimination of T(p) tells of its determinant.
struct Determinant {
    Complex turn_ms;    // derivative of its logarithm by p
    Complex logarithm;  // with the sum of the pivots' angles, each in (-pi, pi]
    std::int64_t negative = 0;
    bool is_sound = true;  // false where a pivot is nothing but rounding

    void count(ByRate pivot, ByRate inverse, double sum_uS) {
        turn_ms += times(pivot.by_p, inverse.at);
        is_sound &= std::abs(pivot.at.real()) + std::abs(pivot.at.imag()) > kCancelled * sum_uS;
        negative += pivot.at.real() < 0.0 ? 1 : 0;
        if (wants_logarithm) {
            logarithm += std::log(pivot.at);
        }
    }

    bool wants_logarithm = false;
};

class Elimination {
public:
    explicit Elimination(const Discretisation& discretisation)
        : membrane_(discretisation.compartments.size()),
          d_(discretisation),
          inside_(n()),
          between_(d_.potentials() == 2 ? n() : 0),
          outside_(between_.size()) {
        axial_sum_uS_.assign(d_.potentials(), std::vector<double>(n()));
        for (std::size_t layer = 0; layer < d_.potentials(); ++layer) {
            const auto& axial_uS = layer == 0 ? d_.compartments.axial_conductance_uS
                                              : d_.layers[layer - 1].axial_conductance_uS;
            for (std::size_t i = 0; i < n(); ++i) {
                if (const auto parent = d_.compartments.parent[i]; parent != kNoParent) {
                    axial_sum_uS_[layer][i] += axial_uS[i];
                    axial_sum_uS_[layer][static_cast<std::size_t>(parent)] += axial_uS[i];
                }
            }
        }
    }

    /// Of T at p, where `membrane` is the admittance of the ionic channels.
    Determinant operator()(Complex p, bool wants_logarithm) {
        Determinant found;
        found.wants_logarithm = wants_logarithm;
        d_.potentials() == 1 ? one_layer(p, found) : two_layers(p, found);
        return found;
    }

    std::vector<ByRate>& membrane() { return membrane_; }

private:
    std::size_t n() const { return d_.compartments.size(); }

    void one_layer(Complex p, Determinant& found) {
        const auto& c = d_.compartments;
        for (std::size_t i = 0; i < n(); ++i) {
            inside_[i] = membrane_[i] + stored(p, c.capacitance_nF[i], axial_sum_uS_[0][i]);
        }
        for (std::size_t i = n(); i-- > 0;) {
            const ByRate inverse = reciprocal(inside_[i]);
            found.count(inside_[i], inverse, axial_sum_uS_[0][i]);
            if (c.parent[i] != kNoParent) {
                ByRate& up = inside_[static_cast<std::size_t>(c.parent[i])];
                up = up - c.axial_conductance_uS[i] * c.axial_conductance_uS[i] * inverse;
            }
        }
    }

    void two_layers(Complex p, Determinant& found) {
        const auto& c = d_.compartments;
        const auto& layer = d_.layers[0];
        for (std::size_t i = 0; i < n(); ++i) {
            const ByRate membrane = membrane_[i] + stored(p, c.capacitance_nF[i], 0.0);
            inside_[i] = membrane + ByRate{axial_sum_uS_[0][i], 0.0};
            between_[i] = -1.0 * membrane;
            outside_[i] = membrane + stored(p, layer.capacitance_nF[i],
                                            layer.conductance_uS[i] + axial_sum_uS_[1][i]);
        }
        for (std::size_t i = n(); i-- > 0;) {
            const bool has_parent = c.parent[i] != kNoParent;
            const auto up = has_parent ? static_cast<std::size_t>(c.parent[i]) : 0;
            const double in_uS = c.axial_conductance_uS[i];
            const ByRate inverse = reciprocal(inside_[i]);
            found.count(inside_[i], inverse, axial_sum_uS_[0][i]);
            if (has_parent) {
                inside_[up] = inside_[up] - in_uS * in_uS * inverse;
            }
            if (layer.is_unknown[i] == 0) {
                continue;
            }
            const ByRate share = between_[i] * inverse;
            const ByRate outer = outside_[i] - between_[i] * share;
            const ByRate outer_inverse = reciprocal(outer);
            found.count(outer, outer_inverse, axial_sum_uS_[1][i]);
            if (has_parent) {
                const ByRate both = share * outer_inverse;
                inside_[up] = inside_[up] - in_uS * in_uS * (share * both);
                if (layer.is_unknown[up] != 0) {
                    const double out_uS = layer.axial_conductance_uS[i];
                    between_[up] = between_[up] + in_uS * out_uS * both;
                    outside_[up] = outside_[up] - out_uS * out_uS * outer_inverse;
                }
            }
        }
    }

    static ByRate stored(Complex p, double capacitance_nF, double conductance_uS) {
        return {p * capacitance_nF + conductance_uS, capacitance_nF};
    }

    std::vector<ByRate> membrane_;
    const Discretisation& d_;
    std::vector<std::vector<double>> axial_sum_uS_;  // [layer], of all neighbours
    std::vector<ByRate> inside_;
    std::vector<ByRate> between_;
    std::vector<ByRate> outside_;
};

/// Gauss' rule of 7 points on [-1, 1] within Kronrod's of 15 (Piessens et al., QUADPACK, 1983).
struct Node {
    double at;
    double kronrod;
    double gauss;
};
constexpr std::array kNodes{Node{0.991455371120812639, 0.022935322010529225, 0.0},
                            Node{0.949107912342758525, 0.063092092629978553, 0.129484966168869693},
                            Node{0.864864423359769073, 0.104790010322250184, 0.0},
                            Node{0.741531185599394440, 0.140653259715525919, 0.279705391489276668},
                            Node{0.586087235467691130, 0.169004726639267903, 0.0},
                            Node{0.405845151377397167, 0.190350578064785410, 0.381830050505118945},
                            Node{0.207784955007898468, 0.204432940075298892, 0.0},
                            Node{0.0, 0.209482141084727828, 0.417959183673469388}};

}  // namespace

Modes::Modes(const System& system, State& state) : system_(system) {
    auto membrane = system.blank_linearisation();
    system.linearise(state, membrane);
    conductance_uS_ = std::move(membrane.conductance_uS);
    std::vector<double> gating_uS_per_ms(system.size());
    slowest_per_ms_ = std::numeric_limits<double>::infinity();
    is_coupled_ = std::ranges::any_of(membrane.couplings_per_ms,
                                      [](const auto& couplings) { return !couplings.empty(); });
    for (std::size_t m = 0; m < membrane.gates.size(); ++m) {
        const auto& compartment = system.mechanisms()[m].table->compartment;
        for (auto& gate : membrane.gates[m]) {
            for (std::size_t row = 0; row < compartment.size(); ++row) {
                gate.current_by_gate_nA[row] *= gate.rate_by_v_per_ms_mV[row];
                gating_uS_per_ms[static_cast<std::size_t>(compartment[row])] +=
                    std::abs(gate.current_by_gate_nA[row]);
                slowest_per_ms_ = std::min(slowest_per_ms_, gate.decay_per_ms[row]);
            }
            gates_.push_back(
                {compartment, std::move(gate.decay_per_ms), std::move(gate.current_by_gate_nA)});
        }
    }
    const auto& capacitance_nF = system.discretisation().compartments.capacitance_nF;
    for (std::size_t i = 0; i < system.size(); ++i) {
        if (capacitance_nF[i] > 0.0) {
            const double held_per_ms = conductance_uS_[i] / capacitance_nF[i];
            if (held_per_ms > 0.0) {
                slowest_per_ms_ = std::min(slowest_per_ms_, held_per_ms);
            }
            // Both parts of the gates' admittance together are at most sqrt(2) gating/omega, and
            // less than half of omega C above this.
            const double gated_per_ms = std::sqrt(3.0 * gating_uS_per_ms[i] / capacitance_nF[i]);
            fastest_per_ms_ = std::max({fastest_per_ms_, -4.0 * held_per_ms, gated_per_ms});
        }
    }
    if (!std::isfinite(slowest_per_ms_)) {
        slowest_per_ms_ = 0.0;  // nothing ever changes
    }
}

Stability Modes::stability() const {
    if (is_coupled_) {
        return Stability::kUndecided;  // gates are taken to be on their own here
    }
    if (count_faster(kNeutral_per_ms).value_or(0) > 0) {
        return Stability::kUnstable;
    }
    return count_faster(-kNeutral_per_ms) == 0 ? Stability::kStable : Stability::kUndecided;
}

std::optional<Mode> Modes::fastest() const {
    const Stability found = stability();
    if (found == Stability::kUndecided) {
        return std::nullopt;
    }
    // The magnitude of the rate: modes are faster at one end and not at the other.
    const double sign = found == Stability::kUnstable ? 1.0 : -1.0;
    double low_per_ms = kNeutral_per_ms;
    double high_per_ms = fastest_per_ms_;
    if (found == Stability::kStable) {
        high_per_ms = std::max(slowest_per_ms_, low_per_ms);
        do {
            high_per_ms *= 2.0;
        } while (!any_faster(-high_per_ms));
    }
    while (high_per_ms > (1.0 + kRateRelative) * low_per_ms) {
        const double middle_per_ms = std::sqrt(low_per_ms * high_per_ms);
        const bool is_low = any_faster(sign * middle_per_ms) == (sign > 0.0);
        (is_low ? low_per_ms : high_per_ms) = middle_per_ms;
    }
    const double right_per_ms = sign > 0.0 ? high_per_ms : -low_per_ms;
    const double left_per_ms = sign > 0.0 ? low_per_ms : -high_per_ms;
    const double omega_per_ms = follow(right_per_ms).value_or(Count{}).nearest_omega_per_ms;
    // Right of a mode that does not swing, the pivots turn within the distance from it.
    const bool swings = omega_per_ms > 2.0 * (right_per_ms - left_per_ms);
    const Complex near_per_ms(right_per_ms, swings ? omega_per_ms : 0.0);
    const Complex found_per_ms = polished(near_per_ms);
    const bool is_in_bracket =
        found_per_ms.real() >= left_per_ms && found_per_ms.real() <= right_per_ms;
    const Complex mode_per_ms =
        is_in_bracket ? found_per_ms
                      : Complex(0.5 * (left_per_ms + right_per_ms), near_per_ms.imag());
    return Mode{mode_per_ms.real(), std::abs(mode_per_ms.imag()) / (2.0 * std::numbers::pi)};
}

/// Newton's method on the determinant, which takes a few iterations where no other mode is near;
/// NaN where one is.
Modes::Complex Modes::polished(Complex p) const {
    Elimination elimination(system_.discretisation());
    for (int iteration = 0; iteration < kMostPolishing; ++iteration) {
        set_membrane(p, elimination.membrane());
        const Complex step = 1.0 / elimination(p, false).turn_ms;
        p -= step;
        if (std::abs(step) <= kPolished * std::abs(p)) {
            return p;
        }
    }
    return std::numeric_limits<double>::quiet_NaN();
}

/// The admittance of the channels at p, with its derivative.
void Modes::set_membrane(Complex p, std::vector<ByRate>& membrane_uS) const {
    for (std::size_t i = 0; i < membrane_uS.size(); ++i) {
        membrane_uS[i] = {conductance_uS_[i], 0.0};
    }
    for (const Gate& gate : gates_) {
        for (std::size_t row = 0; row < gate.compartment.size(); ++row) {
            const double real = p.real() + gate.decay_per_ms[row];
            const double inverse = 1.0 / (real * real + p.imag() * p.imag());
            const Complex share(real * inverse, -p.imag() * inverse);
            auto& sum_uS = membrane_uS[static_cast<std::size_t>(gate.compartment[row])];
            sum_uS.at += gate.gating_uS_per_ms[row] * share;
            sum_uS.by_p -= gate.gating_uS_per_ms[row] * times(share, share);
        }
    }
}

bool Modes::any_faster(double rate_per_ms) const {
    const auto count = follow(rate_per_ms);
    return !count || count->modes > 0;  // a line that cannot be followed runs among modes
}

std::optional<std::int64_t> Modes::count_faster(double rate_per_ms) const {
    const auto count = follow(rate_per_ms);
    return count ? std::optional(count->modes) : std::nullopt;
}

std::optional<Modes::Count> Modes::follow(double rate_per_ms) const {
    Elimination elimination(system_.discretisation());
    const auto determinant = [&](double omega_per_ms, bool wants_logarithm) {
        set_membrane({rate_per_ms, omega_per_ms}, elimination.membrane());
        return elimination({rate_per_ms, omega_per_ms}, wants_logarithm);
    };

    // From the end on, where every pivot is in (-pi/4, 3/4 pi), they turn to pi/2 each, or to 0
    // without a capacitance. Were no mode to the right, they would do so from 0.
    const double end_per_ms = std::max(fastest_per_ms_, 2.0 * std::abs(rate_per_ms));
    const auto start = determinant(0.0, true);
    const auto end = determinant(end_per_ms, true);
    Complex turned;
    bool is_sound = start.is_sound && end.is_sound;
    Count count{};
    double narrowest_per_ms = end_per_ms;
    std::vector<std::pair<double, double>> waiting;
    for (double to = end_per_ms, from = 0.0; to > 0.0; to = from) {
        from = to > slowest_per_ms_ ? 0.25 * to : 0.0;
        waiting.emplace_back(from, to);
    }
    for (int interval = 0; is_sound && !waiting.empty(); ++interval) {
        if (interval == kMostIntervals) {
            return std::nullopt;
        }
        const auto [from, to] = waiting.back();
        waiting.pop_back();
        const double middle = 0.5 * (from + to);
        const double half = 0.5 * (to - from);
        Complex kronrod;
        Complex gauss;
        double fastest_turn_ms = -1.0;
        double fastest_at_per_ms = 0.0;
        for (const auto& node : kNodes) {
            for (const double side : {-1.0, 1.0}) {
                if (node.at == 0.0 && side > 0.0) {
                    continue;
                }
                const double at_per_ms = middle + side * half * node.at;
                const auto found = determinant(at_per_ms, false);
                is_sound &= found.is_sound;
                kronrod += half * node.kronrod * found.turn_ms;
                gauss += half * node.gauss * found.turn_ms;
                if (std::abs(found.turn_ms) > fastest_turn_ms) {
                    fastest_turn_ms = std::abs(found.turn_ms);
                    fastest_at_per_ms = at_per_ms;
                }
            }
        }
        if (!(std::abs(kronrod - gauss) <= kInterval)) {
            waiting.emplace_back(middle, to);
            waiting.emplace_back(from, middle);
            continue;
        }
        turned += kronrod;
        if (2.0 * half < narrowest_per_ms) {
            narrowest_per_ms = 2.0 * half;
            count.nearest_omega_per_ms = fastest_at_per_ms;
        }
    }
    // The number has to be whole; even or odd by what is negative at omega = 0, since modes that
    // swing come in pairs; and the size of the determinant has to agree.
    const double modes = (end.logarithm.imag() - turned.real()) / std::numbers::pi;
    const double grown = end.logarithm.real() - start.logarithm.real() + turned.imag();
    count.modes = std::llround(modes);
    if (!is_sound || !(std::abs(modes - std::round(modes)) <= kWhole) ||
        !(std::abs(grown) <= kWhole) || (count.modes - start.negative) % 2 != 0) {
        return std::nullopt;
    }
    // A gate slower than the line is a pole of T to the right, and a mode where it is on its own.
    for (const Gate& gate : gates_) {
        count.modes += std::ranges::count_if(
            gate.decay_per_ms, [&](double decay_per_ms) { return decay_per_ms < -rate_per_ms; });
    }
    return count;
}

}  // namespace ranvier
