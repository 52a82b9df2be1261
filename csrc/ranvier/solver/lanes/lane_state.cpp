// What goes into a LaneSolver and comes out of it between steps: states and potentials.

#include <algorithm>
#include <cmath>

#include "ranvier/solver/lanes/lane_solver.hpp"

namespace ranvier {
/// Also where nothing counts: what is multiplied by 0 there must not be NaN from an earlier run.
template <class Real>
void LaneSolver<Real>::clear(std::size_t fibre) {
    for (std::size_t b = 0; b < layout_.blocks.size(); ++b) {
        const LaneBlock& block = layout_.blocks[b];
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
            const std::int32_t own = layout_.fibre_at[b * kLanes + lane];
            if (own == kNowhere || index(own) != fibre) {
                continue;
            }
            for (std::size_t slot = block.first_slot; slot < block.first_slot + block.slots();
                 ++slot) {
                v_mV_[slot * kLanes + lane] = Real(0);
                for (Mechanism& mechanism : mechanisms_) {
                    const std::int32_t k = mechanism.k_at[slot];
                    for (std::size_t g = 0; k != kNowhere && g < mechanism.gates; ++g) {
                        mechanism.gate[(index(k) * mechanism.gates + g) * kLanes + lane] = Real(0);
                    }
                }
            }
        }
    }
    for (std::size_t k = 0; k < link_slot_.size(); ++k) {
        const auto block = std::ranges::upper_bound(layout_.blocks, index(link_slot_[k]), {},
                                                    &LaneBlock::first_slot) -
                           layout_.blocks.begin() - 1;
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
            const std::int32_t own =
                layout_.fibre_at[static_cast<std::size_t>(block) * kLanes + lane];
            for (std::size_t mode = 0; own != kNowhere && index(own) == fibre && mode < link_modes_;
                 ++mode) {
                link_state_[modes_at({k, lane, false, nullptr}) + mode * kLanes] = Real(0);
            }
        }
    }
}

template <class Real>
void LaneSolver<Real>::load(std::size_t fibre, const State& state, bool is_at_rest) {
    make_room();
    clear(fibre);
    const auto& place = layout_.place[fibre];
    for (std::size_t i = 0; i < place.size(); ++i) {
        if (place[i] != kNowhere) {
            v_mV_[index(place[i])] = static_cast<Real>(state.v_mV[i]);
        }
    }
    for (std::size_t m = 0; m < mechanisms_.size(); ++m) {
        Mechanism& mechanism = mechanisms_[m];
        const auto& carriers = systems_[fibre]->mechanisms()[m].table->compartment;
        for (std::size_t row = 0; mechanism.gates > 0 && row < carriers.size(); ++row) {
            for (std::size_t g = 0; g < mechanism.gates; ++g) {
                mechanism.gate[gate_place(fibre, m, g, row)] =
                    static_cast<Real>(state.gates[m][g][row]);
            }
        }
    }
    std::size_t first_link = 0;
    while (first_link < links_.size() && index(layout_.links[first_link].fibre) != fibre) {
        ++first_link;
    }
    std::vector<double> potentials(link_modes_);
    std::vector<double> modes(link_modes_);
    for (std::size_t l = 0; l < links_.size(); ++l) {
        const LinkPlace& link = layout_.links[l];
        if (index(link.fibre) != fibre) {
            continue;
        }
        const std::size_t n = link.compartment.size();
        for (std::size_t k = 0; k < n; ++k) {
            const std::size_t i = index(link.compartment[k]);
            potentials[k] = state.potential_mV[0][i] - state.potential_mV[1][i];
            potentials[n + k] = state.potential_mV[1][i];
        }
        // What a state has from store() goes on to the last bit.
        if (!state.link_modes.empty()) {
            std::ranges::copy(state.link_modes[l - first_link], modes.begin());
        } else {
            links_[l].modes->to_modes({potentials.data(), 2 * n}, {modes.data(), 2 * n});
        }
        for (std::size_t mode = 0; mode < 2 * n; ++mode) {
            link_state_[modes_at(links_[l]) + mode * kLanes] = static_cast<Real>(modes[mode]);
        }
    }
    if (ions_) {
        begin_ions(state);
    }
    if (window_) {
        window_sums_ = {};
        restart_window(state.t_ms, state.step);
        if (is_at_rest) {
            rest_window();
        }
    }
    look_anew();
}

/// After the state has become another than that which the last step left.
template <class Real>
void LaneSolver<Real>::look_anew() {
    are_links_stale_ = !links_.empty();
    gather(false);
    look_at_all_links();
    for (RowWatch& watch : row_watch_) {
        watch.before_mV = static_cast<double>(v_mV_[watch.place]);
    }
    for (LinkWatch& watch : link_watch_) {
        watch.before_mV = settled_mV(watch);
    }
}

template <class Real>
void LaneSolver<Real>::keep_copy() {
    if (window_) {
        keep_window();
        return;
    }
    copy_.v_mV = v_mV_;
    copy_.gate.resize(mechanisms_.size());
    for (std::size_t m = 0; m < mechanisms_.size(); ++m) {
        copy_.gate[m] = mechanisms_[m].gate;
    }
    copy_.link_state = link_state_;
    copy_.link_half = link_half_;
    if (ions_) {
        ions_->copy = ions_->counts;
    }
}

template <class Real>
void LaneSolver<Real>::go_back() {
    if (window_) {
        bring_window_back();
        look_anew();
        return;
    }
    v_mV_ = copy_.v_mV;
    for (std::size_t m = 0; m < mechanisms_.size(); ++m) {
        mechanisms_[m].gate = copy_.gate[m];
    }
    link_state_ = copy_.link_state;
    link_half_ = copy_.link_half;
    if (ions_) {
        ions_->counts = ions_->copy;
        ions_->is_shown = false;
        show_watched_rest();
    }
    look_anew();
}

template <class Real>
void LaneSolver<Real>::store(std::size_t fibre, State& state) const {
    const auto& place = layout_.place[fibre];
    const bool is_loaded = !v_mV_.empty();
    for (std::size_t i = 0; is_loaded && i < place.size(); ++i) {
        if (place[i] != kNowhere) {
            state.v_mV[i] = state.potential_mV[0][i] = static_cast<double>(v_mV_[index(place[i])]);
        }
    }
    for (std::size_t m = 0; m < mechanisms_.size(); ++m) {
        const Mechanism& mechanism = mechanisms_[m];
        const auto& carriers = systems_[fibre]->mechanisms()[m].table->compartment;
        for (std::size_t row = 0; is_loaded && mechanism.gates > 0 && row < carriers.size();
             ++row) {
            const std::size_t first = gate_place(fibre, m, 0, row);
            for (std::size_t g = 0; g < mechanism.gates; ++g) {
                state.gates[m][g][row] = static_cast<double>(mechanism.gate[first + g * kLanes]);
            }
        }
    }
    std::size_t own = 0;
    for (std::size_t l = 0; l < links_.size(); ++l) {
        if (index(layout_.links[l].fibre) != fibre) {
            continue;
        }
        if (own == state.link_modes.size()) {
            state.link_modes.emplace_back(links_[l].modes->size());
        }
        auto& modes = state.link_modes[own++];
        for (std::size_t mode = 0; mode < modes.size(); ++mode) {
            modes[mode] = static_cast<double>(link_state_[modes_at(links_[l]) + mode * kLanes]);
            if (ions_) {
                const Link& link = links_[l];
                modes[mode] += static_cast<double>(
                    ions_->counts.shift[(link.k * link_modes_ + mode) * kLanes + link.lane]);
            }
        }
    }
    if (ions_ && is_loaded) {
        put_waiting(state.pending_pC);
    }
    for (std::size_t l = 0; l < links_.size(); ++l) {
        const LinkPlace& link = layout_.links[l];
        for (std::size_t k = 0; index(link.fibre) == fibre && k < link.compartment.size(); ++k) {
            const std::size_t i = index(link.compartment[k]);
            state.v_mV[i] = link_potential(l, k);
            state.potential_mV[1][i] = link_potential(l, link.compartment.size() + k);
            state.potential_mV[0][i] = state.v_mV[i] + state.potential_mV[1][i];
        }
    }
}

/// As the state is at the present, which some blocks may not have reached.
template <class Real>
void LaneSolver<Real>::store_present(std::size_t fibre, State& state) {
    if (!window_) {
        store(fibre, state);
        return;
    }
    keep_window();
    catch_up();
    store(fibre, state);
    bring_window_back();
    forget_copy();
}

template <class Real>
double LaneSolver<Real>::link_potential(std::size_t link, std::size_t unknown) const noexcept {
    const double raw_mV =
        links_[link].modes->potential(&link_state_[modes_at(links_[link])], kLanes, unknown);
    return window_ ? raw_mV + link_drift_mV(link, unknown) : raw_mV + shift_mV(link, unknown);
}

template <class Real>
std::size_t LaneSolver<Real>::place_in_link(std::size_t link,
                                            std::size_t compartment) const noexcept {
    const auto& compartments = layout_.links[link].compartment;
    return static_cast<std::size_t>(
        std::ranges::lower_bound(compartments, static_cast<std::int32_t>(compartment)) -
        compartments.begin());
}

template <class Real>
double LaneSolver<Real>::potential_mV(std::size_t fibre, std::size_t layer,
                                      std::size_t compartment) const noexcept {
    if (const std::int32_t place = layout_.place[fibre][compartment]; place != kNowhere) {
        return layer == 0 ? v_mV(fibre, compartment) : 0.0;
    }
    const std::size_t link = index(layout_.link_of[fibre][compartment]);
    const std::size_t k = place_in_link(link, compartment);
    const double outside = link_potential(link, layout_.links[link].compartment.size() + k);
    return layer == 1 ? outside : outside + link_potential(link, k);
}

template <class Real>
bool LaneSolver<Real>::is_sound(std::size_t fibre) const noexcept {
    return std::ranges::all_of(layout_.place[fibre], [&](std::int32_t place) {
        return place == kNowhere ||
               std::abs(static_cast<double>(v_mV_[index(place)])) <= kLargestPotential_mV;
    });
}

/// Whole arrays first, in sums of comparisons, which vectorise.
template <class Real>
bool LaneSolver<Real>::is_sound_throughout(std::size_t fibre) const noexcept {
    if (window_) {
        return is_window_sound();
    }
    int faults = 0;
    for (const Real v_mV : v_mV_) {
        faults += std::abs(v_mV) <= static_cast<Real>(kLargestPotential_mV) ? 0 : 1;
    }
    for (const Mechanism& mechanism : mechanisms_) {
        for (const Real gate : mechanism.gate) {
            faults += std::isfinite(gate) ? 0 : 1;
        }
    }
    for (std::size_t l = 0; faults == 0 && l < links_.size(); ++l) {
        if (index(layout_.links[l].fibre) != fibre) {
            continue;
        }
        const std::size_t n = layout_.links[l].compartment.size();
        for (std::size_t k = 0; k < n; ++k) {
            const double outside_mV = link_potential(l, n + k);
            faults += std::abs(outside_mV) <= kLargestPotential_mV ? 0 : 1;
            faults += std::abs(outside_mV + link_potential(l, k)) <= kLargestPotential_mV ? 0 : 1;
        }
    }
    return faults == 0;
}

template <class Real>
double LaneSolver<Real>::v_mV(std::size_t fibre, std::size_t compartment) const noexcept {
    if (const std::int32_t place = layout_.place[fibre][compartment]; place != kNowhere) {
        return static_cast<double>(v_mV_[index(place)]) + drift_mV(index(place));
    }
    const std::size_t link = index(layout_.link_of[fibre][compartment]);
    return link_potential(link, place_in_link(link, compartment));
}

template <class Real>
std::size_t LaneSolver<Real>::gate_place(std::size_t fibre, std::size_t m, std::size_t gate,
                                         std::size_t row) const noexcept {
    const Mechanism& mechanism = mechanisms_[m];
    const std::size_t i = index(systems_[fibre]->mechanisms()[m].table->compartment[row]);
    const std::size_t place = index(layout_.place[fibre][i]);
    const std::size_t k = index(mechanism.k_at[place / kLanes]);
    return (k * mechanism.gates + gate) * kLanes + place % kLanes;
}

template <class Real>
double LaneSolver<Real>::gate(std::size_t fibre, std::size_t mechanism, std::size_t gate,
                              std::size_t row) const noexcept {
    const std::size_t at = gate_place(fibre, mechanism, gate, row);
    const auto x = static_cast<double>(mechanisms_[mechanism].gate[at]);
    if (!window_) {
        return x;
    }
    return drifted_gate(mechanism, gate, row, x);
}

template <class Real>
void LaneSolver<Real>::set_gate(std::size_t fibre, std::size_t mechanism, std::size_t gate,
                                std::size_t row, double value) noexcept {
    const std::size_t at = gate_place(fibre, mechanism, gate, row);
    if (window_ && saved_.is_kept) {
        const auto i = index(systems_[fibre]->mechanisms()[mechanism].table->compartment[row]);
        const std::size_t b = block_of(index(layout_.place[fibre][i]));
        if (is_saved_[b] == 0) {
            save_block(static_cast<std::uint32_t>(b));
        }
    }
    mechanisms_[mechanism].gate[at] = static_cast<Real>(value);
}

template <class Real>
std::size_t LaneSolver<Real>::bytes() const noexcept {
    std::size_t sum =
        capacitance_nF_.bytes() + threshold_mV_.bytes() + has_crossed_.capacity() +
        sizeof(RowWatch) * row_watch_.capacity() + sizeof(LinkWatch) * link_watch_.capacity() +
        link_threshold_mV_.bytes() + link_has_crossed_.capacity() +
        sizeof(Link) * links_.capacity() + sizeof(SmallRow) * small_.capacity() + layout_.bytes() +
        (window_ ? window_->bytes() + sizeof(Edge) * edges_.capacity() : 0) + ion_bytes();
    for (const auto* array : {&pivot_, &joint_uS_, &current_nA_, &side_nA_}) {
        sum += array->capacity() * sizeof(double);
    }
    for (const Packs<Real>* array : {&coupling_uS_,
                                     &v_mV_,
                                     &first_,
                                     &second_,
                                     &work_,
                                     &saved_.values,
                                     &first_row_,
                                     &inverse_tau_,
                                     &gates_ms_,
                                     &top_uS_,
                                     &top_nA_,
                                     &top_fill_uS_,
                                     &below_uS_,
                                     &below_nA_,
                                     &top_mV_,
                                     &below_mV_,
                                     &link_state_,
                                     &link_constants_,
                                     &link_rest_,
                                     &link_leak_,
                                     &link_lower_nA_,
                                     &link_upper_nA_,
                                     &link_lower_echo_,
                                     &link_upper_echo_,
                                     &link_lower2_,
                                     &link_upper2_,
                                     &link_across2_,
                                     &link_basis_,
                                     &link_basis_rest_,
                                     &copy_.v_mV,
                                     &copy_.link_state,
                                     &link_reach_,
                                     &link_moved_mV_,
                                     &link_limit_mV_,
                                     &link_own_limit_mV_,
                                     &link_rounding_mV_}) {
        sum += array->capacity() * sizeof(Real);
    }
    for (const PutAway& away : put_away_) {
        sum += away.constants.capacity() * sizeof(Real);
    }
    for (const Packs<Real>& gate : copy_.gate) {
        sum += gate.capacity() * sizeof(Real);
    }
    for (const Mechanism& mechanism : mechanisms_) {
        for (const auto& input : mechanism.inputs) {
            sum += input.bytes();
        }
        sum += mechanism.g_uS.bytes() + mechanism.e_mV.bytes() +
               mechanism.gate.capacity() * sizeof(Real) +
               (mechanism.pack.capacity() + mechanism.k_at.capacity() + mechanism.first.capacity() +
                mechanism.packs.capacity()) *
                   sizeof(std::int32_t);
    }
    return sum;
}

template class LaneSolver<double>;
template class LaneSolver<float>;

}  // namespace ranvier
