// Membrane potentials that somebody records: where they are is found once, since under a sheath
// each is a sum over modes, and a whole pack of such sums takes as long as one.

#include <algorithm>
#include <array>

#include "ranvier/solver/lanes/lane_solver.hpp"

namespace ranvier {
template <class Real>
void LaneSolver<Real>::set_probes(std::size_t fibre, std::span<const Probe> probes) {
    probes_.resize(systems_.size());
    probes_[fibre].clear();
    for (const Probe& probe : probes) {
        probes_[fibre].push_back(probe.quantity == Quantity::kMembranePotential
                                     ? places_of(fibre, probe)
                                     : ProbePlaces{});
    }
}

template <class Real>
typename LaneSolver<Real>::ProbePlaces LaneSolver<Real>::places_of(std::size_t fibre,
                                                                   const Probe& probe) const {
    ProbePlaces places;
    // The n-th compartment that is wanted of a lane goes into the n-th read of its pack.
    struct Wanted {
        std::uint32_t pack;
        std::array<std::int32_t, kLanes> column;
        std::array<std::int32_t, kLanes> compartment;  // of the lane's link
        std::array<const LinkModes*, kLanes> modes;
    };
    std::vector<std::vector<Wanted>> reads(link_slot_.size());
    for (std::size_t column = 0; column < probe.compartment.size(); ++column) {
        const std::size_t i = index(probe.compartment[column]);
        if (const std::int32_t place = layout_.place[fibre][i]; place != kNowhere) {
            places.rows.push_back({index(place), column});
            continue;
        }
        const std::size_t l = index(layout_.link_of[fibre][i]);
        if (window_) {
            places.sheathed.push_back({l, place_in_link(l, i), column});
            continue;
        }
        const Link& link = links_[l];
        auto& own = reads[link.k];
        auto read = std::ranges::find_if(
            own, [&](const Wanted& each) { return each.column[link.lane] == kNowhere; });
        if (read == own.end()) {
            Wanted next{static_cast<std::uint32_t>(link.k), {}, {}, {}};
            next.column.fill(kNowhere);
            read = own.insert(own.end(), next);
        }
        read->column[link.lane] = static_cast<std::int32_t>(column);
        read->compartment[link.lane] = static_cast<std::int32_t>(place_in_link(l, i));
        read->modes[link.lane] = link.modes.get();
    }
    std::vector<const Wanted*> different;
    for (const auto& own : reads) {
        for (const Wanted& read : own) {
            // Reads of every compartment are the same from pack to pack.
            constexpr std::size_t kLookBack = 32;
            std::size_t basis = different.size();
            for (std::size_t back = 1; back <= std::min(kLookBack, different.size()); ++back) {
                const Wanted& other = *different[different.size() - back];
                if (other.modes == read.modes && other.compartment == read.compartment) {
                    basis = different.size() - back;
                    break;
                }
            }
            if (basis == different.size()) {
                different.push_back(&read);
            }
            places.pack.push_back(read.pack);
            places.basis.push_back(static_cast<std::uint32_t>(basis));
            for (std::size_t lane = 0; lane < kLanes; ++lane) {
                if (read.column[lane] != kNowhere) {
                    places.lane.push_back(static_cast<std::uint8_t>(lane));
                    places.column.push_back(static_cast<std::uint32_t>(read.column[lane]));
                }
            }
            places.last.push_back(static_cast<std::uint32_t>(places.lane.size()));
        }
    }
    places.of_mode.assign(different.size() * (1 + link_modes_) * kLanes, Real(0));
    for (std::size_t basis = 0; basis < different.size(); ++basis) {
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
            const LinkModes* const modes = different[basis]->modes[lane];
            if (modes == nullptr) {
                continue;
            }
            const std::size_t i = index(different[basis]->compartment[lane]);
            Real* const to = &places.of_mode[basis * (1 + link_modes_) * kLanes + lane];
            to[0] = static_cast<Real>(modes->rest_mV[i]);
            for (std::size_t mode = 0; mode < modes->size(); ++mode) {
                to[(1 + mode) * kLanes] = static_cast<Real>(modes->basis[i * modes->size() + mode]);
            }
        }
    }
    return places;
}

template <class Real>
void LaneSolver<Real>::read_v_mV(std::size_t fibre, std::size_t probe, double* to) const noexcept {
    const ProbePlaces& places = probes_[fibre][probe];
    for (const auto& row : places.rows) {
        to[row.column] =
            static_cast<double>(v_mV_[row.place]) + (window_ ? drift_mV(row.place) : 0.0);
    }
    for (const auto& sheathed : places.sheathed) {
        to[sheathed.column] = link_potential(sheathed.link, sheathed.compartment);
    }
    if (ions_) {
        read_places(places, shifted_modes(), 1, ions_->no_halves.data(), to);
    } else {
        read_places(places, link_state_.data(), link_halves_, link_half_.data(), to);
    }
}

/// The part that is under sheaths.
template <class Real>
void LaneSolver<Real>::read_places(const ProbePlaces& places, const Real* modes, std::size_t halves,
                                   const std::uint8_t* half, double* to) const noexcept {
    if (!places.pack.empty()) {
        kernels_->read({.size = places.pack.size(),
                        .modes = link_modes_,
                        .pack = places.pack.data(),
                        .basis = places.basis.data(),
                        .last = places.last.data(),
                        .lane = places.lane.data(),
                        .column = places.column.data(),
                        .state = modes,
                        .halves = halves,
                        .half = half,
                        .of_mode = places.of_mode.data(),
                        .to = to});
    }
}

template class LaneSolver<double>;
template class LaneSolver<float>;

}  // namespace ranvier
