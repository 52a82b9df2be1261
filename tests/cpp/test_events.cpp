// Events at a mechanism at a point, without Python: the closed form of its conductance.

#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "check.hpp"
#include "ranvier/base/error.hpp"
#include "ranvier/discretisation/discretise.hpp"
#include "ranvier/mechanisms/expression/custom.hpp"
#include "ranvier/solver/simulation.hpp"

using namespace ranvier;

namespace {

/// A conductance g with dg/dt = -g per ms and the current g v, to which an event adds its argument.
std::shared_ptr<const Mechanism> synapse() {
    CustomDescription description;
    description.name = "synapse";
    description.kind = MechanismKind::kSynapse;
    description.states = {{"g_uS"}};
    description.is_point = true;
    Expressions& e = description.expressions;
    e.states = 1;
    e.currents = {"mixed"};
    e.jacobian = {{0, 0}};
    e.is_given = {1};
    e.arguments = {"weight_uS"};
    // Given: 0 v, 1 g; constants 2: 0, 3: -1; registers 4: -g, 5: g v.
    Program p;
    p.constants = {0.0, -1.0};
    e.settle = p;
    e.settle.outputs = {2};
    p.registers = 2;
    p.code = {{Op::kNegate, 4, 1, 0, 0}, {Op::kMultiply, 5, 1, 0, 0}};
    e.relax = e.conduct = e.change = e.linearise = p;
    e.relax.outputs = {4, 3};
    e.conduct.outputs = {5, 1};
    e.change.outputs = {4, 5};
    e.linearise.outputs = {4, 2, 3, 5, 1, 0};
    // Given: 0 v, 1 g, 2 weight; register 3.
    e.receive.code = {{Op::kAdd, 3, 1, 2, 0}};
    e.receive.registers = 1;
    e.receive.outputs = {3};
    return make_custom(std::move(description));
}

std::shared_ptr<const Discretisation> cell() {
    Model model;
    model.sections.emplace_back();
    model.sections[0].name = "cell";
    model.sections[0].points = straight_points(20.0, 20.0, 20.0);
    model.placements = {{"leak", {}, {{"g_bar_S_cm2", {1e-3}}, {"e_leak_mV", {-70.0}}}}};
    auto d = discretise(model, FixedCount{1, {}});
    d.mechanisms.push_back({"synapse", {0}, {}, {}, synapse()});
    return std::make_shared<Discretisation>(std::move(d));
}

double conductance_uS(const Simulation& simulation) {
    return simulation.state().gates[1][0][0];
}

std::unique_ptr<Simulation> run(const MethodChoice& method, std::vector<EventTrain> trains) {
    auto made = std::make_unique<Simulation>(
        cell(), method, std::vector<Drive>{}, std::vector<Probe>{}, std::vector<Detector>{},
        Execution{}, std::vector<PeakMap>{}, std::move(trains));
    made->initialise(-70.0);
    return made;
}

}  // namespace

TEST(an_event_between_two_steps_counts_from_its_own_time) {
    for (const char* const name :
         {"backward_euler", "rosenbrock2", "staggered_sdirk2", "rodas4", "windowed", "adaptive"}) {
        const auto simulation =
            run({name, {{"dt_ms", 0.01}}}, {{"synapse", 0, {0.2537, 0.2541}, {0.01, 0.02}}});
        simulation->advance(1000000, 1.0);
        // The gates of a staggered method are half a step behind.
        const double t_ms = simulation->t_ms() - simulation->state().gates_lag_ms;
        const double exact = 0.01 * std::exp(0.2537 - t_ms) + 0.02 * std::exp(0.2541 - t_ms);
        CHECK(std::abs(conductance_uS(*simulation) / exact - 1.0) < 1e-4);
        CHECK(std::abs(simulation->t_ms() - 1.0) < 1e-9);
    }
}

TEST(trains_that_do_not_fit_are_refused) {
    const MethodChoice method{"rosenbrock2", {}};
    for (const EventTrain& train :
         {EventTrain{"leak", 0, {1.0}, {0.1}}, EventTrain{"synapse", 1, {1.0}, {0.1}},
          EventTrain{"synapse", 0, {2.0, 1.0}, {0.1, 0.1}},
          EventTrain{"synapse", 0, {1.0}, {0.1, 0.1}}}) {
        bool is_refused = false;
        try {
            run(method, {train});
        } catch (const ModelError&) {
            is_refused = true;
        }
        CHECK(is_refused);
    }
}

TEST(a_program_that_receives_gives_every_state) {
    CustomDescription description;
    description.name = "test";
    description.expressions.receive.outputs = {0, 0};
    bool is_refused = false;
    try {
        make_custom(std::move(description));
    } catch (const ModelError&) {
        is_refused = true;
    }
    CHECK(is_refused);
}
