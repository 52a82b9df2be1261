#include "ranvier/solver/lanes/lane_stepper.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "ranvier/solver/lanes/lane_solver.hpp"
#include "ranvier/solver/settling.hpp"

namespace ranvier {
namespace {

template <class Real>
class LaneStepper final : public Method, public OwnState {
public:
    LaneStepper(std::shared_ptr<LaneHome<Real>> home, std::size_t fibre, LaneMethod method,
                double dt_ms, std::int64_t ions_every)
        : home_(std::move(home)),
          fibre_(fibre),
          method_(method),
          dt_ms_(dt_ms),
          ions_every_(ions_every) {}

    bool step(State& state, std::span<const Drive>, double) noexcept override {
        if (!are_ions_sound_) {
            state.step += 1;  // as methods/rosenbrock2.cpp does
            return true;
        }
        const LaneStep step = next_step(state);
        seen_.clear();
        const IonSteps* const ions = solver().ion_steps();
        if (ions != nullptr) {
            solver().show_ions(state, ions_every_ == 1 ? step.length_ms
                                                       : static_cast<double>(ions_every_) * dt_ms_);
        }
        const bool is_sound = solver().step({&step, 1}, seen_);
        step_taken(state, step, seen_, is_sound);
        if (ions != nullptr) {
            state.ions_ms += step.length_ms;
            const double end_ms = static_cast<double>(state.step) * dt_ms_;
            if (ions_every_ == 1 || (state.t_ms == end_ms && state.step % ions_every_ == 0)) {
                solver().move_ions(state);
                are_ions_sound_ = ions->is_sound(state);
                is_sound_ = is_sound_ && are_ions_sound_;
            }
        }
        return true;
    }

    void move_ions(State& state) noexcept override {
        if (auto* const ions = solver().ion_steps()) {
            ions->move(state);
        }
    }

    LaneStep next_step(State& state) override {
        const double next_ms = static_cast<double>(state.step + 1) * dt_ms_;
        LaneStep step{.from_ms = state.t_ms, .to_ms = next_ms};
        if (method_ != LaneMethod::kStaggeredSdirk2) {
            step.to_ms = end_of_piece(state, dt_ms_, next_ms);
        } else {
            step.gates_ms = state.gates_lag_ms + 0.5 * dt_ms_;
        }
        const bool is_whole =
            step.to_ms == next_ms && state.t_ms == static_cast<double>(state.step) * dt_ms_;
        step.length_ms = is_whole ? dt_ms_ : step.to_ms - step.from_ms;
        step.tick = step.to_ms == next_ms ? state.step + 1 : -1;
        return step;
    }
    void step_taken(State& state, const LaneStep& step, std::span<const LaneCrossing> crossings,
                    bool is_sound) override {
        const double next_ms = static_cast<double>(state.step + 1) * dt_ms_;
        if (method_ == LaneMethod::kStaggeredSdirk2) {
            state.gates_lag_ms = 0.5 * dt_ms_;
        }
        is_sound_ = is_sound;
        take_crossings(crossings);
        state.t_ms = step.to_ms;
        state.step += step.to_ms == next_ms ? 1 : 0;
    }

    double dt_ms() const noexcept override { return dt_ms_; }
    OwnState* own_state() noexcept override { return this; }

    void begin(const State& state, bool is_at_rest, std::span<const Drive> drives,
               std::span<const Detector> detectors, std::span<const Probe> probes) override {
        solver().set_drives(fibre_, drives);
        solver().set_probes(fibre_, probes);
        solver().watch(fibre_, detectors);
        solver().load(fibre_, state, is_at_rest);
        forget_step();
    }
    void store(State& state) const override { solver().store_present(fibre_, state); }
    void settle() override {
        seen_.clear();
        solver().settle(seen_);
        take_crossings(seen_);
    }
    void keep_copy() override { solver().keep_copy(); }
    void go_back() override {
        solver().go_back();
        forget_step();
    }
    void forget_copy() noexcept override { solver().forget_copy(); }

    double potential_mV(std::size_t layer, std::size_t compartment) const noexcept override {
        return solver().potential_mV(fibre_, layer, compartment);
    }
    double gate(std::size_t mechanism, std::size_t gate, std::size_t row) const noexcept override {
        return solver().gate(fibre_, mechanism, gate, row);
    }
    void set_gate(std::size_t mechanism, std::size_t gate, std::size_t row,
                  double value) noexcept override {
        solver().set_gate(fibre_, mechanism, gate, row, value);
    }
    void read_v_mV(std::size_t probe, double* to) const noexcept override {
        solver().read_v_mV(fibre_, probe, to);
    }
    std::span<const Crossing> crossings() const noexcept override { return crossings_; }
    bool is_sound() const noexcept override { return is_sound_; }
    bool is_sound_throughout() const noexcept override {
        return solver().is_sound_throughout(fibre_);
    }

    ExecutionUsed execution() const noexcept override {
        return {
            .solver = Solver::kLanes,
            .precision = sizeof(Real) == sizeof(double) ? Precision::kDouble : Precision::kSingle,
            .threads = solver().threads(),
            .isa = solver().isa(),
            .share_solved = solver().share_solved(),
            .worst_mV = solver().worst_mV()};
    }
    std::size_t bytes() const noexcept override { return solver().bytes(); }

private:
    void take_crossings(std::span<const LaneCrossing> crossings) {
        crossings_.clear();
        for (const LaneCrossing& seen : crossings) {
            crossings_.push_back({seen.detector, seen.compartment, seen.share});
        }
    }
    LaneSolver<Real>& solver() const noexcept { return *home_->solver; }
    void forget_step() {
        is_sound_ = true;
        are_ions_sound_ = true;
        crossings_.clear();
    }

    std::shared_ptr<LaneHome<Real>> home_;
    std::size_t fibre_;
    LaneMethod method_;
    double dt_ms_;
    std::int64_t ions_every_;  // so many steps their concentrations are moved
    std::vector<LaneCrossing> seen_;
    std::vector<Crossing> crossings_;
    bool is_sound_ = true;
    bool are_ions_sound_ = true;
};

template <class Real>
std::unique_ptr<Method> make_alone(const System& system, LaneMethod method, double dt_ms,
                                   double tolerance_mV, std::int64_t ions_every, int threads) {
    auto home = std::make_shared<LaneHome<Real>>();
    // The nodes of a myelinated fibre lie far apart: what a window follows is a few of them.
    constexpr std::size_t kNodesPerRun = 4;
    const bool is_windowed = method == LaneMethod::kWindowed;
    const std::size_t rows = rows_per_run(system.discretisation());
    home->solver = std::make_unique<LaneSolver<Real>>(
        std::vector{&system},
        is_windowed && system.potentials() > 1 ? std::min(rows, kNodesPerRun) : rows, method,
        chosen_isa(), threads, WindowChoice{is_windowed ? tolerance_mV : 0.0, dt_ms});
    return make_lane_guest(std::move(home), 0, method, dt_ms, ions_every);
}

}  // namespace

template <class Real>
std::unique_ptr<Method> make_lane_guest(std::shared_ptr<LaneHome<Real>> home, std::size_t fibre,
                                        LaneMethod method, double dt_ms, std::int64_t ions_every) {
    return std::make_unique<LaneStepper<Real>>(std::move(home), fibre, method, dt_ms, ions_every);
}

template std::unique_ptr<Method> make_lane_guest(std::shared_ptr<LaneHome<double>>, std::size_t,
                                                 LaneMethod, double, std::int64_t);
template std::unique_ptr<Method> make_lane_guest(std::shared_ptr<LaneHome<float>>, std::size_t,
                                                 LaneMethod, double, std::int64_t);

std::unique_ptr<Method> make_lane_stepper(const System& system, LaneMethod method,
                                          std::span<const double> parameters,
                                          const Execution& execution) {
    const double tolerance_mV = method == LaneMethod::kWindowed ? parameters[1] : 0.0;
    const auto ions_every = method == LaneMethod::kRosenbrock2
                                ? static_cast<std::int64_t>(parameters[1])
                                : std::int64_t{1};
    return execution.precision == Precision::kSingle
               ? make_alone<float>(system, method, parameters[0], tolerance_mV, ions_every,
                                   execution.threads)
               : make_alone<double>(system, method, parameters[0], tolerance_mV, ions_every,
                                    execution.threads);
}

}  // namespace ranvier
