// The interface of a time-stepping method, and the table of those there are.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ranvier/drive/drive.hpp"
#include "ranvier/mechanisms/mechanism.hpp"
#include "ranvier/recording/bend.hpp"
#include "ranvier/recording/probe.hpp"
#include "ranvier/solver/execution.hpp"
#include "ranvier/solver/lane_method.hpp"
#include "ranvier/solver/state.hpp"
#include "ranvier/solver/system.hpp"

namespace ranvier {

/// A spike that a step has seen: the membrane potential of a watched compartment has come up to
/// the detector's threshold at this share of the step.
struct Crossing {
    std::int32_t detector;
    std::int32_t compartment;
    double share;
};

/// For methods that keep potentials and gates in a form of their own between steps, and take
/// nothing from a State then but its moment; its arrays may be empty until store() is called.
class OwnState {
public:
    virtual ~OwnState() = default;

    /// Takes over `state`, under these drives, watching for what these detectors want, ready to
    /// show what these probes do. All of them stay as they are, and where they are, from one
    /// begin() to the next. `is_at_rest` says that without drives the state would stay as it is.
    virtual void begin(const State& state, bool is_at_rest, std::span<const Drive> drives,
                       std::span<const Detector> detectors, std::span<const Probe> probes) = 0;
    /// Writes all arrays of a state of the right shape.
    virtual void store(State& state) const = 0;

    /// Lets what is to come depend on nothing but what store() writes.
    virtual void settle() = 0;

    /// A copy of what changes in a run, in its own form, to go back to: a second one takes the
    /// place of the first. Not for whoever shares lanes with others.
    virtual void keep_copy() = 0;
    virtual void go_back() = 0;
    virtual void forget_copy() noexcept = 0;

    virtual double potential_mV(std::size_t layer, std::size_t compartment) const noexcept = 0;
    virtual double gate(std::size_t mechanism, std::size_t gate,
                        std::size_t row) const noexcept = 0;
    /// As an event leaves it, which a drive without a current has marked in time.
    virtual void set_gate(std::size_t mechanism, std::size_t gate, std::size_t row,
                          double value) noexcept = 0;

    /// Of a probe of membrane potentials, all of them.
    virtual void read_v_mV(std::size_t probe, double* to) const noexcept = 0;

    /// For whoever steps several runs at once, and takes the steps of this one between these two:
    /// what the next step is, and that it was taken.
    virtual LaneStep next_step(State& state) = 0;
    virtual void step_taken(State& state, const LaneStep& step,
                            std::span<const LaneCrossing> crossings, bool is_sound) = 0;

    /// Of the last step.
    virtual std::span<const Crossing> crossings() const noexcept = 0;
    virtual bool is_sound() const noexcept = 0;
    /// Whether all potentials are sound and all gates finite: if not, something may be wrong.
    virtual bool is_sound_throughout() const noexcept = 0;

    virtual ExecutionUsed execution() const noexcept = 0;
    virtual std::size_t bytes() const noexcept = 0;
};

/// Moves a state through time. Owns its workspace; one object serves one simulation.
class Method {
public:
    virtual ~Method() = default;

    /// One step: state.step rises by one and state.t_ms by the step's length. Or a piece of one, at
    /// whose end state.step is what it was: more calls make the step whole. A method that chooses
    /// its steps ends none beyond `limit_ms`, and ends one there. False, with the state as it was,
    /// where no step however short is good enough.
    virtual bool step(State& state, std::span<const Drive> drives, double limit_ms) noexcept = 0;

    /// Moves the concentrations of ions that accumulate by what `state` has waiting for them.
    virtual void move_ions(State& state) noexcept { static_cast<void>(state); }

    /// Not null where the method keeps potentials and gates itself.
    virtual OwnState* own_state() noexcept { return nullptr; }

    /// The step, or the first step of a method that chooses its own.
    virtual double dt_ms() const noexcept = 0;

    /// How the last step ran: a straight line unless the method knows better.
    virtual Bend potential_bend(std::size_t layer, std::size_t compartment) const noexcept {
        static_cast<void>(layer);
        static_cast<void>(compartment);
        return {};
    }
    virtual Bend gate_bend(std::size_t mechanism, std::size_t gate,
                           std::size_t row) const noexcept {
        static_cast<void>(mechanism);
        static_cast<void>(gate);
        static_cast<void>(row);
        return {};
    }
};

struct MethodInfo {
    std::string_view name;
    std::string_view summary;
    int order;
    bool is_adaptive = false;  // chooses its steps, by tolerances among its parameters
    std::span<const ParameterInfo> parameters;
    std::string_view citation;
};

/// What a user chooses; the rest have their defaults.
struct MethodChoice {
    std::string name = "rosenbrock2";
    std::map<std::string, double> parameters;
};

/// A method file registers itself, like a channel file: see methods/backward_euler.cpp.
struct MethodEntry {
    MethodInfo info;
    /// `parameters` follow info.parameters.
    std::unique_ptr<Method> (*make)(const System& system, std::span<const double> parameters);
    /// How the lanes take its steps, if they can. Its first parameter is then dt_ms.
    std::optional<LaneMethod> in_lanes = std::nullopt;
    /// Whether its plain form moves the concentrations of ions that accumulate.
    bool moves_ions = false;
};

bool register_method(const MethodEntry& entry);

/// For MethodEntry::make: the method for as many potentials as the system has.
template <template <int> class MethodOf>
std::unique_ptr<Method> make_for_layers(const System& system, std::span<const double> parameters) {
    if (system.potentials() == 1) {
        return std::make_unique<MethodOf<1>>(system, parameters);
    }
    return std::make_unique<MethodOf<2>>(system, parameters);
}

/// Every method, sorted by name.
std::vector<const MethodEntry*> methods();

/// Values for all of the method's parameters, in its order. Throws ModelError on unknown names and
/// on values that are not finite and positive.
std::vector<double> resolve(const MethodChoice& choice, const MethodEntry** entry);

/// Throws ModelError if what `execution` asks for is not there.
std::unique_ptr<Method> make_method(const MethodChoice& choice, const System& system,
                                    const Execution& execution = {});

}  // namespace ranvier
