#include "ranvier/solver/event_queue.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "ranvier/base/error.hpp"
#include "ranvier/base/text.hpp"
#include "ranvier/mechanisms/expression/program.hpp"

namespace ranvier {
namespace {

/// Which mechanism a train is for.
std::size_t target_of(const System& system, const EventTrain& train, const std::string& subject) {
    std::vector<std::string> names;
    for (std::size_t m = 0; m < system.mechanisms().size(); ++m) {
        const SystemMechanism& bound = system.mechanisms()[m];
        if (bound.table->name == train.mechanism) {
            if (bound.mechanism->expressions == nullptr ||
                !bound.mechanism->expressions->receives()) {
                throw ModelError(subject, "mechanism " + quoted(train.mechanism) +
                                              " takes no events, expected one with on_event");
            }
            return m;
        }
        names.push_back(bound.table->name);
    }
    throw ModelError(subject, "mechanism " + quoted(train.mechanism) + " is not in this model, " +
                                  expected_one_of(train.mechanism, names));
}

void check_times(const EventTrain& train, std::size_t arguments, const std::string& subject) {
    double last_ms = 0.0;
    for (const double t_ms : train.t_ms) {
        if (!(t_ms >= last_ms) || !std::isfinite(t_ms)) {
            throw ModelError(subject, "has an event at " + text(t_ms) + " ms after " +
                                          text(last_ms) +
                                          ", expected finite times from 0 on, ascending");
        }
        last_ms = t_ms;
    }
    if (train.arguments.size() != arguments * train.t_ms.size()) {
        throw ModelError(subject, "has " + std::to_string(train.arguments.size()) +
                                      " arguments, expected " + std::to_string(arguments) +
                                      " for each of its " + std::to_string(train.t_ms.size()) +
                                      " events");
    }
    if (!std::ranges::all_of(train.arguments, [](double x) { return std::isfinite(x); })) {
        throw ModelError(subject, "has an argument that is not finite, expected finite numbers");
    }
}

}  // namespace

EventQueue::EventQueue(const System& system, std::vector<EventTrain> trains)
    : trains_(std::move(trains)) {
    for (std::size_t k = 0; k < trains_.size(); ++k) {
        const EventTrain& train = trains_[k];
        const std::string subject = "event train " + std::to_string(k);
        const std::size_t m = target_of(system, train, subject);
        const auto& rows = system.mechanisms()[m].table->compartment;
        const auto row = std::ranges::lower_bound(rows, train.compartment);
        if (row == rows.end() || *row != train.compartment) {
            throw ModelError(subject, "mechanism " + quoted(train.mechanism) +
                                          " is not at compartment " +
                                          std::to_string(train.compartment) +
                                          ", expected a place that carries it");
        }
        const std::size_t arguments =
            system.mechanisms()[m].mechanism->expressions->arguments.size();
        check_times(train, arguments, subject);
        for (std::size_t i = 0; i < train.t_ms.size(); ++i) {
            events_.push_back({train.t_ms[i], m, static_cast<std::size_t>(row - rows.begin()),
                               std::span(train.arguments).subspan(i * arguments, arguments)});
        }
    }
    std::ranges::stable_sort(events_, {}, &Event::t_ms);
}

void EventQueue::begin(double t_ms) noexcept {
    const auto first = std::ranges::lower_bound(events_, t_ms, {}, &Event::t_ms);
    delivered_ = static_cast<std::size_t>(first - events_.begin());
}

const EventQueue::Event* EventQueue::take(double t_ms) noexcept {
    if (delivered_ == events_.size() || events_[delivered_].t_ms > t_ms) {
        return nullptr;
    }
    return &events_[delivered_++];
}

}  // namespace ranvier
