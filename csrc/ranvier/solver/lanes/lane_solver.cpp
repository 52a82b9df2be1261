#include "ranvier/solver/lanes/lane_solver.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ranvier/base/error.hpp"
#include "ranvier/base/text.hpp"
#include "ranvier/mechanisms/registry.hpp"
#include "ranvier/solver/two_stage.hpp"

namespace ranvier {
namespace {

/// What a gate counts against a millivolt: all of it as much as a spike.
constexpr double kGateAsMillivolts = 100.0;

/// Of a fibre that stays as it is: so short a step that nothing moves.
constexpr double kParked_ms = 1e-12;

void check_alike(const System& first, const System& other) {
    const auto& a = first.mechanisms();
    const auto& b = other.mechanisms();
    bool are_alike = a.size() == b.size();
    for (std::size_t m = 0; are_alike && m < a.size(); ++m) {
        are_alike = a[m].mechanism == b[m].mechanism && a[m].rate_factor == b[m].rate_factor;
    }
    if (!are_alike) {
        throw ModelError(quoted(other.discretisation().name),
                         "differs in mechanisms or temperature from " +
                             quoted(first.discretisation().name) +
                             ", expected the same in all fibres of a group");
    }
}

}  // namespace

template <class Real>
LaneSolver<Real>::LaneSolver(std::vector<const System*> fibres, std::size_t most_rows,
                             LaneMethod method, Isa isa, int threads, const WindowChoice& window)
    : systems_(std::move(fibres)),
      method_(method),
      isa_(isa),
      threads_(threads),
      kernels_(find_cable_kernels<Real>(isa)),
      window_choice_(window),
      drives_(systems_.size()),
      tau_ms_(systems_.size(), 0.0),
      moved_ms_(systems_.size(), 0.0) {
    std::vector<const Discretisation*> discretisations;
    for (const System* system : systems_) {
        const auto& d = system->discretisation();
        if (const auto why = why_not_in_lanes(d, method)) {
            throw ModelError(quoted(d.name), *why + ", expected a model that fits the lanes");
        }
        if (sizeof(Real) < sizeof(double) && d.has_accumulation()) {
            throw ModelError(quoted(d.name), "has ions that accumulate, expected double precision");
        }
        RANVIER_ASSERT(systems_.size() == 1 || !d.has_accumulation());
        check_alike(*systems_[0], *system);
        discretisations.push_back(&d);
    }
    layout_ = lay_out(discretisations, most_rows);
    const std::size_t slots = layout_.slots;
    part_couplings();
    const std::size_t lanes = layout_.blocks.size() * kLanes;
    for (Packs<Real>* array : {&inverse_tau_, &gates_ms_, &top_uS_, &top_nA_, &top_fill_uS_,
                               &below_uS_, &below_nA_, &top_mV_, &below_mV_}) {
        array->assign(lanes, Real(0));
    }
    std::ranges::fill(inverse_tau_, static_cast<Real>(1.0 / kParked_ms));
    seen_.resize(layout_.blocks.size());
    team_.emplace(
        std::clamp(static_cast<int>(layout_.blocks.size() / Team::kLeastShare), 1, threads));
    small_.resize(layout_.runs.size());
    for (std::vector<double>* array :
         {&pivot_, &current_nA_, &side_nA_, &later_nA_, &joint_uS_, &back_uS_}) {
        array->resize(layout_.runs.size());
    }
    for (std::size_t b = 0; b < layout_.blocks.size(); ++b) {
        due_.push_back(static_cast<std::uint32_t>(b));
    }
    for (std::size_t j = 0; j < layout_.runs.size(); ++j) {
        due_runs_.push_back(static_cast<std::uint32_t>(j));
    }
    due_stamp_.assign(layout_.blocks.size(), 0);
    bend_mV_.assign(layout_.blocks.size(), 0.0);
    first_row_.assign(lanes, Real(1));
    std::size_t longest = 0;
    for (std::size_t b = 0; b < layout_.blocks.size(); ++b) {
        const LaneBlock& block = layout_.blocks[b];
        longest = std::max(longest, block.slots());
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
            if (block.run[lane] != kNowhere) {
                first_row_[b * kLanes + lane] =
                    static_cast<Real>(1 + block.rows - rows_of_run(block.run[lane]));
                SmallRow& small = small_[index(block.run[lane])];
                small.lane = static_cast<std::uint32_t>(b * kLanes + lane);
                small.top = static_cast<std::uint32_t>(layout_.top[index(block.run[lane])]);
            } else if (window_choice_.tolerance_mV > 0.0) {
                first_row_[b * kLanes + lane] = static_cast<Real>(1 + block.rows);  // none
            }
        }
    }
    for (std::size_t j = 0; j < small_.size(); ++j) {
        SmallRow& small = small_[j];
        small.parent = layout_.runs[j].parent;
        if (small.parent != kNowhere) {
            const std::size_t parent = index(small.parent);
            small.joins_single = rows_of_run(small.parent) == 1;
            small.above = static_cast<std::uint32_t>(layout_.above[j]);
            const std::size_t lane = small_[parent].lane;
            small.last_below = static_cast<std::uint32_t>(
                layout_.blocks[lane / kLanes].first_slot * kLanes + lane % kLanes);
        }
    }
    sums_.assign(static_cast<std::size_t>(team_->size()),
                 Packs<Real>(4 * longest * kLanes, Real(0)));

    double some_nF = 1.0;
    for (const double c : discretisations[0]->compartments.capacitance_nF) {
        if (c > 0.0) {
            some_nF = c;
            break;
        }
    }
    capacitance_nF_.assign(slots, some_nF);
    place_mechanisms();
    place_links();
    for (std::size_t f = 0; f < systems_.size(); ++f) {
        fill_constants(f);
    }
    share_couplings();
    find_kinds();
    set_up_ions();
    // Branch points of myelinated trees are single rows between links, which edges do not have.
    const bool is_branched =
        !links_.empty() && std::ranges::any_of(small_, &SmallRow::joins_single);
    if (window_choice_.tolerance_mV > 0.0 && !is_branched) {
        set_up_window();
    }
}

/// Which packs carry each mechanism.
template <class Real>
void LaneSolver<Real>::place_mechanisms() {
    for (std::size_t m = 0; m < systems_[0]->mechanisms().size(); ++m) {
        const auto& bound = systems_[0]->mechanisms()[m];
        const auto* kernels = find_lane_kernels<Real>(lane_kernels_name(*bound.mechanism), isa_);
        RANVIER_ASSERT(kernels != nullptr);
        Mechanism mechanism{.kernels = kernels,
                            .gates = bound.mechanism->info.gates.size(),
                            .rate_factor = bound.rate_factor,
                            .pack = {},
                            .packs = {},
                            .first = {},
                            .k_at = std::vector<std::int32_t>(layout_.slots, kNowhere),
                            .g_uS = {},
                            .e_mV = {},
                            .inputs = {},
                            .input_columns = {},
                            .expressions = bound.mechanism->expressions,
                            .answers = method_ == LaneMethod::kStaggeredSdirk2 ? 0
                                       : is_judged() ? kernels->answers_to_judge
                                                     : kernels->answers,
                            .gate = {}};
        for (std::size_t f = 0; f < systems_.size(); ++f) {
            for (const std::int32_t i : systems_[f]->mechanisms()[m].table->compartment) {
                if (const std::int32_t place = layout_.place[f][index(i)]; place != kNowhere) {
                    mechanism.k_at[index(place) / kLanes] = 0;
                }
            }
        }
        std::int32_t k = 0;
        std::vector<std::int32_t> own;
        for (const LaneBlock& block : layout_.blocks) {
            mechanism.first.push_back(static_cast<std::uint32_t>(k));
            own.clear();
            for (std::size_t slot = 0; slot < block.slots(); ++slot) {
                if (mechanism.k_at[block.first_slot + slot] != kNowhere) {
                    mechanism.k_at[block.first_slot + slot] = k++;
                    own.push_back(static_cast<std::int32_t>(slot * kLanes));
                }
            }
            // Most blocks are as the one before.
            const std::size_t size = mechanism.pack.size();
            if (own.size() > size ||
                !std::equal(own.begin(), own.end(),
                            mechanism.pack.end() - static_cast<std::ptrdiff_t>(own.size()))) {
                mechanism.pack.insert(mechanism.pack.end(), own.begin(), own.end());
            }
            mechanism.packs.push_back(
                static_cast<std::uint32_t>(mechanism.pack.size() - own.size()));
        }
        mechanism.first.push_back(static_cast<std::uint32_t>(k));
        const auto packs = static_cast<std::size_t>(k);
        const bool is_present = !bound.table->compartment.empty();
        const OpenChannel open =
            is_present ? open_channel(*systems_[0], m, 0) : OpenChannel{0.0, 0.0};
        for (const InputColumn& column : bound.inputs) {
            mechanism.inputs.emplace_back().assign(packs, *column.first);
        }
        mechanism.g_uS.assign(packs, open.g_uS);
        mechanism.e_mV.assign(packs, open.e_mV);
        mechanisms_.push_back(std::move(mechanism));
    }
}

/// For a state, which there is none of before the first load(): a search for it takes room as well.
template <class Real>
void LaneSolver<Real>::make_room() {
    if (!v_mV_.empty()) {
        return;
    }
    for (Packs<Real>* array : {&v_mV_, &first_, &second_}) {
        array->assign(layout_.slots * kLanes, Real(0));
    }
    for (Mechanism& mechanism : mechanisms_) {
        mechanism.gate.assign(mechanism.first.back() * mechanism.gates * kLanes, Real(0));
    }
    if (!window_) {
        share_work();
    }
}

/// Gives each block in due_ its part of the work space.
template <class Real>
void LaneSolver<Real>::share_work() {
    work_first_.resize(layout_.blocks.size());
    std::size_t end = 0;
    for (const std::uint32_t b : due_) {
        work_first_[b] = end;
        end += 3 * layout_.blocks[b].slots() * kLanes;
        for (const Mechanism& mechanism : mechanisms_) {
            end += answers_of(mechanism, b);
        }
    }
    // Where all of a long cable was due once, that room is not kept for the few blocks of a wave.
    constexpr std::size_t kWorthKeeping = std::size_t{1} << 20;
    if (end > work_.size() || (work_.size() > kWorthKeeping && end < work_.size() / 4)) {
        work_ = Packs<Real>();  // {} would keep the room
        work_.resize(end);
    }
}

template <class Real>
void LaneSolver<Real>::replace(std::size_t fibre, const System& system) {
    const auto& old = systems_[fibre]->discretisation();
    const auto& d = system.discretisation();
    check_alike(*systems_[fibre], system);
    bool fits = d.compartments.parent == old.compartments.parent &&
                d.layers.size() == old.layers.size() &&
                (d.layers.empty() || d.layers[0].is_unknown == old.layers[0].is_unknown);
    for (std::size_t m = 0; fits && m < mechanisms_.size(); ++m) {
        fits = d.mechanisms[m].compartment == old.mechanisms[m].compartment;
    }
    if (!fits) {
        throw ModelError(quoted(d.name), "has another shape than " + quoted(old.name) +
                                             ", expected the same compartments and channels");
    }
    systems_[fibre] = &system;
    drives_[fibre] = {};  // which know where they go and what links make of them
    part_couplings();
    fill_constants(fibre);
    share_couplings();
    find_kinds();
}

template <class Real>
CableBlock<Real> LaneSolver<Real>::block(std::size_t b, std::size_t member) noexcept {
    const LaneBlock& place = layout_.blocks[b];
    const std::size_t slot = place.first_slot * kLanes;
    const std::size_t lane = b * kLanes;
    const bool linked = !links_.empty();
    Real* const work = &work_[work_first_[b]];
    const std::size_t size = place.slots() * kLanes;
    const auto of_links = [&](Packs<Real>& array) { return linked ? &array[slot] : nullptr; };
    return {.rows = place.rows,
            .ragged = place.ragged,
            .first_row = &first_row_[lane],
            .inverse_tau_per_ms = &inverse_tau_[lane],
            .capacitance_nF = capacitance_nF_.from(place.first_slot),
            .coupling_uS = &coupling_uS_[coupling_first_[b] * kLanes],
            .v_mV = &v_mV_[slot],
            .sums = sums(member),
            .inverse_uS = work,
            .fill_uS = work + size,
            .first_mV = &first_[slot],
            .second_mV = &second_[slot],
            .stored_uS = work + 2 * size,
            .top_uS = &top_uS_[lane],
            .top_nA = &top_nA_[lane],
            .top_fill_uS = &top_fill_uS_[lane],
            .below_uS = &below_uS_[lane],
            .below_nA = &below_nA_[lane],
            .top_mV = &top_mV_[lane],
            .below_mV = &below_mV_[lane],
            .has_links = linked,
            .link_leak_uS = of_links(link_leak_),
            .link_lower_nA = of_links(link_lower_nA_),
            .link_upper_nA = of_links(link_upper_nA_),
            .link_lower_echo = of_links(link_lower_echo_),
            .link_upper_echo = of_links(link_upper_echo_),
            .link_lower_uS_ms = of_links(link_lower2_),
            .link_upper_uS_ms = of_links(link_upper2_),
            .link_across_uS_ms = of_links(link_across2_),
            .threshold_mV =
                is_watched_ ? threshold_mV_.from(place.first_slot) : PackColumn<Real>{nullptr, 0},
            .has_crossed = is_watched_ ? &has_crossed_[place.first_slot] : nullptr,
            .bend_mV = nullptr};
}

template <class Real>
LaneSums<Real> LaneSolver<Real>::sums(std::size_t member) noexcept {
    Real* const first = sums_[member].data();
    const std::size_t stride = sums_[member].size() / 4;
    return {first, first + stride, first + 2 * stride, first + 3 * stride};
}

template <class Real>
LaneRows<Real> LaneSolver<Real>::rows(Mechanism& mechanism, std::size_t b) noexcept {
    const std::size_t first = mechanism.first[b];
    std::size_t answers_first = work_first_[b] + 3 * layout_.blocks[b].slots() * kLanes;
    for (const Mechanism* before = mechanisms_.data(); before != &mechanism; ++before) {
        answers_first += answers_of(*before, b);
    }
    return {.size = mechanism.first[b + 1] - first,
            .pack = mechanism.pack.data() + mechanism.packs[b],
            .g_uS = mechanism.g_uS.from(first),
            .e_mV = mechanism.e_mV.from(first),
            .rate_factor = mechanism.rate_factor.data(),
            .gates = mechanism.gate.data() + first * mechanism.gates * kLanes,
            .answers = work_.data() + answers_first,
            .first_row = &first_row_[b * kLanes],
            .expressions = mechanism.expressions,
            .inputs = mechanism.input_columns.data(),
            .first_pack = first};
}

template <class Real>
void LaneSolver<Real>::set_step(std::size_t fibre, const LaneStep& step) noexcept {
    const double length_ms = step.length_ms > 0.0 ? step.length_ms : step.to_ms - step.from_ms;
    const double tau_ms = step.is_parked ? kParked_ms : kGamma * length_ms;
    const double gates_ms = step.is_parked ? 0.0 : step.gates_ms;
    const bool is_new = tau_ms != tau_ms_[fibre];
    if (!is_new && gates_ms == moved_ms_[fibre]) {
        return;
    }
    tau_ms_[fibre] = tau_ms;
    moved_ms_[fibre] = gates_ms;
    for (std::size_t lane = 0; lane < layout_.fibre_at.size(); ++lane) {
        if (layout_.fibre_at[lane] != kNowhere && index(layout_.fibre_at[lane]) == fibre) {
            inverse_tau_[lane] = static_cast<Real>(1.0 / tau_ms);
            gates_ms_[lane] = static_cast<Real>(gates_ms);
        }
    }
    if (is_new && !links_.empty()) {
        set_link_constants(fibre, tau_ms);
        are_links_stale_ = true;
    }
}

template <class Real>
void LaneSolver<Real>::gather(bool with_first) noexcept {
    for (const SmallRow& small : small_) {
        if (small.parent == kNowhere) {
            continue;
        }
        v_mV_[small.top + kLanes] = v_mV_[small.above];
        if (with_first) {
            first_[small.top + kLanes] = first_[small.above];
        }
        for (std::size_t place = small.above; !small.joins_single && place != small.last_below;) {
            place -= kLanes;
            v_mV_[place] = v_mV_[small.top];
        }
    }
}

template <class Real>
bool LaneSolver<Real>::step(std::span<const LaneStep> steps,
                            std::vector<LaneCrossing>& crossings) noexcept {
    is_driven_ = false;
    for (std::size_t f = 0; f < steps.size(); ++f) {
        if (!window_) {
            set_step(f, steps[f]);
        }
        evaluate_drives(f, steps[f]);
    }
    if (ions_) {
        ions_->step_ms =
            steps[0].length_ms > 0.0 ? steps[0].length_ms : steps[0].to_ms - steps[0].from_ms;
    }
    if (window_) {
        wake_driven(steps[0]);
        due_.clear();
        for (const std::uint32_t g : window_->due(steps[0].tick)) {
            due_.insert(due_.end(), group_blocks_[g].begin(), group_blocks_[g].end());
        }
        std::ranges::sort(due_);
        window_sums_.passed += layout_.blocks.size();
        open_window(steps[0].to_ms, steps[0].tick);
        take_step();
        close_window(steps[0].to_ms, steps[0].tick);
    } else {
        if (are_links_stale_) {
            gather(false);
            update_links(false);
            are_links_stale_ = false;
        }
        if (is_driven_) {
            drive_links();
        }
        take_step();
        gather(!links_.empty());
        update_links(true);
        if (is_driven_) {
            push_links();
        }
        if (ions_) {
            ions_->counts.since_ms += ions_->step_ms;
        }
    }
    see(crossings);
    return std::ranges::none_of(due_, [&](std::uint32_t b) { return seen_[b].is_unsound; });
}

/// The currents of a block. Echoes of the method without any stay as the first block leaves them.
template <class Real>
void LaneSolver<Real>::linearise(std::size_t b, const CableBlock<Real>& own, bool is_coupled,
                                 bool is_first) noexcept {
    const bool is_judged = this->is_judged();
    std::fill_n(own.sums.current_nA, (own.rows + 1) * kLanes, Real(0));
    std::fill_n(own.sums.conductance_uS, (own.rows + 1) * kLanes, Real(0));
    if (is_coupled || is_first) {
        std::fill_n(own.sums.echo_nA, (own.rows + 1) * kLanes, Real(0));
        std::fill_n(own.sums.echo_uS, (own.rows + 1) * kLanes, Real(0));
    }
    for (Mechanism& mechanism : mechanisms_) {
        const LaneRows<Real> packs = rows(mechanism, b);
        if (is_judged) {
            mechanism.kernels->linearise_to_judge(packs, own.v_mV, own.inverse_tau_per_ms,
                                                  own.sums);
        } else if (is_coupled) {
            mechanism.kernels->linearise(packs, own.v_mV, own.inverse_tau_per_ms, own.sums);
        } else {
            mechanism.kernels->relax(packs, own.v_mV, &gates_ms_[b * kLanes], own.sums);
        }
    }
}

/// Of the blocks that are due.
template <class Real>
void LaneSolver<Real>::take_step() noexcept {
    const bool is_coupled = method_ != LaneMethod::kStaggeredSdirk2;
    const bool is_judged = this->is_judged();
    team_->share(due_.size(), [&](std::size_t member, std::size_t from, std::size_t to) {
        for (std::size_t k = from; k < to; ++k) {
            const std::size_t b = due_[k];
            const CableBlock<Real> own = block(b, member);
            if (ions_) {
                linearise_and_tell(b, own);
            } else {
                linearise(b, own, is_coupled, k == from);
            }
            if (is_driven_) {
                add_drives(member, b);
            }
            if (window_) {
                add_edges(member, b);
            }
            kernels_->eliminate(own);
            if (is_driven_) {
                add_second_drives(b);
            }
            if (window_) {
                add_second_edges(b);
            }
        }
    });
    first_system();
    team_->share(due_.size(), [&](std::size_t member, std::size_t from, std::size_t to) {
        for (std::size_t k = from; k < to; ++k) {
            kernels_->second(block(due_[k], member));
        }
    });
    second_system();
    team_->share(due_.size(), [&](std::size_t member, std::size_t from, std::size_t to) {
        for (std::size_t k = from; k < to; ++k) {
            const std::size_t b = due_[k];
            CableBlock<Real> own = block(b, member);
            alignas(64) std::array<Real, kLanes> bend_mV{};
            alignas(64) std::array<Real, kLanes> gate_bend{};
            own.bend_mV = is_judged ? bend_mV.data() : nullptr;
            kernels_->finish(own);
            if (ions_) {
                book_charges(b, own);
            }
            for (Mechanism& mechanism : mechanisms_) {
                if (!is_coupled || mechanism.gates == 0) {
                    continue;
                }
                const LaneRows<Real> packs = rows(mechanism, b);
                if (is_judged) {
                    mechanism.kernels->move_and_judge(packs, own.first_mV, own.second_mV,
                                                      gate_bend.data());
                } else {
                    mechanism.kernels->move(packs, own.first_mV, own.second_mV);
                }
            }
            seen_[b] = kernels_->apply(own);
            if (is_judged) {
                bend_mV_[b] =
                    std::max(static_cast<double>(std::ranges::max(bend_mV)),
                             kGateAsMillivolts * static_cast<double>(std::ranges::max(gate_bend)));
            }
        }
    });
}

template class LaneSolver<double>;
template class LaneSolver<float>;

}  // namespace ranvier
