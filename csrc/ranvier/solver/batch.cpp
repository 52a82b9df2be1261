#include "ranvier/solver/batch.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <tuple>
#include <utility>

#include "ranvier/base/error.hpp"
#include "ranvier/mechanisms/expression/program.hpp"
#include "ranvier/solver/lanes/lane_stepper.hpp"
#include "ranvier/solver/lanes/layout.hpp"
#include "ranvier/solver/lanes/link_modes.hpp"
#include "ranvier/solver/simulation.hpp"

namespace ranvier {
namespace {

/// Fibres of one solver: one per lane, so that the eight lanes of a block hold the same place of
/// eight fibres.
constexpr std::size_t kFibresAtOnce = kLanes;
/// Rows of a run, so that a block stays in the first-level cache.
constexpr std::size_t kMostRows = 32;
constexpr std::size_t kMostThreads = 1024;

/// What has to be equal for fibres to share a solver, as bytes.
std::string shape_of(const std::shared_ptr<const Discretisation>& discretisation) {
    const Discretisation& d = *discretisation;
    std::string shape;
    const auto add = [&](const auto& values) {
        const std::size_t size = values.size();
        shape.append(reinterpret_cast<const char*>(&size), sizeof size);
        shape.append(reinterpret_cast<const char*>(values.data()), size * sizeof(*values.data()));
    };
    add(d.compartments.parent);
    for (const auto& layer : d.layers) {
        add(layer.is_unknown);
    }
    for (const auto& table : d.mechanisms) {
        add(table.name);
        if (table.custom != nullptr) {
            add(table.custom->expressions->source);
        }
        add(table.compartment);
    }
    shape.append(reinterpret_cast<const char*>(&d.temperature_degC), sizeof d.temperature_degC);
    if (!d.layers.empty()) {
        // Lanes take another way where all internodes are mirrored, to the same but for rounding;
        // a fibre must not depend on who is beside it even in that.
        const System system(discretisation);
        const Discretisation* const own[] = {&d};
        const LaneLayout layout = lay_out(own, kMostRows);
        shape += are_all_mirrored(system, layout.links) ? 'm' : 'n';
    }
    return shape;
}

/// Runs that wait for a lane.
struct Queue {
    std::vector<std::size_t> run;
    std::atomic<std::size_t> next = 0;
    bool is_in_lanes = false;

    std::optional<std::size_t> take() {
        const std::size_t at = next.fetch_add(1);
        return at < run.size() ? std::optional(run[at]) : std::nullopt;
    }
};

class Batch {
public:
    Batch(const std::vector<BatchRun>& runs, const MethodChoice& choice, const Execution& execution,
          const AfterRun& after)
        : runs_(runs),
          choice_(choice),
          execution_(execution),
          after_(after),
          outcomes_(runs.size()),
          starts_(runs.size()) {
        for (const BatchRun& run : runs) {
            t_stop_ms_.push_back(run.t_stop_ms);
        }
        dt_ms_ = resolve(choice, &entry_).front();
        isa_ = chosen_isa();
        std::map<std::string, std::size_t> queue_of;
        std::map<const Discretisation*, std::string> known;
        for (std::size_t k = 0; k < runs.size(); ++k) {
            const auto& discretisation = runs[k].discretisation;
            const auto [own, is_first] = known.try_emplace(discretisation.get());
            if (is_first) {
                check(*discretisation);
                const bool fits =
                    !runs[k].is_alone && goes_side_by_side(*discretisation, choice, execution);
                own->second = fits ? shape_of(discretisation) : "";
            }
            const std::string& key = own->second;
            const auto [at, is_new] = queue_of.try_emplace(key, queues_.size());
            if (is_new) {
                queues_.push_back(std::make_unique<Queue>());
                queues_.back()->is_in_lanes = !key.empty();
            }
            queues_[at->second]->run.push_back(k);
        }
    }

    std::vector<BatchOutcome> run(const std::function<bool(double)>& is_interrupted) {
        std::vector<std::thread> helpers;
        const int most = static_cast<int>(std::min<std::size_t>(runs_.size(), kMostThreads));
        const int members = std::clamp(execution_.threads, 1, std::max(1, most));
        std::atomic<int> busy = 0;
        for (int member = 0; member < members; ++member) {
            busy.fetch_add(1);
            const auto work_along = [&] {
                try {
                    work();
                } catch (...) {
                    const std::lock_guard lock(failing_);
                    failure_ = std::current_exception();
                    is_over_.store(true);
                }
                {
                    const std::lock_guard lock(waiting_);
                    busy.fetch_sub(1);
                }
                one_is_done_.notify_one();
            };
            try {
                helpers.emplace_back(work_along);
            } catch (const std::system_error&) {
                // As many as there are will do; without any, this one does it all.
                busy.fetch_sub(1);
                if (helpers.empty()) {
                    work();
                }
                break;
            }
        }
        while (busy.load() > 0) {
            const auto share = static_cast<double>(done_.load()) /
                               static_cast<double>(std::max<std::size_t>(1, runs_.size()));
            try {
                if (!is_over_.load() && is_interrupted(share)) {
                    is_over_.store(true);
                }
            } catch (...) {
                const std::lock_guard lock(failing_);
                failure_ = std::current_exception();
                is_over_.store(true);
            }
            constexpr std::chrono::milliseconds kBetweenLooks(20);
            std::unique_lock lock(waiting_);
            one_is_done_.wait_for(lock, kBetweenLooks, [&] { return busy.load() == 0; });
        }
        for (auto& helper : helpers) {
            helper.join();
        }
        if (failure_) {
            std::rethrow_exception(failure_);
        }
        return std::move(outcomes_);
    }

private:
    /// One run in its lane.
    struct Guest {
        std::size_t run = 0;
        std::unique_ptr<Simulation> simulation;
    };

    void work() {
        for (auto& queue : queues_) {
            if (!queue->is_in_lanes) {
                while (const auto run = is_over_.load() ? std::nullopt : queue->take()) {
                    run_alone(*run);
                }
            } else if (execution_.precision == Precision::kSingle) {
                run_in_lanes<float>(*queue);
            } else {
                run_in_lanes<double>(*queue);
            }
        }
    }

    void run_alone(std::size_t k) {
        const BatchRun& run = runs_[k];
        std::unique_ptr<Simulation> simulation;
        guarded(k, [&] {
            simulation = std::make_unique<Simulation>(
                run.discretisation, choice_, driven(k, run.drive_factor), run.probes, run.detectors,
                Execution{execution_.solver, execution_.precision, 1}, std::vector<PeakMap>{},
                run.trains);
            initialise(*simulation, k);
        });
        if (simulation) {
            do {
                guarded(k, [&] { run_to_its_end(*simulation, k); });
                collect(*simulation, k);
            } while (goes_on(*simulation, k));
        }
        done_.fetch_add(1);
    }

    void run_to_its_end(Simulation& simulation, std::size_t k) {
        const BatchRun& run = runs_[k];
        BatchOutcome& outcome = outcomes_[k];
        if (outcome.status != BatchStatus::kNotRun) {
            return;  // it never began
        }
        outcome.status = BatchStatus::kCompleted;
        while (!simulation.has_arrived(t_stop_ms_[k])) {
            if (is_over_.load()) {
                outcome.status = BatchStatus::kNotRun;
                break;
            }
            // Few of a large model, which Ctrl-C would have to wait for.
            constexpr std::size_t kCompartmentSteps = 1'000'000;
            const std::size_t steps = kCompartmentSteps / run.discretisation->compartments.size();
            simulation.advance(static_cast<std::int64_t>(std::clamp<std::size_t>(steps, 1, 256)),
                               t_stop_ms_[k], run.stops_at_detector);
            if (simulation.has_seen(run.stops_at_detector)) {
                outcome.status = BatchStatus::kStopped;
                break;
            }
        }
    }

    template <class Real>
    void run_in_lanes(Queue& queue) {
        while (!is_over_.load() && queue.next.load() < queue.run.size()) {
            auto home = std::make_shared<LaneHome<Real>>();
            std::vector<Guest> guests;
            std::vector<const System*> systems;
            while (guests.size() < kFibresAtOnce) {
                auto guest = invite(queue, home, guests.size());
                if (!guest.simulation) {
                    break;
                }
                systems.push_back(&guest.simulation->system());
                guests.push_back(std::move(guest));
            }
            if (guests.empty()) {
                return;
            }
            home->solver =
                std::make_unique<LaneSolver<Real>>(systems, kMostRows, *entry_->in_lanes, isa_, 1);
            for (Guest& guest : guests) {
                start(guest);
            }
            keep_stepping(queue, home, guests);
        }
    }

    /// Until all lanes are empty and nobody waits for one.
    template <class Real>
    void keep_stepping(Queue& queue, const std::shared_ptr<LaneHome<Real>>& home,
                       std::vector<Guest>& guests) {
        // What a lane's solver refers to stays until another takes its place.
        std::vector<std::unique_ptr<Simulation>> last(guests.size());
        std::vector<LaneStep> steps(guests.size());
        std::vector<LaneCrossing> crossings;
        while (!is_over_.load()) {
            bool is_any_left = false;
            for (std::size_t lane = 0; lane < guests.size(); ++lane) {
                Guest& guest = guests[lane];
                while (guest.simulation && is_finished(guest)) {
                    leave(guest);
                    if (goes_on(*guest.simulation, guest.run)) {
                        continue;
                    }
                    done_.fetch_add(1);
                    last[lane] = std::move(guest.simulation);
                    guest = invite(queue, home, lane);
                    if (guest.simulation) {
                        home->solver->replace(lane, guest.simulation->system());
                        start(guest);
                    }
                }
                steps[lane].is_parked = !guest.simulation;
                if (guest.simulation) {
                    steps[lane] = guest.simulation->begin_step();
                    is_any_left = true;
                }
            }
            if (!is_any_left) {
                return;
            }
            crossings.clear();
            const bool is_sound = home->solver->step(steps, crossings);
            for (std::size_t lane = 0; lane < guests.size(); ++lane) {
                const auto own = std::ranges::equal_range(
                    crossings, static_cast<std::int32_t>(lane), {}, &LaneCrossing::fibre);
                Guest& guest = guests[lane];
                if (guest.simulation && outcomes_[guest.run].status == BatchStatus::kNotRun) {
                    guarded(guest.run, [&] {
                        guest.simulation->end_step(steps[lane], {own.begin(), own.end()},
                                                   is_sound || home->solver->is_sound(lane));
                    });
                }
            }
        }
        for (Guest& guest : guests) {
            if (guest.simulation) {
                collect(*guest.simulation, guest.run);
            }
        }
    }

    /// A run that waits, with everything but a state; none if nobody waits.
    template <class Real>
    Guest invite(Queue& queue, const std::shared_ptr<LaneHome<Real>>& home, std::size_t lane) {
        while (const auto k = queue.take()) {
            const BatchRun& run = runs_[*k];
            Guest guest{*k, nullptr};
            guarded(*k, [&] {
                guest.simulation = std::make_unique<Simulation>(
                    run.discretisation, choice_,
                    [&](const System&) {
                        return make_lane_guest(home, lane, *entry_->in_lanes, dt_ms_);
                    },
                    driven(*k, run.drive_factor), run.probes, run.detectors, std::vector<PeakMap>{},
                    run.trains);
            });
            if (guest.simulation) {
                return guest;
            }
            done_.fetch_add(1);
        }
        return {};
    }

    void start(Guest& guest) {
        guarded(guest.run, [&] { initialise(*guest.simulation, guest.run); });
    }

    void initialise(Simulation& simulation, std::size_t k) {
        const BatchRun& run = runs_[k];
        if (!after_) {
            begin(simulation, run);
            return;
        }
        // A fibre that is searched in several lanes has one resting state.
        const StartKey key{run.discretisation.get(), run.v_init_mV, run.v_rest_guess_mV};
        {
            const std::lock_guard lock(starting_);
            if (const auto known = known_starts_.find(key); known != known_starts_.end()) {
                starts_[k] = known->second;
            }
        }
        if (starts_[k]) {
            simulation.start_from(starts_[k]->state, starts_[k]->is_at_rest,
                                  driven(k, run.drive_factor));
            return;
        }
        begin(simulation, run);
        starts_[k] = std::make_shared<const Start>(Start{simulation.state(), !run.v_init_mV});
        const std::lock_guard lock(starting_);
        known_starts_.emplace(key, starts_[k]);
    }

    static void begin(Simulation& simulation, const BatchRun& run) {
        if (run.v_init_mV) {
            simulation.initialise(*run.v_init_mV);
        } else {
            simulation.initialise_at_rest(run.v_rest_guess_mV);
        }
    }

    bool is_finished(const Guest& guest) {
        const BatchRun& run = runs_[guest.run];
        BatchStatus& status = outcomes_[guest.run].status;
        if (status != BatchStatus::kNotRun) {
            return true;  // something went wrong
        }
        const Simulation& simulation = *guest.simulation;
        if (simulation.t_ms() != static_cast<double>(simulation.step()) * dt_ms_) {
            return false;  // a step that is taken in pieces is taken whole
        }
        if (simulation.has_seen(run.stops_at_detector)) {
            status = BatchStatus::kStopped;
        } else if (guest.simulation->has_arrived(t_stop_ms_[guest.run])) {
            status = BatchStatus::kCompleted;
        }
        return status != BatchStatus::kNotRun;
    }

    void leave(Guest& guest) {
        if (outcomes_[guest.run].status == BatchStatus::kCompleted) {
            guarded(guest.run, [&] { guest.simulation->look_closely(); });
        }
        collect(*guest.simulation, guest.run);
    }

    /// Whether another run of it has begun.
    bool goes_on(Simulation& simulation, std::size_t k) {
        if (!after_ || is_over_.load()) {
            return false;
        }
        const auto next = after_(k, outcomes_[k]);
        if (!next || !starts_[k]) {
            return false;
        }
        outcomes_[k] = {};
        t_stop_ms_[k] = next->t_stop_ms;
        guarded(k, [&] {
            simulation.start_from(starts_[k]->state, starts_[k]->is_at_rest,
                                  driven(k, next->drive_factor));
        });
        return true;
    }

    std::vector<Drive> driven(std::size_t k, double factor) const {
        std::vector<Drive> drives = runs_[k].drives;
        for (Drive& drive : drives) {
            drive.factor = factor;
        }
        const auto& background = runs_[k].background;
        drives.insert(drives.end(), background.begin(), background.end());
        return drives;
    }

    void collect(Simulation& simulation, std::size_t k) {
        BatchOutcome& outcome = outcomes_[k];
        outcome.t_ms = simulation.t_ms();
        outcome.steps = simulation.step();
        outcome.samples = simulation.samples();
        outcome.events = simulation.events();
        outcome.execution = simulation.execution();
        outcome.execution.threads = execution_.threads;
    }

    /// What goes wrong with one run is a part of its outcome, and none of the others'.
    template <class Work>
    void guarded(std::size_t k, const Work& work) {
        try {
            work();
        } catch (const DivergedError& error) {
            outcomes_[k].status = BatchStatus::kDiverged;
            outcomes_[k].message = error.what();
        } catch (const Error& error) {
            outcomes_[k].status = BatchStatus::kFailed;
            outcomes_[k].message = error.what();
        }
    }

    /// What the first run of a search began with.
    struct Start {
        State state;
        bool is_at_rest;
    };
    /// Discretisation, and what the start is asked to be.
    using StartKey = std::tuple<const Discretisation*, std::optional<double>, double>;

    const std::vector<BatchRun>& runs_;
    const MethodChoice& choice_;
    const Execution& execution_;
    const AfterRun& after_;
    std::vector<double> t_stop_ms_;  // per run
    const MethodEntry* entry_ = nullptr;
    double dt_ms_ = 0.0;
    Isa isa_ = Isa::kBase;
    std::vector<std::unique_ptr<Queue>> queues_;
    std::vector<BatchOutcome> outcomes_;
    std::vector<std::shared_ptr<const Start>> starts_;  // per run
    std::map<StartKey, std::shared_ptr<const Start>> known_starts_;
    std::mutex starting_;
    std::atomic<std::size_t> done_ = 0;
    std::atomic<bool> is_over_ = false;
    std::mutex waiting_;
    std::condition_variable one_is_done_;
    std::mutex failing_;
    std::exception_ptr failure_;
};

}  // namespace

bool goes_side_by_side(const Discretisation& discretisation, const MethodChoice& method,
                       const Execution& execution) {
    const MethodEntry* entry = nullptr;
    resolve(method, &entry);
    // A window follows one fibre, as concentrations do, so those go one by one.
    return entry->in_lanes && !discretisation.has_accumulation() &&
           *entry->in_lanes != LaneMethod::kWindowed && execution.solver != Solver::kPlain &&
           !why_not_in_lanes(discretisation, *entry->in_lanes);
}

std::size_t most_alone(const Discretisation& discretisation) {
    // Eight runs in lanes of their own take about five times as long as one that fills all eight,
    // and tell log2(9) bits of a threshold where that one tells one.
    constexpr std::size_t kMost = 4;
    return rows_in_lanes(discretisation) > kLanes ? kMost : 0;
}

std::vector<BatchOutcome> run_batch(const std::vector<BatchRun>& runs, const MethodChoice& method,
                                    const Execution& execution,
                                    const std::function<bool(double)>& is_interrupted,
                                    const AfterRun& after) {
    return Batch(runs, method, execution, after).run(is_interrupted);
}

}  // namespace ranvier
