// The passes over blocks, written once over packs and compiled once per instruction set.
//
// Along a lane the recursion is sequential, so the eight lanes are what there is to do at once; the
// chains of two steps do not depend on each other, and the processor overlaps them.

#include <limits>

#include "ranvier/lanes/pack.hpp"
#include "ranvier/lanes/this_isa.hpp"
#include "ranvier/solver/lanes/cable_kernels.hpp"
#include "ranvier/solver/lanes/kernels/ion_passes.hpp"
#include "ranvier/solver/two_stage.hpp"

namespace ranvier {
inline namespace RANVIER_ISA_NAMESPACE {
namespace {

/// No potential may move further than this before it is found again.
constexpr double kMostMoved_mV = 1000.0;

/// More than the sums over modes lose by rounding, as a share of what they add up.
template <class Real>
constexpr double kRounding = 256.0 * std::numeric_limits<Real>::epsilon();

template <class Real>
RANVIER_INLINE Pack<Real> at(const Real* array, std::size_t slot) noexcept {
    return Pack<Real>::load(array + slot * kLanes);
}

template <class Real>
RANVIER_INLINE void put(const Pack<Real>& pack, Real* array, std::size_t slot) noexcept {
    pack.store(array + slot * kLanes);
}

/// The coupling of a row to the one below it in its run: none for the first row of a run.
template <class Real>
RANVIER_INLINE Pack<Real> inner_coupling(const CableBlock<Real>& b, const Pack<Real>& first_row,
                                         std::size_t slot) noexcept {
    const Pack<Real> coupling = at(b.coupling_uS, slot);
    if (slot > b.ragged + 1) {
        return coupling;
    }
    return select(first_row == Pack<Real>(static_cast<double>(static_cast<std::ptrdiff_t>(slot))),
                  Pack<Real>(0.0), coupling);
}

template <class Real, bool linked>
RANVIER_INLINE void eliminate_block(const CableBlock<Real>& b) noexcept {
    using P = Pack<Real>;
    const P inverse_tau = P::load(b.inverse_tau_per_ms);
    const P echo_per_ms = kEcho * inverse_tau;
    const P most_per_ms = -kMostActivation * inverse_tau;
    const P first_row = P::load(b.first_row);
    P below_uS(0.0);
    P below_nA(0.0);
    P inverse(0.0);
    P fill(0.0);
    P current(0.0);
    P v_below = at(b.v_mV, 0);
    P v = at(b.v_mV, 1);
    P coupling = at(b.coupling_uS, 1);
    for (std::size_t k = 1; k <= b.rows; ++k) {
        const P v_above = at(b.v_mV, k + 1);
        const P coupling_above = at(b.coupling_uS, k + 1);
        const P capacitance = P::load(b.capacitance_nF.at(k));
        P into =
            coupling * (v_below - v) + coupling_above * (v_above - v) - at(b.sums.current_nA, k);
        P diagonal = inverse_tau * capacitance + (coupling + coupling_above) +
                     max(at(b.sums.conductance_uS, k), most_per_ms * capacitance);
        if constexpr (linked) {
            const P leak = at(b.link_leak_uS, k);
            into = into + (at(b.link_lower_nA, k) + at(b.link_upper_nA, k - 1)) - leak * v;
            diagonal = diagonal + leak;
        }
        put(into - at(b.sums.echo_nA, k), b.second_mV, k);
        put(echo_per_ms * capacitance - at(b.sums.echo_uS, k), b.stored_uS, k);
        // Zero for the slots under a short run, so that nothing comes up from there.
        const P inner = inner_coupling(b, first_row, k);
        const P weight = inner * inverse;
        diagonal = diagonal - inner * weight;
        current = into + weight * current;
        fill = weight * fill;
        if (k <= b.ragged + 1 && b.rows > 1) {
            fill = fill + (coupling - inner);
        }
        if (k < b.rows) {
            inverse = 1.0 / diagonal;
            const P eliminated = fill * inverse;
            below_uS = below_uS + fill * eliminated;
            below_nA = below_nA + eliminated * current;
            put(inverse, b.inverse_uS, k);
            put(fill, b.fill_uS, k);
            put(current, b.first_mV, k);
        } else {
            diagonal.store(b.top_uS);
            current.store(b.top_nA);
            fill.store(b.top_fill_uS);
        }
        v_below = v;
        v = v_above;
        coupling = coupling_above;
    }
    below_uS.store(b.below_uS);
    below_nA.store(b.below_nA);
}

/// From the last row down: each becomes inverse (own + coupling above + fill below).
template <class Real>
RANVIER_INLINE void substitute(const CableBlock<Real>& b, Real* solution) noexcept {
    using P = Pack<Real>;
    const P first_row = P::load(b.first_row);
    const P below = P::load(b.below_mV);
    P x = P::load(b.top_mV);
    put(x, solution, b.rows);
    for (std::size_t k = b.rows; k-- > 1;) {
        const P inner = inner_coupling(b, first_row, k + 1);
        x = at(b.inverse_uS, k) * (at(solution, k) + inner * x + at(b.fill_uS, k) * below);
        if (k <= b.ragged) {
            // Under a short run, what lies below it.
            put(select(first_row > P(static_cast<double>(static_cast<std::ptrdiff_t>(k))), below,
                       x),
                solution, k);
        } else {
            put(x, solution, k);
        }
    }
    put(below, solution, 0);
}

template <class Real, bool linked>
RANVIER_INLINE void second_stage(const CableBlock<Real>& b) noexcept {
    using P = Pack<Real>;
    substitute(b, b.first_mV);
    const P echo_per_ms = kEcho * P::load(b.inverse_tau_per_ms);
    const P first_row = P::load(b.first_row);
    P below_nA(0.0);
    P inverse(0.0);
    P current(0.0);
    for (std::size_t k = 1; k <= b.rows; ++k) {
        const P u1 = at(b.first_mV, k);
        P into = at(b.second_mV, k) + at(b.stored_uS, k) * u1;
        if constexpr (linked) {
            const P here = at(b.v_mV, k) + u1;
            const P under = at(b.v_mV, k - 1) + at(b.first_mV, k - 1);
            P links = (at(b.link_lower_uS_ms, k) + at(b.link_upper_uS_ms, k - 1)) * here +
                      at(b.link_across_uS_ms, k - 1) * under -
                      (at(b.link_lower_echo, k) + at(b.link_upper_echo, k - 1));
            if (k < b.rows) {
                links = links +
                        at(b.link_across_uS_ms, k) * (at(b.v_mV, k + 1) + at(b.first_mV, k + 1));
            }
            into = into + echo_per_ms * links;
        }
        current = into + inner_coupling(b, first_row, k) * inverse * current;
        if (k < b.rows) {
            inverse = at(b.inverse_uS, k);
            below_nA = below_nA + at(b.fill_uS, k) * inverse * current;
            put(current, b.second_mV, k);
        }
    }
    current.store(b.top_nA);
    below_nA.store(b.below_nA);
}

template <class Real>
void eliminate(const CableBlock<Real>& b) noexcept {
    b.has_links ? eliminate_block<Real, true>(b) : eliminate_block<Real, false>(b);
}

template <class Real>
void second(const CableBlock<Real>& b) noexcept {
    b.has_links ? second_stage<Real, true>(b) : second_stage<Real, false>(b);
}

template <class Real>
void finish(const CableBlock<Real>& b) noexcept {
    substitute(b, b.second_mV);
}

template <class Real>
Seen apply(const CableBlock<Real>& b) noexcept {
    using P = Pack<Real>;
    const P largest(kLargestPotential_mV);
    const P smallest(-kLargestPotential_mV);
    const bool is_watched = b.has_crossed != nullptr;
    auto sound = largest > smallest;
    unsigned crossed = 0;
    const bool is_judged = b.bend_mV != nullptr;
    P bend = is_judged ? P::load(b.bend_mV) : P(0.0);
    for (std::size_t k = 1; k <= b.rows; ++k) {
        const P before = at(b.v_mV, k);
        const P moved = at(b.second_mV, k);
        const P after = before + moved;
        if (is_judged) {
            const P own = abs(at(b.first_mV, k) - kGamma * moved);
            bend =
                max(bend, select(P::load(b.first_row) <= P(static_cast<double>(k)), own, P(0.0)));
        }
        if (b.has_links) {
            put(before + at(b.first_mV, k), b.first_mV, k);
        }
        put(after, b.v_mV, k);
        sound = sound & ((after <= largest) & (after >= smallest));  // NaN is neither
        if (is_watched) {
            const P threshold = P::load(b.threshold_mV.at(k));
            const unsigned own = bits_of((before < threshold) & (after >= threshold));
            b.has_crossed[k] = static_cast<std::uint8_t>(own);
            crossed |= own;
        }
    }
    if (is_judged) {
        bend.store(b.bend_mV);
    }
    return {.is_unsound = !all(sound), .has_crossing = crossed != 0};
}

/// Of one pack of links: its modes as they are, and where those after the step go.
template <class Links>
RANVIER_INLINE auto* modes_of(const Links& p, std::size_t k, bool others = false) noexcept {
    const auto half = static_cast<std::size_t>(p.half[k]);
    const std::size_t own = others ? p.halves - 1 - half : half;
    return p.state + (k * p.halves + own) * p.modes * kLanes;
}

template <class Real>
RANVIER_INLINE Pack<Real> absolute(const Pack<Real>& a) noexcept {
    using Bits = PackBits<Real>;
    return from_bits<Real>(to_bits(a) & Bits(static_cast<typename Bits::Word>(-1) >> 1));
}

/// Potentials under the sheath may have changed by `moved_mV`.
template <class Real>
RANVIER_INLINE void wear(const LinkPacks<Real>& p, std::size_t k,
                         const Pack<Real>& moved_mV) noexcept {
    using P = Pack<Real>;
    const P moved = at(p.moved_mV, k) + (moved_mV + kMostMoved_mV * kRounding<Real>);
    put(moved, p.moved_mV, k);
    p.is_worn[k] = all(moved < at(p.limit_mV, k)) ? 0 : kWorn;  // NaN is worn too
}

template <class Real, bool moves, bool watched>
RANVIER_INLINE void mirrored_link(const LinkPacks<Real>& p, std::size_t k) noexcept {
    using P = Pack<Real>;
    const auto slot = static_cast<std::size_t>(p.slot[k]);
    const auto kind = static_cast<std::size_t>(p.kind[k]);
    const P lower2 = at(p.v_mV, slot);
    const P upper2 = at(p.v_mV, slot + 1);
    const P lower1 = at(p.first_mV, slot);
    const P upper1 = at(p.first_mV, slot + 1);
    const Real* const state = modes_of(p, k);
    Real* const moved_state = modes_of(p, k, true);
    // Before the loop, which writes numbers that might be those in `p`.
    [[maybe_unused]] const Real* const reach =
        watched ? p.reach + kind * p.modes * kLanes : nullptr;
    const Real* const constants = p.constants + kind * p.modes * kMirroredConstants * kLanes;
    P current[2];
    P echo[2];
    P moved_mV(0.0);
    for (std::size_t side = 0; side < 2; ++side) {
        // The upper end drives a mode by its own coupling, the lower by the same or the opposite.
        const P second = side == 0 ? upper2 + lower2 : upper2 - lower2;
        const P first = side == 0 ? upper1 + lower1 : upper1 - lower1;
        P currents(0.0);
        P echoes(0.0);
        const std::size_t end = side == 0 ? p.even : p.modes;
        for (std::size_t mode = side == 0 ? 0 : p.even; mode < end; ++mode) {
            const Real* const c = constants + mode * kMirroredConstants * kLanes;
            P z = at(state, mode);
            if constexpr (moves) {
                const P before = z;
                z = at(c, 0) * z + at(c, 1) * second + at(c, 2) * first;
                put(z, moved_state, mode);
                if constexpr (watched) {
                    moved_mV = moved_mV + at(reach, mode) * absolute(z - before);
                }
            }
            currents = currents + at(c, 3) * z;
            echoes = echoes + at(c, 4) * z;
        }
        current[side] = currents;
        echo[side] = echoes;
    }
    const auto rest = static_cast<std::size_t>(p.rest[k]);
    put(at(p.rest_nA, 2 * rest) + (current[0] - current[1]), p.lower_nA, slot);
    put(at(p.rest_nA, 2 * rest + 1) + (current[0] + current[1]), p.upper_nA, slot);
    put(echo[0] - echo[1], p.lower_echo, slot);
    put(echo[0] + echo[1], p.upper_echo, slot);
    if constexpr (watched) {
        wear(p, k, moved_mV);
    }
}

template <class Real, bool moves, bool watched>
RANVIER_INLINE void any_link(const LinkPacks<Real>& p, std::size_t k) noexcept {
    using P = Pack<Real>;
    const auto slot = static_cast<std::size_t>(p.slot[k]);
    const auto kind = static_cast<std::size_t>(p.kind[k]);
    const P second[2] = {at(p.v_mV, slot), at(p.v_mV, slot + 1)};
    const P first[2] = {at(p.first_mV, slot), at(p.first_mV, slot + 1)};
    const Real* const state = modes_of(p, k);
    Real* const moved_state = modes_of(p, k, true);
    // Before the loop, which writes numbers that might be those in `p`.
    [[maybe_unused]] const Real* const reach =
        watched ? p.reach + kind * p.modes * kLanes : nullptr;
    const Real* const constants = p.constants + kind * p.modes * kLinkConstants * kLanes;
    const auto rest = static_cast<std::size_t>(p.rest[k]);
    P current[2] = {at(p.rest_nA, 2 * rest), at(p.rest_nA, 2 * rest + 1)};
    P echo[2] = {P(0.0), P(0.0)};
    P moved_mV(0.0);
    for (std::size_t mode = 0; mode < p.modes; ++mode) {
        const Real* const c = constants + mode * kLinkConstants * kLanes;
        P z = at(state, mode);
        if constexpr (moves) {
            const P before = z;
            z = at(c, 0) * z + at(c, 1) * second[0] + at(c, 2) * first[0] + at(c, 5) * second[1] +
                at(c, 6) * first[1];
            put(z, moved_state, mode);
            if constexpr (watched) {
                moved_mV = moved_mV + at(reach, mode) * absolute(z - before);
            }
        }
        current[0] = current[0] + at(c, 3) * z;
        echo[0] = echo[0] + at(c, 4) * z;
        current[1] = current[1] + at(c, 7) * z;
        echo[1] = echo[1] + at(c, 8) * z;
    }
    put(current[0], p.lower_nA, slot);
    put(current[1], p.upper_nA, slot);
    put(echo[0], p.lower_echo, slot);
    put(echo[1], p.upper_echo, slot);
    if constexpr (watched) {
        wear(p, k, moved_mV);
    }
}

template <class Real, bool moves, bool watched>
void all_links(const LinkPacks<Real>& p) noexcept {
    for (std::size_t k = 0; k < p.size; ++k) {
        if (p.is_mirrored) {
            mirrored_link<Real, moves, watched>(p, k);
        } else {
            any_link<Real, moves, watched>(p, k);
        }
        if constexpr (moves) {
            p.half[k] = static_cast<std::uint8_t>(p.halves - 1 - p.half[k]);
        }
    }
}

template <class Real>
void links(const LinkPacks<Real>& p, bool moves) noexcept {
    if (!moves) {
        all_links<Real, false, false>(p);
    } else if (p.moved_mV == nullptr) {
        all_links<Real, true, false>(p);
    } else {
        all_links<Real, true, true>(p);
    }
}

template <class Real>
RANVIER_INLINE void watch_pack(const WatchedLinks<Real>& w, std::size_t k) noexcept {
    using P = Pack<Real>;
    const std::size_t n = w.modes / 2;
    const std::size_t shown = w.is_mirrored ? (n + 1) / 2 : n;
    const auto kind = static_cast<std::size_t>(w.kind[k]);
    const auto rest = static_cast<std::size_t>(w.rest[k]);
    const Real* const state = modes_of(w, k);
    const P most(kMostMoved_mV);
    P moved = at(w.moved_mV, k);
    const bool is_anew = w.is_worn[k] == kAltered || !all(moved < most);
    if (is_anew) {
        // What rounding may do to a sum over the modes as they are, and as far as they may go.
        P largest_mV = most + most;
        for (std::size_t mode = 0; mode < w.modes; ++mode) {
            largest_mV =
                largest_mV + at(w.reach, kind * w.modes + mode) * absolute(at(state, mode));
        }
        put(kRounding<Real> * largest_mV, w.rounding_mV, k);
        moved = P(0.0);
        put(moved, w.moved_mV, k);
    }
    const P rounding = at(w.rounding_mV, k);
    P limit = most;
    bool has_any = false;
    const auto look = [&](std::size_t i, const P& sum) __attribute__((always_inline)) {
        const std::size_t place = k * n + i;
        const P v = at(w.rest_mV, rest * n + i) + sum;
        const P threshold = P::load(w.threshold_mV.at(place));
        const unsigned crossed = w.is_below[place] & bits_of(v >= threshold);
        w.is_below[place] = static_cast<std::uint8_t>(bits_of(v < threshold));
        w.has_crossed[place] = static_cast<std::uint8_t>(crossed);
        has_any = has_any || crossed != 0;
        return absolute(threshold - v);
    };
    for (std::size_t i = 0; i < shown; ++i) {
        if (const P own = at(w.own_limit_mV, k * shown + i); !is_anew && all(moved < own)) {
            limit = min(own, limit);
            continue;
        }
        const Real* const basis = w.basis + (kind * shown + i) * w.modes * kLanes;
        const std::size_t middle = w.is_mirrored ? w.even : w.modes;
        P even(0.0);
        P odd(0.0);
        for (std::size_t mode = 0; mode < middle; ++mode) {
            even = even + at(basis, mode) * at(state, mode);
        }
        for (std::size_t mode = middle; mode < w.modes; ++mode) {
            odd = odd + at(basis, mode) * at(state, mode);
        }
        P away = look(i, even + odd);
        if (w.is_mirrored && n - 1 - i != i) {
            away = min(look(n - 1 - i, even - odd), away);
        }
        const P own = min(moved + (away - rounding), most);
        put(own, w.own_limit_mV, k * shown + i);
        limit = min(own, limit);
    }
    put(limit, w.limit_mV, k);
    w.is_worn[k] = 0;
    if (has_any) {
        w.has_any[k] = 1;
    }
}

template <class Real>
bool watch(const WatchedLinks<Real>& w) noexcept {
    bool has_any = false;
    for (std::size_t k = 0; k < w.size; ++k) {
        if (w.is_worn[k] != 0) {
            watch_pack(w, k);
            has_any = has_any || w.has_any[k] != 0;
        }
    }
    return has_any;
}

template <class Real>
void read(const LinkReads<Real>& r) noexcept {
    using P = Pack<Real>;
    std::size_t place = 0;
    for (std::size_t each = 0; each < r.size; ++each) {
        const Real* const state = modes_of(r, r.pack[each]);
        const Real* const of_mode = r.of_mode + r.basis[each] * (1 + r.modes) * kLanes;
        // Two sums, which need not wait for each other; modes come in pairs.
        P even = at(of_mode, 0);
        P odd(0.0);
        for (std::size_t mode = 0; mode < r.modes; mode += 2) {
            even = even + at(of_mode, 1 + mode) * at(state, mode);
            odd = odd + at(of_mode, 2 + mode) * at(state, mode + 1);
        }
        const P v = even + odd;
        alignas(64) Real of_lane[kLanes];
        v.store(of_lane);
        for (; place != r.last[each]; ++place) {
            r.to[r.column[place]] = static_cast<double>(of_lane[r.lane[place]]);
        }
    }
}

template <class Real>
constexpr CableKernels<Real> kernels() {
    return {&eliminate<Real>, &second<Real>, &finish<Real>, &apply<Real>,
            &links<Real>,     &watch<Real>,  &read<Real>,   kIonKernels<Real>};
}

const CableKernels<double> kInDouble = kernels<double>();
const CableKernels<float> kInSingle = kernels<float>();

[[maybe_unused]] const bool kIsRegistered =
    (register_cable_kernels(kThisIsa, kInDouble, kInSingle), true);

}  // namespace
}  // namespace RANVIER_ISA_NAMESPACE
}  // namespace ranvier
