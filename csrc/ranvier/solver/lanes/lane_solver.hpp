// Steps some fibres through time in lanes: the fast form of rosenbrock2 and staggered_sdirk2.
//
// One fibre may fill many lanes, or each lane hold a fibre of its own: what a lane is follows from
// the layout alone. Each fibre has its own clock, so that one can be shortening its steps after a
// jump of its stimulus, or start anew, while its neighbours go on.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "ranvier/drive/drive.hpp"
#include "ranvier/lanes/isa.hpp"
#include "ranvier/recording/bend.hpp"
#include "ranvier/recording/probe.hpp"
#include "ranvier/solver/lane_method.hpp"
#include "ranvier/solver/lanes/cable_kernels.hpp"
#include "ranvier/solver/lanes/lane_ions.hpp"
#include "ranvier/solver/lanes/layout.hpp"
#include "ranvier/solver/lanes/link_modes.hpp"
#include "ranvier/solver/lanes/packs.hpp"
#include "ranvier/solver/lanes/team.hpp"
#include "ranvier/solver/lanes/window.hpp"
#include "ranvier/solver/state.hpp"
#include "ranvier/solver/system.hpp"

namespace ranvier {

/// Of kWindowed: the error per step that lets a block take longer ones, and the step.
struct WindowChoice {
    double tolerance_mV = 0.0;
    double dt_ms = 0.0;
};

template <class Real>
class LaneSolver {
public:
    /// Throws ModelError if a fibre cannot go through lanes, or if the fibres differ in what has to
    /// be equal: the mechanisms in their order, and the temperature.
    LaneSolver(std::vector<const System*> fibres, std::size_t most_rows, LaneMethod method, Isa isa,
               int threads, const WindowChoice& window = {});

    /// Pinned: its threads refer to it.
    LaneSolver(const LaneSolver&) = delete;
    LaneSolver& operator=(const LaneSolver&) = delete;

    /// Puts another fibre of the same shape in the place of one. Throws ModelError if it differs.
    void replace(std::size_t fibre, const System& system);

    /// Takes over the potentials and gates of `state`. One that is at rest without drives need not
    /// be solved, in a window, where nothing has come to it.
    void load(std::size_t fibre, const State& state, bool is_at_rest = false);

    /// Writes potentials and gates into `state`, and what follows from them.
    void store(std::size_t fibre, State& state) const;

    /// A copy of the potentials, gates and modes of all fibres, and to stand there again.
    void keep_copy();
    void go_back();
    void forget_copy() noexcept;

    /// Looks for spikes where these detectors say. To be called before load().
    void watch(std::size_t fibre, std::span<const Detector> detectors);

    void set_drives(std::size_t fibre, std::span<const Drive> drives);

    /// One step of every fibre. False if a potential is no longer finite or beyond the limit.
    bool step(std::span<const LaneStep> steps, std::vector<LaneCrossing>& crossings) noexcept;

    /// Whether all potentials of one fibre are finite and within the limit.
    bool is_sound(std::size_t fibre) const noexcept;

    /// Whether that one is also under its sheaths, and all rows and gates of all fibres are.
    bool is_sound_throughout(std::size_t fibre) const noexcept;

    double v_mV(std::size_t fibre, std::size_t compartment) const noexcept;
    double potential_mV(std::size_t fibre, std::size_t layer,
                        std::size_t compartment) const noexcept;
    double gate(std::size_t fibre, std::size_t mechanism, std::size_t gate,
                std::size_t row) const noexcept;
    /// Of a row that is at the present: one where a drive changes.
    void set_gate(std::size_t fibre, std::size_t mechanism, std::size_t gate, std::size_t row,
                  double value) noexcept;
    /// Says which membrane potentials will be asked for often.
    void set_probes(std::size_t fibre, std::span<const Probe> probes);
    /// The membrane potentials of all compartments of one of those probes.
    void read_v_mV(std::size_t fibre, std::size_t probe, double* to) const noexcept;

    /// Of a window: the part of the block steps that was taken, and the largest error estimate
    /// among steps that were longer than one.
    double share_solved() const noexcept;
    double worst_mV() const noexcept { return window_sums_.worst_mV; }

    /// Brings every block up to the present, from where each steps every time, and the charges that
    /// wait for concentrations: what goes on from there is the same as from a state that is loaded.
    /// Adds the crossings that this shows.
    void settle(std::vector<LaneCrossing>& crossings);

    /// As store(), without leaving a trace in a window.
    void store_present(std::size_t fibre, State& state);

    /// Where ions accumulate: tells mechanisms of concentrations in the middle of the `between_ms`
    /// that lie between two moves of theirs. Before every step; does it where it is due.
    void show_ions(const State& state, double between_ms) noexcept;
    /// Moves the concentrations of `state` by what has passed since this was called last.
    void move_ions(State& state) noexcept;
    /// Null where none accumulates.
    IonSteps* ion_steps() const noexcept { return ions_ ? &ions_->steps : nullptr; }

    /// As asked for; a short fibre is not worth more than one.
    int threads() const noexcept { return threads_; }
    Isa isa() const noexcept { return isa_; }

    /// Bytes that the solver holds, apart from the discretisations.
    std::size_t bytes() const noexcept;

private:
    struct Mechanism {
        const LaneKernels<Real>* kernels;
        std::size_t gates;
        std::vector<double> rate_factor;
        std::vector<std::int32_t> pack;    // places of lane 0, counted from a block, for [k] of it
        std::vector<std::uint32_t> packs;  // [block]: its first of them; equal blocks share them
        std::vector<std::uint32_t> first;  // [block]: its first k
        std::vector<std::int32_t> k_at;    // [slot]: its k, or kNowhere
        PackArray<Real> g_uS;              // or nA per mA/cm2, where it is written as expressions
        PackArray<Real> e_mV;
        std::vector<PackArray<Real>> inputs;  // of those
        std::vector<PackColumn<Real>> input_columns;
        const Expressions* expressions;
        /// Numbers per gate and row between the passes of a step.
        std::size_t answers;
        Packs<Real> gate;
    };
    struct Link {
        std::size_t k;  // its pack
        std::size_t lane;
        bool joins_runs;  // its upper end is the distal end of another run, of two rows or more
        std::shared_ptr<const LinkModes> modes;
    };
    /// A drive of a fibre on one row or one link.
    struct RowTerm {
        std::size_t block;
        std::size_t place;
        std::size_t drive;
        double weight_nA;
    };
    struct LinkTerm {
        std::size_t link;
        std::size_t drive;
        std::vector<double> weight;  // per mode
    };
    struct RowWatch {
        std::size_t place;
        LaneCrossing crossing;
        double threshold_mV;
        double before_mV;
    };
    struct LinkWatch {
        std::size_t link;
        std::size_t compartment;  // which of the link's
        LaneCrossing crossing;
        double threshold_mV;
        double before_mV;
    };
    /// Sums over the modes of a link, at one step: of b b D and of b b D^2 (see
    /// set_link_constants()).
    struct LinkSums {
        double lower = 0.0, upper = 0.0, across = 0.0;
        double lower2 = 0.0, upper2 = 0.0, across2 = 0.0;
    };
    /// What a step of one length takes from the modes of a link, kept for when that length comes
    /// again: steps are cut alike after every jump.
    struct LinkStep {
        double tau_ms;
        std::vector<double> of_mode;  // [mode][as link_constants_ has them]
        LinkSums sums;
    };
    struct LinkSteps {
        std::vector<LinkStep> known;
        std::size_t oldest = 0;
    };
    /// One side of an edge, in the step that is being taken.
    struct EdgeEnd {
        std::size_t block;
        std::size_t place;  // of its row
        bool is_due = false;
        double at_ms = 0.0;
        double before_mV = 0.0;
        /// How much further it is at the time of each stage of the flux than by its own stage, or
        /// than it was, where it is not due.
        std::array<double, 2> beyond_mV{};
        double share = 1.0;             // of its step, in which this flux flows
        double nA = 0.0;                // into it in both stages, beside the flux
        double later_nA = 0.0;          // and more in the second
        double link_leak_uS = 0.0;      // of its row, from links within its block
        std::array<double, 2> at_mV{};  // both stages, once they are known
    };
    /// Where a run goes on in one of another block, which may stand at another time.
    struct Edge {
        std::size_t run;  // of the child
        EdgeEnd child;
        EdgeEnd parent;
        double coupling_uS;  // along the axoplasm, or through the link in this step
        /// What has flowed in the steps of the one that is ahead, into the one that is behind:
        /// still to be given to it.
        double pending_nA_ms = 0.0;
        double from_ms = 0.0;    // since when the flux is one
        double common_ms = 0.0;  // and for how long
        bool is_mixed = false;   // the two do not step alike
        // Where a link is in between: its own modes, which go with the one that is ahead.
        std::int32_t link = kNowhere;
        std::vector<double> modes, modes_before;
        LinkSums sums;
        std::vector<double> inverse_d;  // 1/(1/tau + rate) per mode, for a step of:
        double inverse_d_ms = 0.0;
        // Into the rows, from the modes as they are, and their echo in the second stage.
        double lower_nA = 0.0, upper_nA = 0.0, lower_echo = 0.0, upper_echo = 0.0;
    };
    /// The constants of links for one length of step.
    struct LinkTable {
        double length_ms;
        Packs<Real> constants;
        std::vector<LinkSums> sums;  // by distinct modes
    };
    /// The places of a probe's columns: rows, and under sheaths as LinkReads has them.
    struct ProbePlaces {
        struct Row {
            std::size_t place;
            std::size_t column;
        };
        struct UnderSheath {
            std::size_t link;
            std::size_t compartment;  // which of the link's
            std::size_t column;
        };
        std::vector<Row> rows;
        std::vector<UnderSheath> sheathed;  // in a window, each by itself
        std::vector<std::uint32_t> pack;
        std::vector<std::uint32_t> basis;
        std::vector<std::uint32_t> last;
        std::vector<std::uint8_t> lane;
        std::vector<std::uint32_t> column;
        Packs<Real> of_mode;
    };
    /// What a step of one length makes of the terms of links, for a drive of 1: kept as LinkStep
    /// is.
    struct DrivenStep {
        struct Sums {
            double lower = 0.0, upper = 0.0;    // b D w
            double lower2 = 0.0, upper2 = 0.0;  // k s b D^2 w
        };
        double tau_ms;
        std::vector<Sums> sums;      // per term
        std::vector<double> decays;  // per term and mode: D w, k s D^2 w
    };
    struct FibreDrives {
        std::vector<Drive> drives;
        std::vector<RowTerm> rows;
        std::vector<LinkTerm> links;
        std::vector<DrivenStep> steps;
        std::vector<double> first;  // per drive: its value in the first stage of this step
        std::vector<double> second;
        // Per drive: before and after these it is off. Of a train of many pulses few are on.
        std::vector<double> starts_ms;
        std::vector<double> ends_ms;
        bool is_on = false;
    };

    void place_mechanisms();
    void make_room();
    void share_work();
    void fill_constants(std::size_t fibre);
    // Of ions that accumulate, where there are some: lane_ions.cpp.
    void set_up_ions();
    bool place_live_columns(std::size_t m);
    void set_up_live_links();
    LiveLinks<Real> live_links() const noexcept;
    void find_lines(bool all) noexcept;
    void begin_ions(const State& state) noexcept;
    void empty_counts() noexcept;
    void settle_ions();
    void show_watched_rest() noexcept;
    void read_modes(const Real* modes, double* to) const noexcept;
    std::size_t number_of(const Mechanism& mechanism) const noexcept {
        return static_cast<std::size_t>(&mechanism - mechanisms_.data());
    }
    void linearise_and_tell(std::size_t b, const CableBlock<Real>& block) noexcept;
    LaneSums<Real> own_sums(const Mechanism& mechanism, std::size_t b) noexcept;
    OwnSums<Real> with_charge(const Mechanism& mechanism, std::size_t b) noexcept;

    void book_charges(std::size_t b, const CableBlock<Real>& block) noexcept;
    void book_driven(const LinkTerm& term) noexcept;
    void put_waiting(std::vector<std::vector<double>>& waiting_pC) const noexcept;
    void find_mean_potentials() const noexcept;
    void unshift(Real* state, const std::uint8_t* half, std::size_t halves) const noexcept;
    const Real* shifted_modes() const noexcept;
    double shift_mV(std::size_t link, std::size_t unknown) const noexcept;
    std::size_t ion_bytes() const noexcept;
    void part_couplings();
    void share_couplings();
    void place_links();
    void find_kinds();
    void set_step(std::size_t fibre, const LaneStep& step) noexcept;
    void set_link_constants(std::size_t fibre, double tau_ms) noexcept;
    void evaluate_drives(std::size_t fibre, const LaneStep& step) noexcept;
    void add_drives(std::size_t member, std::size_t b) noexcept;
    void add_second_drives(std::size_t b) noexcept;
    void wake_driven(const LaneStep& step);
    std::vector<std::uint32_t> blocks_within_reach(const std::vector<std::uint32_t>& driven) const;
    void open_window(double to_ms, std::int64_t tick) noexcept;
    void close_window(double to_ms, std::int64_t tick) noexcept;
    void restart_window(double t_ms, std::int64_t tick);
    void rest_window();
    void shut_window();
    void linearise(std::size_t b, const CableBlock<Real>& own, bool is_coupled,
                   bool is_first) noexcept;
    void take_step() noexcept;
    void meet(Edge& edge, double to_ms, std::int64_t tick) noexcept;
    void meet_through_link(Edge& edge) noexcept;
    void show_edge(Edge& edge) noexcept;
    void add_edges(std::size_t member, std::size_t b) noexcept;
    void add_second_edges(std::size_t b) noexcept;
    void settle_edge(Edge& edge) noexcept;
    void move_edge_link(Edge& edge) noexcept;
    void set_up_window();
    void set_up_window_links();
    void fill_link_constants(std::size_t fibre, double tau_ms, Packs<Real>& constants) noexcept;
    static LinkSums sums_of(const LinkModes& modes, double tau_ms) noexcept;
    bool exchange_link_constants(double tau_ms) noexcept;
    const LinkStep& link_step(const LinkModes& modes, double tau_ms);
    void set_link_rows(std::size_t link, const LinkSums& sums) noexcept;
    LinkPacks<Real> link_packs(std::size_t from, std::size_t to, const Real* constants) noexcept;
    const LinkTable& table_of(double length_ms);
    void set_block_links(std::size_t b);
    void step_block_links(std::size_t b, bool moves) noexcept;
    void show_link(const Edge& edge) noexcept;
    void take_up_links();
    struct SmallRow;
    void gather_link(const SmallRow& small) noexcept;
    void show_neighbours(const SmallRow& small, double above_mV, double below_mV, bool to_child,
                         bool to_parent) noexcept;
    void join_runs() noexcept;
    void catch_up() noexcept;
    void keep_window();
    void save_block(std::uint32_t b);
    void bring_window_back();
    bool is_window_sound() const noexcept;
    template <class Visitor>
    void visit_block(std::size_t b, const Visitor& visit);
    double link_ms(std::size_t link) const noexcept;
    double settled_mV(const LinkWatch& watch) const noexcept;
    double link_drift_mV(std::size_t link, std::size_t unknown) const noexcept;
    double share_of_whole(double share, double step_ms) const noexcept;
    double slope_mV_per_ms(std::size_t b, std::size_t place) const noexcept;
    double drift_mV(std::size_t place) const noexcept;
    double drifted_gate(std::size_t mechanism, std::size_t gate, std::size_t row,
                        double x) const noexcept;
    bool is_due(std::size_t b) const noexcept { return due_stamp_[b] == stamp_; }
    bool has_due_parent(std::size_t j) const noexcept {
        const std::int32_t parent = small_[j].parent;
        return parent != kNowhere && is_due(small_[static_cast<std::size_t>(parent)].lane / kLanes);
    }
    bool is_mixed(std::size_t j) const noexcept {
        return window_ && edge_of_run_[j] != kNowhere &&
               edges_[static_cast<std::size_t>(edge_of_run_[j])].is_mixed;
    }
    void join_mixed(const Edge& edge) noexcept;
    std::size_t block_of(std::size_t place) const noexcept;
    double coupling_uS(std::size_t b, std::size_t place) const noexcept {
        const std::size_t first = (coupling_first_[b] - layout_.blocks[b].first_slot) * kLanes;
        return static_cast<double>(coupling_uS_[first + place]);
    }
    const DrivenStep& driven_step(std::size_t fibre);
    void drive_links() noexcept;
    void gather(bool with_first) noexcept;
    void gather_links() noexcept;
    void first_system() noexcept;
    void second_system() noexcept;
    void solve_system(bool factors) noexcept;
    void update_links(bool moves) noexcept;
    void push_links() noexcept;
    void fill_watched_basis();
    void keep_modes_before();
    void watch_links() noexcept;
    void look_at_all_links() noexcept;
    void see_links(std::vector<LaneCrossing>& crossings);
    ProbePlaces places_of(std::size_t fibre, const Probe& probe) const;
    void read_places(const ProbePlaces& places, const Real* modes, std::size_t halves,
                     const std::uint8_t* half, double* to) const noexcept;
    void note_link(LaneCrossing crossing, double threshold_mV, double before_mV, double after_mV,
                   std::size_t link, std::size_t compartment,
                   std::vector<LaneCrossing>& crossings) const;
    Bend link_bend(std::size_t link, std::size_t compartment) const noexcept;
    void see(std::vector<LaneCrossing>& crossings);
    void note(LaneCrossing crossing, double threshold_mV, std::size_t place, double before_mV,
              std::vector<LaneCrossing>& crossings) const;
    void clear(std::size_t fibre);
    void look_anew();
    Bend bend_at(std::size_t place) const noexcept;
    double link_potential(std::size_t link, std::size_t unknown) const noexcept;
    /// Where the first mode of a link is; its others follow at every kLanes-th place.
    std::size_t modes_at(const Link& link) const noexcept {
        return (link.k * link_halves_ + link_half_[link.k]) * link_modes_ * kLanes + link.lane;
    }
    std::size_t modes_before_at(const Link& link) const noexcept {
        const std::size_t half = link_halves_ - 1 - link_half_[link.k];
        return (link.k * link_halves_ + half) * link_modes_ * kLanes + link.lane;
    }
    /// Which of its link's compartments one is.
    std::size_t place_in_link(std::size_t link, std::size_t compartment) const noexcept;
    std::size_t gate_place(std::size_t fibre, std::size_t m, std::size_t gate,
                           std::size_t row) const noexcept;
    CableBlock<Real> block(std::size_t b, std::size_t member) noexcept;
    LaneSums<Real> sums(std::size_t member) noexcept;
    LaneRows<Real> rows(Mechanism& mechanism, std::size_t b) noexcept;
    bool is_judged() const noexcept { return window_choice_.tolerance_mV > 0.0; }
    std::size_t answers_of(const Mechanism& mechanism, std::size_t b) const noexcept {
        const std::size_t packs = mechanism.first[b + 1] - mechanism.first[b];
        return packs * mechanism.gates * mechanism.answers * kLanes;
    }
    std::size_t rows_of_run(std::int32_t run) const noexcept {
        return index(layout_.runs[index(run)].rows);
    }

    std::vector<const System*> systems_;
    LaneMethod method_;
    Isa isa_;
    int threads_;
    LaneLayout layout_;
    const CableKernels<Real>* kernels_;

    // By slot.
    PackArray<Real> capacitance_nF_;
    Packs<Real> coupling_uS_;  // to the slot below, along the axoplasm or through a link
    std::vector<std::uint32_t> coupling_first_;  // [block]: its first slot of these
    Packs<Real> v_mV_;
    Packs<Real> first_;
    Packs<Real> second_;
    /// What blocks need between the passes of a step, of those that are due alone: the elimination,
    /// three numbers per row, and the answers of gates.
    Packs<Real> work_;
    std::vector<std::size_t> work_first_;  // [block]
    /// Of the first detector of each fibre, infinite where it does not watch.
    PackArray<Real> threshold_mV_;
    std::vector<std::uint8_t> has_crossed_;
    bool is_watched_ = false;

    // By block and lane.
    Packs<Real> first_row_;
    Packs<Real> inverse_tau_;
    Packs<Real> gates_ms_;
    Packs<Real> top_uS_, top_nA_, top_fill_uS_, below_uS_, below_nA_, top_mV_, below_mV_;
    std::vector<Seen> seen_;  // per block

    // The small system, by run.
    struct SmallRow {
        std::int32_t parent;  // or kNowhere
        bool joins_single;    // the parent is one row, whose lane knows nothing of this run
        std::uint32_t lane;   // block * kLanes + lane
        std::uint32_t top;
        std::uint32_t above;
        std::uint32_t last_below;  // the lowest slot of the parent's lane, which repeats this top
    };
    std::vector<SmallRow> small_;
    std::vector<double> pivot_, current_nA_, side_nA_, later_nA_;
    std::vector<double> joint_uS_, back_uS_;  // of the parent to this run, and of it to the parent

    // What takes part in a step: everything, unless there is a window.
    std::vector<std::uint32_t> due_, due_runs_;  // ascending
    std::vector<std::uint32_t> due_stamp_;       // [block]
    std::uint32_t stamp_ = 0;
    WindowChoice window_choice_;
    std::optional<Window> window_;
    double now_ms_ = 0.0;
    std::int64_t now_tick_ = 0;
    std::vector<double> at_ms_;          // [block]: how far it has come
    std::vector<std::int64_t> at_tick_;  // [block]: as a number of steps, negative between two
    std::vector<double> block_ms_;       // [block]: its last step
    std::vector<double> next_ms_;        // [block]: the step that is being taken, where it is due
    double before_ms_ = 0.0;             // where the step began
    std::vector<Edge> edges_;
    std::vector<std::uint32_t> met_;         // those of blocks that are due
    std::vector<std::int32_t> edge_of_run_;  // or kNowhere
    std::vector<std::vector<std::uint32_t>> block_edges_;
    std::vector<std::vector<std::uint32_t>> drive_blocks_;  // [drive]
    std::vector<double> bend_mV_;                           // [block]: see CableBlock, gates too
    // Blocks that step together, which is what the window counts.
    std::vector<std::uint32_t> group_of_;                   // [block]
    std::vector<std::vector<std::uint32_t>> group_blocks_;  // [group]
    std::vector<double> group_error_mV_;                    // [group], work
    std::vector<std::uint32_t> due_groups_;
    struct WindowSums {
        double worst_mV = 0.0;
        std::uint64_t solved = 0;  // steps of blocks
        std::uint64_t passed = 0;  // as many as there would be without a window
    };
    WindowSums window_sums_;

    // Of a window over links.
    std::vector<std::uint32_t> pack_first_;                // [block]: its first pack of links
    std::vector<std::vector<std::uint32_t>> block_links_;  // those within it
    std::vector<std::uint32_t> modes_of_link_;             // [link]: which of these
    std::vector<const LinkModes*> distinct_modes_;
    std::vector<LinkTable> tables_;
    std::vector<double> set_ms_;  // [block]: what its constants are for, 0 where they are to be set
    std::vector<std::int32_t> edge_of_link_;  // or kNowhere

    /// What blocks were when the copy was made that go_back() goes back to: each as it was before
    /// its first step since.
    struct SavedBlock {
        std::uint32_t block;
        double at_ms;
        std::int64_t at_tick;
        double block_ms;
    };
    struct SavedEdge {
        double pending_nA_ms;
        double common_ms;
        std::vector<double> modes, modes_before;
    };
    struct SavedWindow {
        bool is_kept = false;
        double now_ms, before_ms;
        std::int64_t now_tick;
        WindowSums sums;
        std::vector<std::int8_t> level;
        std::vector<SavedBlock> blocks;
        Packs<Real> values;
        std::vector<SavedEdge> edges;      // of each, in turn
        std::vector<std::uint8_t> halves;  // the same, of their packs of links
    };
    SavedWindow saved_;
    std::vector<std::uint8_t> is_saved_;  // [block]

    std::vector<Mechanism> mechanisms_;
    struct Copy {
        Packs<Real> v_mV;
        std::vector<Packs<Real>> gate;  // per mechanism
        Packs<Real> link_state;
        std::vector<std::uint8_t> link_half;
    };
    Copy copy_;
    std::vector<FibreDrives> drives_;
    bool is_driven_ = false;             // some drive is on in this step
    std::vector<double> tau_ms_;         // per fibre, of the constants as they are
    std::vector<double> moved_ms_;       // per fibre, as gates_ms_ has it
    std::vector<RowWatch> row_watch_;    // of all further detectors
    std::vector<LinkWatch> link_watch_;  // the same
    /// Of links, for the first detector: see WatchedLinks.
    bool are_links_watched_ = false;
    PackArray<Real> link_threshold_mV_;
    Packs<Real> link_basis_, link_basis_rest_, link_reach_;
    Packs<Real> link_moved_mV_, link_limit_mV_, link_own_limit_mV_, link_rounding_mV_;
    std::vector<std::uint8_t> link_is_worn_, link_is_below_, link_has_crossed_, link_has_any_;
    std::vector<std::vector<ProbePlaces>> probes_;  // per fibre

    // Links, in the order of the layout, and their packs by slot.
    std::vector<Link> links_;
    std::size_t link_modes_ = 0;
    std::size_t link_even_ = 0;
    bool are_mirrored_ = true;
    bool are_links_stale_ = true;  // their sums are of other constants, or of other modes
    std::vector<std::int32_t> link_slot_, link_kind_;
    std::vector<std::array<std::int32_t, kLanes>> link_in_;  // of each pack, or kNowhere
    std::size_t link_halves_ = 1;  // 2 where the modes before the step are kept, for crossings
    std::vector<std::uint8_t> link_half_;
    std::vector<std::array<std::int32_t, kLanes>> kinds_;  // one link of each lane, or kNowhere
    std::map<const LinkModes*, LinkSteps> link_steps_;
    struct PutAway {
        double tau_ms;
        Packs<Real> constants;
    };
    std::vector<PutAway> put_away_;  // as link_constants_ were
    double constants_tau_ms_ = 0.0;  // of link_constants_ as they are, 0 where they are to be found
    Packs<Real> link_state_, link_constants_, link_rest_;
    Packs<Real> link_leak_, link_lower_nA_, link_upper_nA_, link_lower_echo_, link_upper_echo_;
    Packs<Real> link_lower2_, link_upper2_, link_across2_;

    std::unique_ptr<LaneIons<Real>> ions_;  // null where none accumulates
    ProbePlaces ion_places_;                // then those of all compartments

    std::optional<Team> team_;
    std::vector<Packs<Real>> sums_;  // per thread: of one block
};

}  // namespace ranvier
