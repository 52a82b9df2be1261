// Links in a windowed cable. Those within a block go with it, at constants for the length of its
// step. Those between two blocks go with the one that is ahead, each by itself.

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "ranvier/solver/lanes/lane_solver.hpp"
#include "ranvier/solver/two_stage.hpp"

namespace ranvier {
namespace {

/// As many lengths of step as are remembered: those of all levels and some in between, but where
/// internodes all differ, which makes each as large as the constants of the whole fibre.
constexpr std::size_t kTables = 24;
constexpr std::size_t kLargeTables = 3;
constexpr std::size_t kManyKinds = 64;

}  // namespace

template <class Real>
void LaneSolver<Real>::set_up_window_links() {
    const std::size_t blocks = layout_.blocks.size();
    block_links_.assign(blocks, {});
    edge_of_link_.assign(links_.size(), kNowhere);
    set_ms_.assign(blocks, 0.0);
    pack_first_.assign(blocks + 1, 0);
    for (std::size_t b = 0, k = 0; b <= blocks; ++b) {
        const std::size_t end = b < blocks ? layout_.blocks[b].first_slot : layout_.slots;
        while (k < link_slot_.size() && index(link_slot_[k]) < end) {
            ++k;
        }
        pack_first_[b] = static_cast<std::uint32_t>(k);
    }
    std::unordered_map<std::size_t, std::size_t> above;  // by the place of its lower row
    std::unordered_map<const LinkModes*, std::uint32_t> known;
    for (std::size_t l = 0; l < links_.size(); ++l) {
        const LinkPlace& link = layout_.links[l];
        const auto& place = layout_.place[0];
        above.emplace(index(place[index(link.lower)]), l);
        const std::size_t lower = block_of(index(place[index(link.lower)]));
        if (lower == block_of(index(place[index(link.upper)]))) {
            block_links_[lower].push_back(static_cast<std::uint32_t>(l));
        }
        const LinkModes* const modes = links_[l].modes.get();
        const auto [at, is_new] =
            known.try_emplace(modes, static_cast<std::uint32_t>(distinct_modes_.size()));
        if (is_new) {
            distinct_modes_.push_back(modes);
        }
        modes_of_link_.push_back(at->second);
    }
    for (std::size_t e = 0; e < edges_.size() && !links_.empty(); ++e) {
        const std::size_t l = above.at(edges_[e].child.place);
        edges_[e].link = static_cast<std::int32_t>(l);
        edge_of_link_[l] = static_cast<std::int32_t>(e);
        edges_[e].modes.assign(links_[l].modes->size(), 0.0);
        edges_[e].modes_before = edges_[e].modes;
    }
}

/// The modes of edges, from where the state has them.
template <class Real>
void LaneSolver<Real>::take_up_links() {
    std::ranges::fill(set_ms_, 0.0);
    for (Edge& edge : edges_) {
        if (edge.link != kNowhere) {
            const Real* const from = &link_state_[modes_at(links_[index(edge.link)])];
            for (std::size_t mode = 0; mode < edge.modes.size(); ++mode) {
                edge.modes[mode] = static_cast<double>(from[mode * kLanes]);
            }
            edge.modes_before = edge.modes;
            edge.common_ms = 0.0;
        }
    }
}

template <class Real>
const typename LaneSolver<Real>::LinkTable& LaneSolver<Real>::table_of(double length_ms) {
    const auto known = std::ranges::find(tables_, length_ms, &LinkTable::length_ms);
    if (known != tables_.end()) {
        // The one that was wanted last stays longest.
        std::rotate(known, known + 1, tables_.end());
        return tables_.back();
    }
    if (tables_.size() >= (kinds_.size() > kManyKinds ? kLargeTables : kTables)) {
        std::rotate(tables_.begin(), tables_.begin() + 1, tables_.end());
    } else {
        tables_.emplace_back();
    }
    LinkTable& table = tables_.back();
    table.length_ms = length_ms;
    const double tau_ms = kGamma * length_ms;
    fill_link_constants(0, tau_ms, table.constants);
    table.sums.clear();
    for (const LinkModes* modes : distinct_modes_) {
        table.sums.push_back(sums_of(*modes, tau_ms));
    }
    return table;
}

/// For the step that the block is to take.
template <class Real>
void LaneSolver<Real>::set_block_links(std::size_t b) {
    if (set_ms_[b] == next_ms_[b]) {
        return;
    }
    set_ms_[b] = next_ms_[b];
    const LaneBlock& block = layout_.blocks[b];
    const LinkTable& table = table_of(next_ms_[b]);
    std::fill_n(&link_leak_[block.first_slot * kLanes], block.slots() * kLanes, Real(0));
    for (const std::uint32_t l : block_links_[b]) {
        set_link_rows(l, table.sums[modes_of_link_[l]]);
    }
    for (const std::uint32_t e : block_edges_[b]) {
        EdgeEnd& own = edges_[e].child.block == b ? edges_[e].child : edges_[e].parent;
        own.link_leak_uS = static_cast<double>(link_leak_[own.place]);
    }
    step_block_links(b, false);
}

/// Moves the modes of the links within a block, and finds what they mean to the rows in a step of
/// the same length.
template <class Real>
void LaneSolver<Real>::step_block_links(std::size_t b, bool moves) noexcept {
    const std::size_t from = pack_first_[b];
    const std::size_t to = pack_first_[b + 1];
    kernels_->links(link_packs(from, to, table_of(next_ms_[b]).constants.data()), moves);
    for (const std::int32_t run : layout_.blocks[b].run) {
        if (run != kNowhere && small_[index(run)].parent != kNowhere &&
            edge_of_run_[index(run)] == kNowhere) {
            gather_link(small_[index(run)]);
        }
    }
}

template <class Real>
void LaneSolver<Real>::meet_through_link(Edge& edge) noexcept {
    if (!(edge.common_ms > 0.0)) {  // one end is there already: all that flowed is pending
        edge.sums = {};
        edge.inverse_d_ms = edge.coupling_uS = 0.0;
        edge.lower_nA = edge.upper_nA = edge.lower_echo = edge.upper_echo = 0.0;
        return;
    }
    const LinkModes& modes = *links_[index(edge.link)].modes;
    const double tau_ms = kGamma * edge.common_ms;
    const double per_ms = 1.0 / tau_ms;
    if (edge.inverse_d_ms != edge.common_ms) {
        edge.inverse_d_ms = edge.common_ms;
        edge.sums = sums_of(modes, tau_ms);
        edge.inverse_d.resize(modes.size());
        for (std::size_t mode = 0; mode < modes.size(); ++mode) {
            edge.inverse_d[mode] = 1.0 / (per_ms + modes.rate_per_ms[mode]);
        }
    }
    edge.coupling_uS = edge.sums.across;
    edge.lower_nA = modes.lower_rest_nA;
    edge.upper_nA = modes.upper_rest_nA;
    edge.lower_echo = edge.upper_echo = 0.0;
    for (std::size_t mode = 0; mode < modes.size(); ++mode) {
        const double d = edge.inverse_d[mode];
        const double now = d * per_ms * edge.modes[mode];
        const double echo = d * d * modes.rate_per_ms[mode] * edge.modes[mode];
        edge.lower_nA += modes.lower[mode] * now;
        edge.upper_nA += modes.upper[mode] * now;
        edge.lower_echo += modes.lower[mode] * echo;
        edge.upper_echo += modes.upper[mode] * echo;
    }
}

/// And notes what has gone from it into an end that was not due.
template <class Real>
void LaneSolver<Real>::move_edge_link(Edge& edge) noexcept {
    if (edge.common_ms <= 0.0) {
        return;
    }
    const LinkModes& modes = *links_[index(edge.link)].modes;
    const double per_ms = 1.0 / (kGamma * edge.common_ms);
    const double echo_per_ms = kEcho * per_ms;
    const auto& lower_mV = edge.child.at_mV;
    const auto& upper_mV = edge.parent.at_mV;
    edge.modes_before = edge.modes;
    std::array<double, 2> lower_nA, upper_nA;
    lower_nA.fill(modes.lower_rest_nA);
    upper_nA.fill(modes.upper_rest_nA);
    for (std::size_t mode = 0; mode < modes.size(); ++mode) {
        const double rate = modes.rate_per_ms[mode];
        const double d = edge.inverse_d[mode];
        const double before = edge.modes[mode];
        const auto driven = [&](std::size_t stage) {
            return modes.lower[mode] * lower_mV[stage] + modes.upper[mode] * upper_mV[stage] -
                   rate * before;
        };
        const double w1 = d * driven(0);
        const double w2 = d * (driven(1) + echo_per_ms * w1);
        lower_nA[0] += modes.lower[mode] * (before + w1);
        lower_nA[1] += modes.lower[mode] * (before + w2);
        upper_nA[0] += modes.upper[mode] * (before + w1);
        upper_nA[1] += modes.upper[mode] * (before + w2);
        edge.modes[mode] = before + w2;
    }
    const auto mean_nA = [&](const std::array<double, 2>& nA, double axial_uS,
                             const std::array<double, 2>& mV) {
        return (1.0 - kGamma) * (nA[0] - axial_uS * mV[0]) + kGamma * (nA[1] - axial_uS * mV[1]);
    };
    if (!edge.child.is_due) {
        edge.pending_nA_ms += edge.common_ms * mean_nA(lower_nA, modes.lower_axial_uS, lower_mV);
    } else if (!edge.parent.is_due) {
        edge.pending_nA_ms += edge.common_ms * mean_nA(upper_nA, modes.upper_axial_uS, upper_mV);
    }
}

/// The modes of an edge, where whoever looks at potentials finds them.
template <class Real>
void LaneSolver<Real>::show_link(const Edge& edge) noexcept {
    if (edge.link == kNowhere) {
        return;
    }
    const Link& link = links_[index(edge.link)];
    for (std::size_t mode = 0; mode < edge.modes.size(); ++mode) {
        if (link_halves_ > 1) {
            link_state_[modes_before_at(link) + mode * kLanes] =
                static_cast<Real>(edge.modes_before[mode]);
        }
        link_state_[modes_at(link) + mode * kLanes] = static_cast<Real>(edge.modes[mode]);
    }
    if (are_links_watched_) {
        link_is_worn_[link.k] = kAltered;
    }
}

/// What a potential under the sheath has come to by now, if its link stands at an earlier time.
template <class Real>
double LaneSolver<Real>::link_drift_mV(std::size_t link, std::size_t unknown) const noexcept {
    double at_ms = 0.0;
    if (edge_of_link_[link] != kNowhere) {
        const Edge& edge = edges_[index(edge_of_link_[link])];
        at_ms = std::max(at_ms_[edge.child.block], at_ms_[edge.parent.block]);
    } else {
        at_ms = at_ms_[block_of(index(link_slot_[links_[link].k]) * kLanes)];
    }
    if (at_ms == now_ms_ || !(link_ms(link) > 0.0)) {
        return 0.0;
    }
    const Link& own = links_[link];
    const LinkModes& modes = *own.modes;
    double moved_mV = 0.0;
    for (std::size_t mode = 0; mode < modes.size(); ++mode) {
        const auto now = static_cast<double>(link_state_[modes_at(own) + mode * kLanes]);
        const auto before = static_cast<double>(link_state_[modes_before_at(own) + mode * kLanes]);
        moved_mV += modes.basis[unknown * modes.size() + mode] * (now - before);
    }
    return moved_mV * (now_ms_ - at_ms) / link_ms(link);
}

/// The last step of a link.
template <class Real>
double LaneSolver<Real>::link_ms(std::size_t link) const noexcept {
    if (edge_of_link_[link] != kNowhere) {
        return edges_[index(edge_of_link_[link])].common_ms;
    }
    return block_ms_[block_of(index(link_slot_[links_[link].k]) * kLanes)];
}

template class LaneSolver<double>;
template class LaneSolver<float>;

}  // namespace ranvier
