#include "ranvier/mechanisms/expression/schedule.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace ranvier {
namespace {

/// Given operands, constants and what instructions give, each with a number of its own: a register
/// that is written twice holds two values.
using Value = std::size_t;
constexpr Value kNone = std::numeric_limits<Value>::max();

struct Node {
    Op op;
    std::size_t reads;
    std::array<Value, 3> from;
    std::size_t uses = 0;
    Value drawn = kNone;  // the value that is made in the same step
    Slot slot = Slot::kA;
    bool is_drawn = false;
};

class Scheduler {
public:
    Scheduler(const Program& program, std::size_t given)
        : program_(program), given_(given), first_(given + program.constants.size()) {
        name_values();
        count_uses();
    }

    /// Draws what one instruction alone reads into its step. Of a tree this makes as many pairs as
    /// there can be, since it begins with the leaves.
    void pair() {
        for (Node& node : nodes_) {
            if (node.uses == 0) {
                continue;
            }
            for (std::size_t i = 0; i < node.reads && node.drawn == kNone; ++i) {
                const Value value = node.from[i];
                const Slot slot = value < first_ ? Slot::kNone : slot_of(node, i);
                if (slot != Slot::kNone && nodes_[value - first_].drawn == kNone) {
                    node.drawn = value;
                    node.slot = slot;
                    nodes_[value - first_].is_drawn = true;
                    if (i == 1 && slot == Slot::kA) {
                        std::swap(node.from[0], node.from[1]);
                    }
                }
            }
        }
    }
    void part() {
        for (Node& node : nodes_) {
            node.drawn = kNone;
            node.is_drawn = false;
        }
    }

    /// In the order of the program: what is drawn moves towards its only reader.
    Schedule schedule() const {
        std::vector<std::size_t> last(nodes_.size(), 0);
        for_each_step([&](std::size_t i) {
            for_each_read(nodes_[i], [&](Value value) {
                if (value >= first_) {
                    last[value - first_] = i;
                }
            });
        });
        for (const Value value : outputs_) {
            if (value >= first_) {
                last[value - first_] = nodes_.size();
            }
        }
        Schedule made;
        made.is_read.assign(given_, 0);
        std::vector<std::uint16_t> free;
        std::vector<std::uint16_t> place(nodes_.size());
        const auto operand = [&](Value value) {
            if (value < given_) {
                made.is_read[value] = 1;
            }
            return static_cast<std::uint16_t>(value < first_ ? value
                                                             : first_ + place[value - first_]);
        };
        for_each_step([&](std::size_t i) {
            const Node& node = nodes_[i];
            Step step{.kind = static_cast<std::uint16_t>(node.op), .to = 0, .from = {}};
            if (node.drawn != kNone) {
                step.kind = static_cast<std::uint16_t>(
                    pair_kind(nodes_[node.drawn - first_].op, node.op, node.slot));
            }
            std::size_t reads = 0;
            std::vector<Value> ending;
            for_each_read(node, [&](Value value) {
                step.from[reads++] = operand(value);
                if (value >= first_ && last[value - first_] == i &&
                    std::ranges::find(ending, value) == ending.end()) {
                    ending.push_back(value);
                }
            });
            for (const Value value : ending) {
                free.push_back(place[value - first_]);
            }
            if (free.empty()) {
                free.push_back(static_cast<std::uint16_t>(made.registers++));
            }
            step.to = place[i] = free.back();
            free.pop_back();
            made.steps.push_back(step);
        });
        for (const Value value : outputs_) {
            made.outputs.push_back(operand(value));
        }
        return made;
    }

private:
    void name_values() {
        std::vector<Value> held(program_.registers, kNone);
        const auto value_of = [&](std::uint16_t operand) {
            return operand < first_ ? operand : held[operand - first_];
        };
        for (const Instruction& instruction : program_.code) {
            Node node{.op = instruction.op, .reads = operands_of(instruction.op), .from = {}};
            const std::array from{instruction.a, instruction.b, instruction.c};
            for (std::size_t i = 0; i < node.reads; ++i) {
                node.from[i] = value_of(from[i]);
            }
            held[instruction.to - first_] = first_ + nodes_.size();
            nodes_.push_back(node);
        }
        for (const std::uint16_t output : program_.outputs) {
            outputs_.push_back(value_of(output));
        }
    }
    /// Backwards: what reads for nothing uses nothing.
    void count_uses() {
        const auto use = [&](Value value) {
            if (value >= first_) {
                ++nodes_[value - first_].uses;
            }
        };
        std::ranges::for_each(outputs_, use);
        for (std::size_t i = nodes_.size(); i-- > 0;) {
            if (nodes_[i].uses > 0) {
                std::for_each_n(nodes_[i].from.begin(), nodes_[i].reads, use);
            }
        }
    }
    /// Where `node` may take its i-th operand from the same step, if that is read by it alone;
    /// kNone: nowhere. (An optional of it is one that GCC 12 warns of by mistake.)
    Slot slot_of(const Node& node, std::size_t i) const {
        const Node& first = nodes_[node.from[i] - first_];
        const auto same = static_cast<std::size_t>(
            std::count(node.from.begin(),
                       node.from.begin() + static_cast<std::ptrdiff_t>(node.reads), node.from[i]));
        if (first.uses != same || same > 2) {
            return Slot::kNone;
        }
        Slot slot = i == 0 ? Slot::kA : i == 1 ? Slot::kB : Slot::kC;
        if (same == 2) {
            slot = Slot::kBoth;
        } else if (i == 1 && node.op != Op::kSubtract) {
            slot = Slot::kA;  // a and b change places
        }
        return is_pair(first.op, node.op, slot) ? slot : Slot::kNone;
    }

    template <class Work>
    void for_each_step(const Work& work) const {
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            if (nodes_[i].uses > 0 && !nodes_[i].is_drawn) {
                work(i);
            }
        }
    }
    template <class Work>
    void for_each_read(const Node& node, const Work& work) const {
        if (node.drawn != kNone) {
            const Node& first = nodes_[node.drawn - first_];
            std::for_each_n(first.from.begin(), first.reads, work);
        }
        for (std::size_t i = 0; i < node.reads; ++i) {
            if (node.drawn == kNone || node.from[i] != node.drawn) {
                work(node.from[i]);
            }
        }
    }

    const Program& program_;
    std::size_t given_;
    std::size_t first_;
    std::vector<Node> nodes_;
    std::vector<Value> outputs_;
};

}  // namespace

Schedule scheduled(const Program& program, std::size_t given) {
    Scheduler scheduler(program, given);
    scheduler.pair();
    Schedule made = scheduler.schedule();
    if (made.registers > kMostRegisters) {
        // What moved keeps its operands longer. As it was written, no program needs more than it
        // says.
        scheduler.part();
        made = scheduler.schedule();
    }
    for (const double constant : program.constants) {
        made.constants.insert(made.constants.end(), kStrip, constant);
        made.constants_single.insert(made.constants_single.end(), kStrip,
                                     static_cast<float>(constant));
    }
    return made;
}

}  // namespace ranvier
