// What a LaneSolver takes from its fibres, once: capacitances, couplings, membranes and links.

#include <algorithm>

#include "ranvier/solver/lanes/lane_solver.hpp"

namespace ranvier {

template <class Real>
void LaneSolver<Real>::fill_constants(std::size_t fibre) {
    const System& system = *systems_[fibre];
    const auto& d = system.discretisation();
    const auto& place = layout_.place[fibre];
    for (std::size_t i = 0; i < system.size(); ++i) {
        if (place[i] != kNowhere) {
            capacitance_nF_.set(index(place[i]), d.compartments.capacitance_nF[i]);
        }
    }
    // Each row to the one above it: within its run, or in the run that this one goes on in.
    for (std::size_t j = 0; j < layout_.runs.size(); ++j) {
        const Run& run = layout_.runs[j];
        if (index(run.fibre) != fibre) {
            continue;
        }
        for (std::size_t k = 0; k < index(run.rows); ++k) {
            const std::int32_t i = layout_.compartment_of(j, k);
            const std::int32_t up = d.compartments.parent[index(i)];
            const bool is_direct = up != kNoParent && place[index(up)] != kNowhere;
            const double axial_uS = is_direct ? d.compartments.axial_conductance_uS[index(i)] : 0.0;
            coupling_uS_[index(place[index(i)]) + kLanes] = static_cast<Real>(axial_uS);
            if (k + 1 == index(run.rows) && run.parent != kNowhere && rows_of_run(run.parent) > 1) {
                coupling_uS_[index(layout_.above[j])] = static_cast<Real>(axial_uS);
            }
        }
    }
    for (std::size_t m = 0; m < mechanisms_.size(); ++m) {
        const auto& bound = system.mechanisms()[m];
        Mechanism& mechanism = mechanisms_[m];
        const auto& carriers = bound.table->compartment;
        std::size_t row = 0;
        for (std::size_t i = 0; i < system.size(); ++i) {
            const bool carries = row < carriers.size() && index(carriers[row]) == i;
            const std::size_t own = row;
            row += carries ? 1 : 0;
            if (place[i] == kNowhere || mechanism.k_at[index(place[i]) / kLanes] == kNowhere) {
                continue;
            }
            const std::size_t at =
                index(mechanism.k_at[index(place[i]) / kLanes]) * kLanes + index(place[i]) % kLanes;
            if (carries) {
                const OpenChannel open = open_channel(system, m, own);
                mechanism.g_uS.set(at, open.g_uS);
                mechanism.e_mV.set(at, open.e_mV);
                for (std::size_t k = 0; k < bound.inputs.size(); ++k) {
                    const InputColumn& column = bound.inputs[k];
                    mechanism.inputs[k].set(at, column.first[own * column.stride]);
                }
            } else {
                mechanism.g_uS.set(at, 0.0);
            }
        }
        mechanism.input_columns.clear();
        for (const auto& input : mechanism.inputs) {
            mechanism.input_columns.push_back(input.from(0));
        }
    }
    // Its links.
    const auto first = std::ranges::find_if(
        layout_.links, [&](const LinkPlace& link) { return index(link.fibre) == fibre; });
    const auto last = std::find_if(first, layout_.links.end(), [&](const LinkPlace& link) {
        return index(link.fibre) != fibre;
    });
    const auto own = links_.begin() + (first - layout_.links.begin());
    // The same discretisation in another lane has the same modes, and these take time to find.
    const auto twin = std::ranges::find_if(layout_.links, [&](const LinkPlace& link) {
        return index(link.fibre) != fibre && &systems_[index(link.fibre)]->discretisation() == &d &&
               links_[static_cast<std::size_t>(&link - layout_.links.data())].modes != nullptr;
    });
    if (twin != layout_.links.end()) {
        const auto theirs = links_.begin() + (twin - layout_.links.begin());
        std::transform(theirs, theirs + (last - first), own, own, [](const Link& their, Link link) {
            link.modes = their.modes;
            return link;
        });
    } else {
        auto modes = find_link_modes(system, {first, last});
        for (std::size_t k = 0; k < modes.size(); ++k) {
            (own + static_cast<std::ptrdiff_t>(k))->modes = std::move(modes[k]);
        }
    }
    tau_ms_[fibre] = 0.0;
}

/// Room for those of every block, to be filled.
template <class Real>
void LaneSolver<Real>::part_couplings() {
    coupling_uS_.resize(layout_.slots * kLanes, Real(0));
    coupling_first_.clear();
    for (const LaneBlock& block : layout_.blocks) {
        coupling_first_.push_back(static_cast<std::uint32_t>(block.first_slot));
    }
}

/// A block whose couplings are those of the block before has no own ones: of a uniform cable, all
/// but the ends. Not where steps change them, or the next fibre of a batch.
template <class Real>
void LaneSolver<Real>::share_couplings() {
    if (systems_.size() > 1 || is_judged() || !links_.empty()) {
        return;
    }
    Packs<Real> different;
    for (std::size_t b = 0; b < layout_.blocks.size(); ++b) {
        const std::size_t size = layout_.blocks[b].slots() * kLanes;
        const Real* const own = &coupling_uS_[layout_.blocks[b].first_slot * kLanes];
        if (different.size() < size || !std::equal(own, own + size, different.end() - size)) {
            different.insert(different.end(), own, own + size);
        }
        coupling_first_[b] = static_cast<std::uint32_t>((different.size() - size) / kLanes);
    }
    different.shrink_to_fit();
    coupling_uS_ = std::move(different);
}

template class LaneSolver<double>;
template class LaneSolver<float>;

}  // namespace ranvier
