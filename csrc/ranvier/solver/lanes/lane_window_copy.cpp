// The way back of a windowed LaneSolver: blocks are copied before their first step since the copy
// was asked for, so that what rests costs nothing.

#include <algorithm>
#include <cmath>

#include "ranvier/solver/lanes/lane_solver.hpp"

namespace ranvier {

/// All that is a block's own from one step to the next.
template <class Real>
template <class Visitor>
void LaneSolver<Real>::visit_block(std::size_t b, const Visitor& visit) {
    const LaneBlock& block = layout_.blocks[b];
    for (Packs<Real>* array : {&v_mV_, &first_, &second_}) {
        visit(array->data() + block.first_slot * kLanes, block.slots() * kLanes);
    }
    for (Mechanism& mechanism : mechanisms_) {
        const std::size_t each = mechanism.gates * kLanes;
        const std::size_t first = mechanism.first[b];
        const std::size_t size = (mechanism.first[b + 1] - first) * each;
        visit(mechanism.gate.data() + first * each, size);
    }
    const std::size_t each = link_halves_ * link_modes_ * kLanes;
    visit(link_state_.data() + pack_first_[b] * each, (pack_first_[b + 1] - pack_first_[b]) * each);
}

template <class Real>
void LaneSolver<Real>::keep_window() {
    forget_copy();
    saved_.is_kept = true;
    saved_.now_ms = now_ms_;
    saved_.before_ms = before_ms_;
    saved_.now_tick = now_tick_;
    saved_.sums = window_sums_;
    saved_.level.assign(window_->levels().begin(), window_->levels().end());
}

template <class Real>
void LaneSolver<Real>::forget_copy() noexcept {
    copy_ = {};
    if (ions_) {
        ions_->copy = {};
    }
    saved_.is_kept = false;
    for (const SavedBlock& saved : saved_.blocks) {
        is_saved_[saved.block] = 0;
    }
    saved_.blocks.clear();
    constexpr std::size_t kWorthKeeping = std::size_t{1} << 20;
    if (saved_.values.capacity() > kWorthKeeping) {
        saved_.values = Packs<Real>();  // {} would keep the room
    }
    saved_.values.clear();
    saved_.edges.clear();
    saved_.halves.clear();
}

template <class Real>
void LaneSolver<Real>::save_block(std::uint32_t b) {
    is_saved_[b] = 1;
    saved_.blocks.push_back({b, at_ms_[b], at_tick_[b], block_ms_[b]});
    visit_block(b, [&](const Real* first, std::size_t size) {
        saved_.values.insert(saved_.values.end(), first, first + size);
    });
    for (const std::uint32_t e : block_edges_[b]) {
        const Edge& edge = edges_[e];
        saved_.edges.push_back({edge.pending_nA_ms, edge.common_ms, edge.modes, edge.modes_before});
    }
    saved_.halves.insert(saved_.halves.end(), link_half_.begin() + pack_first_[b],
                         link_half_.begin() + pack_first_[b + 1]);
}

/// The last saved first: of an edge that two blocks share, the older one counts.
template <class Real>
void LaneSolver<Real>::bring_window_back() {
    std::size_t value = saved_.values.size();
    std::size_t first_edge = saved_.edges.size();
    std::size_t half = saved_.halves.size();
    for (std::size_t k = saved_.blocks.size(); k-- > 0;) {
        const SavedBlock& saved = saved_.blocks[k];
        const std::uint32_t b = saved.block;
        at_ms_[b] = saved.at_ms;
        at_tick_[b] = saved.at_tick;
        block_ms_[b] = saved.block_ms;
        std::size_t size_of_all = 0;
        visit_block(b, [&](const Real*, std::size_t size) { size_of_all += size; });
        value -= size_of_all;
        std::size_t from = value;
        visit_block(b, [&](Real* first, std::size_t size) {
            std::copy_n(saved_.values.begin() + static_cast<std::ptrdiff_t>(from), size, first);
            from += size;
        });
        first_edge -= block_edges_[b].size();
        for (std::size_t e = 0; e < block_edges_[b].size(); ++e) {
            Edge& edge = edges_[block_edges_[b][e]];
            const SavedEdge& old = saved_.edges[first_edge + e];
            edge.pending_nA_ms = old.pending_nA_ms;
            edge.common_ms = old.common_ms;
            edge.modes = old.modes;
            edge.modes_before = old.modes_before;
        }
        half -= pack_first_[b + 1] - pack_first_[b];
        std::copy_n(saved_.halves.begin() + static_cast<std::ptrdiff_t>(half),
                    pack_first_[b + 1] - pack_first_[b], link_half_.begin() + pack_first_[b]);
        set_ms_[b] = 0.0;
    }
    // The modes of an edge are shown in a block that may have rested.
    for (const SavedBlock& saved : saved_.blocks) {
        for (const std::uint32_t e : block_edges_[saved.block]) {
            show_link(edges_[e]);
        }
    }
    now_ms_ = saved_.now_ms;
    before_ms_ = saved_.before_ms;
    now_tick_ = saved_.now_tick;
    window_sums_ = saved_.sums;
    window_->set_levels(saved_.level);
}

/// Of what has moved since the copy.
template <class Real>
bool LaneSolver<Real>::is_window_sound() const noexcept {
    bool is_sound = true;
    for (const SavedBlock& saved : saved_.blocks) {
        const LaneBlock& block = layout_.blocks[saved.block];
        const auto first = v_mV_.begin() + static_cast<std::ptrdiff_t>(block.first_slot * kLanes);
        const auto last = first + static_cast<std::ptrdiff_t>(block.slots() * kLanes);
        is_sound = is_sound && std::all_of(first, last, [](Real v_mV) {
                       return std::abs(static_cast<double>(v_mV)) <= kLargestPotential_mV;
                   });
        for (const Mechanism& mechanism : mechanisms_) {
            const std::size_t each = mechanism.gates * kLanes;
            const auto gates = mechanism.gate.begin() +
                               static_cast<std::ptrdiff_t>(mechanism.first[saved.block] * each);
            is_sound =
                is_sound &&
                std::all_of(gates,
                            gates + static_cast<std::ptrdiff_t>((mechanism.first[saved.block + 1] -
                                                                 mechanism.first[saved.block]) *
                                                                each),
                            [](Real gate) { return std::isfinite(gate); });
        }
    }
    return is_sound;
}

template class LaneSolver<double>;
template class LaneSolver<float>;

}  // namespace ranvier
